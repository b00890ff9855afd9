//! A single look at the repository, for whoever waits for all of it.

use std::path::Path;

use jiff::Timestamp;

use super::read::{Reader, Settings, Step};
use super::repository::Repo;
use super::trouble::Trouble;
use super::worktree;
use crate::change::contents::Contents;
use crate::change::model::{Report, Repository, Worktree};
use crate::evidence::{Evidence, Failure, Oid};

/// Looks at commits and refs once. `root` is any folder of the repository.
///
/// # Errors
/// When there is no repository, or it cannot be read: with the command that helps.
pub fn read(root: &Path, settings: &Settings) -> Result<Evidence<Report>, Failure> {
    read_once(root, settings, &mut || {}).map_err(|trouble| trouble.at(Timestamp::now()))
}

/// Looks once at commits and refs, and at the work tree beside it: neither waits for the other.
pub fn read_all(
    root: &Path,
    settings: &Settings,
) -> (Result<Evidence<Report>, Failure>, Result<Evidence<Worktree>, Failure>) {
    std::thread::scope(|scope| {
        let mut status = Some(scope.spawn(|| read_worktree(root)));
        let mut worktree = None;
        let mut wait = || worktree = status.take().map(std::thread::ScopedJoinHandle::join);
        let report = read_once(root, settings, &mut wait);
        if worktree.is_none() {
            worktree = status.take().map(std::thread::ScopedJoinHandle::join);
        }
        let failed = || Err(Trouble::new("the work tree could not be read").at(Timestamp::now()));
        let worktree = worktree.and_then(Result::ok).unwrap_or_else(failed);
        (report.map_err(|trouble| trouble.at(Timestamp::now())), worktree)
    })
}

/// `wait` is for what takes longer than the facts: until then there is time to see how well authors know the files.
fn read_once(root: &Path, settings: &Settings, wait: &mut dyn FnMut()) -> Result<Evidence<Report>, Trouble> {
    let report = attempt(root, settings, wait);
    // What changes under the hands of a reader reads well the second time.
    let is_torn = |it: &Report| !it.unknown.is_empty() && !it.repository.shallow && !it.repository.partial;
    match report {
        Ok(report) if is_torn(&report.value) => attempt(root, settings, wait),
        Err(_) if root.exists() => attempt(root, settings, wait),
        other => other,
    }
}

fn attempt(root: &Path, settings: &Settings, wait: &mut dyn FnMut()) -> Result<Evidence<Report>, Trouble> {
    let mut reader = Reader::open_whole(root, settings.clone())?;
    let mut report = reader.report()?;
    while let Some(step) = reader.next_step(&report.value) {
        if step == Step::Familiarity {
            wait();
        }
        reader.complete(step, &mut report.value)?;
    }
    Ok(report)
}

/// The commit that is checked out.
pub fn head(root: &Path) -> Option<Oid> {
    Repo::open(root).and_then(|repo| repo.tip()).ok()?.commit
}

/// What kind of repository it is, and who reads what of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// What kind it is, history's reader included.
    pub repository: Repository,
    /// Who compares trees; the work tree is always read by `git`.
    pub trees: &'static str,
    /// What the work tree has that libgit2 reads otherwise than git.
    pub caution: Option<&'static str>,
}

/// Opens the repository that `root` is in and says what was chosen for it.
///
/// # Errors
/// As [`read`].
pub fn kind(root: &Path) -> Result<Kind, Failure> {
    let repo = Repo::open(root).map_err(|trouble| trouble.at(Timestamp::now()))?;
    let trees = if repo.trees().is_some() { "git and libgit2" } else { "git" };
    Ok(Kind { repository: repo.kind(), trees, caution: repo.caution() })
}

/// Looks at the work tree and the index once.
///
/// # Errors
/// As [`read`]; also in a bare repository, which has no work tree.
pub fn read_worktree(root: &Path) -> Result<Evidence<Worktree>, Failure> {
    let read = Repo::open(root).and_then(|repo| worktree::read(&repo));
    read.map(|look| worktree::evidence(look.counts())).map_err(|trouble| trouble.at(Timestamp::now()))
}

/// Reads what going back from one version to another would undo: from `from`, else from what production says that it
/// runs, else from the tip, which is what the hotfix ships; to `to`, else to the newest version that is in the history of
/// `from`. Both are revisions, such as a commit's id or a tag.
///
/// # Errors
/// As [`read`].
pub fn rollback_contents(
    root: &Path,
    settings: &Settings,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<Contents, Failure> {
    let read = Reader::open(root, settings.clone()).and_then(|mut reader| reader.way_back(from, to));
    read.map_err(|trouble| trouble.at(Timestamp::now()))
}
