use std::path::PathBuf;

use jiff::Timestamp;

use super::super::source::read_files;
use super::*;

/// A report of a source called `unit`, of cases and the messages of those that fail.
fn report(cases: &[(&str, Option<&str>)]) -> Report {
    let case = |(name, message): &(&str, Option<&str>)| {
        let failure = message.map_or_else(String::new, |m| format!("<failure>{m}</failure>"));
        format!("<testcase classname='C' name='{name}'>{failure}</testcase>")
    };
    let folder = tempfile::tempdir().unwrap();
    let text = format!("<testsuite name='s'>{}</testsuite>", cases.iter().map(case).collect::<String>());
    std::fs::write(folder.path().join("unit.xml"), text).unwrap();
    read_files(&[PathBuf::from("unit.xml")], folder.path(), Timestamp::now())
}

fn classified(now: &[(&str, Option<&str>)], before: &[(&str, Option<&str>)]) -> Report {
    let mut report = report(now);
    classify(&mut report, &Past::of(&self::report(before), None));
    report
}

#[test]
fn failures_are_new_changed_or_preexisting_and_the_new_ones_come_first() {
    let now = [
        ("old", Some("port 8081 refused after 12 ms")),
        ("cause", Some("null")),
        ("new", Some("boom")),
        ("fixed", None),
    ];
    let before = [
        ("old", Some("port 40123 refused after 7 ms")),
        ("cause", Some("timeout")),
        ("new", None),
        ("fixed", Some("x")),
    ];
    let report = classified(&now, &before);
    let told: Vec<_> =
        report.failures.iter().map(|f| (f.name.as_str(), f.standing.unwrap(), f.preexisting.unwrap())).collect();
    let expected =
        [("new", Standing::New, false), ("cause", Standing::Changed, false), ("old", Standing::PreExisting, true)];
    assert_eq!(told, expected);
    let comparison = report.baseline.unwrap();
    assert_eq!(comparison.fixed, ["C > fixed"]);
    assert_eq!(sentence(&comparison), "against production: 1 new, 1 changed, 1 pre-existing, 1 fixed");
}

#[test]
fn equal_names_are_told_apart_by_their_order() {
    let report = classified(&[("a", Some("x")), ("a", Some("x"))], &[("a", Some("x")), ("a", None)]);
    let told: Vec<_> = report.failures.iter().map(|f| f.standing.unwrap()).collect();
    assert_eq!(told, [Standing::New, Standing::PreExisting]);
}

#[test]
fn fewer_tests_are_told_and_nothing_fixed_is_made_up() {
    let report = classified(&[("a", None)], &[("a", None), ("b", None), ("c", None)]);
    assert_eq!(sentence(&report.baseline.unwrap()), "against production: 2 tests missing");
}

#[test]
fn a_baseline_that_is_not_whole_or_empty_says_nothing() {
    let mut report = report(&[("a", Some("x"))]);
    let mut cut = report.clone();
    cut.runs[0].complete = false;
    classify(&mut report, &Past::of(&cut, None));
    classify(&mut report, &Past::default());
    assert!(report.baseline.is_none() && report.failures[0].preexisting.is_none());
}

#[test]
fn a_source_that_fails_almost_whole_is_suspected() {
    let all: Vec<_> = ["a", "b", "c", "d", "e", "f"].iter().map(|name| (*name, Some("refused"))).collect();
    let report = classified(&all, &[("a", None)]);
    assert_eq!(report.baseline.unwrap().infra, ["unit"]);
}

#[test]
fn what_changes_from_run_to_run_is_masked() {
    let same = [
        ("at 0x7f3a2b1c in 12ms", "at 0x00112233 in 9ms"),
        ("/tmp/a1/b/file.rs: gone", "/home/x/file.rs: gone"),
        ("id deadbeef01 missing", "id 0123abcdef missing"),
    ];
    for (a, b) in same {
        assert_eq!(fingerprint(a), fingerprint(b));
    }
    assert_ne!(fingerprint("expected 402"), fingerprint("expected null"));
    assert_eq!(fingerprint("\n  first\nsecond"), "first");
}

#[test]
fn a_test_that_got_another_suite_is_told_as_renamed() {
    let report = classified(&[("pool::drains", None), ("b", None)], &[("old_pool::drains", None), ("b", None)]);
    let comparison = report.baseline.unwrap();
    assert_eq!(
        (comparison.missing_tests.as_slice(), comparison.by_source[0].renamed),
        (&["C > old_pool::drains".to_owned()][..], 1)
    );
}
