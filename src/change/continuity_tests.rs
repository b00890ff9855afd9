use super::*;

fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

fn head() -> Subject {
    Subject { commit: Some(oid('1')), tree: Some(oid('a')) }
}

fn about(commit: char) -> Told {
    Told::Subject(Subject::commit(oid(commit)), format!("of {commit}"))
}

fn nothing() -> Told {
    Told::Nothing("nobody says".into())
}

fn chain(told: [Told; 5]) -> Continuity {
    let names = [Name::Pushed, Name::Tested, Name::Approved, Name::Canary, Name::Deployed];
    judge(&head(), names.into_iter().zip(told).collect())
}

#[test]
fn all_links_of_the_tip_are_unbroken() {
    let same_tree = Told::Subject(Subject { commit: Some(oid('9')), tree: Some(oid('a')) }, "rebased".into());
    let chain = chain([about('1'), about('1'), about('1'), same_tree, about('1')]);
    assert_eq!((chain.unbroken, chain.fact().state), (Some(true), FactState::Ok));
    assert_eq!(chain.row(), "pushed= tested= approved= canary~ deployed=");
    assert_eq!(chain.evidence().state, FactState::Ok);
}

#[test]
fn what_nobody_says_is_unknown_and_never_ok() {
    let chain = chain([about('1'), about('1'), nothing(), nothing(), about('1')]);
    assert_eq!((chain.unbroken, chain.fact().state), (None, FactState::Unknown));
    assert!(chain.fact().why.contains("approved: nobody says"));
    let unattributed = Told::Subject(Subject::default(), "no commit".into());
    let chain = judge(&head(), vec![(Name::Tested, unattributed)]);
    assert_eq!(chain.links[0].state, Tie::Unknown);
    assert_eq!(chain.evidence().state, FactState::Unknown);
    let unborn = judge(&Subject::default(), vec![(Name::Tested, about('1'))]);
    assert_eq!(unborn.links[0].state, Tie::Unknown);
    assert_eq!(judge(&head(), vec![]).unbroken, None, "no link proves nothing");
}

#[test]
fn evidence_of_another_commit_is_bad_and_production_before_the_deploy_is_not() {
    let chain = chain([about('1'), about('1'), about('1'), nothing(), about('2')]);
    assert_eq!((chain.unbroken, chain.fact().state), (Some(false), FactState::Warn));
    assert_eq!(chain.row(), "pushed= tested= approved= canary? deployed!=2222222");
    let chain = self::chain([about('1'), about('3'), about('1'), nothing(), about('1')]);
    assert_eq!(chain.fact().state, FactState::Bad);
    assert_eq!((chain.evidence().state, chain.evidence().why), (FactState::Bad, "tested: of 3".into()));
}
