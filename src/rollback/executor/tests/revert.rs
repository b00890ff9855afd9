//! A commit that takes others back, pushed to a real remote.

use git2::{IndexEntry, IndexTime, Repository, Signature, Time};

use super::daemon::Daemon;
use super::*;
use crate::config::schema::{Engine, GitRevert, PullRequest, Rollback};
use crate::evidence::Oid;
use crate::rollback::choice::Held;
use crate::rollback::executor::look::Seen;
use crate::rollback::executor::revert::{look, may_push};
use crate::rollback::executor::survey::plan_of as plan_of_way;
use crate::rollback::model::{Revert, StepAction, Version};
use crate::rollback::plan::Contents;

/// A clone whose `main` is at its remote: a good version, and a bad one that changes `app`.
struct Service {
    daemon: Option<Daemon>,
    bench: Bench,
    good: git2::Oid,
    bad: git2::Oid,
}

fn entry(path: &str, id: git2::Oid) -> IndexEntry {
    let time = IndexTime::new(0, 0);
    let (dev, ino, mode, uid, gid, file_size, flags, flags_extended) = (0, 0, 0o100_644, 0, 0, 0, 0, 0);
    let path = path.into();
    IndexEntry { ctime: time, mtime: time, dev, ino, mode, uid, gid, file_size, id, flags, flags_extended, path }
}

fn commit(repository: &Repository, parent: Option<git2::Oid>, files: &[(&str, &str)]) -> git2::Oid {
    let parent = parent.map(|id| repository.find_commit(id).unwrap());
    let mut index = git2::Index::new().unwrap();
    if let Some(parent) = &parent {
        index.read_tree(&parent.tree().unwrap()).unwrap();
    }
    for (path, text) in files {
        index.add(&entry(path, repository.blob(text.as_bytes()).unwrap())).unwrap();
    }
    let tree = repository.find_tree(index.write_tree_to(repository).unwrap()).unwrap();
    let who = Signature::new("ana", "ana@git.example", &Time::new(1_750_000_000, 0)).unwrap();
    repository.commit(None, &who, &who, "a change", &tree, &parent.iter().collect::<Vec<_>>()).unwrap()
}

impl Service {
    fn new() -> Self {
        let bench = Bench::new();
        let clone = Repository::init(bench.folder.path()).unwrap();
        let url = bench.folder.path().join("remote");
        Repository::init_bare(&url).unwrap();
        clone.remote("origin", &url.display().to_string()).unwrap();
        let good = commit(&clone, None, &[("app", "one\ntwo\nthree\n"), ("other", "old\n")]);
        let bad = commit(&clone, Some(good), &[("app", "one\nBAD\nthree\n")]);
        let service = Self { daemon: None, bench, good, bad };
        service.push(bad);
        service
    }

    /// The same behind `git daemon`, with a hook that lets nobody push to `main`.
    fn protected() -> Option<Self> {
        let mut service = Self::new();
        let hook = service.bench.folder.path().join("remote/hooks/update");
        let refuses = "#!/bin/sh\n[ \"$1\" = refs/heads/main ] || exit 0\n\
            echo 'error: GH006: Protected branch update failed for refs/heads/main.' >&2\nexit 1\n";
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::write(&hook, refuses).unwrap();
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let daemon = Daemon::start(service.bench.folder.path())?;
        service.clone().remote_set_url("origin", &daemon.url("remote")).unwrap();
        service.daemon = Some(daemon);
        Some(service)
    }

    fn clone(&self) -> Repository {
        Repository::open(self.bench.folder.path()).unwrap()
    }

    fn push(&self, commit: git2::Oid) {
        let clone = self.clone();
        clone.reference("refs/heads/main", commit, true, "").unwrap();
        clone.find_remote("origin").unwrap().push(&["+refs/heads/main:refs/heads/main"], None).unwrap();
    }

    fn contents(&self) -> Contents {
        let version = |name: &str, id: git2::Oid| Version { reference: name.into(), oid: Oid::parse(&id.to_string()) };
        let (from, to) = (version("v2", self.bad), version("v1", self.good));
        Contents { from, to, ..crate::rollback::fixtures::contents() }
    }

    async fn plan(&self) -> Result<Plan, String> {
        self.plan_with(None).await
    }

    async fn plan_with(&self, pull_request: Option<PullRequest>) -> Result<Plan, String> {
        let git = GitRevert { branch: "main".into(), remote: "origin".into(), pull_request };
        let way = Rollback { engine: Engine::GitRevert, git: Some(git), ..Rollback::default() };
        let eyes = self.bench.executor().eyes();
        let planned = plan_of_way(Some(&eyes), self.bench.folder.path(), &way, &self.contents()).await;
        planned.map(|(plan, _)| plan)
    }

    /// Where a branch of the remote stands.
    fn tip(&self, branch: &str) -> Option<git2::Oid> {
        let remote = Repository::open_bare(self.bench.folder.path().join("remote")).unwrap();
        remote.refname_to_id(&format!("refs/heads/{branch}")).ok()
    }

