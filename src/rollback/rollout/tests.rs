use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::model::{Act, Phase, Rollout};
use super::*;
use crate::config::load;
use crate::config::uses::Uses;
use crate::rollback::model::StepAction;

pub(super) fn source(text: &str) -> RolloutSource {
    let loaded = load::parse(&format!("[rollout]\n{text}"), Path::new("/repo/hotfix.toml"));
    loaded.unwrap_or_else(|error| panic!("{error}")).config.rollout.unwrap()
}

pub(super) fn argo() -> RolloutSource {
    source("from = \"argo-rollouts\"\nworkload = \"checkout\"\nnamespace = \"shop\"\ncontext = \"prod\"\n")
}

pub(super) fn now() -> Timestamp {
    "2026-11-24T14:00:00Z".parse().unwrap()
}

/// A canary at its pause after 20 %, of which the traffic follows slowly.
pub(super) fn answers(status: Value) -> Vec<Value> {
    let steps = json!([
        {"setWeight": 20}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "10m"}}, {"analysis": {"templates": []}},
    ]);
    let template = json!({"spec": {"containers": [{"image": "r/checkout:v2.5.0"}]}});
    let spec = json!({"replicas": 5, "strategy": {"canary": {"steps": steps}}, "template": template});
    let mut all = json!({
        "phase": "Paused", "message": "CanaryPauseStep", "currentStepIndex": 1, "currentPodHash": "new", "stableRS": "old",
        "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-11-24T13:56:00Z"}],
        "canary": {"weights": {"canary": {"weight": 18}}, "currentBackgroundAnalysisRunStatus": {"name": "checkout-1"}},
        "updatedReplicas": 1, "readyReplicas": 6, "availableReplicas": 6,
    });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), status) {
        all.extend(more);
    }
    let revision = |number: &str, hash: &str, image: &str| {
        json!({"metadata": {"labels": {"rollouts-pod-template-hash": hash}, "ownerReferences": [{"uid": "w"}],
            "annotations": {"rollout.argoproj.io/revision": number}},
            "spec": {"template": {"spec": {"containers": [{"image": image}]}}}})
    };
    let run = json!({"metadata": {"name": "checkout-1", "ownerReferences": [{"uid": "w"}]},
        "spec": {"metrics": [{"name": "error-rate", "failureLimit": 3}]},
        "status": {"metricResults": [{"name": "error-rate", "phase": "Running", "successful": 12, "failed": 1,
            "measurements": [{"value": "[0.4]"}, {"value": "[0.9]"}]}]}});
    let metadata = json!({"uid": "w", "name": "checkout", "labels": {"argocd.argoproj.io/instance": "shop"}});
    vec![
        json!({"metadata": metadata, "spec": spec, "status": all}),
        json!({"items": [revision("7", "old", "r/checkout:v2.4.1"), revision("8", "new", "r/checkout:v2.5.0")]}),
        json!({"items": [run]}),
    ]
}

pub(super) fn seen(status: Value) -> Rollout {
    read(&argo(), &answers(status), now()).unwrap()
}

fn operations(rollout: &Rollout, act: Act) -> Value {
    let step = rollout.controls.of(act).clone().unwrap();
    let StepAction::Run(argv) = &step.action else { panic!("a command") };
    serde_json::from_str(argv.last().unwrap().strip_prefix("--patch=").unwrap()).unwrap()
}

fn refusal(rollout: &Rollout, act: Act) -> String {
    rollout.controls.of(act).clone().unwrap_err()
}

#[test]
fn a_rollout_of_argo_tells_steps_weights_pause_analysis_pods_and_owner() {
    let rollout = seen(json!({}));
    assert_eq!(rollout.steps, ["20%", "pause", "50%", "10m", "analysis"]);
    assert_eq!((rollout.current, rollout.desired, rollout.actual), (Some(1), Some(20), Some(18)));
    assert_eq!(rollout.phase, Phase::Paused);
    let pause = rollout.pause.as_ref().unwrap();
    assert_eq!((pause.lasts, pause.since), (None, Some("2026-11-24T13:56:00Z".parse().unwrap())));
    let analysis = &rollout.analysis[0];
    assert_eq!((analysis.counts, analysis.limit, analysis.value.as_deref()), ([12, 1, 0, 0], Some(3), Some("[0.9]")));
    assert_eq!(rollout.stable.revision.as_deref(), Some("7"));
    assert_eq!(rollout.canary.image.as_deref(), Some("r/checkout:v2.5.0"));
    assert_eq!(rollout.owner.as_deref(), Some("Argo CD application shop"));
}

#[test]
fn a_promotion_holds_only_at_the_step_that_was_on_the_screen() {
    let rollout = seen(json!({}));
    let patch = operations(&rollout, Act::Promote);
    assert_eq!(patch[0], json!({"op": "test", "path": "/status/currentPodHash", "value": "new"}));
    assert_eq!(patch[1], json!({"op": "test", "path": "/status/currentStepIndex", "value": 1}));
    assert_eq!(patch[2], json!({"op": "add", "path": "/status/pauseConditions", "value": null}));
    let look = rollout.controls.promote.unwrap().verify.unwrap();
    assert_eq!(look.equals.as_deref(), Some("2"), "seen when the controller is there");
    let running = seen(json!({"pauseConditions": null, "phase": "Progressing"}));
    assert_eq!(
        operations(&running, Act::Promote)[2],
        json!({"op": "replace", "path": "/status/currentStepIndex", "value": 2})
    );
}

