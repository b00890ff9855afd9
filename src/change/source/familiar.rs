//! How well the authors know what they touch: a walk over the commits before the hotfix, with a time limit. Only the
//! touched paths are compared, and their first folders.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use git2::{Error, Repository};
use jiff::Timestamp;

use super::history::Record;
use super::repository::Repo;
use super::trees::{Trees, Wanted};
use super::trouble::Trouble;
use crate::change::contents::says_fix;
use crate::change::risk::{Familiarity, subsystem};
use crate::evidence::{Oid, text};

/// Commits in which an author may be known.
const KNOWN: u64 = 5_000;
/// Commits in which changes to the touched files are counted; fewer prove nothing.
const RECENT: u64 = 500;
/// Days in which fixes are counted.
const DAYS: i64 = 90;
/// How long the walk may take.
const PATIENCE: Duration = Duration::from_millis(900);

/// The bytes of a changed file's path, and of the path before a rename.
pub(super) type Paths = (Vec<u8>, Option<Vec<u8>>);

/// Walks back from production. Once `is_awaited`, what was seen by then is enough, if that is a fair number of commits.
/// Where nobody will wait a process does it, whose memory goes with it. What it could not see makes it partial.
pub(super) fn read(
    repo: &Repo,
    production: &Oid,
    records: &[Record],
    paths: &[Paths],
    is_awaited: Option<&AtomicBool>,
) -> Familiarity {
    let mut seen = Seen::of(records, paths);
    let until = Instant::now() + PATIENCE;
    let complete = match (&repo.library, is_awaited) {
        (Some(library), Some(is_awaited)) => {
            let is_fair = |seen: &Seen<'_>| seen.commits >= RECENT && is_awaited.load(Ordering::Relaxed);
            let goes_on = |seen: &Seen<'_>| Instant::now() < until && !is_fair(seen);
            by_library(library, production, &mut seen, goes_on).unwrap_or(false)
        }
        _ => by_command(repo, production, &mut seen).unwrap_or(false),
    };
    seen.known(records, !complete)
}

/// Whether the walk came to its end.
fn by_library(
    library: &Repository,
    production: &Oid,
    seen: &mut Seen<'_>,
    goes_on: impl Fn(&Seen<'_>) -> bool,
) -> Result<bool, Error> {
    let mut trees = Trees::of(library);
    let wanted = Wanted::of(seen.paths.iter().copied());
    // In its own order, which is git's, by date: for any other libgit2 reads all of history first.
    let mut walk = library.revwalk()?;
    walk.push(git2::Oid::from_str(production.as_str())?)?;
    for oid in walk {
        if !goes_on(seen) {
            return Ok(false);
        }
        let commit = library.find_commit(oid?)?;
        if commit.parent_count() > 1 {
            continue;
        }
        if seen.commits == KNOWN {
            return Ok(true);
        }
        let before = commit.parents().next().map(|parent| parent.tree_id());
        let (is_near, mut files) = (trees.near(before, Some(commit.tree_id()), &wanted)?, 0);
        if is_near {
            trees.wanted(before, Some(commit.tree_id()), &wanted, &mut |_, _, _| files += 1)?;
        }
        seen.commit(text::clean_bytes(commit.author().email_bytes()), commit.time().seconds(), || {
            let first = commit.message_bytes().split(|b| *b == b'\n').next().unwrap_or_default();
            says_fix(&String::from_utf8_lossy(first))
        });
        seen.hit(is_near, files);
    }
    Ok(true)
}

/// The same by one `git log`.
fn by_command(repo: &Repo, production: &Oid, seen: &mut Seen<'_>) -> Result<bool, Trouble> {
    let limit = format!("--max-count={KNOWN}");
    let format = "--format=%x01%ae%x1f%ct%x1f%s";
    let args = ["log", "-z", "--no-merges", "--no-renames", "--name-only", format, &limit, production.as_str(), "--"];
    let mut running = repo.git.start(&args)?;
    running.within(PATIENCE);
    let folders: BTreeSet<Vec<u8>> = seen.paths.iter().map(|path| first(path)).collect();
    let mut reader = BufReader::with_capacity(64 * 1024, running.by_ref());
    let mut field = Vec::new();
    loop {
        field.clear();
        let read = reader.read_until(0, &mut field);
        if read.map_err(|error| Trouble::new(error.to_string()))? == 0 {
            break;
        }
        let field = field.strip_suffix(b"\0").unwrap_or(&field);
        let field = field.strip_prefix(b"\n").unwrap_or(field);
        match field.strip_prefix(b"\x01") {
            Some(head) => seen.head(&String::from_utf8_lossy(head)),
            None if !field.is_empty() => seen.hit(folders.contains(&first(field)), seen.has(field)),
            None => {}
        }
    }
    // A walk that git gave up says no more than one for which there was no time.
    running.end().map(|()| true)
}

/// What stands for a path's subsystem.
fn first(path: &[u8]) -> Vec<u8> {
    subsystem(&String::from_utf8_lossy(path)).as_bytes().to_owned()
}

struct Seen<'a> {
    paths: BTreeSet<&'a [u8]>,
    strangers: BTreeSet<&'a str>,
    new_to_files: BTreeSet<&'a str>,
    since: i64,
    commits: u64,
    email: String,
    is_fix: bool,
    changes: u64,
    fixes: u64,
}

