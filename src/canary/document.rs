//! Canary series as a document: what `hotfix judge` reads, checked with care.

use serde::Deserialize;

use super::judge::{Pair, Settings, Shape, Spec};
use super::model::Arm;
use crate::evidence::text::clean;

/// Everything that is to be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// How strict.
    pub settings: Settings,
    /// The metrics, in the order of the document.
    pub metrics: Vec<MetricSeries>,
}

/// The scrapes of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSeries {
    /// What is judged.
    pub spec: Spec,
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
}

/// What was seen in a scrape.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// Counts: one pair for a ratio, one for each boundary otherwise.
    Counts(Vec<Pair>),
    /// The values of a gauge, baseline and canary.
    Values(Option<f64>, Option<f64>),
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    false_alarm: Option<f64>,
    #[serde(default)]
    pass_false_alarm: Option<f64>,
    #[serde(default)]
    margin: Option<f64>,
    #[serde(default)]
    pass_margin: Option<f64>,
    metrics: Vec<Metric>,
}

#[derive(Deserialize)]
struct Metric {
    name: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    worse: Worse,
    #[serde(default)]
    critical: Option<bool>,
    #[serde(default)]
    slo: Option<f64>,
    #[serde(default)]
    boundaries: Option<Vec<f64>>,
    baseline: serde_json::Value,
    canary: serde_json::Value,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Ratio,
    Quantile,
    Gauge,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Worse {
    #[default]
    Higher,
    Lower,
}

#[derive(Deserialize)]
struct Count {
    t: f64,
    #[serde(default)]
    bad: Option<f64>,
    #[serde(default)]
    total: Option<f64>,
}

#[derive(Deserialize)]
struct Buckets {
    t: f64,
    #[serde(default)]
    buckets: Option<Vec<(Edge, Option<f64>)>>,
    #[serde(default)]
    count: Option<f64>,
}

/// The upper edge of a bucket: a number, or text such as `+Inf`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Edge {
    Number(f64),
    Text(String),
}

/// Reads a document.
///
/// # Errors
/// Says which metric, which population, which scrape, and what is wrong with it.
pub fn read(text: &str) -> Result<Series, String> {
    let document: Document =
        serde_json::from_str(text).map_err(|e| format!("the series cannot be read: {}", clean(&e.to_string())))?;
    let settings = settings(&document)?;
    if document.metrics.is_empty() {
        return Err("`metrics` is empty: there is nothing to judge".into());
    }
    let named = |metric: Metric| {
        let name = clean(&metric.name);
        series(metric).map_err(|what| format!("metric \"{name}\": {what}"))
    };
    Ok(Series { settings, metrics: document.metrics.into_iter().map(named).collect::<Result<_, _>>()? })
}

fn settings(document: &Document) -> Result<Settings, String> {
    let default = Settings::default();
    Ok(Settings {
        false_alarm: chance("false_alarm", document.false_alarm, default.false_alarm)?,
        pass_false_alarm: chance("pass_false_alarm", document.pass_false_alarm, default.pass_false_alarm)?,
        margin: positive("margin", document.margin, default.margin)?,
        pass_margin: positive("pass_margin", document.pass_margin, default.pass_margin)?,
        plain: false,
    })
}

fn chance(name: &str, value: Option<f64>, default: f64) -> Result<f64, String> {
    match value.unwrap_or(default) {
        v if v > 0.0 && v < 1.0 => Ok(v),
        v => Err(format!("`{name}` is {v}, but has to lie between 0 and 1")),
    }
}

fn positive(name: &str, value: Option<f64>, default: f64) -> Result<f64, String> {
    match value.unwrap_or(default) {
        v if v > 0.0 && v.is_finite() => Ok(v),
        v => Err(format!("`{name}` is {v}, but has to be above 0")),
    }
}

fn series(metric: Metric) -> Result<MetricSeries, String> {
    if let Some(slo) = metric.slo {
        chance("slo", Some(slo), slo)?;
    }
    let lower = metric.worse == Worse::Lower;
    let (shape, scrapes) = match metric.kind {
        Kind::Ratio => (Shape::Ratio, ratio(metric.baseline, metric.canary, lower)?),
        Kind::Quantile => {
            let boundaries = boundaries(metric.boundaries, metric.worse)?;
            let scrapes = exceedance(metric.baseline, metric.canary, &boundaries)?;
            (Shape::Exceedance(boundaries), scrapes)
        }
        Kind::Gauge => (Shape::Gauge { lower_is_worse: lower }, gauge(metric.baseline, metric.canary)?),
    };
    let spec = Spec { name: clean(&metric.name), critical: metric.critical.unwrap_or(false), limit: metric.slo, shape };
    Ok(MetricSeries { spec, scrapes })
}

fn boundaries(given: Option<Vec<f64>>, worse: Worse) -> Result<Vec<f64>, String> {
    if worse == Worse::Lower {
        return Err("a quantile that is worse when it is lower cannot be judged".into());
    }
    let given = given.unwrap_or_default();
    match given.len() {
        1..=20 if given.iter().all(|le| le.is_finite()) => Ok(given),
        1..=20 => Err("`boundaries` have to be finite".into()),
        _ => Err("`boundaries` has to name one to twenty bucket edges; three to five are best".into()),
    }
}

