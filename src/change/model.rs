//! The facts about the change as values. Serialised, they are the JSON contract of `hotfix change`.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::contents::Contents;
use super::deployed::Running;
use super::ladder::Rung;
use super::releases::Releases;
use super::risk::Risk;
use crate::config::schema::Limits;
use crate::evidence::{Oid, Subject};

pub use super::state::{Observation, State};

/// Commits of P..H that are listed; [`Report::commits_total`] counts them all.
pub const COMMITS_LISTED: usize = 1000;

/// Everything about P..H that depends on the two commits and the refs alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// What runs in production.
    pub production: Production,
    /// What the canary itself says that it runs; `None` when it was not asked, or did not answer.
    pub canary: Option<Running>,
    /// What is to be shipped.
    pub head: Head,
    /// Where the two parted; `None` when they share no history, or a shallow clone hides it.
    pub merge_base: Option<Oid>,
    /// Renames counted as git's `--find-renames` counts them; `None` without a merge base.
    #[serde(flatten, serialize_with = "size_or_nulls")]
    pub size: Option<Size>,
    /// The same without rename detection.
    pub without_renames: Option<Size>,
    /// Changed lines less lockfiles, changelogs, version bumps, docs, generated and vendored files,
    /// whitespace and tests.
    pub core_lines: Option<u64>,
    /// Files that count as core, such as have a core line.
    pub core_files: Option<u64>,
    /// The diff was too large to look at every line: `core_lines` and `test_lines` are upper bounds.
    pub core_is_estimate: bool,
    /// What counts as small; `None` when nobody said.
    pub limits: Option<Limits>,
    /// Changed lines in tests.
    pub test_lines: Option<u64>,
    /// The commits of P..H, newest first, [`COMMITS_LISTED`] at most.
    pub commits: Vec<Commit>,
    /// Everybody who wrote or committed any of it, co-authors included, as the commits and as `.mailmap` name them:
    /// `Ana Lima <ana@example.org>`. `None` when that is not known of every commit.
    pub people: Option<Vec<String>>,
    /// All commits of P..H; `None` when P or H is unknown.
    pub commits_total: Option<u64>,
    /// The changed files, by path.
    pub changes: Vec<FileChange>,
    /// Commits that H has and its upstream has not.
    pub ahead: Option<u64>,
    /// Commits that the upstream has and H has not.
    pub behind: Option<u64>,
    /// The upstream that `ahead` and `behind` compare with.
    pub upstream: Option<String>,
    /// Its commit, as it was last fetched.
    pub upstream_oid: Option<Oid>,
    /// What kind of repository this is.
    pub repository: Repository,
    /// What could not be read, in sentences with what helps: all that rests on it is unknown.
    pub unknown: Vec<String>,
    /// Facts G01 to G30, as far as they are known.
    pub facts: Vec<Fact>,
    /// Diff risk v1; `None` when the diff is unknown.
    pub risk: Option<Risk>,
    /// Its place among the repository's own patch releases; `None` while that is worked out, and where there are too few.
    pub releases: Option<Releases>,
    /// Where the fix must still be merged, a rung for each target.
    pub back_merge: Vec<Rung>,
    /// What going back from production to the version before it would undo.
    pub rollback: Option<Contents>,
}

/// What kind of repository it is, and who reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Repository {
    /// Who reads its history: `libgit2`, or `git` where libgit2 cannot, with the reason.
    pub backend: String,
    /// History ends before its beginning.
    pub shallow: bool,
    /// Objects may be missing that only a remote has.
    pub partial: bool,
    /// It has no work tree.
    pub bare: bool,
    /// HEAD is a commit, no branch.
    pub detached: bool,
    /// HEAD is a branch without a commit.
    pub unborn: bool,
    /// A linked work tree of another repository.
    pub linked: bool,
    /// A merge, rebase, cherry-pick, revert, bisect or am is under way.
    pub operation: Option<String>,
}

/// What runs in production.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Production {
    /// The tag, branch or revision.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Its commit.
    pub oid: Option<Oid>,
    /// How it was found, or why it was not.
    pub how: String,
    /// What production itself says; `None` when it was not asked, or did not answer.
    pub deployed: Option<Running>,
}

