//! The simulated world: traffic, instances, a rollout, and the events of the scenario (pure).
//!
//! It moves in whole seconds, by nothing but its scenario, its seed and the orders to its rollout:
//! the same three give the same world to the last bit, on every machine.

use std::collections::BTreeMap;

use super::instance::{Instance, response_time};
use super::moment::Moment;
use super::rollout::{Order, Refusal, Rollout};
use super::samples::{Labels, Samples};
use super::scenario::{Event, Fault, Scenario, TrackName};
use super::traffic::Traffic;
use crate::evidence::Oid;

/// The world of a drill.
#[derive(Debug, Clone)]
pub struct World {
    scenario: Scenario,
    now: u64,
    events_done: usize,
    faults: Vec<Fault>,
    metrics_down_until: u64,
    rollout: Rollout,
    traffic: Traffic,
    instances: Vec<Instance>,
    samples: Samples,
    commits: BTreeMap<String, Oid>,
    happenings: Vec<Happening>,
    promoted_fully_at: Option<Moment>,
}

/// What a world tells of a run.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Everything that happened.
    pub happenings: Vec<Happening>,
    /// When the new version got all the traffic, if it did.
    pub promoted_fully_at: Option<Moment>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Moment,
    /// Who: `world`, `rollout`, or whoever speaks to the operator.
    pub actor: String,
    /// In words.
    pub text: String,
    /// Whether the operator learns of it only at the end.
    pub secret: bool,
}

/// The version before the stable one, which the rollout knows too.
pub const OLDER: &str = "v2.4.0";

impl World {
    /// The world of `scenario` at its start, with the chance of `seed`.
    pub fn new(scenario: Scenario, seed: u64) -> Self {
        let service = &scenario.service;
        let instances = [(TrackName::Stable, &service.stable), (TrackName::Canary, &service.canary)]
            .into_iter()
            .flat_map(|(name, track)| (1..=track.instances).map(move |n| Instance::new(service, name, n)))
            .collect();
        let mut world = Self {
            now: 0,
            events_done: 0,
            faults: Vec::new(),
            metrics_down_until: 0,
            rollout: Rollout::new(service, &[OLDER]),
            traffic: Traffic::new(&scenario, seed),
            instances,
            samples: Samples::default(),
            commits: BTreeMap::new(),
            happenings: Vec::new(),
            promoted_fully_at: None,
            scenario,
        };
        world.begin_events();
        world.scrape();
        world
    }

    /// Tells the world the commits of its versions.
    pub fn know_commits(&mut self, commits: BTreeMap<String, Oid>) {
        self.commits = commits;
    }

    /// The commit of a version, once told.
    pub fn commit(&self, version: &str) -> Option<&Oid> {
        self.commits.get(version)
    }

    /// Goes on to a moment, second by second; a moment that is past changes nothing.
    pub fn advance_to(&mut self, moment: Moment) {
        while self.now < moment.secs() {
            self.second();
        }
    }

    fn second(&mut self) {
        self.now += 1;
        self.settle_rollout();
        self.begin_events();
        for track in [TrackName::Stable, TrackName::Canary] {
            self.serve(track);
        }
        self.leak();
        // A server that is down scrapes nothing either.
        if self.now.is_multiple_of(self.scenario.service.scrape.secs()) && self.metrics_up() {
            self.scrape();
        }
    }

    fn settle_rollout(&mut self) {
        for order in self.rollout.settle(self.now) {
            let text = match &order {
                Order::Weight(weight) => format!("the canary gets {weight} % of the requests"),
                Order::Version(version) => format!("the canary runs {version}"),
            };
            self.tell("rollout", text, true);
            if let Order::Version(_) = order {
                self.restart(TrackName::Canary);
            }
        }
        if self.rollout.deployed() == self.scenario.service.canary.version {
            self.promoted_fully_at.get_or_insert(Moment::from_secs(self.now));
        }
    }

    fn begin_events(&mut self) {
        let due: Vec<Event> =
            self.scenario.events().skip(self.events_done).take_while(|it| it.at.secs() <= self.now).cloned().collect();
        self.events_done += due.len();
        for event in due {
            self.begin(event);
        }
    }

    fn begin(&mut self, event: Event) {
        if event.untouched && !self.rollout.is_untouched() {
            return;
        }
        self.tell("world", event.truth, true);
        if let Some(says) = event.says {
            self.tell(&event.from.unwrap_or_else(|| "world".into()), says, false);
        }
        if let Some(weight) = event.weight {
            // A schedule whose turn finds the lock taken, or a rollback done, is over.
            let rolled_back = self.rollout.version(TrackName::Canary) != self.scenario.service.canary.version;
            let _ = if rolled_back { Ok(()) } else { self.order(Order::Weight(weight)) };
        }
        if let Some(fault) = event.fault {
            self.strike(fault);
        }
    }

    /// Lets a fault begin now: the timeline's hand, and a facilitator's.
    pub fn strike(&mut self, fault: Fault) {
        match fault {
            Fault::Restart { version } => self.restart_version(&version),
            Fault::MetricsDown { lasts } => self.metrics_down_until = self.now + lasts.secs(),
            Fault::RolloutLocked { lasts } => self.rollout.lock(Moment::from_secs(self.now + lasts.secs())),
            Fault::ErrorRate { .. } | Fault::Latency { .. } | Fault::MemoryLeak { .. } => {
                self.faults.retain(|old| !old.same_place(&fault));
                self.faults.push(fault);
            }
        }
    }

