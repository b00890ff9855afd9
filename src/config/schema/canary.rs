//! `[canary]`: what is measured, and how it is judged.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::duration;
use super::{Deployed, Secret};

/// `[canary]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// Who is asked.
    pub source: MetricSource,
    /// Replaces `$scope` in the queries for the baseline's population.
    #[serde(default)]
    pub baseline: String,
    /// Replaces `$scope` in the queries for the canary's population.
    #[serde(default)]
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
    /// A regression has to be proven by one bet in each such block as well: for pods that have bad minutes.
    #[serde(default, with = "duration::optional", skip_serializing_if = "Option::is_none")]
    pub block: Option<Duration>,
    /// Show beside the verdict what Kayenta's judge would say.
    pub kayenta: Option<Kayenta>,
    /// What people report after the deploy.
    pub feedback: Option<Feedback>,
    /// Who tells which commit the canary runs.
    pub deployed: Option<Deployed>,
    /// What is measured.
    pub metrics: Vec<Metric>,
    /// How far back the first look reaches.
    #[serde(default = "thirty_minutes", with = "duration")]
    pub lookback: Duration,
}

/// The thresholds of Kayenta's judge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kayenta {
    /// The score that passes, 0 to 100.
    pub pass: f64,
    /// The score below which it fails.
    pub marginal: f64,
}

/// `[canary.feedback]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// A file with one report a line, as `hotfix feedback add` writes it; it counts from the repository's root.
    pub file: Option<String>,
    /// Who counts the reports since the canary is watched: a server that answers in JSON, or a command.
    pub source: Option<Box<MetricSource>>,
    /// How many reports are usual in an hour.
    pub usual: Option<f64>,
}

/// Who is asked for metrics: one of these.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricSource {
    /// The base address of a server that speaks the Prometheus API.
    pub prometheus: Option<String>,
    /// The services themselves.
    pub openmetrics: Option<OpenMetrics>,
    /// A server that answers in JSON.
    pub http_json: Option<HttpJson>,
    /// A command.
    pub command: Option<CommandSource>,
    /// Datadog; `token` is its API key.
    pub datadog: Option<Datadog>,
    /// Grafana; `token` is that of a service account.
    pub grafana: Option<Grafana>,
    /// A bearer token.
    pub token: Option<Secret>,
    /// More headers; a tenant for instance.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// Services whose metrics are scraped directly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenMetrics {
    /// Addresses of the baseline's services.
    pub baseline: Vec<String>,
    /// Addresses of the canary's services.
    pub canary: Vec<String>,
}

/// What the numbers of a source are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Values {
    /// Running totals, which are counted here.
    #[default]
    Counter,
    /// What was added since the number before.
    Increment,
}

/// A server that answers in JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpJson {
    /// The address; `$query`, `$start`, `$end` and `$step` are replaced.
    pub url: String,
    /// `GET`, or `POST` with a body, unless said otherwise.
    pub method: Option<String>,
    /// A body of JSON, with the same replacements.
    pub body: Option<String>,
    /// Where the number is: a JSONPath; one for each time where `time` is set.
    pub value: String,
    /// Where the times are: a JSONPath.
    pub time: Option<String>,
    /// What the numbers are.
    #[serde(default)]
    pub values: Values,
    /// What a time is of, where the numbers are what was added.
    #[serde(default)]
    pub times: Times,
    /// How long the newest numbers are still incomplete.
    #[serde(default, with = "duration")]
    pub lag: Duration,
}

/// A command that prints a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandSource {
    /// Program and arguments; `$query` is replaced.
    pub run: Vec<String>,
    /// Where the number is in what it prints: a JSONPath. Without it, the first number counts.
    pub value: Option<String>,
    /// What the numbers are.
    #[serde(default)]
    pub values: Values,
    /// How long it may take.
    #[serde(default = "ten_seconds", with = "duration")]
    pub timeout: Duration,
}

/// Datadog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Datadog {
    /// `datadoghq.com`, `us3.datadoghq.com`, `datadoghq.eu` and so on.
    #[serde(default = "datadog_site")]
    pub site: String,
    /// The address of its API, where it is another one.
    pub address: Option<String>,
    /// The application key.
    pub application_key: Option<Secret>,
}

impl Datadog {
    /// The address of its API.
    pub fn api(&self) -> String {
        self.address.clone().unwrap_or_else(|| format!("https://api.{}", self.site))
    }
}

/// Grafana.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grafana {
    /// Its base address.
    pub address: String,
    /// The uid of the data source.
    pub datasource: String,
    /// The query as the panel's inspector shows it, with `$query` in it; PromQL without it.
    pub query: Option<BTreeMap<String, serde_json::Value>>,
    /// What the numbers are.
    #[serde(default)]
    pub values: Values,
    /// What a time is of, where the numbers are what was added.
    #[serde(default)]
    pub times: Times,
    /// How long the newest numbers are still incomplete.
    #[serde(default, with = "duration")]
    pub lag: Duration,
}

/// What a time is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Times {
    /// The end of the step in which it was added.
    #[default]
    End,
    /// Its beginning.
    Begin,
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
    /// The bucket edges beyond which an event is slow, three to five; chosen from the baseline without it (quantile).
    pub boundaries: Option<Vec<f64>>,
    /// Its part of the false alarm, relative to the other metrics that decide.
    #[serde(default = "one")]
    pub weight: f64,
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

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

fn datadog_site() -> String {
    "datadoghq.com".to_owned()
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
