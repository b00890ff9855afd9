//! `hotfix checklist`: what the checklist pane shows, once.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Context, Exit, gather};
use crate::checklist::model::{GateState, GateStatus, State, Strength};
use crate::checklist::readiness::Standing;
use crate::incident::Stage;

/// The checklist and its gates.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Args {
    /// Prints one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let gathered = gather::gather(context)?;
    gathered.warn();
    let state = State::new(&gathered.inputs());
    let text = if args.json { serde_json::to_string(&Document::new(&state))? + "\n" } else { plain(&state) };
    super::print(&text)?;
    Ok(Exit::Ok)
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: u32,
    stage: Stage,
    #[serde(flatten)]
    standing: &'a Standing,
    gates: &'a [GateStatus],
}

impl<'a> Document<'a> {
    fn new(state: &'a State) -> Self {
        Self { schema: 1, stage: state.stage(), standing: state.standing(), gates: state.gates() }
    }
}

/// For people: every stage with its gates, and under each open one what would satisfy it.
fn plain(state: &State) -> String {
    let mut out = String::new();
    for stage in Stage::ALL {
        let here = if stage == state.stage() { " (now)" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}{here}", stage.title());
        for gate in state.gates().iter().filter(|gate| gate.stage == stage) {
            let _ = writeln!(out, "{}", row(gate));
            if !gate.is_passed() {
                let _ = writeln!(out, "      next: {}", gate.next);
            }
        }
    }
    out
}

/// `  [x] b6  Regression suite green for this commit: 812 passed, 0 failed`
pub(super) fn row(gate: &GateStatus) -> String {
    let mark = match gate.state {
        GateState::Satisfied => "[x]",
        GateState::Open => "[ ]",
        GateState::Stale => "[~]",
        GateState::Failed => "[!]",
        GateState::Overridden => "[#]",
        GateState::NotApplicable => "[-]",
    };
    let is_advised = gate.strength == Strength::Advised && gate.state != GateState::NotApplicable;
    let strength = if is_advised { ", advised" } else { "" };
    format!("  {mark} {:<3} {} ({}{strength}): {}", gate.id, gate.text, gate.state.label(), gate.why)
}

#[cfg(test)]
#[path = "checklist_tests.rs"]
mod tests;
