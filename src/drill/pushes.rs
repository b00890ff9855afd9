//! Commits that the operator makes: the CI of the world tests them, as a CI does that watches a branch.

use std::path::{Path, PathBuf};

use git2::{Commit, Repository as Git, Signature, Time};
use jiff::Timestamp;

use super::repository::{Made, PAYMENT, PAYMENT_RETRIED, SetupError};
use crate::evidence::Oid;

/// How the fix is too impatient.
const IMPATIENT: &str = "PATIENCE_S = 0.2";
/// How it is patient enough.
const PATIENT: &str = "PATIENCE_S = 2.0";
/// Where the work of somebody else stands that does not belong to the fix.
const FOREIGN: &str = "checkout/mail_1.py";
/// What the fix is for: without it nothing is mended.
const RETRY: &str = "range(ATTEMPTS)";

/// Watches the tip of the hotfix branch.
#[derive(Debug, Clone)]
pub struct Pushes {
    root: PathBuf,
    branch: String,
    tip: Oid,
    /// Whether the branch carried somebody else's work: then it is mended by taking that out.
    carries: bool,
}

/// A new tip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// Its commit.
    pub commit: Oid,
    /// Whether its code mends what makes tests red.
    pub mends: bool,
}

impl Pushes {
    /// Watches what was made, from its tip on.
    pub fn new(made: &Made) -> Self {
        let carries = Git::open(&made.root).and_then(|git| carries(&git, &made.head)).unwrap_or(false);
        Self { root: made.root.clone(), branch: made.branch.clone(), tip: made.head.clone(), carries }
    }

    /// The tip, if it is another one than at the last look. A repository that cannot be read has no new tip.
    pub fn look(&mut self) -> Option<Push> {
        let git = Git::open(&self.root).ok()?;
        let tip = git.find_reference(&format!("refs/heads/{}", self.branch)).ok()?.peel_to_commit().ok()?;
        let commit = Oid::parse(&tip.id().to_string())?;
        if commit == self.tip {
            return None;
        }
        self.tip = commit.clone();
        let mends = if self.carries { has(&git, &tip, RETRY) && !holds(&tip, FOREIGN) } else { is_patient(&git, &tip) };
        Some(Push { commit, mends })
    }
}

fn carries(git: &Git, head: &Oid) -> Result<bool, git2::Error> {
    Ok(holds(&git.find_commit(git2::Oid::from_str(head.as_str())?)?, FOREIGN))
}

fn holds(tip: &Commit<'_>, path: &str) -> bool {
    tip.tree().is_ok_and(|tree| tree.get_path(Path::new(path)).is_ok())
}

fn is_patient(git: &Git, tip: &Commit<'_>) -> bool {
    has(git, tip, RETRY) && !has(git, tip, IMPATIENT)
}

/// Whether the code of the payments holds these words.
fn has(git: &Git, tip: &Commit<'_>, words: &str) -> bool {
    let blob = tip.tree().and_then(|tree| tree.get_path(Path::new(PAYMENT))).and_then(|it| git.find_blob(it.id()));
    blob.is_ok_and(|blob| String::from_utf8_lossy(blob.content()).contains(words))
}

/// Makes the branch of the fix anew on `production`, with the commits that came after the merge: what an operator does
/// with two cherry-picks, for a script.
///
/// # Errors
/// When the repository cannot be written, or a commit does not apply.
pub fn rebuild(made: &Made, production: &str, by: &str, at: Timestamp) -> Result<(), SetupError> {
    let git = Git::open(&made.root)?;
    let mut base = git.revparse_single(production)?.peel_to_commit()?;
    let who = Signature::new(by, "operator@checkout.example", &Time::new(at.as_second(), 0))?;
    let mut own = Vec::new();
    let mut next = git.head()?.peel_to_commit()?;
    while next.parent_count() == 1 && next.id() != base.id() {
        let parent = next.parent(0)?;
        own.push(std::mem::replace(&mut next, parent));
    }
    for commit in own.iter().rev() {
        let mut index = git.cherrypick_commit(commit, &base, 0, None)?;
        let tree = git.find_tree(index.write_tree_to(&git)?)?;
        let message = commit.message().unwrap_or_default();
        base = git.find_commit(git.commit(None, &commit.author(), &who, message, &tree, &[&base])?)?;
    }
    git.reset(base.as_object(), git2::ResetType::Hard, None)?;
    Ok(())
}

/// Mends the fix by a commit at the tip: what an operator does in an editor, for a script.
///
/// # Errors
/// When the repository cannot be written.
pub fn mend(root: &Path, by: &str, at: Timestamp) -> Result<(), SetupError> {
    let git = Git::open(root)?;
    std::fs::write(root.join(PAYMENT), PAYMENT_RETRIED.replace(IMPATIENT, PATIENT))?;
    let mut index = git.index()?;
    index.add_path(Path::new(PAYMENT))?;
    index.write()?;
    let tree = git.find_tree(index.write_tree()?)?;
    let who = Signature::new(by, "operator@checkout.example", &Time::new(at.as_second(), 0))?;
    let parent = git.head()?.peel_to_commit()?;
    git.commit(Some("HEAD"), &who, &who, "Give the bank two seconds to answer", &tree, &[&parent])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::{catalogue, repository};

    #[test]
    fn a_branch_that_carries_stowaways_is_mended_by_making_it_anew() {
        let folder = tempfile::tempdir().unwrap();
        let epoch = Timestamp::from_second(1_740_000_000).unwrap();
        let made = repository::make(folder.path(), &catalogue::find("d6").unwrap(), epoch).unwrap();
        let mut pushes = Pushes::new(&made);
        assert_eq!(pushes.look(), None);
        rebuild(&made, "v2.4.1", "ana", epoch).unwrap();
        assert!(pushes.look().unwrap().mends);
        let git = Git::open(&made.root).unwrap();
        let mut tip = git.head().unwrap().peel_to_commit().unwrap();
        for subject in [
            "SHOP-4377: Prove that a payment survives one 502",
            "SHOP-4377: Retry a payment that the bank answered with 502",
        ] {
            assert_eq!(tip.summary().unwrap(), Some(subject));
            tip = tip.parent(0).unwrap();
        }
        assert_eq!(tip.id(), git.revparse_single("v2.4.1").unwrap().peel_to_commit().unwrap().id());
        assert!(git.statuses(None).unwrap().iter().all(|it| it.status().is_ignored()), "the work tree is clean");
    }

    #[test]
    fn a_commit_is_seen_once_and_mends_if_it_waits_for_the_bank() {
        let folder = tempfile::tempdir().unwrap();
        let epoch = Timestamp::from_second(1_740_000_000).unwrap();
        let made = repository::make(folder.path(), &catalogue::find("d3").unwrap(), epoch).unwrap();
        let mut pushes = Pushes::new(&made);
        assert_eq!(pushes.look(), None);
        mend(&made.root, "ana", epoch).unwrap();
        let push = pushes.look().unwrap();
        assert!(push.mends && push.commit != made.head);
        assert_eq!(pushes.look(), None);
        let git = Git::open(&made.root).unwrap();
        let production = git.revparse_single("v2.4.1").unwrap().peel_to_commit().unwrap();
        git.reference(&format!("refs/heads/{}", made.branch), production.id(), true, "taken back").unwrap();
        assert!(!pushes.look().unwrap().mends, "without the fix nothing is mended");
    }
}
