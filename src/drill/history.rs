//! The runs that were kept, for each team and scenario and in each dimension (pure). Persons are not ranked, teams are
//! not compared, and neither are runs of two scenarios or of two versions of one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::kept::Kept;
use super::points::Dimensions;
use super::scenario::Scenario;

/// A run in short: what the history reads of its file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Summary {
    /// Its name.
    pub id: String,
    /// When it was kept.
    pub kept_at: Timestamp,
    /// Whose run it was.
    pub team: Option<String>,
    /// The scenario's name for people.
    pub name: String,
    /// Which version of the scenario.
    pub scenario_sha256: String,
    /// Seconds of the drill in a real second; none where a script operated.
    pub speed: Option<f64>,
    /// What it came to.
    pub score: Came,
}

/// What a run came to, in short.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Came {
    /// The scenario's id.
    pub scenario: String,
    /// The seed of the world.
    pub seed: u64,
    /// Whether it was passed.
    pub passed: bool,
    /// From 0 to 100.
    pub score: u32,
    /// The points of each dimension.
    pub dimensions: Dimensions,
}

impl Summary {
    /// Whether a run was by the same team, in the same version of the same scenario.
    pub fn is_comparable(&self, run: &Kept) -> bool {
        self.team == run.team
            && self.score.scenario == run.score.scenario
            && self.scenario_sha256 == run.scenario_sha256
    }
}

/// The best run of a scenario as it is now, the earliest of equals.
pub fn best<'a>(runs: &'a [Summary], scenario: &Scenario) -> Option<&'a Summary> {
    let same = |run: &&Summary| run.score.scenario == scenario.id && run.scenario_sha256 == scenario.sha256;
    runs.iter().filter(same).rev().max_by_key(|run| run.score.score)
}

/// The history: one group for each team and scenario. Serialised, it is what `--json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct History {
    /// The version of the contract: 1.
    pub schema: u32,
    /// In the order of teams and scenarios.
    pub groups: Vec<Group>,
}

/// The runs of a team in a scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Whose; none where nobody said so.
    pub team: Option<String>,
    /// The scenario's id.
    pub scenario: String,
    /// Its name for people.
    pub name: String,
    /// Each dimension, and the whole as `score`, over the runs of the newest version.
    pub dimensions: Vec<Course>,
    /// The runs, the oldest first.
    pub runs: Vec<Line>,
}

/// How a dimension went from run to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Course {
    /// Its name.
    pub dimension: &'static str,
    /// The most that it can have.
    pub most: u32,
    /// The points of each run, the oldest first.
    pub points: Vec<u32>,
    /// Their median, rounded down.
    pub median: u32,
    /// The median of the newer half less that of the older one; none before the second run.
    pub change: Option<i64>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Its name.
    pub id: String,
    /// When it was kept.
    pub kept_at: Timestamp,
    /// The seed of the world.
    pub seed: u64,
    /// Seconds of the drill in a real second; `null` where a script operated.
    pub speed: Option<f64>,
    /// From 0 to 100.
    pub score: u32,
    /// Whether it was passed.
    pub passed: bool,
    /// The points of each dimension.
    pub dimensions: Dimensions,
    /// Whether the scenario is another one by now, so that it does not count in the course.
    pub outdated: bool,
}

/// Runs, the oldest first, as their history; only those of `team` and of `scenario` where these are named.
pub fn history(runs: &[Summary], team: Option<&str>, scenario: Option<&str>) -> History {
    let wanted = |run: &&Summary| {
        let id = &run.score.scenario;
        let of_scenario = scenario.is_none_or(|it| id == it || id.split('-').next() == Some(it));
        of_scenario && team.is_none_or(|it| run.team.as_deref() == Some(it))
    };
    let mut groups: BTreeMap<(Option<&String>, &String), Vec<&Summary>> = BTreeMap::new();
    for run in runs.iter().filter(wanted) {
        groups.entry((run.team.as_ref(), &run.score.scenario)).or_default().push(run);
    }
    History { schema: 1, groups: groups.into_values().filter_map(|runs| group(&runs)).collect() }
}

