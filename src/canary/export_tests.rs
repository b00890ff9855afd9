use super::super::model::{Report, Scrape, SecondOpinion, State};
use super::super::{document, judged, kayenta};
use super::*;
use crate::evidence::{Evidence, Generation, Observation, Subject};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const CONFIG: &str = "source = { prometheus = \"http://127.0.0.1:9\" }\nbaseline = 'a'\ncanary = 'b'\nfalse_alarm = 0.01\n\
    kayenta = { pass = 95, marginal = 75 }\n\
    [[metrics]]\nname = \"errors\"\nbad = 'e{$scope}'\ntotal = 't{$scope}'\ncritical = true\nslo = 0.02\n\
    [[metrics]]\nname = \"success\"\nbad = 'e{$scope}'\ntotal = 't{$scope}'\nweight = 2.5\ncritical = true\nworse = \"lower\"\nslo = 0.9\n\
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
        pods: vec![("a".into(), vec![arm(1.0, 450.0)]), ("b".into(), vec![arm(1.0, 450.0)])],
        ..Scrape { at: at(i), baseline: arm(2.0, 900.0), canary: arm(bad, 100.0) }.into()
    };
    let missed = Arm { bad: None, total: None };
    let gap = |i: i64| Sight::from(Scrape { at: at(i), baseline: missed, canary: missed });
    let latency = |i: i64| {
        let pair = |slow: f64| Pair { baseline: arm(slow, 900.0), canary: arm(slow / 9.0, 100.0) };
        let pod = |slow: f64| vec![arm(slow, 450.0), arm(slow / 10.0, 450.0)];
        let pods = vec![("a".into(), pod(40.0)), ("b".into(), pod(50.0))];
        Sight { at: at(i), seen: Seen::Counts(vec![pair(90.0), pair(9.0)]), pods }
    };
    let memory = |i: i64| {
        let value = 100.0 + (i % 5) as f64;
        let pods = ["a", "b"].map(|name| (name.to_owned(), vec![Arm::of_value(Some(value + name.len() as f64))]));
        Sight { at: at(i), seen: Seen::Values(Some(value), Some(value * 1.3)), pods: pods.into() }
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

fn report(canary: &schema::Canary, batches: Vec<Batch>) -> Report {
    let mut state = State::new(canary);
    for value in batches {
        let (ttl, source) = (std::time::Duration::from_secs(35), "prometheus".to_owned());
        let evidence = Evidence { value, subject: Subject::default(), source, observed_at: at(59), ttl };
        state.update(Observation::Seen(Generation(1), Box::new(evidence)), at(59));
    }
    state.report.value().unwrap().clone()
}

/// Judges an export, and holds it against what was seen live: to the digit, for either method.
fn assert_same(canary: &schema::Canary, live: &Report, export: &Export) {
    let series = document::read(&export.document().to_string()).unwrap();
    let judged = serde_json::to_value(judged::judge(&series, false)).unwrap();
    assert_eq!(judged["verdict"], live.verdict.label());
    assert_eq!(judged["regressed_at"].as_f64(), live.regressed_at.map(seconds));
    for metric in &live.metrics {
        let row = judged["metrics"].as_array().unwrap().iter().find(|row| row["name"] == metric.name.as_str()).unwrap();
        assert_eq!((&row["verdict"], &row["why"]), (&json!(metric.verdict.label()), &json!(metric.why)));
        assert_eq!(row["ratio"].as_f64(), metric.ratio);
        assert_eq!(row["peaks"].as_array().unwrap().len(), metric.peaks.len());
        assert_eq!(row["band"], serde_json::to_value(metric.band).unwrap());
        let placebo = metric.placebo.as_ref().map(|(pod, log_e)| (pod.as_str(), *log_e));
        assert_eq!(row["placebo"]["pod"].as_str().zip(row["placebo"]["log_e"].as_f64()), placebo, "{}", metric.name);
        if !row["log_e"].is_null() {
            assert_eq!(row["log_e"]["robust"].as_f64(), Some(metric.log_e.robust), "{}", metric.name);
        }
    }
    let opinion = kayenta::judge(&judged::analysis(&series));
    let second = SecondOpinion::of(&canary.kayenta.unwrap(), &live.metrics);
    if second.score.is_some() {
        assert_eq!((Some(opinion.score), opinion.classification), (second.score, second.classification));
    }
}

#[test]
fn what_is_exported_is_judged_as_it_was_seen() {
    let canary: schema::Canary = toml::from_str(CONFIG).unwrap();
    let live = report(&canary, vec![batch()]);
    assert!(live.metrics.iter().all(|metric| metric.placebo.is_some()), "there is something to compare");
    assert!(SecondOpinion::of(&canary.kayenta.unwrap(), &live.metrics).score.is_some());
    let mut export = Export::new(&canary);
    export.take(&batch());
    export.take(&batch());
    assert_same(&canary, &live, &export);
}

/// SplitMix64: the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit) as f64
    }

    /// Requests of a population, the worse the more of them bad; now and then it is missed, or has none.
    fn arm(&mut self, most: u64, worse: u64) -> Arm {
        match self.below(12) as u64 {
            0 => Arm::MISSED,
            1 => arm(0.0, 0.0),
            _ => {
                let total = 1.0 + self.below(most);
                arm((total * self.below(worse) / 200.0).floor(), total)
            }
        }
    }
}

