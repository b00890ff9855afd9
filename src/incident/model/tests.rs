use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::json;

use super::super::{NoticeWritten, StepState, naming, sentence};
use super::*;
use crate::incident::Decision;
use crate::journal::record::{Draft, GENESIS};

fn minute(n: i64) -> Timestamp {
    Timestamp::from_second(1_787_299_200 + n * 60).unwrap()
}

/// Entries with the minute and the person, as records of one incident.
fn story(entries: &[(i64, &str, Entry)]) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for (at, who, entry) in entries {
        let prev = records.last().map_or(GENESIS.to_owned(), |record| record.hash.clone());
        records.push(Record::chain(
            entry.draft("20260821-checkout-502", who, minute(*at)),
            records.len() as u64 + 1,
            &prev,
        ));
    }
    records
}

fn declared() -> Entry {
    Entry::Declared {
        title: "checkout 502".into(),
        severity: None,
        impact_at: Some(minute(-5)),
        ticket: Some("SHOP-1234".into()),
        drill: None,
    }
}

fn ticked(item: &str) -> Entry {
    Entry::Ticked { item: item.into(), note: None, head: None }
}

fn told(text: &str, next: Option<Timestamp>) -> Entry {
    Entry::NoticeSent { channel: "stakeholders".into(), text: text.into(), next_update_at: next, about: None }
}

fn severity(severity: Severity) -> Entry {
    Entry::Assessed { impact: None, users: None, workaround: None, severity: Some(severity) }
}

fn fold(entries: &[(i64, &str, Entry)]) -> Incident {
    Incident::fold(&story(entries)).unwrap()
}

#[test]
fn a_declared_incident_knows_since_when_users_are_affected() {
    let it = fold(&[(0, "ana", declared())]);
    assert_eq!((it.title.as_str(), it.stage, it.severity), ("checkout 502", Stage::Assess, None));
    assert_eq!((it.since(), it.declared_at), (minute(-5), minute(0)));
    assert_eq!(it.next_update_at(), None, "nothing is promised before a severity is set");
}

#[test]
fn answers_come_in_any_order_and_a_later_one_counts() {
    let answer = |impact: Option<&str>, users: Option<&str>, severity| Entry::Assessed {
        impact: impact.map(Into::into),
        users: users.map(Into::into),
        workaround: None,
        severity,
    };
    let it = fold(&[
        (0, "ana", declared()),
        (1, "ana", answer(Some("no checkouts"), None, None)),
        (2, "bob", answer(None, Some("4 %"), Some(Severity::Sev3))),
        (3, "ana", answer(None, Some("40 %"), Some(Severity::Sev1))),
    ]);
    assert_eq!((it.impact.as_deref(), it.users.as_deref(), it.workaround), (Some("no checkouts"), Some("40 %"), None));
    assert_eq!(it.severity, Some(Severity::Sev1));
}

#[test]
fn a_role_is_handed_over() {
    let take = |name: &str| Entry::RoleTaken { role: Role::Ops, name: name.into() };
    let it = fold(&[(0, "ana", declared()), (1, "ana", take("ana")), (9, "ana", take("bob"))]);
    assert_eq!(it.roles[&Role::Ops], "bob");
    assert_eq!(it.roles.len(), 1);
}

#[test]
fn the_last_mark_of_an_item_counts() {
    let overridden = Entry::Overridden {
        item: "b9".into(),
        reason: "alone at night".into(),
        name: "ana".into(),
        head: Some(Oid::parse(&"a".repeat(40)).unwrap()),
    };
    let it = fold(&[
        (0, "ana", declared()),
        (1, "bob", ticked("b6")),
        (2, "bob", Entry::Unticked { item: "b6".into(), note: None }),
        (3, "hotfix", overridden),
        (4, "bob", ticked("a1")),
    ]);
    assert_eq!(it.marks.keys().collect::<Vec<_>>(), ["a1", "b9"]);
    assert_eq!(
        (it.marks["b9"].by.as_str(), it.marks["a1"].by.as_str()),
        ("ana", "bob"),
        "an override has a name of its own"
    );
    assert!(matches!(&it.marks["b9"].kind, MarkKind::Overridden { reason } if reason == "alone at night"));
}

