//! The judge: is the canary worse than the baseline, however often one looks?
//!
//! Pure: scrapes go in one by one, with their time in seconds; nothing of them is kept but sums, so
//! that the state is constant in time. A [`Judge`] is for one metric, a [`Panel`] for several.

pub mod band;
pub mod blocks;
pub mod eprocess;
pub mod exposure;
pub mod finding;
pub mod gauge;
pub mod guard;
pub mod interval;
pub mod latch;
pub mod panel;
pub mod placebo;
pub mod plan;
pub mod strand;
pub mod words;

pub use band::Band;
pub use finding::{Due, Finding};
pub use panel::Panel;
pub use strand::{LogE, Peak, Tally};

use super::model::{Arm, Verdict};
use eprocess::{Counts, log_mean};
use exposure::{Exposure, Silence};
use gauge::Gauge;
use interval::RatioGrid;
use latch::{Bars, Guards, Known, Latches};
use placebo::Placebo;
use strand::Strand;

/// How strict the judge is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The chance of one false alarm over the whole time, shared by the metrics that decide.
    pub false_alarm: f64,
    /// The chance of one false pass over the whole time, for each metric.
    pub pass_false_alarm: f64,
    /// The ratio of rates that still counts as no worse.
    pub margin: f64,
    /// The ratio of rates that a pass excludes.
    pub pass_margin: f64,
    /// Without the start-time mixture: the change is taken to be there from the first scrape.
    pub plain: bool,
    /// Seconds of a block: a regression has to be proven by one bet a block as well. For pods that have
    /// incidents of their own, which last for several scrapes.
    pub block: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { false_alarm: 0.01, pass_false_alarm: 0.05, margin: 1.0, pass_margin: 2.0, plain: false, block: None }
    }
}

/// One scrape of both populations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The baseline's increments.
    pub baseline: Arm,
    /// The canary's increments.
    pub canary: Arm,
}

impl Pair {
    /// The same with good and bad exchanged: for metrics where a lower value is worse.
    pub fn complement(self) -> Self {
        Self { baseline: self.baseline.complement(), canary: self.canary.complement() }
    }

    fn counts(&self) -> Option<Counts> {
        let counts = Counts {
            bad_canary: self.canary.bad?,
            all_canary: self.canary.total?,
            bad_baseline: self.baseline.bad?,
            all_baseline: self.baseline.total?,
        };
        (counts.all_canary > 0.0 && counts.all_baseline > 0.0).then_some(counts)
    }
}

/// What is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// Its name, clean.
    pub name: String,
    /// Whether it decides the verdict of the whole canary.
    pub critical: bool,
    /// The bad ratio that is allowed in absolute terms, between 0 and 1.
    pub limit: Option<f64>,
    /// Its part of the false alarm, relative to those of the other metrics that decide.
    pub weight: f64,
    /// What it is made of.
    pub shape: Shape,
}

/// What a metric is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Bad events among all events.
    Ratio,
    /// Events slower than each of these boundaries; or not slower, where that is worse.
    Exceedance {
        /// The boundaries, in the unit of the histogram.
        boundaries: Vec<f64>,
        /// The quantile that is drawn.
        q: Option<f64>,
        /// Whether a lower value is worse.
        lower_is_worse: bool,
    },
    /// A pair of values; advisory. Whether a lower value is worse.
    Gauge {
        /// Which way is worse.
        lower_is_worse: bool,
    },
}

/// The judge of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Judge {
    spec: Spec,
    settings: Settings,
    bars: Bars,
    grid: RatioGrid,
    strands: Vec<Strand>,
    gauge: Option<Gauge>,
    exposure: Exposure,
    latches: Latches,
    placebo: Placebo,
    /// Everything that was seen of the baseline and of the canary, compared or not: what an absolute limit is held against.
    seen: (Tally, Tally),
}

impl Judge {
    /// Without data. `share` is this metric's part of the false alarm: 1 when it is alone.
    pub fn new(spec: Spec, settings: Settings, share: f64) -> Self {
        let (strands, gauge) = match &spec.shape {
            Shape::Ratio => (1, None),
            Shape::Exceedance { boundaries, .. } => (boundaries.len(), None),
            Shape::Gauge { lower_is_worse } => (0, Some(Gauge::new(*lower_is_worse))),
        };
        Self {
            bars: Bars::new(&settings, share),
            grid: RatioGrid::default(),
            strands: vec![Strand::new(&settings); strands],
            gauge,
            exposure: Exposure::default(),
            latches: Latches::default(),
            placebo: Placebo::default(),
            seen: Default::default(),
            spec,
            settings,
        }
    }

