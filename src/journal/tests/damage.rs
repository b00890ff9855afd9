//! What was damaged, cut short, replaced or filled up.

use rusqlite::Connection;

use super::*;

#[test]
fn a_changed_record_is_named_shown_as_unreadable_and_does_not_stop_the_incident() {
    let folder = folder_of(5);
    let db = Connection::open(folder.path().join(DB)).unwrap();
    db.execute("UPDATE record SET body = replace(body, 'note 2', 'note X') WHERE seq = 3", []).unwrap();
    drop(db);

    let (mut journal, warnings) = opened(folder.path());
    assert!(warnings.contains("record 3 is missing or is not what was written"), "{warnings}");
    assert_eq!(journal.verify().unwrap().first_bad, Some(3));
    assert_eq!(journal.records("a").unwrap()[2].kind, "unreadable");
    assert!(!format!("{:?}", journal.records("a").unwrap()).contains("note X"), "its content is not handed out");
    journal.append(draft("a", "we go on")).unwrap();
    assert_eq!(journal.verify().unwrap().first_bad, Some(3), "still told");
}

#[test]
fn a_deleted_record_is_named() {
    let folder = folder_of(5);
    let db = Connection::open(folder.path().join(DB)).unwrap();
    db.execute("DELETE FROM record WHERE seq = 2", []).unwrap();
    drop(db);
    let (journal, warnings) = opened(folder.path());
    assert!(warnings.contains("record 2 is missing"), "{warnings}");
    assert_eq!(journal.verify().unwrap().first_bad, Some(2));
}

#[test]
fn one_flipped_bit_anywhere_in_the_texts_is_found() {
    let folder = folder_of(4);
    let path = folder.path().join(DB);
    let whole = fs::read(&path).unwrap();
    let at = whole.windows(6).position(|w| w == b"note 1").unwrap();
    for bit in 0..8 {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << bit;
        fs::write(&path, &bytes).unwrap();
        let (journal, warnings) = opened(folder.path());
        assert!(warnings.contains("record 2 "), "bit {bit}: {warnings}");
        drop(journal);
    }
}

#[test]
fn records_cut_from_the_end_are_missed() {
    let folder = folder_of(5);
    let db = Connection::open(folder.path().join(DB)).unwrap();
    db.execute("DELETE FROM record WHERE seq > 3", []).unwrap();
    drop(db);
    let (journal, warnings) = opened(folder.path());
    assert!(warnings.contains("its last 2 records are gone; it ends with record 3"), "{warnings}");
    let records = journal.records("a").unwrap();
    assert_eq!(records.last().unwrap().kind, "journal_damaged", "the loss itself is on record");
    drop(journal);
    fresh(folder.path());
}

/// One flipped bit in the write-ahead log hides every record behind it from SQLite, which finds nothing wrong.
#[test]
fn a_damaged_log_is_told_and_a_copy_of_it_is_kept() {
    let folder = folder_of(2);
    let other = tempfile::tempdir().unwrap();
    let mut journal = fresh(folder.path());
    for text in ["in the log", "in the log too"] {
        journal.append(draft("a", text)).unwrap();
    }
    // As if the machine had stopped here: the log is not yet part of the database.
    for name in [DB, "journal.db-wal", "journal.head"] {
        fs::copy(folder.path().join(name), other.path().join(name)).unwrap();
    }
    let log = other.path().join("journal.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    let at = bytes.windows(14).position(|w| w == b"in the log too").unwrap();
    bytes[at] ^= 1;
    fs::write(&log, &bytes).unwrap();

    let (reopened, warnings) = opened(other.path());
    assert!(warnings.contains("its last 1 records are gone"), "{warnings}");
    assert_eq!(texts(&reopened)[..3], ["note 0", "note 1", "in the log"]);
    let kept: Vec<_> = aside(other.path()).into_iter().filter(|name| name.ends_with("-wal")).collect();
    assert_eq!(fs::read(other.path().join(&kept[0])).unwrap(), bytes, "what was in the log is still there to look at");
}

#[test]
fn an_old_copy_put_in_its_place_is_told() {
    let folder = folder_of(3);
    let old = fs::read(folder.path().join(DB)).unwrap();
    let mut journal = fresh(folder.path());
    journal.append(draft("a", "rollback fired")).unwrap();
    drop(journal);
    fs::write(folder.path().join(DB), old).unwrap();
    let (read_only, warnings) = Journal::open_read_only(folder.path()).unwrap();
    assert!(warnings[0].what.contains("its last 1 records are gone"), "{warnings:?}");
    drop(read_only);
    let (_, warnings) = opened(folder.path());
    assert!(warnings.contains("its last 1 records are gone"), "{warnings}");
}

#[test]
fn another_history_of_the_same_length_is_told() {
    let (ours, theirs) = (folder_of(3), tempfile::tempdir().unwrap());
    let mut other = fresh(theirs.path());
    for text in ["x", "y", "z"] {
        other.append(draft("a", text)).unwrap();
    }
    drop(other);
    fs::copy(theirs.path().join(DB), ours.path().join(DB)).unwrap();
    let (_, warnings) = opened(ours.path());
    assert!(warnings.contains("record 3 is another one than was written"), "{warnings}");
}

#[test]
fn a_lost_or_torn_head_is_told_once() {
    for content in [None, Some("3 abc"), Some("")] {
        let folder = folder_of(3);
        let head = folder.path().join("journal.head");
        match content {
            None => fs::remove_file(&head).unwrap(),
            Some(text) => fs::write(&head, text).unwrap(),
        }
        let (journal, warnings) = opened(folder.path());
        assert!(warnings.contains("its head file is"), "{warnings}");
        drop(journal);
        fresh(folder.path());
    }
}

#[test]
fn a_crash_between_commit_and_head_is_no_damage() {
    let folder = folder_of(3);
    let head = fs::read(folder.path().join("journal.head")).unwrap();
    fresh(folder.path()).append(draft("a", "committed, then killed")).unwrap();
    fs::write(folder.path().join("journal.head"), head).unwrap();
    let mut journal = fresh(folder.path());
    assert_eq!(texts(&journal).last().unwrap(), "committed, then killed");
    journal.append(draft("a", "next")).unwrap();
    assert!(journal.verify().unwrap().holds());
}

#[test]
fn a_crash_after_the_very_first_commit_is_no_damage() {
    let folder = folder_of(1);
    fs::remove_file(folder.path().join("journal.head")).unwrap();
    fresh(folder.path());
}

#[test]
fn an_empty_file_is_kept_aside() {
    let folder = folder_of(2);
    fs::write(folder.path().join(DB), "").unwrap();
    let (mut journal, warnings) = opened(folder.path());
    assert!(warnings.contains("was damaged (it is empty) and is kept as"), "{warnings}");
    assert!(warnings.contains("0 of 2 records were saved"), "{warnings}");
    assert_eq!(aside(folder.path()).len(), 1);
    journal.append(draft("a", "we go on")).unwrap();
    assert!(journal.verify().unwrap().holds());
}

#[test]
fn a_file_that_is_no_database_is_kept_aside_untouched() {
    let folder = folder_of(0);
    let noise: Vec<u8> = (0..20_000u32).map(|i| (i * 7919 % 251) as u8).collect();
    fs::write(folder.path().join(DB), &noise).unwrap();
    let (_, warnings) = opened(folder.path());
    assert!(warnings.contains("is kept as"), "{warnings}");
    let kept = &aside(folder.path())[0];
    assert_eq!(fs::read(folder.path().join(kept)).unwrap(), noise);
}

#[test]
fn what_is_left_of_a_truncated_file_is_saved() {
    let folder = folder_of(200);
    let path = folder.path().join(DB);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() * 2 / 3]).unwrap();
    let (journal, warnings) = opened(folder.path());
    assert!(warnings.contains("of 200 records were saved"), "{warnings}");
    let saved = journal.records("a").unwrap();
    assert!(saved.len() > 20, "{} saved", saved.len());
    assert!(journal.verify().unwrap().holds(), "what was saved is a chain");
    assert_eq!(journal.active_incident().unwrap(), None);
}

