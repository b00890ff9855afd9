//! An hour of scrapes, simulated with fixed seeds.

use hotfix_cockpit::canary::judge::eprocess::Counts;

/// Seconds of a scrape.
const SCRAPE: f64 = 15.0;
const LOOKS: usize = 240;
/// Pods of an hour with incidents, the first of which is the canary.
const PODS: usize = 10;

/// SplitMix64: enough for a simulation, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(1))
    }

    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Knuth's method, in parts for large means.
    fn poisson(&mut self, mean: f64) -> f64 {
        let (mut left, mut count) = (mean, 0.0);
        while left > 0.0 {
            let part = left.min(30.0);
            left -= part;
            let (limit, mut product) = ((-part).exp(), self.uniform());
            while product > limit {
                product *= self.uniform();
                count += 1.0;
            }
        }
        count
    }

    /// Bad events among `all`: bursts of a mean size.
    fn bad(&mut self, all: f64, rate: f64, burst: f64) -> f64 {
        let bursts = self.poisson(all * rate / burst);
        if burst <= 1.0 {
            return bursts.min(all);
        }
        (0..bursts as u32).map(|_| 1.0 + self.poisson(burst - 1.0)).sum::<f64>().min(all)
    }
}

/// An hour at so many requests a second.
#[derive(Clone, Copy)]
pub struct Hour {
    pub canary: f64,
    pub baseline: f64,
    pub canary_rate: f64,
    pub baseline_rate: f64,
    /// Mean errors of a burst; 1 for single errors.
    pub burst: f64,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Steady,
    /// The canary's share grows from 5 to 20 to 50 %, and both have an outage in the last third.
    Ramp,
    /// Ten pods, one of them the canary; six times an hour one of them has a bad minute.
    Incidents,
}

impl Hour {
    /// Both at 0.2 %.
    pub fn healthy(canary: f64, baseline: f64) -> Self {
        Self { canary, baseline, canary_rate: 0.002, baseline_rate: 0.002, burst: 1.0, kind: Kind::Steady }
    }

    /// A ramp with an outage of both.
    pub fn ramp() -> Self {
        Self { kind: Kind::Ramp, ..Self::healthy(10.0, 90.0) }
    }

    /// Bad minutes of single pods.
    pub fn incidents() -> Self {
        Self { kind: Kind::Incidents, ..Self::healthy(10.0, 90.0) }
    }

    /// Its scrapes.
    pub fn counts(&self, seed: u64) -> Vec<Counts> {
        let mut dice = Dice::new(seed);
        match self.kind {
            Kind::Steady => (0..LOOKS).map(|_| self.scrape(self.canary, self.baseline, 1.0, &mut dice)).collect(),
            Kind::Ramp => (0..LOOKS).map(|look| self.ramped(look, &mut dice)).collect(),
            Kind::Incidents => self.with_incidents(&mut dice),
        }
    }

    fn scrape(&self, canary: f64, baseline: f64, sick: f64, dice: &mut Dice) -> Counts {
        let (all_canary, all_baseline) = ((canary * SCRAPE).round(), (baseline * SCRAPE).round());
        Counts {
            bad_canary: dice.bad(all_canary, self.canary_rate * sick, self.burst),
            all_canary,
            bad_baseline: dice.bad(all_baseline, self.baseline_rate * sick, self.burst),
            all_baseline,
        }
    }

    fn ramped(&self, look: usize, dice: &mut Dice) -> Counts {
        let share = [0.05, 0.2, 0.5][look * 3 / LOOKS];
        let all = self.canary + self.baseline;
        let sick = if look >= LOOKS * 2 / 3 { 10.0 } else { 1.0 };
        self.scrape(all * share, all * (1.0 - share), sick, dice)
    }

    fn with_incidents(&self, dice: &mut Dice) -> Vec<Counts> {
        let mut bad = [[0.0; LOOKS]; PODS];
        let all = self.canary * SCRAPE;
        for pod in &mut bad {
            pod.iter_mut().for_each(|bad| *bad = dice.bad(all, self.canary_rate, 1.0));
        }
        for _ in 0..dice.poisson(6.0) as u32 {
            let (pod, start) = ((dice.uniform() * PODS as f64) as usize, dice.uniform() * LOOKS as f64);
            for (look, bad) in bad[pod].iter_mut().enumerate() {
                let overlap = ((start + 4.0).min(look as f64 + 1.0) - start.max(look as f64)).max(0.0);
                *bad = (*bad + dice.bad(all * overlap, 0.05, 1.0)).min(all);
            }
        }
        let counts = |look: usize| Counts {
            bad_canary: bad[0][look],
            all_canary: all,
            bad_baseline: bad[1..].iter().map(|pod| pod[look]).sum(),
            all_baseline: all * (PODS - 1) as f64,
        };
        (0..LOOKS).map(counts).collect()
    }
}

/// Minutes after which a one-sided exact test at 1 %, looked at once and told when, has a power of 80 %: given all bad
/// events, those of the canary are binomial.
pub fn fixed_horizon(canary: f64, baseline: f64, rate: f64, canary_rate: f64) -> f64 {
    let split = canary / (canary + baseline);
    let tilted = canary * canary_rate / (canary * canary_rate + baseline * rate);
    let events = 60.0 * (canary * canary_rate + baseline * rate);
    let mut minutes = 0.02;
    while power(events * minutes, split, tilted) < 0.8 {
        minutes *= 1.02;
        if minutes > 600.0 {
            break;
        }
    }
    minutes
}

fn power(mean: f64, null: f64, truth: f64) -> f64 {
    let most = (mean + 6.0 * mean.sqrt() + 10.0) as usize;
    let mut chance_of = (-mean).exp();
    let mut power = 0.0;
    for events in 0..=most {
        if events > 0 {
            chance_of *= mean / events as f64;
        }
        if chance_of > 1e-9 {
            let from = (0..=events + 1).find(|&k| tail(events, null, k) <= 0.01).unwrap_or(events + 1);
            power += chance_of * tail(events, truth, from);
        }
    }
    power
}

/// The chance of at least `from` of `events`.
fn tail(events: usize, chance: f64, from: usize) -> f64 {
    let mut term = (events as f64 * (1.0 - chance).ln()).exp();
    let mut below = 0.0;
    for k in 0..from.min(events + 1) {
        below += term;
        term *= (events - k) as f64 / (k + 1) as f64 * chance / (1.0 - chance);
    }
    (1.0 - below).max(0.0)
}
