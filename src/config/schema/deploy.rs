//! Those who deploy: GitHub Actions, and the controllers that follow a repository.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::duration;
use super::Secret;

const PUBLIC: &str = "https://api.github.com";

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
