//! A scenario as data: the world, the timeline of its faults, what is expected, and how it is scored.
//!
//! CONTRIBUTING.md explains the format by one worked example. Unknown keys are refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::moment::Moment;
use super::rules::{Cap, Expected, Scoring};

/// A whole scenario file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name on the command line: `d1-bad-canary`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What one learns, in a sentence.
    pub aim: String,
    /// When it ends by itself.
    pub length: Moment,
    /// How hard it is.
    pub difficulty: Difficulty,
    /// What the operator is told at the start.
    pub briefing: String,
    /// What the ideal path would have been, told at the end only.
    pub debrief: String,
    /// The incident as it is declared at the start.
    pub incident: IncidentSeed,
    /// The service and its traffic.
    pub service: Service,
    /// What the repository holds beside the fix.
    #[serde(default)]
    pub repository: Repository,
    /// The runs of the pretended CI.
    #[serde(default)]
    pub ci: Vec<CiRun>,
    /// Counts that the world must have reached by a moment, as long as nobody touches the rollout.
    #[serde(default)]
    pub pins: Vec<Spanned<Pin>>,
    /// What happens, in order.
    #[serde(default)]
    pub events: Vec<Spanned<Event>>,
    /// What the operator should decide.
    pub expected: Expected,
    /// How the five dimensions are scored.
    pub scoring: Scoring,
    /// What limits the whole score.
    #[serde(default)]
    pub caps: Vec<Cap>,
}

/// How hard a scenario is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Difficulty {
    /// One fault, plainly visible.
    Easy,
    /// One fault that looks like something else.
    Moderate,
    /// The tools fail too.
    Hard,
}

/// `[incident]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentSeed {
    /// Its short name.
    pub title: String,
    /// Its key in the tracker.
    pub ticket: Option<String>,
    /// How long before the start users began to notice.
    #[serde(default)]
    pub impact_before: Moment,
}

/// `[service]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// What runs in production.
    pub stable: Track,
    /// The new version.
    pub canary: Track,
    /// The share of the requests that the canary gets at the start, in percent.
    pub weight: u8,
    /// All requests a minute, on average.
    pub requests_per_minute: f64,
    /// The share of requests that fail when all is well.
    #[serde(default)]
    pub error_rate: f64,
    /// What is asked for, each with its share.
    #[serde(default = "one_route")]
    pub routes: BTreeMap<String, f64>,
    /// Response times when all is well: upper bounds in seconds, each with the share of requests up to it.
    #[serde(default = "usual_latency")]
    pub latency: Vec<(f64, f64)>,
    /// Memory of an instance at the start, in MiB.
    #[serde(default = "usual_memory")]
    pub memory_mib: f64,
    /// How the traffic differs from a constant.
    #[serde(default)]
    pub noise: Noise,
    /// Seconds between two scrapes of the world's metric server.
    #[serde(default = "usual_scrape")]
    pub scrape: Moment,
    /// How long the rollout controller takes for one change.
    #[serde(default)]
    pub settle: Moment,
}

/// One of the two populations.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// What runs there at the start.
    pub version: String,
    /// On how many instances.
    pub instances: u8,
}

/// `[service.noise]`: how the traffic differs from a constant.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Noise {
    /// The height of the daily wave, as a share of the average; its quarter passes in an hour.
    pub diurnal: f64,
    /// Bursts a minute, on average.
    pub bursts_per_minute: f64,
    /// How much more traffic a burst brings: 2 doubles it.
    pub burst_factor: f64,
    /// How long a burst lasts.
    pub burst_length: Moment,
}

/// `[repository]`: what the repository holds beside the fix.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Repository {
    /// Commits of somebody else's work that a merge brought into the hotfix branch.
    pub foreign_commits: u8,
    /// Whether `main` changed the very lines that the fix changes.
    pub back_merge_conflict: bool,
}

