//! `[[tests]]`: where test results come from.

use serde::{Deserialize, Serialize};

use super::Secret;

/// `[[tests]]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TestSource {
    /// What the screen calls it.
    pub name: String,
    /// Globs of JUnit files, relative to the repository's root.
    pub junit: Vec<String>,
    /// Check runs of a commit on GitHub.
    pub github: Option<GitHub>,
    /// Whether the checklist needs it.
    pub required: Option<bool>,
}

/// A repository on GitHub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitHub {
    /// `owner/name`.
    pub repository: String,
    /// A token that may read checks.
    pub token: Option<Secret>,
    /// The API of a GitHub of one's own; `https://api.github.com` without it.
    pub api: Option<String>,
}
