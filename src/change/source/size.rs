//! How large the change is: `git diff` between two trees, as a child process, unless it is a small one ([`small`]).
//!
//! The figures are those of `git diff --shortstat` because git itself counts them, renames, binary files, modes and
//! attributes included, and its memory is none of ours. The same stream brings the lines for the core count.

use std::collections::HashMap;
use std::io::{BufReader, Read};

use super::attributes::{self, Attributes};
use super::command::Git;
use super::familiar::Paths;
use super::repository::Repo;
use super::small;
use super::trouble::Trouble;
use crate::change::classes::{Classes, Core, names};
use crate::change::model::{FileChange, FileStatus, Size};
use crate::change::patch::{self, Content, Contents, Entry};
use crate::evidence::{Oid, text};

/// The most that is read of a patch, in bytes. Files beyond it count all their lines as core.
const PATCH_LIMIT: u64 = 16 * 1024 * 1024;
/// A binary file from this size on is opaque, in bytes.
const LARGE: u64 = 1024 * 1024;

/// A diff, measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Measured {
    pub(super) changes: Vec<FileChange>,
    /// The bytes of each change's path, and of the path before a rename.
    pub(super) paths: Vec<Paths>,
    pub(super) size: Size,
    pub(super) without_renames: Size,
    pub(super) core_lines: u64,
    pub(super) core_files: u64,
    pub(super) test_lines: u64,
    /// Whether the patch was too long to look at every line.
    pub(super) is_estimate: bool,
    /// Files with added lines that look like conflict markers, clean.
    pub(super) markers: Vec<String>,
    /// Submodules that moved, LFS files and large binaries.
    pub(super) opaque: Vec<String>,
}

/// Flags of every diff: nothing that the repository names may run, and the form must be ours.
pub(super) const DIFF: [&str; 6] =
    ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short", "--no-abbrev"];

/// Measures the diff between two commits or trees.
pub(super) fn measure(repo: &Repo, classes: &Classes, base: &Oid, head: &Oid) -> Result<Measured, Trouble> {
    let (list, contents) = match small::diff(repo, base, head) {
        Some(diff) => diff,
        None => diff(repo, base, head)?,
    };
    let attributes = attributes::of(repo, &list, head)?;
    let without_renames = without_renames(&repo.git, &list, base, head)?;
    let mut measured = Measured { without_renames, is_estimate: !contents.complete, ..Measured::default() };
    for (place, entry) in list.iter().enumerate() {
        measured.add(repo, classes, &attributes, entry, contents.files.get(place));
    }
    Ok(measured)
}

pub(super) fn diff(repo: &Repo, base: &Oid, head: &Oid) -> Result<(Vec<Entry>, Contents), Trouble> {
    let mut args = DIFF.to_vec();
    args.extend(["-z", "--raw", "--numstat", "--patch", "--find-renames", base.as_str(), head.as_str(), "--"]);
    let mut running = repo.git.start(&args)?;
    let mut reader = BufReader::with_capacity(64 * 1024, running.by_ref());
    let list = match patch::entries(&mut reader) {
        Ok(list) => list,
        // A git that failed says why; only a git that ended well can have printed nonsense.
        Err(error) => return Err(running.end().err().unwrap_or_else(|| Trouble::new(error.to_string()))),
    };
    let contents = patch::contents(&mut reader, &list, PATCH_LIMIT).map_err(|error| Trouble::new(error.to_string()))?;
    if contents.files.len() == list.len() && contents.complete {
        running.end()?;
    }
    Ok((list, contents))
}

/// The totals without rename detection: what has no rename in it counts the same either way.
fn without_renames(git: &Git, list: &[Entry], base: &Oid, head: &Oid) -> Result<Size, Trouble> {
    if list.iter().all(|entry| entry.old_path.is_none()) {
        return Ok(total(list));
    }
    let mut args = DIFF.to_vec();
    args.extend(["-z", "--raw", "--numstat", "--no-renames", base.as_str(), head.as_str(), "--"]);
    let output = git.output(&args)?;
    let list = patch::entries(&mut output.as_slice()).map_err(|error| Trouble::new(error.to_string()))?;
    Ok(total(&list))
}

