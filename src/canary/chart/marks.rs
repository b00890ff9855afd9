//! What happened in the columns of a picture: where the canary appeared, where its share of the requests changed, and
//! where it became regressed (pure).

use crate::canary::model::{MetricReport, Scrape, Unit};

/// A change of the canary's share by this factor is a promotion.
const PROMOTED: f64 = 1.4;
/// Columns over which the share is measured for that.
const SHARE_OVER: usize = 3;
/// Requests in them that are enough to tell.
const ENOUGH: f64 = 100.0;
/// A change is a promotion where it is so many times what chance alone would do: with few requests, every share moves.
const BEYOND_CHANCE: f64 = 4.0;

/// Something that happened in a column.
pub struct Mark {
    /// The column.
    pub at: usize,
    /// In a word or two.
    pub what: String,
    /// Whether it is the one in which the metric became regressed.
    pub is_crossing: bool,
}

/// What happened, from the left.
pub fn of(metric: &MetricReport, columns: &[Scrape]) -> Vec<Mark> {
    let mut marks = if metric.unit == Unit::Value { Vec::new() } else { promotions(columns) };
    if let Some(at) = crossing(metric, columns) {
        marks.retain(|mark| mark.at != at);
        marks.push(Mark { at, what: "regressed".to_owned(), is_crossing: true });
    }
    marks.sort_by_key(|mark| mark.at);
    marks
}

/// The column in which it became regressed.
fn crossing(metric: &MetricReport, columns: &[Scrape]) -> Option<usize> {
    let at = metric.regressed_at?;
    let index = columns.partition_point(|column| column.at < at);
    (index < columns.len() && columns.first().is_some_and(|first| first.at <= at)).then_some(index)
}

/// Where the canary appeared, and where its share of the requests changed.
fn promotions(columns: &[Scrape]) -> Vec<Mark> {
    let mark = |at: usize, what: String| Mark { at, what, is_crossing: false };
    let is_there = |column: &Scrape| column.canary.total.is_some_and(|total| total > 0.0);
    let mut marks = Vec::new();
    if let Some(first) = columns.iter().position(is_there).filter(|first| *first > 0) {
        marks.push(mark(first, "canary".to_owned()));
    }
    let shares: Vec<Option<Share>> = columns.windows(SHARE_OVER).map(share).collect();
    let step = |at: usize| step(*shares.get(at.checked_sub(SHARE_OVER)?)?, *shares.get(at)?).map(|step| (at, step));
    let mut steps: Vec<(usize, Step)> = (SHARE_OVER..columns.len()).filter_map(step).collect();
    // The steepest place of each step: its neighbours see a part of it.
    steps.sort_by(|a, b| b.1.size.total_cmp(&a.1.size));
    let mut taken: Vec<usize> = Vec::new();
    for (at, step) in steps {
        if taken.iter().all(|other| other.abs_diff(at) >= SHARE_OVER) {
            taken.push(at);
            marks.push(mark(at, format!("{:.0} %", step.share * 100.0)));
        }
    }
    marks
}

/// By what factor the share changes, whichever way, and what it becomes.
struct Step {
    size: f64,
    share: f64,
}

/// The canary's requests, and all.
#[derive(Clone, Copy)]
struct Share {
    canary: f64,
    all: f64,
}

/// From one share to another, where that is a promotion.
fn step(before: Option<Share>, after: Option<Share>) -> Option<Step> {
    let (before, after) = (before?, after?);
    let (from, to) = (before.canary / before.all, after.canary / after.all);
    let size = (to / from).max(from / to);
    let pooled = (before.canary + after.canary) / (before.all + after.all);
    let chance = (pooled * (1.0 - pooled) * (1.0 / before.all + 1.0 / after.all)).sqrt();
    (size >= PROMOTED && (to - from).abs() >= BEYOND_CHANCE * chance).then_some(Step { size, share: to })
}

/// The canary's share of the requests, where each column has some and all together enough to tell.
fn share(columns: &[Scrape]) -> Option<Share> {
    let (mut canary, mut all) = (0.0, 0.0);
    for column in columns {
        canary += column.canary.total?;
        all += column.canary.total? + column.baseline.total?;
    }
    (canary > 0.0 && all >= ENOUGH).then_some(Share { canary, all })
}
