//! Everything that is kept of one pair of counters: a ratio metric has one strand, a latency metric
//! one for each boundary.

use super::Settings;
use super::blocks::Blocks;
use super::eprocess::{Counts, EProcess, FAST, Formula, NON_INFERIORITY, ROBUST};
use super::interval::{Likelihood, RatioGrid};
use crate::canary::model::Arm;

/// Bad and all events of one population.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// Bad events.
    pub bad: f64,
    /// All events.
    pub all: f64,
}

impl Tally {
    /// The share of bad events; `None` without exposure.
    pub fn rate(&self) -> Option<f64> {
        (self.all > 0.0).then(|| self.bad / self.all)
    }

    /// Adds what an arm shows, where all of it was seen.
    pub(super) fn take(&mut self, arm: Arm) {
        if let (Some(bad), Some(all)) = (arm.bad, arm.total) {
            self.add(bad, all);
        }
    }

    fn add(&mut self, bad: f64, all: f64) {
        self.bad += bad;
        self.all += all;
    }
}

/// Natural logarithms of the e-processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct LogE {
    /// That the canary is worse, the soonest.
    pub fast: f64,
    /// That it is worse, whatever bursts a scrape holds.
    pub robust: f64,
    /// That it is not worse than the margin that passes.
    pub noninferiority: f64,
}

/// A scrape that spoke loudly for a regression.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Peak {
    /// When, in seconds.
    pub at: f64,
    /// The canary's bad events in it.
    pub bad: f64,
    /// What it added to the logarithm of the robust evidence.
    pub gain: f64,
}

/// How many of the loudest scrapes are remembered.
const PEAKS: usize = 3;

/// The state of one pair of counters; constant in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Strand {
    fast: EProcess,
    robust: EProcess,
    noninferiority: EProcess,
    /// Non-inferiority by one bet a scrape: what a pass needs where errors come in bursts.
    steady: EProcess,
    /// One bet a block, where incidents last for several scrapes.
    blocks: Option<Blocks>,
    likelihood: Likelihood,
    /// The canary's events in the scrapes that count.
    pub canary: Tally,
    /// The baseline's events in them.
    pub baseline: Tally,
    /// Numerator and denominator of the Mantel-Haenszel ratio.
    strata: (f64, f64),
    /// The scrapes that spoke loudest, the loudest first.
    pub peaks: Vec<Peak>,
}

impl Strand {
    /// Without data.
    pub fn new(settings: &Settings) -> Self {
        let worse = |formula, grid| EProcess::new(formula, grid, settings.margin, !settings.plain);
        // A pass is about the whole time, not about its better half: it starts at the beginning.
        let pass = |formula| EProcess::new(formula, NON_INFERIORITY, settings.pass_margin, false);
        Self {
            fast: worse(Formula::Fast, FAST),
            robust: worse(Formula::Robust, ROBUST),
            noninferiority: pass(Formula::Fast),
            steady: pass(Formula::Robust),
            blocks: settings.block.map(|seconds| Blocks::new(seconds, settings)),
            likelihood: Likelihood::default(),
            canary: Tally::default(),
            baseline: Tally::default(),
            strata: (0.0, 0.0),
            peaks: Vec::new(),
        }
    }

    /// Takes in a scrape with exposure on both sides.
    pub fn take(&mut self, at: f64, counts: &Counts, grid: &RatioGrid) {
        let before = self.robust.log_e();
        self.fast.take(counts);
        self.robust.take(counts);
        self.noninferiority.take(counts);
        self.steady.take(counts);
        if let Some(blocks) = &mut self.blocks {
            blocks.take(at, counts);
        }
        self.likelihood.take(counts, grid);
        self.canary.add(counts.bad_canary, counts.all_canary);
        self.baseline.add(counts.bad_baseline, counts.all_baseline);
        let split = counts.split();
        self.strata.0 += counts.bad_canary * (1.0 - split);
        self.strata.1 += counts.bad_baseline * split;
        self.remember_peak(Peak { at, bad: counts.bad_canary, gain: self.robust.log_e() - before });
    }

    fn remember_peak(&mut self, scrape: Peak) {
        if scrape.bad > 0.0 && scrape.gain > 0.0 {
            let place = self.peaks.partition_point(|peak| peak.gain >= scrape.gain);
            if place < PEAKS {
                self.peaks.insert(place, scrape);
                self.peaks.truncate(PEAKS);
            }
        }
    }

    /// The e-processes.
    pub fn log_e(&self) -> LogE {
        LogE { fast: self.fast.log_e(), robust: self.robust.log_e(), noninferiority: self.noninferiority.log_e() }
    }

    /// The logarithm of the evidence that proves a regression: the robust one, and that of blocks where there are any.
    pub fn proof(&self) -> f64 {
        let robust = self.robust.log_e();
        self.blocks.as_ref().map_or(robust, |blocks| robust.min(blocks.log_e()))
    }

    /// The logarithm of the evidence that it is not worse, whatever bursts a scrape holds.
    pub fn steady_log_e(&self) -> f64 {
        self.steady.log_e()
    }

    /// The ratio of the two rates, each scrape a stratum (Mantel-Haenszel); once both had a bad event.
    pub fn ratio(&self) -> Option<f64> {
        (self.canary.bad > 0.0 && self.baseline.bad > 0.0).then(|| self.strata.0 / self.strata.1)
    }

    /// The ends of its time-uniform interval; `None` where it is open.
    pub fn interval(&self, alpha: f64) -> (Option<f64>, Option<f64>) {
        if self.canary.bad + self.baseline.bad > 0.0 { self.likelihood.interval(alpha) } else { (None, None) }
    }
}
