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
/// What the fix is for: without it nothing is mended.
const RETRY: &str = "range(ATTEMPTS)";

/// Watches the tip of the hotfix branch.
#[derive(Debug, Clone)]
pub struct Pushes {
    root: PathBuf,
    branch: String,
    tip: Oid,
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
        Self { root: made.root.clone(), branch: made.branch.clone(), tip: made.head.clone() }
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
        Some(Push { commit, mends: mends(&git, &tip) })
    }
}

fn mends(git: &Git, tip: &Commit<'_>) -> bool {
    let blob = tip.tree().and_then(|tree| tree.get_path(Path::new(PAYMENT))).and_then(|it| git.find_blob(it.id()));
    blob.is_ok_and(|blob| {
        let code = String::from_utf8_lossy(blob.content());
        code.contains(RETRY) && !code.contains(IMPATIENT)
    })
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
