use serde_json::json;

use super::*;
use crate::config::schema::{Helm, Kubernetes, Rollback};
use crate::rollback::fixtures::{contents, rollback};
use crate::rollback::model::Plan;
use crate::rollback::plan::build;

fn by_kubectl(engine: Engine) -> Rollback {
    let kubernetes = Kubernetes {
        workload: "checkout".into(),
        namespace: "shop".into(),
        context: Some("prod".into()),
        image: None,
        timeout: Duration::from_secs(300),
    };
    Rollback { engine, kubernetes: Some(kubernetes), ..rollback(Vec::new(), None) }
}

fn by_helm() -> Rollback {
    let helm =
        Helm { release: "checkout".into(), namespace: "shop".into(), context: None, timeout: Duration::from_secs(60) };
    Rollback { engine: Engine::Helm, helm: Some(helm), ..rollback(Vec::new(), None) }
}

fn template(image: &str, hash: Option<&str>) -> Value {
    let mut labels = json!({"app": "checkout"});
    if let Some(hash) = hash {
        labels["rollouts-pod-template-hash"] = json!(hash);
    }
    json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": image}, {"name": "proxy", "image": "envoy:1.30"}]}})
}

/// A revision of the workload with the uid `w`.
fn revision(annotation: &str, number: u64, image: &str, hash: &str) -> Value {
    json!({
        "metadata": {
            "name": format!("checkout-{hash}"),
            "uid": format!("rs-{number}"),
            "labels": {"rollouts-pod-template-hash": hash},
            "annotations": {annotation: number.to_string()},
            "ownerReferences": [{"uid": "w", "kind": "Deployment", "controller": true}],
        },
        "spec": {"template": template(image, Some(hash))},
    })
}

fn deployment(image: &str, more: &Value) -> Value {
    let mut metadata = json!({"name": "checkout", "uid": "w"});
    if let (Some(metadata), Some(more)) = (metadata.as_object_mut(), more.as_object()) {
        metadata.extend(more.clone());
    }
    json!({"metadata": metadata, "spec": {"template": template(image, None)}})
}

const REVISION: &str = "deployment.kubernetes.io/revision";

fn revisions(annotation: &str) -> Value {
    let stranger = json!({"metadata": {"uid": "x", "annotations": {annotation: "9"}, "ownerReferences": [{"uid": "other"}]}, "spec": {"template": template("r:5000/checkout:v2.4.1", None)}});
    json!({"items": [
        revision(annotation, 3, "r:5000/checkout:v2.4.0", "aaa"),
        revision(annotation, 7, "r:5000/checkout:2.4.1", "bbb"),
        revision(annotation, 5, "r:5000/checkout:v2.4.1", "ccc"),
        revision(annotation, 8, "r:5000/checkout:hotfix", "ddd"),
        stranger,
    ]})
}

fn lines(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.action.detail()).collect()
}

fn planned(rollback: &Rollback, answers: &[Value]) -> Plan {
    build(rollback, contents(), answers).unwrap()
}

fn refused(rollback: &Rollback, answers: &[Value]) -> String {
    build(rollback, contents(), answers).unwrap_err().to_string()
}

#[test]
fn a_deployment_is_undone_to_the_newest_revision_that_runs_the_target() {
    let engine = by_kubectl(Engine::Kubernetes);
    let answers = [deployment("r:5000/checkout:hotfix", &json!({})), revisions(REVISION)];
    let plan = planned(&engine, &answers);
    let kubectl = "kubectl --context=prod --namespace=shop";
    assert_eq!(
        lines(&plan),
        [
            format!("{kubectl} rollout undo deployments.apps/checkout --to-revision=7"),
            format!("{kubectl} rollout status deployments.apps/checkout --timeout=300s"),
        ]
    );
    let verify = plan.verify.unwrap();
    assert_eq!(verify.equals.as_deref(), Some("r:5000/checkout:2.4.1 envoy:1.30"), "all containers, as kubectl prints");
    assert_eq!(plan.steps[0].verify.as_ref(), Some(&verify));
    assert!(plan.steps[0].rehearse.as_ref().unwrap().contains(&"--dry-run=server".to_owned()));
    assert!(!plan.steps[0].idempotent, "after the first time the revision has another number");
}

fn asked(rollback: &Rollback) -> Vec<Vec<String>> {
    let argv = |question| match question {
        Question::Run(argv) => argv,
        other => panic!("a command, not {other:?}"),
    };
    questions(rollback, &contents()).into_iter().map(argv).collect()
}

