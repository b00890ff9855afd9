//! What happens to the cockpit. An event names its room; each room has its own update.

use std::time::Duration;

use jiff::Timestamp;

use super::assessment::Asks;
use super::keymap::Key;
use crate::checklist::check::Answer;
use crate::drill::clock::Tempo;
use crate::evidence::Observation;
use crate::incident::list::Summary;
use crate::incident::recall::Recalled;
use crate::incident::rehearsals::Rehearsals;
use crate::journal::JournalError;
use crate::journal::record::Record;
use crate::tracker::model::Issue;
use crate::{canary, change, rollback, test_results};

/// Something happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// When, on the incident's clock: a drill may run faster than the wall.
    pub at: Timestamp,
    /// When, since the cockpit started, on the clock that never jumps.
    pub uptime: Duration,
    /// When, on the clock of the hand: real time that never jumps, for the guard of the rollback key.
    pub hand: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum What {
    /// A key.
    Key {
        /// Which one.
        key: Key,
        /// Whether the terminal says that it was held.
        is_repeat: bool,
    },
    /// A text was pasted.
    Paste(String),
    /// A click or a turn of the wheel.
    Mouse(Mouse),
    /// The terminal got the focus, or lost it.
    Focus(bool),
    /// The terminal has another size: columns and rows.
    Resize(u16, u16),
    /// A second has passed.
    Tick,
    /// A moment has passed while the rollback is armed.
    Moment,
    /// The change room's source has something.
    Change(change::model::Observation),
    /// The test results' source has something.
    Tests(Observation<test_results::model::Report>),
    /// Tests that were started from here go on.
    TestRun(test_results::live::Progress),
    /// The canary's source has something.
    Canary(Observation<canary::model::Batch>),
    /// An item of the checklist that asks the world, by its id, has something.
    Check(String, Observation<Answer>),
    /// The rollback's planner or executor has something.
    Rollback(rollback::state::Event),
    /// Somebody counted the users that are affected.
    Counted(Observation<u64>),
    /// The journal says which incidents there are.
    Incidents(Result<Vec<Summary>, String>),
    /// The incident that the journal was opened on.
    Recalled(Box<Recalled>),
    /// An incident that was taken up, or why it cannot be read.
    Loaded(Result<Box<Recalled>, String>),
    /// Records before those on the screen, or why they cannot be read.
    Earlier(Result<Vec<Record>, String>),
    /// The rehearsals of the rollback that the journal knows.
    Rehearsed(Rehearsals),
    /// The journal was read: the assessment may be asked for.
    Ask(Asks),
    /// The tracker has something.
    Tracker(Observation<Issue>),
    /// The journal was read to its end.
    Opened,
    /// The journal wrote something, or could not.
    Journal(Result<Record, JournalError>),
    /// The clock of a drill goes like this now.
    Tempo(Tempo),
    /// The clock of a drill was taken on.
    Skipped,
    /// The cockpit itself has something to say: one line.
    Told(Toast),
}

impl What {
    /// Whether it only says that a source is being asked.
    pub fn is_beginning(&self) -> bool {
        match self {
            Self::Change(observation) => observation.is_beginning(),
            Self::Tests(observation) => observation.is_beginning(),
            Self::Canary(observation) => observation.is_beginning(),
            Self::Counted(observation) => observation.is_beginning(),
            Self::Tracker(observation) => observation.is_beginning(),
            Self::Check(_, observation) => observation.is_beginning(),
            _ => false,
        }
    }
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    /// The left button went down on a cell: column and row.
    Click(u16, u16),
    /// The wheel turned up over a cell.
    WheelUp(u16, u16),
    /// The wheel turned down over a cell.
    WheelDown(u16, u16),
}

/// One line for the operator, which goes away by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What is said.
    pub text: String,
    /// Whether something went wrong.
    pub is_error: bool,
}

impl Toast {
    /// Something went as asked.
    pub fn info(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: false }
    }

    /// Something did not.
    pub fn error(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: true }
    }
}
