//! The plan of a rollback as a value: what is previewed is what runs.

use std::ops::Not;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use super::execution::Execution;
pub use super::guard::Guard;
use super::salesforce::package;
pub use super::state::{Effect, Event, State};
use crate::config::schema::{FlagdFlag, Request, Verify};
use crate::evidence::text::clean;
use crate::evidence::{Evidence, Oid, Subject};
use crate::incident::StepState;
pub use ways::{OrgDeploy, Revert};

mod differences;
mod ways;

/// How long a plan may be believed: an older one needs the break-glass way.
pub const PLAN_TTL: Duration = Duration::from_secs(60);

/// A version's name that is shorter than this could be a part of anything.
const SHORTEST_NAME: usize = 3;

/// An ordered list of steps from one version back to another. Its [`Plan::hash`] covers every field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What the configuration calls it; empty in old journals.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Whether the code that runs stays what it is: a flag is turned off.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub keeps_code: bool,
    /// Why it goes back to just that version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub chosen: String,
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
    /// A command that takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensate: Option<Vec<String>>,
    /// How often it is tried again when it fails.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
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
    /// Pushes a commit that takes others back to the branch that production follows.
    GitRevertPush(Revert),
    /// Deploys the old version to an org of Salesforce.
    SalesforceDeploy(OrgDeploy),
    /// Asks a person to do something.
    Manual(String),
    /// Turns a flag off in a file.
    Flagd(FlagdFlag),
    /// Does nothing but look at the world until it is as the step's `verify` says.
    Wait,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Plan {
    /// SHA-256 over the canonical JSON of every field, in hexadecimal: what was previewed is what runs.
    pub fn hash(&self) -> String {
        let mut value = serde_json::to_value(self).expect("a plan is plain data");
        value.sort_all_objects();
        Sha256::digest(value.to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// SHA-256 over its steps alone, with a placeholder for the two versions: the same steps between two other versions
    /// have the same.
    pub fn steps_hash(&self) -> String {
        let mut text = serde_json::to_string(&(&self.steps, &self.verify)).expect("a plan is plain data");
        for (version, word) in [(&self.to, "{to}"), (&self.from, "{from}")] {
            let oid = version.oid.as_ref();
            let names = [oid.map(|oid| oid.as_str()), oid.map(|oid| oid.short()), Some(version.reference.as_str())];
            for name in names.into_iter().flatten().filter(|name| name.len() >= SHORTEST_NAME) {
                text = text.replace(name, word);
            }
        }
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The first twelve digits of a plan's hash, for the screen only.
    pub fn short_hash(hash: &str) -> &str {
        hash.get(..12).unwrap_or(hash)
    }

    /// The plan as a piece of evidence, built at `at` for what runs then.
    pub fn seen(self, source: &str, at: Timestamp) -> Evidence<Self> {
        let subject = self.from.oid.clone().map_or_else(Subject::default, Subject::commit);
        Evidence { value: self, subject, source: source.to_owned(), observed_at: at, ttl: PLAN_TTL }
    }

    /// The plan that takes back what a failed one did, the last step first; `None` when none of its steps can be.
    pub fn taking_back(execution: &Execution) -> Option<Self> {
        let plan = execution.plan.as_ref()?;
        let is_touched = |state| !matches!(state, StepState::Pending | StepState::Skipped);
        let touched = plan.steps.iter().zip(&execution.steps).filter(|(_, status)| is_touched(status.state));
        let back = |step: &Step| {
            let argv = step.compensate.clone()?;
            let name = format!("take back: {}", step.name);
            let action = StepAction::Run(argv);
            Some(Step { name, action, rehearse: None, compensate: None, retries: 0, verify: None, ..step.clone() })
        };
        let steps: Vec<Step> = touched.rev().filter_map(|(step, _)| back(step)).collect();
        let warnings = vec![format!("it takes back what {} did, and brings no old version", plan.label())];
        let (name, to) = (format!("take back {}", plan.label()), plan.from.clone());
        let undoes = Vec::new();
        let (keeps_code, verify, chosen, class) = (true, None, String::new(), Class::Compensating);
        let from = plan.from.clone();
        (!steps.is_empty()).then_some(Self {
            name,
            keeps_code,
            chosen,
            from,
            to,
            class,
            undoes,
            steps,
            verify,
            warnings,
        })
    }

    /// What is looked at in the end, on one line.
    pub fn end_look(&self) -> String {
        let is_seen = !self.steps.is_empty() && self.steps.iter().all(Step::can_look);
        match &self.verify {
            Some(verify) => describe(verify),
            None if is_seen => "each step is seen to take effect, and nothing more".into(),
            None => "no verify: its end is yours to judge".into(),
        }
    }

    /// Whether it takes the commits out of the branch too.
    fn is_in_git(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.action, StepAction::GitRevertPush(_)))
    }

    /// Whether it takes back what another one did: it brings no other version.
    pub fn is_taking_back(&self) -> bool {
        self.keeps_code && self.from == self.to
    }

    /// What the screen calls it.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { "the plan" } else { &self.name }
    }

    /// The undone commits that deserve a second look.
    pub fn flagged(&self) -> impl Iterator<Item = &Undone> {
        self.undoes.iter().filter(|undone| !undone.flags.is_empty())
    }

    /// What comes back by no step of the plan, worst first: what git saw, then what git cannot see.
    pub fn stays(&self) -> Vec<String> {
        let mut kept: Vec<String> = self.undoes.iter().filter_map(Undone::leaves_behind).collect();
        if self.is_taking_back() {
            kept.push("the old version: what runs now goes on running".into());
        } else if self.keeps_code {
            kept.push("the code: no commit is undone, and a restart that loses the flag runs it again".into());
        }
        kept.push("data that was written since, sent messages, what waits in queues".into());
        kept.push("configuration, flags, grants and secrets outside of these commits".into());
        if !self.keeps_code && !self.is_in_git() {
            kept.push("git: the branch keeps these commits, and whatever follows it brings them back".into());
        }
        kept
    }

    /// Why this plan must not be fired without a reason, if there is one.
    pub fn objection(&self) -> Option<String> {
        if self.keeps_code {
            return None;
        }
        let target = &self.to.reference;
        if self.to.oid.is_none() {
            return Some(format!("git does not know {target}"));
        }
        if self.from.oid == self.to.oid {
            return Some(format!("{target} is what runs now: there is nothing to go back to"));
        }
        (self.class == Class::Unsafe)
            .then(|| format!("schema or data changed since {target}: old code may not run on it"))
    }
}

