//! The parts of the report that are read off the events: decisions, overrides, notices, verdicts, rollbacks.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::moments::Event;
use crate::comms::{self, model::Book};
use crate::evidence::Oid;
use crate::evidence::text::{FIELD_LIMIT, clean, clean_block};
use crate::incident::entry::{ChangeSeen, CurveSeen};
use crate::incident::{Entry, Role, RollbackEnd, StepState};
use crate::journal::record::Record;

/// A decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decided {
    at: Timestamp,
    by: String,
    decision: &'static str,
    reason: String,
    readiness: Option<String>,
}

/// A gate that was passed although it was not satisfied.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Override {
    at: Timestamp,
    /// Which gate.
    pub item: String,
    by: String,
    reason: String,
    head: Option<Oid>,
    /// Nobody else looked at the change: the lone operator's way out.
    pub break_glass: bool,
}

/// A notice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Notice {
    at: Timestamp,
    by: String,
    about: &'static str,
    text: String,
    next_update_at: Option<Timestamp>,
    channels: Vec<Reached>,
}

/// Where a notice stands with one channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Reached {
    channel: String,
    state: &'static str,
}

/// The notices, and where each stood with each channel at `now`.
pub fn notices(records: &[Record], now: Timestamp) -> Vec<Notice> {
    let notice = |it: &comms::model::Notice| Notice {
        at: it.at,
        by: it.by.clone(),
        about: it.written.about.phrase(),
        text: clean_block(&it.written.text, FIELD_LIMIT),
        next_update_at: it.written.next_update_at,
        channels: it
            .states(now)
            .map(|(channel, state)| Reached { channel: clean(channel), state: state.label() })
            .collect(),
    };
    Book::fold(records).notices.iter().map(notice).collect()
}

/// Who held a role, and from when.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Held {
    at: Timestamp,
    role: Role,
    name: String,
}

/// A verdict that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// When.
    pub at: Timestamp,
    /// The metric; `canary` for the whole.
    pub metric: String,
    /// The verdict before.
    pub from: String,
    /// The verdict since.
    pub to: String,
    /// Its sentence.
    pub why: String,
}

/// The result of the tests at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tested {
    at: Timestamp,
    subject: Option<Oid>,
    passed: u64,
    failed: u64,
}

/// A rollback that was fired.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    plan: String,
    target: String,
    fired_at: Timestamp,
    by: String,
    steps: Vec<Step>,
    /// How it ended; `None` while it has not.
    pub end: Option<RollbackEnd>,
    /// When.
    pub ended_at: Option<Timestamp>,
    /// What holds now.
    detail: Option<String>,
}

/// A step of a rollback, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    name: String,
    state: StepState,
    at: Option<Timestamp>,
    detail: Option<String>,
}

/// A rehearsal of the rollback.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rehearsed {
    at: Timestamp,
    plan: String,
    passed: bool,
    detail: String,
}

/// Everything that is read off the events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pieces {
    /// The decisions.
    pub decisions: Vec<Decided>,
    /// The overrides.
    pub overrides: Vec<Override>,
    /// The roles, with their hand-overs.
    pub roles: Vec<Held>,
    /// The verdicts.
    pub verdicts: Vec<Verdict>,
    /// The tests.
    pub tests: Vec<Tested>,
    /// The rollbacks.
    pub attempts: Vec<Attempt>,
    /// Their rehearsals.
    pub rehearsals: Vec<Rehearsed>,
    /// The change as it was kept last.
    pub change: Option<(Timestamp, ChangeSeen)>,
    /// The canary's curves as they were kept last.
    pub curves: Option<(Timestamp, Vec<CurveSeen>)>,
}

/// The item that nobody can pass alone.
const REVIEW: &str = "b9";

impl Pieces {
    /// Reads them.
    pub fn of(events: &[Event]) -> Self {
        let mut pieces = Self::default();
        for event in events {
            pieces.take(event);
        }
        pieces
    }

    fn take(&mut self, event: &Event) {
        let (at, by) = (event.record.at, clean(&event.record.actor));
        let Some(entry) = event.entry.clone() else { return };
        match entry {
            Entry::Decided { decision, reason, readiness, .. } => {
                let readiness = readiness.map(|word| clean(&word));
                let (decision, reason) = (decision.label(), clean(&reason));
                self.decisions.push(Decided { at, by, decision, reason, readiness });
            }
            Entry::Overridden { item, reason, name, head } => {
                let break_glass = item == REVIEW;
                let (item, by, reason) = (clean(&item), clean(&name), clean(&reason));
                self.overrides.push(Override { at, item, by, reason, head, break_glass });
            }
            Entry::GlassBroken(it) => {
                let (item, by, reason) = (clean(&it.item), clean(&it.name), clean(&it.reason));
                self.overrides.push(Override { at, item, by, reason, head: it.head, break_glass: true });
            }
            Entry::RoleTaken { role, name } => self.roles.push(Held { at, role, name: clean(&name) }),
            Entry::ChangeSeen(seen) => self.change = Some((at, *seen)),
            Entry::CurvesSeen(seen) => self.curves = Some((at, seen.metrics)),
            Entry::TestsSeen { subject, passed, failed } => self.tests.push(Tested { at, subject, passed, failed }),
            Entry::VerdictChanged { metric, from, to, why } => {
                let [metric, from, to, why] = [metric, from, to, why].map(|text| clean(&text));
                self.verdicts.push(Verdict { at, metric, from, to, why });
            }
            other => self.take_rollback(other, at, by),
        }
    }

    fn take_rollback(&mut self, entry: Entry, at: Timestamp, by: String) {
        match entry {
            Entry::RollbackFired { plan, steps, target } => {
                let (target, steps) = (clean(&target), planned(&steps));
                let (end, ended_at, detail) = (None, None, None);
                self.attempts.push(Attempt { plan, target, fired_at: at, by, steps, end, ended_at, detail });
            }
            Entry::Step { plan, index, name, state, detail } => {
                let Some(attempt) = self.attempt(&plan) else { return };
                let step = Step { name: clean(&name), state, at: Some(at), detail: detail.map(|it| clean(&it)) };
                match attempt.steps.get_mut(index) {
                    Some(known) => *known = step,
                    None => attempt.steps.push(step),
                }
            }
            Entry::RollbackEnded { plan, end, detail } => {
                if let Some(attempt) = self.attempt(&plan) {
                    (attempt.end, attempt.ended_at, attempt.detail) = (Some(end), Some(at), Some(clean(&detail)));
                }
            }
            Entry::RollbackRehearsed { plan, passed, detail, .. } => {
                self.rehearsals.push(Rehearsed { at, plan, passed, detail: clean(&detail) });
            }
            _ => {}
        }
    }

    fn attempt(&mut self, plan: &str) -> Option<&mut Attempt> {
        self.attempts.iter_mut().rfind(|attempt| attempt.plan == plan)
    }
}

/// The steps of a plan as they were before anything was done.
fn planned(plan: &Value) -> Vec<Step> {
    let steps = plan.as_array().or_else(|| plan["steps"].as_array());
    let step = |step: &Value| Step {
        name: clean(step["name"].as_str().unwrap_or("a step without a name")),
        state: StepState::Pending,
        at: None,
        detail: None,
    };
    steps.into_iter().flatten().map(step).collect()
}
