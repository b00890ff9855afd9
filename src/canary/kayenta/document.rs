//! What `hotfix judge --method kayenta` reads, checked with care.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Direction, Effect, Measure, Metric, Rules};
use crate::evidence::text::clean;

const OUTLIER_FACTOR: f64 = 3.0;

/// Everything that is to be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The metrics, in the order of the document.
    pub metrics: Vec<Metric>,
    /// What each group counts of 100.
    pub group_weights: BTreeMap<String, f64>,
    /// The score that passes.
    pub pass: Option<f64>,
    /// The score below which it fails.
    pub marginal: Option<f64>,
}

#[derive(Deserialize)]
struct Document {
    metrics: Vec<RawMetric>,
    #[serde(default, alias = "groupWeights")]
    group_weights: Option<BTreeMap<String, f64>>,
    #[serde(default)]
    pass: Option<f64>,
    #[serde(default)]
    marginal: Option<f64>,
    #[serde(default)]
    tolerance: Option<f64>,
    #[serde(default, alias = "conf", alias = "confLevel")]
    confidence: Option<f64>,
}

#[derive(Deserialize)]
struct RawMetric {
    name: String,
    #[serde(default)]
    groups: Option<Vec<String>>,
    #[serde(default)]
    direction: Option<String>,
    #[serde(default, alias = "nanStrategy")]
    nan_strategy: Option<String>,
    #[serde(default)]
    critical: Option<bool>,
    #[serde(default, alias = "mustHaveData")]
    must_have_data: Option<bool>,
    #[serde(default)]
    muted: Option<bool>,
    #[serde(default)]
    outliers: Option<RawOutliers>,
    #[serde(default, alias = "effectSize")]
    effect_size: Option<RawEffect>,
    #[serde(default)]
    tolerance: Option<f64>,
    #[serde(default, alias = "conf", alias = "confLevel")]
    confidence: Option<f64>,
    #[serde(alias = "control")]
    baseline: Vec<Option<f64>>,
    #[serde(alias = "experiment")]
    canary: Vec<Option<f64>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawOutliers {
    Strategy(String),
    Table {
        #[serde(default)]
        strategy: Option<String>,
        #[serde(default, alias = "outlierFactor", alias = "factor")]
        outlier_factor: Option<f64>,
    },
}

#[derive(Deserialize, Default)]
struct RawEffect {
    #[serde(default)]
    measure: Option<String>,
    #[serde(default, alias = "allowedIncrease")]
    allowed_increase: Option<f64>,
    #[serde(default, alias = "allowedDecrease")]
    allowed_decrease: Option<f64>,
    #[serde(default, alias = "criticalIncrease")]
    critical_increase: Option<f64>,
    #[serde(default, alias = "criticalDecrease")]
    critical_decrease: Option<f64>,
}

/// Reads a document.
///
/// # Errors
/// Says what is wrong with it, and where.
pub fn read(text: &str) -> Result<Analysis, String> {
    let document: Document =
        serde_json::from_str(text).map_err(|e| format!("the analysis cannot be read: {}", clean(&e.to_string())))?;
    if document.metrics.is_empty() {
        return Err("`metrics` is empty: there is nothing to judge".into());
    }
    let (pass, marginal) = scores(document.pass, document.marginal)?;
    let group_weights = document.group_weights.unwrap_or_default();
    if let Some((name, weight)) = group_weights.iter().find(|(_, weight)| !(0.0..=100.0).contains(*weight)) {
        return Err(format!("the weight of the group \"{}\" is {weight}, but has to lie in 0 to 100", clean(name)));
    }
    let group_weights = group_weights.into_iter().map(|(name, weight)| (clean(&name), weight)).collect();
    let (tolerance, confidence) = (document.tolerance, document.confidence);
    let metric = |raw: RawMetric| {
        let name = clean(&raw.name);
        metric(raw, tolerance, confidence).map_err(|what| format!("metric \"{name}\": {what}"))
    };
    let metrics = document.metrics.into_iter().map(metric).collect::<Result<_, _>>()?;
    Ok(Analysis { metrics, group_weights, pass, marginal })
}

/// The scores that pass, and that are not yet a failure.
///
/// # Errors
/// When less passes than is marginal.
pub fn scores(pass: Option<f64>, marginal: Option<f64>) -> Result<(Option<f64>, Option<f64>), String> {
    match (pass, marginal) {
        (Some(pass), Some(marginal)) if pass < marginal => {
            Err(format!("`pass` is {pass}, below `marginal`, {marginal}"))
        }
        both => Ok(both),
    }
}

fn metric(raw: RawMetric, tolerance: Option<f64>, confidence: Option<f64>) -> Result<Metric, String> {
    let original = Rules::default();
    let confidence = raw.confidence.or(confidence).unwrap_or(original.confidence);
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(format!("`confidence` is {confidence}, but has to lie between 0 and 1"));
    }
    let rules = Rules {
        direction: direction(raw.direction.as_deref()),
        replace_missing: raw.nan_strategy.as_deref() == Some("replace"),
        outlier_factor: outlier_factor(raw.outliers)?,
        critical: raw.critical.unwrap_or(false),
        must_have_data: raw.must_have_data.unwrap_or(false),
        effect: effect(&raw.effect_size.unwrap_or_default())?,
        tolerance: raw.tolerance.or(tolerance).unwrap_or(original.tolerance),
        confidence,
    };
    let values =
        |values: Vec<Option<f64>>| values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect::<Vec<_>>();
    // Metrics that name no group count together, as one.
    let groups = raw.groups.filter(|groups| !groups.is_empty()).unwrap_or_else(|| vec!["metrics".to_owned()]);
    Ok(Metric {
        name: clean(&raw.name),
        groups: groups.iter().map(|group| clean(group)).collect(),
        muted: raw.muted.unwrap_or(false),
        rules,
        baseline: values(raw.baseline),
        canary: values(raw.canary),
    })
}

/// As in the original, what is neither word means both.
fn direction(given: Option<&str>) -> Direction {
    match given {
        Some("increase") => Direction::Increase,
        Some("decrease") => Direction::Decrease,
        _ => Direction::Either,
    }
}

/// As in the original, every strategy but `remove` keeps them.
fn outlier_factor(given: Option<RawOutliers>) -> Result<Option<f64>, String> {
    let (strategy, factor) = match given {
        Some(RawOutliers::Strategy(strategy)) => (Some(strategy), None),
        Some(RawOutliers::Table { strategy, outlier_factor }) => (strategy, outlier_factor),
        None => (None, None),
    };
    match factor.unwrap_or(OUTLIER_FACTOR) {
        factor if factor < 0.0 => Err(format!("the outlier factor is {factor}: it cannot be negative")),
        factor => Ok((strategy.as_deref() == Some("remove")).then_some(factor)),
    }
}

fn effect(raw: &RawEffect) -> Result<Effect, String> {
    let measure = match raw.measure.as_deref() {
        None | Some("meanRatio" | "mean_ratio") => Measure::MeanRatio,
        Some("cles") => Measure::Cles,
        Some(other) => {
            return Err(format!("`effect_size.measure` is \"{}\": write meanRatio or cles", clean(other)));
        }
    };
    let neutral = Effect::neutral(measure);
    Ok(Effect {
        measure,
        allowed_increase: raw.allowed_increase.unwrap_or(neutral.allowed_increase),
        allowed_decrease: raw.allowed_decrease.unwrap_or(neutral.allowed_decrease),
        critical_increase: raw.critical_increase.unwrap_or(neutral.critical_increase),
        critical_decrease: raw.critical_decrease.unwrap_or(neutral.critical_decrease),
    })
}
