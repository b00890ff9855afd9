//! The durable record of an incident: append-only, hash-chained, written before what it announces.
//!
//! - [`record`]: what a record is, and its hash (pure).
//! - [`store`]: the SQLite file and the chain in it.
//! - [`clock`]: what the clocks said when a record was written.
//! - [`reading`]: what is asked of the records.
//! - [`head`]: the chain's length, kept beside the database.
//! - [`lock`]: whose turn it is to append, and who holds the pen.
//! - [`writer`]: the thread that owns a cockpit's journal.
//! - [`redact`]: no secret enters; [`shapes`]: what looks like one.
//! - [`location`]: which folder belongs to which repository.
//!
//! The journal knows nothing of incidents beyond their ids and whether they are over: a record's `kind`
//! and `body` are the business of the room that wrote it (`crate::incident::Entry`).

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

pub mod clock;
pub mod head;
pub mod location;
pub mod lock;
mod migration;
pub mod reading;
pub mod record;
mod recovery;
pub mod redact;
mod rows;
pub mod shapes;
pub mod store;
pub mod writer;

pub use location::{Identity, StateFolder};
pub use lock::{Holder, Pen, Reach};
pub use recovery::{CHECKED, DATABASE};
pub use redact::Redact;
pub use rows::UNREADABLE;
pub use store::{Journal, Verification};
pub use writer::Writer;

use record::{Draft, GENESIS, Record};

/// Whoever can put something on record.
pub trait Recorder: Send + Sync {
    /// Records a draft. Blocks until it is durable: "recorded" means that fsync returned.
    ///
    /// # Errors
    /// When it could not be made durable. Nothing is promised then but that the chain holds.
    fn record(&self, draft: Draft) -> Result<Record, JournalError>;
}

/// Why something could not be recorded or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct JournalError {
    /// What failed, where, and what to do about it.
    pub what: String,
}

impl JournalError {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }

    fn io(verb: &str, path: &Path, error: &io::Error) -> Self {
        Self::new(format!("cannot {verb} {}: {error}", path.display()))
    }
}

/// Something about the journal that everybody must see, loudly: it was damaged, cut short or moved aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What was found, and what was done.
    pub what: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
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

#[cfg(test)]
mod tests;
