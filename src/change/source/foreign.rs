//! Foreign commits: what is in P..H and belongs to somebody else's work.
//!
//! F is what is in P..M, where M is where H left the development target T. When T already holds H (the fix was merged
//! back), T as it was before that is taken: by its reflog where there is one, else by its first parents.

use std::collections::HashSet;

use super::repository::Repo;
use super::trouble::Trouble;
use crate::config::schema;
use crate::evidence::{Oid, text};

/// First parents of T that are looked through for the one before the merge of H.
const FIRST_PARENTS: usize = 20_000;
/// Foreign commits that are told by name.
const FOREIGN: usize = 10_000;
/// What a development branch is called, where the configuration does not say.
const USUAL: [&str; 5] = ["develop", "development", "main", "master", "trunk"];

/// What is foreign in a change.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Foreign {
    /// The development target, clean; `None` when none is known, and then nothing can be told.
    pub(super) target: Option<String>,
    /// The tip is on the development target itself: what rides along cannot be told from the fix.
    pub(super) on_target: bool,
    /// The foreign commits, merges included.
    pub(super) commits: HashSet<Oid>,
}

/// A branch that the fix must reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// For the screen, clean.
    pub(super) name: String,
    /// The full name of the reference.
    pub(super) full: String,
    pub(super) tip: Oid,
}

/// Finds the foreign commits of `production..head`, beside the development target.
pub(super) fn find(
    repo: &Repo,
    target: Option<&Target>,
    branch: Option<&str>,
    production: &Oid,
    head: &Oid,
) -> Result<Foreign, Trouble> {
    let Some(target) = target else { return Ok(Foreign::default()) };
    let on_target = branch == Some(target.full.as_str());
    let mut foreign = Foreign { target: Some(target.name.clone()), on_target, ..Foreign::default() };
    if on_target || target.tip == *production {
        return Ok(foreign);
    }
    let Some(mut parted) = repo.merge_base(head, &target.tip)? else { return Ok(foreign) };
    if parted == *head {
        let Some(before) = before_merge(repo, target, head)? else { return Ok(foreign) };
        let Some(base) = repo.merge_base(head, &before)? else { return Ok(foreign) };
        parted = base;
    }
    if parted != *production {
        foreign.commits = repo.range_ids(production, &parted, FOREIGN)?.into_iter().collect();
    }
    Ok(foreign)
}

/// The target as it was before it held `head`.
pub(super) fn before_merge(repo: &Repo, target: &Target, head: &Oid) -> Result<Option<Oid>, Trouble> {
    for old in repo.past(&target.full) {
        if !repo.reaches(&old, head).unwrap_or(true) {
            return Ok(Some(old));
        }
    }
    let chain = repo.first_parents(&target.tip, FIRST_PARENTS)?;
    // Once a first parent does not hold the commit none of its own does: look by halves.
    let (mut holds, mut free) = (0, chain.len());
    while holds + 1 < free {
        let middle = holds.midpoint(free);
        if repo.reaches(&chain[middle], head)? {
            holds = middle;
        } else {
            free = middle;
        }
    }
    Ok(chain.get(free).cloned())
}

/// The development target: the first of the configured ones that is no glob, else a branch of a usual name.
pub(super) fn development(repo: &Repo, git: &schema::Git) -> Result<Option<Target>, Trouble> {
    let configured = git.targets.iter().map(String::as_str).filter(|name| !super::production::is_glob(name));
    for name in configured.chain(git.targets.is_empty().then_some(USUAL).into_iter().flatten()) {
        if let Some(target) = target(repo, name, &git.remote)? {
            return Ok(Some(target));
        }
    }
    Ok(None)
}

/// A branch by its name: the local one, else the remote-tracking one, whichever is ahead of the other.
pub(super) fn target(repo: &Repo, name: &str, remote: &str) -> Result<Option<Target>, Trouble> {
    let local = format!("refs/heads/{name}");
    let tracking = format!("refs/remotes/{remote}/{name}");
    let made = |full: String, tip| Target { name: text::clean(name), full, tip };
    Ok(match (repo.resolve(&local)?, repo.resolve(&tracking)?) {
        (Some(here), Some(there)) if here != there && repo.reaches(&there, &here)? => Some(made(tracking, there)),
        (Some(here), _) => Some(made(local, here)),
        (None, Some(there)) => Some(made(tracking, there)),
        (None, None) => None,
    })
}