impl Undone {
    fn leaves_behind(&self) -> Option<String> {
        let has = |flag: &str| self.flags.iter().any(|it| it == flag);
        let kinds = [
            ("destructive", "data that it removed"),
            ("migration", "the schema that it changed"),
            ("flag", "the flag that it uses"),
        ];
        let (_, what) = kinds.into_iter().find(|(flag, _)| has(flag))?;
        Some(format!("{what}: {} {}", self.oid.short(), self.summary))
    }
}

impl Version {
    /// The name, with the commit where the name is not already it.
    pub fn label(&self) -> String {
        match &self.oid {
            Some(oid) if !oid.as_str().starts_with(&self.reference) => format!("{} ({})", self.reference, oid.short()),
            Some(oid) => oid.short().to_owned(),
            None => self.reference.clone(),
        }
    }
}

impl Class {
    /// One word.
    pub fn label(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Compensating => "compensating",
            Self::Unsafe => "unsafe",
        }
    }
}

impl Step {
    /// Whether something tells whether it took effect.
    pub fn can_look(&self) -> bool {
        self.look().is_some()
    }

    /// What tells whether it took effect, on one line; `None` when nothing does.
    pub fn look(&self) -> Option<String> {
        match (&self.verify, &self.action) {
            (Some(verify), _) => Some(describe(verify)),
            (None, StepAction::GitRevertPush(it)) => Some(clean(&format!("{} at the remote", it.goes_to()))),
            (None, StepAction::SalesforceDeploy(_)) => Some("what the org says of the deployment, by its id".into()),
            (None, _) => None,
        }
    }

