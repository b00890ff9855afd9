use super::*;
use crate::evidence::{Failure, Generation};
use crate::incident::{Decision, RollbackEnd, StepState};
use crate::journal::{Memory, Recorder};
use crate::rollback::fixtures::{at, plan, seen};
use crate::rollback::guard::Key;
use crate::rollback::model::Class;
use crate::rollback::output::Batch;

fn ready() -> State {
    let mut state = State::default();
    state.update(Event::Plan(seen(plan(), 1, at(0))), at(0));
    state
}

fn arm(state: &mut State, second: i64) -> Outcome {
    state.update(Event::Arm { bound: vec!['R', 'S'], chance: 0, over: false, answer: None }, at(second))
}

fn press(state: &mut State, c: char, second: i64) -> Outcome {
    state.update(Event::Input(Input::Key(Key::Char(c))), at(second))
}

fn moment(state: &mut State, second: i64) -> Outcome {
    state.update(Event::Input(Input::Moment), at(second))
}

fn fired(state: &mut State, second: i64) -> Vec<Effect> {
    arm(state, second);
    let letter = state.guard.armed().unwrap().letter();
    press(state, letter, second + 1);
    moment(state, second + 2).effects
}

mod ways;

#[test]
fn arming_shows_and_records_and_the_letter_fires_exactly_what_was_shown() {
    let mut state = ready();
    let armed = arm(&mut state, 10);
    assert_eq!(armed.effects, [Effect::Record(Entry::RollbackArmed { plan: plan().hash(), target: "v2.4.1".into() })]);
    let letter = state.guard.armed().unwrap().letter();
    assert_eq!(press(&mut state, letter, 11), Outcome::changed(true));
    let effects = moment(&mut state, 12).effects;
    assert_eq!(effects, [Effect::Fire(Box::new(Order { plan: plan(), resumed: None, answer: None, reason: None }))]);
    assert_eq!((state.running, state.readiness(at(12))), (true, Readiness::Running));
    assert!(arm(&mut state, 13).effects.is_empty(), "fifty presses are one rollback");
    assert_eq!(state.said.as_deref(), Some("a rollback runs already"));
}

#[test]
fn any_other_key_disarms_and_is_on_record() {
    let mut state = ready();
    arm(&mut state, 10);
    let outcome = arm(&mut state, 11);
    let why = "another key".to_owned();
    assert_eq!(outcome.effects, [Effect::Record(Entry::RollbackDisarmed { plan: plan().hash(), why })]);
    assert_eq!((state.guard.armed(), state.armed.clone()), (None, None));
    assert_eq!(arm(&mut state, 11), Outcome::default(), "it rests for a moment");
}

#[test]
fn another_plan_disarms() {
    let mut state = ready();
    arm(&mut state, 10);
    state.update(Event::Plan(seen(plan(), 2, at(11))), at(11));
    assert!(state.armed.is_some(), "the same plan, seen again");
    let mut other = plan();
    other.warnings.push("new".into());
    let outcome = state.update(Event::Plan(seen(other, 3, at(12))), at(12));
    assert!(matches!(&outcome.effects[..], [Effect::Record(Entry::RollbackDisarmed { .. })]));
}

#[test]
fn a_plan_that_turns_stale_while_armed_disarms() {
    let mut state = ready();
    arm(&mut state, 58);
    let letter = state.guard.armed().unwrap().letter();
    press(&mut state, letter, 61);
    assert_eq!((state.guard.clone(), state.running), (Guard::Safe, false));
    assert_eq!(state.said.as_deref(), Some("rollback disarmed: the plan changed"));
}

