//! The label of one metric: the first rule that applies.

use serde::Serialize;

use super::rank_sum::{self, Shift};
use super::sample::mean;
use super::{Direction, Measure, Rules};

/// What a metric is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Label {
    /// No difference that counts.
    Pass,
    /// Shifted upwards.
    High,
    /// Shifted downwards.
    Low,
    /// One side has no values.
    Nodata,
    /// One side has no values, which is a failure of this metric.
    NodataFailMetric,
    /// It could not be told.
    Error,
}

/// The label of a metric, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Opinion {
    /// What it is called.
    pub label: Label,
    /// Why; Kayenta's own words.
    pub reason: Option<String>,
    /// Whether this label fails the whole analysis.
    pub critical: bool,
    /// The lower end of the interval of the shift.
    pub lower: Option<f64>,
    /// Its upper end.
    pub upper: Option<f64>,
    /// The estimate of the shift.
    pub estimate: Option<f64>,
    /// The ratio of the means; `None` where one is zero.
    pub deviation: Option<f64>,
}

impl Opinion {
    fn plain(label: Label, reason: Option<String>) -> Self {
        Self { label, reason, critical: false, lower: None, upper: None, estimate: None, deviation: None }
    }

    /// Without any difference.
    fn same(reason: Option<String>) -> Self {
        Self { deviation: Some(1.0), ..Self::plain(Label::Pass, reason) }
    }
}

/// Classifies the prepared values of a metric.
pub fn classify(name: &str, baseline: &[f64], canary: &[f64], rules: &Rules) -> Opinion {
    if baseline.is_empty() || canary.is_empty() {
        return missing(name, rules);
    }
    let sorted = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    };
    if sorted(baseline) == sorted(canary) {
        return Opinion::same(Some("The Canary and Baseline data are identical".to_owned()));
    }
    if baseline.iter().chain(canary).all(|value| *value == baseline[0]) {
        return Opinion::same(None);
    }
    match shift(baseline, canary, rules.confidence) {
        Some(shift) => compared(name, baseline, canary, &shift, rules),
        None => Opinion::plain(Label::Error, Some("Metric Classification Failed".to_owned())),
    }
}

fn missing(name: &str, rules: &Rules) -> Opinion {
    let reason = Some(format!("Missing data for {name}"));
    if rules.replace_missing {
        Opinion::plain(Label::Pass, None)
    } else if rules.must_have_data && !rules.critical {
        Opinion::plain(Label::NodataFailMetric, reason)
    } else {
        Opinion { critical: rules.critical, ..Opinion::plain(Label::Nodata, reason) }
    }
}

/// Where both sides are constant the original adds noise to have something to rank; the shift is what it comes to.
fn shift(baseline: &[f64], canary: &[f64], confidence: f64) -> Option<Shift> {
    let is_constant = |values: &[f64]| values.iter().all(|value| *value == values[0]);
    if is_constant(baseline) && is_constant(canary) {
        let by = canary[0] - baseline[0];
        return Some(Shift { lower: by, upper: by, estimate: by });
    }
    rank_sum::shift(canary, baseline, confidence)
}

fn compared(name: &str, baseline: &[f64], canary: &[f64], shift: &Shift, rules: &Rules) -> Opinion {
    let deviation = mean_ratio(baseline, canary);
    let effect = match rules.effect.measure {
        Measure::MeanRatio => deviation,
        Measure::Cles => Some(cles(baseline, canary)),
    };
    let bound = rules.tolerance * shift.estimate.abs();
    let label = if rules.direction != Direction::Decrease
        && shift.lower > bound
        && effect.is_none_or(|e| e >= rules.effect.allowed_increase)
    {
        Label::High
    } else if rules.direction != Direction::Increase
        && shift.upper < -bound
        && effect.is_none_or(|e| e <= rules.effect.allowed_decrease)
    {
        Label::Low
    } else {
        Label::Pass
    };
    let critical = rules.critical
        && match label {
            Label::High => effect.is_none_or(|e| e >= rules.effect.critical_increase),
            Label::Low => effect.is_none_or(|e| e <= rules.effect.critical_decrease),
            _ => false,
        };
    let reason = match label {
        Label::Pass => None,
        label if critical => Some(format!("The metric {name} was classified as {label:?} (Critical)")),
        label => Some(format!("{name} was classified as {label:?}")),
    };
    let (lower, upper, estimate) = (Some(shift.lower), Some(shift.upper), Some(shift.estimate));
    Opinion { label, reason, critical, lower, upper, estimate, deviation }
}

/// The canary's mean over the baseline's; `None` where one of them is zero.
pub fn mean_ratio(baseline: &[f64], canary: &[f64]) -> Option<f64> {
    let (baseline, canary) = (mean(baseline), mean(canary));
    (baseline != 0.0 && canary != 0.0).then(|| canary / baseline)
}

/// The chance that a value of the canary is larger than one of the baseline, ties counted half.
pub fn cles(baseline: &[f64], canary: &[f64]) -> f64 {
    let (m, n) = (canary.len() as f64, baseline.len() as f64);
    let ranks = rank_sum::ranks(canary, baseline);
    (2.0 * ranks.sum - m * (m + 1.0)) / (2.0 * m * n)
}
