//! One rollback at a time on this machine: a file lock, held for the whole run and lent to each step.
//!
//! A lease, a fencing token and a probe are not enough: a step that outlives its cockpit takes effect late. So the
//! running step itself holds the lock (its copy of the descriptor is the same lock), and whoever comes next is refused
//! until the last copy is closed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use crate::evidence::text::clean;

/// How much of the holder's note is read, in bytes.
const NOTE_LIMIT: u64 = 1_024;

/// The lock, held.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Why the lock is not held.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else, or a step of theirs, holds it: in their own words, clean.
    #[error("{0}")]
    Held(String),
    /// The file itself makes trouble.
    #[error("{0}")]
    File(#[from] io::Error),
}

impl Lock {
    /// Takes the lock, leaving a note for whoever is refused.
    ///
    /// # Errors
    /// When it is held, or its file cannot be opened. It never waits.
    pub fn take(path: &Path, note: &str) -> Result<Self, LockError> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(read_note(&mut file))),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let lock = Self { file };
        lock.note(note);
        Ok(lock)
    }

    /// Replaces the note: a courtesy, so that failing (a full disk) does no harm.
    pub fn note(&self, text: &str) {
        let _ = self.file.set_len(0).and_then(|()| (&self.file).write_all(clean(text).as_bytes()));
    }

    /// Opens the lock although copies of it live on in what a step left running.
    pub fn release(self) {
        let _closed_with_the_file = self.file.unlock();
    }

    /// A second descriptor of the same lock, for a child.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn lend(&self) -> io::Result<OwnedFd> {
        Ok(self.file.try_clone()?.into())
    }
}

fn read_note(file: &mut File) -> String {
    let mut note = String::new();
    let read = file.rewind().and_then(|()| file.take(NOTE_LIMIT).read_to_string(&mut note));
    match read {
        Ok(length) if length > 0 => clean(&note),
        _ => "somebody who left no note".into(),
    }
}
