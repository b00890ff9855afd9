//! What the repository knows of the commits that reports name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use git2::Repository;
use jiff::Timestamp;

use crate::evidence::{Oid, Subject};
use crate::test_results::model::{Branch, Run};

/// What is known of a commit.
#[derive(Debug, Clone, Default)]
struct Facts {
    tree: Option<Oid>,
    committed_at: Option<Timestamp>,
    behind: Option<u64>,
}

/// The repository around the reports, if there is one.
pub struct Lineage {
    root: PathBuf,
    repository: Option<Repository>,
    head: Option<Subject>,
    facts: HashMap<Oid, Facts>,
}

impl std::fmt::Debug for Lineage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lineage").field("root", &self.root).field("head", &self.head).finish_non_exhaustive()
    }
}

impl Lineage {
    /// The repository is not opened before it is needed.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), repository: None, head: None, facts: HashMap::new() }
    }

    /// HEAD may have moved. What was known of other commits holds as long as it did not.
    pub fn refresh(&mut self, head: Option<&Subject>) {
        if self.repository.is_none() {
            self.repository = Repository::discover(&self.root).ok();
        }
        let head = head.cloned().or_else(|| self.present_head());
        if head != self.head {
            self.facts.clear();
            self.head = head;
        }
    }

    /// The commit to be shipped.
    pub fn head(&self) -> Option<&Subject> {
        self.head.as_ref()
    }

    /// The branch that is checked out, if one is.
    pub fn branch_name(&self) -> Option<String> {
        let head = self.repository.as_ref()?.head().ok()?;
        if head.is_branch() { head.shorthand().ok().map(str::to_owned) } else { None }
    }

    /// When a commit was made.
    pub fn committed_at(&self, oid: &Oid) -> Option<Timestamp> {
        self.look_up(oid)?.committed_at
    }

    fn present_head(&self) -> Option<Subject> {
        let commit = self.repository.as_ref()?.head().ok()?.peel_to_commit().ok()?;
        Some(Subject { commit: Oid::parse(&commit.id().to_string()), tree: Oid::parse(&commit.tree_id().to_string()) })
    }

    /// How HEAD stands beside its branch on the remote; `None` where there is no repository, or one without a remote.
    pub fn branch(&self) -> Option<Branch> {
        let repository = self.repository.as_ref()?;
        let has_remote = repository.remotes().is_ok_and(|remotes| !remotes.is_empty());
        if !has_remote {
            return None;
        }
        Some(tracked(repository).unwrap_or_default())
    }

    /// Adds to a run what is known of its commit.
    pub fn trace(&mut self, run: &mut Run) {
        let Some(oid) = run.subject.clone() else { return };
        if !self.facts.contains_key(&oid) {
            let facts = self.look_up(&oid).unwrap_or_default();
            self.facts.insert(oid.clone(), facts);
        }
        let Some(facts) = self.facts.get(&oid) else { return };
        run.tree.clone_from(&facts.tree);
        run.committed_at = facts.committed_at;
        run.behind = facts.behind;
    }

    fn look_up(&self, oid: &Oid) -> Option<Facts> {
        let repository = self.repository.as_ref()?;
        let id = git2::Oid::from_str(oid.as_str()).ok()?;
        let commit = repository.find_commit(id).ok()?;
        let head = self.head.as_ref().and_then(|head| git2::Oid::from_str(head.commit.as_ref()?.as_str()).ok());
        let behind = head.filter(|head| *head != id).and_then(|head| repository.graph_ahead_behind(head, id).ok());
        Some(Facts {
            tree: Oid::parse(&commit.tree_id().to_string()),
            committed_at: Timestamp::from_second(commit.time().seconds()).ok(),
            behind: behind.filter(|(_, other)| *other == 0).map(|(ahead, _)| ahead as u64),
        })
    }
}

/// The upstream of the branch that is checked out. Of one without an upstream, any remote branch that is exactly there.
fn tracked(repository: &Repository) -> Option<Branch> {
    let head = repository.head().ok()?;
    let tip = head.peel_to_commit().ok()?.id();
    let named = head.name().ok().and_then(|name| repository.branch_upstream_name(name).ok());
    let named = named.and_then(|name| name.as_str().ok().map(str::to_owned));
    let exact = || {
        let remotes = repository.branches(Some(git2::BranchType::Remote)).ok()?;
        let references = remotes.filter_map(|branch| Some(branch.ok()?.0.into_reference()));
        references.filter(|it| it.target() == Some(tip)).find_map(|it| it.name().ok().map(str::to_owned))
    };
    let name = named.or_else(exact)?;
    let there = repository.find_reference(&name).ok().and_then(|reference| reference.target());
    let apart = there.and_then(|there| repository.graph_ahead_behind(tip, there).ok());
    let shown = name.strip_prefix("refs/remotes/").unwrap_or(&name);
    Some(Branch {
        upstream: Some(crate::evidence::text::clean(shown)),
        ahead: apart.map(|(ahead, _)| ahead as u64),
        behind: apart.map(|(_, behind)| behind as u64),
    })
}