#[test]
fn questions_change_nothing_and_are_for_the_configured_cluster() {
    assert_eq!(
        asked(&by_kubectl(Engine::Kubernetes))[0].join(" "),
        "kubectl --context=prod --namespace=shop get deployments.apps/checkout --output=json"
    );
    for engine in [by_kubectl(Engine::Kubernetes), by_kubectl(Engine::ArgoRollouts)] {
        assert!(asked(&engine).iter().all(|argv| argv.contains(&"get".to_owned()) || argv[1] == "version"));
    }
    assert_eq!(asked(&by_helm())[0].join(" "), "helm history checkout --max=256 --output=json --namespace=shop");
    assert!(questions(&rollback(Vec::new(), None), &contents()).is_empty());
}

#[test]
fn a_change_cause_is_copied_by_an_undo_and_is_not_believed() {
    let mut list = revisions(REVISION);
    // As after an undo: the bad revision carries the words of the good one.
    list["items"][3]["metadata"]["annotations"]["kubernetes.io/change-cause"] = json!("deploy v2.4.1");
    list["items"][1]["metadata"]["annotations"]["kubernetes.io/change-cause"] = json!("deploy hotfix");
    let plan = planned(&by_kubectl(Engine::Kubernetes), &[deployment("r:5000/checkout:hotfix", &json!({})), list]);
    assert!(lines(&plan)[0].ends_with("--to-revision=7"), "{:?}", lines(&plan));
}

#[test]
fn what_an_undo_leaves_as_it_is_is_told() {
    for engine in [Engine::Kubernetes, Engine::ArgoRollouts] {
        let annotation = if engine == Engine::Kubernetes { REVISION } else { ROLLOUT };
        let plan =
            planned(&by_kubectl(engine), &[deployment("r:5000/checkout:hotfix", &json!({})), revisions(annotation)]);
        assert!(plan.warnings.iter().any(|it| it.contains("replicas, ConfigMaps, Secrets and Services stay")));
    }
}

#[test]
fn a_configured_image_is_taken_by_the_letter() {
    let mut engine = by_kubectl(Engine::Kubernetes);
    engine.kubernetes.as_mut().unwrap().image = Some("r:5000/checkout:{to.version}".into());
    let answers = [deployment("r:5000/checkout:hotfix", &json!({})), revisions(REVISION)];
    assert!(lines(&planned(&engine, &answers))[0].ends_with("--to-revision=5"), "2.4.1 without its v is another image");
}

#[test]
fn a_commit_names_an_image_too() {
    let wanted = Wanted::of(&contents(), None).unwrap();
    assert!(wanted.is_image("r:5000/team/checkout:aaaaaaa@sha256:00"));
    assert!(!wanted.is_image("r:5000/team/checkout:aaaa"), "too short to be a commit");
    assert!(!wanted.is_image("r:5000/team/checkout"), "no tag is no version");
    assert!(!wanted.is_image("checkout@sha256:aaaaaaa"));
    assert!(!wanted.is_image("checkout:v2.4.10"));
}

#[test]
fn a_paused_deployment_is_resumed_first() {
    let engine = by_kubectl(Engine::Kubernetes);
    let mut paused = deployment("r:5000/checkout:hotfix", &json!({}));
    paused["spec"]["paused"] = json!(true);
    let plan = planned(&engine, &[paused, revisions(REVISION)]);
    assert_eq!(plan.steps.len(), 3);
    assert!(lines(&plan)[0].contains("rollout resume deployments.apps/checkout"));
}

#[test]
fn who_brings_the_bad_version_back_is_named() {
    let engine = by_kubectl(Engine::Kubernetes);
    for (more, named) in [
        (
            json!({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/checkout"}}),
            "Argo CD application shop owns",
        ),
        (json!({"labels": {"argocd.argoproj.io/instance": "shop"}}), "Argo CD application shop owns"),
        (json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}), "Flux, as apps, owns"),
    ] {
        let plan = planned(&engine, &[deployment("r:5000/checkout:hotfix", &more), revisions(REVISION)]);
        assert!(plan.warnings.iter().any(|it| it.contains(named)), "{:?}", plan.warnings);
    }
}

#[test]
fn there_is_no_plan_without_a_revision_to_go_back_to() {
    let engine = by_kubectl(Engine::Kubernetes);
    let here = deployment("r:5000/checkout:v2.4.1", &json!({}));
    assert!(refused(&engine, &[here, revisions(REVISION)]).contains("runs already: r:5000/checkout:v2.4.1"));
    let bad = deployment("r:5000/checkout:hotfix", &json!({}));
    let pruned = json!({"items": [revision(REVISION, 3, "r:5000/checkout:v2.4.0", "aaa")]});
    assert!(
        refused(&engine, &[bad.clone(), pruned])
            .contains("no revision runs v2.4.1; there are: 3 (r:5000/checkout:v2.4.0")
    );
    let forgotten = refused(&engine, &[bad.clone(), json!({"items": []})]);
    assert!(forgotten.contains("there are: none; is revisionHistoryLimit 0?"), "{forgotten}");
    assert!(refused(&engine, &[bad]).contains("its revisions cannot be read"));
    assert!(refused(&engine, &[json!("<html>")]).contains("the deployment cannot be read"));
    let none = Rollback { kubernetes: None, ..engine };
    assert!(refused(&none, &[]).contains("needs [rollback.kubernetes]"));
}