impl<'a> Seen<'a> {
    fn of(records: &'a [Record], paths: &'a [Paths]) -> Self {
        let authors =
            || records.iter().filter(|record| !record.is_merge()).map(|record| record.email.as_str()).collect();
        let newest = records.iter().map(|record| record.committed).max().unwrap_or(Timestamp::UNIX_EPOCH);
        Self {
            paths: paths
                .iter()
                .flat_map(|(path, old)| [Some(path), old.as_ref()])
                .flatten()
                .map(Vec::as_slice)
                .collect(),
            strangers: authors(),
            new_to_files: authors(),
            since: newest.as_second() - DAYS * 24 * 3600,
            commits: 0,
            email: String::new(),
            is_fix: false,
            changes: 0,
            fixes: 0,
        }
    }

    /// What `git log` says of a commit.
    fn head(&mut self, head: &str) {
        let mut parts = head.splitn(3, '\u{1f}');
        let mut next = || parts.next().unwrap_or_default();
        let (email, time, subject) = (text::clean(next()), next().parse().unwrap_or(0), next());
        self.commit(email, time, || says_fix(subject));
    }

    fn has(&self, path: &[u8]) -> u64 {
        u64::from(self.paths.contains(path))
    }

    /// The next commit of the walk.
    fn commit(&mut self, email: String, time: i64, is_fix: impl Fn() -> bool) {
        self.email = email;
        self.is_fix = time >= self.since && is_fix();
        self.commits += 1;
    }

    /// What it touched: something in a subsystem, and so many of the files.
    fn hit(&mut self, subsystem: bool, files: u64) {
        if subsystem {
            self.strangers.remove(self.email.as_str());
        }
        if files == 0 {
            return;
        }
        self.new_to_files.remove(self.email.as_str());
        if self.commits <= RECENT {
            self.changes += files;
        }
        // One commit is one fix, however many files it touched.
        self.fixes += u64::from(std::mem::take(&mut self.is_fix));
    }

    fn known(self, records: &[Record], partial: bool) -> Familiarity {
        let names = |emails: &BTreeSet<&str>| {
            let name = |email: &&str| records.iter().find(|it| it.email == **email).map(|it| it.name.clone());
            emails.iter().filter_map(name).collect()
        };
        Familiarity {
            strangers: names(&self.strangers),
            new_to_files: names(&self.new_to_files),
            recent_changes: self.changes,
            recent_fixes: self.fixes,
            looked_at: self.commits,
            partial,
        }
    }
}
