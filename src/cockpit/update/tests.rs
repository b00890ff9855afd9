//! What keys and observations do to the state: each test is a list of events, and what came of it.

mod notices;
mod recall;
mod told;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::action::Action;
use super::super::assessment::Asks;
use super::super::damage::Damage;
use super::super::effect::Effect;
use super::super::event::{Event, What};
use super::super::keymap::{Code, Key};
use super::super::state::{Overlay, Project, Standing, State};
use super::{next_tick, update};
use crate::change::model::{Head, Observation as ChangeObservation, Report};
use crate::evidence::{Evidence, Generation, Observation, Oid, Subject};
use crate::incident::model::MarkKind;
use crate::incident::{Entry, Stage, sentence};
use crate::journal::{JournalError, Memory, Recorder};
use crate::rollback::fixtures::{plan, seen as prepared};
use crate::rollback::rollout::model::{Phase, Rollout};
use crate::rollback::rollout::state::Event as RolloutEvent;
use crate::rollback::state::{Effect as Rollback, Event as RollbackEvent};
use crate::test_results::model as test_results;
use crate::test_results::model::TestFailure;
use crate::ui::layout::Pane;

mod course;
mod drill;

/// A cockpit in a test: its state, a journal, and a clock that each event moves by a second.
struct Desk {
    state: State,
    journal: Memory,
    uptime: Duration,
}

fn start() -> Timestamp {
    Timestamp::from_second(1_900_000_000).unwrap()
}

impl Desk {
    fn new() -> Self {
        let (name, operator, standing) = ("checkout".into(), "ana".into(), Standing::Trusted);
        let project = Project { name, operator, standing, ..Project::default() };
        let state = State::new(start(), (160, 48), project);
        Self { state, journal: Memory::default(), uptime: Duration::ZERO }
    }

    fn happen(&mut self, what: What) -> Vec<Effect> {
        self.later(Duration::from_secs(1), what)
    }

    fn later(&mut self, wait: Duration, what: What) -> Vec<Effect> {
        self.uptime += wait;
        let at = start() + SignedDuration::try_from(self.uptime).unwrap();
        update(&mut self.state, Event { at, uptime: self.uptime, hand: at, what })
    }

    fn key(&mut self, key: &str) -> Vec<Effect> {
        self.happen(What::Key { key: Key::parse(key).unwrap(), is_repeat: false })
    }

    fn keys(&mut self, keys: &str) -> Vec<Effect> {
        keys.chars().flat_map(|c| self.happen(What::Key { key: Key::char(c), is_repeat: false })).collect()
    }

    /// Writes what the effects want on record, and tells the state so.
    fn record(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Record { incident, entry, .. } = effect {
                let record = self.journal.record(entry.draft(&incident, "ana", self.state.now)).unwrap();
                self.happen(What::Journal(Ok(record)));
            }
        }
    }

    fn declare(&mut self) {
        let mut effects = self.key("i");
        effects.extend(self.keys("checkout-502"));
        for _ in 0..6 {
            effects.extend(self.key("enter"));
        }
        self.record(effects);
    }

    fn see_head(&mut self, digit: char) -> Vec<Effect> {
        let oid = Oid::parse(&digit.to_string().repeat(40)).unwrap();
        let head = Head { reference: Some("hotfix/x".into()), oid: Some(oid.clone()), tree: Some(oid.clone()) };
        let evidence = Evidence {
            value: Report { head, ..Report::default() },
            subject: Subject::commit(oid),
            source: "git".into(),
            observed_at: self.state.now,
            ttl: Duration::from_secs(60),
        };
        let seen = Observation::Seen(Generation(self.uptime.as_secs()), Box::new(evidence));
        self.happen(What::Change(ChangeObservation::Report(seen)))
    }

    fn prepare_plan(&mut self) {
        let seen = prepared(plan(), 1, self.state.now);
        self.happen(What::Rollback(RollbackEvent::Plan(seen)));
    }

    fn letter(&self) -> char {
        self.state.rollback.guard.armed().unwrap().letter()
    }
}

