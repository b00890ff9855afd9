//! The judge: is the canary worse than the baseline, however often one looks?
//!
//! Pure: scrapes go in one by one, with their time in seconds; nothing of them is kept but sums, so
//! that the state is constant in time. A [`Judge`] is for one metric, a [`Panel`] for several.

pub mod eprocess;
pub mod exposure;
pub mod gauge;
pub mod guard;
pub mod interval;
pub mod latch;
pub mod panel;
pub mod plan;
pub mod strand;
pub mod words;

pub use panel::Panel;
pub use strand::{LogE, Peak, Tally};

use super::model::{Arm, Verdict};
use eprocess::{Counts, log_mean};
use exposure::{Exposure, Silence};
use gauge::Gauge;
use interval::RatioGrid;
use latch::{Bars, Guards, Latches};
use plan::Traffic;
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
}

impl Default for Settings {
    fn default() -> Self {
        Self { false_alarm: 0.01, pass_false_alarm: 0.05, margin: 1.0, pass_margin: 2.0, plain: false }
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
        let flip = |arm: Arm| Arm { bad: arm.total.zip(arm.bad).map(|(total, bad)| total - bad), ..arm };
        Self { baseline: flip(self.baseline), canary: flip(self.canary) }
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
    /// What it is made of.
    pub shape: Shape,
}

/// What a metric is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Bad events among all events.
    Ratio,
    /// Events slower than each of these boundaries.
    Exceedance(Vec<f64>),
    /// A pair of values; advisory. Whether a lower value is worse.
    Gauge {
        /// Which way is worse.
        lower_is_worse: bool,
    },
}

/// What the judge has to say of one metric. Times are seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The verdict.
    pub verdict: Verdict,
    /// The first early warning.
    pub suspect_at: Option<f64>,
    /// Since when it is regressed.
    pub regressed_at: Option<f64>,
    /// When it was first shown not to be worse than the margin that passes.
    pub healthy_at: Option<f64>,
    /// The baseline's events; of the boundary with the strongest evidence, where there are several.
    pub baseline: Tally,
    /// The canary's events.
    pub canary: Tally,
    /// The ratio of the two rates, once both had a bad event.
    pub ratio: Option<f64>,
    /// The lower end of its time-uniform interval; `None` where it is open.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// The e-processes; `None` where a kind of metric has none.
    pub log_e: Option<LogE>,
    /// The evidence that makes it regressed, as a natural logarithm.
    pub bar: f64,
    /// The smallest ratio that the data so far would have shown.
    pub detectable: Option<f64>,
    /// Seconds from the last scrape until a canary at the margin that passes would show, or pass.
    pub due: Due,
    /// What is missing, where something is.
    pub needs: Option<String>,
    /// The assumption that is weakest now.
    pub weakest: String,
    /// Which rule, which numbers, what would change it.
    pub why: String,
    /// The scrape that spoke loudest for a regression.
    pub peak: Option<Peak>,
}

/// Seconds from the last scrape.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Due {
    /// Until a canary that is as bad as the margin that passes would be regressed.
    pub harm: Option<f64>,
    /// Until a canary that is as good as the baseline would be healthy.
    pub pass: Option<f64>,
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
}

impl Judge {
    /// Without data. `sharing` is how many metrics share the false alarm.
    pub fn new(spec: Spec, settings: Settings, sharing: usize) -> Self {
        let (strands, gauge) = match &spec.shape {
            Shape::Ratio => (1, None),
            Shape::Exceedance(boundaries) => (boundaries.len(), None),
            Shape::Gauge { lower_is_worse } => (0, Some(Gauge::new(*lower_is_worse))),
        };
        Self {
            bars: Bars::new(&settings, sharing),
            grid: RatioGrid::default(),
            strands: vec![Strand::new(&settings); strands],
            gauge,
            exposure: Exposure::default(),
            latches: Latches::default(),
            spec,
            settings,
        }
    }

    /// What is judged.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Takes in a scrape: one pair for a ratio, one for each boundary otherwise. A scrape without
    /// exposure on either side is skipped: it moves no evidence.
    pub fn take(&mut self, at: f64, pairs: &[Pair]) {
        let Some(first) = pairs.first() else { return };
        if self.exposure.take(at, first).is_some() {
            for (strand, pair) in self.strands.iter_mut().zip(pairs) {
                if let Some(counts) = pair.counts() {
                    strand.take(at, &counts, &self.grid);
                }
            }
            let (log_e, passing, guards) = (self.log_e(), self.passing(), self.guards());
            self.latches.take(at, &log_e, passing, &guards, &self.bars);
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
        let (canary, baseline) = (&strand.canary, &strand.baseline);
        Guards {
            canary: guard::above(limit, canary.bad, canary.all),
            baseline: guard::above(limit, baseline.bad, baseline.all),
            kept: guard::below(limit, canary.bad, canary.all),
        }
    }

    /// The verdict now.
    pub fn verdict(&self) -> Verdict {
        match &self.gauge {
            Some(gauge) => gauge.verdict(),
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

    /// Everything that can be said now.
    pub fn finding(&self) -> Finding {
        match &self.gauge {
            Some(gauge) => gauge.finding(),
            None => words::explain(self, self.numbers()),
        }
    }

    fn numbers(&self) -> Finding {
        let strand = self.loudest();
        let (low, high) = strand.interval(self.settings.false_alarm);
        let traffic = self.traffic(strand);
        let detectable = traffic.and_then(|t| t.detectable(self.settings.margin, self.shared_alarm()));
        Finding {
            verdict: self.verdict(),
            suspect_at: self.latches.suspect_at,
            regressed_at: self.latches.regressed_at,
            healthy_at: self.latches.healthy_at,
            baseline: strand.baseline,
            canary: strand.canary,
            ratio: strand.ratio(),
            low,
            high,
            log_e: Some(self.log_e()),
            bar: self.bars.regressed,
            detectable,
            due: traffic.map(|t| self.due(&t)).unwrap_or_default(),
            needs: None,
            weakest: String::new(),
            why: String::new(),
            peak: strand.peak,
        }
    }

    /// The strand with the strongest evidence.
    fn loudest(&self) -> &Strand {
        &self.strands[self.loudest_index()]
    }

    fn loudest_index(&self) -> usize {
        let by_evidence = |a: &usize, b: &usize| {
            let robust = |i: &usize| self.strands[*i].log_e().robust;
            robust(a).total_cmp(&robust(b))
        };
        (0..self.strands.len()).max_by(by_evidence).unwrap_or(0)
    }

    /// Traffic so far. Without a bad event in the baseline, half of one is assumed.
    fn traffic(&self, strand: &Strand) -> Option<Traffic> {
        let rate = strand.baseline.bad.max(0.5) / strand.baseline.all;
        let seconds = self.exposure.seconds()?;
        (strand.canary.all > 0.0).then_some(Traffic {
            canary: strand.canary.all,
            baseline: strand.baseline.all,
            rate,
            seconds,
        })
    }

    fn shared_alarm(&self) -> f64 {
        (-self.bars.regressed).exp()
    }

    fn due(&self, traffic: &Traffic) -> Due {
        let Settings { margin, pass_margin, pass_false_alarm, .. } = self.settings;
        let left = |seconds: f64| (seconds - traffic.seconds).max(0.0);
        Due {
            harm: (pass_margin > margin)
                .then(|| left(traffic.seconds_needed(pass_margin, margin, self.shared_alarm()))),
            pass: (pass_margin > 1.0).then(|| left(traffic.seconds_needed(1.0, pass_margin, pass_false_alarm))),
        }
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
