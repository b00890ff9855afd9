//! What the sources had seen at a turn of the incident: kept, so that whoever reads the journal later needs neither the
//! repository nor the metric server.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::evidence::Oid;

/// The change that is to be shipped, as git told it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSeen {
    /// What runs in production: a tag, a branch.
    pub production: Option<String>,
    /// Its commit.
    pub production_oid: Option<Oid>,
    /// The hotfix tip.
    pub head: Option<Oid>,
    /// Changed files.
    pub files: Option<u64>,
    /// Added lines.
    pub insertions: Option<u64>,
    /// Removed lines.
    pub deletions: Option<u64>,
    /// Changed lines that count.
    pub core_lines: Option<u64>,
    /// The commits, newest first, as far as they are listed.
    pub commits: Vec<CommitSeen>,
    /// What it risks; `None` where that was not worked out.
    pub risk: Option<RiskSeen>,
    /// Facts that were not well.
    pub facts: Vec<FactSeen>,
}

/// A commit of the fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitSeen {
    /// Its id.
    pub oid: Oid,
    /// Its first line.
    pub summary: String,
    /// When it was written.
    pub time: Timestamp,
    /// It belongs to somebody else's work.
    pub foreign: bool,
}

/// What the change risks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskSeen {
    /// The sum of the points.
    pub score: u32,
    /// What it comes to.
    pub band: String,
    /// Something was not looked at: it may be more.
    pub partial: bool,
    /// Where the points come from.
    pub points: Vec<PointSeen>,
}

/// A rule and what it added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointSeen {
    /// What it added; relief takes away.
    pub points: i32,
    /// One sentence.
    pub why: String,
}

/// A fact that was not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactSeen {
    /// `G10`
    pub id: String,
    /// `warn` or `bad`.
    pub state: String,
    /// One sentence.
    pub why: String,
}

/// The curves of the canary's metrics up to a turn of its verdict.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvesSeen {
    /// The metrics, the worst first.
    pub metrics: Vec<CurveSeen>,
}

/// The curve of one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveSeen {
    /// The metric.
    pub name: String,
    /// `share` of bad events among all, or `value`.
    pub unit: String,
    /// The verdict then.
    pub verdict: String,
    /// Its sentence.
    pub why: String,
    /// When it was first suspect.
    pub suspect_at: Option<Timestamp>,
    /// Since when it was regressed.
    pub regressed_at: Option<Timestamp>,
    /// The largest value in it: both populations are drawn to one scale.
    pub top: f64,
    /// Both populations, oldest first.
    pub points: Vec<Sample>,
}

/// Both populations at one moment; `None` where nothing was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// The baseline.
    pub baseline: Option<f64>,
    /// The canary.
    pub canary: Option<f64>,
}

impl ChangeSeen {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        let number = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let head = self.head.as_ref().map_or("?", Oid::short);
        let from = self.production.as_deref().unwrap_or("?");
        let risk = self.risk.as_ref().map_or_else(String::new, |risk| format!(", risk {} ({})", risk.score, risk.band));
        let (files, more, less) = (number(self.files), number(self.insertions), number(self.deletions));
        format!("the change from {from} to {head}: {files} files, +{more} -{less}{risk}")
    }
}

impl CurvesSeen {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        let names: Vec<_> = self.metrics.iter().map(|metric| metric.name.as_str()).collect();
        format!("kept the canary's curves: {}", names.join(", "))
    }
}
