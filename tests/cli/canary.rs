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

/// What is wrong with a document, changed in one place; `None` when it was judged.
fn refusal(place: &Place, change: impl FnOnce(&mut Value)) -> Option<String> {
    let mut document: Value = serde_json::from_str(&series([1, 100, 9, 900])).unwrap();
    change(&mut document);
    let (status, told, error) = judged(place, &[], &document.to_string());
    (status == Some(2)).then(|| {
        assert_eq!((told, error.trim_end().lines().count()), (Value::Null, 1), "{error}");
        error
    })
}

#[test]
fn numbers_that_no_counter_has_are_refused_with_their_place() {
    let place = Place::new();
    let canary =
        |key: &'static str, value: Value| move |document: &mut Value| document["metrics"][0]["canary"][3][key] = value;
    for (key, value, needle) in [
        ("bad", json!(-1), "canary[3]: bad is -1"),
        ("total", json!(-0.5), "canary[3]: total is -0.5"),
        ("bad", json!(101), "canary[3]: bad is 101, more than the total of 100"),
        ("total", json!(1e308), "canary[3]: total is 1"),
        ("bad", json!("7"), "canary[3]: "),
        ("bad", json!([7]), "canary[3]: "),
        ("t", json!(45), "canary[3]: t = 45 does not come after 45"),
        ("t", json!(-1e9), "canary[3]: t = -1000000000 does not come after 45"),
        ("t", json!(1e300), "canary[4]: t = 75 does not come after"),
        ("t", Value::Null, "canary[3]: "),
    ] {
        let shown = format!("{key} = {value}");
        let error = refusal(&place, canary(key, value)).unwrap_or_else(|| panic!("{shown} is judged"));
        assert!(error.contains("metric \"errors\"") && error.contains(needle), "{shown}: {error}");
    }
    let far = |document: &mut Value| document["metrics"][0]["canary"][39]["t"] = json!(1e300);
    assert!(refusal(&place, far).unwrap().contains("is no time in seconds"));
    for (key, value, needle) in [
        ("weight", json!(1e308), "`weight` is 1"),
        ("weight", json!(0), "`weight` is 0"),
        ("slo", json!(1), "`slo` is 1"),
        ("slo", json!(-0.1), "`slo` is -0.1"),
        ("kind", json!("counter"), "unknown variant"),
        ("worse", json!("better"), "unknown variant"),
        ("baseline", json!({"t": 1}), "baseline is no list of scrapes"),
        ("baseline_pods", json!({"a": [{"t": 1, "bad": 2, "total": 1}]}), "baseline_pods.a[0]: bad is 2"),
    ] {
        let error = refusal(&place, |document| document["metrics"][0][key] = value).unwrap();
        assert!(error.contains(needle), "{key}: {error}");
    }
    for (key, value) in
        [("false_alarm", json!(0)), ("pass_false_alarm", json!(1)), ("margin", json!(-2)), ("block", json!(0))]
    {
        let error = refusal(&place, |document| document[key] = value).unwrap();
        assert!(error.contains(&format!("`{key}` is ")), "{error}");
    }
}

#[test]
fn text_that_is_nearly_json_is_refused() {
    let place = Place::new();
    let whole = series([1, 100, 9, 900]);
    for text in [
        whole.replacen("\"bad\":1", "\"bad\":NaN", 1),
        whole.replacen("\"bad\":1", "\"bad\":-Infinity", 1),
        whole.replacen("\"bad\":1", "\"bad\":1e999", 1),
        whole.replacen("\"bad\":1", "\"bad\":0,\"bad\":1", 1),
        whole.replacen("{\"metrics\":", "{\"metrics\":[],\"metrics\":", 1),
        whole.replacen("\"bad\":1", "\"bad\":0x10", 1),
        whole.replacen("\"bad\":1", "\"bad\":1_000", 1),
        whole[..whole.len() - 2].to_owned(),
        format!("{whole}{whole}"),
        format!("{{\"metrics\":{}", "[".repeat(200_000)),
        "\u{0}".to_owned(),
    ] {
        let (status, told, error) = judged(&place, &[], &text);
        assert_eq!((status, told), (Some(2), Value::Null), "{}", &text[..text.len().min(80)]);
        assert_eq!(error.trim_end().lines().count(), 1, "{error}");
        assert!(error.len() < 1_000, "{error}");
    }
}

