use std::fs;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::incident::Entry;
use crate::incident::sentence::tests::every_entry;
use crate::journal::clock::Reading;

/// A small one, so that a test writes folds after a few records.
const OFTEN: u64 = 3;

fn chain(entries: impl IntoIterator<Item = (Entry, &'static str)>) -> Vec<Record> {
    let mut prev = GENESIS.to_owned();
    let records = entries.into_iter().zip(1..).map(|((entry, actor), seq)| {
        let at = Timestamp::from_second(1_787_299_200 + i64::try_from(seq).unwrap_or(0) * 7).unwrap();
        // The clock on the wall is set back now and then.
        let wall = at - jiff::SignedDuration::from_mins(i64::try_from(seq / 5).unwrap_or(0));
        let clock = Reading { boot: "b".into(), uptime_ms: seq * 7_000, wall };
        let record = Record::chain_at(entry.draft("i1", actor, wall), seq, &prev, Some(clock));
        prev.clone_from(&record.hash);
        record
    });
    records.collect()
}

fn folded_from(mut fold: Fold, records: &[Record]) -> Fold {
    records.iter().for_each(|record| fold.take(record));
    fold
}

fn begin() -> Fold {
    Fold::begin(String::new(), "i1")
}

proptest! {
    #![proptest_config(Config { cases: 192, rng_seed: RngSeed::Fixed(31), failure_persistence: None, ..Config::default() })]

    /// Whatever is on record, and wherever it is cut: what was kept and the rest come to what all of it comes to.
    #[test]
    fn a_kept_fold_and_the_rest_come_to_what_all_comes_to(
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..60),
        cut in any::<prop::sample::Index>(),
    ) {
        let all = every_entry();
        let declared = (all[0].clone(), "ana");
        let picked = picks.iter().map(|(pick, is_ana)| (pick.get(&all).clone(), if *is_ana { "ana" } else { "bob" }));
        let records = chain([declared].into_iter().chain(picked));
        let (before, after) = records.split_at(cut.index(records.len() + 1));
        let kept = serde_json::to_string(&folded_from(begin(), before)).unwrap();
        let again = folded_from(serde_json::from_str(&kept).unwrap(), after);
        prop_assert_eq!(&again, &folded_from(begin(), &records));
        prop_assert_eq!(again.incident, Incident::fold(&records));
    }
}

#[test]
fn every_kind_alone_survives_being_kept() {
    let all = every_entry();
    for entry in &all {
        let fold = folded_from(begin(), &chain([(all[0].clone(), "ana"), (entry.clone(), "bob")]));
        let back: Fold = serde_json::from_str(&serde_json::to_string(&fold).unwrap()).unwrap();
        assert_eq!(back, fold, "{entry:?}");
    }
}

fn note(text: &str) -> Entry {
    Entry::Noted { text: text.to_owned() }
}

fn append(journal: &mut Journal, entry: &Entry) {
    journal.append(entry.draft("i1", "ana", Timestamp::UNIX_EPOCH)).unwrap();
}

/// A journal of a declaration, a tick and some notes, whose fold was kept.
fn kept() -> (TempDir, Journal, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path()).unwrap().0;
    let tick = Entry::Ticked { item: "b8".into(), note: None, head: None };
    for entry in [every_entry()[0].clone(), tick, note("one"), note("two"), note("three")] {
        append(&mut journal, &entry);
    }
    folded(&journal, "i1", OFTEN).unwrap();
    let path = Kept::new(folder.path(), String::new(), "i1").path;
    assert!(path.exists());
    (folder, journal, path)
}

/// What would be believed of the file.
fn believed(journal: &Journal) -> Option<Fold> {
    Kept::new(journal.folder(), program().unwrap(), "i1").read(journal)
}