#[test]
fn nothing_is_on_the_screen_as_recorded_before_it_is() {
    let mut desk = Desk::new();
    let mut effects = desk.key("i");
    effects.extend(desk.keys("checkout-502"));
    for _ in 0..6 {
        effects.extend(desk.key("enter"));
    }
    assert_eq!(effects.len(), 2);
    assert_eq!(desk.state.incident, None);
    desk.record(effects);
    assert_eq!(desk.state.incident.as_ref().unwrap().title, "checkout-502");
    assert_eq!(desk.state.records.len(), 2);
}

#[test]
fn what_could_not_be_recorded_is_said_so() {
    let mut desk = Desk::new();
    desk.happen(What::Journal(Err(JournalError { what: "no space left".into() })));
    let (toast, _) = desk.state.ui.toast.clone().unwrap();
    assert!(toast.is_error && toast.text.starts_with("NOT recorded"), "{toast:?}");
}

#[test]
fn moving_the_focus_draws_two_panes_and_the_hints() {
    let mut desk = Desk::new();
    desk.state.ui.damage = Damage::NONE;
    desk.key("2");
    let mut expected = Damage::FOOTER;
    expected.add(Damage::pane(Pane::Checklist));
    expected.add(Damage::pane(Pane::Change));
    assert_eq!(desk.state.ui.damage, expected);
    desk.key("tab");
    assert_eq!(desk.state.ui.focus, Pane::Tests);
    desk.key("h");
    desk.key("h");
    assert_eq!(desk.state.ui.focus, Pane::Checklist);
    desk.key("6");
    assert_eq!(desk.state.areas().panes.len(), 1);
    desk.key("esc");
    assert_eq!(desk.state.areas().panes.len(), 5);
}

#[test]
fn the_same_answer_draws_nothing() {
    let mut desk = Desk::new();
    desk.see_head('a');
    desk.state.ui.damage = Damage::NONE;
    desk.see_head('a');
    assert_eq!(desk.state.ui.damage, Damage::NONE);
}

#[test]
fn a_head_that_moves_is_on_the_timeline_and_replans_the_rollback() {
    let mut desk = Desk::new();
    desk.declare();
    assert_eq!(desk.see_head('a'), [Effect::Replan]);
    let effects = desk.see_head('b');
    assert!(matches!(&effects[0], Effect::Record { entry: Entry::HeadMoved { .. }, .. }), "{effects:?}");
    assert_eq!(effects[1], Effect::Replan);
}

#[test]
fn a_tick_on_the_change_turns_stale_when_the_head_moves() {
    use crate::checklist::model::GateState;
    let mut desk = Desk::new();
    desk.declare();
    desk.see_head('a');
    let state = |desk: &Desk| desk.state.checklist.gates().iter().find(|gate| gate.id == "b8").unwrap().state;
    let head = desk.state.change.head().unwrap().commit;
    let tick = Entry::Ticked { item: "b8".into(), note: Some("on staging".into()), head };
    let incident = desk.state.incident.as_ref().unwrap().id.clone();
    let record = desk.journal.record(tick.draft(&incident, "ana", desk.state.now)).unwrap();
    desk.happen(What::Journal(Ok(record)));
    assert_eq!(state(&desk), GateState::Satisfied);
    desk.see_head('b');
    assert_eq!(state(&desk), GateState::Stale);
}

#[test]
fn one_letter_after_the_dwell_fires_and_every_other_key_disarms() {
    let mut desk = Desk::new();
    desk.declare();
    desk.prepare_plan();
    desk.key("R");
    assert_eq!(desk.state.ui.overlay, Overlay::Rollback);
    let effects = desk.key("j");
    assert!(matches!(&effects[0], Effect::Record { entry: Entry::RollbackDisarmed { .. }, .. }), "{effects:?}");
    assert_eq!(desk.state.ui.overlay, Overlay::None);
    desk.key("R");
    let letter = desk.letter();
    let mut effects = desk.later(Duration::from_millis(600), What::Key { key: Key::char(letter), is_repeat: false });
    effects.extend(desk.later(Duration::from_millis(50), What::Moment));
    let fired = effects.iter().any(|effect| matches!(effect, Effect::Rollback { effect: Rollback::Fire(_), .. }));
    assert!(fired, "{effects:?}");
    assert!(desk.state.rollback.running);
}

