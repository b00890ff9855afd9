//! A scenario as data: the world, the timeline of its faults, what is expected, and how it is scored.
//!
//! CONTRIBUTING.md explains the format by one worked example. Unknown keys are refused.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::moment::Moment;
use super::rules::{Cap, Expected, Scoring};
use super::script::Script;
use super::service::{Database, Service};

/// A whole scenario file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name on the command line: `d1-bad-canary`.
    pub id: String,
    /// SHA-256 of the file that it was read from: runs of two versions are not compared.
    #[serde(skip)]
    pub sha256: String,
    /// The script of its ideal run, which the debrief plays; it is no part of the file.
    #[serde(skip)]
    pub ideal: Option<Script>,
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
    /// The database that it works with.
    #[serde(default)]
    pub database: Database,
    /// What the repository holds beside the fix.
    #[serde(default)]
    pub repository: Repository,
    /// How the tests behave when somebody lets them run.
    #[serde(default)]
    pub tests: Tests,
    /// The runs of the pretended CI that come by themselves.
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

/// `[repository]`: what the repository holds beside the fix.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Repository {
    /// Commits of somebody else's work that a merge brought into the hotfix branch.
    pub foreign_commits: u8,
    /// Whether `main` changed the very lines that the fix changes.
    pub back_merge_conflict: bool,
}

/// `[tests]`: how the tests behave when somebody lets them run, or has committed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tests {
    /// How long a run takes.
    pub takes: Moment,
    /// How many tests it has.
    pub count: u32,
    /// The tests that are red until the fix itself is changed.
    pub real: Vec<String>,
    /// The tests that are red now and then.
    pub flaky: Vec<Flaky>,
}

impl Default for Tests {
    fn default() -> Self {
        Self { takes: Moment::from_secs(40), count: 48, real: Vec::new(), flaky: Vec::new() }
    }
}

/// A test that is red now and then.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flaky {
    /// Its name.
    pub name: String,
    /// In so many runs it was red,
    pub red: u32,
    /// of so many.
    pub of: u32,
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
        /// An instance that lost this share of its memory at the start becomes slow, until it starts again.
        #[serde(default)]
        slows_from: f64,
        /// By how much: 1.15 is 15 %.
        #[serde(default = "unchanged")]
        slows_by: f64,
    },
    /// The instances of this version restart: counters and memory begin again.
    Restart {
        /// Which version.
        version: String,
    },
    /// Queries keep their connection so many times as long.
    SlowQueries {
        /// Where this version runs; everywhere without it.
        version: Option<String>,
        /// 2 doubles it, 1 ends it.
        factor: f64,
    },
    /// Connections to the database are taken and not given back.
    ConnectionLeak {
        /// Where this version runs.
        version: String,
        /// So many a minute at each instance.
        per_minute: f64,
    },
    /// A migration or a backup locks a table: whoever writes waits, and keeps a connection meanwhile.
    TableLocked {
        /// For how long.
        lasts: Moment,
    },
    /// The database's replica applies nothing, and then catches up.
    ReplicationLag {
        /// For how long it applies nothing.
        lasts: Moment,
    },
    /// The metric server answers 503.
    MetricsDown {
        /// For how long.
        lasts: Moment,
    },
    /// Something else takes the lock of an instance when the next order to it comes. The controller waits for it.
    InstanceLocked {
        /// Its name, such as `checkout-canary-2`.
        instance: String,
        /// How long it keeps the lock from then on.
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

fn unchanged() -> f64 {
    1.0
}
