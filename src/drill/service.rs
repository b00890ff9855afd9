//! `[service]` and `[database]`: the service of a scenario, its traffic, how it is watched and rolled back, and its database.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::moment::Moment;

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
    /// An instance that takes more is killed, and starts again.
    pub memory_limit_mib: Option<f64>,
    /// What is watched and judged, as the service's `hotfix.toml` has it.
    #[serde(default = "errors_alone")]
    pub watch: Vec<Signal>,
    /// How the traffic differs from a constant.
    #[serde(default)]
    pub noise: Noise,
    /// Seconds between two scrapes of the world's metric server.
    #[serde(default = "usual_scrape")]
    pub scrape: Moment,
    /// How long the rollout controller takes for one change.
    #[serde(default)]
    pub settle: Moment,
    /// How long the rollout controller waits for an instance's lock before it gives up.
    #[serde(default = "usual_patience")]
    pub patience: Moment,
    /// How this service is rolled back.
    #[serde(default)]
    pub way_back: WayBack,
}

/// What can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    /// The share of requests that fail.
    Errors,
    /// The 99th percentile of the response times.
    Latency,
    /// The memory of an instance.
    Memory,
    /// The connections to the database that an instance has in use.
    Connections,
    /// The share of requests with a slow query.
    SlowQueries,
    /// How far the database's replica is behind.
    ReplicaLag,
}

/// How a service is rolled back: what its `hotfix.toml` has for steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WayBack {
    /// The canary is taken out of traffic, then gets the last good version.
    #[default]
    ByTraffic,
    /// The schedule is stopped, then one instance of the canary after the other gets the last good version.
    ByInstance,
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
    /// How far the memory of an instance goes up and down, as a share of it.
    pub memory: f64,
}

/// `[database]`: the database that the service works with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// The most connections that it takes; the instances share them evenly.
    pub connections: u32,
    /// The most connections that an instance asks for.
    pub pool: u32,
    /// How long a request keeps its connection on average when all is well, in milliseconds.
    pub query_ms: f64,
    /// A request that keeps it for so long has a slow query.
    pub slow_ms: f64,
    /// The share of the requests that write, and so wait for a locked table.
    pub writes: f64,
}

impl Default for Database {
    fn default() -> Self {
        Self { name: "database".into(), connections: 200, pool: 20, query_ms: 20.0, slow_ms: 100.0, writes: 0.3 }
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

fn errors_alone() -> Vec<Signal> {
    vec![Signal::Errors]
}

fn usual_patience() -> Moment {
    Moment::from_secs(90)
}

fn usual_scrape() -> Moment {
    Moment::from_secs(5)
}
