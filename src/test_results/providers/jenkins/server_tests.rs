//! The source against a Jenkins on loopback.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Source;
use crate::config::schema::Jenkins;
use crate::http::fault::{Fault, Server, answer};
use crate::test_results::model::{Light, Report, Wanted};
use crate::test_results::providers::faults::{limits_are_kept, none_is_green};
use crate::test_results::providers::github::fixture::{HEAD, run_async, setup, target, token, verdict};
use crate::test_results::providers::remote::{Provider, Remote};

fn build(number: u64, result: &Value, sha: &str) -> Value {
    json!({"number": number, "url": format!("https://ci.example/job/checkout/{number}/"), "result": result,
        "building": result.is_null(), "timestamp": 1_795_550_340_000_i64, "duration": 60_000,
        "actions": [{}, null, {"lastBuiltRevision": {"SHA1": sha}, "remoteUrls": ["https://git.example/acme/checkout.git"]}]})
}

fn tests(cases: &Value, passed: u64, failed: u64) -> Value {
    json!({"empty": false, "passCount": passed, "failCount": failed, "skipCount": 0, "duration": 2.5,
        "suites": [{"name": "pay", "cases": cases}]})
}

fn case(name: &str, status: &str) -> Value {
    json!({"className": "pay.Test", "name": name, "status": status, "failedSince": 41, "errorDetails": "boom",
        "errorStackTrace": "at pay.Test", "flakyFailures": []})
}

async fn serve(builds: Value, tests: Option<Value>) -> Server {
    let reply = move |request: &str| {
        let target = request.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let json = "content-type: application/json\r\n";
        match path {
            "/job/checkout/api/json" => answer("200 OK", json, builds.to_string().as_bytes()),
            "/job/many/api/json" => answer(
                "200 OK",
                json,
                br#"{"_class":"org.x.WorkflowMultiBranchProject","jobs":[{"name":"hotfix%2Fcheckout-502"}]}"#,
            ),
            "/job/many/job/hotfix%252Fcheckout-502/api/json" => answer("200 OK", json, builds.to_string().as_bytes()),
            path if path.contains("/testReport/") => match &tests {
                Some(tests) => answer("200 OK", json, tests.to_string().as_bytes()),
                None => answer("404 Not Found", "content-type: text/html\r\n", b"<html>"),
            },
            _ => answer("404 Not Found", "content-type: text/html\r\n", b"<html>"),
        }
    };
    Server::start(Fault::Reply(Arc::new(reply))).await
}

fn remote(server: &Server, job: &str, folder: &std::path::Path) -> Remote {
    let jenkins = Jenkins {
        job: server.url(job),
        user: Some("ana".into()),
        token: Some(token(folder)),
        remote: Some("acme/checkout".into()),
        allow_http: false,
    };
    let wanted = Wanted { name: "ci".into(), required: true, patterns: vec!["jenkins".into()], ..Default::default() };
    Remote::new(wanted, Provider::Jenkins(Box::new(Source::new("ci", &jenkins, &setup()))))
}

fn look_at(job: &str, builds: &[Value], tests: Option<Value>) -> Report {
    run_async(async {
        let folder = tempfile::tempdir().unwrap();
        let server = serve(json!({"_class": "hudson.model.FreeStyleProject", "builds": builds}), tests).await;
        let report = remote(&server, job, folder.path()).look(&target(0)).await.0;
        // "ana:t0ken"
        assert!(server.requests().iter().all(|it| it.contains("authorization: Basic YW5hOnQwa2Vu")));
        report
    })
}

fn judged(builds: &[Value], tests: Option<Value>) -> (Light, String) {
    let green = verdict(look_at("/job/checkout", builds, tests), 0);
    (green.light, green.why)
}

fn good() -> Value {
    tests(&json!([case("a", "PASSED"), case("b", "FIXED")]), 2, 0)
}

