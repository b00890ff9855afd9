//! The database of the service (pure): a pool of connections at each instance, slow queries, a table that may be locked,
//! and a replica that may fall behind.
//!
//! A request keeps a connection of its instance's pool while it works. Where more are wanted than there are, requests
//! wait, and those that wait in vain fail.

use super::faults::Faults;
use super::instance::Family;
use super::random::Random;
use super::samples::Labels;
use super::scenario::TrackName;
use super::service::Database as Settings;

const QUERIES: Family = ("db_queries_total", "Requests that worked with the database.", "counter");
const SLOW: Family = ("db_slow_queries_total", "Those among them that had a slow query.", "counter");
const TIMEOUTS: Family = ("db_pool_timeouts_total", "Requests that got no connection in time.", "counter");
const IN_USE: Family = ("db_pool_connections_in_use", "Connections of this instance that are in use.", "gauge");
const POOL: Family = ("db_pool_connections_max", "The most connections that this instance can have.", "gauge");
const WAITING: Family = ("db_pool_waiting", "Requests that wait for a connection.", "gauge");
const LAG: Family = ("db_replica_lag_seconds", "How old what the replica tells this instance is, in seconds.", "gauge");
const CONNECTIONS: Family = ("db_connections", "Connections to the database that are in use.", "gauge");
const LIMIT: Family = ("db_connections_max", "The most connections that the database takes.", "gauge");
const LOCKS: Family = ("db_locks_waiting", "Requests that wait for a locked table.", "gauge");

/// All its metrics, in the order of the exposition.
pub const FAMILIES: [Family; 10] = [QUERIES, SLOW, TIMEOUTS, IN_USE, POOL, WAITING, LAG, CONNECTIONS, LIMIT, LOCKS];
/// How many series it has at each instance.
pub const SERIES: u64 = 7;

/// One request in a hundred works far longer than the others: so many times.
const TAIL: f64 = 10.0;
/// The share of a pool from which on requests have to queue for a connection.
const CROWDED: f64 = 0.8;
/// How much longer an answer takes when a pool is used up.
const QUEUED: f64 = 2.0;
/// A replica catches up so many times as quickly as time goes.
const CATCHING_UP: f64 = 3.0;

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    settings: Settings,
    pools: Vec<Pool>,
    random: Random,
    locked_until: u64,
    lagging_until: u64,
    lag_s: f64,
}

/// What an instance has of it.
#[derive(Debug, Clone)]
struct Pool {
    instance: String,
    track: TrackName,
    queries: u64,
    slow: u64,
    timeouts: u64,
    /// For how long connections were asked for in this second, in milliseconds, all together.
    busy_ms: f64,
    /// Connections that were never given back.
    kept: f64,
    /// Connections whose request waits for a locked table.
    stuck: u64,
    in_use: f64,
    waiting: f64,
    /// The share of the requests that got no connection in the last second.
    turned_away: f64,
}

/// What the database does to a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worked {
    /// It got no connection in time.
    pub is_starved: bool,
    /// How many times as long its answer takes, because it had to queue.
    pub queued: f64,
    /// How much longer its queries took than usual, in milliseconds.
    pub slower_ms: u64,
}

