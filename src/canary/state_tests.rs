use super::*;
use std::time::Duration;

use crate::canary::model::{Arm, Scrape};
use crate::evidence::{Failure, Freshness, Subject};

fn canary(metrics: &str) -> schema::Canary {
    let text = format!(
        "source = {{ prometheus = \"http://127.0.0.1:9\" }}\nbaseline = 'track=\"stable\"'\ncanary = 'track=\"canary\"'\nfalse_alarm = 0.01\n{metrics}"
    );
    toml::from_str(&text).unwrap()
}

const ERRORS: &str = "[[metrics]]\nname = \"errors\"\nbad = 'e{$scope}'\ntotal = 't{$scope}'\ncritical = true\n";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn scrape(seconds: i64, [xc, nc, xb, nb]: [f64; 4]) -> Scrape {
    let arm = |bad, total| Arm { bad: Some(bad), total: Some(total) };
    Scrape { at: at(seconds), baseline: arm(xb, nb), canary: arm(xc, nc) }
}

fn seen(generation: u64, scrapes: Vec<Vec<Scrape>>, newest: i64) -> Observation<Batch> {
    let value = Batch::counted(scrapes);
    let ttl = Duration::from_secs(35);
    let evidence =
        Evidence { value, subject: Subject::default(), source: "prometheus".into(), observed_at: at(newest), ttl };
    Observation::Seen(Generation(generation), Box::new(evidence))
}

fn run(counts: [f64; 4], from: i64, n: i64) -> Vec<Scrape> {
    (0..n).map(|i| scrape(from + 15 * i, counts)).collect()
}

#[test]
fn a_regression_is_reported_latched_and_told_once() {
    let mut state = State::new(&canary(ERRORS));
    assert!(state.update(seen(1, vec![run([3.0, 100.0, 2.0, 900.0], 0, 20)], 285), at(290)));
    let report = state.report.value().unwrap().clone();
    assert_eq!(report.verdict, Verdict::Regressed);
    assert_eq!((report.requests, report.share), (2_000.0, Some(0.1)));
    assert_eq!(report.since, Some(at(0)));
    let changes = state.take_changes();
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].from, changes[0].to, changes[0].at), (Verdict::Blind, Verdict::Regressed, at(290)));
    assert!(report.regressed_at.unwrap() < at(285));
    assert!(changes[0].why.starts_with("errors: canary 60 of 2,000"), "{}", changes[0].why);
    state.update(seen(2, vec![run([0.0, 100.0, 2.0, 900.0], 300, 200)], 3_285), at(3_290));
    assert_eq!(state.verdict(at(3_290)), Some(Verdict::Regressed));
    assert!(state.take_changes().is_empty());
}

#[test]
fn scrapes_count_once_and_late_answers_not_at_all() {
    let mut state = State::new(&canary(ERRORS));
    let first = run([1.0, 100.0, 2.0, 900.0], 0, 4);
    state.update(seen(2, vec![first.clone()], 45), at(50));
    let once = state.report.value().unwrap().clone();
    state.update(seen(3, vec![first], 45), at(60));
    assert_eq!(state.report.value(), Some(&once));
    assert!(!state.update(seen(1, vec![run([9.0, 9.0, 0.0, 9.0], 60, 9)], 180), at(190)));
    assert_eq!(state.report.value(), Some(&once));
}

#[test]
fn its_age_is_that_of_the_newest_sample() {
    let mut state = State::new(&canary(ERRORS));
    assert_eq!(state.report.freshness(at(0)), Freshness::Never);
    assert!(state.update(Observation::Started(Generation(1)), at(0)));
    assert_eq!(state.report.freshness(at(0)), Freshness::Loading);
    state.update(seen(1, vec![run([1.0, 100.0, 9.0, 900.0], 0, 40)], 585), at(590));
    assert_eq!((state.report.freshness(at(600)), state.verdict(at(600))), (Freshness::Fresh, Some(Verdict::Healthy)));
    state.update(seen(2, vec![vec![]], 585), at(640));
    assert_eq!(state.report.freshness(at(640)), Freshness::Stale, "an answer without a newer sample is no news");
    assert_eq!(state.verdict(at(640)), None);
    let failure = Failure { what: "refused".into(), remedy: None, at: at(641), retry_at: None };
    state.update(Observation::Failed(Generation(3), failure), at(641));
    assert_eq!(state.report.freshness(at(641)), Freshness::Failed);
    assert!(state.report.value().is_some(), "the last picture stays");
}

#[test]
fn the_worst_critical_metric_comes_first_and_every_metric_tells_its_change() {
    let more = format!(
        "{ERRORS}[[metrics]]\nname = \"sales\"\nbad = 's{{$scope}}'\ntotal = 't{{$scope}}'\nworse = \"lower\"\n"
    );
    let mut state = State::new(&canary(&more));
    let scrapes = vec![run([1.0, 100.0, 9.0, 900.0], 0, 60), run([40.0, 100.0, 855.0, 900.0], 0, 60)];
    state.update(seen(1, scrapes, 885), at(890));
    let report = state.report.value().unwrap();
    assert_eq!(report.verdict, Verdict::Healthy, "sales is not critical");
    assert_eq!(report.metrics.iter().map(|m| m.verdict).collect::<Vec<_>>(), [Verdict::Healthy, Verdict::Regressed]);
    assert_eq!(report.metrics[1].canary, (3_600.0, 6_000.0), "the complement is what is bad");
    assert_eq!(state.take_changes().len(), 3);
}

#[test]
fn nothing_configured_takes_nothing() {
    let mut state = State::default();
    assert!(!state.update(seen(1, vec![], 0), at(0)));
    assert!(!state.is_configured());
}

#[test]
fn history_is_bounded() {
    let mut state = State::new(&canary(ERRORS));
    state.update(seen(1, vec![run([0.0, 100.0, 2.0, 900.0], 0, 1_000)], 14_985), at(15_000));
    assert_eq!(state.report.value().unwrap().metrics[0].scrapes.len(), 240);
}

#[test]
fn the_time_begins_with_the_first_sample() {
    let missed = Arm { bad: None, total: None };
    let before = (0..100).map(|i| Scrape { at: at(15 * i), baseline: missed, canary: missed });
    let scrapes: Vec<Scrape> = before.chain(run([1.0, 100.0, 2.0, 900.0], 1_500, 4)).collect();
    let mut state = State::new(&canary(ERRORS));
    state.update(seen(1, vec![scrapes], 1_545), at(1_550));
    let report = state.report.value().unwrap();
    assert_eq!((report.since, report.metrics[0].scrapes.len()), (Some(at(1_500)), 4));
    assert!(report.metrics[0].weakest.contains("hardly known") || report.metrics[0].weakest.contains("at random"));
}
