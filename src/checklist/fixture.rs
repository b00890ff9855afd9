//! A world in which everything is as it should be, for tests to take away from.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::check::Checks;
use super::model::{GateStatus, Inputs, State};
use crate::canary::judge::LogE;
use crate::canary::model::{MetricReport, Report as CanaryReport, Verdict};
use crate::change::deployed::Running;
use crate::change::ladder::{Level, Rung};
use crate::change::model::{
    Commit, Fact, FactState, FileChange, FileStatus, Head, Production, Report as ChangeReport, Size, Worktree,
};
use crate::config::schema::{Checklist, Limits};
use crate::evidence::{Evidence, Freshness, Observed, Oid, Subject};
use crate::incident::rehearsals::Rehearsals;
use crate::incident::{About, Decision, Deferral, Entry, Incident, Role, RollbackEnd, Severity, Stage};
use crate::journal::record::Record;
use crate::journal::{Memory, Recorder};
use crate::rollback::model::{Class, Plan, Step, StepAction, Version};
use crate::test_results::model::{
    FailureKind, Proof, Report as TestReport, Run, State as TestResults, TestFailure, Totals, Wanted,
};
use crate::tracker::model::Issue;

pub fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

/// So many minutes after the declaration.
pub fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap() + SignedDuration::from_mins(minutes)
}

/// The sources of one moment.
#[derive(Debug, Clone)]
pub struct World {
    pub now: Timestamp,
    pub records: Vec<Record>,
    pub change: Observed<ChangeReport>,
    pub worktree: Observed<Worktree>,
    pub tests: TestResults,
    pub canary: Option<Observed<CanaryReport>>,
    pub plan: Option<Observed<Plan>>,
    pub tracker: Option<Observed<Issue>>,
    pub checks: Checks,
    pub config: Checklist,
    pub limits: Limits,
}

impl World {
    /// An incident at SEV2 in this stage, with every gate of it and of those before it passed.
    pub fn go(stage: Stage) -> Self {
        let mut world = Self {
            now: minute(100),
            records: Vec::new(),
            change: seen(change(), "git"),
            worktree: seen(Worktree::default(), "git"),
            tests: results(seen(tests(), "junit")),
            canary: Some(seen(canary(Verdict::Healthy), "prometheus")),
            plan: Some(seen(plan(), "hotfix.toml")),
            tracker: None,
            checks: Checks::new(),
            config: Checklist::default(),
            limits: Limits::default(),
        };
        world.story(stage);
        world
    }

    /// Nothing is known, and no incident is declared.
    pub fn empty() -> Self {
        Self {
            now: minute(0),
            records: Vec::new(),
            change: Observed::default(),
            worktree: Observed::default(),
            tests: TestResults::default(),
            canary: None,
            plan: None,
            tracker: None,
            checks: Checks::new(),
            config: Checklist::default(),
            limits: Limits::default(),
        }
    }

    pub fn record(&mut self, at: Timestamp, actor: &str, entry: &Entry) {
        let prev = self.records.last().map_or(crate::journal::record::GENESIS, |last| &last.hash).to_owned();
        let seq = self.records.len() as u64 + 1;
        self.records.push(Record::chain(entry.draft("i1", actor, at), seq, &prev));
    }

    pub fn enter(&mut self, at: Timestamp, stage: Stage) {
        self.record(at, "ana", &Entry::StageEntered { stage });
    }

    pub fn tick(&mut self, item: &str, by: &str) {
        self.tick_saying(item, by, "seen");
    }

    pub fn tick_saying(&mut self, item: &str, by: &str, note: &str) {
        let entry = Entry::Ticked { item: item.into(), note: Some(note.into()), head: self.head() };
        self.record(self.now, by, &entry);
    }

    pub fn defer(&mut self, item: &str, owner: &str, due_at: Timestamp) {
        let deferral = Deferral { item: item.into(), owner: owner.into(), due_at, note: None, head: self.head() };
        self.record(self.now, "ana", &Entry::Deferred(Box::new(deferral)));
    }

    /// As if entries of this kind had never been made.
    pub fn forget(&mut self, kind: &str) {
        self.records.retain(|record| record.kind != kind);
    }

