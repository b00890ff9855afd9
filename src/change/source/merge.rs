//! A merge in memory, of the paths that one side changed: nothing is written and no merge driver runs.
//!
//! libgit2's own merge of trees takes memory and time by the size of the trees, so it is asked only where a rename may
//! decide. All else is decided path by path.

use std::path::Path;

use git2::{Delta, Error, ErrorCode, MergeFileInput, Oid, Repository, Tree, TreeEntry};

use super::repository::Repo;
use super::trouble::Trouble;
use crate::change::ladder::Merge;
use crate::evidence::{self, text};

/// Paths that are listed for one merge.
const PATHS: usize = 200;
/// The largest file whose content is merged, in bytes; a larger one counts as a conflict.
const LARGE: usize = 16 * 1024 * 1024;

/// Merges `theirs` into `ours`.
pub(super) fn merge(
    repo: &Repo,
    base: &evidence::Oid,
    ours: &evidence::Oid,
    theirs: &evidence::Oid,
) -> Result<Merge, Trouble> {
    let Some(library) = &repo.library else {
        return Err(Trouble::new("git would have to write the merge, and libgit2 cannot read this repository"));
    };
    by_path(library, base, ours, theirs).map_err(|error| Trouble::of_library(&error, repo.place.root()))
}

fn by_path(
    library: &Repository,
    base: &evidence::Oid,
    ours: &evidence::Oid,
    theirs: &evidence::Oid,
) -> Result<Merge, Error> {
    let tree = |oid: &evidence::Oid| library.find_commit(Oid::from_str(oid.as_str())?)?.tree();
    let (base, ours, theirs) = (tree(base)?, tree(ours)?, tree(theirs)?);
    let diff = library.diff_tree_to_tree(Some(&base), Some(&theirs), None)?;
    let mut merge = Merge::default();
    for delta in diff.deltas() {
        let (old, new) = (delta.old_file(), delta.new_file());
        let Some(path) = new.path().or_else(|| old.path()) else { continue };
        let sides = Sides {
            base: (delta.status() != Delta::Added).then(|| (old.id(), i32::from(old.mode()))),
            theirs: (delta.status() != Delta::Deleted).then(|| (new.id(), i32::from(new.mode()))),
            ours: entry(&ours, path)?.map(|it| (it.id(), it.filemode())),
        };
        let name = || text::clean(&path.to_string_lossy());
        match sides.decide(library)? {
            Outcome::Same => {}
            Outcome::Taken => merge.residual.push(name()),
            Outcome::Conflict => {
                merge.conflicts.push(name());
                merge.residual.push(name());
            }
            Outcome::Renamed => return whole(library, &base, &ours, &theirs),
        }
    }
    merge.residual.truncate(PATHS);
    merge.conflicts.truncate(PATHS);
    Ok(merge)
}

fn entry<'a>(tree: &Tree<'a>, path: &Path) -> Result<Option<TreeEntry<'a>>, Error> {
    match tree.get_path(path) {
        Ok(entry) => Ok(Some(entry)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A path on the three sides: content and mode.
#[derive(Debug, Clone, Copy)]
struct Sides {
    base: Option<(Oid, i32)>,
    ours: Option<(Oid, i32)>,
    theirs: Option<(Oid, i32)>,
}

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
    fn decide(self, library: &Repository) -> Result<Outcome, Error> {
        if self.ours == self.theirs {
            return Ok(Outcome::Same);
        }
        if self.ours == self.base {
            return Ok(Outcome::Taken);
        }
        match (self.base, self.ours, self.theirs) {
            (Some(base), Some(ours), Some(theirs)) => content(library, base, ours, theirs),
            (Some(_), _, _) => Ok(Outcome::Renamed),
            (None, _, _) => Ok(Outcome::Conflict),
        }
    }
}

fn content(library: &Repository, base: (Oid, i32), ours: (Oid, i32), theirs: (Oid, i32)) -> Result<Outcome, Error> {
    let is_file = |(_, mode): (Oid, i32)| mode & 0o170_000 == 0o100_000;
    if ![base, ours, theirs].into_iter().all(is_file) {
        return Ok(Outcome::Conflict);
    }
    if ours.0 == theirs.0 || ours.0 == base.0 || theirs.0 == base.0 {
        // Content changed on one side at most, and the mode on the other.
        return Ok(if ours.0 == theirs.0 && theirs.1 == base.1 { Outcome::Same } else { Outcome::Taken });
    }
    let blobs = [library.find_blob(base.0)?, library.find_blob(ours.0)?, library.find_blob(theirs.0)?];
    if blobs.iter().any(|blob| blob.is_binary() || blob.size() > LARGE) {
        return Ok(Outcome::Conflict);
    }
    let [base, ours, theirs] = blobs.each_ref().map(|blob| {
        let mut input = MergeFileInput::new();
        input.content(blob.content());
        input
    });
    let merged = git2::merge_file(&base, &ours, &theirs, None)?;
    Ok(match merged.is_automergeable() {
        false => Outcome::Conflict,
        true if merged.content() == blobs[1].content() => Outcome::Same,
        true => Outcome::Taken,
    })
}

/// The whole trees, renames included.
fn whole(library: &Repository, base: &Tree<'_>, ours: &Tree<'_>, theirs: &Tree<'_>) -> Result<Merge, Error> {
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