#[test]
fn what_is_not_known_is_never_healthy() {
    let place = Place::new();
    let verdict = |change: &dyn Fn(&mut Value)| {
        let mut document: Value = serde_json::from_str(&series([1, 100, 9, 900])).unwrap();
        change(&mut document);
        let (status, told, error) = judged(&place, &[], &document.to_string());
        assert_eq!(status, Some(5), "{told} {error}");
        told["verdict"].as_str().unwrap().to_owned()
    };
    let each = |document: &mut Value, arm: &str, change: &dyn Fn(usize, &mut Value)| {
        let points = document["metrics"][0][arm].as_array_mut().unwrap();
        points.iter_mut().enumerate().for_each(|(index, point)| change(index, point));
    };
    assert_eq!(verdict(&|it| it["metrics"][0]["canary"] = json!([])), "blind", "no canary");
    assert_eq!(verdict(&|it| it["metrics"][0]["baseline"] = json!([])), "blind", "no baseline");
    assert_eq!(verdict(&|it| it["metrics"][0]["canary"] = Value::Null), "blind");
    assert_eq!(verdict(&|it| each(it, "canary", &|_, point| point["total"] = json!(null))), "blind");
    assert_eq!(verdict(&|it| each(it, "canary", &|_, point| point["bad"] = json!(null))), "blind");
    let renamed = |_: usize, point: &mut Value| point["errors"] = point.as_object_mut().unwrap().remove("bad").unwrap();
    assert_eq!(verdict(&|it| each(it, "canary", &renamed)), "blind", "a misspelt key is a missing number");
    let stopped = |index: usize, point: &mut Value| {
        if index >= 20 {
            *point = json!({"t": point["t"], "bad": 0, "total": 0});
        }
    };
    assert_eq!(verdict(&|it| each(it, "canary", &stopped)), "blind", "a canary that was healthy and vanished");
    let halves = |it: &mut Value| {
        let second = json!({"name": "other", "baseline": [], "canary": []});
        it["metrics"].as_array_mut().unwrap().push(second);
    };
    assert_eq!(verdict(&halves), "blind", "one metric that is healthy and one that nobody sees");
    let gauge = json!({"metrics": [{"name": "cpu", "kind": "gauge", "baseline": [[15, 1.0]], "canary": [[15, 1.0]]}]});
    assert_eq!(verdict(&|it| *it = gauge.clone()), "collecting", "gauges pass nothing");
    let flat = |level: f64| -> Value { (0..240).map(|i| json!([i * 15, level])).collect() };
    let huge = json!({"metrics": [{"name": "cpu", "kind": "gauge", "baseline": flat(1.0), "canary": flat(1e308)}]});
    let (status, _, error) = judged(&place, &[], &huge.to_string());
    assert_eq!(status, Some(2), "{error}");
    assert!(error.contains("canary[0]: 1") && error.contains("no gauge is that large"), "{error}");
}

#[test]
fn an_export_is_judged_by_either_method() {
    let place = Place::new();
    let document = json!({"pass": 95, "marginal": 75, "metrics": [{"name": "errors", "critical": true,
        "baseline": (1..=80).map(|i| json!({"t": i * 15, "bad": i % 4, "total": 900})).collect::<Vec<_>>(),
        "canary": (1..=80).map(|i| json!({"t": i * 15, "bad": 5 + i % 4, "total": 100})).collect::<Vec<_>>()}]});
    let (status, told, _) = judged(&place, &[], &document.to_string());
    assert_eq!((status, &told["verdict"]), (Some(4), &json!("regressed")));
    let (status, told, error) = judged(&place, &["--method", "kayenta"], &document.to_string());
    assert_eq!(
        (status, &told["score"], &told["classification"]),
        (Some(4), &json!(0.0), &json!("Fail")),
        "{told} {error}"
    );
}
