//! A rollback whose steps an engine makes, against a cluster that is a file and a `kubectl` that is a script.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use git2::Repository;
use serde_json::Value;

use super::place::Place;
use super::rollback::{commit, tag};

const KUBECTL: &str = r#"#!/bin/sh
here=$(dirname "$0")
image=$(cat "$here/image")
echo "$*" >> "$here/log"
case "$*" in
*"get deployments.apps/checkout --output=json") printf '{"metadata":{"uid":"w"},"spec":{"template":{"spec":{"containers":[{"image":"%s"}]}}}}' "$image" ;;
*"get replicasets.apps --output=json") cat "$here/replicasets" ;;
*"get deployments.apps/checkout --output=jsonpath="*) printf %s "$image" ;;
*"rollout undo"*"--to-revision=3 --dry-run=server") ;;
*"rollout undo"*"--to-revision=3") printf r/checkout:v2.4.0 > "$here/image" ;;
*"rollout status deployments.apps/checkout"*) ;;
*"auth can-i patch deployments.apps/checkout") cat "$here/may"; [ "$(cat "$here/may")" = yes ] ;;
*) echo "the server does not have that: $*" >&2; exit 1 ;;
esac
"#;

const REPLICASETS: &str = r#"{"items": [
{"metadata": {"annotations": {"deployment.kubernetes.io/revision": "3"}, "ownerReferences": [{"uid": "w"}]},
 "spec": {"template": {"spec": {"containers": [{"image": "r/checkout:v2.4.0"}]}}}},
{"metadata": {"annotations": {"deployment.kubernetes.io/revision": "4"}, "ownerReferences": [{"uid": "w"}]},
 "spec": {"template": {"spec": {"containers": [{"image": "r/checkout:v2.4.1"}]}}}}]}"#;

const CONFIG: &str = r#"version = 1
[rollback]
engine = "kubernetes"
[rollback.kubernetes]
workload = "checkout"
namespace = "shop"
context = "prod"
"#;

/// A service in a cluster, where v2.4.1 runs.
struct Cluster {
    place: Place,
    folder: PathBuf,
    path: String,
}

impl Cluster {
    fn new() -> Self {
        let place = Place::new();
        let repository = Repository::open(place.repo()).unwrap();
        tag(&repository, "v2.4.0");
        commit(&repository, "Retry the payment gateway");
        tag(&repository, "v2.4.1");
        place.write("hotfix.toml", CONFIG);
        let folder = place.repo().parent().unwrap().join("bin");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("kubectl"), KUBECTL).unwrap();
        fs::set_permissions(folder.join("kubectl"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.join("image"), "r/checkout:v2.4.1").unwrap();
        fs::write(folder.join("replicasets"), REPLICASETS).unwrap();
        fs::write(folder.join("may"), "yes").unwrap();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        Self { place, folder, path }
    }

    fn trusted() -> Self {
        let cluster = Self::new();
        let hash = cluster.place.runs(&["trust", "--hash"]);
        cluster.place.runs(&["trust", "--yes", hash.trim()]);
        cluster.place.runs(&["declare", "checkout-502"]);
        cluster
    }

    fn hotfix(&self, arguments: &[&str]) -> Output {
        self.place.output(arguments, Some(("PATH", &self.path)))
    }

    fn plan(&self) -> Value {
        let output = self.hotfix(&["rollback", "--dry-run", "--json"]);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }
}

