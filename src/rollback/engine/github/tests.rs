use serde_json::json;

use super::*;
use crate::config::schema::{Engine, Rollback, Secret};
use crate::rollback::fixtures::{contents, oid, rollback};
use crate::rollback::model::Plan;
use crate::rollback::plan::build;

const WORKFLOW: &str = "run-name: deploy ${{ inputs.version }} (${{ inputs.hotfix_id }})\non:\n  workflow_dispatch:\n    inputs:\n      version:\n        required: true\n      hotfix_id:\n        default: ''\njobs: {}\n";

fn by(workflow: Option<&str>, environment: Option<&str>) -> Rollback {
    let github = GitHubDeploy {
        repository: "acme/checkout".into(),
        workflow: workflow.map(Into::into),
        reference: "{to.version}".into(),
        inputs: [("version".to_owned(), "{to.version}".to_owned())].into(),
        environment: environment.map(Into::into),
        token: Some(Secret::Env("GITHUB_TOKEN".into())),
        api: None,
        allow_http: false,
        timeout: Duration::from_secs(1800),
    };
    Rollback { engine: Engine::GithubActions, github: Some(github), ..rollback(Vec::new(), None) }
}

fn runs(text: &str, state: &str, runs: &Value) -> [Value; 3] {
    [json!({"state": state}), json!(text), json!({"workflow_runs": runs})]
}

fn planned(answers: &[Value]) -> Plan {
    build(&by(Some("deploy.yml"), None), contents(), answers).unwrap()
}

fn refused(answers: &[Value]) -> String {
    build(&by(Some("deploy.yml"), None), contents(), answers).unwrap_err().to_string()
}

/// What a path finds, as a look reads it.
fn found(path: &str, answer: &Value) -> Vec<Value> {
    let parsed = serde_json_path::JsonPath::parse(path).unwrap();
    parsed.query(answer).all().into_iter().cloned().collect()
}

#[test]
fn the_workflow_is_asked_for_on_the_ref_of_the_target() {
    let questions = questions(by(Some("deploy.yml"), None).github.as_ref().unwrap(), &contents());
    let urls: Vec<String> = questions
        .into_iter()
        .map(|question| match question {
            Question::Get(request) => request.url,
            other => panic!("an address, not {other:?}"),
        })
        .collect();
    let base = "https://api.github.com/repos/acme/checkout";
    assert_eq!(urls[0], format!("{base}/actions/workflows/deploy.yml"));
    assert_eq!(urls[1], format!("{base}/contents/.github/workflows/deploy.yml?ref=v2.4.1"));
    assert!(urls[2].starts_with(&format!("{base}/actions/workflows/deploy.yml/runs?")));
}

#[test]
fn a_run_is_dispatched_once_and_found_by_the_plan_among_those_that_came_later() {
    let earlier = json!([{"run_number": 41, "status": "completed"}, {"run_number": 40, "status": "completed"}]);
    let plan = planned(&runs(WORKFLOW, "active", &earlier));
    let step = plan.runnable(0).unwrap();
    let hash = plan.hash();
    let StepAction::Http(request) = &step.action else { panic!("a request") };
    let inputs = json!({"version": "v2.4.1", "hotfix_id": hash});
    assert_eq!(request.json, Some(json!({"ref": "v2.4.1", "inputs": inputs})));
    assert!(!step.idempotent, "a second dispatch is a second deployment");
    let path = plan.runnable(1).unwrap().verify.unwrap();
    let title = format!("deploy v2.4.1 ({hash})");
    let list = |number: u32, title: &str| json!({"workflow_runs": [{"run_number": number, "display_title": title, "conclusion": "success"}]});
    let json = path.json.unwrap();
    assert_eq!(found(&json, &list(42, &title)), [json!("success")]);
    assert!(found(&json, &list(41, &title)).is_empty(), "an equal plan may have run before");
    assert!(found(&json, &list(42, "deploy v2.4.1 (by hand)")).is_empty());
    assert!(path.fails.contains(&"cancelled".to_owned()), "an evicted run will not come back");
}

#[test]
fn another_plan_results_once_somebody_else_dispatched() {
    let with =
        |number: u32| planned(&runs(WORKFLOW, "active", &json!([{"run_number": number, "status": "completed"}])));
    assert_ne!(with(41).hash(), with(42).hash());
}

#[test]
fn a_workflow_whose_run_nobody_could_find_is_refused_before_the_key() {
    assert!(refused(&runs(WORKFLOW, "disabled_manually", &json!([]))).contains("not active: disabled_manually"));
    let unnamed = WORKFLOW.replace("run-name", "name");
    assert!(refused(&runs(&unnamed, "active", &json!([]))).contains("no input `hotfix_id` that its `run-name` shows"));
    assert!(refused(&runs("on: push", "active", &json!([]))).contains("cannot be dispatched"));
    assert!(
        refused(&[json!({"state": "active"}), json!(WORKFLOW), json!({"message": "no"})]).contains("lists no runs")
    );
}

#[test]
fn queues_that_could_hold_it_up_or_evict_it_are_named() {
    let text = format!("{WORKFLOW}concurrency: production\n    environment: production\n");
    let plan = planned(&runs(&text, "active", &json!([{"run_number": 41, "status": "in_progress"}])));
    assert!(plan.warnings.iter().any(|it| it.contains("EVICTS")));
    assert!(plan.warnings.iter().any(|it| it.contains("may want a reviewer")));
    assert!(plan.warnings.iter().any(|it| it.contains("1 of its runs are under way")));
}

#[test]
fn a_deployment_is_created_for_the_commit_and_its_own_statuses_are_followed() {
    let plan = build(&by(None, Some("production")), contents(), &[json!([{"id": 7}])]).unwrap();
    let step = plan.runnable(0).unwrap();
    let StepAction::Http(request) = &step.action else { panic!("a request") };
    let body = request.json.as_ref().unwrap();
    assert_eq!((&body["ref"], &body["auto_merge"]), (&json!(oid('a').to_string()), &json!(false)));
    assert_eq!(body["required_contexts"], json!([]), "the checks of today are not those of its release");
    let wait = plan.runnable(1).unwrap().verify.unwrap();
    let list = json!([
        {"id": 8, "description": format!("hotfix {}", plan.hash()), "statuses_url": "https://api.github.com/s/8"},
        {"id": 6, "description": format!("hotfix {}", plan.hash()), "statuses_url": "https://api.github.com/s/6"},
    ]);
    assert_eq!(found(&wait.follow.unwrap(), &list), [json!("https://api.github.com/s/8")]);
    assert_eq!((wait.json.as_deref(), wait.equals.as_deref()), (Some("$[0].state"), Some("success")));
}
