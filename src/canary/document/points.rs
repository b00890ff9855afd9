//! The points of a metric: read, checked, and both populations laid side by side by their times.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::pods::Scrapes;
use super::{Scrape, Seen};
use crate::canary::judge::Pair;
use crate::canary::judge::gauge::LARGEST as LARGEST_VALUE;
use crate::canary::model::Arm;
use crate::evidence::text::clean;

/// No real counter is larger, and sums of such stay finite.
const LARGEST: f64 = 1e100;
/// Times lie within this many seconds of 1970: beyond, seconds are no longer told apart.
const FURTHEST: f64 = 1e15;

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

/// The points of one population, checked to rise in time.
fn points<T: DeserializeOwned>(arm: &str, given: Option<&RawValue>, time: fn(&T) -> f64) -> Result<Vec<T>, String> {
    let Some(raw) = given else { return Ok(Vec::new()) };
    let points: Vec<T> = serde_json::from_str(raw.get()).map_err(|error| first_fault::<T>(arm, raw, &error))?;
    for (index, pair) in points.windows(2).enumerate() {
        let (before, at) = (time(&pair[0]), time(&pair[1]));
        if at <= before {
            return Err(format!("{arm}[{}]: t = {at} does not come after {before}", index + 1));
        }
    }
    if let Some(index) = points.iter().position(|point| time(point).abs() > FURTHEST) {
        return Err(format!("{arm}[{index}]: t = {} is no time in seconds", time(&points[index])));
    }
    Ok(points)
}

/// Which point cannot be read.
fn first_fault<T: DeserializeOwned>(arm: &str, raw: &RawValue, error: &serde_json::Error) -> String {
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
        return format!("{arm} is no list of scrapes");
    };
    let fault = |(index, item): (usize, &&RawValue)| {
        let error = serde_json::from_str::<T>(item.get()).err()?;
        Some(format!("{arm}[{index}]: {}", clean(&error.to_string())))
    };
    items.iter().enumerate().find_map(fault).unwrap_or_else(|| format!("{arm}: {}", clean(&error.to_string())))
}

/// A time, and what the baseline and the canary had at it.
type Aligned<T> = (f64, Option<T>, Option<T>);

/// Both populations by their times; a point that one of them lacks is missed there.
fn aligned<T: DeserializeOwned>(
    baseline: Option<&RawValue>,
    canary: Option<&RawValue>,
    time: fn(&T) -> f64,
) -> Result<Vec<Aligned<T>>, String> {
    let baseline = points::<T>("baseline", baseline, time)?;
    let canary = points::<T>("canary", canary, time)?;
    let both_seen = !baseline.is_empty() && !canary.is_empty();
    let mut aligned = Vec::with_capacity(baseline.len().max(canary.len()));
    let (mut baseline, mut canary) = (baseline.into_iter().peekable(), canary.into_iter().peekable());
    while let Some(at) = [baseline.peek(), canary.peek()].into_iter().flatten().map(time).reduce(f64::min) {
        let (b, c) = (baseline.next_if(|point| time(point) == at), canary.next_if(|point| time(point) == at));
        aligned.push((at, b, c));
    }
    if both_seen && !aligned.iter().any(|(_, b, c)| b.is_some() && c.is_some()) {
        return Err("baseline and canary have no time in common: both need the same t".into());
    }
    Ok(aligned)
}

/// The scrapes of a ratio.
pub fn ratio(baseline: Option<&RawValue>, canary: Option<&RawValue>, lower: bool) -> Result<Vec<Scrape>, String> {
    let mut scrapes = Vec::new();
    for (index, (at, b, c)) in aligned::<Count>(baseline, canary, |count| count.t)?.into_iter().enumerate() {
        let arm = |name, count: Option<Count>| count.map_or(Ok(Arm::MISSED), |count| arm(name, index, &count));
        let pair = Pair { baseline: arm("baseline", b)?, canary: arm("canary", c)? };
        let pair = if lower { pair.complement() } else { pair };
        scrapes.push(Scrape { at, seen: Seen::Counts(vec![pair]), pods: Vec::new() });
    }
    Ok(scrapes)
}

/// The scrapes of a pod of a ratio.
pub fn ratio_pod(name: &str, raw: &RawValue, lower: bool) -> Result<Scrapes, String> {
    let scrape = |(index, count): (usize, &Count)| {
        let arm = arm(name, index, count)?;
        Ok((count.t, vec![if lower { arm.complement() } else { arm }]))
    };
    points::<Count>(name, Some(raw), |count| count.t)?.iter().enumerate().map(scrape).collect()
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
        Some(v) if v > LARGEST => Err(format!("{at}: {what} is {v}: no counter is that large")),
        _ => Ok(()),
    }
}