fn group(runs: &[&Summary]) -> Option<Group> {
    let newest = runs.last()?;
    let current: Vec<&&Summary> = runs.iter().filter(|run| run.scenario_sha256 == newest.scenario_sha256).collect();
    let whole = current.iter().map(|run| run.score.score).collect();
    let of = |place: usize| current.iter().map(|run| run.score.dimensions.list()[place]).collect();
    let parts = Dimensions::ALL.into_iter().enumerate().map(|(place, (name, most))| course(name, most, of(place)));
    Some(Group {
        team: newest.team.clone(),
        scenario: newest.score.scenario.clone(),
        name: newest.name.clone(),
        dimensions: parts.chain([course("score", 100, whole)]).collect(),
        runs: runs.iter().map(|run| line(run, &newest.scenario_sha256)).collect(),
    })
}

fn line(run: &Summary, newest: &str) -> Line {
    Line {
        id: run.id.clone(),
        kept_at: run.kept_at,
        seed: run.score.seed,
        speed: run.speed,
        score: run.score.score,
        passed: run.score.passed,
        dimensions: run.score.dimensions,
        outdated: run.scenario_sha256 != newest,
    }
}

fn course(dimension: &'static str, most: u32, points: Vec<u32>) -> Course {
    let (older, newer) = points.split_at(points.len() / 2);
    let change = (!older.is_empty()).then(|| i64::from(median(newer)) - i64::from(median(older)));
    Course { dimension, most, median: median(&points), change, points }
}

fn median(points: &[u32]) -> u32 {
    let mut sorted = points.to_vec();
    sorted.sort_unstable();
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => 0,
        (n, half) if n.is_multiple_of(2) => u32::midpoint(sorted[half - 1], sorted[half]),
        (_, half) => sorted[half],
    }
}

/// The last runs of a course that are shown as bars.
const BARS: usize = 12;

impl History {
    /// The history for people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for group in &self.groups {
            let team = group.team.as_deref().map_or_else(String::new, |team| format!("{team} · "));
            let _ = writeln!(out, "{team}{} · {}\n", group.scenario, group.name);
            let _ = writeln!(out, "  {:<11}{:>6} {:>6} {:>6}   course", "", "median", "newest", "of");
            group.dimensions.iter().for_each(|course| told(course, &mut out));
            out.push('\n');
            group.runs.iter().rev().for_each(|run| run.tell(&mut out));
            out.push('\n');
        }
        out.push_str(
            "Read a course as a question about the drill, not as a mark: no person is ranked, no team compared.\n",
        );
        out
    }
}

fn told(course: &Course, out: &mut String) {
    let newest = course.points.last().copied().unwrap_or(0);
    let bars: String = course.points.iter().rev().take(BARS).rev().map(|points| bar(*points, course.most)).collect();
    let word = match course.change {
        None => "one run is no course".to_owned(),
        Some(0) => "steady".to_owned(),
        Some(change) => format!("{change:+} in the newer half"),
    };
    let _ =
        writeln!(out, "  {:<11}{:>6} {newest:>6} {:>6}   {bars} {word}", course.dimension, course.median, course.most);
}

fn bar(points: u32, most: u32) -> char {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let place = points * (BLOCKS.len() as u32 - 1) / most.max(1);
    BLOCKS[(place as usize).min(BLOCKS.len() - 1)]
}

impl Line {
    fn tell(&self, out: &mut String) {
        let speed = self.speed.map_or_else(|| "by a script".to_owned(), |speed| format!("x{speed}"));
        let end = if self.passed { "passed" } else { "not passed" };
        let old = if self.outdated { " (another version of the scenario)" } else { "" };
        let at = self.kept_at.strftime("%Y-%m-%d %H:%M");
        let _ = writeln!(
            out,
            "  {at}  {:<26} seed {:<4} {speed:<12} {:>3} of 100, {end}{old}",
            self.id, self.seed, self.score
        );
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
