//! The rollout controller of the world: which version runs on which instance, and which share of the requests each
//! track gets (pure).

use std::collections::BTreeSet;

use super::moment::Moment;
use super::scenario::TrackName;
use super::service::{Service, Track};

/// The controller.
#[derive(Debug, Clone)]
pub struct Rollout {
    weight: u8,
    paused: bool,
    places: Vec<Place>,
    known: BTreeSet<String>,
    pending: Vec<(u64, Order)>,
    settle: u64,
    patience: u64,
    locked_until: u64,
    untouched: bool,
}

/// An instance as the controller knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its population.
    pub track: TrackName,
    /// What runs there.
    pub version: String,
    lock: Lock,
}

/// Who may change an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lock {
    /// The controller.
    Free,
    /// The controller, until its next order: then something else has taken the lock, for so many seconds.
    Ambushed(u64),
    /// Something else, until then.
    Held(u64),
}

/// What can be ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Give the canary this share of the requests, in percent.
    Weight(u8),
    /// Run this version on the canary.
    Version(String),
    /// Run this version on one instance.
    Instance {
        /// Its name.
        name: String,
        /// The version.
        version: String,
    },
    /// Take no further step by schedule, or go on.
    Pause(bool),
}

/// Why an order was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another order holds the lock.
    #[error("another operation holds the rollout's lock")]
    Locked,
    /// It waited for an instance's lock until its patience was over: nothing was changed.
    #[error("gave up at {0}: another operation holds the instance's lock")]
    GaveUp(Moment),
    /// It makes no sense.
    #[error("{0}")]
    Senseless(String),
}

impl Rollout {
    /// The controller at the start; it knows the two versions and `older` ones.
    pub fn new(service: &Service, older: &[&str]) -> Self {
        let (stable, canary) = (&service.stable, &service.canary);
        let places = [(TrackName::Stable, stable), (TrackName::Canary, canary)]
            .into_iter()
            .flat_map(|(name, track)| places(&service.name, name, track))
            .collect();
        let versions = [stable.version.clone(), canary.version.clone()];
        Self {
            weight: service.weight,
            paused: false,
            places,
            known: older.iter().map(|it| (*it).to_owned()).chain(versions).collect(),
            pending: Vec::new(),
            settle: service.settle.secs(),
            patience: service.patience.secs(),
            locked_until: 0,
            untouched: true,
        }
    }

    /// Takes an order at second `now`. Returns the second until which the answer to it is held back.
    ///
    /// # Errors
    /// When it is locked, or the order makes no sense.
    pub fn order(&mut self, now: u64, order: Order) -> Result<u64, Refusal> {
        let mut from = now;
        match &order {
            _ if now < self.locked_until => return Err(Refusal::Locked),
            Order::Weight(weight) if *weight > 100 => return Err(Refusal::Senseless("a weight is 0 to 100".into())),
            Order::Version(it) | Order::Instance { version: it, .. } if !self.known.contains(it) => {
                return Err(Refusal::Senseless(format!("no version {it:?} was ever built")));
            }
            Order::Instance { name, .. } => from = self.unlocked(now, name)?,
            Order::Weight(_) | Order::Version(_) | Order::Pause(_) => {}
        }
        self.pending.push((from + self.settle, order));
        self.pending.sort_by_key(|(at, _)| *at);
        Ok(from)
    }

    /// When an order of `now` to an instance gets its lock.
    fn unlocked(&mut self, now: u64, name: &str) -> Result<u64, Refusal> {
        let patience = self.patience;
        let senseless = || Refusal::Senseless(format!("there is no instance {name:?}"));
        let place = self.places.iter_mut().find(|it| it.name == name).ok_or_else(senseless)?;
        if let Lock::Ambushed(seconds) = place.lock {
            place.lock = Lock::Held(now + seconds);
        }
        match place.lock {
            Lock::Held(until) if until > now + patience => Err(Refusal::GaveUp(Moment::from_secs(now + patience))),
            Lock::Held(until) => Ok(until.max(now)),
            Lock::Free | Lock::Ambushed(_) => Ok(now),
        }
    }

