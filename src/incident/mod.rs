//! The incident: one live hotfix, from declared to closed.
//!
//! - [`due`]: a moment ahead, as people write it (pure).
//! - [`entry`]: everything that the journal can say of an incident.
//! - [`model`]: the incident as the journal tells it, folded entry by entry (pure).
//! - [`naming`]: readable ids (pure).
//! - [`sentence`]: each entry as one sentence (pure).
//! - [`pane`]: the timeline.

pub mod due;
pub mod entry;
pub mod model;
pub mod naming;
pub mod pane;
pub mod sentence;

pub use entry::{
    About, Decision, Deferral, Delivery, DeliveryState, Entry, Manner, NoticeWritten, Promotion, PromotionState,
    RollbackEnd, StepState,
};
pub use model::Incident;

/// The incident of what is recorded without one: a rollback that nobody had the time to declare.
pub const NONE: &str = "no-incident";

use serde::{Deserialize, Serialize};

/// How bad it is. When unsure, the higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Critical: everyone is affected, or money or data is being lost.
    Sev1,
    /// Major: many are affected, with no good workaround.
    Sev2,
    /// Minor: few are affected, or a workaround holds.
    Sev3,
}

/// The four stages of a hotfix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Assess and classify.
    Assess,
    /// Develop and test.
    Develop,
    /// Deploy.
    Deploy,
    /// Monitor and evaluate.
    Monitor,
}

/// Who does what. One person may hold several roles below SEV2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Decides.
    Commander,
    /// Has the hands on production.
    Ops,
    /// Tells everybody else.
    Comms,
}

impl Severity {
    /// `SEV2`, as it is written on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sev1 => "SEV1",
            Self::Sev2 => "SEV2",
            Self::Sev3 => "SEV3",
        }
    }

    /// Reads `sev2`, `SEV2` or `2`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().trim_start_matches("sev") {
            "1" => Some(Self::Sev1),
            "2" => Some(Self::Sev2),
            "3" => Some(Self::Sev3),
            _ => None,
        }
    }

    /// Minutes between two updates to the stakeholders.
    pub fn update_minutes(self) -> u64 {
        match self {
            Self::Sev1 => 20,
            Self::Sev2 => 30,
            Self::Sev3 => 60,
        }
    }
}

impl Stage {
    /// In the order in which they come.
    pub const ALL: [Self; 4] = [Self::Assess, Self::Develop, Self::Deploy, Self::Monitor];

    /// One word, lower case.
    pub fn label(self) -> &'static str {
        match self {
            Self::Assess => "assess",
            Self::Develop => "develop",
            Self::Deploy => "deploy",
            Self::Monitor => "monitor",
        }
    }

    /// What the stage is about.
    pub fn title(self) -> &'static str {
        match self {
            Self::Assess => "Assess and classify",
            Self::Develop => "Develop and test",
            Self::Deploy => "Deploy",
            Self::Monitor => "Monitor and evaluate",
        }
    }

    /// The one after it.
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage > self)
    }
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Commander, Self::Ops, Self::Comms];

    /// One word, lower case.
    pub fn label(self) -> &'static str {
        match self {
            Self::Commander => "commander",
            Self::Ops => "ops",
            Self::Comms => "comms",
        }
    }
}
