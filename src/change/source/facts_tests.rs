//! Facts, risk and ladder against repositories made for them.

use super::fixture::{Fixture, lines};
use crate::change::ladder::Level;
use crate::change::model::{FactState, Report};

fn state(report: &Report, id: &str) -> FactState {
    report.fact(id).unwrap_or_else(|| panic!("no {id}")).state
}

fn why(report: &Report, id: &str) -> String {
    report.fact(id).unwrap().why.clone()
}

#[test]
fn a_clean_hotfix_has_good_facts() {
    let it = Fixture::released();
    it.git(&["tag", "--annotate", "--message", "r", "v1.0.1"]);
    it.git(&["checkout", "--quiet", "-b", "hotfix/cart"]);
    it.change("src/a.rs", "SHOP-1 Fix the cart");
    let report = it.report_with("git.ticket = '[A-Z]+-\\d+'\ngit.targets = ['main']");
    for id in
        ["G01", "G02", "G04", "G05", "G06", "G08", "G09", "G10", "G11", "G12", "G14", "G21", "G22", "G27", "G28", "G29"]
    {
        assert_eq!(state(&report, id), FactState::Ok, "{id}: {}", why(&report, id));
    }
    assert_eq!(state(&report, "G15"), FactState::Warn);
    let risk = report.risk.unwrap();
    assert!(risk.points.iter().any(|point| point.rule == "no test"), "{:#?}", risk.points);
}

#[test]
fn a_base_behind_production_and_an_unrelated_one() {
    let it = Fixture::hotfix();
    it.change("a", "ours");
    it.git(&["checkout", "--quiet", "main"]);
    it.change("b", "released meanwhile");
    it.git(&["checkout", "--quiet", "hotfix/cart"]);
    let behind = it.report_with("production.ref = 'main'");
    assert_eq!(state(&behind, "G08"), FactState::Bad);
    assert!(why(&behind, "G08").contains("main has 1 commit that it lacks"), "{}", why(&behind, "G08"));
    it.git(&["checkout", "--quiet", "--orphan", "hotfix/other"]);
    it.commit("alone");
    let unrelated = it.report_with("production.ref = 'main'");
    assert_eq!((state(&unrelated, "G08"), unrelated.size), (FactState::Bad, None));
    assert_eq!(unrelated.risk, None);
}

#[test]
fn foreign_work_merges_and_unfinished_commits() {
    let it = Fixture::released();
    it.git(&["checkout", "--quiet", "-b", "develop"]);
    it.change("d", "A feature");
    it.git(&["checkout", "--quiet", "-b", "hotfix/x", "v1.0.0"]);
    it.change("a", "fixup! Fix");
    it.write("b", "<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n");
    it.commit("Fix OPS-1");
    it.git(&["merge", "--quiet", "--no-edit", "develop"]);
    let report = it.report_with("git.ticket = 'OPS-\\d+'");
    assert_eq!(state(&report, "G10"), FactState::Bad);
    assert!(why(&report, "G10").contains("A feature"));
    assert_eq!(state(&report, "G11"), FactState::Warn);
    assert_eq!(state(&report, "G12"), FactState::Warn);
    assert_eq!(state(&report, "G14"), FactState::Bad);
    let rules: Vec<String> = report.risk.unwrap().points.into_iter().map(|point| point.rule).collect();
    for rule in ["foreign commits", "merges", "unfinished", "no test"] {
        assert!(rules.iter().any(|it| it == rule), "{rule} in {rules:?}");
    }
}

#[test]
fn rivals_and_open_releases() {
    let it = Fixture::hotfix();
    it.change("src/a.rs", "ours");
    it.git(&["checkout", "--quiet", "-b", "hotfix/rival", "v1.0.0"]);
    it.change("src/a.rs", "theirs");
    it.git(&["checkout", "--quiet", "-b", "release/1.1", "v1.0.0"]);
    it.change("r", "Prepare 1.1");
    it.git(&["branch", "release/1.0", "v1.0.0"]);
    it.git(&["checkout", "--quiet", "hotfix/cart"]);
    let report = it.report();
    assert_eq!(state(&report, "G22"), FactState::Bad);
    assert!(why(&report, "G22").contains("hotfix/rival in src/a.rs"), "{}", why(&report, "G22"));
    assert!(why(&report, "G21").contains("release/1.1") && !why(&report, "G21").contains("release/1.0"));
    let targets: Vec<&str> = report.back_merge.iter().map(|rung| rung.target.as_str()).collect();
    assert_eq!(targets, ["release/1.1"]);
}

