//! What an org says of a validation, decoded with lenience and judged without (pure).

use jiff::{SignedDuration, Timestamp};

pub use super::payload::*;
use super::record::{Kind, Record};
use crate::config::schema::TestLevel;
use crate::evidence::text::{clean, clean_block};
use crate::test_results::model::{Ci, FailureKind, Light, Progress, RunState, TestFailure};
use crate::test_results::providers::judge::{Settled, page};
use crate::test_results::providers::remote;

/// How long a validation may be deployed without running the tests again: ten days, as Salesforce documents.
pub const VALID: SignedDuration = SignedDuration::from_hours(240);
/// What production asks of the covered lines, in per cent.
pub const COVERAGE: u64 = 75;
/// The longest text of a failure that is shown, in bytes.
const TEXT: usize = 8 * 1024;
/// The most failures that are listed.
const LISTED: usize = 1_000;

/// What was deployed to the org since, if anything was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// Nothing.
    Nothing,
    /// A deployment: every validation before it is void.
    Deploy {
        /// Its id.
        id: String,
        /// When it ended.
        at: Option<Timestamp>,
    },
    /// That is not known, and why.
    Unknown(String),
}

/// What the source wants of a validation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The source's name.
    pub name: String,
    /// Where, for people.
    pub place: String,
    /// The alias of the org.
    pub org: String,
    /// Which tests have to run.
    pub level: TestLevel,
    /// What the manifest holds now.
    pub manifest: Option<String>,
    /// The id of the org that the alias means now.
    pub org_id: Option<String>,
}

/// How a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Running,
    Succeeded,
    Failed,
    /// It ended, and proves nothing.
    Void,
}

impl Deploy {
    /// By all three of its words: they have to agree.
    fn standing(&self) -> Standing {
        match (self.status.as_str(), self.done, self.success) {
            ("Succeeded", Some(true), Some(true)) => Standing::Succeeded,
            ("Failed" | "FinalizingFailed" | "SucceededPartial", ..) => Standing::Failed,
            ("Pending" | "Queued" | "InProgress" | "Canceling" | "Finalizing" | "FinalizingDeploy", done, _)
                if done != Some(true) =>
            {
                Standing::Running
            }
            _ => Standing::Void,
        }
    }

    /// Whether it will never change any more.
    pub fn is_final(&self) -> bool {
        self.standing() != Standing::Running
    }

    fn tests(&self) -> Option<&Tests> {
        self.details.as_ref().and_then(|details| details.run_test_result.as_ref())
    }

    /// What it comes to. `record` is what was written down when it was started from here.
    pub fn judge(&self, record: Option<&Record>, terms: &Terms, since: &Since) -> Settled {
        let id = clean(&self.id);
        let kind = record.map_or(Kind::Validation, |record| record.kind);
        let mut run = remote::run(&terms.name, &format!("{}: {} {id}", terms.place, kind.label()));
        run.subject = record.map(|record| record.commit.clone());
        run.observed_at = self.completed_date;
        let failures = self.count(&terms.name, &mut run.totals);
        let mut ci = Ci { page: page(self.deploy_url.as_deref()), progress: Some(self.progress()), ..Ci::default() };
        let standing = self.standing();
        self.judge_standing(standing, kind, &mut ci);
        if standing == Standing::Succeeded {
            self.judge_tests(kind, &mut ci);
            ci.level = record.map(|record| record.level);
            self.judge_coverage(record.map_or(terms.level, |record| record.level), &mut ci);
            self.judge_terms(record, terms, &mut ci);
            judge_since(since, &mut ci);
            if kind == Kind::Validation {
                ci.valid_until = self.completed_date.and_then(|at| at.checked_add(VALID).ok());
                ci.next = quick_deploy(terms, &ci);
            }
        }
        run.complete = standing == Standing::Succeeded || standing == Standing::Failed;
        run.state = match standing {
            Standing::Running => RunState::Running,
            Standing::Succeeded | Standing::Failed => RunState::Complete,
            Standing::Void => RunState::Empty,
        };
        run.ci = Some(Box::new(ci));
        Settled { run, failures }
    }

    fn progress(&self) -> Progress {
        Progress {
            done: self.number_components_deployed + self.number_tests_completed,
            total: self.number_components_total + self.number_tests_total,
        }
    }

