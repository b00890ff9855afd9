//! The engines of a cluster through the real `kubectl`, which speaks to an API server on loopback. Without `kubectl` these
//! are skipped, and say so.

use std::process::{Command, Output};

use git2::Repository;
use serde_json::{Value, json};

use super::place::Place;
use super::rollback::{commit, tag};

mod api;
mod helm;
mod secret;

use api::Cluster;

const DEPLOYMENT: &str = "shop/deployments/checkout";
const ROLLOUT: &str = "shop/rollouts/checkout";
const APPLICATION: &str = "argocd/applications/shop";
/// The first minor version that can patch a status, and needs no schema of the server for a rehearsal.
const LEAST: u32 = 24;

/// The minor version of `kubectl`; `None`, said aloud, where there is none that is new enough.
fn kubectl() -> Option<u32> {
    let told = Command::new("kubectl").args(["version", "--client", "--output=json"]).output().ok();
    let told = told.and_then(|output| serde_json::from_slice::<Value>(&output.stdout).ok());
    let minor = told.and_then(|told| {
        let text = told["clientVersion"]["gitVersion"].as_str()?.to_owned();
        text.split('.').nth(1)?.parse::<u32>().ok()
    });
    if minor.is_none() {
        assert!(std::env::var_os("HOTFIX_REQUIRE_TOOLS").is_none(), "kubectl is needed");
        eprintln!("SKIPPED: there is no kubectl");
    }
    let found = minor.filter(|minor| *minor >= LEAST);
    if let (Some(minor), None) = (minor, found) {
        eprintln!("SKIPPED: kubectl 1.{minor} is older than 1.{LEAST}");
    }
    found
}

/// A service in the cluster: v2.4.1 runs, v2.4.0 ran before.
struct Service {
    place: Place,
    cluster: Cluster,
}

fn template(version: &str) -> Value {
    let containers = json!([{"name": "checkout", "image": format!("r/checkout:{version}")}]);
    json!({"metadata": {"labels": {"app": "checkout"}}, "spec": {"containers": containers}})
}

fn set(name: &str, version: &str, revision: &str) -> (String, Value) {
    let annotations = json!({"deployment.kubernetes.io/revision": revision, "rollout.argoproj.io/revision": revision});
    let labels = json!({"app": "checkout", "rollouts-pod-template-hash": name, "pod-template-hash": name});
    let owner = json!([{"apiVersion": "x", "kind": "x", "name": "checkout", "uid": "w", "controller": true}]);
    let object = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": name, "namespace": "shop", "uid": name, "labels": labels, "annotations": annotations,
            "ownerReferences": owner},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "checkout"}}, "template": template(version)}});
    (format!("shop/replicasets/{name}"), object)
}

fn workload(kind: &str, version: &str, status: &Value) -> Value {
    let metadata = json!({"name": "checkout", "namespace": "shop", "uid": "w", "generation": 4, "resourceVersion": "40",
        "annotations": {"deployment.kubernetes.io/revision": "4"}});
    let steps = json!([{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}]);
    json!({"apiVersion": version, "kind": kind, "metadata": metadata, "status": status,
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "checkout"}}, "template": template("v2.4.1"),
            "strategy": {"canary": {"steps": steps}}}})
}

fn deployment() -> (String, Value) {
    let status = json!({"observedGeneration": 4, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2,
        "availableReplicas": 2});
    (DEPLOYMENT.into(), workload("Deployment", "apps/v1", &status))
}

fn rollout(stable: &str) -> (String, Value) {
    let status = json!({"phase": "Progressing", "currentPodHash": "bad", "stableRS": stable, "currentStepIndex": 0,
        "observedGeneration": "4"});
    (ROLLOUT.into(), workload("Rollout", "argoproj.io/v1alpha1", &status))
}

impl Service {
    /// A workload that `kubectl` sees, with the revisions that ran before.
    fn new(engine: &str, more: &str, objects: Vec<(String, Value)>) -> Self {
        let workload = "workload = \"checkout\"\nnamespace = \"shop\"\ncontext = \"prod\"\ntimeout = \"20s\"";
        let objects = [vec![set("good", "v2.4.0", "3"), set("bad", "v2.4.1", "4")], objects].concat();
        Self::of(engine, &format!("[rollback.kubernetes]\n{workload}\n{more}"), objects)
    }

