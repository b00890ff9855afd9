//! The source of the canary: raw counters from a server that speaks the Prometheus API.
//!
//! Each look asks `query_range` from the last step that was seen to now, with the start aligned to
//! the step so that a sample is never seen twice: in pieces, each answer of which is counted and
//! dropped before the next request, so that a long way back takes no more memory than a short one.
//! One request is in flight at a time. Nothing here reads a clock: `now` is given.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::counters::{Counters, Presence, Range, Sums, joined};
use super::model::{Arm, Batch, Scrape, instant, seconds};
use super::prometheus::{self, Series};
use crate::config::schema;
use crate::config::trust::Permit;
use crate::evidence::text::clean;
use crate::evidence::{Evidence, Failure, Generation, Observation, Subject};
use crate::http::{Backoff, Bearer, Client, HttpError, Kind, Request};

/// The most series that a query may give.
const SERIES_LIMIT: usize = 2_000;
/// The most steps that a look reaches back.
const STEPS_LIMIT: f64 = 10_000.0;
/// The most steps of one request: with 2,000 series of 30 bytes a point, still within what an answer may take. Prometheus
/// itself refuses more than 11,000.
const STEPS_AT_ONCE: usize = 120;
/// How long after a step its samples are surely in, in seconds; a quarter of a short interval.
const SETTLING: f64 = 1.0;
/// A difference of clocks that is worth a word, in seconds.
const SKEW: f64 = 2.0;
/// What an answer may take on top of two intervals before the picture is stale.
const GRACE: Duration = Duration::from_secs(5);

/// Asks for the scrapes of all metrics.
#[derive(Debug)]
pub struct Source {
    canary: schema::Canary,
    client: Client,
    bearer: Option<Bearer>,
    backoff: Backoff,
    generation: Generation,
    retry_at: Option<Timestamp>,
    /// The last step that was seen, in seconds of the server's clock.
    last_step: Option<f64>,
    counted: Counted,
    /// Scrapes that were seen, and that no look has brought yet.
    pending: Batch,
    newest: Option<Timestamp>,
    victoria: bool,
    /// How far the server's clock is ahead, in seconds.
    skew: f64,
}

/// What was counted so far.
#[derive(Debug, Clone, Default)]
struct Counted {
    /// By the query for all events.
    totals: BTreeMap<String, Counters>,
    /// By the queries for bad and for all events.
    bad: BTreeMap<(String, String), Counters>,
}

/// One piece of a look: what its answers added. It takes effect when all of it is there.
struct Piece {
    range: Range,
    counted: Counted,
    totals: BTreeMap<String, (Sums, Presence)>,
    bad: BTreeMap<(String, String), Sums>,
    warnings: Vec<String>,
}

impl Piece {
    fn new(range: Range) -> Self {
        let (counted, totals, bad) = Default::default();
        Self { range, counted, totals, bad, warnings: Vec::new() }
    }

    fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Bad and all events of one metric and population.
    fn steps(&self, queries: &(String, String)) -> Vec<Option<(f64, f64)>> {
        match (self.bad.get(queries), self.totals.get(&queries.1)) {
            (Some(bad), Some((all, _))) => joined(bad, all),
            _ => vec![None; self.range.count],
        }
    }
}

impl Source {
    /// A source that has asked nothing yet. `token` is the resolved secret.
    pub fn new(canary: &schema::Canary, _permit: Permit, client: Client, token: Option<String>) -> Self {
        Self {
            backoff: Backoff::new(&canary.source.prometheus),
            counted: Counted::default(),
            pending: Batch { scrapes: vec![Vec::new(); canary.metrics.len()], warnings: Vec::new() },
            canary: canary.clone(),
            client,
            bearer: token.map(Bearer::from),
            generation: Generation::default(),
            retry_at: None,
            last_step: None,
            newest: None,
            victoria: false,
            skew: 0.0,
        }
    }

    /// Announces the look that [`Source::poll`] is about to make.
    pub fn begin(&mut self) -> Observation<Batch> {
        Observation::Started(Generation(self.generation.0 + 1))
    }

    /// When to look next, after a look at `now`.
    pub fn next_at(&self, now: Timestamp) -> Timestamp {
        let interval = jiff::SignedDuration::try_from(self.canary.interval).unwrap_or(jiff::SignedDuration::MAX);
        let next = now.saturating_add(interval).unwrap_or(Timestamp::MAX);
        self.retry_at.unwrap_or(next)
    }

