//! The work tree and the index, as `git status` sees them, with every program that a repository may name turned off.
//!
//! libgit2 is not asked: it takes files behind a clean filter for modified, those that a sparse checkout leaves out for
//! deleted, and cannot read a sparse or split index. A clean filter is a program that the repository names, hence it is
//! not run; what only a filter could tell is counted as unverified, except for Git LFS, whose pointers are worked out here.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::command::Git;
use super::drivers;
use super::repository::Repo;
use super::trouble::Trouble;
use crate::change::model::Worktree;
use crate::evidence::{Evidence, Subject};

/// How long the counts may be believed: the source confirms them every 10 s, or says that it cannot.
const TTL: Duration = Duration::from_secs(60);
/// The largest LFS file whose content is compared, in bytes.
const LFS_LIMIT: u64 = 256 * 1024 * 1024;

/// Paths that are kept of one look.
const KEPT: usize = 10_000;

/// The counts as evidence. They are about the work tree, hence about no commit.
pub(super) fn evidence(value: Worktree) -> Evidence<Worktree> {
    let source = "git status".to_owned();
    Evidence { value, subject: Subject::default(), source, observed_at: Timestamp::now(), ttl: TTL }
}

/// What a look found, path by path, so that some paths can be looked at again.
pub(super) struct Look {
    git: Git,
    workdir: PathBuf,
    has_filters: bool,
    total: Worktree,
    /// What is not clean; `None` when that is too much to be kept.
    entries: Option<HashMap<Vec<u8>, Entry>>,
}

const STATUS: [&str; 5] = ["status", "--porcelain=v2", "-z", "--untracked-files=normal", "--ignore-submodules=dirty"];

/// Looks for what differs from HEAD.
pub(super) fn read(repo: &Repo) -> Result<Look, Trouble> {
    let Some(workdir) = &repo.place.workdir else {
        return Err(Trouble::new("the repository is bare: it has no work tree")
            .remedy("start hotfix in a clone with a work tree"));
    };
    let drivers = drivers::names(repo)?;
    let git = repo.git.with_config(drivers::disabled(&drivers));
    let mut entries = entries(&git.output(&STATUS)?);
    let has_filters = !drivers.is_empty();
    if has_filters {
        judge(&git, workdir, &mut entries)?;
    }
    let total = entries.iter().fold(Worktree::default(), |sum, entry| sum.plus(entry.counts));
    let entries = (entries.len() <= KEPT).then(|| entries.into_iter().map(|it| (it.path.clone(), it)).collect());
    Ok(Look { git, workdir: workdir.clone(), has_filters, total, entries })
}

impl Look {
    /// What it comes to.
    pub(super) fn counts(&self) -> Worktree {
        self.total
    }

    /// Looks again at files that were touched. `false` when that is not enough, and everything must be looked at: for a
    /// folder, a file that git does not know, a rename, or what decides about other files.
    pub(super) fn again(&mut self, files: &BTreeSet<PathBuf>) -> Result<bool, Trouble> {
        let Some(known) = &mut self.entries else { return Ok(false) };
        let mut paths = Vec::new();
        for file in files {
            let path = file.strip_prefix(&self.workdir).ok().filter(|path| !decides(path));
            let is_folder = file.symlink_metadata().is_ok_and(|meta| meta.is_dir());
            let Some(path) = path.filter(|_| !is_folder) else { return Ok(false) };
            let bytes = path.as_os_str().as_bytes();
            let above = path.ancestors().skip(1).filter(|above| *above != Path::new(""));
            let mut folders = above.map(|above| [above.as_os_str().as_bytes(), b"/"].concat());
            let is_known_otherwise = known.get(bytes).is_some_and(|entry| !entry.is_plain());
            if is_known_otherwise || folders.any(|folder| known.contains_key(&folder)) {
                return Ok(false);
            }
            paths.push(bytes.to_owned());
        }
        let args = STATUS.map(OsStr::new).into_iter().chain([OsStr::new("--")]);
        let args: Vec<&OsStr> = args.chain(paths.iter().map(|path| OsStr::from_bytes(path))).collect();
        let mut now = entries(&self.git.output(&args)?);
        if now.iter().any(|entry| !entry.is_plain() || !paths.contains(&entry.path)) {
            return Ok(false);
        }
        if self.has_filters {
            judge(&self.git, &self.workdir, &mut now)?;
        }
        for path in &paths {
            if let Some(before) = known.remove(path) {
                self.total = self.total.minus(before.counts);
            }
        }
        for entry in now {
            self.total = self.total.plus(entry.counts);
            known.insert(entry.path.clone(), entry);
        }
        Ok(true)
    }
}

/// Whether a file decides what git makes of other files.
fn decides(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name == ".gitignore" || name == ".gitattributes" || name == ".gitmodules"
}

