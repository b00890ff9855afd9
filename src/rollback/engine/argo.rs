//! A rollout of Argo Rollouts: abort while the canary runs, then the old template; after full promotion the old
//! template, promoted at once, because an abort is dropped silently then. Each patch holds only while the rollout is
//! still as the preview saw it: a stale one is refused by the server and does nothing.

use std::time::Duration;

use serde_json::{Value, json};

use super::cluster::{Kubectl, Object, target, warnings};
use super::{Native, Question, Right, Wanted, prints, step};
use crate::config::schema::{Kubernetes, Verify};
use crate::evidence::text::clean;
use crate::rollback::model::Step;
use crate::rollback::plan::{Contents, Problem};

pub(super) const REVISION: &str = "rollout.argoproj.io/revision";
/// The controller writes it into the template of each revision; it belongs to none.
const HASH: &str = "rollouts-pod-template-hash";
/// The minor version of `kubectl` that came with `--subresource`.
const PATCHES_STATUS: u32 = 24;
const QUICK: Duration = Duration::from_secs(30);
const SLACK: Duration = Duration::from_secs(10);

pub(super) fn questions(it: &Kubernetes) -> Vec<Question> {
    let kubectl = Kubectl(it);
    vec![
        Question::Run(kubectl.argv(&["get", &rollout(it), "--output=json"])),
        Question::Run(kubectl.argv(&["get", "replicasets.apps", "--output=json"])),
        Question::Run(["kubectl", "version", "--client", "--output=json"].map(str::to_owned).to_vec()),
    ]
}

/// An abort and a promotion are patches of the status, which has a right of its own.
pub(super) fn rights(it: &Kubernetes) -> Vec<Right> {
    let kubectl = Kubectl(it);
    vec![kubectl.right("patch", &rollout(it), &[]), kubectl.right("patch", &rollout(it), &["--subresource=status"])]
}

/// A `kubectl` that cannot patch a status would fail in the middle of it. One that tells no version is believed.
fn check_kubectl(answer: Option<&Value>) -> Result<(), Problem> {
    let version = answer.and_then(|it| it["clientVersion"]["gitVersion"].as_str()).unwrap_or_default();
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    match minor {
        Some(minor) if minor < PATCHES_STATUS => Err(Problem::InTheWay(format!(
            "kubectl {} cannot patch a status: this needs 1.{PATCHES_STATUS} or newer",
            clean(version)
        ))),
        _ => Ok(()),
    }
}

pub(super) fn native(it: &Kubernetes, contents: &Contents, answers: &[Value]) -> Result<Native, Problem> {
    check_kubectl(answers.get(2))?;
    let workload = Object::read(answers.first(), "the rollout")?;
    if !workload.spec["workloadRef"].is_null() {
        return Err(Problem::WorkloadRef);
    }
    let revisions = workload.owned(answers.get(1), "its revisions")?;
    let wanted = Wanted::of(contents, it.image.as_deref())?;
    if workload.runs(&wanted) {
        return Err(Problem::Already(workload.images().join(" ")));
    }
    let (number, revision) = target(&revisions, REVISION, &wanted)?;
    let is_promoted = workload.status["currentPodHash"] == workload.status["stableRS"];
    let is_stable = revision.metadata.labels.get(HASH).map(String::as_str) == workload.status["stableRS"].as_str();
    let verify = is_back(it, revision);
    let mut steps = Vec::new();
    if !is_promoted {
        steps.push(abort(it, &workload));
    }
    steps.push(restore(it, number, &workload, revision));
    // The stable version is taken up at once; any other would pass through all steps and pauses again.
    if is_promoted || !is_stable {
        steps.push(promote(it, revision));
    }
    steps.push(wait(it));
    Ok(Native { steps, verify, warnings: warnings(&workload, it), flag: None })
}

fn rollout(it: &Kubernetes) -> String {
    format!("rollouts.argoproj.io/{}", it.workload)
}

