//! What is accepted, and for how long.

use super::*;
use crate::incident::entry::Acceptance;

fn accepting(state: &State) -> Acceptance {
    let Claim { head, what, hash } = state.claim(at(1)).unwrap();
    Acceptance { head, what, hash, reason: "SHOP-9".into(), name: "ana".into() }
}

fn known() -> Report {
    failing([Standing::PreExisting, Standing::Flaky])
}

/// What another report comes to after what `before` left open was accepted.
fn after(before: Report, value: Report) -> Green {
    let acceptance = accepting(&state(before));
    let mut state = state(value);
    state.set_accepted(Some(acceptance));
    state.verdict(&head(), at(1))
}

#[test]
fn what_is_known_is_green_when_somebody_answers_for_it() {
    let green = after(known(), known());
    assert_eq!(green.light, Light::Green);
    assert!(green.why.starts_with("with 3 accepted by ana (SHOP-9): 13 tests pass at aaaaaaa"), "{}", green.why);
    let accepted = green.accepted.unwrap();
    assert!(accepted.what.contains(&"unit: 1 test fails in production as well, for the same reason".to_owned()));
}

/// What happens to the report, in words and in deed.
type Change = (&'static str, fn(&mut Report));

#[test]
fn it_is_accepted_as_it_stands_and_not_otherwise() {
    let changes: [Change; 7] = [
        ("another test", |it| it.failures[0].name = "u".into()),
        ("another cause", |it| it.failures[0].message = "out of memory".into()),
        ("one more", |it| {
            it.failures.push(TestFailure { name: "v".into(), ..it.failures[0].clone() });
            (it.runs[0].totals.failed, it.runs[0].totals.passed) = (3, 2);
        }),
        ("none any more", |it| {
            it.failures.clear();
            (it.runs[0].totals.failed, it.runs[0].totals.passed) = (0, 5);
        }),
        ("a new one", |it| it.failures[0].standing = Some(Standing::New)),
        ("another commit", |it| it.runs.iter_mut().for_each(|run| run.subject = Some(oid('b')))),
        ("an unknown commit", |it| it.runs[0].subject = None),
    ];
    for (what, change) in changes {
        let mut value = known();
        change(&mut value);
        assert_ne!(after(known(), value).light, Light::Green, "{what}");
    }
    let mut state = state(known());
    state.set_accepted(Some(accepting(&state)));
    let moved = Subject { commit: Some(oid('c')), tree: Some(oid('2')) };
    state.set_head(moved.clone());
    assert_ne!(state.verdict(&moved, at(1)).light, Light::Green, "a commit that nobody accepted anything of");
}

#[test]
fn only_tests_are_accepted() {
    assert_eq!(state(good()).claim(at(1)), None, "nothing is open");
    assert_eq!(state(failing([Standing::New; 2])).claim(at(1)), None, "red");
    let untold = Report { runs: good().runs.into_iter().map(|run| Run { exit_code: None, ..run }).collect(), ..good() };
    assert_eq!(light(untold.clone()).0, Light::Amber);
    assert_eq!(state(untold).claim(at(1)), None, "an exit code that nobody knows");
    let ahead = Branch { ahead: Some(1), ..pushed() };
    let unpushed = Report { branch: Some(ahead), ..known() };
    let green = after(unpushed.clone(), unpushed);
    assert!(green.light != Light::Green && green.accepted.is_some(), "the rest stays: {}", green.why);
}
