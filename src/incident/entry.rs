//! Everything that the journal can say of an incident.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Role, Severity, Stage};
use crate::evidence::Oid;
use crate::journal::record::{Draft, Record};

/// One entry of an incident's journal. Names and fields are kept for good: old journals are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The incident began.
    Declared {
        /// A short name, such as `checkout-502`.
        title: String,
        /// Set later when it is not known yet.
        severity: Option<Severity>,
        /// When users began to notice, where it is known.
        impact_at: Option<Timestamp>,
        /// Its key or address in the tracker.
        ticket: Option<String>,
        /// The scenario's name if this is a drill.
        drill: Option<String>,
    },
    /// The three questions were answered, in part or whole; `None` leaves an answer as it was.
    Assessed {
        /// What the business loses.
        impact: Option<String>,
        /// How many users are affected, in the operator's words.
        users: Option<String>,
        /// What users can do meanwhile, or `none`.
        workaround: Option<String>,
        /// How bad it is.
        severity: Option<Severity>,
    },
    /// A role was taken or handed over.
    RoleTaken {
        /// Which one.
        role: Role,
        /// Who holds it now.
        name: String,
    },
    /// The incident went on, or back, to a stage.
    StageEntered {
        /// Which one.
        stage: Stage,
    },
    /// A person vouched for a checklist item, for the commit that was the tip at that moment.
    Ticked {
        /// The item's id.
        item: String,
        /// What was seen.
        note: Option<String>,
        /// The hotfix tip then: the tick turns stale when the tip moves, for items about the change.
        head: Option<Oid>,
    },
    /// A tick was taken back.
    Unticked {
        /// The item's id.
        item: String,
        /// Why.
        note: Option<String>,
    },
    /// A gate was passed although it is not satisfied.
    Overridden {
        /// The item's id.
        item: String,
        /// Why: never empty.
        reason: String,
        /// Who answers for it: never empty.
        name: String,
        /// The hotfix tip then.
        head: Option<Oid>,
    },
    /// A decision, with the readiness of that second.
    Decided {
        /// Roll back, hold, fix forward, promote, escalate or close.
        decision: Decision,
        /// Why.
        reason: String,
        /// What the screen said then.
        readiness: Option<String>,
    },
    /// A note by hand.
    Noted {
        /// What was noted.
        text: String,
    },
    /// A notice to the stakeholders.
    NoticeSent {
        /// Through which channel.
        channel: String,
        /// What was said.
        text: String,
        /// When the next one was promised.
        next_update_at: Option<Timestamp>,
    },
    /// The hotfix tip moved.
    HeadMoved {
        /// From here, if anything was known.
        from: Option<Oid>,
        /// To here.
        to: Oid,
    },
    /// The tests of a commit came to an end, or their result changed.
    TestsSeen {
        /// The commit they belong to, if it is known.
        subject: Option<Oid>,
        /// How many passed.
        passed: u64,
        /// How many failed or errored.
        failed: u64,
    },
    /// A canary verdict changed.
    VerdictChanged {
        /// The metric.
        metric: String,
        /// The verdict before.
        from: String,
        /// The verdict now.
        to: String,
        /// Its sentence.
        why: String,
    },
    /// The rollback was armed.
    RollbackArmed {
        /// The hash of the plan that was shown.
        plan: String,
        /// What it goes back to.
        target: String,
    },
    /// It was disarmed without firing.
    RollbackDisarmed {
        /// The hash of the plan.
        plan: String,
        /// Why: another key, too soon, a paste, lost focus, time.
        why: String,
    },
    /// It was fired. Everything that is needed to go on after a crash is in here.
    RollbackFired {
        /// The hash of the plan.
        plan: String,
        /// The plan itself.
        steps: serde_json::Value,
        /// What it goes back to.
        target: String,
    },
    /// A step of a rollback changed its state. Written before the change has any effect.
    Step {
        /// The hash of the plan.
        plan: String,
        /// Its index, from 0.
        index: usize,
        /// Its name.
        name: String,
        /// The state it is in now.
        state: StepState,
        /// Why, or what was seen.
        detail: Option<String>,
    },
    /// A rollback came to its end.
    RollbackEnded {
        /// The hash of the plan.
        plan: String,
        /// How.
        end: RollbackEnd,
        /// In words: what holds now.
        detail: String,
    },
    /// The rollback was rehearsed.
    RollbackRehearsed {
        /// The hash of the plan.
        plan: String,
        /// Whether all went well.
        passed: bool,
        /// In words.
        detail: String,
    },
    /// A hotfix branch was begun.
    BranchStarted {
        /// The branch.
        branch: String,
        /// Where it begins.
        base: Oid,
        /// What that is: a tag, a branch.
        from: String,
        /// The folder of its work tree, when it has one of its own.
        worktree: Option<String>,
    },
    /// The way of the fix to a target went on. Written before the change has any effect.
    Promotion(Box<Promotion>),
    /// The release was tagged.
    Tagged {
        /// The tag.
        tag: String,
        /// What it names.
        oid: Oid,
    },
    /// Something happened in a drill's world, or its facilitator did something.
    DrillEvent {
        /// In words.
        text: String,
    },
    /// The journal was found damaged; told in every incident's timeline.
    JournalDamaged {
        /// What was found, and what was done.
        what: String,
    },
    /// The incident ended.
    Closed {
        /// The ids of what was still open then.
        open: Vec<String>,
    },
}

