//! `hotfix.toml` as values. Every field has the meaning that README.md, "Configuration", gives it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration;
pub use super::secret::Secret;

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The version of the format: 1.
    pub version: Option<u32>,
    /// What runs in production.
    pub production: Production,
    /// Branches.
    pub git: Git,
    /// What counts as small.
    pub limits: Limits,
    /// Where test results come from.
    pub tests: Vec<TestSource>,
    /// How the canary is judged.
    pub canary: Option<Canary>,
    /// How production goes back.
    pub rollback: Option<Rollback>,
    /// Changes to the default checklist.
    pub checklist: Checklist,
    /// Whom to tell.
    pub comms: Vec<Comms>,
}

/// `[production]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Production {
    /// A tag glob (the newest reachable one by version), a branch, or any revision. Default `v*`.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// An endpoint that tells the deployed commit.
    pub deployed: Option<Endpoint>,
}

/// An address that answers with a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Where.
    pub url: String,
    /// A path into the JSON answer, such as `$.commit`; the whole body as text without it.
    pub json: Option<String>,
    /// A bearer token.
    pub token: Option<Secret>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// `[git]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Git {
    /// Which way fixes travel.
    pub strategy: Strategy,
    /// Branches or globs that the fix must reach.
    pub targets: Vec<String>,
    /// How hotfix branches are called, with `{slug}`.
    pub branch: String,
    /// A regular expression for ticket keys.
    pub ticket: Option<String>,
    /// The remote.
    pub remote: String,
}

/// Which way fixes travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// A hotfix branch from production, promoted to every target after the deploy.
    #[default]
    BackPromotion,
    /// The fix on trunk first, then cherry-picked to production.
    TrunkFirst,
}

impl Default for Git {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            targets: Vec::new(),
            branch: "hotfix/{slug}".into(),
            ticket: None,
            remote: "origin".into(),
        }
    }
}

/// `[limits]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Changed core lines that still count as small.
    pub core_lines: u64,
    /// Changed core files that still count as small.
    pub files: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { core_lines: 200, files: 10 }
    }
}

/// `[[tests]]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TestSource {
    /// What the screen calls it.
    pub name: String,
    /// Globs of JUnit files, relative to the repository's root.
    pub junit: Vec<String>,
    /// Check runs of a commit on GitHub.
    pub github: Option<GitHub>,
    /// Whether the checklist needs it.
    pub required: Option<bool>,
}

/// A repository on GitHub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitHub {
    /// `owner/name`.
    pub repository: String,
    /// A token that may read checks.
    pub token: Option<Secret>,
    /// The API of a GitHub of one's own; `https://api.github.com` without it.
    pub api: Option<String>,
}

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

/// `[rollback]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// Who does it.
    #[serde(default)]
    pub engine: Engine,
    /// What it goes back to: a revision; the newest production tag before the present one without it.
    pub to: Option<String>,
    /// The steps, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// The check of the world at the end.
    pub verify: Option<Verify>,
}

/// Who carries a rollback out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// The steps that the file lists.
    #[default]
    Steps,
    /// Argo Rollouts.
    ArgoRollouts,
    /// A Kubernetes deployment.
    Kubernetes,
    /// A Helm release.
    Helm,
    /// A compensating deployment to a Salesforce org.
    Salesforce,
    /// A workflow of GitHub Actions.
    GithubActions,
}

/// One step of a rollback: a command or a request. Placeholders: `{to.version}`, `{to.sha}`,
/// `{from.version}`, `{from.sha}`, each filling (part of) one argument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What the screen calls it.
    pub name: String,
    /// A command: program and arguments, never a shell line.
    pub run: Option<Vec<String>>,
    /// A request.
    pub http: Option<Request>,
    /// A harmless form of the command for rehearsals.
    pub rehearse: Option<Vec<String>>,
    /// How long it may take.
    #[serde(default = "sixty_seconds", with = "duration")]
    pub timeout: Duration,
    /// How to see in the world that it took effect.
    pub verify: Option<Verify>,
    /// Whether it may be issued twice without harm.
    #[serde(default)]
    pub idempotent: bool,
    /// Whether there is no way back from it.
    #[serde(default)]
    pub irreversible: bool,
}

/// An HTTP request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Default `POST`.
    #[serde(default = "post")]
    pub method: String,
    /// Where.
    pub url: String,
    /// A JSON body.
    pub json: Option<serde_json::Value>,
    /// A bearer token.
    pub token: Option<Secret>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// A look at the world: a command or an address, and what it must answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// A command that must end with 0, and print `equals` if that is given.
    pub run: Option<Vec<String>>,
    /// An address that must answer 2xx.
    pub url: Option<String>,
    /// A path into its JSON answer.
    pub json: Option<String>,
    /// What is expected there, with placeholders.
    pub equals: Option<String>,
    /// How long to keep looking.
    #[serde(default = "sixty_seconds", with = "duration")]
    pub within: Duration,
    /// A bearer token.
    pub token: Option<Secret>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// `[checklist]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Checklist {
    /// Ids of default items that do not apply to this team.
    pub drop: Vec<String>,
    /// How long the canary must be watched before item c7 holds.
    pub canary_minutes: Option<u64>,
    /// How many requests the canary must have seen before item c7 holds.
    pub canary_requests: Option<u64>,
}

/// `[[comms]]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comms {
    /// What the screen calls the channel.
    pub name: String,
    /// An incoming webhook of Slack.
    pub slack: Option<Slack>,
}

/// A channel on Slack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The address to post to, which is a secret.
    pub webhook: Secret,
}

fn fifteen_seconds() -> Duration {
    Duration::from_secs(15)
}

fn sixty_seconds() -> Duration {
    Duration::from_secs(60)
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

fn post() -> String {
    "POST".into()
}
