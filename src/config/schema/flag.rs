//! `[rollback.flag]`: a feature flag, and who keeps it.

use serde::{Deserialize, Serialize};

use super::Secret;

/// Exactly one of the three.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureFlag {
    /// A flag of Unleash.
    pub unleash: Option<UnleashFlag>,
    /// A flag of LaunchDarkly.
    pub launchdarkly: Option<LaunchDarklyFlag>,
    /// A flag in a file of flagd.
    pub flagd: Option<FlagdFlag>,
}

/// A flag of Unleash, by its admin API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnleashFlag {
    /// The address of the server, up to `/api`.
    pub url: String,
    /// The project of the flag.
    #[serde(default = "default_project")]
    pub project: String,
    /// The environment in which it is turned off.
    pub environment: String,
    /// The name of the flag.
    pub flag: String,
    /// An admin token or a personal one.
    pub token: Option<Secret>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// A flag of LaunchDarkly, by a semantic patch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaunchDarklyFlag {
    /// The address of the server, up to `/api`.
    #[serde(default = "launchdarkly")]
    pub url: String,
    /// The key of the project.
    pub project: String,
    /// The key of the environment in which it is turned off.
    pub environment: String,
    /// The key of the flag.
    pub flag: String,
    /// An access token that may write.
    pub token: Option<Secret>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// A flag in a JSON file that flagd watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlagdFlag {
    /// The file; a relative path counts from the root of the repository.
    pub file: String,
    /// The key of the flag.
    pub flag: String,
}

fn default_project() -> String {
    "default".into()
}

fn launchdarkly() -> String {
    "https://app.launchdarkly.com".into()
}