/// How the fix reaches one target, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// The hotfix branch.
    pub branch: String,
    /// Its tip: what is promoted.
    pub head: Oid,
    /// The target branch, as it is called.
    pub target: String,
    /// How.
    pub by: Manner,
    /// The state it is in now.
    pub state: PromotionState,
    /// Where the target stood.
    pub from: Oid,
    /// Whether it is a new branch here, for one that only the remote had.
    #[serde(default)]
    pub is_new: bool,
    /// What the target is to name, or names; in a conflict, what its work tree stands on.
    pub to: Option<Oid>,
    /// The work tree where a conflict waits.
    pub worktree: Option<String>,
    /// Commits that are still to be picked, the one in conflict first.
    #[serde(default)]
    pub picks: Vec<Oid>,
    /// In words: what conflicts, why it was taken back.
    pub detail: Option<String>,
}

/// How a fix gets from one branch to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// A merge commit.
    Merge,
    /// Copies of its commits.
    CherryPick,
}

/// The states of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromotionState {
    /// The target is about to be moved.
    Intent,
    /// A person must resolve a conflict first.
    Conflict,
    /// The target has the fix.
    Done,
    /// It is about to be pushed.
    Pushing,
    /// The remote has it.
    Pushed,
    /// The unfinished step was taken back.
    TakenBack,
}

/// What can be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Go back to the last good version.
    RollBack,
    /// Wait and watch.
    Hold,
    /// Mend it with another change.
    FixForward,
    /// Give the canary more traffic.
    Promote,
    /// Call in more people.
    Escalate,
    /// End the incident.
    Close,
}

/// The states that a step of a rollback goes through, in this order where all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Nothing was done yet.
    Pending,
    /// It is about to be issued.
    Intent,
    /// It was issued: the command runs, or the request was sent.
    Issued,
    /// Its command or request came to a good end.
    Observed,
    /// The world is as it should be after it.
    Verified,
    /// It failed.
    Failed,
    /// Nobody knows whether it took effect.
    Unknown,
    /// A person chose to leave it out.
    Skipped,
}

/// How a rollback ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackEnd {
    /// Rolled back, verified.
    Verified,
    /// Every step was issued, and the world was not seen to follow.
    IssuedNotVerified,
    /// A step failed, and nothing was done after it.
    Failed,
    /// A person stopped it between two steps.
    Stopped,
}

impl Entry {
    /// The word in the `kind` column of the journal.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Declared { .. } => "declared",
            Self::Assessed { .. } => "assessed",
            Self::RoleTaken { .. } => "role_taken",
            Self::StageEntered { .. } => "stage_entered",
            Self::Ticked { .. } => "ticked",
            Self::Unticked { .. } => "unticked",
            Self::Overridden { .. } => "overridden",
            Self::Decided { .. } => "decided",
            Self::Noted { .. } => "noted",
            Self::NoticeSent { .. } => "notice_sent",
            Self::HeadMoved { .. } => "head_moved",
            Self::TestsSeen { .. } => "tests_seen",
            Self::VerdictChanged { .. } => "verdict_changed",
            Self::RollbackArmed { .. } => "rollback_armed",
            Self::RollbackDisarmed { .. } => "rollback_disarmed",
            Self::RollbackFired { .. } => "rollback_fired",
            Self::Step { .. } => "step",
            Self::RollbackEnded { .. } => "rollback_ended",
            Self::RollbackRehearsed { .. } => "rollback_rehearsed",
            Self::BranchStarted { .. } => "branch_started",
            Self::Promotion(_) => "promotion",
            Self::Tagged { .. } => "tagged",
            Self::DrillEvent { .. } => "drill_event",
            Self::JournalDamaged { .. } => "journal_damaged",
            Self::Closed { .. } => "closed",
        }
    }

    /// The draft of a journal record that holds this entry.
    pub fn draft(&self, incident: &str, actor: &str, at: Timestamp) -> Draft {
        Draft {
            at,
            incident: incident.to_owned(),
            actor: actor.to_owned(),
            kind: self.kind().to_owned(),
            body: serde_json::to_value(self).unwrap_or(serde_json::Value::Null),
        }
    }

    /// Reads a record's body; `None` for a kind that this version does not know.
    pub fn of(record: &Record) -> Option<Self> {
        Self::deserialize(&record.body).ok()
    }
}

impl Decision {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::RollBack => "roll back",
            Self::Hold => "hold",
            Self::FixForward => "fix forward",
            Self::Promote => "promote",
            Self::Escalate => "escalate",
            Self::Close => "close",
        }
    }
}

impl Manner {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::CherryPick => "cherry-pick",
        }
    }
}

impl StepState {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Intent => "about to be issued",
            Self::Issued => "issued",
            Self::Observed => "ended well",
            Self::Verified => "verified",
            Self::Failed => "FAILED",
            Self::Unknown => "outcome UNKNOWN",
            Self::Skipped => "left out",
        }
    }
}

impl RollbackEnd {
    /// In the words of the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Verified => "rolled back, verified",
            Self::IssuedNotVerified => "issued, not verified",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}
