//! Opening a repository: what kind it is, and who can read its history.

use std::path::{Path, PathBuf};

use git2::ErrorCode;

use super::command::Git;
use super::trouble::{Trouble, shown};
use crate::change::model;

/// An open repository.
pub(super) struct Repo {
    /// Where its files are.
    pub(super) place: Place,
    /// The program, for diffs, the work tree, and all else where libgit2 cannot read the repository.
    pub(super) git: Git,
    /// The library, kept open because opening is most of its cost.
    pub(super) library: Option<git2::Repository>,
    /// Why the library is not used.
    pub(super) reason: Option<String>,
}

/// The folders of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// What HEAD and the index are in.
    pub(super) gitdir: PathBuf,
    /// What refs and objects are in; another than `gitdir` for a linked work tree.
    pub(super) commondir: PathBuf,
    /// The work tree; `None` when bare.
    pub(super) workdir: Option<PathBuf>,
}

impl Place {
    /// Where commands are started.
    pub(super) fn root(&self) -> &Path {
        self.workdir.as_deref().unwrap_or(&self.gitdir)
    }
}

impl Repo {
    /// Opens the repository that `start` is in.
    pub(super) fn open(start: &Path) -> Result<Self, Trouble> {
        if !start.exists() {
            return Err(Trouble::gone(start));
        }
        // Hashing again what was read costs a quarter of a diff, and git itself does not do it either.
        git2::opts::strict_hash_verification(false);
        // A walk reads each tree once. Kept, those of 2,000 commits take more memory than all the rest of the program.
        git2::opts::enable_caching(false);
        match git2::Repository::discover(start) {
            Ok(library) => Self::by_library(start, library),
            Err(error) if error.code() == ErrorCode::NotFound => Err(Trouble::no_repository(start)),
            Err(error) if error.code() == ErrorCode::Owner => Err(Trouble::foreign_owner(start)),
            Err(error) => Self::by_command(start, &error),
        }
    }

    fn by_library(start: &Path, library: git2::Repository) -> Result<Self, Trouble> {
        let gitdir = library.path().to_owned();
        let workdir = (!library.is_bare()).then(|| work_tree(start).or_else(|| library.workdir().map(Path::to_owned)));
        let place = Place { gitdir, commondir: library.commondir().to_owned(), workdir: workdir.flatten() };
        let git = Git::at(place.root());
        let reason = why_not_library(&place.commondir).map(str::to_owned);
        let library = reason.is_none().then_some(library);
        Ok(Self { place, git, library, reason })
    }

    /// Where libgit2 cannot open the repository, git itself may.
    fn by_command(start: &Path, error: &git2::Error) -> Result<Self, Trouble> {
        let folder = if start.is_dir() { start } else { start.parent().unwrap_or(start) };
        let git = Git::at(folder);
        let args = ["rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir", "--is-bare-repository"];
        let lines = git.line(&args).map_err(|trouble| unreadable(trouble, error))?;
        let mut lines = lines.lines();
        let mut next = || lines.next().map(PathBuf::from).ok_or_else(|| Trouble::of_library(error, start));
        let (gitdir, commondir, bare) = (next()?, next()?, next()?);
        let workdir = if bare == Path::new("true") {
            None
        } else {
            Some(PathBuf::from(git.line(&["rev-parse", "--show-toplevel"])?))
        };
        let place = Place { gitdir, commondir, workdir };
        let git = Git::at(place.root());
        let reason = Some(crate::evidence::text::clean(error.message()));
        Ok(Self { place, git, library: None, reason })
    }

    /// The library, where it can compare trees: for attributes it reads the index, which it cannot when that is sparse
    /// or split.
    pub(super) fn trees(&self) -> Option<&git2::Repository> {
        self.library.as_ref().filter(|_| !has_unreadable_index(&self.place.gitdir))
    }

