//! What Jenkins says of a commit, decoded with lenience and judged without (pure).

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use crate::evidence::Oid;
use crate::evidence::text::{clean, clean_block};
use crate::test_results::cases::Cases;
use crate::test_results::model::{
    Check, Ci, FailureKind, FlakyTest, Light, Outcome, Run, RunState, TestFailure, Totals,
};
use crate::test_results::providers::judge::{Checks, Needed, Settled, page};
use crate::test_results::providers::remote;
use crate::test_results::tally::{Named, Outcome as Ended, clean_name};

/// The longest text of a failure that is shown, in bytes.
const TEXT: usize = 8 * 1024;
/// The most failures that are listed.
const LISTED: usize = 1_000;

/// A job: its builds, or the jobs of its branches.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Job {
    /// What it is.
    #[serde(rename = "_class")]
    pub class: Option<String>,
    /// The newest builds.
    pub builds: Vec<Build>,
    /// The jobs inside of it.
    pub jobs: Vec<Inner>,
}

/// A job inside of a multibranch one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Inner {
    /// Its name: the branch, with `/` as `%2F`.
    pub name: String,
}

/// A build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Build {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: Option<String>,
    /// `SUCCESS`, `UNSTABLE`, `FAILURE`, `NOT_BUILT`, `ABORTED`; none while it runs.
    pub result: Option<String>,
    /// Whether it runs.
    pub building: bool,
    /// When it began, in milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// How long it took, in milliseconds.
    pub duration: Option<i64>,
    /// What plugins say of it.
    pub actions: Vec<Option<Action>>,
}

/// What a plugin says of a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Action {
    /// The commit that was built.
    pub last_built_revision: Option<Revision>,
    /// Where it came from.
    pub remote_urls: Vec<String>,
}

/// A commit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Revision {
    /// Its id.
    #[serde(rename = "SHA1")]
    pub sha: String,
}

/// The test report of a build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TestReport {
    /// Whether nothing is in it.
    pub empty: bool,
    /// How many passed, as it states.
    pub pass_count: u64,
    /// How many failed, as it states.
    pub fail_count: u64,
    /// How many did not run, as it states.
    pub skip_count: u64,
    /// Seconds.
    pub duration: Option<f64>,
    /// Its suites.
    pub suites: Vec<Suite>,
}

/// A suite.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Suite {
    /// Its name.
    pub name: Option<String>,
    /// Its tests.
    pub cases: Vec<Case>,
}

/// A test.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Case {
    /// Its class.
    pub class_name: Option<String>,
    /// Its name.
    pub name: String,
    /// `PASSED`, `FIXED`, `FAILED`, `REGRESSION` or `SKIPPED`.
    pub status: String,
    /// How long it took, in seconds.
    pub duration: Option<f64>,
    /// The build that it has been failing since.
    pub failed_since: Option<u64>,
    /// What it says.
    pub error_details: Option<String>,
    /// Where.
    pub error_stack_trace: Option<String>,
    /// Earlier attempts that failed before it passed.
    pub flaky_failures: Vec<serde_json::Value>,
}

impl Build {
    /// Whether it built this commit. A build that checks out libraries as well names several: with `remote`, a part of an
    /// address, only that repository counts.
    pub fn built(&self, head: &Oid, remote: Option<&str>) -> bool {
        let actions = self.actions.iter().flatten();
        let of_remote = |action: &&Action| {
            remote.is_none_or(|remote| {
                action.remote_urls.is_empty() || action.remote_urls.iter().any(|url| url.contains(remote))
            })
        };
        let mut revisions = actions.filter(of_remote).filter_map(|action| action.last_built_revision.as_ref());
        revisions.any(|revision| revision.sha == head.as_str())
    }

    /// How it stands, and in Jenkins' words.
    pub fn outcome(&self) -> (Outcome, String) {
        let outcome = match (self.building, self.result.as_deref()) {
            (true, _) => Outcome::Running,
            (false, Some("SUCCESS")) => Outcome::Success,
            (false, Some("FAILURE" | "UNSTABLE")) => Outcome::Failed,
            (false, Some("NOT_BUILT")) => Outcome::NotRun,
            (false, _) => Outcome::Unknown,
        };
        let word = if self.building { "building" } else { self.result.as_deref().unwrap_or("no result") };
        (outcome, clean(word))
    }

    fn ended_at(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.timestamp?.checked_add(self.duration.unwrap_or(0))?).ok()
    }

    fn title(&self) -> String {
        format!("build {}", self.number)
    }
}

/// What the builds of `head`, the newest first, come to: the newest counts, and an earlier one of the same commit that
/// failed makes its success one at a later attempt.
pub fn judge(builds: &[Build], tests: Option<&TestReport>, name: &str, place: &str, head: &Oid) -> Vec<Settled> {
    let mut checks = Checks::new(name, head);
    if let Some(build) = builds.first() {
        let (outcome, word) = build.outcome();
        let (page, ended_at) = (page(build.url.as_deref()), build.ended_at());
        let check = Check { name: build.title(), outcome, word: word.clone(), required: true, page, ended_at };
        let text = format!("the build says {word}\n{}", check.page.as_deref().unwrap_or_default());
        checks.add(check, Needed::ByName, failure(name, "jenkins", "", &build.title(), &text));
        let failed_before = builds[1..].iter().any(|old| old.outcome().0 == Outcome::Failed);
        if outcome == Outcome::Success && failed_before {
            checks.retried(&build.title(), u32::try_from(builds.len()).unwrap_or(u32::MAX));
        }
    }
    let mut settled = checks.settle();
    place.clone_into(&mut settled.run.source);
    let reported = builds.first().zip(tests).map(|(build, tests)| tests.settle(build, name, place, head));
    std::iter::once(settled).chain(reported).collect()
}