#[test]
fn an_abort_is_for_this_canary_alone_and_none_after_full_promotion() {
    let rollout = seen(json!({}));
    let patch = operations(&rollout, Act::Abort);
    assert_eq!(patch[1], json!({"op": "test", "path": "/status/stableRS", "value": "old"}));
    assert_eq!(patch[2], json!({"op": "add", "path": "/status/abort", "value": true}));
    let promoted = seen(json!({"stableRS": "new", "phase": "Healthy", "pauseConditions": null}));
    assert!(refusal(&promoted, Act::Abort).contains("would be dropped: R rolls back"));
    assert!(refusal(&promoted, Act::Promote).contains("everything runs the new version already"));
    assert_eq!((promoted.desired, promoted.current, promoted.phase), (Some(100), Some(5), Phase::Healthy));
}

#[test]
fn aborted_is_said_by_the_watched_status_alone() {
    assert_ne!(seen(json!({})).phase, Phase::Aborted);
    let aborted = seen(json!({"abort": true, "phase": "Degraded"}));
    assert_eq!((aborted.phase, aborted.desired), (Phase::Aborted, Some(0)));
    assert!(refusal(&aborted, Act::Promote).contains("it was aborted"));
    assert!(refusal(&aborted, Act::Abort).contains("it is aborted already"));
}

#[test]
fn a_rollout_that_a_person_paused_is_resumed_and_not_promoted() {
    let mut answers = answers(json!({}));
    answers[0]["spec"]["paused"] = json!(true);
    let rollout = read(&argo(), &answers, now()).unwrap();
    assert!(refusal(&rollout, Act::Promote).contains("space resumes it"));
    assert_eq!(operations(&rollout, Act::Resume)[0]["value"], json!(false));
    assert!(refusal(&rollout, Act::Pause).contains("paused already"));
}

fn deployment(status: &Value, paused: bool) -> Rollout {
    let source = source("from = \"kubernetes\"\nworkload = \"checkout\"\nnamespace = \"shop\"\n");
    let template = |image: &str| json!({"spec": {"containers": [{"image": image}]}});
    let annotation = |number: &str| json!({"deployment.kubernetes.io/revision": number});
    let metadata = json!({"uid": "w", "generation": 4, "annotations": annotation("8")});
    let spec = json!({"replicas": 4, "paused": paused, "template": template("r/checkout:v2.5.0")});
    let old = json!({"metadata": {"ownerReferences": [{"uid": "w"}], "annotations": annotation("7")},
        "spec": {"template": template("r/checkout:v2.4.1")}, "status": {"replicas": 3}});
    let answers = [json!({"metadata": metadata, "spec": spec, "status": status}), json!({"items": [old]})];
    read(&source, &answers, now()).unwrap()
}

