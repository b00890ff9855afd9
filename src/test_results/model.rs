//! Test results as values. Serialised, they are the JSON contract of `hotfix tests`.

use jiff::Timestamp;
use serde::Serialize;

use crate::evidence::{Freshness, Oid};

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
    /// Passed on a later attempt.
    pub flaky: u64,
    /// Seconds, as the report states them.
    pub duration_s: Option<f64>,
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
    /// Whether the checklist needs this source.
    pub required: bool,
}

/// A test that failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
}

/// How a test failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureKind {
    /// An assertion did not hold.
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
