//! The journal on disk: one SQLite database, its head beside it, one chain.
//!
//! **Who may write.** Any number of processes, one at a time, for one record at a time: an append takes the
//! exclusive turn ([`super::lock::exclusive`]), reads the end of the chain inside `BEGIN IMMEDIATE`, and
//! gives the turn back after fsync. So `hotfix note` in one terminal while a cockpit is open in another is
//! safe and needs no message between them; the cockpit sees the note through [`Journal::changed`]. Who may
//! *drive* is another question, answered by [`super::Pen`].
//!
//! **What "recorded" means.** WAL with `synchronous=FULL`: the commit has been fsynced when
//! [`Journal::append`] returns `Ok`. After any error the connection is thrown away and opened anew, because
//! after a failed fsync nobody knows what the kernel still holds; the append itself is never repeated here.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::head::{Head, Kept};
use super::record::{Draft, Record};
use super::recovery::{self, DATABASE};
use super::rows::{self, AppendError};
use super::{JournalError, Warning, lock, migration};

/// The journal of one repository.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    mode: Mode,
    open: Option<Open>,
    is_sound: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Append,
    ReadOnly,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    file: FileId,
}

/// Device and inode: a database that was deleted or replaced behind our back is another file.
type FileId = (u64, u64);

/// What [`Journal::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// How many records there are.
    pub records: u64,
    /// The place of the first record that is missing or not what was written.
    pub first_bad: Option<u64>,
    /// Why the head that is kept beside the database does not fit, if so.
    pub head: Option<String>,
}

impl Verification {
    /// Whether every record is what was written, and none is missing.
    pub fn holds(&self) -> bool {
        self.first_bad.is_none() && self.head.is_none()
    }

    /// In one sentence: that it holds, or which record is the first that does not.
    pub fn words(&self) -> String {
        let broken = self.first_bad.map(|seq| format!("record {seq} is missing or is not what was written"));
        let wrong: Vec<_> = broken.into_iter().chain(self.head.clone()).collect();
        match (wrong.is_empty(), self.records) {
            (true, 0) => "nothing is on record yet".to_owned(),
            (true, 1) => "verified: the one record is what was written".to_owned(),
            (true, n) => format!("verified: all {n} records are what was written, and none is missing"),
            (false, _) => format!("NOT verified: {}", wrong.join("; ")),
        }
    }
}

impl Journal {
    /// Opens the journal in `folder`, which is made if need be, for appending.
    ///
    /// # Errors
    /// When the folder cannot be written to, or a newer hotfix wrote the journal. Damage is no error: see
    /// the warnings, and show them.
    pub fn open(folder: &Path) -> Result<(Self, Vec<Warning>), JournalError> {
        recovery::check_sqlite()?;
        recovery::prepare(folder)?;
        let mut journal = Self { folder: folder.to_owned(), mode: Mode::Append, open: None, is_sound: false };
        let turn = lock::exclusive(folder)?;
        let warnings = journal.reopen()?;
        drop(turn);
        Ok((journal, warnings))
    }

