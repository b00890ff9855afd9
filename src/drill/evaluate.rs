//! The part of PromQL that the world's metric server speaks: evaluating it (pure).

use std::collections::BTreeMap;
use std::time::Duration;

use super::promql::{Change, Expr, Fold};
use super::samples::{Labels, Samples};

/// A value for each series.
pub type Vector = Vec<(Labels, f64)>;
/// Values in time, in milliseconds, for each series.
pub type Matrix = Vec<(Labels, Vec<(i64, f64)>)>;

/// The values of an expression at a moment; a range selector has none (see [`raw`]).
pub fn instant(expr: &Expr, samples: &Samples, at_ms: i64) -> Vector {
    match expr {
        Expr::Instant(selector) => samples
            .series()
            .filter(|(labels, _)| selector.matches(labels))
            .filter_map(|(labels, series)| Some((labels.clone(), series.at(at_ms)?)))
            .collect(),
        Expr::Change(change, selector, range) => samples
            .series()
            .filter(|(labels, _)| selector.matches(labels))
            .filter_map(|(labels, series)| {
                let seen: Vec<(i64, f64)> = series.between(at_ms - millis(*range), at_ms).collect();
                Some((nameless(labels), changed(*change, &seen, at_ms, millis(*range))?))
            })
            .collect(),
        Expr::Fold(fold, by, inner) => folded(*fold, by, instant(inner, samples, at_ms)),
        Expr::Range(..) => Vec::new(),
    }
}

/// The samples themselves: what a range selector gives; `None` for any other expression.
pub fn raw(expr: &Expr, samples: &Samples, at_ms: i64) -> Option<Matrix> {
    let Expr::Range(selector, range) = expr else { return None };
    let of = |(labels, series): (&Labels, &super::samples::Series)| {
        let seen: Vec<(i64, f64)> = series.between(at_ms - millis(*range), at_ms).collect();
        (!seen.is_empty()).then(|| (labels.clone(), seen))
    };
    Some(samples.series().filter(|(labels, _)| selector.matches(labels)).filter_map(of).collect())
}

/// The values of an expression at `start`, `start + step`, … up to and with `end`. Where it has none, there is a gap.
pub fn range(expr: &Expr, samples: &Samples, start_ms: i64, end_ms: i64, step_ms: i64) -> Matrix {
    let mut out: BTreeMap<Labels, Vec<(i64, f64)>> = BTreeMap::new();
    let mut at_ms = start_ms;
    while at_ms <= end_ms {
        for (labels, value) in instant(expr, samples, at_ms) {
            out.entry(labels).or_default().push((at_ms, value));
        }
        at_ms += step_ms;
    }
    out.into_iter().collect()
}

fn folded(fold: Fold, by: &[String], vector: Vector) -> Vector {
    let mut groups: BTreeMap<Labels, Vec<f64>> = BTreeMap::new();
    for (labels, value) in vector {
        let key = labels.into_iter().filter(|(name, _)| by.contains(name)).collect();
        groups.entry(key).or_default().push(value);
    }
    let of = |values: &[f64]| match fold {
        Fold::Sum => values.iter().sum(),
        Fold::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Fold::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        Fold::Count => values.len() as f64,
    };
    groups.iter().map(|(labels, values)| (labels.clone(), of(values))).collect()
}

/// `rate` and `increase` as Prometheus computes them (`extrapolatedRate` of promql/functions.go): the
/// growth between the first and the last sample, resets made good, extrapolated towards the ends of the
/// range by at most half an interval where the samples stop short of them, and never below zero.
fn changed(change: Change, seen: &[(i64, f64)], end_ms: i64, range_ms: i64) -> Option<f64> {
    let [(first_ms, first), .., (last_ms, last)] = seen else { return None };
    let resets: f64 = seen.windows(2).filter(|pair| pair[1].1 < pair[0].1).map(|pair| pair[0].1).sum();
    let growth = last - first + resets;
    let seconds = |ms: i64| ms as f64 / 1000.0;
    let sampled = seconds(last_ms - first_ms);
    let interval = sampled / (seen.len() - 1) as f64;
    let mut to_start = seconds(first_ms - (end_ms - range_ms));
    let mut to_end = seconds(end_ms - last_ms);
    if to_start >= interval * 1.1 {
        to_start = interval / 2.0;
    }
    if growth > 0.0 && *first >= 0.0 {
        to_start = to_start.min(sampled * (first / growth));
    }
    if to_end >= interval * 1.1 {
        to_end = interval / 2.0;
    }
    let whole = growth * (sampled + to_start + to_end) / sampled;
    Some(if change == Change::Rate { whole / seconds(range_ms) } else { whole })
}

fn nameless(labels: &Labels) -> Labels {
    labels.iter().filter(|(name, _)| *name != "__name__").map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
