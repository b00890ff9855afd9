//! Repositories as they are in the wild: broken, incomplete, half-way through something, or changing while they are read.

use std::path::PathBuf;

use super::fixture::{Fixture, lines, settings};
use super::read::Reader;
use super::{Settings, read, read_worktree};
use crate::change::ladder::Level;
use crate::change::model::{FactState, Report};

fn state(report: &Report, id: &str) -> FactState {
    report.fact(id).unwrap_or_else(|| panic!("no {id}")).state
}

fn object(it: &Fixture, revision: &str) -> PathBuf {
    let id = it.id(revision);
    it.path(&format!(".git/objects/{}/{}", &id[..2], &id[2..]))
}

fn damage(it: &Fixture, revision: &str) {
    let file = object(it, revision);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, "rubbish").unwrap();
}

/// What is left of a report whose diff cannot be read.
fn without_a_diff(report: &Report, remedy: &str) {
    assert_eq!((report.size, report.core_lines, report.risk.is_none()), (None, None, true));
    assert_eq!((report.commits_total, state(report, "G08")), (Some(1), FactState::Ok));
    for id in ["G14", "G29"] {
        assert_eq!(state(report, id), FactState::Unknown, "{id}");
    }
    let fact = report.fact("G04").unwrap();
    assert!(fact.state != FactState::Ok && fact.why.contains(remedy), "{fact:?}");
    assert!(report.unknown.iter().any(|gap| gap.contains(remedy)), "{:?}", report.unknown);
}

#[test]
fn a_missing_or_damaged_blob_makes_the_diff_unknown_and_no_more() {
    let it = Fixture::hotfix();
    it.change("src/a.rs", "fix");
    damage(&it, "HEAD:src/a.rs");
    without_a_diff(&it.report(), "git fsck");
    std::fs::remove_file(object(&it, "HEAD:src/a.rs")).unwrap();
    without_a_diff(&it.report(), "git fsck");
}

#[test]
fn a_damaged_tree_leaves_the_commits() {
    let it = Fixture::hotfix();
    it.change("src/a.rs", "fix");
    damage(&it, "HEAD^{tree}");
    without_a_diff(&it.report(), "git fsck");
}

#[test]
fn a_damaged_commit_on_the_way_is_never_called_unrelated() {
    let it = Fixture::hotfix();
    it.change("a", "one");
    it.change("b", "two");
    damage(&it, "HEAD~1");
    let report = it.report_with("production.ref = 'main'");
    assert_eq!((report.merge_base.clone(), report.commits_total), (None, None));
    assert_eq!(state(&report, "G08"), FactState::Unknown);
    assert_eq!(state(&report, "G04"), FactState::Bad);
    damage(&it, "HEAD");
    let failure = it.try_report(&Settings::default()).unwrap_err();
    assert!(failure.remedy.unwrap().contains("git fsck"), "{}", failure.what);
}

#[test]
fn a_partial_clone_never_fetches_and_tells_what_it_cannot() {
    let it = Fixture::released();
    it.git(&["checkout", "--quiet", "-b", "hotfix/x"]);
    it.change("src/a.rs", "fix");
    it.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", it.root.display());
    for (name, filter) in [("blobless", "--filter=blob:none"), ("treeless", "--filter=tree:0")] {
        let there = it.path(&format!("../{name}"));
        it.git(&["clone", "--quiet", "--no-checkout", filter, &url, there.to_str().unwrap()]);
        let report = read(&there, &settings("production.ref = 'v1.0.0'")).unwrap().value;
        assert!(report.repository.partial);
        without_a_diff(&report, "git fetch --refetch");
        let again = read(&there, &settings("production.ref = 'v1.0.0'")).unwrap().value;
        without_a_diff(&again, "git fetch --refetch");
    }
}

