use serde_json::json;

use super::*;
use crate::rollback::fixtures::{contents, oid, plan, plan_of, rollback, step, verify_run, verify_url};

fn request(url: &str, body: Value) -> Request {
    Request { method: "post".into(), url: url.into(), json: Some(body), ..Request::default() }
}

fn problem(step: schema::Step) -> String {
    build(&rollback(vec![step], None), contents(), &[]).unwrap_err().to_string()
}

#[test]
fn each_placeholder_fills_one_argument_one_url_part_or_one_string() {
    let mut http = step("tell", &[]);
    http.run = None;
    http.http =
        Some(request("https://h/{to.version}", json!({"{to.sha}": ["{from.version}", 1, {"v": "is {to.version}"}]})));
    let plan = plan_of(vec![step("go", &["deploy", "--to", "{to.version}"]), http], None);
    assert_eq!(plan.steps[0].action, StepAction::Run(vec!["deploy".into(), "--to".into(), "v2.4.1".into()]));
    let StepAction::Http(sent) = &plan.steps[1].action else { panic!("a request") };
    assert_eq!((sent.method.as_str(), sent.url.as_str()), ("POST", "https://h/v2.4.1"));
    assert_eq!(sent.json, Some(json!({"{to.sha}": ["hotfix/checkout-502", 1, {"v": "is v2.4.1"}]})));
}

#[test]
fn the_hash_covers_every_field_and_fills_the_last_placeholder() {
    let with = |arg: &str| {
        plan_of(vec![step("go", &["deploy", "{plan}", arg])], Some(verify_url("https://h/?p={plan}", "$.p", "{plan}")))
    };
    let (one, other) = (with("a"), with("b"));
    assert_eq!(one.hash(), with("a").hash());
    assert_ne!(one.hash(), other.hash());
    let hash = one.hash();
    assert_eq!(one.runnable(0).unwrap().action, StepAction::Run(vec!["deploy".into(), hash.clone(), "a".into()]));
    let look = one.last_look().unwrap();
    assert_eq!((look.url, look.equals), (Some(format!("https://h/?p={hash}")), Some(hash)));
    assert_eq!(one.runnable(1), None);
}

#[test]
fn a_changed_warning_is_another_plan() {
    let mut changed = plan();
    changed.warnings.push("look here".into());
    assert_ne!(changed.hash(), plan().hash());
}

#[test]
fn a_plan_survives_the_journal() {
    let text = serde_json::to_string(&plan()).unwrap();
    let back: Plan = serde_json::from_str(&text).unwrap();
    assert_eq!(back, plan());
    assert_eq!(back.hash(), plan().hash());
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    let none = build(&rollback(Vec::new(), None), contents(), &[]).unwrap_err();
    assert_eq!(none.to_string(), "[rollback] steps: there are none; write [[rollback.steps]]");
    let mut neither = step("go", &[]);
    neither.run = None;
    assert_eq!(problem(neither), r#"[rollback] step "go": must have exactly one of `run` and `http`"#);
    assert_eq!(problem(step("go", &[])), r#"[rollback] step "go": `run` names no program"#);
    assert!(problem(step("go", &["{to.version}"])).ends_with("a placeholder may not choose the program"));
    assert!(problem(step("go", &["deploy", "a\0b"])).ends_with("`run` holds a NUL character"));
    let mut get = step("go", &[]);
    (get.run, get.http) = (None, Some(Request { method: "GET".into(), ..request("https://h/", json!(null)) }));
    assert!(problem(get).contains("the method GET changes nothing"));
    let mut slow = step("go", &[]);
    (slow.run, slow.http, slow.timeout) = (None, Some(request("https://h/", json!(1))), Duration::from_secs(90));
    assert_eq!(plan_of(vec![slow], None).steps[0].timeout_s, 30.0, "the client waits no longer");
    let mut both = step("go", &["true"]);
    both.verify = Some(Verify { url: Some("https://h/".into()), ..verify_run(&["true"]) });
    assert!(problem(both).contains("exactly one of `run` and `url`"));
}

#[test]
fn an_injected_option_never_becomes_an_argument() {
    let mut bad = contents();
    bad.to.reference = "--force;rm".into();
    let error = build(&rollback(vec![step("go", &["deploy", "{to.version}"])], None), bad, &[]).unwrap_err();
    assert!(error.to_string().contains("which looks like an option"), "{error}");
}

fn of_git(class: Option<Reversal>, to: Option<&str>) -> change::Contents {
    let point = |name: &str, digit| change::Point { reference: name.into(), oid: Some(oid(digit)) };
    change::Contents {
        from: point("v2.4.2", 'b'),
        to: to.map(|name| point(name, 'a')),
        class,
        reasons: vec!["migrations/7.sql: the schema changed".into()],
        undoes: vec![change::Undone { oid: oid('b'), summary: "Fix".into(), flags: vec!["fix".into()] }],
        total: 1,
        unknown: vec!["no version before it is known".into()],
    }
}

#[test]
fn what_git_cannot_tell_is_never_clean() {
    let class = |class| Contents::of(&of_git(class, Some("v2.4.1"))).unwrap().class;
    assert_eq!([class(None), class(Some(Reversal::Unsafe))], [Class::Unsafe; 2]);
    assert_eq!(class(Some(Reversal::Clean)), Class::Clean);
    assert_eq!(class(Some(Reversal::Compensating)), Class::Compensating);
}

#[test]
fn head_is_no_name_for_a_version() {
    let mut git = of_git(Some(Reversal::Clean), Some("v2.4.1"));
    git.from.reference = "HEAD".into();
    assert_eq!(
        Contents::of(&git).unwrap().from,
        version(&change::Point { reference: "bbbbbbb".into(), oid: Some(oid('b')) })
    );
}

#[test]
fn a_way_back_to_nowhere_says_why() {
    let error = Contents::of(&of_git(None, None)).unwrap_err();
    assert_eq!(error.to_string(), "[rollback] to: there is no version to go back to: no version before it is known");
    assert_eq!(Contents::of(&of_git(None, Some("v2.4.1"))).unwrap().warnings.len(), 2);
}

#[test]
fn another_engine_is_not_taken_for_steps() {
    let sf = schema::Rollback { engine: Engine::Salesforce, ..rollback(vec![step("go", &["x"])], None) };
    assert!(build(&sf, contents(), &[]).unwrap_err().to_string().contains("[rollback.salesforce]"));
}