    fn of(engine: &str, more: &str, objects: Vec<(String, Value)>) -> Self {
        let place = Place::new();
        let repository = Repository::open(place.repo()).unwrap();
        tag(&repository, "v2.4.0");
        commit(&repository, "Retry the payment gateway");
        tag(&repository, "v2.4.1");
        place.write("hotfix.toml", &format!("version = 1\n[rollback]\nengine = \"{engine}\"\n{more}"));
        let cluster = Cluster::start(place.repo().parent().unwrap(), objects);
        let hash = place.runs(&["trust", "--hash"]);
        place.runs(&["trust", "--yes", hash.trim()]);
        place.runs(&["declare", "checkout-502"]);
        Self { place, cluster }
    }

    fn hotfix(&self, arguments: &[&str]) -> Output {
        self.place.output(arguments, Some(("KUBECONFIG", &self.cluster.kubeconfig())))
    }

    fn told(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.hotfix(arguments);
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }

    fn plan(&self) -> Value {
        let output = self.hotfix(&["rollback", "--dry-run", "--json"]);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn steps(&self) -> Vec<String> {
        let plan = self.plan();
        plan["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap().to_owned()).collect()
    }

    fn fire(&self) -> (Option<i32>, String) {
        self.told(&["rollback", "--yes", self.plan()["hash"].as_str().unwrap()])
    }

    fn image(&self, path: &str) -> String {
        let object = self.cluster.object(path);
        object["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_deployment_goes_back_to_the_explicit_revision_and_never_forth_again() {
    let Some(_) = kubectl() else { return };
    let service = Service::new("kubernetes", "", vec![deployment()]);
    assert_eq!(service.steps(), ["undo to revision 3", "wait for the pods"]);
    let (code, told) = service.told(&["rollback", "--rehearse"]);
    assert_eq!((code, service.image(DEPLOYMENT).as_str()), (Some(0), "r/checkout:v2.4.1"), "{told}");
    let (code, told) = service.fire();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("rolled back, verified"), "{told}");
    assert_eq!(service.image(DEPLOYMENT), "r/checkout:v2.4.0");
    // The trap of `rollout undo` without a revision: pressed twice it brings the bad version again.
    let (code, told) = service.told(&["rollback", "--dry-run"]);
    assert_eq!(code, Some(2));
    assert!(told.contains("runs already"), "{told}");
    let undo =
        ["--context=prod", "--namespace=shop", "rollout", "undo", "deployments.apps/checkout", "--to-revision=3"];
    let again = Command::new("kubectl").args(undo).env("KUBECONFIG", service.cluster.kubeconfig()).output().unwrap();
    assert!(!again.status.success(), "revision 3 has another number by now: {again:?}");
    assert_eq!(service.image(DEPLOYMENT), "r/checkout:v2.4.0");
}

#[test]
fn a_paused_deployment_is_resumed_first_for_kubectl_refuses_it() {
    let Some(_) = kubectl() else { return };
    let service = Service::new("kubernetes", "", vec![deployment()]);
    service.cluster.change(DEPLOYMENT, |it| it["spec"]["paused"] = json!(true));
    let undo =
        ["--context=prod", "--namespace=shop", "rollout", "undo", "deployments.apps/checkout", "--to-revision=3"];
    let refused = Command::new("kubectl").args(undo).env("KUBECONFIG", service.cluster.kubeconfig()).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("paused"), "{refused:?}");
    assert_eq!(service.steps()[0], "resume the paused deployment");
    let (code, told) = service.fire();
    assert_eq!((code, service.image(DEPLOYMENT).as_str()), (Some(0), "r/checkout:v2.4.0"), "{told}");
}

#[test]
fn automatic_sync_is_suspended_before_anything_else() {
    let Some(_) = kubectl() else { return };
    let automated = json!({"prune": true, "selfHeal": true});
    let application = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "shop", "namespace": "argocd", "uid": "a", "generation": 1, "resourceVersion": "7"},
        "spec": {"syncPolicy": {"automated": automated}}, "status": {}});
    let objects = vec![deployment(), (APPLICATION.into(), application)];
    let service = Service::new("kubernetes", "[rollback.gitops]\nargocd = \"shop\"\ncontext = \"prod\"\n", objects);
    assert_eq!(service.steps()[0], "suspend the automatic sync of applications.argoproj.io/shop");
    let (code, told) = service.fire();
    assert_eq!((code, service.image(DEPLOYMENT).as_str()), (Some(0), "r/checkout:v2.4.0"), "{told}");
    assert_eq!(service.cluster.object(APPLICATION)["spec"]["syncPolicy"]["automated"], Value::Null);
    let patches = service.cluster.patches();
    assert!(patches[0].contains("/applications/shop"), "the order counts: {patches:?}");
}

