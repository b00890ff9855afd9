//! The journal's head, kept in a file beside the database: how long the chain was when it was last written.
//!
//! A database that was rolled back or cut short is a shorter chain in which every record is right.
//! Only something outside of it can tell.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::record::{GENESIS, Record};

const FILE: &str = "journal.head";
const NEXT: &str = "journal.head.next";
/// A head is a number and a hash: anything longer is none.
const LIMIT: u64 = 128;

/// The last record of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its place; 0 for a chain without records.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

/// What the file beside the database says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// There is none.
    Nothing,
    /// It cannot be read as a head.
    Unreadable,
    /// This one.
    Head(Head),
}

impl Head {
    /// The head of a chain without records.
    pub fn genesis() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned() }
    }

    /// The head of a chain that ends with `record`.
    pub fn of(record: &Record) -> Self {
        Self { seq: record.seq, hash: record.hash.clone() }
    }

    /// Reads the file in `folder`.
    pub fn kept(folder: &Path) -> Kept {
        let read = |file: File| {
            let mut text = String::new();
            file.take(LIMIT).read_to_string(&mut text).map(|_| text)
        };
        match File::open(folder.join(FILE)).and_then(read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::Nothing,
            Err(_) => Kept::Unreadable,
            Ok(text) => Self::parse(&text).map_or(Kept::Unreadable, Kept::Head),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (seq, hash) = text.strip_suffix('\n')?.split_once(' ')?;
        let is_hash = hash.len() == GENESIS.len() && hash.bytes().all(|b| b.is_ascii_hexdigit());
        is_hash.then(|| seq.parse().ok().map(|seq| Self { seq, hash: hash.to_owned() }))?
    }

    /// Makes everything durable that can fail for want of space; [`Prepared::put`] does the rest.
    ///
    /// # Errors
    /// When the disk is full or broken.
    pub fn prepare(&self, folder: &Path) -> io::Result<Prepared> {
        let next = folder.join(NEXT);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
        writeln!(file, "{} {}", self.seq, self.hash)?;
        file.sync_all()?;
        Ok(Prepared { folder: folder.to_owned(), next })
    }
}

/// A head that is on disk under another name.
#[derive(Debug)]
pub struct Prepared {
    folder: PathBuf,
    next: PathBuf,
}

impl Prepared {
    /// Puts it in the old one's place at once, and makes that durable: a power cut may not bring the old head back,
    /// beside which lost records would not be missed.
    ///
    /// # Errors
    /// When the disk is broken.
    pub fn put(self) -> io::Result<()> {
        fs::rename(&self.next, self.folder.join(FILE))?;
        sync_folder(&self.folder)
    }
}

/// Makes the names in a folder durable: a file that was fsynced is lost all the same when its name is.
///
/// # Errors
/// When the disk is broken.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
