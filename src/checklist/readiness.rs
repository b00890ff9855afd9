//! What all gates come to: `go`, `no-go`, `roll back`, or `not enough data`.

use serde::Serialize;

use super::model::{GateState, GateStatus, Inputs, Strength};
use super::rules::canary_sentence;
use crate::canary::model::{Report, Verdict};
use crate::incident::model::RolledBack;
use crate::incident::{RollbackEnd, Stage};

/// May the hotfix go on?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    /// Every required gate of this stage and of those before it is passed.
    Go,
    /// A required gate is not.
    NoGo,
    /// The canary regressed.
    RollBack,
    /// Nothing but data is missing, and it comes by itself.
    NotEnoughData,
}

impl Readiness {
    /// In the words of the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::NoGo => "no-go",
            Self::RollBack => "roll back",
            Self::NotEnoughData => "not enough data",
        }
    }
}

/// Readiness, with its reasons and counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The word.
    pub readiness: Readiness,
    /// Why, the most important first; what `go` rests on, when it is `go`.
    pub reasons: Vec<String>,
    /// Required gates of this stage and of those before it that apply.
    pub required: usize,
    /// Those of them that are not passed.
    pub open: usize,
    /// Advised gates of this stage and of those before it that are not passed.
    pub advised_open: usize,
    /// What to do first; `None` when nothing holds the stage.
    pub next: Option<String>,
}

/// What all gates come to in the stage that the incident is in.
pub fn assess(inputs: &Inputs, gates: &[GateStatus]) -> Standing {
    let stage = inputs.stage();
    let now_due = || gates.iter().filter(move |gate| gate.stage <= stage);
    let applies = |gate: &&GateStatus| gate.strength == Strength::Required && gate.state != GateState::NotApplicable;
    let holding = holding(gates, stage);
    let (readiness, lead) = verdict(inputs, &holding);
    // Without an incident the gates of the first stage say nothing but that.
    let told = holding.iter().filter(|_| inputs.incident.is_some());
    let reasons = lead.into_iter().chain(told.map(|gate| reason(gate))).collect::<Vec<_>>();
    let required = now_due().filter(applies).count();
    Standing {
        readiness,
        reasons: if reasons.is_empty() { vec![all_passed(stage, required)] } else { reasons },
        required,
        open: holding.len(),
        advised_open: now_due().filter(|gate| gate.strength == Strength::Advised && !gate.is_passed()).count(),
        next: next(inputs, readiness, &holding),
    }
}

/// Whether a stage may be entered: the required gates of those before it hold it.
///
/// # Errors
/// The gates that hold it, the most important first.
pub fn can_enter(stage: Stage, gates: &[GateStatus]) -> Result<(), Vec<&GateStatus>> {
    let Some(before) = Stage::ALL.into_iter().rev().find(|earlier| *earlier < stage) else { return Ok(()) };
    let holding = holding(gates, before);
    if holding.is_empty() { Ok(()) } else { Err(holding) }
}

/// The required gates up to a stage that are not passed: failed, then stale, then open, then what waits for data.
fn holding(gates: &[GateStatus], stage: Stage) -> Vec<&GateStatus> {
    let mut holding: Vec<_> = gates.iter().filter(|gate| gate.stage <= stage && gate.is_blocking()).collect();
    holding.sort_by_key(|gate| match gate.state {
        GateState::Failed => 0,
        GateState::Stale => 1,
        _ if !gate.awaits_data => 2,
        _ => 3,
    });
    holding
}

/// The word, and the reasons for it that no gate gives.
fn verdict(inputs: &Inputs, holding: &[&GateStatus]) -> (Readiness, Vec<String>) {
    let Some(incident) = inputs.incident else {
        return (Readiness::NoGo, vec!["no incident is declared".to_owned()]);
    };
    if let Some(report) = inputs.canary.and_then(|canary| canary.value()).filter(|r| r.verdict == Verdict::Regressed) {
        return regressed(report, incident.rollback);
    }
    match holding {
        [] => (Readiness::Go, Vec::new()),
        [..] if holding.iter().all(|gate| gate.awaits_data) => (Readiness::NotEnoughData, Vec::new()),
        [..] => (Readiness::NoGo, Vec::new()),
    }
}

/// A canary that regressed says roll back until a rollback has ended since; a verdict without a time is
/// taken for a new one.
fn regressed(report: &Report, rollback: Option<RolledBack>) -> (Readiness, Vec<String>) {
    let is_since = |rollback: &RolledBack| report.regressed_at.is_some_and(|at| rollback.at >= at);
    let since = rollback.filter(is_since).map(|rollback| rollback.end);
    let sentence = format!("the canary regressed: {}", canary_sentence(report));
    match since {
        Some(RollbackEnd::Verified) => (Readiness::NoGo, vec!["rolled back, verified".to_owned()]),
        Some(RollbackEnd::IssuedNotVerified) => {
            let why = "rollback issued, not verified: look whether production follows";
            (Readiness::NoGo, vec![why.to_owned(), sentence])
        }
        Some(end @ (RollbackEnd::Failed | RollbackEnd::Stopped)) => {
            (Readiness::RollBack, vec![sentence, format!("the last rollback {}", ended(end))])
        }
        None => (Readiness::RollBack, vec![sentence]),
    }
}

fn ended(end: RollbackEnd) -> &'static str {
    if end == RollbackEnd::Failed { "failed" } else { "was stopped" }
}

fn reason(gate: &GateStatus) -> String {
    format!("{} {}: {}", gate.id, gate.text, gate.why)
}

fn all_passed(stage: Stage, required: usize) -> String {
    format!("all {required} required gates up to {} are passed", stage.label())
}

fn next(inputs: &Inputs, readiness: Readiness, holding: &[&GateStatus]) -> Option<String> {
    if inputs.incident.is_none() {
        return Some("declare the incident".to_owned());
    }
    if readiness == Readiness::RollBack {
        return Some("roll back: R shows the plan first".to_owned());
    }
    holding.first().map(|gate| format!("{}: {}", gate.id, gate.next))
}

#[cfg(test)]
#[path = "readiness_tests.rs"]
mod tests;
