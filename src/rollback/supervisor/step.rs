//! The step as its supervisor has it: a child in a process group of its own, and a pipe with what it prints.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group};

use super::reports::Reports;
use super::{GRACE, PASS_ON, Report, TASK, Task};
use crate::evidence::text::{clean, fit};
use crate::rollback::executor::Ran;
use crate::rollback::output::{Batch, Splitter};

/// How often it is looked whether the step is over.
const LOOK: Duration = Duration::from_millis(10);
/// How long the pipe is still read after the command ended: children of its own may hold it open for ever.
const DRAIN: Duration = Duration::from_millis(200);
/// How much of the last line a message shows, in cells.
const LAST_LINE: usize = 160;
/// As much output is passed on at once; what comes after it waits for [`PASS_ON`].
const AT_ONCE: usize = 1 << 20;
/// How many processes that were left behind a message names.
const NAMED: usize = 3;

/// A step that runs.
pub(super) struct Running {
    child: Child,
    pipe: OwnedFd,
    is_open: bool,
    splitter: Splitter,
    passed: usize,
    last_line: String,
}

/// How a step ended.
pub(super) enum Ended {
    /// By itself.
    Itself(ExitStatus),
    /// It did not, in its time.
    TooLate,
    /// That cannot be seen.
    Unseen(io::Error),
}

impl Running {
    /// Starts the step.
    ///
    /// # Errors
    /// When nothing was started. In words.
    pub(super) fn start(task: &Task) -> Result<Self, String> {
        let name = task.program.file_name().map_or_else(String::new, |name| clean(&name.to_string_lossy()));
        Self::spawn(task).map_err(|error| format!("`{name}` did not start: {error}"))
    }

    fn spawn(task: &Task) -> io::Result<Self> {
        use std::os::unix::process::CommandExt;
        let (reader, writer) = io::pipe()?;
        let pipe = OwnedFd::from(reader);
        widen(&pipe);
        rustix::io::ioctl_fionbio(&pipe, true)?;
        let mut command = Command::new(&task.program);
        command.args(&task.arguments).current_dir(&task.directory).process_group(0).env_remove(TASK);
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        // The step holds a reading end of its own output: should its supervisor die, writing does not kill it.
        let mut lent = vec![pipe.try_clone()?];
        if task.holds_lock {
            lent.push(rustix::stdio::stdin().try_clone_to_owned()?);
        }
        let mapping = |(index, parent_fd)| FdMapping { parent_fd, child_fd: 3 + index };
        command.fd_mappings((0..).zip(lent).map(mapping).collect()).map_err(io::Error::other)?;
        let child = command.spawn()?;
        Ok(Self { child, pipe, is_open: true, splitter: Splitter::default(), passed: 0, last_line: String::new() })
    }