#[test]
fn every_truncation_and_every_damaged_page_is_told_or_harmless() {
    let folder = folder_of(60);
    let path = folder.path().join(DB);
    let whole = fs::read(&path).unwrap();
    let head = fs::read(folder.path().join("journal.head")).unwrap();
    for cut in (0..whole.len()).step_by(997) {
        let other = tempfile::tempdir().unwrap();
        fs::write(other.path().join(DB), &whole[..cut]).unwrap();
        fs::write(other.path().join("journal.head"), &head).unwrap();
        let (journal, warnings) = opened(other.path());
        assert!(!warnings.is_empty(), "cut at {cut}");
        assert!(journal.verify().unwrap().holds(), "cut at {cut}");

        let mut torn = whole.clone();
        torn[cut..(cut + 40).min(whole.len())].fill(0xa5);
        let other = tempfile::tempdir().unwrap();
        fs::write(other.path().join(DB), &torn).unwrap();
        fs::write(other.path().join("journal.head"), &head).unwrap();
        let (journal, warnings) = opened(other.path());
        let all_there = journal.records("a").unwrap().iter().filter(|r| r.kind == "noted").count() == 60;
        assert!(all_there || !warnings.is_empty(), "torn at {cut}: records vanished without a word");
    }
}

#[test]
fn a_full_disk_never_says_recorded() {
    let folder = folder_of(0);
    let mut journal = fresh(folder.path());
    journal.append(draft("a", "fits")).unwrap();
    journal.limit_pages(3);
    let error = journal.append(draft("a", &"long ".repeat(10_000))).unwrap_err();
    assert!(error.what.starts_with("NOT RECORDED: no space left"), "{error}");
    assert_eq!(texts(&journal), ["fits"]);
    journal.append(draft("a", "after making room")).unwrap();
    drop(journal);
    assert_eq!(texts(&fresh(folder.path())), ["fits", "after making room"]);
}

#[test]
fn a_head_that_cannot_be_written_stops_the_append_before_the_commit() {
    let folder = folder_of(1);
    let mut journal = fresh(folder.path());
    fs::create_dir(folder.path().join("journal.head.next")).unwrap();
    let error = journal.append(draft("a", "no")).unwrap_err();
    assert!(error.what.starts_with("NOT RECORDED"), "{error}");
    assert_eq!(texts(&journal), ["note 0"]);
}

#[test]
fn a_folder_that_vanished_is_told() {
    let folder = folder_of(1);
    let mut journal = fresh(folder.path());
    fs::remove_dir_all(folder.path()).unwrap();
    let error = journal.append(draft("a", "into the void")).unwrap_err();
    assert!(error.what.starts_with("NOT RECORDED"), "{error}");
}

#[test]
fn a_database_replaced_behind_our_back_is_opened_anew() {
    let folder = folder_of(2);
    let mut journal = fresh(folder.path());
    for name in [DB, "journal.db-wal", "journal.db-shm"] {
        let _ = fs::remove_file(folder.path().join(name));
    }
    journal.append(draft("a", "after")).unwrap();
    drop(journal);
    let journal = fresh(folder.path());
    assert_eq!(journal.records("a").unwrap()[0].kind, "journal_damaged", "the loss is on record");
    assert_eq!(texts(&journal).last().unwrap(), "after");
}
