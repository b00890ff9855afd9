//! HEAD, the work tree and the reports at one moment.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use git2::{Repository, StatusOptions};

use super::{Stamp, stamps};
use crate::evidence::{Oid, text};

/// Changed files that are named.
const NAMED: usize = 3;

/// What a run begins and ends with.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The commit that is checked out.
    pub head: Option<Oid>,
    /// Files that differ from it, the first few of them; `None` is unknown.
    pub changed: Option<Vec<String>>,
    /// The reports, and their stamps.
    pub reports: Vec<(PathBuf, Stamp)>,
}

impl Snapshot {
    /// Looks. Without a repository nothing is known of a commit.
    pub fn take(root: &Path, globs: &[String]) -> Self {
        let reports = stamps(root, globs);
        let repository = Repository::discover(root).ok();
        let head = repository.as_ref().and_then(|it| {
            let commit = it.head().ok()?.peel_to_commit().ok()?;
            Oid::parse(&commit.id().to_string())
        });
        let changed = repository.as_ref().and_then(|it| changed(it, root, &reports));
        Self { head, changed, reports }
    }
}

/// Reports of tests, and the cockpit's own configuration, do not change what is tested.
fn changed(repository: &Repository, root: &Path, reports: &[(PathBuf, Stamp)]) -> Option<Vec<String>> {
    let mut options = StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true).include_ignored(false);
    let statuses = repository.statuses(Some(&mut options)).ok()?;
    let workdir = repository.workdir()?.to_owned();
    let own: HashSet<PathBuf> = reports.iter().filter_map(|(path, _)| path.canonicalize().ok()).collect();
    let config = root.join(crate::config::load::FILE).canonicalize().ok();
    let is_tested = |path: &PathBuf| path.canonicalize().map_or(true, |it| !own.contains(&it) && Some(it) != config);
    let paths = statuses.iter().map(|entry| workdir.join(text_of(entry.path_bytes()))).filter(is_tested);
    let shown = paths.map(|path| text::clean(&path.strip_prefix(&workdir).unwrap_or(&path).to_string_lossy()));
    Some(shown.take(NAMED).collect())
}

fn text_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}
