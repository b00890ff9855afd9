//! A second opinion: the judge of Kayenta (`NetflixACAJudge-v1.0`), for teams that have its configuration.
//!
//! It is a batch test: one look, best with 50 points a side. Looked at after every scrape it cries wolf, so nothing
//! here is ever polled as a gate. Labels, reasons and scores are those of the original; where it rolls dice (both
//! sides constant and different) the sign of the difference is taken. Values that are not finite are left out.

mod brent;
mod classify;
mod document;
pub mod rank_sum;
mod sample;
mod score;

use serde::Serialize;

pub use classify::{Label, Opinion};
pub use document::{Analysis, read, scores};
pub use score::{GroupScore, Score};

use super::model::Verdict;
use classify::classify;
use sample::Summary;

/// Points a side below which Kayenta itself warns.
pub const ENOUGH: usize = 50;

/// One metric of an analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name, clean.
    pub name: String,
    /// The groups that its label counts for.
    pub groups: Vec<String>,
    /// Reported, and left out of the score.
    pub muted: bool,
    /// How it is classified.
    pub rules: Rules,
    /// Values of the baseline; NaN where there is none.
    pub baseline: Vec<f64>,
    /// Values of the canary.
    pub canary: Vec<f64>,
}

/// How a metric is classified.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Which changes count.
    pub direction: Direction,
    /// A missing value counts as zero, rather than not at all.
    pub replace_missing: bool,
    /// Values further than so many interquartile ranges from the quartiles are dropped.
    pub outlier_factor: Option<f64>,
    /// One bad label fails the whole analysis.
    pub critical: bool,
    /// No data is a failure of this metric.
    pub must_have_data: bool,
    /// What an effect has to reach besides being significant.
    pub effect: Effect,
    /// The share of the shift that the interval has to clear; Kayenta's is 0.25.
    pub tolerance: f64,
    /// The confidence of the interval; Kayenta's is 0.98.
    pub confidence: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            direction: Direction::Either,
            replace_missing: false,
            outlier_factor: None,
            critical: false,
            must_have_data: false,
            effect: Effect::neutral(Measure::MeanRatio),
            tolerance: 0.25,
            confidence: 0.98,
        }
    }
}

/// Which changes count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// A rise alone.
    Increase,
    /// A fall alone.
    Decrease,
    /// Both.
    Either,
}

/// What an effect has to reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// How an effect is measured.
    pub measure: Measure,
    /// At least this much for High.
    pub allowed_increase: f64,
    /// At most this much for Low.
    pub allowed_decrease: f64,
    /// At least this much for a critical High.
    pub critical_increase: f64,
    /// At most this much for a critical Low.
    pub critical_decrease: f64,
}

impl Effect {
    /// Any effect counts.
    pub fn neutral(measure: Measure) -> Self {
        let none = if measure == Measure::Cles { 0.5 } else { 1.0 };
        Self {
            measure,
            allowed_increase: none,
            allowed_decrease: none,
            critical_increase: none,
            critical_decrease: none,
        }
    }
}

/// How an effect is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The canary's mean over the baseline's.
    MeanRatio,
    /// The common language effect size: the chance that a value of the canary is the larger one.
    Cles,
}

/// An analysis, judged: what `hotfix judge --method kayenta --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    schema: u32,
    method: &'static str,
    /// In the words of the other judge: Pass is healthy, Marginal suspect, Fail regressed.
    pub verdict: Verdict,
    /// 0 to 100.
    pub score: f64,
    /// `Pass`, `Marginal` or `Fail`; `None` without a threshold.
    pub classification: Option<&'static str>,
    /// Why the score is what it is, where a rule set it to zero.
    pub reason: Option<String>,
    /// The groups, by name.
    pub groups: Vec<GroupScore>,
    /// One each, in the order of the document.
    pub metrics: Vec<JudgedMetric>,
    /// What weakens the opinion.
    pub warnings: Vec<String>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgedMetric {
    /// Its name.
    pub name: String,
    groups: Vec<String>,
    muted: bool,
    #[serde(flatten)]
    opinion: Opinion,
    baseline: Summary,
    canary: Summary,
}

impl JudgedMetric {
    /// Its label, and why.
    pub fn opinion(&self) -> &Opinion {
        &self.opinion
    }
}

/// Judges an analysis.
pub fn judge(analysis: &Analysis) -> Judged {
    let metrics: Vec<JudgedMetric> = analysis.metrics.iter().map(judged).collect();
    let counted: Vec<(&Opinion, &[String])> =
        metrics.iter().filter(|m| !m.muted).map(|m| (&m.opinion, m.groups.as_slice())).collect();
    let Score { score, reason, groups } = score::score(&counted, &analysis.group_weights);
    let classification = score::classification(score, analysis.pass, analysis.marginal);
    let warnings = warnings(&metrics);
    let verdict = match classification {
        Some("Pass") => Verdict::Healthy,
        Some("Marginal") => Verdict::Suspect,
        Some(_) => Verdict::Regressed,
        None => Verdict::Collecting,
    };
    Judged { schema: 1, method: "kayenta", verdict, score, classification, reason, groups, metrics, warnings }
}

fn judged(metric: &Metric) -> JudgedMetric {
    let prepared = |values: &[f64]| sample::prepare(values, &metric.rules);
    let (baseline, canary) = (prepared(&metric.baseline), prepared(&metric.canary));
    JudgedMetric {
        name: metric.name.clone(),
        groups: metric.groups.clone(),
        muted: metric.muted,
        opinion: classify(&metric.name, &baseline, &canary, &metric.rules),
        baseline: Summary::of(&baseline),
        canary: Summary::of(&canary),
    }
}

fn warnings(metrics: &[JudgedMetric]) -> Vec<String> {
    let fewest = metrics.iter().filter(|m| !m.muted).map(|m| m.baseline.count.min(m.canary.count)).min();
    match fewest {
        Some(count) if count < ENOUGH => vec![format!(
            "one of the metrics has {count} points a side, fewer than {ENOUGH}: the score is less certain, and must not be polled"
        )],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
