//! The table of records: its schema, and the SQL over it.

use std::io;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::clock::Reading;
use super::head::Head;
use super::record::{Draft, Record, Row};
use super::{JournalError, redact::HIDDEN};

/// The version of the schema, in the database's `user_version`. Version 1 had no column for the clocks.
pub const SCHEMA: i64 = 2;
/// `HFJ1`, in the database's header.
const APPLICATION: i64 = 0x4846_4a31;
const CREATE: &str = "CREATE TABLE record (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    incident TEXT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    clock TEXT
) STRICT";

/// The kind of a record that is no longer what was written. Its body is not handed out.
pub const UNREADABLE: &str = "unreadable";

/// Makes the table in a new database.
pub fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    transaction.execute_batch(CREATE)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()
}

/// The version of the schema; 0 for a new database.
pub fn schema(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// What is read of a record: a database that is only read keeps the schema that it has.
fn columns(connection: &Connection) -> rusqlite::Result<&'static str> {
    Ok(match schema(connection)? {
        ..SCHEMA => "seq, at, incident, actor, kind, body, prev_hash, hash, NULL",
        _ => "seq, at, incident, actor, kind, body, prev_hash, hash, clock",
    })
}

/// Whether the table is there.
pub fn exists(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'record')";
    connection.query_row(sql, [], |row| row.get(0))
}

/// The last record's place and hash.
pub fn last(connection: &Connection) -> rusqlite::Result<Head> {
    let sql = "SELECT seq, hash FROM record ORDER BY seq DESC LIMIT 1";
    let head = connection.query_row(sql, [], |row| {
        let hash = row.get_ref(1)?.as_str().unwrap_or_default().to_owned();
        Ok(Head { seq: place(row.get(0)?), hash })
    });
    Ok(head.optional()?.unwrap_or_else(Head::genesis))
}

/// The hash of the record at `seq`, if there is one.
pub fn hash_at(connection: &Connection, seq: u64) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT hash FROM record WHERE seq = ?1";
    let hash = |row: &rusqlite::Row<'_>| Ok(row.get_ref(0)?.as_str().unwrap_or_default().to_owned());
    connection.query_row(sql, [seq.cast_signed()], hash).optional()
}

/// SQLite's numbers have a sign; places have none.
fn place(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or(0)
}

/// Why a draft was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The database refused.
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    /// The head could not be written beside it.
    #[error(transparent)]
    Head(#[from] io::Error),
}

impl AppendError {
    /// In words for the operator.
    pub fn explain(&self, folder: &Path) -> JournalError {
        let is_full = match self {
            Self::Database(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            Self::Head(error) => error.kind() == io::ErrorKind::StorageFull,
        };
        let at = folder.display();
        JournalError::new(if is_full {
            format!("NOT RECORDED: no space left for the journal in {at}; make room, then do it again")
        } else {
            format!("NOT RECORDED: the journal in {at} cannot be written: {self}")
        })
    }
}

/// Appends a draft to the chain. The order is: row, next head on disk, commit (the record is durable),
/// head in place. What can fail for want of space fails before the commit; if putting the head in its
/// place fails after it, the record *is* durable, and the head is one behind until the next append.
pub fn append(connection: &mut Connection, folder: &Path, draft: Draft) -> Result<Record, AppendError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let before = last(&transaction)?;
    let record = Record::chain_at(draft, before.seq + 1, &before.hash, Reading::now());
    insert(&transaction, &Row::of(&record))?;
    let head = Head::of(&record).prepare(folder)?;
    transaction.commit()?;
    if let Err(error) = head.put() {
        tracing::warn!(%error, seq = record.seq, "the journal's head is one behind");
    }
    Ok(record)
}

/// Stores a row as it is.
pub fn insert(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    let sql = "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let Row { seq, at, incident, actor, kind, body, clock, prev_hash, hash } = row;
    let seq = seq.cast_signed();
    connection.execute(sql, params![seq, at, incident, actor, kind, body, prev_hash, hash, clock]).map(drop)
}

/// A row as it was found.
pub enum Found {
    /// Text in every column.
    Row(Row),
    /// Something else than text in one of them.
    Torn {
        /// Its place.
        seq: u64,
    },
}

impl Found {
    /// Its place.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Row(row) => row.seq,
            Self::Torn { seq } => *seq,
        }
    }

    /// The record; one that is no longer what was written keeps its place and loses its content, so that
    /// it is seen and satisfies nothing.
    pub fn record(self) -> Record {
        let (seq, incident) = match self {
            Self::Row(row) => match row.read() {
                Some(record) => return record,
                None => (row.seq, row.incident),
            },
            Self::Torn { seq } => (seq, String::new()),
        };
        Record {
            seq,
            at: jiff::Timestamp::UNIX_EPOCH,
            incident,
            actor: "hotfix".into(),
            kind: UNREADABLE.into(),
            body: serde_json::json!({ "what": format!("record {seq} is not what was written") }),
            clock: None,
            prev_hash: HIDDEN.into(),
            hash: HIDDEN.into(),
        }
    }
}

