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
        // In this order. The other way round the bell of a letter that comes in between is silenced, while whoever brings
        // the next one takes it for rung: nothing would wake the loop any more.
        let _not_rung = rustix::io::read(&self.bell.fd, &mut [0; 8]);
        self.bell.rung.swap(false, Ordering::AcqRel);
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

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    /// What a person waits for is long over by then.
    const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

    /// Whether the bell rings within a time.
    fn rings<T>(mailbox: &Mailbox<T>, patience: &Timespec) -> bool {
        let fd = mailbox.fd();
        poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(patience)).unwrap() == 1
    }

    #[test]
    fn no_letter_waits_for_a_bell_that_nobody_rings() {
        const EACH: usize = 100_000;
        const THREADS: usize = 3;
        let (sending, mailbox) = mailbox().unwrap();
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let sending = sending.clone();
                let slowly = move |letter| {
                    sending.send(letter);
                    (0..letter % 97).for_each(|_| std::hint::spin_loop());
                };
                std::thread::spawn(move || (0..EACH).for_each(slowly))
            })
            .collect();
        let mut taken = 0;
        while taken < EACH * THREADS {
            assert!(rings(&mailbox, &PATIENCE), "nobody rings, and {} letters wait", EACH * THREADS - taken);
            mailbox.hush();
            while mailbox.take().is_some() {
                taken += 1;
            }
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        sending.send(0);
        assert!(rings(&mailbox, &PATIENCE), "the last one rings as well");
    }

    #[test]
    fn the_bell_is_silent_until_a_letter_comes_and_rings_for_what_is_left() {
        let (sending, mailbox) = mailbox().unwrap();
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        assert!(!rings(&mailbox, &now));
        sending.send('a');
        sending.send('b');
        assert!(rings(&mailbox, &now));
        mailbox.hush();
        assert!(!rings(&mailbox, &now));
        assert_eq!(mailbox.take(), Some('a'));
        mailbox.ring();
        assert!(rings(&mailbox, &now));
    }
}
