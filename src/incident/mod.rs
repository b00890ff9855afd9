//! The incident: one live hotfix, from declared to closed.
//!
//! - [`assessment`]: the three questions, and what their answers come to (pure).
//! - [`due`]: a moment ahead, as people write it (pure).
//! - [`clocks`]: what runs, what is due soon, what is late (pure).
//! - [`entry`]: everything that the journal can say of an incident.
//! - [`export`]: the forms that a timeline is printed and exported in (pure).
//! - [`list`]: all incidents of a journal, each in one line (pure).
//! - [`model`]: the incident as the journal tells it, folded entry by entry (pure).
//! - [`moment`]: moments in the past as people write them (pure).
//! - [`naming`]: readable ids (pure).
//! - [`recall`]: takes an incident up from its journal without reading all of it again.
//! - [`rehearsals`]: when the rollback was last rehearsed, in whichever incident (pure).
//! - [`roles`]: who holds which, and how one goes over (pure).
//! - [`sentence`]: each entry as one sentence (pure).
//! - [`pane`]: the timeline.

pub mod assessment;
pub mod clocks;
pub mod due;
pub mod entry;
pub mod export;
pub mod list;
pub mod model;
pub mod moment;
pub mod naming;
pub mod pane;
pub mod recall;
pub mod rehearsals;
pub mod roles;
pub mod sentence;

pub use entry::{
    About, BrokenGlass, Decision, Deferral, Delivery, DeliveryState, Entry, Manner, NoticeWritten, Promotion,
    PromotionState, RollbackEnd, StepState,
};
pub use model::Incident;

/// What `hotfix.toml` says of severities is what the incident means by them.
pub use crate::config::schema::Severity;

/// The incident of what is recorded without one: a rollback that nobody had the time to declare.
pub const NONE: &str = "no-incident";

use serde::{Deserialize, Serialize};

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
