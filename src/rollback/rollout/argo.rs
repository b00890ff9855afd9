//! A rollout of Argo Rollouts. Each patch holds only while the rollout is where the screen shows it: two operators
//! cannot skip a step together.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kubectl;
use super::model::{Analysis, Controls, Pause, Phase, Pods, Rollout, Side};
use crate::config::schema::{RolloutSource, Verify};
use crate::evidence::text::clean;
use crate::rollback::engine::{Object, Question, look_at, quick};
use crate::rollback::model::Step;

const REVISION: &str = "rollout.argoproj.io/revision";
const HASH: &str = "rollouts-pod-template-hash";
/// The controller works within seconds, unless it is not there at all.
const WITHIN: Duration = Duration::from_secs(20);

pub(super) fn questions(source: &RolloutSource) -> Vec<Question> {
    let ask = |object: &str| Question::Run(kubectl(source, &["get", object, "--output=json"]));
    vec![ask(&source.object()), ask("replicasets.apps"), ask("analysisruns.argoproj.io")]
}

pub(super) fn read(source: &RolloutSource, answers: &[Value], now: Timestamp) -> Result<Rollout, String> {
    let rollout = Object::read(answers.first(), "the rollout").map_err(|error| error.to_string())?;
    let revisions = rollout.owned(answers.get(1), "its revisions").map_err(|error| error.to_string())?;
    let runs = rollout.owned(answers.get(2), "its analysis").map_err(|error| error.to_string())?;
    let (status, spec) = (&rollout.status, &rollout.spec);
    let list: Vec<Value> = spec["strategy"]["canary"]["steps"].as_array().cloned().unwrap_or_default();
    let index = status["currentStepIndex"].as_u64().and_then(|index| usize::try_from(index).ok());
    let is_promoted = status["currentPodHash"] == status["stableRS"];
    let current = if is_promoted { Some(list.len()) } else { index };
    let side = |hash: &Value| {
        let found = revisions.iter().find(|it| it.metadata.labels.get(HASH).map(String::as_str) == hash.as_str());
        let image = found.map(|it| clean(&it.images().join(" ")));
        Side { revision: found.and_then(|it| it.revision(REVISION)).map(|it| it.to_string()), image }
    };
    let name = source.workload.as_deref().unwrap_or_default();
    Ok(Rollout {
        phase: phase(&rollout),
        message: clean(status["message"].as_str().unwrap_or_default()),
        steps: list.iter().map(label).collect(),
        current,
        desired: desired(&rollout, &list, current, is_promoted),
        actual: percent(&status["canary"]["weights"]["canary"]["weight"]),
        pause: pause(status, &list, current, now),
        analysis: runs.iter().filter(|run| is_current(run, status)).flat_map(analysis).collect(),
        pods: Some(pods(&rollout)),
        stable: side(&status["stableRS"]),
        canary: if is_promoted { Side::default() } else { side(&status["currentPodHash"]) },
        owner: rollout.owner(),
        controls: controls(source, &rollout, &list, is_promoted),
        ..Rollout::named(name)
    })
}

fn phase(rollout: &Object) -> Phase {
    let status = &rollout.status;
    // A spec that the controller has not read yet says nothing of its phase.
    let is_read =
        status["observedGeneration"].as_str().is_none_or(|seen| rollout.generation().is_none_or(|it| it == seen));
    match status["phase"].as_str() {
        _ if status["abort"] == true => Phase::Aborted,
        _ if !is_read => Phase::Progressing,
        Some("Healthy") => Phase::Healthy,
        Some("Paused") => Phase::Paused,
        Some("Progressing") => Phase::Progressing,
        Some("Degraded") => Phase::Failed,
        _ => Phase::Unknown,
    }
}

fn percent(value: &Value) -> Option<u8> {
    value.as_u64().and_then(|weight| u8::try_from(weight).ok())
}

/// A step in a word.
fn label(step: &Value) -> String {
    if let Some(weight) = step["setWeight"].as_u64() {
        return format!("{weight}%");
    }
    match (&step["pause"], &step["analysis"], &step["experiment"]) {
        (Value::Object(pause), ..) => match pause.get("duration") {
            Some(Value::String(text)) => clean(text),
            Some(Value::Number(seconds)) => format!("{seconds}s"),
            _ => "pause".into(),
        },
        (_, Value::Object(_), _) => "analysis".into(),
        (.., Value::Object(_)) => "experiment".into(),
        _ => clean(step.as_object().and_then(|it| it.keys().next()).map_or("step", String::as_str)),
    }
}

/// The weight of the last step that set one.
fn desired(rollout: &Object, list: &[Value], current: Option<usize>, is_promoted: bool) -> Option<u8> {
    if rollout.status["abort"] == true {
        return Some(0);
    }
    if is_promoted {
        return Some(100);
    }
    let done = list.get(..=current?.min(list.len().checked_sub(1)?))?;
    Some(done.iter().rev().find_map(|step| percent(&step["setWeight"])).unwrap_or(0))
}

fn pause(status: &Value, list: &[Value], current: Option<usize>, now: Timestamp) -> Option<Pause> {
    let condition = status["pauseConditions"].as_array()?.first()?;
    let since = condition["startTime"].as_str().and_then(|text| text.parse::<Timestamp>().ok()).filter(|at| *at <= now);
    let lasts = current.and_then(|index| list.get(index)).and_then(|step| match &step["pause"]["duration"] {
        Value::Number(seconds) => seconds.as_u64().map(Duration::from_secs),
        Value::String(text) => {
            text.parse().ok().map(Duration::from_secs).or_else(|| crate::config::duration::parse(text))
        }
        _ => None,
    });
    let reason = condition["reason"].as_str().filter(|reason| *reason != "CanaryPauseStep");
    Some(Pause { since, lasts, why: reason.map(clean) })
}

