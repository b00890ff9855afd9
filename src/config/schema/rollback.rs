//! `[rollback]`: how production goes back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::duration;
use super::{Ask, FeatureFlag, GitHubDeploy, GitOps, PullRequest, SalesforceOrg, Secret};

/// `[rollback]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// What the screen calls this way back, where it is one of several.
    pub name: Option<String>,
    /// Who does it.
    #[serde(default)]
    pub engine: Engine,
    /// What it goes back to: a revision. Without it the last version that the journal saw healthy, else the newest
    /// production tag before the present one.
    pub to: Option<String>,
    /// What must hold in the world for this way to make sense.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// A look that tells whether what it goes back to can still be had: an image, a package. `{image}` in its command
    /// stands for each image, where the engine knows them.
    pub artifact: Option<Verify>,
    /// For how long after a commit was made it can be taken back in this way.
    #[serde(default, with = "duration::optional")]
    pub window: Option<Duration>,
    /// Whether the code that runs stays what it is: a flag is turned off, traffic is moved.
    #[serde(default)]
    pub keeps_code: bool,
    /// What the engines `kubernetes` and `argo-rollouts` act on.
    pub kubernetes: Option<Kubernetes>,
    /// What the engine `helm` acts on.
    pub helm: Option<Helm>,
    /// What the engine `git-revert` acts on.
    pub git: Option<GitRevert>,
    /// What the engine `flag` turns off.
    pub flag: Option<FeatureFlag>,
    /// The org that the engine `salesforce` deploys to.
    pub salesforce: Option<SalesforceOrg>,
    /// What the engine `github-actions` starts.
    pub github: Option<GitHubDeploy>,
    /// Who owns what is rolled back, and would bring the bad version again; also what `argo-cd` acts on.
    pub gitops: Option<GitOps>,
    /// A recipe that makes the steps, from `params`.
    pub recipe: Option<String>,
    /// What the recipe wants to know.
    #[serde(default)]
    pub params: toml::Table,
    /// What is looked up before there is a plan, for the steps.
    #[serde(default)]
    pub ask: Vec<Ask>,
    /// What an operator must know before firing.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The steps, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// The check of the world at the end.
    pub verify: Option<Verify>,
    /// What it takes to fire.
    #[serde(default)]
    pub key: Key,
    /// One rollback at a time among several machines.
    pub lock: Option<SharedLock>,
    /// Several ways back, the preferred one first. What stands above them holds for all.
    #[serde(default)]
    pub plan: Vec<Self>,
}

impl Rollback {
    /// The ways back, the preferred one first: those of `[[rollback.plan]]`, or this one alone.
    pub fn ways(&self) -> Vec<Self> {
        if self.plan.is_empty() {
            return vec![self.clone()];
        }
        let common = |way: &Self| Self {
            to: self.to.clone(),
            verify: way.verify.clone().or_else(|| self.verify.clone()),
            artifact: way.artifact.clone().or_else(|| self.artifact.clone()),
            ..way.clone()
        };
        self.plan.iter().map(common).collect()
    }

    /// Where each of [`Self::ways`] stands in the file: keys with dots between them.
    pub fn places(&self) -> Vec<String> {
        match self.plan.len() {
            0 => vec!["rollback".into()],
            ways => (0..ways).map(|index| format!("rollback.plan.{index}")).collect(),
        }
    }

    /// What the screen calls it.
    pub fn label(&self) -> &str {
        self.name.as_deref().or(self.recipe.as_deref()).unwrap_or_else(|| self.engine.label())
    }
}

/// A lock that several machines see: a reference at a remote of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SharedLock {
    /// The remote.
    pub remote: String,
    /// What to do when it cannot be reached.
    pub unreachable: Unreachable,
    /// How long each question to it may take: as much later does a rollback begin where the network is dead.
    #[serde(with = "duration")]
    pub patience: Duration,
}

impl Default for SharedLock {
    fn default() -> Self {
        Self { remote: origin(), unreachable: Unreachable::default(), patience: Duration::from_secs(3) }
    }
}

/// What to do when the lock's remote cannot be reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unreachable {
    /// A person says why it goes on without.
    #[default]
    Ask,
    /// It goes on without, and says so.
    GoOn,
}

