//! The guardian: a small parent process that puts the terminal right after a cockpit that could not.
//!
//! Nothing inside a process survives kill -9, abort or the out-of-memory killer. So the program forks
//! before it does anything else: the child is the cockpit; the parent sleeps, passes signals on, and
//! wakes when the child is gone.

use std::ffi::OsString;
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};
use rustix::termios::{self, Termios};

use super::terminal;

/// Which of the two processes this is.
pub enum Side {
    /// The parent; the cockpit has ended, and this is how the program ends.
    Guardian(u8),
    /// The child. What is written to the pipe is told to the operator if the cockpit dies.
    Cockpit(LastWords),
}

/// The cockpit's end of a pipe to its guardian.
#[derive(Debug, Clone, Default)]
pub struct LastWords(Option<Arc<OwnedFd>>);

impl LastWords {
    /// What the guardian says should the cockpit die: where the journal is, for instance.
    pub fn set(&self, words: &str) {
        if let Some(pipe) = &self.0 {
            let _guardian_gone = rustix::io::write(pipe, format!("{words}\n").as_bytes());
        }
    }
}

/// Signals that mean the cockpit, whoever gets them.
const PASSED_ON: [i32; 6] = [libc::SIGTERM, libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTSTP, libc::SIGUSR1];

/// Whether a command line may open a screen, told without reading it in full: the split must come before anything
/// has grown, because the guardian keeps what the program is at that moment.
pub fn is_wanted(mut arguments: impl Iterator<Item = OsString>) -> bool {
    let has_terminal = termios::isatty(rustix::stdio::stdin()) && termios::isatty(rustix::stdio::stdout());
    let names_one = |it: &OsString| ["drill", "declare", "assess"].iter().any(|name| it == name);
    let opens =
        |first: Option<OsString>| first.is_none_or(|it| names_one(&it) || it.as_encoded_bytes().starts_with(b"-"));
    has_terminal && opens(arguments.next())
}

/// Splits the process. Must be called before any thread is started.
///
/// # Errors
/// When the system has no process or pipe left; the caller may go on without a guardian.
pub fn split() -> io::Result<Side> {
    let cooked = termios::tcgetattr(rustix::stdio::stdout())?;
    let (heard, said) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC | rustix::pipe::PipeFlags::NONBLOCK)?;
    let watched = signal_set(PASSED_ON.into_iter().chain([libc::SIGCHLD]));
    let before = block(&watched);
    match fork()? {
        None => {
            drop(heard);
            unblock(&before);
            die_with_parent();
            Ok(Side::Cockpit(LastWords(Some(Arc::new(said)))))
        }
        Some(child) => {
            drop(said);
            Ok(Side::Guardian(guard(child, &watched, &cooked, &heard)))
        }
    }
}

fn guard(child: Pid, watched: &libc::sigset_t, cooked: &Termios, heard: &OwnedFd) -> u8 {
    loop {
        match wait_for_signal(watched) {
            libc::SIGCHLD => match waitpid(Some(child), WaitOptions::NOHANG) {
                Ok(Some((_, status))) if !status.stopped() && !status.continued() => {
                    return farewell(status, cooked, heard);
                }
                Ok(_) => {}
                Err(_) => return 1,
            },
            signal => {
                if let Some(signal) = Signal::from_named_raw(signal) {
                    let _already_gone = kill_process(child, signal);
                }
            }
        }
    }
}

fn farewell(status: WaitStatus, cooked: &Termios, heard: &OwnedFd) -> u8 {
    if let Some(code) = status.exit_status() {
        return u8::try_from(code).unwrap_or(1);
    }
    let signal = status.terminating_signal().unwrap_or_default();
    terminal::rescue(cooked);
    let _nobody_reads = io::stderr().write_all(obituary(signal, &last_words(heard)).as_bytes());
    u8::try_from(128 + signal).unwrap_or(1)
}

fn obituary(signal: i32, words: &str) -> String {
    let what = format!("hotfix: the cockpit was ended by signal {signal}; the terminal is restored.\n");
    match words.lines().last() {
        Some(words) => format!("{what}hotfix: {words}\n"),
        None => what,
    }
}

fn last_words(heard: &OwnedFd) -> String {
    let mut bytes = [0; 4096];
    let read = rustix::io::read(heard, &mut bytes).unwrap_or(0);
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

/// The cockpit must not live on without its guardian: the shell would draw over its screen.
fn die_with_parent() {
    #[cfg(target_os = "linux")]
    {
        let parent = rustix::process::getppid();
        let _unsupported = rustix::process::set_parent_process_death_signal(Some(Signal::TERM));
        if rustix::process::getppid() != parent {
            let _self_gone = kill_process(rustix::process::getpid(), Signal::TERM);
        }
    }
}

#[expect(unsafe_code, reason = "only a fork keeps the terminal's state beyond the death of the process")]
fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: the process has one thread (the caller's duty, see `split`), so that the child may go on as usual.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        pid => Ok(Pid::from_raw(pid)),
    }
}

#[expect(unsafe_code, reason = "no crate of the tree has signal sets")]
fn signal_set(signals: impl Iterator<Item = i32>) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` initialises the set, and the signals are valid ones.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

#[expect(unsafe_code, reason = "no crate of the tree has signal masks")]
fn block(set: &libc::sigset_t) -> libc::sigset_t {
    let mut before = MaybeUninit::uninit();
    // SAFETY: both point to sets; the old mask is written before it is read.
    unsafe {
        libc::sigprocmask(libc::SIG_BLOCK, set, before.as_mut_ptr());
        before.assume_init()
    }
}

#[expect(unsafe_code, reason = "no crate of the tree has signal masks")]
fn unblock(before: &libc::sigset_t) {
    // SAFETY: `before` is a mask that `block` returned.
    unsafe {
        libc::sigprocmask(libc::SIG_SETMASK, before, std::ptr::null_mut());
    }
}

#[expect(unsafe_code, reason = "no crate of the tree waits for signals without a thread or a timer")]
fn wait_for_signal(set: &libc::sigset_t) -> i32 {
    let mut signal = 0;
    // SAFETY: both point to values of their type.
    unsafe {
        libc::sigwait(set, &raw mut signal);
    }
    signal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_is_told_where_the_journal_is() {
        let text = obituary(9, "old words\nthe journal is safe: /state/x; `hotfix` resumes\n");
        assert_eq!(
            text,
            "hotfix: the cockpit was ended by signal 9; the terminal is restored.\n\
             hotfix: the journal is safe: /state/x; `hotfix` resumes\n"
        );
    }
}