fn pods(rollout: &Object) -> Pods {
    let count = |value: &Value| value.as_u64().unwrap_or(0);
    let status = &rollout.status;
    Pods {
        desired: count(&rollout.spec["replicas"]),
        updated: count(&status["updatedReplicas"]),
        ready: count(&status["readyReplicas"]),
        available: count(&status["availableReplicas"]),
    }
}

/// Whether a run of the analysis is one of those that the rollout names as its present ones.
fn is_current(run: &Object, status: &Value) -> bool {
    let canary = &status["canary"];
    let named = |key: &str| canary[key]["name"].as_str() == Some(run.metadata.name.as_str());
    named("currentStepAnalysisRunStatus") || named("currentBackgroundAnalysisRunStatus")
}

fn analysis(run: &Object) -> Vec<Analysis> {
    let metrics: Vec<&Value> = run.spec["metrics"].as_array().into_iter().flatten().collect();
    let results = run.status["metricResults"].as_array().into_iter().flatten();
    let of = |result: &Value| {
        let text = |value: &Value| clean(value.as_str().unwrap_or_default());
        let count = |key: &str| result[key].as_u64().unwrap_or(0);
        let metric = metrics.iter().find(|metric| metric["name"] == result["name"]);
        let value =
            result["measurements"].as_array().and_then(|all| all.last()).and_then(|last| last["value"].as_str());
        Analysis {
            name: text(&result["name"]),
            phase: text(&result["phase"]),
            value: value.map(clean),
            counts: ["successful", "failed", "inconclusive", "error"].map(count),
            limit: metric.and_then(|metric| metric["failureLimit"].as_u64()),
        }
    };
    results.map(of).collect()
}

fn controls(source: &RolloutSource, rollout: &Object, list: &[Value], is_promoted: bool) -> Controls {
    let (status, is_aborted) = (&rollout.status, rollout.status["abort"] == true);
    let is_paused = rollout.spec["paused"] == true;
    let waits = status["pauseConditions"].as_array().is_some_and(|all| !all.is_empty());
    let hash = json!({"op": "test", "path": "/status/currentPodHash", "value": status["currentPodHash"]});
    let here = json!({"op": "test", "path": "/status/currentStepIndex", "value": status["currentStepIndex"]});
    let of_status = |name: &str, change: Value, fences: &[&Value], look: Verify| {
        let mut operations: Vec<Value> = fences.iter().map(|&fence| fence.clone()).collect();
        operations.push(change);
        Ok(Box::new(patch(source, name, true, &operations, look)))
    };
    let pause = |paused: bool| {
        let change = json!({"op": "add", "path": "/spec/paused", "value": paused});
        let word = if paused { "true" } else { "false" };
        let name = if paused { "pause the rollout" } else { "resume the rollout" };
        Ok(Box::new(patch(source, name, false, &[change], look(source, "{.spec.paused}", word))))
    };
    let index = status["currentStepIndex"].as_u64().unwrap_or(0);
    let is_last = list.is_empty() || index >= list.len() as u64;
    let next = if waits {
        json!({"op": "add", "path": "/status/pauseConditions", "value": null})
    } else {
        json!({"op": "replace", "path": "/status/currentStepIndex", "value": index + 1})
    };
    let through = "everything runs the new version already";
    let unless = |why: Option<&str>, control: super::model::Control| match why {
        Some(why) => Err(why.to_owned()),
        None => control,
    };
    let over =
        if is_promoted { Some(through) } else { is_aborted.then_some("it was aborted: nothing goes out any more") };
    let last = over.or_else(|| is_last.then_some("it is at its last step"));
    let held = last.or_else(|| is_paused.then_some("it is paused by a person: space resumes it"));
    let gone = is_promoted.then_some("it is fully promoted, and an abort would be dropped: R rolls back");
    let moved = look(source, "{.status.currentStepIndex}", &(index + 1).to_string());
    let full = look(source, "{.status.promoteFull}", "true");
    let change = json!({"op": "add", "path": "/status/promoteFull", "value": true});
    let abort = json!({"op": "add", "path": "/status/abort", "value": true});
    let stable = json!({"op": "test", "path": "/status/stableRS", "value": status["stableRS"]});
    Controls {
        promote: unless(held, of_status("promote to the next step", next, &[&hash, &here], moved)),
        fully: unless(over, of_status("promote past all steps", change, &[&hash], full)),
        pause: unless(over.or_else(|| is_paused.then_some("it is paused already")), pause(true)),
        resume: unless((!is_paused).then_some("no person paused it: p promotes past a pause of its own"), pause(false)),
        abort: unless(
            gone.or_else(|| is_aborted.then_some("it is aborted already")),
            of_status("abort the rollout", abort, &[&hash, &stable], look(source, "{.status.abort}", "true")),
        ),
    }
}

fn look(source: &RolloutSource, path: &str, word: &str) -> Verify {
    let argv = kubectl(source, &["get", &source.object(), &format!("--output=jsonpath={path}")]);
    Verify { within: WITHIN, ..look_at(argv, word) }
}

fn patch(source: &RolloutSource, name: &str, is_status: bool, operations: &[Value], verify: Verify) -> Step {
    let (object, body) = (source.object(), format!("--patch={}", Value::Array(operations.to_vec())));
    let status: &[&str] = if is_status { &["--subresource=status"] } else { &[] };
    let args = [&["patch", object.as_str(), "--type=json"][..], status, &[&body]].concat();
    quick(name, kubectl(source, &args), verify)
}
