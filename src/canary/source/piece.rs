//! One piece of a look: what its answers added. It takes effect when all of it is there.

use std::collections::BTreeMap;

use super::super::counters::{Added, Counters, Presence, Range, Sums, joined, mean};
use super::super::judge::Pair;
use super::super::model::{Arm, Seen};
use super::backend::{Found, Population, Query};
use super::buckets::{AddedBuckets, Histogram};
use super::plan::Wanted;
use crate::evidence::text::clean;

/// What was counted so far.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// By the query for all events.
    totals: BTreeMap<Query, Counters>,
    /// By the queries for bad and for all events.
    bad: BTreeMap<(Query, Query), Counters>,
    /// By the query for the buckets.
    histograms: BTreeMap<Query, Histogram>,
}

/// One piece of a look.
#[derive(Debug)]
pub struct Piece {
    /// Its steps.
    pub range: Range,
    /// What is counted when it has taken effect.
    pub counted: Counted,
    /// What the server warned of, clean.
    pub warnings: Vec<String>,
    totals: BTreeMap<Query, (Added, Presence)>,
    bad: BTreeMap<(Query, Query), Added>,
    histograms: BTreeMap<Query, AddedBuckets>,
    values: BTreeMap<Query, Vec<Option<f64>>>,
}

/// What the scrapes of a population are.
pub enum Steps<'p> {
    /// Bad and all events.
    Counts(Vec<Option<(f64, f64)>>),
    /// Buckets.
    Buckets(Option<&'p AddedBuckets>),
    /// Values.
    Values(Vec<Option<f64>>),
}

impl Piece {
    /// Nothing was answered yet.
    pub fn new(range: Range) -> Self {
        Self {
            range,
            counted: Counted::default(),
            warnings: Vec::new(),
            totals: BTreeMap::new(),
            bad: BTreeMap::new(),
            histograms: BTreeMap::new(),
            values: BTreeMap::new(),
        }
    }

    /// Keeps a warning, once.
    pub fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// The next query that is not answered yet.
    pub fn open(&self, wanted: &Wanted) -> Option<Query> {
        match wanted {
            Wanted::Ratio(_, total) if !self.totals.contains_key(total) => Some(total.clone()),
            Wanted::Ratio(bad, total) => (!self.bad.contains_key(&(bad.clone(), total.clone()))).then(|| bad.clone()),
            Wanted::Buckets(query) => (!self.histograms.contains_key(query)).then(|| query.clone()),
            Wanted::Value(query) => (!self.values.contains_key(query)).then(|| query.clone()),
        }
    }

    /// Takes in the answer to that query.
    ///
    /// # Errors
    /// When the series are not of the kind that is wanted.
    pub fn take(&mut self, wanted: &Wanted, found: Found, before: &Counted) -> Result<(), String> {
        found.warnings.iter().for_each(|warning| self.warn(warning.clone()));
        match wanted {
            Wanted::Ratio(_, total) if !self.totals.contains_key(total) => self.take_total(total, &found, before),
            Wanted::Ratio(bad, total) => self.take_bad((bad.clone(), total.clone()), &found, before),
            Wanted::Buckets(query) => {
                let histogram = before.histograms.get(query).cloned().unwrap_or_default();
                let (next, added) = histogram.count(self.range, found.series, found.increments)?;
                self.counted.histograms.insert(query.clone(), next);
                self.histograms.insert(query.clone(), added);
            }
            Wanted::Value(query) => {
                self.values.insert(query.clone(), mean(self.range, &found.series));
            }
        }
        Ok(())
    }

    fn take_total(&mut self, query: &Query, found: &Found, before: &Counted) {
        let (added, presence) = if found.increments {
            Counters::given(self.range, &found.series)
        } else {
            let counters = before.totals.get(query).cloned().unwrap_or_default();
            let (next, added, presence) = counters.count(self.range, &found.series);
            self.counted.totals.insert(query.clone(), next);
            (added, presence)
        };
        if query.population == Population::Canary {
            for target in presence.gone().collect::<Vec<_>>() {
                self.warn(format!("gone from the canary: {}; its last errors were never scraped", clean(&target)));
            }
        }
        self.totals.insert(query.clone(), (added, presence));
    }

