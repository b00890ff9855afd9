//! What a list of checks comes to (pure): the same for every server.

use jiff::Timestamp;

use super::remote;
use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::test_results::model::{Check, Ci, Light, Outcome, Progress, Report, Run, RunState, TestFailure, Warning};

/// How many checks one sentence names.
const NAMED: usize = 3;
/// The most checks that are listed.
const LISTED: usize = 1_000;

/// Whether a check has to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// By its name.
    ByName,
    /// Because nothing says which ones have to.
    ByDefault,
    /// It need not.
    Not,
}

impl Needed {
    /// Named ones have to succeed; without any name, all have to.
    pub fn of(is_named: bool, needs_all: bool) -> Self {
        match (is_named, needs_all) {
            (true, _) => Self::ByName,
            (false, true) => Self::ByDefault,
            (false, false) => Self::Not,
        }
    }
}

/// Whether a name is meant by a pattern, in which `*` stands for any characters.
pub fn named(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The address of a page that a browser opens, clean; anything else is none.
pub fn page(url: Option<&str>) -> Option<String> {
    url.filter(|url| url.starts_with("https://") || url.starts_with("http://")).map(clean)
}

/// The checks of a commit, while they are put together.
#[derive(Debug)]
pub struct Checks {
    run: Run,
    ci: Ci,
    failures: Vec<TestFailure>,
    /// Names of those that are needed and not at their end.
    running: Vec<String>,
    /// Names of those that are needed by default and did not run.
    not_run: Vec<String>,
    /// Names of those that failed and are not needed.
    advised: Vec<String>,
    progress: Progress,
    oldest: Option<Timestamp>,
    unlisted: u64,
}

/// What checks come to.
#[derive(Debug, Clone)]
pub struct Settled {
    /// With its checks counted as cases.
    pub run: Run,
    /// Those that failed.
    pub failures: Vec<TestFailure>,
}

impl Settled {
    /// Notes something that the operator should know.
    pub fn note(&mut self, note: Option<String>) {
        self.run.ci.get_or_insert_default().notes.extend(note);
    }

    /// As the report of a source.
    pub fn report(self) -> Report {
        let source = self.run.source.clone();
        let notes = self.run.ci.iter().flat_map(|ci| ci.notes.clone());
        let warnings = notes.map(|what| Warning { source: source.clone(), what }).collect();
        Report::of(vec![self.run], self.failures, Vec::new(), warnings)
    }
}

impl Checks {
    /// None yet, for the source `name` and the commit `head`.
    pub fn new(name: &str, head: &Oid) -> Self {
        let mut run = remote::run(name, "");
        run.subject = Some(head.clone());
        Self {
            run,
            ci: Ci::default(),
            failures: Vec::new(),
            running: Vec::new(),
            not_run: Vec::new(),
            advised: Vec::new(),
            progress: Progress { done: 0, total: 0 },
            oldest: None,
            unlisted: 0,
        }
    }

    /// Notes that something is not known.
    pub fn lack(&mut self, condition: u8, what: impl Into<String>) {
        self.ci.lack(condition, Light::Unknown, what);
    }

    /// Notes that something is not about this commit.
    pub fn lack_subject(&mut self, what: impl Into<String>) {
        self.lack(1, what);
    }

    /// Notes something that has not come to its end.
    pub fn waits(&mut self, what: impl Into<String>) {
        self.ci.lack(2, Light::Running, what);
    }

    /// Notes something that failed, beside the checks.
    pub fn failed(&mut self, what: impl Into<String>) {
        self.ci.lack(3, Light::Red, what);
    }

    /// Notes something that needs a person's word.
    pub fn lack_word(&mut self, what: impl Into<String>) {
        self.ci.lack(4, Light::Amber, what);
    }

    /// Notes when a list was not read to its end; `stated` is how long it says that it is.
    pub fn all_read(&mut self, what: &str, listed: u64, stated: Option<Option<u64>>) {
        match stated {
            Some(Some(total)) if total == listed => {}
            Some(Some(total)) => self.lack(2, format!("{listed} of {total} {what} were read")),
            Some(None) => self.lack(2, format!("how many {what} there are is not told")),
            None => self.lack(2, format!("no {what} were read")),
        }
    }

    /// Notes a run that passed after an attempt that failed.
    pub fn retried(&mut self, name: &str, attempt: u32) {
        self.lack_word(format!("{name} passed at attempt {attempt} only"));
    }

    /// Counts a check; `failure` is told if it failed.
    pub fn add(&mut self, mut check: Check, needed: Needed, failure: TestFailure) {
        check.required = needed == Needed::ByName;
        match needed {
            Needed::Not if check.outcome == Outcome::Failed => self.advised.push(check.name.clone()),
            Needed::Not => {}
            _ => self.count(&check, needed, failure),
        }
        match self.ci.checks.len() {
            n if n < LISTED => self.ci.checks.push(check),
            _ => self.unlisted += 1,
        }
    }

    fn count(&mut self, check: &Check, needed: Needed, failure: TestFailure) {
        self.progress.total += 1;
        self.progress.done += u64::from(check.outcome.is_settled());
        let totals = &mut self.run.totals;
        totals.tests += u64::from(check.outcome.is_settled());
        match check.outcome {
            Outcome::Success => totals.passed += 1,
            Outcome::Failed => {
                totals.failed += 1;
                self.failures.push(TestFailure { check: true, ..failure });
            }
            Outcome::NotRun => totals.skipped += 1,
            Outcome::Unknown => totals.unproven += 1,
            Outcome::Running => self.running.push(check.name.clone()),
        }
        let (name, word) = (&check.name, &check.word);
        match (check.outcome, needed) {
            (Outcome::NotRun, Needed::ByName) => {
                self.lack(3, format!("the required check {name} did not run ({word})"));
            }
            (Outcome::NotRun, _) => self.not_run.push(name.clone()),
            (Outcome::Unknown, _) => self.lack(3, format!("{name} says {word}: that is no success")),
            (Outcome::Success, _) if check.ended_at.is_none() => {
                self.lack(7, format!("{name} does not tell when it ended"));
            }
            _ => {}
        }
        if check.outcome == Outcome::Success || check.outcome == Outcome::Failed {
            self.oldest = [self.oldest, check.ended_at].into_iter().flatten().min();
        }
    }

    /// What they come to.
    pub fn settle(mut self) -> Settled {
        let short = self.run.subject.as_ref().map_or_else(String::new, |oid| oid.short().to_owned());
        if self.progress.total == 0 && self.ci.missing.is_empty() {
            self.lack(2, format!("no check has reported on {short}"));
        }
        let running = list(&self.running);
        let total = self.progress.total;
        match self.running.len() {
            0 => {}
            n => self.ci.lack(2, Light::Running, format!("{n} of {total} not finished: {running}")),
        }
        if !self.not_run.is_empty() {
            let what = format!("did not run, and nothing says whether they have to: {}", list(&self.not_run));
            self.ci.lack(3, Light::Amber, what);
        }
        if !self.advised.is_empty() {
            self.ci.lack(4, Light::Amber, format!("failed, and not required: {}", list(&self.advised)));
        }
        if self.unlisted > 0 {
            self.ci.notes.push(format!("{} more checks are counted and not listed", self.unlisted));
        }
        let (is_running, total) = (!self.running.is_empty(), self.progress.total);
        self.ci.progress = (total > 0).then_some(self.progress);
        let first_bad = self.ci.checks.iter().find(|check| check.outcome == Outcome::Failed);
        self.ci.page = first_bad.or(self.ci.checks.first()).and_then(|check| check.page.clone());
        self.run.observed_at = self.oldest;
        self.run.complete = !is_running && self.run.totals.executed() > 0;
        self.run.state = match (is_running, self.run.complete) {
            (true, _) => RunState::Running,
            (false, true) => RunState::Complete,
            (false, false) => RunState::Empty,
        };
        self.run.trouble = self.ci.missing.iter().min_by_key(|one| one.light).map(|one| one.what.clone());
        self.run.ci = Some(Box::new(self.ci));
        Settled { run: self.run, failures: self.failures }
    }
}

/// The first names, and how many more there are.
fn list(names: &[String]) -> String {
    let told = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
