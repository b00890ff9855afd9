//! What GitLab says of a commit, decoded with lenience and judged without (pure).
//!
//! Only the newest pipeline of each kind counts: it is the latest attempt. A job that may fail and did is told, because its
//! pipeline is green all the same. A file of test results that GitLab could not read makes its suite an error, though no
//! test of it is counted as failed.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::evidence::Oid;
use crate::evidence::text::{clean, clean_block};
use crate::test_results::cases::Cases;
use crate::test_results::model::{Check, Ci, FailureKind, Light, Outcome, RunState, TestFailure, Totals};
use crate::test_results::providers::judge::{Checks, Needed, Settled, page};
use crate::test_results::providers::remote;
use crate::test_results::tally::{Named, Outcome as Ended, clean_name};

/// The longest text of a failure that is shown, in bytes.
const TEXT: usize = 8 * 1024;
/// The most failures that are listed.
const LISTED: usize = 1_000;

/// A pipeline, of a list or by itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Pipeline {
    /// Its number.
    pub id: u64,
    /// `success`, `running` and others.
    pub status: String,
    /// What started it: `push`, `merge_request_event`, `parent_pipeline` and others.
    pub source: Option<String>,
    /// The commit.
    pub sha: String,
    /// The branch or tag.
    pub r#ref: Option<String>,
    /// Its page.
    pub web_url: Option<String>,
    /// When it ended.
    #[serde(deserialize_with = "time")]
    pub finished_at: Option<Timestamp>,
    /// When it changed last.
    #[serde(deserialize_with = "time")]
    pub updated_at: Option<Timestamp>,
}

/// A job of a pipeline.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Job {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// As of a pipeline.
    pub status: String,
    /// Whether its failure does not fail the pipeline.
    pub allow_failure: bool,
    /// Why it failed, in one word.
    pub failure_reason: Option<String>,
    /// Its page.
    pub web_url: Option<String>,
    /// When it ended.
    #[serde(deserialize_with = "time")]
    pub finished_at: Option<Timestamp>,
}

/// A job that starts another pipeline.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Bridge {
    /// Its name.
    pub name: String,
    /// As of a pipeline.
    pub status: String,
    /// Whether its failure does not fail the pipeline.
    pub allow_failure: bool,
    /// The pipeline that it started.
    pub downstream_pipeline: Option<Pipeline>,
}

/// The test report of a pipeline.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TestReport {
    /// All tests.
    pub total_count: u64,
    /// Its suites.
    pub test_suites: Vec<Suite>,
}

/// A suite of it: the files of one job.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Suite {
    /// The job.
    pub name: String,
    /// Why its files could not be read.
    pub suite_error: Option<String>,
    /// Seconds.
    pub total_time: Option<f64>,
    /// How many tests it states.
    pub total_count: u64,
    /// How many it states that failed.
    pub failed_count: u64,
    /// How many it states that ended by an error.
    pub error_count: u64,
    /// Its tests.
    pub test_cases: Vec<Case>,
}

/// A test.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Case {
    /// `success`, `failed`, `error` or `skipped`.
    pub status: String,
    /// Its name.
    pub name: String,
    /// Its class.
    pub classname: Option<String>,
    /// How long it took, in seconds.
    pub execution_time: Option<f64>,
    /// Its file.
    pub file: Option<String>,
    /// What it says; anything may be here.
    pub system_output: serde_json::Value,
    /// Where.
    pub stack_trace: Option<String>,
}

/// A time; `None` for what is none.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| text.parse().ok()))
}

/// How a pipeline or a job stands.
pub fn outcome(status: &str) -> Outcome {
    match status {
        "success" => Outcome::Success,
        "failed" => Outcome::Failed,
        // A person has to start it: it is not finished.
        "created"
        | "waiting_for_resource"
        | "preparing"
        | "pending"
        | "running"
        | "scheduled"
        | "manual"
        | "waiting_for_callback"
        | "canceling" => Outcome::Running,
        "skipped" => Outcome::NotRun,
        _ => Outcome::Unknown,
    }
}