/// Healthy, and with the images of the target.
fn is_back(it: &Kubernetes, revision: &Object) -> Verify {
    let path = "--output=jsonpath={.status.phase} {.spec.template.spec.containers[*].image}";
    let argv = Kubectl(it).argv(&["get", &rollout(it), path]);
    prints(argv, format!("Healthy {}", revision.images().join(" ")))
}

/// Sends all traffic to the stable version within seconds, if it is still this canary that is not promoted. An abort
/// of one that was promoted meanwhile would be dropped silently.
fn abort(it: &Kubernetes, workload: &Object) -> Step {
    let verify = prints(Kubectl(it).argv(&["get", &rollout(it), "--output=jsonpath={.status.abort}"]), "true");
    let operations = json!([
        {"op": "test", "path": "/status/currentPodHash", "value": workload.status["currentPodHash"]},
        {"op": "test", "path": "/status/stableRS", "value": workload.status["stableRS"]},
        {"op": "add", "path": "/status/abort", "value": true},
    ]);
    Step { idempotent: true, ..patch(it, "abort the rollout", true, &operations, Some(verify)) }
}

/// Puts the template of a revision back. The patch holds only if the template is still the one of the preview. It has
/// taken effect when the controller works on that revision: what is promoted before that is another one.
fn restore(it: &Kubernetes, number: u64, workload: &Object, revision: &Object) -> Step {
    let mut template = revision.template().clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove(HASH);
    }
    let mut operations = vec![
        json!({"op": "test", "path": "/spec/template", "value": workload.template()}),
        json!({"op": "replace", "path": "/spec/template", "value": template}),
    ];
    // A paused rollout goes nowhere, not even back; taken up any earlier it would go on with the bad version.
    if workload.spec["paused"].as_bool() == Some(true) {
        operations.push(json!({"op": "replace", "path": "/spec/paused", "value": false}));
    }
    let images = revision.images().join(" ");
    let verify = match revision.metadata.labels.get(HASH) {
        Some(hash) => {
            let path = "--output=jsonpath={.status.currentPodHash} {.spec.template.spec.containers[*].image}";
            prints(Kubectl(it).argv(&["get", &rollout(it), path]), format!("{hash} {images}"))
        }
        None => prints(Kubectl(it).images(&rollout(it)), images),
    };
    let name = format!("put the template of revision {number} back");
    patch(it, &name, false, &Value::Array(operations), Some(verify))
}

/// Passes over the steps, pauses and analysis of the rollout, if it is the restored revision that is under way.
fn promote(it: &Kubernetes, revision: &Object) -> Step {
    let hash = revision.metadata.labels.get(HASH);
    let test = hash.map(|hash| json!({"op": "test", "path": "/status/currentPodHash", "value": hash}));
    let promote = json!({"op": "add", "path": "/status/promoteFull", "value": true});
    let operations = Value::Array(test.into_iter().chain([promote]).collect());
    Step { idempotent: true, ..patch(it, "promote past the pauses", true, &operations, None) }
}

fn wait(it: &Kubernetes) -> Step {
    let timeout = format!("--timeout={}s", it.timeout.as_secs());
    let argv = Kubectl(it).argv(&["wait", &rollout(it), "--for=jsonpath={.status.phase}=Healthy", &timeout]);
    Step { idempotent: true, ..step("wait until it is healthy", argv, it.timeout + SLACK, None) }
}

fn patch(it: &Kubernetes, name: &str, is_status: bool, operations: &Value, verify: Option<Verify>) -> Step {
    let (object, body) = (rollout(it), format!("--patch={operations}"));
    let status: &[&str] = if is_status { &["--subresource=status"] } else { &[] };
    let args = [&["patch", &object, "--type=json"][..], status, &[&body]].concat();
    let rehearse = Some(Kubectl(it).argv(&[&args[..], &["--dry-run=server"]].concat()));
    Step { rehearse, ..step(name, Kubectl(it).argv(&args), QUICK, verify) }
}
