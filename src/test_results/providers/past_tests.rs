//! The baseline of a GitLab on loopback, which knows the pipelines of production and of the tip.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::github::fixture::{HEAD, run_async, setup, target, token};
use super::super::gitlab;
use super::super::remote::Remote;
use super::*;
use crate::config::schema::GitLab;
use crate::http::fault::{Fault, Server, answer};
use crate::test_results::model::{Standing, Wanted};

const PRODUCTION: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Production's pipeline is 1, the tip's 2. Both have a job `unit` that failed.
fn body(target: &str, tip: &Value, production: &Value) -> Value {
    let of_production = target.contains(PRODUCTION) || target.contains("/pipelines/1");
    let (id, sha, cases) = if of_production { (1, PRODUCTION, production) } else { (2, HEAD, tip) };
    let pipeline =
        json!({"id": id, "status": "failed", "source": "push", "sha": sha, "finished_at": "2026-11-24T20:00:00Z"});
    let path = target.split('?').next().unwrap_or_default();
    match path.rsplit('/').next().unwrap_or_default() {
        "pipelines" => json!([pipeline]),
        "jobs" => {
            json!([{"id": 1, "name": "unit", "stage": "test", "status": "failed", "failure_reason": "script_failure"}])
        }
        "bridges" => json!([]),
        "test_report" => {
            let total = cases.as_array().map_or(0, Vec::len);
            json!({"total_count": total, "test_suites": [{"name": "unit", "total_count": total, "test_cases": cases}]})
        }
        _ => pipeline,
    }
}

async fn serve(tip: Value, production: Value) -> Server {
    let reply = move |request: &str| {
        let body = body(request.split(' ').nth(1).unwrap_or_default(), &tip, &production);
        answer("200 OK", "content-type: application/json\r\n", body.to_string().as_bytes())
    };
    Server::start(Fault::Reply(Arc::new(reply))).await
}

fn provider(server: &Server, folder: &Path) -> Provider {
    let token = Some(token(folder));
    let gitlab = GitLab { project: "acme/checkout".into(), token, url: Some(server.url("")), allow_http: false };
    Provider::GitLab(Box::new(gitlab::Source::new("ci", &gitlab, &setup())))
}

fn case(name: &str, status: &str, output: &str) -> Value {
    json!({"status": status, "name": name, "classname": "Pay", "execution_time": 0.1, "system_output": output})
}

/// What two looks at the tip tell, and the requests about production.
fn two_looks(tip: Value, production: Value) -> (Report, Vec<String>) {
    run_async(async {
        let folder = tempfile::tempdir().unwrap();
        let server = serve(tip, production).await;
        let wanted = Wanted { name: "ci".into(), required: true, ..Wanted::default() };
        let memory = Memory::at(Some(folder.path()), None);
        let past = Past::new("ci", memory, provider(&server, folder.path()));
        let mut remote = Remote::new(wanted, provider(&server, folder.path())).remembering(past);
        let production = Oid::parse(PRODUCTION).unwrap();
        let mut report = Report::default();
        for _ in 0..2 {
            let told = remote.look(&target(0)).await.0;
            report = remote.compare(told, &target(0), Some(&production)).await;
        }
        let is_past = |line: &String| line.contains(PRODUCTION) && line.contains("/pipelines?");
        (report, server.requests().into_iter().filter(is_past).collect())
    })
}

#[test]
fn what_failed_in_production_for_the_same_reason_is_told_from_what_is_new() {
    let tip = json!([
        case("old", "failed", "port 81 refused"),
        case("other", "failed", "null"),
        case("new", "failed", "boom"),
    ]);
    let production = json!([
        case("old", "failed", "port 4012 refused"),
        case("other", "failed", "timeout"),
        case("new", "success", ""),
        case("gone", "success", ""),
    ]);
    let (report, asked) = two_looks(tip, production);
    let told: Vec<_> = report.failures.iter().map(|f| (f.name.as_str(), f.standing)).collect();
    let expected = [
        ("unit", None),
        ("pipeline 2 (push)", None),
        ("new", Some(Standing::New)),
        ("other", Some(Standing::Changed)),
        ("old", Some(Standing::PreExisting)),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    // A job that fails in both may fail for two reasons: it is excused by nothing.
    assert!(expected.iter().all(|one| told.contains(one)), "{told:?}");
    let baseline = report.baseline.unwrap();
    assert_eq!((baseline.missing, baseline.missing_tests.as_slice()), (1, ["Pay > gone".to_owned()].as_slice()));
    assert_eq!(asked.len(), 1, "production is asked once: {asked:?}");
}

#[test]
fn a_server_without_results_of_production_leaves_every_failure_unexcused() {
    let (report, asked) = two_looks(json!([case("a", "failed", "boom")]), json!([]));
    assert!(report.baseline.is_none() && report.failures.iter().all(|failure| failure.standing.is_none()));
    assert_eq!(asked.len(), 1, "and it is not asked again at once: {asked:?}");
}