    /// Looks once: brings the new scrapes, or says why there are none.
    pub async fn poll(&mut self, now: Timestamp) -> Observation<Batch> {
        self.generation.0 += 1;
        match self.look(now).await {
            Ok(()) => {
                self.backoff.succeeded();
                self.retry_at = None;
                let batch = self.brought();
                Observation::Seen(self.generation, Box::new(self.evidence(batch, now)))
            }
            Err(error) => Observation::Failed(self.generation, self.failure(error, now)),
        }
    }

    /// The scrapes that were seen since the last look that could tell them.
    fn brought(&mut self) -> Batch {
        let scrapes = self.pending.scrapes.iter_mut().map(std::mem::take).collect();
        Batch { scrapes, warnings: std::mem::take(&mut self.pending.warnings) }
    }

    fn evidence(&self, value: Batch, now: Timestamp) -> Evidence<Batch> {
        Evidence {
            value,
            subject: Subject::default(),
            source: "prometheus".to_owned(),
            observed_at: self.newest.unwrap_or(now),
            ttl: self.canary.interval * 2 + GRACE,
        }
    }

    fn failure(&mut self, error: HttpError, now: Timestamp) -> Failure {
        let wait = self.backoff.failed(error.retry_after);
        let wait = jiff::SignedDuration::try_from(wait).unwrap_or(jiff::SignedDuration::MAX);
        self.retry_at = now.saturating_add(wait).ok();
        Failure { what: error.what, remedy: error.remedy, at: now, retry_at: self.retry_at }
    }

    /// Looks at everything up to `now`. Asks anew, once, when the first answers tell that the server's clock or kind
    /// is another than was thought: the steps to ask for are others then.
    async fn look(&mut self, now: Timestamp) -> Result<(), HttpError> {
        let thought = (self.skew, self.victoria);
        let mut is_sure = false;
        while let Some(range) = self.range(now) {
            let piece = self.ask_all(range, now).await?;
            if is_sure || thought == (self.skew, self.victoria) {
                self.take(piece)?;
            }
            is_sure = true;
        }
        Ok(())
    }

    async fn ask_all(&mut self, range: Range, now: Timestamp) -> Result<Piece, HttpError> {
        let mut piece = Piece::new(range);
        for queries in self.queries()? {
            if !piece.totals.contains_key(&queries.1) {
                self.ask_total(&queries.1, now, &mut piece).await?;
            }
            if !piece.bad.contains_key(&queries) {
                self.ask_bad(queries, now, &mut piece).await?;
            }
        }
        Ok(piece)
    }

    async fn ask_total(&mut self, query: &str, now: Timestamp, piece: &mut Piece) -> Result<(), HttpError> {
        let series = self.ask(query, now, piece).await?;
        let before = self.counted.totals.get(query).cloned().unwrap_or_default();
        let (counters, sums, presence) = before.count(piece.range, &series);
        piece.counted.totals.insert(query.to_owned(), counters);
        piece.totals.insert(query.to_owned(), (sums, presence));
        Ok(())
    }

    async fn ask_bad(&mut self, queries: (String, String), now: Timestamp, piece: &mut Piece) -> Result<(), HttpError> {
        let series = self.ask(&queries.0, now, piece).await?;
        let Some((_, presence)) = piece.totals.get(&queries.1) else { return Ok(()) };
        let before = self.counted.bad.get(&queries).cloned().unwrap_or_default();
        let (counters, sums) = before.count_among(piece.range, &series, presence);
        if series.is_empty() && !presence.is_empty() {
            piece.warn(format!("no series yet, counted as none: {}", clean(&queries.0)));
        }
        piece.counted.bad.insert(queries.clone(), counters);
        piece.bad.insert(queries, sums);
        Ok(())
    }

    /// The next steps after the last one that was seen, up to now; `None` when there is none yet.
    fn range(&self, now: Timestamp) -> Option<Range> {
        let step = self.canary.interval.as_secs_f64();
        let hidden = if self.victoria { 1.0 } else { 0.0 };
        let end = ((seconds(now) + self.skew - SETTLING.min(step / 4.0) - hidden) / step).floor();
        let furthest = end - (self.canary.lookback.as_secs_f64() / step).ceil().clamp(1.0, STEPS_LIMIT);
        let start = self.last_step.map_or(furthest, |last| (last / step).round() + 1.0).max(furthest);
        let count = ((end - start) as usize + 1).min(STEPS_AT_ONCE);
        (start <= end).then_some(Range { start: start * step, step, count })
    }

