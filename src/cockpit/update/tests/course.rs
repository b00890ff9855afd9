//! A whole incident as a list of events: each stage, each gate as it opens, closes, and opens again when the tip moves.

use super::*;
use crate::change::ladder::Level;
use crate::change::model::Worktree;
use crate::checklist::fixture::{change, oid, rung, tests as test_report};
use crate::checklist::readiness::Readiness;
use crate::incident::recall::Recalled;
use crate::incident::{About, Decision, Severity, StepState};
use crate::rollback::choice::Choice;

/// Events, and what the gates came to after each of them.
struct Course {
    desk: Desk,
    told: Vec<String>,
}

impl Course {
    fn new() -> Self {
        Self { desk: Desk::new(), told: Vec::new() }
    }

    /// Writes down where the incident stands: its stage, readiness, and what holds it.
    fn tell(&mut self, what: &str) {
        let checklist = &self.desk.state.checklist;
        let stage = checklist.stage();
        let holding = checklist.gates().iter().filter(|gate| gate.stage <= stage && gate.is_blocking());
        let holding: Vec<_> = holding.map(|gate| format!("{} {}", gate.id, gate.state.label())).collect();
        let readiness = checklist.standing().readiness.label();
        self.told.push(format!("{what:<34} {:<8} {readiness:<6} {}", stage.label(), holding.join(", ")));
    }

    fn readiness(&self) -> Readiness {
        self.desk.state.checklist.standing().readiness
    }

    /// Opens a form, and answers its fields: `>` goes so many choices to the right, `=` leaves what is there.
    fn form(&mut self, key: &str, answers: &[&str]) {
        let mut effects = self.desk.key(key);
        for answer in answers {
            match answer.strip_prefix('>') {
                Some(steps) => (0..steps.parse().unwrap()).for_each(|_| drop(self.desk.key("right"))),
                None if *answer == "=" => {}
                None => {
                    self.desk.key("ctrl-u");
                    self.desk.keys(answer);
                }
            }
            effects.extend(self.desk.key("enter"));
        }
        assert!(!effects.is_empty(), "{key} {answers:?}: {:?}", self.desk.state.ui.overlay);
        self.desk.record(effects);
        self.tell(&format!("{key} {}", answers.join(" ")).chars().take(34).collect::<String>());
    }

    /// What another person puts on record, in another terminal.
    fn put(&mut self, who: &str, entry: &Entry) {
        let incident = self.desk.state.incident.as_ref().unwrap().id.clone();
        let record = self.desk.journal.record(entry.draft(&incident, who, self.desk.state.now)).unwrap();
        self.desk.happen(What::Journal(Ok(record)));
    }

    /// A notice to the stakeholders.
    fn notice(&mut self, text: &str) {
        let next_update_at = self.desk.state.now.checked_add(SignedDuration::from_mins(30)).ok();
        let about = (text == "resolved").then_some(About::Resolved);
        let entry = Entry::NoticeSent { channel: "chat".into(), text: text.into(), next_update_at, about };
        self.put("eve", &entry);
        self.tell(&format!("eve tells: {text}"));
    }

    fn tick(&mut self, who: &str, items: &[&str]) {
        let head = self.desk.state.change.head().and_then(|head| head.commit);
        for item in items {
            let note = Some("seen".into());
            self.put(who, &Entry::Ticked { item: (*item).into(), note, head: head.clone() });
        }
        self.tell(&format!("{who} ticks {}", items.join(" ")));
    }

    fn seen<T>(&self, value: T, tip: char) -> Observation<T> {
        let subject = Subject { commit: Some(oid(tip)), tree: Some(oid(tip)) };
        let (observed_at, ttl) = (self.desk.state.now, Duration::from_secs(3_600));
        let evidence = Evidence { value, subject, source: "test".into(), observed_at, ttl };
        Observation::Seen(Generation(self.desk.uptime.as_secs()), Box::new(evidence))
    }

    /// Git tells where the tip is, and which targets have it.
    fn git(&mut self, tip: char, main: Level) {
        let mut report = change();
        (report.head.oid, report.head.tree) = (Some(oid(tip)), Some(oid(tip)));
        if let Some(running) = &mut report.production.deployed {
            (running.oid, running.tree) = (Some(oid(tip)), Some(oid(tip)));
        }
        report.back_merge = vec![rung("main", main)];
        let seen = self.seen(report, tip);
        let effects = self.desk.happen(What::Change(ChangeObservation::Report(seen)));
        self.desk.record(effects);
        let seen = self.seen(Worktree::default(), tip);
        let effects = self.desk.happen(What::Change(ChangeObservation::Worktree(seen)));
        self.desk.record(effects);
        self.tell(&format!("git: tip {tip}, main {main:?}"));
    }

