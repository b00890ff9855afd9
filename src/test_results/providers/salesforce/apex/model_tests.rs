use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};

use super::*;
use crate::evidence::Oid;
use crate::test_results::model::{Report, Wanted};
use crate::test_results::providers::damage::{harm, places};
use crate::test_results::providers::github::fixture::{HEAD, at, verdict};

const RUN: &str = "707000000000001AAA";
const DEPLOY: &str = "0Af000000000001AAA";

fn terms() -> Terms {
    Terms {
        name: "apex".into(),
        place: "salesforce qa".into(),
        org: "qa".into(),
        tests: Apex::default(),
        org_id: Some("00D1".into()),
    }
}

fn started() -> Started {
    Started {
        run: RUN.into(),
        commit: Oid::parse(HEAD),
        deploy: Some(DEPLOY.into()),
        org: "00D1".into(),
        tests: Apex::default(),
        started_at: at(-600),
    }
}

fn deployed(id: &str) -> Option<Deployed> {
    Some(Deployed { id: id.into(), at: Some(at(-700)), status: Some("Succeeded".into()) })
}

/// A run in which all passed: its `ApexTestRunResult`, and its result as the command gives it.
fn good() -> Value {
    json!({
        "status": {"Status": "Completed", "EndTime": at(-60).to_string(), "MethodsEnqueued": 2, "MethodsCompleted": 2, "MethodsFailed": 0},
        "result": {
            "summary": {"outcome": "Passed", "testsRan": 2, "passing": 2, "failing": 0, "skipped": 0, "testRunId": RUN,
                "orgWideCoverage": "90%", "failRate": "0%"},
            "tests": [
                {"FullName": "ATest.one", "MethodName": "one", "Outcome": "Pass", "RunTime": 23},
                {"FullName": "ATest.two", "MethodName": "two", "Outcome": "Pass", "RunTime": 12}],
            "coverage": {"coverage": [{"id": "01q000000000001", "name": "T", "totalLines": 10, "totalCovered": 9}]}
        }
    })
}

fn settled(run: &Value, started: &Started, terms: &Terms, last: &Result<Option<Deployed>, String>) -> Option<Report> {
    let status = Status::deserialize(&run["status"]).ok()?;
    let results = Results::read(&run["result"]).ok()?;
    let results = (status.standing() == Standing::Ended).then_some(results);
    let mut report = judge(&status, results.as_ref(), started, terms, last).report();
    for run in &mut report.runs {
        run.observed_at = run.observed_at.or(Some(at(0)));
        run.ci.as_mut().unwrap().holds_until = Some(at(60));
    }
    let wanted = Wanted { name: "apex".into(), required: true, ..Wanted::default() };
    Some(Report { sources: vec![wanted], ..report })
}

fn judged(run: &Value) -> (Light, String) {
    let green = verdict(settled(run, &started(), &terms(), &Ok(deployed(DEPLOY))).unwrap(), 0);
    (green.light, green.why)
}

fn with(place: &str, value: Value) -> (Light, String) {
    let mut run = good();
    *run.pointer_mut(place).unwrap() = value;
    judged(&run)
}

#[test]
fn a_run_whose_tests_passed_in_an_org_that_holds_head_is_green() {
    let report = settled(&good(), &started(), &terms(), &Ok(deployed(DEPLOY))).unwrap();
    let run = &report.runs[0];
    assert_eq!((run.totals.tests, run.totals.passed, run.cases.len()), (2, 2, 2), "and is kept for comparisons");
    assert_eq!(verdict(report, 0).light, Light::Green);
}

#[test]
fn whatever_else_it_says_is_not_green() {
    let failed = json!([{"FullName": "ATest.one", "Outcome": "Fail", "Message": "boom"}, {"FullName": "B.c", "Outcome": "Pass"}]);
    let cases = [
        ("/result/tests", failed, Light::Red),
        ("/result/tests/0/Outcome", json!("Odd"), Light::Red),
        ("/result/tests", json!([]), Light::Unknown),
        ("/result/summary/outcome", json!("Failed"), Light::Red),
        ("/result/summary/outcome", json!("Skipped"), Light::Unknown),
        ("/result/summary/failing", json!(1), Light::Unknown),
        ("/result/summary/testRunId", json!("707000000000002AAA"), Light::Unknown),
        ("/result/summary/orgWideCoverage", json!("74%"), Light::Red),
        ("/result/summary/orgWideCoverage", Value::Null, Light::Unknown),
        ("/result/coverage/coverage/0/totalCovered", json!(0), Light::Red),
        ("/status/Status", json!("Processing"), Light::Running),
        ("/status/Status", json!("Failed"), Light::Red),
        ("/status/Status", json!("Aborted"), Light::Unknown),
        ("/status/Status", json!("Odd"), Light::Unknown),
        ("/status/MethodsFailed", json!(1), Light::Red),
        ("/status/EndTime", Value::Null, Light::Unknown),
    ];
    for (place, value, light) in cases {
        assert_eq!(with(place, value.clone()).0, light, "{place} {value}");
    }
}

