use proptest::prelude::*;
use serde::Deserialize;

use super::eprocess::{EProcess, FAST, Formula, LogSum};
use super::plan::Traffic;
use super::*;

/// Scrapes (canary and baseline requests, canary and baseline errors) and the logarithms of the
/// e-processes after each, from an independent implementation.
#[derive(Deserialize)]
struct Path {
    scrapes: Vec<[f64; 4]>,
    fast: Vec<f64>,
    robust: Vec<f64>,
    fast_margin15: Vec<f64>,
    noninferiority: Vec<f64>,
}

fn paths() -> Vec<Path> {
    serde_json::from_str(include_str!("paths.json")).unwrap()
}

pub(super) fn pair([all_canary, all_baseline, bad_canary, bad_baseline]: [f64; 4]) -> Pair {
    let arm = |bad, total| Arm { bad: Some(bad), total: Some(total) };
    Pair { baseline: arm(bad_baseline, all_baseline), canary: arm(bad_canary, all_canary) }
}

pub(super) fn spec() -> Spec {
    Spec { name: "errors".into(), critical: true, limit: None, weight: 1.0, shape: Shape::Ratio }
}

fn plain() -> Settings {
    Settings { plain: true, ..Settings::default() }
}

pub(super) fn judge(settings: Settings) -> Judge {
    Judge::new(spec(), settings, 1.0)
}

fn follow(judge: &mut Judge, scrapes: &[[f64; 4]]) -> Vec<LogE> {
    let step = |(index, scrape): (usize, &[f64; 4])| {
        judge.take(15.0 * (index + 1) as f64, &[pair(*scrape)]);
        judge.log_e()
    };
    scrapes.iter().enumerate().map(step).collect()
}

fn assert_close(ours: impl Iterator<Item = f64>, theirs: &[f64]) {
    for (index, (ours, theirs)) in ours.zip(theirs).enumerate() {
        assert!((ours - theirs).abs() < 1e-9, "scrape {index}: {ours} for {theirs}");
    }
}

#[test]
fn the_paths_are_those_of_the_reference() {
    for path in paths() {
        let seen = follow(&mut judge(plain()), &path.scrapes);
        assert_eq!(seen.len(), 24);
        assert_close(seen.iter().map(|e| e.fast), &path.fast);
        assert_close(seen.iter().map(|e| e.robust), &path.robust);
        assert_close(seen.iter().map(|e| e.noninferiority), &path.noninferiority);
        let wider = follow(&mut judge(Settings { margin: 1.5, ..plain() }), &path.scrapes);
        assert_close(wider.iter().map(|e| e.fast), &path.fast_margin15);
    }
}

/// The start-time mixture as it is defined: a sum over all starts, kept scrape by scrape.
fn mixture_by_definition(scrapes: &[[f64; 4]]) -> f64 {
    let bets: [(f64, f64); 7] = [(1.25, 1.0), (1.6, 2.0), (2.2, 3.0), (3.2, 3.0), (5.0, 2.0), (9.0, 1.0), (20.0, 1.0)];
    let mut sum = LogSum::default();
    for (bet, weight) in bets {
        let (mut wealth, mut started, mut j) = (0.0, 0.0, 0.0);
        for [nc, nb, xc, xb] in scrapes.iter().filter(|s| s[0] > 0.0 && s[1] > 0.0) {
            j += 1.0;
            let v = if j == 1.0 { 0.5 } else { 1.0 / (2.0 * j * (j - 1.0)) };
            started += v;
            let pay = xc * bet.ln() - (xc + xb) * (1.0 + nc / (nc + nb) * (bet - 1.0)).ln();
            wealth = (wealth + v) * f64::exp(pay);
        }
        sum.add((weight / 13.0 * (wealth + 1.0 - started)).ln());
    }
    sum.ln()
}

#[test]
fn the_start_time_mixture_is_that_of_its_definition() {
    for path in paths() {
        let seen = follow(&mut judge(Settings::default()), &path.scrapes);
        assert!((seen.last().unwrap().fast - mixture_by_definition(&path.scrapes)).abs() < 1e-9);
    }
}

#[test]
fn a_late_change_is_seen_sooner_with_the_mixture() {
    let healthy = [100.0, 900.0, 0.0, 2.0];
    let broken = [100.0, 900.0, 3.0, 2.0];
    let delay = |settings| {
        let mut judge = judge(settings);
        let mut scrapes = vec![healthy; 200];
        scrapes.extend([broken; 300]);
        follow(&mut judge, &scrapes);
        judge.regressed_at().unwrap()
    };
    assert!(delay(Settings::default()) < delay(plain()));
}

