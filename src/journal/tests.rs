use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use rusqlite::Connection;
use tempfile::TempDir;

use super::head::{Head, Kept};
use super::*;

const DB: &str = "journal.db";

fn draft(incident: &str, text: &str) -> Draft {
    kind(incident, "noted", text)
}

fn kind(incident: &str, kind: &str, text: &str) -> Draft {
    Draft {
        at: Timestamp::from_second(1_750_000_000).unwrap(),
        incident: incident.into(),
        actor: "ana".into(),
        kind: kind.into(),
        body: serde_json::json!({ "entry": kind, "text": text }),
    }
}

/// A folder with a closed journal of `n` records of incident `a`.
fn folder_of(n: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = fresh(folder.path());
    for i in 0..n {
        journal.append(draft("a", &format!("note {i}"))).unwrap();
    }
    folder
}

fn fresh(folder: &Path) -> Journal {
    let (journal, warnings) = Journal::open(folder).unwrap();
    assert_eq!(warnings, []);
    journal
}

fn opened(folder: &Path) -> (Journal, String) {
    let (journal, warnings) = Journal::open(folder).unwrap();
    (journal, warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn texts(journal: &Journal) -> Vec<String> {
    let texts = journal.records("a").unwrap().into_iter().map(|r| r.body["text"].as_str().unwrap_or("?").to_owned());
    texts.collect()
}

fn aside(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains(".corrupt-")).collect()
}

#[test]
fn the_bundled_sqlite_has_no_wal_reset_bug() {
    recovery::check_sqlite().unwrap();
}

#[test]
fn what_was_recorded_is_there_after_opening_again() {
    let folder = folder_of(3);
    let journal = fresh(folder.path());
    assert_eq!(texts(&journal), ["note 0", "note 1", "note 2"]);
    let found = journal.verify().unwrap();
    assert!(found.holds());
    assert_eq!(found.records, 3);
}

#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("deep").join("journal");
    fresh(&folder).append(draft("a", "x")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join(DB)), 0o600);
}

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
fn a_newer_schema_is_refused_and_left_alone() {
    let folder = folder_of(1);
    let db = Connection::open(folder.path().join(DB)).unwrap();
    db.pragma_update(None, "user_version", 2).unwrap();
    drop(db);
    let error = Journal::open(folder.path()).unwrap_err();
    assert!(error.what.contains("written by a newer hotfix"), "{error}");
    assert_eq!(aside(folder.path()), Vec::<String>::new());
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
    journal.append(draft("a", "into the void")).unwrap_err();
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

/// Whether this process may write where it should not be able to: as root it may.
fn permissions_bind(folder: &Path) -> bool {
    fs::write(folder.join("probe"), "").is_err()
}

#[test]
fn a_folder_that_cannot_be_written_to_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder_of(2);
    let set = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    set(0o500);
    if permissions_bind(folder.path()) {
        let error = Journal::open(folder.path()).unwrap_err();
        assert!(error.what.contains("cannot open"), "{error}");
    } else {
        eprintln!("not tested: this user may write everywhere");
    }
    let (mut journal, warnings) = Journal::open_read_only(folder.path()).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(texts(&journal), ["note 0", "note 1"]);
    assert!(journal.append(draft("a", "no")).unwrap_err().what.starts_with("NOT RECORDED"));
    drop(journal);
    set(0o700);
}

#[test]
fn a_journal_that_does_not_exist_reads_as_empty_and_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, warnings) = Journal::open_read_only(folder.path()).unwrap();
    assert_eq!((warnings.len(), journal.active_incident().unwrap()), (0, None));
    assert!(!folder.path().join(DB).exists());
}

#[test]
fn many_hands_keep_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for hand in 0..4 {
            let path = folder.path();
            scope.spawn(move || {
                let mut journal = Journal::open(path).unwrap().0;
                for i in 0..25 {
                    journal.append(draft("a", &format!("{hand}.{i}"))).unwrap();
                }
            });
        }
    });
    let journal = fresh(folder.path());
    let found = journal.verify().unwrap();
    assert!(found.holds());
    assert_eq!(found.records, 100);
    for hand in 0..4 {
        let prefix = format!("{hand}.");
        let mine: Vec<_> = texts(&journal).into_iter().filter(|t| t.starts_with(&prefix)).collect();
        assert_eq!(mine, (0..25).map(|i| format!("{hand}.{i}")).collect::<Vec<_>>());
    }
}

#[test]
fn a_turn_that_never_ends_is_told_within_its_patience() {
    let folder = folder_of(1);
    let mut journal = fresh(folder.path());
    let _turn = lock::exclusive(folder.path()).unwrap();
    let start = Instant::now();
    let error = journal.append(draft("a", "no")).unwrap_err();
    assert!(error.what.contains("another hotfix process"), "{error}");
    assert!(start.elapsed() < lock::PATIENCE + Duration::from_secs(1));
}

#[test]
fn the_second_cockpit_learns_who_holds_the_pen() {
    let folder = folder_of(1);
    let now = Timestamp::from_second(1_750_000_000).unwrap();
    let Reach::Taken(pen) = Pen::reach(folder.path(), now).unwrap() else { panic!("it was free") };
    let Reach::HeldBy(Some(holder)) = Pen::reach(folder.path(), now).unwrap() else { panic!("it is held") };
    assert_eq!((holder.pid, holder.since), (std::process::id(), now));
    assert!(!holder.host.is_empty());
    fresh(folder.path()).append(draft("a", "a note needs no pen")).unwrap();
    drop(pen);
    assert!(matches!(Pen::reach(folder.path(), now).unwrap(), Reach::Taken(_)));
}

