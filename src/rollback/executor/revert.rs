//! A commit that takes others back, and its push. Made from git alone, it is the same commit whenever it is made: the
//! plan names it before the key is pressed, and a second push of it changes nothing.

use std::path::Path;
use std::time::Duration;

use git2::{Commit, MergeOptions, Repository, Signature, Time};

use super::Ran;
use super::look::Seen;
use super::remote::{Pushed, Remote, RemoteError};
use crate::config::schema::GitRevert;
use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::rollback::choice::Held;
use crate::rollback::model::Revert;
use crate::rollback::plan::Contents;

/// How long the remote may take to say where a branch stands.
const LOOK: Duration = Duration::from_secs(10);
/// How many conflicting paths a message names.
const NAMED: usize = 3;

/// Works out the commit that brings a branch from what runs to the target, whatever else was added there since.
///
/// # Errors
/// When there is nothing to take back there, it conflicts, or the remote does not answer: in words.
pub(super) async fn prepare(root: &Path, way: &GitRevert, contents: &Contents) -> Result<Revert, String> {
    let branch = &way.branch;
    let remote = Remote::named(root, &way.remote)?;
    let tip = remote.at(&reference(branch), LOOK).await.map_err(|error| format!("{}: {error}", way.remote))?;
    let lease = tip.ok_or_else(|| format!("{} has no branch {branch}", way.remote))?;
    let known = |oid: &Option<Oid>| oid.clone().ok_or_else(|| "git does not know what runs".to_owned());
    let (from, to) = (known(&contents.from.oid)?, known(&contents.to.oid)?);
    let subject = format!("Roll back to {}", contents.to.reference);
    let mut revert = Revert {
        from,
        to,
        commit: lease.clone(),
        lease,
        branch: branch.clone(),
        review: None,
        url: remote.url().to_owned(),
        subject,
    };
    revert.commit = make(&remote.repository()?, &revert)?;
    Ok(revert)
}

/// Makes the commit.
fn make(repository: &Repository, revert: &Revert) -> Result<Oid, String> {
    let branch = &revert.branch;
    let tip = find(repository, &revert.lease)
        .map_err(|_| format!("{branch} has commits that are not here: git fetch, and look at them"))?;
    let (from, to) = (find(repository, &revert.from)?, find(repository, &revert.to)?);
    if tip.id() != from.id() && !said(repository.graph_descendant_of(tip.id(), from.id()))? {
        return Err(format!("{branch} does not hold what runs: there is nothing to take back on it"));
    }
    let trees = (said(from.tree())?, said(tip.tree())?, said(to.tree())?);
    let mut merged = said(repository.merge_trees(&trees.0, &trees.1, &trees.2, Some(&MergeOptions::new())))?;
    if merged.has_conflicts() {
        return Err(format!("taking it back conflicts with what came after it, in {}", conflicts(&merged)));
    }
    let tree = said(
        said(merged.write_tree_to(repository))
            .and_then(|id| said(repository.find_tree(id)))
            .map_err(|why| git2::Error::from_str(&why)),
    )?;
    if tree.id() == trees.1.id() {
        return Err(format!("{branch} has nothing of it any more"));
    }
    let who = signature(repository, &tip)?;
    let message =
        format!("{}\n\nTakes back {}..{} on {branch}.\n", revert.subject, revert.to.short(), revert.from.short());
    let made = said(repository.commit(None, &who, &who, &message, &tree, &[&tip]))?;
    Oid::parse(&made.to_string()).ok_or_else(|| "git made no commit".to_owned())
}

/// Who pushes, a second after the tip: a commit of the present second would be another one each time.
fn signature(repository: &Repository, tip: &Commit) -> Result<Signature<'static>, String> {
    let me = repository.signature().or_else(|_| Signature::now("hotfix", "hotfix@localhost"));
    let me = said(me)?;
    let (name, email) = (String::from_utf8_lossy(me.name_bytes()), String::from_utf8_lossy(me.email_bytes()));
    said(Signature::new(&name, &email, &Time::new(tip.time().seconds() + 1, 0)))
}

fn find<'r>(repository: &'r Repository, oid: &Oid) -> Result<Commit<'r>, String> {
    said(git2::Oid::from_str(oid.as_str()).and_then(|id| repository.find_commit(id)))
}

fn conflicts(index: &git2::Index) -> String {
    let paths = index.conflicts().into_iter().flatten().flatten();
    let path = |conflict: git2::IndexConflict| {
        let side = conflict.our.or(conflict.their).or(conflict.ancestor)?;
        Some(clean(&String::from_utf8_lossy(&side.path)))
    };
    paths.filter_map(path).take(NAMED).collect::<Vec<_>>().join(", ")
}

fn said<T>(result: Result<T, git2::Error>) -> Result<T, String> {
    result.map_err(|error| clean(error.message()))
}