/// The points of both populations, checked to be at the same, rising times.
fn zipped<T>(
    baseline: serde_json::Value,
    canary: serde_json::Value,
    time: fn(&T) -> f64,
) -> Result<Vec<(f64, T, T)>, String>
where
    T: serde::de::DeserializeOwned,
{
    let baseline = points::<T>("baseline", baseline)?;
    let canary = points::<T>("canary", canary)?;
    if baseline.len() != canary.len() {
        return Err(format!(
            "baseline has {} scrapes and canary {}: both need the same t",
            baseline.len(),
            canary.len()
        ));
    }
    let mut zipped = Vec::with_capacity(baseline.len());
    let mut last = f64::NEG_INFINITY;
    for (index, (b, c)) in baseline.into_iter().zip(canary).enumerate() {
        let (at, other) = (time(&b), time(&c));
        if at != other {
            return Err(format!("scrape {index}: baseline is at t = {at}, canary at t = {other}"));
        }
        if at <= last {
            return Err(format!("scrape {index}: t = {at} does not come after {last}"));
        }
        last = at;
        zipped.push((at, b, c));
    }
    Ok(zipped)
}

fn points<T: serde::de::DeserializeOwned>(arm: &str, value: serde_json::Value) -> Result<Vec<T>, String> {
    let serde_json::Value::Array(items) = value else { return Err(format!("{arm} is no list of scrapes")) };
    let point =
        |(index, item)| serde_json::from_value(item).map_err(|e| format!("{arm}[{index}]: {}", clean(&e.to_string())));
    items.into_iter().enumerate().map(point).collect()
}

fn ratio(baseline: serde_json::Value, canary: serde_json::Value, lower: bool) -> Result<Vec<Scrape>, String> {
    let pair = |(index, (at, b, c)): (usize, (f64, Count, Count))| {
        let pair = Pair { baseline: arm("baseline", index, &b)?, canary: arm("canary", index, &c)? };
        let pair = if lower { pair.complement() } else { pair };
        Ok(Scrape { at, seen: Seen::Counts(vec![pair]) })
    };
    zipped::<Count>(baseline, canary, |c| c.t)?.into_iter().enumerate().map(pair).collect()
}

fn arm(name: &str, index: usize, count: &Count) -> Result<Arm, String> {
    let at = format!("{name}[{index}]");
    checked(&at, "bad", count.bad)?;
    checked(&at, "total", count.total)?;
    match (count.bad, count.total) {
        (Some(bad), Some(total)) if bad > total => Err(format!("{at}: bad is {bad}, more than the total of {total}")),
        (bad, total) => Ok(Arm { bad, total }),
    }
}

fn checked(at: &str, what: &str, value: Option<f64>) -> Result<(), String> {
    match value {
        Some(v) if !v.is_finite() || v < 0.0 => {
            Err(format!("{at}: {what} is {v}: an increment is a number and not negative"))
        }
        _ => Ok(()),
    }
}

fn exceedance(
    baseline: serde_json::Value,
    canary: serde_json::Value,
    boundaries: &[f64],
) -> Result<Vec<Scrape>, String> {
    let scrape = |(index, (at, b, c)): (usize, (f64, Buckets, Buckets))| {
        let baseline = slower("baseline", index, &b, boundaries)?;
        let canary = slower("canary", index, &c, boundaries)?;
        let pairs = baseline.into_iter().zip(canary).map(|(baseline, canary)| Pair { baseline, canary });
        Ok(Scrape { at, seen: Seen::Counts(pairs.collect()) })
    };
    zipped::<Buckets>(baseline, canary, |c| c.t)?.into_iter().enumerate().map(scrape).collect()
}

/// Events slower than each boundary: all, less the cumulative count up to it.
fn slower(name: &str, index: usize, seen: &Buckets, boundaries: &[f64]) -> Result<Vec<Arm>, String> {
    let at = format!("{name}[{index}]");
    checked(&at, "count", seen.count)?;
    let up_to = |le: f64| -> Result<Option<f64>, String> {
        let Some(buckets) = &seen.buckets else { return Ok(None) };
        let found = buckets.iter().find(|(edge, _)| edge.value() == Some(le));
        let (_, cumulative) = found.ok_or_else(|| format!("{at}: there is no bucket with the edge {le}"))?;
        checked(&at, "a bucket", *cumulative)?;
        Ok(*cumulative)
    };
    let arm = |&le: &f64| match (seen.count, up_to(le)?) {
        (Some(count), Some(below)) if below > count => {
            Err(format!("{at}: the bucket {le} holds {below}, more than the count of {count}"))
        }
        (count, below) => Ok(Arm { bad: count.zip(below).map(|(count, below)| count - below), total: count }),
    };
    boundaries.iter().map(arm).collect()
}

impl Edge {
    fn value(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Text(text) => text.trim_start_matches('+').parse().ok(),
        }
    }
}

/// Time and value of a gauge.
type Sample = (f64, Option<f64>);

fn gauge(baseline: serde_json::Value, canary: serde_json::Value) -> Result<Vec<Scrape>, String> {
    let scrape = |(at, b, c): (f64, Sample, Sample)| Scrape { at, seen: Seen::Values(b.1, c.1) };
    Ok(zipped::<Sample>(baseline, canary, |p| p.0)?.into_iter().map(scrape).collect())
}
