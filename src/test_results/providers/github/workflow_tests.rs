//! Workflows that have no check, or not yet.

use serde_json::{Value, json};

use super::fixture::{Hub, World, check, run, run_async, target, verdict};
use crate::test_results::model::Light;

fn workflow(id: u64, number: u64, status: &str, conclusion: Value) -> Value {
    let mut run = run(id, 1, "push");
    (run["run_number"], run["status"], run["conclusion"]) = (json!(number), json!(status), conclusion);
    run["path"] = json!(".github/workflows/ci.yml");
    run
}

fn judged(world: World) -> (Light, String) {
    run_async(async {
        let green = verdict(Hub::start(world).await.remote(|_| {}).look(&target(0)).await.0, 0);
        (green.light, green.why)
    })
}

fn with(runs: &[Value]) -> (Light, String) {
    judged(World { runs: runs.to_vec(), ..World::default() })
}

#[test]
fn one_that_waits_or_cannot_start_is_not_green_whatever_the_others_say() {
    for status in ["queued", "waiting", "requested", "pending", "in_progress"] {
        let (light, why) = with(&[workflow(9, 562, status, Value::Null)]);
        assert_eq!((light, why), (Light::Running, format!("ci: CI #562 says {status}")));
    }
    let ended = |conclusion: &str| with(&[workflow(9, 562, "completed", json!(conclusion))]).0;
    assert_eq!((ended("startup_failure"), ended("failure")), (Light::Red, Light::Red));
    for conclusion in ["action_required", "cancelled", "stale", "odd"] {
        assert_eq!(ended(conclusion), Light::Unknown, "{conclusion}");
    }
    assert_eq!((ended("success"), ended("skipped")), (Light::Green, Light::Green));
}

#[test]
fn a_newer_run_takes_the_place_of_one_that_was_cancelled_and_an_older_one_of_none() {
    let (cancelled, passed) = (json!("cancelled"), json!("success"));
    let newer =
        |number| [workflow(9, 562, "completed", cancelled.clone()), workflow(10, number, "completed", passed.clone())];
    assert_eq!(with(&newer(563)).0, Light::Green);
    assert_eq!(with(&newer(561)).0, Light::Unknown);
    let waits = [workflow(9, 562, "completed", passed.clone()), workflow(10, 563, "queued", Value::Null)];
    assert_eq!(with(&waits).0, Light::Running, "a pending run beside an older one that passed");
}

#[test]
fn jobs_of_one_name_have_to_succeed_each() {
    let checks = vec![check(1, "test", "success"), check(2, "test", "failure"), check(3, "test", "success")];
    assert_eq!(judged(World { checks: checks.clone(), ..World::default() }).0, Light::Red);
    let rules =
        json!([{"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "test"}]}}]);
    assert_eq!(judged(World { checks, rules, ..World::default() }).0, Light::Red);
}

#[test]
fn a_workflow_that_nobody_requires_is_not_waited_for() {
    let rules =
        json!([{"type": "required_status_checks", "parameters": {"required_status_checks": [{"context": "unit"}]}}]);
    let runs = vec![workflow(9, 562, "queued", Value::Null)];
    assert_eq!(judged(World { rules, runs, ..World::default() }).0, Light::Green);
}
