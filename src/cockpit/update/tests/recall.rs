//! An incident that is taken up from its journal looks as if one had been there all the time.

use super::*;
use crate::incident::recall::{AT_HAND, Recalled};
use crate::incident::sentence::tests::every_entry;
use crate::journal::record::Record;
use crate::rollback::execution::Execution;

/// One record of every kind, of one incident; it is on the screen from the first.
fn everything() -> Vec<Record> {
    let journal = Memory::default();
    // Another incident that is resumed, or opened again, has its own way to the screen.
    for entry in every_entry().iter().filter(|entry| !matches!(entry.kind(), "resumed" | "reopened")) {
        journal.record(entry.draft("i1", "ana", start())).unwrap();
    }
    journal.records()
}

fn damaged(records: &[Record]) -> Record {
    let told = Entry::JournalDamaged { what: "its last 2 records are gone".into() };
    let last = records.last().unwrap();
    Record::chain(told.draft("", "hotfix", start()), last.seq + 1, &last.hash)
}

#[test]
fn taken_up_at_once_or_record_by_record_it_is_the_same_incident() {
    let mut records = everything();
    records.push(damaged(&records));
    let (mut one_by_one, mut at_once) = (Desk::new(), Desk::new());
    for record in &records {
        one_by_one.happen(What::Journal(Ok(record.clone())));
    }
    at_once.happen(What::Recalled(Box::new(Recalled::of("i1", records.clone()))));
    let (a, b) = (&one_by_one.state, &at_once.state);
    assert!(b.incident.is_some());
    assert_eq!(b.incident, a.incident);
    assert_eq!(b.records, records, "what belongs to all incidents is on the timeline of each");
    assert_eq!(b.records, a.records);
    assert_eq!(b.comms.book, a.comms.book);
    assert_eq!((b.comms.has_incident, b.comms.next_update_at), (a.comms.has_incident, a.comms.next_update_at));
    assert_eq!(b.rollback.execution, a.rollback.execution);
    assert_eq!(b.rollback.execution, Execution::fold(&records));
    assert_eq!(b.rollback.words, a.rollback.words);
}

/// A desk on which the newest records of many are at hand.
fn long(count: usize) -> (Desk, Vec<Record>) {
    let mut desk = Desk::new();
    desk.journal.record(every_entry()[0].draft("i1", "ana", start())).unwrap();
    for n in 1..count {
        let text = if n == 7 { "the needle".to_owned() } else { format!("note {n}") };
        desk.journal.record(Entry::Noted { text }.draft("i1", "ana", start())).unwrap();
    }
    let all = desk.journal.records();
    let mut recalled = Recalled::of("i1", all.clone());
    recalled.earlier = (count - AT_HAND) as u64;
    recalled.newest.drain(..count - AT_HAND);
    desk.happen(What::Recalled(Box::new(recalled)));
    (desk, all)
}

#[test]
fn earlier_records_are_read_when_somebody_goes_there() {
    let (mut desk, all) = long(AT_HAND + 500);
    assert_eq!(desk.state.records.len(), AT_HAND);
    assert_eq!(desk.key("6"), []);
    let asked = desk.key("end");
    let first = desk.state.records[0].seq;
    let [Effect::LoadEarlier { incident, before, .. }] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((incident.as_str(), *before), ("i1", first));
    assert_eq!(desk.key("up"), [], "once is enough");
    let selected = desk.state.list(Pane::Timeline).cursor;
    desk.happen(What::Earlier(Ok(all[..500].to_vec())));
    assert_eq!((&desk.state.records, desk.state.earlier.count), (&all, 0));
    assert_eq!(desk.state.list(Pane::Timeline).cursor, selected, "the selection stays where it was");
    assert_eq!(desk.key("end"), []);
}

#[test]
fn a_filter_looks_through_all_of_them() {
    let (mut desk, all) = long(AT_HAND + 500);
    desk.key("6");
    desk.key("/");
    let asked = desk.keys("needle");
    assert!(matches!(asked.as_slice(), [Effect::LoadEarlier { count: usize::MAX, .. }]), "{asked:?}");
    desk.happen(What::Earlier(Ok(all[..500].to_vec())));
    let list = desk.state.list(Pane::Timeline);
    let found = list.selected(all.len()).map(|index| &desk.state.records[all.len() - 1 - index]);
    assert_eq!(found.map(|record| record.seq), Some(8));
}

#[test]
fn what_comes_late_or_cannot_be_read_changes_nothing_on_the_screen() {
    let (mut desk, all) = long(AT_HAND + 500);
    let shown = desk.state.records.clone();
    desk.happen(What::Earlier(Err("the disk is gone".into())));
    assert_eq!(desk.state.records, shown);
    let toast = &desk.state.ui.toast.as_ref().unwrap().0;
    assert!(toast.text.contains("earlier entries cannot be read: the disk is gone"), "{toast:?}");
    let mut other = all[..500].to_vec();
    other.iter_mut().for_each(|record| record.incident = "i2".into());
    desk.happen(What::Earlier(Ok(other)));
    assert_eq!(desk.state.records, shown, "they are of another incident");
}

/// What is appended while the journal is being opened is read, and told by the journal's thread as well.
#[test]
fn a_record_that_comes_twice_is_there_once() {
    let records = everything();
    let mut desk = Desk::new();
    desk.happen(What::Recalled(Box::new(Recalled::of("i1", records.clone()))));
    desk.happen(What::Journal(Ok(records.last().unwrap().clone())));
    assert_eq!(desk.state.records, records);
}

#[test]
fn the_timeline_shows_one_kind_and_all_again() {
    let mut desk = Desk::new();
    desk.happen(What::Recalled(Box::new(Recalled::of("i1", everything()))));
    desk.key("6");
    let all = desk.state.records.len();
    let at = desk.state.records.iter().rev().position(|record| record.kind == "noted").unwrap();
    for _ in 0..at {
        desk.key("down");
    }
    desk.key("f");
    let list = desk.state.list(Pane::Timeline);
    assert_eq!((list.filter.as_str(), list.count(all)), ("kind:noted", 1));
    desk.key("f");
    assert_eq!(desk.state.list(Pane::Timeline).count(all), all);
}

#[test]
fn the_timeline_is_written_to_a_file_by_key() {
    let mut desk = Desk::new();
    desk.key("6");
    assert_eq!(desk.key("e"), [], "there is no incident");
    desk.happen(What::Recalled(Box::new(Recalled::of("i1", everything()))));
    assert_eq!(desk.key("e"), [Effect::Export("i1".into())]);
    desk.state.project.is_read_only = true;
    assert_eq!(desk.key("e"), [], "an export goes on record");
}
