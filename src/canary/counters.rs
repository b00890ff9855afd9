//! From raw counters to the increments of each step.
//!
//! Increments are taken series by series, never on a sum: a counter that fell was reset, and its new
//! value is its increment. A series that appears at a target that was already seen (the first 5xx of
//! a process) counts from zero; at a target that was not, it starts with its first value. A step that
//! a target missed is not guessed: what it counted meanwhile is left out.

use std::collections::{BTreeMap, BTreeSet};

use super::prometheus::Series;

/// The labels that tell one target from another.
const TARGET: [&str; 4] = ["job", "instance", "pod", "namespace"];

/// Steps of a range: a start in seconds, a step, and how many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The first step, in seconds since the epoch.
    pub start: f64,
    /// Seconds between two.
    pub step: f64,
    /// How many.
    pub count: usize,
}

impl Range {
    /// The last step, in seconds since the epoch.
    pub fn end(&self) -> f64 {
        self.start + self.step * self.count.saturating_sub(1) as f64
    }

    /// The index of the step at `at`; servers may round to a millisecond.
    fn index(&self, at: f64) -> Option<usize> {
        let place = (at - self.start) / self.step;
        let index = place.round();
        let fits = index >= 0.0
            && (index as usize) < self.count
            && (place - index).abs() * self.step < 0.5_f64.min(self.step / 4.0);
        fits.then_some(index as usize)
    }
}

/// The counters that one query gives, from one look to the next.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counters {
    last: BTreeMap<Labels, Last>,
    /// The targets that were seen at the last step.
    targets: BTreeSet<String>,
}

type Labels = BTreeMap<String, String>;

/// The last value of a series, and whether it was there at the last step.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Last {
    value: f64,
    present: bool,
}

/// What one look added: the sums of the increments of all series, step by step; `None` where no series was there
/// at this step and the one before.
pub type Sums = Vec<Option<f64>>;

/// At which steps of a look each target was seen, and which were before it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Presence {
    seen: BTreeMap<String, Vec<bool>>,
    before: BTreeSet<String>,
}

/// Bad and all events of each step. No more events can be bad than there were: the two queries may have been
/// answered with a scrape between them.
pub fn joined(bad: &[Option<f64>], all: &[Option<f64>]) -> Vec<Option<(f64, f64)>> {
    let pair = |(all, bad): (&Option<f64>, &Option<f64>)| all.map(|all| (bad.unwrap_or(0.0).min(all), all));
    all.iter().zip(bad).map(pair).collect()
}

impl Presence {
    fn of(range: Range, series: &[Series], before: &BTreeSet<String>) -> Self {
        let mut seen: BTreeMap<String, Vec<bool>> = BTreeMap::new();
        for one in series {
            let steps = seen.entry(target(&one.labels)).or_insert_with(|| vec![false; range.count]);
            values(range, one).for_each(|(step, _)| steps[step] = true);
        }
        Self { seen, before: before.clone() }
    }

    /// Whether no target was ever seen.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Whether the target was seen at the step before this one.
    fn before(&self, step: usize, target: &str) -> bool {
        match step.checked_sub(1) {
            Some(before) => self.seen.get(target).is_some_and(|steps| steps[before]),
            None => self.before.contains(target),
        }
    }

    /// The targets that were seen at the last step.
    fn at_the_end(&self) -> BTreeSet<String> {
        let there = self.seen.iter().filter(|(_, steps)| steps.last() == Some(&true));
        there.map(|(target, _)| target.clone()).collect()
    }
}

impl Counters {
    /// Takes in the answer to a query for all events, whose series tell which targets there are.
    #[must_use]
    pub fn count(&self, range: Range, series: &[Series]) -> (Self, Sums, Presence) {
        let presence = Presence::of(range, series, &self.targets);
        let (next, sums) = self.count_among(range, series, &presence);
        (next, sums, presence)
    }

    /// Takes in the answer to a query whose targets another one tells: errors, which may never have happened yet.
    #[must_use]
    pub fn count_among(&self, range: Range, series: &[Series], presence: &Presence) -> (Self, Sums) {
        let mut sums = vec![None; range.count];
        let mut kept = self.last.clone();
        let mut next = Self { last: BTreeMap::new(), targets: presence.at_the_end() };
        for one in series {
            if let Some(last) = advance(kept.remove(&one.labels), range, one, presence, &mut sums) {
                next.last.insert(one.labels.clone(), last);
            }
        }
        // Nothing will be counted of a series whose target is gone as well.
        let absent = kept.into_iter().map(|(labels, last)| (labels, Last { present: false, ..last }));
        next.last.extend(absent);
        next.last.retain(|labels, last| last.present || next.targets.contains(&target(labels)));
        (next, sums)
    }
}

/// Adds the increments of one series to the sums; returns its last value.
fn advance(
    mut last: Option<Last>,
    range: Range,
    series: &Series,
    presence: &Presence,
    sums: &mut [Option<f64>],
) -> Option<Last> {
    let target = target(&series.labels);
    let mut expected = 0;
    for (step, value) in values(range, series) {
        if step != expected {
            last = last.map(|last| Last { present: false, ..last });
        }
        if let Some(increment) = increment(value, last, presence.before(step, &target)) {
            *sums[step].get_or_insert(0.0) += increment;
        }
        last = Some(Last { value, present: true });
        expected = step + 1;
    }
    if expected != range.count {
        last = last.map(|last| Last { present: false, ..last });
    }
    last
}

/// The values of a series at the steps of the range, in the order of the steps.
fn values(range: Range, series: &Series) -> impl Iterator<Item = (usize, f64)> {
    let mut expected = 0;
    series.points.iter().filter_map(move |&(at, value)| {
        let step = range.index(at).filter(|step| *step >= expected && value.is_finite())?;
        expected = step + 1;
        Some((step, value))
    })
}

fn target(labels: &Labels) -> String {
    TARGET.map(|name| labels.get(name).map_or("", String::as_str)).join("\u{1f}")
}

/// The increment that leads to `value`, if it can be told.
fn increment(value: f64, last: Option<Last>, target_was_seen: bool) -> Option<f64> {
    match last {
        Some(last) if last.present || target_was_seen => {
            Some(if value >= last.value { value - last.value } else { value })
        }
        None if target_was_seen => Some(value),
        _ => None,
    }
}

#[cfg(test)]
#[path = "counters_tests.rs"]
mod tests;