#[test]
fn the_same_in_a_format_that_libgit2_cannot_read() {
    let it = Fixture::nothing();
    if !it.try_git(&["init", "--quiet", "--initial-branch=main", "--object-format=sha256"]).status.success() {
        println!("this git has no SHA-256: skipped");
        return;
    }
    it.change("a", "one");
    it.git(&["tag", "v1.0.0"]);
    it.change("a", "two");
    let head = object(&it, "HEAD");
    damage(&it, "HEAD:a");
    without_a_diff(&it.report(), "git fsck");
    std::fs::remove_file(head).unwrap();
    let failure = it.try_report(&Settings::default()).unwrap_err();
    assert!(failure.what.contains("missing"), "a missing commit is not an unborn branch: {}", failure.what);
}

#[test]
fn a_repository_that_is_taken_away_under_an_open_reader() {
    let it = Fixture::hotfix();
    it.change("a", "one");
    let mut reader = Reader::open(&it.root, Settings::default()).unwrap();
    assert!(reader.report().is_ok());
    std::fs::remove_dir_all(it.path(".git")).unwrap();
    let trouble = reader.report().unwrap_err();
    assert!(trouble.what.contains("is gone"), "{}", trouble.what);
    assert!(read(&it.root, &Settings::default()).unwrap_err().what.contains("no git repository"));
}

/// What is told belongs to one tip, whichever it was.
#[test]
fn a_branch_that_moves_during_the_reads() {
    let it = Fixture::hotfix();
    let tips: Vec<String> = (1..=4)
        .map(|n| {
            it.write("src/a.rs", lines(n * 10));
            it.commit("More")
        })
        .collect();
    let branch = it.path(".git/refs/heads/hotfix/cart");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for tip in tips.iter().cycle() {
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    return;
                }
                let aside = branch.with_extension("new");
                std::fs::write(&aside, format!("{tip}\n")).unwrap();
                std::fs::rename(&aside, &branch).unwrap();
            }
        });
        let reports: Vec<Report> = (0..8).map(|_| it.report()).collect();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        for report in reports {
            let tip = report.head.oid.unwrap();
            let place = tips.iter().position(|it| *it == tip.as_str()).unwrap() as u64 + 1;
            assert_eq!((report.commits_total, report.size.unwrap().insertions), (Some(place), place * 10));
            assert_eq!(report.commits[0].oid, tip);
        }
    });
}

#[test]
fn a_lock_that_somebody_left_is_told_and_in_nobody_s_way() {
    let it = Fixture::hotfix();
    it.change("a", "one");
    it.write(".git/index.lock", "");
    let report = it.report();
    assert_eq!((state(&report, "G01"), report.size.unwrap().files), (FactState::Warn, 1));
    assert!(report.fact("G01").unwrap().why.contains("index.lock"));
    assert!(read_worktree(&it.root).unwrap().value.is_clean());
}

#[test]
fn every_operation_has_its_name() {
    let it = Fixture::hotfix();
    it.write("src/cart.rs", "ours\n");
    it.commit("ours");
    it.git(&["checkout", "--quiet", "main"]);
    it.write("src/cart.rs", "theirs\n");
    it.commit("theirs");
    let operation = || it.report().repository.operation;
    for (begin, name, end) in [
        (vec!["cherry-pick", "hotfix/cart"], "cherry-pick", vec!["cherry-pick", "--abort"]),
        (vec!["revert", "--no-edit", "hotfix/cart"], "revert", vec!["revert", "--abort"]),
        (vec!["merge", "hotfix/cart"], "merge", vec!["merge", "--abort"]),
        (vec!["rebase", "hotfix/cart"], "rebase", vec!["rebase", "--abort"]),
        (vec!["bisect", "start"], "bisect", vec!["bisect", "reset"]),
    ] {
        it.try_git(&begin);
        assert_eq!(operation().as_deref(), Some(name));
        assert_eq!(state(&it.report(), "G01"), FactState::Bad);
        it.git(&end);
        assert_eq!(operation(), None);
    }
    let patch = it.git(&["format-patch", "--stdout", "-1", "hotfix/cart"]);
    it.write("../fix.patch", patch + "\n");
    it.try_git(&["am", "../fix.patch"]);
    assert_eq!(operation().as_deref(), Some("am"));
}

