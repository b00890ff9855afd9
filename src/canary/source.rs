//! The source of the canary: raw counters from a server that speaks the Prometheus API.
//!
//! Each look asks `query_range` from the last step that was seen to now, with the start aligned to
//! the step so that a sample is never seen twice. One request is in flight at a time. Nothing here
//! reads a clock: `now` is given.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::counters::{Population, Range};
use super::model::{Arm, Batch, Scrape, instant, seconds};
use super::prometheus::{self, Series};
use crate::config::schema;
use crate::config::trust::Permit;
use crate::evidence::text::clean;
use crate::evidence::{Evidence, Failure, Generation, Observation, Subject};
use crate::http::{Backoff, Bearer, Client, HttpError, Kind, Request};

/// The most series that a query may give.
const SERIES_LIMIT: usize = 2_000;
/// The most points of a range: Prometheus refuses more than 11,000.
const POINTS_LIMIT: f64 = 10_000.0;
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
    populations: Vec<(Population, Population)>,
    newest: Option<Timestamp>,
    victoria: bool,
    /// How far the server's clock is ahead, in seconds.
    skew: f64,
}

/// The two populations of one metric, as two lists of steps.
type Steps = Vec<Option<(f64, f64)>>;

/// One look under way.
struct Look {
    range: Range,
    answers: BTreeMap<String, Vec<Series>>,
    warnings: Vec<String>,
}

impl Look {
    fn increments(&mut self, population: &mut Population, (bad, total): (String, String)) -> Steps {
        let of = |query: &str| self.answers.get(query).map_or(&[][..], Vec::as_slice);
        let steps = population.increments(self.range, of(&bad), of(&total));
        if of(&bad).is_empty() && !of(&total).is_empty() {
            self.warnings.push(format!("no series yet, counted as none: {}", clean(&bad)));
        }
        steps
    }
}

impl Source {
    /// A source that has asked nothing yet. `token` is the resolved secret.
    pub fn new(canary: &schema::Canary, _permit: Permit, client: Client, token: Option<String>) -> Self {
        Self {
            backoff: Backoff::new(&canary.source.prometheus),
            populations: vec![Default::default(); canary.metrics.len()],
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
            Ok(batch) => {
                self.backoff.succeeded();
                self.retry_at = None;
                Observation::Seen(self.generation, Box::new(self.evidence(batch, now)))
            }
            Err(error) => Observation::Failed(self.generation, self.failure(error, now)),
        }
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

    /// Asks anew, once, when the first answers tell that the server's clock or kind is another than
    /// was thought: the steps to ask for are others then.
    async fn look(&mut self, now: Timestamp) -> Result<Batch, HttpError> {
        let thought = (self.skew, self.victoria);
        let look = self.ask_all(now).await?;
        let look = if thought == (self.skew, self.victoria) { look } else { self.ask_all(now).await? };
        look.map_or_else(|| Ok(Batch::default()), |look| self.take(look))
    }

    async fn ask_all(&mut self, now: Timestamp) -> Result<Option<Look>, HttpError> {
        let Some(range) = self.range(now) else { return Ok(None) };
        let mut look = Look { range, answers: BTreeMap::new(), warnings: Vec::new() };
        for query in self.queries()? {
            if !look.answers.contains_key(&query) {
                let series = self.ask(&query, range, now, &mut look.warnings).await?;
                look.answers.insert(query, series);
            }
        }
        Ok(Some(look))
    }

    /// The steps after the last one that was seen, up to now; `None` when there is none yet.
    fn range(&self, now: Timestamp) -> Option<Range> {
        let step = self.canary.interval.as_secs_f64();
        let hidden = if self.victoria { 1.0 } else { 0.0 };
        let end = ((seconds(now) + self.skew - SETTLING.min(step / 4.0) - hidden) / step).floor();
        let furthest = end - (self.canary.lookback.as_secs_f64() / step).ceil().clamp(1.0, POINTS_LIMIT);
        let start = self.last_step.map_or(furthest, |last| (last / step).round() + 1.0).max(furthest);
        (start <= end).then(|| Range { start: start * step, step, count: (end - start) as usize + 1 })
    }

    /// The queries of all metrics and populations.
    fn queries(&self) -> Result<Vec<String>, HttpError> {
        let mut queries = Vec::new();
        for metric in &self.canary.metrics {
            for scope in [&self.canary.baseline, &self.canary.canary] {
                let (bad, total) = scoped(metric, scope)?;
                queries.extend([bad, total]);
            }
        }
        Ok(queries)
    }

    async fn ask(
        &mut self,
        query: &str,
        range: Range,
        now: Timestamp,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Series>, HttpError> {
        let response = self.client.send(self.request(query, range)).await?;
        if let Some(date) = response.date {
            self.measure_skew(seconds(date) - seconds(now));
        }
        let answer = prometheus::read(&response)?;
        self.victoria |= answer.victoria;
        warnings.extend(answer.warnings.into_iter().filter(|w| !warnings.contains(w)).collect::<Vec<_>>());
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

    fn take(&mut self, mut look: Look) -> Result<Batch, HttpError> {
        let mut batch = Batch::default();
        let mut populations = std::mem::take(&mut self.populations);
        for (metric, (baseline, canary)) in self.canary.metrics.iter().zip(&mut populations) {
            let baseline = look.increments(baseline, scoped(metric, &self.canary.baseline)?);
            let canary = look.increments(canary, scoped(metric, &self.canary.canary)?);
            batch.scrapes.push(self.scrapes(look.range, &baseline, &canary));
        }
        self.populations = populations;
        self.last_step = Some(look.range.end());
        let seen =
            |scrapes: &Vec<Scrape>| scrapes.iter().rev().find(|scrape| !scrape.is_missed()).map(|scrape| scrape.at);
        self.newest = self.newest.max(batch.scrapes.iter().filter_map(seen).max());
        if self.skew != 0.0 {
            look.warnings.push(format!("the server's clock differs by {:.0} s: its time is used", self.skew));
        }
        batch.warnings = look.warnings;
        Ok(batch)
    }

    fn scrapes(&self, range: Range, baseline: &Steps, canary: &Steps) -> Vec<Scrape> {
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