    /// What is judged.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Takes in a scrape: one pair for a ratio, one for each boundary otherwise. A scrape without
    /// exposure on either side compares nothing; an absolute limit is held against what there is.
    pub fn take(&mut self, at: f64, pairs: &[Pair]) {
        let Some(first) = pairs.first() else { return };
        self.seen.0.take(first.baseline);
        self.seen.1.take(first.canary);
        let compares = self.exposure.take(at, first).is_some();
        if compares {
            for (strand, pair) in self.strands.iter_mut().zip(pairs) {
                if let Some(counts) = pair.counts() {
                    strand.take(at, &counts, &self.grid);
                }
            }
        }
        if compares || self.spec.limit.is_some() {
            let proof = self.proof();
            let known = Known {
                fast: self.log_e().fast,
                proof,
                passing: self.passing(),
                guards: self.guards(),
                excused: self.placebo.excuses(proof),
            };
            self.latches.take(at, &known, &self.bars);
        }
    }

    /// Says where the boundaries of a latency are, once they have been chosen: before anything is compared.
    pub fn name_boundaries(&mut self, chosen: &[f64]) {
        if let Shape::Exceedance { boundaries, .. } = &mut self.spec.shape
            && self.exposure.scrapes == 0
        {
            *boundaries = chosen.to_vec();
            self.strands = vec![Strand::new(&self.settings); chosen.len()];
        }
    }

    /// Takes in the pods of the baseline in a scrape, each with one arm for each pair of it; before the scrape itself.
    pub fn take_pods<'p>(&mut self, at: f64, pods: impl Iterator<Item = (&'p str, &'p [Arm])> + Clone) {
        match &self.spec.shape {
            Shape::Gauge { lower_is_worse } => self.placebo.take_values(at, pods, *lower_is_worse),
            _ => self.placebo.take(&pods, self.strands.len(), &self.settings),
        }
    }

    /// Takes in a pair of gauge values.
    pub fn take_gauge(&mut self, at: f64, baseline: Option<f64>, canary: Option<f64>) {
        if let Some(gauge) = &mut self.gauge {
            gauge.take(at, baseline, canary);
        }
    }

    /// The evidence now. The average over boundaries is an e-process, however they depend.
    pub fn log_e(&self) -> LogE {
        match self.strands.as_slice() {
            [] => LogE::default(),
            [only] => only.log_e(),
            many => {
                let mean = |of: fn(&LogE) -> f64| log_mean(many.iter().map(|s| of(&s.log_e())));
                LogE { fast: mean(|e| e.fast), robust: mean(|e| e.robust), noninferiority: mean(|e| e.noninferiority) }
            }
        }
    }

    /// The evidence that proves a regression, as a natural logarithm: the robust one, and that of blocks where
    /// there are any.
    pub fn proof(&self) -> f64 {
        if self.strands.is_empty() { 0.0 } else { log_mean(self.strands.iter().map(Strand::proof)) }
    }

    /// The proof that counts for the whole: none beyond 1 while a pod of the baseline looks as bad.
    pub fn credited(&self) -> f64 {
        if self.latches.as_sick { self.proof().min(0.0) } else { self.proof() }
    }

    /// The evidence for a pass, as a natural logarithm. Where bad events are not known to come one by
    /// one, a burst of the baseline must not pass the canary: the evidence of one bet a scrape has to
    /// agree.
    pub fn passing(&self) -> f64 {
        let single = self.log_e().noninferiority;
        if self.strands.is_empty() || self.exposure.is_calm() {
            return single;
        }
        single.min(log_mean(self.strands.iter().map(Strand::steady_log_e)))
    }

    fn guards(&self) -> Guards {
        let (Some(limit), Some(strand)) = (self.spec.limit, self.strands.first()) else { return Guards::default() };
        let (baseline, canary) = &self.seen;
        Guards {
            canary: guard::above(limit, canary.bad, canary.all),
            baseline: guard::above(limit, baseline.bad, baseline.all),
            // To pass, the two have to have been there together.
            kept: guard::below(limit, strand.canary.bad, strand.canary.all),
        }
    }

    /// The verdict now.
    pub fn verdict(&self) -> Verdict {
        match &self.gauge {
            Some(gauge) => gauge.verdict(&self.placebo),
            None => self.latches.verdict(self.exposure.blind().is_some()),
        }
    }

    /// Whose silence makes it blind now.
    pub fn silence(&self) -> Option<Silence> {
        self.exposure.blind()
    }

    /// Since when it is regressed.
    pub fn regressed_at(&self) -> Option<f64> {
        self.latches.regressed_at
    }
}

#[cfg(test)]
mod practice_tests;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