#[test]
fn a_regression_is_suspect_then_regressed_and_stays() {
    let mut judge = judge(Settings::default());
    follow(&mut judge, &[[100.0, 900.0, 2.0, 4.0]; 20]);
    let finding = judge.finding();
    assert_eq!(finding.verdict, Verdict::Regressed);
    assert!(finding.suspect_at.unwrap() <= finding.regressed_at.unwrap());
    assert!((finding.ratio.unwrap() - 4.5).abs() < 1e-9);
    assert!(finding.low.unwrap() > 1.0 && finding.low.unwrap() < 4.5 && finding.high.unwrap() > 4.5);
    for i in 0..400 {
        judge.take(1000.0 + f64::from(i), &[pair([100.0, 900.0, 0.0, 9.0])]);
    }
    assert_eq!(judge.verdict(), Verdict::Regressed, "nothing takes it back");
    assert_eq!(judge.finding().regressed_at, finding.regressed_at);
}

#[test]
fn one_scrape_proves_nothing() {
    let mut judge = judge(Settings::default());
    judge.take(15.0, &[pair([100.0, 900.0, 90.0, 0.0])]);
    assert_eq!(judge.verdict(), Verdict::Suspect);
    assert!(judge.log_e().robust <= 10.0_f64.ln(), "at most 1/rho a scrape");
}

#[test]
fn as_good_as_the_baseline_becomes_healthy() {
    let mut judge = judge(Settings::default());
    follow(&mut judge, &[[100.0, 900.0, 1.0, 9.0]; 40]);
    let finding = judge.finding();
    assert_eq!(finding.verdict, Verdict::Healthy, "{}", finding.why);
    assert!(finding.why.contains("not 2x worse"));
}

#[test]
fn without_bad_events_nothing_passes() {
    let mut judge = judge(Settings::default());
    follow(&mut judge, &[[100.0, 900.0, 0.0, 0.0]; 500]);
    assert_eq!(judge.verdict(), Verdict::Collecting);
    assert_eq!(judge.log_e(), LogE::default());
}

#[test]
fn a_service_without_errors_passes_by_its_limit() {
    let mut judge = Judge::new(Spec { limit: Some(0.01), ..spec() }, Settings::default(), 1.0);
    follow(&mut judge, &[[100.0, 900.0, 0.0, 0.0]; 3]);
    assert_eq!(judge.verdict(), Verdict::Collecting, "300 requests are too few to exclude 1 %");
    follow(&mut judge, &[[100.0, 900.0, 0.0, 0.0]; 2]);
    let finding = judge.finding();
    assert_eq!(finding.verdict, Verdict::Healthy);
    assert!(finding.why.contains("below the limit of 1.00 %"), "{}", finding.why);
    follow(&mut judge, &[[100.0, 900.0, 2.0, 0.0]; 2]);
    assert_eq!(judge.verdict(), Verdict::Suspect, "a warning takes a pass back");
}

#[test]
fn nothing_seen_is_blind_and_says_of_whom() {
    let mut canary = judge(Settings::default());
    assert_eq!(canary.verdict(), Verdict::Blind);
    follow(&mut canary, &[[0.0, 900.0, 0.0, 2.0]; 5]);
    assert_eq!((canary.verdict(), canary.silence()), (Verdict::Blind, Some(Silence::Canary)));
    let mut baseline = judge(Settings::default());
    follow(&mut baseline, &[[100.0, 0.0, 0.0, 0.0]; 5]);
    assert!(baseline.finding().why.contains("of the baseline"));
}

#[test]
fn a_healthy_canary_that_vanishes_is_blind() {
    let mut judge = judge(Settings::default());
    follow(&mut judge, &[[100.0, 900.0, 1.0, 9.0]; 40]);
    let missed = Arm { bad: None, total: None };
    for i in 0..3 {
        judge.take(700.0 + f64::from(i), &[Pair { canary: missed, ..pair([0.0, 900.0, 0.0, 2.0]) }]);
        assert_eq!(judge.verdict(), Verdict::Healthy, "a scrape may be missed");
    }
    judge.take(710.0, &[Pair { canary: missed, ..pair([0.0, 900.0, 0.0, 2.0]) }]);
    assert_eq!(judge.verdict(), Verdict::Blind);
}

