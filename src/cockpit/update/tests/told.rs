//! What the timeline tells by itself, and what a person puts on it.

use super::*;
use crate::incident::entry::Snapshot;

fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

fn entry(effect: &Effect) -> Option<&Entry> {
    match effect {
        Effect::Record { entry, .. } => Some(entry),
        _ => None,
    }
}

fn entries(effects: &[Effect]) -> Vec<&Entry> {
    effects.iter().filter_map(entry).collect()
}

/// The tip and where the branch on the remote is.
fn see(desk: &mut Desk, tip: char, upstream: char) -> Vec<Effect> {
    let head = Head { reference: Some("hotfix/x".into()), oid: Some(oid(tip)), tree: Some(oid(tip)) };
    let (branch, at) = (Some("origin/hotfix/x".into()), Some(oid(upstream)));
    let evidence = Evidence {
        value: Report { head, upstream: branch, upstream_oid: at, ..Report::default() },
        subject: Subject::commit(oid(tip)),
        source: "git".into(),
        observed_at: desk.state.now,
        ttl: Duration::from_secs(60),
    };
    let seen = Observation::Seen(Generation(desk.uptime.as_secs() + 1), Box::new(evidence));
    desk.happen(What::Change(ChangeObservation::Report(seen)))
}

fn tested(desk: &mut Desk, failed: u64) -> Vec<Effect> {
    let totals = test_results::Totals { tests: 3, passed: 3 - failed, failed, ..test_results::Totals::default() };
    let run = test_results::Run { totals, ..test_results::Run::new("unit", "junit.xml") };
    let evidence = Evidence {
        value: test_results::Report { totals, runs: vec![run], ..test_results::Report::default() },
        subject: Subject::default(),
        source: "junit".into(),
        observed_at: desk.state.now,
        ttl: Duration::from_secs(60),
    };
    desk.happen(What::Tests(Observation::Seen(Generation(desk.uptime.as_secs() + 1), Box::new(evidence))))
}

/// The same incident in a cockpit that was just started: its journal is read again.
fn restarted(desk: &Desk) -> Desk {
    let mut again = Desk::new();
    for record in desk.journal.records() {
        again.happen(What::Journal(Ok(record)));
    }
    again
}

