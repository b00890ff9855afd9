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

/// The counters of one population: its bad and its total query, from one look to the next.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Population {
    bad: Memory,
    total: Memory,
    /// The targets that were seen at the last step.
    targets: BTreeSet<String>,
}

type Labels = BTreeMap<String, String>;
/// The last value of each series, and whether it was there at the last step.
type Memory = BTreeMap<Labels, Last>;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Last {
    value: f64,
    present: bool,
}

/// One series, step by step.
struct Row {
    labels: Labels,
    target: String,
    values: Vec<Option<f64>>,
}

impl Population {
    /// Bad and all events of each step; `None` where no target was seen at this step and the one
    /// before. No more events can be bad than there were: the two queries may have been answered
    /// with a scrape between them.
    pub fn increments(&mut self, range: Range, bad: &[Series], total: &[Series]) -> Vec<Option<(f64, f64)>> {
        let (bad, total) = (rows(range, bad), rows(range, total));
        let before = self.targets_before(range, &total);
        let all = advance(&mut self.total, range, &total, &before);
        let bad = advance(&mut self.bad, range, &bad, &before);
        self.targets = before.into_iter().next_back().unwrap_or_default().into_iter().collect();
        self.forget();
        all.into_iter().zip(bad).map(|(all, bad)| all.map(|all| (bad.unwrap_or(0.0).min(all), all))).collect()
    }

    /// The targets seen before each step, and after the last.
    fn targets_before(&self, range: Range, total: &[Row]) -> Vec<BTreeSet<String>> {
        let mut before = vec![self.targets.clone()];
        for step in 0..range.count {
            let seen = total.iter().filter(|row| row.values[step].is_some());
            before.push(seen.map(|row| row.target.clone()).collect());
        }
        before
    }

    /// Drops the series of targets that are gone: nothing of them will be counted.
    fn forget(&mut self) {
        for memory in [&mut self.bad, &mut self.total] {
            memory.retain(|labels, last| last.present || self.targets.contains(&target(labels)));
        }
    }
}

fn rows(range: Range, series: &[Series]) -> Vec<Row> {
    let row = |one: &Series| {
        let mut values = vec![None; range.count];
        for &(at, value) in &one.points {
            if let Some(index) = range.index(at).filter(|_| value.is_finite()) {
                values[index] = Some(value);
            }
        }
        Row { target: target(&one.labels), labels: one.labels.clone(), values }
    };
    series.iter().map(row).collect()
}

fn target(labels: &Labels) -> String {
    TARGET.map(|name| labels.get(name).map_or("", String::as_str)).join("\u{1f}")
}

/// The sums of the increments of all series; `None` where no series was there at both steps.
fn advance(memory: &mut Memory, range: Range, rows: &[Row], before: &[BTreeSet<String>]) -> Vec<Option<f64>> {
    let mut sums = vec![None; range.count];
    let mut kept = std::mem::take(memory);
    for row in rows {
        let mut last = kept.remove(&row.labels);
        for (step, value) in row.values.iter().enumerate() {
            if let Some(increment) = value.and_then(|v| increment(v, last, before[step].contains(&row.target))) {
                *sums[step].get_or_insert(0.0) += increment;
            }
            last = match (value, last) {
                (Some(value), _) => Some(Last { value: *value, present: true }),
                (None, last) => last.map(|last| Last { present: false, ..last }),
            };
        }
        if let Some(last) = last {
            memory.insert(row.labels.clone(), last);
        }
    }
    memory.extend(kept.into_iter().map(|(labels, last)| (labels, Last { present: false, ..last })));
    sums
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
