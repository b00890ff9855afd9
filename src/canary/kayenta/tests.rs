use serde_json::{Value, json};

use super::*;

fn rules() -> Rules {
    Rules::default()
}

fn opinion(baseline: &[f64], canary: &[f64], rules: &Rules) -> Opinion {
    classify("m", baseline, canary, rules)
}

fn document(metrics: &Value) -> Value {
    json!({"metrics": metrics, "group_weights": {}, "pass": 95.0, "marginal": 75.0})
}

fn output(document: &Value) -> Value {
    serde_json::to_value(judge(&read(&document.to_string()).unwrap())).unwrap()
}

const RISEN: [f64; 5] = [20.0, 22.0, 21.0, 25.0, 30.0];
const LOW: [f64; 5] = [1.0, 2.2, 1.1, 2.5, 3.0];

#[test]
fn a_shift_is_high_or_low_by_its_direction() {
    let found = opinion(&LOW, &RISEN, &rules());
    assert_eq!((found.label, found.reason.as_deref()), (Label::High, Some("m was classified as High")));
    assert_eq!(opinion(&RISEN, &LOW, &rules()).label, Label::Low);
    let fall = Rules { direction: Direction::Decrease, ..rules() };
    assert_eq!(opinion(&LOW, &RISEN, &fall).label, Label::Pass);
    let rise = Rules { direction: Direction::Increase, ..rules() };
    assert_eq!(opinion(&RISEN, &LOW, &rise).label, Label::Pass);
}

#[test]
fn an_effect_must_be_as_large_as_allowed_and_as_critical_as_said() {
    let with = |allowed_increase, critical_increase| Rules {
        critical: true,
        effect: Effect { allowed_increase, critical_increase, ..rules().effect },
        ..rules()
    };
    let found = opinion(&LOW, &RISEN, &with(13.0, 15.0));
    assert_eq!((found.label, found.critical), (Label::Pass, false));
    let found = opinion(&LOW, &RISEN, &with(2.0, 15.0));
    assert_eq!((found.label, found.critical), (Label::High, false));
    let found = opinion(&LOW, &RISEN, &with(2.0, 10.0));
    assert_eq!((found.label, found.critical), (Label::High, true));
    assert_eq!(found.reason.as_deref(), Some("The metric m was classified as High (Critical)"));
}

#[test]
fn a_mean_of_zero_has_no_ratio_and_does_not_hide_a_shift() {
    let found = opinion(&[0.0; 5], &[54.9, 54.5, 55.1, 55.6, 57.4], &rules());
    assert_eq!((found.label, found.deviation), (Label::High, None));
}

#[test]
fn constant_sides_are_told_by_the_sign_of_their_difference() {
    let found = opinion(&[1.0; 5], &[10.0; 5], &rules());
    assert_eq!((found.label, found.lower, found.upper), (Label::High, Some(9.0), Some(9.0)));
    assert_eq!(opinion(&[10.0; 2], &[1.0], &rules()).label, Label::Low);
    let same = opinion(&[1.0, 1.0], &[1.0; 3], &rules());
    assert_eq!((same.label, same.reason, same.deviation), (Label::Pass, None, Some(1.0)));
    let identical = opinion(&[1.0, 2.0], &[2.0, 1.0], &rules());
    assert_eq!(identical.reason.as_deref(), Some("The Canary and Baseline data are identical"));
}

#[test]
fn missing_data_are_told_apart() {
    let missing = |critical, must_have_data, replace_missing| {
        let found = opinion(&[1.0], &[], &Rules { critical, must_have_data, replace_missing, ..rules() });
        (found.label, found.critical, found.reason)
    };
    let reason = Some("Missing data for m".to_owned());
    assert_eq!(missing(false, false, false), (Label::Nodata, false, reason.clone()));
    assert_eq!(missing(true, false, false), (Label::Nodata, true, reason.clone()));
    assert_eq!(missing(false, true, false), (Label::NodataFailMetric, false, reason.clone()));
    assert_eq!(missing(true, true, false), (Label::Nodata, true, reason));
    assert_eq!(missing(true, true, true), (Label::Pass, false, None));
}

#[test]
fn what_cannot_be_ranked_is_an_error_and_no_panic() {
    let found = opinion(&[1e30, 1e30], &[1.0, 2.0], &rules());
    assert_eq!((found.label, found.reason.as_deref()), (Label::Error, Some("Metric Classification Failed")));
}