#[test]
fn a_push_is_on_the_timeline_once_and_not_again_after_a_restart() {
    let mut desk = Desk::new();
    desk.declare();
    assert!(entries(&see(&mut desk, 'a', '1')).is_empty(), "where it was at first is no push");
    let effects = see(&mut desk, 'a', 'a');
    let [Entry::Pushed(push)] = entries(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!((push.from.as_ref(), &push.to, push.branch.as_str()), (Some(&oid('1')), &oid('a'), "origin/hotfix/x"));
    desk.record(effects);
    let mut again = restarted(&desk);
    let mut effects = see(&mut again, 'a', 'a');
    effects.extend(again.happen(What::Opened));
    assert!(entries(&effects).is_empty(), "{effects:?}");
}

#[test]
fn what_moved_while_the_cockpit_was_closed_is_told_when_it_opens() {
    let mut desk = Desk::new();
    desk.declare();
    see(&mut desk, 'a', '1');
    let effects = see(&mut desk, 'b', 'b');
    assert_eq!(entries(&effects).len(), 2);
    desk.record(effects);
    for git_first in [true, false] {
        let mut again = if git_first { Desk::new() } else { restarted(&desk) };
        let mut effects = see(&mut again, 'c', 'c');
        for record in desk.journal.records().into_iter().filter(|_| git_first) {
            effects.extend(again.happen(What::Journal(Ok(record))));
        }
        if git_first {
            effects.extend(again.happen(What::Opened));
        }
        let told: Vec<_> = entries(&effects).into_iter().map(Entry::sentence).collect();
        let expected =
            ["the hotfix tip moved from bbbbbbb to ccccccc", "origin/hotfix/x moved from bbbbbbb to ccccccc"];
        assert_eq!(told, expected, "git first: {git_first}");
    }
}

#[test]
fn a_test_result_is_told_once_also_across_a_restart() {
    let mut desk = Desk::new();
    desk.declare();
    let effects = tested(&mut desk, 1);
    assert!(matches!(entries(&effects)[..], [Entry::TestsSeen { failed: 1, .. }]), "{effects:?}");
    desk.record(effects);
    let mut again = restarted(&desk);
    assert!(entries(&tested(&mut again, 1)).is_empty());
    assert_eq!(entries(&tested(&mut again, 0)).len(), 1);
}

#[test]
fn a_cockpit_that_only_reads_tells_nothing_of_its_own() {
    let mut desk = Desk::new();
    desk.declare();
    desk.state.project.is_read_only = true;
    see(&mut desk, 'a', '1');
    assert!(entries(&see(&mut desk, 'b', 'b')).is_empty());
}

#[test]
fn a_decision_keeps_what_was_on_the_screen() {
    let mut desk = Desk::new();
    desk.declare();
    see(&mut desk, 'a', 'a');
    desk.key("d");
    desk.key("enter");
    desk.keys("nothing moves");
    let effects = desk.key("enter");
    let [Entry::Decided { snapshot: Some(snapshot), readiness: Some(readiness), .. }] = entries(&effects)[..] else {
        panic!("{effects:?}")
    };
    let Snapshot { head, panes, open, .. } = &**snapshot;
    assert_eq!((readiness.as_str(), head), ("no-go", &Some(oid('a'))));
    assert!(open.contains(&"a1".to_owned()));
    assert_eq!(panes[1].headline, "unknown production to aaaaaaa");
}

#[test]
fn a_row_is_pinned_with_what_its_room_shows() {
    let mut desk = Desk::new();
    desk.declare();
    see(&mut desk, 'a', 'a');
    desk.key("1");
    desk.key("j");
    let effects = desk.key("p");
    let [Entry::Pinned(pin)] = entries(&effects)[..] else { panic!("{effects:?}") };
    assert!(pin.text.contains("a1"), "{}", pin.text);
    assert_eq!((pin.seen.pane.as_str(), pin.seen.freshness.as_str()), ("checklist", "fresh"));
    desk.key("6");
    assert!(desk.key("p").is_empty(), "what is on the timeline is not pinned again");
}

#[test]
fn an_entry_is_put_right_by_another_one() {
    let mut desk = Desk::new();
    desk.declare();
    let newest = desk.state.records.last().unwrap().seq;
    desk.key("6");
    desk.key("c");
    desk.keys("it was checkout-503");
    let effects = desk.key("enter");
    let [Entry::Corrected(correction)] = entries(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!((correction.corrects, correction.text.as_str()), (newest, "it was checkout-503"));
}

#[test]
fn one_who_is_alone_breaks_the_glass_by_the_key_that_overrides() {
    let mut desk = Desk::new();
    desk.declare();
    see(&mut desk, 'a', 'a');
    let rows = desk.state.checklist.rows().len();
    let stage = (0..rows).find(|row| desk.state.checklist.gate_at(*row).is_none() && *row > 0).unwrap();
    assert!(desk.state.checklist.toggle(stage));
    let rows = desk.state.checklist.rows().len();
    let row = (0..rows).find(|row| desk.state.checklist.gate_at(*row).is_some_and(|gate| gate.id == "b9")).unwrap();
    desk.key("1");
    (0..row).for_each(|_| drop(desk.key("j")));
    desk.key("O");
    desk.keys("alone at night");
    desk.key("enter");
    let effects = desk.key("enter");
    assert!(matches!(entries(&effects)[..], [Entry::GlassBroken(_)]), "{effects:?}");
    desk.record(effects);
    assert_eq!(desk.state.incident.as_ref().unwrap().standing_glass().count(), 1);
}
