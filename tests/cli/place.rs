//! A repository of a service, with a home of its own, and the program in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use git2::{Repository, Signature, Time};
use tempfile::TempDir;

/// The place.
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// A repository with one commit and a remote.
    pub fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["repo", "home", "state"] {
            fs::create_dir(place.folder.path().join(name)).unwrap();
        }
        let repository = Repository::init(place.repo()).unwrap();
        repository.config().unwrap().set_str("user.name", "ana").unwrap();
        repository.remote("origin", "https://git.example/acme/checkout.git").unwrap();
        commit(&repository, "first");
        place
    }

    /// The work tree.
    pub fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    /// The home folder.
    pub fn home(&self) -> String {
        self.folder.path().join("home").display().to_string()
    }

    /// The commit that is checked out.
    pub fn head(&self) -> String {
        let repository = Repository::open(self.repo()).unwrap();
        repository.head().unwrap().target().unwrap().to_string()
    }

    /// Writes a file in the work tree.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.repo().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Commits everything in the work tree.
    pub fn commit_all(&self) {
        let repository = Repository::open(self.repo()).unwrap();
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.write().unwrap();
        commit(&repository, "everything");
    }

    /// As after a push: the branch of the remote is where HEAD is.
    pub fn pushed(&self) {
        let repository = Repository::open(self.repo()).unwrap();
        let head = repository.head().unwrap();
        let (branch, oid) = (head.shorthand().unwrap(), head.target().unwrap());
        repository.reference(&format!("refs/remotes/origin/{branch}"), oid, true, "push").unwrap();
        let mut local = repository.find_branch(branch, git2::BranchType::Local).unwrap();
        local.set_upstream(Some(&format!("origin/{branch}"))).unwrap();
    }

    /// The same repository, cloned to another place by another protocol.
    pub fn clone_again(&self) -> PathBuf {
        let path = self.folder.path().join("clone");
        let clone = Repository::clone(&self.repo().display().to_string(), &path).unwrap();
        clone.remote_set_url("origin", "git@git.example:acme/checkout.git").unwrap();
        path
    }

    /// The program's path.
    pub fn program(&self) -> &'static str {
        env!("CARGO_BIN_EXE_hotfix")
    }

    /// Another program in the same surroundings, which is to start ours.
    pub fn by(&self, program: &str) -> Command {
        self.command_of(program, &self.repo(), &[])
    }

    fn command(&self, directory: &Path, arguments: &[&str]) -> Command {
        self.command_of(self.program(), directory, arguments)
    }

    fn command_of(&self, program: &str, directory: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(directory).env_clear();
        command.env("HOME", self.home()).env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TZ", "UTC");
        command.env("HOTFIX_STATE_DIR", self.folder.path().join("state"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The program for a terminal of its own.
    pub fn terminal_command(&self, arguments: &[&str]) -> portable_pty::CommandBuilder {
        let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_hotfix"));
        command.args(arguments);
        command.cwd(self.repo());
        command.env("HOME", self.home());
        command.env("HOTFIX_STATE_DIR", self.folder.path().join("state"));
        command.env_remove("HOTFIX_TRUST");
        command
    }

    /// Starts the program.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(&self.repo(), arguments).spawn().unwrap()
    }

    /// What the program does, with a variable more in its environment.
    pub fn output(&self, arguments: &[&str], variable: Option<(&str, &str)>) -> Output {
        self.output_with(arguments, variable.as_slice())
    }

    /// The same with several variables.
    pub fn output_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        self.command(&self.repo(), arguments).envs(variables.iter().copied()).output().unwrap()
    }

    /// What the program prints, however it ends.
    pub fn prints(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.output(arguments, None).stdout).unwrap()
    }

    /// What the program prints; it must succeed.
    pub fn runs(&self, arguments: &[&str]) -> String {
        self.hotfix_in(&self.repo(), arguments)
    }

    /// The same in another folder.
    pub fn hotfix_in(&self, directory: &Path, arguments: &[&str]) -> String {
        let output = self.command(directory, arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the program says on standard error; it must end with 2 and print nothing.
    pub fn fails(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments, None);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// Commits the index.
fn commit(repository: &Repository, message: &str) {
    let who = Signature::new("ana", "ana@git.example", &Time::new(1_750_000_000, 0)).unwrap();
    let tree = repository.find_tree(repository.index().unwrap().write_tree().unwrap()).unwrap();
    let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap();
}
