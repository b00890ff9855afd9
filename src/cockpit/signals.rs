//! Signals, on a task of their own: they must work while the loop is stuck in a write to a dead terminal.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::letter::Letter;
use super::mailbox::Sending;
use super::terminal::Session;

/// How long the loop may take to end by itself.
const PATIENCE: Duration = Duration::from_millis(500);

/// Listens until the process ends.
///
/// # Errors
/// When a handler cannot be installed.
pub async fn listen(letters: Sending<Letter>, session: Session) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut resize = signal(SignalKind::window_change())?;
    let mut stop = signal(SignalKind::from_raw(libc::SIGTSTP))?;
    loop {
        let ending = tokio::select! {
            Some(()) = terminate.recv() => libc::SIGTERM,
            Some(()) = hang_up.recv() => libc::SIGHUP,
            Some(()) = interrupt.recv() => libc::SIGINT,
            Some(()) = quit.recv() => libc::SIGQUIT,
            Some(()) = resize.recv() => { letters.send(Letter::Resized); continue; }
            Some(()) = stop.recv() => { letters.send(Letter::Suspend); continue; }
            else => return Ok(()),
        };
        end(&letters, &session, 128 + ending).await;
    }
}

/// Asks the loop to end, and ends the process itself when the loop does not answer.
async fn end(letters: &Sending<Letter>, session: &Session, code: i32) {
    letters.send(Letter::Stop(u8::try_from(code).unwrap_or(1)));
    tokio::time::sleep(PATIENCE).await;
    session.leave();
    std::process::exit(code);
}
