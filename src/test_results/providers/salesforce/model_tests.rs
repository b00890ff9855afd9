use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::evidence::Oid;
use crate::test_results::model::{Report, Wanted};
use crate::test_results::providers::damage::{harm, places};
use crate::test_results::providers::github::fixture::{HEAD, at, verdict};

fn terms() -> Terms {
    Terms {
        name: "apex".into(),
        place: "salesforce production".into(),
        org: "production".into(),
        level: TestLevel::RunLocalTests,
        manifest: Some("abc".into()),
        org_id: Some("00D1".into()),
    }
}

fn record() -> Record {
    Record {
        kind: Kind::Validation,
        deploy: "0Af1".into(),
        validation: None,
        commit: Oid::parse(HEAD).unwrap(),
        dirty: false,
        manifest: Some("abc".into()),
        org: "00D1".into(),
        level: TestLevel::RunLocalTests,
        started_at: at(-600),
    }
}

/// A validation that succeeded, as the command prints it.
fn good() -> Value {
    json!({
        "id": "0Af1", "status": "Succeeded", "done": true, "success": true, "checkOnly": true,
        "completedDate": "2026-11-24T20:00:00.000Z", "numberComponentsDeployed": 1, "numberComponentsTotal": 1,
        "numberComponentErrors": 0, "numberTestsCompleted": 2, "numberTestsTotal": 2, "numberTestErrors": 0,
        "deployUrl": "https://org.example/deploy",
        "details": {
            "componentSuccesses": [{"fullName": "A", "componentType": "ApexClass"}], "componentFailures": [],
            "runTestResult": {"numTestsRun": 2, "numFailures": 0, "totalTime": 35, "failures": [],
                "successes": [{"name": "ATest", "methodName": "one"}, {"name": "ATest", "methodName": "two"}],
                "codeCoverage": [{"name": "A", "type": "Class", "numLocations": 10, "numLocationsNotCovered": 1}],
                "codeCoverageWarnings": []}
        }
    })
}

fn settled(deploy: &Value, record: Option<&Record>, terms: &Terms, since: &Since) -> Option<Report> {
    let deploy = Deploy::deserialize(deploy).ok()?;
    let mut report = deploy.judge(record, terms, since).report();
    for run in &mut report.runs {
        run.observed_at = run.observed_at.or(Some(at(0)));
        run.ci.as_mut().unwrap().holds_until = Some(at(60));
    }
    let wanted = Wanted { name: "apex".into(), required: true, patterns: vec![], ..Wanted::default() };
    Some(Report { sources: vec![wanted], ..report })
}

fn judged(deploy: &Value) -> (Light, String) {
    let green = verdict(settled(deploy, Some(&record()), &terms(), &Since::Nothing).unwrap(), 0);
    (green.light, green.why)
}

fn with(change: impl FnOnce(&mut Value)) -> (Light, String) {
    let mut deploy = good();
    change(&mut deploy);
    judged(&deploy)
}

#[test]
fn a_validation_that_succeeded_is_green_and_may_be_deployed_for_ten_days() {
    let report = settled(&good(), Some(&record()), &terms(), &Since::Nothing).unwrap();
    let ci = report.runs[0].ci.clone().unwrap();
    assert_eq!(ci.valid_until, Some("2026-12-04T20:00:00Z".parse().unwrap()));
    let note = "quick deploy until 2026-12-04 20:00 UTC: hotfix tests --quick apex";
    assert_eq!(ci.next.as_deref(), Some(note));
    let green = verdict(report, 0);
    assert_eq!((green.light, green.why.as_str()), (Light::Green, "2 tests pass at 3f9c1e2: CI succeeded"));
}

#[test]
fn every_status_is_taken_for_what_it_is() {
    for (status, done, success, light) in [
        ("Succeeded", true, false, Light::Unknown),
        ("Succeeded", false, true, Light::Unknown),
        ("SucceededPartial", true, true, Light::Red),
        ("Failed", true, false, Light::Red),
        ("FinalizingFailed", true, false, Light::Red),
        ("Canceled", true, false, Light::Unknown),
        ("Odd", true, true, Light::Unknown),
        ("InProgress", false, false, Light::Running),
        ("Pending", false, false, Light::Running),
        ("Canceling", false, false, Light::Running),
        ("InProgress", true, true, Light::Unknown),
    ] {
        let (seen, why) = with(|it| {
            (it["status"], it["done"], it["success"]) = (json!(status), json!(done), json!(success));
        });
        assert_eq!(seen, light, "{status} {done} {success}: {why}");
    }
}

