//! How many requests come in each second, and which of them fail by a scenario's pins (pure).

use std::collections::BTreeMap;

use super::random::Random;
use super::scenario::{Pin, Scenario, TrackName};
use super::service::Noise;

/// The requests of one population in one second: all, and failed ones.
pub type Second = (u64, u64);

/// The traffic of a run.
#[derive(Debug, Clone)]
pub struct Traffic {
    noise: Noise,
    bursts: Vec<u64>,
    planned: BTreeMap<TrackName, Vec<Second>>,
    random: Random,
    breath: Random,
}

/// The streams of chance, apart from each other: what the operator does changes no plan.
const BURSTS: u64 = 1;
const PINS: u64 = 2;
const FREE: u64 = 3;
const BREATH: u64 = 4;
/// The length of the wave that stands for the day.
const WAVE_SECONDS: u64 = 3600;

impl Traffic {
    /// The traffic of `scenario` by `seed`.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let noise = scenario.service.noise.clone();
        let bursts = bursts(&noise, scenario.length.secs(), &mut Random::new(seed, BURSTS));
        let mut traffic = Self {
            noise,
            bursts,
            planned: BTreeMap::new(),
            random: Random::new(seed, FREE),
            breath: Random::new(seed, BREATH),
        };
        let mut random = Random::new(seed, PINS);
        for track in [TrackName::Stable, TrackName::Canary] {
            let pins: Vec<Pin> = scenario.pins().filter(|pin| pin.track == track).copied().collect();
            let plan = traffic.plan(&pins, &mut random);
            traffic.planned.insert(track, plan);
        }
        traffic
    }

    /// What the pins plan for second `at` (from 1) of a population; `None` beyond the last pin.
    pub fn planned(&self, track: TrackName, at: u64) -> Option<Second> {
        self.planned.get(&track)?.get(usize::try_from(at).ok()?.checked_sub(1)?).copied()
    }

    /// How many requests come in second `at` at an average of `rate` a second.
    pub fn free(&mut self, at: u64, rate: f64) -> u64 {
        self.random.count(rate * self.shape(at))
    }

    /// The chance by which a request finds its instance, route, failure and response time.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// How far from the average the memory of an instance is now, as a share of it.
    pub fn breath(&mut self) -> f64 {
        self.noise.memory * (2.0 * self.breath.unit() - 1.0)
    }

    /// How much more or less than the average second `at` brings: a wave of two parabolas, and the bursts.
    fn shape(&self, at: u64) -> f64 {
        let half = WAVE_SECONDS / 2;
        let x = (at % half) as f64 / half as f64;
        let wave = 4.0 * x * (1.0 - x) * if at % WAVE_SECONDS < half { 1.0 } else { -1.0 };
        let length = self.noise.burst_length.secs();
        let bursting = self.bursts.iter().any(|start| (*start..start + length).contains(&at));
        (1.0 + self.noise.diurnal * wave) * if bursting { self.noise.burst_factor } else { 1.0 }
    }

    /// One entry for each second up to the last pin, with exactly the counts of the pins.
    fn plan(&self, pins: &[Pin], random: &mut Random) -> Vec<Second> {
        let mut plan = Vec::new();
        let (mut requests, mut errors) = (0, 0);
        for pin in pins {
            let from = plan.len() as u64 + 1;
            let shape: Vec<f64> = (from..=pin.at.secs()).map(|at| self.shape(at)).collect();
            plan.extend(spread(&shape, pin.requests - requests, pin.errors - errors, random));
            (requests, errors) = (pin.requests, pin.errors);
        }
        plan
    }
}

/// Spreads requests over seconds as `shape` has it, and failures over the requests.
fn spread(shape: &[f64], requests: u64, errors: u64, random: &mut Random) -> Vec<Second> {
    let mut seconds = vec![(0, 0); shape.len()];
    let mut arrivals: Vec<usize> = (0..requests).map(|_| random.pick(shape)).collect();
    for _ in 0..errors.min(requests) {
        let failed = arrivals.swap_remove(random.below(arrivals.len()));
        seconds[failed].0 += 1;
        seconds[failed].1 += 1;
    }
    for arrival in arrivals {
        seconds[arrival].0 += 1;
    }
    seconds
}

/// The seconds in which bursts begin.
fn bursts(noise: &Noise, length: u64, random: &mut Random) -> Vec<u64> {
    (1..=length).filter(|_| random.happens(noise.bursts_per_minute / 60.0)).collect()
}
