//! Engines: who carries a rollback out where the file lists no steps (pure).
//!
//! An engine looks at the world before it makes a plan, for what it goes back to must be an explicit revision: the
//! previous one may have failed, and going back to "the previous one" twice goes forth again. The questions are
//! commands that print JSON and change nothing; the steps are commands that a person can read, and repeat by hand.

use std::time::Duration;

use serde_json::Value;

use super::lookup;
use super::model::{Step, StepAction};
use super::placeholder::{Place, Values};
use super::plan::{Contents, PlanError, Problem};
use crate::config::schema::{self, Engine, Request, Verify};

pub(super) use cluster::Object;
pub(super) use salesforce::Prepared;

mod argo;
mod argo_cd;
mod cluster;
mod flag;
pub(super) mod git_revert;
mod github;
mod gitops;
mod helm;
mod kubernetes;
mod salesforce;

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
    /// The flag that goes off, where that is all and the code stays.
    pub flag: Option<String>,
}

/// What an engine needs to know before it can make a plan. To ask it changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// A command that prints JSON.
    Run(Vec<String>),
    /// A command that prints a text; and what it means when it ends with 1, as `grep` does.
    Print(Vec<String>, String),
    /// An address that answers JSON, or a text.
    Get(Box<Request>),
    /// A file: its text.
    Read(String),
}

/// The questions whose answers [`native`] needs, in this order; none where the file lists the steps.
pub fn questions(rollback: &schema::Rollback, contents: &Contents) -> Vec<Question> {
    let mut questions = rollback.gitops.as_ref().map(gitops::questions).unwrap_or_default();
    questions.extend(match rollback.engine {
        Engine::Kubernetes => asked(rollback.kubernetes.as_ref(), kubernetes::questions),
        Engine::ArgoRollouts => asked(rollback.kubernetes.as_ref(), argo::questions),
        Engine::Helm => asked(rollback.helm.as_ref(), helm::questions),
        Engine::Flag => asked(rollback.flag.as_ref(), flag::questions),
        Engine::GithubActions => asked(rollback.github.as_ref(), |it| github::questions(it, contents)),
        Engine::Steps => lookup::questions(rollback, contents),
        // What these two are about is in git, which the executor reads.
        Engine::Salesforce | Engine::GitRevert | Engine::ArgoCd => Vec::new(),
    });
    questions
}

fn asked<T>(table: Option<&T>, ask: impl Fn(&T) -> Vec<Question>) -> Vec<Question> {
    table.map(ask).unwrap_or_default()
}

/// A right that a plan needs, and the command of `kubectl` that tells whether one has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// In a few words.
    pub name: String,
    /// Prints `yes`, or `no`.
    pub argv: Vec<String>,
}

/// The rights that an engine needs in its cluster.
pub fn rights(rollback: &schema::Rollback) -> Vec<Right> {
    let mut rights = rollback.gitops.as_ref().map(gitops::rights).unwrap_or_default();
    rights.extend(match (rollback.engine, &rollback.kubernetes, &rollback.helm) {
        (Engine::Kubernetes, Some(it), _) => kubernetes::rights(it),
        (Engine::ArgoRollouts, Some(it), _) => argo::rights(it),
        (Engine::Helm, _, Some(it)) => helm::rights(it),
        _ => Vec::new(),
    });
    rights
}

/// The images that would run again; none where an engine does not tell.
pub fn images(rollback: &schema::Rollback, contents: &Contents, answers: &[Value]) -> Vec<String> {
    let own = answers.get(usize::from(rollback.gitops.is_some())..).unwrap_or_default();
    let annotation = match rollback.engine {
        Engine::Kubernetes => kubernetes::REVISION,
        Engine::ArgoRollouts => argo::REVISION,
        _ => return Vec::new(),
    };
    let found = || -> Result<Vec<String>, Problem> {
        let image = rollback.kubernetes.as_ref().and_then(|it| it.image.as_deref());
        let revisions = Object::read(own.first(), "the workload")?.owned(own.get(1), "its revisions")?;
        let (_, revision) = cluster::target(&revisions, annotation, &Wanted::of(contents, image)?)?;
        Ok(revision.every_image())
    };
    found().unwrap_or_default()
}

/// The steps that lead to the target, from what the world answered.
pub(super) fn native(rollback: &schema::Rollback, contents: &Contents, answers: &[Value]) -> Result<Native, PlanError> {
    made(rollback, contents, answers).map_err(|problem| PlanError { part: "engine".into(), problem })
}

/// The steps that take commits back on a branch, and what the operator must know of it.
pub(super) fn git_revert(
    rollback: &schema::Rollback,
    answers: &[Value],
) -> Result<(Vec<Step>, Vec<String>), PlanError> {
    let made = table(&rollback.git, "git").and_then(|git| git_revert::steps(git, answers));
    made.map_err(|problem| PlanError { part: "git".into(), problem })
}

/// The step that deploys the old version to an org, and what comes back by no deployment.
pub(super) fn salesforce(
    rollback: &schema::Rollback,
    answers: &[Value],
) -> Result<(Vec<Step>, Vec<String>), PlanError> {
    let made = table(&rollback.salesforce, "salesforce").and_then(|it| salesforce::steps(it, answers));
    made.map_err(|problem| PlanError { part: "salesforce".into(), problem })
}

fn made(rollback: &schema::Rollback, contents: &Contents, answers: &[Value]) -> Result<Native, Problem> {
    let owners = usize::from(rollback.gitops.is_some());
    let (owner, own) = answers.split_at_checked(owners).unwrap_or((answers, &[]));
    let native = match rollback.engine {
        Engine::Kubernetes => kubernetes::native(table(&rollback.kubernetes, "kubernetes")?, contents, own),
        Engine::ArgoRollouts => argo::native(table(&rollback.kubernetes, "kubernetes")?, contents, own),
        Engine::Helm => helm::native(table(&rollback.helm, "helm")?, contents, own),
        Engine::Flag => flag::native(table(&rollback.flag, "flag")?, own),
        Engine::GithubActions => github::native(table(&rollback.github, "github")?, contents, own),
        Engine::ArgoCd => argo_cd::native(table(&rollback.gitops, "gitops")?, contents, owner),
        Engine::Salesforce | Engine::GitRevert | Engine::Steps => Err(Problem::NoSteps),
    }?;
    match &rollback.gitops {
        Some(it) => gitops::suspended(native, it, owner),
        None => Ok(native),
    }
}

fn table<'t, T>(table: &'t Option<T>, name: &'static str) -> Result<&'t T, Problem> {
    table.as_ref().ok_or(Problem::NeedsTable(name))
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

/// A step that does nothing but look until the world is like this.
fn wait(name: impl Into<String>, verify: Verify) -> Step {
    Step { action: StepAction::Wait, idempotent: true, ..step(name, Vec::new(), verify.within, Some(verify)) }
}

/// A look by a command that prints exactly this.
fn prints(argv: Vec<String>, equals: impl Into<String>) -> Verify {
    Verify { run: Some(argv), equals: Some(equals.into()), within: WITHIN, ..Verify::default() }
}

/// A look by a command that prints exactly this word.
pub(super) fn look_at(argv: Vec<String>, word: &str) -> Verify {
    prints(argv, word)
}

/// A quick step that may be repeated: what steers a rollout.
pub(super) fn quick(name: &str, argv: Vec<String>, verify: Verify) -> Step {
    Step { idempotent: true, ..step(name, argv, WITHIN, Some(verify)) }
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
