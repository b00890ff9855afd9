//! A commit that takes others back, pushed to a real remote.

use git2::{IndexEntry, IndexTime, Repository, Signature, Time};

use super::*;
use crate::config::schema::{Engine, GitRevert, Rollback};
use crate::evidence::Oid;
use crate::rollback::executor::look::Seen;
use crate::rollback::executor::revert::{look, prepare};
use crate::rollback::model::{StepAction, Version};
use crate::rollback::plan::{Contents, build};

/// A clone whose `main` is at its remote: a good version, and a bad one that changes `app`.
struct Service {
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
        let service = Self { bench, good, bad };
        service.push(bad);
        service
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
        let git = GitRevert { branch: "main".into(), remote: "origin".into() };
        let revert = prepare(self.bench.folder.path(), &git, &self.contents()).await?;
        let answers = [serde_json::to_value(revert).unwrap()];
        let way = Rollback { engine: Engine::GitRevert, git: Some(git), ..Rollback::default() };
        build(&way, self.contents(), &answers).map_err(|error| error.to_string())
    }

    fn at_remote(&self, path: &str) -> String {
        let remote = Repository::open_bare(self.bench.folder.path().join("remote")).unwrap();
        let tree = remote.find_reference("refs/heads/main").unwrap().peel_to_tree().unwrap();
        let blob = tree.get_name(path).unwrap().to_object(&remote).unwrap();
        String::from_utf8(blob.as_blob().unwrap().content().to_vec()).unwrap()
    }
}

fn revert(plan: &Plan) -> crate::rollback::model::Revert {
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
