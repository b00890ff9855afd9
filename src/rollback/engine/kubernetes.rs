//! A deployment of Kubernetes: `kubectl rollout undo` to an explicit revision.

use std::time::Duration;

use serde_json::Value;

use super::cluster::{Kubectl, Object, target, warnings};
use super::{Native, Question, Right, Wanted, prints, step};
use crate::config::schema::Kubernetes;
use crate::rollback::model::Step;
use crate::rollback::plan::{Contents, Problem};

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
/// How long a command may take that waits for nothing.
const QUICK: Duration = Duration::from_secs(30);
/// What `kubectl` may take longer than it was told to wait.
const SLACK: Duration = Duration::from_secs(10);

pub(super) fn questions(it: &Kubernetes) -> Vec<Question> {
    let kubectl = Kubectl(it);
    vec![
        Question::Run(kubectl.argv(&["get", &deployment(it), "--output=json"])),
        Question::Run(kubectl.argv(&["get", "replicasets.apps", "--output=json"])),
    ]
}

pub(super) fn rights(it: &Kubernetes) -> Vec<Right> {
    vec![Kubectl(it).right("patch", &deployment(it), &[])]
}

pub(super) fn native(it: &Kubernetes, contents: &Contents, answers: &[Value]) -> Result<Native, Problem> {
    let workload = Object::read(answers.first(), "the deployment")?;
    let revisions = workload.owned(answers.get(1), "its revisions")?;
    let wanted = Wanted::of(contents, it.image.as_deref())?;
    if workload.runs(&wanted) {
        return Err(Problem::Already(workload.images().join(" ")));
    }
    let (number, revision) = target(&revisions, REVISION, &wanted)?;
    let images = revision.images().join(" ");
    let verify = prints(Kubectl(it).images(&deployment(it)), images);
    let is_paused = workload.spec["paused"].as_bool() == Some(true);
    let mut steps: Vec<Step> = is_paused.then(|| resume(it)).into_iter().collect();
    steps.push(Step { verify: Some(verify.clone()), ..undo(it, number) });
    steps.push(wait(it));
    Ok(Native { steps, verify, warnings: warnings(&workload, it), flag: None })
}

fn deployment(it: &Kubernetes) -> String {
    format!("deployments.apps/{}", it.workload)
}

/// A paused deployment refuses to be undone.
fn resume(it: &Kubernetes) -> Step {
    let kubectl = Kubectl(it);
    let paused = kubectl.argv(&["get", &deployment(it), "--output=jsonpath={.spec.paused}"]);
    let argv = kubectl.argv(&["rollout", "resume", &deployment(it)]);
    step("resume the paused deployment", argv, QUICK, Some(prints(paused, "")))
}

/// Undoing the same revision twice is refused, for it has another number by then: never a way back to the bad one.
fn undo(it: &Kubernetes, number: u64) -> Step {
    let kubectl = Kubectl(it);
    let revision = format!("--to-revision={number}");
    let argv = |more: &[&str]| kubectl.argv(&[&["rollout", "undo", &deployment(it), &revision], more].concat());
    let rehearse = Some(argv(&["--dry-run=server"]));
    Step { rehearse, ..step(format!("undo to revision {number}"), argv(&[]), QUICK, None) }
}

fn wait(it: &Kubernetes) -> Step {
    let timeout = format!("--timeout={}s", it.timeout.as_secs());
    let argv = Kubectl(it).argv(&["rollout", "status", &deployment(it), &timeout]);
    Step { idempotent: true, ..step("wait for the pods", argv, it.timeout + SLACK, None) }
}
