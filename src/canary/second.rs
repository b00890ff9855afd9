//! The second opinion beside the verdict: what Kayenta's judge would say of the same scrapes (pure). It is shown, and
//! decides nothing: looked at after every scrape it would cry wolf.

use serde::Serialize;

use super::kayenta::{self, Analysis, Direction, ENOUGH, Metric, Rules};
use super::model::{Arm, MetricReport, Scrape};
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
        let metrics: Vec<Metric> = metrics.iter().map(metric).collect();
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

fn metric(row: &MetricReport) -> Metric {
    let rates = |of: fn(&Scrape) -> Arm| row.scrapes.iter().filter_map(|scrape| of(scrape).rate()).collect();
    let rules = Rules { direction: Direction::Increase, critical: row.critical, ..Rules::default() };
    Metric {
        name: row.name.clone(),
        groups: vec!["metrics".to_owned()],
        muted: false,
        rules,
        baseline: rates(|scrape| scrape.baseline),
        canary: rates(|scrape| scrape.canary),
    }
}
