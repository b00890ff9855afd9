//! Raw counters from a server that speaks the Prometheus API: Prometheus, Thanos, Mimir, VictoriaMetrics, managed ones,
//! and any of these behind Grafana's proxy.

use super::super::counters::Range;
use super::super::prometheus;
use super::backend::{Access, Found, Query};
use crate::evidence::text::clean;
use crate::http::{HttpError, Kind, Request};

/// The most series that a query may give.
const SERIES_LIMIT: usize = 2_000;
/// What VictoriaMetrics is asked to hide of the newest samples, in seconds; it refuses none at all.
const VICTORIA_OFFSET: f64 = 1.0;

/// A server that speaks the Prometheus API.
#[derive(Debug)]
pub struct QueryApi {
    pub(super) address: String,
    access: Access,
    victoria: bool,
}

impl QueryApi {
    /// The server at a base address.
    pub fn new(address: &str, access: Access) -> Self {
        Self { address: address.to_owned(), access, victoria: false }
    }

    /// What it hides of the newest samples, in seconds.
    pub fn lag(&self) -> f64 {
        if self.victoria { VICTORIA_OFFSET } else { 0.0 }
    }

    /// Asks for a range.
    ///
    /// # Errors
    /// When it fails, answers something else, or more series than can be.
    pub async fn ask(&mut self, query: &Query, range: Range) -> Result<Found, HttpError> {
        let response = self.access.client.send(self.request(&query.text, range)).await?;
        let answer = prometheus::read(&response)?;
        self.victoria |= answer.victoria;
        let shown = clean(&query.text);
        let refuse = |what: String| HttpError::new(Kind::Malformed, format!("{}: {what}: {shown}", response.place));
        let raw = |what| refuse(what).with_remedy("query raw counters: `name{…}`, no `rate`, no `[5m]`");
        let series = answer.data.into_series().map_err(raw)?;
        if series.len() > SERIES_LIMIT {
            return Err(refuse(format!("{} series, more than {SERIES_LIMIT}", series.len()))
                .with_remedy("use a narrower scope, or `sum by (instance) (…)`"));
        }
        if series.iter().any(|one| one.histograms > 0) {
            return Err(refuse("a native histogram is no counter".into())
                .with_remedy("use `histogram_count(…)`, or the classic buckets for a latency"));
        }
        Ok(Found { series, increments: false, warnings: answer.warnings, date: response.date })
    }

    /// What the server's own parser says of a query: `Some(None)` that it is whole. `None` where it was not to be had:
    /// that is no word against the query.
    ///
    /// `format_query` reads a query and asks nothing; Prometheus has it, and what is made of it. Elsewhere the query is
    /// asked for the beginning of time, when there was nothing to count.
    pub async fn check(&self, query: &str) -> Option<Option<String>> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let formatted = self.form("format_query", vec![pair("query", query)]);
        if let Some(said) = prometheus::objection(&self.access.client.send(formatted).await.ok()?) {
            return Some(said);
        }
        let asked = self.form("query", vec![pair("query", query), pair("time", "0")]);
        prometheus::objection(&self.access.client.send(asked).await.ok()?)
    }

    fn form(&self, what: &str, pairs: Vec<(String, String)>) -> Request {
        let url = format!("{}/api/v1/{what}", self.address.trim_end_matches('/'));
        let Access { headers, bearer, allow_http, .. } = self.access.clone();
        Request { headers, bearer, allow_http, repeatable: true, ..Request::form(url, pairs) }
    }

    fn request(&self, query: &str, range: Range) -> Request {
        let mut pairs = vec![
            ("query".to_owned(), query.to_owned()),
            ("start".to_owned(), format!("{:.3}", range.start)),
            ("end".to_owned(), format!("{:.3}", range.end())),
            ("step".to_owned(), format!("{:.3}", range.step)),
        ];
        if self.victoria {
            pairs.push(("latency_offset".to_owned(), format!("{VICTORIA_OFFSET}s")));
        }
        self.form("query_range", pairs)
    }
}
