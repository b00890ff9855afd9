//! The simulated world: traffic, instances, a rollout, and the events of the scenario (pure).
//!
//! It moves in whole seconds, by nothing but its scenario, its seed and the orders to its rollout:
//! the same three give the same world to the last bit, on every machine.

use std::collections::BTreeMap;

use super::ci::{self, Ci};
use super::database::Database;
use super::faults::Faults;
use super::inbox::Inbox;
use super::instance::{Instance, response_time};
use super::moment::Moment;
use super::random::Random;
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
    faults: Faults,
    metrics_down_until: u64,
    rollout: Rollout,
    traffic: Traffic,
    instances: Vec<Instance>,
    database: Database,
    ci: Ci,
    samples: Samples,
    commits: BTreeMap<String, Oid>,
    happenings: Vec<Happening>,
    steering: Vec<Happening>,
    promoted_fully_at: Option<Moment>,
    /// Until when the answer to an order is held back.
    held_until: u64,
    /// Where notices go.
    pub(super) inbox: Inbox,
}

/// What a world tells of a run.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Everything that happened.
    pub happenings: Vec<Happening>,
    /// What was done to the drill from outside; all of it stands among the happenings too.
    pub steering: Vec<Happening>,
    /// When the new version got all the traffic, if it did.
    pub promoted_fully_at: Option<Moment>,
    /// Whether the instances of a track run different versions at the end.
    pub is_mixed: bool,
    /// When somebody let the tests run again.
    pub reruns: Vec<Moment>,
    /// When a commit came that mends the cause.
    pub mended_at: Option<Moment>,
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

/// The stream of the database's own chance: what it does changes nothing else.
const DATABASE: u64 = 5;
/// The version before the stable one, which the rollout knows too.
pub const OLDER: &str = "v2.4.0";

