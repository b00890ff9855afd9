use super::*;
use crate::journal::{Memory, Recorder};
use crate::rollback::fixtures::{at, oid, plan};

fn records(entries: &[Entry]) -> Vec<Record> {
    let journal = Memory::default();
    for (second, entry) in (0..).zip(entries) {
        journal.record(entry.draft("i", "ana", at(second))).unwrap();
    }
    journal.records()
}

fn seen(version: &str, digit: char) -> Entry {
    Entry::SeenHealthy { version: version.into(), commit: oid(digit), how: "the canary is healthy".into() }
}

fn fired(plan: &Plan) -> Entry {
    let steps = serde_json::to_value(plan).unwrap();
    Entry::RollbackFired { plan: plan.hash(), steps, target: plan.to.reference.clone() }
}

fn ended(plan: &Plan, end: RollbackEnd) -> Entry {
    Entry::RollbackEnded { plan: plan.hash(), end, detail: String::new() }
}

fn last(entries: &[Entry], running: char) -> Option<String> {
    healthy(&records(entries), Some(&oid(running))).map(|it| it.version)
}

#[test]
fn it_is_the_last_one_seen_healthy_that_does_not_run_now() {
    assert_eq!(last(&[], 'b'), None);
    assert_eq!(last(&[seen("v1", '1'), seen("v2", '2'), seen("v3", 'b')], 'b').as_deref(), Some("v2"));
}

#[test]
fn a_version_that_was_rolled_back_from_is_healthy_no_more_and_one_that_was_verified_is() {
    let plan = plan();
    let (bad, back) = (seen("v2.5.0", 'b'), fired(&plan));
    assert_eq!(last(&[seen("v1", '1'), bad.clone(), back.clone()], 'c').as_deref(), Some("v1"));
    let verified = ended(&plan, RollbackEnd::Verified);
    assert_eq!(last(&[bad.clone(), back.clone(), verified], 'c').as_deref(), Some("v2.4.1"));
    assert_eq!(last(&[bad, back, ended(&plan, RollbackEnd::IssuedNotVerified)], 'c'), None);
}

fn point(name: &str, digit: char) -> change::Point {
    change::Point { reference: name.into(), oid: Some(oid(digit)) }
}

/// A repository in which `v2.5.0` is the version before.
fn git(to: Option<&str>) -> Result<change::Contents, String> {
    let to = to.map_or_else(|| point("v2.5.0", '5'), |name| point(name, name.chars().next().unwrap()));
    Ok(change::Contents { from: point("HEAD", 'b'), to: Some(to), ..change::Contents::default() })
}

#[test]
fn the_target_says_why_it_is_just_that_one_and_a_guess_says_so_loudly() {
    let of =
        |named, entries: &[Entry]| contents(Named::in_configuration(named), &records(entries), git).unwrap().unwrap();
    let guess = of(None, &[]);
    assert!(guess.chosen.starts_with("nothing shows that v2.5.0 was healthy"), "{}", guess.chosen);
    assert_eq!(guess.warnings[0], guess.chosen);
    let known = of(None, &[seen("v2.5.0", '5')]);
    assert!(known.chosen.starts_with("seen healthy, 2030-") && known.warnings.is_empty(), "{known:?}");
    let older = of(None, &[seen("v2.4.1", '4')]);
    assert_eq!((older.to.reference.as_str(), older.to.oid), ("v2.4.1", Some(oid('4'))));
    assert!(older.chosen.ends_with("the canary is healthy; v2.5.0 was not"), "{}", older.chosen);
    assert_eq!(of(Some("4"), &[seen("v2.5.0", '5')]).chosen, "`to` of [rollback] in hotfix.toml names it");
    let asked = contents(Named::on_the_command_line(Some("4")), &[], git).unwrap().unwrap();
    assert_eq!((asked.to.reference.as_str(), asked.chosen.as_str()), ("4", "--to names it"));
}
