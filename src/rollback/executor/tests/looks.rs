//! What a look at the world can see, and what a step that only waits makes of it.

use super::*;
use crate::config::schema::{Engine, FeatureFlag, FlagdFlag, Rollback, Step, UnleashFlag, Verify};
use crate::rollback::executor::survey;
use crate::rollback::fixtures::{contents, rollback};
use crate::rollback::plan::build;

/// A step that does nothing but wait for this.
fn wait(verify: Verify) -> Step {
    Step { run: None, verify: Some(verify), ..step("wait", &[]) }
}

const RUNS: &str =
    r#"{"runs":[{"title":"v9 other","conclusion":"success"},{"title":"v2.4.1 mine","conclusion":"failure"}]}"#;

#[tokio::test]
async fn a_wait_ends_at_once_where_the_world_will_not_change_its_mind() {
    let server = Server::start(|_| (200, RUNS)).await;
    let mine = "$.runs[?search(@.title, '^{to.version} ')].conclusion";
    let look = Verify {
        within: Duration::from_secs(600),
        fails: vec!["failure".into()],
        ..verify_url(&server.url("/runs"), mine, "success")
    };
    let bench = Bench::new();
    let end = bench.run(plan_of(vec![wait(look), sh("never", "echo x >> never")], None)).await;
    assert_eq!((end, bench.states()), (RollbackEnd::Failed, vec![Failed, Pending]));
    assert!(bench.end_words().contains("the world says failure, not success"), "{}", bench.end_words());
    assert_eq!((server.requests().len(), bench.effects("never")), (1, 0));
}

#[tokio::test]
async fn a_step_that_took_effect_and_failed_in_the_world_is_not_issued_again() {
    let bench = Bench::new();
    std::fs::write(bench.folder.path().join("state"), "failure").unwrap();
    let look = Verify { file: Some("state".into()), run: None, equals: Some("done".into()), ..verify_run(&[]) };
    let look = Verify { fails: vec!["failure".into()], ..look };
    let plan =
        plan_of(vec![Step { verify: Some(look), ..sh("one", "echo x >> one; exit 3") }, sh("two", "true")], None);
    assert_eq!(bench.run(plan).await, RollbackEnd::Failed);
    assert_eq!(bench.execution().next(), Next::Look(0));
    assert_eq!(bench.run(bench.resumed(None)).await, RollbackEnd::Failed);
    assert_eq!(bench.effects("one"), 1, "it was not done again");
    assert!(bench.end_words().contains("took effect, and the world says failure"), "{}", bench.end_words());
}

#[tokio::test]
async fn several_values_are_one_line_and_a_link_is_followed_on_the_same_server_alone() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "GET /elsewhere HTTP/1.1" => (200, r#"[{"statuses":"http://127.0.0.1:1/statuses"}]"#),
        _ => (200, r#"[{"status":"deployed","chart":"c-1"},{"status":"superseded"}]"#),
    })
    .await;
    let bench = Bench::new();
    let both = verify_url(&server.url("/history"), "$[0]['status','chart']", "deployed c-1");
    assert_eq!(bench.run(plan_of(vec![wait(both)], None)).await, RollbackEnd::Verified);
    let bench = Bench::new();
    let follow = Some("$[0].statuses".to_owned());
    let away = Verify { follow, ..verify_url(&server.url("/elsewhere"), "$[0].state", "success") };
    assert_eq!(bench.run(plan_of(vec![wait(away)], None)).await, RollbackEnd::IssuedNotVerified);
    assert!(bench.end_words().contains("leads to another server"), "{}", bench.end_words());
}

#[tokio::test]
async fn a_flag_of_unleash_is_asked_for_turned_off_and_looked_at() {
    let server = Server::start(|asked| match asked.line.split(' ').next() {
        Some("POST") => (200, ""),
        _ if asked.line.contains("/environments/") => (200, r#"{"name":"production","enabled":false}"#),
        _ => (200, r#"{"environments":[{"name":"production","enabled":true}]}"#),
    })
    .await;
    let bench = Bench::new();
    std::fs::write(bench.folder.path().join("token"), "*:*.hush\n").unwrap();
    let unleash = UnleashFlag {
        url: server.url("/"),
        project: "shop".into(),
        environment: "production".into(),
        flag: "new-gateway".into(),
        token: Some(Secret::File("token".into())),
        allow_http: false,
    };
    let flag = Some(FeatureFlag { unleash: Some(unleash), ..FeatureFlag::default() });
    let engine = Rollback { engine: Engine::Flag, flag, ..rollback(Vec::new(), None) };
    let eyes = bench.executor().eyes();
    let answers = survey::answers(Some(&eyes), &engine, &contents()).await.unwrap();
    assert_eq!(bench.run(build(&engine, contents(), &answers).unwrap()).await, RollbackEnd::Verified);
    let asked = server.requests();
    let lines: Vec<_> = asked.iter().map(|asked| asked.line.as_str()).collect();
    let flag = "/api/admin/projects/shop/features/new-gateway";
    assert_eq!(lines[0], format!("GET {flag} HTTP/1.1"));
    assert_eq!(lines[1], format!("POST {flag}/environments/production/off HTTP/1.1"));
    assert!(asked.iter().all(|asked| asked.header("authorization").as_deref() == Some("*:*.hush")), "no Bearer");
}

#[tokio::test]
async fn a_flag_in_a_file_goes_off_and_stays_off() {
    let bench = Bench::new();
    let file = bench.folder.path().join("flags.json");
    std::fs::write(&file, r#"{"flags": {"new-gateway": {"state": "ENABLED"}}}"#).unwrap();
    let flagd = FlagdFlag { file: "flags.json".into(), flag: "new-gateway".into() };
    let flag = Some(FeatureFlag { flagd: Some(flagd), ..FeatureFlag::default() });
    let engine = Rollback { engine: Engine::Flag, flag, ..rollback(Vec::new(), None) };
    let eyes = bench.executor().eyes();
    let answers = survey::answers(Some(&eyes), &engine, &contents()).await.unwrap();
    let plan = build(&engine, contents(), &answers).unwrap();
    assert_eq!(bench.run(plan).await, RollbackEnd::Verified);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), r#"{"flags": {"new-gateway": {"state": "DISABLED"}}}"#);
    let answers = survey::answers(Some(&eyes), &engine, &contents()).await.unwrap();
    assert!(build(&engine, contents(), &answers).unwrap_err().to_string().contains("off already"));
}
