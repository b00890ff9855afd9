//! False alarms and delays by simulation, with fixed seeds: the promise that one may look after
//! every scrape. Small here; the bench of the judge runs it at full size.

use super::*;

/// SplitMix64: enough for a simulation, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Knuth's method: for small means.
    fn poisson(&mut self, mean: f64) -> f64 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.uniform(), 0.0);
        while product > limit {
            product *= self.uniform();
            count += 1.0;
        }
        count
    }
}

/// An hour of 15 s scrapes at so many requests a second.
struct Hour {
    canary: f64,
    baseline: f64,
    canary_rate: f64,
    baseline_rate: f64,
    /// Mean errors of a burst; 1 for single errors.
    burst: f64,
}

impl Hour {
    fn scrape(&self, dice: &mut Dice) -> Pair {
        let mut arm = |rps: f64, rate: f64| {
            let total = (rps * 15.0).round();
            let bursts = dice.poisson(total * rate / self.burst);
            let sizes = (0..bursts as u32).map(|_| 1.0 + dice.poisson(self.burst - 1.0)).sum::<f64>();
            Arm { bad: Some(sizes.min(total)), total: Some(total) }
        };
        Pair { canary: arm(self.canary, self.canary_rate), baseline: arm(self.baseline, self.baseline_rate) }
    }

    fn run(&self, seed: u64) -> Judge {
        let mut judge = Judge::new(
            Spec { name: "errors".into(), critical: true, limit: None, weight: 1.0, shape: Shape::Ratio },
            Settings::default(),
            1.0,
        );
        let mut dice = Dice(seed);
        for scrape in 1..=240 {
            judge.take(f64::from(scrape) * 15.0, &[self.scrape(&mut dice)]);
        }
        judge
    }

    fn share(&self, runs: u64, of: impl Fn(&Judge) -> bool) -> f64 {
        (0..runs).filter(|seed| of(&self.run(1 + seed * 7919))).count() as f64 / runs as f64
    }
}

fn healthy(canary: f64, baseline: f64) -> Hour {
    Hour { canary, baseline, canary_rate: 0.002, baseline_rate: 0.002, burst: 1.0 }
}

#[test]
fn a_healthy_canary_is_not_called_regressed() {
    for (canary, baseline) in [(1.0, 9.0), (10.0, 90.0), (10.0, 10.0)] {
        let false_alarms = healthy(canary, baseline).share(60, |j| j.regressed_at().is_some());
        assert!(false_alarms <= 0.04, "{canary}/{baseline}: {false_alarms}");
    }
}

#[test]
fn bursts_do_not_fool_the_robust_evidence() {
    let bursty = Hour { burst: 5.0, ..healthy(10.0, 90.0) };
    let false_alarms = bursty.share(60, |j| j.regressed_at().is_some());
    assert!(false_alarms <= 0.04, "{false_alarms}");
}

#[test]
fn five_times_the_errors_are_found_in_minutes() {
    let broken = Hour { canary_rate: 0.01, ..healthy(10.0, 90.0) };
    let mut delays: Vec<f64> = (0..40).filter_map(|seed| broken.run(seed * 31 + 5).regressed_at()).collect();
    assert_eq!(delays.len(), 40);
    delays.sort_by(f64::total_cmp);
    // Median 2.0 and 80th percentile 3.25 minutes in the reference simulation, without the mixture.
    assert!(delays[20] <= 4.0 * 60.0 && delays[32] <= 5.0 * 60.0, "{delays:?}");
}

#[test]
fn exactly_twice_as_bad_is_not_called_healthy() {
    let twice = Hour { canary_rate: 0.004, ..healthy(10.0, 90.0) };
    let false_passes = twice.share(60, |j| j.finding().healthy_at.is_some());
    assert!(false_passes <= 0.1, "{false_passes}");
}

#[test]
fn bursts_do_not_pass_what_is_twice_as_bad() {
    // By single events alone it is more than half of the runs.
    let twice = Hour { canary_rate: 0.004, burst: 5.0, ..healthy(10.0, 90.0) };
    let false_passes = twice.share(60, |j| j.finding().healthy_at.is_some());
    assert!(false_passes <= 0.1, "{false_passes}");
}
