//! The rollout controller of the world: which version gets which share of the requests (pure).

use std::collections::BTreeSet;

use super::moment::Moment;
use super::scenario::{Service, TrackName};

/// The controller.
#[derive(Debug, Clone)]
pub struct Rollout {
    weight: u8,
    stable: String,
    canary: String,
    known: BTreeSet<String>,
    pending: Vec<(u64, Order)>,
    settle: u64,
    locked_until: u64,
    untouched: bool,
}

/// What can be ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Give the canary this share of the requests, in percent.
    Weight(u8),
    /// Run this version on the canary.
    Version(String),
}

/// Why an order was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another order holds the lock.
    #[error("another operation holds the rollout's lock")]
    Locked,
    /// It makes no sense.
    #[error("{0}")]
    Senseless(String),
}

impl Rollout {
    /// The controller at the start; it knows the two versions and `older` ones.
    pub fn new(service: &Service, older: &[&str]) -> Self {
        let (stable, canary) = (service.stable.version.clone(), service.canary.version.clone());
        let known = older.iter().map(|it| (*it).to_owned()).chain([stable.clone(), canary.clone()]).collect();
        let (weight, settle) = (service.weight, service.settle.secs());
        Self { weight, stable, canary, known, pending: Vec::new(), settle, locked_until: 0, untouched: true }
    }

    /// Takes an order at second `now`.
    ///
    /// # Errors
    /// When it is locked, or the order makes no sense.
    pub fn order(&mut self, now: u64, order: Order) -> Result<(), Refusal> {
        match &order {
            _ if now < self.locked_until => return Err(Refusal::Locked),
            Order::Weight(weight) if *weight > 100 => return Err(Refusal::Senseless("a weight is 0 to 100".into())),
            Order::Version(it) if !self.known.contains(it) => {
                return Err(Refusal::Senseless(format!("no version {it:?} was ever built")));
            }
            Order::Weight(_) | Order::Version(_) => {}
        }
        self.pending.push((now + self.settle, order));
        Ok(())
    }

    /// Takes no orders for a while.
    pub fn lock(&mut self, until: Moment) {
        self.locked_until = self.locked_until.max(until.secs());
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
            Order::Version(version) => std::mem::replace(&mut self.canary, version.clone()) != *version,
        };
        self.untouched &= !changed;
        changed
    }

    /// The canary's share of the requests, in percent.
    pub fn weight(&self) -> u8 {
        self.weight
    }

    /// What runs on a track.
    pub fn version(&self, track: TrackName) -> &str {
        if track == TrackName::Canary { &self.canary } else { &self.stable }
    }

    /// A track's share of the requests, from 0 to 1.
    pub fn share(&self, track: TrackName) -> f64 {
        let canary = f64::from(self.weight) / 100.0;
        if track == TrackName::Canary { canary } else { 1.0 - canary }
    }

    /// What a visitor of the service takes for its version: the canary's once that has all the traffic.
    pub fn deployed(&self) -> &str {
        if self.weight == 100 { &self.canary } else { &self.stable }
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
