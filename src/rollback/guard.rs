//! The guarded key: `R` arms and shows the plan, one random letter fires, anything else disarms.
//!
//! A rollback must be one key when it is wanted and none when it is not. A slip is prevented rather than asked about:
//! the letter is new each time and bound to nothing else, so that no habit learns it; the dwell outlasts a paste, a held
//! key and a mash of the hand; and the letter only counts when nothing follows on its heels. All times are those of the
//! hand: the caller gives real time, even in a drill whose world runs faster.

use std::time::Duration;

use jiff::Timestamp;

use crate::evidence::text::is_dangerous;

/// Letters that may fire; those that the keymap binds are left out.
pub const LETTERS: &str = "ACDEFHKLMNPTUVWX";
/// Nothing fires before the letter was on screen for so long.
pub const DWELL: Duration = Duration::from_millis(400);
/// Two keys that are closer together than this come from no hand.
pub const BURST: Duration = Duration::from_millis(15);
/// It disarms by itself after this.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// It disarms by itself after this without a key, while a reason is being written.
pub const REASON_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest reason, in characters.
const REASON_LIMIT: usize = 200;

/// Safe, or armed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Guard {
    /// No key fires.
    #[default]
    Safe,
    /// No key fires, and `R` does not arm before nothing came for a [`DWELL`]: a held `R` arms once.
    Resting(Timestamp),
    /// One letter fires.
    Armed(Armed),
}

/// The guard with its cover open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Armed {
    letter: char,
    phase: Phase,
    /// When the phase began.
    since: Timestamp,
    /// The last moment that it was told of: what is drawn goes by it, for the screen has another clock.
    seen: Timestamp,
    /// Whether it was ready when it was armed.
    ready: bool,
    /// The typed reason, once it is complete.
    reason: Option<String>,
    /// What must be typed before the letter, if anything must.
    name: Option<String>,
}

/// What an armed guard waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Not ready: `!`, for the break-glass way.
    Glass,
    /// The reason for it, so far.
    Reason(String),
    /// The name of what it goes back to, so far.
    Name(String),
    /// The letter.
    Letter,
    /// The letter came; nothing may follow on its heels.
    Settling,
}

/// What reaches an armed guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// A key that repeats itself because it is held.
    Repeat,
    /// A paste, bracketed.
    Paste,
    /// The terminal lost the focus.
    FocusLost,
    /// The screen is too small for the overlay.
    TooSmall,
    /// Time went by: see [`Guard::deadline`].
    Moment,
}

/// A key, as far as the guard tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character without Control or Alt.
    Char(char),
    /// Ends the reason.
    Enter,
    /// Takes back a character of the reason.
    Backspace,
    /// Any other.
    Other,
}

/// Why it was disarmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// A key other than the letter.
    OtherKey,
    /// A key before the dwell was over.
    TooSoon,
    /// Another name than the one that was asked for.
    WrongName,
    /// Two keys within [`BURST`].
    Burst,
    /// A held key.
    Repeat,
    /// A paste.
    Paste,
    /// Lost focus.
    FocusLost,
    /// A screen too small.
    TooSmall,
    /// Nobody pressed anything.
    Timeout,
    /// The clock went back.
    Clock,
    /// The plan, or its readiness, is not what was shown any more.
    Changed,
}

/// What came of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Nothing,
    /// It waits for something else now, or looks different.
    Changed,
    /// It is safe again.
    Disarmed(Why),
    /// It fired, and is safe again.
    Fire {
        /// Why it was fired although it was not ready.
        reason: Option<String>,
    },
}

/// Which letter fires: the `chance`-th of those that the keymap leaves; `None` if it leaves none.
pub fn letter(bound: &[char], chance: u64) -> Option<char> {
    let free: Vec<char> = LETTERS.chars().filter(|letter| !bound.contains(letter)).collect();
    let index = chance.checked_rem(free.len() as u64)?;
    free.get(usize::try_from(index).ok()?).copied()
}

