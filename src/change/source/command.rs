//! The `git` program, started so that nothing which the repository names is run, and given a deadline.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::trouble::Trouble;
use crate::evidence::text;

/// How long one command may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);
/// What is kept of what a command says on standard error, in bytes.
const STDERR_KEPT: usize = 4 * 1024;
/// The most that is read of a command whose answer is kept whole, in bytes.
const OUTPUT_LIMIT: u64 = 64 * 1024 * 1024;

/// Configuration that would run a program, contact a host or change what is printed, turned off.
/// Filters are turned off one by one by [`Git::with_config`]: there is no switch for all of them.
const SAFE: [&str; 10] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.sshCommand=false",
    "credential.helper=",
    "diff.external=",
    "diff.relative=false",
    "protocol.allow=never",
    "gpg.program=false",
    "log.showSignature=false",
];

/// Variables that would point git at another repository, or make it run something.
pub(super) const UNSET: [&str; 16] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_ASKPASS",
    "GIT_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// `git` in one folder.
#[derive(Debug, Clone)]
pub(super) struct Git {
    root: PathBuf,
    config: Vec<(String, &'static str)>,
}

impl Git {
    /// `git` started in `root`.
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), config: Vec::new() }
    }

    /// The same with more settings, keys and values.
    pub(super) fn with_config(&self, settings: impl IntoIterator<Item = (String, &'static str)>) -> Self {
        Self { root: self.root.clone(), config: settings.into_iter().collect() }
    }

    /// By the environment rather than by `-c`: a key may have a `=` in it. What the user set that way stays.
    fn configure(&self, command: &mut Command) {
        let before = std::env::var("GIT_CONFIG_COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(0);
        for (place, (key, value)) in self.config.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{}", before + place), key);
            command.env(format!("GIT_CONFIG_VALUE_{}", before + place), value);
        }
        if !self.config.is_empty() {
            command.env("GIT_CONFIG_COUNT", (before + self.config.len()).to_string());
        }
    }

    /// Starts a command.
    pub(super) fn start<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Running, Trouble> {
        self.spawn(args, Stdio::null())
    }

    /// Runs a command to its end, and gives what it printed.
    pub(super) fn output<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Vec<u8>, Trouble> {
        self.start(args)?.output()
    }

    /// As [`Self::output`], as clean text without the last line break; for what git itself words.
    pub(super) fn line<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<String, Trouble> {
        let bytes = self.output(args)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }

    /// Runs a command that reads `input`, to its end.
    pub(super) fn filter<S: AsRef<OsStr>>(&self, args: &[S], input: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.filter_within(args, input, DEADLINE)
    }

    /// The same with less time.
    pub(super) fn filter_within<S: AsRef<OsStr>>(
        &self,
        args: &[S],
        input: &[u8],
        patience: Duration,
    ) -> Result<Vec<u8>, Trouble> {
        let mut running = self.spawn(args, Stdio::piped())?;
        running.within(patience);
        let stdin = running.child.stdin.take();
        let input = input.to_owned();
        let writer = std::thread::spawn(move || feed(stdin, &input));
        let output = running.output();
        writer.join().ok();
        output
    }

    /// What a command printed that ends with 1 to say no; `None` for that, or when it printed nothing.
    pub(super) fn ask<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Option<String>, Trouble> {
        let mut running = self.start(args)?;
        let mut bytes = Vec::new();
        let read = running.by_ref().take(OUTPUT_LIMIT).read_to_end(&mut bytes);
        read.map_err(|error| running.broke(&error))?;
        let (status, trouble) = running.status()?;
        let line = String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned();
        match status.code() {
            Some(0) => Ok(Some(line).filter(|line| !line.is_empty())),
            Some(1) => Ok(None),
            _ => Err(trouble),
        }
    }

    fn spawn<S: AsRef<OsStr>>(&self, args: &[S], stdin: Stdio) -> Result<Running, Trouble> {
        let mut command = Command::new("git");
        command.current_dir(&self.root).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in UNSET {
            command.env_remove(name);
        }
        command.envs([("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_NO_LAZY_FETCH", "1")]);
        command.envs([("GIT_ALLOW_PROTOCOL", "none"), ("LC_ALL", "C"), ("GIT_PAGER", "cat")]);
        for setting in SAFE {
            command.args(["-c", setting]);
        }
        self.configure(&mut command);
        command.arg("--literal-pathspecs").args(args);
        let child = command.spawn().map_err(|error| Trouble::no_git(&self.root, &error))?;
        Running::new(child, args.first().map_or_else(String::new, |name| name.as_ref().to_string_lossy().into_owned()))
    }
}

fn feed(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        io::Write::write_all(&mut stdin, input).ok();
    }
}

/// A command under way. Reading it reads its standard output; it is killed when it is dropped early.
pub(super) struct Running {
    child: Child,
    stdout: ChildStdout,
    stderr: Option<ChildStderr>,
    said: Vec<u8>,
    name: String,
    until: Instant,
}