    fn restart_version(&mut self, version: &str) {
        for track in [TrackName::Stable, TrackName::Canary] {
            if self.rollout.version(track) == version {
                self.restart(track);
            }
        }
    }

    fn restart(&mut self, track: TrackName) {
        let memory = self.scenario.service.memory_mib;
        self.instances.iter_mut().filter(|it| it.track == track).for_each(|it| it.restart(memory));
    }

    fn serve(&mut self, track: TrackName) {
        let (requests, failed) = self.arrivals(track);
        let here: Vec<usize> = (0..self.instances.len()).filter(|i| self.instances[*i].track == track).collect();
        let service = &self.scenario.service;
        let routes: Vec<f64> = service.routes.values().copied().collect();
        let factor = latency_factor(&self.faults, self.rollout.version(track));
        for number in 0..requests {
            let random = self.traffic.random();
            let (instance, route) = (here[random.below(here.len())], random.pick(&routes));
            let ms = response_time(service, factor, random);
            self.instances[instance].answer(route, number < failed, ms);
        }
    }

    /// The requests of this second: by the pins while the rollout is as it was at the start, else by chance.
    fn arrivals(&mut self, track: TrackName) -> (u64, u64) {
        let planned = self.traffic.planned(track, self.now).filter(|_| self.rollout.is_untouched());
        planned.unwrap_or_else(|| {
            let service = &self.scenario.service;
            let rate = service.requests_per_minute / 60.0 * self.rollout.share(track);
            let failing = error_rate(&self.faults, self.rollout.version(track)).unwrap_or(service.error_rate);
            self.traffic.free(self.now, rate, failing)
        })
    }

    fn leak(&mut self) {
        let start = self.scenario.service.memory_mib;
        for instance in &mut self.instances {
            let version = self.rollout.version(instance.track);
            instance.grow(start * leak_per_minute(&self.faults, version) / 60.0);
        }
    }

    fn scrape(&mut self) {
        let at_ms = self.now.cast_signed() * 1000;
        let up = self.instances.iter().map(|it| (it.up(), 1.0));
        self.samples.record(at_ms, self.instances.iter().flat_map(Instance::metrics).chain(up));
    }

    fn tell(&mut self, actor: &str, text: String, secret: bool) {
        let at = Moment::from_secs(self.now);
        self.happenings.push(Happening { at, actor: actor.to_owned(), text, secret });
    }

    /// Gives the rollout an order.
    ///
    /// # Errors
    /// When the controller does not take it.
    pub fn order(&mut self, order: Order) -> Result<(), Refusal> {
        self.rollout.order(self.now, order)?;
        self.settle_rollout();
        Ok(())
    }

    /// Where the world stands.
    pub fn now(&self) -> Moment {
        Moment::from_secs(self.now)
    }

    /// Its scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Its rollout.
    pub fn rollout(&self) -> &Rollout {
        &self.rollout
    }

    /// What its metric server remembers.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Whether its metric server answers.
    pub fn metrics_up(&self) -> bool {
        self.now >= self.metrics_down_until
    }

    /// What its instances expose now.
    pub fn metrics(&self) -> Vec<(Labels, f64)> {
        self.instances.iter().flat_map(Instance::metrics).collect()
    }

    /// Everything that happened so far, oldest first.
    pub fn happenings(&self) -> &[Happening] {
        &self.happenings
    }

    /// What it tells of the run so far.
    pub fn outcome(&self) -> Outcome {
        Outcome { happenings: self.happenings.clone(), promoted_fully_at: self.promoted_fully_at }
    }
}

impl Fault {
    /// The version that it strikes; `None` is everywhere.
    fn place(&self) -> Option<&str> {
        match self {
            Self::ErrorRate { version, .. } | Self::Latency { version, .. } => version.as_deref(),
            Self::MemoryLeak { version, .. } | Self::Restart { version } => Some(version),
            Self::MetricsDown { .. } | Self::RolloutLocked { .. } => None,
        }
    }

    fn strikes(&self, version: &str) -> bool {
        self.place().is_none_or(|it| it == version)
    }

    fn same_place(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.place() == other.place()
    }
}

fn error_rate(faults: &[Fault], version: &str) -> Option<f64> {
    let of = |fault: &Fault| match fault {
        Fault::ErrorRate { rate, .. } if fault.strikes(version) => Some(*rate),
        _ => None,
    };
    faults.iter().filter_map(of).reduce(f64::max)
}

fn latency_factor(faults: &[Fault], version: &str) -> f64 {
    let of = |fault: &Fault| match fault {
        Fault::Latency { factor, .. } if fault.strikes(version) => Some(*factor),
        _ => None,
    };
    faults.iter().filter_map(of).product()
}

fn leak_per_minute(faults: &[Fault], version: &str) -> f64 {
    let of = |fault: &Fault| match fault {
        Fault::MemoryLeak { per_minute, .. } if fault.strikes(version) => Some(*per_minute),
        _ => None,
    };
    faults.iter().filter_map(of).sum()
}

#[cfg(test)]
#[path = "world_tests.rs"]
mod tests;
