//! What was on the screen at one second: beside a decision, and for what is pinned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::evidence::Oid;

/// Everything that a decision could rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Why readiness was what it was, the most important first.
    pub reasons: Vec<String>,
    /// The hotfix tip.
    pub head: Option<Oid>,
    /// The required gates that held the stage.
    pub open: Vec<String>,
    /// What each room showed.
    pub panes: Vec<Glimpse>,
}

/// What one room showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glimpse {
    /// The room.
    pub pane: String,
    /// In one line.
    pub headline: String,
    /// `never`, `loading`, `fresh`, `stale` or `failed`.
    pub freshness: String,
    /// Who saw it.
    pub source: Option<String>,
    /// The commit, or else the tree, that it was seen on.
    pub subject: Option<Oid>,
    /// When it was seen.
    pub observed_at: Option<Timestamp>,
}
