use std::time::Duration;

use super::why;
use crate::checklist::fixture::{World, minute, oid};
use crate::checklist::model::GateState;
use crate::evidence::{Failure, Freshness, Generation, Observation, Observed};
use crate::incident::Stage;

#[test]
fn a_source_that_fails_is_told_and_never_green() {
    let mut world = World::go(Stage::Deploy);
    let failure = Failure { what: "connection refused".into(), remedy: None, at: world.now, retry_at: None };
    let mut canary = Observed::default();
    canary.observe(Observation::Failed(Generation(1), failure));
    world.canary = Some(canary);
    let gate = world.gate("c7");
    assert_eq!((gate.state, gate.awaits_data), (GateState::Open, true));
    assert!(why(&world, "c7").contains("connection refused"));
}

#[test]
fn a_source_that_loads_is_waited_for() {
    let mut world = World::go(Stage::Develop);
    world.change = Observed::default();
    world.change.observe(Observation::Started(Generation(1)));
    assert_eq!(world.change.freshness(world.now), Freshness::Loading);
    let gate = world.gate("b1");
    assert_eq!((gate.state, gate.awaits_data), (GateState::Open, true));
}

#[test]
fn evidence_says_where_and_when_it_was_seen() {
    let world = World::go(Stage::Deploy);
    let evidence = world.gate("b6").evidence.unwrap();
    assert_eq!(evidence.source, "junit");
    assert_eq!(evidence.subject, Some(oid('3')));
    assert_eq!(evidence.observed_at, Some(minute(99)));
    assert_eq!(evidence.ttl_s, Some(Duration::from_secs(300).as_secs()));
}
