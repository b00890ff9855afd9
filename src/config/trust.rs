//! Nothing that a `hotfix.toml` names is run or contacted before a person trusted that exact content.
//!
//! **The content's hash** covers the file's bytes and, for every command in it, the program, and the script
//! given to an interpreter, as far as they lie inside the repository. It is the same in every clone, so that CI can name it in
//! `HOTFIX_TRUST`. **A person's grant** is stronger bound: to the root's path and the remotes too, so that it
//! covers neither another clone, nor a worktree, nor a parent folder. **A revocation wins** over older
//! grants and over `HOTFIX_TRUST`, until a person grants again. The store is append-only, belongs to the user alone, and
//! one unreadable line in it trusts nothing any more.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::load::Loaded;
use super::uses::Uses;

/// Names the hash of trusted content, where nobody can be asked.
pub const VARIABLE: &str = "HOTFIX_TRUST";
/// Programs whose first argument is the program proper.
const INTERPRETERS: [&str; 9] = ["sh", "bash", "dash", "zsh", "python", "python3", "node", "ruby", "perl"];

/// Proof that the configuration at hand was trusted: whatever runs, sends or authenticates asks for it.
#[derive(Debug, Clone, Copy)]
pub struct Permit(());

impl Permit {
    /// For the world that a drill made itself, on this machine.
    pub fn for_drill() -> Self {
        Self(())
    }
}

/// Whether a configuration may be acted upon.
#[derive(Debug, Clone)]
pub enum Trust {
    /// It may.
    Trusted(Permit),
    /// It may not.
    Untrusted {
        /// The text that was trusted last at this place.
        changed_since: Option<String>,
        /// Why, in words for the operator.
        why: String,
    },
}

impl Trust {
    /// The permit, if there is one.
    pub fn permit(&self) -> Option<Permit> {
        match self {
            Self::Trusted(permit) => Some(*permit),
            Self::Untrusted { .. } => None,
        }
    }
}

/// What a person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Trust,
    Revoke,
}

/// One line of the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: Timestamp,
    action: Action,
    root: String,
    remotes: Vec<String>,
    hash: String,
    config: String,
}

/// The store of trusted configurations.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
    named: Option<String>,
}

impl Store {
    /// The store in the file at `path`, with what `HOTFIX_TRUST` names.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), named: std::env::var(VARIABLE).ok() }
    }

    /// The same with `named` in place of what `HOTFIX_TRUST` says.
    pub fn naming(self, named: Option<String>) -> Self {
        Self { named, ..self }
    }

    /// Whether `loaded` may be acted upon. `remotes` are the places that the repository's remotes point to.
    pub fn check(&self, loaded: &Loaded, remotes: &[String]) -> Trust {
        let untrusted = |changed_since, why: String| Trust::Untrusted { changed_since, why };
        let here = match Here::of(loaded, remotes) {
            Ok(here) => here,
            Err(error) => return untrusted(None, format!("cannot be checked: {error}")),
        };
        let lines = match self.lines() {
            Ok(lines) => lines,
            Err(why) => return untrusted(None, why),
        };
        let last = lines.iter().rfind(|line| line.root == here.root);
        let trusted_text = lines.iter().rfind(|line| line.root == here.root && line.action == Action::Trust);
        let before = trusted_text.map(|line| line.config.clone());
        match last {
            Some(line) if line.action == Action::Revoke => untrusted(before, "trust was revoked here".into()),
            Some(line) if line.hash == here.hash && line.remotes == here.remotes => Trust::Trusted(Permit(())),
            _ if self.named.as_deref() == Some(here.hash.as_str()) => Trust::Trusted(Permit(())),
            Some(line) => untrusted(before, here.difference(line, &loaded.text).into()),
            None if self.named.is_some() => untrusted(None, format!("{VARIABLE} names other content")),
            None => untrusted(None, "never trusted at this place".into()),
        }
    }

    /// Trusts exactly this content at this place.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn grant(&self, loaded: &Loaded, remotes: &[String], at: Timestamp) -> io::Result<()> {
        self.append(Action::Trust, loaded, remotes, at)
    }

    /// Trusts nothing at this place any more.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn revoke(&self, loaded: &Loaded, remotes: &[String], at: Timestamp) -> io::Result<()> {
        self.append(Action::Revoke, loaded, remotes, at)
    }

    fn append(&self, action: Action, loaded: &Loaded, remotes: &[String], at: Timestamp) -> io::Result<()> {
        self.lines().map_err(io::Error::other)?;
        let Here { root, remotes, hash } = Here::of(loaded, remotes)?;
        let line = Line { at, action, root, remotes, hash, config: loaded.text.clone() };
        if let Some(folder) = self.path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.path)?;
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    fn lines(&self) -> Result<Vec<Line>, String> {
        let at = self.path.display();
        let meta = match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(format!("the trust store {at} cannot be read: {error}")),
            Ok(meta) => meta,
        };
        let is_ours = meta.is_file() && meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o022 == 0;
        if !is_ours {
            return Err(format!("the trust store {at} can be written by others: nothing in it counts; move it away"));
        }
        let text = fs::read_to_string(&self.path).map_err(|error| format!("the trust store {at}: {error}"))?;
        let lines: Result<Vec<Line>, _> = text.lines().map(serde_json::from_str).collect();
        lines.map_err(|_| format!("the trust store {at} is damaged: nothing in it counts; move it away and trust anew"))
    }
}

