//! The terminal is borrowed: a session remembers each mode that it turned on, and turns exactly those
//! off again from every way out.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Mode, OFlags};
use rustix::termios::{self, OptionalActions, Termios};

/// Alternate screen, hidden cursor, bracketed paste and focus reports; a cleared screen.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1004h\x1b[2J";
/// Clicks and the wheel, with coordinates of any size. No motion: it would flood a slow line.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";
/// Undoes [`ENTER`] in reverse, after closing an update that may be open.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?1004l\x1b[?2004l\x1b[?1049l\x1b[?25h";

/// A borrowed terminal. Cloning it gives another handle to the same session.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    cooked: Termios,
    entered: AtomicBool,
    mouse: AtomicBool,
}

impl Session {
    /// Remembers how the terminal is now, and changes nothing yet.
    ///
    /// # Errors
    /// When standard input or output is no terminal.
    pub fn open() -> io::Result<Self> {
        let (stdin, stdout) = (rustix::stdio::stdin(), rustix::stdio::stdout());
        if !termios::isatty(stdin) || !termios::isatty(stdout) {
            return Err(io::Error::other("standard input and output must be a terminal"));
        }
        let cooked = termios::tcgetattr(stdout)?;
        Ok(Self(Arc::new(Inner { cooked, entered: AtomicBool::new(false), mouse: AtomicBool::new(true) })))
    }

    /// Raw mode. Returns the bytes that must lead the first frame.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub fn enter(&self) -> io::Result<Vec<u8>> {
        let mut raw = self.0.cooked.clone();
        raw.make_raw();
        termios::tcsetattr(rustix::stdio::stdout(), OptionalActions::Now, &raw)?;
        self.0.entered.store(true, Ordering::SeqCst);
        let mouse = if self.has_mouse() { MOUSE_ON } else { b"" };
        Ok([ENTER, mouse].concat())
    }

    /// Gives the terminal back as it was. Does nothing the second time, and never fails: there is nobody
    /// left to tell. Safe to call from a panic, from the signal thread, and on a terminal that is gone.
    pub fn leave(&self) {
        if !self.0.entered.swap(false, Ordering::SeqCst) {
            return;
        }
        let mouse = if self.has_mouse() { MOUSE_OFF } else { b"" };
        write_raw(rustix::stdio::stdout(), &[mouse, LEAVE].concat());
        let _gone = termios::tcsetattr(rustix::stdio::stdout(), OptionalActions::Now, &self.0.cooked);
    }

    /// Turns the mouse on or off. Returns the bytes that do it.
    pub fn toggle_mouse(&self) -> &'static [u8] {
        let was_on = self.0.mouse.fetch_xor(true, Ordering::SeqCst);
        if was_on { MOUSE_OFF } else { MOUSE_ON }
    }

    fn has_mouse(&self) -> bool {
        self.0.mouse.load(Ordering::SeqCst)
    }

    /// Columns and rows.
    pub fn size() -> (u16, u16) {
        termios::tcgetwinsize(rustix::stdio::stdout()).map_or((80, 24), |size| match (size.ws_col, size.ws_row) {
            (0, _) | (_, 0) => (80, 24),
            size => size,
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if *self.entered.get_mut() {
            let mouse = if *self.mouse.get_mut() { MOUSE_OFF } else { b"" };
            write_raw(rustix::stdio::stdout(), &[mouse, LEAVE].concat());
            let _gone = termios::tcsetattr(rustix::stdio::stdout(), OptionalActions::Now, &self.cooked);
        }
    }
}

/// What the guardian does for a cockpit that died: every mode off that a session may have turned on.
pub fn rescue(cooked: &Termios) {
    write_raw(rustix::stdio::stdout(), &[MOUSE_OFF, LEAVE].concat());
    let _gone = termios::tcsetattr(rustix::stdio::stdout(), OptionalActions::Now, cooked);
}

/// Writes without a lock and without a buffer, as far as the descriptor takes it.
fn write_raw(fd: BorrowedFd<'_>, mut bytes: &[u8]) {
    while let Ok(n @ 1..) = rustix::io::write(fd, bytes) {
        bytes = &bytes[n..];
    }
}

/// The terminal's output as one unbuffered writer: a frame is one write.
pub struct Output;

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(rustix::stdio::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes standard input a descriptor of its own that never blocks. The key reader waits in `poll`; half an
/// escape sequence must not hold the loop in `read`, and the shell's own descriptor must stay as it is.
///
/// # Errors
/// When there is no controlling terminal.
pub fn unblock_input() -> io::Result<()> {
    let tty = rustix::fs::open("/dev/tty", OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY, Mode::empty())?;
    Ok(rustix::stdio::dup2_stdin(&tty)?)
}

/// Sends standard error to `log`: a message on a dead terminal would end in an abort, and on a living one
/// it would tear the screen.
///
/// # Errors
/// When the descriptor cannot be replaced.
pub fn redirect_errors(log: &File) -> io::Result<()> {
    Ok(rustix::stdio::dup2_stderr(log.as_fd())?)
}