#[test]
fn a_canary_with_little_traffic_may_pause() {
    let mut judge = judge(Settings::default());
    follow(&mut judge, &[[1.0, 9.0, 0.0, 0.0]; 40]);
    for i in 0..5 {
        judge.take(700.0 + f64::from(i), &[pair([0.0, 9.0, 0.0, 0.0])]);
    }
    assert_eq!(judge.verdict(), Verdict::Collecting);
}

#[test]
fn a_limit_that_the_canary_breaks_is_a_regression_and_one_that_both_break_is_not() {
    let limited = |limit| Judge::new(Spec { limit: Some(limit), ..spec() }, Settings::default(), 1.0);
    let mut canary = limited(0.01);
    follow(&mut canary, &[[100.0, 100.0, 3.0, 1.0]; 30]);
    assert_eq!(canary.verdict(), Verdict::Regressed);
    let mut both = limited(0.01);
    follow(&mut both, &[[100.0, 900.0, 5.0, 45.0]; 30]);
    assert_eq!(both.verdict(), Verdict::Environment, "{}", both.finding().why);
    let mut fine = limited(0.01);
    follow(&mut fine, &[[100.0, 900.0, 0.3, 2.7]; 200]);
    assert_eq!(fine.verdict(), Verdict::Healthy, "{}", fine.finding().why);
}

#[test]
fn the_guard_passes_with_the_rule_of_three_and_the_mixture() {
    // n = (ln 20 + ln 5) / p0 is enough; the first alternative alone would need ln 20 / p0.
    assert!(guard::below(0.01, 0.0, 461.0) >= 20.0_f64.ln());
    assert!(guard::below(0.01, 0.0, 300.0) < 20.0_f64.ln());
    assert!(guard::above(0.01, 0.0, 1000.0) < 0.0);
    assert!(guard::above(0.6, 900.0, 1000.0) > 20.0_f64.ln(), "alternatives stay below one");
}

#[test]
fn the_plan_fits_the_worked_example() {
    // 1 and 9 requests a second, 0.2 % against 1 %: 25.6 events, 15 minutes at a bar of 100:1.
    let traffic = Traffic { canary: 60.0, baseline: 540.0, rate: 0.002, seconds: 60.0 };
    assert!((traffic.events_needed(5.0, 1.0, 0.01) - 25.6).abs() < 0.1);
    assert!((traffic.seconds_needed(5.0, 1.0, 0.01) / 60.0 - 15.2).abs() < 0.2);
}

#[test]
fn the_interval_is_exact_where_one_stratum_is_all() {
    // 18 of 1,842 against 37 of 16,520: worked out from these counts by bisection.
    let mut strand = Strand::new(&Settings::default());
    let grid = RatioGrid::default();
    let counts = Counts { bad_canary: 18.0, all_canary: 1_842.0, bad_baseline: 37.0, all_baseline: 16_520.0 };
    strand.take(0.0, &counts, &grid);
    let likelihood = |w: f64| 18.0 * w.ln() - 55.0 * (1.0 + counts.split() * (w - 1.0)).ln();
    let mean =
        log_mean((0..65).map(|k| likelihood(20.0_f64.powf(f64::from(k) / 32.0 - 1.0))).collect::<Vec<_>>().into_iter());
    let (low, high) = strand.interval(0.01);
    for end in [low.unwrap(), high.unwrap()] {
        assert!((likelihood(end) - (mean + 0.01_f64.ln())).abs() < 0.02, "{end}");
    }
    assert!((strand.ratio().unwrap() - 4.363).abs() < 0.001);
}

#[test]
fn a_sharp_likelihood_still_has_an_interval_around_the_truth() {
    let mut strand = Strand::new(&Settings::default());
    let counts = Counts { bad_canary: 2e5, all_canary: 1e7, bad_baseline: 1.8e6, all_baseline: 9e7 };
    strand.take(0.0, &counts, &RatioGrid::default());
    let (low, high) = strand.interval(0.05);
    assert!(low.unwrap() < 1.0 && high.unwrap() > 1.0 && high.unwrap() / low.unwrap() < 1.03, "{low:?} {high:?}");
}

