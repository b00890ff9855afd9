use proptest::prelude::*;

use super::*;
use crate::journal::record::GENESIS;

fn git(toml: &str) -> schema::Git {
    toml::from_str(toml).unwrap()
}

fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

/// The four layouts: 1a merges, 1b merges into the release and copies on, 2a and 2b merge into trunk and copy on.
#[test]
fn each_layout_gets_its_manners() {
    let of = |toml: &str, targets: &[&str]| {
        let git = git(toml);
        targets.iter().enumerate().map(|(place, name)| manner(&git, name, place)).collect::<Vec<_>>()
    };
    use Manner::{CherryPick, Merge};
    assert_eq!(of("", &["main"]), [Merge]);
    assert_eq!(of("cherry_pick = ['uat', 'dev']", &["release", "uat", "dev"]), [Merge, CherryPick, CherryPick]);
    assert_eq!(of("strategy = 'trunk-first'", &["main", "release"]), [Merge, CherryPick]);
    assert_eq!(of("strategy = 'trunk-first'", &["dev", "uat", "release"]), [Merge, CherryPick, CherryPick]);
    assert_eq!(of("cherry_pick = ['release/*']", &["main", "release/2.4"]), [Merge, CherryPick]);
}

#[test]
fn a_slug_is_part_of_a_name_and_nothing_else() {
    assert_eq!(branch_name("hotfix/{slug}", "cart-502").unwrap(), "hotfix/cart-502");
    assert_eq!(branch_name("fix-{slug}-x", "a").unwrap(), "fix-a-x");
    for bad in ["", "-h", "--upload-pack=x", "a b", "a\u{202e}b", "a\nb", "../x", "a~1", "a:b", "a^", "a?b", "@{u}"] {
        assert!(branch_name("hotfix/{slug}", bad).is_err(), "{bad}");
    }
}

#[test]
fn the_last_step_tells_whether_one_is_open() {
    let step = |state| Promotion {
        branch: "hotfix/x".into(),
        head: oid('1'),
        target: "main".into(),
        by: Manner::Merge,
        state,
        from: oid('2'),
        is_new: false,
        to: None,
        worktree: None,
        picks: vec![],
        detail: None,
    };
    use PromotionState::{Conflict, Done, Intent, Pushed, Pushing, TakenBack};
    for open in [Intent, Conflict, Pushing] {
        assert!(unfinished(&[step(Done), step(open)]).is_some());
        for end in [Done, Pushed, TakenBack] {
            assert!(unfinished(&[step(open), step(end)]).is_none());
        }
    }
    let record = |branch: &str| {
        let entry = Entry::Promotion(Box::new(Promotion { branch: branch.into(), ..step(Intent) }));
        Record::chain(entry.draft("i", "ana", jiff::Timestamp::UNIX_EPOCH), 1, GENESIS)
    };
    assert_eq!(promotions(&[record("hotfix/x"), record("hotfix/y")], "hotfix/x").len(), 1);
}

#[test]
fn a_copy_names_its_source_behind_the_trailers() {
    let source = oid('a');
    let told = |message: &str| pick_message(message, &source);
    let line = format!("(cherry picked from commit {source})\n");
    assert_eq!(told("Fix\n"), format!("Fix\n\n{line}"));
    assert_eq!(told("Fix\n\nWhy it broke.\n"), format!("Fix\n\nWhy it broke.\n\n{line}"));
    assert_eq!(told("Fix\n\nSigned-off-by: Ana\n"), format!("Fix\n\nSigned-off-by: Ana\n{line}"));
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]
    #[test]
    fn no_slug_leaves_its_place(slug in ".{0,100}") {
        if let Ok(name) = branch_name("hotfix/{slug}", &slug) {
            prop_assert!(name.starts_with("hotfix/"));
            prop_assert!(!name.chars().any(|c| c.is_control() || c.is_whitespace() || text::is_dangerous(c)));
        }
    }
}
