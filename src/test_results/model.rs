//! Test results as values. Serialised, they are the JSON contract of `hotfix tests`.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::cases::Cases;

use crate::evidence::{Freshness, Oid};

pub use super::ci::{Approval, Check, Ci, Outcome, Progress, Silence};
pub use super::green::{Claim, Green, Light, Missing};
pub use super::proof::{Branch, Policy, Proof};
pub use super::state::State;

/// What all sources say.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// The commit that every run belongs to; `None` when one is unattributed or they differ.
    pub subject: Option<Oid>,
    /// The sum over the runs.
    pub totals: Totals,
    /// One for each report file or job.
    pub runs: Vec<Run>,
    /// Everything that failed.
    pub failures: Vec<TestFailure>,
    /// Everything that passed at a later attempt only.
    pub flaky: Vec<FlakyTest>,
    /// What was looked for, whether it was found or not.
    pub sources: Vec<Wanted>,
    /// How it differs from the results of production; `None` without a baseline.
    pub baseline: Option<Comparison>,
    /// How HEAD stands beside its branch on the remote; `None` where there is no remote at all.
    pub branch: Option<Branch>,
    /// What is wrong with the reports themselves.
    pub warnings: Vec<Warning>,
}

/// Counts of test cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Totals {
    /// All cases.
    pub tests: u64,
    /// Passed, flaky ones included.
    pub passed: u64,
    /// Failed an assertion.
    pub failed: u64,
    /// Came to an end by an error.
    pub errored: u64,
    /// Did not run.
    pub skipped: u64,
    /// Switched off: did not run either, and the report does not count them as skipped.
    pub disabled: u64,
    /// Passed in a report whose end is missing: never counted as passed.
    pub unproven: u64,
    /// Passed on a later attempt.
    pub flaky: u64,
    /// Seconds, as the report states them.
    pub duration_s: Option<f64>,
}

/// A source as the configuration names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Whether the checklist needs it.
    pub required: bool,
    /// Where it was looked for.
    pub patterns: Vec<String>,
    /// What it must fulfil.
    pub policy: Policy,
}

/// One report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// The source's name in the configuration.
    pub name: String,
    /// The file or address.
    pub source: String,
    /// The commit it belongs to; `None` is "unattributed".
    pub subject: Option<Oid>,
    /// When it was written.
    pub observed_at: Option<Timestamp>,
    /// Whether it may be relied on.
    pub freshness: Freshness,
    /// Its counts.
    pub totals: Totals,
    /// Whether the whole report was there: an unclosed one proves its failures, never its passes.
    pub complete: bool,
    /// How much of the report was there.
    pub state: RunState,
    /// Why it is not complete, in words.
    pub trouble: Option<String>,
    /// Whether its attributes claim more failures than its cases show: never green.
    pub claims_more: bool,
    /// The exit code of the command that made it, when it tells.
    pub exit_code: Option<i32>,
    /// Whether the work tree differed from the commit, when it tells.
    pub dirty: Option<bool>,
    /// The tree of its commit, when that is in the repository.
    pub tree: Option<Oid>,
    /// When its commit was made, when that is in the repository.
    pub committed_at: Option<Timestamp>,
    /// How many commits HEAD was ahead of its commit when the report was read.
    pub behind: Option<u64>,
    /// The counts of the last complete report in the same place.
    pub last_complete: Option<Totals>,
    /// Whether the checklist needs this source.
    pub required: bool,
    /// What its server says beside the counts; `None` for a file.
    pub ci: Option<Box<Ci>>,
    /// How its commit is known; `None` when it is not.
    pub proof: Option<Proof>,
    /// Which attempt it is, from 1.
    pub attempt: Option<u32>,
    /// Every case, as far as there was room: for comparisons.
    #[serde(skip)]
    pub cases: Arc<Cases>,
}

/// How much of a report was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// All of it.
    Complete,
    /// It is queued or runs, somewhere else.
    Running,
    /// Its end is missing, and it changed a moment ago.
    Writing,
    /// Its end is missing.
    Truncated,
    /// It breaks the rules of its format.
    Malformed,
    /// It broke a limit.
    Refused,
    /// Nothing is in it.
    Empty,
    /// It is something else.
    NotAReport,
    /// It could not be read.
    Unreadable,
}

impl RunState {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Writing => "writing",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Refused => "refused",
            Self::Empty => "empty",
            Self::NotAReport => "not a report",
            Self::Unreadable => "unreadable",
            Self::Running => "running",
        }
    }
}

/// A test that failed.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TestFailure {
    /// The run's name.
    pub run: String,
    /// The suite, clean.
    pub suite: String,
    /// The class, clean.
    pub class: String,
    /// The test, clean.
    pub name: String,
    /// Failure or error.
    pub kind: FailureKind,
    /// The message and its trace, clean, cut.
    pub message: String,
    /// `file:line`, where the report gives one.
    pub location: Option<String>,
    /// Whether it fails in production too; `None` is unknown.
    pub preexisting: Option<bool>,
    /// How it relates to production; `None` without a baseline.
    pub standing: Option<Standing>,
    /// Whether it is a check of a server, a job or a build, and no test: two of its failures are never known to be the same.
    pub check: bool,
}

/// How a failure relates to the baseline: the results of the production commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It does not fail there.
    New,
    /// It fails there for another reason.
    Changed,
    /// Its quarantine has expired.
    Expired,
    /// It fails there for the same reason.
    PreExisting,
    /// It passed on the same commit as well.
    Flaky,
    /// It is allowed to fail for a while.
    Quarantined,
}

