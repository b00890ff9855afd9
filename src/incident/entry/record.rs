//! What is put on the timeline by hand, or by itself as the world moves.

use serde::{Deserialize, Serialize};

use super::Glimpse;
use crate::evidence::Oid;

/// An earlier entry was not right. It stays as it is: this one stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The number of the entry in the journal.
    pub corrects: u64,
    /// What is right.
    pub text: String,
}

/// A row of a pane was put on the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The row.
    pub text: String,
    /// What its room showed then.
    pub seen: Glimpse,
}

/// A branch on the remote moved, as far as this clone knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// The branch: `origin/hotfix/checkout`.
    pub branch: String,
    /// From here, if anything was known.
    pub from: Option<Oid>,
    /// To here.
    pub to: Oid,
}

/// The timeline, or what is made of it, was written to a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// What: `timeline` or `report`.
    pub what: String,
    /// The file.
    pub path: String,
}

impl Correction {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        format!("corrects #{}: {}", self.corrects, self.text)
    }
}

impl Pin {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        format!("pinned from {}: {} ({})", self.seen.pane, self.text, self.seen.freshness)
    }
}

impl Push {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        let from = self.from.as_ref().map_or_else(String::new, |from| format!(" from {}", from.short()));
        format!("{} moved{from} to {}", self.branch, self.to.short())
    }
}

impl Export {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        format!("wrote the {} to {}", self.what, self.path)
    }
}