/// The newest pipeline of each kind, the newest first. Those that another one started are looked at through it.
pub fn newest(mut pipelines: Vec<Pipeline>) -> Vec<Pipeline> {
    pipelines.retain(|pipeline| pipeline.source.as_deref() != Some("parent_pipeline"));
    pipelines.sort_by_key(|pipeline| std::cmp::Reverse(pipeline.id));
    let mut kinds = std::collections::HashSet::new();
    pipelines.retain(|pipeline| kinds.insert((pipeline.source.clone(), pipeline.r#ref.clone())));
    pipelines
}

/// A pipeline with what belongs to it.
#[derive(Debug, Clone, Default)]
pub struct Whole {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Its jobs, retried ones excluded.
    pub jobs: Vec<Job>,
    /// The pipelines that it started.
    pub bridges: Vec<Bridge>,
    /// Its tests.
    pub tests: TestReport,
    /// Names of jobs that failed and passed when they were tried again.
    pub retried: Vec<String>,
}

/// Jobs that passed after a failure of the same name: `all` holds retried ones too.
pub fn retried(all: &[Job], latest: &[Job]) -> Vec<String> {
    let failed_before = |job: &&Job| {
        let is_other = |old: &&Job| old.name == job.name && old.id < job.id;
        all.iter().filter(is_other).any(|old| outcome(&old.status) == Outcome::Failed)
    };
    let passed = latest.iter().filter(|job| outcome(&job.status) == Outcome::Success);
    passed.filter(failed_before).map(|job| clean(&job.name)).collect()
}

/// What the pipelines come to for `head`: one run for the pipelines and jobs, and one for each test report.
pub fn judge(wholes: &[Whole], name: &str, place: &str, head: &Oid) -> Vec<Settled> {
    let mut checks = Checks::new(name, head);
    for whole in wholes {
        whole.count(name, head, &mut checks);
    }
    let mut settled = checks.settle();
    place.clone_into(&mut settled.run.source);
    let newest = wholes.first().and_then(|whole| page(whole.pipeline.web_url.as_deref()));
    let ci = settled.run.ci.get_or_insert_default();
    ci.page = newest.or(ci.page.take());
    let reports = wholes.iter().filter(|whole| !whole.tests.test_suites.is_empty());
    std::iter::once(settled).chain(reports.map(|whole| whole.report(name, place, head))).collect()
}

impl Whole {
    fn title(&self) -> String {
        let of = self.pipeline.source.as_deref().map_or_else(String::new, |source| format!(" ({source})"));
        clean(&format!("pipeline {}{of}", self.pipeline.id))
    }

    fn count(&self, name: &str, head: &Oid, checks: &mut Checks) {
        if self.pipeline.sha != head.as_str() {
            // A merged-results pipeline tests another commit than the one that is shipped.
            checks.lack_subject(format!("{} tested {}, not this commit", self.title(), short(&self.pipeline.sha)));
            return;
        }
        let pipeline = Check {
            name: self.title(),
            outcome: outcome(&self.pipeline.status),
            word: clean(&self.pipeline.status),
            required: true,
            page: page(self.pipeline.web_url.as_deref()),
            ended_at: self.pipeline.finished_at.or(self.pipeline.updated_at),
        };
        let reason = format!("the pipeline says {}", self.pipeline.status);
        checks.add(pipeline, Needed::ByName, failure(name, "pipeline", &self.title(), &reason));
        for job in &self.jobs {
            // The pipeline's own word decides which of its jobs matter; what it lets fail is told.
            let told = if outcome(&job.status) == Outcome::Failed && !job.allow_failure {
                Needed::ByName
            } else {
                Needed::Not
            };
            checks.add(job.check(), told, job.failure(name));
        }
        for bridge in &self.bridges {
            bridge.count(name, checks);
        }
        for job in &self.retried {
            checks.retried(job, 2);
        }
    }

    /// The test report as a run. Cases count, statements only make it worse.
    fn report(&self, name: &str, place: &str, head: &Oid) -> Settled {
        let mut run = remote::run(name, &format!("{place}: {}: test report", self.title()));
        run.subject = Some(head.clone());
        run.observed_at = self.pipeline.finished_at.or(self.pipeline.updated_at);
        let mut ci = Ci { page: page(self.pipeline.web_url.as_deref()), ..Ci::default() };
        let (mut failures, mut cases) = (Vec::new(), Cases::default());
        for suite in &self.tests.test_suites {
            let before = run.totals;
            suite.count(name, &mut run.totals, &mut failures);
            suite.list(&mut cases);
            let (seen, bad) = (run.totals.tests - before.tests, run.totals.bad() - before.bad());
            run.claims_more |= suite.failed_count + suite.error_count > bad;
            if let Some(error) = suite.suite_error.as_deref().filter(|error| !error.is_empty()) {
                ci.lack(
                    4,
                    Light::Red,
                    format!("{}: its results could not be read: {}", clean(&suite.name), clean(error)),
                );
            }
            if suite.total_count != seen {
                let what = format!("{}: {seen} of {} tests are listed", clean(&suite.name), suite.total_count);
                ci.lack(2, Light::Unknown, what);
            }
        }
        run.cases = Arc::new(cases);
        let is_done = outcome(&self.pipeline.status).is_settled();
        run.complete = is_done && ci.missing.is_empty() && run.totals.tests > 0;
        run.state = match (is_done, run.complete) {
            (false, _) => RunState::Running,
            (true, true) => RunState::Complete,
            (true, false) => RunState::Malformed,
        };
        if !is_done {
            ci.lack(2, Light::Running, format!("{} is not finished", self.title()));
        } else if run.totals.tests == 0 && ci.missing.is_empty() {
            ci.lack(5, Light::Unknown, "the test report is empty");
        }
        run.ci = Some(Box::new(ci));
        Settled { run, failures }
    }
}

fn short(sha: &str) -> String {
    clean(&sha.chars().take(7).collect::<String>())
}

impl Job {
    fn check(&self) -> Check {
        Check {
            name: clean(&self.name),
            outcome: outcome(&self.status),
            word: clean(&self.status),
            required: false,
            page: page(self.web_url.as_deref()),
            ended_at: self.finished_at,
        }
    }

    fn failure(&self, source: &str) -> TestFailure {
        let reason = self.failure_reason.as_deref().unwrap_or("no reason is told");
        let page = page(self.web_url.as_deref()).unwrap_or_default();
        failure(source, &self.stage, &self.name, &format!("failed: {reason}\n{page}"))
    }
}

impl Bridge {
    fn count(&self, source: &str, checks: &mut Checks) {
        let child = self.downstream_pipeline.as_ref();
        let status = child.map_or(self.status.as_str(), |child| child.status.as_str());
        let check = Check {
            name: clean(&self.name),
            outcome: outcome(status),
            word: clean(status),
            required: true,
            page: child.and_then(|child| page(child.web_url.as_deref())),
            ended_at: child.and_then(|child| child.finished_at.or(child.updated_at)),
        };
        let is_needed = !self.allow_failure && check.outcome != Outcome::NotRun;
        let needed = if is_needed { Needed::ByName } else { Needed::Not };
        checks.add(check, needed, failure(source, "downstream", &self.name, &format!("its pipeline says {status}")));
    }
}

impl Suite {
    /// Its cases for later comparison. One in words that are not known is not listed.
    fn list(&self, cases: &mut Cases) {
        for case in &self.test_cases {
            let ended = match case.status.as_str() {
                "success" => Ended::Passed,
                "failed" => Ended::Failed,
                "error" => Ended::Errored,
                "skipped" => Ended::Skipped,
                _ => continue,
            };
            let class = case.classname.as_deref().unwrap_or_default();
            let seconds = case.execution_time;
            cases.keep(Named { suite: &self.name, class, name: &case.name, seconds, ..Named::default() }, ended);
        }
    }

    fn count(&self, source: &str, totals: &mut Totals, failures: &mut Vec<TestFailure>) {
        for case in &self.test_cases {
            totals.tests += 1;
            match case.status.as_str() {
                "success" => totals.passed += 1,
                "failed" => totals.failed += 1,
                "error" => totals.errored += 1,
                "skipped" => totals.skipped += 1,
                // A word that is not known is no success.
                _ => totals.unproven += 1,
            }
            if matches!(case.status.as_str(), "failed" | "error") && failures.len() < LISTED {
                failures.push(case.failure(source, &self.name));
            }
        }
        totals.duration_s = match (totals.duration_s, self.total_time) {
            (Some(sum), Some(time)) => Some(sum + time),
            (sum, time) => sum.or(time),
        };
    }
}

impl Case {
    fn failure(&self, source: &str, suite: &str) -> TestFailure {
        let output = match &self.system_output {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Null => String::new(),
            other => other.to_string(),
        };
        let text = format!("{output}\n{}", self.stack_trace.as_deref().unwrap_or_default());
        TestFailure {
            class: clean_name(self.classname.as_deref().unwrap_or_default()),
            kind: if self.status == "error" { FailureKind::Error } else { FailureKind::Failure },
            location: self.file.as_deref().filter(|file| !file.is_empty()).map(clean),
            ..failure(source, suite, &self.name, text.trim())
        }
    }
}

fn failure(source: &str, suite: &str, name: &str, message: &str) -> TestFailure {
    TestFailure {
        run: source.to_owned(),
        suite: clean_name(suite),
        class: String::new(),
        name: clean_name(name),
        kind: FailureKind::Failure,
        message: clean_block(message, TEXT),
        ..TestFailure::default()
    }
}
