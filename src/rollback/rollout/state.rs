//! What was seen of the rollout, and the keys that act on it (pure).
//!
//! A step is promoted after a moment in which it can be taken back. What cannot be taken back, promoting fully and
//! aborting, goes through the guard of the rollback key; so does everything that gives a canary more users while its
//! verdict is against it: then with a reason.

use std::time::Duration;

use jiff::Timestamp;

use super::model::{Act, Rollout};
use crate::canary::model::Verdict;
use crate::evidence::{Freshness, Observation, Observed};
use crate::rollback::model::Step;

/// How long a promotion can be taken back.
pub const UNDO: Duration = Duration::from_secs(3);

/// Everything that is known of the rollout.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// What was seen last.
    pub seen: Observed<Rollout>,
    /// A promotion that can still be taken back.
    pub pending: Option<Pending>,
    /// What the armed letter would do, and what speaks against it.
    pub armed: Option<(Order, Option<String>)>,
    /// What is being done.
    pub running: Option<Act>,
}

/// A promotion that can still be taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// What will be done.
    pub order: Order,
    /// When, on the clock of the hand.
    until: Timestamp,
    /// The last moment that it was told of: what is drawn goes by it, for the screen has another clock.
    seen: Timestamp,
}

impl Pending {
    /// How long it can still be taken back.
    pub fn remaining(&self) -> Duration {
        Duration::try_from(self.until.duration_since(self.seen)).unwrap_or(Duration::ZERO)
    }

    /// The next moment at which the countdown shows another second.
    fn next_second(&self) -> Timestamp {
        let left = self.remaining().saturating_sub(Duration::from_nanos(1)).as_secs();
        self.until.checked_sub(Duration::from_secs(left)).unwrap_or(self.until)
    }
}

/// What an executor is to do with a rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// What.
    pub act: Act,
    /// How, and how one sees it.
    pub step: Step,
    /// Of what.
    pub rollout: String,
}

/// What happens to the rollout.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It was looked at.
    Seen(Observation<Rollout>),
    /// A key asks for something.
    Asked {
        /// What.
        act: Act,
        /// What speaks against giving the canary more users.
        caution: Option<String>,
        /// The upper-case letters that the keymap binds.
        bound: Vec<char>,
        /// A random number, new each time.
        chance: u64,
    },
    /// What was about to be done is taken back.
    TakenBack,
    /// A moment has passed.
    Moment,
    /// What was begun has come to its end, in words.
    Ended(String),
}

/// What an asked act comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// It cannot be done, for this reason.
    Refused(String),
    /// What was about to be done is taken back.
    TakenBack,
    /// It will be done in a moment.
    Soon,
    /// It is done at once.
    Now(Box<Order>),
    /// The guard is to be armed; a reason is wanted where something speaks against it.
    Guarded(Box<Order>, Option<String>),
}

/// What speaks against giving a canary more users. Unknown is never green: one that is watched and has no fresh verdict
/// speaks against it as well.
pub fn caution(is_watched: bool, verdict: Option<Verdict>) -> Option<String> {
    let why = match verdict {
        _ if !is_watched => return None,
        Some(Verdict::Regressed) => "the canary is REGRESSED",
        Some(Verdict::Blind) => "the canary is blind: nobody sees how it does",
        None => "the canary has no fresh verdict",
        Some(_) => return None,
    };
    Some(format!("{why}: to promote it needs a reason"))
}

impl State {
    /// What comes of a key, at `now` on the incident's clock and `hand` on that of the person.
    pub fn ask(&mut self, act: Act, caution: Option<String>, now: Timestamp, hand: Timestamp) -> Asked {
        if self.pending.take().is_some() {
            return Asked::TakenBack;
        }
        let order = match self.order(act, now) {
            Ok(order) => order,
            Err(why) => return Asked::Refused(why),
        };
        let caution = caution.filter(|_| act.widens());
        match act {
            Act::PromoteFully | Act::Abort => Asked::Guarded(Box::new(order), caution),
            _ if caution.is_some() => Asked::Guarded(Box::new(order), caution),
            Act::Promote => {
                self.pending = Some(Pending { order, until: hand + UNDO, seen: hand });
                Asked::Soon
            }
            Act::Pause | Act::Resume => Asked::Now(Box::new(order)),
        }
    }

    /// What can be done, or why it cannot: one thing at a time, and only what the screen shows as it is.
    pub fn order(&self, act: Act, now: Timestamp) -> Result<Order, String> {
        if let Some(running) = self.running {
            return Err(format!("to {} is under way: wait for its end", running.label()));
        }
        let Some(rollout) = self.seen.value() else {
            let failed = self.seen.failure().map(|failure| failure.what.clone());
            return Err(failed.unwrap_or_else(|| "no rollout is known: see [rollout] in hotfix.toml".into()));
        };
        // Old news of a rollout must not hold up what takes the canary out of traffic.
        if self.seen.freshness(now) != Freshness::Fresh && act != Act::Abort {
            return Err("how far the rollout is was not seen for a while: `r` looks again".into());
        }
        let step = rollout.controls.of(act).clone()?;
        Ok(Order { act, step: *step, rollout: rollout.name.clone() })
    }

    /// When something happens by itself, on the clock of the hand.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.pending.as_ref().map(Pending::next_second)
    }

    /// The promotion whose moment is over, unless the rollout has moved on meanwhile: then why it is not done.
    pub fn due(&mut self, now: Timestamp, hand: Timestamp) -> Option<Result<Order, String>> {
        self.pending.iter_mut().for_each(|pending| pending.seen = hand);
        let Pending { order, .. } = self.pending.take_if(|pending| pending.until <= hand)?;
        let is_same = self.order(order.act, now).is_ok_and(|now| now == order);
        Some(if is_same { Ok(order) } else { Err("not promoted: the rollout is not where it was shown".into()) })
    }

    /// Which of its two keys' meanings the space bar has.
    pub fn pause_or_resume(&self) -> Act {
        let is_paused = self.seen.value().is_some_and(|rollout| rollout.controls.resume.is_ok());
        if is_paused { Act::Resume } else { Act::Pause }
    }
}

#[cfg(test)]
mod tests;
