//! What is written down of a run, and what it proves of the reports that it wrote.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::Stamp;
use super::process::Ended;
use super::snapshot::Snapshot;
use crate::evidence::Oid;
use crate::journal::record::hex;
use crate::test_results::model::{Proof, Run, RunState};

const FORMAT: u32 = 1;

/// A run of a source's tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub(super) format: u32,
    /// The source.
    pub source: String,
    /// Which run on this commit, from 1.
    pub attempt: u32,
    /// HEAD before it.
    pub head_before: Option<Oid>,
    /// HEAD after it; as before while it runs.
    pub head_after: Option<Oid>,
    /// Some files that differed from HEAD before or after it; `None` is unknown.
    pub changed: Option<Vec<String>>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` while it runs, or when nobody saw its end.
    pub finished: Option<Timestamp>,
    /// How its command ended; `None` when it did not end by itself.
    pub exit_code: Option<i32>,
    /// How it ended, in words.
    pub how: String,
    /// The reports that it wrote.
    pub reports: Vec<(PathBuf, Stamp)>,
}

impl Record {
    pub(super) fn begin(source: &str, before: &Snapshot, attempt: u32, started: Timestamp) -> Self {
        Self {
            format: FORMAT,
            source: source.to_owned(),
            attempt,
            head_before: before.head.clone(),
            head_after: before.head.clone(),
            changed: before.changed.clone(),
            started,
            finished: None,
            exit_code: None,
            how: "its end was not seen".into(),
            reports: Vec::new(),
        }
    }

    pub(super) fn end(&mut self, before: &Snapshot, after: &Snapshot, ended: &Ended, at: Timestamp) {
        self.head_after.clone_from(&after.head);
        self.changed = match (&before.changed, &after.changed) {
            (Some(before), Some(after)) => Some(if before.is_empty() { after.clone() } else { before.clone() }),
            _ => None,
        };
        let is_new = |report: &&(PathBuf, Stamp)| !before.reports.contains(report);
        self.reports = after.reports.iter().filter(is_new).cloned().collect();
        self.finished = Some(at);
        self.how = ended.to_string();
        self.exit_code = match ended {
            Ended::Code(code) => Some(*code),
            Ended::Signal(_) | Ended::Stopped | Ended::TimedOut | Ended::Unseen(_) => None,
        };
    }

    /// How it ended, for the screen.
    pub(super) fn in_words(&self, ended: &Ended) -> String {
        let moved =
            if self.head_before == self.head_after { "" } else { "; HEAD moved meanwhile, so it proves nothing" };
        let reports = match (ended, self.reports.len()) {
            (Ended::Code(_), 0) => ", no report was written",
            _ => "",
        };
        format!("{ended}{reports}{moved}")
    }

    /// The commit that was tested, unless HEAD moved.
    pub fn commit(&self) -> Option<&Oid> {
        self.head_before.as_ref().filter(|before| Some(*before) == self.head_after.as_ref())
    }

    /// Whether it wrote this report as it stands.
    pub fn wrote(&self, path: &Path, stamp: Stamp) -> bool {
        self.finished.is_some() && self.reports.iter().any(|(known, at)| known == path && *at == stamp)
    }

    /// Binds a report that it wrote to the commit that was tested. A report that names another one keeps its own word.
    /// Returns what is wrong.
    pub fn vouch(&self, run: &mut Run) -> Option<String> {
        run.attempt = Some(self.attempt);
        run.exit_code = worse(run.exit_code, self.exit_code);
        let is_dirty = self.changed.as_ref().map(|changed| !changed.is_empty());
        if self.exit_code.is_none() && run.complete {
            // What was stopped may have had more to tell.
            (run.complete, run.state, run.trouble) = (false, RunState::Truncated, Some(self.how.clone()));
        }
        run.dirty = if run.dirty == Some(true) { run.dirty } else { is_dirty };
        let Some(commit) = self.commit() else {
            run.subject = None;
            return Some("HEAD moved while the tests ran: they prove no commit".into());
        };
        if run.subject.as_ref().is_some_and(|own| own != commit) {
            let own = run.subject.take();
            let own = own.as_ref().map_or("another", |oid| oid.short());
            return Some(format!("it names {own}, and ran on {}: unattributed", commit.short()));
        }
        run.subject = Some(commit.clone());
        run.proof = Some(Proof::Wrapped);
        let changed = self.changed.as_deref().unwrap_or_default();
        let named = || format!("the work tree was changed: {}", changed.join(", "));
        (!changed.is_empty()).then(named)
    }

    pub(super) fn store(&self, folder: &Path) -> io::Result<()> {
        let path = path(folder, &self.source);
        let part = path.with_extension("part");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&part)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(part, path)
    }

    pub(super) fn load(folder: &Path, source: &str) -> Option<Self> {
        let text = fs::read(path(folder, source)).ok()?;
        let record: Self = serde_json::from_slice(&text).ok()?;
        (record.format == FORMAT && record.source == source).then_some(record)
    }
}

/// The worse of what the report and the run say; unknown is worse than 0.
fn worse(said: Option<i32>, seen: Option<i32>) -> Option<i32> {
    match (said, seen) {
        (Some(code), _) if code != 0 => Some(code),
        (_, seen) => seen,
    }
}

fn path(folder: &Path, source: &str) -> PathBuf {
    folder.join(format!("{}.json", slug(source)))
}

/// A file's name for a source of any name.
pub(super) fn slug(source: &str) -> String {
    hex(&Sha256::digest(source))[..16].to_owned()
}