#[test]
fn a_stale_or_unsafe_plan_asks_for_a_reason_that_is_on_record() {
    let mut state = ready();
    assert_eq!(state.readiness(at(60)), Readiness::Ready);
    assert_eq!(state.readiness(at(61)), Readiness::NotReady("the plan is older than 60 s".into()));
    arm(&mut state, 100);
    let letter = state.guard.armed().unwrap().letter();
    press(&mut state, '!', 101);
    press(&mut state, 'x', 102);
    state.update(Event::Input(Input::Key(Key::Enter)), at(103));
    press(&mut state, letter, 104);
    let effects = moment(&mut state, 105).effects;
    let decided = Entry::Decided {
        decision: Decision::RollBack,
        reason: "break-glass: x".into(),
        readiness: Some("the plan is older than 60 s".into()),
        snapshot: None,
    };
    assert_eq!(effects[0], Effect::Record(decided));
    assert!(matches!(&effects[1..], [Effect::Fire(_)]));

    let mut unsafe_plan = plan();
    unsafe_plan.class = Class::Unsafe;
    let mut state = State::default();
    state.update(Event::Plan(seen(unsafe_plan, 1, at(0))), at(0));
    assert!(matches!(state.readiness(at(1)), Readiness::NotReady(why) if why.starts_with("schema or data")));
}

#[test]
fn without_a_plan_the_key_says_why() {
    let mut state = State::default();
    arm(&mut state, 0);
    assert_eq!(state.said.as_deref(), Some("not set up: add [rollback] to hotfix.toml"));
    let failure = Failure { what: "[rollback] steps: there are none".into(), remedy: None, at: at(1), retry_at: None };
    state.update(Event::Plan(Observation::Failed(Generation(1), failure)), at(1));
    arm(&mut state, 2);
    assert_eq!(state.said.as_deref(), Some("[rollback] steps: there are none"));
    assert_eq!(state.guard, Guard::Safe);
}

#[test]
fn a_keymap_that_binds_every_letter_cannot_arm() {
    let mut state = ready();
    let bound = guard::LETTERS.chars().collect();
    state.update(Event::Arm { bound, chance: 0, over: false, answer: None }, at(1));
    assert!(state.said.unwrap().starts_with("no letter is free"));
}

fn records(states: &[StepState], end: Option<RollbackEnd>) -> Vec<Record> {
    let (journal, plan) = (Memory::default(), plan());
    let mut entries = vec![Entry::RollbackFired {
        plan: plan.hash(),
        steps: serde_json::to_value(&plan).unwrap(),
        target: "v2.4.1".into(),
    }];
    entries.extend(states.iter().enumerate().map(|(index, state)| Entry::Step {
        plan: plan.hash(),
        index,
        name: plan.steps[index].name.clone(),
        state: *state,
        detail: None,
    }));
    entries.extend(end.map(|end| Entry::RollbackEnded { plan: plan.hash(), end, detail: "so".into() }));
    entries.iter().map(|entry| journal.record(entry.draft("i", "ana", at(1))).unwrap()).collect()
}

fn opened(states: &[StepState], end: Option<RollbackEnd>) -> State {
    let mut state = ready();
    for record in records(states, end) {
        assert!(state.update(Event::Recorded(record.clone()), at(2)).changed);
        assert!(!state.update(Event::Recorded(record), at(2)).changed, "twice is once");
    }
    state
}

