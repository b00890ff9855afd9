use serde_json::json;

use super::*;
use crate::config::schema::{Engine, Rollback, Secret};
use crate::rollback::engine::questions as all_questions;
use crate::rollback::fixtures::{contents, rollback};
use crate::rollback::model::{Class, Plan};
use crate::rollback::plan::build;

fn by(flag: FeatureFlag) -> Rollback {
    Rollback { engine: Engine::Flag, flag: Some(flag), ..rollback(Vec::new(), None) }
}

fn unleash_flag() -> Rollback {
    let it = UnleashFlag {
        url: "https://unleash.example/".into(),
        project: "shop".into(),
        environment: "production".into(),
        flag: "new-gateway".into(),
        token: Some(Secret::Env("UNLEASH_TOKEN".into())),
        allow_http: false,
    };
    by(FeatureFlag { unleash: Some(it), ..FeatureFlag::default() })
}

fn launchdarkly_flag() -> Rollback {
    let it = LaunchDarklyFlag {
        url: "https://app.launchdarkly.com".into(),
        project: "shop".into(),
        environment: "prod-eu".into(),
        flag: "new-gateway".into(),
        token: Some(Secret::Env("LD_TOKEN".into())),
        allow_http: false,
    };
    by(FeatureFlag { launchdarkly: Some(it), ..FeatureFlag::default() })
}

fn flagd_flag() -> Rollback {
    by(FeatureFlag {
        flagd: Some(FlagdFlag { file: "flags.json".into(), flag: "new-gateway".into() }),
        ..FeatureFlag::default()
    })
}

fn planned(rollback: &Rollback, answer: Value) -> Plan {
    build(rollback, contents(), &[answer]).unwrap()
}

fn refused(rollback: &Rollback, answer: Value) -> String {
    build(rollback, contents(), &[answer]).unwrap_err().to_string()
}

fn of_unleash(enabled: bool) -> Value {
    json!({"name": "new-gateway", "type": "release", "archived": false, "environments": [
        {"name": "development", "enabled": !enabled},
        {"name": "production", "enabled": enabled},
    ]})
}

fn sent(plan: &Plan) -> &Request {
    let StepAction::Http(request) = &plan.steps[0].action else { panic!("a request") };
    request
}

#[test]
fn unleash_is_asked_first_and_told_by_its_admin_api() {
    let Question::Get(asked) = &all_questions(&unleash_flag(), &contents())[0] else { panic!("an address") };
    assert_eq!(asked.url, "https://unleash.example/api/admin/projects/shop/features/new-gateway");
    let plan = planned(&unleash_flag(), of_unleash(true));
    let of_environment = format!("{}/environments/production", asked.url);
    assert_eq!((sent(&plan).method.as_str(), sent(&plan).url.clone()), ("POST", format!("{of_environment}/off")));
    assert_eq!(sent(&plan).token_header.as_deref(), Some("Authorization"), "without Bearer");
    assert_eq!(plan.steps[0].verify.as_ref().unwrap().url, Some(of_environment));
    assert!(plan.steps[0].idempotent);
}

#[test]
fn a_flag_that_goes_off_undoes_no_commit_and_says_so() {
    let mut from = contents();
    from.class = Class::Unsafe;
    let plan = build(&unleash_flag(), from, &[of_unleash(true)]).unwrap();
    assert_eq!(plan.to.reference, "hotfix/checkout-502 without new-gateway");
    assert_eq!((plan.undoes.len(), plan.class, plan.objection()), (0, Class::Clean, None));
    assert!(plan.stays()[0].contains("no commit is undone"));
    let back: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(back.hash(), plan.hash(), "it survives the journal");
}

#[test]
fn a_flag_that_is_off_archived_or_unknown_is_no_way_back() {
    assert!(refused(&unleash_flag(), of_unleash(false)).contains("off already"));
    assert!(refused(&unleash_flag(), json!({"environments": []})).contains("has no environment production"));
    let mut archived = of_unleash(true);
    archived["archived"] = json!(true);
    assert!(refused(&unleash_flag(), archived).contains("archived"));
    let mut switch = of_unleash(true);
    switch["type"] = json!("kill-switch");
    assert!(planned(&unleash_flag(), switch).warnings[0].contains("kill switch"));
    assert!(refused(&launchdarkly_flag(), json!({"environments": {"prod-eu": {"on": false}}})).contains("off already"));
    assert!(refused(&launchdarkly_flag(), json!({"environments": {}})).contains("does not say"));
    assert!(refused(&flagd_flag(), json!("flags: {}")).contains("does not say"));
    assert!(refused(&flagd_flag(), json!(r#"{"flags":{"new-gateway":{"state":"DISABLED"}}}"#)).contains("off already"));
}

#[test]
fn launchdarkly_gets_a_semantic_patch_for_one_environment() {
    let plan = planned(&launchdarkly_flag(), json!({"environments": {"prod-eu": {"on": true, "offVariation": 1}}}));
    let request = sent(&plan);
    assert_eq!(request.method, "PATCH");
    assert_eq!(request.url, "https://app.launchdarkly.com/api/v2/flags/shop/new-gateway?env=prod-eu");
    assert_eq!(request.headers["Content-Type"], SEMANTIC_PATCH);
    let body = request.json.as_ref().unwrap();
    assert_eq!((&body["environmentKey"], &body["instructions"][0]["kind"]), (&json!("prod-eu"), &json!("turnFlagOff")));
    let verify = plan.verify.unwrap();
    assert_eq!(verify.json.as_deref(), Some("$.environments['prod-eu'].on"), "a dash is part of the key");
    assert!(verify.headers.is_empty());
    let bare = planned(&launchdarkly_flag(), json!({"environments": {"prod-eu": {"on": true}}}));
    assert!(bare.warnings[0].contains("no off variation"));
}

#[test]
fn a_file_of_flagd_is_read_back() {
    let plan = planned(&flagd_flag(), json!(r#"{"flags":{"new-gateway":{"state":"ENABLED"}}}"#));
    assert_eq!(plan.steps[0].action.detail(), "sets new-gateway to DISABLED in flags.json");
    assert_eq!(plan.verify.unwrap().file.as_deref(), Some("flags.json"));
}
