//! What production says, against what its tags say.

use super::fixture::{Fixture, settings};
use super::{Settings, read, rollback_contents};
use crate::change::deployed::{Declared, parse};
use crate::change::model::{Fact, FactState, Report};

fn saying(said: &str) -> Settings {
    Settings { declared: Declared { production: parse(said).ok(), ..Declared::default() }, ..settings("") }
}

fn report(it: &Fixture, said: &str) -> Report {
    read(&it.root, &saying(said)).unwrap().value
}

fn drift(report: &Report) -> Fact {
    report.fact("G07").unwrap().clone()
}

/// `v1.0.0` and `v1.0.1` are released; the hotfix is built on the newer one.
fn two_versions() -> Fixture {
    let it = Fixture::released();
    it.change("src/b.rs", "Second");
    it.git(&["tag", "v1.0.1"]);
    it.git(&["checkout", "--quiet", "-b", "hotfix/cart"]);
    it.change("src/cart.rs", "Fix");
    it
}

#[test]
fn production_that_runs_its_newest_tag_is_in_order_however_it_says_so() {
    let it = two_versions();
    let oid = it.id("v1.0.1");
    let described = format!("v1.0.0-1-g{}", &oid[..9]);
    for said in ["v1.0.1", "1.0.1", oid.as_str(), &oid[..7], &oid[..12].to_uppercase(), described.as_str()] {
        let report = report(&it, said);
        assert_eq!(drift(&report).state, FactState::Ok, "{said}: {}", drift(&report).why);
        assert_eq!(report.production.oid.unwrap().as_str(), oid, "{said}");
        assert_eq!(report.production.deployed.unwrap().has_fix, Some(false));
    }
}

#[test]
fn production_that_runs_another_version_is_what_the_fix_is_compared_with() {
    let it = two_versions();
    let report = report(&it, "v1.0.0");
    assert_eq!(report.production.reference.as_deref(), Some("v1.0.0"));
    assert_eq!(report.commits_total, Some(2), "what nobody deployed rides along");
    let fact = drift(&report);
    assert_eq!(fact.state, FactState::Warn);
    assert!(fact.why.contains("runs v1.0.0, not v1.0.1"), "{}", fact.why);
}

#[test]
fn a_commit_that_this_clone_lacks_is_told_and_the_tag_stays_the_base() {
    let it = two_versions();
    for said in ["deadbeefdeadbeef", "v9.9.9", "build-77"] {
        let report = report(&it, said);
        let fact = drift(&report);
        assert_eq!(fact.state, FactState::Bad, "{said}");
        assert!(fact.why.contains("which this clone does not know: git fetch"), "{}", fact.why);
        assert_eq!(report.production.oid.unwrap().as_str(), it.id("v1.0.1"));
    }
}

#[test]
fn a_fix_that_is_out_is_still_compared_with_what_it_was_built_on() {
    let it = two_versions();
    let report = report(&it, &it.id("HEAD"));
    assert_eq!((drift(&report).state, report.commits_total), (FactState::Ok, Some(1)));
    assert!(drift(&report).why.starts_with("the fix is out"));
}

#[test]
fn a_word_is_never_taken_for_a_branch_or_an_expression() {
    let it = two_versions();
    it.git(&["branch", "abcdef12", "v1.0.0"]);
    it.git(&["branch", "stable", "v1.0.0"]);
    for said in ["abcdef12", "stable", "HEAD"] {
        assert_eq!(report(&it, said).production.deployed.unwrap().oid, None, "{said}");
    }
}

#[test]
fn a_rollback_goes_back_from_what_runs() {
    let it = two_versions();
    let from = |settings: &Settings| rollback_contents(&it.root, settings, None, None).unwrap();
    let tip = from(&settings(""));
    assert_eq!((tip.from.reference.as_str(), tip.to.unwrap().reference.as_str()), ("HEAD", "v1.0.1"));
    assert!(tip.unknown.is_empty());

    let bad = from(&saying("v1.0.1"));
    assert_eq!((bad.from.reference.as_str(), bad.to.unwrap().reference.as_str()), ("v1.0.1", "v1.0.0"));
    assert!(bad.unknown[0].contains("production says that it runs v1.0.1, not the tip"), "{:?}", bad.unknown);

    let canary = rollback_contents(&it.root, &saying("v1.0.1"), None, Some("v1.0.1")).unwrap();
    assert_eq!((canary.from.reference.as_str(), canary.to.unwrap().reference.as_str()), ("HEAD", "v1.0.1"));
    assert!(canary.unknown[0].contains("the tip is out in part at most"), "{:?}", canary.unknown);

    let out = from(&saying(&it.id("HEAD")));
    assert_eq!((out.from.reference.as_str(), out.to.unwrap().reference.as_str()), ("HEAD", "v1.0.1"));
    let strange = from(&saying("deadbeef"));
    assert_eq!(strange.to.unwrap().reference, "v1.0.1");
    assert!(strange.unknown[0].contains("this goes back from the tip"), "{:?}", strange.unknown);
}
