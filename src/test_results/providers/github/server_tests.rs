//! The source against a GitHub on loopback, well and ill.

use std::time::Duration;

use serde_json::json;

use super::fixture::*;
use crate::http::fault::{Server, answer};
use crate::test_results::model::{Light, Report};
use crate::test_results::providers::faults::faults;

const JUNIT: &[u8] =
    br#"<testsuite name="pay"><testcase name="a"/><testcase name="b"><failure>no</failure></testcase></testsuite>"#;
const GOOD: &[u8] = br#"<testsuite name="pay"><testcase name="a"/><testcase name="b"/></testsuite>"#;

async fn look(world: World) -> Report {
    Hub::start(world).await.remote(|_| {}).look(&target(0)).await.0
}

/// The verdict and its reason.
fn judged(world: World) -> (Light, String) {
    run_async(async {
        let green = verdict(look(world).await, 0);
        (green.light, green.why)
    })
}

fn with(change: impl FnOnce(&mut World)) -> (Light, String) {
    let mut world = World::default();
    change(&mut world);
    judged(world)
}

fn requires(context: &str, app: Option<i64>) -> serde_json::Value {
    let checks = json!([{"context": context, "integration_id": app}]);
    json!([{"type": "deletion"}, {"type": "required_status_checks", "parameters": {"required_status_checks": checks}}])
}

#[test]
fn checks_that_all_succeed_are_green() {
    let (light, why) = with(|_| {});
    assert_eq!((light, why.as_str()), (Light::Green, "2 tests pass at 3f9c1e2: CI succeeded"));
}

#[test]
fn every_word_but_success_is_none() {
    let cases = [
        ("failure", Light::Red, "1 test fails"),
        ("timed_out", Light::Red, "1 test fails"),
        ("startup_failure", Light::Red, "1 test fails"),
        ("cancelled", Light::Unknown, "e2e says cancelled"),
        ("action_required", Light::Unknown, "e2e says action_required"),
        ("stale", Light::Unknown, "e2e says stale"),
        ("wonderful", Light::Unknown, "e2e says wonderful"),
        ("skipped", Light::Amber, "did not run, and nothing says whether they have to: e2e"),
        ("neutral", Light::Amber, "did not run"),
    ];
    for (word, light, why) in cases {
        let (seen, said) = with(|world| world.checks.push(check(3, "e2e", word)));
        assert_eq!(seen, light, "{word}: {said}");
        assert!(said.contains(why), "{said:?} is not {why:?}");
    }
    for word in ["queued", "in_progress", "waiting", "requested", "pending"] {
        let (seen, said) = with(|world| world.checks.push(pending(3, "e2e", word)));
        assert_eq!((seen, said.as_str()), (Light::Running, "ci: 1 of 3 not finished: e2e"));
    }
    assert_eq!(with(|world| world.checks.push(pending(3, "e2e", "new word"))).0, Light::Unknown);
}

#[test]
fn no_check_at_all_is_no_proof() {
    let (light, why) = with(|world| world.checks.clear());
    assert_eq!((light, why.as_str()), (Light::Unknown, "ci: no check has reported on 3f9c1e2"));
    let only_skipped = with(|world| world.checks = vec![check(1, "unit", "skipped")]);
    assert_ne!(only_skipped.0, Light::Green);
}

#[test]
fn what_the_branch_requires_has_to_succeed() {
    let missing = with(|world| world.rules = requires("deploy-test", None));
    assert_eq!(missing, (Light::Unknown, "ci: the required check deploy-test has not reported".into()));
    let other_app = with(|world| world.rules = requires("unit", Some(99)));
    assert_eq!(other_app, (Light::Unknown, "ci: the required check unit was made by another app".into()));
    assert_eq!(with(|world| world.rules = requires("unit", Some(15368))).0, Light::Green);
    let skipped = with(|world| {
        world.rules = requires("unit", None);
        world.checks[0] = check(1, "unit", "skipped");
    });
    assert_eq!(skipped, (Light::Unknown, "ci: the required check unit did not run (skipped)".into()));
    let classic = with(|world| {
        let checks = json!({"contexts": ["travis"], "checks": [{"context": "travis", "app_id": null}]});
        world.branch = json!({"protection": {"enabled": true, "required_status_checks": checks}});
    });
    assert_eq!(classic, (Light::Unknown, "ci: the required check travis has not reported".into()));
}