impl World {
    /// The world of `scenario` at its start, with the chance of `seed`.
    pub fn new(scenario: Scenario, seed: u64) -> Self {
        let service = &scenario.service;
        let rollout = Rollout::new(service, &[OLDER]);
        let instances = rollout.places().iter().map(|it| Instance::new(service, it.track, &it.name)).collect();
        let pools = rollout.places().iter().map(|it| (it.track, it.name.as_str()));
        let database = Database::new(&scenario.database, pools, Random::new(seed, DATABASE));
        let mut world = Self {
            now: 0,
            events_done: 0,
            faults: Faults::default(),
            metrics_down_until: 0,
            rollout,
            traffic: Traffic::new(&scenario, seed),
            instances,
            database,
            ci: Ci::new(&scenario, seed),
            samples: Samples::default(),
            commits: BTreeMap::new(),
            happenings: Vec::new(),
            steering: Vec::new(),
            promoted_fully_at: None,
            held_until: 0,
            inbox: Inbox::default(),
            scenario,
        };
        world.begin_events();
        world.ci.begin_due(Moment::default());
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
        let versions = self.rollout.places().iter().map(|it| it.version.as_str());
        self.database.second(self.now, versions, &self.faults);
        self.ci.begin_due(self.now());
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
                Order::Instance { name, version } => format!("{name} runs {version}"),
                Order::Pause(true) => "no further step is taken by schedule".into(),
                Order::Pause(false) => "the schedule goes on".into(),
            };
            self.tell("rollout", text, true);
            match order {
                Order::Version(_) => self.restart(|it| it.track == TrackName::Canary),
                Order::Instance { name, .. } => self.restart(|it| it.name() == name),
                Order::Weight(_) | Order::Pause(_) => {}
            }
        }
        if self.rollout.deployed() == Some(self.scenario.service.canary.version.as_str()) {
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
            // A schedule that was paused, or whose turn finds the lock taken or a rollback done, is over.
            let new = self.scenario.service.canary.version.as_str();
            let is_over = self.rollout.is_paused() || self.rollout.version(TrackName::Canary) != Some(new);
            let _ = if is_over { Ok(self.now()) } else { self.order(Order::Weight(weight)) };
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
            Fault::InstanceLocked { instance, lasts } => self.rollout.ambush(&instance, lasts),
            Fault::TableLocked { lasts } => self.database.lock(self.now + lasts.secs()),
            Fault::ReplicationLag { lasts } => self.database.hold_replica(self.now + lasts.secs()),
            fault => self.faults.begin(fault),
        }
    }

    fn restart_version(&mut self, version: &str) {
        let places = self.rollout.places().iter().filter(|it| it.version == version);
        let names: Vec<String> = places.map(|it| it.name.clone()).collect();
        self.restart(|it| names.iter().any(|name| name == it.name()));
    }

    fn restart(&mut self, meant: impl Fn(&Instance) -> bool) {
        let memory = self.scenario.service.memory_mib;
        for (place, instance) in self.instances.iter_mut().enumerate().filter(|(_, it)| meant(it)) {
            instance.restart(memory);
            self.database.restart(place);
        }
    }

    /// The instances of a track answer its requests of this second: as the pins have it while the rollout is as it was
    /// at the start, else by chance.
    fn serve(&mut self, track: TrackName) {
        let service = &self.scenario.service;
        let planned = self.traffic.planned(track, self.now).filter(|_| self.rollout.is_untouched());
        let rate = service.requests_per_minute / 60.0 * self.rollout.share(track);
        let (requests, failures) = match planned {
            Some((requests, failed)) => (requests, Some(failed)),
            None => (self.traffic.free(self.now, rate), None),
        };
        let places = self.rollout.places();
        let here: Vec<usize> = (0..places.len()).filter(|index| places[*index].track == track).collect();
        let routes: Vec<f64> = service.routes.values().copied().collect();
        for number in 0..requests {
            let random = self.traffic.random();
            let (index, route) = (here[random.below(here.len())], random.pick(&routes));
            let version = &places[index].version;
            let failing = self.faults.error_rate(version).unwrap_or(service.error_rate);
            let worked = self.database.work(index, self.faults.query_factor(version), self.now);
            let failed = failures.map_or_else(|| random.happens(failing) | worked.is_starved, |it| number < it);
            let lost = self.instances[index].memory_mib() / service.memory_mib - 1.0;
            let factor = self.faults.latency_factor(version, lost) * worked.queued;
            let ms = response_time(service, factor, random) + worked.slower_ms;
            self.instances[index].answer(route, failed, ms);
        }
    }

    /// Memory leaks where a fault has it so. An instance that takes more than its limit is killed, and starts again.
    fn leak(&mut self) {
        let (start, limit) = (self.scenario.service.memory_mib, self.scenario.service.memory_limit_mib);
        let mut killed = Vec::new();
        for (number, (instance, place)) in self.instances.iter_mut().zip(self.rollout.places()).enumerate() {
            instance.grow(start * self.faults.leak_per_minute(&place.version) / 60.0, self.traffic.breath());
            if limit.is_some_and(|limit| instance.memory_mib() > limit) {
                instance.restart(start);
                self.database.restart(number);
                killed.push(place.name.clone());
            }
        }
        for name in killed {
            self.tell("rollout", format!("{name} took more memory than its limit: killed, and started again"), true);
        }
    }

    fn scrape(&mut self) {
        let at_ms = self.now.cast_signed() * 1000;
        let up = self.instances.iter().map(|it| (it.up(), 1.0));
        self.samples.record(at_ms, self.metrics().into_iter().chain(up));
    }

    fn tell(&mut self, actor: &str, text: String, secret: bool) {
        let at = Moment::from_secs(self.now);
        self.happenings.push(Happening { at, actor: actor.to_owned(), text, secret });
    }

    /// Somebody says something to the operator now.
    pub fn speak(&mut self, from: &str, says: String) {
        self.tell(from, says, false);
    }

    /// Somebody did something to the drill itself.
    pub fn steered(&mut self, who: &str, what: String, secret: bool) {
        self.tell(who, what, secret);
        self.steering.extend(self.happenings.last().cloned());
    }

    /// Gives the rollout an order. Returns until when the answer to it is held back.
    ///
    /// # Errors
    /// When the controller does not take it.
    pub fn order(&mut self, order: Order) -> Result<Moment, Refusal> {
        let place = match &order {
            Order::Instance { name, .. } => Some(name.clone()),
            _ => None,
        };
        let taken = self.rollout.order(self.now, order);
        let held = match &taken {
            Ok(until) => *until,
            Err(Refusal::GaveUp(at)) => at.secs(),
            Err(_) => self.now,
        };
        self.held_until = self.held_until.max(held);
        if let Some(name) = place.filter(|_| held > self.now) {
            self.tell("rollout", format!("the order to {name} waits: another operation holds its lock"), false);
        }
        self.settle_rollout();
        taken.map(Moment::from_secs)
    }

    /// Until when whoever gave an order waits for the answer, if anybody does.
    pub fn held_until(&self) -> Option<Moment> {
        (self.held_until > self.now).then(|| Moment::from_secs(self.held_until))
    }

    /// Lets the tests run again. Returns when they will have ended.
    pub fn rerun_tests(&mut self) -> Moment {
        self.tell("ci", "the tests run again".into(), true);
        self.ci.rerun(self.now())
    }

    /// Takes in that a commit was made; whether it `mends` what makes tests red. The tests run for it.
    pub fn push(&mut self, commit: Oid, mends: bool) {
        self.tell("ci", format!("the tests run for {}", commit.short()), true);
        self.ci.push(self.now(), commit, mends);
    }

    /// Its CI.
    pub fn ci(&self) -> &Ci {
        &self.ci
    }

    /// The newest run of the tests.
    pub fn test_run(&self) -> Option<&ci::Run> {
        self.ci.newest()
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

    /// What its instances and its database expose now.
    pub fn metrics(&self) -> Vec<(Labels, f64)> {
        self.instances.iter().flat_map(Instance::metrics).chain(self.database.metrics()).collect()
    }

    /// Everything that happened so far, oldest first.
    pub fn happenings(&self) -> &[Happening] {
        &self.happenings
    }

    /// What it tells of the run so far.
    pub fn outcome(&self) -> Outcome {
        let (happenings, promoted_fully_at) = (self.happenings.clone(), self.promoted_fully_at);
        let (reruns, mended_at) = (self.ci.reruns().to_vec(), self.ci.mended_at());
        let steering = self.steering.clone();
        Outcome { happenings, steering, promoted_fully_at, is_mixed: self.rollout.is_mixed(), reruns, mended_at }
    }
}

#[cfg(test)]
#[path = "world_tests.rs"]
mod tests;