/// A scrape of a metric of each kind: the canary's share grows on the way, which makes new strata.
fn any_sight(dice: &mut Dice, metric: usize, i: i64) -> Sight {
    let share = if i < 20 { 60 } else { 400 };
    let pairs = |dice: &mut Dice| Pair { baseline: dice.arm(900, 12), canary: dice.arm(share, 30) };
    let seen = match metric {
        0 | 1 => Seen::Counts(vec![pairs(dice)]),
        2 => {
            let wide = pairs(dice);
            let less = |arm: Arm| Arm { bad: arm.bad.map(|bad| (bad / 3.0).floor()), ..arm };
            Seen::Counts(vec![wide, Pair { baseline: less(wide.baseline), canary: less(wide.canary) }])
        }
        _ => Seen::Values(Some(100.0 + dice.below(20)), (dice.below(9) > 0.0).then(|| 105.0 + dice.below(30))),
    };
    let arms = if metric == 2 { 2 } else { 1 };
    let pod = |dice: &mut Dice| match metric {
        3 => vec![Arm::of_value(Some(90.0 + dice.below(40)))],
        _ => {
            let one = dice.arm(300, 20);
            vec![one; arms]
        }
    };
    let pods = ["a", "b", "c"].map(|name| (name.to_owned(), pod(dice)));
    Sight { at: at(i), seen, pods: if dice.below(10) > 0.0 { pods.into() } else { Vec::new() } }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, rng_seed: RngSeed::Fixed(5), failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_export_is_judged_as_it_was_seen(seed in any::<u64>(), scrapes in 3_i64..90, looks in 1_i64..6, block in any::<bool>()) {
        let mut canary: schema::Canary = toml::from_str(CONFIG).unwrap();
        canary.block = block.then(|| std::time::Duration::from_secs(60));
        let mut dice = Dice(seed);
        let all: Vec<Vec<Sight>> =
            (0..4).map(|metric| (0..scrapes).map(|i| any_sight(&mut dice, metric, i)).collect()).collect();
        let part = |look: i64| Batch {
            scrapes: all.iter().map(|sights| {
                let inside = |sight: &&Sight| {
                    let i = ((seconds(sight.at) - 1_800_000_000.0) / 15.0) as i64;
                    (scrapes * look / looks..scrapes * (look + 1) / looks).contains(&i)
                };
                sights.iter().filter(inside).cloned().collect()
            }).collect(),
            boundaries: vec![vec![], vec![], vec![0.25, 0.5], vec![]],
            ..Batch::default()
        };
        let parts: Vec<Batch> = (0..looks).map(part).collect();
        let mut export = Export::new(&canary);
        parts.iter().for_each(|part| export.take(part));
        assert_same(&canary, &report(&canary, parts), &export);
    }
}
