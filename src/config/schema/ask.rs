//! `[[rollback.ask]]` and recipes: what is looked up before there is a plan.

use serde::{Deserialize, Serialize};

use super::Secret;

/// Something that is looked up in the world while the plan is prepared, and stands in its steps as `{ask.NAME}`. To
/// ask changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Its name: lower-case letters and `_`.
    pub name: String,
    /// What it is, in a few words.
    #[serde(default)]
    pub about: String,
    /// A command that prints it.
    pub run: Option<Vec<String>>,
    /// An address that answers it.
    pub url: Option<String>,
    /// A bearer token.
    pub token: Option<Secret>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
    /// A JSONPath to it; the whole text without one.
    pub json: Option<String>,
    /// A regular expression; what its first group matches, wherever it does, is the value.
    pub pattern: Option<String>,
    /// Of several numbers the greatest; without it there must be exactly one value.
    #[serde(default)]
    pub greatest: bool,
    /// The value where there is none.
    pub otherwise: Option<String>,
    /// What is said where there is none.
    pub missing: Option<String>,
}
