//! The loop: waits for a key or a letter, updates the state, carries out the effects, and draws.
//!
//! The thread that draws is the one that waits on the terminal, so that a key has no thread to cross.
//! Everything else happens elsewhere and comes in through the mailbox.

use std::io;
use std::time::{Duration, Instant};

use crossterm::event as input;
use jiff::Timestamp;
use ratatui::layout::Rect;

use super::browser::{self, Unopened};
use super::clock::Clock;
use super::damage::Damage;
use super::editor;
use super::effect::Effect;
use super::event::{Event, Toast, What};
use super::hands::Hands;
use super::letter::Letter;
use super::mailbox::Mailbox;
use super::pace::Pace;
use super::screen::Screen;
use super::state::State;
use super::terminal::{Output, Session};
use super::wake::{KEY_LOOK, wait};
use super::{keys, update, view};
use crate::ui::theme::Theme;

/// Letters taken before the loop looks at the keys again: a flood must not starve the operator.
const LETTERS_AT_ONCE: usize = 64;

/// The loop and what it owns.
pub struct Runtime {
    state: State,
    theme: Theme,
    clock: Clock,
    session: Session,
    screen: Screen,
    mailbox: Mailbox<Letter>,
    hands: Hands,
    lead: Vec<u8>,
    pace: Pace,
    ticked_at: Instant,
    exit: Option<u8>,
}

impl Runtime {
    /// A loop on a terminal that was just entered; `lead` are the bytes that do it.
    pub fn new(
        state: State,
        theme: Theme,
        clock: Clock,
        session: Session,
        mailbox: Mailbox<Letter>,
        hands: Hands,
        lead: Vec<u8>,
    ) -> Self {
        let (columns, rows) = state.ui.size;
        let now = Instant::now();
        Self {
            state,
            theme,
            clock,
            session,
            screen: Screen::new(Rect::new(0, 0, columns, rows)),
            mailbox,
            hands,
            lead,
            pace: Pace::new(now),
            ticked_at: now,
            exit: None,
        }
    }

    /// Draws the first frame, calls `open`, then runs until something ends it. Returns what was on the screen, and
    /// the exit code.
    ///
    /// # Errors
    /// When the terminal can be neither read nor written.
    pub fn run(mut self, open: impl FnOnce(&mut Hands) -> io::Result<()>) -> io::Result<(State, Screen, Hands, u8)> {
        self.draw()?;
        open(&mut self.hands)?;
        while self.exit.is_none() {
            let woken = wait(self.mailbox.fd(), self.timeout())?;
            if woken.gone {
                self.exit = Some(128 + libc::SIGHUP as u8);
                break;
            }
            // At every turn: keys that came together may still be with the reader, where `poll` cannot see them.
            self.take_keys()?;
            if woken.letters {
                self.take_letters();
            }
            self.take_time();
            let due = woken.keys || self.pace.wait(Instant::now()).is_zero();
            if due && !self.state.ui.damage.is_none() {
                self.draw()?;
            }
        }
        self.hands.finish();
        // What was asked for last is on record by now: whoever scores a drill must have it.
        self.take_letters();
        Ok((self.state, self.screen, self.hands, self.exit.unwrap_or(0)))
    }

    /// Until something must happen by itself: the clocks, a frame that waits, the guard of the rollback key.
    fn timeout(&self) -> Duration {
        let tick = update::next_tick(&self.state).saturating_sub(self.ticked_at.elapsed());
        let frame = if self.state.ui.damage.is_none() { Duration::MAX } else { self.pace.wait(Instant::now()) };
        let hand = self.clock.hand();
        let guard = self.state.rollback.deadline(hand).map_or(Duration::MAX, |at| crate::ui::pane::until(hand, at));
        tick.min(frame).min(guard.saturating_add(Duration::from_millis(1)))
    }

    fn take_keys(&mut self) -> io::Result<()> {
        while input::poll(KEY_LOOK)? {
            if let Some(what) = keys::translate(input::read()?) {
                self.happen(what);
            }
        }
        Ok(())
    }

    fn take_letters(&mut self) {
        self.mailbox.hush();
        for _ in 0..LETTERS_AT_ONCE {
            match self.mailbox.take() {
                Some(letter) => self.open_letter(letter),
                None => return,
            }
        }
        self.mailbox.ring();
    }

