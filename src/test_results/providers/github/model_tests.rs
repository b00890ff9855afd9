use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::fixture::{HEAD, check, pending, status, verdict};
use super::*;
use crate::test_results::model::Report;
use crate::test_results::providers::damage::{harm, places};

fn head() -> Oid {
    Oid::parse(HEAD).unwrap()
}

fn seen(checks: &Value, statuses: &Value, required: Vec<Required>) -> Option<Seen> {
    let checks = vec![CheckPage::deserialize(checks).ok()?];
    let statuses = vec![StatusPage::deserialize(statuses).ok()?];
    Some(Seen { checks, statuses, required, ..Seen::default() })
}

/// As the source would tell it.
fn report(seen: &Seen) -> Report {
    let mut report = seen.judge("ci", &head()).report();
    let at = super::super::fixture::at(60);
    for run in &mut report.runs {
        run.observed_at = run.observed_at.or(Some(at));
        run.ci.as_mut().unwrap().holds_until = Some(at);
    }
    let wanted = crate::test_results::model::Wanted {
        name: "ci".into(),
        required: true,
        patterns: vec![],
        ..Default::default()
    };
    Report { sources: vec![wanted], ..report }
}

fn is_green(seen: &Seen) -> bool {
    verdict(report(seen), 0).is_green()
}

fn any_check() -> impl Strategy<Value = Value> {
    let word = prop_oneof!["success", "success", "failure", "skipped", "neutral", "cancelled", "timed_out", "odd"];
    (0..3u64, word, any::<bool>()).prop_map(|(id, word, ends)| match ends {
        true => check(id, &format!("c{id}"), &word),
        false => pending(id, &format!("c{id}"), "in_progress"),
    })
}

fn any_damage() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("removed")),
        Just(Value::Null),
        Just(json!("")),
        Just(json!("garbage")),
        Just(json!(-1)),
        Just(json!([])),
        Just(json!({})),
    ]
}

#[test]
fn damaging_or_removing_any_one_piece_never_makes_green() {
    let config = Config { cases: 400, rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..Config::default() };
    let checks = proptest::collection::vec(any_check(), 0..4);
    let statuses = proptest::collection::vec(prop_oneof!["success", "failure", "pending", "odd"], 0..3);
    let required = proptest::option::of("c[0-3]");
    let world = (checks, statuses, required, any::<prop::sample::Index>(), any_damage());
    proptest!(config, |((checks, statuses, required, index, damage) in world)| {
        let statuses: Vec<_> = statuses.iter().map(|state| status("jenkins", state)).collect();
        let required: Vec<_> = required.iter().map(|name| Required::new(name, None)).collect();
        let mut document = json!({
            "checks": {"total_count": checks.len(), "check_runs": checks},
            "statuses": {"sha": HEAD, "total_count": statuses.len(), "statuses": statuses},
        });
        let before = is_green(&seen(&document["checks"], &document["statuses"], required.clone()).unwrap());
        let mut all = Vec::new();
        for part in ["checks", "statuses"] {
            places(&document[part], &mut vec![part.to_owned()], &mut all);
        }
        harm(&mut document, &all[index.index(all.len())], Some(damage).filter(|it| it != "removed"));
        let after = seen(&document["checks"], &document["statuses"], required).is_some_and(|seen| is_green(&seen));
        prop_assert!(before || !after, "{document}");
    });
}

#[test]
fn names_may_hold_stars() {
    for (pattern, name, is_meant) in [
        ("unit", "unit", true),
        ("unit", "unit-2", false),
        ("unit*", "unit (ubuntu, 20)", true),
        ("*junit*", "my-junit-xml", true),
        ("a*b*c", "a-c-b", false),
        ("a*b*c", "aXbYc", true),
        ("*", "", true),
    ] {
        assert_eq!(named(pattern, name), is_meant, "{pattern} {name}");
    }
}

#[test]
fn what_outsiders_write_does_not_reach_the_terminal() {
    let mut one = check(1, "unit\u{1b}[31m\u{202e}", "failure");
    one["output"] = json!({"title": "\u{1b}]52;c;aGk=\u{7}", "summary": "a\u{9b}b"});
    one["html_url"] = json!("javascript:alert(1)");
    let checks = json!({"total_count": 1, "check_runs": [one]});
    let statuses = json!({"sha": HEAD, "total_count": 0, "statuses": []});
    let report = report(&seen(&checks, &statuses, Vec::new()).unwrap());
    let text = serde_json::to_string(&report).unwrap();
    assert!(
        !text.contains("\\u001b")
            && !text.contains('\u{202e}')
            && !text.contains('\u{9b}')
            && !text.contains("javascript")
    );
}

/// The examples of GitHub's own description: every one decodes, and none of them is taken for more than it is.
#[test]
fn the_examples_of_the_api_decode() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples/github");
    if !samples.is_dir() {
        eprintln!("skipped: there are no samples of GitHub's API beside the project");
        return;
    }
    let mut decoded = 0;
    for version in std::fs::read_dir(samples).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        let text = |name: &str| std::fs::read_to_string(version.path().join(format!("{name}.200.default.json"))).ok();
        let mut check = |name: &str, is_right: &dyn Fn(&str) -> bool| {
            let Some(text) = text(name) else { return };
            assert!(is_right(&text), "{name} of {:?}", version.file_name());
            decoded += 1;
        };
        check("checks__list-for-ref", &|text| {
            let page: CheckPage = serde_json::from_str(text).unwrap();
            let run = &page.check_runs[0];
            outcome(run.status.as_deref(), run.conclusion.as_deref()).0 == Outcome::NotRun && run.app.is_some()
        });
        check("repos__get-combined-status-for-ref", &|text| {
            let page: StatusPage = serde_json::from_str(text).unwrap();
            page.total_count == Some(2) && page.statuses[0].state == "success"
        });
        check("actions__list-workflow-runs-for-repo", &|text| {
            let page: RunPage = serde_json::from_str(text).unwrap();
            page.workflow_runs[0].head_sha.len() == 40
        });
        check("actions__list-workflow-run-artifacts", &|text| {
            serde_json::from_str::<ArtifactPage>(text).unwrap().artifacts[0].id == 11
        });
        check("checks__list-annotations", &|text| {
            serde_json::from_str::<Vec<Annotation>>(text).unwrap()[0].place() == "README.md:2"
        });
        check("repos__get-branch-rules", &|text| {
            required_by_rules(&serde_json::from_str::<Vec<Rule>>(text).unwrap()).is_empty()
        });
        check("repos__get-branch", &|text| {
            required_by_protection(&serde_json::from_str::<Branch>(text).unwrap()).is_empty()
        });
        check("repos__get-status-checks-protection", &|text| {
            let required_status_checks = Some(serde_json::from_str(text).unwrap());
            let branch = Branch { protection: Some(Protection { required_status_checks }) };
            required_by_protection(&branch) == [Required::new("continuous-integration/travis-ci", None)]
        });
    }
    assert!(decoded >= 7, "{decoded}");
}
