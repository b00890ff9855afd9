//! Which folder belongs to which repository: one journal for each, outside of every work tree.
//!
//! A repository is known by its first commit and by where it came from, so that a fresh clone on the same
//! machine finds its incident again, and a fork with the same history does not get into it.

use std::env;
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy, Xdg};
use sha2::{Digest, Sha256};

use super::JournalError;
use super::record::hex;
use crate::evidence::Oid;

mod first_commit;

/// Overrides the state folder: for tests, drills and shared machines.
pub const STATE_VARIABLE: &str = "HOTFIX_STATE_DIR";

/// The folder in which journals, the trust store and the log live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFolder(PathBuf);

impl StateFolder {
    /// `$HOTFIX_STATE_DIR`, else `hotfix` in the XDG state folder.
    ///
    /// # Errors
    /// When there is no home folder to begin with.
    pub fn find() -> Result<Self, JournalError> {
        if let Some(folder) = env::var_os(STATE_VARIABLE).filter(|value| !value.is_empty()) {
            let folder = std::path::absolute(PathBuf::from(folder));
            return folder.map(Self).map_err(|error| JournalError::new(format!("{STATE_VARIABLE}: {error}")));
        }
        let xdg = Xdg::new().map_err(|error| {
            JournalError::new(format!("no place for the journal: {error}; set HOME, or {STATE_VARIABLE} to a folder"))
        })?;
        let state = xdg.state_dir().unwrap_or_else(|| xdg.data_dir());
        Ok(Self(state.join("hotfix")))
    }

    /// This folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the journal of a repository lives.
    ///
    /// # Errors
    /// When that would be inside the repository's work tree, where a clean-up or a checkout could take it away.
    pub fn journal(&self, identity: &Identity) -> Result<PathBuf, JournalError> {
        if is_inside(&self.0, &identity.root) {
            return Err(JournalError::new(format!(
                "the state folder {} is inside the work tree {}: set {STATE_VARIABLE} to a folder outside of it",
                self.0.display(),
                identity.root.display()
            )));
        }
        Ok(self.0.join("journals").join(identity.folder_name()))
    }

    /// The store of trusted configurations.
    pub fn trust(&self) -> PathBuf {
        self.0.join("trust.jsonl")
    }

    /// The first commits of the repositories that were opened before.
    fn first_commits(&self) -> PathBuf {
        self.0.join("first-commits")
    }

    /// The log file.
    pub fn log(&self) -> PathBuf {
        self.0.join("hotfix.log")
    }
}

/// Whether `path`, which need not exist yet, lies in `folder`.
fn is_inside(path: &Path, folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let existing = path.ancestors().find_map(|ancestor| ancestor.canonicalize().ok());
    existing.is_some_and(|existing| existing.starts_with(folder))
}

/// What a repository is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The root of its work tree.
    pub root: PathBuf,
    /// The first commit of HEAD's first-parent history.
    pub first_commit: Option<Oid>,
    /// Where it came from: host and path, without user, password, scheme and `.git`.
    pub remote: Option<String>,
}

impl Identity {
    /// Asks git. The remote is `origin`, or the only one there is; the configuration has no say in it, so that
    /// a mistake in it cannot lead to another journal. The state folder remembers what takes long to find.
    ///
    /// # Errors
    /// When `root` is no repository, or git refuses to read it.
    pub fn of(root: &Path, state: &StateFolder) -> Result<Self, JournalError> {
        let repository = match git2::Repository::open(root) {
            Ok(repository) => Some(repository),
            // A format that libgit2 cannot read, such as SHA-256 or reftable; a plain `.git` folder it has all the same.
            Err(error) if is_unreadable(&error) && root.join(".git/HEAD").is_file() => None,
            Err(error) => return Err(no_repository(root, &error)),
        };
        let remotes = match &repository {
            Some(repository) => remotes(repository),
            None => remotes_by_file(root),
        };
        let origin = remotes.iter().find(|(name, _)| name == "origin");
        let only = if remotes.len() == 1 { remotes.first() } else { None };
        let remote = origin.or(only).map(|(_, place)| place.clone());
        let memory = Some(state.first_commits()).filter(|memory| !is_inside(memory, root));
        let first_commit = repository.as_ref().and_then(|it| first_commit::of(it, memory.as_deref()));
        Ok(Self { root: root.to_owned(), first_commit, remote })
    }

    /// A readable name, made unique by a hash.
    fn folder_name(&self) -> String {
        let first = self.first_commit.as_ref().map_or("", Oid::as_str);
        let remote = self.remote.as_deref().unwrap_or("");
        let place = if first.is_empty() && remote.is_empty() { self.root.to_string_lossy() } else { "".into() };
        let hash = hex(&Sha256::digest(format!("{first}\n{remote}\n{place}")));
        let last = self.remote.as_deref().and_then(|url| url.rsplit('/').next());
        let name = Some(slug(last.unwrap_or_default())).filter(|name| !name.is_empty());
        format!("{}-{}", name.as_deref().unwrap_or("local"), &hash[..16])
    }
}

fn no_repository(root: &Path, error: &git2::Error) -> JournalError {
    let why = error.message();
    JournalError::new(format!(
        "no git repository at {}: {why}; run hotfix inside the service's repository",
        root.display()
    ))
}

/// The names of a repository's remotes and the places that they point to.
pub fn remotes(repository: &git2::Repository) -> Vec<(String, String)> {
    let Ok(names) = repository.remotes() else { return Vec::new() };
    let place = |name: &str| {
        let remote = repository.find_remote(name).ok()?;
        Some((name.to_owned(), normal(&String::from_utf8_lossy(remote.url_bytes()))))
    };
    names.iter().filter_map(|name| place(name.ok()??)).collect()
}

fn is_unreadable(error: &git2::Error) -> bool {
    !matches!(error.code(), git2::ErrorCode::NotFound | git2::ErrorCode::Owner)
}

/// The same of a repository that libgit2 cannot open: its configuration it can read.
pub fn remotes_by_file(root: &Path) -> Vec<(String, String)> {
    let Ok(config) = git2::Config::open(&root.join(".git/config")) else { return Vec::new() };
    let Ok(mut entries) = config.entries(Some(r"^remote\..*\.url$")) else { return Vec::new() };
    let mut remotes = Vec::new();
    while let Some(Ok(entry)) = entries.next() {
        let (Ok(key), Ok(url)) = (entry.name(), entry.value()) else { continue };
        let name = key.strip_prefix("remote.").and_then(|rest| rest.strip_suffix(".url"));
        remotes.extend(name.map(|name| (name.to_owned(), normal(url))));
    }
    remotes
}

/// `git@host:acme/shop.git`, `ssh://git@host/acme/shop` and `https://user:word@host/acme/shop.git/` are the same place.
fn normal(url: &str) -> String {
    let (has_scheme, rest) = url.split_once("://").map_or((false, url), |(_, rest)| (true, rest));
    let (host, path) = match rest.find(if has_scheme { &['/'][..] } else { &[':', '/'][..] }) {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, ""),
    };
    let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
    let path = path.trim_matches('/');
    format!("{host}/{}", path.strip_suffix(".git").unwrap_or(path))
}

fn slug(text: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    text.chars().take(40).map(keep).collect::<String>().trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests;
