use super::super::model::{Report, Scrape, State};
use super::super::{document, judged};
use super::*;
use crate::evidence::{Evidence, Generation, Observation, Subject};
use jiff::Timestamp;

const CONFIG: &str = "source = { prometheus = \"http://127.0.0.1:9\" }\nbaseline = 'a'\ncanary = 'b'\nfalse_alarm = 0.01\n\
    [[metrics]]\nname = \"errors\"\nbad = 'e{$scope}'\ntotal = 't{$scope}'\ncritical = true\nslo = 0.02\n\
    [[metrics]]\nname = \"success\"\nbad = 'e{$scope}'\ntotal = 't{$scope}'\nworse = \"lower\"\nslo = 0.9\n\
    [[metrics]]\nname = \"latency\"\nkind = \"quantile\"\nquery = 'b{$scope}'\nq = 0.9\n\
    [[metrics]]\nname = \"memory\"\nkind = \"gauge\"\nquery = 'm{$scope}'\n";

fn at(i: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + 15 * i).unwrap()
}

fn arm(bad: f64, total: f64) -> Arm {
    Arm { bad: Some(bad), total: Some(total) }
}

fn batch() -> Batch {
    let ratio = |i: i64, bad: f64| Sight {
        pods: vec![("a".into(), arm(1.0, 450.0)), ("b".into(), arm(1.0, 450.0))],
        ..Scrape { at: at(i), baseline: arm(2.0, 900.0), canary: arm(bad, 100.0) }.into()
    };
    let missed = Arm { bad: None, total: None };
    let gap = |i: i64| Sight::from(Scrape { at: at(i), baseline: missed, canary: missed });
    let latency = |i: i64| {
        let pair = |slow: f64| Pair { baseline: arm(slow, 900.0), canary: arm(slow / 9.0, 100.0) };
        Sight { at: at(i), seen: Seen::Counts(vec![pair(90.0), pair(9.0)]), pods: Vec::new() }
    };
    let memory = |i: i64| {
        let value = 100.0 + (i % 5) as f64;
        Sight { at: at(i), seen: Seen::Values(Some(value), Some(value * 1.3)), pods: Vec::new() }
    };
    let run = |of: &dyn Fn(i64) -> Sight| (0..60).map(of).collect::<Vec<_>>();
    Batch {
        scrapes: vec![
            run(&|i| if i % 7 == 3 { gap(i) } else { ratio(i, if i < 20 { 0.0 } else { 4.0 }) }),
            run(&|i| ratio(i, 97.0)),
            run(&latency),
            run(&memory),
        ],
        boundaries: vec![vec![], vec![], vec![0.25, 0.5], vec![]],
        ..Batch::default()
    }
}

fn report(canary: &schema::Canary, batch: Batch) -> Report {
    let mut state = State::new(canary);
    let (ttl, source) = (std::time::Duration::from_secs(35), "prometheus".to_owned());
    let evidence = Evidence { value: batch, subject: Subject::default(), source, observed_at: at(59), ttl };
    state.update(Observation::Seen(Generation(1), Box::new(evidence)), at(59));
    state.report.value().unwrap().clone()
}

#[test]
fn what_is_exported_is_judged_as_it_was_seen() {
    let canary: schema::Canary = toml::from_str(CONFIG).unwrap();
    let live = report(&canary, batch());
    let mut export = Export::new(&canary);
    export.take(&batch());
    export.take(&batch());
    let text = export.document().to_string();
    let judged = serde_json::to_value(judged::judge(&document::read(&text).unwrap(), false)).unwrap();
    assert_eq!(judged["verdict"], live.verdict.label());
    assert_eq!(judged["regressed_at"].as_f64(), live.regressed_at.map(seconds));
    for metric in &live.metrics {
        let row = judged["metrics"].as_array().unwrap().iter().find(|row| row["name"] == metric.name.as_str()).unwrap();
        assert_eq!((&row["verdict"], &row["why"]), (&json!(metric.verdict.label()), &json!(metric.why)));
        assert_eq!(row["ratio"].as_f64(), metric.ratio);
        if !row["log_e"].is_null() {
            assert_eq!(row["log_e"]["robust"].as_f64(), Some(metric.log_e.robust), "{}", metric.name);
        }
    }
}