/// Hands over the rows after `seq`, in order, until `each` says stop. With an incident, its rows alone
/// and those that belong to all.
pub fn walk(
    connection: &Connection,
    seq: u64,
    incident: Option<&str>,
    mut each: impl FnMut(Found) -> bool,
) -> rusqlite::Result<()> {
    let columns = columns(connection)?;
    let sql =
        format!("SELECT {columns} FROM record WHERE seq > ?1 AND (?2 IS NULL OR incident IN (?2, '')) ORDER BY seq");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params![seq.cast_signed(), incident])?;
    while let Some(row) = rows.next()? {
        if !each(found(row)?) {
            break;
        }
    }
    Ok(())
}

/// The last `count` records before `before`, of an incident and those that belong to all, in order.
pub fn newest(connection: &Connection, incident: &str, before: u64, count: usize) -> rusqlite::Result<Vec<Record>> {
    let columns = columns(connection)?;
    let sql =
        format!("SELECT {columns} FROM record WHERE seq < ?1 AND incident IN (?2, '') ORDER BY seq DESC LIMIT ?3");
    let mut statement = connection.prepare(&sql)?;
    let before = i64::try_from(before).unwrap_or(i64::MAX);
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let found = statement.query_map(params![before, incident, count], found)?;
    let mut records: Vec<_> = found.map(|found| found.map(Found::record)).collect::<rusqlite::Result<_>>()?;
    records.reverse();
    Ok(records)
}

/// The records at these places, where there are any.
pub fn at(connection: &Connection, places: &[u64]) -> rusqlite::Result<Vec<Record>> {
    let columns = columns(connection)?;
    let mut statement = connection.prepare(&format!("SELECT {columns} FROM record WHERE seq = ?1"))?;
    let one = |place: &u64| statement.query_row([place.cast_signed()], found).optional();
    places.iter().map(one).filter_map(Result::transpose).map(|found| found.map(Found::record)).collect()
}

/// Hands over place, incident and kind of every record, in order, as they stand there.
pub fn each_kind(connection: &Connection, mut each: impl FnMut(u64, &str, &str)) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT seq, incident, kind FROM record ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = |index| row.get_ref(index).map(|value| value.as_str().unwrap_or_default());
        each(place(row.get(0)?), text(1)?, text(2)?);
    }
    Ok(())
}

/// The records of these kinds, in order.
pub fn of_kinds(connection: &Connection, kinds: &[&str]) -> rusqlite::Result<Vec<Record>> {
    let places = vec!["?"; kinds.len()].join(", ");
    let columns = columns(connection)?;
    let sql = format!("SELECT {columns} FROM record WHERE kind IN ({places}) ORDER BY seq");
    let mut statement = connection.prepare(&sql)?;
    let found = statement.query_map(rusqlite::params_from_iter(kinds), found)?;
    found.map(|found| found.map(Found::record)).collect()
}

fn found(row: &rusqlite::Row<'_>) -> rusqlite::Result<Found> {
    let seq = place(row.get(0)?);
    let text = |index: usize| row.get_ref(index).ok().and_then(|value| value.as_str().ok().map(str::to_owned));
    let clock = || match row.get_ref(8).ok()? {
        ValueRef::Null => Some(None),
        value => value.as_str().ok().map(|text| Some(text.to_owned())),
    };
    let read = || {
        Some(Row {
            seq,
            at: text(1)?,
            incident: text(2)?,
            actor: text(3)?,
            kind: text(4)?,
            body: text(5)?,
            prev_hash: text(6)?,
            hash: text(7)?,
            clock: clock()?,
        })
    };
    Ok(read().map_or(Found::Torn { seq }, Found::Row))
}

/// What a walk along the chain came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The end of the chain, whether or not it is right.
    pub last: Head,
    /// How many records were looked at.
    pub looked_at: u64,
    /// The first place where the chain does not hold.
    pub first_bad: Option<u64>,
}

/// Walks the chain from `start`, which is believed, to its end.
pub fn check(connection: &Connection, start: &Head) -> rusqlite::Result<Chain> {
    let mut chain = Chain { last: start.clone(), looked_at: 0, first_bad: None };
    walk(connection, start.seq, None, |found| {
        let holds = found.seq() == chain.last.seq + 1 && follows(&found, &chain.last.hash);
        if !holds && chain.first_bad.is_none() {
            chain.first_bad = Some(chain.last.seq + 1);
        }
        chain.looked_at += 1;
        chain.last = match found {
            Found::Row(row) => Head { seq: row.seq, hash: row.hash },
            Found::Torn { seq } => Head { seq, hash: String::new() },
        };
        true
    })?;
    Ok(chain)
}

/// Whether a row is what was written, and stands behind the record with hash `prev_hash`.
pub fn follows(found: &Found, prev_hash: &str) -> bool {
    match found {
        Found::Row(row) => row.prev_hash == prev_hash && row.hash == row.digest(),
        Found::Torn { .. } => false,
    }
}
