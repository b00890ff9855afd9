//! The states of a rollback's steps, and its ends.

use serde::{Deserialize, Serialize};

/// The states that a step of a rollback goes through, in this order where all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Nothing was done yet.
    Pending,
    /// It is about to be issued.
    Intent,
    /// It was issued: the command runs, or the request was sent.
    Issued,
    /// Its command or request came to a good end.
    Observed,
    /// The world is as it should be after it.
    Verified,
    /// It failed.
    Failed,
    /// Nobody knows whether it took effect.
    Unknown,
    /// A person chose to leave it out.
    Skipped,
}

/// How a rollback ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackEnd {
    /// Rolled back, verified.
    Verified,
    /// Every step was issued, and the world was not seen to follow.
    IssuedNotVerified,
    /// A step failed, and nothing was done after it.
    Failed,
    /// A person stopped it between two steps.
    Stopped,
}

impl StepState {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Intent => "about to be issued",
            Self::Issued => "issued",
            Self::Observed => "ended well",
            Self::Verified => "verified",
            Self::Failed => "FAILED",
            Self::Unknown => "outcome UNKNOWN",
            Self::Skipped => "left out",
        }
    }
}

impl RollbackEnd {
    /// In the words of the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Verified => "rolled back, verified",
            Self::IssuedNotVerified => "issued, not verified",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

impl StepState {
    /// After the name of a step.
    pub(in crate::incident) fn phrase(self) -> &'static str {
        match self {
            Self::Pending => "waits",
            Self::Intent => "is about to be issued",
            Self::Issued => "was issued",
            Self::Observed => "came to a good end",
            Self::Verified => "took effect, verified",
            Self::Failed => "failed",
            Self::Unknown => "has an unknown outcome",
            Self::Skipped => "was left out",
        }
    }
}

impl RollbackEnd {
    /// As the beginning of a sentence about a rollback.
    pub(in crate::incident) fn phrase(self) -> &'static str {
        match self {
            Self::Verified => "rolled back, verified",
            Self::IssuedNotVerified => "rollback issued, not verified",
            Self::Failed => "rollback failed",
            Self::Stopped => "rollback stopped",
        }
    }
}