/// What is to be shipped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The branch; `None` when HEAD is detached.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The commit; `None` on an unborn branch.
    pub oid: Option<Oid>,
    /// Its tree.
    pub tree: Option<Oid>,
}

/// What `git diff --shortstat` counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Changed files.
    pub files: u64,
    /// Added lines.
    pub insertions: u64,
    /// Removed lines.
    pub deletions: u64,
}

/// A commit of P..H.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// Its id.
    pub oid: Oid,
    /// Its first line, clean.
    pub summary: String,
    /// Who wrote it: name and address, clean.
    pub author: String,
    /// When it was written.
    pub time: Timestamp,
    /// Whether it belongs to somebody else's work.
    pub foreign: bool,
    /// Whether it is a merge.
    pub merge: bool,
}

/// A changed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileChange {
    /// Its path, clean.
    pub path: String,
    /// Where it was before a rename or copy.
    pub old_path: Option<String>,
    /// What happened to it.
    pub status: FileStatus,
    /// Added lines.
    pub insertions: u64,
    /// Removed lines.
    pub deletions: u64,
    /// Whether git takes it for binary.
    pub binary: bool,
    /// Whether it counts as core: it has core lines, or a binary, mode or link change of a core file.
    pub core: bool,
    /// Changed lines that count: core lines, or test lines when the file is a test.
    pub counted_lines: u64,
    /// Classes such as `test`, `lockfile`, `docs`, `migration`.
    pub classes: Vec<String>,
}

impl FileChange {
    /// Whether the path is of a class.
    pub fn is(&self, class: &str) -> bool {
        self.classes.iter().any(|it| it == class)
    }
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FileStatus {
    /// It is new.
    Added,
    /// Its content changed.
    Modified,
    /// It is gone.
    Deleted,
    /// It moved.
    Renamed,
    /// It was copied.
    Copied,
    /// It became another kind of thing: a link, a submodule.
    Typechange,
}

/// How the work tree and the index differ from HEAD.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Worktree {
    /// Files with staged changes.
    pub staged: u64,
    /// Tracked files with changes that are not staged.
    pub unstaged: u64,
    /// Files that git does not know.
    pub untracked: u64,
    /// Files with conflicts.
    pub conflicted: u64,
    /// Touched files whose content only a clean filter could compare. It is a program that the repository
    /// names, hence not run: whether they are modified cannot be told.
    pub unverified: u64,
}

impl Worktree {
    /// The sum of two.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }

    /// What is left without a part of it.
    #[must_use]
    pub fn minus(self, part: Self) -> Self {
        self.with(part, u64::saturating_sub)
    }

    fn with(self, other: Self, merge: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            staged: merge(self.staged, other.staged),
            unstaged: merge(self.unstaged, other.unstaged),
            untracked: merge(self.untracked, other.untracked),
            conflicted: merge(self.conflicted, other.conflicted),
            unverified: merge(self.unverified, other.unverified),
        }
    }

    /// Whether it is known that there is nothing that a commit or a checkout would touch.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

/// A fact of reference numbers G01 to G30.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// `G08`
    pub id: &'static str,
    /// One word.
    pub name: &'static str,
    /// What it means for the hotfix.
    pub state: FactState,
    /// The value, for the screen.
    pub value: String,
    /// One sentence.
    pub why: String,
}

/// What a fact means for the hotfix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FactState {
    /// Nothing to do.
    Ok,
    /// Look at it.
    Warn,
    /// Do not ship like this.
    Bad,
    /// Cannot be told; never ok.
    Unknown,
}

impl FactState {
    /// One word.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }
}

impl Report {
    /// The hotfix tip, for evidence of the other rooms to be compared with.
    pub fn subject(&self) -> Subject {
        Subject { commit: self.head.oid.clone(), tree: self.head.tree.clone() }
    }

    /// A fact by its id.
    pub fn fact(&self, id: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.id == id)
    }
}

fn size_or_nulls<S: Serializer>(size: &Option<Size>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Default, Serialize)]
    struct Unknown {
        files: Option<u64>,
        insertions: Option<u64>,
        deletions: Option<u64>,
    }
    match size {
        Some(size) => size.serialize(serializer),
        None => Unknown::default().serialize(serializer),
    }
}
