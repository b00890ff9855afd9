//! Everything that the journal can say of an incident.
//!
//! One file for each topic. A new kind of entry is a struct in its topic's file, with its sentence (`words`); a line
//! in [`Entry`], one in `sentence.rs`, one in that file's test; and one in `model.rs` if it changes the incident.

mod classified;
mod course;
mod decision;
mod evidence;
mod handover;
mod mark;
mod notice;
mod promotion;
mod record;
mod rollback;
mod snapshot;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::classified::{Classified, Counted};
pub use self::course::{Left, LeftOpen};
pub use self::decision::Decision;
pub use self::evidence::{ChangeSeen, CommitSeen, CurveSeen, CurvesSeen, FactSeen, PointSeen, RiskSeen, Sample};
pub use self::handover::Handover;
pub use self::mark::{Acceptance, BrokenGlass, Deferral};
pub use self::notice::{About, Delivery, DeliveryState, NoticeWritten};
pub use self::promotion::{Manner, Promotion, PromotionState};
pub use self::record::{Correction, Export, Pin, Push};
pub use self::rollback::{RollbackEnd, StepState};
pub use self::snapshot::{Glimpse, Snapshot};
use super::{Role, Severity, Stage};
use crate::evidence::Oid;
use crate::journal::record::{Draft, Record};

/// One entry of an incident's journal. Names and fields are kept for good: old journals are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames)]
#[serde(tag = "entry", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Entry {
    // What persons say of the incident.
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
    /// How bad it is, with what that rests on.
    Classified(Box<Classified>),
    /// It was bound to an issue of the tracker, or to another one.
    Bound {
        /// Its key or address in the tracker.
        ticket: String,
    },
    /// A role was taken or handed over.
    RoleTaken {
        /// Which one.
        role: Role,
        /// Who holds it now.
        name: String,
    },
    /// A role was handed over, or taken with a note.
    RoleHanded(Box<Handover>),
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
    /// An item was handed to somebody, to be done by a time.
    Deferred(Box<Deferral>),
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
    /// A gate that wants a second person was passed by one who is alone.
    GlassBroken(Box<BrokenGlass>),
    /// What the tests of a commit leave open was accepted.
    TestsAccepted(Box<Acceptance>),
    /// A decision, with the readiness of that second.
    Decided {
        /// Roll back, hold, fix forward, promote, escalate or close.
        decision: Decision,
        /// Why.
        reason: String,
        /// What the screen said then.
        readiness: Option<String>,
        /// What every room showed then; none where nobody looked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        snapshot: Option<Box<Snapshot>>,
    },
    /// A note by hand.
    Noted {
        /// What was noted.
        text: String,
    },
    /// An earlier entry was not right.
    Corrected(Correction),
    /// A row of a pane, with what its room showed then.
    Pinned(Box<Pin>),
    // What stakeholders are told.
    /// A notice to the stakeholders.
    NoticeSent {
        /// Through which channel.
        channel: String,
        /// What was said.
        text: String,
        /// When the next one was promised.
        next_update_at: Option<Timestamp>,
        /// What it is about; unknown in old journals.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<About>,
    },
    /// A notice was written, and is about to be sent.
    NoticeWritten(Box<NoticeWritten>),
    /// The way of a notice to a channel went on. Written before the change has any effect.
    NoticeDelivery(Box<Delivery>),
    // What was seen.
    /// The hotfix tip moved.
    HeadMoved {
        /// From here, if anything was known.
        from: Option<Oid>,
        /// To here.
        to: Oid,
    },
    /// A branch on the remote moved.
    Pushed(Box<Push>),
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
    /// A version did well in production, or beside it: a rollback may go back to it.
    SeenHealthy {
        /// Its tag, branch or short id.
        version: String,
        /// Its commit.
        commit: Oid,
        /// Who saw it, and how.
        how: String,
    },
    /// The change as git told it, once for each tip.
    ChangeSeen(Box<ChangeSeen>),
    /// The canary's curves, when its verdict changed.
    CurvesSeen(Box<CurvesSeen>),
    // The rollback.
    /// The rollback was armed.
    RollbackArmed {
        /// The hash of the plan that was shown.
        plan: String,
        /// What it goes back to.
        target: String,
    },
    /// A second person agreed to a plan.
    RollbackAgreed {
        /// The hash of the plan.
        plan: String,
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
        /// The hash of its steps alone, whatever they go back to; unknown in old journals.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        steps: Option<String>,
        /// Whether all went well.
        passed: bool,
        /// In words.
        detail: String,
    },
    /// A rollout is about to be steered. Written before that has any effect.
    RolloutSteered {
        /// Which rollout.
        rollout: String,
        /// What is about to be done.
        act: String,
    },
    /// What came of that.
    RolloutFollowed {
        /// Which rollout.
        rollout: String,
        /// What was done.
        act: String,
        /// Whether it was seen to follow; `None` when nobody knows.
        followed: Option<bool>,
        /// What was seen.
        detail: String,
    },
    /// A rollout was seen at another step, whoever took it there.
    RolloutMoved {
        /// Which rollout.
        rollout: String,
        /// Where it was before: `5 %`; unknown where it was seen for the first time.
        from: Option<String>,
        /// Where it is now.
        to: String,
        /// Whether it is through: everybody has the new version.
        through: bool,
    },
    // The way of the fix through git.
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
    // The drill, the journal itself, and the end.
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
    /// The timeline, or what is made of it, was written to a file.
    Exported(Export),
    /// The incident ended.
    Closed {
        /// The ids of what was still open then.
        open: Vec<String>,
    },
    /// What the end leaves open. Written before it.
    LeftOpen(Box<LeftOpen>),
    /// An open incident became the one that commands and the cockpit are about.
    Resumed {},
    /// A closed incident is open again.
    Reopened {
        /// Why: never empty.
        reason: String,
    },
}

impl Entry {
    /// The word in the `kind` column of the journal.
    pub fn kind(&self) -> &'static str {
        self.into()
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