    /// As if nobody had said anything of this item.
    pub fn unsay(&mut self, item: &str) {
        self.records.retain(|record| record.body["item"] != item);
    }

    fn head(&self) -> Option<Oid> {
        self.change.value().and_then(|report| report.head.oid.clone())
    }

    pub fn waive(&mut self, item: &str, reason: &str) {
        let (head, name) = (self.head(), "ana".to_owned());
        self.record(self.now, "ana", &Entry::Overridden { item: item.into(), reason: reason.into(), name, head });
    }

    pub fn notice(&mut self, at: Timestamp, text: &str) {
        let next_update_at = at.checked_add(SignedDuration::from_mins(30)).ok();
        let about = (text == "resolved").then_some(About::Resolved);
        let entry = Entry::NoticeSent { channel: "chat".into(), text: text.into(), next_update_at, about };
        self.record(at, "eve", &entry);
    }

    pub fn roll_back(&mut self, at: Timestamp, end: RollbackEnd) {
        let entry = Entry::RollbackEnded { plan: plan().hash(), end, detail: "v2.4.1 runs".into() };
        self.record(at, "bob", &entry);
    }

    /// Moves the hotfix tip to another commit with other content.
    pub fn push(&mut self) {
        let mut report = change();
        report.head.oid = Some(oid('9'));
        report.head.tree = Some(oid('8'));
        self.change = seen(report, "git");
    }

    pub fn edit_change(&mut self, edit: impl FnOnce(&mut ChangeReport)) {
        let Some(mut report) = self.change.value().cloned() else { return };
        edit(&mut report);
        self.change = seen(report, "git");
    }

    pub fn edit_tests(&mut self, edit: impl FnOnce(&mut TestReport)) {
        let Some(mut report) = self.tests.report.value().cloned() else { return };
        edit(&mut report);
        self.tests = results(seen(report, "junit"));
    }

    pub fn watch(&mut self, verdict: Verdict) {
        self.canary = Some(seen(canary(verdict), "prometheus"));
    }

    /// Every source answers the same again.
    pub fn refresh(&mut self) {
        let at = self.now;
        refresh(&mut self.change, at);
        refresh(&mut self.worktree, at);
        refresh(&mut self.tests.report, at);
        self.canary.iter_mut().for_each(|canary| refresh(canary, at));
        self.plan.iter_mut().for_each(|plan| refresh(plan, at));
    }

    pub fn incident(&self) -> Option<Incident> {
        Incident::fold(&self.records)
    }

    pub fn state(&self) -> State {
        self.look(State::new)
    }

    pub fn gates(&self) -> Vec<GateStatus> {
        self.state().gates().to_vec()
    }

    pub fn gate(&self, id: &str) -> GateStatus {
        self.gates().into_iter().find(|gate| gate.id == id).unwrap()
    }

    /// Hands the inputs of this world to `with`.
    pub fn look<T>(&self, with: impl FnOnce(&Inputs) -> T) -> T {
        let (incident, rehearsals) = (self.incident(), Rehearsals::of(&self.records));
        with(&Inputs {
            now: self.now,
            incident: incident.as_ref(),
            change: &self.change,
            worktree: &self.worktree,
            tests: &self.tests,
            canary: self.canary.as_ref(),
            plan: self.plan.as_ref(),
            tracker: self.tracker.as_ref(),
            checks: &self.checks,
            rehearsals: &rehearsals,
            config: &self.config,
            limits: self.limits,
        })
    }

    fn story(&mut self, stage: Stage) {
        self.record(minute(0), "ana", &declared());
        self.record(minute(1), "ana", &assessed());
        for (role, name) in [(Role::Commander, "ana"), (Role::Ops, "bob"), (Role::Comms, "eve")] {
            self.record(minute(2), "ana", &Entry::RoleTaken { role, name: name.into() });
        }
        self.notice(minute(3), "we are on it");
        self.decide(minute(4), Decision::FixForward);
        for (index, next) in Stage::ALL.into_iter().filter(|next| *next <= stage).enumerate().skip(1) {
            let entered = minute(20 * index as i64);
            self.enter(entered, next);
            self.pass_by_hand(next, entered);
        }
    }

