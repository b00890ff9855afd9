use std::fmt::Write as _;

use serde_json::json;

use super::super::tests::{now, seen};
use super::*;
use crate::evidence::{Failure, Generation, Observation};
use crate::ui::theme::Theme;

fn state(status: serde_json::Value) -> State {
    let evidence = seen(status).seen("test", now(), Duration::from_secs(5));
    let mut state = State::default();
    state.seen.observe(Observation::Seen(Generation(1), Box::new(evidence)));
    state
}

/// The lines at three widths and two heights, and in ASCII.
fn pictures(state: &State, after: i64) -> String {
    let mut text = String::new();
    for (width, height, ascii) in [(52, 10, false), (78, 10, false), (78, 40, true), (158, 40, false)] {
        let theme = Theme { ascii, ..Theme::default() };
        let ctx = Ctx { now: now() + jiff::SignedDuration::from_secs(after), theme: &theme };
        let _ = writeln!(text, "-- {width} x {height}");
        for line in lines(state, &ctx, width, height) {
            let line = line.to_string();
            assert!(cells(&line) <= usize::from(width), "too wide: {line}");
            assert!(!ascii || line.replace('…', "").is_ascii(), "not ASCII: {line}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

#[test]
fn at_a_pause_it_says_for_whom_it_waits() {
    insta::assert_snapshot!(pictures(&state(json!({})), 3));
}

#[test]
fn a_timed_pause_counts_down_and_a_bad_metric_is_told() {
    insta::assert_snapshot!(pictures(&state(json!({"currentStepIndex": 3})), 60));
    insta::assert_snapshot!(pictures(
        &state(json!({"pauseConditions": null, "phase": "Progressing", "currentStepIndex": 4})),
        3
    ));
}

#[test]
fn aborted_promoted_pending_and_old_are_told_apart() {
    insta::assert_snapshot!(pictures(&state(json!({"abort": true, "phase": "Degraded", "pauseConditions": null})), 3));
    insta::assert_snapshot!(pictures(
        &state(json!({"stableRS": "new", "phase": "Healthy", "pauseConditions": null})),
        60
    ));
    let mut pending = state(json!({}));
    pending.ask(Act::Promote, None, now(), now());
    insta::assert_snapshot!(pictures(&pending, 1));
}

#[test]
fn without_a_rollout_there_is_no_line_and_a_failure_is_one() {
    assert_eq!(pictures(&State::default(), 0).lines().count(), 4);
    let mut state = State::default();
    let what = "`kubectl get …`: it ended with 1: Unable to connect to the server".to_owned();
    state.seen.observe(Observation::Failed(Generation(1), Failure { what, remedy: None, at: now(), retry_at: None }));
    let text = pictures(&state, 0);
    assert!(text.contains("rollout: `kubectl"), "{text}");
}

#[test]
fn many_steps_give_way_around_the_one_under_way() {
    let steps: Vec<_> = (1..=40).map(|n| json!({"setWeight": n * 2})).collect();
    let mut answers = super::super::tests::answers(json!({"currentStepIndex": 20, "pauseConditions": null}));
    answers[0]["spec"]["strategy"]["canary"]["steps"] = json!(steps);
    let rollout = super::super::read(&super::super::tests::argo(), &answers, now()).unwrap();
    let theme = Theme { ascii: true, ..Theme::default() };
    for width in [20, 52, 78, 158] {
        let line = stepper(&rollout, &Ctx { now: now(), theme: &theme }, width).to_string();
        assert!(line.contains("[42%]") && cells(&line) <= width, "{width}: {line}");
    }
}