#[test]
fn failures_are_red_before_the_end_and_tell_their_place() {
    let (light, why) = with(|it| {
        (it["status"], it["done"], it["success"], it["numberTestErrors"]) =
            (json!("InProgress"), json!(false), json!(false), json!(1));
    });
    assert_eq!((light, why.as_str()), (Light::Red, "apex: 1 test fails (and 1 more)"));
    let mut failed = good();
    (failed["status"], failed["success"]) = (json!("Failed"), json!(false));
    failed["details"]["componentFailures"] = json!({"fullName": "A", "componentType": "ApexClass", "problem": "no such field",
        "fileName": "classes/A.cls", "lineNumber": "7"});
    let report = settled(&failed, Some(&record()), &terms(), &Since::Nothing).unwrap();
    assert_eq!(report.failures[0].location.as_deref(), Some("classes/A.cls:7"));
    assert_eq!((report.totals.errored, report.failures[0].message.as_str()), (1, "no such field"));
}

#[test]
fn older_versions_write_texts_and_single_elements() {
    let (light, why) = with(|it| {
        (it["done"], it["success"], it["checkOnly"]) = (json!("true"), json!("true"), json!("true"));
        it["numberTestsTotal"] = json!("2");
        it["completedDate"] = json!("2026-11-24T20:00:00.000+0000");
        it["details"]["componentSuccesses"] = json!({"fullName": "A"});
        it["details"]["runTestResult"]["numTestsRun"] = json!("2");
    });
    assert_eq!(light, Light::Green, "{why}");
}

#[test]
fn what_it_was_started_with_has_to_be_what_is_asked_for() {
    let of = |record: Option<Record>, terms: Terms, since: Since| {
        let green = verdict(settled(&good(), record.as_ref(), &terms, &since).unwrap(), 0);
        (green.light, green.why)
    };
    let cases = [
        (of(None, terms(), Since::Nothing), Light::Unknown, "names no commit"),
        (
            of(Some(Record { dirty: true, ..record() }), terms(), Since::Nothing),
            Light::Unknown,
            "work tree with changes",
        ),
        (
            of(Some(Record { deploy: "0Af2".into(), ..record() }), terms(), Since::Nothing),
            Light::Unknown,
            "another deployment",
        ),
        (
            of(Some(record()), Terms { manifest: Some("other".into()), ..terms() }, Since::Nothing),
            Light::Stale,
            "manifest has changed",
        ),
        (
            of(Some(record()), Terms { org_id: Some("00D2".into()), ..terms() }, Since::Nothing),
            Light::Stale,
            "another org",
        ),
        (of(Some(record()), Terms { org_id: None, ..terms() }, Since::Nothing), Light::Unknown, "not known"),
        (
            of(Some(record()), Terms { level: TestLevel::RunAllTestsInOrg, ..terms() }, Since::Nothing),
            Light::Stale,
            "RunAllTestsInOrg is asked for",
        ),
        (of(Some(record()), terms(), Since::Unknown("no answer".into())), Light::Unknown, "no answer"),
    ];
    for ((light, why), expected, part) in cases {
        assert_eq!(light, expected, "{why}");
        assert!(why.contains(part), "{why:?} is not {part:?}");
    }
    let void = Since::Deploy { id: "0Af9".into(), at: Some("2026-11-24T20:04:30Z".parse().unwrap()) };
    let said = of(Some(record()), terms(), void);
    assert_eq!(said, (Light::Stale, "apex: validation void since deploy 0Af9 at 2026-11-24 20:04:30 UTC".into()));
}

#[test]
fn a_validation_runs_out_after_ten_days() {
    let report = settled(&good(), Some(&record()), &terms(), &Since::Nothing).unwrap();
    let late = 10 * 86_400;
    let mut report = report;
    report.runs[0].ci.as_mut().unwrap().holds_until = Some(at(late + 60));
    let green = verdict(report, late);
    assert_eq!(green.light, Light::Stale);
    assert!(green.missing.iter().any(|one| one.condition == 9 && one.what.contains("has run out")), "{green:?}");
}

