use super::{assert_gate, state};
use crate::canary::model::{Arm, Scrape, Verdict};
use crate::change::ladder::Level;
use crate::checklist::fixture::{World, minute, rung, seen};
use crate::checklist::model::{By, GateState};
use crate::incident::{About, Delivery, DeliveryState, Entry, NoticeWritten, Severity, Stage};

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

/// One scrape a minute, in which both populations were seen.
fn scraped(world: &mut World, minutes: impl Iterator<Item = i64>) {
    let mut report = world.canary.as_ref().unwrap().value().unwrap().clone();
    let arm = Arm { bad: Some(0.0), total: Some(9.0) };
    report.metrics[0].scrapes = minutes.map(|at| Scrape { at: minute(at), baseline: arm, canary: arm }).collect();
    world.canary = Some(seen(report, "prometheus"));
}

#[test]
fn d1_begins_again_after_a_hole_in_the_numbers() {
    let mut world = World::go(Stage::Monitor);
    scraped(&mut world, (60..100).filter(|at| !(70..72).contains(at)));
    assert_gate(&world, "d1", GateState::Satisfied, "40 of 30 minutes since the monitor stage began");
    scraped(&mut world, (60..100).filter(|at| !(80..84).contains(at)));
    assert_gate(&world, "d1", GateState::Open, "16 of 30 minutes since the numbers came back");
}

#[test]
fn d1_begins_again_after_a_doubt_and_not_after_a_restart() {
    let changed = |from: &str, to: &str| Entry::VerdictChanged {
        metric: "canary".into(),
        from: from.into(),
        to: to.into(),
        why: "x".into(),
    };
    let mut world = World::go(Stage::Monitor);
    world.record(minute(90), "hotfix", &changed("blind", "healthy"));
    assert_eq!(state(&world, "d1"), GateState::Satisfied);
    world.record(minute(91), "hotfix", &changed("suspect", "healthy"));
    assert_gate(&world, "d1", GateState::Open, "9 of 30 minutes since the canary was last in doubt");
}

#[test]
fn d4_has_a_row_for_each_target() {
    let mut world = World::go(Stage::Monitor);
    assert_eq!(state(&world, "d4/main"), GateState::Satisfied);
    let edit =
        |world: &mut World, level| world.edit_change(|report| report.back_merge = vec![rung("release/2.5", level)]);
    for (level, by_tick) in [
        (Level::Ported, GateState::Satisfied),
        (Level::MissingClean, GateState::Open),
        (Level::MissingConflict, GateState::Open),
    ] {
        let mut world = world.clone();
        edit(&mut world, level);
        assert_gate(&world, "d4/release/2.5", GateState::Open, &format!("{level:?}"));
        world.tick("d4/release/2.5", "ana");
        assert_eq!(state(&world, "d4/release/2.5"), by_tick, "{level:?}");
    }
    edit(&mut world, Level::MissingConflict);
    world.defer("d4/release/2.5", "bo", minute(200));
    let gate = world.gate("d4/release/2.5");
    assert_eq!((gate.state, gate.by), (GateState::Satisfied, Some(By::Person)));
    let said = gate.said.unwrap();
    assert_eq!((said.owner.as_deref(), said.due_at), (Some("bo"), Some(minute(200))));
    world.now = minute(201);
    world.refresh();
    assert_gate(&world, "d4/release/2.5", GateState::Stale, "was due, and is not done. bo does it");
}

#[test]
fn d4_asks_about_every_branch_where_no_target_is_known() {
    let mut world = World::go(Stage::Monitor);
    world.edit_change(|report| report.back_merge.clear());
    assert_gate(&world, "d4", GateState::Open, "each active branch");
}

#[test]
fn only_what_may_wait_can_be_handed_over() {
    let mut world = World::go(Stage::Monitor);
    world.unsay("d2");
    world.defer("d2", "bo", minute(200));
    assert_gate(&world, "d2", GateState::Open, "cannot be handed over");
}

#[test]
fn d7_wants_a_day_that_is_near_enough() {
    let mut world = World::go(Stage::Monitor);
    world.tick_saying("d7", "ana", "soon");
    assert_gate(&world, "d7", GateState::Open, "by 2023-11-21 at the latest");
    world.tick_saying("d7", "ana", "on 2023-11-22");
    assert_gate(&world, "d7", GateState::Failed, "too late");
    world.tick_saying("d7", "ana", "2023-11-21, room 4");
    assert_eq!(state(&world, "d7"), GateState::Satisfied);
    let severity = Some(Severity::Sev1);
    world.record(minute(90), "ana", &Entry::Assessed { impact: None, users: None, workaround: None, severity });
    assert_gate(&world, "d7", GateState::Failed, "by 2023-11-17 at the latest");
}

#[test]
fn d8_wants_a_link() {
    let mut world = World::go(Stage::Monitor);
    world.tick_saying("d8", "ana", "filed");
    assert_gate(&world, "d8", GateState::Open, "a ticket");
    world.tick_saying("d8", "ana", "SHOP-18");
    assert_eq!(state(&world, "d8"), GateState::Satisfied);
}

#[test]
fn d5_wants_the_notice_that_announces_the_end_wherever_it_was_to_go() {
    let mut world = World::go(Stage::Monitor);
    assert_eq!(state(&world, "d5"), GateState::Satisfied);
    world.notice(minute(95), "this is not resolved yet");
    assert_gate(&world, "d5", GateState::Open, "announces the end");
    let text = "It is over.".to_owned();
    world.record(minute(96), "eve", &Entry::NoticeWritten(Box::new(the_end(&text))));
    let gone = |channel: &str, state| {
        Entry::NoticeDelivery(Box::new(Delivery {
            notice: "k9".into(),
            channel: channel.into(),
            state,
            attempt: 1,
            receipt: None,
            detail: None,
            again_at: None,
        }))
    };
    world.record(minute(96), "hotfix", &gone("chat", DeliveryState::Delivered));
    let (channel, about) = ("chat".into(), Some(About::Resolved));
    world.record(minute(96), "hotfix", &Entry::NoticeSent { channel, text, next_update_at: None, about });
    world.record(minute(96), "hotfix", &gone("status page", DeliveryState::Failed));
    assert_gate(&world, "d5", GateState::Open, "did not reach status page");
    world.record(minute(97), "hotfix", &gone("status page", DeliveryState::Delivered));
    assert_gate(&world, "d5", GateState::Satisfied, "It is over.");
}

fn the_end(text: &str) -> NoticeWritten {
    NoticeWritten {
        key: "k9".into(),
        about: About::Resolved,
        text: text.into(),
        next_update_at: None,
        channels: vec!["chat".into(), "status page".into()],
    }
}

#[test]
fn the_notice_of_the_end_does_not_take_that_of_the_deploy_back() {
    let mut world = World::go(Stage::Monitor);
    let about = Some(About::Resolved);
    let (channel, text) = ("chat".into(), "It is over.".into());
    world.record(minute(96), "eve", &Entry::NoticeSent { channel, text, next_update_at: None, about });
    assert_gate(&world, "c4", GateState::Satisfied, "told since the deploy stage began");
}
