//! A running or ended rollback, folded from the journal: opening it again shows how far it came, and where it may go on.
//!
//! The rule that everything here serves: no step takes effect twice. A step that was announced and has no end is
//! unknown. It is issued again only when the world says that it did not happen, when twice is as good as once, or when
//! a person says so.

use jiff::Timestamp;
use serde_json::Value;

use super::model::Plan;
use super::output::Batch;
use crate::incident::{Entry, RollbackEnd, StepState};
use crate::journal::record::Record;

/// A rollback that was fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// The hash of its plan.
    pub hash: String,
    /// Its plan; `None` when the journal holds none that this version can read, or another than its hash says.
    pub plan: Option<Plan>,
    /// What it goes back to.
    pub target: String,
    /// Who fired it.
    pub by: String,
    /// When.
    pub fired_at: Timestamp,
    /// How far each step came.
    pub steps: Vec<StepStatus>,
    /// How it ended, if it did. A resumed one has none again.
    pub end: Option<Ended>,
    /// Whether a part of it is not in the journal.
    pub unjournaled: bool,
}

/// How far a step came.
#[derive(Debug, Clone, PartialEq)]
pub struct StepStatus {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: StepState,
    /// Why, or what was seen.
    pub detail: Option<String>,
    /// Since when.
    pub at: Option<Timestamp>,
    /// When it was last announced: its clock runs from here.
    pub begun_at: Option<Timestamp>,
    /// What was said when it was issued last: by it the world knows what was asked of it.
    pub issued: Option<String>,
}

/// The end of a rollback.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// How.
    pub end: RollbackEnd,
    /// In words: what holds now.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Issue a step: it was never issued, or twice is as good as once.
    Issue(usize),
    /// Look at the world: nobody knows whether the step took effect, and the world can tell.
    Look(usize),
    /// Ask a person: nobody knows, and nothing can tell.
    Ask(usize),
    /// The step's command ended well; see whether the world followed.
    Verify(usize),
    /// All steps are done; the look at the end is left.
    LastLook,
    /// Nothing: it is rolled back and verified, or nothing tells whether it is.
    Nothing,
}

/// What a person says of a step that nobody else can tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It took effect.
    Done,
    /// It did not: issue it again.
    NotDone,
    /// Leave it out.
    Skip,
}

/// What an executor tells while it runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Something is in the journal.
    Recorded(Record),
    /// Something happened that the journal could not take.
    Unjournaled {
        /// What.
        entry: Entry,
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// Why it is not in the journal, and where it is.
        why: String,
    },
    /// A step printed something.
    Output(Batch),
    /// A look at the world, not as it should be yet.
    Looking(String),
    /// Something that the operator should know.
    Said(String),
    /// It did not begin: somebody else holds the lock.
    Refused(String),
    /// It came to its end; the journal has it already.
    Ended(RollbackEnd),
}

