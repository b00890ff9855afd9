//! Those who deploy: GitHub Actions, and the controllers that follow a repository.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::duration;
use super::{Secret, TestLevel};

const PUBLIC: &str = "https://api.github.com";
const GITLAB: &str = "https://gitlab.com/api/v4";

/// `[rollback.github]`: a workflow that is dispatched, or a deployment that is created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitHubDeploy {
    /// `owner/name`.
    pub repository: String,
    /// The file of a workflow that deploys, such as `deploy.yml`. Its `run-name` holds its input `hotfix_id`.
    pub workflow: Option<String>,
    /// The branch or tag on which the workflow is started, with placeholders.
    #[serde(default = "target_version", rename = "ref")]
    pub reference: String,
    /// Its other inputs, with placeholders.
    #[serde(default)]
    pub inputs: BTreeMap<String, String>,
    /// The environment for which a deployment is created, where deployments start the workflow.
    pub environment: Option<String>,
    /// A token that may write actions or deployments.
    pub token: Option<Secret>,
    /// The API of a GitHub of one's own; `https://api.github.com` without it.
    pub api: Option<String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
    /// How long the run or the deployment may take, its time in queues included.
    #[serde(default = "half_an_hour", with = "duration")]
    pub timeout: Duration,
}

impl GitHubDeploy {
    /// The API, without a slash at its end.
    pub fn api(&self) -> &str {
        self.api.as_deref().unwrap_or(PUBLIC).trim_end_matches('/')
    }
}

/// `[rollback.git.pull_request]`: the forge that reviews what a protected branch takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullRequest {
    /// `owner/name` at GitHub.
    pub github: Option<String>,
    /// `group/name` at GitLab.
    pub gitlab: Option<String>,
    /// Whether one is opened even where nobody says that the branch is protected.
    #[serde(default)]
    pub always: bool,
    /// A token that may open pull requests.
    pub token: Option<Secret>,
    /// The API of a forge of one's own, up to what stands before `/repos` or `/projects`.
    pub api: Option<String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
    /// How long the merge may take.
    #[serde(default = "half_an_hour", with = "duration")]
    pub timeout: Duration,
}

impl PullRequest {
    /// The API, without a slash at its end.
    pub fn api(&self) -> &str {
        let public = if self.github.is_some() { PUBLIC } else { GITLAB };
        self.api.as_deref().unwrap_or(public).trim_end_matches('/')
    }

    /// The project's own address in the API.
    pub fn project(&self) -> String {
        match (&self.github, &self.gitlab) {
            (Some(name), _) => format!("{}/repos/{name}", self.api()),
            (None, Some(name)) => format!("{}/projects/{}", self.api(), name.replace('/', "%2F")),
            (None, None) => String::new(),
        }
    }
}

/// `[rollback.salesforce]`: an org, to which the old version is deployed again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SalesforceOrg {
    /// The org's alias or user name, as `sf org list` shows it.
    pub org: String,
    /// The folder of `sfdx-project.json`, relative to the repository's root.
    #[serde(default)]
    pub project: String,
    /// Which tests run, where nothing was validated before.
    #[serde(default)]
    pub level: TestLevel,
    /// The tests, where they are named.
    #[serde(default)]
    pub tests: Vec<String>,
    /// How long a deployment or a validation may take, its time in the org's queue included.
    #[serde(default = "half_an_hour", with = "duration")]
    pub timeout: Duration,
}

/// `[rollback.gitops]`: the controller that keeps the cluster as a repository says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitOps {
    /// The name of an Application of Argo CD.
    pub argocd: Option<String>,
    /// The name of a Kustomization of Flux.
    pub kustomization: Option<String>,
    /// The name of a HelmRelease of Flux.
    pub helmrelease: Option<String>,
    /// The namespace of that object; `argocd` or `flux-system` without it.
    pub namespace: Option<String>,
    /// The context of its cluster; whatever context is current without it.
    pub context: Option<String>,
    /// How long a sync may take.
    #[serde(default = "five_minutes", with = "duration")]
    pub timeout: Duration,
}

impl GitOps {
    /// The namespace of the object.
    pub fn namespace(&self) -> &str {
        let usual = if self.argocd.is_some() { "argocd" } else { "flux-system" };
        self.namespace.as_deref().unwrap_or(usual)
    }

    /// The object, as `kubectl` names it; empty where none is given.
    pub fn object(&self) -> String {
        match (&self.argocd, &self.kustomization, &self.helmrelease) {
            (Some(name), ..) => format!("applications.argoproj.io/{name}"),
            (_, Some(name), _) => format!("kustomizations.kustomize.toolkit.fluxcd.io/{name}"),
            (.., Some(name)) => format!("helmreleases.helm.toolkit.fluxcd.io/{name}"),
            (None, None, None) => String::new(),
        }
    }
}

fn target_version() -> String {
    "{to.version}".into()
}

fn half_an_hour() -> Duration {
    Duration::from_secs(30 * 60)
}

fn five_minutes() -> Duration {
    Duration::from_secs(5 * 60)
}
