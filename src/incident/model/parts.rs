//! What an incident is made of, as values.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::evidence::Oid;
use crate::incident::{Decision, RollbackEnd};

/// What a person said of a checklist item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Ticked, handed over, or overridden with a reason.
    pub kind: MarkKind,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The hotfix tip then.
    pub head: Option<Oid>,
}

/// The ways in which a person satisfies an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum MarkKind {
    /// It is so, says a person.
    Ticked {
        /// What was seen.
        note: Option<String>,
    },
    /// It is not so yet, and somebody does it by a time.
    Deferred {
        /// Who.
        owner: String,
        /// By when.
        due_at: Timestamp,
        /// How, or where it is followed up.
        note: Option<String>,
    },
    /// It is not so, and we go on.
    Overridden {
        /// Why.
        reason: String,
    },
}

/// A gate that wants a second person and was passed by one who was alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Broken {
    /// The item.
    pub item: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A decision that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Which.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A notice that was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// When the next one was promised.
    pub next_update_at: Option<Timestamp>,
    /// What was said.
    pub text: String,
    /// Whether it announced the end.
    pub is_last: bool,
}

/// The notice that announces the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// Its idempotency key.
    pub key: String,
    /// What it says.
    pub text: String,
    /// The channels that have not got it.
    pub missing: BTreeSet<String>,
}

/// Where the rollout was last seen to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutStep {
    /// Which rollout.
    pub rollout: String,
    /// The step: `25 %`.
    pub step: String,
    /// Since when.
    pub at: Timestamp,
}

/// A rollback that came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledBack {
    /// How.
    pub end: RollbackEnd,
    /// When.
    pub at: Timestamp,
}
