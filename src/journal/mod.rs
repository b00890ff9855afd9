//! The durable record of an incident: append-only, hash-chained, written before what it announces.
//!
//! - [`record`]: what a record is, and its hash (pure).
//! - `store`: the SQLite file, its single writer, and the head kept beside it.
//!
//! The journal knows nothing of incidents: a record's `kind` and `body` are the business of the
//! room that wrote it (`crate::incident::Entry`).

use std::sync::{Mutex, PoisonError};

pub mod record;

use record::{Draft, GENESIS, Record};

/// Whoever can put something on record.
pub trait Recorder: Send + Sync {
    /// Records a draft. Blocks until it is durable: "recorded" means that fsync returned.
    ///
    /// # Errors
    /// When it could not be made durable; nothing was recorded then.
    fn record(&self, draft: Draft) -> Result<Record, JournalError>;
}

/// Why something could not be recorded or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct JournalError {
    /// What failed, where, and what to do about it.
    pub what: String,
}

/// A journal that is gone with the process: for a program that has no place to write to, and for tests.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Vec<Record>>);

impl Memory {
    /// Everything recorded so far.
    pub fn records(&self) -> Vec<Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Recorder for Memory {
    fn record(&self, draft: Draft) -> Result<Record, JournalError> {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let prev = records.last().map_or_else(|| GENESIS.to_owned(), |last| last.hash.clone());
        let record = Record::chain(draft, records.len() as u64 + 1, &prev);
        records.push(record.clone());
        Ok(record)
    }
}