    /// The tests of a commit pass.
    fn green(&mut self, tip: char) {
        let mut report = test_report();
        report.subject = Some(oid(tip));
        for run in &mut report.runs {
            (run.subject, run.tree, run.observed_at) = (Some(oid(tip)), Some(oid(tip)), Some(self.desk.state.now));
        }
        let seen = self.seen(report, tip);
        let effects = self.desk.happen(What::Tests(seen));
        self.desk.record(effects);
        self.tell(&format!("tests of {tip} pass"));
    }

    fn plan(&mut self) {
        let seen = self.seen(Choice::of(plan()), '3');
        self.desk.state.project.config.rollback = Some(crate::config::schema::Rollback::default());
        self.desk.happen(What::Rollback(RollbackEvent::Plan(seen)));
        self.tell("the plan is ready");
    }
}

/// From the first key to the end, at SEV2.
#[test]
fn an_incident_from_the_first_key_to_the_last() {
    let mut it = Course::new();
    it.desk.happen(What::Ask(Asks::WithoutIncident));
    it.tell("the cockpit opens");
    it.form("enter", &["checkout-502", "20m", "major: slow", "4,200", "none", "="]);
    assert_eq!(it.desk.state.incident.as_ref().unwrap().severity, Some(Severity::Sev2));
    it.form("w", &["=", "ana", ""]);
    it.form("w", &[">1", "bob", ""]);
    it.form("w", &[">2", "eve", ""]);
    it.form("d", &[">1", "the fix is one line"]);
    it.notice("we are on it");
    assert_eq!(it.readiness(), Readiness::NoGo, "no ticket");
    it.put("ana", &Entry::Bound { ticket: "SHOP-17".into() });
    it.tell("ana binds it to SHOP-17");
    assert_eq!(it.readiness(), Readiness::Go);
    let effects = it.desk.key(">");
    it.desk.record(effects);
    it.tell(">");

    it.git('3', Level::MissingClean);
    it.green('3');
    it.tick("bob", &["b8", "b9"]);
    assert_eq!(it.readiness(), Readiness::Go);
    it.git('9', Level::MissingClean);
    assert_eq!(it.readiness(), Readiness::NoGo, "what was earned by the old tip is stale");
    it.green('9');
    it.tick("bob", &["b8", "b9"]);
    assert_eq!(it.readiness(), Readiness::Go);
    let effects = it.desk.key(">");
    it.desk.record(effects);
    it.tell(">");

    it.plan();
    it.tick("bob", &["c5"]);
    it.notice("deploying");
    it.put("ana", &decided(Decision::Promote));
    it.tell("ana promotes");
    assert_eq!(it.readiness(), Readiness::Go);
    let effects = it.desk.key(">");
    it.desk.record(effects);
    it.tell(">");

    it.tick("bob", &["d1", "d2", "d6"]);
    it.notice("resolved");
    let left = it.desk.state.left_open();
    assert_eq!(left.iter().map(|left| left.id.as_str()).collect::<Vec<_>>(), ["d4/main"]);
    it.git('9', Level::Merged);
    assert_eq!((it.readiness(), it.desk.state.left_open()), (Readiness::Go, Vec::new()));
    it.desk.key(":");
    it.desk.keys("close");
    it.form("enter", &["all is well"]);
    assert!(it.desk.state.incident.as_ref().unwrap().closed_at.is_some());
    insta::assert_snapshot!(it.told.join("\n"));
}

/// The gates of the stages behind are held as well: whoever pushes one more commit while deploying has to earn them again.
#[test]
fn a_tip_that_moves_in_a_later_stage_opens_the_gates_of_the_earlier_ones_again() {
    let mut it = Course::new();
    it.desk.declare();
    it.tick("ana", &["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"]);
    it.git('3', Level::MissingClean);
    it.green('3');
    it.tick("bob", &["b8", "b9"]);
    it.put("ana", &Entry::StageEntered { stage: Stage::Deploy });
    it.plan();
    let held = |it: &Course| {
        let gates = it.desk.state.checklist.gates().iter();
        let held = gates.filter(|gate| gate.stage == Stage::Develop && gate.is_blocking());
        held.map(|gate| format!("{} {}", gate.id, gate.state.label())).collect::<Vec<_>>()
    };
    assert_eq!(held(&it), Vec::<String>::new());
    it.git('7', Level::MissingClean);
    assert_eq!(held(&it), ["b6 stale", "b8 stale", "b9 stale"]);
    assert_eq!(it.readiness(), Readiness::NoGo);
    it.green('7');
    it.tick("bob", &["b8", "b9"]);
    assert_eq!(held(&it), Vec::<String>::new());
    it.put("bob", &Entry::Unticked { item: "b9".into(), note: None });
    assert_eq!(held(&it), ["b9 open"], "a tick that is taken back opens its gate");
}

