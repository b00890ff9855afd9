//! The branch strategy: what a hotfix branch is called, in which order the fix reaches its targets, and how.

use globset::Glob;
use serde::Serialize;

use super::ladder::Level;
use crate::config::schema::{self, Strategy};
use crate::evidence::{Oid, text};
use crate::incident::{Entry, Manner, Promotion, PromotionState};
use crate::journal::record::Record;

/// The longest slug, in bytes: it becomes part of a file name.
const SLUG: usize = 80;

/// What `hotfix start` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Started {
    /// The new branch.
    pub branch: String,
    /// The commit that it begins at.
    pub base: Oid,
    /// What that commit is: a tag, a branch.
    pub from: String,
    /// How that was found.
    pub how: String,
    /// The folder of its work tree; `None` when it has none yet.
    pub worktree: Option<String>,
    /// What the operator should know besides.
    pub notes: Vec<String>,
}

/// What `hotfix finish` did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finished {
    /// The hotfix branch.
    pub branch: String,
    /// Its tip.
    pub head: Oid,
    /// What it was built on: the fix is what came since.
    pub base: Oid,
    /// Every target, in order.
    pub targets: Vec<Reached>,
    /// The tag that was asked for.
    pub tag: Option<Named>,
    /// What the operator should know besides.
    pub notes: Vec<String>,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// What it is called.
    pub name: String,
    /// The commit.
    pub oid: Oid,
    /// Whether the remote has it.
    pub pushed: bool,
}

/// One target, and how the fix reached it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The branch, clean.
    pub target: String,
    /// How the fix gets there.
    pub by: Manner,
    /// How far it is.
    pub state: ReachedState,
    /// The ladder's level before; `None` when it could not be told.
    pub level: Option<Level>,
    /// Where the target stood.
    pub from: Oid,
    /// Where it stands now, or would.
    pub to: Option<Oid>,
    /// Whether the remote has it.
    pub pushed: bool,
    /// What conflicts, clean.
    pub paths: Vec<String>,
    /// Where a conflict is to be resolved.
    pub worktree: Option<String>,
    /// One sentence.
    pub why: String,
}

/// How far a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReachedState {
    /// It had the fix before.
    Already,
    /// It has it now.
    Done,
    /// It would get it without a conflict.
    Clean,
    /// A person must resolve a conflict, now or when it comes to it.
    Conflict,
    /// It is the turn of another one first.
    Waiting,
}

impl Finished {
    /// Whether a conflict stopped it.
    pub fn is_stopped(&self) -> bool {
        self.targets.iter().any(|it| it.state == ReachedState::Conflict)
    }
}

/// The name of the hotfix branch for a slug.
///
/// # Errors
/// When the slug cannot be part of a branch's name, in words. Git itself has the last word.
pub fn branch_name(template: &str, slug: &str) -> Result<String, String> {
    let shown = text::clean(slug);
    if slug.is_empty() || slug.len() > SLUG {
        return Err(format!("a slug has 1 to {SLUG} characters, such as `cart-502`"));
    }
    let is_fit = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '#');
    if slug.starts_with(['-', '.', '/']) || !slug.chars().all(is_fit) {
        return Err(format!("`{shown}` is no slug: letters, digits and `-`, such as `cart-502`"));
    }
    Ok(template.replace("{slug}", slug))
}

/// Whether one of these names or globs means a branch.
pub fn means(patterns: &[String], branch: &str) -> bool {
    let matches = |pattern: &String| Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(branch));
    patterns.iter().any(|pattern| pattern == branch || matches(pattern))
}

/// How the fix gets to the target at `place` in the order.
///
/// After a deploy a hotfix branch is merged into every target, but into those that are to get copies. With the trunk
/// first the fix is merged there, and copied to every branch between it and production.
pub fn manner(git: &schema::Git, target: &str, place: usize) -> Manner {
    let copies = means(&git.cherry_pick, target) || git.strategy == Strategy::TrunkFirst && place > 0;
    if copies { Manner::CherryPick } else { Manner::Merge }
}

/// The promotions on record of one hotfix branch, oldest first.
pub fn promotions(records: &[Record], branch: &str) -> Vec<Promotion> {
    let promotion = |record: &Record| match Entry::of(record) {
        Some(Entry::Promotion(it)) if it.branch == branch => Some(*it),
        _ => None,
    };
    records.iter().filter_map(promotion).collect()
}

/// The step that was begun and not ended, if there is one.
pub fn unfinished(promotions: &[Promotion]) -> Option<&Promotion> {
    promotions
        .last()
        .filter(|it| matches!(it.state, PromotionState::Intent | PromotionState::Conflict | PromotionState::Pushing))
}

/// The message of a merge, as git words it.
pub fn merge_message(branch: &str, target: &str) -> String {
    let into = if matches!(target, "main" | "master") { String::new() } else { format!(" into {target}") };
    format!("Merge branch '{branch}'{into}\n")
}

/// The message of a copy, which names its source as `git cherry-pick -x` does.
pub fn pick_message(message: &str, source: &Oid) -> String {
    let body = message.trim_end();
    let is_trailer = |line: &str| {
        let key = line.split(": ").next().unwrap_or_default();
        let is_key =
            !key.is_empty() && key.len() < line.len() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        is_key || line.starts_with("(cherry picked from commit ")
    };
    let last = body.rsplit_once("\n\n").map(|(_, last)| last);
    let gap = if last.is_some_and(|last| last.lines().all(is_trailer)) { "\n" } else { "\n\n" };
    format!("{body}{gap}(cherry picked from commit {source})\n")
}

#[cfg(test)]
#[path = "strategy_tests.rs"]
mod tests;
