//! Whether there is anything to see: exposure, silence, and how the data behave.

use super::Pair;
use super::eprocess::Counts;

/// Scrapes in a row that were missed before the canary counts as out of sight.
const MISSED: u32 = 4;
/// Events that were to be expected in a silence before it counts as one.
const EXPECTED: f64 = 10.0;

/// Bad events vary up to so many times as much as single ones would, and count as single.
const CALM: f64 = 1.5;

/// Which population shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// The canary.
    Canary,
    /// The baseline.
    Baseline,
}

/// What is known of the scrapes as such. Times are seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Exposure {
    /// Scrapes with exposure on both sides.
    pub counted: u32,
    /// All scrapes.
    pub scrapes: u32,
    first: f64,
    last: f64,
    silent: Option<Silent>,
    all: f64,
    splits: Option<(f64, f64)>,
    squares: f64,
    expected: f64,
    pooled: (f64, f64),
}

/// A run of scrapes without exposure.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Silent {
    who: Silence,
    scrapes: u32,
    missed: u32,
}

impl Exposure {
    /// Takes in a scrape; returns its counts when both populations had exposure and none was missed.
    /// The time begins when something is seen for the first time.
    pub fn take(&mut self, at: f64, pair: &Pair) -> Option<Counts> {
        if self.scrapes == 0 && pair.canary.total.is_none() && pair.baseline.total.is_none() {
            return None;
        }
        if self.scrapes == 0 {
            self.first = at;
        }
        self.last = at;
        self.scrapes += 1;
        let counts = pair.counts();
        match &counts {
            Some(counts) => self.count(counts),
            None => self.fall_silent(pair),
        }
        counts
    }

    fn count(&mut self, counts: &Counts) {
        self.counted += 1;
        self.silent = None;
        self.all += counts.all_canary.min(counts.all_baseline);
        let split = counts.split();
        let (low, high) = self.splits.unwrap_or((split, split));
        self.splits = Some((low.min(split), high.max(split)));
        if self.pooled.0 >= 5.0 {
            let expected = self.pooled.0 / self.pooled.1 * counts.all_baseline;
            self.squares += (counts.bad_baseline - expected).powi(2);
            self.expected += expected;
        }
        self.pooled.0 += counts.bad_baseline;
        self.pooled.1 += counts.all_baseline;
    }

    fn fall_silent(&mut self, pair: &Pair) {
        let unseen = |arm: &super::Arm| arm.total.is_none_or(|n| n <= 0.0) || arm.bad.is_none();
        let who = if unseen(&pair.canary) { Silence::Canary } else { Silence::Baseline };
        let missed = [pair.canary, pair.baseline].iter().any(|arm| arm.total.is_none() || arm.bad.is_none());
        let run = self.silent.get_or_insert(Silent { who, scrapes: 0, missed: 0 });
        run.who = who;
        run.scrapes += 1;
        run.missed = if missed { run.missed + 1 } else { 0 };
    }

    /// Whose silence makes it blind now: nothing was ever counted, several scrapes were missed, or
    /// the traffic so far makes the silence surprising.
    pub fn blind(&self) -> Option<Silence> {
        if self.counted == 0 {
            return Some(self.silent.map_or(Silence::Canary, |run| run.who));
        }
        let run = self.silent?;
        let usual = self.all / f64::from(self.counted);
        let surprising = run.scrapes >= MISSED && usual * f64::from(run.scrapes) >= EXPECTED;
        (run.missed >= MISSED || surprising).then_some(run.who)
    }

    /// Seconds that the scrapes cover; `None` before the second.
    pub fn seconds(&self) -> Option<f64> {
        let scrapes = f64::from(self.scrapes);
        (self.scrapes > 1).then(|| (self.last - self.first) * scrapes / (scrapes - 1.0))
    }

    /// Seconds between two scrapes; zero before the second.
    pub fn interval(&self) -> f64 {
        self.seconds().map_or(0.0, |seconds| seconds / f64::from(self.scrapes))
    }

    /// When the last scrape was.
    pub fn last(&self) -> f64 {
        self.last
    }

    /// How much more the baseline's bad events vary than single events would: 1 is not at all.
    pub fn clustering(&self) -> Option<f64> {
        (self.expected >= 20.0).then(|| self.squares / self.expected)
    }

    /// Whether bad events are known to come one by one.
    pub fn is_calm(&self) -> bool {
        self.clustering().is_some_and(|index| index < CALM)
    }

    /// The smallest and the largest share of the canary.
    pub fn splits(&self) -> Option<(f64, f64)> {
        self.splits
    }
}
