//! A repository that is made to run programs runs none, and its names are only names.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn evil(place: &Place) -> String {
    let (path, marker) = (place.folder("evil"), place.folder("ran"));
    std::fs::write(&path, format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\ncat\n", marker.display())).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.to_string_lossy().into_owned()
}

fn arm(place: &Place) -> String {
    let evil = evil(place);
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.editor",
        "core.pager",
        "core.alternateRefsCommand",
        "diff.external",
        "merge.evil.driver",
        "credential.helper",
        "gpg.program",
        "gpg.ssh.program",
        "remote.origin.receivepack",
        "remote.origin.uploadpack",
        "trailer.x.command",
        "sequence.editor",
        "alias.merge",
        "alias.commit-tree",
    ] {
        place.it.git(&["config", key, &evil]);
    }
    for key in ["commit.gpgsign", "tag.gpgsign", "merge.verifySignatures", "submodule.recurse", "rerere.autoUpdate"] {
        place.it.git(&["config", key, "true"]);
    }
    let hooks = place.it.git(&["rev-parse", "--git-path", "hooks"]);
    let hooks = place.it.path(&hooks);
    std::fs::create_dir_all(&hooks).unwrap();
    for hook in [
        "reference-transaction",
        "post-checkout",
        "post-merge",
        "pre-merge-commit",
        "pre-commit",
        "prepare-commit-msg",
        "commit-msg",
        "post-commit",
        "pre-push",
        "post-index-change",
        "pre-auto-gc",
        "post-rewrite",
    ] {
        std::fs::copy(&evil, hooks.join(hook)).unwrap();
    }
    evil
}

fn ran(place: &Place) -> String {
    std::fs::read_to_string(place.folder("ran")).unwrap_or_default()
}

#[test]
fn start_and_finish_run_nothing_that_the_repository_names() {
    let place = Place::new("[git]\ntargets = ['main', 'release/1.0']\ncherry_pick = ['release/1.0']\n");
    let bare = place.folder("origin.git");
    place.it.git(&["checkout", "--quiet", "main"]);
    place.it.write(".gitattributes", "*.rs merge=evil diff=evil\n");
    place.it.write("src/cart.rs", lines(40).replace("line 30\n", "line thirty\n"));
    place.it.commit("Both sides changed the cart");
    place.it.git(&["checkout", "--quiet", "hotfix/cart"]);
    place.it.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    place.it.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
    place.it.git(&["fetch", "--quiet", "origin"]);
    place.it.git(&["worktree", "add", "--quiet", place.folder("main").to_str().unwrap(), "main"]);
    arm(&place);
    let order = StartOrder { slug: "other".into(), despite_rival: true, ..StartOrder::default() };
    place.start(&order).unwrap();
    let order = FinishOrder {
        branch: Some("hotfix/cart".into()),
        push: true,
        tag: Some("v1.0.1".into()),
        despite_rival: true,
        ..FinishOrder::default()
    };
    let finished = place.finish(&order).unwrap();
    assert!(finished.targets.iter().all(|it| it.pushed), "{finished:?}");
    assert_eq!(ran(&place), "");
    std::fs::remove_dir_all(place.it.path(".git/hooks")).unwrap();
    let main = place.show("main:src/cart.rs");
    assert!(main.contains("line seven") && main.contains("line thirty"), "merged line by line");
}

#[test]
fn a_conflict_is_laid_out_without_running_anything() {
    let place = Place::new("[git]\ntargets = ['main']\n").with_conflict("main", "src/cart.rs", "line 7");
    place.it.git(&["checkout", "--quiet", "main"]);
    place.it.write(".gitattributes", "*.rs merge=evil\n");
    place.it.commit("Name a driver");
    place.it.git(&["checkout", "--quiet", "hotfix/cart"]);
    arm(&place);
    assert_eq!(target(&place.go(), "main").state, ReachedState::Conflict);
    place.turn(Turn::Abort).unwrap();
    assert_eq!(ran(&place), "");
}

#[test]
fn filters_of_the_repository_itself_stop_whatever_would_write_files() {
    let place = Place::new("[git]\ntargets = ['main']\n").with_conflict("main", "src/cart.rs", "line 7");
    let evil = evil(&place);
    place.it.git(&["config", "filter.evil.smudge", &evil]);
    for said in [
        place.start(&StartOrder { slug: "x".into(), despite_rival: true, ..StartOrder::default() }).unwrap_err(),
        place.finish(&FinishOrder::default()).unwrap_err(),
    ] {
        assert!(said.contains("names a program for writing files (filter.evil.smudge)"), "{said}");
    }
    assert!(place.journal.records().is_empty());
    assert_eq!(ran(&place), "");
}

#[test]
fn a_target_without_a_checkout_needs_no_files_and_no_filter() {
    let place = Place::new("[git]\ntargets = ['main']\n");
    let evil = evil(&place);
    place.it.git(&["config", "filter.evil.smudge", &evil]);
    assert_eq!(target(&place.go(), "main").state, ReachedState::Done);
    assert_eq!(ran(&place), "");
}

#[test]
fn names_from_outside_are_shown_clean() {
    let place = Place::new("[git]\ntargets = ['main', 'rel\u{202e}ease']\n");
    place.it.git(&["branch", "rel\u{202e}ease", "main"]);
    let finished = place.go();
    let text = serde_json::to_string(&finished).unwrap();
    assert!(!text.contains('\u{202e}') && finished.targets.len() == 2, "{text}");
}
