//! Engines: who carries a rollback out where the file lists no steps (pure).
//!
//! An engine looks at the world before it makes a plan, for what it goes back to must be an explicit revision: the
//! previous one may have failed, and going back to "the previous one" twice goes forth again. The questions are
//! commands that print JSON and change nothing; the steps are commands that a person can read, and repeat by hand.

use std::time::Duration;

use serde_json::Value;

use super::model::{Step, StepAction};
use super::placeholder::{Place, Values};
use super::plan::{Contents, PlanError, Problem};
use crate::config::schema::{self, Engine, Verify};

mod argo;
mod cluster;
mod helm;
mod kubernetes;

/// How long the look after a step may go on.
const WITHIN: Duration = Duration::from_secs(30);

/// What an engine makes of a rollback.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Native {
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// The look at the world at the end.
    pub verify: Verify,
    /// What the operator must know before firing.
    pub warnings: Vec<String>,
}

/// The commands whose answers [`native`] needs, in this order; none where the file lists the steps.
pub fn questions(rollback: &schema::Rollback, _contents: &Contents) -> Vec<Vec<String>> {
    match (rollback.engine, &rollback.kubernetes, &rollback.helm) {
        (Engine::Kubernetes, Some(it), _) => kubernetes::questions(it),
        (Engine::ArgoRollouts, Some(it), _) => argo::questions(it),
        (Engine::Helm, _, Some(it)) => helm::questions(it),
        _ => Vec::new(),
    }
}

/// The steps that lead to the target, from what the world answered.
pub(super) fn native(rollback: &schema::Rollback, contents: &Contents, answers: &[Value]) -> Result<Native, PlanError> {
    let problem = |problem| PlanError { part: "engine".into(), problem };
    let native = match (rollback.engine, &rollback.kubernetes, &rollback.helm) {
        (Engine::Kubernetes, Some(it), _) => kubernetes::native(it, contents, answers),
        (Engine::ArgoRollouts, Some(it), _) => argo::native(it, contents, answers),
        (Engine::Helm, _, Some(it)) => helm::native(it, contents, answers),
        (Engine::Kubernetes | Engine::ArgoRollouts, None, _) => Err(Problem::NeedsTable("kubernetes")),
        (Engine::Helm, _, None) => Err(Problem::NeedsTable("helm")),
        (Engine::Salesforce | Engine::GithubActions | Engine::GitRevert | Engine::Steps, ..) => Err(Problem::Engine),
    };
    native.map_err(problem)
}

/// A step that runs a command, with the way to see that it took effect.
fn step(name: impl Into<String>, argv: Vec<String>, timeout: Duration, verify: Option<Verify>) -> Step {
    Step {
        name: name.into(),
        action: StepAction::Run(argv),
        rehearse: None,
        compensate: None,
        retries: 0,
        timeout_s: timeout.as_secs_f64(),
        verify,
        idempotent: false,
        irreversible: false,
    }
}

/// A look by a command that prints exactly this.
fn prints(argv: Vec<String>, equals: impl Into<String>) -> Verify {
    Verify {
        run: Some(argv),
        url: None,
        json: None,
        equals: Some(equals.into()),
        each: false,
        within: WITHIN,
        token: None,
        allow_http: false,
    }
}

/// The target as a registry or a chart may spell it.
struct Wanted {
    image: Option<String>,
    reference: String,
    commit: Option<String>,
}

impl Wanted {
    fn of(contents: &Contents, image: Option<&str>) -> Result<Self, Problem> {
        let values = Values { from: &contents.from, to: &contents.to };
        Ok(Self {
            image: image.map(|image| values.fill(image, Place::Plain)).transpose()?,
            reference: contents.to.reference.clone(),
            commit: contents.to.oid.as_ref().map(ToString::to_string),
        })
    }

    /// Whether this image is that of the target: the configured one, else one whose tag is the version or its commit.
    fn is_image(&self, image: &str) -> bool {
        match &self.image {
            Some(wanted) => wanted == image,
            None => tag(image).is_some_and(|tag| self.is_version(tag)),
        }
    }

    /// Whether this chart, written `name-version`, has the target's version. Names have dashes and digits too.
    fn is_chart(&self, chart: &str) -> bool {
        let version = self.reference.strip_prefix('v').unwrap_or(&self.reference);
        !version.is_empty() && ["-", "-v"].iter().any(|dash| chart.ends_with(&format!("{dash}{version}")))
    }

    /// Whether this is the target's version, with or without its `v`, or (the beginning of) its commit.
    fn is_version(&self, text: &str) -> bool {
        let plain = |text: &str| text.strip_prefix('v').unwrap_or(text).to_owned();
        let is_commit = text.len() >= 7 && self.commit.as_ref().is_some_and(|oid| oid.starts_with(text));
        is_commit || !text.is_empty() && plain(text) == plain(&self.reference)
    }
}

/// The tag of an image, which may also have a registry with a port, and a digest.
fn tag(image: &str) -> Option<&str> {
    let named = image.split('@').next().unwrap_or(image);
    let last = named.rsplit('/').next().unwrap_or(named);
    last.split_once(':').map(|(_, tag)| tag)
}

#[cfg(test)]
mod tests;
