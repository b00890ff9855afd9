//! `hotfix decide`

use super::entry::{self, Common, not_empty};
use super::{Context, Exit, gather};
use crate::checklist::model::State;
use crate::incident::{Decision, Entry};

/// Records a decision.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which
    decision: DecisionName,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = not_empty)]
    reason: String,
    #[command(flatten)]
    common: Common,
}

/// The decisions, for the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum DecisionName {
    /// Go back to the last good version
    RollBack,
    /// Wait and watch
    Hold,
    /// Mend it with another change
    FixForward,
    /// Give the canary more traffic
    Promote,
    /// Call in more people
    Escalate,
    /// End the incident
    Close,
}

impl From<DecisionName> for Decision {
    fn from(name: DecisionName) -> Self {
        match name {
            DecisionName::RollBack => Self::RollBack,
            DecisionName::Hold => Self::Hold,
            DecisionName::FixForward => Self::FixForward,
            DecisionName::Promote => Self::Promote,
            DecisionName::Escalate => Self::Escalate,
            DecisionName::Close => Self::Close,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let Args { decision, reason, common } = args;
    // A decision must be possible even when a source cannot be asked: then nobody knows the readiness.
    let gathered = gather::gather(context).ok();
    let looked = gathered.as_ref().map(|it| (State::new(&it.inputs()), it.inputs()));
    let readiness = looked.as_ref().map(|(state, _)| state.standing().readiness.label().to_owned());
    let snapshot = looked.map(|(state, inputs)| Box::new(state.snapshot(&inputs)));
    entry::record(context, &common, |_, _| {
        Ok(Entry::Decided { decision: decision.into(), reason, readiness, snapshot })
    })
}
