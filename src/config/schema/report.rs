//! `[report]`

use serde::{Deserialize, Serialize};

/// How the report is written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Report {
    /// A template of the team's own, a path within the repository: `docs/postmortem.md.jinja`.
    pub template: Option<String>,
}