    fn at_remote(&self, path: &str) -> String {
        let remote = Repository::open_bare(self.bench.folder.path().join("remote")).unwrap();
        let tree = remote.find_reference("refs/heads/main").unwrap().peel_to_tree().unwrap();
        let blob = tree.get_name(path).unwrap().to_object(&remote).unwrap();
        String::from_utf8(blob.as_blob().unwrap().content().to_vec()).unwrap()
    }
}

fn revert(plan: &Plan) -> Revert {
    let StepAction::GitRevertPush(revert) = &plan.steps[0].action else { panic!("{plan:?}") };
    revert.clone()
}

#[tokio::test]
async fn the_bad_change_is_taken_back_and_what_came_after_it_stays() {
    let service = Service::new();
    let later = commit(&service.clone(), Some(service.bad), &[("other", "new\n")]);
    service.push(later);
    let plan = service.plan().await.unwrap();
    assert_eq!(plan.hash(), service.plan().await.unwrap().hash(), "the same commit whenever it is made");
    assert!(!plan.stays().iter().any(|it| it.starts_with("git:")));
    assert_eq!(service.bench.run(plan.clone()).await, RollbackEnd::Verified);
    assert_eq!(
        (service.at_remote("app").as_str(), service.at_remote("other").as_str()),
        ("one\ntwo\nthree\n", "new\n")
    );
    assert!(matches!(look(service.bench.folder.path(), &revert(&plan)).await, Seen::Holds(_)));
    assert_eq!(service.bench.run(plan).await, RollbackEnd::Verified, "to push it twice is to push it once");
    let refused = service.plan().await.unwrap_err();
    assert!(refused.contains("commits that are not here: git fetch"), "{refused}");
}