#[test]
fn a_test_that_failed_already_is_told_while_the_others_run() {
    let mut run = good();
    run["status"] = json!({"Status": "Processing", "MethodsEnqueued": 9, "MethodsCompleted": 3, "MethodsFailed": 1});
    let report = settled(&run, &started(), &terms(), &Ok(None)).unwrap();
    assert_eq!(report.runs[0].totals.failed, 1);
    let green = verdict(report, 0);
    assert!(green.light == Light::Red && green.running, "{}", green.why);
}

#[test]
fn it_is_about_no_commit_where_the_org_holds_something_else() {
    let of = |started: &Started, terms: &Terms, last: Result<Option<Deployed>, String>| {
        let green = verdict(settled(&good(), started, terms, &last).unwrap(), 0);
        (green.light, green.why)
    };
    let unknown = Started { commit: None, ..started() };
    assert_eq!(of(&unknown, &terms(), Ok(deployed(DEPLOY))).0, Light::Unknown);
    let other = Started { commit: Oid::parse(&"a".repeat(40)), ..started() };
    assert_eq!(of(&other, &terms(), Ok(deployed(DEPLOY))).0, Light::Stale);
    let (light, why) = of(&started(), &terms(), Ok(deployed("0Af000000000009AAA")));
    assert!(light == Light::Stale && why.contains("since deploy 0Af000000000009AAA at"), "{why}");
    assert_eq!(of(&started(), &terms(), Ok(None)).0, Light::Unknown);
    assert_eq!(of(&started(), &terms(), Err("no answer".into())).0, Light::Unknown);
    assert_eq!(of(&started(), &Terms { org_id: Some("00D2".into()), ..terms() }, Ok(deployed(DEPLOY))).0, Light::Stale);
    let suites = Apex { suites: vec!["Smoke".into()], ..Apex::default() };
    assert_eq!(of(&started(), &Terms { tests: suites, ..terms() }, Ok(deployed(DEPLOY))).0, Light::Stale);
    assert_eq!(of(&started(), &terms(), Ok(deployed(&DEPLOY[..15]))).0, Light::Green, "the short form of its id");
}

#[test]
fn real_answers_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples/salesforce");
    let Ok(text) = std::fs::read_to_string(folder.join("apex_async.json")) else {
        return println!("skipped: {} is not there", folder.display());
    };
    let answer: Value = serde_json::from_str(&text).unwrap();
    let mut run = good();
    run["result"] = answer["result"].clone();
    let report = settled(&run, &started(), &terms(), &Ok(deployed(DEPLOY))).unwrap();
    let totals = report.runs[0].totals;
    assert_eq!((totals.tests, totals.passed, totals.failed, totals.skipped), (3, 1, 1, 1));
    assert_eq!(verdict(report, 0).light, Light::Red);
}

proptest! {
    #![proptest_config(Config { cases: 400, rng_seed: RngSeed::Fixed(11), failure_persistence: None, ..Config::default() })]

    /// A result with a failed test never becomes green, whatever is lost of it or written over it.
    #[test]
    fn damage_never_makes_green(at in any::<prop::sample::Index>(), with in prop::option::of(0..6usize)) {
        let words = [Value::Null, json!(true), json!("Passed"), json!(0), json!([]), json!({})];
        let mut run = good();
        run["result"]["tests"][1]["Outcome"] = json!("Fail");
        run["result"]["summary"]["outcome"] = json!("Failed");
        run["result"]["summary"]["failing"] = json!(1);
        let mut all = Vec::new();
        places(&run, &mut Vec::new(), &mut all);
        harm(&mut run, &all[at.index(all.len())].clone(), with.map(|index| words[index].clone()));
        if let Some(report) = settled(&run, &started(), &terms(), &Ok(deployed(DEPLOY))) {
            prop_assert_ne!(verdict(report, 0).light, Light::Green);
        }
    }
}
