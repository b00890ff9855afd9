//! `[[comms]]`: whom to tell, and through what.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::duration;
use super::Secret;

/// `[[comms]]`: a channel. It has exactly one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comms {
    /// What the screen calls the channel.
    pub name: String,
    /// Slack.
    pub slack: Option<Slack>,
    /// Microsoft Teams: a webhook of a workflow.
    pub teams: Option<Hook>,
    /// Discord.
    pub discord: Option<Hook>,
    /// Mattermost.
    pub mattermost: Option<Hook>,
    /// Anything that takes JSON by POST.
    pub webhook: Option<Webhook>,
    /// E-mail.
    pub email: Option<Email>,
    /// Events of PagerDuty.
    pub pagerduty: Option<PagerDuty>,
    /// An incident on a page of Statuspage.
    pub statuspage: Option<Statuspage>,
    /// Comments on an issue on GitHub.
    pub github: Option<GitHubIssue>,
    /// Comments on an issue on GitLab.
    pub gitlab: Option<GitLabIssue>,
    /// Comments on an issue in Jira.
    pub jira: Option<JiraIssue>,
    /// A command that takes the text on its standard input.
    pub command: Option<TellingCommand>,
    /// How long one attempt may take.
    #[serde(default = "ten_seconds", with = "duration")]
    pub timeout: Duration,
}

/// `[notices]`: what a notice begins with, for each stage and for the end. `{what}` and the like are filled in; a line
/// that names a fact which nobody knows is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notices {
    /// We look into it.
    pub assess: Option<String>,
    /// We make a fix.
    pub develop: Option<String>,
    /// We bring it to production.
    pub deploy: Option<String>,
    /// We watch it there.
    pub monitor: Option<String>,
    /// It is over.
    pub resolved: Option<String>,
}

/// A channel on Slack: a webhook, or a token with a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The address of an incoming webhook, which is a secret.
    pub webhook: Option<Secret>,
    /// A bot's token, for `chat.postMessage`; it tells the message's id.
    pub token: Option<Secret>,
    /// The channel's id or name, with `token`.
    pub channel: Option<String>,
    /// Where the API is; `https://slack.com/api` without it.
    pub api: Option<String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// A webhook whose address is a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// The address to post to.
    pub webhook: Secret,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// A webhook of one's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The address to post to, where it is no secret.
    pub url: Option<String>,
    /// The same where it is one.
    pub address: Option<Secret>,
    /// A bearer token.
    pub token: Option<Secret>,
    /// A key: the body is signed with HMAC-SHA-256.
    pub sign: Option<Secret>,
    /// Whether the receiver tells repetitions by `Idempotency-Key`: then an attempt whose outcome is unknown is repeated.
    #[serde(default)]
    pub idempotent: bool,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// E-mail over SMTP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    /// `host` or `host:port`; the port is 587, with `tls = "implicit"` 465.
    pub server: String,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: MailTls,
    /// The user, with `password`.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// A file of certificates (PEM) that are trusted beside those of this machine; relative to the repository.
    pub ca: Option<PathBuf>,
    /// Who writes: `Incidents <incidents@acme.example>`.
    pub from: String,
    /// Who gets it.
    pub to: Vec<String>,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// By STARTTLS, without which nothing is sent.
    #[default]
    Starttls,
    /// From the first byte.
    Implicit,
    /// Not at all: for this machine alone.
    None,
}

