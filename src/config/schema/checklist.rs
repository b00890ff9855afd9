//! `[checklist]`: what a team changes in the default checklist.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Secret;
use crate::config::duration;

/// `[checklist]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Checklist {
    /// Ids of default items that do not apply to this team.
    pub drop: Vec<String>,
    /// Items of the team's own, and changes to default ones.
    pub item: Vec<ChecklistItem>,
    /// How long the canary must be watched before item c7 holds.
    pub canary_minutes: Option<u64>,
    /// How many requests the canary must have seen before item c7 holds.
    pub canary_requests: Option<u64>,
}

/// `[[checklist.item]]`. Where the id is that of a default item, what is left out stays as it is there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecklistItem {
    /// Short, kept for good: journals name items by it.
    pub id: String,
    /// Where it belongs.
    pub stage: Option<StageName>,
    /// What has to be so.
    pub text: Option<String>,
    /// What would satisfy it.
    pub hint: Option<String>,
    /// The severities at which it holds the stage; none: it is advised.
    pub required: Option<BTreeSet<SeverityName>>,
    /// Whether it is about the change: what was said of it turns stale when the hotfix tip moves.
    pub tip_bound: Option<bool>,
    /// How long a tick holds while its stage lasts.
    #[serde(default, with = "duration::optional", skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// A command that ends with 0 where it is so. It gets the hotfix tip in `HOTFIX_HEAD`.
    pub run: Option<Vec<String>>,
    /// An address that answers with 2xx where it is so.
    pub http: Option<CheckAddress>,
    /// What the answer has to be, besides.
    pub expect: Option<Expect>,
    /// Between two looks.
    #[serde(default, with = "duration::optional", skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// How long an answer may take.
    #[serde(default, with = "duration::optional", skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

impl ChecklistItem {
    /// Whether it asks the world.
    pub fn is_asking(&self) -> bool {
        self.run.is_some() || self.http.is_some()
    }
}

/// `http` of an item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckAddress {
    /// Where.
    pub url: String,
    /// A path into its JSON answer, such as `$.commit`.
    pub json: Option<String>,
    /// A bearer token.
    pub token: Option<Secret>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// What the answer of an item has to be: exactly one of these.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// This text.
    pub equals: Option<String>,
    /// The hotfix tip: its commit, in full or abbreviated.
    pub tip: Option<bool>,
    /// A time that is not longer ago than this.
    #[serde(default, with = "duration::optional", skip_serializing_if = "Option::is_none")]
    pub newer_than: Option<Duration>,
    /// A number, this at most.
    pub at_most: Option<f64>,
    /// A number, this at least.
    pub at_least: Option<f64>,
}

impl Expect {
    /// How many things it expects.
    pub fn count(&self) -> usize {
        let given = [self.equals.is_some(), self.tip.is_some(), self.newer_than.is_some()];
        let numbers = [self.at_most.is_some(), self.at_least.is_some()];
        given.into_iter().chain(numbers).filter(|is_given| *is_given).count()
    }
}

/// A stage, as the file names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageName {
    /// Assess and classify.
    Assess,
    /// Develop and test.
    Develop,
    /// Deploy.
    Deploy,
    /// Monitor and evaluate.
    Monitor,
}

/// A severity, as the file names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeverityName {
    /// Critical.
    Sev1,
    /// Major.
    Sev2,
    /// Minor.
    Sev3,
}

/// The ids of the default items, in their order.
pub fn default_item_ids() -> Vec<String> {
    #[derive(Deserialize)]
    struct File {
        item: Vec<Named>,
    }
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let file: File =
        toml::from_str(include_str!("../../../assets/checklist.toml")).expect("a test reads the embedded checklist");
    file.item.into_iter().map(|item| item.id).collect()
}
