use super::*;

/// After a finish the ladder must call every target done; where production is a branch that has the fix by now, the
/// fix is no longer a range of commits, and its content is what the ladder finds.
fn all_done(place: &Place) {
    let is_shipped = place.settings.production.reference.is_some();
    for (target, level) in place.ladder() {
        let is_done = ["merged", "equivalent"].contains(&level) || is_shipped && level == "content";
        assert!(is_done, "{target}: {level}");
    }
    assert!(place.go().targets.iter().all(|it| it.state == ReachedState::Already), "a second run has nothing to do");
}

#[test]
fn layout_1a_merges_the_release_branch_into_main() {
    let place = Place::new("[git]\ntargets = ['main']\n");
    place.it.git(&["branch", "-m", "hotfix/cart", "rel"]);
    place.it.git(&["tag", "-a", "-m", "x", "v1.0.1"]);
    let finished = place.go();
    assert_eq!(states(&finished), [("main", ReachedState::Done)]);
    assert_eq!(place.it.git(&["log", "-1", "--format=%s%n%P", "main"]).lines().count(), 2);
    assert_eq!(place.it.git(&["log", "-1", "--format=%s", "main"]), "Merge branch 'rel'");
    assert!(place.show("main:src/cart.rs").contains("line seven") && place.show("main:src/new.rs").contains("line 9"));
    assert_eq!(finished.notes, Vec::<String>::new(), "production has it");
}

#[test]
fn layout_1b_merges_into_the_release_and_copies_on() {
    let toml = "[production]\nref = 'prod'\n[git]\ntargets = ['prod', 'uat', 'dev']\ncherry_pick = ['uat', 'dev']\n";
    let place = Place::new(toml);
    place.it.git(&["branch", "prod", "v1.0.0"]);
    place.it.git(&["branch", "uat", "release/1.0"]);
    place.it.git(&["branch", "dev", "main"]);
    let finished = place.go();
    assert_eq!(
        finished.targets.iter().map(|it| it.by).collect::<Vec<_>>(),
        [Manner::Merge, Manner::CherryPick, Manner::CherryPick]
    );
    assert!(finished.targets.iter().all(|it| it.state == ReachedState::Done), "{finished:?}");
    let picked = place.it.git(&["log", "-2", "--format=%s|%an|%ad|%b", "--date=raw", "dev"]);
    let source = place.it.git(&["log", "-2", "--format=%s|%an|%ad", "--date=raw", "hotfix/cart"]);
    for (copy, source) in picked.lines().filter(|line| line.contains('|')).zip(source.lines()) {
        assert!(copy.starts_with(source), "{copy}: author, time and subject are kept");
    }
    assert!(picked.contains(&format!("(cherry picked from commit {})", place.it.id("hotfix/cart"))), "{picked}");
    all_done(&place);
}

#[test]
fn layouts_2a_and_2b_merge_into_trunk_and_copy_on_to_production() {
    let place = Place::new("[production]\nref = 'prod'\n[git]\nstrategy = 'trunk-first'\ntargets = ['main', 'uat']\n");
    place.it.git(&["branch", "prod", "v1.0.0"]);
    place.it.git(&["branch", "uat", "release/1.0"]);
    place.it.git(&["checkout", "--quiet", "main"]);
    place.it.git(&["checkout", "--quiet", "-B", "hotfix/cart"]);
    place.it.change("src/a.rs", "SHOP-1 One");
    place.it.change("src/b.rs", "SHOP-1 Two");
    let finished = place.go();
    assert_eq!(
        states(&finished),
        [("main", ReachedState::Done), ("uat", ReachedState::Done), ("prod", ReachedState::Done)]
    );
    assert_eq!(place.it.git(&["rev-list", "--count", "v1.0.0..prod"]), "2", "the feature on main stays there");
    assert!(place.go().targets.iter().all(|it| it.state == ReachedState::Already));
}

#[test]
fn globs_reach_open_release_branches_newest_first_and_closed_ones_not() {
    let place = Place::new("[git]\ntargets = ['main', 'release/*']\n");
    place.it.git(&["branch", "release/1.10", "release/1.0"]);
    place.it.git(&["branch", "release/0.9", "v1.0.0"]);
    let names: Vec<String> = place.go().targets.into_iter().map(|it| it.target).collect();
    assert_eq!(names, ["main", "release/1.10", "release/1.0"]);
    all_done(&place);
}

