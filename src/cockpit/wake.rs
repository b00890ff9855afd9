//! Why a loop on the terminal wakes: keys, letters, time, or a terminal that is gone.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long the key reader looks for what has already arrived. With no time at all it would not look, and it looks
/// without waiting.
pub const KEY_LOOK: Duration = Duration::from_micros(30);

/// Why the loop woke.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Woken {
    /// Something was typed.
    pub keys: bool,
    /// The mailbox rang, or a signal came.
    pub letters: bool,
    /// The terminal is gone.
    pub gone: bool,
}

/// Waits for keys, for the bell of a mailbox, or until the time is over.
///
/// # Errors
/// When the system cannot wait.
pub fn wait(bell: BorrowedFd<'_>, timeout: Duration) -> io::Result<Woken> {
    let stdin = rustix::stdio::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&bell, PollFlags::IN)];
    let timeout = Timespec { tv_sec: timeout.as_secs().cast_signed(), tv_nsec: timeout.subsec_nanos().into() };
    match poll(&mut fds, Some(&timeout)) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(Woken { letters: true, ..Woken::default() }),
        Err(error) => return Err(error.into()),
    }
    let (keys, letters) = (fds[0].revents(), fds[1].revents());
    Ok(Woken {
        keys: keys.contains(PollFlags::IN),
        letters: letters.contains(PollFlags::IN),
        gone: keys.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL),
    })
}
