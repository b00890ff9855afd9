//! Two locks beside the database, for two questions.
//!
//! - [`exclusive`]: whose turn is it to append? Held for milliseconds, by every process that appends.
//! - [`Pen`]: who drives? Held by a cockpit for as long as it runs, and by nothing else. A second cockpit
//!   that does not get it follows read-only, and says who holds it. A single command such as `hotfix note`
//!   needs no pen: writing a note into a colleague's incident is everyday use.
//!
//! Both are released by the kernel when their process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::JournalError;
use crate::evidence::text;

const LOCK: &str = "journal.lock";
const QUEUE: &str = "journal.queue";
const PEN: &str = "journal.pen";
/// How long an append waits for its turn.
pub const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(2);
const LIMIT: u64 = 1024;

/// A turn at the journal. Ends when dropped.
#[derive(Debug)]
pub struct Turn {
    _file: File,
}

/// Waits for a turn, [`PATIENCE`] at most.
///
/// # Errors
/// When others keep it for longer, or the folder cannot be written to.
pub fn exclusive(folder: &Path) -> Result<Turn, JournalError> {
    let start = Instant::now();
    // Whoever waits stands first in the queue, so that one who has just had a turn cannot take the next one as well.
    let _queue = wait(folder, QUEUE, start)?;
    Ok(Turn { _file: wait(folder, LOCK, start)? })
}

fn wait(folder: &Path, name: &str, start: Instant) -> Result<File, JournalError> {
    let file = open(folder, name)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(busy(folder)),
            Err(TryLockError::Error(error)) => return Err(JournalError::io("lock", &folder.join(name), &error)),
        }
    }
}

fn busy(folder: &Path) -> JournalError {
    JournalError::new(format!(
        "another hotfix process has been writing to {} for {} s; look for one that is stopped or hangs",
        folder.display(),
        PATIENCE.as_secs()
    ))
}

fn open(folder: &Path, name: &str) -> Result<File, JournalError> {
    let path = folder.join(name);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(&path).map_err(|error| JournalError::io("open", &path, &error))
}

/// Who holds the pen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// The machine it runs on.
    pub host: String,
    /// Since when.
    pub since: Timestamp,
}

impl Holder {
    fn myself(now: Timestamp) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { pid: std::process::id(), host, since: now }
    }

    fn read(file: &mut File) -> Option<Self> {
        let mut content = String::new();
        file.take(LIMIT).read_to_string(&mut content).ok()?;
        let holder: Self = serde_json::from_str(&content).ok()?;
        Some(Self { host: text::clean(&holder.host), ..holder })
    }
}

/// The right to drive the incident from a cockpit. Given back when dropped.
#[derive(Debug)]
pub struct Pen {
    _file: File,
}

/// The outcome of reaching for the pen.
#[derive(Debug)]
pub enum Reach {
    /// It is ours.
    Taken(Pen),
    /// Somebody else drives; who, if they could be read.
    HeldBy(Option<Holder>),
}

impl Pen {
    /// Reaches for the pen of the journal in `folder`, without waiting.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn reach(folder: &Path, now: Timestamp) -> Result<Reach, JournalError> {
        let mut file = open(folder, PEN)?;
        match file.try_lock() {
            Ok(()) => {
                let written = Self::sign(&mut file, now);
                written.map_err(|error| JournalError::io("write", &folder.join(PEN), &error))?;
                Ok(Reach::Taken(Self { _file: file }))
            }
            Err(TryLockError::WouldBlock) => Ok(Reach::HeldBy(Holder::read(&mut file))),
            Err(TryLockError::Error(error)) => Err(JournalError::io("lock", &folder.join(PEN), &error)),
        }
    }

    fn sign(file: &mut File, now: Timestamp) -> std::io::Result<()> {
        file.set_len(0)?;
        file.rewind()?;
        serde_json::to_writer(&mut *file, &Holder::myself(now))?;
        file.flush()
    }
}