#[test]
fn a_check_that_is_not_required_cannot_make_red_and_is_told() {
    let (light, why) = with(|world| {
        world.rules = requires("unit", None);
        world.checks[1] = check(2, "lint", "failure");
    });
    assert_eq!((light, why.as_str()), (Light::Amber, "ci: failed, and not required: lint"));
}

#[test]
fn a_status_of_the_required_name_has_to_succeed_as_well() {
    let (light, why) = with(|world| {
        world.rules = requires("unit", None);
        world.statuses = vec![status("unit", "pending")];
    });
    assert_eq!((light, why.as_str()), (Light::Running, "ci: 1 of 2 not finished: unit"));
    assert_eq!(with(|world| world.statuses = vec![status("jenkins", "error")]).0, Light::Red);
    assert_eq!(with(|world| world.statuses = vec![status("jenkins", "success")]).0, Light::Green);
}

#[test]
fn unknown_requirements_are_not_green_unless_the_configuration_names_them() {
    run_async(async {
        let hub = Hub::start(World::default()).await;
        let refusal = answer("403 Forbidden", "content-type: application/json\r\n", br#"{"message":"Forbidden"}"#);
        hub.set(|world| world.instead = Some(("/rules/branches", refusal)));
        let green = verdict(hub.remote(|_| {}).look(&target(0)).await.0, 0);
        assert_eq!(green.light, Light::Unknown);
        assert!(green.why.contains("which checks are required is not known"), "{}", green.why);
        let mut remote = hub.remote(|github| github.checks = vec!["unit*".into()]);
        assert_eq!(verdict(remote.look(&target(0)).await.0, 0).light, Light::Green);
        let mut remote = hub.remote(|github| github.checks = vec!["e2e".into()]);
        assert_eq!(verdict(remote.look(&target(0)).await.0, 0).light, Light::Unknown);
    });
}

#[test]
fn all_pages_are_read_and_a_missing_one_is_noticed() {
    run_async(async {
        let world = World {
            checks: (1..=5).map(|n| check(n, &format!("c{n}"), "success")).collect(),
            page: 2,
            ..World::default()
        };
        let hub = Hub::start(world).await;
        let report = hub.remote(|_| {}).look(&target(0)).await.0;
        assert_eq!((report.totals.passed, hub.asked("/check-runs")), (5, 3));
        let lost = answer("200 OK", "", br#"{"total_count":5,"check_runs":[]}"#);
        hub.set(|world| world.instead = Some(("&page=3", lost)));
        let green = verdict(hub.remote(|_| {}).look(&target(0)).await.0, 0);
        assert_eq!((green.light, green.why.as_str()), (Light::Unknown, "ci: 4 of 5 checks were read"));
    });
}

#[test]
fn a_page_on_another_host_is_not_asked_for() {
    run_async(async {
        let trap = Server::answering("200 OK", "", b"{}").await;
        let link = format!("link: <{}>; rel=\"next\"\r\n", trap.url("/repos"));
        let page = answer("200 OK", &link, br#"{"total_count":2,"check_runs":[]}"#);
        let hub = Hub::start(World { instead: Some(("/check-runs", page)), ..World::default() }).await;
        let report = hub.remote(|_| {}).look(&target(0)).await.0;
        assert!(trap.requests().is_empty());
        assert!(report.runs[0].ci.as_ref().unwrap().silence(at(0)).contains("may not be contacted"));
    });
}

#[test]
fn unchanged_answers_are_not_sent_again_and_still_count() {
    run_async(async {
        let hub = Hub::start(World::default()).await;
        let folder = tempfile::tempdir().unwrap();
        let mut remote = hub.remote(|github| github.token = Some(token(folder.path())));
        let first = remote.look(&target(0)).await.0;
        let before = hub.server.requests().len();
        let second = remote.look(&target(30)).await.0;
        let again = &hub.server.requests()[before..];
        assert!(again.iter().all(|request| request.contains("if-none-match: ")), "{again:?}");
        assert!(again.iter().all(|request| request.contains("authorization: Bearer t0ken")));
        assert_eq!((first.totals, second.totals.passed), (second.totals, 2));
        assert_eq!(second.runs[0].ci.as_ref().unwrap().asked_at, Some(at(30)));
        hub.set(|world| world.checks[0] = check(1, "unit", "failure"));
        assert_eq!(verdict(remote.look(&target(60)).await.0, 60).light, Light::Red);
    });
}

#[test]
fn a_commit_that_was_not_pushed_says_so() {
    let unknown = answer("422 Unprocessable Entity", "", br#"{"message":"No commit found for SHA"}"#);
    let (light, why) = with(|world| world.instead = Some(("/check-runs", unknown)));
    assert_eq!(light, Light::Unknown);
    assert!(why.contains("3f9c1e2 of hotfix/checkout-502 is not on 127.0.0.1") && why.ends_with("push it"), "{why}");
}

#[test]
fn each_fault_is_told_in_words_with_a_remedy_and_is_never_green() {
    run_async(async {
        for (bytes, what, remedy) in faults() {
            for part in ["/check-runs", "/status"] {
                let hub = Hub::start(World { instead: Some((part, bytes.clone())), ..World::default() }).await;
                let report = hub.remote(|_| {}).look(&target(0)).await.0;
                let silence = report.runs[0].ci.as_ref().unwrap().silence.clone().unwrap();
                assert!(silence.what.contains(what), "{} is not {what}", silence.what);
                assert!(silence.remedy.clone().unwrap_or_default().contains(remedy), "{silence:?}");
                assert!(silence.retry_at.unwrap() > at(0));
                let green = verdict(report, 0);
                assert_eq!(green.light, Light::Unknown, "{what}");
                assert!(green.why.contains(what), "{}", green.why);
            }
        }
    });
}

#[test]
fn limits_are_kept_to_the_second_and_the_last_answer_runs_out() {
    run_async(async {
        let hub = Hub::start(World::default()).await;
        let mut remote = hub.remote(|_| {});
        assert_eq!(verdict(remote.look(&target(0)).await.0, 0).light, Light::Green);
        let reset = at(600).as_second();
        let spent = format!("x-ratelimit-remaining: 0\r\nx-ratelimit-reset: {reset}\r\n");
        hub.set(|world| world.instead = Some(("/check-runs", answer("403 Forbidden", &spent, b"{}"))));
        let (report, pause) = remote.look(&target(30)).await;
        assert_eq!(pause, Duration::from_secs(571));
        assert_eq!(verdict(report.clone(), 30).light, Light::Green, "the last answer still holds");
        let late = verdict(report, 120);
        assert_eq!(late.light, Light::Unknown);
        assert!(late.why.contains("rate limited (403)") && late.why.contains("again in 8m"), "{}", late.why);
        let before = hub.server.requests().len();
        let (_, pause) = remote.look(&target(100)).await;
        assert_eq!((hub.server.requests().len(), pause), (before, Duration::from_secs(501)), "it is left alone");
        hub.set(|world| world.instead = None);
        assert_eq!(verdict(remote.look(&target(602)).await.0, 602).light, Light::Green);
    });
}

#[test]
fn retry_after_is_kept_and_silence_about_it_is_a_minute() {
    run_async(async {
        for (headers, wait) in [("retry-after: 42\r\n", 42), ("retry-after: 86400\r\n", 300), ("", 60)] {
            let bytes = answer("429 Too Many Requests", headers, b"");
            let hub = Hub::start(World { instead: Some(("/check-runs", bytes)), ..World::default() }).await;
            let (_, pause) = hub.remote(|_| {}).look(&target(0)).await;
            assert_eq!(pause, Duration::from_secs(wait));
        }
    });
}

#[test]
fn a_quota_that_runs_low_is_spread_over_the_time_that_is_left() {
    run_async(async {
        let quota = format!("x-ratelimit-remaining: 12\r\nx-ratelimit-reset: {}\r\n", at(1_800).as_second());
        let body = json!({"total_count": 0, "workflow_runs": []}).to_string();
        let page = answer("200 OK", &format!("content-type: application/json\r\n{quota}"), body.as_bytes());
        let hub = Hub::start(World { instead: Some(("/actions/runs", page)), ..World::default() }).await;
        let (_, pause) = hub.remote(|_| {}).look(&target(0)).await;
        assert_eq!(pause, Duration::from_secs(900), "5 requests a look, 12 left: two looks in half an hour");
    });
}

fn with_artifact(location: &str) -> World {
    let artifact = json!({"id": 11, "name": "junit-unit", "size_in_bytes": 556, "expired": false, "created_at": "2026-11-24T20:00:00Z"});
    World { runs: vec![run(7, 1, "push")], artifacts: vec![(artifact, location.into())], ..World::default() }
}

#[test]
fn reports_in_an_artifact_are_read_from_where_it_is_and_the_token_does_not_go_there() {
    run_async(async {
        let storage = Server::answering("200 OK", "", &zip("out/junit.xml", JUNIT)).await;
        let hub = Hub::start(with_artifact(&storage.url("/blob?sig=1"))).await;
        let folder = tempfile::tempdir().unwrap();
        let mut remote = hub.remote(|github| github.token = Some(token(folder.path())));
        let report = remote.look(&target(0)).await.0;
        assert_eq!((report.totals.tests, report.totals.failed, report.failures.len()), (4, 1, 1));
        assert_eq!(report.failures[0].name, "b");
        assert!(report.runs[1].source.ends_with("/acme/checkout: CI #562: junit-unit: out/junit.xml"));
        assert_eq!(verdict(report, 0).light, Light::Red);
        assert_eq!(storage.requests().len(), 1);
        assert!(!storage.requests()[0].to_lowercase().contains("authorization"), "{}", storage.requests()[0]);
        remote.look(&target(30)).await;
        assert_eq!(storage.requests().len(), 1, "an artifact never changes: it is not downloaded again");
    });
}

#[test]
fn an_artifact_that_cannot_be_read_is_no_proof() {
    run_async(async {
        let mut damaged = zip("junit.xml", GOOD);
        let middle = damaged.iter().position(|b| *b == b'<').unwrap_or(60);
        damaged[middle] ^= 0xff;
        let cases = [
            (zip("junit.xml", GOOD), Light::Green),
            (damaged, Light::Unknown),
            (zip("junit.xml", &GOOD[..40]), Light::Unknown),
            (b"no zip".to_vec(), Light::Unknown),
            (zip("junit.xml", br#"<testsuite name="x"></testsuite>"#), Light::Unknown),
        ];
        for (bytes, light) in cases {
            let storage = Server::answering("200 OK", "", &bytes).await;
            let hub = Hub::start(with_artifact(&storage.url("/blob"))).await;
            let green = verdict(hub.remote(|_| {}).look(&target(0)).await.0, 0);
            assert_eq!(green.light, light, "{}", green.why);
        }
        let mut world = with_artifact("http://127.0.0.1:1/");
        world.artifacts[0].0["expired"] = json!(true);
        let hub = Hub::start(world).await;
        assert_eq!(verdict(hub.remote(|_| {}).look(&target(0)).await.0, 0).light, Light::Unknown);
    });
}

#[test]
fn an_artifact_that_is_named_has_to_be_there() {
    run_async(async {
        let hub = Hub::start(World { runs: vec![run(7, 1, "push")], ..World::default() }).await;
        let mut remote = hub.remote(|github| github.artifacts = Some(vec!["reports-*".into()]));
        let green = verdict(remote.look(&target(0)).await.0, 0);
        assert_eq!((green.light, green.why.as_str()), (Light::Unknown, "ci: no artifact is called reports-*"));
    });
}

#[test]
fn a_later_attempt_and_a_merge_with_the_base_are_told() {
    let (light, why) = with(|world| world.runs = vec![run(7, 2, "push")]);
    assert_eq!((light, why.as_str()), (Light::Amber, "ci: CI #562 passed at attempt 2 only"));
    run_async(async {
        let report = look(World { runs: vec![run(7, 1, "pull_request")], ..World::default() }).await;
        assert!(report.warnings.iter().any(|warning| warning.what.contains("tested as merged with its base")));
    });
}

#[test]
fn a_failed_check_tells_its_step_and_its_page() {
    run_async(async {
        let mut world = World::default();
        world.checks[0] = check(1, "unit", "failure");
        let report = look(world).await;
        let failure = &report.failures[0];
        assert_eq!(failure.name, "unit");
        assert!(failure.message.contains("failed at: cargo test"), "{}", failure.message);
        assert!(failure.message.contains("https://github.example/runs/1"));
        assert_eq!(report.runs[0].ci.as_ref().unwrap().page.as_deref(), Some("https://github.example/runs/1"));
    });
}

#[test]
fn a_push_takes_green_away_before_the_next_look() {
    run_async(async {
        let report = look(World::default()).await;
        let mut state = crate::test_results::model::State::default();
        state.set_head(head());
        let pushed = crate::evidence::Subject::commit(crate::evidence::Oid::parse(&"b".repeat(40)).unwrap());
        let evidence = crate::evidence::Evidence {
            value: report,
            subject: head(),
            source: "x".into(),
            observed_at: at(0),
            ttl: Duration::from_secs(90),
        };
        state.update(crate::evidence::Observation::Seen(Default::default(), Box::new(evidence)), at(0));
        assert!(state.verdict(&head(), at(0)).is_green());
        state.set_head(pushed.clone());
        assert_eq!(state.verdict(&pushed, at(0)).light, Light::Stale);
    });
}
