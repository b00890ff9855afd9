use jiff::SignedDuration;

use super::*;
use crate::checklist::fixture::{World, minute, oid};
use crate::incident::{Entry, Stage};

#[test]
fn a_tick_satisfies_what_no_evidence_tells() {
    let world = World::go(Stage::Develop);
    let gate = world.gate("b8");
    assert_eq!((gate.state, gate.by), (GateState::Satisfied, Some(By::Person)));
    assert_eq!(gate.why, "bob: seen");
    assert_eq!(gate.said.unwrap().head, Some(oid('3')));
}

#[test]
fn one_more_commit_turns_ticks_about_the_change_amber_and_leaves_the_others() {
    let mut world = World::go(Stage::Monitor);
    world.push();
    let reviewed = world.gate("b9");
    assert_eq!((reviewed.state, reviewed.by), (GateState::Stale, None));
    assert_eq!(reviewed.why, "bob: seen; that was 3333333, and the tip is 9999999 now");
    assert_eq!(world.gate("d2").state, GateState::Satisfied);
}

#[test]
fn an_override_about_the_change_does_not_outlive_it() {
    let mut world = World::go(Stage::Develop);
    world.edit_change(|report| report.commits[0].foreign = true);
    assert_eq!(world.gate("b2").state, GateState::Failed);
    world.waive("b2", "agreed with the owner");
    let gate = world.gate("b2");
    assert_eq!((gate.state, gate.by), (GateState::Overridden, Some(By::Person)));
    assert_eq!(gate.why, "overridden by ana: agreed with the owner");
    world.edit_change(|report| report.head.oid = Some(oid('9')));
    let gate = world.gate("b2");
    assert_eq!((gate.state, gate.by), (GateState::Failed, None), "the evidence speaks again");
    assert!(gate.why.contains("that was 3333333"), "{}", gate.why);
}

#[test]
fn evidence_that_holds_needs_no_override() {
    let mut world = World::go(Stage::Develop);
    world.waive("b1", "in a hurry");
    let gate = world.gate("b1");
    assert_eq!((gate.state, gate.by), (GateState::Satisfied, Some(By::Evidence)));
    assert!(gate.said.is_some(), "what was said stays visible");
}

#[test]
fn an_override_without_a_reason_does_not_count() {
    let mut world = World::go(Stage::Develop);
    world.edit_change(|report| report.commits[0].merge = true);
    world.waive("b2", " ");
    let gate = world.gate("b2");
    assert_eq!(gate.state, GateState::Failed);
    assert!(gate.why.contains("without a reason"));
}

#[test]
fn a_tick_from_before_any_commit_proves_nothing_of_one() {
    let mut world = World::go(Stage::Develop);
    let entry = Entry::Ticked { item: "b8".into(), note: Some("seen".into()), head: None };
    world.record(minute(99), "bob", &entry);
    let gate = world.gate("b8");
    assert_eq!(gate.state, GateState::Stale);
    assert!(gate.why.contains("names no commit"));
}

#[test]
fn a_tick_cannot_be_checked_while_git_is_silent() {
    let mut world = World::go(Stage::Develop);
    world.now += SignedDuration::from_mins(10);
    let gate = world.gate("b8");
    assert_eq!(gate.state, GateState::Stale);
    assert!(gate.why.contains("git does not tell"));
}

#[test]
fn a_tick_that_lasts_for_a_time_is_not_asked_for_again_in_a_later_stage() {
    let mut world = World::go(Stage::Deploy);
    world.now += SignedDuration::from_mins(31);
    world.refresh();
    assert_eq!(world.gate("c5").state, GateState::Stale);
    world.enter(world.now, Stage::Monitor);
    assert_eq!(world.gate("c5").state, GateState::Satisfied);
}

#[test]
fn an_untick_takes_the_word_back() {
    let mut world = World::go(Stage::Develop);
    world.record(world.now, "bob", &Entry::Unticked { item: "b8".into(), note: None });
    assert_eq!(world.gate("b8").state, GateState::Open);
}

#[test]
fn what_a_person_said_cannot_move_the_cursor() {
    let mut world = World::go(Stage::Develop);
    let note = Some("ok\u{1b}[2J\nfine".to_owned());
    world.record(minute(99), "b\u{202e}ob", &Entry::Ticked { item: "b8".into(), note, head: Some(oid('3')) });
    let gate = world.gate("b8");
    assert!(!gate.why.chars().any(crate::evidence::text::is_dangerous), "{:?}", gate.why);
}

#[test]
fn a_gate_serialises_by_the_contract() {
    let json = serde_json::to_value(World::go(Stage::Deploy).gate("b6")).unwrap();
    assert_eq!(json["stage"], "develop");
    assert_eq!(json["strength"], "required");
    assert_eq!(json["state"], "satisfied");
    assert_eq!(json["by"], "evidence");
    assert_eq!(json["evidence"]["subject"], oid('3').as_str());
    assert_eq!(json["evidence"]["ttl_s"], 300);
    let json = serde_json::to_value(World::empty().gate("c7")).unwrap();
    assert_eq!(json["state"], "not-applicable");
    assert!(json["by"].is_null() && json["evidence"].is_null());
}