#[test]
fn the_interval_of_separated_samples_is_their_reach() {
    // Worked out by hand: four against four, so few that the ends stay at the reach of the differences.
    let shift = rank_sum::shift(&[10.0, 20.0, 30.0, 40.0], &[1.0, 2.0, 3.0, 4.0], 0.95).unwrap();
    assert_eq!((shift.lower, shift.upper), (6.0, 39.0));
    assert!((shift.estimate - 22.5).abs() < 1e-6);
}

#[test]
fn normal_quantiles_are_those_of_the_tables() {
    // scipy.stats.norm.ppf
    for (chance, quantile) in [
        (0.01, -2.326_347_874_040_840_8),
        (0.025, -1.959_963_984_540_054),
        (0.4, -0.253_347_103_135_799_7),
        (0.5, 0.0),
        (1e-12, -7.034_483_825_288_33),
    ] {
        assert!((rank_sum::normal_quantile(chance) - quantile).abs() < 1e-9, "{chance}");
    }
}

#[test]
fn outliers_are_dropped_only_where_asked() {
    let values: Vec<f64> = (0..200).map(f64::from).chain([1e6, 1e6, 1e6]).collect();
    let kept = |outlier_factor| sample::prepare(&values, &Rules { outlier_factor, ..rules() }).len();
    assert_eq!((kept(None), kept(Some(3.0))), (203, 200));
    assert!(sample::prepare(&[], &Rules { outlier_factor: Some(3.0), ..rules() }).is_empty());
}

#[test]
fn groups_share_what_the_configured_ones_leave() {
    let metric = |name: &str, group: &str, canary: [f64; 5]| json!({"name": name, "groups": [group], "baseline": LOW, "canary": canary});
    let mut document = document(&json!([
        metric("a", "x", LOW),
        metric("b", "x", RISEN),
        metric("c", "y", LOW),
        metric("d", "z", LOW)
    ]));
    document["group_weights"] = json!({"x": 50.0, "gone": 10.0});
    let out = output(&document);
    // x: half of 50, y and z: all of 20 each; the 10 of the group that nobody names are lost.
    assert_eq!(
        (&out["score"], &out["classification"], &out["verdict"]),
        (&json!(65.0), &json!("Fail"), &json!("regressed"))
    );
    document["pass"] = json!(80.0);
    document["marginal"] = json!(65.0);
    assert_eq!(output(&document)["classification"], "Marginal");
}

#[test]
fn one_critical_metric_fails_all_and_a_muted_one_counts_for_nothing() {
    let document = document(&json!([
        {"name": "a", "groups": ["x"], "baseline": LOW, "canary": LOW},
        {"name": "b", "groups": ["x"], "critical": true, "baseline": LOW, "canary": RISEN},
    ]));
    let out = output(&document);
    assert_eq!((&out["score"], &out["metrics"][1]["label"]), (&json!(0.0), &json!("High")));
    assert_eq!(out["reason"], "Canary Failed: The metric b was classified as High (Critical)");
    let mut muted = document;
    muted["metrics"][1]["muted"] = json!(true);
    assert_eq!((&output(&muted)["score"], &output(&muted)["classification"]), (&json!(100.0), &json!("Pass")));
}

#[test]
fn no_data_is_never_a_pass_and_no_threshold_no_classification() {
    let mut document = document(&json!([
        {"name": "a", "groups": ["x"], "baseline": [null], "canary": [1.0]},
        {"name": "b", "groups": ["x"], "baseline": LOW, "canary": LOW},
    ]));
    assert_eq!(output(&document)["reason"], "Canary Failed: 50% or more metrics returned NODATA");
    document["pass"] = Value::Null;
    document["marginal"] = Value::Null;
    let out = output(&document);
    assert_eq!((&out["classification"], &out["verdict"]), (&Value::Null, &json!("collecting")));
    assert!(out["warnings"][0].as_str().unwrap().contains("fewer than 50"));
}

#[test]
fn a_document_that_cannot_be_right_is_refused_with_a_reason() {
    let refused = |document: Value| read(&document.to_string()).unwrap_err();
    assert!(refused(json!({"metrics": []})).contains("nothing to judge"));
    assert!(refused(json!({})).contains("metrics"));
    let mut wrong = document(&json!([{"name": "a", "groups": ["x"], "baseline": [1.0], "canary": [1.0]}]));
    wrong["pass"] = json!(10.0);
    assert!(refused(wrong.clone()).contains("below `marginal`"));
    wrong["pass"] = json!(95.0);
    wrong["metrics"][0]["effect_size"] = json!({"measure": "median"});
    assert!(refused(wrong).contains("meanRatio or cles"));
}

