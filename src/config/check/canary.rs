//! `[canary]`: what cannot be right.

use std::time::Duration;

use super::Faults;
use crate::config::schema::{Canary, Feedback, Metric, MetricKind, MetricSource};

const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);
const LONGEST_INTERVAL: Duration = Duration::from_secs(3_600);
const LONGEST_LOOKBACK: Duration = Duration::from_secs(7 * 24 * 3_600);
/// The longest time that a command may take.
const LONGEST_COMMAND: Duration = Duration::from_secs(30);
/// Headers that authenticate: they are secrets, and belong into `token`.
const SECRET_HEADERS: [&str; 7] =
    ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "dd-api-key", "dd-application-key"];
/// The most boundaries of a latency.
const BOUNDARIES: usize = 20;
/// Functions whose values are no counters.
const RATES: [&str; 4] = ["rate(", "increase(", "delta(", "histogram_quantile("];

impl Faults {
    pub(super) fn canary(&mut self, canary: &Canary) {
        self.source("canary.source", &canary.source);
        self.scopes(canary);
        self.between("canary.interval", canary.interval, SHORTEST_INTERVAL, LONGEST_INTERVAL);
        if canary.interval <= LONGEST_INTERVAL {
            self.between("canary.lookback", canary.lookback, canary.interval, LONGEST_LOOKBACK);
        }
        if let Some(block) = canary.block {
            self.between("canary.block", block, canary.interval, LONGEST_INTERVAL);
        }
        if !(canary.false_alarm > 0.0 && canary.false_alarm < 1.0) {
            self.add("canary.false_alarm", "must lie between 0 and 1; usual are 0.01 to 0.1");
        }
        if !(canary.margin.is_finite() && canary.margin > 0.0) {
            self.add("canary.margin", "must be more than 0; 1.0 means no worse than the baseline");
        }
        if let Some(kayenta) = &canary.kayenta
            && !(0.0 <= kayenta.marginal && kayenta.marginal <= kayenta.pass && kayenta.pass <= 100.0)
        {
            self.add("canary.kayenta", "0 <= marginal <= pass <= 100 must hold; usual are 75 and 95");
        }
        if let Some(feedback) = &canary.feedback {
            self.feedback(feedback);
        }
        if canary.metrics.is_empty() {
            self.add("canary.metrics", "a canary needs at least one metric");
        }
        self.names("canary.metrics", canary.metrics.iter().map(|metric| metric.name.as_str()));
        let is_raw = canary.source.prometheus.is_some() || canary.source.openmetrics.is_some();
        for (index, metric) in canary.metrics.iter().enumerate() {
            self.metric(&format!("canary.metrics.{index}"), metric, is_raw);
        }
    }

    fn feedback(&mut self, feedback: &Feedback) {
        if let Some(file) = &feedback.file {
            let mut parts = std::path::Path::new(file).components();
            if file.trim().is_empty() || !parts.all(|part| matches!(part, std::path::Component::Normal(_))) {
                self.add("canary.feedback.file", "name a file inside the repository, such as `feedback.ndjson`");
            }
        }
        match &feedback.source {
            Some(source) if source.http_json.is_none() && source.command.is_none() => {
                self.add("canary.feedback.source", "reports are counted by `http_json` or by a `command`");
            }
            Some(source) => self.source("canary.feedback.source", source),
            None if feedback.file.is_none() => {
                self.add("canary.feedback", "needs a `file` that is watched, or a `source` that counts, or both");
            }
            None => {}
        }
        if feedback.source.iter().any(|source| source.http_json.as_ref().is_some_and(|json| json.time.is_some())) {
            self.add("canary.feedback.source.http_json.time", "one number is asked for, and no row of them");
        }
        if feedback.usual.is_some_and(|usual| !(usual.is_finite() && usual >= 0.0)) {
            self.add("canary.feedback.usual", "must not be negative: reports in an hour");
        }
    }

    /// Where the queries have a scope, both have to say what it is. Services that are scraped are told apart by their
    /// addresses.
    fn scopes(&mut self, canary: &Canary) {
        let queries = canary.metrics.iter().flat_map(|metric| [&metric.bad, &metric.total, &metric.query]);
        let is_scoped = queries.flatten().any(|query| query.contains("$scope"));
        if !is_scoped || canary.source.openmetrics.is_some() {
            return;
        }
        for (key, scope) in [("canary.baseline", &canary.baseline), ("canary.canary", &canary.canary)] {
            if scope.trim().is_empty() {
                self.add(key, "is missing: it replaces `$scope` in the queries");
            }
        }
    }

