//! How well the authors know what they touch: one `git log` over the commits before the hotfix, with a time limit.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

use jiff::Timestamp;

use super::command::Running;
use super::history::Record;
use super::repository::Repo;
use super::trouble::Trouble;
use crate::change::contents::says_fix;
use crate::change::model::FileChange;
use crate::change::risk::{Familiarity, subsystem};
use crate::evidence::{Oid, text};

/// Commits in which an author may be known.
pub(super) const KNOWN: u64 = 5_000;
/// Commits in which changes to the touched files are counted.
pub(super) const RECENT: u64 = 500;
/// Days in which fixes are counted.
const DAYS: i64 = 90;

/// Who wrote the fix, by address.
fn authors(records: &[Record]) -> BTreeSet<&str> {
    records.iter().filter(|record| !record.is_merge()).map(|record| record.email.as_str()).collect()
}

/// Begins to walk back from production, over so many commits, in the background.
pub(super) fn begin(repo: &Repo, production: &Oid, commits: u64) -> Result<Running, Trouble> {
    let limit = format!("--max-count={commits}");
    let format = "--format=%x01%ae%x1f%ct%x1f%s";
    let args = ["log", "-z", "--no-merges", "--no-renames", "--name-only", format, &limit, production.as_str(), "--"];
    let running = repo.git.start(&args)?;
    running.in_background();
    Ok(running)
}

/// Reads the walk over so many commits, for so long; what it saw until then counts, and is called partial.
pub(super) fn read(
    mut running: Running,
    records: &[Record],
    changes: &[FileChange],
    patience: Duration,
    commits: u64,
) -> Familiarity {
    running.within(patience);
    let newest = records.iter().map(|record| record.committed).max().unwrap_or(Timestamp::UNIX_EPOCH);
    let mut seen = Seen::of(records, changes, newest);
    let mut reader = BufReader::with_capacity(64 * 1024, running.by_ref());
    let mut field = Vec::new();
    let complete = loop {
        field.clear();
        match reader.read_until(0, &mut field) {
            Ok(0) => break true,
            Ok(_) => seen.take(&field),
            Err(_) => break false,
        }
    };
    // A walk that git gave up says no more than one for which there was no time.
    let complete = complete && running.end().is_ok();
    let is_short = seen.commits >= RECENT && seen.commits < KNOWN && commits < KNOWN;
    seen.known(records, !complete || is_short)
}

struct Seen<'a> {
    paths: BTreeSet<&'a str>,
    subsystems: BTreeSet<&'a str>,
    strangers: BTreeSet<&'a str>,
    new_to_files: BTreeSet<&'a str>,
    since: i64,
    commits: u64,
    email: String,
    is_fix: bool,
    is_counted: bool,
    changes: u64,
    fixes: u64,
}

impl<'a> Seen<'a> {
    fn of(records: &'a [Record], changes: &'a [FileChange], newest: Timestamp) -> Self {
        let paths = || changes.iter().flat_map(|it| [Some(it.path.as_str()), it.old_path.as_deref()]).flatten();
        Self {
            paths: paths().collect(),
            subsystems: paths().map(subsystem).collect(),
            strangers: authors(records),
            new_to_files: authors(records),
            since: newest.as_second() - DAYS * 24 * 3600,
            commits: 0,
            email: String::new(),
            is_fix: false,
            is_counted: false,
            changes: 0,
            fixes: 0,
        }
    }

    /// A commit, or a path of the last one.
    fn take(&mut self, field: &[u8]) {
        let field = field.strip_suffix(b"\0").unwrap_or(field);
        let field = field.strip_prefix(b"\n").unwrap_or(field);
        match field.strip_prefix(b"\x01") {
            Some(head) => self.commit(&String::from_utf8_lossy(head)),
            None if !field.is_empty() => self.path(&text::clean_bytes(field)),
            None => {}
        }
    }

    fn commit(&mut self, head: &str) {
        let mut parts = head.splitn(3, '\u{1f}');
        let mut next = || parts.next().unwrap_or_default();
        self.email = text::clean(next());
        let time: i64 = next().parse().unwrap_or(0);
        self.is_fix = time >= self.since && says_fix(next());
        self.is_counted = false;
        self.commits += 1;
    }

    fn path(&mut self, path: &str) {
        if self.subsystems.contains(subsystem(path)) {
            self.strangers.remove(self.email.as_str());
        }
        if !self.paths.contains(path) {
            return;
        }
        self.new_to_files.remove(self.email.as_str());
        self.changes += u64::from(self.commits <= RECENT);
        if !self.is_counted {
            self.is_counted = true;
            self.fixes += u64::from(self.is_fix);
        }
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