/// The numbers of Kayenta's own tests, where they are at hand. Its k-sigma detector and its classifier by means are
/// left out: no judge of Kayenta uses them.
fn oracle() -> Option<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/samples/canary/kayenta.json");
    match std::fs::read_to_string(path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            eprintln!("skipped: Kayenta's numbers are not here");
            None
        }
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn assert_near(ours: f64, theirs: &Value, tolerance: f64, what: &Value) {
    let theirs = theirs.as_f64().unwrap_or(f64::NAN);
    assert!((ours - theirs).abs() <= tolerance || ours.is_nan() && theirs.is_nan(), "{what}: {ours} for {theirs}");
}

/// The rules of a case of the oracle.
fn rules_of(case: &Value) -> Rules {
    let pair = |key: &str| case.get(key).map_or((1.0, 1.0), |v| (number(&v[0]), number(&v[1])));
    let (allowed_decrease, allowed_increase) = pair("effect_thresholds");
    let (critical_decrease, critical_increase) = pair("critical_thresholds");
    let is = |key: &str, value: Value| case.get(key) == Some(&value);
    Rules {
        direction: match case["direction"].as_str() {
            Some("increase") => Direction::Increase,
            Some("decrease") => Direction::Decrease,
            _ => Direction::Either,
        },
        replace_missing: is("nan_strategy", json!("replace")),
        critical: is("critical", json!(true)),
        must_have_data: is("must_have_data", json!(true)),
        effect: Effect {
            measure: if is("measure", json!("cles")) { Measure::Cles } else { Measure::MeanRatio },
            allowed_increase,
            allowed_decrease,
            critical_increase,
            critical_decrease,
        },
        tolerance: case.get("tolerance").map_or(0.25, number),
        confidence: case.get("conf").map_or(0.98, number),
        outlier_factor: None,
    }
}

#[test]
fn labels_reasons_and_intervals_are_kayentas() {
    let Some(oracle) = oracle() else { return };
    let cases = ["classify", "from_issues"].iter().flat_map(|key| oracle[key].as_array().unwrap());
    for case in cases {
        let name = case["metric"].as_str().unwrap_or("m");
        let found = classify(name, &numbers(&case["control"]), &numbers(&case["experiment"]), &rules_of(case));
        let expected = &case["expect"];
        if let Some(label) = expected["label"].as_str() {
            assert_eq!(format!("{:?}", found.label), label, "{}", case["name"]);
        }
        if let Some(critical) = expected["critical"].as_bool() {
            assert_eq!(found.critical, critical, "{}", case["name"]);
        }
        if expected["has_reason"] == true {
            assert!(found.reason.is_some());
        }
        for (key, ours) in [("ci_lower", found.lower), ("ci_upper", found.upper), ("estimate", found.estimate)] {
            if let Some(theirs) = expected.get(key) {
                assert_near(ours.unwrap(), theirs, 1e-9, &case["issue"]);
            }
        }
        if let Some(theirs) = expected.get("deviation") {
            assert_near(found.deviation.unwrap_or(f64::NAN), theirs, 1e-9, &case["name"]);
        }
    }
}

#[test]
fn the_rank_sum_is_kayentas() {
    let Some(oracle) = oracle() else { return };
    for case in oracle["interval"].as_array().unwrap() {
        let shift = rank_sum::shift(&numbers(&case["x"]), &numbers(&case["y"]), number(&case["conf"])).unwrap();
        for (key, ours) in [("ci_lower", shift.lower), ("ci_upper", shift.upper), ("estimate", shift.estimate)] {
            let theirs = &case["expect"][key];
            assert_near(ours, &theirs["value"], number(&theirs["tol"]), &case["name"]);
        }
    }
    for case in oracle["wilcoxon_diff"].as_array().unwrap() {
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        let ours = rank_sum::statistic(&x, &y, number(&case["mu"]), number(&case["quantile"])).unwrap();
        assert_near(ours, &case["expect"], number(&case["tol"]), &case["name"]);
    }
    for case in oracle["intermediate"].as_array().unwrap() {
        intermediate(case);
    }
    for case in oracle["zquant"].as_array().unwrap() {
        let ours = rank_sum::normal_quantile((1.0 - number(&case["conf"])) / 2.0);
        assert_near(ours, &case["expect"], number(&case["tol"]), case);
    }
}

