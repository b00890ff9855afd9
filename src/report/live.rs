//! What live sources add to the journal: the change and its risk, the canary's curves, the gates. It is taken in only
//! while it is about this incident: a closed one, or another tip, has left the repository behind.

use jiff::Timestamp;
use serde::Serialize;

use crate::canary::model::{MetricReport, Report as CanaryReport, Scrape, Unit};
use crate::change::model::{FactState, Report as ChangeReport};
use crate::checklist::model::{GateStatus, Inputs, Strength};
use crate::evidence::{Oid, Subject};

/// A curve has at most so many points.
const POINTS: usize = 120;
/// So many commits are listed.
const COMMITS: usize = 100;

/// What the sources said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Live {
    /// The change.
    pub change: Option<Change>,
    /// The curves of the canary's metrics, the worst first.
    pub curves: Option<Vec<Curve>>,
    /// The gates that are not passed.
    pub open: Option<Vec<Open>>,
    /// What did not answer, in sentences.
    pub unknown: Vec<String>,
}

/// The change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// When git was asked.
    pub observed_at: Timestamp,
    production: Option<String>,
    production_oid: Option<Oid>,
    /// The tip.
    pub head: Option<Oid>,
    files: Option<u64>,
    insertions: Option<u64>,
    deletions: Option<u64>,
    core_lines: Option<u64>,
    /// The commits, newest first.
    pub commits: Vec<Commit>,
    risk: Option<Risk>,
    /// Facts that are not well.
    facts: Vec<Fact>,
    back_merge: Vec<Target>,
}

/// A commit of the fix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Commit {
    oid: Oid,
    summary: String,
    /// When it was written.
    pub time: Timestamp,
    /// It belongs to somebody else's work.
    pub foreign: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Risk {
    score: u32,
    band: &'static str,
    partial: bool,
    points: Vec<Point>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Point {
    points: i32,
    why: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Fact {
    id: &'static str,
    state: &'static str,
    why: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Target {
    target: String,
    why: String,
}

/// The curve of one metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// The metric.
    pub name: String,
    /// What its numbers are.
    pub unit: Unit,
    /// The verdict at the end.
    pub verdict: String,
    /// Its sentence.
    pub why: String,
    /// When it was first suspect.
    pub suspect_at: Option<Timestamp>,
    /// Since when it is regressed.
    pub regressed_at: Option<Timestamp>,
    /// The largest value in it: both populations are drawn to one scale.
    pub top: f64,
    /// The two populations.
    pub points: Vec<Sample>,
}

/// Both populations at one moment; `None` where nothing was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// The baseline.
    pub baseline: Option<f64>,
    /// The canary.
    pub canary: Option<f64>,
}

/// A gate that is not passed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Open {
    id: String,
    text: Option<String>,
    /// Whether it holds its stage; `None` where the journal alone speaks.
    required: Option<bool>,
    why: String,
}

impl Open {
    /// An item that was named when the incident was closed.
    pub fn named(id: &str) -> Self {
        Self { id: id.to_owned(), text: None, required: None, why: "named when the incident was closed".to_owned() }
    }

    fn gate(gate: &GateStatus) -> Self {
        let required = Some(gate.strength == Strength::Required);
        Self { id: gate.id.clone(), text: Some(gate.text.clone()), required, why: gate.why.clone() }
    }
}

impl Live {
    /// What the sources said of the incident whose tip was last at `tip`.
    pub fn of(inputs: &Inputs, gates: &[GateStatus], tip: Option<&Oid>) -> Self {
        let mut live = Self::default();
        match inputs.change.evidence().map(|evidence| (evidence.observed_at, &evidence.value)) {
            Some((_, report)) if tip.is_some() && report.head.oid.as_ref() != tip => {
                live.unknown.push("the change: the repository is at another commit than the incident's tip".into());
            }
            Some((at, report)) => live.change = Some(change(report, at)),
            None => live.unknown.push(format!("the change: git did not answer{}", because(inputs.change.failure()))),
        }
        match inputs.canary.map(|canary| (canary.value(), canary.failure())) {
            Some((Some(report), _)) => live.curves = Some(curves(report)),
            Some((None, failure)) => {
                live.unknown.push(format!("the canary's curves: no answer{}", because(failure)));
            }
            None => live.unknown.push("the canary's curves: none is configured".into()),
        }
        live.open = Some(gates.iter().filter(|gate| !gate.is_passed()).map(Open::gate).collect());
        live
    }

    /// Nothing was asked: the journal alone speaks.
    pub fn unasked(why: &str) -> Self {
        let what = ["the change and its risk", "the canary's curves", "the gates that are open"];
        Self { unknown: what.iter().map(|what| format!("{what}: {why}")).collect(), ..Self::default() }
    }

