//! The `hotfix.toml` of a drill: the same keys as anybody's, with the addresses of the world.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use super::repository::SetupError;
use super::scenario::{Scenario, TrackName};
use super::service::{Service, Signal, WayBack};

/// Writes the `hotfix.toml` of this world, whose server listens at `address`. Git does not see it.
///
/// # Errors
/// When it cannot be written.
pub fn write(root: &Path, scenario: &Scenario, address: SocketAddr) -> Result<String, SetupError> {
    let text = text(scenario, address);
    fs::write(root.join("hotfix.toml"), &text)?;
    Ok(text)
}

fn text(scenario: &Scenario, address: SocketAddr) -> String {
    let service = &scenario.service;
    let mut out = head(scenario, address);
    out.push_str(&match service.way_back {
        WayBack::ByTraffic => by_traffic(service, address),
        WayBack::ByInstance => by_instance(service, address),
    });
    let stable = &service.stable.version;
    let _ = write!(
        out,
        r#"
[rollback.verify]
url = "http://{address}/version"
json = "$.version"
equals = "{stable}"
within = "30s"
"#
    );
    out
}

/// A run of the tests is asked for where there is something to find out by one: it ends when the run does.
fn run_tests(scenario: &Scenario, address: SocketAddr) -> String {
    match scenario.tests.flaky.is_empty() && scenario.tests.real.is_empty() {
        true => String::new(),
        false => format!("run = [\"curl\", \"-fsS\", \"-X\", \"POST\", \"http://{address}/ci/runs\"]\n"),
    }
}

fn metrics(service: &Service) -> String {
    service
        .watch
        .iter()
        .map(|signal| match signal {
            Signal::Errors => ERRORS,
            Signal::Latency => LATENCY,
            Signal::Memory => MEMORY,
            Signal::Connections => CONNECTIONS,
            Signal::SlowQueries => SLOW_QUERIES,
            Signal::ReplicaLag => REPLICA_LAG,
        })
        .collect()
}

const ERRORS: &str = r#"
[[canary.metrics]]
name = "error rate"
kind = "ratio"
bad = 'http_requests_total{code=~"5..",$scope}'
total = 'http_requests_total{$scope}'
worse = "higher"
critical = true
"#;

const LATENCY: &str = r#"
[[canary.metrics]]
name = "latency p99"
kind = "quantile"
q = 0.99
query = 'http_request_duration_seconds_bucket{$scope}'
worse = "higher"
"#;

const MEMORY: &str = r#"
[[canary.metrics]]
name = "memory"
kind = "gauge"
query = 'max(process_resident_memory_bytes{$scope})'
worse = "higher"
"#;

const CONNECTIONS: &str = r#"
[[canary.metrics]]
name = "connections"
kind = "gauge"
query = 'max(db_pool_connections_in_use{$scope})'
worse = "higher"
"#;

const SLOW_QUERIES: &str = r#"
[[canary.metrics]]
name = "slow queries"
kind = "ratio"
bad = 'db_slow_queries_total{$scope}'
total = 'db_queries_total{$scope}'
worse = "higher"
"#;

const REPLICA_LAG: &str = r#"
[[canary.metrics]]
name = "replica lag"
kind = "gauge"
query = 'max(db_replica_lag_seconds{$scope})'
worse = "higher"
"#;

fn head(scenario: &Scenario, address: SocketAddr) -> String {
    let service = &scenario.service;
    let (interval, stable) = (service.scrape.secs(), &service.stable.version);
    let (title, minutes) = (&scenario.name, scenario.length.secs() / 60 + 1);
    let (run_tests, metrics) = (run_tests(scenario, address), metrics(service));
    format!(
        r#"# The world of a drill: {title}. Everything here is simulated, on this machine.
version = 1

[production]
ref = "v*"
# What was deployed last: while it is a canary, most of production still runs the version before.
deployed = {{ url = "http://{address}/version", json = "$.tracks.canary.commit" }}

[git]
strategy = "back-promotion"
targets = ["main"]
ticket = '[A-Z]+-\d+'

[[tests]]
name = "unit"
junit = ["reports/*.xml"]
required = true
{run_tests}
[canary]
source = {{ prometheus = "http://{address}" }}
baseline = 'track="stable"'
canary = 'track="canary"'
deployed = {{ url = "http://{address}/version", json = "$.tracks.canary.commit" }}
interval = "{interval}s"
lookback = "{minutes}m"
{metrics}
[[comms]]
name = "stakeholders"
webhook = {{ url = "http://{address}/inbox", idempotent = true }}

[checklist]
canary_minutes = 8
canary_requests = 50

[rollout]
from = "http"
url = "http://{address}/rollout"
steps = [5, 25, 50, 100]
set = {{ url = "http://{address}/rollout", json = {{ weight = "{{weight}}" }} }}

[rollback]
engine = "steps"
to = "{stable}"
"#
    )
}

fn by_traffic(service: &Service, address: SocketAddr) -> String {
    let stable = &service.stable.version;
    format!(
        r#"
[[rollback.steps]]
name = "take the canary out of traffic"
http = {{ method = "POST", url = "http://{address}/rollout", json = {{ weight = 0 }} }}
timeout = "10s"
idempotent = true
verify = {{ url = "http://{address}/rollout", json = "$.weight", equals = "0", within = "30s" }}

[[rollback.steps]]
name = "run the last good version on it"
http = {{ method = "POST", url = "http://{address}/rollout", json = {{ version = "{stable}" }} }}
timeout = "10s"
idempotent = true
verify = {{ url = "http://{address}/version", json = "$.tracks.canary.version", equals = "{stable}", within = "30s" }}
"#
    )
}

/// A step waits for its instance's lock longer than the controller does, so that it is the controller that gives up.
fn by_instance(service: &Service, address: SocketAddr) -> String {
    let (stable, patience) = (&service.stable.version, service.patience.secs() + 15);
    let mut out = format!(
        r#"
[[rollback.steps]]
name = "stop the schedule"
http = {{ method = "POST", url = "http://{address}/rollout", json = {{ paused = true }} }}
timeout = "10s"
idempotent = true
verify = {{ url = "http://{address}/rollout", json = "$.paused", equals = "true", within = "2s" }}
"#
    );
    for number in 1..=service.canary.instances {
        let name = format!("{}-{}-{number}", service.name, TrackName::Canary.label());
        let _ = write!(
            out,
            r#"
[[rollback.steps]]
name = "{stable} on {name}"
http = {{ method = "POST", url = "http://{address}/instances/{name}", json = {{ version = "{stable}" }} }}
timeout = "{patience}s"
verify = {{ url = "http://{address}/instances/{name}", json = "$.version", equals = "{stable}", within = "1s" }}
"#
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schema::Config;
    use crate::drill::catalogue;

    #[test]
    fn every_scenario_has_a_configuration_that_the_program_reads() {
        for scenario in catalogue::all() {
            let text = text(&scenario, SocketAddr::from(([127, 0, 0, 1], 4711)));
            let config: Config =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}\n{text}", scenario.id));
            assert_eq!(config.canary.unwrap().interval.as_secs(), scenario.service.scrape.secs());
            let steps = config.rollback.unwrap().steps.len();
            let by_instance = scenario.service.way_back == WayBack::ByInstance;
            assert_eq!(steps, if by_instance { 1 + usize::from(scenario.service.canary.instances) } else { 2 });
        }
    }
}
