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
        (refusal(|d| d["metrics"][0]["baseline"][2]["t"] = json!(1)), ["scrape 2", "baseline is at t = 1"]),
        (refusal(|d| metric(d, |m| m["baseline"][0]["t"] = json!("x"))), ["baseline[0]", "string"]),
        (refusal(|d| drop(d["metrics"][0]["canary"].as_array_mut().unwrap().pop())), ["3 scrapes", "canary 2"]),
        (
            refusal(|d| ["baseline", "canary"].iter().for_each(|a| d["metrics"][0][a][2]["t"] = json!(15))),
            ["scrape 2", "does not come after"],
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