/// A cherry-picked fix is told by its patch, also where libgit2 cannot compare trees because it cannot read the index.
#[test]
fn sparse_and_split_indexes_do_not_hide_a_twin() {
    for index in ["--sparse-index", "--no-sparse-index", "split"] {
        let it = Fixture::released();
        it.write("left/out.rs", lines(5));
        it.commit("On main");
        it.git(&["checkout", "--quiet", "-b", "hotfix/x", "v1.0.0"]);
        it.write("src/cart.rs", lines(40).replace("line 7\n", "line seven\n"));
        let fix = it.commit("Fix seven");
        it.git(&["checkout", "--quiet", "main"]);
        it.git(&["cherry-pick", &fix]);
        it.git(&["checkout", "--quiet", "hotfix/x"]);
        match index {
            "split" => it.git(&["update-index", "--split-index"]),
            _ => it.git(&["sparse-checkout", "set", "--cone", index, "src"]),
        };
        let report = it.report_with("git.targets = ['main']");
        assert_eq!(report.back_merge[0].level, Some(Level::Equivalent), "{index}: {}", report.back_merge[0].why);
        assert!(read_worktree(&it.root).unwrap().value.is_clean(), "{index}");
    }
}

#[test]
fn replaced_and_grafted_history_is_read_as_git_reads_it() {
    let it = Fixture::hotfix();
    it.change("a", "one");
    it.change("b", "two");
    let tip = it.change("c", "three");
    it.git(&["replace", "--graft", &tip, "v1.0.0"]);
    let report = it.report();
    assert_eq!(report.commits_total, Some(1));
    assert!(report.repository.backend.contains("replace refs"), "{}", report.repository.backend);
    it.git(&["pack-refs", "--all"]);
    assert_eq!(it.report().commits_total, Some(1), "packed");
    it.git(&["replace", "--delete", &tip]);
    assert_eq!(it.report().commits_total, Some(3));
    it.write(".git/info/grafts", format!("{tip} {}\n", it.id("v1.0.0")));
    let report = it.report();
    assert_eq!((report.commits_total, report.repository.backend.contains("grafts")), (Some(1), true));
}

#[test]
fn a_million_changed_lines_and_a_large_blob_are_measured_within_bounds() {
    let it = Fixture::hotfix();
    it.write("src/big.rs", lines(1_000_000));
    it.git(&["config", "core.bigFileThreshold", "2m"]);
    it.write("image.bin", vec![0u8; 3 * 1024 * 1024]);
    it.commit("Much");
    let report = it.report();
    let blob = report.changes.iter().find(|change| change.path == "image.bin").unwrap();
    assert!(blob.binary && blob.is("opaque"), "{blob:?}");
    it.git(&["config", "--unset", "core.bigFileThreshold"]);
    let report = it.report();
    assert_eq!(report.size.unwrap().insertions, 1_000_000);
    assert!(report.core_lines.is_some_and(|lines| lines >= 1_000_000));
}

#[test]
fn a_hundred_thousand_files() {
    let it = Fixture::empty();
    let mut stream = b"blob\nmark :1\ndata 2\nx\nblob\nmark :2\ndata 2\ny\n".to_vec();
    for (commit, blob, files) in [("one", 1, 100_000), ("two", 2, 50)] {
        stream.extend_from_slice(
            format!("commit refs/heads/main\ncommitter A <a@b> 1700000000 +0000\ndata 3\n{commit}\n").as_bytes(),
        );
        for n in 0..files {
            stream.extend_from_slice(format!("M 644 :{blob} d{}/f{n}\n", n % 500).as_bytes());
        }
    }
    it.write("../stream", stream);
    let input = std::fs::File::open(it.path("../stream")).unwrap();
    let mut import = std::process::Command::new("git");
    let import = import.args(["fast-import", "--quiet"]).current_dir(&it.root).stdin(input).status();
    assert!(import.unwrap().success());
    it.git(&["read-tree", "main"]);
    let report = it.report_with("production.ref = 'HEAD~1'");
    assert_eq!((report.size.unwrap().files, report.core_lines), (50, Some(100)));
    assert_eq!(read_worktree(&it.root).unwrap().value.unstaged, 100_000, "nothing is checked out");
}
