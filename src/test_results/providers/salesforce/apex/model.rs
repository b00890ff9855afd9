//! What an org says of a run of its tests, decoded with lenience and judged without (pure).

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::super::deployments::{Deployed, is_same};
use super::super::model::COVERAGE;
use super::super::payload::{count, time};
use super::record::Started;
use crate::config::schema::{Apex, TestLevel};
use crate::evidence::text::clean;
use crate::test_results::model::{Ci, Light, Progress, RunState};
use crate::test_results::providers::judge::Settled;
use crate::test_results::providers::remote;
use crate::test_results::reader::Parsed;

/// How the id of a trigger begins.
const TRIGGER: &str = "01q";

/// What the source wants of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The source's name.
    pub name: String,
    /// Where, for people.
    pub place: String,
    /// The alias of the org.
    pub org: String,
    /// Which tests have to run.
    pub tests: Apex,
    /// The id of the org that the alias means now.
    pub org_id: Option<String>,
}

/// How a run stands: an `ApexTestRunResult`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Status {
    /// `Queued`, `Processing`, `Completed` and others.
    pub status: String,
    /// When it ended.
    #[serde(deserialize_with = "time")]
    pub end_time: Option<Timestamp>,
    /// Tests in all.
    #[serde(deserialize_with = "count")]
    pub methods_enqueued: u64,
    /// Tests run so far.
    #[serde(deserialize_with = "count")]
    pub methods_completed: u64,
    /// Tests that failed so far.
    #[serde(deserialize_with = "count")]
    pub methods_failed: u64,
}

/// How it stands, by the word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has not come to its end.
    Running,
    /// It has: its results tell the rest.
    Ended,
    /// It ended, and proves nothing.
    Void,
}

