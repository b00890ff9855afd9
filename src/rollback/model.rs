//! The plan of a rollback as a value: what is previewed is what runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::schema::{Request, Verify};
use crate::evidence::Oid;

/// An ordered list of steps from one version back to another. Its [`Plan::hash`] covers every field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What runs now.
    pub from: Version,
    /// What it goes back to.
    pub to: Version,
    /// Whether git knows of anything that a rollback cannot take back.
    pub class: Class,
    /// The commits that it undoes, newest first.
    pub undoes: Vec<Undone>,
    /// What is done, in order, placeholders filled.
    pub steps: Vec<Step>,
    /// The look at the world after the last step.
    pub verify: Option<Verify>,
    /// What the operator must know before firing.
    pub warnings: Vec<String>,
}

/// A version: a name and a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The tag or branch.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Its commit.
    pub oid: Option<Oid>,
}

/// Whether a rollback gives back what was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// It does.
    Clean,
    /// It does, with something to be done by hand.
    Compensating,
    /// It may not: schema or data changed.
    Unsafe,
}

/// A commit that a rollback takes out of production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// The commit.
    pub oid: Oid,
    /// Its first line.
    pub summary: String,
    /// What makes it worth a second look: `fix`, `security`, `migration`, `destructive`, `flag`.
    pub flags: Vec<String>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What the screen calls it.
    pub name: String,
    /// What is done.
    pub action: StepAction,
    /// The harmless form for rehearsals.
    pub rehearse: Option<Vec<String>>,
    /// How long it may take, in seconds.
    pub timeout_s: f64,
    /// How to see in the world that it took effect.
    pub verify: Option<Verify>,
    /// Whether it may be issued twice without harm.
    pub idempotent: bool,
    /// Whether there is no way back from it.
    pub irreversible: bool,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAction {
    /// Runs a program with these arguments, no shell.
    Run(Vec<String>),
    /// Sends a request.
    Http(Request),
}

impl Plan {
    /// SHA-256 over the canonical JSON of every field, in hexadecimal: what was previewed is what runs.
    pub fn hash(&self) -> String {
        let mut value = serde_json::to_value(self).expect("a plan is plain data");
        value.sort_all_objects();
        Sha256::digest(value.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Step {
    /// How long it may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs_f64(self.timeout_s)
    }
}