impl TestReport {
    fn settle(&self, build: &Build, name: &str, place: &str, head: &Oid) -> Settled {
        let mut run = remote::run(name, &format!("{place}: {}: test report", build.title()));
        run.subject = Some(head.clone());
        run.observed_at = build.ended_at();
        let mut failures = Vec::new();
        self.suites.iter().for_each(|suite| suite.count(name, &mut run.totals, &mut failures));
        run.totals.duration_s = self.duration;
        let mut cases = Cases::default();
        self.suites.iter().for_each(|suite| suite.list(&mut cases));
        run.cases = Arc::new(cases);
        let mut ci = Ci { page: page(build.url.as_deref()), ..Ci::default() };
        run.claims_more = self.fail_count > run.totals.bad();
        if self.pass_count + self.fail_count + self.skip_count != run.totals.tests {
            ci.lack(2, Light::Unknown, format!("its test report lists {} tests and states others", run.totals.tests));
        }
        self.conclude(build, &mut run, ci);
        Settled { run, failures }
    }

    fn conclude(&self, build: &Build, run: &mut Run, mut ci: Ci) {
        if build.building {
            ci.lack(2, Light::Running, format!("{} is not finished", build.title()));
        } else if self.empty || run.totals.tests == 0 {
            ci.lack(5, Light::Unknown, "its test report is empty");
        }
        run.complete = ci.missing.is_empty();
        run.state = match (build.building, run.complete) {
            (true, _) => RunState::Running,
            (false, true) => RunState::Complete,
            (false, false) => RunState::Malformed,
        };
        run.ci = Some(Box::new(ci));
    }

    /// Tests that passed at a later attempt only.
    pub fn flaky(&self, source: &str) -> Vec<FlakyTest> {
        let flaky = |suite: &Suite| {
            let name = clean(suite.name.as_deref().unwrap_or_default());
            let tests = suite.cases.iter().filter(|case| case.is_flaky());
            tests
                .map(move |case| FlakyTest {
                    run: source.to_owned(),
                    suite: name.clone(),
                    class: clean(case.class_name.as_deref().unwrap_or_default()),
                    name: clean(&case.name),
                    rerun: false,
                })
                .collect::<Vec<_>>()
        };
        self.suites.iter().flat_map(flaky).take(LISTED).collect()
    }
}

impl Suite {
    /// Its cases for later comparison. One in words that are not known is not listed.
    fn list(&self, cases: &mut Cases) {
        let suite = self.name.as_deref().unwrap_or_default();
        for case in &self.cases {
            let ended = match case.status.as_str() {
                "PASSED" | "FIXED" if case.is_flaky() => Ended::Flaky,
                "PASSED" | "FIXED" => Ended::Passed,
                "FAILED" | "REGRESSION" => Ended::Failed,
                "SKIPPED" => Ended::Skipped,
                _ => continue,
            };
            let class = case.class_name.as_deref().unwrap_or_default();
            cases.keep(Named { suite, class, name: &case.name, seconds: case.duration, ..Named::default() }, ended);
        }
    }

    fn count(&self, source: &str, totals: &mut Totals, failures: &mut Vec<TestFailure>) {
        for case in &self.cases {
            totals.tests += 1;
            totals.flaky += u64::from(case.is_flaky());
            match case.status.as_str() {
                "PASSED" | "FIXED" => totals.passed += 1,
                "FAILED" | "REGRESSION" => {
                    totals.failed += 1;
                    if failures.len() < LISTED {
                        failures.push(case.failure(source, self.name.as_deref().unwrap_or_default()));
                    }
                }
                "SKIPPED" => totals.skipped += 1,
                // A word that is not known is no success.
                _ => totals.unproven += 1,
            }
        }
    }
}

impl Case {
    fn is_flaky(&self) -> bool {
        matches!(self.status.as_str(), "PASSED" | "FIXED") && !self.flaky_failures.is_empty()
    }

    fn failure(&self, source: &str, suite: &str) -> TestFailure {
        let since = self.failed_since.filter(|build| *build > 0);
        let since = since.map_or_else(String::new, |build| format!("\nfailing since build {build}"));
        let (details, trace) = (self.error_details.as_deref(), self.error_stack_trace.as_deref());
        // What the test says comes first: by it two failures are compared.
        let text = format!("{}\n{}{since}", details.unwrap_or_default(), trace.unwrap_or_default());
        failure(source, suite, self.class_name.as_deref().unwrap_or_default(), &self.name, text.trim())
    }
}

fn failure(source: &str, suite: &str, class: &str, name: &str, message: &str) -> TestFailure {
    TestFailure {
        run: source.to_owned(),
        suite: clean_name(suite),
        class: clean_name(class),
        name: clean_name(name),
        kind: FailureKind::Failure,
        message: clean_block(message, TEXT),
        ..TestFailure::default()
    }
}
