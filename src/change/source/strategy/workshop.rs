//! Where merges and commits are made: an empty repository of our own that shares the objects of the real one.
//!
//! It has no configuration, hooks, filters, merge drivers or remotes but what the user's own configuration says, so
//! that nothing which the real repository names is run, and no work tree is touched. Commits are signed, and pushes
//! authenticate, the way the user configured it for all repositories.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::change::source::command::{Ended, Running, UNSET};
use crate::change::source::repository::Repo;
use crate::change::source::trouble::Trouble;
use crate::evidence::{Oid, text};

/// How long a command may take that works on this machine.
const HERE: Duration = Duration::from_secs(120);
/// How long a command may take that talks to the remote.
const THERE: Duration = Duration::from_secs(300);
/// The first git that merges without a work tree.
const OLDEST: (u32, u32) = (2, 38);
/// The protocols that a push may use: those that run no program which the address names.
const PROTOCOLS: &str = "file:git:http:https:ssh";

/// A merge that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Merged {
    /// The tree that it gives.
    Clean(Oid),
    /// The paths that conflict, clean.
    Conflict(Vec<String>),
}

/// A person and a date, as a commit names its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    name: String,
    email: String,
    /// Seconds since 1970 and an offset, as git writes them; now without it.
    date: Option<String>,
}

/// The workshop. It is gone when this is dropped; what was made stays with the objects of the real repository.
pub(super) struct Workshop {
    folder: TempDir,
    root: PathBuf,
    objects: PathBuf,
    keeps: bool,
    me: Person,
    signs: bool,
}