#[test]
fn a_target_that_has_the_fix_in_any_way_is_left_alone() {
    let place = Place::new("[git]\ntargets = ['main', 'picked', 'squashed']\n");
    for (branch, args) in [("picked", ["cherry-pick", "v1.0.0..hotfix/cart"]), ("squashed", ["merge", "--squash"])] {
        place.it.git(&["checkout", "--quiet", "-b", branch, "main"]);
        let mut args = args.to_vec();
        args.extend((branch == "squashed").then_some("hotfix/cart"));
        place.it.git(&args);
        place.it.commit("More");
    }
    place.it.git(&["checkout", "--quiet", "hotfix/cart"]);
    let before = (place.it.id("picked"), place.it.id("squashed"));
    let finished = place.go();
    assert_eq!(states(&finished)[1..], [("picked", ReachedState::Already), ("squashed", ReachedState::Already)]);
    assert_eq!((place.it.id("picked"), place.it.id("squashed")), before);
}

#[test]
fn a_checked_out_target_takes_its_files_along_and_a_dirty_one_is_refused() {
    let place = Place::new("[git]\ntargets = ['main']\n");
    let folder = place.folder("main");
    place.it.git(&["worktree", "add", "--quiet", folder.to_str().unwrap(), "main"]);
    std::fs::write(folder.join("src/new.rs"), "mine\n").unwrap();
    let before = place.world();
    let said = place.finish(&FinishOrder::default()).unwrap_err();
    assert!(said.contains("main is checked out in") && said.contains("1 changed"), "{said}");
    assert_eq!(place.world(), before);
    std::fs::write(folder.join("src/new.rs"), lines(9)).unwrap();
    std::fs::write(folder.join("untracked"), "mine\n").unwrap();
    place.go();
    assert!(std::fs::read_to_string(folder.join("src/cart.rs")).unwrap().contains("line seven"));
    assert_eq!(place.it.git(&["-C", folder.to_str().unwrap(), "status", "--porcelain"]), "?? untracked");
    all_done(&place);
}

#[test]
fn what_is_not_right_is_refused_before_anything_moves() {
    let refused = |place: &Place, order: &FinishOrder, what: &str| {
        let before = place.world();
        let said = place.finish(order).unwrap_err();
        assert!(said.contains(what), "{said}");
        assert_eq!(place.world(), before);
    };
    let go = FinishOrder::default();
    let place = Place::new("[git]\ntargets = ['main', 'nowhere']\n");
    refused(&place, &go, "there is no branch nowhere, neither here nor at origin");
    let place = Place::new("[git]\ntargets = ['main']\n");
    refused(&place, &FinishOrder { turn: Turn::Continue, ..go.clone() }, "no unfinished promotion to go on with");
    refused(&place, &FinishOrder { turn: Turn::Abort, ..go.clone() }, "no unfinished promotion to take back");
    refused(&place, &FinishOrder { branch: Some("nope".into()), ..go.clone() }, "there is no local branch nope");
    refused(&place, &FinishOrder { tag: Some("--x".into()), ..go.clone() }, "git allows no tag called --x");
    refused(&place, &FinishOrder { tag: Some("v1.0.0".into()), ..go.clone() }, "the tag v1.0.0 exists already");
    place.it.write("src/cart.rs", "dirty\n");
    refused(&place, &go, "has changes that are no part of the fix: 1 changed");
    place.it.git(&["checkout", "--quiet", "--", "."]);
    place.it.git(&["branch", "hotfix/rival", "v1.0.0"]);
    place.it.git(&["checkout", "--quiet", "hotfix/rival"]);
    place.it.change("src/x.rs", "Other");
    refused(
        &place,
        &FinishOrder { branch: Some("hotfix/cart".into()), ..go.clone() },
        "another hotfix is open: hotfix/rival",
    );
    place.it.git(&["checkout", "--quiet", "hotfix/cart"]);
    place.it.git(&["branch", "-D", "--quiet", "hotfix/rival"]);
    let since = FinishOrder { since: Some("hotfix/cart".into()), ..go.clone() };
    refused(&place, &since, "hotfix/cart has no commit of its own since");
    place.it.git(&["checkout", "--quiet", "--detach"]);
    place.it.git(&["branch", "-D", "--quiet", "hotfix/cart"]);
    refused(&place, &go, "HEAD is no branch");
}

