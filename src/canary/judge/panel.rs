//! Several metrics, one verdict.
//!
//! The metrics that decide share the false alarm by their weights, which add to one: the evidence of the
//! whole is the weighted mean of theirs, which is an e-process itself, and each row has to reach the bar
//! divided by its share.

use super::eprocess::LogSum;
use super::{Judge, Pair, Settings, Shape, Spec};
use crate::canary::model::{Arm, Verdict};

/// The judges of all metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    judges: Vec<Judge>,
    /// The metrics that decide, each with the logarithm of its share.
    deciding: Vec<(usize, f64)>,
    bar: f64,
    regressed_at: Option<f64>,
}

impl Panel {
    /// Without data. The critical metrics decide; where none is marked, all but the gauges do.
    pub fn new(specs: Vec<Spec>, settings: Settings) -> Self {
        let counted = |spec: &Spec| !matches!(spec.shape, Shape::Gauge { .. });
        let any_critical = specs.iter().any(|spec| spec.critical && counted(spec));
        let decides = |spec: &Spec| counted(spec) && (spec.critical || !any_critical);
        let total: f64 = specs.iter().filter(|spec| decides(spec)).map(|spec| spec.weight).sum();
        let share = |spec: &Spec| if decides(spec) { spec.weight / total } else { 1.0 };
        let shares: Vec<f64> = specs.iter().map(share).collect();
        let deciding = (0..specs.len()).filter(|&i| decides(&specs[i])).map(|i| (i, shares[i].ln())).collect();
        let judges = specs.into_iter().zip(shares).map(|(spec, share)| Judge::new(spec, settings, share)).collect();
        Self { judges, bar: -settings.false_alarm.ln(), regressed_at: None, deciding }
    }

    /// The judges, in the order of their metrics.
    pub fn judges(&self) -> &[Judge] {
        &self.judges
    }

    /// Whether a metric decides the verdict of the whole.
    pub fn decides(&self, metric: usize) -> bool {
        self.deciding.iter().any(|(index, _)| *index == metric)
    }

    /// Takes in a scrape of one metric. [`Panel::settle`] comes after all metrics of the same time.
    pub fn take(&mut self, metric: usize, at: f64, pairs: &[Pair]) {
        if let Some(judge) = self.judges.get_mut(metric) {
            judge.take(at, pairs);
        }
    }

    /// Says where the boundaries of a latency are, once they have been chosen.
    pub fn name_boundaries(&mut self, metric: usize, boundaries: &[f64]) {
        if let Some(judge) = self.judges.get_mut(metric) {
            judge.name_boundaries(boundaries);
        }
    }

    /// Takes in the pods of the baseline in a scrape of one metric; before the scrape itself.
    pub fn take_pods<'p>(&mut self, metric: usize, at: f64, pods: impl Iterator<Item = (&'p str, &'p [Arm])> + Clone) {
        if let Some(judge) = self.judges.get_mut(metric) {
            judge.take_pods(at, pods);
        }
    }

    /// Takes in a pair of gauge values of one metric.
    pub fn take_gauge(&mut self, metric: usize, at: f64, baseline: Option<f64>, canary: Option<f64>) {
        if let Some(judge) = self.judges.get_mut(metric) {
            judge.take_gauge(at, baseline, canary);
        }
    }

    /// Latches the verdict of the whole after the scrapes of one time.
    pub fn settle(&mut self, at: f64) {
        let one = self.deciding.iter().any(|&(i, _)| self.judges[i].regressed_at().is_some());
        if one || self.log_e() >= self.bar {
            self.regressed_at.get_or_insert(at);
        }
    }

    /// The evidence of the whole that the canary is worse, as a natural logarithm.
    pub fn log_e(&self) -> f64 {
        if self.deciding.is_empty() {
            return 0.0;
        }
        let mut sum = LogSum::default();
        self.deciding.iter().for_each(|&(i, share)| sum.add(share + self.judges[i].credited()));
        sum.ln()
    }

    /// Since when the whole is regressed, in seconds.
    pub fn regressed_at(&self) -> Option<f64> {
        self.regressed_at
    }

    /// The verdict of the whole: the worst of the metrics that decide. Where there are none, nothing is ever shown.
    pub fn verdict(&self) -> Verdict {
        let worst = self.deciding.iter().map(|&(i, _)| self.judges[i].verdict()).max();
        let is_blind = self.judges.iter().all(|judge| judge.verdict() == Verdict::Blind);
        match (self.regressed_at, worst) {
            (Some(_), _) => Verdict::Regressed,
            (None, Some(worst)) => worst,
            (None, None) if is_blind => Verdict::Blind,
            (None, None) => Verdict::Collecting,
        }
    }
}