    fn open_letter(&mut self, letter: Letter) {
        match letter {
            Letter::Happened(what) => self.happen(what),
            Letter::Found(found) => {
                self.hands.found(&mut self.state, *found);
                self.pace.began(Instant::now());
            }
            Letter::Opened(opened) => {
                self.pace.began(Instant::now());
                let whats = self.hands.opened(&mut self.state, *opened);
                whats.into_iter().for_each(|what| self.happen(what));
            }
            Letter::Resized => {
                let (columns, rows) = Session::size();
                self.happen(What::Resize(columns, rows));
            }
            Letter::Suspend => self.suspend(),
            Letter::Stop(code) => self.exit = Some(code),
        }
    }

    fn take_time(&mut self) {
        if self.ticked_at.elapsed() >= update::next_tick(&self.state) {
            self.ticked_at = Instant::now();
            self.hands.look();
            if self.state.rollback.unfinished().is_some() {
                self.hands.look_at_lock();
            }
            self.happen(What::Tick);
        } else if self.state.rollback.waits_for_time() {
            self.happen(What::Moment);
        }
    }

    fn happen(&mut self, what: What) {
        if what.is_beginning() {
            self.pace.began(Instant::now());
        } else {
            self.pace.ended(Instant::now());
        }
        let event = Event { at: self.clock.now(), uptime: self.clock.uptime(), hand: self.clock.hand(), what };
        for effect in update::update(&mut self.state, event) {
            match effect {
                Effect::Quit => self.exit = Some(0),
                Effect::Suspend => self.suspend(),
                Effect::ToggleMouse => self.lead.extend_from_slice(self.session.toggle_mouse()),
                Effect::Edit(place) => self.edit(&place),
                Effect::OpenPage(address) => self.open_page(&address),
                Effect::Notify(text) => self.lead.extend(super::notify::bytes(&self.state.project.notify, &text)),
                Effect::Copy(text) => self.lead.extend(super::clipboard::copy(&text)),
                effect => self.hands.carry_out(effect, self.clock.now()),
            }
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let (columns, rows) = self.state.ui.size;
        let size = Rect::new(0, 0, columns.max(1), rows.max(1));
        if self.screen.canvas().area != size {
            self.screen.reset(size);
            self.lead.extend_from_slice(b"\x1b[2J");
            self.state.ui.damage = Damage::ALL;
        }
        let damaged = view::draw(&self.state, &self.theme, self.screen.canvas());
        self.screen.flush(&damaged, &self.lead, &mut Output)?;
        self.lead.clear();
        self.state.ui.damage = Damage::NONE;
        self.pace.drew(Instant::now());
        Ok(())
    }

    /// Gives the terminal back, stops with the whole job, and takes it again when the shell calls back.
    fn suspend(&mut self) {
        self.session.leave();
        let _no_job = rustix::process::kill_current_process_group(rustix::process::Signal::STOP);
        self.come_back();
    }

    /// Lends the terminal to the operator's editor.
    fn edit(&mut self, place: &str) {
        let Some(root) = self.hands.root() else { return };
        let command = match editor::command(&root, place) {
            Ok(command) => command,
            Err(why) => return self.happen(What::Told(Toast::error(why))),
        };
        self.session.leave();
        let done = editor::run(&command);
        self.come_back();
        if let Err(why) = done {
            self.happen(What::Told(Toast::error(why)));
        }
    }

    /// Opens a page where there is a browser, else shows its address and puts that on the clipboard.
    fn open_page(&mut self, address: &str) {
        match browser::open(address) {
            Ok(()) => self.happen(What::Told(Toast::info(format!("opened {address}")))),
            Err(Unopened::NoPage(why)) => self.happen(What::Told(Toast::error(why))),
            Err(Unopened::NoBrowser(why)) => {
                self.lead.extend(super::clipboard::copy(address));
                self.happen(What::Told(Toast::info(format!("{address} is copied ({why})"))));
            }
        }
    }

    /// Takes the terminal again, and draws everything anew.
    fn come_back(&mut self) {
        match self.session.enter() {
            Ok(lead) => self.lead = lead,
            Err(_) => self.exit = Some(128 + libc::SIGHUP as u8),
        }
        let (columns, rows) = Session::size();
        self.screen.reset(Rect::new(0, 0, columns, rows));
        self.happen(What::Resize(columns, rows));
        self.happen(What::Focus(true));
    }
}

/// The state at the start of a cockpit.
pub fn initial(now: Timestamp, project: super::state::Project) -> State {
    State::new(now, Session::size(), project)
}
