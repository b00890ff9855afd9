//! The work tree and the index, as `git status` sees them, with every program that a repository may name turned off.
//!
//! libgit2 is not asked: it takes files behind a clean filter for modified, those that a sparse checkout leaves out for
//! deleted, and cannot read a sparse or split index. A clean filter is a program that the repository names, hence it is
//! not run; what only a filter could tell is counted as unverified, except for Git LFS, whose pointers are worked out here.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::command::Git;
use super::repository::Place;
use super::trouble::Trouble;
use crate::change::model::Worktree;
use crate::evidence::{Evidence, Subject};

/// How long the counts may be believed: the source confirms them every 10 s, or says that it cannot.
const TTL: Duration = Duration::from_secs(60);
/// The largest LFS file whose content is compared, in bytes.
const LFS_LIMIT: u64 = 256 * 1024 * 1024;

/// The counts as evidence. They are about the work tree, hence about no commit.
pub(super) fn evidence(value: Worktree) -> Evidence<Worktree> {
    let source = "git status".to_owned();
    Evidence { value, subject: Subject::default(), source, observed_at: Timestamp::now(), ttl: TTL }
}

/// Counts what differs from HEAD.
pub(super) fn read(place: &Place, git: &Git) -> Result<Worktree, Trouble> {
    let Some(workdir) = &place.workdir else {
        return Err(Trouble::new("the repository is bare: it has no work tree")
            .remedy("start hotfix in a clone with a work tree"));
    };
    let drivers = drivers(git)?;
    let args = ["status", "--porcelain=v2", "-z", "--untracked-files=normal", "--ignore-submodules=dirty"];
    let output = git.with_config(disabled(&drivers)).output(&args)?;
    let (mut counts, doubtful) = count(&output);
    if !drivers.is_empty() {
        counts = judge(git, workdir, counts, doubtful)?;
    }
    Ok(counts)
}

/// The names of the filters that some configuration defines.
fn drivers(git: &Git) -> Result<Vec<String>, Trouble> {
    // No filter at all ends the command with 1, as if it had failed.
    let Ok(names) =
        git.output(&["config", "-z", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process|smudge|required)$"])
    else {
        return Ok(Vec::new());
    };
    let mut drivers: Vec<String> = names
        .split(|b| *b == 0)
        .filter_map(|name| str::from_utf8(name).ok()?.strip_prefix("filter.")?.rsplit_once('.'))
        .map(|(driver, _)| driver.to_owned())
        .collect();
    drivers.sort();
    drivers.dedup();
    Ok(drivers)
}

fn disabled(drivers: &[String]) -> Vec<(String, &'static str)> {
    let off = |driver: &String| {
        let settings = [("clean", ""), ("process", ""), ("smudge", ""), ("required", "false")];
        settings.map(|(name, value)| (format!("filter.{driver}.{name}"), value))
    };
    drivers.iter().flat_map(off).collect()
}

/// A tracked file that differs from the index, and the blob that the index holds.
struct Doubtful {
    path: Vec<u8>,
    index: String,
}

/// Counts the entries of `git status --porcelain=v2 -z`.
fn count(output: &[u8]) -> (Worktree, Vec<Doubtful>) {
    let mut counts = Worktree::default();
    let mut doubtful = Vec::new();
    let mut fields = output.split(|b| *b == 0);
    while let Some(field) = fields.next() {
        match field.first() {
            Some(b'1' | b'2') => {
                let spaces = if field[0] == b'1' { 8 } else { 9 };
                let parts: Vec<&[u8]> = field.splitn(spaces + 1, |b| *b == b' ').collect();
                let (state, path) = (parts.get(1).copied().unwrap_or(b".."), parts.last().copied().unwrap_or_default());
                counts.staged += u64::from(state.first() != Some(&b'.'));
                counts.unstaged += u64::from(state.get(1) != Some(&b'.'));
                if state.get(1) == Some(&b'M') {
                    let index = parts.get(7).map(|oid| String::from_utf8_lossy(oid).into_owned()).unwrap_or_default();
                    doubtful.push(Doubtful { path: path.to_owned(), index });
                }
                if field[0] == b'2' {
                    fields.next();
                }
            }
            Some(b'u') => counts.conflicted += 1,
            Some(b'?') => counts.untracked += 1,
            _ => {}
        }
    }
    (counts, doubtful)
}

/// Takes out of the modified files those that a filter stands before: without the filter git compares the wrong content.
fn judge(git: &Git, workdir: &Path, mut counts: Worktree, doubtful: Vec<Doubtful>) -> Result<Worktree, Trouble> {
    if doubtful.is_empty() {
        return Ok(counts);
    }
    let mut filters = filters(git, &doubtful)?;
    for file in doubtful {
        let path = workdir.join(OsStr::from_bytes(&file.path));
        let same = match filters.remove(&file.path).as_deref() {
            None => continue,
            Some("lfs") => is_lfs_content(git, &path, &file.index),
            Some(_) => None,
        };
        if same != Some(false) {
            counts.unstaged -= 1;
        }
        counts.unverified += u64::from(same.is_none());
    }
    Ok(counts)
}

/// The filter of each file that has one.
fn filters(git: &Git, files: &[Doubtful]) -> Result<HashMap<Vec<u8>, String>, Trouble> {
    let input: Vec<u8> = files.iter().flat_map(|file| file.path.iter().copied().chain([0])).collect();
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
