use super::*;
use crate::rollback::fixtures::plan;

#[test]
fn a_severity_may_have_a_policy_of_its_own() {
    let key = Key { policy: Policy::TwoPerson, sev1: Some(Policy::Letter), ..Key::default() };
    let of = |severity| policy(key, severity);
    assert_eq!(of(Some(Severity::Sev1)), Policy::Letter, "when all is on fire one hand is enough");
    assert_eq!([of(Some(Severity::Sev2)), of(Some(Severity::Sev3)), of(None)], [Policy::TwoPerson; 3]);
}

#[test]
fn two_persons_are_two_and_agree_to_the_same_plan() {
    let plan = plan();
    let word = |by: &str, hash: String| Word { plan: hash, by: by.into() };
    let missing = |words: &[Word]| wants_second(Policy::TwoPerson, words, "ana", &plan).is_some();
    assert!(missing(&[]));
    assert!(missing(&[word("ana", plan.hash())]), "nobody is their own second");
    assert!(missing(&[word("ben", "another".into())]));
    assert!(!missing(&[word("ben", plan.hash())]));
    assert_eq!(wants_second(Policy::Letter, &[], "ana", &plan), None);
}
