//! The course of an incident beyond its stages: taken up again, opened again, and what its end leaves open.

use serde::{Deserialize, Serialize};

/// What stays open when an incident is closed, and who answers for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOpen {
    /// What.
    pub items: Vec<Left>,
    /// Why it may stay open.
    pub reason: String,
    /// Who sees to it.
    pub owner: String,
}

/// Something that stays open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The item's id: `b6`, or `d4/main` for one of its rows.
    pub id: String,
    /// What it is, and why it is open.
    pub what: String,
}

impl LeftOpen {
    /// What stays open, the owner and the reason.
    pub(in crate::incident) fn words(&self) -> String {
        let items: Vec<_> = self.items.iter().map(|left| format!("{} ({})", left.id, left.what)).collect();
        format!("left open, {} sees to it: {}. {}", self.owner, items.join("; "), self.reason)
    }
}
