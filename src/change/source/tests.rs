//! Against repositories made with the `git` command.

use super::fixture::{Fixture, lines, settings};
use super::{Settings, read, read_worktree, rollback_contents};
use crate::change::classes::Reversal;
use crate::change::model::FileStatus;

#[test]
fn a_plain_hotfix() {
    let it = Fixture::hotfix();
    it.write("src/cart.rs", lines(40).replace("line 7\n", "line seven\n"));
    it.write("tests/cart.rs", "assert\n");
    it.write("CHANGELOG.md", "fixed\n");
    let head = it.commit("Fix the cart\n\nIt was broken.");
    let report = it.report();
    assert_eq!(report.production.reference.as_deref(), Some("v1.0.0"));
    assert_eq!(report.production.oid.as_ref().unwrap().as_str(), it.id("v1.0.0"));
    assert!(report.production.how.contains("newest tag"), "{}", report.production.how);
    assert_eq!(report.head.reference.as_deref(), Some("hotfix/cart"));
    assert_eq!(report.head.oid.as_ref().unwrap().as_str(), head);
    assert_eq!(report.head.tree.as_ref().unwrap().as_str(), it.id("HEAD^{tree}"));
    assert_eq!(report.merge_base, report.production.oid);
    assert_eq!((report.core_lines, report.core_files, report.test_lines), (Some(2), Some(1), Some(1)));
    assert_eq!((report.ahead, report.behind, report.commits_total), (None, None, Some(1)));
    let commit = &report.commits[0];
    assert_eq!((commit.summary.as_str(), commit.author.as_str()), ("Fix the cart", "Ana <ana@example.com>"));
    assert!(!commit.foreign && !commit.merge);
    let classes: Vec<_> = report.changes.iter().map(|it| (it.path.as_str(), it.core, it.classes.join(" "))).collect();
    let expected = [
        ("CHANGELOG.md", false, "changelog docs".to_owned()),
        ("src/cart.rs", true, String::new()),
        ("tests/cart.rs", false, "test".to_owned()),
    ];
    assert_eq!(classes, expected);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["files"], 3);
    assert_eq!(json["without_renames"]["insertions"], 3);
}

#[test]
fn production_is_the_newest_reachable_version() {
    let it = Fixture::released();
    for tag in ["v1.9.0", "v1.10.0-rc.1", "v1.10.0", "vnext"] {
        it.change("a", tag);
        it.git(&["tag", "--annotate", "--message", tag, tag]);
    }
    it.git(&["checkout", "--quiet", "-b", "hotfix/x"]);
    it.change("b", "fix");
    it.git(&["checkout", "--quiet", "main"]);
    it.change("c", "later");
    it.git(&["tag", "v2.0.0"]);
    it.git(&["checkout", "--quiet", "hotfix/x"]);
    assert_eq!(it.report().production.reference.as_deref(), Some("v1.10.0"));
    let by = |reference: &str| it.report_with(&format!("production.ref = '{reference}'")).production;
    assert_eq!(by("v1.9.*").reference.as_deref(), Some("v1.9.0"));
    assert_eq!((by("main").reference.as_deref(), by("main").how.as_str()), (Some("main"), "branch main"));
    assert_eq!(by("v1.9.0").how, "tag v1.9.0");
    assert_eq!(by("HEAD~2").oid.unwrap().as_str(), it.id("v1.10.0^{commit}"));
    let unknown = by("release");
    assert!(unknown.oid.is_none() && unknown.how.contains("git fetch --tags"), "{}", unknown.how);
}

#[test]
fn without_a_version_production_is_unknown_and_the_rest_is_there() {
    let it = Fixture::empty();
    it.change("a", "one");
    let report = it.report();
    assert_eq!((report.production.oid, report.size, report.commits_total), (None, None, None));
    assert!(report.production.how.contains("production.ref"), "{}", report.production.how);
    assert!(report.head.oid.is_some());
    let json = serde_json::to_value(it.report()).unwrap();
    assert!(json["files"].is_null() && json["insertions"].is_null() && json["core_lines"].is_null());
}

