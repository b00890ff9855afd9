//! Several ways back, a second person, and what a failed rollback leaves to choose from.

use super::*;
use crate::config::schema::Policy;
use crate::rollback::choice::{Choice, Held, Needed, Way};
use crate::rollback::fixtures::{choice, plan_of, step};

fn named(name: &str) -> Plan {
    Plan { name: name.into(), ..plan() }
}

fn way(name: &str, held: Held) -> Way {
    Way { name: name.into(), plan: Ok(named(name)), needs: vec![Needed { name: "it is there".into(), held }] }
}

/// Two ways, the second of which fits.
fn two() -> State {
    let ways = vec![way("flag off", Held::No("it is not".into())), way("undo", Held::Yes("it is".into()))];
    let mut state = State::default();
    state.update(Event::Plan(choice(Choice { ways }, 1, at(0))), at(0));
    state
}

fn armed_for(state: &State) -> &str {
    &state.armed.as_ref().unwrap().plan.name
}

fn other(state: &mut State, second: i64) -> Outcome {
    state.update(Event::Other { bound: vec!['R'], chance: 9 }, at(second))
}

#[test]
fn the_way_that_fits_is_armed_and_tab_arms_the_others_with_a_letter_and_a_wait_of_their_own() {
    let mut state = two();
    assert_eq!((state.at(), state.readiness(at(1))), (1, Readiness::Ready));
    arm(&mut state, 1);
    let first = state.guard.armed().unwrap().letter();
    assert_eq!(armed_for(&state), "undo");
    let outcome = other(&mut state, 2);
    assert!(matches!(
        &outcome.effects[..],
        [Effect::Record(Entry::RollbackDisarmed { .. }), Effect::Record(Entry::RollbackArmed { .. })]
    ));
    assert_eq!(armed_for(&state), "flag off");
    let guard = state.guard.armed().unwrap();
    assert_ne!(guard.letter(), first);
    assert!(guard.is_waiting(at(2)) && !guard.was_ready(), "what does not fit wants a reason");
    other(&mut state, 3);
    assert_eq!(armed_for(&state), "undo", "the last one leads to the first");
    state.update(Event::Input(Input::FocusLost), at(4));
    assert_eq!((state.picked.as_deref(), state.at()), (None, 1));
}

#[test]
fn tab_disarms_like_any_other_key_where_there_is_one_way_alone() {
    let mut state = ready();
    arm(&mut state, 1);
    other(&mut state, 2);
    assert!(state.armed.is_none() && state.guard.armed().is_none());
}

#[test]
fn tab_arms_nothing_by_itself() {
    let mut state = two();
    assert_eq!(other(&mut state, 1), Outcome::default());
    assert!(state.guard.armed().is_none());
}

#[test]
fn a_second_person_is_one_who_is_not_at_these_keys() {
    let mut state = ready();
    (state.policy, state.operator) = (Policy::TwoPerson, "ana".into());
    assert!(
        matches!(state.readiness(at(1)), Readiness::NotReady(why) if why.starts_with("a second person must agree"))
    );
    let journal = Memory::default();
    let agreed = |by: &str| {
        let entry = Entry::RollbackAgreed { plan: plan().hash() };
        Event::Recorded(journal.record(entry.draft("i", by, at(2))).unwrap())
    };
    state.update(agreed("ana"), at(2));
    assert!(matches!(state.readiness(at(2)), Readiness::NotReady(_)));
    state.update(agreed("ben"), at(3));
    assert_eq!(state.readiness(at(3)), Readiness::Ready);
}

#[test]
fn a_canary_that_regressed_is_the_reason_on_record() {
    let mut state = ready();
    state.update(Event::CalledFor(Some("the canary regressed (error rate)".into())), at(0));
    arm(&mut state, 1);
    let letter = state.guard.armed().unwrap().letter();
    state.update(Event::Input(Input::Key(Key::Char(letter))), at(2));
    let effects = state.update(Event::Input(Input::Moment), at(3)).effects;
    let [Effect::Record(Entry::Decided { reason, .. }), Effect::Fire(_)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(reason, "the canary regressed (error rate)");
}

/// A rollback by this plan that failed at its second step.
fn failed(state: &mut State, plan: &Plan) {
    let journal = Memory::default();
    let states = [StepState::Verified, StepState::Failed];
    let steps = serde_json::to_value(plan).unwrap();
    let mut entries = vec![Entry::RollbackFired { plan: plan.hash(), steps, target: "v2.4.1".into() }];
    entries.extend((0..).zip(states).map(|(index, state)| Entry::Step {
        plan: plan.hash(),
        index,
        name: plan.steps[index].name.clone(),
        state,
        detail: None,
    }));
    entries.push(Entry::RollbackEnded { plan: plan.hash(), end: RollbackEnd::Failed, detail: "step 2 failed".into() });
    for entry in entries {
        state.update(Event::Recorded(journal.record(entry.draft("i", "ana", at(1))).unwrap()), at(1));
    }
}

#[test]
fn after_a_failed_way_the_next_one_is_offered() {
    let mut state = two();
    failed(&mut state, &named("undo"));
    assert!(state.unfinished().is_some() && state.shown().is_some());
    state.update(Event::Arm { bound: vec!['R'], chance: 0, over: true, answer: None }, at(2));
    assert_eq!(armed_for(&state), "flag off");
}

#[test]
fn what_a_failed_rollback_did_is_taken_back_last_step_first() {
    let with = |name: &str, undo: &str| crate::config::schema::Step {
        compensate: Some(vec!["undo".into(), undo.into()]),
        ..step(name, &["do", name])
    };
    let plan = plan_of(vec![with("one", "1"), with("two", "2"), with("three", "3")], None);
    let mut state = State::default();
    state.update(Event::Plan(seen(plan.clone(), 1, at(0))), at(0));
    state.update(Event::TakeBack { bound: vec!['R'], chance: 0 }, at(0));
    assert!(state.said.as_ref().unwrap().contains("no step that was done"));
    failed(&mut state, &plan);
    state.update(Event::TakeBack { bound: vec!['R'], chance: 0 }, at(5));
    let order = state.armed.as_ref().unwrap();
    let details: Vec<String> = order.plan.steps.iter().map(|step| step.action.detail()).collect();
    assert_eq!(details, ["undo 2", "undo 1"], "what was never begun is left alone");
    assert!(order.plan.is_taking_back() && order.plan.undoes.is_empty());
}