#[tokio::test]
async fn a_merge_is_taken_back_like_any_other_commit() {
    let mut service = Service::new();
    let clone = service.clone();
    let side = commit(&clone, Some(service.good), &[("other", "from a branch\n")]);
    let parents = [service.bad, side].map(|id| clone.find_commit(id).unwrap());
    let mut index = clone.merge_commits(&parents[0], &parents[1], None).unwrap();
    let tree = clone.find_tree(index.write_tree_to(&clone).unwrap()).unwrap();
    let who = Signature::new("ana", "ana@git.example", &Time::new(1_750_000_000, 0)).unwrap();
    let merge = clone.commit(None, &who, &who, "merge", &tree, &parents.iter().collect::<Vec<_>>()).unwrap();
    service.push(merge);
    service.bad = merge;
    let plan = service.plan().await.unwrap();
    assert_eq!(service.bench.run(plan).await, RollbackEnd::Verified);
    let both = (service.at_remote("app"), service.at_remote("other"));
    assert_eq!(both, ("one\ntwo\nthree\n".into(), "old\n".into()), "both sides of it are gone");
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_known_before_the_key() {
    let service = Service::new();
    let same_line = commit(&service.clone(), Some(service.bad), &[("app", "one\nBETTER\nthree\n")]);
    service.push(same_line);
    assert!(service.plan().await.unwrap_err().contains("conflicts with what came after it, in app"));
    service.push(service.good);
    assert!(service.plan().await.unwrap_err().contains("does not hold what runs"));
}

#[tokio::test]
async fn a_branch_that_somebody_moved_meanwhile_is_left_alone() {
    let service = Service::new();
    let plan = service.plan().await.unwrap();
    service.push(commit(&service.clone(), Some(service.bad), &[("other", "new\n")]));
    assert_eq!(service.bench.run(plan.clone()).await, RollbackEnd::Failed);
    assert!(service.bench.end_words().contains("somebody moved main meanwhile"), "{}", service.bench.end_words());
    assert!(matches!(look(service.bench.folder.path(), &revert(&plan)).await, Seen::Cannot(_)));
    assert_eq!(service.at_remote("app"), "one\nBAD\nthree\n");
}

#[tokio::test]
async fn a_push_whose_end_nobody_saw_is_looked_up_and_not_repeated() {
    let service = Service::new();
    let plan = service.plan().await.unwrap();
    assert_eq!(service.bench.run(plan.clone()).await, RollbackEnd::Verified);
    // The same rollback, as a cockpit finds it that died right after the push.
    let mut execution = service.bench.execution();
    (execution.end, execution.steps[0].state) = (None, Issued);
    let before = service.bench.journal.records().len();
    let order = Order { resumed: Some(execution), ..Order::from(plan) };
    assert_eq!(service.bench.run(order).await, RollbackEnd::Verified);
    let after = kinds(&service.bench.journal.records()[before..]);
    assert!(!after.iter().any(|kind| kind == "0 Intent"), "{after:?}");
}

#[tokio::test]
async fn a_rehearsal_makes_the_commit_and_asks_the_remote_and_pushes_nothing() {
    let service = Service::new();
    let plan = service.plan().await.unwrap();
    let rehearsed = service.bench.executor().rehearse(&plan, &service.bench.tell()).await;
    assert!(rehearsed.passed, "{rehearsed:?}");
    assert!(rehearsed.lines[0].1.contains("can be made, and main would take it"), "{rehearsed:?}");
    assert_eq!(service.tip("main"), Some(service.bad), "nothing was pushed");
    let recorded = kinds(&service.bench.journal.records());
    assert_eq!(recorded, ["rollback_rehearsed"], "it is evidence for the checklist");
    service.push(commit(&service.clone(), Some(service.bad), &[("other", "new\n")]));
    let rehearsed = service.bench.executor().rehearse(&plan, &service.bench.tell()).await;
    assert!(!rehearsed.passed && rehearsed.lines[0].1.contains("somebody moved main meanwhile"), "{rehearsed:?}");
}

#[tokio::test]
async fn a_protected_branch_refuses_a_push_and_the_way_out_is_told() {
    let Some(service) = Service::protected() else { return };
    let plan = service.plan().await.unwrap();
    assert_eq!(service.bench.run(plan).await, RollbackEnd::Failed);
    let words = service.bench.end_words();
    assert!(words.contains("hook declined") && words.contains("[rollback.git.pull_request]"), "{words}");
    assert_eq!(service.tip("main"), Some(service.bad));
}

/// A forge where the pull request is merged as soon as it was looked at once.
async fn forge() -> Server {
    let looks = std::sync::atomic::AtomicUsize::new(0);
    let opened = std::sync::atomic::AtomicBool::new(false);
    Server::start(move |asked| {
        use std::sync::atomic::Ordering::SeqCst;
        match asked.line.split(' ').collect::<Vec<_>>()[..2] {
            ["POST", _] => {
                opened.store(true, SeqCst);
                (201, r#"{"html_url": "https://forge.example/pull/7"}"#)
            }
            [_, path] if path.contains("/rules/") => (200, r#"[{"type": "pull_request"}]"#),
            [_, path] if path.contains("/branches/") => (200, r#"{"protected": false}"#),
            _ if !opened.load(SeqCst) => (200, "[]"),
            _ if looks.fetch_add(1, SeqCst) == 0 => (200, PULL),
            _ => (200, MERGED),
        }
    })
    .await
}

const PULL: &str = r#"[{"head": {"ref": "BRANCH"}, "base": {"ref": "main"}, "merged_at": null}]"#;
const MERGED: &str = r#"[{"head": {"ref": "BRANCH"}, "base": {"ref": "main"}, "merged_at": "2026-01-01T00:00:00Z"}]"#;

#[tokio::test]
async fn where_the_branch_is_protected_a_pull_request_is_opened_and_its_merge_awaited() {
    let Some(service) = Service::protected() else { return };
    let forge = forge().await;
    let pull_request = PullRequest {
        github: Some("shop/checkout".into()),
        api: Some(forge.url("")),
        timeout: Duration::from_secs(30),
        ..PullRequest::default()
    };
    let mut plan = service.plan_with(Some(pull_request)).await.unwrap();
    let branch = revert(&plan).review.expect("the forge says that it is protected");
    // The forge of the test names no branch: it does not know it before the plan.
    plan.steps[1].verify.as_mut().unwrap().equals = Some("BRANCH".into());
    assert_eq!(service.bench.run(plan.clone()).await, RollbackEnd::Verified, "{}", service.bench.end_words());
    assert_eq!(service.tip("main"), Some(service.bad), "main waits for its review");
    assert_eq!(service.tip(&branch).unwrap().to_string(), revert(&plan).commit.to_string());
    let told = service.bench.execution();
    let recorded = format!("{:?} {:?}", told, service.bench.journal.records());
    assert!(recorded.contains("https://forge.example/pull/7"), "whoever merges it needs its address");
    let opened: Vec<_> = forge.requests().into_iter().filter(|asked| asked.line.starts_with("POST")).collect();
    assert_eq!(opened.len(), 1);
    assert!(opened[0].body.contains(&branch), "{}", opened[0].body);
    assert_eq!(service.bench.run(plan).await, RollbackEnd::Verified, "to push it twice is to push it once");
}

#[tokio::test]
async fn who_may_not_push_is_told_before_the_key_and_nothing_is_sent() {
    let service = Service::new();
    let revert = revert(&service.plan().await.unwrap());
    let root = service.bench.folder.path();
    assert!(matches!(may_push(root, &revert).await, Held::Yes(_)));
    assert_eq!(service.tip("main"), Some(service.bad), "nothing was pushed");
    let Some(server) = Daemon::read_only(root) else { return };
    let read_only = Revert { url: server.url("remote"), ..revert.clone() };
    let held = may_push(root, &read_only).await;
    assert!(matches!(&held, Held::No(why) if why.contains("not enabled")), "{held:?}");
    let gone = Revert { url: root.join("nothing").display().to_string(), ..revert };
    assert!(matches!(may_push(root, &gone).await, Held::Unknown(_)));
}
