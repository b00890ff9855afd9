//! Where one is in the replay, and what the keys do to that (pure).

use std::time::Duration;

use crate::cockpit::event::Mouse;
use crate::cockpit::keymap::{Code, Key};
use crate::drill::kept::Kept;
use crate::drill::replay::Replay;

/// Seconds of the run in a second of playing.
pub const PACES: [u32; 6] = [1, 2, 5, 10, 30, 60];
/// A larger step, in seconds.
const STRIDE: u64 = 10;
/// The largest one.
const PAGE: u64 = 60;

/// The replay on the screen.
#[derive(Debug, Clone)]
pub struct State {
    /// The run.
    pub replay: Replay,
    /// An earlier one beside it.
    pub earlier: Option<Replay>,
    /// The second that is shown.
    pub at_s: u64,
    /// Since when it plays, on the clock that never jumps, and from which second on.
    pub playing: Option<(Duration, u64)>,
    /// The place in [`PACES`].
    pub pace: usize,
    /// What the run is compared with.
    pub beside: Beside,
    /// What is shown where there is no room for all.
    pub panel: Panel,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
}

/// What the run is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// The ideal path.
    Ideal,
    /// The ideal path and the earlier run.
    Earlier,
    /// Nothing.
    Nothing,
}

/// A part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    /// Points won and lost, each with its sentence.
    Points,
    /// What was known.
    Facts,
    /// The ideal path, step by step.
    Path,
}

/// What comes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing changed.
    Same,
    /// Something is to be drawn.
    Changed,
    /// It is over.
    Left,
}

impl State {
    /// A replay at its start, beside an earlier run if there is one.
    pub fn new(run: Kept, earlier: Option<Kept>, size: (u16, u16)) -> Self {
        let beside = if earlier.is_some() { Beside::Earlier } else { Beside::Ideal };
        Self {
            replay: Replay::new(run),
            earlier: earlier.map(Replay::new),
            at_s: 0,
            playing: None,
            pace: 3,
            beside,
            panel: Panel::Points,
            size,
        }
    }

    /// The last second that there is anything of, the time that the ideal path would have had included.
    pub fn end_s(&self) -> u64 {
        let run = &self.replay.run;
        let steps = run.ideal.iter().filter(|_| self.beside != Beside::Nothing);
        let path = steps.filter_map(|step| step.lost_s.or(step.until_s)).max().unwrap_or(0).min(run.length_s);
        let earlier = self.earlier.as_ref().filter(|_| self.beside == Beside::Earlier);
        self.replay.end_s.max(path).max(earlier.map_or(0, |it| it.end_s))
    }

    /// Takes a key, with whether shift was held.
    pub fn key(&mut self, key: Key, shift: bool, uptime: Duration) -> Outcome {
        let stride = if shift || key.ctrl { STRIDE } else { 1 };
        match key.code {
            Code::Char('c') if key.ctrl => return Outcome::Left,
            Code::Char('q') | Code::Esc => return Outcome::Left,
            Code::Left | Code::Char('h') => self.go(self.at_s.saturating_sub(stride), uptime),
            Code::Right | Code::Char('l') => self.go(self.at_s + stride, uptime),
            Code::Char('H' | '[') => self.go(self.at_s.saturating_sub(STRIDE), uptime),
            Code::Char('L' | ']') => self.go(self.at_s + STRIDE, uptime),
            Code::PageUp => self.go(self.at_s.saturating_sub(PAGE), uptime),
            Code::PageDown => self.go(self.at_s + PAGE, uptime),
            Code::Home | Code::Char('g') => self.go(0, uptime),
            Code::End | Code::Char('G') => self.go(u64::MAX, uptime),
            Code::Up | Code::Char('k') => self.jump_to_event(false, uptime),
            Code::Down | Code::Char('j') => self.jump_to_event(true, uptime),
            Code::Char(' ') => self.toggle(uptime),
            Code::Char('+' | '=') => self.set_pace((self.pace + 1).min(PACES.len() - 1), uptime),
            Code::Char('-') => self.set_pace(self.pace.saturating_sub(1), uptime),
            Code::Char('c') => self.turn_beside(),
            Code::Tab => self.panel = self.panel.next(),
            _ => return Outcome::Same,
        }
        Outcome::Changed
    }

    /// Takes the mouse: the wheel scrubs, a click on the track goes there. `track` is its first column and its width.
    pub fn mouse(&mut self, mouse: Mouse, track: (u16, u16), uptime: Duration) -> Outcome {
        match mouse {
            Mouse::WheelUp(..) => self.go(self.at_s.saturating_sub(STRIDE), uptime),
            Mouse::WheelDown(..) => self.go(self.at_s + STRIDE, uptime),
            Mouse::Click(column, _) if column >= track.0 && column < track.0 + track.1 => {
                let part = f64::from(column - track.0) / f64::from((track.1 - 1).max(1));
                self.go((part * self.end_s() as f64).round() as u64, uptime);
            }
            Mouse::Click(..) => return Outcome::Same,
        }
        Outcome::Changed
    }

    /// Goes on by itself, if it plays.
    pub fn tick(&mut self, uptime: Duration) -> Outcome {
        let Some((since, from)) = self.playing else { return Outcome::Same };
        let passed = uptime.saturating_sub(since).mul_f64(f64::from(PACES[self.pace])).as_secs();
        let at_s = (from + passed).min(self.end_s());
        if at_s == self.end_s() {
            self.playing = None;
        } else if at_s == self.at_s {
            return Outcome::Same;
        }
        self.at_s = at_s;
        Outcome::Changed
    }

    /// How long nothing changes by itself.
    pub fn quiet(&self, uptime: Duration) -> Duration {
        let Some((since, from)) = self.playing else { return Duration::from_secs(3600) };
        let next = Duration::from_secs(self.at_s + 1 - from.min(self.at_s)).div_f64(f64::from(PACES[self.pace]));
        (since + next).saturating_sub(uptime).max(Duration::from_millis(1))
    }

    fn go(&mut self, at_s: u64, uptime: Duration) {
        self.at_s = at_s.min(self.end_s());
        if let Some(playing) = &mut self.playing {
            *playing = (uptime, self.at_s);
        }
    }

    /// The second of the next event or of the one before: events of one second are one stop.
    fn jump_to_event(&mut self, forward: bool, uptime: Duration) {
        let moves = &self.replay.moves;
        let stop = if forward {
            moves.get(self.replay.made(self.at_s)).map(|it| it.at_s)
        } else {
            moves[..moves.partition_point(|it| it.at_s < self.at_s)].last().map(|it| it.at_s)
        };
        if let Some(stop) = stop {
            self.go(stop, uptime);
        }
    }

    fn toggle(&mut self, uptime: Duration) {
        self.playing = match self.playing {
            Some(_) => None,
            None => {
                if self.at_s >= self.end_s() {
                    self.at_s = 0;
                }
                Some((uptime, self.at_s))
            }
        };
    }

    fn set_pace(&mut self, pace: usize, uptime: Duration) {
        self.pace = pace;
        self.go(self.at_s, uptime);
    }

    fn turn_beside(&mut self) {
        self.beside = match self.beside {
            Beside::Ideal if self.earlier.is_some() => Beside::Earlier,
            Beside::Ideal | Beside::Earlier => Beside::Nothing,
            Beside::Nothing => Beside::Ideal,
        };
        self.at_s = self.at_s.min(self.end_s());
    }
}

impl Panel {
    fn next(self) -> Self {
        match self {
            Self::Points => Self::Facts,
            Self::Facts => Self::Path,
            Self::Path => Self::Points,
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
