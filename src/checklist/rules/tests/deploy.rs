use jiff::SignedDuration;

use super::{assert_gate, state};
use crate::canary::model::Verdict;
use crate::change::model::FactState;
use crate::checklist::fixture::{World, fact, file, minute, oid, seen};
use crate::checklist::model::GateState;
use crate::evidence::{Evidence, Observed, Subject};
use crate::incident::{Decision, Entry, Stage};
use crate::journal::record::Record;
use crate::rollback::model::{Class, StepAction, Version};
use crate::test_results::model::Ci;

#[test]
fn c1_follows_the_plan() {
    let mut world = World::go(Stage::Deploy);
    assert_gate(&world, "c1", GateState::Satisfied, "to v2.4.1 in 1 step, clean");
    let mut plan = world.plan.as_ref().unwrap().value().unwrap().clone();
    plan.class = Class::Unsafe;
    world.plan = Some(seen(plan.clone(), "hotfix.toml"));
    assert_gate(&world, "c1", GateState::Open, "plan B");
    world.tick_saying("c1", "bob", " ");
    assert_gate(&world, "c1", GateState::Open, "does not say what was seen");
    world.tick_saying("c1", "bob", "plan B: restore the snapshot of 14:00");
    assert_eq!(state(&world, "c1"), GateState::Satisfied);
    plan.steps.clear();
    world.plan = Some(seen(plan, "hotfix.toml"));
    assert_gate(&world, "c1", GateState::Open, "no steps");
    world.plan = None;
    assert_gate(&world, "c1", GateState::Satisfied, "bob");
}

#[test]
fn c2_wants_a_rehearsal_of_this_very_plan() {
    let mut world = World::go(Stage::Deploy);
    assert_eq!(state(&world, "c2"), GateState::Open);
    let plan = world.plan.as_ref().unwrap().value().unwrap().hash();
    let rehearsed =
        |plan: &str, passed| Entry::RollbackRehearsed { plan: plan.into(), steps: None, passed, detail: "-".into() };
    world.record(minute(50), "bob", &rehearsed(&plan, false));
    assert_eq!(state(&world, "c2"), GateState::Failed);
    world.record(minute(51), "bob", &rehearsed("another", true));
    assert_gate(&world, "c2", GateState::Failed, "failed");
    let only = std::mem::replace(&mut world, World::go(Stage::Deploy));
    world.record(minute(51), "bob", &rehearsed("another", true));
    assert_gate(&world, "c2", GateState::Stale, "changed");
    world = only;
    world.record(minute(52), "bob", &rehearsed(&plan, true));
    assert_eq!(state(&world, "c2"), GateState::Satisfied);
    world.now = minute(52) + SignedDuration::from_hours(721);
    world.refresh();
    assert_gate(&world, "c2", GateState::Stale, "too old");
}

#[test]
fn c2_knows_what_was_rehearsed_before_this_incident_and_between_other_versions() {
    let mut world = World::go(Stage::Deploy);
    let plan = world.plan.as_ref().unwrap().value().unwrap().clone();
    let mut before = plan.clone();
    before.steps[0].action = StepAction::Run(vec!["deploy".into(), "v2.3.9".into()]);
    before.to = Version { reference: "v2.3.9".into(), oid: Some(oid('7')) };
    assert_ne!(before.hash(), plan.hash());
    let (hash, steps) = (before.hash(), Some(before.steps_hash()));
    let entry = Entry::RollbackRehearsed { plan: hash, steps, passed: true, detail: "-".into() };
    let earlier = minute(0) - SignedDuration::from_hours(24 * 7);
    world.records.push(Record::chain(entry.draft("another-incident", "bob", earlier), 999, "-"));
    assert_gate(&world, "c2", GateState::Satisfied, "rehearsed with these same steps");
    world.now += SignedDuration::from_hours(24 * 24);
    world.refresh();
    assert_gate(&world, "c2", GateState::Stale, "too old");
}

#[test]
fn c3_holds_the_stage_when_a_migration_is_in_it() {
    let mut world = World::go(Stage::Deploy);
    assert!(!world.gate("c3").is_blocking());
    world.edit_change(|report| report.changes.push(file("db/migrate/1.sql", &["migration"])));
    assert!(world.gate("c3").is_blocking());
    world.tick("c3", "bob");
    assert_eq!(state(&world, "c3"), GateState::Satisfied);
    world.now += SignedDuration::from_hours(25);
    world.refresh();
    assert_eq!(state(&world, "c3"), GateState::Stale);
}

