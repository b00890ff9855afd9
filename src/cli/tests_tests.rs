use serde_json::Value;

use super::*;

const REPORT: &str = "<testsuite name='s'><testcase classname='C' name='a' file='src/c.rs' line='7'><failure message='boom'/></testcase>\
    <testcase name='b'/></testsuite>";

fn report(text: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("unit.xml"), text).unwrap();
    source::read_files(&["unit.xml".into(), "missing.xml".into()], folder.path(), Timestamp::now())
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_json_keeps_its_contract() {
    let report = report(REPORT);
    let mut out = Vec::new();
    write_json(&mut out, &Document { schema: 1, report: &report, verdict: None }, false).unwrap();
    let json: Value = serde_json::from_slice(&out).unwrap();
    let has = |value: &Value, wanted: &[&str]| wanted.iter().all(|key| keys(value).contains(key));
    assert!(has(&json, &["schema", "subject", "totals", "runs", "failures", "warnings"]));
    assert!(has(&json["totals"], &["tests", "passed", "failed", "errored", "skipped", "flaky", "duration_s"]));
    assert!(has(&json["runs"][0], &["name", "source", "subject", "observed_at", "freshness", "totals"]));
    let failure = &json["failures"][0];
    assert!(has(failure, &["run", "suite", "class", "name", "kind", "message", "location", "preexisting"]));
    assert_eq!(
        (&json["schema"], &json["subject"], &failure["preexisting"]),
        (&Value::from(1), &Value::Null, &Value::Null)
    );
    assert_eq!((&failure["kind"], &failure["location"]), (&Value::from("failure"), &Value::from("src/c.rs:7")));
    assert_eq!(json["totals"]["duration_s"], Value::Null, "unknown is never 0");
    assert!(has(&json["warnings"][0], &["source", "what"]));
    assert_eq!(json["warnings"][0]["source"], "missing.xml");
}

#[test]
fn people_read_what_failed_and_where() {
    let report = report(REPORT);
    let mut out = Vec::new();
    write_text(&mut out, &report, None, Timestamp::now()).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("2 tests: 1 passed, 1 failed\n"), "{text}");
    assert!(text.contains("  s > C > a at src/c.rs:7\n      boom\n"), "{text}");
    assert!(text.contains("missing.xml: unreadable: No such file"), "{text}");
}

#[test]
fn all_is_well_only_if_every_report_says_so() {
    let good = "<testsuite><testcase name='a'/></testsuite>";
    let folder = tempfile::tempdir().unwrap();
    let exit = |text: &str| {
        std::fs::write(folder.path().join("a.xml"), text).unwrap();
        source::read_files(&["a.xml".into()], folder.path(), Timestamp::now()).is_clean()
    };
    assert!(exit(good));
    assert!(!exit(""));
    assert!(!exit(&good[..20]));
    assert!(!exit("<testsuite failures='1'><testcase name='a'/></testsuite>"));
    assert!(!exit("<testsuite><testcase name='a'><skipped/></testcase></testsuite>"), "nothing ran");
    assert!(!exit(
        "<testsuite><properties><property name='exit_code' value='1'/></properties><testcase name='a'/></testsuite>"
    ));
}