#[test]
fn the_next_update_is_what_was_promised_else_by_severity() {
    let mut entries = vec![(0, "ana", declared()), (1, "ana", severity(Severity::Sev2))];
    assert_eq!(fold(&entries).next_update_at(), Some(minute(30)));
    entries.push((10, "ana", told("we look into it", None)));
    assert_eq!(fold(&entries).next_update_at(), Some(minute(40)));
    entries.push((12, "ana", told("we roll back", Some(minute(20)))));
    assert_eq!(fold(&entries).next_update_at(), Some(minute(20)));
    entries.push((13, "ana", severity(Severity::Sev1)));
    let it = fold(&entries);
    assert_eq!((it.next_update_at(), it.notices), (Some(minute(20)), 2), "a promise stands");
    entries.push((15, "ana", severity(Severity::Sev3)));
    entries.push((16, "ana", told("it is less than we thought", Some(minute(76)))));
    assert_eq!(fold(&entries).next_update_at(), Some(minute(76)));
    entries.push((20, "ana", severity(Severity::Sev1)));
    assert_eq!(fold(&entries).next_update_at(), Some(minute(40)), "20 minutes from when it became worse");
    entries.push((30, "ana", told("it is worse", Some(minute(50)))));
    assert_eq!(fold(&entries).next_update_at(), Some(minute(50)));
}

#[test]
fn from_declared_to_closed() {
    let decided =
        Entry::Decided { decision: Decision::RollBack, reason: "4.5x errors".into(), readiness: None, snapshot: None };
    let it = fold(&[
        (0, "ana", declared()),
        (1, "ana", Entry::StageEntered { stage: Stage::Deploy }),
        (2, "ana", decided),
        (4, "ana", Entry::StageEntered { stage: Stage::Monitor }),
        (90, "ana", Entry::Closed { open: vec!["d8".into()] }),
    ]);
    assert_eq!((it.stage, it.closed_at), (Stage::Monitor, Some(minute(90))));
    assert_eq!((it.decisions[0].by.as_str(), it.decisions[0].at), ("ana", minute(2)));
}

#[test]
fn before_it_is_declared_there_is_none_and_other_incidents_do_not_touch_it() {
    assert_eq!(Incident::fold(&story(&[(0, "ana", ticked("a1"))])), None);
    let records = story(&[(0, "ana", declared())]);
    let mut incident = Incident::fold(&records);
    let before = incident.clone();
    let foreign = Record::chain(ticked("a1").draft("another", "eve", minute(1)), 2, &records[0].hash);
    Incident::apply(&mut incident, &foreign);
    assert_eq!(incident, before);
}

#[test]
fn entries_of_a_later_version_are_passed_over_and_shown() {
    let body = json!({ "entry": "teleported", "where": "\u{1b}[2Jthere" });
    let draft = Draft { at: minute(1), incident: "x".into(), actor: "ana".into(), kind: "teleported".into(), body };
    let record = Record::chain(draft, 1, GENESIS);
    assert_eq!(Entry::of(&record), None);
    assert_eq!(sentence::of(&record), "an entry of kind teleported that this version does not know");
}

#[test]
fn what_comes_from_the_journal_cannot_steer_the_terminal() {
    let evil = || "a\u{1b}[2Jb\nc".to_owned();
    let it = fold(&[
        (
            0,
            "eve\u{9b}",
            Entry::Declared { title: evil(), severity: None, impact_at: None, ticket: Some(evil()), drill: None },
        ),
        (1, "eve\u{9b}", Entry::RoleTaken { role: Role::Ops, name: evil() }),
        (2, "eve\u{9b}", Entry::Ticked { item: "a1".into(), note: Some(evil()), head: None }),
        (3, "eve\u{9b}", told(&evil(), None)),
    ]);
    let shown = [&it.title, &it.roles[&Role::Ops], &it.marks["a1"].by, &it.last_notice.unwrap().text];
    assert!(!shown.iter().any(|text| text.contains(['\u{1b}', '\u{9b}'])), "{shown:?}");
}

#[test]
fn sentences_are_one_clean_line() {
    let record = &story(&[(0, "ana", Entry::Noted { text: "two\nlines \u{1b}[31m\u{202e}".into() })])[0];
    assert_eq!(sentence::of(record), r"noted: two lines \u{1b}[31m\u{202e}");
    let step = Entry::Step {
        plan: "p".into(),
        index: 0,
        name: "route".into(),
        state: StepState::Unknown,
        detail: Some("no answer".into()),
    };
    assert_eq!(step.sentence(), "rollback step 1 route has an unknown outcome: no answer");
}