    /// Takes no orders for a while.
    pub fn lock(&mut self, until: Moment) {
        self.locked_until = self.locked_until.max(until.secs());
    }

    /// Lets something else take an instance's lock at the next order to it, for a while.
    pub fn ambush(&mut self, name: &str, lasts: Moment) {
        self.places.iter_mut().filter(|it| it.name == name).for_each(|it| it.lock = Lock::Ambushed(lasts.secs()));
    }

    /// Until when something else holds an instance's lock, at second `now`.
    pub fn held_until(&self, now: u64, name: &str) -> Option<u64> {
        self.places.iter().find(|it| it.name == name).and_then(|it| match it.lock {
            Lock::Held(until) if until > now => Some(until),
            _ => None,
        })
    }

    /// Lets the orders that are due take effect, and returns them. One that asks for what holds is none.
    pub fn settle(&mut self, now: u64) -> Vec<Order> {
        let due = self.pending.iter().take_while(|(at, _)| *at <= now).count();
        let orders: Vec<Order> = self.pending.drain(..due).map(|(_, order)| order).collect();
        orders.into_iter().filter(|order| self.apply(order)).collect()
    }

    fn apply(&mut self, order: &Order) -> bool {
        let changed = match order {
            Order::Weight(weight) => std::mem::replace(&mut self.weight, *weight) != *weight,
            Order::Pause(paused) => std::mem::replace(&mut self.paused, *paused) != *paused,
            Order::Version(version) => self.run(version, |it| it.track == TrackName::Canary),
            Order::Instance { name, version } => self.run(version, |it| it.name == *name),
        };
        self.untouched &= !changed;
        changed
    }

    fn run(&mut self, version: &str, meant: impl Fn(&Place) -> bool) -> bool {
        let mut changed = false;
        for place in self.places.iter_mut().filter(|it| meant(it)) {
            changed |= std::mem::replace(&mut place.version, version.to_owned()) != version;
        }
        changed
    }

    /// The canary's share of the requests, in percent.
    pub fn weight(&self) -> u8 {
        self.weight
    }

    /// Whether no further step is taken by schedule.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// The instances, the stable ones first.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// What runs on a track; `None` while its instances run different versions.
    pub fn version(&self, track: TrackName) -> Option<&str> {
        let mut versions = self.places.iter().filter(|it| it.track == track).map(|it| it.version.as_str());
        let first = versions.next()?;
        versions.all(|it| it == first).then_some(first)
    }

    /// A track's share of the requests, from 0 to 1.
    pub fn share(&self, track: TrackName) -> f64 {
        let canary = f64::from(self.weight) / 100.0;
        if track == TrackName::Canary { canary } else { 1.0 - canary }
    }

    /// What a visitor of the service takes for its version: the canary's once that has all the traffic. `None` while
    /// visitors find one version or another.
    pub fn deployed(&self) -> Option<&str> {
        self.version(if self.weight == 100 { TrackName::Canary } else { TrackName::Stable })
    }

    /// Whether the instances of a track run different versions.
    pub fn is_mixed(&self) -> bool {
        [TrackName::Stable, TrackName::Canary].iter().any(|track| self.version(*track).is_none())
    }

    /// Whether every order has taken effect.
    pub fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// Whether all is as it was at the start.
    pub fn is_untouched(&self) -> bool {
        self.untouched
    }
}

fn places(service: &str, name: TrackName, track: &Track) -> impl Iterator<Item = Place> {
    let (service, version) = (service.to_owned(), track.version.clone());
    (1..=track.instances).map(move |number| Place {
        name: format!("{service}-{}-{number}", name.label()),
        track: name,
        version: version.clone(),
        lock: Lock::Free,
    })
}
