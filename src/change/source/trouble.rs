//! What goes wrong with a repository, in words, with the command that helps.

use std::io;
use std::path::Path;

use git2::{ErrorClass, ErrorCode};
use jiff::Timestamp;

use crate::evidence::{Failure, text};

/// What failed and what to do about it. It becomes a [`Failure`] where the time is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) what: String,
    pub(super) remedy: Option<String>,
}

impl Trouble {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: None }
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// What failed and what helps, in one sentence.
    pub(super) fn sentence(self) -> String {
        match self.remedy {
            Some(remedy) => format!("{}: {remedy}", self.what),
            None => self.what,
        }
    }

    pub(super) fn at(self, at: Timestamp) -> Failure {
        Failure { what: self.what, remedy: self.remedy, at, retry_at: None }
    }

    /// `git` could not be started in a folder.
    pub(super) fn no_git(root: &Path, error: &io::Error) -> Self {
        if !root.is_dir() {
            return Self::gone(root);
        }
        match error.kind() {
            io::ErrorKind::NotFound => Self::new("git is not installed").remedy("install git, or put it in PATH"),
            _ => Self::new(format!("git does not start: {error}")),
        }
    }

    /// The folder is not there, or no longer.
    pub(super) fn gone(root: &Path) -> Self {
        let root = shown(root);
        Self::new(format!("{root} is gone")).remedy("restore or clone the repository there, or start hotfix elsewhere")
    }

    /// Itself, unless the folder was taken away meanwhile: then nothing else matters.
    pub(super) fn unless_gone(self, root: &Path) -> Self {
        if root.exists() { self } else { Self::gone(root) }
    }

    /// No repository there.
    pub(super) fn no_repository(root: &Path) -> Self {
        let absolute = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let what = format!("no git repository in {} or above", shown(&absolute));
        Self::new(what).remedy("start hotfix inside a clone, or name its folder: hotfix -C FOLDER")
    }

    /// The repository is somebody else's.
    pub(super) fn foreign_owner(root: &Path) -> Self {
        let absolute = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let holder = absolute.ancestors().find(|folder| folder.join(".git").exists());
        let root = shown(holder.unwrap_or(&absolute));
        Self::new(format!("{root} belongs to another user, so git refuses to read it"))
            .remedy(format!("if you trust it: git config --global --add safe.directory '{root}'"))
    }

    /// What libgit2 says of a repository in `root`.
    pub(super) fn of_library(error: &git2::Error, root: &Path) -> Self {
        let said = text::clean(error.message());
        match (error.code(), error.class()) {
            _ if !root.exists() => Self::gone(root),
            (ErrorCode::Owner, _) => Self::foreign_owner(root),
            (_, ErrorClass::Odb | ErrorClass::Zlib | ErrorClass::Object) => Self::missing_object(&said),
            _ => Self::new(format!("git: {said}")).remedy("see what git says: git status, git fsck"),
        }
    }

    /// An object that history needs is not there, or cannot be read.
    pub(super) fn missing_object(said: &str) -> Self {
        Self::new(format!("an object is missing or damaged: {said}")).remedy(
            "shallow: git fetch --unshallow · partial: git fetch --refetch --filter=blob:limit=1g · else: git fsck",
        )
    }

    /// What `git` said on standard error before it failed.
    pub(super) fn said_by_git(command: &str, said: &str) -> Self {
        let line = said.lines().find(|line| line.starts_with("fatal:")).or_else(|| said.lines().last());
        let line = line.map_or("no reason given", |line| line.trim_start_matches("fatal: "));
        let trouble = Self::new(format!("git {command}: {line}"));
        if line.contains("dubious ownership") {
            return trouble.remedy("if you trust it: git config --global --add safe.directory <that folder>");
        }
        const OBJECTS: [&str; 7] =
            ["bad object", "unable to read", "missing", "lazy fetch", "promisor", "corrupt", "transport"];
        if OBJECTS.iter().any(|word| line.contains(word)) || said.contains("missing blob") {
            return Self::missing_object(&trouble.what);
        }
        trouble
    }
}

/// What could not be read, in sentences: the rest goes on without it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Gaps(Vec<String>);

impl Gaps {
    /// The value, or a gap in its place.
    pub(super) fn pass<T>(&mut self, result: Result<T, Trouble>) -> Option<T> {
        result.map_err(|trouble| self.add(trouble)).ok()
    }

    /// Takes in what went wrong, once.
    pub(super) fn add(&mut self, trouble: Trouble) {
        let sentence = trouble.sentence();
        if !self.0.contains(&sentence) {
            self.0.push(sentence);
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        let new: Vec<String> = other.0.iter().filter(|it| !self.0.contains(it)).cloned().collect();
        self.0.extend(new);
    }

    pub(super) fn sentences(&self) -> &[String] {
        &self.0
    }
}

/// A folder, for the screen.
pub(super) fn shown(path: &Path) -> String {
    text::clean(&path.to_string_lossy())
}