    /// When the commits of the fix were written, foreign ones left out.
    pub fn commit_times(&self) -> Vec<Timestamp> {
        let commits = self.change.iter().flat_map(|change| &change.commits);
        commits.filter(|commit| !commit.foreign).map(|commit| commit.time).collect()
    }

    /// The tip that git told.
    pub fn subject(&self) -> Option<Subject> {
        self.change.as_ref()?.head.clone().map(Subject::commit)
    }
}

fn because(failure: Option<&crate::evidence::Failure>) -> String {
    failure.map_or_else(String::new, |failure| format!(" ({})", failure.what))
}

fn change(report: &ChangeReport, observed_at: Timestamp) -> Change {
    let bad = report.facts.iter().filter(|fact| matches!(fact.state, FactState::Bad | FactState::Warn));
    Change {
        observed_at,
        production: report.production.reference.clone(),
        production_oid: report.production.oid.clone(),
        head: report.head.oid.clone(),
        files: report.size.map(|size| size.files),
        insertions: report.size.map(|size| size.insertions),
        deletions: report.size.map(|size| size.deletions),
        core_lines: report.core_lines,
        commits: report.commits.iter().take(COMMITS).map(commit).collect(),
        risk: report.risk.as_ref().map(|risk| Risk {
            score: risk.score,
            band: risk.band.label(),
            partial: risk.partial,
            points: risk.points.iter().map(|it| Point { points: it.points, why: it.why.clone() }).collect(),
        }),
        facts: bad.map(|fact| Fact { id: fact.id, state: fact.state.label(), why: fact.why.clone() }).collect(),
        back_merge: report
            .back_merge
            .iter()
            .map(|rung| Target { target: rung.target.clone(), why: rung.why.clone() })
            .collect(),
    }
}

fn commit(commit: &crate::change::model::Commit) -> Commit {
    Commit { oid: commit.oid.clone(), summary: commit.summary.clone(), time: commit.time, foreign: commit.foreign }
}

fn curves(report: &CanaryReport) -> Vec<Curve> {
    report.metrics.iter().map(curve).collect()
}

fn curve(metric: &MetricReport) -> Curve {
    let points = thinned(&metric.scrapes);
    Curve {
        name: metric.name.clone(),
        unit: metric.unit,
        verdict: metric.verdict.label().to_owned(),
        why: metric.why.clone(),
        suspect_at: metric.suspect_at,
        regressed_at: metric.regressed_at,
        top: top(&points),
        points,
    }
}

/// The largest value of either population; 0 without any.
pub fn top(points: &[Sample]) -> f64 {
    points.iter().flat_map(|point| [point.baseline, point.canary]).flatten().fold(0.0, f64::max)
}

/// At most [`POINTS`] points: neighbours are summed up, which keeps a share a share and a value an average.
fn thinned(scrapes: &[Scrape]) -> Vec<Sample> {
    let each = scrapes.len().div_ceil(POINTS).max(1);
    scrapes.chunks(each).filter_map(|chunk| Some(sample(chunk.last()?.at, chunk))).collect()
}

fn sample(at: Timestamp, chunk: &[Scrape]) -> Sample {
    let rate = |arm: fn(&Scrape) -> crate::canary::model::Arm| {
        let seen = chunk.iter().map(arm).filter_map(|arm| arm.bad.zip(arm.total));
        let (bad, total) = seen.fold((0.0, 0.0), |(bad, total), (b, t)| (bad + b, total + t));
        (total > 0.0).then(|| bad / total)
    };
    Sample { at, baseline: rate(|scrape| scrape.baseline), canary: rate(|scrape| scrape.canary) }
}

#[cfg(test)]
impl Change {
    /// A small change with a risk and a stranger's commit.
    pub fn example(observed_at: Timestamp, head: Oid) -> Self {
        let commit = |summary: &str, seconds: i64, foreign| Commit {
            oid: head.clone(),
            summary: summary.into(),
            time: super::fixture::at(seconds),
            foreign,
        };
        Self {
            observed_at,
            production: Some("v2.4.1".into()),
            production_oid: Some(super::fixture::oid('1')),
            files: Some(2),
            insertions: Some(14),
            deletions: Some(3),
            core_lines: Some(11),
            commits: vec![commit("Guard the empty cart", 350, false), commit("Tidy the footer", 200, true)],
            risk: Some(Risk {
                score: 22,
                band: "moderate",
                partial: false,
                points: vec![Point { points: 12, why: "a migration is touched".into() }],
            }),
            facts: vec![Fact { id: "G10", state: "bad", why: "1 commit belongs to somebody else's work".into() }],
            back_merge: vec![Target { target: "main".into(), why: "the tip is in it".into() }],
            head: Some(head),
        }
    }
}
