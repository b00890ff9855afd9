//! The facts about the change as values. Serialised, they are the JSON contract of `hotfix change`.

use jiff::Timestamp;
use serde::Serialize;

use crate::evidence::Oid;

/// Everything about P..H that depends on the two commits and the refs alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What runs in production.
    pub production: Production,
    /// What is to be shipped.
    pub head: Head,
    /// Where the two parted; `None` when they share no history, or a shallow clone hides it.
    pub merge_base: Option<Oid>,
    /// Renames counted as git's `--find-renames` counts them.
    #[serde(flatten)]
    pub size: Size,
    /// The same without rename detection.
    pub without_renames: Size,
    /// Changed lines less lockfiles, changelogs, version bumps, docs, generated and vendored files.
    pub core_lines: Option<u64>,
    /// Files with at least one core line.
    pub core_files: Option<u64>,
    /// Changed lines in tests.
    pub test_lines: Option<u64>,
    /// The commits of P..H, newest first.
    pub commits: Vec<Commit>,
    /// The changed files, by path.
    pub changes: Vec<FileChange>,
    /// Commits that H has and its upstream has not.
    pub ahead: Option<u64>,
    /// Commits that the upstream has and H has not.
    pub behind: Option<u64>,
    /// Facts G01 to G30, as far as they are known.
    pub facts: Vec<Fact>,
}

/// What runs in production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Production {
    /// The tag, branch or revision.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Its commit.
    pub oid: Option<Oid>,
    /// How it was found, or why it was not.
    pub how: String,
}

/// What is to be shipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    /// Whether its lines count as core lines.
    pub core: bool,
    /// Classes such as `test`, `lockfile`, `docs`, `migration`.
    pub classes: Vec<String>,
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
}

impl Worktree {
    /// Whether there is anything that a commit or a checkout would touch.
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

impl Report {
    /// A fact by its id.
    pub fn fact(&self, id: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.id == id)
    }
}
