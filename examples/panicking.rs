//! A terminal session in which something panics, for `tests/pty.rs`: `ui` on the drawing thread, `worker` on
//! another one, whose panic must leave the screen as it is.

use std::io::Write;
use std::path::PathBuf;

use hotfix_cockpit::cockpit::event::What;
use hotfix_cockpit::cockpit::launch::{Errors, install_panic_hook};
use hotfix_cockpit::cockpit::letter::Letter;
use hotfix_cockpit::cockpit::mailbox::mailbox;
use hotfix_cockpit::cockpit::terminal::{Output, Session};

fn main() {
    let state = PathBuf::from(std::env::var_os("HOTFIX_STATE_DIR").expect("HOTFIX_STATE_DIR"));
    let session = Session::open().expect("a terminal");
    let errors = Errors::redirect(&state).expect("a log");
    let (sending, letters) = mailbox().expect("a mailbox");
    install_panic_hook(session.clone(), &errors, sending);
    Output.write_all(&session.enter().expect("raw mode")).expect("a terminal");
    if std::env::args().nth(1).as_deref() != Some("worker") {
        panic!("boom");
    }
    let died = std::thread::spawn(|| panic!("boom")).join();
    assert!(died.is_err());
    if let Some(Letter::Happened(What::Told(toast))) = letters.take() {
        Output.write_all(toast.text.as_bytes()).expect("a terminal");
    }
    let _key = crossterm::event::read();
    session.leave();
}
