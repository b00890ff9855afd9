//! The back-merge ladder: how far a target has the fix already.

use serde::Serialize;

/// One target and how far it has the fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rung {
    /// The branch.
    pub target: String,
    /// How far it has the fix; `None` when it cannot be told.
    pub level: Option<Level>,
    /// What conflicts, or what is missing.
    pub paths: Vec<String>,
    /// One sentence.
    pub why: String,
}

/// How far a target has the fix, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The tip itself is in it.
    Merged,
    /// Every commit has a twin with the same patch there.
    Equivalent,
    /// Every commit has a counterpart there, with another patch: look.
    Ported,
    /// The content is there: squashed, or made again by hand.
    Content,
    /// It is not there, and would merge cleanly.
    MissingClean,
    /// It is not there, and would conflict.
    MissingConflict,
}
