use super::assert_gate;
use crate::checklist::fixture::{World, minute, oid};
use crate::checklist::model::{By, GateState};
use crate::incident::{BrokenGlass, Entry, Stage};
use crate::test_results::model::{Approval, Ci};

#[test]
fn b9_wants_a_second_pair_of_eyes() {
    let mut world = World::go(Stage::Develop);
    assert_gate(&world, "b9", GateState::Satisfied, "bob");
    for author in ["Ana Lima", "ana", "ANA@example.org", "Ana Lima <ana@example.org>", "A. Lima <ana@example.org>"] {
        world.tick("b9", author);
        assert_gate(&world, "b9", GateState::Failed, "another person");
    }
    world.waive("b9", "alone at night");
    assert_gate(&world, "b9", GateState::Overridden, "alone at night");
}

#[test]
fn b9_knows_committers_and_co_authors_and_takes_nobodys_word_where_git_does_not_tell_them() {
    let mut world = World::go(Stage::Develop);
    world.edit_change(|report| report.people.as_mut().unwrap().push("Bob <bob@example.org>".into()));
    assert_gate(&world, "b9", GateState::Failed, "Bob <bob@example.org>");
    world.edit_change(|report| report.people = None);
    assert_gate(&world, "b9", GateState::Open, "nobody is surely another person");
}

#[test]
fn b9_takes_the_approval_of_the_server_where_it_is_of_this_commit_and_of_no_author() {
    let approve = |world: &mut World, by: &str, is_author: bool| {
        let approval = Approval { by: by.into(), is_author, at: Some(minute(95)), page: None };
        let ci = Ci { approvals: vec![approval], holds_until: Some(minute(200)), ..Ci::default() };
        world.edit_tests(|report| report.runs[0].ci = Some(Box::new(ci)));
    };
    let mut world = World::go(Stage::Develop);
    world.unsay("b9");
    approve(&mut world, "kim", false);
    let gate = world.gate("b9");
    assert_eq!((gate.state, gate.by), (GateState::Satisfied, Some(By::Evidence)), "{}", gate.why);
    assert_eq!(gate.why, "kim approved this commit on unit");
    for (by, is_author) in [("kim", true), ("ana", false)] {
        approve(&mut world, by, is_author);
        assert_gate(&world, "b9", GateState::Open, "nobody has said");
    }
    approve(&mut world, "kim", false);
    world.push();
    assert_gate(&world, "b9", GateState::Open, "nobody has said");
}

#[test]
fn b9_is_passed_by_one_who_is_alone_and_it_stays_loud() {
    let mut world = World::go(Stage::Develop);
    let head = Some(oid('3'));
    let glass = BrokenGlass { item: "b9".into(), reason: "alone at night".into(), name: "ana".into(), head };
    world.record(world.now, "ana", &Entry::GlassBroken(Box::new(glass)));
    assert_gate(&world, "b9", GateState::Overridden, "BREAK GLASS: alone at night");
    let standing = |world: &World| world.incident().unwrap().standing_glass().count();
    assert_eq!(standing(&world), 1);
    world.now += jiff::SignedDuration::from_secs(9);
    world.tick("b9", "bob");
    assert_gate(&world, "b9", GateState::Satisfied, "bob");
    assert_eq!(standing(&world), 0, "somebody has looked at it since");
    assert_eq!(world.incident().unwrap().broken_glass.len(), 1, "it stays on record");
}