#[test]
fn a_deployment_shows_its_pods_and_can_be_paused() {
    let status = json!({"observedGeneration": 4, "replicas": 5, "updatedReplicas": 2, "readyReplicas": 4, "availableReplicas": 4});
    let rollout = deployment(&status, false);
    assert_eq!((rollout.phase, rollout.actual), (Phase::Progressing, Some(40)));
    assert_eq!(rollout.stable.image.as_deref(), Some("r/checkout:v2.4.1"));
    let StepAction::Run(argv) = rollout.controls.pause.unwrap().action else { panic!("a command") };
    assert_eq!(argv.join(" "), "kubectl --namespace=shop rollout pause deployments.apps/checkout");
    assert!(rollout.controls.abort.unwrap_err().contains("R rolls back"));
    assert_eq!(deployment(&status, true).phase, Phase::Paused);
    let stale = json!({"observedGeneration": 3, "replicas": 4, "updatedReplicas": 4, "availableReplicas": 4});
    assert_eq!(deployment(&stale, false).phase, Phase::Progressing, "the controller has not read the spec yet");
    let late = json!({"observedGeneration": 4, "replicas": 5, "updatedReplicas": 1,
        "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "m"}]});
    assert_eq!(deployment(&late, false).phase, Phase::Failed);
}

#[test]
fn a_canary_of_flagger_shows_its_weight_and_goes_by_itself() {
    let source = source("from = \"flagger\"\nworkload = \"checkout\"\nnamespace = \"shop\"\n");
    let canary = json!({"metadata": {}, "spec": {"analysis": {"stepWeight": 20, "maxWeight": 60, "threshold": 5}},
        "status": {"phase": "Progressing", "canaryWeight": 40, "failedChecks": 2}});
    let rollout = read(&source, &[canary], now()).unwrap();
    assert_eq!((rollout.steps.join(" "), rollout.current, rollout.actual), ("20% 40% 60%".into(), Some(1), Some(40)));
    assert_eq!((rollout.analysis[0].counts[1], rollout.analysis[0].limit), (2, Some(5)));
    assert!(rollout.controls.promote.unwrap_err().contains("Flagger goes by its analysis"));
}

#[test]
fn a_salesforce_deployment_can_be_cancelled_until_it_ends() {
    let source = source("from = \"salesforce\"\norg = \"prod\"\n");
    let report = |status: &str, done: bool| {
        json!({"status": 0, "result": {"id": "0Af1", "status": status, "done": done, "checkOnly": false,
            "numberComponentsDeployed": 12, "numberComponentsTotal": 12, "numberTestsCompleted": 40, "numberTestsTotal": 90}})
    };
    let rollout = read(&source, &[report("InProgress", false)], now()).unwrap();
    assert_eq!((rollout.steps.join(" - "), rollout.current), ("components 12/12 - tests 40/90".into(), Some(1)));
    let StepAction::Run(argv) = rollout.controls.abort.unwrap().action else { panic!("a command") };
    assert_eq!(argv.join(" "), "sf project deploy cancel --target-org prod --use-most-recent --json --async");
    let ended = read(&source, &[report("Succeeded", true)], now()).unwrap();
    assert_eq!((ended.phase, ended.current), (Phase::Healthy, Some(2)));
    assert!(ended.controls.abort.unwrap_err().contains("R rolls back"));
}

fn plain() -> RolloutSource {
    source(
        "from = \"http\"\nurl = \"https://d.example/rollout\"\nsteps = [5, 25, 50, 100]\n\
         set = { url = \"https://d.example/rollout\", json = { weight = \"{weight}\" } }\n",
    )
}

#[test]
fn an_address_that_tells_a_weight_is_enough() {
    let rollout =
        read(&plain(), &[json!({"weight": 5, "stable": "v2.4.1", "canary": "v2.5.0", "settled": true})], now())
            .unwrap();
    assert_eq!((rollout.current, rollout.desired, rollout.phase), (Some(0), Some(5), Phase::Paused));
    let step = rollout.controls.promote.clone().unwrap();
    let StepAction::Http(request) = &step.action else { panic!("a request") };
    assert_eq!(
        (step.name.as_str(), &request.json),
        ("promote from 5% to 25%", &Some(json!({"weight": 25}))),
        "a number"
    );
    assert_eq!(step.verify.unwrap().equals.as_deref(), Some("25"));
    let StepAction::Http(abort) = rollout.controls.abort.unwrap().action else { panic!("a request") };
    assert_eq!(abort.json, Some(json!({"weight": 0})));
    let through = read(&plain(), &[json!({"weight": 100})], now()).unwrap();
    assert_eq!((through.phase, through.current), (Phase::Healthy, Some(4)));
    assert!(through.controls.abort.unwrap_err().contains("R rolls back"));
    assert_eq!(read(&plain(), &[json!({"weight": 0})], now()).unwrap().phase, Phase::Unknown, "never green by silence");
}

#[test]
fn what_tells_nothing_is_a_failure_and_what_is_told_is_clean() {
    for answer in [json!({}), json!("<html>"), json!({"weight": 300}), json!([1])] {
        assert!(read(&plain(), std::slice::from_ref(&answer), now()).is_err(), "{answer}");
    }
    let hostile =
        json!({"phase": "paused", "name": "a\u{1b}]52;c;x\u{7}", "steps": ["\u{202e}x"], "message": "m\u{9b}2J"});
    let rollout = format!("{:?}", read(&plain(), &[hostile], now()).unwrap());
    assert!(!rollout.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']), "{rollout}");
    for bad in [json!({"items": 3}), json!(null), json!({"metadata": 1})] {
        assert!(read(&argo(), &[bad.clone(), bad.clone(), bad], now()).is_err());
    }
}

#[test]
fn a_rollback_engine_brings_its_rollout_and_trust_names_what_steers_it() {
    let text = "[rollback]\nengine = \"argo-rollouts\"\n[rollback.kubernetes]\nworkload = \"c\"\nnamespace = \"n\"\n";
    let config = load::parse(text, Path::new("/repo/hotfix.toml")).unwrap().config;
    assert_eq!(RolloutSource::of(&config).unwrap().interval, Duration::from_secs(5));
    let runs = Uses::of(&config).runs;
    assert!(runs.iter().any(|run| run.argv.contains(&"analysisruns.argoproj.io".to_owned())));
    for (bad, said) in [
        ("from = \"http\"", "needs `url`"),
        ("from = \"flagger\"", "needs `workload` and `namespace`"),
        ("from = \"http\"\nurl = \"https://x.example\"\nsteps = [50, 5]", "rise, and are percentages"),
        ("from = \"command\"\nrun = [\"x\"]\nset_by = [\"x\", \"up\"]", "needs an argument with `{weight}`"),
    ] {
        let error = load::parse(&format!("[rollout]\n{bad}\n"), Path::new("/repo/hotfix.toml")).unwrap_err();
        assert!(error.to_string().contains(said), "{bad}: {error}");
    }
}
