//! GREEN AT HEAD: whether the evidence proves that the tests of exactly this commit pass.
//!
//! Green needs every required source to prove all of: (1) its commit is HEAD, by full id; (2) its reports are there and whole;
//! (3) its command ended with 0; (4) nothing failed, and no attribute claims that something did; (5) something ran; (6) the
//! work tree was clean; (7) it is fresh. Whatever is missing, unknown or unreadable lands left of green.

use jiff::Timestamp;
use serde::Serialize;

use super::model::{Ci, Report, Run, RunState, Wanted};
use crate::evidence::{Observed, Subject, SubjectMatch};

/// How old a report may be, in hours.
pub const MAX_AGE_HOURS: i64 = 24;

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
}

impl Green {
    /// Whether the tests of this commit are proven to pass: what a gate asks.
    pub fn is_green(&self) -> bool {
        self.light == Light::Green
    }

    /// Puts together what is missing, and what is there if nothing is.
    fn of(mut missing: Vec<Missing>, running: bool, proven: String) -> Self {
        missing.sort_by_key(|m| m.light);
        let Some(first) = missing.first() else { return Self { light: Light::Green, running, why: proven, missing } };
        let of_source = if first.source.is_empty() { String::new() } else { format!("{}: ", first.source) };
        let more = match missing.len() {
            1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        Self { light: first.light, running, why: format!("{of_source}{}{more}", first.what), missing }
    }
}

/// Judges what was observed against `head` at `now`. `gone` are reports (source, file) that were seen for this head earlier.
pub fn judge(report: &Observed<Report>, gone: &[(String, String)], head: &Subject, now: Timestamp) -> Green {
    let mut missing = Missings(Vec::new());
    let Some(evidence) = report.evidence() else {
        missing.add("", 2, Light::Unknown, "no test report was read yet");
        return Green::of(missing.0, false, String::new());
    };
    if head.commit.is_none() {
        missing.add("", 1, Light::Unknown, "the commit to be shipped is unknown");
    }
    if evidence.is_stale(now) {
        missing.add("", 7, Light::Unknown, "the reports were not looked at lately");
    }
    let value = &evidence.value;
    if value.sources.is_empty() {
        missing.add("", 2, Light::Unknown, "no test report was found where runners usually leave them");
    } else if !value.sources.iter().any(|source| source.required) {
        missing.add("", 2, Light::Unknown, "no test source is required: nothing proves the commit");
    }
    for source in &value.sources {
        judge_source(source, value, gone, head, now, &mut missing);
    }
    let running = value.runs.iter().any(|run| matches!(run.state, RunState::Writing | RunState::Running));
    Green::of(missing.0, running, proven(value, head))
}

fn proven(report: &Report, head: &Subject) -> String {
    let at = head.commit.as_ref().map_or("HEAD", |oid| oid.short());
    let counted: u64 = report.runs.iter().filter(|run| run.required).map(|run| run.totals.passed).sum();
    let pass = if counted == 1 { "test passes" } else { "tests pass" };
    let needed = || report.runs.iter().filter(|run| run.required);
    let files = needed().any(|run| run.ci.is_none()).then_some("whole reports, clean tree, exit code 0");
    let servers = needed().any(|run| run.ci.is_some()).then_some("CI succeeded");
    let proof: Vec<_> = files.into_iter().chain(servers).collect();
    format!("{counted} {pass} at {at}: {}", proof.join(", "))
}

struct Missings(Vec<Missing>);

impl Missings {
    fn add(&mut self, source: &str, condition: u8, light: Light, what: impl Into<String>) {
        self.0.push(Missing { source: source.to_owned(), condition, light, what: what.into() });
    }
}

fn judge_source(
    source: &Wanted,
    report: &Report,
    gone: &[(String, String)],
    head: &Subject,
    now: Timestamp,
    missing: &mut Missings,
) {
    let runs: Vec<&Run> = report.runs.iter().filter(|run| run.name == source.name).collect();
    if !source.required {
        judge_advised(source, &runs, head, missing);
        return;
    }
    for (_, file) in gone.iter().filter(|(name, _)| *name == source.name) {
        missing.add(&source.name, 2, Light::Unknown, format!("{file} was there and is gone"));
    }
    if runs.is_empty() {
        missing.add(&source.name, 2, Light::Unknown, format!("no report at {}", source.patterns.join(", ")));
        return;
    }
    for run in &runs {
        judge_run(run, head, now, &mut |condition, light, what| missing.add(&source.name, condition, light, what));
    }
    let executed: u64 = runs.iter().map(|run| run.totals.executed()).sum();
    if executed == 0 && runs.iter().all(|run| run.complete) {
        missing.add(&source.name, 5, Light::Unknown, "no test ran");
    }
}

/// A source that the checklist does not need cannot make red or green, and is not passed over in silence.
fn judge_advised(source: &Wanted, runs: &[&Run], head: &Subject, missing: &mut Missings) {
    let is_about_other = |run: &&&Run| subject(run).relates_to(head) == SubjectMatch::Other;
    let bad: u64 = runs.iter().filter(|run| !is_about_other(run)).map(|run| run.totals.bad()).sum();
    if bad > 0 {
        missing.add(&source.name, 4, Light::Amber, format!("{} (not a required source)", fails(bad)));
    }
}

fn fails(n: u64) -> String {
    if n == 1 { "1 test fails".into() } else { format!("{n} tests fail") }
}

/// What a run is about.
pub fn subject(run: &Run) -> Subject {
    Subject { commit: run.subject.clone(), tree: run.tree.clone() }
}

fn judge_run(run: &Run, head: &Subject, now: Timestamp, missing: &mut dyn FnMut(u8, Light, String)) {
    let relation = subject(run).relates_to(head);
    if relation == SubjectMatch::Other {
        missing(1, Light::Stale, other_commit(run));
        return;
    }
    match &run.ci {
        Some(ci) => judge_ci(run, ci, now, missing),
        None => judge_outcome(run, missing),
    }
    judge_proof(run, relation, missing);
    judge_age(run, now, missing);
}

/// What a server says: its own conditions, and whether it was asked lately.
fn judge_ci(run: &Run, ci: &Ci, now: Timestamp, missing: &mut dyn FnMut(u8, Light, String)) {
    if run.totals.bad() > 0 {
        missing(4, Light::Red, fails(run.totals.bad()));
    }
    if run.claims_more {
        missing(4, Light::Unknown, format!("{}: attributes claim more failures than the cases show", run.source));
    }
    if run.totals.flaky > 0 {
        missing(4, Light::Amber, format!("{} passed at a later attempt only", run.totals.flaky));
    }
    if run.totals.unproven > 0 && ci.missing.is_empty() && run.complete {
        missing(
            3,
            Light::Unknown,
            format!("{}: {} ended with a word that is not known", run.source, run.totals.unproven),
        );
    }
    for one in &ci.missing {
        missing(one.condition, one.light, one.what.clone());
    }
    if !run.complete && ci.missing.is_empty() && !ci.is_stale(now) {
        let trouble = run.trouble.as_deref().unwrap_or(run.state.label());
        missing(2, Light::Unknown, format!("{}: {trouble}", run.source));
    }
    if ci.is_stale(now) {
        missing(7, Light::Unknown, ci.silence(now));
    }
    if ci.valid_until.is_some_and(|until| until < now) {
        missing(9, Light::Stale, "the validation has run out: validate again".into());
    }
}

fn other_commit(run: &Run) -> String {
    let oid = run.subject.as_ref().map_or("another commit", |oid| oid.short());
    match run.behind {
        Some(1) => format!("its tests are of {oid}, 1 commit behind"),
        Some(n) if n > 1 => format!("its tests are of {oid}, {n} commits behind"),
        _ => format!("its tests are of {oid}, not of HEAD"),
    }
}

/// Conditions 2, 3 and 4.
fn judge_outcome(run: &Run, missing: &mut dyn FnMut(u8, Light, String)) {
    if run.totals.bad() > 0 {
        missing(4, Light::Red, fails(run.totals.bad()));
    }
    match run.exit_code {
        Some(0) => {}
        Some(code) => missing(3, Light::Red, format!("its command ended with {code}")),
        None => missing(3, Light::Amber, "the report does not tell the command's exit code".into()),
    }
    if run.state == RunState::Writing {
        missing(2, Light::Running, format!("{} is being written, {} tests so far", run.source, run.totals.tests));
    } else if !run.complete {
        let trouble = run.trouble.as_deref().unwrap_or(run.state.label());
        missing(2, Light::Unknown, format!("{}: {trouble}", run.source));
    }
    if run.claims_more {
        missing(4, Light::Unknown, format!("{}: attributes claim more failures than the cases show", run.source));
    }
    if run.totals.flaky > 0 {
        missing(4, Light::Amber, format!("{} passed at a later attempt only", run.totals.flaky));
    }
}

/// Conditions 1 and 6.
fn judge_proof(run: &Run, relation: SubjectMatch, missing: &mut dyn FnMut(u8, Light, String)) {
    match relation {
        SubjectMatch::Same | SubjectMatch::Other => {}
        SubjectMatch::SameTree => {
            missing(1, Light::Stale, "its tests are of another commit with the same content".into());
        }
        SubjectMatch::Unattributed => missing(1, Light::Unknown, format!("{} names no commit", run.source)),
    }
    match run.dirty {
        // A server checks out the commit itself.
        _ if run.ci.is_some() => {}
        Some(false) => {}
        Some(true) => missing(6, Light::Unknown, "it ran on a work tree with changes".into()),
        None => missing(6, Light::Amber, "the report does not tell whether the work tree was clean".into()),
    }
}

/// Condition 7.
fn judge_age(run: &Run, now: Timestamp, missing: &mut dyn FnMut(u8, Light, String)) {
    let Some(at) = run.observed_at else {
        missing(7, Light::Unknown, format!("{}: when it was written is unknown", run.source));
        return;
    };
    if now.duration_since(at).as_hours() >= MAX_AGE_HOURS {
        missing(7, Light::Stale, format!("{} is older than {MAX_AGE_HOURS} hours", run.source));
    }
    if run.committed_at.is_some_and(|made| at < made) {
        missing(7, Light::Unknown, format!("{} is older than its commit", run.source));
    }
}

#[cfg(test)]
#[path = "green_tests.rs"]
mod tests;
