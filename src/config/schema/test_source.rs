//! `[[tests]]`: where test results come from.

use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::super::duration;
use super::Secret;

/// `[[tests]]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TestSource {
    /// What the screen calls it.
    pub name: String,
    /// Globs of JUnit files, relative to the repository's root.
    pub junit: Vec<String>,
    /// Checks of a commit on GitHub.
    pub github: Option<GitHub>,
    /// Pipelines of a commit on GitLab.
    pub gitlab: Option<GitLab>,
    /// Builds of a commit on Jenkins.
    pub jenkins: Option<Jenkins>,
    /// Validations in an org of Salesforce.
    pub salesforce: Option<Salesforce>,
    /// Whether the checklist needs it.
    pub required: Option<bool>,
    /// A command that runs the tests: program and arguments, never a shell line. The cockpit starts it on demand.
    pub run: Option<Vec<String>>,
    /// How long that may take.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// How old results may be.
    #[serde(with = "duration")]
    pub max_age: Duration,
    /// Whether results of another commit with the same content prove this one.
    pub accept_tree_equal: bool,
    /// What a test comes to that both passed and failed on one commit.
    pub flaky: FlakyPolicy,
    /// How many of the baseline's tests may be missing, in percent.
    pub max_missing: u8,
    /// Tests that may fail for a while.
    pub quarantine: Vec<Quarantine>,
}

impl TestSource {
    /// Whether its tests can be started from here, be it in an org.
    pub fn starts_from_here(&self) -> bool {
        self.run.is_some() || self.salesforce.is_some()
    }
}

impl Default for TestSource {
    fn default() -> Self {
        Self {
            name: String::new(),
            junit: Vec::new(),
            github: None,
            gitlab: None,
            jenkins: None,
            salesforce: None,
            required: None,
            run: None,
            timeout: Duration::from_secs(30 * 60),
            max_age: Duration::from_secs(24 * 3_600),
            accept_tree_equal: false,
            flaky: FlakyPolicy::default(),
            max_missing: 0,
            quarantine: Vec::new(),
        }
    }
}

/// What a test comes to that both passed and failed on one commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlakyPolicy {
    /// Nothing: it counts as passed.
    Allow,
    /// A person must say that it is well.
    #[default]
    Ack,
    /// It counts as failed.
    Fail,
}

/// A test that may fail for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantine {
    /// Its name, or `class > name` as the pane shows it.
    pub test: String,
    /// Who looks after it.
    pub owner: String,
    /// Where that is written down.
    pub ticket: String,
    /// The last day, in UTC: `"2026-12-31"`. After it the test counts as failed.
    pub expires: Date,
}

/// A repository on GitHub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitHub {
    /// `owner/name`.
    pub repository: String,
    /// A token that may read checks, statuses, Actions and contents; without it what `gh auth token` says.
    pub token: Option<Secret>,
    /// The API of a GitHub of one's own; `https://api.github.com` without it.
    pub api: Option<String>,
    /// The branch whose required checks count; without it the first of `git.targets` that is a name.
    pub branch: Option<String>,
    /// Names of checks that have to succeed, beside those that the branch requires; `*` stands for anything.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Names of artifacts that have to be there and hold test reports; `*` stands for anything.
    pub artifacts: Option<Vec<String>>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// A project on GitLab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitLab {
    /// `group/name`, or its number.
    pub project: String,
    /// A token that may read the API.
    pub token: Option<Secret>,
    /// A GitLab of one's own; `https://gitlab.com` without it.
    pub url: Option<String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

impl GitLab {
    /// The server, without a slash at its end.
    pub fn url(&self) -> &str {
        self.url.as_deref().unwrap_or("https://gitlab.com").trim_end_matches('/')
    }
}