impl Standing {
    /// In words, upper case.
    pub fn label(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Changed => "CHANGED",
            Self::Expired => "QUARANTINE EXPIRED",
            Self::PreExisting => "PRE-EXISTING",
            Self::Flaky => "FLAKY",
            Self::Quarantined => "QUARANTINED",
        }
    }

    /// Whether a failure is not red for it.
    pub fn excuses(self) -> bool {
        matches!(self, Self::PreExisting | Self::Flaky | Self::Quarantined)
    }
}

/// What the comparison with the baseline comes to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// The commit of the baseline.
    pub subject: Option<Oid>,
    /// Failures that are not in the baseline.
    pub new: u64,
    /// Failures that are in the baseline for another reason.
    pub changed: u64,
    /// Failures that are in the baseline for the same reason.
    pub preexisting: u64,
    /// Tests that failed in the baseline and do not fail now.
    pub fixed: Vec<String>,
    /// Tests of the baseline that are not there now; by count alone where not every test is listed.
    pub missing: u64,
    /// Their names, some of them.
    pub missing_tests: Vec<String>,
    /// Tests that passed in the baseline and do not run now; by count alone where not every test is listed.
    pub newly_skipped: u64,
    /// Their names, some of them.
    pub skipped_tests: Vec<String>,
    /// Tests that take more than twice as long, and five seconds longer.
    pub slower: Vec<Slower>,
    /// The counts of each source.
    pub by_source: Vec<SourceComparison>,
    /// Sources of whose tests more than four in five fail: the surroundings may be broken.
    pub infra: Vec<String>,
}

impl Comparison {
    /// Of the sources of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.subject = self.subject.or(other.subject);
        self.new += other.new;
        self.changed += other.changed;
        self.preexisting += other.preexisting;
        self.missing += other.missing;
        self.newly_skipped += other.newly_skipped;
        self.fixed.extend(other.fixed);
        self.missing_tests.extend(other.missing_tests);
        self.skipped_tests.extend(other.skipped_tests);
        self.slower.extend(other.slower);
        self.by_source.extend(other.by_source);
        self.infra.extend(other.infra);
        self
    }
}

/// A test that takes longer than it did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slower {
    /// The test.
    pub name: String,
    /// Seconds in the baseline.
    pub before_s: f64,
    /// Seconds now.
    pub now_s: f64,
}

/// What the comparison of one source comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SourceComparison {
    /// The source; empty when all are compared as one.
    pub name: String,
    /// Tests in the baseline.
    pub tests: u64,
    /// Tests of the baseline that are not there now.
    pub missing: u64,
    /// How many of those seem to have another name now.
    pub renamed: u64,
    /// Tests that passed in the baseline and do not run now.
    pub newly_skipped: u64,
}

/// A test that passed at a later attempt only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlakyTest {
    /// The run's name.
    pub run: String,
    /// The suite, clean.
    pub suite: String,
    /// The class, clean.
    pub class: String,
    /// The test, clean.
    pub name: String,
    /// Whether the failure was in another run on the same commit, and not at an earlier attempt of this one.
    pub rerun: bool,
}

/// How a test failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureKind {
    /// An assertion did not hold.
    #[default]
    Failure,
    /// Something else broke.
    Error,
}

/// Something that is wrong with a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The file or address.
    pub source: String,
    /// What.
    pub what: String,
}

impl Run {
    /// A complete run of `name` of which nothing is known but where it was found.
    pub fn new(name: impl Into<String>, source: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            source: source.into(),
            subject: None,
            observed_at: None,
            freshness: Freshness::Never,
            totals: Totals::default(),
            complete: true,
            state: RunState::Complete,
            trouble: None,
            claims_more: false,
            exit_code: None,
            dirty: None,
            tree: None,
            committed_at: None,
            behind: None,
            last_complete: None,
            required: true,
            proof: None,
            attempt: None,
            ci: None,
            cases: Arc::default(),
        }
    }

    /// Whether what it counts are checks of a server, and no tests.
    pub fn counts_checks(&self) -> bool {
        self.ci.as_ref().is_some_and(|ci| !ci.checks.is_empty())
    }
}

impl Totals {
    /// Cases that failed, by an assertion or otherwise.
    pub fn bad(&self) -> u64 {
        self.failed + self.errored
    }

    /// Cases that ran to an end that counts.
    pub fn executed(&self) -> u64 {
        self.passed + self.bad()
    }

    /// Adds the counts of another report.
    pub fn add(&mut self, other: &Self) {
        self.tests += other.tests;
        self.passed += other.passed;
        self.failed += other.failed;
        self.errored += other.errored;
        self.skipped += other.skipped;
        self.disabled += other.disabled;
        self.unproven += other.unproven;
        self.flaky += other.flaky;
        self.duration_s = match (self.duration_s, other.duration_s) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
    }
}

impl Report {
    /// Sums up runs. The subject is the commit that all of them name.
    pub fn of(runs: Vec<Run>, failures: Vec<TestFailure>, flaky: Vec<FlakyTest>, warnings: Vec<Warning>) -> Self {
        let mut totals = Totals::default();
        runs.iter().for_each(|run| totals.add(&run.totals));
        let first = runs.first().and_then(|run| run.subject.clone());
        let subject = first.filter(|oid| runs.iter().all(|run| run.subject.as_ref() == Some(oid)));
        Self { subject, totals, runs, failures, flaky, sources: Vec::new(), baseline: None, branch: None, warnings }
    }

    /// Whether nothing in it speaks against the tests: something ran, nothing failed, every report is whole and none of them
    /// claims more failures than it shows. It does not say for which commit.
    pub fn is_clean(&self) -> bool {
        let whole = |run: &Run| run.complete && !run.claims_more && run.exit_code.unwrap_or(0) == 0;
        self.totals.executed() > 0 && self.totals.bad() == 0 && self.runs.iter().all(whole)
    }
}
