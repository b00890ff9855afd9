//! Where every source, signal and effect leaves its results for the one loop.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};

use rustix::event::{EventfdFlags, eventfd};

/// Puts letters into a [`Mailbox`] from any thread, and wakes its owner.
pub struct Sending<T> {
    letters: Sender<T>,
    bell: Arc<Bell>,
}

/// The loop's end.
pub struct Mailbox<T> {
    letters: Receiver<T>,
    bell: Arc<Bell>,
}

struct Bell {
    fd: OwnedFd,
    rung: AtomicBool,
}

/// A mailbox and the way into it.
///
/// # Errors
/// When the system has no descriptor left.
pub fn mailbox<T>() -> std::io::Result<(Sending<T>, Mailbox<T>)> {
    let (sender, letters) = mpsc::channel();
    let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    let bell = Arc::new(Bell { fd, rung: AtomicBool::new(false) });
    Ok((Sending { letters: sender, bell: bell.clone() }, Mailbox { letters, bell }))
}

impl<T> Clone for Sending<T> {
    fn clone(&self) -> Self {
        Self { letters: self.letters.clone(), bell: self.bell.clone() }
    }
}

impl<T> Sending<T> {
    /// Leaves a letter. Once the loop has ended nobody reads it, and nobody needs to.
    pub fn send(&self, letter: T) {
        let _loop_ended = self.letters.send(letter);
        if !self.bell.rung.swap(true, Ordering::AcqRel) {
            let _counter_full = rustix::io::write(&self.bell.fd, &1u64.to_ne_bytes());
        }
    }
}

impl<T> Mailbox<T> {
    /// Readable while there may be letters.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.bell.fd.as_fd()
    }

    /// Silences the bell; to be called before [`Mailbox::take`] empties the box.
    pub fn hush(&self) {
        self.bell.rung.store(false, Ordering::Release);
        let _not_rung = rustix::io::read(&self.bell.fd, &mut [0; 8]);
    }

    /// The next letter, if there is one.
    pub fn take(&self) -> Option<T> {
        self.letters.try_recv().ok()
    }

    /// Rings the bell for letters that were left in the box.
    pub fn ring(&self) {
        if !self.bell.rung.swap(true, Ordering::AcqRel) {
            let _counter_full = rustix::io::write(&self.bell.fd, &1u64.to_ne_bytes());
        }
    }
}
