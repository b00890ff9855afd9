//! `[canary]`: what is measured, and how it is judged.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::duration;
use super::Secret;

/// `[canary]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// Who is asked.
    pub source: MetricSource,
    /// Replaces `$scope` in the queries for the baseline's population.
    pub baseline: String,
    /// Replaces `$scope` in the queries for the canary's population.
    pub canary: String,
    /// Between two scrapes.
    #[serde(default = "fifteen_seconds", with = "duration")]
    pub interval: Duration,
    /// The chance of one false alarm over the whole incident, however often one looks.
    #[serde(default = "five_percent")]
    pub false_alarm: f64,
    /// The rate of the canary that still counts as no worse, as a ratio to the baseline's.
    #[serde(default = "one")]
    pub margin: f64,
    /// What is measured.
    pub metrics: Vec<Metric>,
    /// How far back the first look reaches.
    #[serde(default = "thirty_minutes", with = "duration")]
    pub lookback: Duration,
}

/// A server of metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricSource {
    /// The base address of a server that speaks the Prometheus API.
    pub prometheus: String,
    /// A bearer token.
    pub token: Option<Secret>,
    /// More headers; a tenant for instance.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// `[[canary.metrics]]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// What the screen calls it.
    pub name: String,
    /// How it is judged.
    #[serde(default)]
    pub kind: MetricKind,
    /// The counter of bad events, with `$scope` (ratio).
    pub bad: Option<String>,
    /// The counter of all events, with `$scope` (ratio).
    pub total: Option<String>,
    /// Which way is worse.
    #[serde(default)]
    pub worse: Worse,
    /// Whether it decides the verdict of the whole canary.
    #[serde(default)]
    pub critical: bool,
    /// The bad ratio that is allowed in absolute terms.
    pub slo: Option<f64>,
    /// The histogram's buckets, with `$scope` (quantile), or the value itself (gauge).
    pub query: Option<String>,
    /// Which quantile, between 0 and 1 (quantile).
    pub q: Option<f64>,
}

/// How a metric is judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricKind {
    /// Bad events among all events, from two counters.
    #[default]
    Ratio,
    /// A quantile of a histogram.
    Quantile,
    /// A value that goes up and down.
    Gauge,
}

/// Which way is worse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Worse {
    /// A higher value is worse.
    #[default]
    Higher,
    /// A lower value is worse.
    Lower,
}

fn fifteen_seconds() -> Duration {
    Duration::from_secs(15)
}

fn thirty_minutes() -> Duration {
    Duration::from_secs(30 * 60)
}

fn five_percent() -> f64 {
    0.05
}

fn one() -> f64 {
    1.0
}
