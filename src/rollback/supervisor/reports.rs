//! What a supervisor tells its cockpit, through a pipe that may be full, and may be gone.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Report;

/// How long a cockpit that does not read is waited for with the last report: the outcome file has it too.
const PATIENCE: Duration = Duration::from_secs(5);

/// The way to the cockpit: standard output. One report at a time is on its way; nobody waits for it.
#[derive(Debug, Default)]
pub(super) struct Reports {
    waiting: Vec<u8>,
    sent: usize,
    gone: bool,
}

impl Reports {
    /// The pipe that the cockpit gave.
    pub(super) fn to_cockpit() -> Self {
        let _stays_blocking = rustix::io::ioctl_fionbio(rustix::stdio::stdout(), true);
        Self::default()
    }

    /// Whether everything that was said is on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether nobody listens any more.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Sends a report, or as much of it as the pipe takes now.
    pub(super) fn send(&mut self, report: &Report) {
        if self.gone {
            return;
        }
        if serde_json::to_writer(&mut self.waiting, report).is_ok() {
            self.waiting.push(b'\n');
        }
        self.push();
    }

    /// Goes on with what is waiting.
    pub(super) fn push(&mut self) {
        while !self.waiting.is_empty() && !self.gone {
            match rustix::io::write(rustix::stdio::stdout(), &self.waiting[self.sent..]) {
                Ok(length) => self.sent += length,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.gone = true,
            }
            if self.gone || self.sent == self.waiting.len() {
                (self.waiting, self.sent) = (Vec::new(), 0);
            }
        }
    }

    /// The last report, for which the cockpit is waited for.
    pub(super) fn last(&mut self, report: &Report) {
        self.send(report);
        let end = Instant::now() + PATIENCE;
        while !self.is_idle() && Instant::now() < end {
            let step = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
            let stdout = rustix::stdio::stdout();
            let _looks_again = poll(&mut [PollFd::from_borrowed_fd(stdout, PollFlags::OUT)], Some(&step));
            self.push();
        }
    }
}
