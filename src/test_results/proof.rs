//! What a run's results rest on: how its commit is known, and what its source demands.

use std::time::Duration;

use serde::Serialize;

use crate::config::schema::TestSource;
pub use crate::config::schema::{FlakyPolicy, Quarantine};

/// How old results may be unless the source says otherwise.
pub const MAX_AGE: Duration = Duration::from_secs(24 * 3_600);

/// How one knows which commit a run belongs to, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// It was started from here: HEAD and the work tree were looked at before and after.
    Wrapped,
    /// The report says so.
    Embedded,
}

/// What a source must fulfil.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// How old its results may be.
    #[serde(skip)]
    pub max_age: Duration,
    /// Whether results of another commit with the same content prove this one.
    pub accept_tree_equal: bool,
    /// What a flaky test comes to.
    pub flaky: FlakyPolicy,
    /// How many of the baseline's tests may be missing, in percent.
    pub max_missing: u8,
    /// Whether it counts tests. A lint check of a CI does not.
    pub counts_tests: bool,
    /// Tests that may fail for a while.
    #[serde(skip)]
    pub quarantine: Vec<Quarantine>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_age: MAX_AGE,
            accept_tree_equal: false,
            flaky: FlakyPolicy::default(),
            max_missing: 0,
            counts_tests: true,
            quarantine: Vec::new(),
        }
    }
}

impl From<&TestSource> for Policy {
    fn from(source: &TestSource) -> Self {
        Self {
            max_age: source.max_age,
            accept_tree_equal: source.accept_tree_equal,
            flaky: source.flaky,
            max_missing: source.max_missing,
            counts_tests: true,
            quarantine: source.quarantine.clone(),
        }
    }
}

/// Where the commit to be shipped stands beside its branch on the remote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// The remote branch, `origin/hotfix/x`; `None` when nothing is tracked.
    pub upstream: Option<String>,
    /// Commits that are not there yet; `None` is unknown.
    pub ahead: Option<u64>,
    /// Commits that are there and not here; `None` is unknown.
    pub behind: Option<u64>,
}

impl Branch {
    /// Whether HEAD is the tip of the remote branch; `None` is unknown.
    pub fn is_pushed(&self) -> Option<bool> {
        self.upstream.as_ref()?;
        Some(self.ahead? == 0 && self.behind? == 0)
    }

    /// What keeps HEAD from being the remote's tip, in words.
    pub fn why_not(&self) -> String {
        let Some(upstream) = &self.upstream else { return "HEAD is not pushed: its branch tracks none".into() };
        match (self.ahead, self.behind) {
            (None, _) | (_, None) => format!("whether HEAD is the tip of {upstream} is unknown"),
            (Some(0), Some(behind)) => format!("{upstream} is {behind} commits ahead of HEAD"),
            (Some(ahead), Some(0)) => format!("HEAD is not pushed: {ahead} ahead of {upstream}"),
            (Some(ahead), Some(behind)) => {
                format!("HEAD and {upstream} have parted: {ahead} commits here, {behind} there")
            }
        }
    }
}
