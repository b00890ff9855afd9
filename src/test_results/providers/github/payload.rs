//! GitHub's answers, as far as they are read. Fields may be missing, null or unknown.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// A page of `GET /repos/{o}/{r}/commits/{sha}/check-runs`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CheckPage {
    /// How many there are on all pages.
    pub total_count: Option<u64>,
    /// Those on this page.
    pub check_runs: Vec<CheckRun>,
}

/// A check run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CheckRun {
    /// Its number.
    pub id: Option<u64>,
    /// Its name.
    pub name: String,
    /// The commit that it is about.
    pub head_sha: String,
    /// `queued`, `in_progress`, `completed` and others.
    pub status: Option<String>,
    /// `success`, `failure` and others, once it is completed.
    pub conclusion: Option<String>,
    /// When it ended.
    #[serde(deserialize_with = "time")]
    pub completed_at: Option<Timestamp>,
    /// Its page where it ran.
    pub details_url: Option<String>,
    /// Its page on GitHub.
    pub html_url: Option<String>,
    /// Who made it.
    pub app: Option<App>,
    /// What it says.
    pub output: Option<Output>,
}

/// The app that made a check.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct App {
    /// Its number.
    pub id: Option<i64>,
    /// Its short name.
    pub slug: Option<String>,
}

/// What a check says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Output {
    /// One line.
    pub title: Option<String>,
    /// Markdown.
    pub summary: Option<String>,
    /// How many places in files it points to.
    pub annotations_count: Option<u64>,
}

/// A page of `GET /repos/{o}/{r}/commits/{sha}/status`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct StatusPage {
    /// The commit.
    pub sha: String,
    /// How many there are on all pages.
    pub total_count: Option<u64>,
    /// Those on this page.
    pub statuses: Vec<Status>,
}

/// A commit status: what other systems report.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Its name.
    pub context: String,
    /// `success`, `pending`, `failure` or `error`.
    pub state: String,
    /// What it says.
    pub description: Option<String>,
    /// Its page.
    pub target_url: Option<String>,
    /// When it was reported.
    #[serde(deserialize_with = "time")]
    pub updated_at: Option<Timestamp>,
}

/// A rule of `GET /repos/{o}/{r}/rules/branches/{branch}`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// `required_status_checks` and many others.
    pub r#type: String,
    /// What it asks for.
    pub parameters: Option<RuleParameters>,
}

/// What a rule asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RuleParameters {
    /// The checks.
    pub required_status_checks: Vec<RuleCheck>,
}

/// A check that a rule asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RuleCheck {
    /// Its name.
    pub context: String,
    /// The app that has to make it.
    pub integration_id: Option<i64>,
}

/// `GET /repos/{o}/{r}/branches/{branch}`, as far as it tells of protection.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Branch {
    /// Classic protection.
    pub protection: Option<Protection>,
}

/// Classic protection.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Protection {
    /// The checks that it asks for.
    pub required_status_checks: Option<ProtectionChecks>,
}

/// The checks that classic protection asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ProtectionChecks {
    /// Their names.
    pub contexts: Vec<String>,
    /// Their names, with their apps.
    pub checks: Vec<ProtectionCheck>,
}

/// A check that classic protection asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ProtectionCheck {
    /// Its name.
    pub context: String,
    /// The app that has to make it.
    pub app_id: Option<i64>,
}

/// `GET /repos/{o}/{r}`, as far as it is of use.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Repository {
    /// The branch that others start from.
    pub default_branch: Option<String>,
}

/// A page of `GET /repos/{o}/{r}/actions/runs`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RunPage {
    /// How many there are on all pages.
    pub total_count: Option<u64>,
    /// Those on this page.
    pub workflow_runs: Vec<WorkflowRun>,
}

/// A run of a workflow.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WorkflowRun {
    /// Its number.
    pub id: u64,
    /// The workflow's name.
    pub name: Option<String>,
    /// Its number as people see it.
    pub run_number: Option<u64>,
    /// Which attempt this is.
    pub run_attempt: Option<u32>,
    /// The file of the workflow.
    pub path: Option<String>,
    /// What started it.
    pub event: String,
    /// The commit.
    pub head_sha: String,
    /// As of a check.
    pub status: Option<String>,
    /// As of a check.
    pub conclusion: Option<String>,
    /// Its page.
    pub html_url: Option<String>,
    /// When it changed last.
    #[serde(deserialize_with = "time")]
    pub updated_at: Option<Timestamp>,
}

/// `GET /repos/{o}/{r}/actions/jobs/{id}`: GitHub shows a job as a check run of the same number.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Job {
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A step of a job.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// As of a check.
    pub conclusion: Option<String>,
}

/// A page of `GET /repos/{o}/{r}/actions/runs/{id}/artifacts`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ArtifactPage {
    /// How many there are on all pages.
    pub total_count: Option<u64>,
    /// Those on this page.
    pub artifacts: Vec<Artifact>,
}

/// An artifact.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Artifact {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its size, packed.
    pub size_in_bytes: u64,
    /// Whether it was thrown away.
    pub expired: bool,
    /// When it was made.
    #[serde(deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
}

/// A place in a file that a check points to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Annotation {
    /// The file.
    pub path: String,
    /// The line.
    pub start_line: Option<u64>,
    /// `failure`, `warning` or `notice`.
    pub annotation_level: Option<String>,
    /// What is wrong there.
    pub message: Option<String>,
}

/// A time; `None` for what is none.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| text.parse().ok()))
}
