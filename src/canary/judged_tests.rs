use serde_json::{Value, json};

use super::super::document::read;
use super::*;

/// A document with one ratio metric of `n` equal scrapes: `[canary bad, canary total, baseline bad, baseline total]`.
fn document(n: u32, [xc, nc, xb, nb]: [u32; 4]) -> Value {
    let arm =
        |bad: u32, total: u32| (1..=n).map(|i| json!({"t": i * 15, "bad": bad, "total": total})).collect::<Vec<_>>();
    json!({"metrics": [{"name": "errors", "kind": "ratio", "worse": "higher", "critical": true, "slo": null,
                        "baseline": arm(xb, nb), "canary": arm(xc, nc)}]})
}

fn output(document: &Value, path: bool) -> Value {
    serde_json::to_value(judge(&read(&document.to_string()).unwrap(), path)).unwrap()
}

fn refusal(change: impl FnOnce(&mut Value)) -> String {
    let mut document = document(3, [1, 100, 1, 900]);
    change(&mut document);
    read(&document.to_string()).unwrap_err()
}

#[test]
fn the_contract_has_its_keys() {
    let out = output(&document(30, [3, 100, 2, 900]), true);
    assert_eq!(
        (&out["schema"], &out["method"], &out["verdict"]),
        (&json!(1), &json!("sequential"), &json!("regressed"))
    );
    let metric = out["metrics"][0].as_object().unwrap();
    for key in [
        "name",
        "verdict",
        "suspect_at",
        "regressed_at",
        "healthy_at",
        "baseline",
        "canary",
        "ratio",
        "low",
        "high",
        "log_e",
        "path",
        "detectable_ratio",
        "needs",
        "weakest",
        "why",
    ] {
        assert!(metric.contains_key(key), "{key}");
    }
    assert_eq!(metric["path"].as_array().unwrap().len(), 30);
    assert_eq!(metric["path"][29]["robust"], metric["log_e"]["robust"]);
    assert_eq!(metric["canary"], json!({"bad": 90.0, "total": 3000.0, "rate": 0.03}));
    assert!(out["regressed_at"].as_f64().unwrap() < 200.0);
}

#[test]
fn no_path_unless_asked_for() {
    assert_eq!(output(&document(3, [1, 100, 1, 900]), false)["metrics"][0]["path"], Value::Null);
}

#[test]
fn nulls_are_missed_scrapes_and_move_nothing() {
    let mut with_gap = document(3, [1, 100, 1, 900]);
    for (key, value) in [("bad", Value::Null), ("total", Value::Null)] {
        with_gap["metrics"][0]["canary"][1][key] = value;
    }
    let out = output(&with_gap, true);
    let path = out["metrics"][0]["path"].as_array().unwrap().clone();
    assert_eq!(path[0]["fast"], path[1]["fast"]);
    assert_ne!(path[1]["fast"], path[2]["fast"]);
}

#[test]
fn no_exposure_is_blind() {
    assert_eq!(output(&document(9, [0, 0, 1, 900]), false)["verdict"], "blind");
    assert_eq!(output(&document(9, [0, 100, 0, 900]), false)["verdict"], "collecting");
    assert_eq!(output(&document(0, [0, 0, 0, 0]), false)["verdict"], "blind");
}

