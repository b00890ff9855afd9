use super::*;
use crate::change::continuity::Tie;
use crate::change::deployed::Running;
use crate::checklist::fixture::{World, oid};
use crate::incident::Stage;

fn states(world: &World) -> Vec<(Name, Tie)> {
    world.look(of).unwrap().links.into_iter().map(|link| (link.name, link.state)).collect()
}

#[test]
fn every_room_feeds_its_link() {
    let mut world = World::go(Stage::Deploy);
    world.edit_change(|report| {
        report.upstream = Some("origin/hotfix/checkout".into());
        report.upstream_oid = Some(oid('3'));
    });
    use Name::{Approved, Canary, Deployed, Pushed, Tested};
    let all = [Pushed, Tested, Approved, Canary, Deployed];
    assert_eq!(states(&world), all.map(|name| (name, Tie::Equal)), "the canary's numbers are those of the tip too");
}

#[test]
fn a_commit_more_breaks_what_the_old_one_earned() {
    let mut world = World::go(Stage::Deploy);
    world.push();
    let chain = world.look(of).unwrap();
    assert_eq!(chain.unbroken, Some(false));
    for name in [Name::Tested, Name::Approved, Name::Deployed] {
        assert_eq!(chain.link(name).unwrap().state, Tie::Different, "{name:?}");
    }
}

#[test]
fn what_was_not_said_is_unknown() {
    let world = World::empty();
    assert!(world.look(of).is_none(), "git has not answered");
    let mut world = World::go(Stage::Assess);
    world.canary = None;
    world.edit_change(|report| report.production.deployed = None);
    world.edit_tests(|report| report.runs.clear());
    let chain = world.look(of).unwrap();
    assert!(chain.link(Name::Canary).is_none(), "no canary is configured");
    assert!(chain.links.iter().all(|link| link.state == Tie::Unknown), "{chain:?}");
    assert_eq!(chain.unbroken, None);
}

#[test]
fn the_canary_itself_says_what_it_runs() {
    let mut world = World::go(Stage::Deploy);
    let mut link = |running: Option<Running>| {
        world.edit_change(|report| report.canary.clone_from(&running));
        world.look(of).unwrap().link(Name::Canary).unwrap().clone()
    };
    let running =
        |digit| Running { said: "v2.4.2".into(), oid: Some(oid(digit)), tree: None, has_fix: Some(digit == '3') };
    assert_eq!(link(Some(running('3'))).state, Tie::Equal);
    let other = link(Some(running('7')));
    assert_eq!((other.state, other.oid), (Tie::Different, Some(oid('7'))), "its word counts, whatever metrics name");
    let unknown = link(Some(Running { oid: None, ..running('3') }));
    assert_eq!(unknown.state, Tie::Unknown);
    assert_eq!(unknown.why, "the canary runs v2.4.2, which this clone does not know: git fetch --tags");
}

#[test]
fn an_override_of_the_review_approves_nothing() {
    let mut world = World::go(Stage::Deploy);
    world.waive("b9", "alone at night");
    let chain = world.look(of).unwrap();
    assert_eq!(chain.link(Name::Approved).unwrap().state, Tie::Unknown);
}
