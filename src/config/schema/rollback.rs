//! `[rollback]`: how production goes back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::duration;
use super::Secret;

/// `[rollback]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// Who does it.
    #[serde(default)]
    pub engine: Engine,
    /// What it goes back to: a revision; the newest production tag before the present one without it.
    pub to: Option<String>,
    /// What the engines `kubernetes` and `argo-rollouts` act on.
    pub kubernetes: Option<Kubernetes>,
    /// What the engine `helm` acts on.
    pub helm: Option<Helm>,
    /// The steps, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// The check of the world at the end.
    pub verify: Option<Verify>,
}

/// A workload in a cluster, reached by `kubectl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kubernetes {
    /// The name of the deployment or of the rollout.
    pub workload: String,
    /// Its namespace.
    pub namespace: String,
    /// The context of the cluster; whatever context is current without it.
    pub context: Option<String>,
    /// The image of a version, with placeholders; without it the image whose tag is the version or its commit.
    pub image: Option<String>,
    /// How long the old pods may take to be ready.
    #[serde(default = "five_minutes", with = "duration")]
    pub timeout: Duration,
}

/// A release of Helm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Helm {
    /// The name of the release.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// The context of the cluster; whatever context is current without it.
    pub context: Option<String>,
    /// How long the release may take to be ready.
    #[serde(default = "five_minutes", with = "duration")]
    pub timeout: Duration,
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

fn sixty_seconds() -> Duration {
    Duration::from_secs(60)
}

fn post() -> String {
    "POST".into()
}

fn five_minutes() -> Duration {
    Duration::from_secs(300)
}