/// A job on Jenkins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jenkins {
    /// The job's page; of a multibranch one the job of the branch is found by itself.
    pub job: String,
    /// Whose token it is.
    pub user: Option<String>,
    /// An API token.
    pub token: Option<Secret>,
    /// A part of the repository's address, for jobs that check out several.
    pub remote: Option<String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// Validations in an org of Salesforce, by the `sf` command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Salesforce {
    /// The org's alias or user name, as `sf org list` shows it.
    pub org: String,
    /// The manifest of the package, relative to the repository's root.
    pub manifest: Option<String>,
    /// The folder of the package, where there is no manifest.
    pub source: Option<String>,
    /// Which tests run.
    #[serde(default)]
    pub level: TestLevel,
    /// The tests, where they are named.
    #[serde(default)]
    pub tests: Vec<String>,
    /// The id of a validation that was started elsewhere: shown, and proof of no commit.
    pub deploy: Option<String>,
    /// Tests of what the org holds, in place of a validation.
    pub apex: Option<Apex>,
}

/// Tests of what an org holds, as `sf apex run test` runs them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Apex {
    /// Which tests run; without it those that are named, or RunLocalTests.
    pub level: Option<TestLevel>,
    /// Classes of tests.
    pub classes: Vec<String>,
    /// Suites of tests.
    pub suites: Vec<String>,
    /// Classes, or methods behind a dot.
    pub tests: Vec<String>,
}

impl Apex {
    /// Which tests run.
    pub fn level(&self) -> TestLevel {
        let usual = if self.is_named() { TestLevel::RunSpecifiedTests } else { TestLevel::RunLocalTests };
        self.level.unwrap_or(usual)
    }

    /// Whether tests are named.
    pub fn is_named(&self) -> bool {
        !(self.classes.is_empty() && self.suites.is_empty() && self.tests.is_empty())
    }
}

/// Which tests run in a validation; the words are those of Salesforce.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TestLevel {
    /// Those that are named.
    RunSpecifiedTests,
    /// All but those of installed packages.
    #[default]
    RunLocalTests,
    /// All.
    RunAllTestsInOrg,
    /// Those that the org finds concerned.
    RunRelevantTests,
}

impl TestLevel {
    /// Whether it leaves out tests that the org's own code has.
    pub fn is_partial(self) -> bool {
        matches!(self, Self::RunSpecifiedTests | Self::RunRelevantTests)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::RunSpecifiedTests => "RunSpecifiedTests",
            Self::RunLocalTests => "RunLocalTests",
            Self::RunAllTestsInOrg => "RunAllTestsInOrg",
            Self::RunRelevantTests => "RunRelevantTests",
        }
    }
}

/// The API of github.com.
const PUBLIC: &str = "https://api.github.com";

impl GitHub {
    /// The API, without a slash at its end.
    pub fn api(&self) -> &str {
        self.api.as_deref().unwrap_or(PUBLIC).trim_end_matches('/')
    }

    /// The host of the pages that belong to the API: `github.com` of `api.github.com`, `acme.ghe.com` of
    /// `api.acme.ghe.com`.
    pub fn web_host(&self) -> String {
        let api = self.api();
        let rest = api.split_once("://").map_or(api, |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        match host.strip_prefix("api.") {
            Some(web) if web == "github.com" || web.ends_with(".ghe.com") => web.to_owned(),
            _ => host.to_owned(),
        }
    }

    /// The API of the server with these pages; `None` for github.com, which needs not be said.
    pub fn api_of(host: &str) -> Option<String> {
        match host {
            "github.com" => None,
            host if host.ends_with(".ghe.com") => Some(format!("https://api.{host}")),
            host => Some(format!("https://{host}/api/v3")),
        }
    }

    /// Where a token is looked for when the configuration names none: for github.com where its own tools look, then
    /// wherever `gh` keeps it for that host. `gh` gives no host the token of another.
    pub fn usual_tokens(&self) -> Vec<Secret> {
        let host = self.web_host();
        let variables = ["GH_TOKEN", "GITHUB_TOKEN"].into_iter().filter(|_| host == "github.com");
        let gh = ["gh", "auth", "token", "--hostname", &host].map(str::to_owned).to_vec();
        variables.map(|name| Secret::Env(name.to_owned())).chain([Secret::Command(gh)]).collect()
    }
}