#[test]
fn a_scope_and_environments() {
    let it = Fixture::released();
    it.git(&["branch", "uat"]);
    it.git(&["checkout", "--quiet", "-b", "preprod"]);
    it.write("src/cart.rs", "drifted");
    it.commit("Only here");
    it.git(&["checkout", "--quiet", "-b", "hotfix/x", "v1.0.0"]);
    it.write("src/cart.rs", lines(41));
    it.change("lib/other.rs", "Fix");
    let report = it.report_with("git.scope = ['src/**']\ngit.environments = ['uat']");
    assert_eq!(state(&report, "G13"), FactState::Warn);
    assert!(why(&report, "G13").contains("1 file outside of the scope: lib/other.rs"), "{}", why(&report, "G13"));
    assert_eq!(state(&report, "G23"), FactState::Ok);
    let report = it.report_with("git.scope = ['src/**', 'lib/*.rs']\ngit.environments = ['uat', 'preprod', 'sit']");
    assert_eq!((state(&report, "G13"), state(&report, "G23")), (FactState::Ok, FactState::Warn));
    assert!(why(&report, "G23").contains("preprod: src/cart.rs"), "{}", why(&report, "G23"));
    let report = it.report_with("git.environments = ['sit']");
    assert_eq!((state(&report, "G13"), state(&report, "G23")), (FactState::Unknown, FactState::Unknown));
}

#[test]
fn classes_of_the_configuration_count() {
    let it = Fixture::hotfix();
    it.change("billing/a.rs", "Fix");
    let report = it.report_with("[[change.classes]]\nname = 'billing'\npoints = 11\nglobs = ['billing/**']");
    assert!(report.changes[0].is("billing"));
    let risk = report.risk.unwrap();
    assert!(risk.points.iter().any(|point| point.rule == "billing" && point.points == 11), "{risk:#?}");
}

#[test]
fn a_reverted_commit_and_an_exact_revert() {
    let it = Fixture::released();
    it.write("src/cart.rs", lines(400));
    it.commit("Grow");
    it.git(&["tag", "v1.1.0"]);
    it.git(&["checkout", "--quiet", "-b", "hotfix/back"]);
    it.git(&["revert", "--no-edit", "HEAD"]);
    it.change("a", "oops");
    it.git(&["revert", "--no-edit", "HEAD"]);
    let report = it.report();
    assert_eq!(state(&report, "G27"), FactState::Bad);
    let risk = report.risk.unwrap();
    assert!(risk.score <= 10 && risk.points.iter().any(|point| point.rule == "exact revert"), "{risk:#?}");
}

/// `main` with a commit of its own, and a hotfix of two commits.
fn to_be_merged_back() -> Fixture {
    let it = Fixture::released();
    it.write("other.rs", lines(20));
    it.commit("On main");
    it.git(&["checkout", "--quiet", "-b", "hotfix/x", "v1.0.0"]);
    it.write("src/cart.rs", lines(40).replace("line 7\n", "line seven\n"));
    it.commit("SHOP-1 Fix seven");
    it.write("src/cart.rs", lines(40).replace("line 7\n", "line seven\n").replace("line 30\n", "line thirty\n"));
    it.commit("SHOP-2 Fix thirty");
    it
}

fn rung(it: &Fixture) -> (Option<Level>, Vec<String>) {
    it.git(&["checkout", "--quiet", "hotfix/x"]);
    let rung = it.report_with("git.targets = ['main']").back_merge.remove(0);
    (rung.level, rung.paths)
}

fn on_main(it: &Fixture, args: &[&str]) {
    it.git(&["checkout", "--quiet", "main"]);
    it.git(args);
}

#[test]
fn the_rungs_of_the_ladder() {
    let it = to_be_merged_back();
    assert_eq!(rung(&it), (Some(Level::MissingClean), vec!["src/cart.rs".to_owned()]));

    on_main(&it, &["merge", "--quiet", "--no-edit", "hotfix/x"]);
    assert_eq!(rung(&it).0, Some(Level::Merged));

    let it = to_be_merged_back();
    on_main(&it, &["cherry-pick", "v1.0.0..hotfix/x"]);
    assert_eq!(rung(&it).0, Some(Level::Equivalent));

    let it = to_be_merged_back();
    on_main(&it, &["merge", "--quiet", "--squash", "hotfix/x"]);
    it.commit("Everything at once");
    assert_eq!(rung(&it).0, Some(Level::Content));

    let it = to_be_merged_back();
    it.git(&["checkout", "--quiet", "main"]);
    it.write("src/cart.rs", lines(40).replace("line 7\n", "LINE 7\n"));
    it.commit("Another seven");
    assert_eq!(rung(&it), (Some(Level::MissingConflict), vec!["src/cart.rs".to_owned()]));

    // Solved by hand on the way: the same author and time, another patch.
    for commit in ["hotfix/x~1", "hotfix/x"] {
        it.git(&["checkout", "--quiet", "main"]);
        it.try_git(&["cherry-pick", "--no-commit", commit]);
        it.git(&["checkout", "--quiet", "--theirs", "src/cart.rs"]);
        it.write("extra", commit);
        it.git(&["add", "--all"]);
        it.git(&["commit", "--quiet", "--reuse-message", commit]);
    }
    assert_eq!(rung(&it).0, Some(Level::Ported));
}