#[test]
fn c4_wants_a_notice_of_this_deploy() {
    let mut world = World::go(Stage::Deploy);
    assert_gate(&world, "c4", GateState::Satisfied, "deploying");
    world.enter(minute(80), Stage::Develop);
    world.enter(minute(90), Stage::Deploy);
    assert_gate(&world, "c4", GateState::Open, "since the deploy stage began");
    assert_gate(&World::go(Stage::Develop), "c4", GateState::Open, "has not begun");
    let (channel, text) = ("chat".to_owned(), "deploying".to_owned());
    world.record(minute(91), "eve", &Entry::NoticeSent { channel, text, next_update_at: None, about: None });
    assert_gate(&world, "c4", GateState::Open, "names no next update");
}

#[test]
fn c5_asks_a_person_and_asks_again_after_half_an_hour() {
    let mut world = World::go(Stage::Deploy);
    assert_eq!(state(&world, "c5"), GateState::Satisfied);
    world.now += SignedDuration::from_mins(31);
    world.refresh();
    assert_gate(&world, "c5", GateState::Stale, "too long ago");
    world.now = minute(100);
    world.edit_change(|report| {
        report.facts.retain(|fact| fact.id != "G22");
        report.facts.push(fact("G22", "rivals", FactState::Bad, "hotfix/login is ahead too"));
    });
    assert_gate(&world, "c5", GateState::Failed, "hotfix/login");
}

#[test]
fn c5_tells_how_long_a_validation_holds_and_fails_when_it_has_expired() {
    let mut world = World::go(Stage::Deploy);
    world.unsay("c5");
    let ci = |minutes| Some(Box::new(Ci { valid_until: Some(minute(minutes)), ..Ci::default() }));
    world.edit_tests(|report| report.runs[0].ci = ci(130));
    assert_gate(&world, "c5", GateState::Open, "the validation of unit holds until 2023-11-15 00:23 UTC");
    world.edit_tests(|report| report.runs[0].ci = ci(100));
    world.tick("c5", "bob");
    assert_gate(&world, "c5", GateState::Failed, "expired at 2023-11-14 23:53 UTC");
}

#[test]
fn c6_and_c9_follow_their_facts() {
    let mut world = World::go(Stage::Deploy);
    assert_eq!(state(&world, "c9"), GateState::Satisfied);
    world.edit_change(|report| report.facts.retain(|fact| fact.id != "G20"));
    assert_eq!(state(&world, "c9"), GateState::Open);
    world.edit_change(|report| report.facts.push(fact("G20", "f", FactState::Bad, "not so")));
    assert_eq!(state(&world, "c9"), GateState::Failed);
}

#[test]
fn c6_compares_what_is_deployed_with_what_was_tested() {
    let mut world = World::go(Stage::Deploy);
    assert_eq!(state(&world, "c6"), GateState::Satisfied);
    world.edit_tests(|report| report.runs.iter_mut().for_each(|run| (run.subject, run.tree) = (Some(oid('8')), None)));
    assert_eq!(state(&world, "c6"), GateState::Failed, "deployed, and never tested");
    let mut world = World::go(Stage::Deploy);
    world.edit_tests(|report| report.runs.iter_mut().for_each(|run| run.subject = None));
    assert_eq!(state(&world, "c6"), GateState::Open, "nobody knows what was tested");
    let mut world = World::go(Stage::Deploy);
    let running = |report: &mut crate::change::model::Report, digit: Option<char>| {
        let tree = digit.map(oid);
        report.production.deployed.iter_mut().for_each(|it| (it.oid, it.tree) = (digit.map(oid), tree.clone()));
    };
    world.edit_change(|report| running(report, Some('1')));
    assert_eq!(state(&world, "c6"), GateState::Open, "production runs the version before");
    world.edit_change(|report| running(report, None));
    assert_eq!(state(&world, "c6"), GateState::Open, "production runs what git does not know");
    world.edit_change(|report| report.production.deployed = None);
    assert_eq!(state(&world, "c6"), GateState::Open, "nobody asks production");
}

