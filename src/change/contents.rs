//! What a rollback would undo: the commits between two versions, flagged, and whether going back gives what was before.

use serde::Serialize;

use super::classes::{Classes, Flag, Reversal};
use crate::evidence::Oid;

/// The commits that going back from one version to another takes out of production.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// What runs now.
    pub from: Point,
    /// What it goes back to; `None` when git knows no version before.
    pub to: Option<Point>,
    /// Whether going back gives what was before; `None` when it cannot be told, which is never clean.
    pub class: Option<Reversal>,
    /// Why it is of that class: one sentence for each class of paths that says so, with a path.
    pub reasons: Vec<String>,
    /// The commits that are undone, newest first, merges left out.
    pub undoes: Vec<Undone>,
    /// How many there are in all.
    pub total: u64,
    /// What is not known, in sentences.
    pub unknown: Vec<String>,
}

/// A version: a name and a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Point {
    /// The tag, the branch, or the short id.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Its commit.
    pub oid: Option<Oid>,
}

/// A commit that is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// The commit.
    pub oid: Oid,
    /// Its first line, clean.
    pub summary: String,
    /// What makes it worth a second look: `fix`, `security`, `migration`, `destructive`, `flag`.
    pub flags: Vec<String>,
}

/// A path that a commit, or the whole way back, touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Clean.
    pub path: String,
    /// Whether the newer side has it no more.
    pub deleted: bool,
}

/// The order in which flags are told.
const FLAGS: [&str; 5] = ["fix", "security", "migration", "destructive", "flag"];

/// The flags of a commit, by its message and by the paths that it touches.
pub fn flags(classes: &Classes, message: &str, touched: &[Touched]) -> Vec<String> {
    let by_path: Vec<&str> = touched
        .iter()
        .flat_map(|it| classes.of(&it.path, it.deleted))
        .filter_map(|class| class.flag.map(Flag::label))
        .collect();
    let has = |flag: &str| by_path.contains(&flag) || says(message, flag);
    FLAGS.into_iter().filter(|flag| has(flag)).map(str::to_owned).collect()
}

/// Whether a message speaks of a fix.
pub fn says_fix(message: &str) -> bool {
    says(message, "fix")
}

/// Whether a message speaks of it.
fn says(message: &str, flag: &str) -> bool {
    let words: &[&str] = match flag {
        "fix" => &["fix", "fixes", "fixed", "bugfix", "hotfix", "bug", "incident", "regression", "revert", "reverts"],
        "security" => &["security", "vulnerability", "vulnerabilities", "cve", "ghsa", "xss", "csrf", "exploit"],
        _ => return false,
    };
    let message = message.to_ascii_lowercase();
    message.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| words.contains(&word))
}

/// What going back over these paths gives, and the reasons for it: the worst of their classes.
pub fn class(classes: &Classes, touched: &[Touched]) -> (Reversal, Vec<String>) {
    let mut worst = Reversal::Clean;
    let mut reasons: Vec<(String, String)> = Vec::new();
    for it in touched {
        for class in classes.of(&it.path, it.deleted).into_iter().filter(|class| class.rollback > Reversal::Clean) {
            worst = worst.max(class.rollback);
            if !reasons.iter().any(|(name, _)| *name == class.name) {
                let word = if class.rollback == Reversal::Unsafe { "unsafe" } else { "compensating" };
                reasons.push((class.name.clone(), format!("{word}: {} touches {}", it.path, class.text)));
            }
        }
    }
    (worst, reasons.into_iter().map(|(_, reason)| reason).collect())
}

impl Contents {
    /// How many of the commits carry a flag.
    pub fn flagged(&self) -> usize {
        self.undoes.iter().filter(|commit| !commit.flags.is_empty()).count()
    }
}

#[cfg(test)]
#[path = "contents_tests.rs"]
mod tests;
