//! The second opinion beside the verdict: what Kayenta's judge would say of the same scrapes (pure). It is shown, and
//! decides nothing: looked at after every scrape it would cry wolf.

use serde::Serialize;

use super::kayenta::{self, Analysis, Direction, ENOUGH, Metric, Rules};
use super::model::{Arm, MetricReport};
use crate::config::schema;

/// What Kayenta's judge says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SecondOpinion {
    /// 0 to 100; `None` before there are 50 points a side.
    pub score: Option<f64>,
    /// `Pass`, `Marginal` or `Fail`.
    pub classification: Option<&'static str>,
    /// Points of the side that has the fewest.
    pub points: usize,
}

impl SecondOpinion {
    /// Of these metrics, whose bad ratios or values are compared.
    pub fn of(config: &schema::Kayenta, metrics: &[MetricReport]) -> Self {
        let arms = |row: &MetricReport| row.scrapes.iter().map(|it| (it.baseline, it.canary)).collect::<Vec<_>>();
        let metrics: Vec<Metric> =
            metrics.iter().map(|row| metric(&row.name, row.critical, arms(row).into_iter())).collect();
        let points = metrics.iter().map(|m| m.baseline.len().min(m.canary.len())).min().unwrap_or(0);
        if points < ENOUGH {
            return Self { score: None, classification: None, points };
        }
        let (pass, marginal) = (Some(config.pass), Some(config.marginal));
        let judged = kayenta::judge(&Analysis { metrics, group_weights: Default::default(), pass, marginal });
        Self { score: Some(judged.score), classification: judged.classification, points }
    }

    /// In a few words: `Kayenta: Pass 93`.
    pub fn words(&self) -> String {
        match (self.classification, self.score) {
            (Some(classification), Some(score)) => format!("Kayenta: {classification} {score:.0}"),
            _ => format!("Kayenta: from {ENOUGH} points a side, {} now", self.points),
        }
    }
}

/// A metric for Kayenta's judge: its bad ratios or values, those of the baseline and of the canary.
pub fn metric(name: &str, critical: bool, arms: impl Iterator<Item = (Arm, Arm)> + Clone) -> Metric {
    let rules = Rules { direction: Direction::Increase, critical, ..Rules::default() };
    Metric {
        name: name.to_owned(),
        groups: vec!["metrics".to_owned()],
        muted: false,
        rules,
        baseline: arms.clone().filter_map(|(baseline, _)| baseline.rate()).collect(),
        canary: arms.filter_map(|(_, canary)| canary.rate()).collect(),
    }
}
