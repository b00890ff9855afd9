//! Gauges: one value a scrape from each side. Advisory, never the reason for a red light alone.
//!
//! Neighbouring values of a gauge depend on each other, so means over a minute are compared, with a
//! margin of 5 %: the t-mixture of Lindon and others on `d = canary - 1.05 baseline`.

use super::super::model::Verdict;
use super::latch::WARNING;
use super::placebo::Placebo;
use super::{Due, Finding, Tally};

/// Seconds of a block.
const BLOCK: f64 = 60.0;
/// What the canary may be worse by.
const MARGIN: f64 = 0.05;
/// No real gauge is larger, and squares of such stay finite.
pub const LARGEST: f64 = 1e100;

/// The state of one gauge; constant in time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Gauge {
    lower_is_worse: bool,
    open: Option<Block>,
    blocks: f64,
    mean: f64,
    squares: f64,
    baseline: f64,
    canary: f64,
    suspect_at: Option<f64>,
}

/// The block that is being filled.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Block {
    since: f64,
    values: f64,
    baseline: f64,
    canary: f64,
}

impl Gauge {
    /// Without data.
    pub fn new(lower_is_worse: bool) -> Self {
        Self { lower_is_worse, ..Self::default() }
    }

    /// Takes in a pair of values; a pair with one that is missing, or absurd, is skipped.
    pub fn take(&mut self, at: f64, baseline: Option<f64>, canary: Option<f64>) {
        let usable = |value: Option<f64>| value.filter(|value| value.abs() <= LARGEST);
        let (Some(baseline), Some(canary)) = (usable(baseline), usable(canary)) else { return };
        if let Some(block) = self.open.take_if(|block| at - block.since >= BLOCK) {
            self.close(&block, at);
        }
        let block = self.open.get_or_insert(Block { since: at, values: 0.0, baseline: 0.0, canary: 0.0 });
        block.values += 1.0;
        block.baseline += baseline;
        block.canary += canary;
    }

    fn close(&mut self, block: &Block, at: f64) {
        let (baseline, canary) = (block.baseline / block.values, block.canary / block.values);
        let worse = if self.lower_is_worse { baseline - canary } else { canary - baseline };
        let difference = worse - MARGIN * baseline.abs();
        self.blocks += 1.0;
        let before = difference - self.mean;
        self.mean += before / self.blocks;
        self.squares += before * (difference - self.mean);
        self.baseline += baseline;
        self.canary += canary;
        if self.log_e() >= WARNING {
            self.suspect_at.get_or_insert(at);
        }
    }

    /// The evidence that the canary is worse by more than the margin, as a natural logarithm.
    pub fn log_e(&self) -> f64 {
        let n = self.blocks;
        if n < 2.0 || self.mean <= 0.0 || self.squares <= 0.0 {
            return 0.0;
        }
        // t^2 / (n - 1)
        let q = n * self.mean * self.mean / self.squares;
        let shrink = 1.0 / (1.0 + n);
        0.5 * shrink.ln() - n / 2.0 * ((shrink * q).ln_1p() - q.ln_1p())
    }

    /// Suspect or collecting, or blind without data; the environment's where a pod of the baseline drifts as much.
    pub fn verdict(&self, placebo: &Placebo) -> Verdict {
        match self.suspect_at {
            Some(_) if placebo.excuses(self.log_e()) => Verdict::Environment,
            Some(_) => Verdict::Suspect,
            None if self.blocks < 1.0 && self.open.is_none() => Verdict::Blind,
            None => Verdict::Collecting,
        }
    }

    /// Everything that can be said now.
    pub fn finding(&self, placebo: &Placebo) -> Finding {
        let ratio = (self.baseline != 0.0).then(|| self.canary / self.baseline);
        let evidence = super::words::odds(self.log_e());
        let change = ratio.map_or_else(|| "no ratio yet".to_owned(), |r| format!("{:+.1} %", (r - 1.0) * 100.0));
        let blocks = self.blocks;
        let excuse = match placebo.worst() {
            Some((pod, log_e)) if placebo.excuses(self.log_e()) => {
                format!("; but the baseline's pod {pod} drifts as much, at {}:1", super::words::odds(log_e))
            }
            _ => String::new(),
        };
        let needs = (blocks < 2.0).then(|| "two minutes of data at least".to_owned());
        Finding {
            verdict: self.verdict(placebo),
            suspect_at: self.suspect_at,
            regressed_at: None,
            healthy_at: None,
            baseline: Tally { bad: self.baseline, all: blocks },
            canary: Tally { bad: self.canary, all: blocks },
            ratio,
            low: None,
            high: None,
            log_e: None,
            bar: WARNING,
            detectable: None,
            due: Due::default(),
            needs,
            weakest: "neighbouring values of a gauge depend on each other: one canary proves nothing".into(),
            why: format!(
                "advisory: {change} over {blocks} blocks of a minute; evidence {evidence}:1 of 20:1 that it is worse by more than 5 %{excuse}"
            ),
            peaks: Vec::new(),
            band: None,
            placebo: placebo.worst().map(|(name, log_e)| (name.to_owned(), log_e)),
        }
    }
}
