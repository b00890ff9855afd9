//! One running instance of the service, and the metrics that it exposes (pure).

use super::random::Random;
use super::samples::Labels;
use super::scenario::TrackName;
use super::service::Service;

/// An instance.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its population.
    pub track: TrackName,
    name: String,
    routes: Vec<String>,
    /// For each route: succeeded, failed.
    requests: Vec<(u64, u64)>,
    bounds: Vec<f64>,
    /// For each bound, and above the last one: requests that took so long; not cumulative.
    buckets: Vec<u64>,
    sum_ms: u64,
    memory_mib: f64,
    /// What is shown of it, which breathes.
    shown_mib: f64,
}

/// A metric: its name, what it is, its type.
pub type Family = (&'static str, &'static str, &'static str);

const REQUESTS: Family = ("http_requests_total", "Requests answered, by status.", "counter");
const SECONDS: Family = ("http_request_duration_seconds", "Response times in seconds.", "histogram");
const MEMORY: Family = ("process_resident_memory_bytes", "Resident memory in bytes.", "gauge");

/// All metrics, in the order of the exposition.
pub const FAMILIES: [Family; 3] = [REQUESTS, SECONDS, MEMORY];
const MIB: f64 = 1024.0 * 1024.0;

impl Instance {
    /// An instance of a track, just started.
    pub fn new(service: &Service, track: TrackName, name: &str) -> Self {
        let bounds: Vec<f64> = service.latency.iter().map(|(bound, _)| *bound).collect();
        Self {
            track,
            name: name.to_owned(),
            routes: service.routes.keys().cloned().collect(),
            requests: vec![(0, 0); service.routes.len()],
            buckets: vec![0; bounds.len() + 1],
            bounds,
            sum_ms: 0,
            memory_mib: service.memory_mib,
            shown_mib: service.memory_mib,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Restarts: the counters begin again, as those of a new process do.
    pub fn restart(&mut self, memory_mib: f64) {
        self.requests.fill((0, 0));
        self.buckets.fill(0);
        self.sum_ms = 0;
        self.memory_mib = memory_mib;
        self.shown_mib = memory_mib;
    }

    /// Answers a request on the `route`th route in `ms` milliseconds.
    pub fn answer(&mut self, route: usize, failed: bool, ms: u64) {
        let (succeeded, failures) = &mut self.requests[route];
        *if failed { failures } else { succeeded } += 1;
        let seconds = ms as f64 / 1000.0;
        let bucket = self.bounds.iter().position(|bound| seconds <= *bound).unwrap_or(self.bounds.len());
        self.buckets[bucket] += 1;
        self.sum_ms += ms;
    }

    /// Takes this much more memory, and shows this share more or less of it.
    pub fn grow(&mut self, mib: f64, breath: f64) {
        self.memory_mib += mib;
        self.shown_mib = self.memory_mib * (1.0 + breath);
    }

    /// Its memory in MiB.
    pub fn memory_mib(&self) -> f64 {
        self.memory_mib
    }

    /// Everything that it exposes: labels with the metric's name among them, and value.
    pub fn metrics(&self) -> Vec<(Labels, f64)> {
        let mut out = Vec::new();
        for (route, (succeeded, failed)) in self.routes.iter().zip(&self.requests) {
            for (code, count) in [("200", succeeded), ("500", failed)] {
                out.push((self.labels(REQUESTS.0, &[("code", code), ("route", route)]), *count as f64));
            }
        }
        self.histogram(&mut out);
        out.push((self.labels(MEMORY.0, &[]), (self.shown_mib * MIB).round()));
        out
    }

    fn histogram(&self, out: &mut Vec<(Labels, f64)>) {
        let mut cumulative = 0;
        let infinity = "+Inf".to_owned();
        let bounds = self.bounds.iter().map(f64::to_string).chain([infinity]);
        for (bound, count) in bounds.zip(&self.buckets) {
            cumulative += count;
            let labels = self.labels("http_request_duration_seconds_bucket", &[("le", &bound)]);
            out.push((labels, cumulative as f64));
        }
        out.push((self.labels("http_request_duration_seconds_sum", &[]), self.sum_ms as f64 / 1000.0));
        out.push((self.labels("http_request_duration_seconds_count", &[]), cumulative as f64));
    }

    /// The labels of `up` for this instance.
    pub fn up(&self) -> Labels {
        self.labels("up", &[])
    }

    fn labels(&self, metric: &str, more: &[(&str, &str)]) -> Labels {
        let own = [("__name__", metric), ("instance", &self.name), ("track", self.track.label())];
        own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }
}

/// How long a request takes, in milliseconds: drawn from the service's usual times, times `factor`.
pub fn response_time(service: &Service, factor: f64, random: &mut Random) -> u64 {
    let mut before = 0.0;
    let shares: Vec<f64> = service.latency.iter().map(|(_, to)| to - std::mem::replace(&mut before, *to)).collect();
    let index = random.pick(&shares);
    let upper = service.latency[index].0;
    let lower = index.checked_sub(1).map_or(upper / 4.0, |below| service.latency[below].0);
    ((lower + (upper - lower) * random.unit()) * 1000.0 * factor) as u64
}

impl TrackName {
    /// The value of the label `track`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Canary => "canary",
        }
    }
}
