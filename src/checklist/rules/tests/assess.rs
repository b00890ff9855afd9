use super::{assert_gate, just_declared, state};
use crate::change::model::FactState;
use crate::checklist::fixture::{World, fact, minute, seen};
use crate::checklist::model::GateState;
use crate::evidence::{Failure, Generation, Observation, Observed};
use crate::incident::{BrokenGlass, Decision, Entry, Role, Severity, Stage};
use crate::tracker::model::Issue;

#[test]
fn a1_wants_a_ticket() {
    assert_gate(&just_declared(None, Some("SHOP-17")), "a1", GateState::Satisfied, "SHOP-17");
    assert_gate(&just_declared(None, None), "a1", GateState::Open, "no ticket");
    let mut world = World::go(Stage::Develop);
    world.records[0].body["ticket"] = serde_json::Value::Null;
    assert_gate(&world, "a1", GateState::Open, "no ticket");
    world.edit_change(|report| report.facts.push(fact("G12", "ticket", FactState::Ok, "every commit names a ticket")));
    assert_gate(&world, "a1", GateState::Satisfied, "every commit names a ticket");
    assert_gate(&World::empty(), "a1", GateState::Open, "no incident");
}

#[test]
fn a1_wants_an_open_issue_where_a_tracker_is_configured() {
    let issue = |is_open| Issue { id: "SHOP-17".into(), state: Some("odd".into()), is_open, ..Issue::default() };
    let mut world = just_declared(None, Some("SHOP-17"));
    world.tracker = Some(Observed::default());
    assert_gate(&world, "a1", GateState::Open, "the tracker has not answered yet");
    for (is_open, state, why) in [
        (Some(true), GateState::Satisfied, "in the tracker: SHOP-17 [odd]"),
        (None, GateState::Satisfied, "in the tracker: SHOP-17"),
        (Some(false), GateState::Open, "it is closed in the tracker"),
    ] {
        world.tracker = Some(seen(issue(is_open), "jira"));
        assert_gate(&world, "a1", state, why);
    }
    let failure = Failure { what: "there is no SHOP-17".into(), remedy: None, at: world.now, retry_at: None };
    let mut lost = Observed::default();
    lost.observe(Observation::Failed(Generation(1), failure));
    world.tracker = Some(lost);
    assert_gate(&world, "a1", GateState::Open, "there is no SHOP-17");
    world.tick("a1", "ana");
    assert_gate(&world, "a1", GateState::Open, "an address or a ticket");
    world.tick_saying("a1", "ana", "https://tracker.example/17");
    assert_gate(&world, "a1", GateState::Satisfied, "tracker.example/17");
}

#[test]
fn a2_to_a5_want_the_answers() {
    let mut world = just_declared(None, None);
    for id in ["a2", "a3", "a4", "a5"] {
        assert_eq!(state(&world, id), GateState::Open, "{id}");
    }
    let assessed = Entry::Assessed {
        impact: Some("orders are lost".into()),
        users: Some(" ".into()),
        workaround: Some("none".into()),
        severity: Some(Severity::Sev3),
    };
    world.record(minute(1), "ana", &assessed);
    assert_gate(&world, "a2", GateState::Satisfied, "orders are lost");
    assert_gate(&world, "a3", GateState::Open, "nobody has said");
    assert_gate(&world, "a4", GateState::Satisfied, "none");
    assert_gate(&world, "a5", GateState::Satisfied, "SEV3");
}

#[test]
fn a5_is_not_settled_by_a_tick() {
    let mut world = just_declared(None, None);
    world.tick("a5", "ana");
    assert_gate(&world, "a5", GateState::Open, "SEV1 is assumed");
}

#[test]
fn a6_wants_three_persons_at_sev2_and_is_content_with_one_at_sev3() {
    for (severity, expected) in [(Severity::Sev2, GateState::Open), (Severity::Sev3, GateState::Satisfied)] {
        let mut world = just_declared(Some(severity), None);
        assert_gate(&world, "a6", GateState::Open, "commander, ops, comms");
        for role in Role::ALL {
            world.record(minute(1), "ana", &Entry::RoleTaken { role, name: "ana".into() });
        }
        assert_eq!(state(&world, "a6"), expected, "{severity:?}");
    }
}

#[test]
fn a6_is_not_settled_by_a_tick_and_alone_one_breaks_the_glass() {
    let mut world = just_declared(Some(Severity::Sev1), None);
    world.tick("a6", "ana");
    assert_gate(&world, "a6", GateState::Open, "does not outweigh it");
    for role in Role::ALL {
        world.record(minute(1), "ana", &Entry::RoleTaken { role, name: "ana".into() });
    }
    assert_gate(&world, "a6", GateState::Open, "one person holds several roles");
    assert!(world.gate("a6").break_glass);
    let (item, reason, name) = ("a6".into(), "nobody else is awake".into(), "ana".into());
    world.record(minute(2), "ana", &Entry::GlassBroken(Box::new(BrokenGlass { item, reason, name, head: None })));
    assert_gate(&world, "a6", GateState::Overridden, "BREAK GLASS: nobody else is awake");
}

#[test]
fn a7_wants_a_decision_about_the_way() {
    let mut world = just_declared(None, None);
    world.decide(minute(1), Decision::Escalate);
    assert_eq!(state(&world, "a7"), GateState::Open);
    world.decide(minute(2), Decision::FixForward);
    assert_gate(&world, "a7", GateState::Satisfied, "fix forward");
}

#[test]
fn a8_says_when_the_first_notice_is_due_and_when_it_is_overdue() {
    let mut world = just_declared(Some(Severity::Sev2), None);
    assert_gate(&world, "a8", GateState::Open, "due within 15 minutes");
    world.now = minute(16);
    assert_gate(&world, "a8", GateState::Open, "overdue");
    world.notice(minute(17), "we are on it");
    assert_gate(&world, "a8", GateState::Satisfied, "1 notice");
}