#[test]
fn what_is_wrong_is_told_with_metric_and_scrape() {
    let metric = |d: &mut Value, f: fn(&mut Value)| f(&mut d["metrics"][0]);
    for (error, needles) in [
        (refusal(|d| d["metrics"][0]["canary"][2]["bad"] = json!(-1)), ["canary[2]", "bad is -1"]),
        (refusal(|d| d["metrics"][0]["canary"][1]["bad"] = json!(101)), ["canary[1]", "more than the total of 100"]),
        (refusal(|d| d["metrics"][0]["baseline"][2]["t"] = json!(1)), ["baseline[2]", "t = 1 does not come after 30"]),
        (refusal(|d| metric(d, |m| m["baseline"][0]["t"] = json!("x"))), ["baseline[0]", "string"]),
        (
            refusal(|d| d["metrics"][0]["canary"] = json!([{"t": 1, "bad": 0, "total": 9}])),
            ["no time in common", "same t"],
        ),
        (refusal(|d| d["metrics"][0]["canary"] = json!({"t": 1})), ["canary", "no list of scrapes"]),
        (refusal(|d| d["metrics"][0]["canary"][0]["total"] = json!(1e200)), ["canary[0]", "no counter is that large"]),
        (refusal(|d| d["metrics"][0]["weight"] = json!(0)), ["`weight`", "above 0"]),
        (
            refusal(|d| ["baseline", "canary"].iter().for_each(|a| d["metrics"][0][a][2]["t"] = json!(15))),
            ["baseline[2]", "does not come after"],
        ),
        (refusal(|d| d["metrics"][0]["slo"] = json!(1.5)), ["`slo`", "between 0 and 1"]),
    ] {
        assert!(error.contains("metric \"errors\"") && needles.iter().all(|n| error.contains(n)), "{error}");
    }
    assert!(refusal(|d| d["false_alarm"] = json!(0)).contains("`false_alarm`"));
    assert!(refusal(|d| d["metrics"] = json!([])).contains("nothing to judge"));
    assert!(read("{\"metrics\": [NaN]}").unwrap_err().contains("cannot be read"));
    assert!(read(&"[".repeat(200_000)).is_err());
}

#[test]
fn lower_is_worse_is_judged_by_the_complement() {
    let mut lower = document(40, [80, 100, 891, 900]);
    lower["metrics"][0]["worse"] = json!("lower");
    let out = output(&lower, false);
    assert_eq!(out["verdict"], "regressed");
    assert_eq!(out["metrics"][0]["canary"]["bad"], json!(800.0));
}

#[test]
fn quantiles_are_judged_by_their_boundaries() {
    let arm = |fast: u32, all: u32| -> Vec<Value> {
        (1..=40)
            .map(|i| json!({"t": i * 15, "buckets": [[0.25, fast], [0.5, fast + 2], ["+Inf", all]], "count": all}))
            .collect()
    };
    let mut document = json!({"metrics": [{"name": "latency", "kind": "quantile", "q": 0.99, "boundaries": [0.25, 0.5],
        "baseline": arm(890, 900), "canary": arm(90, 100)}]});
    let out = output(&document, false);
    assert_eq!(out["verdict"], "regressed");
    assert!(out["metrics"][0]["why"].as_str().unwrap().starts_with("slower than "));
    document["metrics"][0]["boundaries"] = json!([0.3]);
    assert!(read(&document.to_string()).unwrap_err().contains("no bucket with the edge 0.3"));
    document["metrics"][0]["boundaries"] = json!(null);
    assert!(read(&document.to_string()).unwrap_err().contains("`boundaries`"));
}

