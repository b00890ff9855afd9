//! Repositories for tests, made with the `git` command in a fixed environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::Settings;
use crate::change::model::Report;
use crate::evidence::Failure;

/// A repository that goes away with the test.
pub(super) struct Fixture {
    _folder: TempDir,
    pub(super) root: PathBuf,
    clock: std::cell::Cell<u64>,
}

impl Fixture {
    /// An empty repository with the branch `main`.
    pub(super) fn empty() -> Self {
        let it = Self::nothing();
        it.git(&["init", "--quiet", "--initial-branch=main"]);
        it
    }

    /// A folder that is no repository yet.
    pub(super) fn nothing() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("work");
        std::fs::create_dir(&root).unwrap();
        Self { _folder: folder, root, clock: 1_700_000_000.into() }
    }

    /// One commit with the tag `v1.0.0` on `main`.
    pub(super) fn released() -> Self {
        let it = Self::empty();
        it.write("src/cart.rs", lines(40));
        it.commit("First");
        it.git(&["tag", "v1.0.0"]);
        it
    }

    /// As [`Self::released`], and on the branch `hotfix/cart`.
    pub(super) fn hotfix() -> Self {
        let it = Self::released();
        it.git(&["checkout", "--quiet", "-b", "hotfix/cart"]);
        it
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(super) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Everything there is, as a commit; each a minute after the last.
    pub(super) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.id("HEAD")
    }

    /// A file of this name with some text, as a commit.
    pub(super) fn change(&self, name: &str, message: &str) -> String {
        self.write(name, message);
        self.commit(message)
    }

    pub(super) fn id(&self, revision: &str) -> String {
        self.git(&["rev-parse", "--verify", revision])
    }

    /// Runs git, which must succeed.
    pub(super) fn git(&self, args: &[&str]) -> String {
        let output = self.try_git(args);
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    pub(super) fn try_git(&self, args: &[&str]) -> Output {
        self.clock.set(self.clock.get() + 60);
        let date = format!("{} +0000", self.clock.get());
        command(&self.root, &date).args(args).output().unwrap()
    }

    pub(super) fn report(&self) -> Report {
        self.try_report(&Settings::default()).unwrap()
    }

    pub(super) fn report_with(&self, toml: &str) -> Report {
        self.try_report(&settings(toml)).unwrap()
    }

    pub(super) fn try_report(&self, settings: &Settings) -> Result<Report, Failure> {
        super::read(&self.root, settings).map(|evidence| evidence.value)
    }
}

pub(super) fn settings(toml: &str) -> Settings {
    Settings::from(&toml::from_str(toml).unwrap())
}

fn command(root: &Path, date: &str) -> Command {
    let mut command = Command::new("git");
    command.current_dir(root).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.envs([
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("LC_ALL", "C"),
        ("HOME", "/nonexistent"),
    ]);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Ana").env(format!("GIT_{who}_EMAIL"), "ana@example.com");
        command.env(format!("GIT_{who}_DATE"), date);
    }
    command.args(["-c", "protocol.file.allow=always"]);
    command
}

pub(super) fn lines(n: usize) -> String {
    (1..=n).map(|i| format!("line {i}\n")).collect()
}

/// A small deterministic generator: the same repositories in every run.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn seed(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}
