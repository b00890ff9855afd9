//! Blocks of scrapes: an incident that lasts for several scrapes on one machine shall be one bet, not several.
//!
//! Counts are summed until the block is full, and bet on once. A block is cut where the canary's weight changes: a
//! ramp must not look like a regression.

use super::Settings;
use super::eprocess::{Counts, EProcess, Formula, ROBUST};

/// So many standard deviations of the split are no chance.
const DEVIATIONS: f64 = 5.0;
/// A change of the split by less than this part of it is no change of weight, however certain.
const SMALL: f64 = 0.2;
/// A block is full when the next scrape would reach beyond it by more than this part.
const ROUNDING: f64 = 0.999;

/// The evidence of blocks, and the block that is being filled.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    seconds: f64,
    open: Option<Open>,
    last: f64,
    evidence: EProcess,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Open {
    since: f64,
    counts: Counts,
}

impl Blocks {
    /// Blocks of so many seconds.
    pub fn new(seconds: f64, settings: &Settings) -> Self {
        let evidence = EProcess::new(Formula::Robust, ROBUST, settings.margin, !settings.plain);
        Self { seconds, open: None, last: f64::NEG_INFINITY, evidence }
    }

    /// The natural logarithm of the evidence of the full blocks that the canary is worse.
    pub fn log_e(&self) -> f64 {
        self.evidence.log_e()
    }

    /// Takes in the scrape that ended at `at`.
    pub fn take(&mut self, at: f64, counts: &Counts) {
        let seconds = self.seconds;
        let ends = |open: &mut Open| at - open.since >= seconds || is_other_weight(&open.counts, counts);
        if let Some(full) = self.open.take_if(ends) {
            self.evidence.take(&full.counts);
        }
        let sum = self.open.map_or(*counts, |open| added(&open.counts, counts));
        let since = self.open.map_or(at, |open| open.since);
        let step = if self.last.is_finite() { at - self.last } else { 0.0 };
        self.last = at;
        if at - since + step >= seconds * ROUNDING {
            self.evidence.take(&sum);
            self.open = None;
        } else {
            self.open = Some(Open { since, counts: sum });
        }
    }
}

fn added(a: &Counts, b: &Counts) -> Counts {
    Counts {
        bad_canary: a.bad_canary + b.bad_canary,
        all_canary: a.all_canary + b.all_canary,
        bad_baseline: a.bad_baseline + b.bad_baseline,
        all_baseline: a.all_baseline + b.all_baseline,
    }
}

fn is_other_weight(block: &Counts, scrape: &Counts) -> bool {
    let all = |counts: &Counts| counts.all_canary + counts.all_baseline;
    let pooled = added(block, scrape).split();
    let deviation = (pooled * (1.0 - pooled) * (1.0 / all(block) + 1.0 / all(scrape))).sqrt();
    let moved = (scrape.split() - block.split()).abs();
    moved > DEVIATIONS * deviation && moved > SMALL * block.split()
}
