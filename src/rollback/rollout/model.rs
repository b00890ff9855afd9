//! A rollout as a value.

use std::time::Duration;

use jiff::Timestamp;

use crate::evidence::{Evidence, Subject};
use crate::rollback::model::Step;

/// How far a release is, in the words of whoever rolls it out.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// What is rolled out.
    pub name: String,
    /// How it stands.
    pub phase: Phase,
    /// What its controller says, on one line; may be empty.
    pub message: String,
    /// What it goes through, a short word each: `20%`, `pause`, `10m`.
    pub steps: Vec<String>,
    /// The step under way; as many as there are when all are done.
    pub current: Option<usize>,
    /// The share of the traffic that the canary is to get, in percent.
    pub desired: Option<u8>,
    /// The share that it gets.
    pub actual: Option<u8>,
    /// What it waits for.
    pub pause: Option<Pause>,
    /// What its own analysis says.
    pub analysis: Vec<Analysis>,
    /// Its pods.
    pub pods: Option<Pods>,
    /// What ran before.
    pub stable: Side,
    /// What is rolled out.
    pub canary: Side,
    /// Who keeps it as a repository says.
    pub owner: Option<String>,
    /// What can be done to it.
    pub controls: Controls,
}

/// How a rollout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It goes on.
    Progressing,
    /// It waits.
    Paused,
    /// It is through: everything runs the new version.
    Healthy,
    /// It was aborted: the traffic is on the stable version.
    Aborted,
    /// It failed.
    Failed,
    /// Nobody says.
    Unknown,
}

/// A pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Since when, if that is known.
    pub since: Option<Timestamp>,
    /// How long; without it until a person goes on.
    pub lasts: Option<Duration>,
    /// Why, where that is not the step itself.
    pub why: Option<String>,
}

/// A metric that the rollout watches itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysis {
    /// Its name.
    pub name: String,
    /// What is said of it: `Running`, `Successful`, `Failed`.
    pub phase: String,
    /// Its last value.
    pub value: Option<String>,
    /// How often it was measured well, badly, without a verdict, and not at all.
    pub counts: [u64; 4],
    /// How many bad ones there may be.
    pub limit: Option<u64>,
}

/// Pods, or whatever runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pods {
    /// How many there should be.
    pub desired: u64,
    /// How many run the new version.
    pub updated: u64,
    /// How many are ready.
    pub ready: u64,
    /// How many have been ready for long enough.
    pub available: u64,
}

/// One of the two versions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Side {
    /// Its revision.
    pub revision: Option<String>,
    /// Its image.
    pub image: Option<String>,
}

/// Something that a person can do to a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// The next step.
    Promote,
    /// All of them.
    PromoteFully,
    /// Wait.
    Pause,
    /// Go on.
    Resume,
    /// All traffic back to the stable version.
    Abort,
}

/// What is done for an [`Act`], or why it cannot be.
pub type Control = Result<Box<Step>, String>;

/// What can be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Controls {
    /// The next step.
    pub promote: Control,
    /// All of them.
    pub fully: Control,
    /// Wait.
    pub pause: Control,
    /// Go on.
    pub resume: Control,
    /// Back to the stable version.
    pub abort: Control,
}

impl Rollout {
    /// A rollout of which nothing but its name is known, and to which nothing can be done.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            phase: Phase::Unknown,
            message: String::new(),
            steps: Vec::new(),
            current: None,
            desired: None,
            actual: None,
            pause: None,
            analysis: Vec::new(),
            pods: None,
            stable: Side::default(),
            canary: Side::default(),
            owner: None,
            controls: Controls::none("nothing is known of this rollout"),
        }
    }

    /// As a piece of evidence, seen at `at`; it may be believed for three times the interval of the looks.
    pub fn seen(self, source: &str, at: Timestamp, interval: Duration) -> Evidence<Self> {
        Evidence {
            value: self,
            subject: Subject::default(),
            source: source.to_owned(),
            observed_at: at,
            ttl: interval * 3,
        }
    }

    /// How far it is, as a share of the users, and whether they all have the new version. `None` where no share is told.
    pub fn reach(&self) -> Option<(String, bool)> {
        let share = self.desired.or(self.actual)?;
        let is_through = self.phase == Phase::Healthy || share >= 100;
        Some((if is_through { "100 %".to_owned() } else { format!("{share} %") }, is_through))
    }

    /// Whether a release is on its way.
    pub fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Progressing | Phase::Paused)
    }
}

impl Controls {
    /// Nothing can be done, for this reason.
    pub fn none(why: &str) -> Self {
        let no = || Err(why.to_owned());
        Self { promote: no(), fully: no(), pause: no(), resume: no(), abort: no() }
    }

    /// What is done for an act.
    pub fn of(&self, act: Act) -> &Control {
        match act {
            Act::Promote => &self.promote,
            Act::PromoteFully => &self.fully,
            Act::Pause => &self.pause,
            Act::Resume => &self.resume,
            Act::Abort => &self.abort,
        }
    }
}

impl Act {
    /// After "to": `promote`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Promote => "promote to the next step",
            Self::PromoteFully => "promote fully",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Abort => "abort",
        }
    }

    /// Whether more users get the new version by it.
    pub fn widens(self) -> bool {
        matches!(self, Self::Promote | Self::PromoteFully | Self::Resume)
    }
}

impl Phase {
    /// One word.
    pub fn label(self) -> &'static str {
        match self {
            Self::Progressing => "progressing",
            Self::Paused => "paused",
            Self::Healthy => "healthy",
            Self::Aborted => "ABORTED",
            Self::Failed => "FAILED",
            Self::Unknown => "unknown",
        }
    }
}
