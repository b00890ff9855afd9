use serde_json::json;

use super::super::tests::{now, seen};
use super::*;
use crate::evidence::Generation;

fn state(status: serde_json::Value) -> State {
    let evidence = seen(status).seen("test", now(), Duration::from_secs(5));
    let mut state = State::default();
    state.seen.observe(Observation::Seen(Generation(1), Box::new(evidence)));
    state
}

fn later(seconds: i64) -> Timestamp {
    now() + jiff::SignedDuration::from_secs(seconds)
}

#[test]
fn a_promotion_waits_three_seconds_and_is_taken_back_by_the_same_key() {
    let mut state = state(json!({}));
    assert_eq!(state.ask(Act::Promote, None, now(), now()), Asked::Soon);
    // What is on the screen is true at each moment, and it is told when it is not any more.
    for second in 0..3 {
        assert_eq!(state.due(later(second), later(second)), None);
        assert_eq!(state.pending.as_ref().unwrap().remaining(), Duration::from_secs((3 - second).unsigned_abs()));
        assert_eq!(state.deadline(), Some(later(second + 1)));
    }
    let due = state.due(later(3), later(3)).unwrap().unwrap();
    assert_eq!(due.act, Act::Promote);
    assert_eq!(state.due(later(9), later(9)), None, "once");
    assert_eq!(state.ask(Act::Promote, None, now(), now()), Asked::Soon);
    assert_eq!(state.ask(Act::Promote, None, now(), now()), Asked::TakenBack);
    assert_eq!(state.due(later(9), later(9)), None);
}

#[test]
fn a_rollout_that_moved_meanwhile_is_not_promoted() {
    let mut before = state(json!({}));
    assert_eq!(before.ask(Act::Promote, None, now(), now()), Asked::Soon);
    let moved = seen(json!({"currentStepIndex": 2})).seen("test", now(), Duration::from_secs(5));
    before.seen.observe(Observation::Seen(Generation(2), Box::new(moved)));
    assert!(before.due(later(3), later(3)).unwrap().unwrap_err().contains("not where it was shown"));
}

#[test]
fn what_cannot_be_taken_back_is_guarded_and_a_bad_verdict_wants_a_reason() {
    let mut state = state(json!({}));
    let bad = || Some("the canary is REGRESSED".to_owned());
    assert!(matches!(state.ask(Act::PromoteFully, None, now(), now()), Asked::Guarded(_, None)));
    assert!(matches!(state.ask(Act::Abort, bad(), now(), now()), Asked::Guarded(_, None)), "an abort needs none");
    assert!(matches!(state.ask(Act::Promote, bad(), now(), now()), Asked::Guarded(_, Some(_))));
    assert!(matches!(state.ask(Act::Pause, bad(), now(), now()), Asked::Now(_)), "to wait is always right");
}

#[test]
fn old_news_promotes_nobody_and_still_aborts() {
    let mut state = state(json!({}));
    assert!(matches!(state.ask(Act::Promote, None, later(60), now()), Asked::Refused(why) if why.contains("not seen")));
    assert!(matches!(state.ask(Act::Abort, None, later(60), now()), Asked::Guarded(..)));
    state.running = Some(Act::Abort);
    assert!(matches!(state.ask(Act::Pause, None, now(), now()), Asked::Refused(why) if why.contains("under way")));
    let nothing = State::default().order(Act::Abort, now()).unwrap_err();
    assert!(nothing.contains("see [rollout]"), "{nothing}");
}