#[test]
fn an_interrupted_rollback_is_shown_and_goes_on_from_where_it_was() {
    let mut state = opened(&[StepState::Observed], None);
    assert!(state.unfinished().is_some() && state.shown().is_some());
    let effects = fired(&mut state, 10);
    let [Effect::Fire(order)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(order.resumed, state.execution);
}

#[test]
fn a_step_in_doubt_is_asked_about_and_the_answer_goes_along() {
    let mut state = opened(&[StepState::Issued], None);
    arm(&mut state, 10);
    assert!(state.said.as_deref().unwrap().contains("answer `done`, `not-done` or `skip`"));
    assert_eq!(state.guard, Guard::Safe);
    state.update(Event::Arm { bound: Vec::new(), chance: 3, over: false, answer: Some(Answer::NotDone) }, at(11));
    assert_eq!(state.armed.as_ref().and_then(|order| order.answer), Some(Answer::NotDone));
}

#[test]
fn one_that_ended_gives_way_to_the_plan_of_another_change_or_when_asked_to() {
    let mut state = opened(&[StepState::Failed], Some(RollbackEnd::Failed));
    assert!(state.unfinished().is_some());
    state.update(Event::Arm { bound: Vec::new(), chance: 0, over: true, answer: None }, at(3));
    assert_eq!(state.armed.as_ref().map(|order| order.resumed.is_none()), Some(true));
    let mut other = plan();
    other.undoes.pop();
    state.update(Event::Plan(seen(other, 2, at(4))), at(4));
    assert_eq!((state.unfinished(), state.shown()), (None, None));
}

#[test]
fn what_the_executor_tells_is_what_is_shown() {
    let mut state = ready();
    fired(&mut state, 10);
    let records = records(&[StepState::Issued], None);
    for record in records {
        state.update(Event::Progress(Progress::Recorded(record)), at(13));
    }
    let lines = vec!["pod deleted".to_owned()];
    state.update(Event::Progress(Progress::Output(Batch { lines, skipped: 0 })), at(14));
    state.update(Event::Progress(Progress::Looking("the world says v2.4.2".into())), at(15));
    assert_eq!((state.output.len(), state.looking.is_some()), (1, true));
    assert_eq!(state.update(Event::Stop, at(16)).effects, [Effect::StopAfterStep]);
    assert!(state.update(Event::Stop, at(17)).effects.is_empty());
    state.update(Event::Progress(Progress::Ended(RollbackEnd::Stopped)), at(18));
    assert_eq!((state.running, state.stopping, state.looking.clone()), (false, false, None));
}

#[test]
fn a_refusal_and_a_dead_journal_are_told() {
    let mut state = ready();
    fired(&mut state, 10);
    state.update(Event::Progress(Progress::Refused("bo holds the lock".into())), at(13));
    assert_eq!((state.running, state.said.as_deref()), (false, Some("bo holds the lock")));
    fired(&mut state, 20);
    let plan = plan();
    let entry = Entry::RollbackFired {
        plan: plan.hash(),
        steps: serde_json::to_value(&plan).unwrap(),
        target: "v2.4.1".into(),
    };
    let why = "unjournaled: disk full".to_owned();
    state.update(Event::Progress(Progress::Unjournaled { entry, by: "ana".into(), at: at(23), why }), at(23));
    assert!(state.execution.as_ref().unwrap().unjournaled);
}

#[test]
fn a_rollback_of_another_cockpit_is_shown_and_not_raced() {
    let mut state = opened(&[StepState::Issued], None);
    assert!(state.update(Event::Held(Some("bo, step 1".into())), at(9)).changed);
    assert_eq!(state.readiness(at(9)), Readiness::Running);
    assert!(arm(&mut state, 10).effects.is_empty());
    assert_eq!(state.said.as_deref(), Some("another rollback runs: bo, step 1"));
    assert!(!state.update(Event::Held(Some("bo, step 1".into())), at(11)).changed);
}

#[test]
fn the_hand_and_the_incident_may_have_different_clocks() {
    // A drill a year later, ten times as fast: the plan is 55 s old on its clock, then 65 s.
    let (world, hand) = (|second: i64| at(31_536_000 + second), at);
    let mut state = State::default();
    state.update_by_hand(Event::Plan(seen(plan(), 1, world(0))), world(0), hand(0));
    let arm = || Event::Arm { bound: Vec::new(), chance: 6, over: false, answer: None };
    state.update_by_hand(arm(), world(55), hand(6));
    let letter = Event::Input(Input::Key(Key::Char(state.guard.armed().unwrap().letter())));
    let mut late = state.clone();
    state.update_by_hand(letter.clone(), world(59), hand(7));
    let fired = state.update_by_hand(Event::Input(Input::Moment), world(59), hand(8));
    assert!(matches!(&fired.effects[..], [Effect::Fire(_)]));
    late.update_by_hand(letter, world(65), hand(7));
    assert_eq!((late.running, late.said.as_deref()), (false, Some("rollback disarmed: the plan changed")));
}

#[test]
fn a_question_about_a_step_goes_when_its_end_is_on_record() {
    let mut state = opened(&[StepState::Issued], None);
    arm(&mut state, 20);
    assert!(state.said.as_ref().unwrap().contains("may have taken effect"), "{:?}", state.said);
    let later = records(&[StepState::Issued, StepState::Observed], None).pop().unwrap();
    state.update(Event::Recorded(later), at(21));
    assert_eq!(state.said, None);
}
