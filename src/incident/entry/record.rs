//! What is put on the timeline by hand, or by itself as the world moves.

use serde::{Deserialize, Serialize};

/// The timeline, or what is made of it, was written to a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// What: `timeline` or `report`.
    pub what: String,
    /// The file.
    pub path: String,
}

impl Export {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        format!("wrote the {} to {}", self.what, self.path)
    }
}