#[test]
fn coverage_is_asked_for_by_the_rules_of_the_level() {
    let coverage = |list: Value| move |it: &mut Value| it["details"]["runTestResult"]["codeCoverage"] = list;
    let one = |name: &str, kind: &str, all: u64, bare: u64| json!({"name": name, "type": kind, "numLocations": all, "numLocationsNotCovered": bare});
    assert_eq!(with(coverage(json!([one("A", "Class", 100, 25)]))).0, Light::Green, "exactly 75 %");
    assert_eq!(
        with(coverage(json!([one("A", "Class", 100, 26)]))).1,
        "apex: coverage: 74 of 100 lines, less than 75 %"
    );
    let bare = json!([one("A", "Class", 100, 0), one("T", "Trigger", 5, 5)]);
    assert_eq!(with(coverage(bare)).1, "apex: coverage: no line of the trigger T was run");
    let named = |list: Value| {
        let mut deploy = good();
        coverage(list)(&mut deploy);
        let level = TestLevel::RunSpecifiedTests;
        let record = Record { level, ..record() };
        verdict(settled(&deploy, Some(&record), &Terms { level, ..terms() }, &Since::Nothing).unwrap(), 0)
    };
    let mixed = json!([one("A", "Class", 10, 3), one("Other", "Class", 100, 0)]);
    assert_eq!(named(mixed).why, "apex: coverage: 7 of 10 lines of A, less than 75 %");
    assert!(
        named(json!([one("A", "Class", 10, 2), one("Other", "Class", 100, 100)])).is_green(),
        "Other is not deployed"
    );
    let warned =
        with(|it| it["details"]["runTestResult"]["codeCoverageWarnings"] = json!({"name": "A", "message": "too low"}));
    assert_eq!(warned, (Light::Red, "apex: coverage: A: too low".into()));
}

#[test]
fn damaging_or_removing_any_one_piece_never_makes_green() {
    let words = prop_oneof![Just("Succeeded"), Just("Failed"), Just("InProgress"), Just("Canceled")];
    let world = (words, any::<bool>(), any::<bool>(), 0..2u64, 0..2u64, any::<prop::sample::Index>(), 0..5usize);
    let config = Config { cases: 400, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() };
    proptest!(config, |((status, done, success, errors, warnings, index, damage) in world)| {
        let mut deploy = good();
        (deploy["status"], deploy["done"], deploy["success"]) = (json!(status), json!(done), json!(success));
        let tests = &mut deploy["details"]["runTestResult"];
        if errors > 0 {
            tests["numFailures"] = json!(1);
            tests["failures"] = json!([{"name": "ATest", "methodName": "two", "message": "no"}]);
            tests["successes"] = json!([{"name": "ATest", "methodName": "one"}]);
            deploy["numberTestErrors"] = json!(1);
        }
        if warnings > 0 {
            // The org says it twice: by its status, and by its warnings.
            deploy["status"] = json!("Failed");
            deploy["details"]["runTestResult"]["codeCoverageWarnings"] = json!([{"name": "A", "message": "too low"}]);
        }
        let before = judged(&deploy).0 == Light::Green;
        let mut all = Vec::new();
        places(&deploy, &mut Vec::new(), &mut all);
        let with = [None, Some(Value::Null), Some(json!("")), Some(json!(0)), Some(json!([]))][damage].clone();
        harm(&mut deploy, &all[index.index(all.len())], with);
        let after = settled(&deploy, Some(&record()), &terms(), &Since::Nothing);
        let is_green = after.is_some_and(|report| verdict(report, 0).is_green());
        prop_assert!(before || !is_green, "{deploy}");
    });
}

/// What the command printed against an org that was recorded.
#[test]
fn what_the_command_prints_is_judged_by_what_it_says() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples/salesforce");
    if !samples.is_dir() {
        eprintln!("skipped: there are no samples of the sf command beside the project");
        return;
    }
    let said = |name: &str| {
        let text = std::fs::read_to_string(samples.join(format!("{name}.json"))).unwrap();
        let envelope: Envelope = serde_json::from_str(&text).unwrap();
        envelope.result.map(|result| Deploy::deserialize(result).unwrap().standing())
    };
    assert_eq!(said("validate_ok"), Some(Standing::Succeeded));
    assert_eq!(said("quick_ok"), Some(Standing::Succeeded));
    assert_eq!(said("report_fail"), Some(Standing::Failed), "its exit code is 0");
    assert_eq!(said("start_fail"), Some(Standing::Failed));
    assert_eq!(said("cancel"), Some(Standing::Void));
    assert_eq!(said("report_inprogress"), Some(Standing::Running));
    assert_eq!(said("start_async"), Some(Standing::Running));
    assert_eq!(said("validate_fail"), None, "an error with an id, and no result");
}
