//! Diff risk v1: integer points, ordinal, never a probability; every point prints its sentence.
//!
//! Five groups, each with a cap: size 30, spread 15, sensitive paths 30, familiarity 10, process 15.

use std::collections::BTreeSet;

use serde::Serialize;

use super::classes::Classes;
use super::model::Report;
use super::text::count;

/// Commits after which it counts that an author was not seen, even when time was up.
const SEEN_ENOUGH: u64 = 500;

/// What the change risks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// The sum of the points, never below 0.
    pub score: u32,
    /// What the score comes to.
    pub band: Band,
    /// Where the points come from; a group past its cap and relief take points away.
    pub points: Vec<Point>,
    /// Something was not looked at: the score may be higher.
    pub partial: bool,
}

/// What a score comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Band {
    /// 0 to 14.
    #[serde(rename = "low")]
    Low,
    /// 15 to 34.
    #[serde(rename = "moderate")]
    Moderate,
    /// 35 to 59: a second reviewer should be named.
    #[serde(rename = "high")]
    High,
    /// 60 and more: why not split, why not roll back?
    #[serde(rename = "very high")]
    VeryHigh,
}

/// One rule and what it added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    /// The rule.
    pub rule: String,
    /// What it added; relief takes away.
    pub points: i32,
    /// One sentence.
    pub why: String,
}

/// How well the authors know what they touch, from the commits before the hotfix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Familiarity {
    /// Authors of the hotfix without a commit in the touched subsystems.
    pub strangers: Vec<String>,
    /// Authors of the hotfix without a commit in any touched file.
    pub new_to_files: Vec<String>,
    /// Changes to touched files in the last 500 commits.
    pub recent_changes: u64,
    /// Commits to touched files in 90 days whose subject speaks of a fix.
    pub recent_fixes: u64,
    /// How many commits were looked at.
    pub looked_at: u64,
    /// Time was up before all were looked at that count.
    pub partial: bool,
}

/// What the score takes into account besides the report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// `None` while it is worked out.
    pub familiarity: Option<Familiarity>,
    /// Subjects such as `fixup!` and `wip`, and files with conflict markers.
    pub unfinished: Vec<String>,
    /// The earlier version whose tree the tip has: an exact revert.
    pub reverts_to: Option<String>,
}

impl Band {
    /// As the JSON has it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Moderate => "moderate",
            Self::High => "high",
            Self::VeryHigh => "very high",
        }
    }

    fn of(score: u32) -> Self {
        match score {
            0..=14 => Self::Low,
            15..=34 => Self::Moderate,
            35..=59 => Self::High,
            _ => Self::VeryHigh,
        }
    }
}

/// Points of one group, capped.
struct Group {
    name: &'static str,
    cap: i32,
    points: Vec<Point>,
}

impl Group {
    fn new(name: &'static str, cap: i32) -> Self {
        Self { name, cap, points: Vec::new() }
    }

    fn add(&mut self, rule: &str, points: i32, why: String) {
        if points != 0 {
            self.points.push(Point { rule: rule.into(), points, why });
        }
    }

    fn close(mut self) -> Vec<Point> {
        let over = self.points.iter().map(|point| point.points).sum::<i32>() - self.cap;
        if over > 0 {
            let why = format!("{} counts {} points at most", self.name, self.cap);
            self.add(&format!("{} cap", self.name), -over, why);
        }
        self.points
    }
}

/// Scores a change; `None` when its diff is unknown.
pub fn score(report: &Report, classes: &Classes, context: &Context) -> Option<Risk> {
    let lines = report.core_lines?;
    let groups = [
        size(lines),
        spread(report),
        sensitive(report, classes),
        familiarity(context.familiarity.as_ref()),
        process(report, context),
    ];
    let mut points: Vec<Point> = groups.into_iter().flat_map(Group::close).collect();
    points.extend(relief(report, context, points.iter().map(|point| point.points).sum()));
    let score = points.iter().map(|point| point.points).sum::<i32>().max(0).unsigned_abs();
    let partial = report.core_is_estimate || context.familiarity.as_ref().is_none_or(|it| it.partial);
    Some(Risk { score, band: Band::of(score), points, partial })
}

fn size(lines: u64) -> Group {
    let points = match lines {
        0..=10 => 0,
        11..=50 => 4,
        51..=100 => 8,
        101..=200 => 14,
        201..=400 => 20,
        401..=1000 => 26,
        _ => 30,
    };
    let mut group = Group::new("size", 30);
    group.add("core lines", points, format!("{} changed", count(lines, "core line")));
    group
}

