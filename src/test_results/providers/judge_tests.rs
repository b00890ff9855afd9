use super::*;
use crate::test_results::model::FailureKind;

fn failure(name: &str) -> TestFailure {
    TestFailure {
        run: "ci".into(),
        suite: String::new(),
        class: String::new(),
        name: name.into(),
        kind: FailureKind::Failure,
        message: String::new(),
        ..TestFailure::default()
    }
}

fn check(name: &str, outcome: Outcome) -> Check {
    let ended_at = Some("2026-11-24T20:00:00Z".parse().unwrap());
    Check { name: name.into(), outcome, word: "word".into(), required: false, page: None, ended_at }
}

fn checks() -> Checks {
    Checks::new("ci", &Oid::parse(&"a".repeat(40)).unwrap())
}

#[test]
fn a_long_list_of_names_is_cut() {
    let mut checks = checks();
    for n in 0..6 {
        checks.add(check(&format!("c{n}"), Outcome::Running), Needed::ByDefault, failure("x"));
    }
    let ci = checks.settle().run.ci.unwrap();
    assert_eq!(ci.missing[0].what, "6 of 6 not finished: c0, c1, c2 and 3 more");
    assert_eq!(ci.progress, Some(Progress { done: 0, total: 6 }));
}

#[test]
fn a_success_that_does_not_tell_its_end_is_not_known_to_be_new() {
    let mut checks = checks();
    checks.add(Check { ended_at: None, ..check("unit", Outcome::Success) }, Needed::ByDefault, failure("x"));
    let settled = checks.settle();
    assert_eq!(settled.run.ci.unwrap().light("2026-11-24T20:00:00Z".parse().unwrap()), Light::Unknown);
}

#[test]
fn of_many_checks_the_oldest_tells_the_age() {
    let mut checks = checks();
    let early = Some("2026-11-20T20:00:00Z".parse().unwrap());
    checks.add(check("new", Outcome::Success), Needed::ByDefault, failure("x"));
    checks.add(Check { ended_at: early, ..check("old", Outcome::Success) }, Needed::ByDefault, failure("x"));
    assert_eq!(checks.settle().run.observed_at, early);
}