#[test]
fn foreign_commits_are_told_apart() {
    let foreign = |it: &Fixture| it.report().commits.iter().filter(|commit| commit.foreign).count();
    let with_develop = || {
        let it = Fixture::released();
        it.git(&["checkout", "--quiet", "-b", "develop"]);
        it.change("d1", "theirs 1");
        it.change("d2", "theirs 2");
        it
    };
    let clean = with_develop();
    clean.git(&["checkout", "--quiet", "-b", "hotfix/x", "v1.0.0"]);
    clean.change("h", "ours");
    clean.change("h2", "ours 2");
    assert_eq!(foreign(&clean), 0, "clean");

    let branched = with_develop();
    branched.git(&["checkout", "--quiet", "-b", "hotfix/x"]);
    branched.change("h", "ours");
    assert_eq!(foreign(&branched), 2, "branched from develop");

    let merged_in = with_develop();
    merged_in.git(&["checkout", "--quiet", "-b", "hotfix/x", "v1.0.0"]);
    merged_in.change("h", "ours");
    merged_in.git(&["merge", "--quiet", "--no-edit", "develop"]);
    assert_eq!(foreign(&merged_in), 2, "develop merged in");

    clean.git(&["checkout", "--quiet", "develop"]);
    clean.git(&["merge", "--quiet", "--no-ff", "--no-edit", "hotfix/x"]);
    clean.git(&["checkout", "--quiet", "hotfix/x"]);
    assert_eq!(foreign(&clean), 0, "after the back-merge");

    let forward = Fixture::released();
    forward.git(&["branch", "develop"]);
    forward.git(&["checkout", "--quiet", "-b", "hotfix/x"]);
    forward.change("h", "ours");
    forward.change("h2", "ours 2");
    forward.git(&["branch", "--force", "develop", "hotfix/x"]);
    assert_eq!(foreign(&forward), 0, "after a fast-forward");
}

#[test]
fn ahead_and_behind() {
    let it = Fixture::hotfix();
    it.change("a", "one");
    it.git(&["branch", "upstream"]);
    it.git(&["branch", "--quiet", "--set-upstream-to=upstream"]);
    it.change("b", "two");
    it.git(&["checkout", "--quiet", "upstream"]);
    it.change("c", "three");
    it.change("d", "four");
    it.git(&["checkout", "--quiet", "hotfix/cart"]);
    let report = it.report();
    assert_eq!((report.ahead, report.behind, report.upstream.as_deref()), (Some(1), Some(2), Some("upstream")));
    it.git(&["branch", "--quiet", "-D", "upstream"]);
    let report = it.report();
    assert_eq!((report.ahead, report.behind), (None, None));
}

#[test]
fn core_lines_leave_out_what_does_not_count() {
    let it = Fixture::hotfix();
    it.write("moved.rs", lines(30));
    it.write("space.rs", "a\nb\nc\n");
    it.write("Cargo.toml", "[package]\nversion = \"1.0.0\"\n");
    it.write("gen/api.rs", "x\n");
    it.write(".gitattributes", "gen/** linguist-generated\nvendor/ours.rs linguist-vendored=false\n");
    it.write("vendor/ours.rs", "x\n");
    it.commit("Prepare");
    it.git(&["tag", "v1.0.1"]);
    it.git(&["mv", "moved.rs", "src/moved.rs"]);
    it.write("space.rs", "  a\n  b\n\n  c\n");
    it.write("Cargo.toml", "[package]\nversion = \"1.0.1\"\n");
    it.write("gen/api.rs", "y\n");
    it.write("vendor/ours.rs", "y\n");
    it.write("Cargo.lock", lines(100));
    it.commit("Fix");
    let report = it.report();
    assert_eq!((report.core_lines, report.core_files), (Some(2), Some(1)), "{:#?}", report.changes);
    let class = |path: &str| report.changes.iter().find(|it| it.path == path).unwrap().classes.join(" ");
    assert_eq!(class("src/moved.rs"), "moved");
    assert_eq!(class("space.rs"), "whitespace");
    assert_eq!(class("Cargo.toml"), "version");
    assert_eq!(class("gen/api.rs"), "generated");
    assert_eq!(class("vendor/ours.rs"), "");
    let moved = report.changes.iter().find(|it| it.path == "src/moved.rs").unwrap();
    assert_eq!((moved.status, moved.old_path.as_deref()), (FileStatus::Renamed, Some("moved.rs")));
}

#[test]
fn what_a_rollback_undoes() {
    let it = Fixture::released();
    it.change("db/migrate/1.sql", "Add a table");
    it.change("src/a.rs", "Fix CVE-2026-1");
    it.git(&["tag", "v1.1.0"]);
    let deployed = it.change("src/b.rs", "Plain");
    let contents = it.report().rollback.unwrap();
    assert_eq!(contents.from.reference, "v1.1.0");
    assert_eq!(contents.to.as_ref().unwrap().reference, "v1.0.0");
    assert_eq!(contents.class, Some(Reversal::Unsafe));
    let flags: Vec<_> = contents.undoes.iter().map(|it| (it.summary.as_str(), it.flags.join(" "))).collect();
    assert_eq!(flags, [("Fix CVE-2026-1", "fix security".to_owned()), ("Add a table", "migration".to_owned())]);

    let of = |from, to| rollback_contents(&it.root, &Settings::default(), from, to).unwrap();
    let last = of(Some(deployed.as_str()), None);
    assert_eq!((last.to.as_ref().unwrap().reference.as_str(), last.total), ("v1.1.0", 1));
    assert_eq!((last.class, last.flagged()), (Some(Reversal::Clean), 0));
    assert_eq!(of(Some("HEAD"), Some("v1.0.0")).total, 3);
    let none = of(Some("v1.0.0"), None);
    assert_eq!((none.to, none.class), (None, None));
    assert!(none.unknown[0].contains("git fetch --tags"), "{:?}", none.unknown);
}