#[test]
fn a_fix_that_is_not_built_on_production_is_refused() {
    let place = Place::new("[production]\nref = 'release/1.0'\n[git]\ntargets = ['main']\n");
    let said = place.finish(&FinishOrder::default()).unwrap_err();
    assert!(said.contains("hotfix/cart is not built on release/1.0 (git rebase release/1.0"), "{said}");
    let order = FinishOrder { since: Some("v1.0.0".into()), ..FinishOrder::default() };
    assert!(place.finish(&order).is_ok(), "unless somebody says where it begins");
}

#[test]
fn a_merge_conflict_waits_in_a_work_tree_of_its_own() {
    let place = Place::new("[git]\ntargets = ['main', 'release/1.0']\n").with_conflict("main", "src/cart.rs", "line 7");
    let (main, checked_out) = (place.it.id("main"), place.it.git(&["status", "--branch", "--porcelain"]));
    let dry = place.finish(&FinishOrder { dry_run: true, ..FinishOrder::default() }).unwrap();
    assert_eq!(states(&dry), [("main", ReachedState::Conflict), ("release/1.0", ReachedState::Clean)]);
    assert!(place.journal.records().is_empty());

    let stopped = place.go();
    assert_eq!(states(&stopped), [("main", ReachedState::Conflict), ("release/1.0", ReachedState::Waiting)]);
    assert_eq!(target(&stopped, "main").paths, ["src/cart.rs"]);
    let folder = place.folder("work-finish-main");
    assert_eq!(target(&stopped, "main").worktree.as_deref(), folder.to_str());
    let text = std::fs::read_to_string(folder.join("src/cart.rs")).unwrap();
    assert!(text.contains("<<<<<<<") && text.contains("ours\n") && text.contains("line seven\n"));
    assert_eq!(place.it.id("main"), main, "nothing moved");
    assert_eq!(place.it.git(&["status", "--branch", "--porcelain"]), checked_out);

    let said = place.finish(&FinishOrder::default()).unwrap_err();
    assert!(said.contains("the merge to main waits: conflict in src/cart.rs"), "{said}");
    let said = place.turn(Turn::Continue).unwrap_err();
    assert!(said.contains("src/cart.rs is still in conflict"), "{said}");
    let git = |args: &[&str]| place.it.git(&[&["-C", folder.to_str().unwrap()], args].concat());
    git(&["add", "."]);
    let said = place.turn(Turn::Continue).unwrap_err();
    assert!(said.contains("leftover conflict marker"), "{said}");
    std::fs::write(folder.join("src/cart.rs"), lines(40).replace("line 7\n", "both\n")).unwrap();
    let said = place.turn(Turn::Continue).unwrap_err();
    assert!(said.contains("changes that are not added"), "{said}");
    git(&["add", "."]);
    let order = FinishOrder { turn: Turn::Continue, ..FinishOrder::default() };
    let finished = place.finish_at(&folder, &order, u64::MAX).unwrap();
    assert_eq!(states(&finished), [("main", ReachedState::Done), ("release/1.0", ReachedState::Done)]);
    assert!(place.show("main:src/cart.rs").contains("both"));
    assert_eq!(place.it.git(&["rev-parse", "main^1", "main^2"]), format!("{main}\n{}", place.it.id("hotfix/cart")));
    assert!(!folder.exists() && place.it.git(&["worktree", "list"]).lines().count() == 1);
    all_done(&place);
}

#[test]
fn the_commits_of_a_copy_conflict_one_at_a_time() {
    let place = Place::new("[git]\ntargets = ['main']\ncherry_pick = ['main']\n")
        .with_conflict("main", "src/cart.rs", "line 7")
        .with_conflict("main", "src/pay.rs", "line 9");
    let folder = place.folder("work-finish-main");
    let resolve = |file: &str, text: &str| {
        std::fs::write(folder.join(file), lines(40).replace(text, "both\n")).unwrap();
        place.it.git(&["-C", folder.to_str().unwrap(), "add", "."]);
    };
    assert_eq!(target(&place.go(), "main").paths, ["src/cart.rs"]);
    resolve("src/cart.rs", "line 7\n");
    let next = place.turn(Turn::Continue).unwrap();
    assert_eq!(
        (target(&next, "main").state, target(&next, "main").paths.clone()),
        (ReachedState::Conflict, vec!["src/pay.rs".into()])
    );
    resolve("src/pay.rs", "line 9\n");
    // As a person does it who is used to git.
    place.it.git(&["-C", folder.to_str().unwrap(), "-c", "core.editor=true", "cherry-pick", "--continue"]);
    assert_eq!(target(&place.turn(Turn::Continue).unwrap(), "main").state, ReachedState::Done);
    let log = place.it.git(&["log", "-2", "--format=%s %an", "main"]);
    assert_eq!(log, "SHOP-1 Fix the payment Ana\nSHOP-1 Fix the cart Ana");
    assert_eq!(place.ladder(), [("main".to_owned(), "ported")]);
    assert_eq!(target(&place.go(), "main").state, ReachedState::Already);
}

