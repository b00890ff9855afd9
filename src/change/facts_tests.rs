use std::time::Duration;

use super::{Known, all, work_tree};
use crate::change::ladder::{Level, Rung};
use crate::change::model::{Fact, FactState, Report, Worktree};

fn one(report: &Report, known: &Known, id: &str) -> Fact {
    all(report, known).into_iter().find(|fact| fact.id == id).unwrap()
}

#[test]
fn there_are_thirty_in_order_and_none_is_ok_for_want_of_knowledge() {
    let facts = all(&Report::default(), &Known::default());
    let mut ids: Vec<&str> = facts.iter().map(|fact| fact.id).chain(["G03"]).collect();
    ids.sort_unstable();
    let expected: Vec<String> = (1..=30).map(|n| format!("G{n:02}")).collect();
    assert_eq!(ids, expected);
    for fact in facts {
        assert!(!fact.why.is_empty() && !fact.value.is_empty(), "{}", fact.id);
    }
    for id in [
        "G06", "G07", "G08", "G09", "G10", "G11", "G12", "G16", "G14", "G17", "G18", "G19", "G21", "G22", "G24", "G25",
        "G26", "G28", "G30",
    ] {
        assert_eq!(one(&Report::default(), &Known::default(), id).state, FactState::Unknown, "{id}");
    }
}

#[test]
fn the_work_tree() {
    let state = |worktree: Option<Worktree>| work_tree(worktree.as_ref()).state;
    assert_eq!(state(None), FactState::Unknown);
    assert_eq!(state(Some(Worktree::default())), FactState::Ok);
    assert_eq!(state(Some(Worktree { untracked: 1, ..Worktree::default() })), FactState::Warn);
    assert_eq!(state(Some(Worktree { unverified: 1, ..Worktree::default() })), FactState::Unknown);
    assert_eq!(state(Some(Worktree { conflicted: 1, ..Worktree::default() })), FactState::Bad);
}

#[test]
fn old_refs_and_cut_history_make_what_rests_on_them_unknown() {
    let rung = Rung { target: "main".into(), level: Some(Level::Merged), paths: vec![], why: "merged".into() };
    let mut report = Report { commits_total: Some(1), back_merge: vec![rung], ..Report::default() };
    let mut known = Known { is_surveyed: true, has_remote: true, ..Known::default() };
    known.refs_age = Some(Duration::from_secs(60));
    assert_eq!(one(&report, &known, "G17").state, FactState::Ok);
    known.refs_age = Some(Duration::from_secs(600));
    let fact = one(&report, &known, "G17");
    assert_eq!(fact.state, FactState::Unknown);
    assert!(fact.why.contains("git fetch"), "{}", fact.why);
    assert_eq!(one(&report, &known, "G05").value, "10 min old");
    known.refs_age = None;
    assert_eq!(one(&report, &known, "G05").state, FactState::Unknown);
    known.has_remote = false;
    report.repository.shallow = true;
    let fact = one(&report, &known, "G09");
    assert_eq!(fact.state, FactState::Unknown);
    assert!(fact.why.contains("git fetch --unshallow"), "{}", fact.why);
}

#[test]
fn a_ported_or_missing_fix_is_open() {
    let rung = |level| Rung { target: "main".into(), level, paths: vec!["a".into()], why: "x".into() };
    let known = Known { is_surveyed: true, ..Known::default() };
    let state = |level| one(&Report { back_merge: vec![rung(level)], ..Report::default() }, &known, "G17").state;
    assert_eq!(state(Some(Level::Content)), FactState::Ok);
    assert_eq!(state(Some(Level::Ported)), FactState::Warn);
    assert_eq!(state(Some(Level::MissingConflict)), FactState::Warn);
    assert_eq!(state(None), FactState::Unknown);
    let forecast = Report { back_merge: vec![rung(Some(Level::MissingConflict))], ..Report::default() };
    assert_eq!(one(&forecast, &known, "G19").state, FactState::Warn);
}
