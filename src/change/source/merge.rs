//! A merge in memory, of the paths that one side changed: nothing is written and no merge driver runs.
//!
//! Trees tell which paths either side changed; only the content of those that both changed is looked at.
//! libgit2's own merge of trees takes memory by the size of the trees and of their history, so it is asked only where
//! a rename may decide.

use std::collections::{HashMap, HashSet};

use git2::{Error, MergeFileInput, Oid, Repository, Tree};

use super::repository::Repo;
use super::trees::differing;
use super::trouble::Trouble;
use crate::change::ladder::Merge;
use crate::change::patch::Entry;
use crate::evidence::{self, text};

/// Paths that are listed for one merge.
const PATHS: usize = 200;
/// The largest file whose content is merged, in bytes; a larger one counts as a conflict.
const LARGE: u64 = 16 * 1024 * 1024;

/// Merges `theirs` into `ours`.
pub(super) fn merge(
    repo: &Repo,
    base: &evidence::Oid,
    ours: &evidence::Oid,
    theirs: &evidence::Oid,
) -> Result<Merge, Trouble> {
    let changed = differing(repo, base, theirs, |_| true)?;
    merge_changes(repo, &changed, base, ours, theirs)
}

/// The same, where it is known what differs between `base` and `theirs`.
pub(super) fn merge_changes(
    repo: &Repo,
    changed: &[Entry],
    base: &evidence::Oid,
    ours: &evidence::Oid,
    theirs: &evidence::Oid,
) -> Result<Merge, Trouble> {
    let paths: HashSet<&[u8]> = changed.iter().map(|entry| entry.path.as_slice()).collect();
    let here = differing(repo, base, ours, |path| paths.contains(path))?;
    let here: HashMap<&[u8], &Entry> = here.iter().map(|entry| (entry.path.as_slice(), entry)).collect();
    let mut merge = Merge::default();
    for entry in changed {
        let sides = Sides::of(entry, here.get(entry.path.as_slice()).copied());
        let name = || text::clean_bytes(&entry.path);
        match sides.decide(repo)? {
            Outcome::Same => {}
            Outcome::Taken => merge.residual.push(name()),
            Outcome::Conflict => {
                merge.conflicts.push(name());
                merge.residual.push(name());
            }
            Outcome::Renamed => return whole(repo, base, ours, theirs),
        }
    }
    merge.residual.truncate(PATHS);
    merge.conflicts.truncate(PATHS);
    Ok(merge)
}

/// A path on the three sides: content and mode; `None` where it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sides {
    base: Side,
    ours: Side,
    theirs: Side,
}

type Side = Option<(String, u32)>;

/// What becomes of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Our side has it already.
    Same,
    /// Our side would change, without a conflict.
    Taken,
    /// A person must decide.
    Conflict,
    /// One side has it no more: it may have another name there.
    Renamed,
}

impl Sides {
    /// What `theirs` made of a path, and what `ours` did, if anything.
    fn of(theirs: &Entry, ours: Option<&Entry>) -> Self {
        let side = |oid: &String, mode: u32| (mode != 0).then(|| (oid.clone(), mode));
        let base = side(&theirs.old_oid, theirs.old_mode);
        let ours = ours.map_or_else(|| base.clone(), |entry| side(&entry.new_oid, entry.new_mode));
        Self { base, ours, theirs: side(&theirs.new_oid, theirs.new_mode) }
    }

    fn decide(&self, repo: &Repo) -> Result<Outcome, Trouble> {
        if self.ours == self.theirs {
            return Ok(Outcome::Same);
        }
        if self.ours == self.base {
            return Ok(Outcome::Taken);
        }
        match (&self.base, &self.ours, &self.theirs) {
            (Some(base), Some(ours), Some(theirs)) => both(repo, base, ours, theirs),
            (Some(_), _, _) => Ok(Outcome::Renamed),
            (None, _, _) => Ok(Outcome::Conflict),
        }
    }
}

/// A path that both sides changed.
fn both(repo: &Repo, base: &(String, u32), ours: &(String, u32), theirs: &(String, u32)) -> Result<Outcome, Trouble> {
    let is_file = |side: &&(String, u32)| side.1 & 0o170_000 == 0o100_000;
    if ![base, ours, theirs].iter().all(is_file) {
        return Ok(Outcome::Conflict);
    }
    if ours.0 == theirs.0 || ours.0 == base.0 || theirs.0 == base.0 {
        // Content changed on one side at most, and the mode on the other.
        return Ok(if ours.0 == theirs.0 && theirs.1 == base.1 { Outcome::Same } else { Outcome::Taken });
    }
    for oid in [&base.0, &ours.0, &theirs.0] {
        if repo.blob_size(oid).is_none_or(|size| size > LARGE) {
            return Ok(Outcome::Conflict);
        }
    }
    let sides = [repo.blob(&base.0)?, repo.blob(&ours.0)?, repo.blob(&theirs.0)?];
    content(&sides).map_err(|error| Trouble::of_library(&error, repo.place.root()))
}

fn unreadable() -> Trouble {
    Trouble::new("a rename may decide, and libgit2, which would follow it, cannot read this repository")
}

/// Merges the content of base, ours and theirs.
fn content(sides: &[Vec<u8>; 3]) -> Result<Outcome, Error> {
    // Where git looks for a NUL to tell binary content.
    if sides.iter().any(|bytes| bytes[..bytes.len().min(8_000)].contains(&0)) {
        return Ok(Outcome::Conflict);
    }
    let [base, ours, theirs] = sides.each_ref().map(|bytes| {
        let mut input = MergeFileInput::new();
        input.content(bytes);
        input
    });
    let merged = git2::merge_file(&base, &ours, &theirs, None)?;
    Ok(match merged.is_automergeable() {
        false => Outcome::Conflict,
        true if merged.content() == sides[1] => Outcome::Same,
        true => Outcome::Taken,
    })
}

/// Merges the whole trees, renames included.
fn whole(repo: &Repo, base: &evidence::Oid, ours: &evidence::Oid, theirs: &evidence::Oid) -> Result<Merge, Trouble> {
    let library = repo.trees().ok_or_else(unreadable)?;
    let tree = |oid: &evidence::Oid| library.find_commit(Oid::from_str(oid.as_str())?)?.tree();
    let merged = || trees(library, &tree(base)?, &tree(ours)?, &tree(theirs)?);
    merged().map_err(|error| Trouble::of_library(&error, repo.place.root()))
}

fn trees(library: &Repository, base: &Tree<'_>, ours: &Tree<'_>, theirs: &Tree<'_>) -> Result<Merge, Error> {
    let index = library.merge_trees(base, ours, theirs, None)?;
    let mut merge = Merge::default();
    if index.has_conflicts() {
        for conflict in index.conflicts()? {
            let conflict = conflict?;
            let side = conflict.our.or(conflict.their).or(conflict.ancestor);
            merge.conflicts.extend(side.map(|entry| text::clean_bytes(&entry.path)));
        }
        merge.conflicts.sort();
        merge.conflicts.dedup();
    }
    let diff = library.diff_tree_to_index(Some(ours), Some(&index), None)?;
    let path = |delta: git2::DiffDelta<'_>| delta.new_file().path_bytes().map(text::clean_bytes);
    merge.residual = diff.deltas().filter_map(path).take(PATHS).collect();
    merge.conflicts.truncate(PATHS);
    Ok(merge)
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
