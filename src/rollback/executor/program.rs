//! Running a step's command: arguments as they are, no shell, its own process group, its output watched.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::Child;
use tokio::time::{Instant, sleep_until, timeout};

use super::Ran;
use super::lock::Lock;
use crate::config::program;
use crate::evidence::text::{clean, fit};
use crate::rollback::output::{Batch, Splitter};

/// Between TERM and KILL.
const GRACE: Duration = Duration::from_secs(5);
/// How long the pipe is still read after the command ended: children of its own may hold it open for ever.
const DRAIN: Duration = Duration::from_millis(200);
/// How often output is passed on.
const PASS_ON: Duration = Duration::from_millis(100);
/// How much of the last line a message shows, in cells.
const LAST_LINE: usize = 160;

/// A command that runs.
#[derive(Debug)]
pub struct Running {
    child: Child,
    group: Option<Pid>,
    pipe: Receiver,
    splitter: Splitter,
    last_line: String,
}

/// What a command may see and hold.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Where it runs.
    pub directory: &'a Path,
    /// The lock that it holds for as long as it lives.
    pub lock: Option<&'a Lock>,
}

impl Running {
    /// Starts a command.
    ///
    /// # Errors
    /// When nothing was started: the program is not there, or may not run. In words.
    pub fn start(argv: &[String], place: Place) -> Result<Self, String> {
        let name = argv.first().map_or_else(String::new, |it| clean(it));
        let program = program::find(argv.first().map_or("", String::as_str), place.directory)
            .map_err(|why| format!("{why}: nothing was run"))?;
        Self::spawn(&program, argv, place).map_err(|error| format!("`{name}` did not start: {error}"))
    }

    fn spawn(program: &Path, argv: &[String], place: Place) -> io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let (reader, writer) = io::pipe()?;
        let reader = OwnedFd::from(reader);
        widen(&reader);
        let mut command = Command::new(program);
        command.args(argv.iter().skip(1)).current_dir(place.directory).process_group(0);
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        // The command holds a reading end of its own output: if the cockpit dies, writing does not kill it.
        let mut lent = vec![reader.try_clone()?];
        lent.extend(place.lock.map(Lock::lend).transpose()?);
        let mapping = |(index, parent_fd)| FdMapping { parent_fd, child_fd: 3 + index };
        let mappings: Vec<_> = (0..).zip(lent).map(mapping).collect();
        command.fd_mappings(mappings).map_err(io::Error::other)?;
        let mut command = tokio::process::Command::from(command);
        let child = command.spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pipe = Receiver::from_owned_fd(reader)?;
        Ok(Self { child, group, pipe, splitter: Splitter::default(), last_line: String::new() })
    }

    /// The process id.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for the end, passing output on. After `limit` the whole group is told to end, then killed.
    pub async fn wait(mut self, limit: Duration, pass_on: &(dyn Fn(Batch) + Sync)) -> Ran {
        let deadline = Instant::now() + limit;
        let ended = self.watch(deadline, pass_on).await;
        if ended.is_none() {
            self.kill(pass_on).await;
        }
        self.drain(pass_on).await;
        match ended {
            Some(Ok(status)) => self.judge(status),
            Some(Err(error)) => Ran::Unknown(format!("its end cannot be seen: {error}")),
            None => Ran::Unknown(format!("it did not end within {} s, and was killed", limit.as_secs_f64())),
        }
    }

    /// Reads and passes on until the command ends, or `None` at the deadline.
    async fn watch(&mut self, deadline: Instant, pass_on: &(dyn Fn(Batch) + Sync)) -> Option<io::Result<ExitStatus>> {
        let mut buffer = vec![0; 64 << 10];
        let mut tick = tokio::time::interval(PASS_ON);
        let mut open = true;
        loop {
            tokio::select! {
                biased;
                () = sleep_until(deadline) => return None,
                _ = tick.tick() => self.flush(pass_on),
                status = self.child.wait() => return Some(status),
                read = self.pipe.read(&mut buffer), if open => match read {
                    Ok(length) if length > 0 => self.splitter.push(&buffer[..length]),
                    _ => open = false,
                },
            }
        }
    }

    /// Reads what is left in the pipe.
    async fn drain(&mut self, pass_on: &(dyn Fn(Batch) + Sync)) {
        let mut buffer = vec![0; 64 << 10];
        let rest = async {
            while let Ok(length @ 1..) = self.pipe.read(&mut buffer).await {
                self.splitter.push(&buffer[..length]);
            }
        };
        let _ = timeout(DRAIN, rest).await;
        let rest = self.splitter.finish();
        self.take_note(rest, pass_on);
    }

    fn flush(&mut self, pass_on: &(dyn Fn(Batch) + Sync)) {
        let batch = self.splitter.take();
        self.take_note(batch, pass_on);
    }

    fn take_note(&mut self, batch: Batch, pass_on: &(dyn Fn(Batch) + Sync)) {
        if let Some(line) = batch.lines.last() {
            self.last_line = fit(line, LAST_LINE);
        }
        if !batch.is_empty() {
            pass_on(batch);
        }
    }

    fn judge(&self, status: ExitStatus) -> Ran {
        let said = if self.last_line.is_empty() { String::new() } else { format!(": {}", self.last_line) };
        match status.code() {
            Some(0) => Ran::Done("it ended with 0".into()),
            Some(code) => Ran::Failed(format!("it ended with {code}{said}")),
            None => Ran::Unknown(format!("it was killed ({status}){said}")),
        }
    }

    /// TERM, then KILL, to the whole group: what the command left behind in it is killed too.
    async fn kill(&mut self, pass_on: &(dyn Fn(Batch) + Sync)) {
        self.signal(Signal::TERM);
        let ended = self.watch(Instant::now() + GRACE, pass_on).await;
        self.signal(Signal::KILL);
        if ended.is_none() {
            let _ = timeout(GRACE, self.child.wait()).await;
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, signal);
        }
    }
}

/// A wide pipe lets a command go on for longer when nobody reads any more.
fn widen(pipe: &OwnedFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, 1 << 20);
    #[cfg(not(target_os = "linux"))]
    let _ = pipe;
}
