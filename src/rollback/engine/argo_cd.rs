//! An application of Argo CD, put back to an entry of its history. Git stays as it is, so that its automatic sync has to
//! be off first: Argo CD refuses otherwise, and rightly so.

use serde_json::{Value, json};

use super::cluster::Object;
use super::gitops::{self, kubectl};
use super::{Native, Wanted, prints, step, wait};
use crate::config::schema::{GitOps, Verify};
use crate::evidence::text::clean;
use crate::rollback::model::Step;
use crate::rollback::plan::{Contents, Problem};

const QUICK: std::time::Duration = std::time::Duration::from_secs(30);

pub(super) fn native(it: &GitOps, contents: &Contents, answers: &[Value]) -> Result<Native, Problem> {
    if it.argocd.is_none() {
        return Err(Problem::InTheWay("`argocd` of [rollback.gitops] names no application".into()));
    }
    let application = gitops::owner(answers)?;
    if application.status["operationState"]["phase"] == "Running" {
        let why = "an operation of the application runs: wait for its end, or terminate it";
        return Err(Problem::InTheWay(why.into()));
    }
    let wanted = Wanted::of(contents, None)?;
    let history: Vec<&Value> = application.status["history"].as_array().into_iter().flatten().collect();
    if let Some(last) = history.last().filter(|last| is_of(last, &wanted)) {
        return Err(Problem::Already(label(last)));
    }
    let entry = history.iter().rev().find(|entry| is_of(entry, &wanted)).ok_or_else(|| Problem::NoRevision {
        wanted: wanted.reference.clone(),
        kept: history.iter().map(|entry| label(entry)).collect::<Vec<_>>().join(", "),
    })?;
    let healthy = Verify { within: it.timeout, ..prints(look(it, "{.status.health.status}"), "Healthy") };
    let steps = vec![sync(it, &application, entry), wait("wait until it is healthy", healthy.clone())];
    let warnings = vec![
        "git stays as it is, and says the bad version: revert there too".into(),
        "nothing that the bad version added is pruned".into(),
    ];
    Ok(Native { steps, verify: healthy, warnings, flag: None })
}

/// Whether an entry of the history is the target: by its commit, its chart, or an image that it sets.
fn is_of(entry: &Value, wanted: &Wanted) -> bool {
    let of = |value: &Value| value.as_str().is_some_and(|text| wanted.is_version(text));
    let source = &entry["source"];
    let images = source["kustomize"]["images"].as_array().into_iter().flatten();
    let parameters = source["helm"]["parameters"].as_array().into_iter().flatten();
    of(&entry["revision"])
        || of(&source["targetRevision"])
        || images.filter_map(Value::as_str).any(|image| wanted.is_image(image))
        || parameters.map(|parameter| &parameter["value"]).any(of)
}

fn label(entry: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").chars().take(12).collect::<String>();
    clean(&format!("{} ({} {})", entry["id"], text(&entry["revision"]), text(&entry["source"]["targetRevision"])))
}

fn look(it: &GitOps, path: &str) -> Vec<String> {
    kubectl(it, &["get", &it.object(), &format!("--output=jsonpath={path}")])
}

/// Asks the controller for a sync to that entry. What it says of an earlier one is told apart by the plan's hash.
fn sync(it: &GitOps, application: &Object, entry: &Value) -> Step {
    let mut sync = json!({
        "prune": false,
        "syncStrategy": {"apply": {}},
        "syncOptions": application.spec["syncPolicy"]["syncOptions"],
    });
    for key in ["revision", "revisions", "source", "sources"] {
        if !entry[key].is_null() {
            sync[key] = entry[key].clone();
        }
    }
    let info = json!([{"name": "hotfix", "value": "{plan}"}]);
    let patch = json!({"operation": {"initiatedBy": {"username": "hotfix"}, "info": info, "sync": sync}});
    let name = it.object();
    let argv = kubectl(it, &["patch", &name, "--type=merge", &format!("--patch={patch}")]);
    let path = "{.status.operationState.phase} {.status.operationState.operation.info[0].value}";
    let fails = ["Failed", "Error"].map(|phase| format!("{phase} {{plan}}")).to_vec();
    let verify = Verify { within: it.timeout, fails, ..prints(look(it, path), "Succeeded {plan}") };
    let title = format!("sync to entry {} of its history", entry["id"]);
    Step { idempotent: true, ..step(title, argv, QUICK, Some(verify)) }
}