impl Workshop {
    /// A workshop for a repository. Unless it `keeps` what is made, that is gone with it: for a dry run.
    pub(super) fn open(repo: &Repo, head: &Oid, keeps: bool) -> Result<Self, Trouble> {
        check_version(&repo.git.line(&["version"])?)?;
        let folder = tempfile::Builder::new().prefix("hotfix-").tempdir();
        let folder = folder.map_err(|error| Trouble::new(format!("no temporary folder: {error}")))?;
        let me = Person::parse(&repo.git.line(&["var", "GIT_COMMITTER_IDENT"])?)?;
        let me = Person { date: None, ..me };
        let (root, objects) = (repo.place.root().to_owned(), repo.place.commondir.join("objects"));
        let mut shop = Self { folder, root, objects, keeps, me, signs: false };
        let format = if head.as_str().len() == 64 { "sha256" } else { "sha1" };
        shop.succeeds(&["init", "--quiet", "--bare", "--template=", &format!("--object-format={format}")])?;
        // Git ends with 1 where nothing is set.
        let signs = shop.run(&["config", "--type=bool", "--get", "commit.gpgsign"], &[], HERE)?;
        shop.signs = signs.output == b"true\n";
        Ok(shop)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.root).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in UNSET.iter().filter(|name| !matches!(**name, "GIT_SSH" | "GIT_SSH_COMMAND" | "GIT_ASKPASS")) {
            command.env_remove(name);
        }
        let folder = self.folder.path().join("git");
        if self.keeps {
            command.env("GIT_OBJECT_DIRECTORY", &self.objects);
        } else {
            command.env("GIT_OBJECT_DIRECTORY", folder.join("objects"));
            command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.objects);
        }
        command.env("GIT_DIR", folder).env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_LAZY_FETCH", "1");
        command.env("GIT_ALLOW_PROTOCOL", PROTOCOLS).env("LC_ALL", "C").env("GIT_PAGER", "cat");
        for setting in ["core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false"] {
            command.args(["-c", setting]);
        }
        command.args(args);
        command
    }

    fn run(&self, args: &[&str], env: &[(&str, &str)], patience: Duration) -> Result<Ended, Trouble> {
        let child = self.command(args).envs(env.iter().copied()).spawn();
        let child = child.map_err(|error| Trouble::no_git(&self.root, &error))?;
        let mut running = Running::new(child, args.first().copied().unwrap_or_default().to_owned())?;
        running.within(patience);
        running.ended()
    }

    fn succeeds(&self, args: &[&str]) -> Result<String, Trouble> {
        self.succeeds_with(args, &[])
    }

    fn succeeds_with(&self, args: &[&str], env: &[(&str, &str)]) -> Result<String, Trouble> {
        let ended = self.run(args, env, HERE)?;
        if ended.code != Some(0) {
            return Err(Trouble::said_by_git(args.first().copied().unwrap_or_default(), &ended.said));
        }
        Ok(String::from_utf8_lossy(&ended.output).trim_end_matches('\n').to_owned())
    }

    /// Merges `theirs` into `ours`, in memory.
    pub(super) fn merge(&self, ours: &Oid, theirs: &Oid) -> Result<Merged, Trouble> {
        let args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours.as_str(), theirs.as_str()];
        let ended = self.run(&args, &[("GIT_ATTR_SOURCE", ours.as_str())], HERE)?;
        let mut fields = ended.output.split(|b| *b == 0).filter(|field| !field.is_empty());
        match (ended.code, fields.next()) {
            (Some(0), Some(tree)) => Ok(Merged::Clean(oid(&String::from_utf8_lossy(tree))?)),
            (Some(1), Some(_)) => Ok(Merged::Conflict(fields.map(text::clean_bytes).collect())),
            _ => Err(Trouble::said_by_git("merge-tree", &ended.said)),
        }
    }

    /// Applies to `tip` what `commit` changed, in memory.
    ///
    /// Three commits without a history stand for the parent, the tip and the commit, so that git takes the parent for
    /// their merge base: before 2.40 it cannot be told which one to use.
    pub(super) fn pick(&self, tip: &Oid, commit: &Oid) -> Result<Merged, Trouble> {
        let parent = format!("{commit}^1^{{tree}}");
        let parent = match self.run(&["rev-parse", "--verify", "--quiet", &parent], &[], HERE)? {
            Ended { code: Some(0), output, .. } => oid(&String::from_utf8_lossy(&output))?,
            _ => oid(&self.succeeds(&["hash-object", "-t", "tree", "-w", "--stdin"])?)?,
        };
        let base = self.stand_in(&parent, None)?;
        let ours = self.stand_in(&self.tree(tip)?, Some(&base))?;
        let theirs = self.stand_in(&self.tree(commit)?, Some(&base))?;
        self.merge(&ours, &theirs)
    }

    fn stand_in(&self, tree: &Oid, parent: Option<&Oid>) -> Result<Oid, Trouble> {
        let nobody = Person { name: "hotfix".into(), email: "hotfix".into(), date: Some("@0 +0000".into()) };
        let parents: Vec<&Oid> = parent.into_iter().collect();
        self.write(tree, &parents, "stands in for a merge base\n", &nobody, &nobody, false)
    }

    /// The tree of a commit.
    pub(super) fn tree(&self, commit: &Oid) -> Result<Oid, Trouble> {
        oid(&self.succeeds(&["rev-parse", "--verify", &format!("{commit}^{{tree}}")])?)
    }

    /// Makes a commit by whoever works here; `author` is another one for a copy.
    pub(super) fn commit(
        &self,
        tree: &Oid,
        parents: &[&Oid],
        message: &str,
        author: Option<&Person>,
    ) -> Result<Oid, Trouble> {
        self.write(tree, parents, message, author.unwrap_or(&self.me), &self.me, self.signs)
    }

    fn write(
        &self,
        tree: &Oid,
        parents: &[&Oid],
        message: &str,
        author: &Person,
        committer: &Person,
        signs: bool,
    ) -> Result<Oid, Trouble> {
        let file = self.folder.path().join("message");
        std::fs::write(&file, message).map_err(|error| Trouble::new(format!("{}: {error}", file.display())))?;
        let file = file.to_string_lossy();
        let mut args = vec!["commit-tree", if signs { "-S" } else { "--no-gpg-sign" }, "-F", &file];
        for parent in parents {
            args.extend(["-p", parent.as_str()]);
        }
        args.push(tree.as_str());
        let mut env = vec![("GIT_AUTHOR_NAME", author.name.as_str()), ("GIT_AUTHOR_EMAIL", &author.email)];
        env.extend([("GIT_COMMITTER_NAME", committer.name.as_str()), ("GIT_COMMITTER_EMAIL", &committer.email)]);
        env.extend(author.date.as_deref().map(|date| ("GIT_AUTHOR_DATE", date)));
        env.extend(committer.date.as_deref().map(|date| ("GIT_COMMITTER_DATE", date)));
        oid(&self.succeeds_with(&args, &env)?)
    }

    /// Who wrote a commit, and its message, as they stand there.
    pub(super) fn of(&self, commit: &Oid) -> Result<(Person, String), Trouble> {
        let format = "--format=%an%x00%ae%x00%ad%x00%B";
        let shown =
            self.succeeds(&["log", "-1", "--no-show-signature", "--date=raw", format, commit.as_str(), "--"])?;
        let mut fields = shown.splitn(4, '\0').map(str::to_owned);
        let mut next = || fields.next().ok_or_else(|| Trouble::new("git log printed no commit"));
        let (name, email, date) = (next()?, next()?, format!("@{}", next()?));
        Ok((Person { name, email, date: Some(date) }, next()?))
    }

    /// Makes a tag object, signed where the user signs tags.
    pub(super) fn tag(&self, name: &str, commit: &Oid, message: &str) -> Result<Oid, Trouble> {
        let (who, email) = (self.me.name.as_str(), self.me.email.as_str());
        let env = [("GIT_COMMITTER_NAME", who), ("GIT_COMMITTER_EMAIL", email)];
        self.succeeds_with(&["tag", "--annotate", "-m", message, "--", name, commit.as_str()], &env)?;
        oid(&self.succeeds(&["rev-parse", "--verify", &format!("refs/tags/{name}")])?)
    }

    /// Pushes a commit to a reference that must stand where it is `expected`, or must not exist.
    pub(super) fn push(&self, url: &str, reference: &str, to: &Oid, expected: Option<&Oid>) -> Result<(), Trouble> {
        let lease = format!("--force-with-lease={reference}:{}", expected.map_or("", Oid::as_str));
        let refspec = format!("{to}:{reference}");
        let mut args = vec!["push", "--porcelain", "--no-verify", "--no-recurse-submodules", &lease];
        args.extend(["--receive-pack=git-receive-pack", "--", url, &refspec]);
        let ended = self.run(&args, &[], THERE)?;
        if ended.code == Some(0) {
            return Ok(());
        }
        let output = text::clean_block(&String::from_utf8_lossy(&ended.output), 4096);
        let refused = output.lines().find(|line| line.starts_with('!')).map(|line| line.replace("\\u{9}", " "));
        Err(match refused {
            Some(line) if line.contains("stale info") || line.contains("fetch first") => {
                Trouble::new(format!("somebody else moved {reference} at the remote meanwhile"))
                    .remedy("hotfix finish --abort, git fetch, then hotfix finish --push again")
            }
            Some(line) => Trouble::new(format!("the remote refused: {line}")),
            None => Trouble::said_by_git("push", &ended.said),
        })
    }

    /// Where a reference stands at the remote.
    pub(super) fn remote(&self, url: &str, reference: &str) -> Result<Option<Oid>, Trouble> {
        let args = ["ls-remote", "--upload-pack=git-upload-pack", "--", url, reference];
        let ended = self.run(&args, &[], THERE)?;
        if ended.code != Some(0) {
            return Err(Trouble::said_by_git("ls-remote", &ended.said));
        }
        let list = String::from_utf8_lossy(&ended.output).into_owned();
        let line = list.lines().find(|line| line.split('\t').nth(1) == Some(reference));
        line.and_then(|line| line.split('\t').next()).map(oid).transpose()
    }
}

impl Person {
    /// `Ana <ana@example.com> 1700000000 +0000`
    fn parse(ident: &str) -> Result<Self, Trouble> {
        let parts = ident.rsplit_once('>').and_then(|(who, date)| Some((who.rsplit_once('<')?, date.trim())));
        let ((name, email), date) = parts.ok_or_else(|| Trouble::new("git does not tell who you are"))?;
        Ok(Self { name: name.trim().to_owned(), email: email.to_owned(), date: Some(format!("@{date}")) })
    }
}

fn oid(line: &str) -> Result<Oid, Trouble> {
    Oid::parse(line.trim()).ok_or_else(|| Trouble::new(format!("git printed no object id: {:?}", text::clean(line))))
}

fn check_version(line: &str) -> Result<(), Trouble> {
    let mut numbers = line.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse::<u32>().ok());
    if let (Some(major), Some(minor)) = (numbers.next(), numbers.next())
        && (major, minor) >= OLDEST
    {
        return Ok(());
    }
    Err(Trouble::new(format!("{} is too old to merge without a work tree", text::clean(line)))
        .remedy("install git 2.38 or newer, or promote by hand: git switch TARGET && git merge BRANCH"))
}