/// The scrapes of a quantile: events slower than each boundary.
pub fn exceedance(
    baseline: Option<&RawValue>,
    canary: Option<&RawValue>,
    boundaries: &[f64],
    lower: bool,
) -> Result<Vec<Scrape>, String> {
    let scrape = |(index, (at, b, c)): (usize, (f64, Option<Buckets>, Option<Buckets>))| {
        let slower = |name, seen: Option<Buckets>| match seen {
            Some(seen) => slower(name, index, &seen, boundaries),
            None => Ok(vec![Arm::MISSED; boundaries.len()]),
        };
        let pairs = slower("baseline", b)?.into_iter().zip(slower("canary", c)?);
        let pairs = pairs.map(|(baseline, canary)| {
            let pair = Pair { baseline, canary };
            if lower { pair.complement() } else { pair }
        });
        Ok(Scrape { at, seen: Seen::Counts(pairs.collect()), pods: Vec::new() })
    };
    aligned::<Buckets>(baseline, canary, |c| c.t)?.into_iter().enumerate().map(scrape).collect()
}

/// The scrapes of a pod of a quantile.
pub fn exceedance_pod(name: &str, raw: &RawValue, boundaries: &[f64], lower: bool) -> Result<Scrapes, String> {
    let scrape = |(index, seen): (usize, &Buckets)| {
        let mut arms = slower(name, index, seen, boundaries)?;
        if lower {
            arms.iter_mut().for_each(|arm| *arm = arm.complement());
        }
        Ok((seen.t, arms))
    };
    points::<Buckets>(name, Some(raw), |seen| seen.t)?.iter().enumerate().map(scrape).collect()
}

/// Events slower than each boundary: all, less the cumulative count up to it. All are `count`, or the last bucket.
fn slower(name: &str, index: usize, seen: &Buckets, boundaries: &[f64]) -> Result<Vec<Arm>, String> {
    let at = format!("{name}[{index}]");
    checked(&at, "count", seen.count)?;
    let bucket = |le: f64| seen.buckets.as_ref()?.iter().find(|(edge, _)| edge.value() == Some(le));
    let count = seen.count.or_else(|| bucket(f64::INFINITY)?.1);
    let up_to = |le: f64| match (&seen.buckets, bucket(le)) {
        (Some(_), Some((_, cumulative))) => checked(&at, "a bucket", *cumulative).map(|()| *cumulative),
        (Some(_), None) if count == Some(0.0) => Ok(Some(0.0)),
        (Some(_), None) => Err(format!("{at}: there is no bucket with the edge {le}")),
        (None, _) => Ok(None),
    };
    let arm = |&le: &f64| match (count, up_to(le)?) {
        (Some(count), Some(below)) if below > count => {
            Err(format!("{at}: the bucket {le} holds {below}, more than the count of {count}"))
        }
        (count, below) => Ok(Arm { bad: count.zip(below).map(|(count, below)| count - below), total: count }),
    };
    boundaries.iter().map(arm).collect()
}

/// The scrapes of a gauge.
pub fn gauge(baseline: Option<&RawValue>, canary: Option<&RawValue>) -> Result<Vec<Scrape>, String> {
    let scrape = |(index, (at, b, c)): (usize, (f64, Option<Sample>, Option<Sample>))| {
        let value = |name, sample: Option<Sample>| value(name, index, sample.and_then(|sample| sample.1));
        Ok(Scrape { at, seen: Seen::Values(value("baseline", b)?, value("canary", c)?), pods: Vec::new() })
    };
    aligned::<Sample>(baseline, canary, |sample| sample.0)?.into_iter().enumerate().map(scrape).collect()
}

/// The scrapes of a pod of a gauge.
pub fn gauge_pod(name: &str, raw: &RawValue) -> Result<Scrapes, String> {
    let scrape = |(index, sample): (usize, &Sample)| Ok((sample.0, vec![Arm::of_value(value(name, index, sample.1)?)]));
    points::<Sample>(name, Some(raw), |sample| sample.0)?.iter().enumerate().map(scrape).collect()
}

fn value(name: &str, index: usize, value: Option<f64>) -> Result<Option<f64>, String> {
    match value {
        Some(v) if v.abs() > LARGEST_VALUE => Err(format!("{name}[{index}]: {v} is no value: no gauge is that large")),
        value => Ok(value),
    }
}
