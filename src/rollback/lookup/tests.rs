use serde_json::json;

use super::*;
use crate::rollback::fixtures::{contents, rollback, step, verify_url};
use crate::rollback::plan::build;

fn releases(json: &str) -> Ask {
    Ask {
        name: "release".into(),
        about: "the release of the version".into(),
        run: Some(vec!["releases".into(), "--of={to.version}".into()]),
        json: Some(json.into()),
        ..Ask::default()
    }
}

fn asking(ask: Ask) -> Rollback {
    let verify = verify_url("https://h.example/{ask.release}", "$[?@.v == '{ask.release}'].s", "{ask.release}");
    Rollback { ask: vec![ask], ..rollback(vec![step("go to {ask.release}", &["go", "{ask.release}"])], Some(verify)) }
}

fn planned(ask: Ask, answer: Value) -> Result<crate::rollback::model::Plan, String> {
    build(&asking(ask), contents(), &[answer]).map_err(|error| error.to_string())
}

#[test]
fn what_is_found_stands_in_the_steps_the_looks_and_the_plan_s_hash() {
    let ask = releases("$[?@.version == '{to.version}'].id");
    let answer = |id: &str| json!([{"version": "v2.4.1", "id": id}, {"version": "v2.4.0", "id": "r1"}]);
    let plan = planned(ask.clone(), answer("r/7")).unwrap();
    assert_eq!((plan.steps[0].name.as_str(), plan.steps[0].action.detail()), ("go to r/7", "go r/7".into()));
    let verify = plan.verify.clone().unwrap();
    assert_eq!(verify.url.as_deref(), Some("https://h.example/r%2F7"), "an address has its own letters");
    assert_eq!(verify.json.as_deref(), Some("$[?@.v == 'r/7'].s"));
    assert_ne!(plan.hash(), planned(ask, answer("r/8")).unwrap().hash());
}

#[test]
fn the_question_is_for_the_target_and_asks_for_json_or_a_text() {
    let json = questions(&asking(releases("$")), &contents());
    assert_eq!(json, [Question::Run(vec!["releases".into(), "--of=v2.4.1".into()])]);
    let text = Ask { json: None, missing: Some("no {to.version}".into()), ..releases("$") };
    let Question::Print(_, missing) = &questions(&asking(text), &contents())[0] else { panic!("a text") };
    assert_eq!(missing, "no v2.4.1");
}

#[test]
fn none_and_several_are_refused_and_a_number_may_be_the_greatest() {
    let ask = releases("$[*]");
    assert!(planned(ask.clone(), json!([])).unwrap_err().contains("the release of the version was not found"));
    assert!(planned(ask.clone(), json!(["a", "b"])).unwrap_err().contains("several, of which none is chosen: a, b"));
    assert!(planned(ask.clone(), json!(["a", "a"])).is_ok(), "the same twice is one");
    let greatest = Ask { greatest: true, ..ask.clone() };
    let plan = planned(greatest, json!([9, 10, "x", null])).unwrap();
    assert_eq!(plan.steps[0].action.detail(), "go 10");
    let otherwise = Ask { otherwise: Some("0".into()), ..ask };
    assert_eq!(planned(otherwise, json!([])).unwrap().steps[0].action.detail(), "go 0");
}

#[test]
fn a_value_that_a_shell_or_an_option_parser_could_misread_never_becomes_an_argument() {
    for bad in ["--upload-pack=x", "$(id)", "a;id", "a b", "a\u{1b}[2J", "{plan}", "\u{202e}x", ""] {
        let refused = planned(releases("$"), json!(bad)).unwrap_err();
        assert!(!refused.contains('\u{1b}') && !refused.contains('\u{202e}'), "{refused:?}");
    }
}

#[test]
fn a_pattern_takes_its_first_group_from_any_line() {
    let ask = Ask { json: None, pattern: Some(r"releases/(\d+)/REVISION".into()), ..releases("$") };
    let plan = planned(ask, json!("/srv/a/releases/20261124/REVISION\nWarning: banner\n")).unwrap();
    assert_eq!(plan.steps[0].action.detail(), "go 20261124");
}