    /// The queries for bad and for all events: of each metric that for the baseline, then that for the canary.
    fn queries(&self) -> Result<Vec<(String, String)>, HttpError> {
        let scopes = [&self.canary.baseline, &self.canary.canary];
        let metrics = self.canary.metrics.iter();
        metrics.flat_map(|metric| scopes.map(|scope| scoped(metric, scope))).collect()
    }

    async fn ask(&mut self, query: &str, now: Timestamp, piece: &mut Piece) -> Result<Vec<Series>, HttpError> {
        let response = self.client.send(self.request(query, piece.range)).await?;
        if let Some(date) = response.date {
            self.measure_skew(seconds(date) - seconds(now));
        }
        let answer = prometheus::read(&response)?;
        self.victoria |= answer.victoria;
        answer.warnings.into_iter().for_each(|warning| piece.warn(warning));
        let refuse =
            |what: String| HttpError::new(Kind::Malformed, format!("{}: {what}: {}", response.place, clean(query)));
        let raw = |what| refuse(what).with_remedy("query raw counters: `name{…}`, no `rate`, no `[5m]`");
        let series = answer.data.into_series().map_err(raw)?;
        match series.len() {
            n if n > SERIES_LIMIT => Err(refuse(format!("{n} series, more than {SERIES_LIMIT}"))
                .with_remedy("use a narrower scope, or `sum by (instance) (…)`")),
            _ if series.iter().any(|one| one.histograms > 0) => {
                Err(refuse("a native histogram is no counter".into()).with_remedy("use `histogram_count(…)`"))
            }
            _ => Ok(series),
        }
    }

    fn request(&self, query: &str, range: Range) -> Request {
        let mut pairs = vec![
            ("query".to_owned(), query.to_owned()),
            ("start".to_owned(), format!("{:.3}", range.start)),
            ("end".to_owned(), format!("{:.3}", range.end())),
            ("step".to_owned(), format!("{:.3}", range.step)),
        ];
        if self.victoria {
            pairs.push(("latency_offset".to_owned(), "1s".to_owned()));
        }
        let source = &self.canary.source;
        let url = format!("{}/api/v1/query_range", source.prometheus.trim_end_matches('/'));
        let headers = source.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let bearer = self.bearer.clone();
        Request { headers, bearer, allow_http: source.allow_http, repeatable: true, ..Request::form(url, pairs) }
    }

    /// Small differences are the time that the answer took, and the whole seconds of its date.
    fn measure_skew(&mut self, ahead: f64) {
        if (ahead - self.skew).abs() > SKEW {
            self.skew = if ahead.abs() > SKEW { ahead } else { 0.0 };
        }
    }

    fn take(&mut self, mut piece: Piece) -> Result<(), HttpError> {
        let queries = self.queries()?;
        for (metric, populations) in queries.chunks_exact(2).enumerate() {
            let scrapes = self.scrapes(piece.range, &piece.steps(&populations[0]), &piece.steps(&populations[1]));
            let seen = scrapes.iter().rev().find(|scrape| !scrape.is_missed()).map(|scrape| scrape.at);
            self.newest = self.newest.max(seen);
            self.pending.scrapes[metric].extend(scrapes);
        }
        if self.skew != 0.0 {
            piece.warn(format!("the server's clock differs by {:.0} s: its time is used", self.skew));
        }
        self.counted = piece.counted;
        self.last_step = Some(piece.range.end());
        self.pending.warnings = piece.warnings;
        Ok(())
    }

    fn scrapes(&self, range: Range, baseline: &[Option<(f64, f64)>], canary: &[Option<(f64, f64)>]) -> Vec<Scrape> {
        let arm = |seen: Option<(f64, f64)>| Arm { bad: seen.map(|s| s.0), total: seen.map(|s| s.1) };
        let scrape = |(index, (baseline, canary)): (usize, (&Option<_>, &Option<_>))| {
            let at = instant(range.start + range.step * index as f64 - self.skew)?;
            Some(Scrape { at, baseline: arm(*baseline), canary: arm(*canary) })
        };
        baseline.iter().zip(canary).enumerate().filter_map(scrape).collect()
    }
}

/// The two queries of a metric for one population.
fn scoped(metric: &schema::Metric, scope: &str) -> Result<(String, String), HttpError> {
    let query = |query: &Option<String>, key: &str| match query {
        Some(query) => Ok(query.replace("$scope", scope)),
        None => {
            let name = clean(&metric.name);
            Err(HttpError::new(Kind::Refused, format!("the metric \"{name}\" has no `{key}`"))
                .with_remedy("add it to [[canary.metrics]] in hotfix.toml"))
        }
    };
    Ok((query(&metric.bad, "bad")?, query(&metric.total, "total")?))
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
