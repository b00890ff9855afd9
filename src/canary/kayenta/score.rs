//! From labels to one score, and from the score to a classification.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Label, Opinion};

/// What the labels come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// 0 to 100.
    pub score: f64,
    /// Why it is zero, where a rule made it so.
    pub reason: Option<String>,
    /// The groups, by name.
    pub groups: Vec<GroupScore>,
}

/// What the labels of one group come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupScore {
    /// Its name.
    pub name: String,
    /// The share of metrics that pass, 0 to 100; `None` where no label counts.
    pub score: Option<f64>,
    /// Its part of the whole, 0 to 100.
    pub weight: f64,
}

/// The score of all metrics that are not muted, with their groups.
pub fn score(metrics: &[(&Opinion, &[String])], weights: &BTreeMap<String, f64>) -> Score {
    let groups = groups(metrics, weights);
    let failed = |why: &str| Some(format!("Canary Failed: {why}"));
    let critical = metrics.iter().find(|(opinion, _)| opinion.critical && opinion.label != Label::Pass);
    let empty = metrics.iter().filter(|(opinion, _)| opinion.label == Label::Nodata).count();
    if let Some((opinion, _)) = critical {
        return Score { score: 0.0, reason: failed(opinion.reason.as_deref().unwrap_or_default()), groups };
    }
    if metrics.is_empty() || empty * 2 >= metrics.len() {
        return Score { score: 0.0, reason: failed("50% or more metrics returned NODATA"), groups };
    }
    // A group in which nothing counts weighs as if it had passed.
    let sum: f64 = groups.iter().map(|group| group.score.unwrap_or(100.0) * (group.weight / 100.0)).sum();
    Score { score: (sum * 100.0 + 0.5).floor() / 100.0, reason: None, groups }
}

/// The groups that the metrics name. Those without a weight share what the configured ones leave; the weight of a
/// group that nobody names is lost.
fn groups(metrics: &[(&Opinion, &[String])], weights: &BTreeMap<String, f64>) -> Vec<GroupScore> {
    let mut labels: BTreeMap<&str, Vec<Label>> = BTreeMap::new();
    for (opinion, groups) in metrics {
        groups.iter().for_each(|group| labels.entry(group).or_default().push(opinion.label));
    }
    let unweighted = labels.keys().filter(|name| !weights.contains_key(**name)).count();
    let shared = (100.0 - weights.values().sum::<f64>()) / unweighted.max(1) as f64;
    let group = |(name, labels): (&str, Vec<Label>)| GroupScore {
        name: name.to_owned(),
        score: share_passed(&labels),
        weight: weights.get(name).copied().unwrap_or(shared),
    };
    labels.into_iter().map(group).collect()
}

fn share_passed(labels: &[Label]) -> Option<f64> {
    let passed = labels.iter().filter(|label| **label == Label::Pass).count();
    let counted = |label: &&Label| !matches!(label, Label::Nodata | Label::Error);
    let counted = labels.iter().filter(counted).count();
    (counted > 0).then(|| 100.0 * passed as f64 / counted as f64)
}

/// `Pass` from `pass` on, `Marginal` from `marginal` on, `Fail` below; `None` without any threshold. Where only
/// `marginal` is set, what is above it passes.
pub fn classification(score: f64, pass: Option<f64>, marginal: Option<f64>) -> Option<&'static str> {
    match (pass, marginal) {
        (Some(pass), _) if score >= pass => Some("Pass"),
        (Some(_), Some(marginal)) if score >= marginal => Some("Marginal"),
        (None, Some(marginal)) if score > marginal => Some("Pass"),
        (None, None) => None,
        _ => Some("Fail"),
    }
}