#[test]
fn a_paste_or_a_lost_focus_disarms() {
    for what in [What::Paste("K".into()), What::Focus(false)] {
        let mut desk = Desk::new();
        desk.prepare_plan();
        desk.key("R");
        assert!(desk.state.rollback.guard.armed().is_some());
        desk.happen(what);
        assert!(desk.state.rollback.guard.armed().is_none());
    }
}

#[test]
fn a_paste_is_text_in_a_form_and_nothing_elsewhere() {
    let mut desk = Desk::new();
    assert_eq!(desk.happen(What::Paste("qRq\r".into())), []);
    assert_eq!(desk.state.ui.overlay, Overlay::None);
    desk.declare();
    desk.key("n");
    assert_eq!(desk.happen(What::Paste("q\nR".into())), []);
    let effects = desk.key("enter");
    assert!(matches!(&effects[0], Effect::Record { entry: Entry::Noted { text }, .. } if text == "q R"), "{effects:?}");
}

#[test]
fn nothing_is_recorded_before_the_journal_was_read() {
    let mut desk = Desk::new();
    desk.state.project.standing = Standing::Opening;
    desk.key("i");
    assert_eq!(desk.state.ui.overlay, Overlay::None, "an incident may be open that nobody has read yet");
    assert!(desk.state.ui.toast.clone().unwrap().0.text.contains("still being opened"));
}

#[test]
fn a_read_only_cockpit_records_nothing_and_arms_nothing() {
    let mut desk = Desk::new();
    desk.declare();
    desk.prepare_plan();
    desk.state.project.is_read_only = true;
    for key in ["R", "n", "d", "i", ">", "s", "O", "space"] {
        assert_eq!(desk.key(key), [], "{key}");
        assert_eq!(desk.state.ui.overlay, Overlay::None, "{key}");
    }
}

#[test]
fn what_needs_an_incident_says_how_to_declare_one() {
    let mut desk = Desk::new();
    desk.key("n");
    assert!(desk.state.ui.toast.clone().unwrap().0.text.contains("`i` declares one"));
    desk.key("i");
    assert!(matches!(desk.state.ui.overlay, Overlay::Assessment(_)));
}

