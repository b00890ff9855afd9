//! Work trees: which branch is checked out where, whether it is clean, and how one is made, moved on or taken away.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::change::source::command::{Ended, Git};
use crate::change::source::repository::{Place, Repo};
use crate::change::source::trouble::{Trouble, shown};
use crate::change::source::worktree;
use crate::evidence::{Oid, text};
use crate::incident::Manner;

/// How long writing a work tree may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long a git that holds the index is waited for,
const LOCKED: Duration = Duration::from_secs(10);
/// and how often it is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// A work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checkout {
    pub(super) path: PathBuf,
    /// The full name of its branch; `None` when detached.
    pub(super) branch: Option<String>,
}

/// All work trees of the repository, the main one first.
pub(super) fn all(git: &Git) -> Result<Vec<Checkout>, Trouble> {
    let output = git.output(&["worktree", "list", "--porcelain", "-z"])?;
    let mut found: Vec<Checkout> = Vec::new();
    for field in output.split(|b| *b == 0) {
        if let Some(path) = field.strip_prefix(b"worktree ") {
            found.push(Checkout { path: PathBuf::from(std::ffi::OsStr::from_bytes(path)), branch: None });
        } else if let (Some(branch), Some(last)) = (field.strip_prefix(b"branch "), found.last_mut()) {
            last.branch = Some(String::from_utf8_lossy(branch).into_owned());
        } else if field == b"bare" {
            found.pop();
        }
    }
    Ok(found)
}

/// The work tree that has a branch checked out.
pub(super) fn of_branch(git: &Git, branch: &str) -> Result<Option<Checkout>, Trouble> {
    let here = |it: &Checkout| it.branch.as_deref() == Some(branch) && it.path.join(".git").exists();
    Ok(all(git)?.into_iter().find(here))
}

/// What of a work tree a commit has not yet, in words; `None` when nothing. Files that git does not know do not count.
pub(super) fn dirt(path: &Path) -> Result<Option<String>, Trouble> {
    let repo = Repo::open(path)?;
    let place = Place { workdir: Some(path.to_owned()), ..repo.place };
    let counts = worktree::read(&Repo { place, git: Git::at(path), ..repo })?.counts();
    let parts = [(counts.conflicted, "in conflict"), (counts.staged, "staged"), (counts.unstaged, "changed")];
    let parts: Vec<_> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    Ok((!parts.is_empty()).then(|| parts.join(", ")))
}

/// Refuses to write files of a repository whose own configuration names programs for that. Those of the user's own
/// configuration, Git LFS for instance, are the user's.
pub(super) fn no_own_filters(git: &Git) -> Result<(), Trouble> {
    let names = own(git, r"^filter\..*\.(clean|smudge|process)$")?;
    match names.first() {
        None => Ok(()),
        Some(name) => Err(Trouble::new(format!(
            "this repository's own configuration names a program for writing files ({}), which is not run",
            text::clean(name)
        ))
        .remedy("move that setting to your own configuration (git config --global), or use git itself here")),
    }
}

/// Keys of the repository's own configuration that a pattern matches.
fn own(git: &Git, pattern: &str) -> Result<Vec<String>, Trouble> {
    // No such key at all ends the command with 1, as if it had failed.
    let args = ["config", "-z", "--show-scope", "--name-only", "--get-regexp", pattern];
    let ended = git.start(&args)?.ended()?;
    if !matches!(ended.code, Some(0 | 1)) {
        return Err(Trouble::said_by_git("config", &ended.said));
    }
    let fields: Vec<&[u8]> = ended.output.split(|b| *b == 0).collect();
    let is_own = |pair: &&[&[u8]]| matches!(pair[0], b"local" | b"worktree");
    let pairs = fields.chunks_exact(2).filter(is_own);
    Ok(pairs.map(|pair| String::from_utf8_lossy(pair[1]).into_owned()).collect())
}

/// git for work trees: the repository's own merge drivers fail, which leaves a conflict for a person.
fn careful(git: &Git) -> Result<Git, Trouble> {
    let drivers = own(git, r"^merge\..*\.driver$")?.into_iter().map(|key| (key, "false"));
    let rest = [
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
        ("submodule.recurse", "false"),
        ("commit.gpgsign", "false"),
        ("rerere.autoUpdate", "false"),
    ];
    Ok(git.with_config(drivers.chain(rest.map(|(key, value)| (key.to_owned(), value)))))
}

fn run(git: &Git, args: &[&str]) -> Result<Ended, Trouble> {
    let mut running = git.start(args)?;
    running.within(PATIENCE);
    running.ended()
}

fn succeeds(git: &Git, args: &[&str]) -> Result<(), Trouble> {
    let ended = run(git, args)?;
    if ended.code == Some(0) { Ok(()) } else { Err(Trouble::said_by_git(args[0], &ended.said)) }
}

fn word(path: &Path) -> Result<&str, Trouble> {
    path.to_str().ok_or_else(|| Trouble::new(format!("{} is no UTF-8", shown(path))).remedy("name another with --path"))
}

/// Makes a work tree for a branch, or for a commit without one.
pub(super) fn add(git: &Git, path: &Path, what: &str, detached: bool) -> Result<(), Trouble> {
    no_own_filters(git)?;
    let mut args = vec!["worktree", "add", "--quiet"];
    args.extend(detached.then_some("--detach"));
    args.extend(["--", word(path)?, what]);
    succeeds(&careful(git)?, &args)
}