    /// Why the work tree is read by `git` alone, where libgit2 would be wrong about it.
    pub(super) fn caution(&self) -> Option<&'static str> {
        let config = self.library.as_ref()?.config().ok()?;
        if has_unreadable_index(&self.place.gitdir) {
            return Some("a sparse checkout or a split index");
        }
        let mut filters = config.entries(Some(r"^filter\..*\.(clean|process)$")).ok()?;
        filters.next().map(|_| "clean filters, such as Git LFS")
    }

    /// What kind of repository it is.
    pub(super) fn kind(&self) -> model::Repository {
        let exists = |name: &str| self.place.commondir.join(name).exists();
        model::Repository {
            backend: match &self.reason {
                None => "libgit2".into(),
                Some(reason) => format!("git ({reason})"),
            },
            shallow: exists("shallow"),
            partial: self.is_partial(),
            bare: self.place.workdir.is_none(),
            detached: false,
            unborn: false,
            linked: self.place.gitdir != self.place.commondir,
            operation: operation(&self.place.gitdir).map(str::to_owned),
        }
    }

    fn is_partial(&self) -> bool {
        let Some(library) = &self.library else {
            let config = std::fs::read_to_string(self.place.commondir.join("config"));
            return config.is_ok_and(|text| text.contains("partialclone") || text.contains("promisor"));
        };
        let Ok(config) = library.config() else { return false };
        let Ok(mut entries) = config.entries(Some(r"remote\..*\.promisor|extensions\.partialclone")) else {
            return false;
        };
        entries.next().is_some()
    }

    /// Whether there is anywhere to fetch from.
    pub(super) fn has_remote(&self) -> bool {
        match &self.library {
            Some(library) => library.remotes().is_ok_and(|remotes| !remotes.is_empty()),
            None => self.git.line(&["remote"]).is_ok_and(|names| !names.is_empty()),
        }
    }

    /// Whether it is still where it was.
    pub(super) fn check(&self) -> Result<(), Trouble> {
        if self.place.gitdir.join("HEAD").symlink_metadata().is_ok() {
            return Ok(());
        }
        Err(Trouble::gone(&self.place.gitdir))
    }
}

fn unreadable(trouble: Trouble, error: &git2::Error) -> Trouble {
    let library = crate::evidence::text::clean(error.message());
    Trouble { what: format!("neither libgit2 ({library}) nor {}", trouble.what), ..trouble }
}

/// What libgit2 opens and then reads otherwise than git.
fn why_not_library(commondir: &Path) -> Option<&'static str> {
    let has_entries = |name: &str| std::fs::read_dir(commondir.join(name)).is_ok_and(|mut it| it.next().is_some());
    if has_entries("refs/replace") || packed_replacements(commondir) {
        return Some("replace refs, which libgit2 ignores");
    }
    commondir.join("info/grafts").exists().then_some("grafts, which libgit2 ignores")
}

fn has_unreadable_index(gitdir: &Path) -> bool {
    let is_shared = |entry: std::fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(b"sharedindex.");
    gitdir.join("info/sparse-checkout").exists()
        || std::fs::read_dir(gitdir).is_ok_and(|entries| entries.flatten().any(is_shared))
}

fn packed_replacements(commondir: &Path) -> bool {
    std::fs::read(commondir.join("packed-refs"))
        .is_ok_and(|bytes| bytes.windows(b" refs/replace/".len()).any(|window| window == b" refs/replace/"))
}

/// The folder with the `.git` that `start` is in. libgit2 takes another one when `.git` is a file that names a
/// repository elsewhere which knows nothing of it.
fn work_tree(start: &Path) -> Option<PathBuf> {
    let start = start.canonicalize().ok()?;
    start.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok()).map(Path::to_owned)
}

/// What git was in the middle of; the same files tell `git status`.
fn operation(gitdir: &Path) -> Option<&'static str> {
    const SIGNS: [(&str, &str); 8] = [
        ("rebase-merge", "rebase"),
        ("rebase-apply/applying", "am"),
        ("rebase-apply", "rebase"),
        ("MERGE_HEAD", "merge"),
        ("CHERRY_PICK_HEAD", "cherry-pick"),
        ("REVERT_HEAD", "revert"),
        ("sequencer/todo", "cherry-pick or revert"),
        ("BISECT_LOG", "bisect"),
    ];
    SIGNS.iter().find(|(file, _)| gitdir.join(file).exists()).map(|(_, name)| *name)
}

/// A lock that stands in the way of whoever writes, if there is one.
pub(super) fn index_lock(place: &Place) -> Option<String> {
    let lock = place.gitdir.join("index.lock");
    lock.exists().then(|| shown(&lock))
}
