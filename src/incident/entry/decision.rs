//! What can be decided.

use serde::{Deserialize, Serialize};

/// What can be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Go back to the last good version.
    RollBack,
    /// Wait and watch.
    Hold,
    /// Mend it with another change.
    FixForward,
    /// Give the canary more traffic.
    Promote,
    /// Call in more people.
    Escalate,
    /// End the incident.
    Close,
}

impl Decision {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::RollBack => "roll back",
            Self::Hold => "hold",
            Self::FixForward => "fix forward",
            Self::Promote => "promote",
            Self::Escalate => "escalate",
            Self::Close => "close",
        }
    }
}