#[test]
fn ids_are_readable_and_different() {
    let id = |title: &str, taken: &[&str]| naming::id(title, minute(0), |id| taken.contains(&id));
    assert_eq!(id("Checkout: 502!", &[]), "20260821-checkout-502");
    assert_eq!(id("checkout 502", &["20260821-checkout-502", "20260821-checkout-502-2"]), "20260821-checkout-502-3");
    assert_eq!(id("\u{202e}…", &[]), "20260821-incident");
    assert!(id(&"very long title ".repeat(20), &[]).len() <= 9 + 40);
}

fn entries() -> impl Strategy<Value = Entry> {
    let item = || prop::sample::select(vec!["a1", "b6", "b9", "d4/main"]).prop_map(str::to_owned);
    prop_oneof![
        Just(declared()),
        item().prop_map(|item| ticked(&item)),
        item().prop_map(|item| Entry::Unticked { item, note: None }),
        (item(), ".{1,9}").prop_map(|(item, reason)| Entry::Overridden {
            item,
            reason,
            name: "ana".into(),
            head: None
        }),
        prop::sample::select(Stage::ALL.to_vec()).prop_map(|stage| Entry::StageEntered { stage }),
        (prop::sample::select(Role::ALL.to_vec()), ".{1,9}").prop_map(|(role, name)| Entry::RoleTaken { role, name }),
        prop::sample::select(vec![Severity::Sev1, Severity::Sev2, Severity::Sev3]).prop_map(severity),
        any::<String>().prop_map(|text| Entry::Noted { text }),
        any::<String>().prop_map(|text| told(&text, None)),
    ]
}

proptest! {
    #![proptest_config(Config { rng_seed: RngSeed::Fixed(5), failure_persistence: None, ..Config::default() })]

    /// Opening again resumes: folding all records, and taking in the rest one by one, come to the same.
    #[test]
    fn resuming_at_any_record_is_the_same(all in prop::collection::vec(entries(), 0..20), at in 0usize..20) {
        let all: Vec<_> = all.into_iter().enumerate().map(|(n, entry)| (n as i64, "ana", entry)).collect();
        let records = story(&all);
        let mut resumed = Incident::fold(&records[..at.min(records.len())]);
        for record in &records[at.min(records.len())..] {
            Incident::apply(&mut resumed, record);
        }
        prop_assert_eq!(resumed, Incident::fold(&records));
    }

    /// What the journal keeps is what was meant, for every kind of entry.
    #[test]
    fn entries_survive_the_journal(entry in entries()) {
        let record = &story(&[(0, "ana", entry.clone())])[0];
        prop_assert_eq!(Entry::of(record), Some(entry));
        prop_assert_eq!(record.body["entry"].as_str(), Some(record.kind.as_str()));
        prop_assert!(!sentence::of(record).chars().any(text::is_dangerous));
    }

    /// A mark is there exactly when the last word on its item was a tick or an override.
    #[test]
    fn marks_follow_the_last_word(all in prop::collection::vec(entries(), 0..30)) {
        let all: Vec<_> = std::iter::once(declared()).chain(all.into_iter().filter(|e| *e != declared()))
            .enumerate().map(|(n, entry)| (n as i64, "ana", entry)).collect();
        let it = fold(&all);
        for item in ["a1", "b6", "b9", "d4/main"] {
            let last = all.iter().rev().find_map(|(_, _, entry)| match entry {
                Entry::Ticked { item: of, .. } | Entry::Overridden { item: of, .. } if of == item => Some(true),
                Entry::Unticked { item: of, .. } if of == item => Some(false),
                _ => None,
            });
            prop_assert_eq!(it.marks.contains_key(item), last.unwrap_or(false));
        }
    }
}

#[test]
fn a_notice_that_announces_the_end_ends_the_waiting_for_the_next_one() {
    let written = Entry::NoticeWritten(Box::new(NoticeWritten {
        key: "k1".into(),
        about: About::Resolved,
        text: "it works again".into(),
        next_update_at: None,
        channels: vec!["stakeholders".into()],
    }));
    let mut entries = vec![
        (0, "ana", declared()),
        (0, "ana", severity(Severity::Sev1)),
        (5, "eve", written),
        (6, "eve", told("it works again", None)),
    ];
    assert_eq!(fold(&entries).next_update_at(), None);
    entries.push((7, "eve", told("it is back", None)));
    assert_eq!(fold(&entries).next_update_at(), Some(minute(27)), "whoever speaks again is waited for again");
}