#[test]
fn a_canary_is_aborted_and_its_template_put_back() {
    let Some(_) = kubectl() else { return };
    let service = Service::new("argo-rollouts", "", vec![rollout("good")]);
    let steps = ["abort the rollout", "put the template of revision 3 back", "wait until it is healthy"];
    assert_eq!(service.steps(), steps);
    let (code, told) = service.told(&["rollback", "--rehearse"]);
    assert_eq!((code, service.cluster.object(ROLLOUT)["status"]["abort"].clone()), (Some(0), Value::Null), "{told}");
    let (code, told) = service.fire();
    assert_eq!((code, service.image(ROLLOUT).as_str()), (Some(0), "r/checkout:v2.4.0"), "{told}");
    let patches = service.cluster.patches();
    let abort = patches.iter().find(|it| it.contains("/status/abort") && !it.contains("dryRun")).unwrap();
    assert!(abort.contains("/rollouts/checkout/status"), "on the main resource it is passed over: {abort}");
}

#[test]
fn after_full_promotion_nothing_is_aborted_and_the_old_template_is_promoted_at_once() {
    let Some(_) = kubectl() else { return };
    let service = Service::new("argo-rollouts", "", vec![rollout("bad")]);
    let steps = ["put the template of revision 3 back", "promote past the pauses", "wait until it is healthy"];
    assert_eq!(service.steps(), steps, "an abort would be dropped silently");
    let (code, told) = service.fire();
    assert_eq!((code, service.image(ROLLOUT).as_str()), (Some(0), "r/checkout:v2.4.0"), "{told}");
    assert_eq!(service.cluster.object(ROLLOUT)["status"]["stableRS"], "good");
}

#[test]
fn a_canary_that_was_promoted_meanwhile_is_not_aborted() {
    let Some(_) = kubectl() else { return };
    let service = Service::new("argo-rollouts", "", vec![rollout("good")]);
    let hash = service.plan()["hash"].as_str().unwrap().to_owned();
    service.cluster.change(ROLLOUT, |it| it["status"]["promoteFull"] = json!(true));
    let (code, told) = service.told(&["rollback", "--yes", &hash]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("the plan is another one now"), "{told}");
    assert_eq!(service.image(ROLLOUT), "r/checkout:v2.4.1");
}

#[test]
fn two_operators_cannot_skip_a_step_together() {
    let Some(_) = kubectl() else { return };
    let service = Service::new("argo-rollouts", "", vec![rollout("good")]);
    let seen: Value = serde_json::from_slice(&service.hotfix(&["rollout", "--json"]).stdout).unwrap();
    let promote = &seen["acts"][0];
    let detail = promote["order"]["detail"].as_str().unwrap_or_else(|| panic!("{seen}")).to_owned();
    let (code, told) = service.told(&["rollout", "promote"]);
    assert_eq!((code, &service.cluster.object(ROLLOUT)["status"]["currentStepIndex"]), (Some(0), &json!(1)), "{told}");
    // The second one fires what the screen showed before the first did.
    let late =
        Command::new("sh").args(["-c", &detail]).env("KUBECONFIG", service.cluster.kubeconfig()).output().unwrap();
    assert!(!late.status.success(), "{late:?}");
    assert!(String::from_utf8_lossy(&late.stderr).contains("test failed"), "{late:?}");
    assert_eq!(service.cluster.object(ROLLOUT)["status"]["currentStepIndex"], json!(1));
}