#[test]
fn states_of_a_repository_have_names() {
    let it = Fixture::empty();
    assert!(it.report().repository.unborn);
    assert!(it.report().production.how.contains("no commit yet"));
    it.change("a", "one");
    it.git(&["tag", "v1.0.0"]);
    it.change("b", "two");
    it.git(&["checkout", "--quiet", "--detach"]);
    let report = it.report();
    assert!(report.repository.detached && report.head.reference.is_none() && report.size.is_some());
    it.git(&["worktree", "add", "--quiet", "../linked"]);
    let linked = read(&it.path("../linked"), &Settings::default()).unwrap().value;
    assert!(linked.repository.linked);
    assert_eq!(linked.size, report.size);
}

#[test]
fn an_operation_under_way_is_named() {
    let it = Fixture::hotfix();
    it.write("src/cart.rs", "ours\n");
    it.commit("ours");
    it.git(&["checkout", "--quiet", "main"]);
    it.write("src/cart.rs", "theirs\n");
    it.commit("theirs");
    assert!(!it.try_git(&["merge", "hotfix/cart"]).status.success());
    assert_eq!(it.report().repository.operation.as_deref(), Some("merge"));
    let worktree = read_worktree(&it.root).unwrap().value;
    assert_eq!(worktree.conflicted, 1);
    it.git(&["merge", "--abort"]);
    assert!(!it.try_git(&["rebase", "hotfix/cart"]).status.success());
    let report = it.report();
    assert_eq!(report.repository.operation.as_deref(), Some("rebase"));
    assert!(report.repository.detached);
}

#[test]
fn a_bare_repository_has_no_work_tree() {
    let it = Fixture::hotfix();
    it.change("src/a.rs", "fix");
    it.git(&["clone", "--quiet", "--bare", ".", "../bare.git"]);
    let bare = it.path("../bare.git");
    let report = read(&bare, &settings("production.ref = 'v1.0.0'")).unwrap().value;
    assert!(report.repository.bare);
    assert_eq!(report.size, it.report().size);
    assert!(read_worktree(&bare).unwrap_err().what.contains("bare"));
}

#[test]
fn a_shallow_clone_says_so() {
    let it = Fixture::hotfix();
    it.change("a", "one");
    it.change("b", "two");
    let url = format!("file://{}", it.root.display());
    it.git(&["clone", "--quiet", "--depth=1", &url, "../shallow"]);
    let report = read(&it.path("../shallow"), &Settings::default()).unwrap().value;
    assert!(report.repository.shallow);
    assert!(report.production.oid.is_none());
    assert!(report.production.how.contains("git fetch --tags"), "{}", report.production.how);
    it.git(&["clone", "--quiet", "--depth=2", &url, "../deeper"]);
    let deeper = it.path("../deeper");
    let report = read(&deeper, &settings("production.ref = 'HEAD~1'")).unwrap().value;
    assert_eq!(report.commits_total, Some(1));
}

#[test]
fn no_repository_and_one_that_vanishes() {
    let it = Fixture::nothing();
    let failure = it.try_report(&Settings::default()).unwrap_err();
    assert!(failure.what.contains("no git repository") && failure.remedy.is_some());
    let failure = read(&it.path("nowhere"), &Settings::default()).unwrap_err();
    assert!(failure.what.contains("is gone"), "{}", failure.what);
}

#[test]
fn a_submodule_and_a_work_tree_elsewhere() {
    let it = Fixture::hotfix();
    let inner = Fixture::released();
    it.git(&["submodule", "--quiet", "add", inner.root.to_str().unwrap(), "inner"]);
    it.commit("Add a submodule");
    let report = it.report();
    let change = report.changes.iter().find(|it| it.path == "inner").unwrap();
    assert!(change.is("opaque") && change.core, "{change:?}");
    let inside = read(&it.path("inner"), &Settings::default()).unwrap().value;
    assert_eq!(inside.head.oid.unwrap().as_str(), inner.id("HEAD"));
    assert!(read_worktree(&it.root).unwrap().value.is_clean());

    let moved = Fixture::nothing();
    moved.git(&["init", "--quiet", "--initial-branch=main", "--separate-git-dir=../elsewhere.git"]);
    moved.change("a", "one");
    assert!(read_worktree(&moved.root).unwrap().value.is_clean());
}

#[test]
fn a_repository_of_somebody_else_is_refused_with_the_way_out() {
    let it = Fixture::hotfix();
    // Only root can give a repository away.
    let is_root = std::process::Command::new("chown").args(["-R", "12345"]).arg(&it.root).status();
    if !is_root.is_ok_and(|status| status.success()) {
        println!("not root: skipped");
        return;
    }
    let failure = it.try_report(&Settings::default()).unwrap_err();
    assert!(failure.what.contains("belongs to another user"), "{}", failure.what);
    let remedy = failure.remedy.unwrap();
    assert!(remedy.contains("safe.directory") && remedy.contains(it.root.to_str().unwrap()), "{remedy}");
}