const ROLLOUT: &str = "rollout.argoproj.io/revision";

fn rollout(status: &Value) -> Value {
    let mut rollout = deployment("r:5000/checkout:hotfix", &json!({}));
    rollout["status"] = status.clone();
    rollout
}

#[test]
fn before_full_promotion_a_rollout_is_aborted_and_its_stable_template_put_back() {
    let engine = by_kubectl(Engine::ArgoRollouts);
    let plan = planned(&engine, &[rollout(&json!({"currentPodHash": "ddd", "stableRS": "bbb"})), revisions(ROLLOUT)]);
    let names: Vec<_> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["abort the rollout", "put the template of revision 7 back", "wait until it is healthy"]);
    assert!(lines(&plan)[0].contains("--subresource=status"), "the main resource drops it silently");
    assert_eq!(plan.verify.unwrap().equals.as_deref(), Some("Healthy r:5000/checkout:2.4.1 envoy:1.30"));
}

#[test]
fn after_full_promotion_an_abort_would_be_dropped_so_the_old_template_is_promoted() {
    let engine = by_kubectl(Engine::ArgoRollouts);
    let plan = planned(&engine, &[rollout(&json!({"currentPodHash": "ddd", "stableRS": "ddd"})), revisions(ROLLOUT)]);
    let names: Vec<_> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["put the template of revision 7 back", "promote past the pauses", "wait until it is healthy"]);
}

#[test]
fn a_version_that_is_not_the_stable_one_is_promoted_as_well() {
    let engine = by_kubectl(Engine::ArgoRollouts);
    let plan = planned(&engine, &[rollout(&json!({"currentPodHash": "ddd", "stableRS": "aaa"})), revisions(ROLLOUT)]);
    assert_eq!(plan.steps.len(), 4, "abort, restore, promote, wait");
}

#[test]
fn the_template_is_replaced_only_where_it_is_still_the_one_of_the_preview() {
    let engine = by_kubectl(Engine::ArgoRollouts);
    let plan = planned(&engine, &[rollout(&json!({"currentPodHash": "ddd", "stableRS": "ddd"})), revisions(ROLLOUT)]);
    let StepAction::Run(argv) = &plan.steps[0].action else { panic!("a command") };
    let patch: Value = serde_json::from_str(argv.last().unwrap().strip_prefix("--patch=").unwrap()).unwrap();
    assert_eq!(
        patch[0],
        json!({"op": "test", "path": "/spec/template", "value": template("r:5000/checkout:hotfix", None)})
    );
    assert_eq!(patch[1]["value"], template("r:5000/checkout:2.4.1", None), "without the hash of its controller");
}

fn patch_of(plan: &Plan, step: usize) -> Value {
    let StepAction::Run(argv) = &plan.steps[step].action else { panic!("a command") };
    assert!(argv.contains(&"--type=json".to_owned()), "a merge patch has no fence");
    serde_json::from_str(argv.last().unwrap().strip_prefix("--patch=").unwrap()).unwrap()
}

#[test]
fn a_stale_abort_or_promotion_is_refused_by_the_server() {
    let engine = by_kubectl(Engine::ArgoRollouts);
    let plan = planned(&engine, &[rollout(&json!({"currentPodHash": "ddd", "stableRS": "aaa"})), revisions(ROLLOUT)]);
    let abort = patch_of(&plan, 0);
    assert_eq!(abort[0], json!({"op": "test", "path": "/status/currentPodHash", "value": "ddd"}));
    assert_eq!(abort[1], json!({"op": "test", "path": "/status/stableRS", "value": "aaa"}));
    let restored = plan.steps[1].verify.as_ref().unwrap();
    assert_eq!(restored.equals.as_deref(), Some("bbb r:5000/checkout:2.4.1 envoy:1.30"), "the controller follows");
    let promote = patch_of(&plan, 2);
    assert_eq!(promote[0], json!({"op": "test", "path": "/status/currentPodHash", "value": "bbb"}));
}

#[test]
fn a_paused_rollout_is_taken_up_in_the_same_breath_as_its_template_is_put_back() {
    let mut paused = rollout(&json!({"currentPodHash": "ddd", "stableRS": "bbb"}));
    paused["spec"]["paused"] = json!(true);
    let plan = planned(&by_kubectl(Engine::ArgoRollouts), &[paused, revisions(ROLLOUT)]);
    let operations = patch_of(&plan, 1);
    assert_eq!(operations[2], json!({"op": "replace", "path": "/spec/paused", "value": false}));
}

