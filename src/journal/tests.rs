mod damage;
mod migration;
mod writing;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
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

/// J10: the order is that of the writing, whatever the clocks say.
#[test]
fn a_clock_that_is_set_back_changes_no_order() {
    let folder = folder_of(0);
    let mut journal = fresh(folder.path());
    let seconds = [1_750_000_000, 1_750_000_060, 1_600_000_000, 1_750_000_061];
    for (n, at) in seconds.into_iter().enumerate() {
        let at = Timestamp::from_second(at).unwrap();
        journal.append(Draft { at, ..draft("a", &format!("note {n}")) }).unwrap();
    }
    assert_eq!(texts(&journal), ["note 0", "note 1", "note 2", "note 3"]);
    assert!(journal.verify().unwrap().holds());
    assert_eq!(journal.records("a").unwrap()[2].at.as_second(), 1_600_000_000, "as the clock had it");
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
