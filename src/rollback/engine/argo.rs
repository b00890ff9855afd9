//! A rollout of Argo Rollouts: abort while the canary runs, then the old template; after full promotion the old
//! template, promoted at once, because an abort is dropped silently then.

use std::time::Duration;

use serde_json::{Value, json};

use super::cluster::{Kubectl, Object, target, warnings};
use super::{Native, Wanted, prints, step};
use crate::config::schema::{Kubernetes, Verify};
use crate::rollback::model::Step;
use crate::rollback::plan::{Contents, Problem};

const REVISION: &str = "rollout.argoproj.io/revision";
/// The controller writes it into the template of each revision; it belongs to none.
const HASH: &str = "rollouts-pod-template-hash";
const QUICK: Duration = Duration::from_secs(30);
const SLACK: Duration = Duration::from_secs(10);

pub(super) fn questions(it: &Kubernetes) -> Vec<Vec<String>> {
    let kubectl = Kubectl(it);
    vec![
        kubectl.argv(&["get", &rollout(it), "--output=json"]),
        kubectl.argv(&["get", "replicasets.apps", "--output=json"]),
    ]
}

pub(super) fn native(it: &Kubernetes, contents: &Contents, answers: &[Value]) -> Result<Native, Problem> {
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
        steps.push(abort(it));
    }
    steps.push(restore(it, number, &workload, revision));
    // The stable version is taken up at once; any other would pass through all steps and pauses again.
    if is_promoted || !is_stable {
        steps.push(promote(it));
    }
    steps.push(wait(it));
    Ok(Native { steps, verify, warnings: warnings(&workload, it) })
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

/// Sends all traffic to the stable version within seconds.
fn abort(it: &Kubernetes) -> Step {
    let verify = prints(Kubectl(it).argv(&["get", &rollout(it), "--output=jsonpath={.status.abort}"]), "true");
    Step {
        idempotent: true,
        ..patch(it, "abort the rollout", "--type=merge", true, &json!({"status": {"abort": true}}), Some(verify))
    }
}

/// Puts the template of a revision back. The patch holds only if the template is still the one of the preview.
fn restore(it: &Kubernetes, number: u64, workload: &Object, revision: &Object) -> Step {
    let mut template = revision.template().clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove(HASH);
    }
    let operations = json!([
        {"op": "test", "path": "/spec/template", "value": workload.template()},
        {"op": "replace", "path": "/spec/template", "value": template},
    ]);
    let verify = prints(Kubectl(it).images(&rollout(it)), revision.images().join(" "));
    patch(it, &format!("put the template of revision {number} back"), "--type=json", false, &operations, Some(verify))
}

fn promote(it: &Kubernetes) -> Step {
    let body = json!({"status": {"promoteFull": true}});
    Step { idempotent: true, ..patch(it, "promote past the pauses", "--type=merge", true, &body, None) }
}

fn wait(it: &Kubernetes) -> Step {
    let timeout = format!("--timeout={}s", it.timeout.as_secs());
    let argv = Kubectl(it).argv(&["wait", &rollout(it), "--for=jsonpath={.status.phase}=Healthy", &timeout]);
    Step { idempotent: true, ..step("wait until it is healthy", argv, it.timeout + SLACK, None) }
}

fn patch(it: &Kubernetes, name: &str, kind: &str, is_status: bool, body: &Value, verify: Option<Verify>) -> Step {
    let (object, body) = (rollout(it), format!("--patch={body}"));
    let status: &[&str] = if is_status { &["--subresource=status"] } else { &[] };
    let args = [&["patch", &object, kind][..], status, &[&body]].concat();
    let rehearse = Some(Kubectl(it).argv(&[&args[..], &["--dry-run=server"]].concat()));
    Step { rehearse, ..step(name, Kubectl(it).argv(&args), QUICK, verify) }
}
