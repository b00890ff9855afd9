use super::*;
use crate::drill::scenario::Fault;

const VERSIONS: [&str; 2] = ["v1", "v2"];

/// One stable and one canary instance, with a pool of ten connections each.
struct Site {
    database: Database,
    faults: Faults,
    now: u64,
}

impl Site {
    fn new() -> Self {
        let instances = [(TrackName::Stable, "stable-1"), (TrackName::Canary, "canary-1")];
        let settings = Settings { pool: 10, ..Settings::default() };
        let database = Database::new(&settings, instances.into_iter(), Random::new(7, 5));
        Self { database, faults: Faults::default(), now: 0 }
    }

    /// So many seconds with 50 requests at each instance. Returns how many of each went away without a connection.
    fn go(&mut self, seconds: u64) -> [u64; 2] {
        let mut starved = [0, 0];
        for _ in 0..seconds {
            self.now += 1;
            for (instance, version) in VERSIONS.iter().enumerate() {
                let factor = self.faults.query_factor(version);
                for _ in 0..50 {
                    let worked = self.database.work(instance, factor, self.now);
                    starved[instance] += u64::from(worked.is_starved);
                }
            }
            self.database.second(self.now, VERSIONS.into_iter(), &self.faults);
        }
        starved
    }

    /// The value of a metric at an instance, or of the database itself.
    fn value(&self, name: &str, instance: &str) -> f64 {
        let is_it = |labels: &Labels| labels["__name__"] == name && labels["instance"] == instance;
        self.database.metrics().into_iter().find(|(labels, _)| is_it(labels)).unwrap().1
    }
}

#[test]
fn a_database_that_is_well_turns_nobody_away_and_slows_nothing() {
    let mut site = Site::new();
    assert_eq!(site.go(60), [0, 0]);
    assert_eq!(site.database.work(0, 1.0, 61).slower_ms, 0);
    assert!(site.value("db_pool_connections_in_use", "stable-1") <= 3.0);
    let share = site.value("db_slow_queries_total", "stable-1") / site.value("db_queries_total", "stable-1");
    assert!((0.001..0.03).contains(&share), "{share}");
    assert_eq!(
        (site.value("db_replica_lag_seconds", "canary-1"), site.value("db_connections_max", "database")),
        (0.0, 200.0)
    );
}

#[test]
fn slow_queries_strike_one_version_and_a_pool_that_is_used_up_turns_requests_away() {
    let mut site = Site::new();
    site.faults.begin(Fault::SlowQueries { version: Some("v2".into()), factor: 8.0 });
    site.go(30);
    let slow = |site: &Site, at: &str| site.value("db_slow_queries_total", at) / site.value("db_queries_total", at);
    assert!(slow(&site, "canary-1") > 0.5 && slow(&site, "stable-1") < 0.03);
    let in_use = |at| site.value("db_pool_connections_in_use", at);
    assert!(in_use("canary-1") >= 3.0 * in_use("stable-1"));
    assert!(site.database.work(1, 8.0, 31).slower_ms >= 70);
    site.faults.begin(Fault::SlowQueries { version: Some("v2".into()), factor: 20.0 });
    let before = site.value("db_pool_timeouts_total", "canary-1");
    let starved = site.go(60);
    assert!(starved[0] == 0 && (900..2_400).contains(&starved[1]), "half of 3,000 find no connection: {starved:?}");
    assert_eq!(site.value("db_pool_connections_in_use", "canary-1"), 10.0);
    assert_eq!(site.value("db_pool_timeouts_total", "canary-1") - before, starved[1] as f64);
    assert!(site.database.work(1, 20.0, 91).queued > 1.9);
}

#[test]
fn connections_that_are_kept_use_a_pool_up_until_its_instance_starts_again() {
    let mut site = Site::new();
    site.faults.begin(Fault::ConnectionLeak { version: "v2".into(), per_minute: 5.0 });
    assert_eq!(site.go(60), [0, 0]);
    let starved = site.go(120);
    assert!(starved[0] == 0 && starved[1] > 2_000, "{starved:?}");
    site.database.restart(1);
    assert_eq!(site.value("db_queries_total", "canary-1"), 0.0);
    assert_eq!(site.go(30), [0, 0]);
}

#[test]
fn a_locked_table_holds_up_whoever_writes_and_lets_them_go_on() {
    let mut site = Site::new();
    site.go(10);
    site.database.lock(40);
    let starved = site.go(20);
    assert!(starved.iter().all(|it| *it > 500), "both versions wait for it: {starved:?}");
    assert!(site.value("db_locks_waiting", "database") >= 20.0);
    site.go(12);
    assert_eq!(site.value("db_locks_waiting", "database"), 0.0);
    assert_eq!(site.go(10), [0, 0]);
}

#[test]
fn a_replica_falls_behind_by_the_clock_and_catches_up() {
    let mut site = Site::new();
    site.database.hold_replica(61);
    site.go(60);
    assert_eq!(site.value("db_replica_lag_seconds", "stable-1"), 60.0);
    site.go(10);
    assert_eq!(site.value("db_replica_lag_seconds", "stable-1"), 30.0);
    site.go(30);
    assert_eq!(site.value("db_replica_lag_seconds", "canary-1"), 0.0);
}

#[test]
fn all_instances_share_the_connections_of_the_database() {
    let mut site = Site::new();
    site.database.settings.connections = 4;
    site.faults.begin(Fault::SlowQueries { version: None, factor: 8.0 });
    site.go(20);
    assert_eq!(
        (site.value("db_connections", "database"), site.value("db_pool_connections_max", "canary-1")),
        (4.0, 2.0)
    );
}
