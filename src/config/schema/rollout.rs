//! `[rollout]`: where a release that goes out step by step is seen, and how it is steered.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::duration;
use super::{Config, Engine, Request, Secret};

/// `[rollout]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutSource {
    /// Who rolls out.
    pub from: RolloutKind,
    /// The name of the rollout, the deployment or the Canary.
    pub workload: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// The context of its cluster; whatever context is current without it.
    pub context: Option<String>,
    /// The org of a Salesforce deployment.
    pub org: Option<String>,
    /// An address that tells how far it is, as JSON.
    pub url: Option<String>,
    /// A bearer token.
    pub token: Option<Secret>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
    /// A command that prints how far it is, as JSON.
    pub run: Option<Vec<String>>,
    /// The weights that it goes through, in percent.
    #[serde(default)]
    pub steps: Vec<u8>,
    /// A request that sets a weight, which stands as `{weight}` in its JSON.
    pub set: Option<Request>,
    /// A command that sets a weight, which is an argument `{weight}`.
    pub set_by: Option<Vec<String>>,
    /// How often it is looked at.
    #[serde(default = "five_seconds", with = "duration")]
    pub interval: Duration,
}

/// Who rolls out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutKind {
    /// Argo Rollouts.
    #[default]
    ArgoRollouts,
    /// A Kubernetes deployment.
    Kubernetes,
    /// Flagger.
    Flagger,
    /// The newest deployment to a Salesforce org.
    Salesforce,
    /// Whatever an address tells.
    Http,
    /// Whatever a command prints.
    Command,
}

impl RolloutSource {
    /// What the file says, or what its rollback engine works on.
    pub fn of(config: &Config) -> Option<Self> {
        if let Some(given) = &config.rollout {
            return Some(given.clone());
        }
        let rollback = config.rollback.as_ref()?;
        let from = match rollback.engine {
            Engine::ArgoRollouts => RolloutKind::ArgoRollouts,
            Engine::Kubernetes => RolloutKind::Kubernetes,
            _ => return None,
        };
        let kubernetes = rollback.kubernetes.clone()?;
        Some(Self {
            from,
            workload: Some(kubernetes.workload),
            namespace: Some(kubernetes.namespace),
            context: kubernetes.context,
            interval: five_seconds(),
            ..Self::default()
        })
    }

    /// The object of the cluster, as `kubectl` names it; empty for what is none.
    pub fn object(&self) -> String {
        let kind = match self.from {
            RolloutKind::ArgoRollouts => "rollouts.argoproj.io",
            RolloutKind::Kubernetes => "deployments.apps",
            RolloutKind::Flagger => "canaries.flagger.app",
            RolloutKind::Salesforce | RolloutKind::Http | RolloutKind::Command => return String::new(),
        };
        format!("{kind}/{}", self.workload.as_deref().unwrap_or_default())
    }
}

fn five_seconds() -> Duration {
    Duration::from_secs(5)
}
