use proptest::prelude::*;

use super::*;
use crate::journal::Memory;
use crate::journal::Recorder;
use crate::rollback::fixtures::{at, plan_of, step, verify_run};

/// Three steps: one whose effect can be seen, one that nothing tells of, one that may be repeated.
fn plan() -> Plan {
    let mut seen = step("seen", &["a"]);
    seen.verify = Some(verify_run(&["look"]));
    let mut again = step("again", &["c"]);
    again.idempotent = true;
    plan_of(vec![seen, step("blind", &["b"]), again], Some(verify_run(&["look"])))
}

fn fired(plan: &Plan) -> Entry {
    let steps = serde_json::to_value(plan).unwrap();
    Entry::RollbackFired { plan: plan.hash(), steps, target: "v2.4.1".into() }
}

fn step_entry(plan: &Plan, index: usize, state: StepState) -> Entry {
    Entry::Step { plan: plan.hash(), index, name: plan.steps[index].name.clone(), state, detail: None }
}

fn ended(plan: &Plan, end: RollbackEnd) -> Entry {
    Entry::RollbackEnded { plan: plan.hash(), end, detail: "so".into() }
}

fn fold(entries: &[Entry]) -> Option<Execution> {
    let journal = Memory::default();
    for (second, entry) in (0..).zip(entries) {
        journal.record(entry.draft("i", "ana", at(second))).unwrap();
    }
    Execution::fold(&journal.records())
}

fn at_states(states: &[StepState]) -> Execution {
    let plan = plan();
    let steps = states.iter().enumerate().map(|(index, state)| step_entry(&plan, index, *state));
    fold(&[fired(&plan)].into_iter().chain(steps).collect::<Vec<_>>()).unwrap()
}

#[test]
fn opening_again_shows_how_far_it_came() {
    let plan = plan();
    let entries = [
        fired(&plan),
        step_entry(&plan, 0, StepState::Intent),
        step_entry(&plan, 0, StepState::Issued),
        step_entry(&plan, 0, StepState::Verified),
    ];
    let execution = fold(&entries).unwrap();
    assert_eq!((execution.by.as_str(), execution.fired_at, execution.target.as_str()), ("ana", at(0), "v2.4.1"));
    assert_eq!(execution.plan.as_ref(), Some(&plan));
    assert_eq!((execution.steps[0].begun_at, execution.steps[0].at), (Some(at(1)), Some(at(3))));
    assert_eq!((execution.done(), execution.next()), ((1, 3), Next::Issue(1)));
}

#[test]
fn every_state_says_what_is_next() {
    use StepState::*;
    let cases: &[(&[StepState], Next)] = &[
        (&[], Next::Issue(0)),
        (&[Intent], Next::Look(0)),
        (&[Issued], Next::Look(0)),
        (&[Unknown], Next::Look(0)),
        (&[Failed], Next::Look(0)),
        (&[Observed], Next::Verify(0)),
        (&[Verified], Next::Issue(1)),
        (&[Skipped], Next::Issue(1)),
        (&[Verified, Intent], Next::Ask(1)),
        (&[Verified, Issued], Next::Ask(1)),
        (&[Verified, Failed], Next::Ask(1)),
        (&[Verified, Observed], Next::Issue(2)),
        (&[Verified, Observed, Intent], Next::Issue(2)),
        (&[Verified, Observed, Observed], Next::LastLook),
    ];
    for (states, next) in cases {
        assert_eq!(at_states(states).next(), *next, "{states:?}");
    }
}

#[test]
fn an_end_holds_until_it_goes_on() {
    let plan = plan();
    let mut entries = vec![fired(&plan), step_entry(&plan, 0, StepState::Failed), ended(&plan, RollbackEnd::Failed)];
    assert_eq!(fold(&entries).unwrap().end.unwrap().end, RollbackEnd::Failed);
    entries.push(step_entry(&plan, 0, StepState::Intent));
    assert_eq!(fold(&entries).unwrap().end, None);
    entries.extend((0..3).map(|index| step_entry(&plan, index, StepState::Verified)));
    entries.push(ended(&plan, RollbackEnd::IssuedNotVerified));
    assert_eq!(fold(&entries).unwrap().next(), Next::LastLook);
    entries.push(ended(&plan, RollbackEnd::Verified));
    assert!(!fold(&entries).unwrap().is_unfinished());
}