/// What `git status` says of a path.
struct Entry {
    path: Vec<u8>,
    /// `1` changed, `2` renamed or copied, `u` conflicted, `?` unknown.
    kind: u8,
    counts: Worktree,
    /// The blob that the index holds of a tracked file that differs from it.
    index: Option<String>,
}

impl Entry {
    /// Whether it is about one tracked file and no other.
    fn is_plain(&self) -> bool {
        matches!(self.kind, b'1' | b'u')
    }
}

/// Reads the entries of `git status --porcelain=v2 -z`.
fn entries(output: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut fields = output.split(|b| *b == 0);
    while let Some(field) = fields.next() {
        let Some(kind) = field.first().copied() else { continue };
        let mut counts = Worktree::default();
        let blanks = match kind {
            b'1' => 8,
            b'2' => 9,
            b'u' => 10,
            b'?' => 1,
            _ => continue,
        };
        let parts: Vec<&[u8]> = field.splitn(blanks + 1, |b| *b == b' ').collect();
        let state = parts.get(1).copied().unwrap_or(b"..");
        let mut index = None;
        match kind {
            b'u' => counts.conflicted = 1,
            b'?' => counts.untracked = 1,
            _ => {
                counts.staged = u64::from(state.first() != Some(&b'.'));
                counts.unstaged = u64::from(state.get(1) != Some(&b'.'));
                let oid = || parts.get(7).map(|oid| String::from_utf8_lossy(oid).into_owned()).unwrap_or_default();
                index = (state.get(1) == Some(&b'M')).then(oid);
            }
        }
        if kind == b'2' {
            fields.next();
        }
        entries.push(Entry { path: parts.last().copied().unwrap_or_default().to_owned(), kind, counts, index });
    }
    entries
}

/// Takes out of the modified files those that a filter stands before: without the filter git compares the wrong content.
fn judge(git: &Git, workdir: &Path, entries: &mut [Entry]) -> Result<(), Trouble> {
    let doubtful: Vec<&mut Entry> = entries.iter_mut().filter(|entry| entry.index.is_some()).collect();
    if doubtful.is_empty() {
        return Ok(());
    }
    let mut filters = filters(git, doubtful.iter().map(|entry| entry.path.as_slice()))?;
    for entry in doubtful {
        let path = workdir.join(OsStr::from_bytes(&entry.path));
        let same = match filters.remove(&entry.path).as_deref() {
            None => continue,
            Some("lfs") => is_lfs_content(git, &path, entry.index.as_deref().unwrap_or_default()),
            Some(_) => None,
        };
        entry.counts.unstaged = u64::from(same == Some(false));
        entry.counts.unverified = u64::from(same.is_none());
    }
    Ok(())
}

/// The filter of each file that has one.
fn filters<'p>(git: &Git, paths: impl Iterator<Item = &'p [u8]>) -> Result<HashMap<Vec<u8>, String>, Trouble> {
    let input: Vec<u8> = paths.flat_map(|path| path.iter().copied().chain([0])).collect();
    let output = git.filter(&["check-attr", "-z", "--stdin", "filter"], &input)?;
    let fields: Vec<&[u8]> = output.split(|b| *b == 0).collect();
    let named = fields.chunks_exact(3).filter(|it| !matches!(it[2], b"unspecified" | b"unset" | b"set"));
    Ok(named.map(|it| (it[0].to_owned(), String::from_utf8_lossy(it[2]).into_owned())).collect())
}

/// Whether a file is what an LFS pointer in the index stands for: the same size and SHA-256, or the pointer itself.
/// `None` when that cannot be told.
fn is_lfs_content(git: &Git, file: &Path, index: &str) -> Option<bool> {
    let pointer = git.output(&["cat-file", "blob", index]).ok().filter(|bytes| bytes.len() < 1024)?;
    let pointer = String::from_utf8(pointer).ok()?;
    let value = |key: &str| pointer.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
    let (oid, size) = (value("oid sha256:")?, value("size ")?.parse::<u64>().ok()?);
    let meta = file.symlink_metadata().ok()?;
    if meta.len() == pointer.len() as u64 && std::fs::read(file).is_ok_and(|bytes| bytes == pointer.as_bytes()) {
        return Some(true);
    }
    if !meta.is_file() || meta.len() != size {
        return Some(false);
    }
    if size > LFS_LIMIT {
        return None;
    }
    Some(sha256(file)? == oid)
}

fn sha256(file: &Path) -> Option<String> {
    let mut file = File::open(file).ok()?;
    let mut sha = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut buffer).ok()?;
        if count == 0 {
            return Some(sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        sha.update(&buffer[..count]);
    }
}

#[cfg(test)]
#[path = "worktree_tests.rs"]
mod tests;
