//! The command itself: its own process group, no input, its output read as it comes.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::Child;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::config::program;
use crate::evidence::text::clean;
use crate::test_results::live::{Counts, Progress};
use crate::test_results::tally::without_ansi;

/// Between TERM and KILL.
const GRACE: Duration = Duration::from_secs(5);
/// How long the pipe is still read after the command ended: children of its own may hold it open for ever.
const DRAIN: Duration = Duration::from_millis(300);
/// How often output is passed on.
const PASS_ON: Duration = Duration::from_millis(100);
/// Bytes of output that are kept on disk.
const KEPT: u64 = 64 << 20;
/// Bytes of one line that are shown.
const LINE: usize = 1_000;
/// Lines that wait to be passed on: of a flood the last ones.
const WAITING: usize = 200;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with a code.
    Code(i32),
    /// By a signal that was not ours.
    Signal(String),
    /// It was told to.
    Stopped,
    /// It took too long, and was killed.
    TimedOut,
    /// Nobody saw how.
    Unseen(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "ended with {code}"),
            Self::Signal(status) => write!(f, "was killed ({status})"),
            Self::Stopped => f.write_str("stopped: it proves nothing"),
            Self::TimedOut => f.write_str("took too long and was killed: it proves nothing"),
            Self::Unseen(why) => write!(f, "its end was not seen: {why}"),
        }
    }
}

/// A command that runs. It does not outlive this.
#[derive(Debug)]
pub struct Running {
    child: Child,
    group: Group,
    pipe: Receiver,
    lines: Lines,
}

/// A process group that is killed with its owner.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // A group that is gone needs no signal.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

impl Running {
    /// Starts a command whose output goes to `log` as well.
    ///
    /// # Errors
    /// When nothing was started: the program is not there, or may not run. In words.
    pub fn start(argv: &[String], directory: &Path, log: File) -> Result<Self, String> {
        let name = argv.first().map_or("", String::as_str);
        let program = program::find(name, directory).map_err(|why| format!("{why}: nothing was run"))?;
        let spawned = Self::spawn(&program, argv, directory, log);
        spawned.map_err(|error| format!("`{}` did not start: {error}", clean(name)))
    }

    fn spawn(program: &Path, argv: &[String], directory: &Path, log: File) -> io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(program);
        command.args(argv.iter().skip(1)).current_dir(directory).process_group(0);
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let child = tokio::process::Command::from(command).spawn()?;
        let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        Ok(Self { child, group, pipe: Receiver::from_owned_fd(OwnedFd::from(reader))?, lines: Lines::new(log) })
    }

    /// Waits for the end, passing output on.
    pub async fn wait(
        mut self,
        limit: Duration,
        tell: &(dyn Fn(Progress) + Send + Sync),
        stop: &CancellationToken,
    ) -> Ended {
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => Err(Ended::Stopped),
            () = sleep_until(Instant::now() + limit) => Err(Ended::TimedOut),
            status = watch(&mut self.child, &mut self.pipe, &mut self.lines, tell) => Ok(status),
        };
        if ended.is_err() {
            self.kill(tell).await;
        }
        self.drain(tell).await;
        match ended {
            Err(ended) => ended,
            Ok(Err(error)) => Ended::Unseen(error.to_string()),
            Ok(Ok(status)) => status.code().map_or_else(|| Ended::Signal(status.to_string()), Ended::Code),
        }
    }

    /// TERM, then KILL, to the whole group.
    async fn kill(&mut self, tell: &(dyn Fn(Progress) + Send + Sync)) {
        self.group.signal(Signal::TERM);
        let ended = timeout(GRACE, watch(&mut self.child, &mut self.pipe, &mut self.lines, tell)).await;
        self.group.signal(Signal::KILL);
        if ended.is_err() {
            let _ = timeout(GRACE, self.child.wait()).await;
        }
    }

    /// Reads what is left in the pipe.
    async fn drain(&mut self, tell: &(dyn Fn(Progress) + Send + Sync)) {
        let mut buffer = vec![0; 64 << 10];
        let rest = async {
            while let Ok(length @ 1..) = self.pipe.read(&mut buffer).await {
                self.lines.push(&buffer[..length]);
            }
        };
        let _ = timeout(DRAIN, rest).await;
        self.lines.finish();
        self.lines.pass_on(tell);
    }
}

async fn watch(
    child: &mut Child,
    pipe: &mut Receiver,
    lines: &mut Lines,
    tell: &(dyn Fn(Progress) + Send + Sync),
) -> io::Result<ExitStatus> {
    let mut buffer = vec![0; 64 << 10];
    let mut tick = tokio::time::interval(PASS_ON);
    let mut open = true;
    loop {
        tokio::select! {
            _ = tick.tick() => lines.pass_on(tell),
            status = child.wait() => return status,
            read = pipe.read(&mut buffer), if open => match read {
                Ok(length) if length > 0 => lines.push(&buffer[..length]),
                _ => open = false,
            },
        }
    }
}

/// Cuts output into clean lines.
#[derive(Debug)]
struct Lines {
    log: Option<File>,
    logged: u64,
    line: Vec<u8>,
    waiting: Vec<String>,
    counts: Counts,
}

impl Lines {
    fn new(log: File) -> Self {
        Self { log: Some(log), logged: 0, line: Vec::new(), waiting: Vec::new(), counts: Counts::default() }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.logged += bytes.len() as u64;
        if self.logged > KEPT || self.log.as_mut().is_some_and(|log| log.write_all(bytes).is_err()) {
            self.log = None;
        }
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                _ if self.line.len() < LINE => self.line.push(*byte),
                _ => {}
            }
        }
    }

    fn end_line(&mut self) {
        let text = String::from_utf8_lossy(&self.line);
        // Of a progress bar that goes back to the beginning of its line, what stands there last.
        let text = text.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
        let text = clean(&without_ansi(text));
        self.line.clear();
        self.counts.add(&text);
        if self.waiting.len() == WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(text);
    }

    fn finish(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
    }

    fn pass_on(&mut self, tell: &(dyn Fn(Progress) + Send + Sync)) {
        if !self.waiting.is_empty() {
            tell(Progress::Printed { lines: std::mem::take(&mut self.waiting), counts: self.counts });
        }
    }
}