#[test]
fn abort_takes_the_unfinished_step_back_and_nothing_else() {
    let place = Place::new("[git]\ntargets = ['release/1.0', 'main']\n").with_conflict("main", "src/cart.rs", "line 7");
    let before = place.world();
    let stopped = place.go();
    assert_eq!(states(&stopped), [("release/1.0", ReachedState::Done), ("main", ReachedState::Conflict)]);
    let release = place.it.id("release/1.0");
    place.turn(Turn::Abort).unwrap();
    assert_eq!(place.it.id("release/1.0"), release, "what was finished stays");
    place.it.git(&["update-ref", "refs/heads/release/1.0", &place.it.id("release/1.0^1")]);
    assert_eq!(place.world(), before);
    assert!(place.turn(Turn::Abort).is_err());
}

#[test]
fn a_conflict_that_was_thrown_away_is_never_taken_for_resolved() {
    let place = Place::new("[git]\ntargets = ['main']\n").with_conflict("main", "src/cart.rs", "line 7");
    let folder = place.folder("work-finish-main");
    place.go();
    place.it.git(&["-C", folder.to_str().unwrap(), "merge", "--abort"]);
    let main = place.it.id("main");
    let again = place.turn(Turn::Continue).unwrap();
    assert_eq!(target(&again, "main").state, ReachedState::Conflict);
    std::fs::remove_dir_all(&folder).unwrap();
    let again = place.turn(Turn::Continue).unwrap();
    assert_eq!(target(&again, "main").state, ReachedState::Conflict);
    assert!(std::fs::read_to_string(folder.join("src/cart.rs")).unwrap().contains("<<<<<<<"));
    assert_eq!(place.it.id("main"), main);
    // Another commit than one of both sides is none.
    place.it.git(&["-C", folder.to_str().unwrap(), "merge", "--abort"]);
    place.it.git(&["-C", folder.to_str().unwrap(), "commit", "--quiet", "--allow-empty", "-m", "Nothing"]);
    assert!(place.turn(Turn::Continue).unwrap_err().contains("does not hold both sides"));
    place.turn(Turn::Abort).unwrap();
    assert!(!folder.exists());
}

#[test]
fn a_target_that_moved_since_the_conflict_is_not_overwritten() {
    let place = Place::new("[git]\ntargets = ['main']\n").with_conflict("main", "src/cart.rs", "line 7");
    place.go();
    place.it.git(&["update-ref", "refs/heads/main", &place.it.id("release/1.0")]);
    let said = place.turn(Turn::Continue).unwrap_err();
    assert!(said.contains("main moved since the conflict was met"), "{said}");
    place.turn(Turn::Abort).unwrap();
    assert_eq!(place.it.id("main"), place.it.id("release/1.0"));
}

#[test]
fn a_tag_names_what_production_gets_and_is_made_once() {
    let place = Place::new("[git]\ntargets = ['main']\n");
    let order = FinishOrder { tag: Some("v1.0.1".into()), ..FinishOrder::default() };
    for _ in 0..2 {
        let tag = place.finish(&order).unwrap().tag.unwrap();
        assert_eq!((tag.oid.as_str(), tag.pushed), (place.it.id("hotfix/cart").as_str(), false));
    }
    assert_eq!(place.it.git(&["cat-file", "-t", "v1.0.1"]), "tag");
    let place = Place::new("[production]\nref = 'prod'\n[git]\ntargets = ['prod', 'main']\n");
    place.it.git(&["branch", "prod", "v1.0.0"]);
    place.finish(&order).unwrap();
    assert_eq!(place.it.id("v1.0.1^{commit}"), place.it.id("prod"));
}

#[test]
fn repositories_that_libgit2_cannot_read_are_finished_too() {
    for format in ["--object-format=sha256", "--ref-format=reftable"] {
        let it = Fixture::nothing();
        it.git(&["init", "--quiet", "--initial-branch=main", format]);
        let place = Place::of(it, "[git]\ntargets = ['main', 'release/1.0']\ncherry_pick = ['main']\n");
        let finished = place.go();
        assert!(finished.targets.iter().all(|it| it.state == ReachedState::Done), "{format}: {finished:?}");
    }
}