/// What it came to: the result of `sf apex get test`.
#[derive(Debug, Clone)]
pub struct Results {
    parsed: Parsed,
    said: Said,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Said {
    summary: Summary,
    coverage: Option<Coverage>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Summary {
    outcome: Option<String>,
    test_run_id: Option<String>,
    org_wide_coverage: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Coverage {
    coverage: Vec<Covered>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Covered {
    id: String,
    name: String,
    #[serde(deserialize_with = "count")]
    total_lines: u64,
    #[serde(deserialize_with = "count")]
    total_covered: u64,
}

impl Status {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        match self.status.as_str() {
            "Queued" | "Preparing" | "Processing" | "Holding" => Standing::Running,
            "Completed" | "Failed" | "Passed" => Standing::Ended,
            _ => Standing::Void,
        }
    }
}

impl Results {
    /// Reads the result that `sf` gives.
    ///
    /// # Errors
    /// When it is no result of tests.
    pub fn read(result: &Value) -> Result<Self, serde_json::Error> {
        Ok(Self { parsed: Parsed::of_apex(result)?, said: Said::deserialize(result)? })
    }
}

/// What a run comes to. `last` is what was deployed to the org last, or why that is not known.
pub fn judge(
    status: &Status,
    results: Option<&Results>,
    started: &Started,
    terms: &Terms,
    last: &Result<Option<Deployed>, String>,
) -> Settled {
    let mut run = remote::run(&terms.name, &format!("{}: tests {}", terms.place, clean(&started.run)));
    run.subject.clone_from(&started.commit);
    run.observed_at = status.end_time;
    let progress = Progress { done: status.methods_completed, total: status.methods_enqueued };
    let mut ci = Ci { progress: Some(progress), ..Ci::default() };
    if started.commit.is_none() {
        ci.next = Some(
            "what the org holds is no known commit: deploy HEAD with `hotfix tests --deploy`, and run again".into(),
        );
    }
    let mut failures = Vec::new();
    match (status.standing(), results) {
        (Standing::Ended, Some(results)) => {
            let parsed = &results.parsed;
            (run.totals, run.cases, run.claims_more) = (parsed.totals, parsed.cases.clone(), parsed.claims_more);
            (run.state, run.complete) = (parsed.state, parsed.state == RunState::Complete);
            failures = parsed.failures.iter().cloned().map(|f| results.named(f, &terms.name)).collect();
            results.judge(status, started, terms.tests.level(), &mut ci);
            judge_terms(started, terms, &mut ci);
            judge_last(started, last, &mut ci);
        }
        (Standing::Running, _) => {
            run.state = RunState::Running;
            run.totals.tests = status.methods_completed;
            run.totals.failed = status.methods_failed;
            run.totals.unproven = status.methods_completed.saturating_sub(status.methods_failed);
            let (done, all) = (status.methods_completed, status.methods_enqueued);
            ci.lack(2, Light::Running, format!("the run says {}: {done} of {all} tests", clean(&status.status)));
        }
        (Standing::Ended | Standing::Void, _) => {
            run.state = RunState::Empty;
            let what = match status.status.as_str() {
                "Aborted" => "the run was aborted".to_owned(),
                word => format!("the run says {}, and not that its tests ran", clean(word)),
            };
            ci.lack(3, Light::Unknown, what);
        }
    }
    run.ci = Some(Box::new(ci));
    Settled { run, failures }
}

impl Results {
    fn named(
        &self,
        failure: crate::test_results::model::TestFailure,
        source: &str,
    ) -> crate::test_results::model::TestFailure {
        crate::test_results::model::TestFailure { run: source.to_owned(), suite: "apex".to_owned(), ..failure }
    }

    fn judge(&self, status: &Status, started: &Started, level: TestLevel, ci: &mut Ci) {
        let outcome = self.said.summary.outcome.as_deref().unwrap_or("nothing");
        match outcome {
            "Passed" => {}
            // Those that are listed speak for themselves: each may be excused.
            "Failed" if self.parsed.totals.bad() > 0 => {}
            "Failed" => ci.lack(3, Light::Red, "its summary says Failed, and no failed test is listed"),
            word => ci.lack(3, Light::Unknown, format!("its summary says {}: that is no success", clean(word))),
        }
        if let Some(trouble) = &self.parsed.trouble {
            ci.lack(2, Light::Unknown, trouble.clone());
        }
        if status.status == "Failed" && self.parsed.totals.bad() == 0 {
            ci.lack(3, Light::Red, "the org says that the run failed, and no failed test is listed");
        }
        if status.methods_failed > self.parsed.totals.bad() {
            let what = format!("{} tests failed, {} are listed", status.methods_failed, self.parsed.totals.bad());
            ci.lack(4, Light::Red, what);
        }
        if !self.said.summary.test_run_id.as_deref().is_some_and(|id| is_same(id, &started.run)) {
            ci.lack(9, Light::Unknown, "the org tells of another run than was asked for");
        }
        if status.end_time.is_none() {
            ci.lack(7, Light::Unknown, "when it ended is not told");
        }
        if level != TestLevel::RunSpecifiedTests {
            self.judge_coverage(ci);
        }
    }

    /// As for a deployment: 75 % of the org, and something of every trigger.
    fn judge_coverage(&self, ci: &mut Ci) {
        let percent = self.said.summary.org_wide_coverage.as_deref().and_then(|text| text.strip_suffix('%'));
        match percent.and_then(|number| number.trim().parse::<f64>().ok()) {
            Some(percent) if percent >= COVERAGE as f64 => {}
            Some(percent) => {
                ci.lack(4, Light::Red, format!("coverage: {percent} % of the org, less than {COVERAGE} %"));
            }
            None => ci.lack(4, Light::Unknown, "coverage: how much of the org is covered is not told"),
        }
        let covered = self.said.coverage.iter().flat_map(|all| &all.coverage);
        for one in covered.filter(|one| one.id.starts_with(TRIGGER) && one.total_lines > 0 && one.total_covered == 0) {
            ci.lack(4, Light::Red, format!("coverage: no line of the trigger {} was run", clean(&one.name)));
        }
    }
}

fn judge_terms(started: &Started, terms: &Terms, ci: &mut Ci) {
    if started.tests != terms.tests {
        ci.lack(9, Light::Stale, "it ran other tests than are asked for now");
    }
    match &terms.org_id {
        Some(id) if *id == started.org => {}
        Some(_) => ci.lack(9, Light::Stale, format!("{} is another org now", clean(&terms.org))),
        None => ci.lack(9, Light::Unknown, "which org that is is not known"),
    }
}

/// Whatever was deployed since, the tests ran on something else.
fn judge_last(started: &Started, last: &Result<Option<Deployed>, String>, ci: &mut Ci) {
    let same = |last: &Deployed| started.deploy.as_deref().is_some_and(|deploy| is_same(deploy, &last.id));
    match last {
        Err(why) => ci.lack(9, Light::Unknown, format!("whether something was deployed since is not known: {why}")),
        Ok(None) if started.deploy.is_none() => {}
        Ok(Some(last)) if same(last) => {}
        Ok(None) => ci.lack(9, Light::Unknown, "the org does not tell of its deployments any more"),
        Ok(Some(last)) => {
            let at = last
                .at
                .map_or_else(|| "an unknown time".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
            ci.lack(9, Light::Stale, format!("the org holds something else since deploy {} at {at}", clean(&last.id)));
        }
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
