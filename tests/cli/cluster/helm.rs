//! The engine `helm` through the real `helm`, whose releases are Secrets of the small cluster. Without `helm` these are
//! skipped, and say so.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::Service;
use super::secret::base64;

/// Whether `helm` is here; said aloud where it is not.
fn has_helm() -> bool {
    let found = Command::new("helm").arg("version").output().is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("SKIPPED: there is no helm");
    }
    found
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut gzip = Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    gzip.wait_with_output().unwrap().stdout
}

/// A revision of the release, as Helm keeps it. It has no objects: what is looked at is what Helm makes of its history.
fn release(version: u32, status: &str, app: &str) -> (String, Value) {
    let metadata =
        json!({"name": "checkout", "version": format!("1.{version}.0"), "apiVersion": "v2", "appVersion": app});
    let date = format!("2026-11-0{version}T00:00:00Z");
    let info =
        json!({"first_deployed": date, "last_deployed": date, "deleted": "", "description": "", "status": status});
    let chart = json!({"metadata": metadata, "lock": null, "templates": [], "values": {}, "schema": null, "files": []});
    let release = json!({"name": "checkout", "namespace": "shop", "version": version, "info": info, "chart": chart,
        "manifest": ""});
    let kept = base64(base64(&gzipped(&release.to_string())).as_bytes());
    let name = format!("sh.helm.release.v1.checkout.v{version}");
    let labels = json!({"name": "checkout", "owner": "helm", "status": status, "version": version.to_string()});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "data": {"release": kept},
        "metadata": {"name": name, "namespace": "shop", "labels": labels, "resourceVersion": "1"}});
    (format!("shop/secrets/{name}"), secret)
}

fn service(revisions: &[(u32, &str, &str)]) -> Service {
    let objects = revisions.iter().map(|(version, status, app)| release(*version, status, app)).collect();
    Service::of(
        "helm",
        "[rollback.helm]\nrelease = \"checkout\"\nnamespace = \"shop\"\ncontext = \"prod\"\ntimeout = \"20s\"\n",
        objects,
    )
}

fn helm(service: &Service, arguments: &[&str]) -> Output {
    let mut command = Command::new("helm");
    command.args(arguments).args(["--namespace=shop", "--kube-context=prod"]);
    command.env("KUBECONFIG", service.cluster.kubeconfig()).env("HOME", service.place.home()).output().unwrap()
}

/// The newest revision: its number, how it stands, and what it runs.
fn newest(service: &Service) -> (u64, String, String) {
    let told = helm(service, &["history", "checkout", "--max=1", "--output=json"]);
    let list: Value = serde_json::from_slice(&told.stdout).unwrap_or_else(|error| panic!("{error}: {told:?}"));
    let text = |key: &str| list[0][key].as_str().unwrap().to_owned();
    (list[0]["revision"].as_u64().unwrap(), text("status"), text("app_version"))
}

#[test]
fn a_release_goes_back_to_the_last_good_revision_and_not_to_the_one_before() {
    if !has_helm() {
        return;
    }
    let history = [(4, "superseded", "v2.4.0"), (5, "failed", "v2.4.1-rc1"), (6, "deployed", "v2.4.1")];
    // The trap: without a revision the real one goes to the failed one, and says that all is well.
    let trapped = service(&history);
    let told = helm(&trapped, &["rollback", "checkout"]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("Rollback was a success"), "{told:?}");
    assert_eq!(newest(&trapped).2, "v2.4.1-rc1");

    let service = service(&history);
    assert_eq!(service.steps(), ["roll back to revision 4"]);
    let (code, told) = service.told(&["rollback", "--rehearse"]);
    assert_eq!((code, newest(&service).0), (Some(0), 6), "{told}");
    let (code, told) = service.fire();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("rolled back, verified"), "{told}");
    assert_eq!(newest(&service), (7, "deployed".into(), "v2.4.0".into()));
    assert!(service.told(&["rollback", "--dry-run"]).1.contains("runs already"));
}

#[test]
fn an_operation_that_was_killed_is_healed_by_going_back() {
    if !has_helm() {
        return;
    }
    let service = service(&[(4, "deployed", "v2.4.0"), (5, "pending-upgrade", "v2.4.1")]);
    let (code, told) = service.fire();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("rolled back, verified"), "{told}");
    assert_eq!(newest(&service), (6, "deployed".into(), "v2.4.0".into()));
}
