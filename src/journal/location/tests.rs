use git2::{Repository, Signature};
use tempfile::TempDir;

use super::*;

fn commit(repository: &Repository, message: &str) {
    let who = Signature::new("ana", "ana@example", &git2::Time::new(1_750_000_000, 0)).unwrap();
    let tree = repository.find_tree(repository.index().unwrap().write_tree().unwrap()).unwrap();
    let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap();
}

fn repository(remote: Option<&str>) -> (TempDir, Repository) {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init(folder.path()).unwrap();
    commit(&repository, "first");
    commit(&repository, "second");
    if let Some(url) = remote {
        repository.remote("origin", url).unwrap();
    }
    (folder, repository)
}

fn identity(folder: &TempDir, state: &Path) -> Identity {
    Identity::of(folder.path(), &StateFolder::at(state)).unwrap()
}

fn name(folder: &TempDir) -> String {
    let state = tempfile::tempdir().unwrap();
    identity(folder, state.path()).folder_name()
}

#[test]
fn the_first_commit_is_remembered_as_long_as_it_is_true() {
    let state = tempfile::tempdir().unwrap();
    let (folder, repository) = repository(None);
    let first = identity(&folder, state.path());
    let remembered: Vec<_> = std::fs::read_dir(state.path().join("first-commits")).unwrap().collect();
    assert_eq!(remembered.len(), 1);
    commit(&repository, "third");
    assert_eq!(identity(&folder, state.path()), first);
    // Another repository in the same place.
    std::fs::remove_dir_all(folder.path().join(".git")).unwrap();
    let repository = Repository::init(folder.path()).unwrap();
    commit(&repository, "another first");
    let head = repository.head().unwrap().target().unwrap().to_string();
    assert_ne!(identity(&folder, state.path()), first);
    // What was written by nobody of ours is looked at twice.
    let file = remembered.into_iter().next().unwrap().unwrap().path();
    for text in ["", "nonsense", &head.replace('a', "b")] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(identity(&folder, state.path()).first_commit.unwrap().as_str(), head, "{text}");
    }
}

#[test]
fn a_fresh_clone_by_another_protocol_finds_the_same_journal() {
    let (one, _) = repository(Some("git@github.com:acme/Checkout.git"));
    let (two, repository) = repository(Some("https://ana:t0ken@github.com/acme/Checkout"));
    assert_eq!(name(&one), name(&two));
    assert!(name(&one).starts_with("checkout-"), "{}", name(&one));
    commit(&repository, "the fix");
    assert_eq!(name(&one), name(&two), "a commit changes nothing");
    assert!(!format!("{:?}", identity(&two, two.path())).contains("t0ken"));
}

#[test]
fn a_fork_and_a_repository_without_remote_have_their_own() {
    let (ours, _) = repository(Some("git@github.com:acme/checkout.git"));
    let (fork, _) = repository(Some("git@github.com:eve/checkout.git"));
    let (local, _) = repository(None);
    assert_ne!(name(&ours), name(&fork));
    assert_ne!(name(&ours), name(&local));
}

#[test]
fn repositories_without_commit_and_remote_are_told_apart_by_their_place() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Repository::init(one.path()).unwrap();
    Repository::init(two.path()).unwrap();
    assert_ne!(name(&one), name(&two));
}

#[test]
fn the_same_place_is_written_in_many_ways() {
    for url in
        ["git@h.example:a/b.git", "ssh://git@h.example/a/b", "https://H.example/a/b.git", "https://u:p@h.example/a/b/"]
    {
        assert_eq!(normal(url), "h.example/a/b", "{url}");
    }
    assert_eq!(normal("/srv/git/shop.git"), "/srv/git/shop");
    assert_eq!(normal("file:///srv/git/shop.git"), "/srv/git/shop");
    assert_eq!(normal("ssh://git@h.example:2222/a/b"), "h.example:2222/a/b");
}

#[test]
fn a_state_folder_in_the_work_tree_is_refused() {
    let (folder, _) = repository(None);
    let identity = identity(&folder, folder.path());
    let error = StateFolder::at(folder.path().join("not/yet/there")).journal(&identity).unwrap_err();
    assert!(error.what.contains("is inside the work tree"), "{error}");
    assert!(!folder.path().join("first-commits").exists(), "nor is anything else written there");
    let outside = tempfile::tempdir().unwrap();
    assert!(StateFolder::at(outside.path()).journal(&identity).unwrap().starts_with(outside.path()));
}