#[test]
fn a_fold_is_kept_after_enough_records_and_only_the_rest_is_read() {
    let (_folder, mut journal, path) = kept();
    let before = fs::read(&path).unwrap();
    append(&mut journal, &note("four"));
    let fold = folded(&journal, "i1", OFTEN).unwrap();
    assert_eq!((fold.seq, fold.count), (6, 6));
    assert_eq!(fs::read(&path).unwrap(), before, "one record is not worth a new file");
    assert_eq!(believed(&journal).unwrap().seq, 5);
    // That it is used shows where the file says something that the chain does not.
    let mut forged = believed(&journal).unwrap();
    forged.incident.as_mut().unwrap().title = "from the file".into();
    Kept::new(journal.folder(), program().unwrap(), "i1").write(&forged).unwrap();
    assert_eq!(incident(&journal, "i1").unwrap().unwrap().title, "from the file");
}

#[test]
fn a_journal_that_is_only_read_keeps_nothing() {
    let (folder, journal, path) = kept();
    drop(journal);
    fs::remove_file(&path).unwrap();
    let journal = Journal::open_read_only(folder.path()).unwrap().0;
    assert_eq!(folded(&journal, "i1", OFTEN).unwrap().count, 5);
    assert!(!path.exists());
}

#[test]
fn one_changed_bit_anywhere_and_the_chain_is_read_instead() {
    let (_folder, journal, path) = kept();
    let (bytes, all) = (fs::read(&path).unwrap(), incident(&journal, "i1").unwrap());
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert_eq!(believed(&journal), None, "byte {at}");
    }
    for length in [0, 10, 64, 65, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        assert_eq!(believed(&journal), None, "cut to {length}");
    }
    assert_eq!(incident(&journal, "i1").unwrap(), all);
    fs::write(&path, &bytes).unwrap();
    assert!(believed(&journal).is_some());
}

#[test]
fn the_fold_of_another_chain_incident_or_program_is_not_believed() {
    let (_folder, journal, path) = kept();
    let (_other_folder, mut other, other_path) = kept();
    append(&mut other, &note("another history"));
    fs::remove_file(&other_path).unwrap();
    folded(&other, "i1", OFTEN).unwrap();
    fs::copy(other_path, &path).unwrap();
    assert_eq!(believed(&journal), None, "another chain");
    let of_another = |change: fn(&mut Fold)| {
        let mut fold = folded_from(begin(), &journal.records("i1").unwrap());
        fold.program = program().unwrap();
        change(&mut fold);
        let program = fold.program.clone();
        Kept { program, ..Kept::new(journal.folder(), String::new(), "i1") }.write(&fold).unwrap();
        believed(&journal)
    };
    assert!(of_another(|_| {}).is_some());
    assert_eq!(of_another(|fold| fold.id = "i2".into()), None, "another incident");
    assert_eq!(of_another(|fold| fold.program.push('x')), None, "another program");
}

/// The chain says no: nobody looks at what was kept of it.
#[test]
fn a_damaged_chain_is_read_from_its_start() {
    let (folder, journal, _path) = kept();
    drop(journal);
    let db = Connection::open(folder.path().join("journal.db")).unwrap();
    db.execute("UPDATE record SET body = replace(body, 'b8', 'b9') WHERE seq = 2", []).unwrap();
    drop(db);
    for (journal, warnings) in [Journal::open_read_only(folder.path()).unwrap(), Journal::open(folder.path()).unwrap()]
    {
        assert!(warnings[0].what.contains("record 2"), "{warnings:?}");
        let incident = incident(&journal, "i1").unwrap().unwrap();
        assert!(incident.marks.is_empty(), "a record that is not what was written satisfies nothing");
    }
}

#[test]
fn what_a_screen_needs_is_what_all_records_come_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path()).unwrap().0;
    for entry in every_entry().iter().filter(|entry| entry.kind() != "resumed") {
        append(&mut journal, entry);
    }
    let records = journal.records("i1").unwrap();
    folded(&journal, "i1", OFTEN).unwrap();
    let there = recalled(&journal, "i1").unwrap();
    assert_eq!(there, Recalled::of("i1", records));
    assert!(there.beside.iter().any(|record| record.kind == "rollback_fired"));
}