#[test]
fn the_ticket_may_be_named_later_and_is_followed_from_then_on() {
    let mut desk = Desk::new();
    desk.declare();
    desk.key("1");
    desk.key("o");
    desk.keys("SHOP-18");
    let effects = desk.key("enter");
    let [Effect::Record { incident, entry, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    let record = desk.journal.record(entry.draft(incident, "ana", desk.state.now)).unwrap();
    let followed = desk.happen(What::Journal(Ok(record)));
    let incident = desk.state.incident.as_ref().unwrap();
    assert_eq!(incident.ticket.as_deref(), Some("SHOP-18"));
    assert!(followed.contains(&Effect::Track(Some("SHOP-18".into()))), "{followed:?}");
}

#[test]
fn each_step_of_the_rollout_is_told_once_by_itself() {
    let mut desk = Desk::new();
    desk.declare();
    for (generation, share) in [5, 25, 25, 100].into_iter().enumerate() {
        let seen = Rollout { desired: Some(share), phase: Phase::Paused, ..Rollout::named("checkout") };
        let evidence = Box::new(seen.seen("the rollout", desk.state.now, Duration::from_secs(15)));
        let observation = Observation::Seen(Generation(generation as u64 + 1), evidence);
        let event = RollbackEvent::Rollout(RolloutEvent::Seen(observation));
        let effects = desk.happen(What::Rollback(event));
        desk.record(effects);
    }
    let moved = desk.journal.records().into_iter().filter(|record| record.kind == "rollout_moved");
    let told: Vec<_> = moved.map(|record| sentence::of(&record)).collect();
    assert_eq!(
        told,
        [
            "rollout checkout stands at 5 %",
            "rollout checkout went from 5 % to 25 %",
            "rollout checkout went from 25 % to 100 %: everybody has the new version",
        ]
    );
}

#[test]
fn without_an_incident_the_questions_are_offered_and_take_no_key_from_anybody() {
    let mut desk = Desk::new();
    desk.prepare_plan();
    desk.happen(What::Ask(Asks::WithoutIncident));
    assert!(matches!(&desk.state.ui.overlay, Overlay::Assessment(form) if form.is_offer));
    desk.key("R");
    assert_eq!(desk.state.ui.overlay, Overlay::Rollback, "the most urgent key works at once");
    let mut desk = Desk::new();
    desk.happen(What::Ask(Asks::WithoutIncident));
    desk.key("enter");
    assert!(matches!(&desk.state.ui.overlay, Overlay::Assessment(form) if !form.is_offer));
    desk.keys("checkout");
    let effects: Vec<_> = (0..6).flat_map(|_| desk.key("enter")).collect();
    desk.record(effects);
    let incident = desk.state.incident.as_ref().unwrap();
    assert_eq!((incident.title.as_str(), incident.is_confirmed()), ("checkout", true));
}

#[test]
fn nobody_is_asked_who_is_at_something_or_cannot_answer() {
    let mut desk = Desk::new();
    desk.key("?");
    desk.happen(What::Ask(Asks::WithoutIncident));
    assert!(matches!(desk.state.ui.overlay, Overlay::Actions { .. }));
    let mut desk = Desk::new();
    desk.declare();
    desk.happen(What::Ask(Asks::WithoutIncident));
    assert_eq!(desk.state.ui.overlay, Overlay::None);
    desk.happen(What::Ask(Asks::Declare));
    assert!(matches!(&desk.state.ui.overlay, Overlay::Assessment(form) if form.declares()));
    let mut desk = Desk::new();
    desk.state.project.is_read_only = true;
    desk.happen(What::Ask(Asks::Declare));
    assert_eq!(desk.state.ui.overlay, Overlay::None);
}

#[test]
fn another_severity_moves_the_gates_and_the_clocks_and_is_told_with_its_reason() {
    use crate::checklist::model::Strength;
    use crate::incident::Severity;
    let mut desk = Desk::new();
    desk.declare();
    let strength = |desk: &Desk| desk.state.checklist.gates().iter().find(|gate| gate.id == "a8").unwrap().strength;
    let due = |desk: &Desk| desk.state.incident.as_ref().unwrap().next_update_at().unwrap();
    let (before, was_due) = (strength(&desk), due(&desk));
    let mut effects = desk.key("i");
    desk.key("up");
    desk.key("right");
    desk.key("right");
    effects.extend(desk.key("enter"));
    effects.extend(desk.keys("the newsletter alone"));
    effects.extend(desk.key("enter"));
    desk.record(effects);
    assert_eq!(desk.state.incident.as_ref().unwrap().severity, Some(Severity::Sev3));
    assert_eq!((before, strength(&desk)), (Strength::Required, Strength::Advised));
    assert_eq!(due(&desk), was_due + SignedDuration::from_mins(40), "from 20 minutes to 60");
    let told = sentence::of(desk.state.records.last().unwrap());
    assert!(told.starts_with("changed SEV1 to SEV3") && told.ends_with("the newsletter alone"), "{told}");
}

#[test]
fn a_stage_is_entered_over_open_gates_only_by_overriding_each() {
    let mut desk = Desk::new();
    desk.declare();
    desk.key(">");
    assert!(matches!(desk.state.ui.overlay, Overlay::Form(_)));
    desk.key("tab");
    assert_eq!(desk.key("enter"), [], "a reason is missing");
    desk.keys("production burns");
    desk.key("enter");
    let effects = desk.key("enter");
    desk.record(effects);
    let incident = desk.state.incident.as_ref().unwrap();
    assert_eq!(incident.stage, Stage::Develop);
    assert!(matches!(&incident.marks["a1"].kind, MarkKind::Overridden { reason } if reason == "production burns"));
}

#[test]
fn the_palette_runs_what_it_finds() {
    let mut desk = Desk::new();
    desk.key(":");
    desk.keys("zoom");
    desk.key("enter");
    assert!(desk.state.ui.is_zoomed);
    assert_eq!(desk.state.ui.keymap.action(Key::plain(Code::Enter), Pane::Checklist), Some(Action::Open));
}

#[test]
fn a_key_of_one_pane_says_on_another_where_it_means_something() {
    let mut desk = Desk::new();
    desk.key("2");
    assert_eq!(desk.key("space"), []);
    let (toast, _) = desk.state.ui.toast.clone().unwrap();
    assert_eq!(
        toast.text,
        "`space` means something on the checklist pane (`1`), the canary pane (`4`) and the rollback pane (`5`) only"
    );
    desk.key("4");
    desk.key("?");
    assert!(desk.state.ui.toast.clone().unwrap().0.text.contains("no verdict to explain"));
    desk.key("f1");
    assert!(matches!(desk.state.ui.overlay, Overlay::Actions { is_help: true, .. }));
}

#[test]
fn the_page_of_a_run_is_opened_from_the_tests_and_only_if_there_is_one() {
    use crate::test_results::model::{Ci, Report, Run};
    let mut desk = Desk::new();
    let page = "https://ci.example/acme/checkout/runs/7".to_owned();
    let run = Run { ci: Some(Box::new(Ci { page: Some(page.clone()), ..Ci::default() })), ..Run::new("ci", "github") };
    desk.key("3");
    assert_eq!(desk.key("o"), []);
    assert!(desk.state.ui.toast.clone().unwrap().0.text.contains("no page"));
    let report = Report { runs: vec![run], ..Report::default() };
    let evidence = Evidence {
        value: report,
        subject: Subject::default(),
        source: "reports".into(),
        observed_at: desk.state.now,
        ttl: Duration::from_secs(60),
    };
    desk.happen(What::Tests(Observation::Seen(Generation(1), Box::new(evidence))));
    assert_eq!(desk.key("o"), [Effect::OpenPage(page)]);
    desk.key("1");
    assert_eq!(desk.key("o"), []);
}

#[test]
fn quitting_asks_while_a_rollback_runs() {
    let mut desk = Desk::new();
    assert_eq!(desk.key("q"), [Effect::Quit]);
    desk.state.rollback.running = true;
    assert_eq!(desk.key("q"), []);
    assert_eq!(desk.state.ui.overlay, Overlay::ConfirmQuit);
    assert_eq!(desk.key("x"), []);
    desk.key("q");
    assert_eq!(desk.key("y"), [Effect::Quit]);
}

#[test]
fn the_clocks_turn_only_while_somebody_looks() {
    let mut desk = Desk::new();
    assert_eq!(next_tick(&desk.state), Duration::from_secs(5));
    desk.declare();
    desk.state.ui.toast = None;
    assert_eq!(next_tick(&desk.state), Duration::from_secs(1));
    desk.happen(What::Focus(false));
    assert_eq!(next_tick(&desk.state), Duration::from_secs(60));
}

#[test]
fn a_failed_test_is_copied_with_what_it_says() {
    let mut desk = Desk::new();
    let failure = TestFailure {
        run: "unit".into(),
        class: "Pool".into(),
        name: "drains".into(),
        message: format!("expected 8, got 9\n  at {}", "deep/".repeat(60)),
        location: Some("pool.rs:17".into()),
        ..TestFailure::default()
    };
    let run =
        test_results::Run { subject: Oid::parse(&"3f9c1e2a".repeat(5)), ..test_results::Run::new("unit", "junit.xml") };
    let report = test_results::Report::of(vec![run], vec![failure], Vec::new(), Vec::new());
    let (source, ttl) = ("test reports".into(), Duration::from_secs(90));
    let evidence = Evidence { value: report, subject: Subject::default(), source, observed_at: start(), ttl };
    desk.happen(What::Tests(Observation::Seen(Generation(1), Box::new(evidence))));
    desk.key("3");
    let effects = desk.key("y");
    let [Effect::Copy(text)] = effects.as_slice() else { panic!("{effects:?}") };
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines.iter().any(|line| line.contains("drains")) && lines.iter().any(|line| line.contains("pool.rs:17")),
        "{text}"
    );
    assert!(lines.contains(&format!("  at {}", "deep/".repeat(60)).as_str()), "nothing is wrapped: {text}");
}