#[test]
fn a_rollout_whose_template_is_elsewhere_is_refused() {
    let mut elsewhere = rollout(&json!({}));
    elsewhere["spec"]["workloadRef"] = json!({"kind": "Deployment", "name": "checkout"});
    assert!(refused(&by_kubectl(Engine::ArgoRollouts), &[elsewhere, revisions(ROLLOUT)]).contains("workloadRef"));
}

fn helm_revision(revision: u64, status: &str, chart: &str, app: &str) -> Value {
    json!({"revision": revision, "updated": "2026-11-24", "status": status, "chart": chart, "app_version": app, "description": ""})
}

#[test]
fn helm_goes_back_to_a_healthy_revision_and_never_to_the_one_before() {
    let history = json!([
        helm_revision(4, "superseded", "checkout-1.2.0", "v2.4.1"),
        helm_revision(5, "failed", "checkout-1.2.1", "v2.4.1"),
        helm_revision(6, "pending-upgrade", "checkout-1.3.0", "v2.5.0"),
    ]);
    let plan = planned(&by_helm(), &[history]);
    assert_eq!(lines(&plan), ["helm rollback checkout 4 --wait --timeout=60s --namespace=shop"]);
    let verify = plan.verify.unwrap();
    assert_eq!(verify.json.as_deref(), Some("$[0]['status','app_version']"), "one that hangs is not back");
    assert_eq!(verify.equals.as_deref(), Some("deployed v2.4.1"));
    assert!(plan.warnings.iter().any(|it| it.contains("pending-upgrade")), "and it says that this heals it");
}

#[test]
fn a_chart_has_a_version_too() {
    let history = json!([
        helm_revision(1, "superseded", "check-2-out-2.4.1", ""),
        helm_revision(2, "deployed", "check-2-out-2.5.0", ""),
    ]);
    let plan = planned(&by_helm(), &[history]);
    assert_eq!(plan.verify.unwrap().equals.as_deref(), Some("deployed check-2-out-2.4.1"));
    let done = json!([helm_revision(3, "deployed", "checkout-2.4.1", "")]);
    assert!(refused(&by_helm(), &[done]).contains("runs already"));
    let only_failed =
        json!([helm_revision(3, "failed", "checkout-2.4.1", ""), helm_revision(4, "deployed", "checkout-2.5.0", "")]);
    assert!(refused(&by_helm(), &[only_failed]).contains("no revision runs v2.4.1"));
    assert!(refused(&by_helm(), &[json!([])]).contains("it is empty"));
}

#[test]
fn each_right_that_a_plan_needs_is_asked_for_by_the_object_and_what_is_done_to_it() {
    let asked = |way: &Rollback| -> Vec<String> { rights(way).iter().map(|right| right.argv.join(" ")).collect() };
    assert_eq!(
        asked(&by_kubectl(Engine::Kubernetes)),
        ["kubectl --context=prod --namespace=shop auth can-i patch deployments.apps/checkout"]
    );
    let rollout = "kubectl --context=prod --namespace=shop auth can-i patch rollouts.argoproj.io/checkout";
    assert_eq!(
        asked(&by_kubectl(Engine::ArgoRollouts)),
        [rollout.to_owned(), format!("{rollout} --subresource=status")]
    );
    assert_eq!(asked(&by_helm()), ["kubectl --namespace=shop auth can-i create secrets"]);
    assert!(asked(&rollback(Vec::new(), None)).is_empty());
}

#[test]
fn the_images_that_would_run_again_are_those_of_the_revision_that_it_goes_back_to() {
    let answers = [deployment("r:5000/checkout:hotfix", &json!({})), revisions(REVISION)];
    let found = images(&by_kubectl(Engine::Kubernetes), &contents(), &answers);
    assert_eq!(found, ["r:5000/checkout:2.4.1", "envoy:1.30"]);
    assert!(images(&by_kubectl(Engine::Kubernetes), &contents(), &[]).is_empty());
    assert!(images(&by_helm(), &contents(), &answers).is_empty());
}

#[test]
fn a_kubectl_that_cannot_patch_a_status_is_known_before_the_key() {
    let engine = by_kubectl(Engine::ArgoRollouts);
    let answers = |version: &str| {
        let status = json!({"currentPodHash": "ddd", "stableRS": "bbb"});
        [rollout(&status), revisions(ROLLOUT), json!({"clientVersion": {"gitVersion": version}})]
    };
    assert!(refused(&engine, &answers("v1.20.5")).contains("kubectl v1.20.5 cannot patch a status"));
    assert_eq!(planned(&engine, &answers("v1.32.4-dispatcher")).steps.len(), 3);
}
