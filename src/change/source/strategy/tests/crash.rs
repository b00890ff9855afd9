//! The process ends at any moment: at each record of the journal, before or after what it announces.

use super::*;

/// Runs until the journal breaks down after 0, 1, 2 … records, and goes on each time; the end must be the same.
fn everywhere(make: impl Fn() -> Place, order: &FinishOrder, targets: &[&str]) {
    let whole = make();
    whole.finish(order).unwrap();
    let records = whole.journal.records().len() as u64;
    assert!(records >= 2);
    let trees = |place: &Place| targets.iter().map(|it| place.it.id(&format!("{it}^{{tree}}"))).collect::<Vec<_>>();
    let counts = |place: &Place| {
        let count = |it: &&str| place.it.git(&["rev-list", "--count", &format!("v1.0.0..{it}")]);
        targets.iter().map(count).collect::<Vec<_>>()
    };
    for until in 0..records {
        let place = make();
        place.finish_at(&place.it.root, order, until).unwrap_err();
        let end = place.finish(order).unwrap();
        let done = |it: &Reached| matches!(it.state, ReachedState::Done | ReachedState::Already);
        assert!(end.targets.iter().all(done), "after {until}: {end:?}");
        assert_eq!((trees(&place), counts(&place)), (trees(&whole), counts(&whole)), "after {until}");
        assert_eq!(
            place.it.git(&["worktree", "list"]).lines().count(),
            whole.it.git(&["worktree", "list"]).lines().count()
        );
        let files = place.it.git(&["status", "--porcelain"]);
        assert_eq!(files, "", "after {until}");
    }
}

#[test]
fn merges_and_copies_are_made_once() {
    let make = || Place::new("[git]\ntargets = ['main', 'release/1.0']\ncherry_pick = ['release/1.0']\n");
    everywhere(
        make,
        &FinishOrder { tag: Some("v1.0.1".into()), ..FinishOrder::default() },
        &["main", "release/1.0", "v1.0.1"],
    );
}

#[test]
fn a_checked_out_target_comes_out_whole() {
    let make = || {
        let place = Place::new("[git]\ntargets = ['main']\n");
        place.it.git(&["worktree", "add", "--quiet", place.folder("main").to_str().unwrap(), "main"]);
        place
    };
    everywhere(make, &FinishOrder::default(), &["main"]);
}

#[test]
fn files_that_were_written_before_their_branch_moved_are_not_called_dirty() {
    let place = Place::new("[git]\ntargets = ['main']\n");
    let folder = place.folder("main");
    place.it.git(&["worktree", "add", "--quiet", folder.to_str().unwrap(), "main"]);
    place.finish_at(&place.it.root, &FinishOrder::default(), 1).unwrap_err();
    let to = place.it.id("main");
    // As if git had died between the files and the branch.
    place.it.git(&["update-ref", "refs/heads/main", &place.it.id("main^1")]);
    assert_eq!(target(&place.go(), "main").state, ReachedState::Already);
    assert_eq!(place.it.id("main"), to);
    assert_eq!(place.it.git(&["-C", folder.to_str().unwrap(), "status", "--porcelain"]), "");
}

#[test]
fn a_conflict_survives_at_every_moment() {
    for until in 0..3 {
        let place =
            Place::new("[git]\ntargets = ['release/1.0', 'main']\n").with_conflict("main", "src/cart.rs", "line 7");
        assert!(place.finish_at(&place.it.root, &FinishOrder::default(), until).is_err() || until > 2);
        let next = place.finish(&FinishOrder::default()).unwrap();
        assert_eq!(target(&next, "main").state, ReachedState::Conflict);
        let folder = place.folder("work-finish-main");
        std::fs::write(folder.join("src/cart.rs"), lines(40).replace("line 7\n", "both\n")).unwrap();
        place.it.git(&["-C", folder.to_str().unwrap(), "add", "."]);
        let order = FinishOrder { turn: Turn::Continue, ..FinishOrder::default() };
        // The resolved conflict lands, and the journal breaks down before that is on record.
        place.finish_at(&place.it.root, &order, 1).unwrap_err();
        let end = place.go();
        assert!(end.targets.iter().all(|it| it.state == ReachedState::Already), "{end:?}");
        assert!(!folder.exists(), "its work tree is taken away by whoever comes next");
        assert!(place.show("main:src/cart.rs").contains("both"));
    }
}

#[test]
fn a_conflict_without_its_work_tree_is_laid_out_again() {
    let place = Place::new("[git]\ntargets = ['main']\n").with_conflict("main", "src/cart.rs", "line 7");
    place.go();
    let folder = place.folder("work-finish-main");
    // As if it had died between the record and the work tree, and between that and the conflict in it.
    place.it.git(&["worktree", "remove", "--force", folder.to_str().unwrap()]);
    assert_eq!(target(&place.turn(Turn::Continue).unwrap(), "main").state, ReachedState::Conflict);
    place.it.git(&["-C", folder.to_str().unwrap(), "reset", "--quiet", "--hard"]);
    assert_eq!(target(&place.turn(Turn::Continue).unwrap(), "main").state, ReachedState::Conflict);
    assert_eq!(place.it.git(&["rev-list", "--count", "--merges", "main"]), "0");
}
