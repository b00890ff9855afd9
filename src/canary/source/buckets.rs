//! The classic buckets of a histogram: one counter for each upper edge, each holding all that is faster (pure).

use std::collections::BTreeMap;

use super::super::counters::{Counters, Range, Sums};
use super::super::prometheus::Series;

/// How many boundaries are chosen.
const CHOSEN: usize = 4;
/// Between these shares of slower events a boundary tells something.
const USEFUL: std::ops::RangeInclusive<f64> = 0.001..=0.5;

/// The counters of all buckets, by their edges.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    buckets: BTreeMap<Edge, Counters>,
}

/// What one look added to each bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AddedBuckets {
    sums: BTreeMap<Edge, Sums>,
    lifetime: BTreeMap<Edge, f64>,
}

/// The upper edge of a bucket, in the order of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Edge(f64);

impl Eq for Edge {}

impl PartialOrd for Edge {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Edge {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Histogram {
    /// Takes in the answer to a query for the buckets.
    ///
    /// # Errors
    /// When a series has no `le`, or one that is no number.
    pub fn count(&self, range: Range, series: Vec<Series>, increments: bool) -> Result<(Self, AddedBuckets), String> {
        let mut by_edge: BTreeMap<Edge, Vec<Series>> = BTreeMap::new();
        for mut one in series {
            let edge = one.labels.remove("le").ok_or("a series without `le` is no bucket of a histogram")?;
            let edge = edge.parse().map_err(|_| format!("le=\"{edge}\" is no number"))?;
            by_edge.entry(Edge(edge)).or_default().push(one);
        }
        let (mut next, mut added) = (Self::default(), AddedBuckets::default());
        for (edge, series) in by_edge {
            let last = series.iter().filter_map(|one| one.points.last()).map(|point| point.1).sum();
            added.lifetime.insert(edge, last);
            let (counters, sums) = self.count_bucket(edge, range, &series, increments);
            next.buckets.insert(edge, counters);
            added.sums.insert(edge, sums);
        }
        Ok((next, added))
    }

    fn count_bucket(&self, edge: Edge, range: Range, series: &[Series], increments: bool) -> (Counters, Sums) {
        let before = self.buckets.get(&edge).cloned().unwrap_or_default();
        if increments {
            return (before, Counters::given(range, series).0.sums);
        }
        let (counters, added, _) = before.count(range, series);
        (counters, added.sums)
    }
}

impl AddedBuckets {
    /// The edges that tell most of a distribution, from what was counted in all: up to four, from those that few pass to
    /// those that half do. The rarest is repeated where there are not as many.
    pub fn boundaries(&self) -> Vec<f64> {
        let Some((_, all)) = self.lifetime.last_key_value().filter(|(_, all)| **all > 0.0) else { return Vec::new() };
        let finite = self.lifetime.iter().filter(|(edge, _)| edge.0.is_finite());
        let slower: Vec<(f64, f64)> = finite.map(|(edge, up_to)| (edge.0, 1.0 - up_to / all)).collect();
        let useful: Vec<f64> =
            slower.iter().filter(|(_, share)| USEFUL.contains(share)).map(|(edge, _)| *edge).collect();
        let from = if useful.is_empty() { slower.iter().map(|(edge, _)| *edge).collect() } else { useful };
        if from.is_empty() {
            return Vec::new();
        }
        let place = |index: usize| index * (from.len() - 1) / (CHOSEN - 1);
        (0..CHOSEN).map(|index| from[place(index)]).collect()
    }

    /// Slower and all events of each boundary at a step; `None` where they are not known.
    ///
    /// # Errors
    /// When there is no bucket with that edge.
    pub fn at(&self, step: usize, boundary: f64) -> Result<Option<(f64, f64)>, String> {
        let Some((last, all)) = self.sums.last_key_value() else { return Ok(None) };
        if last.0 != f64::INFINITY {
            return Err("the histogram has no bucket le=\"+Inf\"".into());
        }
        let up_to = self.sums.get(&Edge(boundary)).ok_or_else(|| {
            let edges = self.sums.keys().map(|edge| edge.0.to_string()).collect::<Vec<_>>().join(", ");
            format!("there is no bucket with the edge {boundary}; there are {edges}")
        })?;
        Ok(all[step].map(|all| ((all - up_to[step].unwrap_or(0.0)).clamp(0.0, all), all)))
    }
}