    /// Whether there is a harmless form of it.
    pub fn can_rehearse(&self) -> bool {
        let tries = matches!(self.action, StepAction::GitRevertPush(_) | StepAction::SalesforceDeploy(_));
        self.rehearse.is_some() || tries
    }

    /// How long it may take.
    pub fn timeout(&self) -> Duration {
        Duration::try_from_secs_f64(self.timeout_s).unwrap_or(Duration::ZERO)
    }
}

impl StepAction {
    /// Whether a person does it.
    pub fn is_manual(&self) -> bool {
        matches!(self, Self::Manual(_))
    }

    /// One word, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Http(_) => "http",
            Self::GitRevertPush(_) => "git_revert_push",
            Self::SalesforceDeploy(_) => "salesforce_deploy",
            Self::Manual(_) => "manual",
            Self::Flagd(_) => "flagd",
            Self::Wait => "wait",
        }
    }

    /// What is run or sent, on one line, with arguments quoted where a person would otherwise misread them.
    pub fn detail(&self) -> String {
        match self {
            Self::Run(argv) => quoted(argv),
            Self::Http(request) => {
                let body = request.json.as_ref().map_or_else(String::new, |json| format!(" {json}"));
                clean(&format!("{} {}{body}", request.method, request.url))
            }
            Self::GitRevertPush(it) => {
                clean(&format!("git push {} {}:{} ({})", it.url, it.commit.short(), it.goes_to(), it.subject))
            }
            Self::SalesforceDeploy(it) => {
                let parts = [("brings back", &it.restores), ("deletes", &it.removes)];
                let said = parts.iter().filter(|(_, members)| !members.is_empty());
                let said: Vec<String> =
                    said.map(|(verb, members)| format!("{verb} {}", package::words(members))).collect();
                let (said, org) = (said.join(", "), clean(&it.org));
                format!("sf project deploy to {org}: {said} (package {}, quick where validated)", it.short_digest())
            }
            Self::Manual(text) => clean(text),
            Self::Flagd(FlagdFlag { file, flag }) => clean(&format!("sets {flag} to DISABLED in {file}")),
            Self::Wait => "waits, and does nothing".into(),
        }
    }
}

/// A look at the world, on one line.
pub fn describe(verify: &Verify) -> String {
    let what = match (&verify.run, verify.url.as_ref().or(verify.file.as_ref())) {
        (Some(argv), _) => quoted(argv),
        (None, Some(place)) => clean(place),
        (None, None) => String::new(),
    };
    let paths = verify.follow.iter().chain(&verify.json);
    let path = paths.fold(String::new(), |paths, path| format!("{paths} {}", clean(path)));
    let each = if verify.each { " each" } else { "" };
    let value = verify.equals.as_ref().map_or_else(String::new, |value| format!("{each} = {}", clean(value)));
    format!("{what}{path}{value}, within {}", short(verify.within))
}

/// Arguments as one line; none looks like two.
pub(super) fn quoted(argv: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,{}".contains(c);
    let quote = |arg: &String| match !arg.is_empty() && arg.chars().all(plain) {
        true => arg.clone(),
        false => format!("'{}'", clean(arg).replace('\'', "'\\''")),
    };
    argv.iter().map(quote).collect::<Vec<_>>().join(" ")
}

fn short(duration: Duration) -> String {
    let s = duration.as_secs_f64();
    if s < 100.0 { format!("{s}s") } else { format!("{}m", (s / 60.0).round()) }
}

#[cfg(test)]
mod tests;