impl Guard {
    /// Opens the cover at `now`. When the rollback is not `ready`, a reason is asked before the letter.
    pub fn arm(letter: char, ready: bool, now: Timestamp) -> Self {
        Self::arm_by_name(letter, ready, None, now)
    }

    /// The same, where a `name` must be typed before the letter.
    pub fn arm_by_name(letter: char, ready: bool, name: Option<String>, now: Timestamp) -> Self {
        let mut armed = Armed { letter, phase: Phase::Glass, since: now, seen: now, ready, reason: None, name };
        if ready {
            armed.phase = armed.past_the_glass();
        }
        Self::Armed(armed)
    }

    /// The armed part, if it is armed.
    pub fn armed(&self) -> Option<&Armed> {
        match self {
            Self::Safe | Self::Resting(_) => None,
            Self::Armed(armed) => Some(armed),
        }
    }

    /// Whether `R` arms at `now`. One that comes while the guard rests makes it rest for longer.
    pub fn may_arm(&mut self, now: Timestamp) -> bool {
        match self {
            Self::Safe => true,
            Self::Armed(_) => false,
            Self::Resting(since) => {
                let may = elapsed(*since, now).is_some_and(|time| time >= DWELL);
                *since = now;
                may
            }
        }
    }

    /// Takes in what happened at `now`.
    pub fn take(&mut self, input: Input, now: Timestamp) -> Verdict {
        let Self::Armed(armed) = self else { return Verdict::Nothing };
        let verdict = armed.take(input, now);
        match verdict {
            Verdict::Disarmed(_) => *self = Self::Resting(now),
            Verdict::Fire { .. } => *self = Self::Safe,
            Verdict::Nothing | Verdict::Changed => {}
        }
        verdict
    }

    /// When it wants an [`Input::Moment`] next.
    pub fn deadline(&self, now: Timestamp) -> Option<Timestamp> {
        let armed = self.armed()?;
        let wait = match armed.phase {
            Phase::Settling => BURST,
            _ if armed.is_waiting(now) => armed.next_tenth(now),
            _ => armed.next_second(now),
        };
        armed.since.checked_add(wait).ok()
    }
}

impl Armed {
    /// The letter of the moment.
    pub fn letter(&self) -> char {
        self.letter
    }

    /// What it waits for.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether it was ready when it was armed, so that no reason was asked.
    pub fn was_ready(&self) -> bool {
        self.ready
    }

