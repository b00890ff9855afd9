//! `git` towards a remote, from an empty repository of our own: nothing that the real one configures is run.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use git2::{Repository, RepositoryInitOptions, Signature};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::config::program;
use crate::evidence::Oid;
use crate::evidence::text::{clean, clean_bytes, fit};

/// The protocols that run no program which an address names.
const PROTOCOLS: &str = "file:git:http:https:ssh";
/// Variables that would lead git to another repository or another configuration.
const UNSET: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
];
/// How much of a complaint is shown, in cells.
const SHOWN: usize = 160;

/// A remote.
#[derive(Debug)]
pub(super) struct Remote {
    folder: TempDir,
    program: PathBuf,
    url: String,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    /// The reference stands where it should.
    Done,
    /// It was not where it was expected: nothing was changed.
    Moved,
}

/// Why a remote did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum RemoteError {
    /// It said no: nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// It did not answer, or not to the end.
    #[error("{0}")]
    Silent(String),
}

impl Remote {
    /// The remote `name` of the repository at `root`.
    ///
    /// # Errors
    /// When there is none, or its address could run a program.
    pub(super) fn named(root: &Path, name: &str) -> Result<Self, String> {
        let repository = Repository::open(root).map_err(|error| clean(error.message()))?;
        let url = match repository.find_remote(name) {
            Ok(remote) => {
                remote.url().map(str::to_owned).map_err(|_| format!("the remote {} has no address", clean(name)))?
            }
            Err(_) => return Err(format!("there is no remote {}", clean(name))),
        };
        Self::at_url(root, &url)
    }

    /// The remote at an address, with the objects of the repository at `root` at hand.
    ///
    /// # Errors
    /// When the address could run a program or holds a password, or there is no place for a repository.
    pub(super) fn at_url(root: &Path, url: &str) -> Result<Self, String> {
        check_url(url)?;
        let failed = |error: std::io::Error| format!("no repository of our own: {error}");
        let objects = Repository::open(root).map_err(|error| clean(error.message()))?.commondir().join("objects");
        let folder = tempfile::Builder::new().prefix("hotfix-").tempdir().map_err(failed)?;
        let mut options = RepositoryInitOptions::new();
        options.bare(true).external_template(false);
        let made = Repository::init_opts(folder.path().join("git"), &options);
        let info = made.map_err(|error| clean(error.message()))?.path().join("objects/info");
        std::fs::create_dir_all(&info).map_err(failed)?;
        std::fs::write(info.join("alternates"), format!("{}\n", objects.display())).map_err(failed)?;
        Ok(Self { folder, program: program::find("git", root)?, url: url.to_owned() })
    }

