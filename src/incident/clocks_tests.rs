use super::*;
use crate::incident::{Decision, Entry};
use crate::journal::record::{GENESIS, Record};

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_787_299_200 + n).unwrap()
}

/// An incident by its entries, each at a second after the declaration.
fn incident(severity: Severity, entries: &[(i64, Entry)]) -> Incident {
    let title = "checkout 502".into();
    let impact_at = Some(second(-300));
    let declared = Entry::Declared { title, severity: Some(severity), impact_at, ticket: None, drill: None };
    let mut records: Vec<Record> = Vec::new();
    for (at, entry) in [(0, declared)].iter().chain(entries) {
        let prev = records.last().map_or(GENESIS.to_owned(), |last| last.hash.clone());
        let seq = records.len() as u64 + 1;
        records.push(Record::chain(entry.draft("i", "ana", second(*at)), seq, &prev));
    }
    Incident::fold(&records).unwrap()
}

fn says(incident: &Incident, sight: Sight, at: i64) -> Vec<String> {
    clocks(incident, sight, second(at)).into_iter().map(|clock| clock.says).collect()
}

fn first(incident: &Incident, at: i64) -> (Tone, String) {
    let first = clocks(incident, Sight::default(), second(at)).remove(0);
    (first.tone, first.says)
}

#[test]
fn in_rest_the_time_since_the_impact_comes_first() {
    let it = incident(Severity::Sev3, &[]);
    let expected = ["00:05:30 since impact", "next update in 59:30", "declared 0m ago"];
    assert_eq!(says(&it, Sight::default(), 30), expected);
}

#[test]
fn the_next_update_turns_before_it_is_late_and_then_says_by_how_much() {
    for (severity, minutes) in [(Severity::Sev1, 20), (Severity::Sev2, 30), (Severity::Sev3, 60)] {
        let decided = Entry::Decided { decision: Decision::Hold, reason: "x".into(), readiness: None, snapshot: None };
        let it = incident(severity, &[(0, decided)]);
        let due = minutes * 60;
        assert_eq!(first(&it, due - 301).0, Tone::Calm);
        assert_eq!(first(&it, due - 120), (Tone::Soon, "update due in 02:00".into()));
        assert_eq!(first(&it, due + 70), (Tone::Late, "update 01:10 overdue".into()));
        assert_eq!(first(&it, due + 3_700), (Tone::Late, "update 01:01:40 overdue".into()));
    }
}

#[test]
fn who_has_not_decided_after_ten_minutes_is_asked_to() {
    let it = incident(Severity::Sev2, &[]);
    assert_eq!(first(&it, 419).1, "00:11:59 since impact");
    assert_eq!(first(&it, 480), (Tone::Soon, "roll back? decide in 02:00".into()));
    assert_eq!(first(&it, 665), (Tone::Late, "roll back? decision 01:05 overdue".into()));
    let decided =
        Entry::Decided { decision: Decision::FixForward, reason: "x".into(), readiness: None, snapshot: None };
    assert!(!says(&incident(Severity::Sev2, &[(60, decided)]), Sight::default(), 665).join(" ").contains("roll back"));
    assert!(!says(&incident(Severity::Sev3, &[]), Sight::default(), 665).join(" ").contains("roll back"));
}

#[test]
fn blind_metrics_have_a_budget_of_three_minutes() {
    let it = incident(Severity::Sev3, &[]);
    let blind = Sight { blind_since: Some(second(60)) };
    assert_eq!(says(&it, blind, 100)[0], "metrics blind, 02:20 of budget left");
    assert_eq!(says(&it, blind, 300)[0], "metrics blind, budget 01:00 overspent");
}

#[test]
fn the_soak_is_as_long_as_the_incident_was_bad() {
    for (severity, minutes) in [(Severity::Sev1, 60), (Severity::Sev2, 30), (Severity::Sev3, 15)] {
        let it = incident(severity, &[(600, Entry::StageEntered { stage: Stage::Monitor })]);
        assert!(says(&it, Sight::default(), 720).contains(&format!("soak 2m of {minutes}m")));
        assert!(says(&it, Sight::default(), 600 + minutes * 60).contains(&format!("soaked {minutes}m")));
    }
}

#[test]
fn what_is_late_for_longest_comes_first() {
    let it = incident(Severity::Sev1, &[]);
    let blind = Sight { blind_since: Some(second(1_300)) };
    let says = says(&it, blind, 1_400);
    assert!(says[0].starts_with("roll back?") && says[1].starts_with("update 03:20"), "{says:?}");
    assert!(says[2].starts_with("metrics blind"), "{says:?}");
}

#[test]
fn every_ten_minutes_are_called_out() {
    let it = incident(Severity::Sev3, &[]);
    assert_eq!((call_outs(&it, second(599)), call_outs(&it, second(600)), call_outs(&it, second(1_900))), (0, 1, 3));
    assert_eq!(next_call_out(&it, second(601)), Some(second(1_200)));
}

#[test]
fn a_clock_turns_exactly_when_it_says_it_will() {
    let it = incident(Severity::Sev2, &[]);
    for at in 0..2_000 {
        for clock in clocks(&it, Sight::default(), second(at)) {
            let Some(turns_at) = clock.turns_at else { continue };
            assert!(turns_at > second(at), "{clock:?}");
            let turned = clocks(&it, Sight::default(), turns_at).into_iter().find(|it| it.kind == clock.kind).unwrap();
            assert!(turned.tone < clock.tone, "{clock:?} {turned:?}");
        }
    }
}

#[test]
fn a_closed_incident_has_no_clocks() {
    assert_eq!(
        says(&incident(Severity::Sev1, &[(1, Entry::Closed { open: vec![] })]), Sight::default(), 5_000),
        Vec::<String>::new()
    );
}