#[test]
fn gauges_advise() {
    let arm = |v: f64| -> Vec<Value> { (1..=80).map(|i| json!([i * 15, v + f64::from(i % 7) / 100.0])).collect() };
    let mut document = document(40, [1, 100, 9, 900]);
    let gauge = json!({"name": "cpu", "kind": "gauge", "worse": "higher", "baseline": arm(1.0), "canary": arm(2.0)});
    document["metrics"].as_array_mut().unwrap().push(gauge);
    let out = output(&document, true);
    assert_eq!((&out["verdict"], &out["metrics"][1]["verdict"]), (&json!("healthy"), &json!("suspect")));
    assert_eq!((&out["metrics"][1]["log_e"], &out["metrics"][1]["canary"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_population_that_is_not_there_is_out_of_sight() {
    let mut document = document(9, [1, 100, 1, 900]);
    for gone in [json!([]), Value::Null] {
        document["metrics"][0]["canary"] = gone;
        let out = output(&document, false);
        assert_eq!((&out["verdict"], &out["metrics"][0]["canary"]["rate"]), (&json!("blind"), &Value::Null));
        assert!(out["metrics"][0]["why"].as_str().unwrap().contains("of the canary"));
    }
    document["metrics"][0].as_object_mut().unwrap().remove("canary");
    assert_eq!(output(&document, false)["verdict"], "blind");
}

#[test]
fn a_population_that_begins_later_is_compared_from_then_on() {
    let mut late = document(40, [1, 100, 9, 900]);
    late["metrics"][0]["canary"].as_array_mut().unwrap().drain(..20);
    let out = output(&late, true);
    assert_eq!(out["metrics"][0]["path"].as_array().unwrap().len(), 40);
    assert_eq!(out["metrics"][0]["canary"]["total"], json!(2000.0));
}

#[test]
fn huge_counts_stay_finite() {
    let huge = |bad: f64| json!([{"t": 1, "bad": bad, "total": 1e18}, {"t": 2, "bad": bad, "total": 1e18}]);
    let mut document = document(2, [0, 0, 0, 0]);
    document["metrics"][0]["baseline"] = huge(1e15);
    document["metrics"][0]["canary"] = huge(2e15);
    let out = output(&document, false);
    assert!(out["metrics"][0]["log_e"]["fast"].as_f64().unwrap() > 1e10);
    assert_eq!(out["verdict"], "suspect", "one bet a scrape: at most twice the evidence each");
}

#[test]
fn weights_share_the_false_alarm() {
    let mut document = document(30, [3, 100, 2, 900]);
    let mut second = document["metrics"][0].clone();
    second["name"] = json!("other");
    second["weight"] = json!(3);
    document["metrics"].as_array_mut().unwrap().push(second);
    let out = output(&document, false);
    let bar = |i: usize| out["metrics"][i]["bar"].as_f64().unwrap().exp();
    assert!((bar(0) - 400.0).abs() < 1e-6 && (bar(1) - 400.0 / 3.0).abs() < 1e-6);
}

#[test]
fn blocks_have_to_prove_it_as_well() {
    // One bad minute of one machine, and quiet after.
    let mut document = document(60, [0, 100, 2, 900]);
    for i in 0..4 {
        document["metrics"][0]["canary"][i]["bad"] = json!(30);
    }
    assert_eq!(output(&document, false)["verdict"], "regressed");
    document["block"] = json!(60);
    let out = output(&document, false);
    assert_eq!(out["verdict"], "suspect", "{}", out["metrics"][0]["why"]);
    assert!(out["metrics"][0]["why"].as_str().unwrap().contains("in blocks of 60 s"));
    document["block"] = json!(-1);
    assert!(read(&document.to_string()).unwrap_err().contains("`block`"));
}

#[test]
fn a_pod_of_the_baseline_that_is_as_sick_makes_it_the_environment() {
    let mut document = document(40, [6, 100, 9, 900]);
    assert_eq!(output(&document, false)["verdict"], "regressed");
    let pods = |sick: u32| -> Value {
        let arm = |bad: u32| -> Value { (1..=40).map(|i| json!({"t": i * 15, "bad": bad, "total": 100})).collect() };
        let healthy = (0..8).map(|i| (format!("pod-{i}"), arm(0)));
        healthy.chain([("sick".to_owned(), arm(sick))]).collect::<serde_json::Map<_, _>>().into()
    };
    document["metrics"][0]["baseline_pods"] = pods(9);
    let out = output(&document, false);
    assert_eq!((&out["verdict"], &out["metrics"][0]["placebo"]["pod"]), (&json!("environment"), &json!("sick")));
    assert!(
        out["metrics"][0]["why"].as_str().unwrap().contains("pod sick looks as bad"),
        "{}",
        out["metrics"][0]["why"]
    );
    document["metrics"][0]["baseline_pods"] = pods(0);
    assert_eq!(output(&document, false)["verdict"], "regressed");
}

#[test]
fn a_pod_of_the_baseline_that_is_as_slow_makes_it_the_environment() {
    let arm = |slow: u32, all: u32| -> Value {
        (1..=60)
            .map(|i| json!({"t": i * 15, "buckets": [[0.1, all - 2 * slow], [0.5, all - slow], ["+Inf", all]]}))
            .collect()
    };
    let pods = |sick: u32| -> Value {
        let healthy = (0..8).map(|i| (format!("pod-{i}"), arm(1, 100)));
        healthy.chain([("sick".to_owned(), arm(sick, 100))]).collect::<serde_json::Map<_, _>>().into()
    };
    let mut document = json!({"metrics": [{"name": "latency", "kind": "quantile", "boundaries": [0.1, 0.5],
        "baseline": arm(17, 900), "canary": arm(8, 100), "baseline_pods": pods(9)}]});
    let out = output(&document, false);
    let why = out["metrics"][0]["why"].as_str().unwrap();
    assert_eq!((&out["verdict"], &out["metrics"][0]["placebo"]["pod"]), (&json!("environment"), &json!("sick")));
    assert!(why.contains("pod sick looks as bad"), "{why}");
    document["metrics"][0]["baseline_pods"] = pods(1);
    let out = output(&document, false);
    assert_eq!(out["verdict"], "regressed");
    assert!(out["metrics"][0]["placebo"]["log_e"].as_f64().unwrap() < 2.0, "{}", out["metrics"][0]["placebo"]);
}

#[test]
fn a_pod_of_the_baseline_that_drifts_as_much_excuses_a_gauge() {
    let arm = |level: f64| -> Value {
        (0..240).map(|i| json!([i * 15, level * (1.0 + f64::from(i * 7919 % 13) / 100.0)])).collect()
    };
    let pods = |sick: f64| json!({"a": arm(100.0), "b": arm(101.0), "c": arm(99.0), "sick": arm(sick)});
    let mut document = json!({"metrics": [{"name": "memory", "kind": "gauge", "baseline": arm(100.0),
        "canary": arm(130.0), "baseline_pods": pods(131.0)}]});
    let out = output(&document, false);
    assert_eq!(out["metrics"][0]["verdict"], "environment");
    assert!(out["metrics"][0]["why"].as_str().unwrap().contains("pod sick drifts as much"));
    document["metrics"][0]["baseline_pods"] = pods(100.0);
    let out = output(&document, false);
    assert_eq!((&out["metrics"][0]["verdict"], &out["verdict"]), (&json!("suspect"), &json!("collecting")));
}

#[test]
fn the_loudest_scrapes_come_first() {
    let mut document = document(30, [0, 100, 2, 900]);
    for (i, bad) in [(3, 2), (7, 9), (11, 4), (13, 3)] {
        document["metrics"][0]["canary"][i]["bad"] = json!(bad);
    }
    let mut series = read(&document.to_string()).unwrap();
    series.settings.plain = true;
    let peaks = serde_json::to_value(judge(&series, false)).unwrap()["metrics"][0]["peaks"].clone();
    let bad: Vec<f64> = peaks.as_array().unwrap().iter().map(|peak| peak["bad"].as_f64().unwrap()).collect();
    assert_eq!(bad, [9.0, 4.0, 3.0]);
}

#[test]
fn a_latency_may_be_worse_when_lower_and_has_a_band() {
    let arm = |fast: u32, all: u32| -> Vec<Value> {
        (1..=40).map(|i| json!({"t": i * 15, "buckets": [[0.25, fast], ["+Inf", all]]})).collect()
    };
    let mut document = json!({"metrics": [{"name": "latency", "kind": "quantile", "q": 0.5, "worse": "lower",
        "boundaries": [0.25], "baseline": arm(90, 900), "canary": arm(60, 100)}]});
    let out = output(&document, false);
    assert_eq!(out["verdict"], "regressed");
    assert_eq!(out["metrics"][0]["band"]["baseline"], json!({"low": 0.25, "high": null}));
    assert_eq!(out["metrics"][0]["band"]["canary"], json!({"low": null, "high": 0.25}));
    document["metrics"][0]["worse"] = Value::Null;
    assert_eq!(output(&document, false)["verdict"], "healthy");
}
