//! The canary from a script: judging files, taking a configuration over, what people report.

use serde_json::{Value, json};

use crate::place::Place;

/// A document of 40 equal scrapes: canary bad and total, baseline bad and total.
fn series([xc, nc, xb, nb]: [u32; 4]) -> String {
    let arm = |bad, total| (1..=40).map(|i| json!({"t": i * 15, "bad": bad, "total": total})).collect::<Vec<_>>();
    json!({"metrics": [{"name": "errors", "baseline": arm(xb, nb), "canary": arm(xc, nc)}]}).to_string()
}

fn judged(place: &Place, arguments: &[&str], text: &str) -> (Option<i32>, Value, String) {
    place.write("series.json", text);
    let output = place.output(&[&["judge", "series.json", "--json"], arguments].concat(), None);
    let told = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), told, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_verdict_is_an_exit_code_and_a_document() {
    let place = Place::new();
    for (counts, code, verdict) in [
        ([1, 100, 9, 900], 0, "healthy"),
        ([6, 100, 9, 900], 4, "regressed"),
        ([0, 100, 0, 900], 5, "collecting"),
        ([0, 0, 9, 900], 5, "blind"),
    ] {
        let (status, told, _) = judged(&place, &[], &series(counts));
        assert_eq!((status, &told["verdict"], &told["schema"]), (Some(code), &json!(verdict), &json!(1)), "{told}");
    }
    for text in ["", "{}", "{\"metrics\":[]}", "[1]", "{\"metrics\":[{\"name\":\"a\",\"kind\":\"x\"}]}"] {
        let (status, told, error) = judged(&place, &[], text);
        assert_eq!((status, told), (Some(2), Value::Null));
        assert_eq!(error.trim_end().lines().count(), 1, "one message: {error}");
    }
}

#[test]
fn kayenta_has_its_say() {
    let place = Place::new();
    let (low, high): (Vec<u32>, Vec<u32>) = ((1..=60).collect(), (101..=160).collect());
    let metric = |canary: &[u32]| json!({"name": "m", "groups": ["g"], "baseline": low, "canary": canary});
    let document = |canary: &[u32]| json!({"metrics": [metric(canary)], "pass": 95, "marginal": 75}).to_string();
    let (status, told, _) = judged(&place, &["--method", "kayenta"], &document(&high));
    assert_eq!(
        (status, &told["classification"], &told["metrics"][0]["label"]),
        (Some(4), &json!("Fail"), &json!("High"))
    );
    let (status, told, _) = judged(&place, &["--method", "kayenta"], &document(&low));
    assert_eq!((status, &told["score"], &told["warnings"]), (Some(0), &json!(100.0), &json!([])));
    assert_eq!(judged(&place, &["--method", "kayenta"], "{}").0, Some(2));
}

#[test]
fn a_canary_of_another_tool_becomes_a_configuration_that_holds() {
    let place = Place::new();
    place.write(
        "canary.yaml",
        "kind: Canary\nspec:\n  targetRef: {name: pay}\n  analysis:\n    metrics:\n    - name: request-success-rate\n      \
         thresholdRange: {min: 99}\n",
    );
    let output = place.output(&["init", "--from-flagger", "canary.yaml"], None);
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(place.repo().join("hotfix.toml")).unwrap();
    assert!(text.contains("destination_workload=\"pay-primary\"") && text.contains("slo = 0.01"), "{text}");
    let refused = place.output(&["init", "--from-argo", "canary.yaml", "--force"], None);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("does not look like an AnalysisTemplate"));
}

#[test]
fn what_people_report_is_counted_against_what_is_usual() {
    let place = Place::new();
    assert_eq!(place.output(&["feedback"], None).status.code(), Some(2), "nothing is watched");
    place.write(
        "hotfix.toml",
        "version = 1\n[canary]\nsource = { prometheus = \"http://127.0.0.1:9\" }\nbaseline = 'a=\"b\"'\n\
         canary = 'a=\"c\"'\n[[canary.metrics]]\nname = \"e\"\nbad = 'b{$scope}'\ntotal = 't{$scope}'\n\
         [canary.feedback]\nfile = \"feedback.ndjson\"\nusual = 0.01\n",
    );
    for words in [["cannot", "pay"], ["cart", "empty"]] {
        let added = place.output(&["feedback", "add", words[0], words[1], "--from", "phone"], None);
        assert!(added.status.success(), "{added:?}");
    }
    let told: Value = serde_json::from_str(&place.prints(&["feedback", "--json"])).unwrap();
    assert_eq!((&told["count"], &told["titles"]), (&json!(2), &json!(["cart empty", "cannot pay"])));
    assert!(place.prints(&["feedback"]).contains("unusual (1 in "));
}
