//! The keys that steer the rollout: those that cannot be taken back share the guard of the rollback key.

use jiff::Timestamp;

use super::{Clocks, Effect, Guard, NO_LETTER, Outcome, State, guard};
use crate::incident::{Decision, Entry};
use crate::rollback::rollout::model::Act;
use crate::rollback::rollout::state::{Asked, Event, Order};

impl State {
    /// When something happens by itself, on the clock of the hand: the guard, or a promotion that can be taken back.
    pub fn deadline(&self, hand: Timestamp) -> Option<Timestamp> {
        self.guard.deadline(hand).into_iter().chain(self.rollout.deadline()).min()
    }

    /// Whether a moment that passes means something.
    pub fn waits_for_time(&self) -> bool {
        self.guard.armed().is_some() || self.rollout.pending.is_some()
    }

    pub(super) fn steer(&mut self, event: Event, (now, hand): Clocks) -> Outcome {
        match event {
            Event::Seen(observation) => Outcome::changed(self.rollout.seen.observe(observation)),
            Event::Asked { act, caution, bound, chance } => {
                let letter = guard::letter(&bound, chance);
                self.asked(act, caution, letter, (now, hand))
            }
            Event::TakenBack => match self.rollout.pending.take() {
                Some(_) => self.told("nothing was promoted"),
                None => Outcome::default(),
            },
            Event::Moment => match self.rollout.due(now, hand) {
                Some(Ok(order)) => self.steer_with(order, None),
                Some(Err(why)) => self.told(&why),
                None => Outcome::changed(self.rollout.pending.is_some()),
            },
            Event::Ended(words) => {
                self.rollout.running = None;
                self.told(&words)
            }
        }
    }

    fn asked(&mut self, act: Act, caution: Option<String>, letter: Option<char>, (now, hand): Clocks) -> Outcome {
        if self.running || self.held.is_some() {
            return self.told("a rollback runs: it has the last word");
        }
        if self.guard.armed().is_some() || !self.guard.may_arm(hand) {
            return Outcome::default();
        }
        match self.rollout.ask(act, caution, now, hand) {
            Asked::Refused(why) => self.told(&why),
            Asked::TakenBack => self.told("nothing was promoted"),
            Asked::Soon => Outcome::changed(true),
            Asked::Now(order) => self.steer_with(*order, None),
            Asked::Guarded(order, caution) => {
                let Some(letter) = letter else { return self.told(NO_LETTER) };
                self.guard = Guard::arm(letter, caution.is_none(), hand);
                (self.rollout.armed, self.said) = (Some((*order, caution)), None);
                Outcome::changed(true)
            }
        }
    }

    /// Has an order carried out; with a reason where something spoke against it.
    pub(super) fn steer_with(&mut self, order: Order, reason: Option<String>) -> Outcome {
        self.rollout.running = Some(order.act);
        self.said = None;
        let broken = reason.map(|reason| {
            let readiness = Some(order.step.name.clone());
            let reason = format!("break-glass: {reason}");
            Effect::Record(Entry::Decided { decision: Decision::Promote, reason, readiness, snapshot: None })
        });
        Outcome::with(broken.into_iter().chain([Effect::Steer(Box::new(order))]).collect())
    }

    fn told(&mut self, what: &str) -> Outcome {
        self.said = Some(what.to_owned());
        Outcome::changed(true)
    }
}
