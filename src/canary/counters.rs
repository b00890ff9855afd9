//! From raw counters to the increments of each step.
//!
//! Increments are taken series by series, never on a sum: a counter that fell was reset, and its new
//! value is its increment. A series that appears at a target that was already seen (the first 5xx of
//! a process) counts from zero; at a target that was not, it starts with its first value. What a target
//! counted while some steps were missed belongs to the step at which it is seen again: a larger stratum,
//! with its exposure in it. After a longer absence it starts anew.

use std::collections::BTreeMap;

use super::prometheus::Series;

/// The labels that tell one target from another.
const TARGET: [&str; 4] = ["job", "instance", "pod", "namespace"];
/// So many steps may be missed in a row before a target counts as another one.
const GAP: usize = 20;
/// Between the labels of a target.
const SEPARATOR: char = '\u{1f}';
/// More targets than this are not told apart.
const TARGETS: usize = 64;

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
    /// The targets that were seen lately, and how many steps before the next range that was.
    targets: BTreeMap<String, usize>,
}

type Labels = BTreeMap<String, String>;

/// The last value of a series, and how many steps before the next range it was seen: 1 is at the last step.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Last {
    value: f64,
    ago: usize,
}

/// Increments of each step; `None` where there were none to be told.
pub type Sums = Vec<Option<f64>>;

/// What one look added.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Added {
    /// The sums over all series.
    pub sums: Sums,
    /// The sums of each target, where these were asked for.
    pub targets: BTreeMap<String, Sums>,
}

/// At which steps of a look each target was seen, and which were before it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Presence {
    seen: BTreeMap<String, Vec<bool>>,
    before: BTreeMap<String, usize>,
}

/// Bad and all events of each step. No more events can be bad than there were: the two queries may have been
/// answered with a scrape between them.
pub fn joined(bad: &[Option<f64>], all: &[Option<f64>]) -> Vec<Option<(f64, f64)>> {
    let pair = |(all, bad): (&Option<f64>, &Option<f64>)| all.map(|all| (bad.unwrap_or(0.0).min(all), all));
    all.iter().zip(bad).map(pair).collect()
}

impl Presence {
    fn of(range: Range, series: &[Series], before: &BTreeMap<String, usize>) -> Self {
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

    /// Whether there is one series, or sum, of all targets, with no label that tells one.
    pub fn is_of_all(&self) -> bool {
        self.seen.len() == 1 && self.seen.keys().all(|name| name.chars().all(|c| c == SEPARATOR))
    }

    /// The targets that were there before this look, and at no step of it.
    pub fn gone(&self) -> impl Iterator<Item = String> {
        let is_gone = |name: &&String| !self.seen.get(*name).is_some_and(|steps| steps.contains(&true));
        let here_lately = self.before.iter().filter(|(_, ago)| **ago == 1).map(|(name, _)| name);
        here_lately.filter(is_gone).map(|name| name.replace(SEPARATOR, " ").trim().to_owned())
    }

    /// Whether the target was seen lately before this step.
    fn before(&self, step: usize, target: &str) -> bool {
        let first = step.saturating_sub(GAP);
        let here = self.seen.get(target).is_some_and(|steps| steps[first..step].contains(&true));
        here || self.before.get(target).is_some_and(|ago| ago + step <= GAP)
    }

    /// The targets that were seen lately, as of the end of a look of `count` steps.
    fn at_the_end(&self, count: usize) -> BTreeMap<String, usize> {
        let here = |(name, steps): (&String, &Vec<bool>)| {
            Some((name.clone(), steps.len() - steps.iter().rposition(|seen| *seen)?))
        };
        let mut targets: BTreeMap<String, usize> =
            self.before.iter().map(|(n, ago)| (n.clone(), ago + count)).collect();
        targets.extend(self.seen.iter().filter_map(here));
        targets.retain(|_, ago| *ago <= GAP);
        targets
    }
}

/// Whether there are several targets, and few enough to be told apart.
pub fn is_divisible(targets: usize) -> bool {
    (2..=TARGETS).contains(&targets)
}

impl Counters {
    /// Takes in the answer to a query for all events, whose series tell which targets there are.
    #[must_use]
    pub fn count(&self, range: Range, series: &[Series]) -> (Self, Added, Presence) {
        let presence = Presence::of(range, series, &self.targets);
        let (next, added) = self.count_among(range, series, &presence);
        (next, added, presence)
    }

