use super::{assert_gate, state};
use crate::canary::model::Verdict;
use crate::change::ladder::Level;
use crate::checklist::fixture::{World, minute, rung};
use crate::checklist::model::GateState;
use crate::incident::{Entry, Severity, Stage};

#[test]
fn d1_waits_for_the_soak_time_of_the_severity() {
    let mut world = World::go(Stage::Monitor);
    assert_gate(&world, "d1", GateState::Satisfied, "40 of 30 minutes");
    let severity = Some(Severity::Sev1);
    world.record(minute(90), "ana", &Entry::Assessed { impact: None, users: None, workaround: None, severity });
    let gate = world.gate("d1");
    assert_eq!((gate.state, gate.awaits_data), (GateState::Open, true));
    world.watch(Verdict::Suspect);
    assert!(!world.gate("d1").awaits_data);
    world.canary = None;
    assert_gate(&world, "d1", GateState::Open, "dashboards");
    assert_gate(&World::go(Stage::Deploy), "d1", GateState::Open, "has not begun");
}

#[test]
fn d4_follows_the_targets() {
    let mut world = World::go(Stage::Monitor);
    assert_eq!(state(&world, "d4"), GateState::Satisfied);
    for level in [Level::Ported, Level::MissingClean, Level::MissingConflict] {
        world.edit_change(|report| report.back_merge.push(rung("release/2.5", level)));
        assert_gate(&world, "d4", GateState::Open, "release/2.5");
    }
    world.tick("d4", "ana");
    assert_eq!(state(&world, "d4"), GateState::Satisfied, "an owner and a date stand in");
    world.edit_change(|report| report.back_merge.clear());
    world.records.pop();
    assert_gate(&world, "d4", GateState::Open, "each active branch");
}

#[test]
fn d5_wants_the_word() {
    let mut world = World::go(Stage::Monitor);
    assert_eq!(state(&world, "d5"), GateState::Satisfied);
    world.notice(minute(95), "still watching");
    assert_gate(&world, "d5", GateState::Open, "does not say");
}