    fn count(&self, source: &str, totals: &mut crate::test_results::model::Totals) -> Vec<TestFailure> {
        let details = self.details.as_ref();
        let components = details.map_or(&[][..], |details| &details.component_failures);
        let tests = self.tests();
        let failed = tests.map_or(0, |tests| tests.num_failures.max(tests.failures.len() as u64));
        // While it runs, failures are counted before they are told.
        totals.failed = failed.max(self.number_test_errors);
        totals.passed = tests.map_or(0, |tests| tests.successes.len() as u64);
        totals.errored = (components.len() as u64).max(self.number_component_errors);
        totals.tests = totals.passed + totals.failed + totals.errored;
        totals.duration_s = tests.map(|tests| tests.total_time as f64 / 1_000.0);
        let of_tests = tests.into_iter().flat_map(|tests| &tests.failures).map(|test| test.failure(source));
        components.iter().map(|component| component.failure(source)).chain(of_tests).take(LISTED).collect()
    }

    fn judge_standing(&self, standing: Standing, kind: Kind, ci: &mut Ci) {
        let noun = kind.label();
        let why = self.error_message.as_deref().map_or_else(String::new, |why| format!(": {}", clean(why)));
        let status = clean(&self.status);
        match standing {
            Standing::Succeeded => {}
            Standing::Failed => ci.lack(3, Light::Red, format!("the {noun} says {status}{why}")),
            Standing::Void if self.status == "Canceled" => {
                let by = self.canceled_by_name.as_deref().map_or_else(String::new, |who| format!(" by {}", clean(who)));
                ci.lack(3, Light::Unknown, format!("the {noun} was canceled{by}"));
            }
            Standing::Void => {
                ci.lack(3, Light::Unknown, format!("the {noun} says {status}, and not that it succeeded{why}"));
            }
            Standing::Running => {
                let doing = self.state_detail.as_deref().map_or_else(String::new, |what| format!(" ({})", clean(what)));
                let tests = format!("{} of {} tests", self.number_tests_completed, self.number_tests_total);
                let components =
                    format!("{} of {} components", self.number_components_deployed, self.number_components_total);
                ci.lack(2, Light::Running, format!("the {noun} says {status}: {components}, {tests}{doing}"));
            }
        }
    }

    fn judge_tests(&self, kind: Kind, ci: &mut Ci) {
        let tests = self.tests();
        let ran = tests.map_or(0, |tests| tests.num_tests_run);
        let listed = tests.map_or(0, |tests| (tests.successes.len() + tests.failures.len()) as u64);
        if self.check_only != Some(kind == Kind::Validation) {
            ci.lack(9, Light::Unknown, format!("it is not said to be a {}", kind.label()));
        }
        if ran == 0 || ran != self.number_tests_completed || ran != listed {
            let what = format!("{ran} tests ran, {} were completed, {listed} are listed", self.number_tests_completed);
            ci.lack(5, Light::Unknown, what);
        }
        if self.number_tests_completed != self.number_tests_total {
            let (done, all) = (self.number_tests_completed, self.number_tests_total);
            ci.lack(2, Light::Unknown, format!("{done} of {all} tests were completed"));
        }
        if self.completed_date.is_none() {
            ci.lack(7, Light::Unknown, "when it ended is not told");
        }
    }

    /// Salesforce, "Code Coverage Best Practices": 75 % of the org and something of every trigger where all local tests
    /// run, 75 % of each class and trigger where the tests are named.
    fn judge_coverage(&self, level: TestLevel, ci: &mut Ci) {
        let Some(tests) = self.tests() else { return };
        for warning in &tests.code_coverage_warnings {
            let of = warning.name.as_deref().map_or_else(String::new, |name| format!("{}: ", clean(name)));
            ci.lack(4, Light::Red, format!("coverage: {of}{}", clean(warning.message.as_deref().unwrap_or("too low"))));
        }
        let covered: u64 = tests.code_coverage.iter().map(Coverage::covered).sum();
        let all: u64 = tests.code_coverage.iter().map(|one| one.num_locations).sum();
        match level {
            TestLevel::RunLocalTests | TestLevel::RunAllTestsInOrg => {
                if all > 0 && covered * 100 < all * COVERAGE {
                    ci.lack(4, Light::Red, format!("coverage: {covered} of {all} lines, less than {COVERAGE} %"));
                }
                for one in tests.code_coverage.iter().filter(|one| one.is_bare_trigger()) {
                    ci.lack(4, Light::Red, format!("coverage: no line of the trigger {} was run", clean(&one.name)));
                }
            }
            TestLevel::RunSpecifiedTests | TestLevel::RunRelevantTests => {
                for one in tests.code_coverage.iter().filter(|one| self.deploys(&one.name) && one.is_low()) {
                    let (covered, all) = (one.covered(), one.num_locations);
                    let what =
                        format!("coverage: {covered} of {all} lines of {}, less than {COVERAGE} %", clean(&one.name));
                    ci.lack(4, Light::Red, what);
                }
            }
        }
    }

