use serde_json::json;
use serde_json_path::JsonPath;

use super::*;
use crate::config::schema::{Engine, Rollback};
use crate::evidence::Oid;
use crate::rollback::fixtures::{contents, oid, rollback};
use crate::rollback::model::Plan;
use crate::rollback::plan::build;

fn revert() -> Revert {
    Revert {
        from: oid('b'),
        to: oid('a'),
        commit: Oid::parse(&"c".repeat(40)).unwrap(),
        lease: oid('d'),
        branch: "release/2".into(),
        review: None,
        url: "git@forge.example:shop/checkout.git".into(),
        subject: "Roll back to v2.4.1".into(),
    }
}

fn git(pull_request: Option<PullRequest>) -> GitRevert {
    GitRevert { branch: "release/2".into(), remote: "origin".into(), pull_request }
}

fn github() -> PullRequest {
    let timeout = Duration::from_secs(1800);
    PullRequest { github: Some("shop/checkout".into()), timeout, ..PullRequest::default() }
}

fn gitlab() -> PullRequest {
    PullRequest { github: None, gitlab: Some("shop/checkout".into()), ..github() }
}

fn planned(it: Option<PullRequest>, rules: &[Value]) -> Plan {
    let way = Rollback { engine: Engine::GitRevert, git: Some(git(it)), ..rollback(Vec::new(), None) };
    let answers: Vec<Value> = [serde_json::to_value(revert()).unwrap()].into_iter().chain(rules.to_vec()).collect();
    build(&way, contents(), &answers).unwrap()
}

fn kinds(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.action.kind()).collect()
}

/// What a step's look finds in an answer.
fn seen(plan: &Plan, step: usize, answer: &Value) -> Vec<Value> {
    let path = plan.steps[step].verify.as_ref().and_then(|look| look.json.clone()).unwrap();
    JsonPath::parse(&path).unwrap().query(answer).all().into_iter().cloned().collect()
}

const REVIEW: &str = "hotfix/roll-back-ccccccc";

#[test]
fn the_forge_is_asked_for_its_rules_and_only_where_it_is_named() {
    assert_eq!(questions(&git(None)), []);
    assert_eq!(questions(&git(Some(PullRequest { always: true, ..github() }))), [], "nothing depends on the answer");
    let urls = |it| -> Vec<String> {
        let asked = questions(&git(Some(it))).into_iter();
        asked.map(|it| if let Question::Get(request) = it { request.url } else { panic!("{it:?}") }).collect()
    };
    let api = "https://api.github.com/repos/shop/checkout";
    assert_eq!(urls(github()), [format!("{api}/branches/release%2F2"), format!("{api}/rules/branches/release%2F2")]);
    let api = "https://gitlab.com/api/v4/projects/shop%2Fcheckout";
    assert_eq!(urls(gitlab()), [format!("{api}/repository/branches/release%2F2")]);
}

#[test]
fn a_branch_that_takes_a_push_gets_one() {
    assert_eq!(kinds(&planned(None, &[])), ["git_revert_push"]);
    let open = [json!({"name": "release/2", "protected": false}), json!([{"type": "required_linear_history"}])];
    assert_eq!(kinds(&planned(Some(github()), &open)), ["git_revert_push"]);
    let ours = [json!({"protected": true, "can_push": true})];
    assert_eq!(kinds(&planned(Some(gitlab()), &ours)), ["git_revert_push"], "GitLab says that this user may");
}

#[test]
fn a_protected_branch_gets_a_pull_request() {
    let protected = [json!({"name": "release/2", "protected": true}), json!([])];
    let ruled = [json!({"protected": false}), json!([{"type": "pull_request", "parameters": {}}])];
    let checked = [json!({"protected": false}), json!([{"type": "required_status_checks"}])];
    for rules in [protected, ruled, checked] {
        let plan = planned(Some(github()), &rules);
        assert_eq!(kinds(&plan), ["git_revert_push", "http", "manual"]);
        let details: Vec<String> = plan.steps.iter().map(|step| step.action.detail()).collect();
        assert!(details[0].contains(&format!("ccccccc:{REVIEW} ")), "{}", details[0]);
        assert!(details[1].starts_with("POST https://api.github.com/repos/shop/checkout/pulls {"), "{}", details[1]);
        assert!(details[1].contains(r#""base":"release/2""#) && details[1].contains(REVIEW), "{}", details[1]);
        assert!(plan.warnings.iter().any(|it| it.contains("is protected")), "{:?}", plan.warnings);
        assert!(!plan.stays().iter().any(|it| it.starts_with("git:")), "git is put right by it");
    }
}

#[test]
fn a_pull_request_is_done_when_the_forge_says_that_it_is_merged() {
    let plan = planned(Some(PullRequest { always: true, ..github() }), &[]);
    let pull = |merged: Value| json!([{"state": "closed", "merged_at": merged, "head": {"ref": REVIEW}, "base": {"ref": "release/2"}}]);
    let open = pull(Value::Null);
    assert_eq!(seen(&plan, 1, &open), [REVIEW]);
    assert_eq!(seen(&plan, 2, &open), Vec::<Value>::new(), "closed is not merged");
    assert_eq!(seen(&plan, 2, &pull(json!("2026-01-01T00:00:00Z"))), ["release/2"]);
    assert_eq!(seen(&plan, 1, &json!([])), Vec::<Value>::new(), "there is none");

    let plan = planned(Some(PullRequest { always: true, ..gitlab() }), &[]);
    assert_eq!(seen(&plan, 2, &json!([{"state": "merged", "source_branch": REVIEW}])), ["merged"]);
    assert_eq!(plan.steps[2].verify.as_ref().unwrap().fails, ["closed"]);
}

#[test]
fn a_forge_that_is_silent_about_its_rules_holds_nothing_up_and_is_told() {
    let plan = planned(Some(github()), &[json!({UNKNOWN: "api.github.com: connection refused"}), json!([])]);
    assert_eq!(kinds(&plan), ["git_revert_push"]);
    let told = "whether release/2 is protected is not known: api.github.com: connection refused";
    assert!(plan.warnings.iter().any(|it| it == told), "{:?}", plan.warnings);
}
