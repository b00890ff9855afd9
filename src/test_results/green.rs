//! GREEN AT HEAD: whether the evidence proves that the tests of exactly this commit pass.
//!
//! Green needs every required source to prove all of: (1) its commit is HEAD, by full id; (2) its reports are there and whole;
//! (3) its command ended with 0; (4) nothing failed that is not excused, and no attribute claims that
//! something did; (5) something ran, and no test of the baseline is missing; (6) the work tree was clean; (7) it is fresh;
//! (8) HEAD is the tip of its branch on the remote; (9) a validation is of this org and package, and did not lapse. Whatever
//! is missing, unknown or unreadable lands left of green.

mod accept;
mod conditions;
mod excuses;

use jiff::Timestamp;
use serde::Serialize;

use super::live::called;
use super::model::{Branch, Report, Run, RunState, Wanted};
use crate::evidence::{Observed, Subject};
use crate::incident::entry::Acceptance;
pub use accept::{Accepted, Claim};
use excuses::Weighed;

/// What the nine conditions are called, in order.
pub const CONDITIONS: [&str; 9] =
    ["commit", "complete", "conclusion", "failures", "executed", "clean tree", "fresh", "pushed", "validation"];

/// What the evidence comes to, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Light {
    /// Something fails.
    Red,
    /// Evidence is missing, unreadable or about no commit.
    Unknown,
    /// The evidence is about another commit, or old.
    Stale,
    /// A report is being written.
    Running,
    /// Nothing fails, and something needs a person's word.
    Amber,
    /// Proven.
    Green,
}

impl Light {
    /// One word, upper case.
    pub fn label(self) -> &'static str {
        match self {
            Self::Red => "RED",
            Self::Unknown => "UNKNOWN",
            Self::Stale => "STALE",
            Self::Running => "RUNNING",
            Self::Amber => "AMBER",
            Self::Green => "GREEN",
        }
    }
}

/// A condition of green that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The source; empty when it concerns them all.
    pub source: String,
    /// Which of the conditions, 1 to 9.
    pub condition: u8,
    /// What that comes to.
    pub light: Light,
    /// In words.
    pub what: String,
}

impl Missing {
    /// What its condition is called.
    pub fn condition_name(&self) -> &'static str {
        CONDITIONS.get(usize::from(self.condition).wrapping_sub(1)).copied().unwrap_or_default()
    }
}

/// The verdict, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Green {
    /// The gravest of what is missing; green when nothing is.
    #[serde(rename = "state")]
    pub light: Light,
    /// Whether a report is still being written: red may be only the beginning.
    pub running: bool,
    /// One sentence.
    pub why: String,
    /// What is missing, the gravest first.
    pub missing: Vec<Missing>,
    /// What is not missing because somebody answers for it.
    pub accepted: Option<Accepted>,
}

impl Green {
    /// Whether the tests of this commit are proven to pass: what a gate asks.
    pub fn is_green(&self) -> bool {
        self.light == Light::Green
    }