#[test]
fn the_incident_declared_last_and_not_closed_is_the_active_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = fresh(folder.path());
    assert_eq!(journal.active_incident().unwrap(), None);
    for (incident, entry) in [("a", "declared"), ("b", "declared"), ("a", "noted"), ("c", "declared")] {
        journal.append(kind(incident, entry, "")).unwrap();
    }
    assert_eq!(journal.active_incident().unwrap().as_deref(), Some("c"));
    journal.append(kind("c", "closed", "")).unwrap();
    assert_eq!(journal.active_incident().unwrap().as_deref(), Some("b"));
    let known: Vec<_> = journal.incidents().unwrap().into_iter().map(|k| (k.id, k.open, k.records)).collect();
    assert_eq!(known, [("a".into(), true, 2), ("b".into(), true, 1), ("c".into(), false, 2)]);
}

/// A writer, and what its subscriber was told.
fn writer(folder: &Path, secrets: &[&str]) -> (Writer, mpsc::Receiver<Result<Record, JournalError>>) {
    let (told, hears) = mpsc::channel();
    let redact = Redact::new(secrets.iter().map(|s| (*s).to_owned()));
    let writer = Writer::start(fresh(folder), redact, move |outcome| drop(told.send(outcome))).unwrap();
    (writer, hears)
}

fn heard(hears: &mpsc::Receiver<Result<Record, JournalError>>) -> Vec<(u64, String)> {
    let told = hears.try_iter().map(Result::unwrap);
    told.map(|r| (r.seq, r.body["text"].as_str().unwrap_or_default().to_owned())).collect()
}

#[test]
fn the_subscriber_hears_every_record_once_and_in_order() {
    let folder = folder_of(1);
    let (writer, hears) = writer(folder.path(), &[]);
    writer.submit(draft("a", "submitted"));
    assert_eq!(writer.record(draft("a", "waited for")).unwrap().seq, 3);
    fresh(folder.path()).append(draft("a", "from another terminal")).unwrap();
    writer.submit(draft("a", "after it"));
    writer.flush();
    let texts = ["submitted", "waited for", "from another terminal", "after it"];
    let expected: Vec<_> = (2..).zip(texts.map(str::to_owned)).collect();
    assert_eq!(heard(&hears), expected);
}

#[test]
fn a_look_brings_what_others_wrote_and_nothing_twice() {
    let folder = folder_of(1);
    let (writer, hears) = writer(folder.path(), &[]);
    writer.look();
    writer.flush();
    assert_eq!(heard(&hears), []);
    fresh(folder.path()).append(draft("a", "theirs")).unwrap();
    writer.look();
    writer.look();
    writer.flush();
    assert_eq!(heard(&hears), [(2, "theirs".into())]);
}

#[test]
fn what_could_not_be_recorded_is_told_to_whoever_asked() {
    let folder = folder_of(1);
    let (writer, hears) = writer(folder.path(), &[]);
    fs::create_dir(folder.path().join("journal.head.next")).unwrap();
    writer.record(draft("a", "no")).unwrap_err();
    writer.flush();
    assert_eq!(hears.try_iter().count(), 0, "its caller knows");
    writer.submit(draft("a", "no"));
    writer.flush();
    assert!(hears.try_recv().unwrap().is_err());
}

#[test]
fn no_secret_enters() {
    let folder = folder_of(0);
    let (writer, _hears) = writer(folder.path(), &["hunter22", "hunter22-and-more", ""]);
    writer.hide(vec!["t0p-secret".into()]);
    let body = serde_json::json!({ "text": "ghp hunter22-and-more", "list": [{ "hunter22": "t0p-secret" }] });
    writer.record(Draft { body, actor: "hunter22".into(), ..draft("a", "") }).unwrap();
    let bytes: Vec<u8> = fs::read_dir(folder.path())
        .unwrap()
        .flat_map(|entry| fs::read(entry.unwrap().path()).unwrap_or_default())
        .collect();
    let all = String::from_utf8_lossy(&bytes).into_owned();
    assert!(all.contains("ghp [hidden]") && all.contains(r#""[hidden]":"[hidden]""#));
    assert!(!all.contains("hunter22") && !all.contains("t0p"), "a secret is on disk");
}

proptest! {
    #![proptest_config(Config { cases: 24, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() })]

    /// J11: any text comes back as it went in; and the head always is the end of the chain.
    #[test]
    fn any_text_is_stored_exactly(texts in prop::collection::vec(any::<String>(), 1..6)) {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = fresh(folder.path());
        for text in &texts {
            let record = journal.append(draft("a", text)).unwrap();
            prop_assert_eq!(Head::kept(folder.path()), Kept::Head(Head::of(&record)));
        }
        let back: Vec<_> = journal.records("a").unwrap().into_iter().map(|r| r.body["text"].clone()).collect();
        prop_assert_eq!(back, texts.iter().map(|t| serde_json::json!(t)).collect::<Vec<_>>());
        prop_assert!(journal.verify().unwrap().holds());
    }
}