#[test]
fn nothing_is_asked_of_a_cluster_before_the_file_is_trusted() {
    let cluster = Cluster::new();
    let output = cluster.hotfix(&["rollback", "--dry-run"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not trusted"));
    assert_eq!(cluster.file("log"), "");
    let shown = String::from_utf8(cluster.hotfix(&["trust"]).stdout).unwrap();
    assert!(shown.contains(r#""rollout", "undo", "deployments.apps/checkout""#), "{shown}");
}

#[test]
fn the_plan_names_the_revision_and_its_run_is_verified_in_the_cluster() {
    let cluster = Cluster::trusted();
    let plan = cluster.plan();
    let detail = plan["steps"][0]["detail"].as_str().unwrap();
    assert_eq!(
        detail,
        "kubectl --context=prod --namespace=shop rollout undo deployments.apps/checkout --to-revision=3"
    );
    assert!(!plan["steps"][0]["verify"].is_null());
    let rehearsal = cluster.hotfix(&["rollback", "--rehearse"]);
    assert!(rehearsal.status.success(), "{rehearsal:?}");
    assert_eq!(cluster.file("image"), "r/checkout:v2.4.1", "a rehearsal changes nothing");
    let run = cluster.hotfix(&["rollback", "--yes", plan["hash"].as_str().unwrap()]);
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert!(String::from_utf8_lossy(&run.stdout).contains("rolled back, verified"));
    assert_eq!(cluster.file("image"), "r/checkout:v2.4.0");
}

/// The conditions of the only way, by what they are about.
fn holds(plan: &Value, about: &str) -> Value {
    let needs = plan["plans"][0]["needs"].as_array().unwrap();
    let need = needs.iter().find(|need| need["name"].as_str().unwrap().contains(about));
    need.unwrap_or_else(|| panic!("{about}: {needs:?}")).clone()
}

#[test]
fn who_may_not_change_the_workload_is_told_before_the_key() {
    let cluster = Cluster::trusted();
    let plan = cluster.plan();
    assert_eq!(holds(&plan, "right to patch deployments.apps/checkout")["holds"], true);
    assert_eq!(holds(&plan, "`kubectl` here")["what"], cluster.folder.join("kubectl").display().to_string());
    let image = holds(&plan, "the image r/checkout:v2.4.0");
    assert_eq!((&image["holds"], &image["asked"]), (&Value::Null, &Value::Bool(false)));
    assert_eq!(plan["objection"], Value::Null, "what nobody was asked is no reason to wait");
    fs::write(cluster.folder.join("may"), "no - ana may not").unwrap();
    let refused = cluster.plan();
    assert_eq!(holds(&refused, "right to patch")["holds"], false);
    assert!(refused["objection"].as_str().unwrap().contains("the cluster says no - ana may not"), "{refused}");
    let text = String::from_utf8(cluster.hotfix(&["rollback", "--dry-run"]).stdout).unwrap();
    assert!(text.contains("  NO        the right to patch deployments.apps/checkout: the cluster says no"), "{text}");
    fs::write(cluster.folder.join("may"), "Unable to connect").unwrap();
    assert_eq!(holds(&cluster.plan(), "right to patch")["holds"], Value::Null, "no answer is no yes");
}

#[test]
fn an_image_that_is_gone_is_told_before_the_key() {
    let cluster = Cluster::new();
    let look = "artifact = { run = [\"crane\", \"manifest\", \"{image}\"] }\n";
    cluster.place.write("hotfix.toml", &CONFIG.replacen("engine", &format!("{look}engine"), 1));
    let crane = cluster.folder.join("crane");
    fs::write(&crane, "#!/bin/sh\ngrep -qx \"$2\" \"$(dirname \"$0\")/registry\"\n").unwrap();
    fs::set_permissions(&crane, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(cluster.folder.join("registry"), "r/checkout:v2.4.0\n").unwrap();
    let hash = cluster.hotfix(&["trust", "--hash"]).stdout;
    cluster.hotfix(&["trust", "--yes", String::from_utf8(hash).unwrap().trim()]);
    assert_eq!(holds(&cluster.plan(), "the image r/checkout:v2.4.0")["holds"], true);
    fs::write(cluster.folder.join("registry"), "r/checkout:v2.4.1\n").unwrap();
    let plan = cluster.plan();
    assert_eq!(holds(&plan, "the image r/checkout:v2.4.0")["holds"], false);
    assert!(plan["objection"].as_str().unwrap().contains("not the image r/checkout:v2.4.0"), "{plan}");
}

#[test]
fn there_is_no_plan_once_production_is_back() {
    let cluster = Cluster::trusted();
    fs::write(cluster.folder.join("image"), "r/checkout:v2.4.0").unwrap();
    let output = cluster.hotfix(&["rollback", "--dry-run"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("runs already"), "{output:?}");
}

#[test]
fn what_the_cluster_complains_of_is_told() {
    let cluster = Cluster::trusted();
    fs::write(cluster.folder.join("kubectl"), "#!/bin/sh\necho 'Unable to connect to the server' >&2\nexit 1\n")
        .unwrap();
    let output = cluster.hotfix(&["rollback", "--dry-run"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("it ended with 1: Unable to connect to the server"), "{said}");
    let status = cluster.hotfix(&["status", "--json"]);
    assert_ne!(status.status.code(), Some(0), "no plan, no go");
}