#[test]
fn a_ladder_without_libgit2() {
    let it = to_be_merged_back();
    it.git(&["checkout", "--quiet", "-b", "aside", "v1.0.0"]);
    let aside = it.change("aside", "aside");
    it.git(&["checkout", "--quiet", "hotfix/x"]);
    it.git(&["replace", "--graft", &aside]);
    let report = it.report_with("git.targets = ['main']");
    assert!(report.repository.backend.starts_with("git (replace refs"), "{}", report.repository.backend);
    assert_eq!(report.back_merge[0].level, Some(Level::MissingClean));
    it.git(&["checkout", "--quiet", "main"]);
    it.write("src/cart.rs", lines(40).replace("line 20\n", "line twenty\n"));
    it.commit("Another place in the same file");
    it.git(&["checkout", "--quiet", "hotfix/x"]);
    let rung = it.report_with("git.targets = ['main']").back_merge.remove(0);
    assert_eq!(rung.level, Some(Level::MissingClean), "{}", rung.why);
    it.git(&["branch", "--quiet", "--force", "main", "main~1"]);
    on_main(&it, &["cherry-pick", "v1.0.0..hotfix/x"]);
    assert_eq!(self::rung(&it).0, Some(Level::Equivalent));
}

#[test]
fn formats_that_libgit2_cannot_read() {
    for args in [["--object-format=sha256"], ["--ref-format=reftable"]] {
        let it = Fixture::nothing();
        if !it.try_git(&["init", "--quiet", "--initial-branch=main", args[0]]).status.success() {
            println!("this git has no {}: skipped", args[0]);
            continue;
        }
        it.write("src/a.rs", lines(10));
        it.commit("First");
        it.git(&["tag", "v1.0.0"]);
        it.git(&["checkout", "--quiet", "-b", "hotfix/x"]);
        it.write("src/a.rs", lines(9));
        it.commit("Fix it");
        let report = it.report_with("git.targets = ['main']");
        assert!(report.repository.backend.starts_with("git ("), "{}", report.repository.backend);
        assert_eq!(report.production.reference.as_deref(), Some("v1.0.0"));
        assert_eq!(report.head.oid.as_ref().unwrap().as_str(), it.id("HEAD"));
        assert_eq!(report.size.unwrap().deletions, 1);
        assert_eq!(report.commits[0].author, "Ana <ana@example.com>");
        assert_eq!(state(&report, "G08"), FactState::Ok);
        assert!(super::read_worktree(&it.root).unwrap().value.is_clean());
    }
}

#[test]
fn authors_are_known_by_what_they_did_before() {
    let it = Fixture::released();
    for n in 0..3 {
        it.change("src/cart.rs", &format!("Fix {n}"));
    }
    it.git(&["tag", "v1.0.1"]);
    it.change("src/cart.rs", "ours");
    it.write("lib/new.rs", "x");
    it.git(&["add", "--all"]);
    it.git(&["commit", "--quiet", "--author=Bo <bo@example.com>", "--message", "by Bo"]);
    let report = it.report();
    let repo = super::repository::Repo::open(&it.root).unwrap();
    let (production, head) = (report.production.oid.clone().unwrap(), report.head.oid.clone().unwrap());
    let (records, _) = repo.range(&production, &head, 10).unwrap();
    let paths: Vec<_> = report.changes.iter().map(|it| (it.path.clone().into_bytes(), None)).collect();
    let is_awaited = std::sync::atomic::AtomicBool::new(false);
    let known = super::familiar::read(&repo, &production, &records, &paths, Some(&is_awaited));
    let by_git = super::repository::Repo { library: None, ..repo };
    let by_git = super::familiar::read(&by_git, &production, &records, &paths, Some(&is_awaited));
    assert_eq!(known, by_git);
    assert_eq!((known.strangers, known.new_to_files), (vec!["Bo".to_owned()], vec!["Bo".to_owned()]));
    assert_eq!((known.recent_changes, known.recent_fixes, known.looked_at, known.partial), (4, 3, 4, false));
}