    /// What no source of this world tells.
    fn pass_by_hand(&mut self, stage: Stage, at: Timestamp) {
        match stage {
            Stage::Assess => {}
            Stage::Develop => ["b8", "b9"].into_iter().for_each(|item| self.tick(item, "bob")),
            Stage::Deploy => {
                self.notice(at, "deploying");
                self.decide(at, Decision::Promote);
                self.tick("c5", "bob");
            }
            Stage::Monitor => {
                self.notice(at, "resolved");
                ["d2", "d6"].into_iter().for_each(|item| self.tick(item, "bob"));
            }
        }
    }

    pub fn decide(&mut self, at: Timestamp, decision: Decision) {
        let entry =
            Entry::Decided { decision, reason: "it is small".into(), readiness: Some("go".into()), snapshot: None };
        self.record(at, "ana", &entry);
    }
}

fn refresh<T: Clone>(observed: &mut Observed<T>, at: Timestamp) {
    if let Some(evidence) = observed.evidence().cloned() {
        *observed = Observed::seen(Evidence { observed_at: at, ..evidence });
    }
}

/// The room of test results, with this in it.
pub fn results(report: Observed<TestReport>) -> TestResults {
    let mut results = TestResults::default();
    results.report = report;
    results
}

/// A fresh observation, about the tip of [`change`].
pub fn seen<T>(value: T, source: &str) -> Observed<T> {
    Observed::seen(Evidence {
        value,
        subject: Subject { commit: Some(oid('3')), tree: Some(oid('4')) },
        source: source.into(),
        observed_at: minute(99),
        ttl: Duration::from_secs(300),
    })
}

fn declared() -> Entry {
    Entry::Declared {
        title: "checkout-502".into(),
        severity: None,
        impact_at: Some(minute(-10)),
        ticket: Some("SHOP-17".into()),
        drill: None,
    }
}

fn assessed() -> Entry {
    Entry::Assessed {
        impact: Some("orders are lost".into()),
        users: Some("one in ten".into()),
        workaround: Some("none".into()),
        severity: Some(Severity::Sev2),
    }
}

pub fn fact(id: &'static str, name: &'static str, state: FactState, why: &str) -> Fact {
    Fact { id, name, state, value: "-".into(), why: why.into() }
}

pub fn change() -> ChangeReport {
    let ok = |id, name| fact(id, name, FactState::Ok, "as it should be");
    let out = Running { said: "3333333".into(), oid: Some(oid('3')), tree: Some(oid('4')), has_fix: Some(true) };
    ChangeReport {
        production: Production {
            reference: Some("v2.4.1".into()),
            oid: Some(oid('1')),
            how: "newest tag".into(),
            deployed: Some(out),
        },
        head: Head { reference: Some("hotfix/checkout".into()), oid: Some(oid('3')), tree: Some(oid('4')) },
        merge_base: Some(oid('1')),
        size: Some(Size { files: 2, insertions: 12, deletions: 3 }),
        without_renames: Some(Size { files: 2, insertions: 12, deletions: 3 }),
        core_lines: Some(9),
        core_files: Some(1),
        test_lines: Some(6),
        commits: vec![Commit {
            oid: oid('3'),
            summary: "Give the pool its limit back".into(),
            author: "Ana Lima <ana@example.org>".into(),
            time: minute(30),
            foreign: false,
            merge: false,
        }],
        changes: vec![file("src/pool.rs", &[]), file("tests/pool.rs", &["test"])],
        people: Some(vec!["Ana Lima <ana@example.org>".into()]),
        ahead: Some(0),
        behind: Some(0),
        facts: vec![ok("G08", "base"), ok("G10", "foreign"), ok("G20", "tag"), ok("G22", "rivals")],
        back_merge: vec![rung("main", Level::Merged)],
        ..ChangeReport::default()
    }
}

pub fn rung(target: &str, level: Level) -> Rung {
    Rung { target: target.into(), level: Some(level), paths: Vec::new(), why: format!("{level:?}") }
}

