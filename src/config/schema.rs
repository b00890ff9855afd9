//! `hotfix.toml` as values. Every field has the meaning that README.md, "Configuration", gives it.

use serde::{Deserialize, Serialize};

pub use super::secret::Secret;
pub use ask::*;
pub use canary::*;
pub use change::*;
pub use checklist::*;
pub use comms::*;
pub use deploy::*;
pub use flag::*;
pub use git::*;
pub use incident::*;
pub use report::*;
pub use rollback::*;
pub use rollout::*;
pub use test_source::*;
pub use tracker::*;

mod ask;
mod canary;
mod change;
mod checklist;
mod comms;
mod deploy;
mod flag;
mod git;
mod incident;
mod report;
mod rollback;
mod rollout;
mod test_source;
mod tracker;

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The version of the format: 1.
    pub version: Option<u32>,
    /// What runs in production.
    pub production: Production,
    /// Branches.
    pub git: Git,
    /// What counts as small.
    pub limits: Limits,
    /// What paths say about a change.
    pub change: Change,
    /// Where test results come from.
    pub tests: Vec<TestSource>,
    /// How the canary is judged.
    pub canary: Option<Canary>,
    /// How production goes back.
    pub rollback: Option<Rollback>,
    /// Where a release that goes out step by step is seen.
    pub rollout: Option<RolloutSource>,
    /// How bad it is, and for how many.
    pub incident: Incident,
    /// Changes to the default checklist.
    pub checklist: Checklist,
    /// Whom to tell.
    pub comms: Vec<Comms>,
    /// The words of notices, where the built-in ones do not fit.
    pub notices: Notices,
    /// Where the incident's issue is.
    pub tracker: Option<Tracker>,
    /// How the report is written.
    pub report: Report,
}
