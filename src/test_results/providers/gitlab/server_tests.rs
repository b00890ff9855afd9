//! The source against a GitLab on loopback.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Source;
use crate::config::schema::GitLab;
use crate::http::fault::{Fault, Server, answer};
use crate::test_results::model::{Light, Report, Wanted};
use crate::test_results::providers::faults::{limits_are_kept, none_is_green};
use crate::test_results::providers::github::fixture::{HEAD, at, run_async, setup, target, token, verdict};
use crate::test_results::providers::remote::{Provider, Remote};

/// Answers by the end of the path; the first that fits.
pub(super) type Answers = Vec<(&'static str, Value)>;

fn pipeline(status: &str) -> Value {
    json!({"id": 46, "status": status, "source": "push", "sha": HEAD, "ref": "hotfix/x",
        "web_url": "https://gitlab.example/p/46", "finished_at": "2026-11-24T20:00:00Z"})
}

fn suite(cases: &Value, failed: u64) -> Value {
    let total = cases.as_array().unwrap().len();
    json!({"total_count": total, "test_suites": [{"name": "unit", "total_time": 1.5, "total_count": total,
        "failed_count": failed, "error_count": 0, "suite_error": null, "test_cases": cases}]})
}

fn case(name: &str, status: &str) -> Value {
    json!({"status": status, "name": name, "classname": "pay", "file": "pay_test.rb", "system_output": "expected 1", "stack_trace": null})
}

fn job(id: u64, name: &str, status: &str) -> Value {
    json!({"id": id, "name": name, "stage": "test", "status": status, "allow_failure": false, "web_url": "https://gitlab.example/j/1"})
}

fn good() -> Answers {
    vec![
        ("/pipelines", json!([pipeline("success")])),
        ("/pipelines/46", pipeline("success")),
        ("/jobs", json!([job(1, "unit", "success")])),
        ("/bridges", json!([])),
        ("/test_report", suite(&json!([case("a", "success"), case("b", "success")]), 0)),
    ]
}

async fn serve(answers: Answers) -> Server {
    let reply = move |request: &str| {
        let target = request.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let found = answers.iter().find(|(end, _)| path.ends_with(end));
        match found {
            Some((_, Value::Number(status))) => {
                answer(&format!("{status} No"), "content-type: application/json\r\n", b"{}")
            }
            Some((_, body)) => answer("200 OK", "content-type: application/json\r\n", body.to_string().as_bytes()),
            None => answer("404 Not Found", "content-type: application/json\r\n", b"{}"),
        }
    };
    Server::start(Fault::Reply(Arc::new(reply))).await
}

fn remote(server: &Server, folder: &std::path::Path) -> Remote {
    let gitlab = GitLab {
        project: "acme/shop/checkout".into(),
        token: Some(token(folder)),
        url: Some(server.url("")),
        allow_http: false,
    };
    let wanted = Wanted { name: "ci".into(), required: true, patterns: vec!["gitlab".into()], ..Default::default() };
    Remote::new(wanted, Provider::GitLab(Box::new(Source::new("ci", &gitlab, &setup()))))
}

pub(super) fn look(change: impl FnOnce(&mut Answers)) -> Report {
    let mut answers = good();
    change(&mut answers);
    run_async(async {
        let folder = tempfile::tempdir().unwrap();
        let server = serve(answers).await;
        let report = remote(&server, folder.path()).look(&target(0)).await.0;
        let requests = server.requests();
        assert!(requests.iter().all(|it| it.contains("/api/v4/projects/acme%2Fshop%2Fcheckout/")), "{requests:?}");
        assert!(requests.iter().all(|it| it.contains("authorization: Bearer t0ken")));
        report
    })
}

fn judged(change: impl FnOnce(&mut Answers)) -> (Light, String) {
    let green = verdict(look(change), 0);
    (green.light, green.why)
}

/// Before the others: the first that fits is given.
pub(super) fn answer_first(answers: &mut Answers, end: &'static str, value: Value) {
    answers.insert(0, (end, value));
}

fn set(answers: &mut Answers, end: &str, value: Value) {
    answers.iter_mut().find(|(known, _)| *known == end).unwrap().1 = value;
}

#[test]
fn a_pipeline_that_passed_with_its_tests_is_green() {
    let report = look(|_| {});
    assert_eq!((report.totals.tests, report.runs.len()), (3, 2));
    assert_eq!(report.runs[0].ci.as_ref().unwrap().page.as_deref(), Some("https://gitlab.example/p/46"));
    let green = verdict(report, 0);
    assert_eq!((green.light, green.why.as_str()), (Light::Green, "3 tests pass at 3f9c1e2: CI succeeded"));
}

#[test]
fn every_status_but_success_is_none() {
    let both = |status: &'static str| {
        judged(move |answers| {
            set(answers, "/pipelines", json!([pipeline(status)]));
            set(answers, "/pipelines/46", pipeline(status));
        })
    };
    for status in ["created", "pending", "running", "manual", "scheduled", "preparing", "waiting_for_resource"] {
        assert_eq!(both(status).0, Light::Running, "{status}");
    }
    assert_eq!(both("failed").0, Light::Red);
    for status in ["canceled", "skipped", "odd"] {
        assert_eq!(both(status).0, Light::Unknown, "{status}");
    }
}

#[test]
fn tests_that_fail_are_red_with_their_place() {
    let report =
        look(|answers| set(answers, "/test_report", suite(&json!([case("a", "failed"), case("b", "error")]), 1)));
    assert_eq!((report.totals.failed, report.totals.errored, report.failures.len()), (1, 1, 2));
    assert_eq!(report.failures[0].location.as_deref(), Some("pay_test.rb"));
    assert_eq!(verdict(report, 0).light, Light::Red);
}

