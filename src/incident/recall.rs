//! Takes an incident up from its journal, without reading all of it again each time.
//!
//! What the records came to up to one of them is kept in a file beside the database: the *fold*. It is derived, and safe to
//! lose. It counts only where nothing is wrong with the journal, where the record that it ends with stands in the chain with
//! the same hash, where its own hash fits, and where exactly this program wrote it: another one may fold differently. In
//! every other case the chain is read from its start. `hotfix verify`, and every export, look at the chain and never here.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Incident;
use crate::journal::record::{GENESIS, Record, hex};
use crate::journal::{Journal, JournalError};

/// The kinds that rooms above the incident fold as well: the book of notices, and the rollback that was fired.
pub const BESIDE: [&str; 8] = [
    "declared",
    "notice_written",
    "notice_delivery",
    "notice_sent",
    "rollback_agreed",
    "rollback_fired",
    "rollback_ended",
    "step",
];
/// So many records are read again at most before the fold is kept anew.
const STRIDE: u64 = 500;
/// So many records are at hand for the timeline; earlier ones are read when somebody goes there.
pub const AT_HAND: usize = 1_000;
/// A longer file is no fold.
const LIMIT: u64 = 16 * 1024 * 1024;

/// An incident as it is taken up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recalled {
    /// As all of its records tell it; `None` before it is declared.
    pub incident: Option<Incident>,
    /// The records of [`BESIDE`], in order.
    pub beside: Vec<Record>,
    /// The newest records, oldest first.
    pub newest: Vec<Record>,
    /// How many came before those.
    pub earlier: u64,
}

/// What the records of an incident come to, up to one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Fold {
    /// The program that folded.
    program: String,
    /// The incident's id.
    id: String,
    /// The last record.
    seq: u64,
    /// Its hash.
    hash: String,
    /// How many records there were.
    count: u64,
    /// The places of those of [`BESIDE`].
    beside: Vec<u64>,
    incident: Option<Incident>,
}

/// The incident as all of its records tell it; `None` before it is declared.
///
/// # Errors
/// When the journal cannot be read.
pub fn incident(journal: &Journal, id: &str) -> Result<Option<Incident>, JournalError> {
    Ok(folded(journal, id, STRIDE)?.incident)
}

/// The incident with the records that a screen needs of it.
///
/// # Errors
/// When the journal cannot be read.
pub fn recalled(journal: &Journal, id: &str) -> Result<Recalled, JournalError> {
    let fold = folded(journal, id, STRIDE)?;
    let newest = journal.newest(id, fold.seq + 1, AT_HAND)?;
    Ok(Recalled {
        earlier: fold.count.saturating_sub(newest.len() as u64),
        beside: journal.records_at(&fold.beside)?,
        newest,
        incident: fold.incident,
    })
}

impl Recalled {
    /// The same from all records of an incident, in order.
    pub fn of(id: &str, records: Vec<Record>) -> Self {
        let mut fold = Fold::begin(String::new(), id);
        records.iter().for_each(|record| fold.take(record));
        let is_beside = |record: &&Record| BESIDE.contains(&record.kind.as_str());
        let beside = records.iter().filter(is_beside).cloned().collect();
        Self { incident: fold.incident, beside, newest: records, earlier: 0 }
    }
}

/// The fold of an incident, kept anew after more than `stride` records.
fn folded(journal: &Journal, id: &str, stride: u64) -> Result<Fold, JournalError> {
    let kept = program().filter(|_| journal.is_sound()).map(|program| Kept::new(journal.folder(), program, id));
    let mut fold = kept.as_ref().and_then(|kept| kept.read(journal)).unwrap_or_else(|| Fold::begin(String::new(), id));
    let before = fold.count;
    journal.walk(fold.seq, Some(id), |record| fold.take(&record))?;
    let is_worth_it = fold.count - before > stride && journal.appends();
    if let Some(kept) = kept.filter(|_| is_worth_it)
        && let Err(error) = kept.write(&fold)
    {
        tracing::info!(%error, "the fold of {id} is not kept: the next one reads all of it again");
    }
    Ok(fold)
}

impl Fold {
    fn begin(program: String, id: &str) -> Self {
        let (id, hash) = (id.to_owned(), GENESIS.to_owned());
        Self { program, id, seq: 0, hash, count: 0, beside: Vec::new(), incident: None }
    }

    fn take(&mut self, record: &Record) {
        Incident::apply(&mut self.incident, record);
        if BESIDE.contains(&record.kind.as_str()) {
            self.beside.push(record.seq);
        }
        self.count += 1;
        self.seq = record.seq;
        self.hash.clone_from(&record.hash);
    }
}

/// Where the fold of an incident is kept.
struct Kept {
    path: PathBuf,
    program: String,
    id: String,
}

impl Kept {
    fn new(folder: &Path, program: String, id: &str) -> Self {
        // An id is text from the journal, and a name of a file is not the place for that.
        let name = &hex(&Sha256::digest(id))[..16];
        Self { path: folder.join(format!("fold-{name}.json")), program, id: id.to_owned() }
    }

    /// The fold, if it may be believed.
    fn read(&self, journal: &Journal) -> Option<Fold> {
        let mut text = String::new();
        File::open(&self.path).ok()?.take(LIMIT).read_to_string(&mut text).ok()?;
        let (hash, body) = text.split_once('\n')?;
        if hash != hex(&Sha256::digest(body)) {
            return None;
        }
        let fold: Fold = serde_json::from_str(body).ok()?;
        let is_ours = fold.program == self.program && fold.id == self.id;
        let stands = || journal.hash_at(fold.seq).ok().flatten().is_some_and(|hash| hash == fold.hash);
        (is_ours && stands()).then_some(fold)
    }

    /// Puts it in the old one's place at once. It need not be durable.
    fn write(&self, fold: &Fold) -> io::Result<()> {
        let body = serde_json::to_string(&Fold { program: self.program.clone(), ..fold.clone() })?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        write!(file, "{}\n{body}", hex(&Sha256::digest(&body)))?;
        file.persist(&self.path).map(drop).map_err(|error| error.error)
    }
}

/// This very program: its version, and the size and time of its file.
fn program() -> Option<String> {
    let file = fs::metadata(std::env::current_exe().ok()?).ok()?;
    Some(format!("{} {} {} {}", env!("CARGO_PKG_VERSION"), file.len(), file.mtime(), file.mtime_nsec()))
}

#[cfg(test)]
#[path = "recall_tests.rs"]
mod tests;