    /// The process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads and passes on until the step ends, `limit` at most.
    pub(super) fn watch(&mut self, limit: Duration, reports: &mut Reports) -> Ended {
        let begun = Instant::now();
        let mut passed_on = begun;
        while begun.elapsed() < limit {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ended::Itself(status),
                Ok(None) => {}
                Err(error) => return Ended::Unseen(error),
            }
            let is_early = self.splitter.len() >= AT_ONCE / 32 && self.passed < AT_ONCE;
            if is_early || passed_on.elapsed() >= PASS_ON {
                self.pass_on(reports);
                passed_on = Instant::now();
            }
            self.await_output();
            self.read();
        }
        Ended::TooLate
    }

    fn await_output(&self) {
        let time = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
        let wanted = if self.is_open { PollFlags::IN } else { PollFlags::empty() };
        if self.is_open {
            let _looks_again = poll(&mut [PollFd::from_borrowed_fd(self.pipe.as_fd(), wanted)], Some(&time));
        } else {
            std::thread::sleep(LOOK);
        }
    }

    /// Takes what is in the pipe, and no more than a pipe holds.
    fn read(&mut self) {
        let mut buffer = [0; 16 << 10];
        for _ in 0..64 {
            match rustix::io::read(&self.pipe, &mut buffer) {
                Ok(0) => self.is_open = false,
                Ok(length) => {
                    self.splitter.push(&buffer[..length]);
                    continue;
                }
                Err(_) => {}
            }
            return;
        }
    }

    /// Passes on what came, if the cockpit has taken what came before.
    fn pass_on(&mut self, reports: &mut Reports) {
        reports.push();
        if reports.is_idle() {
            let batch = self.splitter.take();
            self.tell(batch, reports);
        }
    }

    fn tell(&mut self, batch: Batch, reports: &mut Reports) {
        if let Some(line) = batch.lines.last() {
            self.last_line = fit(line, LAST_LINE);
        }
        if !batch.is_empty() {
            self.passed += batch.lines.iter().map(String::len).sum::<usize>();
            reports.send(&Report::Output(batch));
        }
    }

    /// Reads what is left in the pipe.
    pub(super) fn drain(&mut self, reports: &mut Reports) {
        let end = Instant::now() + DRAIN;
        self.read();
        while self.is_open && Instant::now() < end {
            self.await_output();
            self.read();
        }
        let rest = self.splitter.finish();
        self.tell(rest, reports);
    }

    /// TERM, then KILL, to the whole group.
    pub(super) fn kill(&mut self, reports: &mut Reports) -> Ended {
        self.signal(Signal::TERM);
        let ended = self.watch(GRACE, reports);
        self.signal(Signal::KILL);
        if let Ended::TooLate = ended {
            self.watch(GRACE, reports);
        }
        Ended::TooLate
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = Pid::from_raw(self.child.id().cast_signed()) {
            let _gone_already = kill_process_group(group, signal);
        }
    }

    /// The processes that a step left behind, by their names; they are killed when it came `too_late`.
    pub(super) fn left_behind(&self, too_late: bool) -> Vec<String> {
        let mut names = Vec::new();
        // Whoever is killed leaves its own children: a few rounds reach them all.
        for _ in 0..20 {
            reap();
            let children = children();
            if children.is_empty() {
                break;
            }
            if !too_late {
                return children.into_iter().map(name).collect();
            }
            names.extend(children.iter().map(|pid| name(*pid)));
            for pid in children.into_iter().filter_map(Pid::from_raw) {
                let _gone_already = kill_process(pid, Signal::KILL);
            }
            std::thread::sleep(LOOK);
        }
        names
    }

    /// What an end says of the effect.
    pub(super) fn judge(&self, ended: &Ended, limit: Duration, left: &[String]) -> Ran {
        let said = if self.last_line.is_empty() { String::new() } else { format!(": {}", self.last_line) };
        let left = left_words(left);
        let status = match ended {
            Ended::Itself(status) => status,
            Ended::TooLate => {
                return Ran::Unknown(format!("it did not end within {} s, and was killed", limit.as_secs_f64()));
            }
            Ended::Unseen(error) => return Ran::Unknown(format!("its end cannot be seen: {error}")),
        };
        match status.code() {
            Some(0) => Ran::Done(format!("it ended with 0{left}")),
            Some(code) => Ran::Failed(format!("it ended with {code}{said}{left}")),
            None => Ran::Unknown(format!("it was killed ({status}){said}{left}")),
        }
    }
}

fn left_words(left: &[String]) -> String {
    if left.is_empty() {
        return String::new();
    }
    let more = if left.len() > NAMED { ", …" } else { "" };
    let named = left.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    format!("; it left running: {named}{more}")
}

/// Makes this process the parent of whatever loses its own below it: nothing that a step starts gets out of sight.
pub(super) fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _unsupported = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Takes leave of the children that have ended.
fn reap() {
    while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
}

/// The children of this process, adopted ones included.
fn children() -> Vec<i32> {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let listed = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    listed.flat_map(|pids| pids.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>()).collect()
}

fn name(pid: i32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    format!("{} (process {pid})", clean(name.trim_end()))
}

/// A wide pipe lets a step go on for longer when nobody reads any more.
fn widen(pipe: &OwnedFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, 1 << 20);
    #[cfg(not(target_os = "linux"))]
    let _ = pipe;
}