/// Pushes it.
pub(super) async fn push(root: &Path, revert: &Revert, limit: Duration) -> Ran {
    let remote = match remade(root, revert) {
        Ok(remote) => remote,
        Err(why) => return Ran::Failed(format!("{why}: nothing was pushed")),
    };
    let (branch, commit) = (revert.goes_to(), &revert.commit);
    match remote.push(&reference(branch), Some(commit), expected(revert), limit).await {
        Ok(Pushed::Done) => Ran::Done(format!("{branch} is at {}", commit.short())),
        Ok(Pushed::Moved) => match remote.at(&reference(branch), LOOK).await {
            Ok(Some(tip)) if tip == *commit => Ran::Done(format!("{branch} is at {} already", commit.short())),
            _ => Ran::Failed(format!("somebody moved {branch} meanwhile: nothing was pushed")),
        },
        Err(RemoteError::Refused(why)) => Ran::Failed(refused(&why)),
        Err(RemoteError::Silent(why)) => Ran::Unknown(why),
    }
}

/// Tries everything of a push but the push: the commit is made, and the remote says whether it would take it.
///
/// # Errors
/// When it cannot be pushed, in words.
pub(super) async fn rehearse(root: &Path, revert: &Revert, limit: Duration) -> Result<String, String> {
    let remote = remade(root, revert)?;
    let (branch, commit) = (revert.goes_to(), revert.commit.short());
    match remote.try_push(&reference(branch), &revert.commit, expected(revert), limit).await {
        Ok(Pushed::Done) => Ok(format!("{commit} can be made, and {branch} would take it if its rules allow")),
        Ok(Pushed::Moved) => Err(format!("somebody moved {branch} meanwhile")),
        Err(RemoteError::Refused(why)) => Err(refused(&why)),
        Err(RemoteError::Silent(why)) => Err(why),
    }
}

/// The remote, with the commit made again beside it.
fn remade(root: &Path, revert: &Revert) -> Result<Remote, String> {
    let remote = Remote::at_url(root, &revert.url)?;
    match make(&remote.repository()?, revert)? {
        commit if commit == revert.commit => Ok(remote),
        _ => Err("the commit cannot be made again as it was shown".into()),
    }
}

/// Where the branch must stand: one that is made for a review must not be there.
fn expected(revert: &Revert) -> Option<&Oid> {
    revert.review.is_none().then_some(&revert.lease)
}

/// What a refusal means: the servers' words for a protected branch are known.
fn refused(why: &str) -> String {
    let is_protected = ["protected branch", "hook declined", "rule violations"].iter().any(|words| why.contains(words));
    let remedy = "; a protected branch takes a pull request alone: name its forge in [rollback.git.pull_request]";
    format!("the remote refused: {why}{}", if is_protected { remedy } else { "" })
}

/// Whether the remote would take a push of this, as far as it says so beforehand: nothing is sent.
pub(super) async fn may_push(root: &Path, revert: &Revert) -> Held {
    let remote = match remade(root, revert) {
        Ok(remote) => remote,
        Err(why) => return Held::Unknown(why),
    };
    let branch = revert.goes_to();
    match remote.try_push(&reference(branch), &revert.commit, expected(revert), LOOK).await {
        Ok(Pushed::Done) => {
            Held::Yes("the remote takes pushes; the rules of the branch are told when it is pushed to".into())
        }
        Ok(Pushed::Moved) => Held::No(format!("somebody moved {branch} meanwhile")),
        Err(RemoteError::Refused(why)) => Held::No(refused(&why)),
        Err(RemoteError::Silent(why)) => Held::Unknown(why),
    }
}

/// Looks where the branch stands at the remote.
pub(super) async fn look(root: &Path, revert: &Revert) -> Seen {
    let branch = revert.goes_to();
    let remote = match Remote::at_url(root, &revert.url) {
        Ok(remote) => remote,
        Err(why) => return Seen::Cannot(why),
    };
    match remote.at(&reference(branch), LOOK).await {
        Ok(Some(tip)) if tip == revert.commit => Seen::Holds(format!("{branch} is at {}", tip.short())),
        Ok(Some(tip)) if tip == revert.lease => Seen::Differs(format!("{branch} is still at {}", tip.short())),
        Ok(Some(tip)) => {
            Seen::Cannot(format!("{branch} moved on to {}: git fetch, and look for the commit there", tip.short()))
        }
        Ok(None) if revert.review.is_some() => Seen::Differs(format!("there is no branch {branch} yet")),
        Ok(None) => Seen::Cannot(format!("there is no branch {branch} any more")),
        Err(error) => Seen::Cannot(error.to_string()),
    }
}

fn reference(branch: &str) -> String {
    format!("refs/heads/{branch}")
}