/// What a grant is bound to.
struct Here {
    root: String,
    remotes: Vec<String>,
    hash: String,
}

impl Here {
    fn of(loaded: &Loaded, remotes: &[String]) -> io::Result<Self> {
        let mut remotes = remotes.to_vec();
        remotes.sort();
        let root = loaded.root.canonicalize()?.to_string_lossy().into_owned();
        Ok(Self { root, remotes, hash: content_hash(loaded)? })
    }

    fn difference(&self, line: &Line, text: &str) -> &'static str {
        if line.config != text {
            "the file has changed since it was trusted"
        } else if line.hash != self.hash {
            "a program of the repository that it runs has changed since it was trusted"
        } else {
            "the repository's remotes have changed since it was trusted"
        }
    }
}

/// SHA-256 over the file's bytes and the programs inside the repository that it would run.
///
/// # Errors
/// When one of these programs cannot be read.
pub fn content_hash(loaded: &Loaded) -> io::Result<String> {
    let mut sha = Sha256::new();
    field(&mut sha, loaded.text.as_bytes());
    let root = loaded.root.canonicalize()?;
    for run in Uses::of(&loaded.config).runs {
        for word in programs(&run.argv) {
            let Some(path) = inside(&root, word) else { continue };
            field(&mut sha, word.as_bytes());
            field(&mut sha, &file_hash(&path)?);
        }
    }
    Ok(crate::journal::record::hex(&sha.finalize()))
}

fn field(sha: &mut Sha256, bytes: &[u8]) {
    sha.update((bytes.len() as u64).to_be_bytes());
    sha.update(bytes);
}

/// The words of a command that name what is executed.
fn programs(argv: &[String]) -> impl Iterator<Item = &str> {
    let first = argv.first().map(String::as_str);
    let base = first.and_then(|word| word.rsplit('/').next()).unwrap_or_default();
    let script = argv.iter().skip(1).map(String::as_str).find(|word| !word.starts_with('-'));
    let is_path = |word: &&str| word.contains('/');
    first.filter(is_path).into_iter().chain(script.filter(|_| INTERPRETERS.contains(&base)))
}

/// The file that a word means, if it lies inside the repository.
fn inside(root: &Path, word: &str) -> Option<PathBuf> {
    let path = root.join(word).canonicalize().ok()?;
    (path.starts_with(root) && path.is_file()).then_some(path)
}

fn file_hash(path: &Path) -> io::Result<Vec<u8>> {
    let mut sha = Sha256::new();
    io::copy(&mut File::open(path)?, &mut sha)?;
    Ok(sha.finalize().to_vec())
}

#[cfg(test)]
mod tests;