    fn take_bad(&mut self, queries: (Query, Query), found: &Found, before: &Counted) {
        let Some((_, presence)) = self.totals.get(&queries.1) else { return };
        let is_new = found.series.is_empty() && !presence.is_empty();
        let added = if found.increments {
            Counters::given(self.range, &found.series).0
        } else {
            let counters = before.bad.get(&queries).cloned().unwrap_or_default();
            let (next, added) = counters.count_among(self.range, &found.series, presence);
            self.counted.bad.insert(queries.clone(), next);
            added
        };
        if is_new {
            self.warn(format!("no series yet, counted as none: {}", clean(&queries.0.text)));
        }
        self.bad.insert(queries, added);
    }

    /// What was seen, step by step.
    pub fn steps(&self, wanted: &Wanted) -> Steps<'_> {
        match wanted {
            Wanted::Ratio(bad, total) => Steps::Counts(self.counts(bad, total)),
            Wanted::Buckets(query) => Steps::Buckets(self.histograms.get(query)),
            Wanted::Value(query) => Steps::Values(self.values.get(query).cloned().unwrap_or_default()),
        }
    }

    fn counts(&self, bad: &Query, total: &Query) -> Vec<Option<(f64, f64)>> {
        match (self.bad.get(&(bad.clone(), total.clone())), self.totals.get(total)) {
            (Some(bad), Some((all, _))) => joined(&bad.sums, &all.sums),
            _ => vec![None; self.range.count],
        }
    }

    /// The pods of a population at a step, where they are told apart.
    pub fn pods(&self, wanted: &Wanted, step: usize) -> Vec<(String, Arm)> {
        let Wanted::Ratio(bad, total) = wanted else { return Vec::new() };
        let Some((all, _)) = self.totals.get(total) else { return Vec::new() };
        let bad = self.bad.get(&(bad.clone(), total.clone()));
        let at = |sums: &Sums| sums.get(step).copied().flatten();
        let pod = |(name, sums): (&String, &Sums)| {
            let bad = bad.and_then(|bad| at(bad.targets.get(name)?)).unwrap_or(0.0);
            (name.replace('\u{1f}', " ").trim().to_owned(), arm(at(sums).map(|all| (bad.min(all), all))))
        };
        all.targets.iter().map(pod).collect()
    }
}

impl Steps<'_> {
    /// What both populations showed at a step.
    ///
    /// # Errors
    /// When a boundary is no edge of a bucket.
    pub fn seen(baseline: &Self, canary: &Self, step: usize, boundaries: &[f64]) -> Result<Seen, String> {
        let pair = |baseline, canary| Pair { baseline: arm(baseline), canary: arm(canary) };
        Ok(match (baseline, canary) {
            (Self::Counts(b), Self::Counts(c)) => Seen::Counts(vec![pair(b[step], c[step])]),
            (Self::Values(b), Self::Values(c)) => {
                let value = |values: &[Option<f64>]| values.get(step).copied().flatten();
                Seen::Values(value(b), value(c))
            }
            _ => {
                let of = |side: &Self, boundary| match side {
                    Self::Buckets(Some(buckets)) => buckets.at(step, boundary),
                    _ => Ok(None),
                };
                let pairs = boundaries.iter().map(|&boundary| Ok(pair(of(baseline, boundary)?, of(canary, boundary)?)));
                Seen::Counts(pairs.collect::<Result<_, String>>()?)
            }
        })
    }
}

fn arm(seen: Option<(f64, f64)>) -> Arm {
    Arm { bad: seen.map(|s| s.0), total: seen.map(|s| s.1) }
}