/// What it takes to fire: by default, and where a severity has its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Key {
    /// Where nothing else is said.
    pub policy: Policy,
    /// For incidents of the highest severity.
    pub sev1: Option<Policy>,
    /// For the one below.
    pub sev2: Option<Policy>,
    /// For the lowest.
    pub sev3: Option<Policy>,
}

/// What it takes to fire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The letter of the moment.
    #[default]
    Letter,
    /// The name of the version that it goes back to, then the letter.
    TypeName,
    /// The word of a second person for exactly this plan, then the letter.
    TwoPerson,
}

/// Something that must hold in the world before a plan is fired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// In a few words: `the flag is there`.
    pub name: String,
    /// One look at it.
    pub look: Verify,
}

/// A branch whose tip is what runs, or is about to: what is undone there stays undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitRevert {
    /// The branch.
    pub branch: String,
    /// Where it is pushed.
    #[serde(default = "origin")]
    pub remote: String,
    /// Where a pull request is opened when the branch takes no push.
    pub pull_request: Option<PullRequest>,
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
    /// A feature flag, turned off.
    Flag,
    /// An application of Argo CD, to an earlier entry of its history.
    ArgoCd,
    /// A compensating deployment to a Salesforce org.
    Salesforce,
    /// A workflow of GitHub Actions.
    GithubActions,
    /// A commit that takes the others back, pushed to the branch that production follows.
    GitRevert,
}

impl Engine {
    /// As it is written in the file.
    pub fn label(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::ArgoRollouts => "argo-rollouts",
            Self::Kubernetes => "kubernetes",
            Self::Helm => "helm",
            Self::Flag => "flag",
            Self::ArgoCd => "argo-cd",
            Self::Salesforce => "salesforce",
            Self::GithubActions => "github-actions",
            Self::GitRevert => "git-revert",
        }
    }
}

/// One step of a rollback: a command, a request, something that a person does, or, with `verify` alone, a wait.
/// Placeholders: `{to.version}`, `{to.sha}`,
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
    /// Something that only a person can do: what is asked of them.
    pub manual: Option<String>,
    /// A harmless form of the command for rehearsals.
    pub rehearse: Option<Vec<String>>,
    /// A command that takes back what this step did, for when a later one fails.
    pub compensate: Option<Vec<String>>,
    /// How often it is tried again when it fails; only where twice is as good as once.
    #[serde(default)]
    pub retries: u32,
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
    /// The header that carries the token as it is; `Authorization: Bearer` without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_header: Option<String>,
    /// More headers, none of them a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// A look at the world: a command, an address or a file, and what it must answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// A command that must end with 0, and print `equals` if that is given.
    pub run: Option<Vec<String>>,
    /// An address that must answer 2xx.
    pub url: Option<String>,
    /// A file that must be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// A path into the answer of `url`, to another address of the same server: it is asked instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow: Option<String>,
    /// A path into the JSON that is seen; several values are joined by spaces.
    pub json: Option<String>,
    /// What is expected there, with placeholders.
    pub equals: Option<String>,
    /// Whether the answer is a list, lines or a JSON array, of which each must be that: one value for each instance.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub each: bool,
    /// Values that end the look at once, for they will not change any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fails: Vec<String>,
    /// How long to keep looking.
    #[serde(default = "sixty_seconds", with = "duration")]
    pub within: Duration,
    /// A bearer token.
    pub token: Option<Secret>,
    /// The header that carries the token as it is; `Authorization: Bearer` without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_header: Option<String>,
    /// More headers, none of them a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Plain http to a host that is not this machine.
    #[serde(default)]
    pub allow_http: bool,
}

/// Stands for an image in the command of `artifact`.
const IMAGE: &str = "{image}";

impl Verify {
    /// Whether its command names an image.
    pub fn names_image(&self) -> bool {
        self.run.iter().flatten().skip(1).any(|argument| argument.contains(IMAGE))
    }

    /// The same look with an image in its place.
    pub fn with_image(&self, image: &str) -> Self {
        let mut look = self.clone();
        look.run.iter_mut().flatten().skip(1).for_each(|argument| *argument = argument.replace(IMAGE, image));
        look
    }
}

fn sixty_seconds() -> Duration {
    Duration::from_secs(60)
}

fn origin() -> String {
    "origin".into()
}

fn post() -> String {
    "POST".into()
}

fn five_minutes() -> Duration {
    Duration::from_secs(300)
}