/// `[[ci]]`: a run of the tests, whose report grows while it runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CiRun {
    /// When it starts.
    pub at: Moment,
    /// How long it takes.
    pub takes: Moment,
    /// How many tests it has.
    pub tests: u32,
    /// The tests that come out red, by name.
    #[serde(default)]
    pub red: Vec<String>,
}

/// `[[pins]]`: counts that a population must have reached by a moment.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// By when.
    pub at: Moment,
    /// Which population.
    pub track: TrackName,
    /// Requests since the start.
    pub requests: u64,
    /// Failed ones among them.
    pub errors: u64,
}

/// The two populations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrackName {
    /// The baseline.
    Stable,
    /// The new version.
    Canary,
}

/// `[[events]]`: something that happens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When.
    pub at: Moment,
    /// The truth about it, told at the end only.
    pub truth: String,
    /// Who tells the operator something, if anybody does.
    pub from: Option<String>,
    /// What the operator is told then.
    pub says: Option<String>,
    /// What it changes in the world.
    pub fault: Option<Fault>,
    /// Whether it happens only as long as nobody touched the rollout: what tells of pinned counts does.
    #[serde(default)]
    pub untouched: bool,
    /// The share of the requests that the rollout's own schedule gives the canary now, in percent.
    pub weight: Option<u8>,
}

/// What an event changes in the world.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// This share of the requests fails.
    ErrorRate {
        /// Where this version runs; everywhere without it.
        version: Option<String>,
        /// From 0 to 1.
        rate: f64,
    },
    /// Response times grow.
    Latency {
        /// Where this version runs; everywhere without it.
        version: Option<String>,
        /// 2 doubles them.
        factor: f64,
    },
    /// Memory grows by this much of its start a minute.
    MemoryLeak {
        /// Where this version runs.
        version: String,
        /// 0.012 is 1.2 % a minute.
        per_minute: f64,
    },
    /// The instances of this version restart: counters and memory begin again.
    Restart {
        /// Which version.
        version: String,
    },
    /// The metric server answers 503.
    MetricsDown {
        /// For how long.
        lasts: Moment,
    },
    /// The rollout controller takes no orders: it answers 423.
    RolloutLocked {
        /// For how long.
        lasts: Moment,
    },
}

impl Scenario {
    /// The pins, in the file's order.
    pub fn pins(&self) -> impl Iterator<Item = &Pin> {
        self.pins.iter().map(Spanned::get_ref)
    }

    /// The events, in the order of time.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().map(Spanned::get_ref)
    }

    /// How many requests a population has seen by a moment, by its pins; between them by the rule of three.
    pub fn pinned_requests(&self, track: TrackName, at: Moment) -> u64 {
        let mut before = (0, 0);
        for pin in self.pins().filter(|pin| pin.track == track) {
            let (seconds, requests) = (pin.at.secs(), pin.requests);
            if seconds >= at.secs() {
                let part = (at.secs() - before.0) as f64 / (seconds - before.0).max(1) as f64;
                return before.1 + (part * (requests - before.1) as f64) as u64;
            }
            before = (seconds, requests);
        }
        before.1 + (self.rate(track) * (at.secs() - before.0) as f64) as u64
    }

    /// Requests a second of a population at the start.
    pub fn rate(&self, track: TrackName) -> f64 {
        let canary = f64::from(self.service.weight) / 100.0;
        let share = if track == TrackName::Canary { canary } else { 1.0 - canary };
        self.service.requests_per_minute / 60.0 * share
    }
}

fn one_route() -> BTreeMap<String, f64> {
    BTreeMap::from([("/".to_owned(), 1.0)])
}

fn usual_latency() -> Vec<(f64, f64)> {
    vec![(0.05, 0.42), (0.1, 0.74), (0.25, 0.93), (0.5, 0.985), (1.0, 0.997), (2.5, 1.0)]
}

fn usual_memory() -> f64 {
    212.0
}

fn usual_scrape() -> Moment {
    Moment::from_secs(5)
}