/// What the original computes on its way.
fn intermediate(case: &Value) {
    let (x, y, expected) = (numbers(&case["x"]), numbers(&case["y"]), &case["expect"]);
    let shift = rank_sum::shift(&x, &y, number(&case["conf"])).unwrap();
    let (low, high) = (number(&expected["mu_min"]), number(&expected["mu_max"]));
    let z = -rank_sum::normal_quantile((1.0 - number(&case["conf"])) / 2.0);
    let at = |mu, quantile| rank_sum::statistic(&x, &y, mu, quantile).unwrap();
    for (key, ours) in [
        ("z_lower", z),
        ("f_lower_1", at(low, z)),
        ("f_upper_1", at(high, z)),
        ("f_lower_2", at(low, -z)),
        ("f_upper_2", at(high, -z)),
        ("ci_lower", shift.lower),
        ("ci_upper", shift.upper),
        ("estimate", shift.estimate),
    ] {
        assert_near(ours, &expected[key], number(&case["tol"]), &json!(key));
    }
}

#[test]
fn samples_are_prepared_as_kayenta_does() {
    let Some(oracle) = oracle() else { return };
    for case in oracle["percentile"].as_array().unwrap() {
        let mut data = numbers(&case["data"]);
        data.sort_by(f64::total_cmp);
        assert_near(
            sample::percentile(&data, number(&case["p"]) / 100.0),
            &case["expect"],
            number(&case["tol"]),
            &case["name"],
        );
    }
    for case in oracle["summary"].as_array().unwrap() {
        let summary = Summary::of(&numbers(&case["data"]));
        for (key, ours) in [("min", summary.min), ("max", summary.max), ("mean", summary.mean), ("std", summary.std)] {
            assert_near(ours, &case["expect"][key], number(&case["tol"]), &case["name"]);
        }
        assert_eq!(json!(summary.count), case["expect"]["count"]);
    }
    for case in oracle["effect_size"].as_array().unwrap() {
        let (baseline, canary) = (numbers(&case["control"]), numbers(&case["experiment"]));
        let ours = match case["fn"].as_str() {
            Some("cles") => classify::cles(&baseline, &canary),
            _ => classify::mean_ratio(&baseline, &canary).unwrap_or(f64::NAN),
        };
        assert_near(ours, &case["expect"], number(&case["tol"]), &case["name"]);
    }
    for case in oracle["transform"].as_array().unwrap().iter().filter(|case| case["op"] != "remove_outliers_ksigma") {
        let rules = Rules { replace_missing: case["op"] == "replace_nan", ..rules() };
        assert_eq!(sample::prepare(&numbers(&case["data"]), &rules), numbers(&case["expect"]), "{}", case["name"]);
    }
}

#[test]
fn scores_are_kayentas() {
    let Some(oracle) = oracle() else { return };
    for case in oracle["scorer"].as_array().unwrap() {
        let metrics: Vec<(Opinion, Vec<String>)> = case["metrics"].as_array().unwrap().iter().map(labelled).collect();
        let metrics: Vec<(&Opinion, &[String])> = metrics.iter().map(|(o, g)| (o, g.as_slice())).collect();
        let weights = serde_json::from_value(case["group_weights"].clone()).unwrap();
        assert_near(score::score(&metrics, &weights).score, &case["expect_score"], 1e-9, &case["name"]);
    }
    for case in oracle["aggregate"].as_array().unwrap().iter().filter(|case| !case["marginal"].is_null()) {
        let found =
            score::classification(number(&case["final_score"]), case["pass"].as_f64(), case["marginal"].as_f64());
        assert_eq!(json!(found == Some("Pass")), case["expect_pass"]);
    }
}

fn labelled(metric: &Value) -> (Opinion, Vec<String>) {
    let label = match metric["label"].as_str().unwrap() {
        "Pass" => Label::Pass,
        "High" => Label::High,
        "Low" => Label::Low,
        "Nodata" => Label::Nodata,
        "NodataFailMetric" => Label::NodataFailMetric,
        other => panic!("{other}"),
    };
    let opinion = Opinion {
        label,
        reason: None,
        critical: metric["critical"] == true,
        lower: None,
        upper: None,
        estimate: None,
        deviation: None,
    };
    (opinion, serde_json::from_value(metric["groups"].clone()).unwrap())
}
