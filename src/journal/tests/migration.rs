//! J12: journals of other versions.

use std::path::PathBuf;

use rusqlite::{Connection, params};

use super::super::record::Row;
use super::*;

/// The table as the first version made it.
const FIRST: &str = "CREATE TABLE record (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    incident TEXT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT";

/// A journal of the first version, with so many records, and the log that a killed program leaves beside it.
fn first_version(n: u64) -> (TempDir, Vec<Record>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(DB);
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    connection.execute_batch(FIRST).unwrap();
    connection.pragma_update(None, "application_id", 0x4846_4a31).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    let mut records = Vec::<Record>::new();
    for seq in 1..=n {
        let prev = records.last().map_or(GENESIS.to_owned(), |last| last.hash.clone());
        let record = Record::chain(draft("a", &format!("note {}", seq - 1)), seq, &prev);
        let Row { at, incident, actor, kind, body, prev_hash, hash, .. } = Row::of(&record);
        let values = params![seq.cast_signed(), at, incident, actor, kind, body, prev_hash, hash];
        connection.execute("INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", values).unwrap();
        records.push(record);
    }
    if let Some(last) = records.last() {
        fs::write(folder.path().join("journal.head"), format!("{} {}\n", last.seq, last.hash)).unwrap();
    }
    (folder, records)
}

fn schema_of(path: &Path) -> i64 {
    Connection::open(path).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

fn copies(folder: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_copy = |path: &PathBuf| path.to_string_lossy().contains(".schema-1-");
    let is_database = |path: &PathBuf| !["-wal", "-shm"].iter().any(|tail| path.to_string_lossy().ends_with(tail));
    names.filter(|path| is_copy(path) && is_database(path)).collect()
}

#[test]
fn an_older_journal_is_brought_to_this_version_and_a_copy_is_kept() {
    let (folder, records) = first_version(3);
    let mut journal = fresh(folder.path());
    assert_eq!(journal.records("a").unwrap(), records, "nothing of what was written changes");
    let new = journal.append(draft("a", "we go on")).unwrap();
    assert_eq!(new.prev_hash, records[2].hash);
    assert_eq!(new.clock.is_some(), clock::Reading::now().is_some());
    assert!(journal.verify().unwrap().holds());
    assert_eq!(journal.kept_aside(), Vec::<PathBuf>::new(), "nothing was damaged");
    drop(journal);
    assert_eq!(schema_of(&folder.path().join(DB)), 2);
    let kept = copies(folder.path());
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(schema_of(&kept[0]), 1);
    let count: i64 =
        Connection::open(&kept[0]).unwrap().query_row("SELECT count(*) FROM record", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 3);
    fresh(folder.path());
    assert_eq!(copies(folder.path()).len(), 1, "once is enough");
}

#[test]
fn an_older_journal_that_is_only_read_stays_as_it_is() {
    let (folder, records) = first_version(3);
    let (journal, warnings) = Journal::open_read_only(folder.path()).unwrap();
    assert_eq!((warnings.len(), journal.records("a").unwrap()), (0, records));
    assert!(journal.verify().unwrap().holds());
    drop(journal);
    assert_eq!((schema_of(&folder.path().join(DB)), copies(folder.path())), (1, Vec::new()));
}

#[test]
fn damage_in_an_older_journal_is_told_as_in_any_other() {
    let (folder, _) = first_version(5);
    let db = Connection::open(folder.path().join(DB)).unwrap();
    db.execute("UPDATE record SET body = replace(body, 'note 2', 'note X') WHERE seq = 3", []).unwrap();
    drop(db);
    let (journal, warnings) = opened(folder.path());
    assert!(warnings.contains("record 3 is missing or is not what was written"), "{warnings}");
    assert_eq!(journal.verify().unwrap().first_bad, Some(3));
}

#[test]
fn a_journal_of_a_newer_hotfix_is_refused_and_not_touched() {
    let folder = folder_of(2);
    let path = folder.path().join(DB);
    let db = Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 3).unwrap();
    drop(db);
    let before = fs::read(&path).unwrap();
    for error in [Journal::open(folder.path()).unwrap_err(), Journal::open_read_only(folder.path()).unwrap_err()] {
        assert!(error.what.contains("was written by a newer hotfix: update this one"), "{error}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(aside(folder.path()).is_empty());
}

/// What the clocks said is part of what was written.
#[test]
fn a_changed_reading_of_the_clocks_is_found() {
    let folder = folder_of(3);
    let db = Connection::open(folder.path().join(DB)).unwrap();
    for sql in ["UPDATE record SET clock = NULL WHERE seq = 2", "UPDATE record SET clock = '{}' WHERE seq = 3"] {
        if db.execute(&format!("{sql} AND clock IS NOT NULL"), []).unwrap() == 0 {
            return eprintln!("SKIPPED: this kernel does not tell its clocks");
        }
    }
    let found = Journal::open_read_only(folder.path()).unwrap().0.verify().unwrap();
    assert_eq!(found.first_bad, Some(2));
}