    /// Who is asked for metrics, at this path.
    pub(super) fn source(&mut self, at: &str, source: &MetricSource) {
        let kinds = [
            source.prometheus.is_some(),
            source.openmetrics.is_some(),
            source.http_json.is_some(),
            source.command.is_some(),
            source.datadog.is_some(),
            source.grafana.is_some(),
        ];
        if kinds.into_iter().filter(|is_there| *is_there).count() != 1 {
            let all = "`prometheus`, `openmetrics`, `http_json`, `command`, `datadog` or `grafana`";
            self.add(at, format!("names one who is asked: {all}"));
        }
        self.addresses(at, source);
        self.token(at, source.token.as_ref());
        for name in source.headers.keys() {
            if SECRET_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                self.add(&format!("{at}.headers"), format!("`{name}` is a secret: use `token = {{ env = \"NAME\" }}`"));
            }
        }
        if let Some(command) = &source.command {
            if command.run.first().is_none_or(|program| program.trim().is_empty()) {
                self.add(&format!("{at}.command.run"), "a command needs a program: [\"program\", \"argument\"]");
            }
            self.between(&format!("{at}.command.timeout"), command.timeout, Duration::ZERO, LONGEST_COMMAND);
        }
        let paths = source.http_json.iter().flat_map(|json| [Some(&json.value), json.time.as_ref()]).flatten();
        for path in paths.chain(source.command.iter().filter_map(|command| command.value.as_ref())) {
            if let Err(error) = serde_json_path::JsonPath::parse(path) {
                self.add(at, format!("`{path}` is no JSONPath: {error}"));
            }
        }
    }

    fn addresses(&mut self, at: &str, source: &MetricSource) {
        let allow_http = source.allow_http;
        if let Some(address) = &source.prometheus {
            self.url(&format!("{at}.prometheus"), address, allow_http);
        }
        if let Some(scraped) = &source.openmetrics {
            for (key, addresses) in [("baseline", &scraped.baseline), ("canary", &scraped.canary)] {
                let path = format!("{at}.openmetrics.{key}");
                if addresses.is_empty() {
                    self.add(&path, "needs the address of one service at least");
                }
                addresses.iter().enumerate().for_each(|(nth, one)| self.url(&format!("{path}.{nth}"), one, allow_http));
            }
        }
        if let Some(json) = &source.http_json {
            self.template(&format!("{at}.http_json.url"), &json.url.replace('$', ""), allow_http);
        }
        if let Some(datadog) = &source.datadog {
            self.url(&format!("{at}.datadog"), &datadog.api(), allow_http);
        }
        if let Some(grafana) = &source.grafana {
            self.url(&format!("{at}.grafana.address"), &grafana.address, allow_http);
        }
    }

    fn metric(&mut self, path: &str, metric: &Metric, is_raw: bool) {
        let given = |value: &Option<String>| value.as_ref().is_some_and(|text| !text.trim().is_empty());
        match metric.kind {
            MetricKind::Ratio if !given(&metric.bad) || !given(&metric.total) => {
                self.add(path, "a ratio needs `bad` and `total`: the counters of bad and of all events");
            }
            MetricKind::Quantile if !given(&metric.query) || metric.q.is_none() => {
                self.add(path, "a quantile needs `query`, the histogram's buckets, and `q`, such as 0.99");
            }
            MetricKind::Gauge if !given(&metric.query) => self.add(path, "a gauge needs `query`"),
            MetricKind::Ratio | MetricKind::Quantile | MetricKind::Gauge => {}
        }
        for (key, value) in [("slo", metric.slo), ("q", metric.q)] {
            if value.is_some_and(|value| !(value > 0.0 && value < 1.0)) {
                self.add(&format!("{path}.{key}"), "must lie between 0 and 1");
            }
        }
        if !(metric.weight.is_finite() && metric.weight > 0.0) {
            self.add(&format!("{path}.weight"), "must be more than 0");
        }
        if let Some(boundaries) = &metric.boundaries
            && !((1..=BOUNDARIES).contains(&boundaries.len()) && boundaries.iter().all(|edge| edge.is_finite()))
        {
            self.add(&format!("{path}.boundaries"), "name one to twenty bucket edges; three to five are best");
        }
        if is_raw {
            self.raw(path, metric);
        }
    }

    /// The judge counts for itself: a rate hides how much traffic is behind it.
    fn raw(&mut self, path: &str, metric: &Metric) {
        let histogram = metric.query.as_ref().filter(|_| metric.kind == MetricKind::Quantile);
        for (key, query) in [("bad", metric.bad.as_ref()), ("total", metric.total.as_ref()), ("query", histogram)] {
            if let Some(function) = query.and_then(|query| RATES.iter().find(|rate| query.contains(*rate))) {
                let what = format!("query the raw counter, without `{}`", function.trim_end_matches('('));
                self.add(&format!("{path}.{key}"), what);
            }
        }
    }
}

#[cfg(test)]
#[path = "canary_tests.rs"]
mod tests;