pub fn file(path: &str, classes: &[&str]) -> FileChange {
    FileChange {
        path: path.into(),
        old_path: None,
        status: FileStatus::Modified,
        insertions: 6,
        deletions: 1,
        binary: false,
        core: true,
        counted_lines: 7,
        classes: classes.iter().map(|class| (*class).to_owned()).collect(),
    }
}

pub fn tests() -> TestReport {
    let totals = Totals { tests: 812, passed: 812, ..Totals::default() };
    TestReport {
        subject: Some(oid('3')),
        totals,
        runs: vec![Run {
            subject: Some(oid('3')),
            observed_at: Some(minute(90)),
            freshness: Freshness::Fresh,
            totals,
            exit_code: Some(0),
            dirty: Some(false),
            tree: Some(oid('4')),
            committed_at: Some(minute(30)),
            behind: Some(0),
            proof: Some(Proof::Wrapped),
            ..Run::new("unit", "target/junit.xml")
        }],
        sources: vec![Wanted {
            name: "unit".into(),
            required: true,
            patterns: vec!["target/junit.xml".into()],
            ..Wanted::default()
        }],
        ..TestReport::default()
    }
}

/// One test of the required run fails.
pub fn red(report: &mut TestReport, name: &str) {
    report.failures.push(failure(name, None));
    report.runs[0].totals.failed += 1;
}

pub fn failure(name: &str, preexisting: Option<bool>) -> TestFailure {
    TestFailure {
        run: "unit".into(),
        suite: "pool".into(),
        class: "pool::tests".into(),
        name: name.into(),
        kind: FailureKind::Failure,
        message: "expected 8, got 9".into(),
        preexisting,
        ..TestFailure::default()
    }
}

pub fn canary(verdict: Verdict) -> CanaryReport {
    let regressed_at = (verdict == Verdict::Regressed).then(|| minute(70));
    CanaryReport {
        feedback: None,
        second: None,
        verdict,
        regressed_at,
        metrics: vec![MetricReport {
            name: "error rate".into(),
            critical: true,
            verdict,
            suspect_at: None,
            regressed_at,
            healthy_at: None,
            baseline: (12.0, 6_000.0),
            canary: (1.0, 700.0),
            ratio: Some(0.7),
            low: Some(0.1),
            high: Some(2.8),
            log_evidence: -1.0,
            log_e: LogE::default(),
            bar: 3.0,
            slo: None,
            detectable: None,
            harm_due: None,
            healthy_due: None,
            needs: None,
            why: "1 bad of 700 requests, 0.7 times the baseline".into(),
            weakest: "one request, one user".into(),
            peaks: Vec::new(),
            band: None,
            placebo: None,
            shows_in: None,
            unit: crate::canary::model::Unit::Share,
            boundary: None,
            boundaries: Vec::new(),
            scrapes: Vec::new(),
        }],
        requests: 700.0,
        share: Some(0.1),
        since: Some(minute(60)),
        interval: Duration::from_secs(15),
        warnings: Vec::new(),
    }
}

pub fn plan() -> Plan {
    let version = |reference: &str, digit| Version { reference: reference.into(), oid: Some(oid(digit)) };
    Plan {
        name: "steps".into(),
        keeps_code: false,
        chosen: String::new(),
        from: version("hotfix/checkout", '3'),
        to: version("v2.4.1", '1'),
        class: Class::Clean,
        undoes: Vec::new(),
        steps: vec![Step {
            name: "switch".into(),
            action: StepAction::Run(vec!["deploy".into(), "v2.4.1".into()]),
            rehearse: None,
            compensate: None,
            retries: 0,
            timeout_s: 60.0,
            verify: None,
            idempotent: true,
            irreversible: false,
        }],
        verify: None,
        warnings: Vec::new(),
    }
}

/// One record that a real journal would have made.
#[test]
fn the_records_of_the_world_are_chained_as_a_journal_chains_them() {
    let world = World::go(Stage::Develop);
    let memory = Memory::default();
    let first = memory.record(declared().draft("i1", "ana", minute(0))).unwrap();
    assert_eq!(world.records[0], first);
}
