//! Several metrics, one verdict.
//!
//! The metrics that decide share the false alarm: the evidence of the whole is the mean of theirs,
//! which is an e-process itself, and each row has to reach the bar times their number.

use super::eprocess::log_mean;
use super::{Judge, Pair, Settings, Shape, Spec};
use crate::canary::model::Verdict;

/// The judges of all metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    judges: Vec<Judge>,
    deciding: Vec<usize>,
    bar: f64,
    regressed_at: Option<f64>,
}

impl Panel {
    /// Without data. The critical metrics decide; where none is marked, all but the gauges do.
    pub fn new(specs: Vec<Spec>, settings: Settings) -> Self {
        let counted = |spec: &Spec| !matches!(spec.shape, Shape::Gauge { .. });
        let any_critical = specs.iter().any(|spec| spec.critical && counted(spec));
        let decides = |spec: &Spec| counted(spec) && (spec.critical || !any_critical);
        let deciding: Vec<usize> = (0..specs.len()).filter(|&i| decides(&specs[i])).collect();
        let judges = specs.into_iter().enumerate().map(|(index, spec)| {
            let sharing = if deciding.contains(&index) { deciding.len() } else { 1 };
            Judge::new(spec, settings, sharing)
        });
        Self { judges: judges.collect(), bar: -settings.false_alarm.ln(), regressed_at: None, deciding }
    }

    /// The judges, in the order of their metrics.
    pub fn judges(&self) -> &[Judge] {
        &self.judges
    }

    /// Whether a metric decides the verdict of the whole.
    pub fn decides(&self, metric: usize) -> bool {
        self.deciding.contains(&metric)
    }

    /// Takes in a scrape of one metric. [`Panel::settle`] comes after all metrics of the same time.
    pub fn take(&mut self, metric: usize, at: f64, pairs: &[Pair]) {
        if let Some(judge) = self.judges.get_mut(metric) {
            judge.take(at, pairs);
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
        let one = self.deciding.iter().any(|&i| self.judges[i].regressed_at().is_some());
        if one || self.log_e() >= self.bar {
            self.regressed_at.get_or_insert(at);
        }
    }

    /// The evidence of the whole that the canary is worse, as a natural logarithm.
    pub fn log_e(&self) -> f64 {
        if self.deciding.is_empty() {
            0.0
        } else {
            log_mean(self.deciding.iter().map(|&i| self.judges[i].log_e().robust))
        }
    }

    /// Since when the whole is regressed, in seconds.
    pub fn regressed_at(&self) -> Option<f64> {
        self.regressed_at
    }

    /// The verdict of the whole: the worst of the metrics that decide.
    pub fn verdict(&self) -> Verdict {
        let worst = self.deciding.iter().map(|&i| self.judges[i].verdict()).max();
        match self.regressed_at {
            Some(_) => Verdict::Regressed,
            None => worst.unwrap_or(Verdict::Blind),
        }
    }
}
