//! `hotfix stage`

use color_eyre::eyre::bail;

use super::entry::{self, Common, not_empty};
use super::{Context, Exit, gather};
use crate::checklist::model::State;
use crate::checklist::readiness::can_enter;
use crate::incident::{Entry, Stage};

/// Goes on, or back, to a stage.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which one
    stage: StageName,
    /// Why, although required gates of the stages before it are open: each of them is overridden
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    reason: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// The stages, for the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum StageName {
    /// Assess and classify
    Assess,
    /// Develop and test
    Develop,
    /// Deploy
    Deploy,
    /// Monitor and evaluate
    Monitor,
}

impl From<StageName> for Stage {
    fn from(name: StageName) -> Self {
        match name {
            StageName::Assess => Self::Assess,
            StageName::Develop => Self::Develop,
            StageName::Deploy => Self::Deploy,
            StageName::Monitor => Self::Monitor,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all, or required gates hold the stage and no reason is given.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { stage, reason, common } = args;
    let stage = Stage::from(stage);
    let checklist = State::new(&gather::gather(context)?.inputs());
    let held = can_enter(stage, checklist.gates()).err().unwrap_or_default();
    let ids: Vec<_> = held.iter().map(|gate| gate.id.as_str()).collect();
    if let Some(gate) = held.iter().find(|gate| gate.break_glass) {
        bail!("{} wants another person: {}; alone `hotfix override {0} --break-glass`", gate.id, gate.next);
    }
    if reason.is_none() && !held.is_empty() {
        let ids = ids.join(", ");
        bail!("{} is held by {ids}: satisfy or override them, or override all of them with --reason", stage.label());
    }
    for gate in &held {
        let (item, reason) = (gate.id.clone(), reason.clone().unwrap_or_default());
        entry::record(context, &common, |desk, _| {
            Ok(Entry::Overridden { item, reason, name: desk.by.clone(), head: desk.project.head() })
        })?;
    }
    entry::record(context, &common, |_, _| Ok(Entry::StageEntered { stage }))
}
