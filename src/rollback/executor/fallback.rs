//! The file beside a journal that cannot be written: a rollback goes on, and what it does is kept here.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::incident::{Entry, NONE};
use crate::journal::record::{Draft, Record};
use crate::journal::{JournalError, Recorder};

/// Stands in for a journal that cannot even be opened: everything goes to the file.
#[derive(Debug, Clone)]
pub struct NoJournal(pub JournalError);

impl Recorder for NoJournal {
    fn record(&self, _: Draft) -> Result<Record, JournalError> {
        Err(self.0.clone())
    }
}

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unjournaled {
    /// When it happened.
    pub at: Timestamp,
    /// In which incident.
    pub incident: String,
    /// Who did it.
    pub actor: String,
    /// What happened.
    pub entry: Entry,
}

/// Adds a line; when this returns it is durable.
///
/// # Errors
/// When it could not be made durable.
pub fn append(path: &Path, line: &Unjournaled) -> io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Every line that can be read, in order; none when there is no file.
pub fn read(path: &Path) -> Vec<Unjournaled> {
    let text = fs::read(path).unwrap_or_default();
    text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// Moves the lines into the journal, now that it can be written again; those that could not tell of which incident they
/// are go to `incident`. A crash in between repeats lines, which changes
/// nothing about where the rollback stands.
///
/// # Errors
/// When the journal still cannot be written; the file stays then.
pub fn import(path: &Path, incident: &str, recorder: &dyn Recorder) -> Result<Vec<Record>, JournalError> {
    let lines = read(path);
    let of = |line: &Unjournaled| if line.incident == NONE { incident.to_owned() } else { line.incident.clone() };
    let record = |line: &Unjournaled| recorder.record(line.entry.draft(&of(line), &line.actor, line.at));
    let records = lines.iter().map(record).collect::<Result<Vec<_>, _>>()?;
    if !records.is_empty() {
        let _ = fs::remove_file(path);
    }
    Ok(records)
}