    /// Its address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Our own repository, whose objects are those of the real one and what is made here.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(super) fn repository(&self) -> Result<Repository, String> {
        Repository::open_bare(self.folder.path().join("git")).map_err(|error| clean(error.message()))
    }

    /// Makes a commit without files and parents, for what it says.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn note(&self, message: &str) -> Result<Oid, String> {
        let repository = self.repository()?;
        let make = || -> Result<git2::Oid, git2::Error> {
            let tree = repository.find_tree(repository.treebuilder(None)?.write()?)?;
            let who = Signature::now("hotfix", "hotfix@localhost")?;
            repository.commit(None, &who, &who, message, &tree, &[])
        };
        let made = make().map_err(|error| clean(error.message()))?;
        Oid::parse(&made.to_string()).ok_or_else(|| "git made no commit".to_owned())
    }

    /// Where a reference stands; `None` when there is none.
    pub(super) async fn at(&self, reference: &str, limit: Duration) -> Result<Option<Oid>, RemoteError> {
        let args = ["ls-remote", "--upload-pack=git-upload-pack", "--", &self.url, reference];
        let listed = self.git(&args, limit).await?;
        let line = listed.lines().find(|line| line.split('\t').nth(1) == Some(reference));
        Ok(line.and_then(|line| Oid::parse(line.split('\t').next()?)))
    }

    /// Moves a reference from where it is expected (`None`: it must not exist) to `new` (`None`: it is taken away).
    pub(super) async fn push(
        &self,
        reference: &str,
        new: Option<&Oid>,
        expected: Option<&Oid>,
        limit: Duration,
    ) -> Result<Pushed, RemoteError> {
        self.push_as(&[], (reference, new), expected, limit).await
    }

    /// Asks whether a push would be taken, as far as that is told before one.
    pub(super) async fn try_push(
        &self,
        reference: &str,
        new: &Oid,
        expected: Option<&Oid>,
        limit: Duration,
    ) -> Result<Pushed, RemoteError> {
        self.push_as(&["--dry-run"], (reference, Some(new)), expected, limit).await
    }

    async fn push_as(
        &self,
        manner: &[&str],
        (reference, new): (&str, Option<&Oid>),
        expected: Option<&Oid>,
        limit: Duration,
    ) -> Result<Pushed, RemoteError> {
        let lease = format!("--force-with-lease={reference}:{}", expected.map_or("", Oid::as_str));
        let refspec = format!("{}:{reference}", new.map_or("", Oid::as_str));
        let fixed =
            ["push", "--porcelain", "--no-verify", "--no-recurse-submodules", "--receive-pack=git-receive-pack"];
        let args: Vec<&str> =
            fixed.iter().chain(manner).copied().chain([lease.as_str(), "--", &self.url, &refspec]).collect();
        match self.git(&args, limit).await {
            Ok(_) => Ok(Pushed::Done),
            Err(RemoteError::Refused(why)) if is_moved(&why) => Ok(Pushed::Moved),
            Err(error) => Err(error),
        }
    }

    /// What a commit at a reference says.
    pub(super) async fn message(&self, reference: &str, commit: &Oid, limit: Duration) -> Result<String, RemoteError> {
        let args =
            ["fetch", "--quiet", "--depth=1", "--no-tags", "--upload-pack=git-upload-pack", "--", &self.url, reference];
        self.git(&args, limit).await?;
        let read = || -> Option<String> {
            let id = git2::Oid::from_str(commit.as_str()).ok()?;
            self.repository().ok()?.find_commit(id).ok()?.message().ok().map(str::to_owned)
        };
        read().ok_or_else(|| RemoteError::Refused(format!("{} cannot be read", clean(reference))))
    }

    async fn git(&self, args: &[&str], limit: Duration) -> Result<String, RemoteError> {
        let mut command = Command::new(&self.program);
        command.arg("--git-dir").arg(self.folder.path().join("git")).args(args);
        for name in UNSET {
            command.env_remove(name);
        }
        command.env("GIT_ALLOW_PROTOCOL", PROTOCOLS).env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        command.current_dir(self.folder.path()).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let ended = timeout(limit, command.output()).await;
        let ended = ended.map_err(|_| RemoteError::Silent(format!("no answer within {} s", limit.as_secs_f64())))?;
        let ended = ended.map_err(|error| RemoteError::Refused(format!("git did not start: {error}")))?;
        if ended.status.success() {
            return Ok(String::from_utf8_lossy(&ended.stdout).into_owned());
        }
        let refused = ended.stdout.split(|byte| *byte == b'\n').find(|line| line.starts_with(b"!"));
        Err(match refused {
            Some(line) => RemoteError::Refused(fit(&clean_bytes(line), SHOWN)),
            None => told(&fit(&clean_bytes(telling_line(&ended.stderr)), SHOWN)),
        })
    }
}

/// The line that tells most: who was refused is told first, and advice for everybody follows.
fn telling_line(text: &[u8]) -> &[u8] {
    let lines = || text.trim_ascii().split(|byte| *byte == b'\n');
    let denied = lines().find(|line| is_denied(&String::from_utf8_lossy(line)));
    denied.or_else(|| lines().next_back()).unwrap_or_default()
}

/// Whoever has no right is refused before anything is sent.
fn told(line: &str) -> RemoteError {
    if is_denied(line) { RemoteError::Refused(line.to_owned()) } else { RemoteError::Silent(line.to_owned()) }
}

/// How git and the servers word that somebody has no right to push.
fn is_denied(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["denied", "not permitted", "not allowed", "error: 403", "read-only", "not enabled"]
        .iter()
        .any(|words| line.contains(words))
}

/// How git and the servers word that a reference is not where the lease says.
fn is_moved(line: &str) -> bool {
    ["stale info", "fetch first", "already exists", "cannot lock ref", "failed to update ref"]
        .iter()
        .any(|words| line.contains(words))
}

fn check_url(url: &str) -> Result<(), String> {
    let shown = || clean(url);
    if url.starts_with('-') || url.contains("::") || url.chars().any(char::is_control) {
        return Err(format!("the address {} could run a program", shown()));
    }
    let Some((scheme, rest)) = url.split_once("://") else { return Ok(()) };
    if !PROTOCOLS.split(':').any(|known| known == scheme) {
        return Err(format!("{} is no address that git may be sent to", shown()));
    }
    let user = rest.split('/').next().unwrap_or_default().rsplit_once('@').map_or("", |(user, _)| user);
    if user.contains(':') {
        return Err(
            "the address of the remote holds a password: take it out, a credential helper has a place for it".into()
        );
    }
    Ok(())
}
