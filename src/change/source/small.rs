//! A small diff, without a process: a hotfix is a handful of edited files, and starting `git` takes longer than reading them.
//!
//! Only what cannot be counted in two ways is counted here: lines of plain files, by the algorithm that git has by default.
//! What could be a rename, and whatever an attribute or a setting may say about lines, is left to `git`.

use git2::{DiffOptions, Error, Oid, Patch, Repository};

use super::attributes;
use super::repository::Repo;
use super::trees::few_differing;
use crate::change::patch::{self, Contents, Entry};
use crate::evidence;

/// The most files.
const FILES: usize = 200;
/// The most bytes of all these files, before and after.
const BYTES: usize = 4 * 1024 * 1024;
/// A zero byte among so many makes a file binary, for git.
const BINARY: usize = 8_000;

/// The changed files and what their lines say, as `git diff` tells them; `None` where git must be asked.
pub(super) fn diff(repo: &Repo, base: &evidence::Oid, head: &evidence::Oid) -> Option<(Vec<Entry>, Contents)> {
    let library = repo.trees()?;
    // Whatever goes wrong here, git is asked, and says it better.
    let mut list = few_differing(library, base, head, FILES).ok()??;
    let is_plain = list.iter().all(is_plain) && !may_be_renamed(&list) && !has_settings(library).ok()?;
    if !is_plain || attributes::may_decide_about_lines(repo, library, &list, head).ok()? {
        return None;
    }
    let mut files = Files { library, patch: Vec::new(), left: BYTES };
    for entry in &mut list {
        entry.lines = files.compare(entry).ok()??.lines();
    }
    let contents = patch::contents(&mut files.patch.as_slice(), &list, u64::MAX).ok()?;
    Some((list, contents))
}

/// A file before and after, neither a link nor a submodule.
fn is_plain(entry: &Entry) -> bool {
    let is_file = |mode| matches!(mode, 0 | 0o100_644 | 0o100_755);
    entry.status != b'T' && is_file(entry.old_mode) && is_file(entry.new_mode)
}

fn may_be_renamed(list: &[Entry]) -> bool {
    let has = |status| list.iter().any(|entry| entry.status == status);
    has(b'A') && has(b'D')
}

/// Whether the user wants lines compared, or files ordered, in another way.
fn has_settings(library: &Repository) -> Result<bool, Error> {
    let config = library.config()?;
    let mut entries = config.entries(Some(r"^diff\.(algorithm|orderfile|.*\..*)$"))?;
    Ok(entries.next().is_some())
}

/// What a comparison found.
enum Compared {
    Text(u64, u64),
    Binary,
}

impl Compared {
    fn lines(self) -> Option<(u64, u64)> {
        match self {
            Self::Text(added, removed) => Some((added, removed)),
            Self::Binary => None,
        }
    }
}

/// Compares files, and writes their lines down as a patch.
struct Files<'r> {
    library: &'r Repository,
    patch: Vec<u8>,
    left: usize,
}

impl Files<'_> {
    /// `None` where the files are too large.
    fn compare(&mut self, entry: &Entry) -> Result<Option<Compared>, Error> {
        let (Some(old), Some(new)) =
            (self.read(entry.old_mode, &entry.old_oid)?, self.read(entry.new_mode, &entry.new_oid)?)
        else {
            return Ok(None);
        };
        self.patch.extend_from_slice(b"diff --git \n");
        if is_binary(&old) || is_binary(&new) {
            return Ok(Some(Compared::Binary));
        }
        let mut options = DiffOptions::new();
        options.force_text(true).indent_heuristic(true);
        let patch = Patch::from_buffers(&old, None, &new, None, Some(&mut options))?;
        self.write(&patch)?;
        let (_, added, removed) = patch.line_stats()?;
        Ok(Some(Compared::Text(added as u64, removed as u64)))
    }

    fn read(&mut self, mode: u32, oid: &str) -> Result<Option<Vec<u8>>, Error> {
        if mode == 0 {
            return Ok(Some(Vec::new()));
        }
        let odb = self.library.odb()?;
        let oid = Oid::from_str(oid)?;
        let Some(left) = self.left.checked_sub(odb.read_header(oid)?.0) else { return Ok(None) };
        self.left = left;
        Ok(Some(odb.read(oid)?.data().to_owned()))
    }

    fn write(&mut self, patch: &Patch<'_>) -> Result<(), Error> {
        for place in 0..patch.num_hunks() {
            let (hunk, lines) = patch.hunk(place)?;
            self.line(hunk.header());
            for line in 0..lines {
                let line = patch.line_in_hunk(place, line)?;
                if let sign @ ('+' | '-' | ' ') = line.origin() {
                    self.patch.push(sign as u8);
                    self.line(line.content());
                }
            }
        }
        Ok(())
    }

    fn line(&mut self, text: &[u8]) {
        self.patch.extend_from_slice(text.strip_suffix(b"\n").unwrap_or(text));
        self.patch.push(b'\n');
    }
}

fn is_binary(content: &[u8]) -> bool {
    memchr::memchr(0, &content[..content.len().min(BINARY)]).is_some()
}

#[cfg(test)]
#[path = "small_tests.rs"]
mod tests;
