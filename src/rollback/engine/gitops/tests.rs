use serde_json::json;

use super::*;
use crate::config::schema::{Engine, Kubernetes, Rollback};
use crate::rollback::fixtures::{contents, oid, rollback};
use crate::rollback::model::{Plan, StepAction};
use crate::rollback::plan::build;

fn argo_cd() -> GitOps {
    GitOps { argocd: Some("shop".into()), timeout: QUICK, ..GitOps::default() }
}

fn flux() -> GitOps {
    GitOps { kustomization: Some("apps".into()), context: Some("prod".into()), ..GitOps::default() }
}

fn deployment(gitops: GitOps) -> Rollback {
    let kubernetes = Kubernetes {
        workload: "checkout".into(),
        namespace: "shop".into(),
        context: None,
        image: None,
        timeout: QUICK,
    };
    let kubernetes = Some(kubernetes);
    Rollback { engine: Engine::Kubernetes, kubernetes, gitops: Some(gitops), ..rollback(Vec::new(), None) }
}

fn object(metadata: &Value, spec: &Value) -> Value {
    json!({"metadata": metadata, "spec": spec})
}

/// A deployment that runs the bad version, and its revisions.
fn cluster() -> [Value; 2] {
    let template = |image: &str| json!({"template": {"spec": {"containers": [{"image": image}]}}});
    let labels = json!({"kustomize.toolkit.fluxcd.io/name": "apps"});
    let annotations = json!({"deployment.kubernetes.io/revision": "3"});
    let revision = json!({"annotations": annotations, "ownerReferences": [{"uid": "w"}]});
    [
        object(&json!({"uid": "w", "labels": labels}), &template("r/checkout:bad")),
        json!({"items": [object(&revision, &template("r/checkout:v2.4.1"))]}),
    ]
}

fn planned(rollback: &Rollback, owner: Value) -> Plan {
    let [deployment, revisions] = cluster();
    build(rollback, contents(), &[owner, deployment, revisions]).unwrap()
}

#[test]
fn flux_is_suspended_before_the_undo_and_the_plan_says_that_it_stays_so() {
    let plan = planned(&deployment(flux()), object(&json!({"name": "apps"}), &json!({"path": "./apps"})));
    let first = plan.steps[0].action.detail();
    let kubectl =
        "kubectl --context=prod --namespace=flux-system patch kustomizations.kustomize.toolkit.fluxcd.io/apps";
    assert_eq!(first, format!("{kubectl} --type=merge '--patch={{\"spec\":{{\"suspend\":true}}}}'"));
    assert_eq!(plan.steps[0].verify.as_ref().unwrap().equals.as_deref(), Some("true"));
    assert!(plan.steps[0].compensate.as_ref().unwrap().last().unwrap().contains("\"suspend\":false"));
    assert!(plan.steps[1].name.starts_with("undo to revision 3"));
    let stays = plan.warnings.iter().find(|it| it.contains("stays suspended")).unwrap();
    assert!(stays.contains("\"suspend\":false"), "{stays}");
    assert!(!plan.warnings.iter().any(|it| it.contains("brings the bad version back")), "{:?}", plan.warnings);
}

#[test]
fn argo_cd_loses_its_automatic_sync_and_what_it_was_is_kept_for_the_way_back() {
    let automated = json!({"prune": true, "selfHeal": true});
    let owner = object(&json!({}), &json!({"syncPolicy": {"automated": automated}}));
    let plan = planned(&deployment(argo_cd()), owner);
    let detail = plan.steps[0].action.detail();
    assert!(detail.contains(r#"--patch={"spec":{"syncPolicy":{"automated":null}}}"#), "{detail}");
    assert!(detail.contains("--namespace=argocd"));
    assert!(plan.warnings.iter().any(|it| it.contains(r#""automated":{"prune":true,"selfHeal":true}"#)));
}

#[test]
fn what_is_suspended_is_left_alone_and_what_would_take_it_up_again_is_named() {
    for spec in [json!({}), json!({"syncPolicy": {"automated": {"enabled": false}}})] {
        let plan = planned(&deployment(argo_cd()), object(&json!({}), &spec));
        assert!(plan.steps[0].name.starts_with("undo"), "{:?}", plan.steps[0].name);
        assert!(plan.warnings.iter().any(|it| it.contains("is suspended already")));
    }
    let set = json!({"ownerReferences": [{"uid": "s", "kind": "ApplicationSet", "name": "all-shops"}]});
    let owner = object(&set, &json!({"syncPolicy": {"automated": {}}}));
    let plan = planned(&deployment(argo_cd()), owner);
    assert!(plan.warnings.iter().any(|it| it.contains("the ApplicationSet all-shops may take it up again")));
    let app = object(&json!({"labels": {"argocd.argoproj.io/instance": "root"}}), &json!({}));
    let plan = planned(&deployment(argo_cd()), app);
    assert!(plan.warnings.iter().any(|it| it.contains("Argo CD application root may take it up again")));
}

fn application(history: &Value, phase: &str) -> Value {
    let policy = json!({"automated": {"prune": true}, "syncOptions": ["CreateNamespace=true"]});
    json!({"metadata": {}, "spec": {"syncPolicy": policy}, "status": {
        "history": history,
        "operationState": {"phase": phase},
    }})
}

fn by_argo_cd() -> Rollback {
    Rollback { engine: Engine::ArgoCd, gitops: Some(argo_cd()), ..rollback(Vec::new(), None) }
}

#[test]
fn an_application_goes_back_to_the_entry_of_the_target_and_is_told_apart_by_the_plan() {
    let good = oid('a').to_string();
    let source = json!({"repoURL": "https://git.example/shop", "path": "deploy"});
    let entry = |id: u32, revision: &str| json!({"id": id, "revision": revision, "source": source});
    let history = json!([entry(3, &good), entry(4, &"f".repeat(40)), entry(5, &"b".repeat(40))]);
    let plan = build(&by_argo_cd(), contents(), &[application(&history, "Succeeded")]).unwrap();
    let names: Vec<_> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    let suspend = "suspend the automatic sync of applications.argoproj.io/shop";
    assert_eq!(names, [suspend, "sync to entry 3 of its history", "wait until it is healthy"]);
    let runnable = plan.runnable(1).unwrap();
    let StepAction::Run(argv) = runnable.action else { panic!("a command") };
    let patch: Value = serde_json::from_str(argv.last().unwrap().strip_prefix("--patch=").unwrap()).unwrap();
    assert_eq!(patch["operation"]["sync"]["revision"], json!(good));
    assert_eq!(patch["operation"]["sync"]["syncOptions"], json!(["CreateNamespace=true"]));
    assert_eq!(patch["operation"]["info"][0]["value"], json!(plan.hash()));
    let look = runnable.verify.unwrap();
    assert_eq!(look.equals, Some(format!("Succeeded {}", plan.hash())));
    assert_eq!(look.fails[0], format!("Failed {}", plan.hash()));
    let running = build(&by_argo_cd(), contents(), &[application(&history, "Running")]).unwrap_err().to_string();
    assert!(running.contains("an operation of the application runs"), "{running}");
    let here = build(&by_argo_cd(), contents(), &[application(&json!([entry(6, &good)]), "Succeeded")]);
    assert!(here.unwrap_err().to_string().contains("runs already"));
    let pruned = build(&by_argo_cd(), contents(), &[application(&json!([]), "Succeeded")]);
    assert!(pruned.unwrap_err().to_string().contains("no revision runs v2.4.1"));
}