#[test]
fn a_file_of_results_that_could_not_be_read_is_red_though_no_test_failed() {
    let (light, why) = judged(|answers| {
        let mut report = suite(&json!([case("a", "success")]), 0);
        report["test_suites"][0]["suite_error"] = json!("JUnit XML parsing failed: 1:1: FATAL");
        set(answers, "/test_report", report);
    });
    assert_eq!(light, Light::Red);
    assert!(why.contains("unit: its results could not be read: JUnit XML parsing failed"), "{why}");
}

#[test]
fn counts_that_disagree_are_not_green() {
    let fewer = |answers: &mut Answers| {
        let mut report = suite(&json!([case("a", "success")]), 0);
        report["test_suites"][0]["total_count"] = json!(2);
        set(answers, "/test_report", report);
    };
    assert_eq!(judged(fewer), (Light::Unknown, "ci: unit: 1 of 2 tests are listed".into()));
    assert_eq!(
        judged(|answers| set(answers, "/test_report", suite(&json!([case("a", "success")]), 1))).0,
        Light::Unknown
    );
}

#[test]
fn a_job_that_may_fail_and_did_is_told() {
    let (light, why) = judged(|answers| {
        let mut flaky = job(2, "lint", "failed");
        flaky["allow_failure"] = json!(true);
        set(answers, "/jobs", json!([job(1, "unit", "success"), flaky]));
    });
    assert_eq!((light, why.as_str()), (Light::Amber, "ci: failed, and not required: lint"));
}

#[test]
fn a_job_that_passed_when_tried_again_is_told() {
    let (light, why) =
        judged(|answers| set(answers, "/jobs", json!([job(1, "unit", "failed"), job(2, "unit", "success")])));
    assert_eq!((light, why.as_str()), (Light::Amber, "ci: unit passed at attempt 2 only"));
}

#[test]
fn a_pipeline_of_the_merge_and_one_that_was_started_by_another_count_for_what_they_are() {
    let merged = judged(|answers| {
        let mut other = pipeline("success");
        other["sha"] = json!("b".repeat(40));
        set(answers, "/pipelines/46", other);
    });
    assert_eq!(merged, (Light::Unknown, "ci: pipeline 46 (push) tested bbbbbbb, not this commit".into()));
    let child = judged(|answers| {
        let bridge =
            json!([{"name": "deploy", "status": "success", "downstream_pipeline": {"id": 47, "status": "failed"}}]);
        set(answers, "/bridges", bridge);
    });
    assert_eq!(child.0, Light::Red);
}

#[test]
fn no_pipeline_is_no_proof_and_an_unknown_commit_was_not_pushed() {
    let absent = judged(|answers| set(answers, "/pipelines", json!([])));
    assert_eq!(absent.0, Light::Unknown);
    assert!(absent.1.contains("is not on 127.0.0.1") && absent.1.ends_with("push it"), "{}", absent.1);
    let there = judged(|answers| {
        set(answers, "/pipelines", json!([]));
        answers.push((HEAD, json!({"id": HEAD})));
    });
    assert_eq!(there, (Light::Unknown, "ci: no check has reported on 3f9c1e2".into()));
}

#[test]
fn a_limit_without_headers_is_a_minute() {
    run_async(async {
        let mut answers = good();
        set(&mut answers, "/pipelines", json!(429));
        let folder = tempfile::tempdir().unwrap();
        let (report, pause) = remote(&serve(answers).await, folder.path()).look(&target(0)).await;
        assert_eq!(pause.as_secs(), 60);
        let why = report.runs[0].ci.as_ref().unwrap().silence(at(0));
        assert!(why.contains("rate limited (429)") && why.ends_with("again in 60s"), "{why}");
    });
}

#[test]
fn no_fault_is_green_and_limits_are_kept() {
    run_async(async {
        let folder = tempfile::tempdir().unwrap();
        none_is_green(|server| remote(server, folder.path())).await;
        limits_are_kept(|server| remote(server, folder.path())).await;
    });
}

/// A list that goes on is read to its end, and what is unchanged is not sent again.
#[test]
fn all_pages_are_read_and_unchanged_ones_count() {
    run_async(async {
        let reply = |request: &str| {
            let target = request.split(' ').nth(1).unwrap_or_default();
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let json = "content-type: application/json\r\n";
            if request.contains("if-none-match: W/\"one\"") {
                return answer("304 Not Modified", "etag: W/\"one\"\r\n", b"");
            }
            let (body, link) = match path.rsplit('/').next().unwrap_or_default() {
                "jobs" if query.contains("page=2") => (json!([job(2, "e2e", "failed")]), String::new()),
                "jobs" => (json!([job(1, "unit", "success")]), format!("link: <{path}?page=2>; rel=\"next\"\r\n")),
                "bridges" => (json!([]), String::new()),
                "test_report" => (suite(&json!([case("a", "success")]), 0), String::new()),
                "46" => (pipeline("failed"), String::new()),
                _ => (json!([pipeline("failed")]), String::new()),
            };
            answer("200 OK", &format!("{json}{link}etag: W/\"one\"\r\n"), body.to_string().as_bytes())
        };
        let server = Server::start(Fault::Reply(Arc::new(reply))).await;
        let folder = tempfile::tempdir().unwrap();
        let mut remote = remote(&server, folder.path());
        let names = |report: &Report| report.failures.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
        let first = remote.look(&target(0)).await.0;
        assert!(names(&first).contains(&"e2e".to_owned()), "{:?}", first.failures);
        let before = server.requests().len();
        let second = remote.look(&target(30)).await.0;
        assert!(server.requests()[before..].iter().all(|it| it.contains("if-none-match: ")));
        assert_eq!((names(&second), second.totals), (names(&first), first.totals));
    });
}
