//! How a fix reaches the branches that must have it.

use serde::{Deserialize, Serialize};

use crate::evidence::Oid;
use crate::incident::sentence::after;

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

impl Manner {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::CherryPick => "cherry-pick",
        }
    }
}

impl Promotion {
    /// Its sentence.
    pub(in crate::incident) fn words(&self) -> String {
        let (branch, target, detail) = (&self.branch, &self.target, after(self.detail.as_deref()));
        let what = match self.by {
            Manner::Merge => format!("the merge of {branch} into {target}"),
            Manner::CherryPick => format!("the cherry-pick of {branch} to {target}"),
        };
        let now = self.to.as_ref().map_or_else(String::new, |oid| format!(" ({})", oid.short()));
        match self.state {
            PromotionState::Intent => format!("{what}{now} is about to be made"),
            PromotionState::Conflict => format!("{what} waits for a person{detail}"),
            PromotionState::Done => format!("{what} is done{now}"),
            PromotionState::Pushing => format!("{target}{now} is about to be pushed"),
            PromotionState::Pushed => format!("pushed {target}{now}"),
            PromotionState::TakenBack => format!("{what} was taken back{detail}"),
        }
    }
}