/// Takes a work tree away, with all that is in it.
pub(super) fn remove(git: &Git, path: &Path) -> Result<(), Trouble> {
    succeeds(git, &["worktree", "remove", "--force", "--", word(path)?])
}

/// Checks a branch out in the work tree at hand.
pub(super) fn switch(path: &Path, branch: &str) -> Result<(), Trouble> {
    let git = Git::at(path);
    no_own_filters(&git)?;
    succeeds(&careful(&git)?, &["switch", "--quiet", "--no-guess", branch])
}

/// Moves a checked-out branch on, and its files with it. Git refuses what would overwrite somebody's file.
pub(super) fn forward(path: &Path, to: &Oid) -> Result<(), Trouble> {
    let git = Git::at(path);
    no_own_filters(&git)?;
    succeeds(
        &careful(&git)?,
        &["merge", "--quiet", "--ff-only", "--no-autostash", "--no-verify-signatures", to.as_str()],
    )
}

/// Moves a checked-out branch back; files with changes of their own stay, or git refuses.
pub(super) fn back(path: &Path, to: &Oid) -> Result<(), Trouble> {
    let git = Git::at(path);
    no_own_filters(&git)?;
    succeeds(&careful(&git)?, &["reset", "--quiet", "--keep", to.as_str()])
}

/// Waits for a git that still works in a work tree: a child goes on after whoever started it was killed.
pub(super) fn settle(path: &Path) -> Result<(), Trouble> {
    let lock = Repo::open(path)?.place.gitdir.join("index.lock");
    let until = Instant::now() + LOCKED;
    while lock.exists() && Instant::now() < until {
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// Whether index and files of a work tree are those of a commit.
pub(super) fn is_at(path: &Path, commit: &Oid) -> bool {
    let git = Git::at(path);
    let same = |args: &[&str]| {
        git.start(args).and_then(super::super::command::Running::ended).is_ok_and(|it| it.code == Some(0))
    };
    same(&["diff", "--quiet", "--no-ext-diff", "--no-textconv", "--cached", commit.as_str(), "--"])
        && same(&["diff", "--quiet", "--no-ext-diff", "--no-textconv", "--"])
}

/// Leaves the conflict of a merge or a pick in a work tree, for a person to resolve.
pub(super) fn conflict(path: &Path, by: Manner, commit: &Oid) -> Result<(), Trouble> {
    let git = careful(&Git::at(path))?;
    let args: &[&str] = match by {
        Manner::Merge => &["merge", "--no-ff", "--no-commit", "--no-edit", "--no-verify-signatures", commit.as_str()],
        Manner::CherryPick => &["cherry-pick", "-x", "--allow-empty", commit.as_str()],
    };
    let ended = run(&git, args)?;
    match ended.code {
        Some(0 | 1) => Ok(()),
        _ => Err(Trouble::said_by_git(args[0], &ended.said)),
    }
}

/// What a person made of a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resolved {
    /// They committed it.
    Committed(Oid),
    /// It is in the index, to be committed.
    Staged(Oid),
    /// The conflict is not there, or no more: it was taken back, or never made.
    Gone,
}

/// Looks what became of the conflict of `commit` in a work tree that stood on `tip`.
pub(super) fn resolved(path: &Path, by: Manner, tip: &Oid, commit: &Oid) -> Result<Resolved, Trouble> {
    let git = Git::at(path);
    let named =
        |name: &str| git.line(&["rev-parse", "--verify", "--quiet", name]).ok().and_then(|it| Oid::parse(it.trim()));
    let unmerged = git.output(&["diff", "--name-only", "--diff-filter=U", "-z", "--"])?;
    refuse(path, &unmerged, "is still in conflict", "resolve it and `git add` it")?;
    let sign = if by == Manner::Merge { "MERGE_HEAD" } else { "CHERRY_PICK_HEAD" };
    let head = named("HEAD").ok_or_else(|| Trouble::new(format!("{} has no commit", shown(path))))?;
    let is_open = named(sign).as_ref() == Some(commit);
    if head == *tip && !is_open {
        return Ok(Resolved::Gone);
    }
    let changed = git.output(&["diff", "--no-ext-diff", "--no-textconv", "--name-only", "-z", "--"])?;
    refuse(path, &changed, "has changes that are not added", "`git add` it, or take them back")?;
    let check = git.start(&["diff", "--cached", "--check", "--no-ext-diff", "--no-textconv", tip.as_str(), "--"])?;
    let check = check.ended()?.output;
    let marked = check.split(|b| *b == b'\n').find(|line| line.ends_with(b": leftover conflict marker"));
    if let Some(line) = marked {
        return Err(
            Trouble::new(format!("{}: {}", shown(path), text::clean_bytes(line))).remedy("edit it, `git add` it")
        );
    }
    if head != *tip {
        return Ok(Resolved::Committed(head));
    }
    let tree = git.line(&["write-tree"])?;
    let tree = Oid::parse(tree.trim()).ok_or_else(|| Trouble::new("git write-tree printed no tree"))?;
    Ok(Resolved::Staged(tree))
}

fn refuse(path: &Path, names: &[u8], what: &str, remedy: &str) -> Result<(), Trouble> {
    let names: Vec<_> = names.split(|b| *b == 0).filter(|name| !name.is_empty()).map(text::clean_bytes).collect();
    let Some(first) = names.first() else { return Ok(()) };
    let more = if names.len() > 1 { format!(" (and {} more)", names.len() - 1) } else { String::new() };
    let remedy = format!("in {}: {remedy}, then hotfix finish --continue", shown(path));
    Err(Trouble::new(format!("{first}{more} {what}")).remedy(remedy))
}
