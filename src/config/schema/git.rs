//! `[production]`, `[git]` and `[limits]`: what runs, and how fixes travel.

use serde::{Deserialize, Serialize};

use super::Secret;

/// `[production]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Production {
    /// A tag glob (the newest reachable one by version), a branch, or any revision. Default `v*`.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Who tells which commit runs there.
    pub deployed: Option<Deployed>,
}

/// An address or a command that tells the commit, or the tag, that runs in production or on the canary.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployed {
    /// An address that answers with it.
    pub url: Option<String>,
    /// A command that prints it: program and arguments, never a shell line.
    pub run: Option<Vec<String>>,
    /// A path into the answer, if that is JSON, such as `$.commit`; the whole answer is the word without it.
    pub json: Option<String>,
    /// A bearer token.
    pub token: Option<Secret>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// `[git]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Git {
    /// Which way fixes travel.
    pub strategy: Strategy,
    /// Branches or globs that the fix must reach.
    pub targets: Vec<String>,
    /// Those of them, by name or glob, that get copies of the commits instead of a merge.
    pub cherry_pick: Vec<String>,
    /// Globs of the paths that a fix may touch; none says nothing.
    pub scope: Vec<String>,
    /// Branches that stand for environments on the way to production, such as `uat`.
    pub environments: Vec<String>,
    /// How hotfix branches are called, with `{slug}`.
    pub branch: String,
    /// A regular expression for ticket keys.
    pub ticket: Option<String>,
    /// The remote.
    pub remote: String,
}

/// Which way fixes travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// A hotfix branch from production, promoted to every target after the deploy.
    #[default]
    BackPromotion,
    /// The fix on trunk first, then cherry-picked to production.
    TrunkFirst,
}

impl Default for Git {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            targets: Vec::new(),
            cherry_pick: Vec::new(),
            scope: Vec::new(),
            environments: Vec::new(),
            branch: "hotfix/{slug}".into(),
            ticket: None,
            remote: "origin".into(),
        }
    }
}

/// `[limits]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Changed core lines that still count as small.
    pub core_lines: u64,
    /// Changed core files that still count as small.
    pub files: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { core_lines: 200, files: 10 }
    }
}