#[test]
fn without_a_last_look_there_is_nothing_left_after_the_end() {
    let plan = plan_of(vec![step("blind", &["b"])], None);
    let mut entries = vec![fired(&plan), step_entry(&plan, 0, StepState::Observed)];
    assert_eq!(fold(&entries).unwrap().next(), Next::LastLook);
    entries.push(ended(&plan, RollbackEnd::IssuedNotVerified));
    assert_eq!(fold(&entries).unwrap().next(), Next::Nothing);
}

#[test]
fn a_person_answers_for_the_step_in_doubt_alone() {
    let unknown = at_states(&[StepState::Verified, StepState::Unknown]);
    assert_eq!(unknown.answered(Answer::Done), Some((1, StepState::Observed)));
    assert_eq!(unknown.answered(Answer::NotDone), Some((1, StepState::Pending)));
    assert_eq!(unknown.answered(Answer::Skip), Some((1, StepState::Skipped)));
    assert_eq!(at_states(&[StepState::Verified]).answered(Answer::Skip), None, "it was never issued");
}

#[test]
fn a_plan_that_is_not_what_its_hash_says_is_none() {
    let plan = plan();
    let Entry::RollbackFired { mut steps, target, .. } = fired(&plan) else { unreachable!() };
    steps["steps"][0]["action"]["run"][0] = "evil".into();
    let execution = fold(&[Entry::RollbackFired { plan: plan.hash(), steps, target }]).unwrap();
    assert_eq!((execution.plan, execution.steps.len()), (None, 0));
}

#[test]
fn entries_of_another_plan_and_wrong_places_change_nothing() {
    let plan = plan();
    let mut execution = fold(&[fired(&plan)]);
    let other = plan_of(vec![step("x", &["x"])], None);
    assert!(!Execution::apply(&mut execution, &step_entry(&other, 0, StepState::Failed), "bo", at(9)));
    let beyond = Entry::Step { plan: plan.hash(), index: 9, name: "x".into(), state: StepState::Failed, detail: None };
    assert!(!Execution::apply(&mut execution, &beyond, "bo", at(9)));
    assert_eq!(execution, fold(&[fired(&plan)]));
}

fn state() -> impl Strategy<Value = StepState> {
    use StepState::*;
    prop::sample::select(vec![Pending, Intent, Issued, Observed, Verified, Failed, Unknown, Skipped])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, rng_seed: prop::test_runner::RngSeed::Fixed(8), ..ProptestConfig::default() })]

    /// Whatever is on record: a step that was announced and did not come back is issued only if that does no harm.
    #[test]
    fn a_step_in_doubt_is_never_issued_by_itself(states in prop::collection::vec(state(), 3)) {
        let execution = at_states(&states);
        if let Next::Issue(index) = execution.next() {
            let was_never_issued = states[index] == StepState::Pending;
            let is_harmless = execution.plan.as_ref().is_some_and(|plan| plan.steps[index].idempotent);
            prop_assert!(was_never_issued || is_harmless);
        }
    }

    /// Steps are taken in order, and none that is done is taken up again.
    #[test]
    fn what_is_done_stays_done(states in prop::collection::vec(state(), 3)) {
        let execution = at_states(&states);
        if let Some(index) = execution.next_step() {
            let settled = |state: &StepState| matches!(state, StepState::Verified | StepState::Skipped | StepState::Observed);
            prop_assert!(states[..index].iter().all(settled));
        } else {
            prop_assert!(states.iter().all(|state| matches!(state, StepState::Verified | StepState::Skipped | StepState::Observed)));
        }
    }
}
