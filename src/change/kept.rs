//! The change as the journal keeps it.

use super::model::{Fact, FactState, Report};
use crate::evidence::Oid;
use crate::incident::Entry;
use crate::incident::entry::{ChangeSeen, CommitSeen, FactSeen, PointSeen, RiskSeen};

/// So many commits are kept: a hotfix has few, and the number of all is in the facts.
const COMMITS: usize = 50;

/// The entry for the journal; `None` while the tip, production or the risk is unknown.
pub fn entry(report: &Report) -> Option<Entry> {
    let is_known = report.head.oid.is_some() && report.production.oid.is_some() && report.risk.is_some();
    is_known.then(|| Entry::ChangeSeen(Box::new(seen(report))))
}

/// The same, once for each tip and production, as soon as all of it was looked at: a report may have to do without git.
pub fn news(report: &Report, kept: Option<&(Option<Oid>, Option<Oid>)>) -> Option<Entry> {
    let of = (report.head.oid.clone(), report.production.oid.clone());
    let is_whole = report.risk.as_ref().is_some_and(|risk| !risk.partial);
    if kept == Some(&of) || !is_whole { None } else { entry(report) }
}

/// The same as values, however much is known.
pub fn seen(report: &Report) -> ChangeSeen {
    ChangeSeen {
        production: report.production.reference.clone(),
        production_oid: report.production.oid.clone(),
        head: report.head.oid.clone(),
        files: report.size.map(|size| size.files),
        insertions: report.size.map(|size| size.insertions),
        deletions: report.size.map(|size| size.deletions),
        core_lines: report.core_lines,
        commits: report.commits.iter().take(COMMITS).map(commit).collect(),
        risk: report.risk.as_ref().map(|risk| RiskSeen {
            score: risk.score,
            band: risk.band.label().to_owned(),
            partial: risk.partial,
            points: risk.points.iter().map(|it| PointSeen { points: it.points, why: it.why.clone() }).collect(),
        }),
        facts: report.facts.iter().filter(|fact| is_unwell(fact)).map(fact).collect(),
    }
}

fn commit(commit: &super::model::Commit) -> CommitSeen {
    CommitSeen { oid: commit.oid.clone(), summary: commit.summary.clone(), time: commit.time, foreign: commit.foreign }
}

fn is_unwell(fact: &Fact) -> bool {
    matches!(fact.state, FactState::Bad | FactState::Warn)
}

fn fact(fact: &Fact) -> FactSeen {
    FactSeen { id: fact.id.to_owned(), state: fact.state.label().to_owned(), why: fact.why.clone() }
}