fn spread(report: &Report) -> Group {
    let core: Vec<&str> = report.changes.iter().filter(|it| it.core).map(|it| it.path.as_str()).collect();
    let mut group = Group::new("spread", 15);
    let by_files = match core.len() {
        0..=3 => 0,
        4..=10 => 3,
        11..=25 => 6,
        _ => 8,
    };
    group.add("core files", by_files, format!("{} touched", count(core.len() as u64, "core file")));
    let folders: BTreeSet<&str> =
        core.iter().map(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder)).collect();
    let by_folders = if folders.len() > 5 { 2 } else { 0 };
    group.add("directories", by_folders, format!("spread over {} directories", folders.len()));
    let systems: BTreeSet<&str> = core.iter().map(|path| subsystem(path)).collect();
    let by_systems = match systems.len() {
        0 | 1 => 0,
        2 | 3 => 2,
        _ => 4,
    };
    let names = systems.iter().take(4).copied().collect::<Vec<_>>().join(", ");
    group.add("subsystems", by_systems, format!("{} top-level subsystems: {names}", systems.len()));
    let entropy = entropy(report);
    let by_entropy = if core.len() >= 4 && entropy > 0.8 { 3 } else { 0 };
    group.add("entropy", by_entropy, format!("evenly scattered over its files (entropy {entropy:.2} of 1)"));
    group
}

/// The first folder of a path: what belongs together in most repositories.
pub fn subsystem(path: &str) -> &str {
    path.split_once('/').map_or("(root)", |(first, _)| first)
}

/// Shannon entropy of the core lines over the core files, divided by its maximum, log2(files).
fn entropy(report: &Report) -> f64 {
    let lines: Vec<f64> = report.changes.iter().filter(|it| it.core).map(|it| it.counted_lines as f64).collect();
    let all: f64 = lines.iter().sum();
    if lines.len() < 2 || all == 0.0 {
        return 0.0;
    }
    let shares = lines.iter().filter(|n| **n > 0.0).map(|n| n / all);
    shares.map(|share| -share * share.log2()).sum::<f64>() / (lines.len() as f64).log2()
}

fn sensitive(report: &Report, classes: &Classes) -> Group {
    let mut group = Group::new("sensitive paths", 30);
    let mut told = BTreeSet::new();
    for change in &report.changes {
        for class in change.classes.iter().filter_map(|name| classes.named(name)) {
            if class.points > 0 && told.insert(class.name.clone()) {
                group.add(&class.name, class.points.cast_signed(), format!("touches {}: {}", class.text, change.path));
            }
        }
    }
    group
}

fn familiarity(known: Option<&Familiarity>) -> Group {
    let mut group = Group::new("familiarity", 10);
    let Some(known) = known else { return group };
    let since = format!("in the last {}", count(known.looked_at, "commit"));
    // A walk that was cut short proves nothing by what it did not see.
    let has_seen_enough = !known.partial || known.looked_at >= SEEN_ENOUGH;
    if let Some(first) = known.strangers.first().filter(|_| has_seen_enough) {
        group.add("new to subsystem", 4, format!("{first} has no commit in the touched subsystems {since}"));
    }
    if let Some(first) = known.new_to_files.first().filter(|_| has_seen_enough) {
        group.add("new to files", 2, format!("{first} has not touched any of these files {since}"));
    }
    if known.recent_changes >= 10 {
        let why = format!("these files changed {} times in the last 500 commits", known.recent_changes);
        group.add("busy files", 2, why);
    }
    if known.recent_fixes >= 3 {
        group.add("fixed before", 2, format!("{} fixes to these files in 90 days", known.recent_fixes));
    }
    group
}

fn process(report: &Report, context: &Context) -> Group {
    let mut group = Group::new("process", 15);
    let foreign = report.commits.iter().filter(|commit| commit.foreign).count() as u64;
    if foreign > 0 {
        group.add("foreign commits", 8, format!("{} of somebody else's work in it", count(foreign, "commit")));
    }
    if report.merge_base != report.production.oid {
        group.add("base", 6, "it is not built on what runs in production".into());
    }
    let merges = report.commits.iter().filter(|commit| commit.merge).count() as u64;
    if merges > 0 {
        group.add("merges", 3, format!("{} in the range", count(merges, "merge commit")));
    }
    if let Some(first) = context.unfinished.first() {
        group.add("unfinished", 3, format!("not finished, it seems: {first}"));
    }
    let tests = report.changes.iter().any(|it| it.is(super::classes::names::TEST));
    if report.changes.iter().any(|it| it.core) && !tests {
        group.add("no test", 4, "core files changed, and no test with them".into());
    }
    group
}

fn relief(report: &Report, context: &Context, total: i32) -> Vec<Point> {
    let mut relief = Vec::new();
    if let Some(version) = context.reverts_to.as_ref().filter(|_| total > 10) {
        let why = format!("an exact revert: the content is that of {version}, which ran before");
        relief.push(Point { rule: "exact revert".into(), points: 10 - total, why });
    }
    let only_deletions = report.size.is_some_and(|size| size.insertions == 0 && (1..=10).contains(&size.deletions));
    if only_deletions && total > 0 {
        let why = "nothing but a few deleted lines".into();
        relief.push(Point { rule: "deletions only".into(), points: -4, why });
    }
    relief
}

#[cfg(test)]
#[path = "risk_tests.rs"]
mod tests;