    /// Puts together what is missing, and what is there if nothing is.
    fn of(mut missing: Vec<Missing>, running: bool, proven: String) -> Self {
        missing.sort_by_key(|m| m.light);
        let accepted = None;
        let Some(first) = missing.first() else {
            return Self { light: Light::Green, running, why: proven, missing, accepted };
        };
        let of_source = if first.source.is_empty() { String::new() } else { format!("{}: ", first.source) };
        let more = match missing.len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        Self { light: first.light, running, why: format!("{of_source}{}{more}", first.what), missing, accepted }
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What somebody answers for, if anybody does.
    pub accepted: Option<&'a Acceptance>,
    /// What was observed.
    pub report: &'a Observed<Report>,
    /// Reports (source, file) that were seen for this head earlier and are not there any more.
    pub gone: &'a [(String, String)],
    /// The commit to be shipped.
    pub head: &'a Subject,
    /// How it stands beside its branch on the remote; `None` where there is no remote.
    pub branch: Option<&'a Branch>,
    /// The source whose tests were started from here and run, and how many of them failed so far.
    pub running: Option<(&'a str, u64)>,
    /// When.
    pub now: Timestamp,
}

/// Judges what was observed.
pub fn judge(question: &Question) -> Green {
    let mut missing = Missings(Vec::new());
    let Some(evidence) = question.report.evidence() else {
        missing.add("", 2, Light::Unknown, "no test report was read yet");
        return Green::of(missing.0, question.running.is_some(), String::new());
    };
    if question.head.commit.is_none() {
        missing.add("", 1, Light::Unknown, "the commit to be shipped is unknown");
    }
    if evidence.is_stale(question.now) {
        missing.add("", 7, Light::Unknown, "the reports were not looked at lately");
    }
    let value = &evidence.value;
    if value.sources.is_empty() {
        missing.add("", 2, Light::Unknown, "no test report was found where runners usually leave them");
    } else if !value.sources.iter().any(|source| source.required) {
        missing.add("", 2, Light::Unknown, "no test source is required: nothing proves the commit");
    }
    judge_branch(question.branch.or(value.branch.as_ref()), value, &mut missing);
    for source in &value.sources {
        judge_source(source, value, question, &mut missing);
    }
    let is_running = |run: &Run| matches!(run.state, RunState::Writing | RunState::Running);
    let running = question.running.is_some() || value.runs.iter().any(is_running);
    accept::settle(missing.0, running, value, question)
}

fn proven(report: &Report, head: &Subject) -> String {
    let at = head.commit.as_ref().map_or("HEAD", |oid| oid.short());
    let counted: u64 = report.runs.iter().filter(|run| run.required).map(|run| run.totals.passed).sum();
    let pass = if counted == 1 { "test passes" } else { "tests pass" };
    let excused = report.failures.iter().filter(|f| f.standing.is_some_and(super::model::Standing::excuses)).count();
    let accepted = if excused > 0 { format!(", {excused} accepted failures") } else { String::new() };
    let needed = || report.runs.iter().filter(|run| run.required);
    let has_ended_well = needed().filter(|run| run.ci.is_none()).all(|run| run.exit_code == Some(0));
    let files = if has_ended_well { "whole reports, clean tree, exit code 0" } else { "whole reports, clean tree" };
    let files = needed().any(|run| run.ci.is_none()).then_some(files);
    let servers = needed().any(|run| run.ci.is_some()).then_some("CI succeeded");
    let proof: Vec<_> = files.into_iter().chain(servers).collect();
    format!("{counted} {pass} at {at}: {}{accepted}", proof.join(", "))
}

struct Missings(Vec<Missing>);

impl Missings {
    fn add(&mut self, source: &str, condition: u8, light: Light, what: impl Into<String>) {
        self.0.push(Missing { source: source.to_owned(), condition, light, what: what.into() });
    }
}

/// Condition 8. What a CI tested is on the remote by definition; a HEAD that is not cannot be what it tested.
fn judge_branch(branch: Option<&Branch>, report: &Report, missing: &mut Missings) {
    let is_of_ci = report.runs.iter().any(|run| run.required && run.ci.is_some());
    let Some(branch) = branch else { return };
    if branch.is_pushed() != Some(true) {
        let light = if is_of_ci { Light::Unknown } else { Light::Amber };
        missing.add("", 8, light, branch.why_not());
    }
}

fn judge_source(source: &Wanted, report: &Report, question: &Question, missing: &mut Missings) {
    let runs: Vec<&Run> = report.runs.iter().filter(|run| run.name == source.name).collect();
    let weighed = Weighed::of(source, report, &runs, question.head);
    let light = if source.required { Light::Unknown } else { Light::Amber };
    for (_, file) in question.gone.iter().filter(|(name, _)| *name == source.name) {
        missing.add(&source.name, 2, light, format!("{file} was there and is gone"));
    }
    if !source.required {
        judge_advised(source, &weighed, missing);
        return;
    }
    if judge_running(source, &runs, question, missing) {
        return;
    }
    if runs.is_empty() {
        missing.add(&source.name, 2, Light::Unknown, format!("no report at {}", source.patterns.join(", ")));
        return;
    }
    excuses::judge(source, &weighed, &mut |condition, light, what| missing.add(&source.name, condition, light, what));
    for run in &runs {
        conditions::judge(run, source, &weighed, question, &mut |condition, light, what| {
            missing.add(&source.name, condition, light, what);
        });
    }
    excuses::compared(source, report, &mut |condition, light, what| missing.add(&source.name, condition, light, what));
    let executed: u64 = runs.iter().map(|run| run.totals.executed()).sum();
    if source.policy.counts_tests && executed == 0 && runs.iter().all(|run| run.complete) {
        missing.add(&source.name, 5, Light::Unknown, "no test ran");
    }
}

/// Whether its tests run from here, or from another hotfix: then its reports are about to be replaced, and only what fails
/// already is news.
fn judge_running(source: &Wanted, runs: &[&Run], question: &Question, missing: &mut Missings) -> bool {
    let failed = question.running.filter(|(name, _)| *name == source.name).map(|(_, failed)| failed);
    let elsewhere = |run: &&Run| run.state == RunState::Running && run.source == called(&source.name);
    if failed.is_none() && !runs.iter().any(elsewhere) {
        return false;
    }
    missing.add(&source.name, 2, Light::Running, "its tests run");
    if let Some(failed @ 1..) = failed {
        missing.add(&source.name, 4, Light::Red, format!("{} so far, by what is printed", fails(failed)));
    }
    true
}

/// A source that the checklist does not need cannot make red or green, and is not passed over in silence.
fn judge_advised(source: &Wanted, weighed: &Weighed, missing: &mut Missings) {
    if weighed.red > 0 {
        missing.add(&source.name, 4, Light::Amber, format!("{} (not a required source)", fails(weighed.red)));
    }
}

fn fails(n: u64) -> String {
    if n == 1 { "1 test fails".into() } else { format!("{n} tests fail") }
}

/// What a run is about.
pub fn subject(run: &Run) -> Subject {
    Subject { commit: run.subject.clone(), tree: run.tree.clone() }
}

#[cfg(test)]
#[path = "green_tests.rs"]
mod tests;
