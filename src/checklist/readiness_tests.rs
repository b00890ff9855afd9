use super::*;
use crate::checklist::fixture;
use crate::checklist::fixture::{World, minute};
use crate::evidence::Observed;
use crate::test_results::model::RunState;

fn standing(world: &World) -> Standing {
    world.state().standing().clone()
}

#[track_caller]
fn assert_first(world: &World, readiness: Readiness, words: &str) {
    let standing = standing(world);
    let first = &standing.reasons[0];
    assert!(standing.readiness == readiness && first.contains(words), "{:?}: {first}", standing.readiness);
}

#[test]
fn everything_passed_is_go_in_each_stage() {
    for stage in Stage::ALL {
        let world = World::go(stage);
        let standing = standing(&world);
        assert_eq!((standing.readiness, standing.open), (Readiness::Go, 0), "{stage:?}: {:?}", standing.reasons);
        assert_eq!(standing.next, None);
        assert!(standing.reasons[0].starts_with("all "));
    }
}

#[test]
fn without_an_incident_it_is_no_go_and_says_so() {
    let world = World::empty();
    assert_first(&world, Readiness::NoGo, "no incident is declared");
    assert_eq!(standing(&world).next.as_deref(), Some("declare the incident"));
}

#[test]
fn a_failed_gate_comes_before_a_stale_one_and_that_before_an_open_one() {
    let mut world = World::go(Stage::Develop);
    world.edit_tests(|report| fixture::red(report, "pool_limit"));
    world.edit_tests(|report| report.runs[0].subject = Some(fixture::oid('9')));
    world.edit_change(|report| report.head.oid = Some(fixture::oid('9')));
    let reasons = standing(&world).reasons;
    let ids: Vec<_> = reasons.iter().map(|reason| reason.split(' ').next().unwrap()).collect();
    assert_eq!(ids, ["b6", "b8", "b9", "b7"]);
    assert_eq!(standing(&world).readiness, Readiness::NoGo);
}

#[test]
fn a_gate_of_an_earlier_stage_holds_the_later_one() {
    let mut world = World::go(Stage::Deploy);
    world.edit_change(|report| report.commits[0].foreign = true);
    assert_first(&world, Readiness::NoGo, "b2 ");
}

#[test]
fn a_gate_of_a_later_stage_holds_nothing_yet() {
    let mut world = World::go(Stage::Develop);
    world.plan = None;
    assert_eq!(standing(&world).readiness, Readiness::Go);
    assert!(can_enter(Stage::Deploy, &world.gates()).is_ok());
    let gates = world.gates();
    let holding = can_enter(Stage::Monitor, &gates).unwrap_err();
    assert!(holding.iter().any(|gate| gate.id == "c1"));
}

#[test]
fn a_stage_is_held_by_required_gates_and_freed_by_an_override() {
    let mut world = World::go(Stage::Develop);
    world.edit_change(|report| report.commits[0].merge = true);
    let gates = world.gates();
    let held: Vec<_> = can_enter(Stage::Deploy, &gates).unwrap_err().iter().map(|gate| gate.id.as_str()).collect();
    assert_eq!(held, ["b2"]);
    world.waive("b2", "a merge of production itself");
    assert!(can_enter(Stage::Deploy, &world.gates()).is_ok());
    assert!(can_enter(Stage::Assess, &gates).is_ok());
}

#[test]
fn only_data_missing_is_not_enough_data() {
    let mut world = World::go(Stage::Deploy);
    world.watch(Verdict::Collecting);
    assert_first(&world, Readiness::NotEnoughData, "c7 ");
    world.watch(Verdict::Blind);
    assert_first(&world, Readiness::NotEnoughData, "blind");
    world.canary = Some(Observed::default());
    assert_first(&world, Readiness::NotEnoughData, "nothing was asked");
    world.edit_tests(|report| {
        report.runs[0].complete = false;
        report.runs[0].state = RunState::Writing;
    });
    assert_eq!(standing(&world).open, 2);
    assert_eq!(standing(&world).readiness, Readiness::NotEnoughData);
    world.edit_change(|report| report.commits[0].merge = true);
    assert_eq!(standing(&world).readiness, Readiness::NoGo);
}

#[test]
fn a_regressed_canary_says_roll_back_before_anything_else() {
    let mut world = World::go(Stage::Deploy);
    world.watch(Verdict::Regressed);
    world.edit_change(|report| report.commits[0].foreign = true);
    assert_first(&world, Readiness::RollBack, "the canary regressed: error rate");
    assert!(standing(&world).next.unwrap().starts_with("roll back"));
    world.now = minute(1_000);
    assert_first(&world, Readiness::RollBack, "the canary regressed");
}

#[test]
fn a_rollback_that_ended_since_answers_it() {
    let mut world = World::go(Stage::Deploy);
    world.watch(Verdict::Regressed);
    world.roll_back(minute(69), RollbackEnd::Verified);
    assert_eq!(standing(&world).readiness, Readiness::RollBack, "that one was before");
    world.roll_back(minute(75), RollbackEnd::Failed);
    assert_eq!(standing(&world).readiness, Readiness::RollBack);
    assert_eq!(standing(&world).reasons[1], "the last rollback failed");
    world.roll_back(minute(76), RollbackEnd::IssuedNotVerified);
    assert_first(&world, Readiness::NoGo, "not verified");
    world.roll_back(minute(77), RollbackEnd::Verified);
    assert_first(&world, Readiness::NoGo, "rolled back, verified");
}

#[test]
fn a_regressed_verdict_without_a_time_is_taken_for_a_new_one() {
    let mut world = World::go(Stage::Deploy);
    let mut report = fixture::canary(Verdict::Regressed);
    report.regressed_at = None;
    world.canary = Some(fixture::seen(report, "prometheus"));
    world.roll_back(minute(77), RollbackEnd::Verified);
    assert_eq!(standing(&world).readiness, Readiness::RollBack);
}

#[test]
fn counts_are_of_the_gates_that_matter_now() {
    let world = World::go(Stage::Assess);
    assert_eq!((standing(&world).required, standing(&world).advised_open), (8, 0));
    let world = World::go(Stage::Develop);
    // b1, b2, b6, b8, b9 and b10; b3 and b5 are advised, b4 and b7 do not apply.
    assert_eq!(standing(&world).required, 8 + 6);
}