/// What is still open at the end is named, and somebody answers for it.
#[test]
fn an_end_with_something_open_wants_a_reason_and_an_owner() {
    let mut it = Course::new();
    it.desk.declare();
    it.desk.key(":");
    it.desk.keys("close");
    it.desk.key("enter");
    it.desk.key("enter");
    assert_eq!(it.desk.key("enter"), [], "a reason is missing");
    it.desk.keys("a false alarm");
    it.desk.key("enter");
    let effects = it.desk.key("enter");
    it.desk.record(effects);
    let told: Vec<_> = it.desk.state.records.iter().rev().take(2).map(sentence::of).collect();
    assert!(told[0].starts_with("closed the incident with a1, ") && told[1].ends_with("). a false alarm"), "{told:?}");
}

/// The screen follows the incident that is taken up, here or in another terminal.
#[test]
fn the_screen_follows_the_incident_that_is_taken_up() {
    let mut it = Course::new();
    it.desk.declare();
    let first = it.desk.state.incident.as_ref().unwrap().id.clone();
    let records = it.desk.state.records.clone();
    let other = Entry::Declared { title: "login".into(), severity: None, impact_at: None, ticket: None, drill: None };
    let record = it.desk.journal.record(other.draft("2-login", "bob", it.desk.state.now)).unwrap();
    it.desk.happen(What::Journal(Ok(record)));
    assert_eq!(it.desk.state.incident.as_ref().unwrap().id, "2-login");
    let resumed = it.desk.journal.record(Entry::Resumed {}.draft(&first, "bob", it.desk.state.now)).unwrap();
    assert_eq!(it.desk.happen(What::Journal(Ok(resumed))), [Effect::Load(first.clone())]);
    it.desk.happen(What::Loaded(Ok(Box::new(Recalled::of(&first, records.clone())))));
    assert_eq!(it.desk.state.incident.as_ref().unwrap().id, first);
    assert_eq!(it.desk.state.records, records);
    it.desk.happen(What::Loaded(Err("the disk is gone".into())));
    assert_eq!(it.desk.state.incident.as_ref().unwrap().id, first, "what cannot be read changes nothing");
}

/// A clock calls once when it turns, in words that say what is due, and never for what had turned before.
#[test]
fn each_clock_calls_once() {
    let mut it = Course::new();
    it.desk.declare();
    let mut calls = Vec::new();
    for _ in 0..(25 * 60) {
        let effects = it.desk.happen(What::Tick);
        calls.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Notify(text) => Some(text),
            _ => None,
        }));
    }
    let id = it.desk.state.incident.as_ref().unwrap().id.clone();
    let said: Vec<_> = calls.iter().map(|call| call.strip_prefix(&format!("{id}: ")).unwrap()).collect();
    let expected = [
        "roll back? decide in 03:00",
        "roll back? decision 00:00 overdue",
        "10 minutes since the incident was declared",
        "update due in 05:00",
        "update 00:00 overdue",
        "20 minutes since the incident was declared",
    ];
    assert_eq!(said, expected);
}

fn decided(decision: Decision) -> Entry {
    Entry::Decided { decision, reason: "it is small".into(), readiness: Some("go".into()), snapshot: None }
}

#[test]
fn nobody_is_called_for_what_had_turned_before() {
    let mut it = Course::new();
    it.desk.declare();
    let records = it.desk.state.records.clone();
    it.desk.later(Duration::from_secs(3_000), What::Focus(true));
    it.desk.state.incident = None;
    let id = records[0].incident.clone();
    it.desk.happen(What::Loaded(Ok(Box::new(Recalled::of(&id, records)))));
    assert_eq!(it.desk.happen(What::Tick), []);
    let step = Entry::Step { plan: "p".into(), index: 0, name: "x".into(), state: StepState::Issued, detail: None };
    it.put("hotfix", &step);
    assert_eq!(it.desk.happen(What::Tick), []);
}