    /// The reason for breaking the glass, once it is complete.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The name that must be typed before the letter.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn past_the_glass(&self) -> Phase {
        if self.name.is_some() { Phase::Name(String::new()) } else { Phase::Letter }
    }

    /// Whether the dwell is not over yet: every key disarms.
    pub fn is_waiting(&self, now: Timestamp) -> bool {
        let is_empty = matches!(&self.phase, Phase::Name(text) if text.is_empty());
        let dwells = is_empty || matches!(self.phase, Phase::Letter | Phase::Glass);
        dwells && elapsed(self.since, now).is_none_or(|time| time < DWELL)
    }

    /// The last moment that it was told of.
    pub fn seen(&self) -> Timestamp {
        self.seen
    }

    /// The next whole second of the phase, for the countdown on the screen; its end at the latest.
    fn next_second(&self, now: Timestamp) -> Duration {
        let time = elapsed(self.since, now).unwrap_or_default();
        Duration::from_secs(time.as_secs() + 1).min(self.limit())
    }

    /// The next tenth of a second of the dwell, for its countdown.
    fn next_tenth(&self, now: Timestamp) -> Duration {
        let tenths = elapsed(self.since, now).unwrap_or_default().as_millis() as u64 / 100;
        Duration::from_millis(100 * (tenths + 1)).min(DWELL)
    }

    /// How long every key still disarms.
    pub fn dwell(&self, now: Timestamp) -> Duration {
        DWELL.saturating_sub(elapsed(self.since, now).unwrap_or_default())
    }

    fn limit(&self) -> Duration {
        if matches!(self.phase, Phase::Reason(_) | Phase::Name(_)) { REASON_TIMEOUT } else { TIMEOUT }
    }

    /// How long until it disarms by itself.
    pub fn remaining(&self, now: Timestamp) -> Duration {
        self.limit().saturating_sub(elapsed(self.since, now).unwrap_or(TIMEOUT))
    }

    fn take(&mut self, input: Input, now: Timestamp) -> Verdict {
        let Some(time) = elapsed(self.since, now) else { return Verdict::Disarmed(Why::Clock) };
        self.seen = now;
        match input {
            Input::Paste => Verdict::Disarmed(Why::Paste),
            Input::FocusLost => Verdict::Disarmed(Why::FocusLost),
            Input::TooSmall => Verdict::Disarmed(Why::TooSmall),
            Input::Repeat => Verdict::Disarmed(Why::Repeat),
            _ if self.remaining(now).is_zero() => Verdict::Disarmed(Why::Timeout),
            Input::Moment if self.phase == Phase::Settling && time >= BURST => {
                Verdict::Fire { reason: self.reason.take() }
            }
            Input::Moment => Verdict::Changed,
            Input::Key(_) if self.is_waiting(now) => Verdict::Disarmed(Why::TooSoon),
            Input::Key(key) => self.press(key, now),
        }
    }

    fn press(&mut self, key: Key, now: Timestamp) -> Verdict {
        let is_burst = elapsed(self.since, now).is_some_and(|time| time < BURST);
        match (&mut self.phase, key) {
            (Phase::Settling, _) => Verdict::Disarmed(Why::Burst),
            (Phase::Letter, Key::Char(c)) if c == self.letter => self.enter(Phase::Settling, now),
            (Phase::Glass, Key::Char('!')) => self.enter(Phase::Reason(String::new()), now),
            (Phase::Reason(text), _) => match write(text, key) {
                Written::More => self.stay(now),
                Written::Complete(reason) => {
                    self.reason = Some(reason);
                    self.enter(self.past_the_glass(), now)
                }
                Written::Left => Verdict::Disarmed(Why::OtherKey),
            },
            (Phase::Name(_), _) if is_burst => Verdict::Disarmed(Why::Burst),
            (Phase::Name(text), _) => match write(text, key) {
                Written::More => self.stay(now),
                Written::Complete(name) if self.name.as_ref() == Some(&name) => self.enter(Phase::Letter, now),
                Written::Complete(_) => Verdict::Disarmed(Why::WrongName),
                Written::Left => Verdict::Disarmed(Why::OtherKey),
            },
            _ => Verdict::Disarmed(Why::OtherKey),
        }
    }

    fn enter(&mut self, phase: Phase, now: Timestamp) -> Verdict {
        self.phase = phase;
        self.stay(now)
    }

    fn stay(&mut self, now: Timestamp) -> Verdict {
        self.since = now;
        Verdict::Changed
    }
}

enum Written {
    More,
    Complete(String),
    Left,
}

fn write(text: &mut String, key: Key) -> Written {
    match key {
        Key::Char(c) if !is_dangerous(c) && text.chars().count() < REASON_LIMIT => text.push(c),
        Key::Char(_) => {}
        Key::Backspace => drop(text.pop()),
        Key::Enter if text.trim().is_empty() => {}
        Key::Enter => return Written::Complete(text.trim().to_owned()),
        Key::Other => return Written::Left,
    }
    Written::More
}

/// The time between two moments; `None` when the clock went back.
fn elapsed(from: Timestamp, to: Timestamp) -> Option<Duration> {
    Duration::try_from(to.duration_since(from)).ok()
}

impl Why {
    /// In words, for the screen and the journal.
    pub fn label(self) -> &'static str {
        match self {
            Self::OtherKey => "another key",
            Self::TooSoon => "a key too soon",
            Self::WrongName => "another name",
            Self::Burst => "keys too fast for a hand",
            Self::Repeat => "a held key",
            Self::Paste => "a paste",
            Self::FocusLost => "the terminal lost the focus",
            Self::TooSmall => "the screen is too small",
            Self::Timeout => "no key in time",
            Self::Clock => "the clock went back",
            Self::Changed => "the plan changed",
        }
    }
}

#[cfg(test)]
mod tests;
