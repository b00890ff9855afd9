//! The controller that follows a repository: it is suspended before anything that git does not say is done, or it
//! brings the bad version back within minutes.

use serde_json::{Value, json};

use super::cluster::Object;
use super::{Native, Question, Right, prints, step};
use crate::config::schema::GitOps;
use crate::evidence::text::clean;
use crate::rollback::model::{Step, quoted};
use crate::rollback::plan::Problem;

/// How long a command may take that waits for nothing.
const QUICK: std::time::Duration = std::time::Duration::from_secs(30);

/// `kubectl` for the controller's object.
pub(super) fn kubectl(it: &GitOps, args: &[&str]) -> Vec<String> {
    let context = it.context.iter().map(|context| format!("--context={context}"));
    let namespace = format!("--namespace={}", it.namespace());
    let args = args.iter().map(|&arg| arg.to_owned());
    std::iter::once("kubectl".to_owned()).chain(context).chain([namespace]).chain(args).collect()
}

pub(super) fn questions(it: &GitOps) -> Vec<Question> {
    vec![Question::Run(kubectl(it, &["get", &it.object(), "--output=json"]))]
}

/// To suspend it, or to ask it for a sync, is to patch it.
pub(super) fn rights(it: &GitOps) -> Vec<Right> {
    let object = it.object();
    let argv = kubectl(it, &["auth", "can-i", "patch", &object]);
    vec![Right { name: format!("the right to patch {object}"), argv }]
}

/// The object, as the cluster answered.
pub(super) fn owner(answers: &[Value]) -> Result<Object, Problem> {
    Object::read(answers.first(), "the object that GitOps follows")
}

/// The same steps behind one that suspends whoever would undo them. It stays suspended, and the plan says how that ends.
pub(super) fn suspended(mut native: Native, it: &GitOps, answers: &[Value]) -> Result<Native, Problem> {
    let owner = owner(answers)?;
    let name = it.object();
    // What it said before it is suspended no longer holds.
    native.warnings.retain(|warning| !warning.contains("unless its automatic sync is suspended"));
    match suspension(it, &owner) {
        Some((patch, back, verify)) => {
            native.warnings.push(format!(
                "{name} stays suspended, and git still says the bad version: once git is right, {}",
                quoted(&kubectl(it, &["patch", &name, "--type=merge", &format!("--patch={back}")]))
            ));
            native.steps.insert(0, suspend(it, &patch, &back, verify));
        }
        None => {
            native.warnings.push(format!("{name} is suspended already: somebody has to end that once git is right"));
        }
    }
    native.warnings.extend(parent(&owner).map(|parent| format!("{parent} may take it up again: suspend that too")));
    Ok(native)
}

/// The patch that suspends, the one that ends that, and the path and word by which one sees it; `None` where it is
/// suspended already.
fn suspension(it: &GitOps, owner: &Object) -> Option<(Value, Value, (&'static str, &'static str))> {
    if it.argocd.is_none() {
        let is_suspended = owner.spec["suspend"].as_bool() == Some(true);
        let patch = |suspend: bool| json!({"spec": {"suspend": suspend}});
        return (!is_suspended).then(|| (patch(true), patch(false), ("{.spec.suspend}", "true")));
    }
    let automated = &owner.spec["syncPolicy"]["automated"];
    if automated.is_null() || automated["enabled"].as_bool() == Some(false) {
        return None;
    }
    let patch = |automated: &Value| json!({"spec": {"syncPolicy": {"automated": automated}}});
    Some((patch(&Value::Null), patch(automated), ("{.spec.syncPolicy.automated}", "")))
}

/// The step that suspends; what takes it back is for when a later step fails and the bad version is to stay.
fn suspend(it: &GitOps, patch: &Value, back: &Value, (path, word): (&str, &str)) -> Step {
    let name = it.object();
    let compensate = Some(kubectl(it, &["patch", &name, "--type=merge", &format!("--patch={back}")]));
    let verify = prints(kubectl(it, &["get", &name, &format!("--output=jsonpath={path}")]), word);
    let args = ["patch", &name, "--type=merge", &format!("--patch={patch}")];
    let rehearse = Some(kubectl(it, &[&args[..], &["--dry-run=server"]].concat()));
    let title = format!("suspend the automatic sync of {name}");
    Step { rehearse, compensate, idempotent: true, ..step(title, kubectl(it, &args), QUICK, Some(verify)) }
}

/// Who makes this object, and so makes it again as it was.
fn parent(owner: &Object) -> Option<String> {
    let set = owner.made_by("ApplicationSet").map(|name| format!("the ApplicationSet {}", clean(name)));
    set.or_else(|| owner.owner())
}

#[cfg(test)]
mod tests;
