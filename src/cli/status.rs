//! `hotfix status`: readiness and every gate; the gate of a pipeline.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::assess::Assessment;
use super::gather::{self, Gathered};
use super::{Context, Exit, role};
use crate::checklist::model::{GateStatus, Inputs, State};
use crate::checklist::readiness::{Readiness, Standing};
use crate::comms::situation;
use crate::evidence::text::clean;
use crate::incident::{Incident, Severity, Stage};

/// Between two looks of `--watch`.
const WATCH_EVERY: Duration = Duration::from_secs(5);

/// Readiness and every gate: 0 go, 3 no-go, 4 roll back, 5 not enough data.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Args {
    /// Prints one JSON object
    #[arg(long)]
    pub json: bool,
    /// Prints the situation in a few lines, for a chat or a call; what `Y` copies in the cockpit
    #[arg(long, conflicts_with_all = ["json", "watch"])]
    pub text: bool,
    /// Goes on, and prints again whenever something changed
    #[arg(long)]
    pub watch: bool,
}

/// Runs the command.
///
/// # Errors
/// When it could not run at all.
pub fn run(args: Args, context: &Context) -> color_eyre::Result<Exit> {
    let gathered = gather::gather(context)?;
    gathered.warn();
    let mut state = State::new(&gathered.inputs());
    if args.text {
        let book = gathered.book(&context.directory);
        let report = situation::report_with(&gathered.inputs(), &state, &book);
        super::print(&format!("{report}\n"))?;
        return Ok(exit(state.standing().readiness));
    }
    let mut goes_on = show(&args, &gathered, &state)? && args.watch;
    while goes_on {
        thread::sleep(WATCH_EVERY);
        let context = Context { now: Timestamp::now(), ..context.clone() };
        let gathered = gather::gather(&context)?;
        if state.update(&gathered.inputs()) {
            goes_on = show(&args, &gathered, &state)?;
        }
    }
    Ok(exit(state.standing().readiness))
}

/// Returns whether anybody still reads it.
fn show(args: &Args, gathered: &Gathered, state: &State) -> color_eyre::Result<bool> {
    let text = if args.json {
        serde_json::to_string(&Document::new(&gathered.inputs(), state))? + "\n"
    } else {
        plain(gathered.incident.as_ref(), state)
    };
    Ok(super::print(&text)?)
}

fn exit(readiness: Readiness) -> Exit {
    match readiness {
        Readiness::Go => Exit::Ok,
        Readiness::NoGo => Exit::NoGo,
        Readiness::RollBack => Exit::RollBack,
        Readiness::NotEnoughData => Exit::NotEnoughData,
    }
}

/// The contract of `hotfix status --json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: u32,
    incident: Option<IncidentDocument<'a>>,
    #[serde(flatten)]
    standing: &'a Standing,
    gates: &'a [GateStatus],
}

#[derive(Debug, Serialize)]
struct IncidentDocument<'a> {
    id: &'a str,
    title: &'a str,
    severity: Option<Severity>,
    stage: Stage,
    declared_at: Timestamp,
    impact_at: Option<Timestamp>,
    ticket: Option<&'a str>,
    drill: Option<&'a str>,
    next_update_at: Option<Timestamp>,
    assessment: Assessment<'a>,
    roles: BTreeMap<&'static str, Option<&'a str>>,
}

impl<'a> Document<'a> {
    fn new(inputs: &Inputs<'a>, state: &'a State) -> Self {
        Self {
            schema: 1,
            incident: inputs.incident.map(IncidentDocument::new),
            standing: state.standing(),
            gates: state.gates(),
        }
    }
}

impl<'a> IncidentDocument<'a> {
    fn new(incident: &'a Incident) -> Self {
        Self {
            id: &incident.id,
            title: &incident.title,
            severity: incident.severity,
            stage: incident.stage,
            declared_at: incident.declared_at,
            impact_at: incident.impact_at,
            ticket: incident.ticket.as_deref(),
            drill: incident.drill.as_deref(),
            next_update_at: incident.next_update_at(),
            assessment: Assessment::of(incident),
            roles: role::roles(incident),
        }
    }
}

/// For people: the incident, the word, its reasons, what to do, and the gates up to this stage.
fn plain(incident: Option<&Incident>, state: &State) -> String {
    let mut out = incident.map_or_else(String::new, headline);
    let standing = state.standing();
    let word = standing.readiness.label().to_uppercase();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{word}, {} of {} gates open", standing.open, standing.required);
    for reason in &standing.reasons {
        let _ = writeln!(out, "  {reason}");
    }
    if let Some(next) = &standing.next {
        let _ = writeln!(out, "next: {next}");
    }
    let matters = |gate: &&GateStatus| gate.stage <= state.stage() || !state.has_incident();
    for gate in state.gates().iter().filter(matters) {
        let _ = writeln!(out, "{}", super::checklist::row(gate));
    }
    out
}

fn headline(incident: &Incident) -> String {
    let severity = incident.severity.map_or("no severity", Severity::label);
    let drill = incident.drill.as_ref().map_or("", |_| "DRILL ");
    format!("{drill}{severity} {}, stage {}\n", clean(&incident.title), incident.stage.label())
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
