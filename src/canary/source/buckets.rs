//! The classic buckets of a histogram: one counter for each upper edge, each holding all that is faster (pure).

use std::collections::BTreeMap;

use super::super::counters::{Added, Counters, Presence, Range, Sums};
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
    added: BTreeMap<Edge, Added>,
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
    pub fn count(
        &self,
        range: Range,
        series: Vec<Series>,
        increments: bool,
    ) -> Result<(Self, AddedBuckets, Presence), String> {
        let mut by_edge: BTreeMap<Edge, Vec<Series>> = BTreeMap::new();
        for mut one in series {
            let edge = one.labels.remove("le").ok_or("a series without `le` is no bucket of a histogram")?;
            let edge = edge.parse().map_err(|_| format!("le=\"{edge}\" is no number"))?;
            by_edge.entry(Edge(edge)).or_default().push(one);
        }
        // The bucket of all events tells which targets there are: it is the last.
        let all = by_edge.last_key_value().map_or(&[][..], |(_, series)| series.as_slice());
        let before = self.buckets.last_key_value().map(|(_, counters)| counters.clone()).unwrap_or_default();
        let presence = if increments { Counters::given(range, all).1 } else { before.count(range, all).2 };
        let (mut next, mut added) = (Self::default(), AddedBuckets::default());
        for (edge, series) in by_edge {
            let last = series.iter().filter_map(|one| one.points.last()).map(|point| point.1).sum();
            added.lifetime.insert(edge, last);
            let one = if increments {
                Counters::given(range, &series).0
            } else {
                let before = self.buckets.get(&edge).cloned().unwrap_or_default();
                let (counters, added) = before.count_among(range, &series, &presence);
                next.buckets.insert(edge, counters);
                added
            };
            added.added.insert(edge, one);
        }
        // A look without an answer forgets nothing: the counters go on where they were.
        for (edge, counters) in &self.buckets {
            next.buckets.entry(*edge).or_insert_with(|| counters.count_among(range, &[], &presence).0);
        }
        Ok((next, added, presence))
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
        let Some((all, up_to)) = self.edges(boundary)? else { return Ok(None) };
        Ok(slower(all.sums[step], up_to.sums[step]))
    }

    /// The same of each target, where they are told apart.
    ///
    /// # Errors
    /// When there is no bucket with that edge.
    pub fn targets_at(&self, step: usize, boundary: f64) -> Result<Vec<(&str, Option<Slower>)>, String> {
        let Some((all, up_to)) = self.edges(boundary)? else { return Ok(Vec::new()) };
        let of = |(name, sums): (&'_ String, &Sums)| {
            let up_to = up_to.targets.get(name).and_then(|sums| sums[step]);
            slower(sums[step], up_to)
        };
        Ok(all.targets.iter().map(|target| (target.0.as_str(), of(target))).collect())
    }

    /// What all events added, and those up to a boundary; `None` where nothing was seen.
    fn edges(&self, boundary: f64) -> Result<Option<(&Added, &Added)>, String> {
        let Some((last, all)) = self.added.last_key_value() else { return Ok(None) };
        if last.0 != f64::INFINITY {
            return Err("the histogram has no bucket le=\"+Inf\"".into());
        }
        let up_to = self.added.get(&Edge(boundary)).ok_or_else(|| {
            let edges = self.added.keys().map(|edge| edge.0.to_string()).collect::<Vec<_>>().join(", ");
            format!("there is no bucket with the edge {boundary}; there are {edges}")
        })?;
        Ok(Some((all, up_to)))
    }
}

/// How many events were slower than a boundary, and how many there were.
pub type Slower = (f64, f64);

/// Slower and all events, from all events and those up to the boundary.
fn slower(all: Option<f64>, up_to: Option<f64>) -> Option<(f64, f64)> {
    all.map(|all| ((all - up_to.unwrap_or(0.0)).clamp(0.0, all), all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_that_fills_for_the_first_time_counts_from_nothing() {
        let range = Range { start: 0.0, step: 15.0, count: 4 };
        let bucket = |le: &str, points: &[(f64, f64)]| Series {
            labels: [("le".to_owned(), le.to_owned())].into(),
            points: points.to_vec(),
            histograms: 0,
        };
        let all = bucket("+Inf", &[(0.0, 10.0), (15.0, 20.0), (30.0, 30.0), (45.0, 40.0)]);
        let fast = bucket("0.1", &[(30.0, 6.0), (45.0, 14.0)]);
        let (kept, added, _) = Histogram::default().count(range, vec![all, fast], false).unwrap();
        let seen: Vec<_> = (0..4).map(|step| added.at(step, 0.1).unwrap()).collect();
        assert_eq!(seen, [None, Some((10.0, 10.0)), Some((4.0, 10.0)), Some((2.0, 10.0))]);

        // A look without an answer forgets nothing.
        let next = Range { start: 60.0, ..range };
        let (kept, added, _) = kept.count(next, Vec::new(), false).unwrap();
        assert_eq!(added.at(0, 0.1), Ok(None));
        let (all, fast) = (bucket("+Inf", &[(120.0, 60.0)]), bucket("0.1", &[(120.0, 24.0)]));
        let (_, added, _) = kept.count(Range { start: 120.0, ..range }, vec![all, fast], false).unwrap();
        assert_eq!(added.at(0, 0.1), Ok(Some((10.0, 20.0))), "with all that was missed");
    }
}