impl Database {
    /// The database for these instances, with a stream of chance of its own.
    pub fn new<'a>(settings: &Settings, instances: impl Iterator<Item = (TrackName, &'a str)>, random: Random) -> Self {
        let pools = instances.map(|(track, name)| Pool::new(name, track)).collect();
        let settings = settings.clone();
        Self { settings, pools, random, locked_until: 0, lagging_until: 0, lag_s: 0.0 }
    }

    /// A table is locked until this second.
    pub fn lock(&mut self, until: u64) {
        self.locked_until = self.locked_until.max(until);
    }

    /// The replica applies nothing until this second.
    pub fn hold_replica(&mut self, until: u64) {
        self.lagging_until = self.lagging_until.max(until);
    }

    /// An instance starts again: its connections are given back, and its counters begin anew.
    pub fn restart(&mut self, instance: usize) {
        let Pool { instance: name, track, .. } = &self.pools[instance];
        self.pools[instance] = Pool::new(&name.clone(), *track);
    }

    /// A request of an instance works with it in second `now`; its queries take `factor` times as long as usual.
    pub fn work(&mut self, instance: usize, factor: f64, now: u64) -> Worked {
        let room = self.room();
        let (pool, random) = (&mut self.pools[instance], &mut self.random);
        let chance = random.unit();
        let tail = if chance > 0.99 { TAIL } else { 1.0 };
        let kept_ms = self.settings.query_ms * factor * (0.5 + chance) * tail;
        let is_starved = pool.turned_away > 0.0 && random.happens(pool.turned_away);
        // Whoever is turned away asked for a connection all the same.
        pool.busy_ms += kept_ms;
        if is_starved {
            pool.timeouts += 1;
        } else if now < self.locked_until && random.happens(self.settings.writes) {
            pool.stuck += 1;
        } else {
            pool.queries += 1;
            pool.slow += u64::from(kept_ms >= self.settings.slow_ms);
        }
        let crowd = ((pool.in_use / room - CROWDED) / (1.0 - CROWDED)).clamp(0.0, 1.0);
        let slower_ms = (kept_ms * (1.0 - 1.0 / factor.max(1.0))) as u64;
        Worked { is_starved, queued: 1.0 + (QUEUED - 1.0) * crowd, slower_ms }
    }

    /// The end of second `now`; `versions` are those of the instances, in their order.
    pub fn second<'a>(&mut self, now: u64, versions: impl Iterator<Item = &'a str>, faults: &Faults) {
        let (room, is_free) = (self.room(), now >= self.locked_until);
        for (pool, version) in self.pools.iter_mut().zip(versions) {
            pool.kept += faults.connections_kept_per_minute(version) / 60.0;
            pool.settle(room, is_free);
        }
        let lags = now < self.lagging_until;
        self.lag_s = if lags { self.lag_s + 1.0 } else { (self.lag_s - CATCHING_UP).max(0.0) };
    }

    /// The connections that an instance can have.
    fn room(&self) -> f64 {
        let share = f64::from(self.settings.connections) / self.pools.len().max(1) as f64;
        f64::from(self.settings.pool).min(share)
    }

    /// Everything that is exposed of it: labels with the metric's name among them, and value.
    pub fn metrics(&self) -> Vec<(Labels, f64)> {
        let mut out: Vec<(Labels, f64)> = self.pools.iter().flat_map(|pool| pool.metrics(self)).collect();
        let in_use: f64 = self.pools.iter().map(|pool| pool.in_use.ceil()).sum();
        let stuck: u64 = self.pools.iter().map(|pool| pool.stuck).sum();
        let limit = f64::from(self.settings.connections);
        for ((name, ..), value) in [(CONNECTIONS, in_use), (LIMIT, limit), (LOCKS, stuck as f64)] {
            let own = [("__name__", name), ("instance", self.settings.name.as_str())];
            out.push((own.map(|(name, value)| (name.to_owned(), value.to_owned())).into(), value));
        }
        out
    }
}

impl Pool {
    fn new(instance: &str, track: TrackName) -> Self {
        Self {
            instance: instance.to_owned(),
            track,
            queries: 0,
            slow: 0,
            timeouts: 0,
            busy_ms: 0.0,
            kept: 0.0,
            stuck: 0,
            in_use: 0.0,
            waiting: 0.0,
            turned_away: 0.0,
        }
    }

    /// What this second came to, where there is `room` for so many connections. A table that is free again lets all go
    /// on that waited for it.
    fn settle(&mut self, room: f64, is_free: bool) {
        let (asked, taken) = (self.busy_ms / 1000.0, self.kept + self.stuck as f64);
        let free = (room - taken).max(0.0);
        self.in_use = (taken + asked).min(room);
        self.waiting = (asked - free).max(0.0);
        self.turned_away = if free <= 0.0 { 1.0 } else { self.waiting / asked.max(free) };
        if is_free {
            self.queries += self.stuck;
            self.slow += self.stuck;
            self.stuck = 0;
        }
        self.busy_ms = 0.0;
    }

    fn metrics(&self, database: &Database) -> [(Labels, f64); SERIES as usize] {
        let values = [
            (QUERIES, self.queries as f64),
            (SLOW, self.slow as f64),
            (TIMEOUTS, self.timeouts as f64),
            (IN_USE, self.in_use.ceil()),
            (POOL, database.room().floor()),
            (WAITING, self.waiting.ceil()),
            (LAG, database.lag_s),
        ];
        values.map(|((name, ..), value)| {
            let own = [("__name__", name), ("instance", self.instance.as_str()), ("track", self.track.label())];
            (own.map(|(name, value)| (name.to_owned(), value.to_owned())).into(), value)
        })
    }
}

#[cfg(test)]
#[path = "database_tests.rs"]
mod tests;