fn total(list: &[Entry]) -> Size {
    let lines = |side: fn((u64, u64)) -> u64| list.iter().filter_map(|entry| entry.lines).map(side).sum();
    Size { files: list.len() as u64, insertions: lines(|it| it.0), deletions: lines(|it| it.1) }
}

impl Measured {
    fn add(
        &mut self,
        repo: &Repo,
        classes: &Classes,
        attributes: &HashMap<Vec<u8>, Attributes>,
        entry: &Entry,
        content: Option<&Content>,
    ) {
        let (insertions, deletions) = entry.lines.unwrap_or_default();
        self.size.files += 1;
        self.size.insertions += insertions;
        self.size.deletions += deletions;
        let path = text::clean_bytes(&entry.path);
        if content.is_some_and(|content| content.markers > 0) {
            self.markers.push(path.clone());
        }
        let attributes = attributes.get(&entry.path).copied().unwrap_or_default();
        let mut found = named(classes, entry, attributes);
        if is_opaque(repo, entry, attributes) {
            found.push(names::OPAQUE.to_owned());
            self.opaque.push(path.clone());
        }
        let counted = content.map_or(insertions + deletions, |content| content.counted.core);
        let is_text_only = entry.lines.is_some() && entry.old_mode == entry.new_mode && insertions + deletions > 0;
        found.extend(only(entry, content.filter(|_| is_text_only)).map(str::to_owned));
        let (core, counted) = match classes.core(&found) {
            Core::No => (false, 0),
            Core::Test => (false, counted),
            Core::Yes => (counted > 0 || !is_text_only && !entry.is_pure_move() && !is_empty(entry), counted),
        };
        if classes.core(&found) == Core::Test {
            self.test_lines += counted;
        } else {
            self.core_lines += counted;
            self.core_files += u64::from(core);
        }
        self.paths.push((entry.path.clone(), entry.old_path.clone()));
        self.changes.push(FileChange {
            path,
            old_path: entry.old_path.as_deref().map(text::clean_bytes),
            status: status(entry.status),
            insertions,
            deletions,
            binary: entry.lines.is_none(),
            core,
            counted_lines: counted,
            classes: found,
        });
    }
}

fn named(classes: &Classes, entry: &Entry, attributes: Attributes) -> Vec<String> {
    let path = String::from_utf8_lossy(&entry.path);
    let by_path = classes.of(&path, entry.status == b'D').into_iter().map(|class| class.name.clone());
    let mut found: Vec<String> = by_path.collect();
    for (name, said) in [(names::GENERATED, attributes.generated), (names::VENDORED, attributes.vendored)] {
        match said {
            Some(true) if !found.iter().any(|it| it == name) => found.push(name.to_owned()),
            Some(false) => found.retain(|it| it != name),
            _ => {}
        }
    }
    found
}

/// The class of a file of which nothing but names, whitespace or version numbers changed.
fn only(entry: &Entry, content: Option<&Content>) -> Option<&'static str> {
    if entry.is_pure_move() {
        return Some(names::MOVED);
    }
    let counted = content?.counted;
    match (counted.core, counted.version, counted.whitespace) {
        (0, 1.., _) => Some(names::VERSION),
        (0, 0, 1..) => Some(names::WHITESPACE),
        _ => None,
    }
}

/// A new or a deleted file without a line.
fn is_empty(entry: &Entry) -> bool {
    matches!(entry.status, b'A' | b'D') && entry.lines == Some((0, 0))
}

fn is_opaque(repo: &Repo, entry: &Entry, attributes: Attributes) -> bool {
    entry.is_submodule() || attributes.lfs || entry.lines.is_none() && is_large(repo, entry)
}

fn is_large(repo: &Repo, entry: &Entry) -> bool {
    let oid = if entry.status == b'D' { &entry.old_oid } else { &entry.new_oid };
    repo.blob_size(oid).is_none_or(|size| size > LARGE)
}

fn status(letter: u8) -> FileStatus {
    match letter {
        b'A' => FileStatus::Added,
        b'D' => FileStatus::Deleted,
        b'R' => FileStatus::Renamed,
        b'C' => FileStatus::Copied,
        b'T' => FileStatus::Typechange,
        _ => FileStatus::Modified,
    }
}
