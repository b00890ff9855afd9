//! One side of a metric: which values count, and what they look like.

use serde::Serialize;

use super::Rules;

/// The values that count: missing ones left out or taken as zero, then outliers dropped.
pub fn prepare(values: &[f64], rules: &Rules) -> Vec<f64> {
    let kept = |&value: &f64| match value {
        v if v.is_finite() => Some(v),
        v if v.is_nan() && rules.replace_missing => Some(0.0),
        _ => None,
    };
    let values: Vec<f64> = values.iter().filter_map(kept).collect();
    match rules.outlier_factor {
        Some(factor) => without_outliers(values, factor),
        None => values,
    }
}

/// Drops what lies outside of the quartiles by more than `factor` interquartile ranges, but never what lies within
/// the first and the last percentile.
fn without_outliers(values: Vec<f64>, factor: f64) -> Vec<f64> {
    let mut sorted = values.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |chance: f64| percentile(&sorted, chance);
    let reach = factor * (at(0.75) - at(0.25));
    let (low, high) = (at(0.01).min(at(0.25) - reach), at(0.99).max(at(0.75) + reach));
    values.into_iter().filter(|value| !(*value > high || *value < low)).collect()
}

/// A percentile by linear interpolation (R's type 7) of sorted values; NaN for none.
pub fn percentile(sorted: &[f64], chance: f64) -> f64 {
    let place = (sorted.len().saturating_sub(1)) as f64 * chance;
    let below = place.floor() as usize;
    match (sorted.get(below), sorted.get(below + 1)) {
        (Some(low), Some(high)) => low + (place - place.floor()) * (high - low),
        (Some(only), None) => *only,
        _ => f64::NAN,
    }
}

/// The mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// What the values of one side look like; zeros without any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Summary {
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation of the sample.
    pub std: f64,
    /// How many there are.
    pub count: usize,
}

impl Summary {
    /// Of these values.
    pub fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let (mean, count) = (mean(values), values.len());
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let std = if count > 1 { (squares / (count - 1) as f64).sqrt() } else { 0.0 };
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { min, max, mean, std, count }
    }
}
