//! `[tracker]`: where the incident's issue is.

use serde::{Deserialize, Serialize};

use super::Secret;

/// `[tracker]`: exactly one of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tracker {
    /// Issues on GitHub.
    pub github: Option<GitHubTracker>,
    /// Issues on GitLab.
    pub gitlab: Option<GitLabTracker>,
    /// Issues in Jira.
    pub jira: Option<JiraTracker>,
    /// Any other: an address with `{ticket}` in its path or query, which answers 2xx while the issue is there.
    pub url: Option<String>,
    /// A bearer token for `url`.
    pub token: Option<Secret>,
    /// Plain http to a host that is not this machine.
    pub allow_http: bool,
}

/// Issues on GitHub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitHubTracker {
    /// `owner/name`.
    pub repository: String,
    /// A token that may read issues; a public repository needs none.
    pub token: Option<Secret>,
    /// The API of a GitHub of one's own; `https://api.github.com` without it.
    pub api: Option<String>,
}

/// Issues on GitLab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitLabTracker {
    /// `group/name`, or the project's number.
    pub project: String,
    /// A token that may read issues; a public project needs none.
    pub token: Option<Secret>,
    /// A GitLab of one's own; `https://gitlab.com` without it.
    pub url: Option<String>,
}

/// Issues in Jira.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JiraTracker {
    /// `https://acme.atlassian.net`, or the address of a server of one's own.
    pub url: String,
    /// The account's address in the cloud, whose API token is `token`; without it `token` is a personal access token.
    pub user: Option<String>,
    /// The token.
    pub token: Secret,
}

impl Tracker {
    /// The names of those that it has.
    pub fn kinds(&self) -> Vec<&'static str> {
        let all = [
            ("github", self.github.is_some()),
            ("gitlab", self.gitlab.is_some()),
            ("jira", self.jira.is_some()),
            ("url", self.url.is_some()),
        ];
        all.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
    }

    /// Where it is asked, without the ticket; and the token, and its user.
    pub fn place(&self) -> Option<(String, Option<&Secret>, Option<&String>)> {
        if let Some(github) = &self.github {
            let base = github.api.as_deref().unwrap_or("https://api.github.com").trim_end_matches('/');
            return Some((format!("{base}/repos/{}/issues", github.repository), github.token.as_ref(), None));
        }
        if let Some(gitlab) = &self.gitlab {
            let base = gitlab.url.as_deref().unwrap_or("https://gitlab.com").trim_end_matches('/');
            let project = gitlab.project.replace('/', "%2F");
            return Some((format!("{base}/api/v4/projects/{project}/issues"), gitlab.token.as_ref(), None));
        }
        if let Some(jira) = &self.jira {
            // Version 2 is spoken in the cloud as well, and reading needs no document.
            let base = jira.url.trim_end_matches('/');
            return Some((format!("{base}/rest/api/2/issue"), Some(&jira.token), jira.user.as_ref()));
        }
        self.url.as_ref().map(|url| (url.clone(), self.token.as_ref(), None))
    }
}
