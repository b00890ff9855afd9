use std::collections::BTreeSet;

use super::super::fixture::Fixture;
use super::super::read_worktree;
use super::{entries, read};
use crate::change::model::Worktree;

fn counts(it: &Fixture) -> Worktree {
    read_worktree(&it.root).unwrap().value
}

#[test]
fn counts_what_git_status_tells() {
    let it = Fixture::hotfix();
    for name in ["a", "b", "c", "d"] {
        it.write(name, format!("{name}\n"));
    }
    it.commit("Files");
    assert!(counts(&it).is_clean());
    it.write("a", "edited\n");
    it.write("b", "staged\n");
    it.git(&["add", "b"]);
    it.write("b", "staged and edited\n");
    it.git(&["mv", "c", "moved\tc"]);
    it.git(&["rm", "--quiet", "d"]);
    it.write("new/one", "");
    it.write("new/two", "");
    it.write("another", "");
    let expected = Worktree { staged: 3, unstaged: 2, untracked: 2, ..Worktree::default() };
    assert_eq!(counts(&it), expected);
}

#[test]
fn reading_changes_nothing_and_ignores_a_lock() {
    let it = Fixture::hotfix();
    it.write("src/cart.rs", super::super::fixture::lines(40));
    let index = std::fs::metadata(it.path(".git/index")).unwrap().modified().unwrap();
    it.write(".git/index.lock", "");
    assert!(counts(&it).is_clean());
    assert_eq!(std::fs::metadata(it.path(".git/index")).unwrap().modified().unwrap(), index);
}

#[test]
fn sparse_and_split_indexes_are_read() {
    let it = Fixture::hotfix();
    it.write("kept/a", "a");
    it.write("left/b", "b");
    it.commit("Two folders");
    it.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "kept"]);
    assert!(counts(&it).is_clean());
    it.git(&["sparse-checkout", "disable"]);
    it.git(&["update-index", "--split-index"]);
    assert!(counts(&it).is_clean());
}

#[test]
fn an_lfs_file_is_compared_by_its_pointer() {
    let it = Fixture::hotfix();
    it.write("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\nsize 5\n");
    it.commit("A pointer");
    it.write(".gitattributes", "*.bin filter=lfs -text\n");
    it.commit("Track it");
    it.git(&["config", "filter.lfs.clean", "false"]);
    it.git(&["config", "filter.lfs.process", "false"]);
    it.write("big.bin", "hello");
    assert!(counts(&it).is_clean(), "{:?}", counts(&it));
    it.write("big.bin", "hallo");
    assert_eq!(counts(&it), Worktree { unstaged: 1, ..Worktree::default() });
}

#[test]
fn what_only_a_filter_could_tell_is_unverified() {
    let it = Fixture::hotfix();
    it.write(".gitattributes", "*.x filter=upper\n");
    it.write("a.x", "A\n");
    it.commit("As the filter would leave it");
    it.git(&["config", "filter.upper.clean", "tr a-z A-Z"]);
    it.write("a.x", "a but longer\n");
    assert_eq!(counts(&it), Worktree { unverified: 1, ..Worktree::default() });
}

#[test]
fn nonsense_is_no_panic() {
    for bytes in [b"1".as_slice(), b"2 R. x", b"1 .M N... 1 2 3 4 5", b"u\0?\0! x\0\0", b"\xff\xfe"] {
        entries(bytes);
    }
}

/// Looking at the touched files alone says what a full look says, or that it cannot tell.
#[test]
fn a_second_look_at_some_files_is_as_good_as_a_full_one() {
    let it = Fixture::hotfix();
    for name in ["a", "b", "src/c", "src/d"] {
        it.write(name, format!("{name}\n"));
    }
    it.commit("Files");
    it.write("new/one", "");
    let repo = super::super::repository::Repo::open(&it.root).unwrap();
    let mut look = read(&repo).unwrap();
    let mut again = |names: &[&str]| {
        let files = names.iter().map(|name| it.path(name)).collect();
        look.again(&files).unwrap().then(|| look.counts())
    };
    it.write("a", "edited\n");
    assert_eq!(again(&["a"]), Some(counts(&it)));
    it.write("src/c", "edited\n");
    std::fs::remove_file(it.path("b")).unwrap();
    assert_eq!(again(&["src/c", "b"]), Some(counts(&it)));
    assert_eq!(counts(&it), Worktree { unstaged: 3, untracked: 1, ..Worktree::default() });
    it.write("a", "a\n");
    it.write("b", "b\n");
    assert_eq!(again(&["a", "b", "src/d"]), Some(counts(&it)));
    it.write("another", "");
    assert_eq!(again(&["another"]), None, "git does not know it");
    assert_eq!(again(&["new/one"]), None, "it is told as its folder");
    assert_eq!(again(&["src"]), None, "a folder");
    assert_eq!(again(&[".gitignore"]), None, "it decides about other files");
    assert!(!look.again(&BTreeSet::from([it.root.with_file_name("elsewhere")])).unwrap(), "in no work tree of ours");
}
