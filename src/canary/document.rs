//! Canary series as a document: what `hotfix judge` reads, checked with care.
//!
//! Both populations are laid side by side by their times. A scrape that one of them lacks is a missed one there: a
//! canary that is not in the document at all is out of sight, which is a verdict, not an error.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::judge::{Settings, Shape, Spec};
use super::kayenta::scores;
use super::model::{Arm, Seen};
use crate::evidence::text::clean;

mod pods;
mod points;

/// The most boundaries of a quantile.
const BOUNDARIES: usize = 20;

/// Everything that is to be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// How strict.
    pub settings: Settings,
    /// The metrics, in the order of the document.
    pub metrics: Vec<MetricSeries>,
    /// The scores of Kayenta's judge that pass, and that are not yet a failure.
    pub scores: (Option<f64>, Option<f64>),
}

/// The scrapes of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSeries {
    /// What is judged.
    pub spec: Spec,
    /// The names of the baseline's pods, where they are told apart.
    pub pods: Vec<String>,
    /// Its scrapes, in the order of time.
    pub scrapes: Vec<Scrape>,
}

/// One scrape of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Scrape {
    /// Seconds.
    pub at: f64,
    /// What was seen.
    pub seen: Seen,
    /// What was seen of each pod of the baseline: as many arms as there are pairs.
    pub pods: Vec<Vec<Arm>>,
}

#[derive(Deserialize)]
struct Document<'d> {
    #[serde(default)]
    false_alarm: Option<f64>,
    #[serde(default)]
    pass_false_alarm: Option<f64>,
    #[serde(default)]
    margin: Option<f64>,
    #[serde(default)]
    pass_margin: Option<f64>,
    #[serde(default)]
    block: Option<f64>,
    #[serde(default)]
    pass: Option<f64>,
    #[serde(default)]
    marginal: Option<f64>,
    #[serde(borrow)]
    metrics: Vec<Metric<'d>>,
}

#[derive(Deserialize)]
struct Metric<'d> {
    name: String,
    #[serde(default)]
    kind: Option<Kind>,
    #[serde(default)]
    worse: Option<Worse>,
    #[serde(default)]
    critical: Option<bool>,
    #[serde(default)]
    weight: Option<f64>,
    #[serde(default)]
    slo: Option<f64>,
    #[serde(default)]
    q: Option<f64>,
    #[serde(default)]
    boundaries: Option<Vec<f64>>,
    #[serde(default, borrow)]
    baseline: Option<&'d RawValue>,
    #[serde(default, borrow)]
    canary: Option<&'d RawValue>,
    #[serde(default, borrow)]
    baseline_pods: Option<BTreeMap<String, &'d RawValue>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Ratio,
    Quantile,
    Gauge,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Worse {
    Higher,
    Lower,
}

/// Reads a document.
///
/// # Errors
/// Says which metric, which population, which scrape, and what is wrong with it.
pub fn read(text: &str) -> Result<Series, String> {
    let text = text.trim_start_matches('\u{feff}');
    let document: Document<'_> =
        serde_json::from_str(text).map_err(|e| format!("the series cannot be read: {}", clean(&e.to_string())))?;
    let settings = settings(&document)?;
    if document.metrics.is_empty() {
        return Err("`metrics` is empty: there is nothing to judge".into());
    }
    let named = |metric: Metric<'_>| {
        let name = clean(&metric.name);
        series(&metric).map_err(|what| format!("metric \"{name}\": {what}"))
    };
    let scores = scores(document.pass, document.marginal)?;
    Ok(Series { settings, metrics: document.metrics.into_iter().map(named).collect::<Result<_, _>>()?, scores })
}

fn settings(document: &Document<'_>) -> Result<Settings, String> {
    let default = Settings::default();
    Ok(Settings {
        false_alarm: chance("false_alarm", document.false_alarm.unwrap_or(default.false_alarm))?,
        pass_false_alarm: chance("pass_false_alarm", document.pass_false_alarm.unwrap_or(default.pass_false_alarm))?,
        margin: positive("margin", document.margin.unwrap_or(default.margin))?,
        pass_margin: positive("pass_margin", document.pass_margin.unwrap_or(default.pass_margin))?,
        block: document.block.map(|seconds| positive("block", seconds)).transpose()?,
        plain: false,
    })
}

fn chance(name: &str, value: f64) -> Result<f64, String> {
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err(format!("`{name}` is {value}, but has to lie between 0 and 1"))
    }
}

fn positive(name: &str, value: f64) -> Result<f64, String> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(format!("`{name}` is {value}, but has to be above 0"))
    }
}

/// Beyond these bounds a share of the false alarm is none.
fn weight(value: f64) -> Result<f64, String> {
    if (1e-6..=1e6).contains(&value) {
        Ok(value)
    } else {
        Err(format!("`weight` is {value}, but has to be above 0: 0.000001 to 1000000"))
    }
}

fn series(metric: &Metric<'_>) -> Result<MetricSeries, String> {
    let lower = metric.worse == Some(Worse::Lower);
    let limit = metric.slo.map(|slo| chance("slo", slo)).transpose()?;
    let (baseline, canary) = (metric.baseline, metric.canary);
    let (shape, mut scrapes, pods) = match metric.kind.unwrap_or(Kind::Ratio) {
        Kind::Ratio => {
            let pods = pods::read(metric.baseline_pods.as_ref(), |name, raw| points::ratio_pod(name, raw, lower))?;
            (Shape::Ratio, points::ratio(baseline, canary, lower)?, pods)
        }
        Kind::Quantile => {
            let boundaries = boundaries(metric)?;
            let scrapes = points::exceedance(baseline, canary, &boundaries, lower)?;
            let of = |name: &str, raw: &RawValue| points::exceedance_pod(name, raw, &boundaries, lower);
            let pods = pods::read(metric.baseline_pods.as_ref(), of)?;
            let q = metric.q.map(|q| chance("q", q)).transpose()?;
            (Shape::Exceedance { boundaries, q, lower_is_worse: lower }, scrapes, pods)
        }
        Kind::Gauge => {
            let pods = pods::read(metric.baseline_pods.as_ref(), points::gauge_pod)?;
            (Shape::Gauge { lower_is_worse: lower }, points::gauge(baseline, canary)?, pods)
        }
    };
    pods::lay_beside(&mut scrapes, &pods);
    let spec = Spec {
        name: clean(&metric.name),
        critical: metric.critical.unwrap_or(false),
        limit: limit.map(|limit| if lower { 1.0 - limit } else { limit }),
        weight: weight(metric.weight.unwrap_or(1.0))?,
        shape,
    };
    Ok(MetricSeries { spec, pods: pods.into_iter().map(|(name, _)| name).collect(), scrapes })
}

fn boundaries(metric: &Metric<'_>) -> Result<Vec<f64>, String> {
    let given = metric.boundaries.clone().unwrap_or_default();
    match given.len() {
        1..=BOUNDARIES if given.iter().all(|le| le.is_finite()) => Ok(given),
        1..=BOUNDARIES => Err("`boundaries` have to be finite".into()),
        _ => Err("`boundaries` has to name one to twenty bucket edges; three to five are best".into()),
    }
}