#[test]
fn a_build_of_the_commit_with_its_tests_is_green() {
    for job in ["/job/checkout/", "/job/many"] {
        let report = look_at(job, &[build(42, &json!("SUCCESS"), HEAD)], Some(good()));
        let page = report.runs[0].ci.as_ref().unwrap().page.clone();
        assert_eq!(page.as_deref(), Some("https://ci.example/job/checkout/42/"), "{report:?}");
        let green = verdict(report, 0);
        assert_eq!((green.light, green.why.as_str()), (Light::Green, "3 tests pass at 3f9c1e2: CI succeeded"));
    }
}

#[test]
fn every_result_but_success_is_none() {
    for (result, light) in [
        (json!("UNSTABLE"), Light::Red),
        (json!("FAILURE"), Light::Red),
        (json!("ABORTED"), Light::Unknown),
        (json!("NOT_BUILT"), Light::Unknown),
        (json!("ODD"), Light::Unknown),
        (Value::Null, Light::Running),
    ] {
        assert_eq!(judged(&[build(42, &result, HEAD)], Some(good())).0, light, "{result}");
    }
}

#[test]
fn builds_of_other_commits_and_of_libraries_do_not_count() {
    let none = (Light::Unknown, "ci: no check has reported on 3f9c1e2".to_owned());
    assert_eq!(judged(&[build(42, &json!("SUCCESS"), &"b".repeat(40))], Some(good())), none);
    let mut library = build(42, &json!("SUCCESS"), HEAD);
    library["actions"][2]["remoteUrls"] = json!(["https://git.example/acme/library.git"]);
    assert_eq!(judged(&[library], Some(good())), none);
    assert_eq!(judged(&[], None), none);
}

#[test]
fn tests_that_fail_are_red_and_say_since_when() {
    let report = look_at(
        "/job/checkout",
        &[build(42, &json!("UNSTABLE"), HEAD)],
        Some(tests(&json!([case("a", "PASSED"), case("b", "REGRESSION")]), 1, 1)),
    );
    let failure = report.failures.iter().find(|failure| failure.name == "b").unwrap();
    assert!(
        failure.message.starts_with("boom\n") && failure.message.ends_with("failing since build 41"),
        "{}",
        failure.message
    );
    assert_eq!(verdict(report, 0).light, Light::Red);
}

#[test]
fn counts_that_disagree_and_unknown_words_are_not_green() {
    let success = || [build(42, &json!("SUCCESS"), HEAD)];
    assert_eq!(judged(&success(), Some(tests(&json!([case("a", "PASSED")]), 2, 0))).0, Light::Unknown);
    assert_eq!(judged(&success(), Some(tests(&json!([case("a", "PASSED")]), 0, 1))).0, Light::Unknown);
    assert_eq!(judged(&success(), Some(tests(&json!([]), 0, 0))).0, Light::Unknown);
    let odd = judged(&success(), Some(tests(&json!([case("a", "ODD")]), 1, 0)));
    assert_ne!(odd.0, Light::Green, "{}", odd.1);
}

#[test]
fn a_second_build_of_the_commit_that_passed_is_told() {
    let builds = [build(42, &json!("SUCCESS"), HEAD), build(41, &json!("FAILURE"), HEAD)];
    assert_eq!(judged(&builds, Some(good())), (Light::Amber, "ci: build 42 passed at attempt 2 only".into()));
}

#[test]
fn a_flaky_test_is_told_by_name() {
    let mut flaky = case("a", "PASSED");
    flaky["flakyFailures"] = json!([{"message": "first time"}]);
    let report = look_at("/job/checkout", &[build(42, &json!("SUCCESS"), HEAD)], Some(tests(&json!([flaky]), 1, 0)));
    assert_eq!(report.flaky[0].name, "a");
    assert_eq!(verdict(report, 0).light, Light::Amber);
}

#[test]
fn no_fault_is_green_and_limits_are_kept() {
    run_async(async {
        let folder = tempfile::tempdir().unwrap();
        none_is_green(|server| remote(server, "/job/checkout", folder.path())).await;
        limits_are_kept(|server| remote(server, "/job/checkout", folder.path())).await;
    });
}