/// How a command ended.
pub(super) struct Ended {
    /// `None` when a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) output: Vec<u8>,
    /// What it said on standard error, clean.
    pub(super) said: String,
}

impl Running {
    pub(super) fn new(mut child: Child, name: String) -> Result<Self, Trouble> {
        let stderr = child.stderr.take();
        let Some(stdout) = child.stdout.take() else { return Err(Trouble::new(format!("git {name}: no output"))) };
        Ok(Self { child, stdout, stderr, said: Vec::new(), name, until: Instant::now() + DEADLINE })
    }

    /// Gives it less time.
    pub(super) fn within(&mut self, patience: Duration) {
        self.until = Instant::now() + patience;
    }

    /// Reads everything, and waits for a good end.
    pub(super) fn output(mut self) -> Result<Vec<u8>, Trouble> {
        let mut output = Vec::new();
        let read = (&mut self).take(OUTPUT_LIMIT).read_to_end(&mut output);
        let read = read.map_err(|error| self.broke(&error))?;
        if read as u64 == OUTPUT_LIMIT {
            return Err(Trouble::new(format!("git {} printed more than 64 MiB", self.name)));
        }
        self.end()?;
        Ok(output)
    }

    /// Reads everything, and tells how it ended, for commands that answer by their exit code.
    pub(super) fn ended(mut self) -> Result<Ended, Trouble> {
        let mut output = Vec::new();
        (&mut self).take(OUTPUT_LIMIT).read_to_end(&mut output).map_err(|error| self.broke(&error))?;
        io::copy(&mut self, &mut io::sink()).map_err(|error| self.broke(&error))?;
        let status = self.child.wait().map_err(|error| self.broke(&error))?;
        // What is there already, and no more: a daemon that it left behind may hold its standard error for ever.
        let told = |it: &Self| ready(it.stdout.as_fd(), it.stderr.as_ref().map(AsFd::as_fd), Duration::ZERO);
        while self.said.len() < STDERR_KEPT && told(&self).is_ok_and(|(_, err)| err) {
            self.listen().map_err(|error| self.broke(&error))?;
        }
        let said = text::clean_block(&String::from_utf8_lossy(&self.said), STDERR_KEPT);
        Ok(Ended { code: status.code(), output, said })
    }

    /// Waits for its end, once its output was read.
    ///
    /// # Errors
    /// With what it said when it did not end well.
    pub(super) fn end(self) -> Result<(), Trouble> {
        let (status, trouble) = self.status()?;
        if status.success() { Ok(()) } else { Err(trouble) }
    }

    /// How it ended, and what that means should it be no good end.
    fn status(mut self) -> Result<(ExitStatus, Trouble), Trouble> {
        io::copy(&mut self, &mut io::sink()).map_err(|error| self.broke(&error))?;
        let status = self.child.wait().map_err(|error| self.broke(&error))?;
        let said = text::clean_block(&String::from_utf8_lossy(&self.said), STDERR_KEPT);
        Ok((status, Trouble::said_by_git(&self.name, &said)))
    }

    /// What a failed read means.
    pub(super) fn broke(&self, error: &io::Error) -> Trouble {
        Trouble::new(format!("git {}: {error}", self.name))
    }

    /// Waits for output, taking in meanwhile what comes on standard error.
    fn wait(&mut self) -> io::Result<()> {
        loop {
            let left = self.until.saturating_duration_since(Instant::now());
            let (out, err) = ready(self.stdout.as_fd(), self.stderr.as_ref().map(AsFd::as_fd), left)?;
            if err {
                self.listen()?;
            } else if out {
                return Ok(());
            } else {
                let what = format!("no answer within {} s", DEADLINE.as_secs());
                return Err(io::Error::new(io::ErrorKind::TimedOut, what));
            }
        }
    }

    fn listen(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1024];
        let Some(stderr) = self.stderr.as_mut() else { return Ok(()) };
        let count = stderr.read(&mut buffer)?;
        let room = STDERR_KEPT - self.said.len();
        self.said.extend_from_slice(&buffer[..count.min(room)]);
        if count == 0 {
            self.stderr = None;
        }
        Ok(())
    }
}

/// Which of the two can be read: neither when the time is up.
fn ready(out: BorrowedFd<'_>, err: Option<BorrowedFd<'_>>, left: Duration) -> io::Result<(bool, bool)> {
    let mut fds = vec![PollFd::from_borrowed_fd(out, PollFlags::IN)];
    fds.extend(err.map(|err| PollFd::from_borrowed_fd(err, PollFlags::IN)));
    let timeout =
        Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() };
    match poll(&mut fds, Some(&timeout)) {
        Ok(_) => Ok((!fds[0].revents().is_empty(), fds.get(1).is_some_and(|fd| !fd.revents().is_empty()))),
        Err(rustix::io::Errno::INTR) => ready(out, err, left),
        Err(error) => Err(error.into()),
    }
}

impl Read for Running {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wait()?;
        self.stdout.read(buffer)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
