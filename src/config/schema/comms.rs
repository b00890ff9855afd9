//! `[[comms]]`: whom to tell.

use serde::{Deserialize, Serialize};

use super::Secret;

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