    /// The same for numbers that are increments already: nothing has to be remembered.
    pub fn given(range: Range, series: &[Series]) -> (Added, Presence) {
        let mut sums = vec![None; range.count];
        for (step, value) in series.iter().flat_map(|one| values(range, one)).filter(|(_, value)| *value >= 0.0) {
            *sums[step].get_or_insert(0.0) += value;
        }
        (Added { sums, targets: BTreeMap::new() }, Presence::of(range, series, &BTreeMap::new()))
    }

    /// Takes in the answer to a query whose targets another one tells: errors, which may never have happened yet.
    #[must_use]
    pub fn count_among(&self, range: Range, series: &[Series], presence: &Presence) -> (Self, Added) {
        let mut added = Added { sums: vec![None; range.count], targets: BTreeMap::new() };
        let mut kept = self.last.clone();
        let mut next = Self { last: BTreeMap::new(), targets: presence.at_the_end(range.count) };
        for one in series {
            let (last, increments) = advance(kept.remove(&one.labels), range, one, presence);
            if let Some(last) = last {
                next.last.insert(one.labels.clone(), last);
            }
            if is_divisible(presence.seen.len()) {
                let sums = added.targets.entry(target(&one.labels)).or_insert_with(|| vec![None; range.count]);
                add(sums, &increments);
            }
            add(&mut added.sums, &increments);
        }
        // A series that is absent is forgotten together with its target.
        let absent = kept.into_iter().map(|(labels, last)| (labels, Last { ago: last.ago + range.count, ..last }));
        next.last.extend(absent);
        next.last.retain(|labels, last| last.ago <= GAP || next.targets.contains_key(&target(labels)));
        (next, added)
    }
}

fn add(sums: &mut Sums, increments: &[(usize, f64)]) {
    increments.iter().for_each(|(step, increment)| *sums[*step].get_or_insert(0.0) += increment);
}

/// The increments of one series, and its last value.
fn advance(
    before: Option<Last>,
    range: Range,
    series: &Series,
    presence: &Presence,
) -> (Option<Last>, Vec<(usize, f64)>) {
    let target = target(&series.labels);
    // Steps are counted from that before the range, so that what was seen before has a place as well.
    let mut last = before.map(|last| (last.value, -(last.ago as i64)));
    let mut increments = Vec::new();
    for (step, value) in values(range, series) {
        let is_known = presence.before(step, &target);
        let recent = last.filter(|(_, seen)| is_known || step as i64 - seen <= GAP as i64);
        if let Some(increment) = increment(value, recent.map(|(value, _)| value), is_known) {
            increments.push((step, increment));
        }
        last = Some((value, step as i64));
    }
    (last.map(|(value, seen)| Last { value, ago: (range.count as i64 - seen) as usize }), increments)
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

/// The mean of all series at each step: what a gauge is.
pub fn mean(range: Range, series: &[Series]) -> Vec<Option<f64>> {
    let mut sums = vec![(0.0, 0.0); range.count];
    for (step, value) in series.iter().flat_map(|one| values(range, one)) {
        sums[step] = (sums[step].0 + value, sums[step].1 + 1.0);
    }
    sums.into_iter().map(|(sum, count)| (count > 0.0).then(|| sum / count)).collect()
}

/// The target that a series is of, as one text.
pub fn target(labels: &Labels) -> String {
    TARGET.map(|name| labels.get(name).map_or("", String::as_str)).join(&SEPARATOR.to_string())
}

/// The increment that leads to `value`, if it can be told.
fn increment(value: f64, last: Option<f64>, target_is_known: bool) -> Option<f64> {
    match last {
        Some(last) => Some(if value >= last { value - last } else { value }),
        None => target_is_known.then_some(value),
    }
}

#[cfg(test)]
#[path = "counters_tests.rs"]
mod tests;
