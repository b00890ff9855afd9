//! What a person says of a checklist item, beside a plain tick.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::evidence::Oid;
use crate::incident::sentence::after;

/// An item that is not done yet: somebody answers for it, by a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferral {
    /// The item's id, or that of one of its rows: `d4/main`.
    pub item: String,
    /// Who does it: never empty.
    pub owner: String,
    /// By when. After that it is open again.
    pub due_at: Timestamp,
    /// How, or where it is followed up.
    pub note: Option<String>,
    /// The hotfix tip then.
    pub head: Option<Oid>,
}

/// A gate that wants a second person was passed by one who is alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenGlass {
    /// The item's id.
    pub item: String,
    /// Why: never empty.
    pub reason: String,
    /// Who answers for it: never empty.
    pub name: String,
    /// The hotfix tip then.
    pub head: Option<Oid>,
}

/// What the tests of a commit leave open, and somebody accepts: known failures, flaky tests, tests that do not run any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// The commit.
    pub head: Oid,
    /// What is accepted, in sentences.
    pub what: Vec<String>,
    /// The hash of all that, test by test: it holds for nothing else.
    pub hash: String,
    /// Why: never empty.
    pub reason: String,
    /// Who answers for it: never empty.
    pub name: String,
}

impl Acceptance {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        let (what, name, reason) = (self.what.join("; "), &self.name, &self.reason);
        format!("accepted of the tests of {}: {what}. {name} answers for it: {reason}", self.head.short())
    }
}

impl BrokenGlass {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        format!("BROKE THE GLASS of {}, {} answers for it: {}", self.item, self.name, self.reason)
    }
}

impl Deferral {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        format!("handed {} to {}, due {:.0}{}", self.item, self.owner, self.due_at, after(self.note.as_deref()))
    }
}