#[test]
fn several_metrics_share_the_false_alarm() {
    let name = |name: &str, critical| Spec { name: name.into(), critical, ..spec() };
    let specs = vec![name("a", true), name("b", true), name("c", false)];
    let mut panel = Panel::new(specs, plain());
    let mut alone = judge(plain());
    for i in 1..400 {
        let at = f64::from(i);
        let bad = pair([100.0, 900.0, 2.0, 9.0]);
        alone.take(at, &[bad]);
        panel.take(0, at, &[bad]);
        panel.take(1, at, &[pair([100.0, 900.0, 1.0, 9.0])]);
        panel.take(2, at, &[pair([100.0, 900.0, 50.0, 9.0])]);
        panel.settle(at);
    }
    assert!(panel.judges()[0].regressed_at() > alone.regressed_at());
    assert_eq!(panel.verdict(), Verdict::Regressed);
    assert!(panel.regressed_at() <= panel.judges()[0].regressed_at());
    let mut only = Panel::new(vec![name("a", true), name("c", false)], plain());
    for i in 1..60 {
        only.take(0, f64::from(i), &[pair([100.0, 900.0, 1.0, 9.0])]);
        only.take(1, f64::from(i), &[pair([100.0, 900.0, 50.0, 9.0])]);
        only.settle(f64::from(i));
    }
    assert_eq!(only.verdict(), Verdict::Healthy, "what is not critical does not decide");
    assert_eq!(only.judges()[1].verdict(), Verdict::Regressed);
}

#[test]
fn boundaries_are_averaged() {
    let shape = Shape::Exceedance { boundaries: vec![0.25, 0.5], q: Some(0.9), lower_is_worse: false };
    let mut averaged = Judge::new(Spec { shape, ..spec() }, plain(), 1.0);
    let pairs = [pair([100.0, 900.0, 10.0, 90.0]), pair([100.0, 900.0, 4.0, 9.0])];
    let mut single: Vec<Judge> = (0..2).map(|_| judge(plain())).collect();
    for i in 1..10 {
        averaged.take(f64::from(i), &pairs);
        single.iter_mut().zip(pairs).for_each(|(s, p)| s.take(f64::from(i), &[p]));
    }
    let mean = (single.iter().map(|s| s.log_e().robust.exp()).sum::<f64>() / 2.0).ln();
    assert!((averaged.log_e().robust - mean).abs() < 1e-9);
    assert!(averaged.finding().why.starts_with("slower than 0.5:"), "{}", averaged.finding().why);
}

#[test]
fn the_band_is_that_of_its_theorem() {
    // confseq, test/uniform_boundaries_unittest.cpp: `empirical_process_lil_bound`; and the constants of its tables.
    assert!((band::half_width(1_000.0, band::constant(0.05)).unwrap() - 0.082_047_69).abs() < 1e-6);
    for (alpha, constant) in
        [(0.001, 10.943_071_387), (0.01, 9.283_543_354), (0.05, 8.122_719_346), (0.1, 7.622_974_438)]
    {
        assert!((band::constant(alpha) - constant).abs() < 1e-5, "{alpha}: {}", band::constant(alpha));
    }
    assert_eq!(band::half_width(99.0, 8.0), None, "it begins at a hundred");
}

#[test]
fn blocks_are_cut_where_the_weight_changes() {
    let counts = |bad_canary, all_canary| Counts { bad_canary, all_canary, bad_baseline: 9.0, all_baseline: 900.0 };
    let mut whole = blocks::Blocks::new(60.0, &plain());
    let mut single = EProcess::new(Formula::Robust, eprocess::ROBUST, 1.0, false);
    for (at, all) in [(15.0, 50.0), (30.0, 50.0), (45.0, 900.0), (60.0, 900.0), (75.0, 900.0), (90.0, 900.0)] {
        whole.take(at, &counts(all / 50.0, all));
    }
    single.take(&Counts { bad_canary: 2.0, all_canary: 100.0, bad_baseline: 18.0, all_baseline: 1_800.0 });
    single.take(&Counts { bad_canary: 72.0, all_canary: 3_600.0, bad_baseline: 36.0, all_baseline: 3_600.0 });
    assert!((whole.log_e() - single.log_e()).abs() < 1e-9, "two scrapes, then a block of four");
}

