//! Watches the repository for changes, as far as the system lets it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::repository::Repo;
use crate::evidence::text;

/// Folders of the work tree that are watched; in a larger one the work tree is polled.
const FOLDERS: usize = 4_096;

/// What a change on disk calls for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Touched {
    /// Commits or refs.
    pub(super) history: bool,
    /// The work tree or the index.
    pub(super) worktree: bool,
    /// The files of the work tree, where nothing else of it was touched.
    pub(super) files: Vec<PathBuf>,
}

impl Touched {
    const EVERYTHING: Self = Self { history: true, worktree: true, files: Vec::new() };
}

/// The watches; they end with it.
pub(super) struct Watch {
    /// Kept for its threads and descriptors alone.
    _watcher: Option<RecommendedWatcher>,
    /// Whether refs are watched.
    pub(super) history: bool,
    /// Whether every folder with a tracked file is.
    pub(super) worktree: bool,
    /// Why something is not.
    pub(super) gap: Option<String>,
}

impl Watch {
    /// Watches a repository. What cannot be watched is told, never an error.
    pub(super) fn start(repo: &Repo, touched: impl Fn(Touched) + Send + 'static) -> Self {
        let place = repo.place.clone();
        let sort = move |event: notify::Result<Event>| {
            let it = event.map_or(Touched::EVERYTHING, |event| sort(&event, &place.gitdir, &place.commondir));
            if it != Touched::default() {
                touched(it);
            }
        };
        match notify::recommended_watcher(sort) {
            Ok(watcher) => Self::fill(watcher, repo),
            Err(error) => Self { _watcher: None, history: false, worktree: false, gap: Some(why(&error)) },
        }
    }

    fn fill(mut watcher: RecommendedWatcher, repo: &Repo) -> Self {
        let place = &repo.place;
        let mut gap = None;
        let mut watch = |path: &Path, mode| match watcher.watch(path, mode) {
            Ok(()) => true,
            Err(error) => {
                gap.get_or_insert_with(|| why(&error));
                false
            }
        };
        let mut history = watch(&place.gitdir, RecursiveMode::NonRecursive);
        if place.commondir != place.gitdir {
            history &= watch(&place.commondir, RecursiveMode::NonRecursive);
        }
        for folder in ["refs", "reftable"].map(|name| place.commondir.join(name)) {
            history &= !folder.exists() || watch(&folder, RecursiveMode::Recursive);
        }
        let worktree = match folders(repo) {
            Some(folders) => folders.iter().all(|folder| watch(folder, RecursiveMode::NonRecursive)),
            None => {
                gap.get_or_insert_with(|| format!("more than {FOLDERS} folders"));
                false
            }
        };
        Self { _watcher: Some(watcher), history, worktree, gap }
    }
}

fn why(error: &notify::Error) -> String {
    text::clean(&error.to_string())
}

/// The folders of tracked files; `None` when there are too many. A bare repository has none.
fn folders(repo: &Repo) -> Option<BTreeSet<PathBuf>> {
    let Some(workdir) = &repo.place.workdir else { return Some(BTreeSet::new()) };
    let output = repo.git.output(&["ls-files", "-z"]).ok()?;
    let mut folders = BTreeSet::from([workdir.clone()]);
    let mut last: &[u8] = b"";
    for path in output.split(|b| *b == 0) {
        let folder = path.iter().rposition(|b| *b == b'/').map_or(&path[..0], |at| &path[..at]);
        if folder == last {
            continue;
        }
        last = folder;
        for folder in Path::new(OsStr::from_bytes(folder)).ancestors() {
            if !folders.insert(workdir.join(folder)) {
                break;
            }
        }
        if folders.len() > FOLDERS {
            return None;
        }
    }
    folders.retain(|folder| folder.is_dir());
    Some(folders)
}

/// What an event is about. Reading is no event: our own reads would wake us for ever. Nor is a lock.
fn sort(event: &Event, gitdir: &Path, commondir: &Path) -> Touched {
    if matches!(event.kind, EventKind::Access(_)) {
        return Touched::default();
    }
    if event.need_rescan() {
        return Touched::EVERYTHING;
    }
    let mut touched = Touched::default();
    let mut by_name = true;
    for path in event.paths.iter().filter(|path| path.extension().is_none_or(|it| it != "lock")) {
        let inside = path.strip_prefix(gitdir).or_else(|_| path.strip_prefix(commondir));
        match inside {
            Err(_) => {
                touched.worktree = true;
                touched.files.push(path.clone());
            }
            Ok(name) => {
                let it = inside_git(name);
                touched.history |= it.history;
                touched.worktree |= it.worktree;
                by_name &= !it.worktree;
            }
        }
    }
    if !by_name {
        touched.files.clear();
    }
    touched
}

fn inside_git(name: &Path) -> Touched {
    let of = |history, worktree| Touched { history, worktree, files: Vec::new() };
    let first = name.components().next().map(|it| it.as_os_str().to_string_lossy().into_owned());
    match first.as_deref() {
        Some("index") => of(false, true),
        Some("FETCH_HEAD" | "shallow" | "BISECT_LOG") => of(true, false),
        // A new HEAD changes what is staged as well.
        Some("HEAD" | "refs" | "reftable" | "packed-refs" | "config" | "info") => of(true, true),
        Some("MERGE_HEAD" | "CHERRY_PICK_HEAD" | "REVERT_HEAD") => of(true, true),
        Some(name) if name.starts_with("rebase-") || name == "sequencer" => of(true, false),
        _ => Touched::default(),
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