    fn deploys(&self, name: &str) -> bool {
        let is_code =
            |component: &&Component| matches!(component.component_type.as_deref(), Some("ApexClass" | "ApexTrigger"));
        let components = self.details.iter().flat_map(|details| &details.component_successes);
        components.filter(is_code).any(|component| component.full_name == name)
    }

    fn judge_terms(&self, record: Option<&Record>, terms: &Terms, ci: &mut Ci) {
        let Some(record) = record else { return };
        if record.dirty {
            ci.lack(6, Light::Unknown, "it was started on a work tree with changes");
        }
        if record.deploy != self.id {
            ci.lack(9, Light::Unknown, "the org tells of another deployment than was asked for");
        }
        if record.level != terms.level {
            let what = format!("it ran {}, and {} is asked for", record.level.word(), terms.level.word());
            ci.lack(9, Light::Stale, what);
        }
        if record.manifest != terms.manifest {
            ci.lack(9, Light::Stale, "the manifest has changed since");
        }
        match &terms.org_id {
            Some(id) if *id == record.org => {}
            Some(_) => ci.lack(9, Light::Stale, format!("{} is another org now", clean(&terms.org))),
            None => ci.lack(9, Light::Unknown, "which org that is is not known"),
        }
    }
}

/// What to do with a validation that holds.
fn quick_deploy(terms: &Terms, ci: &Ci) -> Option<String> {
    let until = ci.valid_until.filter(|_| ci.missing.is_empty())?;
    let until = until.strftime("%Y-%m-%d %H:%M UTC");
    Some(format!("quick deploy until {until}: hotfix tests --quick {}", terms.name))
}

fn judge_since(since: &Since, ci: &mut Ci) {
    match since {
        Since::Nothing => {}
        Since::Deploy { id, at } => {
            let at =
                at.map_or_else(|| "an unknown time".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
            ci.lack(9, Light::Stale, format!("validation void since deploy {} at {at}", clean(id)));
        }
        Since::Unknown(why) => {
            ci.lack(9, Light::Unknown, format!("whether a later deployment voids it is not known: {why}"));
        }
    }
}

impl Coverage {
    fn covered(&self) -> u64 {
        self.num_locations.saturating_sub(self.num_locations_not_covered)
    }

    fn is_low(&self) -> bool {
        self.num_locations > 0 && self.covered() * 100 < self.num_locations * COVERAGE
    }

    fn is_bare_trigger(&self) -> bool {
        self.r#type.as_deref() == Some("Trigger") && self.num_locations > 0 && self.covered() == 0
    }
}

impl Component {
    fn failure(&self, source: &str) -> TestFailure {
        let line = if self.line_number > 0 { format!(":{}", self.line_number) } else { String::new() };
        let file = self.file_name.as_deref().filter(|file| !file.is_empty());
        TestFailure {
            run: source.to_owned(),
            suite: clean(self.component_type.as_deref().unwrap_or("component")),
            class: String::new(),
            name: clean(&self.full_name),
            kind: FailureKind::Error,
            message: clean_block(self.problem.as_deref().unwrap_or("no reason is told"), TEXT),
            location: file.map(|file| clean(&format!("{file}{line}"))),
            ..TestFailure::default()
        }
    }
}

impl Test {
    fn failure(&self, source: &str) -> TestFailure {
        let text = [self.message.as_deref(), self.stack_trace.as_deref()];
        TestFailure {
            run: source.to_owned(),
            suite: "apex".to_owned(),
            class: clean(&self.name),
            name: clean(self.method_name.as_deref().unwrap_or(&self.name)),
            kind: FailureKind::Failure,
            message: clean_block(&text.into_iter().flatten().collect::<Vec<_>>().join("\n"), TEXT),
            ..TestFailure::default()
        }
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