    /// Opens the journal in `folder` for reading alone: changes, repairs and locks nothing, and looks at its last records
    /// as [`Journal::open`] does. A journal that does not exist is one without records.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open_read_only(folder: &Path) -> Result<(Self, Vec<Warning>), JournalError> {
        let path = folder.join(DATABASE);
        let mut journal = Self { folder: folder.to_owned(), mode: Mode::ReadOnly, open: None, is_sound: false };
        if path.exists() {
            let connection = connect_read_only(&path).map_err(|error| unreadable(&path, &error))?;
            if rows::schema(&connection).map_err(|error| unreadable(&path, &error))? > rows::SCHEMA {
                return Err(migration::newer(&path));
            }
            journal.open = Some(Open { connection, file: file_id(&path)? });
        }
        let (first_bad, head) = match journal.connection()? {
            Some(connection) => recovery::look(folder, connection).map_err(|error| unreadable(&path, &error))?,
            None => (None, journal.verify()?.head),
        };
        let bad = first_bad.map(|seq| recovery::broken(folder, seq));
        let head = head.map(|loss| if journal.open.is_some() { recovery::told(folder, &loss) } else { loss });
        let warnings: Vec<_> = bad.into_iter().chain(head).map(|what| Warning { what }).collect();
        journal.is_sound = warnings.is_empty();
        Ok((journal, warnings))
    }

    /// Whether nothing was wrong when it was opened: its last records stand behind each other, and none is missing.
    /// [`Journal::verify`] looks at all of them.
    pub fn is_sound(&self) -> bool {
        self.is_sound
    }

    /// Whether it is open for appending.
    pub fn appends(&self) -> bool {
        self.mode == Mode::Append
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Records a draft: when this returns `Ok`, fsync has returned.
    ///
    /// # Errors
    /// When it is not certain that the record is durable.
    pub fn append(&mut self, draft: Draft) -> Result<Record, JournalError> {
        if self.mode == Mode::ReadOnly {
            return Err(JournalError::new("NOT RECORDED: the journal is open for reading alone"));
        }
        let not_recorded = |error: JournalError| JournalError::new(format!("NOT RECORDED: {error}"));
        let _turn = lock::exclusive(&self.folder).map_err(not_recorded)?;
        self.refresh().map_err(not_recorded)?;
        let folder = &self.folder;
        let open = self.open.as_mut().ok_or_else(|| JournalError::new("NOT RECORDED: the journal is not open"))?;
        let appended = rows::append(&mut open.connection, folder, draft);
        appended.map_err(|error| self.poisoned(&error))
    }

    fn poisoned(&mut self, error: &AppendError) -> JournalError {
        self.open = None;
        if let Err(error) = self.reopen() {
            tracing::warn!(%error, "the journal cannot be opened anew");
        }
        error.explain(&self.folder)
    }

    /// Makes sure that the connection is to the file that the name stands for.
    fn refresh(&mut self) -> Result<(), JournalError> {
        let now = file_id(&self.folder.join(DATABASE)).ok();
        let is_same = self.open.as_ref().is_some_and(|open| Some(open.file) == now);
        if !is_same {
            for warning in self.reopen()? {
                tracing::error!(%warning);
            }
        }
        Ok(())
    }

    fn reopen(&mut self) -> Result<Vec<Warning>, JournalError> {
        self.open = None;
        let (connection, warnings) = recovery::open(&self.folder)?;
        let file = file_id(&self.folder.join(DATABASE))?;
        self.open = Some(Open { connection, file });
        self.is_sound = warnings.is_empty();
        Ok(warnings)
    }

    /// Walks the whole chain, and compares its end with the head that is kept beside the database.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn verify(&self) -> Result<Verification, JournalError> {
        let Some(connection) = self.connection()? else {
            let head = match Head::kept(&self.folder) {
                Kept::Nothing => None,
                Kept::Unreadable | Kept::Head(_) => Some("the journal's database is gone".to_owned()),
            };
            return Ok(Verification { records: 0, first_bad: None, head });
        };
        let chain = rows::check(connection, &Head::genesis()).map_err(|error| self.unreadable(&error))?;
        let kept = Head::kept(&self.folder);
        let loss = recovery::loss(connection, &chain.last, kept).map_err(|error| self.unreadable(&error))?;
        let head = loss.map(|loss| recovery::told(&self.folder, &loss));
        Ok(Verification { records: chain.looked_at, first_bad: chain.first_bad, head })
    }

    /// The databases that were found damaged and kept aside, oldest first.
    pub fn kept_aside(&self) -> Vec<PathBuf> {
        recovery::kept_aside(&self.folder)
    }

    /// The place of the last record; 0 without any.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_seq(&self) -> Result<u64, JournalError> {
        let Some(connection) = self.connection()? else { return Ok(0) };
        rows::last(connection).map(|head| head.seq).map_err(|error| self.unreadable(&error))
    }

    /// A number that changes when another process, or another handle, has appended.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn changed(&self) -> Result<i64, JournalError> {
        let Some(connection) = self.connection()? else { return Ok(0) };
        let version = connection.query_row("PRAGMA data_version", [], |row| row.get(0));
        version.map_err(|error| self.unreadable(&error))
    }

    /// The connection; `None` for a journal that does not exist.
    pub(super) fn connection(&self) -> Result<Option<&Connection>, JournalError> {
        match (&self.open, self.mode) {
            (Some(open), _) => Ok(Some(&open.connection)),
            (None, Mode::ReadOnly) => Ok(None),
            (None, Mode::Append) => Err(JournalError::new("the journal could not be opened anew after an error")),
        }
    }

    pub(super) fn unreadable(&self, error: &rusqlite::Error) -> JournalError {
        unreadable(&self.folder.join(DATABASE), error)
    }
}

fn unreadable(path: &Path, error: &rusqlite::Error) -> JournalError {
    let is_damaged = matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt));
    let remedy = if is_damaged {
        "; whatever records next, the cockpit or `hotfix note`, keeps it aside and goes on with what can be saved"
    } else {
        ""
    };
    JournalError::new(format!("cannot read the journal {}: {error}{remedy}", path.display()))
}

fn file_id(path: &Path) -> Result<FileId, JournalError> {
    let meta = fs::metadata(path).map_err(|error| JournalError::io("look at", path, &error))?;
    Ok((meta.dev(), meta.ino()))
}

/// On a file system that cannot be written to, SQLite needs to be told that nobody else writes either.
fn connect_read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let ordinary = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(lock::PATIENCE)?;
        rows::last(&connection).map(|_| connection)
    });
    ordinary.or_else(|error| {
        let is_closed_to_us = matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly));
        if is_closed_to_us { Connection::open_with_flags(immutable(path), flags) } else { Err(error) }
    })
}

fn immutable(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => uri.push(char::from(*byte)),
            _ => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri + "?immutable=1"
}

#[cfg(test)]
impl Journal {
    /// A disk that is full: the database may not grow beyond so many pages.
    pub(super) fn limit_pages(&self, pages: u32) {
        let connection = &self.open.as_ref().unwrap().connection;
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    }
}