#[test]
fn c7_takes_healthy_alone_and_only_long_enough() {
    let mut world = World::go(Stage::Deploy);
    assert_gate(&world, "c7", GateState::Satisfied, "700 of 500 requests, 40 of 10 minutes");
    for (verdict, state, awaits_data) in [
        (Verdict::Collecting, GateState::Open, true),
        (Verdict::Blind, GateState::Open, true),
        (Verdict::Suspect, GateState::Open, false),
        (Verdict::Environment, GateState::Open, false),
        (Verdict::Regressed, GateState::Failed, false),
    ] {
        world.watch(verdict);
        world.tick("c7", "bob");
        let gate = world.gate("c7");
        assert_eq!((gate.state, gate.awaits_data), (state, awaits_data), "{verdict:?}");
    }
    world.watch(Verdict::Healthy);
    world.config.canary_requests = Some(701);
    assert_gate(&world, "c7", GateState::Open, "700 of 701 requests");
    world.config.canary_requests = Some(10);
    world.config.canary_minutes = Some(41);
    assert_gate(&world, "c7", GateState::Open, "40 of 41 minutes");
}

#[test]
fn c7_does_not_take_old_numbers_except_for_bad_news() {
    let mut world = World::go(Stage::Deploy);
    world.now += SignedDuration::from_mins(10);
    assert_eq!(state(&world, "c7"), GateState::Stale);
    world.watch(Verdict::Regressed);
    assert_eq!(state(&world, "c7"), GateState::Failed);
}

#[test]
fn c7_minds_the_commit_where_the_source_names_one() {
    let mut world = World::go(Stage::Deploy);
    world.push();
    assert_eq!(state(&world, "c7"), GateState::Stale);
    let report = world.canary.as_ref().unwrap().evidence().unwrap().clone();
    world.canary = Some(Observed::seen(Evidence { subject: Subject::default(), ..report }));
    assert_eq!(state(&world, "c7"), GateState::Satisfied);
}

#[test]
fn c7_applies_while_there_is_a_canary() {
    let mut world = World::go(Stage::Deploy);
    world.canary = None;
    assert_gate(&world, "c7", GateState::NotApplicable, "no canary is configured");
    let mut world = World::go(Stage::Monitor);
    assert_gate(&world, "c7", GateState::NotApplicable, "over");
    world.watch(Verdict::Regressed);
    assert_eq!(state(&world, "c7"), GateState::Failed);
}

#[test]
fn c8_wants_a_go_for_this_commit() {
    let mut world = World::go(Stage::Deploy);
    assert_gate(&world, "c8", GateState::Satisfied, "ana decided: promote");
    world.decide(minute(60), Decision::Hold);
    assert_gate(&world, "c8", GateState::Open, "no go");
    world.decide(minute(61), Decision::RollBack);
    assert_eq!(state(&world, "c8"), GateState::Failed);
    world.decide(minute(62), Decision::Promote);
    assert_eq!(state(&world, "c8"), GateState::Satisfied);
    world.record(minute(63), "hotfix", &Entry::HeadMoved { from: Some(oid('3')), to: oid('9') });
    assert_gate(&world, "c8", GateState::Open, "for this commit");
}

#[test]
fn c8_wants_a_go_for_each_step_of_the_rollout() {
    let mut world = World::go(Stage::Deploy);
    let moved = |from: Option<&str>, to: &str, through| Entry::RolloutMoved {
        rollout: "checkout".into(),
        from: from.map(str::to_owned),
        to: to.into(),
        through,
    };
    world.record(minute(60), "hotfix", &moved(None, "5 %", false));
    assert_gate(&world, "c8", GateState::Satisfied, "promote");
    world.record(minute(61), "hotfix", &moved(Some("5 %"), "25 %", false));
    assert_gate(&world, "c8", GateState::Open, "nobody has decided go or no-go since checkout came to 25 %");
    world.decide(minute(62), Decision::Promote);
    assert_gate(&world, "c8", GateState::Satisfied, "promote");
    world.record(minute(63), "hotfix", &moved(Some("25 %"), "100 %", true));
    assert_gate(&world, "c8", GateState::Satisfied, "promote");
}
