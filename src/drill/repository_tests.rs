use super::*;
use crate::drill::catalogue;
use crate::drill::scenario::Repository;

fn epoch() -> Timestamp {
    Timestamp::from_second(1_740_000_000).unwrap()
}

fn made(scenario: &Scenario) -> (tempfile::TempDir, Made, Git) {
    let folder = tempfile::tempdir().unwrap();
    let made = make(folder.path(), scenario, epoch()).unwrap();
    let git = Git::open(&made.root).unwrap();
    (folder, made, git)
}

fn with(repository: Repository) -> Scenario {
    Scenario { repository, ..catalogue::find("d1").unwrap() }
}

fn commits_since(git: &Git, tag: &str) -> Vec<String> {
    let mut walk = git.revwalk().unwrap();
    walk.push_head().unwrap();
    walk.hide(git.revparse_single(tag).unwrap().peel_to_commit().unwrap().id()).unwrap();
    walk.map(|oid| git.find_commit(oid.unwrap()).unwrap().summary().unwrap().unwrap().to_owned()).collect()
}

#[test]
fn the_hotfix_is_two_small_commits_on_the_tag_of_production() {
    let (_folder, made, git) = made(&with(Repository::default()));
    assert_eq!(git.head().unwrap().shorthand().unwrap(), "hotfix/checkout-502");
    assert_eq!(git.head().unwrap().target().unwrap().to_string(), made.head.as_str());
    assert_eq!(commits_since(&git, "v2.4.1").len(), 2);
    assert_eq!(made.commits["v2.4.2"], made.head);
    assert_eq!(git.revparse_single("v2.4.1^{commit}").unwrap().id().to_string(), made.commits["v2.4.1"].as_str());
    let tags: Vec<String> = git.tag_names(None).unwrap().iter().flatten().flatten().map(str::to_owned).collect();
    assert_eq!(tags, ["v2.4.0", "v2.4.1"]);
}

#[test]
fn the_same_start_gives_the_same_commits() {
    let scenario = with(Repository::default());
    let (first, second) = (made(&scenario), made(&scenario));
    assert_eq!(first.1.commits, second.1.commits);
}

#[test]
fn nothing_is_dirty_and_everything_is_pushed() {
    let scenario = with(Repository::default());
    let (_folder, made, git) = made(&scenario);
    fs::write(made.root.join("hotfix.toml"), "version = 1").unwrap();
    fs::write(made.root.join(REPORT), "<testsuites/>").unwrap();
    let mut options = git2::StatusOptions::new();
    assert_eq!(git.statuses(Some(options.include_untracked(true))).unwrap().len(), 0);
    let head = git.head().unwrap().peel_to_commit().unwrap().id();
    let upstream = git.find_branch(&made.branch, BranchType::Local).unwrap().upstream().unwrap();
    assert_eq!(upstream.get().target(), Some(head));
}

#[test]
fn foreign_commits_come_by_a_merge() {
    let (_folder, _made, git) = made(&with(Repository { foreign_commits: 3, back_merge_conflict: false }));
    let commits = commits_since(&git, "v2.4.1");
    assert_eq!(commits.len(), 7, "{commits:?}");
    assert!(commits.iter().any(|it| it.starts_with("Merge main")));
}

#[test]
fn a_back_merge_can_be_made_to_conflict() {
    let conflicts = |back_merge_conflict| {
        let (_folder, _made, git) = made(&with(Repository { foreign_commits: 0, back_merge_conflict }));
        let ours = git.head().unwrap().peel_to_commit().unwrap();
        let main = git.find_branch("main", BranchType::Local).unwrap().get().peel_to_commit().unwrap();
        git.merge_commits(&main, &ours, None).unwrap().has_conflicts()
    };
    assert!(!conflicts(false));
    assert!(conflicts(true));
}