impl Execution {
    /// The last rollback in the records of one incident, in the journal's order.
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a Record>) -> Option<Self> {
        let mut execution = None;
        for record in records {
            if let Some(entry) = Entry::of(record) {
                Self::apply(&mut execution, &entry, &record.actor, record.at);
            }
        }
        execution
    }

    /// Takes in an entry. Returns whether it changed anything.
    pub fn apply(execution: &mut Option<Self>, entry: &Entry, by: &str, at: Timestamp) -> bool {
        if let Entry::RollbackFired { plan, steps, target } = entry {
            *execution = Some(Self::fired(plan, steps, target, by, at));
            return true;
        }
        execution.as_mut().is_some_and(|it| it.take(entry, at))
    }

    fn fired(hash: &str, plan: &Value, target: &str, by: &str, at: Timestamp) -> Self {
        let plan = serde_json::from_value::<Plan>(plan.clone()).ok().filter(|plan| plan.hash() == hash);
        let pending = |name: &str| StepStatus {
            name: name.to_owned(),
            state: StepState::Pending,
            detail: None,
            at: None,
            begun_at: None,
            issued: None,
        };
        Self {
            hash: hash.to_owned(),
            steps: plan.iter().flat_map(|plan| &plan.steps).map(|step| pending(&step.name)).collect(),
            plan,
            target: target.to_owned(),
            by: by.to_owned(),
            fired_at: at,
            end: None,
            unjournaled: false,
        }
    }

    fn take(&mut self, entry: &Entry, at: Timestamp) -> bool {
        match entry {
            Entry::Step { plan, index, state, detail, .. } if *plan == self.hash => {
                self.end = None;
                let Some(step) = self.steps.get_mut(*index) else { return false };
                step.state = *state;
                step.detail.clone_from(detail);
                step.at = Some(at);
                match state {
                    StepState::Intent => (step.begun_at, step.issued) = (Some(at), None),
                    StepState::Issued => step.issued.clone_from(detail),
                    _ => {}
                }
                true
            }
            Entry::RollbackEnded { plan, end, detail } if *plan == self.hash => {
                self.end = Some(Ended { end: *end, detail: detail.clone(), at });
                true
            }
            _ => false,
        }
    }

    /// What is to be done next, by what is on record alone.
    pub fn next(&self) -> Next {
        let open = self.steps.iter().zip(self.plan.iter().flat_map(|plan| &plan.steps)).enumerate();
        for (index, (status, step)) in open {
            let can_look = step.can_look();
            return match status.state {
                StepState::Verified | StepState::Skipped => continue,
                StepState::Observed if !can_look => continue,
                StepState::Observed => Next::Verify(index),
                StepState::Pending => Next::Issue(index),
                _ if can_look => Next::Look(index),
                _ if step.idempotent => Next::Issue(index),
                _ => Next::Ask(index),
            };
        }
        let has_look = self.plan.as_ref().is_some_and(|plan| plan.verify.is_some());
        match &self.end {
            Some(ended) if ended.end == RollbackEnd::Verified || !has_look => Next::Nothing,
            _ => Next::LastLook,
        }
    }

    /// The step that [`Execution::next`] is about.
    pub fn next_step(&self) -> Option<usize> {
        match self.next() {
            Next::Issue(index) | Next::Look(index) | Next::Ask(index) | Next::Verify(index) => Some(index),
            Next::LastLook | Next::Nothing => None,
        }
    }

    /// The state of a step that an answer of a person leads to; `None` when the step is not in doubt.
    pub fn answered(&self, answer: Answer) -> Option<(usize, StepState)> {
        let index = self.next_step()?;
        let state = match answer {
            Answer::Done => StepState::Observed,
            Answer::NotDone => StepState::Pending,
            Answer::Skip => StepState::Skipped,
        };
        let now = self.steps.get(index)?.state;
        let in_doubt = matches!(now, StepState::Intent | StepState::Issued | StepState::Unknown | StepState::Failed);
        in_doubt.then_some((index, state))
    }

    /// Whether there is something left to go on with.
    pub fn is_unfinished(&self) -> bool {
        self.next() != Next::Nothing
    }

    /// How many steps are done: `(done, all)`.
    pub fn done(&self) -> (usize, usize) {
        let is_done =
            |step: &&StepStatus| matches!(step.state, StepState::Observed | StepState::Verified | StepState::Skipped);
        (self.steps.iter().filter(is_done).count(), self.steps.len())
    }

    /// Whether nothing but evidence of the world says that it worked: each step was seen to take effect.
    pub fn every_step_verified(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.state == StepState::Verified)
    }
}

impl Answer {
    /// Reads `done`, `not-done` or `skip`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "done" => Some(Self::Done),
            "not-done" => Some(Self::NotDone),
            "skip" => Some(Self::Skip),
            _ => None,
        }
    }

    /// In words, for the journal.
    pub fn label(self) -> &'static str {
        match self {
            Self::Done => "a person says that it took effect",
            Self::NotDone => "a person says that it did not take effect",
            Self::Skip => "a person left it out",
        }
    }
}

/// The state of a step in a word.
pub fn step_word(state: StepState) -> &'static str {
    match state {
        StepState::Pending => "to do",
        StepState::Intent => "starting",
        StepState::Issued => "running",
        StepState::Observed => "done",
        StepState::Verified => "verified",
        StepState::Failed => "FAILED",
        StepState::Unknown => "UNKNOWN",
        StepState::Skipped => "left out",
    }
}

#[cfg(test)]
mod tests;