#[test]
fn a_gauge_warns_and_never_proves() {
    let gauge = Spec { shape: Shape::Gauge { lower_is_worse: false }, ..spec() };
    let mut panel = Panel::new(vec![gauge], Settings::default());
    for i in 0..600 {
        let noise = f64::from(i * 7919 % 101) / 1000.0;
        panel.take_gauge(0, f64::from(i) * 15.0, Some(1.0 + noise), Some(1.5 - noise));
        panel.settle(f64::from(i) * 15.0);
    }
    assert_eq!(panel.judges()[0].verdict(), Verdict::Suspect);
    assert_eq!(panel.verdict(), Verdict::Collecting, "a gauge alone decides nothing");
}

#[test]
fn lower_is_worse_counts_the_complement() {
    let arm = |bad, total| Arm { bad: Some(bad), total: Some(total) };
    let seen = Pair { baseline: arm(99.0, 100.0), canary: Arm { bad: Some(80.0), total: None } }.complement();
    assert_eq!((seen.baseline.bad, seen.canary.bad), (Some(1.0), None));
}

#[test]
fn numbers_read_well() {
    assert_eq!(words::odds(100.0_f64.ln()), "100");
    assert_eq!(words::odds(0.2_f64.ln()), "0.2");
    assert_eq!(words::thousands(1_234_567.0), "1,234,567");
    assert_eq!(words::percent(0.0098), "0.98 %");
    assert_eq!(words::span(754.0), "13 min");
    for (value, text) in [
        (0.0, "0"),
        (0.0041, "0.004"),
        (0.5, "0.5"),
        (12.34, "12.3"),
        (3_400.0, "3.4k"),
        (5.12e8, "512M"),
        (-2.0, "-2"),
    ] {
        assert_eq!(words::short(value), text);
    }
    assert!([1e-9, 1e13, -1e15].iter().all(|value| words::short(*value).len() <= 6));
}

#[test]
fn an_eprocess_starts_at_one() {
    assert_eq!(EProcess::new(Formula::Fast, FAST, 1.0, true).log_e(), 0.0);
}

fn scrapes() -> impl Strategy<Value = Vec<[f64; 4]>> {
    let scrape = (0_u32..200, 0_u32..900, 0_u32..30, 0_u32..30)
        .prop_map(|(nc, nb, xc, xb)| [f64::from(nc), f64::from(nb), f64::from(xc.min(nc)), f64::from(xb.min(nb))]);
    prop::collection::vec(scrape, 1..60)
}

fn config() -> ProptestConfig {
    ProptestConfig { rng_seed: prop::test_runner::RngSeed::Fixed(7), cases: 64, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn looking_changes_nothing_and_latches_hold(scrapes in scrapes()) {
        let (mut looked, mut unseen) = (judge(Settings::default()), judge(Settings::default()));
        let mut regressed = None;
        for (i, scrape) in scrapes.iter().enumerate() {
            let at = i as f64;
            looked.take(at, &[pair(*scrape)]);
            unseen.take(at, &[pair(*scrape)]);
            let finding = looked.finding();
            prop_assert!(regressed.is_none() || finding.verdict == Verdict::Regressed);
            prop_assert!(finding.log_e.unwrap().fast.is_finite() && finding.log_e.unwrap().robust.is_finite());
            regressed = regressed.or(finding.regressed_at);
            prop_assert_eq!(regressed, finding.regressed_at);
        }
        prop_assert_eq!(looked, unseen);
    }

    #[test]
    fn without_the_mixture_the_order_of_scrapes_changes_no_evidence(scrapes in scrapes()) {
        let (mut forward, mut backward) = (judge(plain()), judge(plain()));
        follow(&mut forward, &scrapes);
        let reversed: Vec<_> = scrapes.into_iter().rev().collect();
        follow(&mut backward, &reversed);
        let (a, b) = (forward.log_e(), backward.log_e());
        prop_assert!((a.fast - b.fast).abs() < 1e-6 && (a.robust - b.robust).abs() < 1e-6);
    }

    #[test]
    fn zero_exposure_never_passes(scrapes in scrapes(), canary in any::<bool>()) {
        let mut judge = judge(Settings::default());
        for (i, mut scrape) in scrapes.into_iter().enumerate() {
            let (all, bad) = if canary { (0, 2) } else { (1, 3) };
            (scrape[all], scrape[bad]) = (0.0, 0.0);
            judge.take(i as f64, &[pair(scrape)]);
            prop_assert_eq!(judge.verdict(), Verdict::Blind);
        }
    }
}