/// PagerDuty, Events API v2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerDuty {
    /// The integration key of the service.
    pub routing_key: Secret,
    /// Where events go; `https://events.pagerduty.com` without it.
    pub api: Option<String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// Statuspage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statuspage {
    /// The page's id.
    pub page: String,
    /// An API key.
    pub token: Secret,
    /// The ids of the components that are affected. They are operational again when the incident is resolved.
    #[serde(default)]
    pub components: Vec<String>,
    /// Whether subscribers are mailed.
    #[serde(default = "yes")]
    pub notify: bool,
    /// Where the API is; `https://api.statuspage.io` without it.
    pub api: Option<String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// An issue on GitHub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitHubIssue {
    /// `owner/name`.
    pub repository: String,
    /// The issue's number; without it the incident's ticket.
    pub issue: Option<u64>,
    /// A token that may write issues.
    pub token: Secret,
    /// The API of a GitHub of one's own; `https://api.github.com` without it.
    pub api: Option<String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// An issue on GitLab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitLabIssue {
    /// `group/name`, or the project's number.
    pub project: String,
    /// The issue's number within the project; without it the incident's ticket.
    pub issue: Option<u64>,
    /// A token with the scope `api`.
    pub token: Secret,
    /// A GitLab of one's own; `https://gitlab.com` without it.
    pub url: Option<String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// An issue in Jira.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JiraIssue {
    /// `https://acme.atlassian.net`, or the address of a server of one's own.
    pub url: String,
    /// The issue's key; without it the incident's ticket.
    pub issue: Option<String>,
    /// The account's address in the cloud, whose API token is `token`; without it `token` is a personal access token.
    pub user: Option<String>,
    /// The token.
    pub token: Secret,
    /// Which Jira it is; by its address without it.
    pub api: Option<JiraApi>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// Which Jira it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JiraApi {
    /// Atlassian's: version 3, documents.
    Cloud,
    /// One's own: version 2, text.
    Server,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TellingCommand {
    /// Program and arguments, never a shell line.
    pub run: Vec<String>,
    /// Whether it tells repetitions by `HOTFIX_NOTICE_KEY`: then an attempt whose outcome is unknown is repeated.
    #[serde(default)]
    pub idempotent: bool,
}

impl Comms {
    /// The names of the kinds that it has; a right one has exactly one.
    pub fn kinds(&self) -> Vec<&'static str> {
        let all = [
            ("slack", self.slack.is_some()),
            ("teams", self.teams.is_some()),
            ("discord", self.discord.is_some()),
            ("mattermost", self.mattermost.is_some()),
            ("webhook", self.webhook.is_some()),
            ("email", self.email.is_some()),
            ("pagerduty", self.pagerduty.is_some()),
            ("statuspage", self.statuspage.is_some()),
            ("github", self.github.is_some()),
            ("gitlab", self.gitlab.is_some()),
            ("jira", self.jira.is_some()),
            ("command", self.command.is_some()),
        ];
        all.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
    }
}

impl Slack {
    /// Where the API is.
    pub fn api(&self) -> &str {
        base(self.api.as_deref(), "https://slack.com/api")
    }
}

impl PagerDuty {
    /// Where events go.
    pub fn enqueue(&self) -> String {
        format!("{}/v2/enqueue", base(self.api.as_deref(), "https://events.pagerduty.com"))
    }
}

impl Statuspage {
    /// The incidents of the page.
    pub fn incidents(&self) -> String {
        format!("{}/v1/pages/{}/incidents", base(self.api.as_deref(), "https://api.statuspage.io"), self.page)
    }
}

impl GitHubIssue {
    /// The repository's issues.
    pub fn issues(&self) -> String {
        format!("{}/repos/{}/issues", base(self.api.as_deref(), "https://api.github.com"), self.repository)
    }
}

impl GitLabIssue {
    /// The project's issues.
    pub fn issues(&self) -> String {
        let base = base(self.url.as_deref(), "https://gitlab.com");
        format!("{base}/api/v4/projects/{}/issues", self.project.replace('/', "%2F"))
    }
}

impl JiraIssue {
    /// Which Jira it is.
    pub fn api(&self) -> JiraApi {
        let is_cloud = || self.url.trim_end_matches('/').ends_with(".atlassian.net");
        self.api.unwrap_or(if is_cloud() { JiraApi::Cloud } else { JiraApi::Server })
    }

    /// Its issues.
    pub fn issues(&self) -> String {
        let version = match self.api() {
            JiraApi::Cloud => 3,
            JiraApi::Server => 2,
        };
        format!("{}/rest/api/{version}/issue", self.url.trim_end_matches('/'))
    }
}

impl Email {
    /// Host and port of the server.
    pub fn place(&self) -> Option<(String, u16)> {
        let usual = if self.tls == MailTls::Implicit { 465 } else { 587 };
        let (host, port) = match self.server.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()?),
            _ => (self.server.as_str(), usual),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (!host.is_empty()).then(|| (host.to_owned(), port))
    }
}

fn base<'a>(given: Option<&'a str>, usual: &'a str) -> &'a str {
    given.unwrap_or(usual).trim_end_matches('/')
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

fn yes() -> bool {
    true
}
