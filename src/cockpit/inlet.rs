//! The way in for the sources.

use super::clock::Clock;
use super::event::What;
use super::letter::Letter;
use super::mailbox::Sending;
use crate::change;
use crate::evidence::Observation;

/// Takes in what sources tell. They tell the time by the wall clock; the cockpit has its own in a drill.
#[derive(Clone)]
pub struct Inlet {
    letters: Sending<Letter>,
    clock: Clock,
}

impl Inlet {
    /// A way into this mailbox.
    pub fn new(letters: Sending<Letter>, clock: Clock) -> Self {
        Self { letters, clock }
    }

    /// For a source of one thing.
    pub fn of<T: Send + 'static>(&self, wrap: fn(Observation<T>) -> What) -> impl Fn(Observation<T>) + Send + 'static {
        let Self { letters, clock } = self.clone();
        move |observation| letters.send(Letter::Happened(wrap(told(observation, &clock))))
    }

    /// For git, which tells of several.
    pub fn of_change(&self) -> impl Fn(change::model::Observation) + Send + 'static {
        let Self { letters, clock } = self.clone();
        move |observation| {
            let told = match clock.speed() {
                Some(speed) => observation.told_by(clock.now(), speed),
                None => observation,
            };
            letters.send(Letter::Happened(What::Change(told)));
        }
    }

    /// For everything else.
    pub fn letters(&self) -> &Sending<Letter> {
        &self.letters
    }
}

/// An observation by the incident's clock.
pub fn told<T>(observation: Observation<T>, clock: &Clock) -> Observation<T> {
    match clock.speed() {
        Some(speed) => observation.told_by(clock.now(), speed),
        None => observation,
    }
}
