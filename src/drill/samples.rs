//! What the world's metric server remembers: every sample of every series (pure).

use std::collections::BTreeMap;

/// The labels of a series, the metric's name among them as `__name__`.
pub type Labels = BTreeMap<String, String>;

/// The time and value of a sample: milliseconds since the start, and `None` where the series went away.
pub type Sample = (i64, Option<f64>);

/// How far back an instant look finds a sample, in milliseconds: Prometheus's own default.
const LOOKBACK_MS: i64 = 5 * 60 * 1000;

/// One series.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    samples: Vec<Sample>,
}

/// All series.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples(BTreeMap<Labels, Series>);

impl Samples {
    /// Takes in what one scrape saw.
    pub fn record(&mut self, at_ms: i64, seen: impl IntoIterator<Item = (Labels, f64)>) {
        for (labels, value) in seen {
            self.0.entry(labels).or_default().samples.push((at_ms, Some(value)));
        }
    }

    /// Every series, by its labels.
    pub fn series(&self) -> impl Iterator<Item = (&Labels, &Series)> {
        self.0.iter()
    }
}

impl Series {
    /// The value that an instant look at `at_ms` finds.
    pub fn at(&self, at_ms: i64) -> Option<f64> {
        let end = self.samples.partition_point(|(at, _)| *at <= at_ms);
        let (at, value) = self.samples[..end].last()?;
        value.filter(|_| *at > at_ms - LOOKBACK_MS)
    }

    /// The samples after `from_ms`, up to and with `to_ms`.
    pub fn between(&self, from_ms: i64, to_ms: i64) -> impl Iterator<Item = (i64, f64)> {
        let start = self.samples.partition_point(|(at, _)| *at <= from_ms);
        let end = self.samples.partition_point(|(at, _)| *at <= to_ms);
        self.samples[start..end.max(start)].iter().filter_map(|(at, value)| Some((*at, (*value)?)))
    }
}
