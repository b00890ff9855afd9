//! The replay on the terminal: its loop, and the way back to the shell.

use std::io;
use std::path::Path;
use std::time::Instant;

use color_eyre::eyre::{Context as _, Result};
use crossterm::event::{self as input, Event as Input, KeyModifiers};
use ratatui::layout::Rect;

use super::state::{Outcome, State};
use super::{track, view};
use crate::cockpit::event::What;
use crate::cockpit::hands::Hands;
use crate::cockpit::launch::{Errors, install_panic_hook};
use crate::cockpit::letter::Letter;
use crate::cockpit::mailbox::{Mailbox, mailbox};
use crate::cockpit::screen::Screen;
use crate::cockpit::terminal::{self, Output, Session};
use crate::cockpit::wake::{KEY_LOOK, wait};
use crate::cockpit::{keys, signals};
use crate::drill::kept::Kept;
use crate::ui::theme::Theme;

/// Replays a run, beside an earlier one, until the operator leaves. Returns the exit code.
///
/// # Errors
/// When there is no terminal.
pub fn run(run: Kept, earlier: Option<Kept>, theme: Theme, state_folder: &Path) -> Result<u8> {
    let advice = "the debrief needs a terminal; `--export text` prints it without one";
    Session::open().wrap_err(advice)?;
    terminal::unblock_input().wrap_err("no controlling terminal")?;
    let session = Session::open()?;
    let errors = Errors::redirect(state_folder)?;
    let state = State::new(run, earlier, Session::size());
    let result = play(state, theme, &session, &errors);
    session.leave();
    errors.restore();
    result
}

fn play(state: State, theme: Theme, session: &Session, errors: &Errors) -> Result<u8> {
    let (sending, letters) = mailbox()?;
    install_panic_hook(session.clone(), errors, sending.clone());
    let runtime = Hands::runtime().wrap_err("no thread can be started")?;
    runtime.spawn(signals::listen(sending, session.clone()));
    let lead = session.enter().wrap_err("the terminal refuses raw mode")?;
    let screen = Screen::new(Rect::new(0, 0, state.size.0, state.size.1));
    let player = Player { state, theme, session, screen, letters, lead, started: Instant::now(), exit: None };
    player.run().wrap_err("the terminal is gone")
}

struct Player<'a> {
    state: State,
    theme: Theme,
    session: &'a Session,
    screen: Screen,
    letters: Mailbox<Letter>,
    lead: Vec<u8>,
    started: Instant,
    exit: Option<u8>,
}

impl Player<'_> {
    fn run(mut self) -> io::Result<u8> {
        self.draw()?;
        loop {
            let mut outcome = self.state.tick(self.started.elapsed());
            if wait(self.letters.fd(), self.state.quiet(self.started.elapsed()))?.gone {
                return Ok(128 + libc::SIGHUP as u8);
            }
            outcome = later(outcome, self.take_keys()?);
            outcome = later(outcome, self.take_letters());
            outcome = later(outcome, self.state.tick(self.started.elapsed()));
            if let Some(code) = self.exit.or((outcome == Outcome::Left).then_some(0)) {
                return Ok(code);
            }
            if outcome == Outcome::Changed {
                self.draw()?;
            }
        }
    }

    /// Everything that was typed, before the next frame: a held key costs no frame for each repeat.
    fn take_keys(&mut self) -> io::Result<Outcome> {
        let mut outcome = Outcome::Same;
        while outcome != Outcome::Left && input::poll(KEY_LOOK)? {
            let event = input::read()?;
            let shift = matches!(&event, Input::Key(key) if key.modifiers.contains(KeyModifiers::SHIFT));
            let uptime = self.started.elapsed();
            let came = match keys::translate(event) {
                Some(What::Key { key, .. }) => self.state.key(key, shift, uptime),
                Some(What::Mouse(mouse)) => {
                    let columns = track::columns(view::track_area(&self.state));
                    self.state.mouse(mouse, columns, uptime)
                }
                Some(What::Resize(columns, rows)) => self.resize(columns, rows),
                _ => Outcome::Same,
            };
            outcome = later(outcome, came);
        }
        Ok(outcome)
    }

    fn take_letters(&mut self) -> Outcome {
        self.letters.hush();
        let mut outcome = Outcome::Same;
        while let Some(letter) = self.letters.take() {
            let came = match letter {
                Letter::Resized => {
                    let (columns, rows) = Session::size();
                    self.resize(columns, rows)
                }
                Letter::Suspend => self.suspend(),
                Letter::Stop(code) => {
                    self.exit = Some(code);
                    Outcome::Left
                }
                Letter::Happened(_) | Letter::Found(_) | Letter::Opened(_) => Outcome::Same,
            };
            outcome = later(outcome, came);
        }
        outcome
    }

    fn resize(&mut self, columns: u16, rows: u16) -> Outcome {
        self.state.size = (columns, rows);
        self.screen.reset(Rect::new(0, 0, columns.max(1), rows.max(1)));
        self.lead.extend_from_slice(b"\x1b[2J");
        Outcome::Changed
    }

    /// Gives the terminal back, stops with the whole job, and takes it again when the shell calls back.
    fn suspend(&mut self) -> Outcome {
        self.session.leave();
        let _no_job = rustix::process::kill_current_process_group(rustix::process::Signal::STOP);
        match self.session.enter() {
            Ok(lead) => self.lead = lead,
            Err(_) => self.exit = Some(128 + libc::SIGHUP as u8),
        }
        let (columns, rows) = Session::size();
        self.resize(columns, rows)
    }

    fn draw(&mut self) -> io::Result<()> {
        let damaged = view::draw(&self.state, &self.theme, self.screen.canvas());
        self.screen.flush(&damaged, &self.lead, &mut Output)?;
        self.lead.clear();
        Ok(())
    }
}

/// Of two outcomes the one that asks for more.
fn later(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Left, _) | (_, Outcome::Left) => Outcome::Left,
        (Outcome::Changed, _) | (_, Outcome::Changed) => Outcome::Changed,
        (Outcome::Same, Outcome::Same) => Outcome::Same,
    }
}
