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
    /// Why, although required gates of the stages before it are open: they stay open, and this is put on record
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
    match (can_enter(stage, checklist.gates()), reason) {
        (Ok(()), _) => {}
        (Err(held), None) => {
            let ids: Vec<_> = held.iter().map(|gate| gate.id.as_str()).collect();
            bail!("{} is held by {}: satisfy or override them, or say --reason", stage.label(), ids.join(", "));
        }
        (Err(_), Some(reason)) => {
            let text = format!("goes on to {} with gates open: {reason}", stage.label());
            entry::record(context, &common, |_, _| Ok(Entry::Noted { text }))?;
        }
    }
    entry::record(context, &common, |_, _| Ok(Entry::StageEntered { stage }))
}
