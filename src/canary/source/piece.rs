//! One piece of a look: what its answers added. It takes effect when all of it is there.

use std::collections::{BTreeMap, BTreeSet};

use super::super::counters::{Added, Counters, Presence, Range, Sums, is_divisible, joined, mean, target};
use super::super::judge::Pair;
use super::super::model::{Arm, Seen};
use super::super::prometheus::Series;
use super::backend::{Found, Population, Query};
use super::buckets::{AddedBuckets, Histogram};
use super::plan::Wanted;
use crate::evidence::text::{clean, fit};

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
    /// What the kind of the numbers costs, where they are no counters of single pods; clean.
    pub costs: Option<String>,
    totals: BTreeMap<Query, (Added, Presence)>,
    bad: BTreeMap<(Query, Query), Added>,
    histograms: BTreeMap<Query, AddedBuckets>,
    values: BTreeMap<Query, Values>,
}

/// The values of a gauge at each step.
#[derive(Debug, Clone, Default)]
struct Values {
    /// The mean of all targets.
    mean: Sums,
    /// Each target, where these are told apart.
    targets: BTreeMap<String, Sums>,
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
            costs: None,
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
    pub fn take(&mut self, wanted: &Wanted, mut found: Found, before: &Counted) -> Result<(), String> {
        found.warnings.iter().for_each(|warning| self.warn(warning.clone()));
        self.keep_first(&mut found.series);
        match wanted {
            Wanted::Ratio(_, total) if !self.totals.contains_key(total) => self.take_total(total, &found, before),
            Wanted::Ratio(bad, total) => self.take_bad((bad.clone(), total.clone()), &found, before),
            Wanted::Buckets(query) => {
                let histogram = before.histograms.get(query).cloned().unwrap_or_default();
                let increments = found.increments;
                let (next, added, presence) = histogram.count(self.range, found.series, increments)?;
                self.tell_gone(query, &presence);
                self.tell_costs(query, increments, &presence);
                self.counted.histograms.insert(query.clone(), next);
                self.histograms.insert(query.clone(), added);
            }
            Wanted::Value(query) => {
                self.values.insert(query.clone(), Values::of(self.range, &found.series));
            }
        }
        Ok(())
    }

    /// What it costs when the numbers are no counters of single pods.
    fn tell_costs(&mut self, query: &Query, increments: bool, presence: &Presence) {
        let text = clean(&query.text);
        if increments {
            self.cost(format!(
                "the source gives what was added: no pod is told apart, and what a look misses is lost: {text}"
            ));
        } else if presence.is_of_all() {
            self.cost(format!("no label tells the pods apart: when one restarts, all is counted anew: {text}"));
        }
    }

    fn cost(&mut self, cost: String) {
        if self.costs.is_none() {
            self.costs = Some(cost);
        }
    }

    /// A series that comes twice counts once, as in Prometheus: the second would look like a counter that starts anew.
    fn keep_first(&mut self, series: &mut Vec<Series>) {
        let mut seen: BTreeSet<BTreeMap<String, String>> = BTreeSet::new();
        let mut twice = None;
        series.retain(|one| {
            let is_first = seen.insert(one.labels.clone());
            if !is_first {
                twice.get_or_insert_with(|| one.labels.clone());
            }
            is_first
        });
        if let Some(labels) = twice {
            let shown = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect::<Vec<_>>().join(",");
            self.warn(format!("the same series comes twice, the first counts: {}", fit(&format!("{{{shown}}}"), 200)));
        }
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
        self.tell_gone(query, &presence);
        self.tell_costs(query, found.increments, &presence);
        self.totals.insert(query.clone(), (added, presence));
    }

    /// A pod that dies takes its last errors with it: that is told, for no count shows it.
    fn tell_gone(&mut self, query: &Query, presence: &Presence) {
        if query.population == Population::Canary {
            for target in presence.gone() {
                self.warn(format!("gone from the canary: {}; its last errors were never scraped", clean(&target)));
            }
        }
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
            Wanted::Value(query) => {
                Steps::Values(self.values.get(query).map(|values| values.mean.clone()).unwrap_or_default())
            }
        }
    }

    fn counts(&self, bad: &Query, total: &Query) -> Vec<Option<(f64, f64)>> {
        match (self.bad.get(&(bad.clone(), total.clone())), self.totals.get(total)) {
            (Some(bad), Some((all, _))) => joined(&bad.sums, &all.sums),
            _ => vec![None; self.range.count],
        }
    }

    /// The pods of a population at a step, where they are told apart.
    ///
    /// # Errors
    /// When a boundary is no edge of a bucket.
    pub fn pods(&self, wanted: &Wanted, step: usize, boundaries: &[f64]) -> Result<Vec<(String, Vec<Arm>)>, String> {
        let pods = match wanted {
            Wanted::Ratio(bad, total) => self.counted_pods(bad, total, step),
            Wanted::Buckets(query) => match self.histograms.get(query) {
                Some(buckets) => slow_pods(buckets, step, boundaries)?,
                None => BTreeMap::new(),
            },
            Wanted::Value(query) => self.values.get(query).map(|values| values.pods(step)).unwrap_or_default(),
        };
        Ok(pods.into_iter().map(|(name, arms)| (shown(name), arms)).collect())
    }

    fn counted_pods(&self, bad: &Query, total: &Query, step: usize) -> BTreeMap<&str, Vec<Arm>> {
        let Some((all, _)) = self.totals.get(total) else { return BTreeMap::new() };
        let bad = self.bad.get(&(bad.clone(), total.clone()));
        let at = |sums: &Sums| sums.get(step).copied().flatten();
        let pod = |(name, sums): (&'_ String, &Sums)| {
            let bad = bad.and_then(|bad| at(bad.targets.get(name)?)).unwrap_or(0.0);
            arm(at(sums).map(|all| (bad.min(all), all)))
        };
        all.targets.iter().map(|target| (target.0.as_str(), vec![pod(target)])).collect()
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

/// The pods of a latency at a step: one arm for each boundary.
fn slow_pods<'b>(
    buckets: &'b AddedBuckets,
    step: usize,
    boundaries: &[f64],
) -> Result<BTreeMap<&'b str, Vec<Arm>>, String> {
    let mut pods: BTreeMap<&str, Vec<Arm>> = BTreeMap::new();
    for boundary in boundaries {
        for (name, seen) in buckets.targets_at(step, *boundary)? {
            pods.entry(name).or_default().push(arm(seen));
        }
    }
    Ok(pods)
}

/// A target as people read it.
fn shown(target: &str) -> String {
    target.replace('\u{1f}', " ").trim().to_owned()
}

impl Values {
    fn of(range: Range, series: &[Series]) -> Self {
        let mut targets: BTreeMap<String, Vec<Series>> = BTreeMap::new();
        for one in series {
            targets.entry(target(&one.labels)).or_default().push(one.clone());
        }
        let mean_of = |series: &Vec<Series>| mean(range, series);
        let divisible = is_divisible(targets.len());
        let targets = targets.iter().filter(|_| divisible).map(|(name, series)| (name.clone(), mean_of(series)));
        Self { mean: mean(range, series), targets: targets.collect() }
    }

    fn pods(&self, step: usize) -> BTreeMap<&str, Vec<Arm>> {
        let value = |values: &Sums| Arm::of_value(values.get(step).copied().flatten());
        self.targets.iter().map(|(name, values)| (name.as_str(), vec![value(values)])).collect()
    }
}
