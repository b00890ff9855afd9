//! The source of the canary: raw counters, from whatever the team measures with.
//!
//! Each look asks from the last step that was seen to now, with the start aligned to the step so that a
//! sample is never seen twice; a backend that knows the present alone is asked for the newest step. One
//! request is in flight at a time. Nothing here reads a clock: `now` is given.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::counters::Range;
use super::model::{Batch, Sight, instant, seconds};
use super::prometheus::Series;
use super::promql;
use crate::config::schema;
use crate::config::secret::SecretError;
use crate::config::trust::Permit;
use crate::evidence::{Evidence, Failure, Generation, Observation, Subject};
use crate::http::{Backoff, Client, HttpError, Kind};

mod backend;
mod buckets;
mod command;
mod datadog;
mod feedback_file;
mod grafana;
mod http_json;
mod numbers;
mod once;
mod openmetrics;
mod piece;
mod plan;
mod queries;
mod query_api;
mod reports;
mod selector;
mod series;
mod text_format;

pub use once::Once;
pub use queries::{Checked, Faulty};

use backend::Backend;
use piece::{Counted, Piece, Steps};
use plan::Wanted;
pub use reports::Counter;

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
    backend: Backend,
    /// What people report, where that is watched.
    reports: Option<Counter>,
    /// The first scrape that was seen.
    since: Option<Timestamp>,
    backoff: Backoff,
    generation: Generation,
    retry_at: Option<Timestamp>,
    /// The last step that was seen, in seconds of the server's clock.
    last_step: Option<f64>,
    counted: Counted,
    /// The boundaries of each latency, as soon as they are known.
    boundaries: Vec<Vec<f64>>,
    /// Scrapes that were seen, and that no look has brought yet.
    pending: Batch,
    newest: Option<Timestamp>,
    /// How far the server's clock is ahead, in seconds.
    skew: f64,
}

/// The resolved secrets of a source.
#[derive(Clone, Default)]
pub struct Keys {
    /// The token, or Datadog's API key.
    pub token: Option<String>,
    /// Datadog's application key.
    pub application_key: Option<String>,
    /// Those of who counts what people report.
    pub feedback: Option<Box<Self>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(hidden)")
    }
}

impl Keys {
    /// Resolves the secrets that a canary names.
    ///
    /// # Errors
    /// When one cannot be had.
    pub fn resolve(canary: &schema::Canary, permit: Permit, root: &Path) -> Result<Self, SecretError> {
        let feedback = canary.feedback.as_ref().and_then(|feedback| feedback.source.as_deref());
        let feedback = feedback.map(|source| Self::of(source, permit, root)).transpose()?;
        Ok(Self { feedback: feedback.map(Box::new), ..Self::of(&canary.source, permit, root)? })
    }

    fn of(source: &schema::MetricSource, permit: Permit, root: &Path) -> Result<Self, SecretError> {
        let value = |secret: Option<&schema::Secret>| {
            let hidden = secret.map(|secret| secret.resolve(permit, root)).transpose()?;
            Ok(hidden.map(|hidden| hidden.reveal().to_owned()))
        };
        let application_key = source.datadog.as_ref().and_then(|datadog| datadog.application_key.as_ref());
        let (token, application_key) = (value(source.token.as_ref())?, value(application_key)?);
        Ok(Self { token, application_key, feedback: None })
    }

    /// The secrets themselves, for taking them out of what is recorded.
    pub fn all(&self) -> impl Iterator<Item = &String> {
        let both = std::iter::once(self).chain(self.feedback.as_deref());
        both.flat_map(|keys| keys.token.iter().chain(&keys.application_key))
    }
}

impl Source {
    /// A source that has asked nothing yet.
    pub fn new(canary: &schema::Canary, _permit: Permit, client: Client, keys: Keys) -> Self {
        let boundaries = canary.metrics.iter().map(|metric| metric.boundaries.clone().unwrap_or_default()).collect();
        let its_keys = keys.feedback.as_deref().cloned();
        let reports = canary.feedback.as_ref().map(|it| Counter::new(it, client.clone(), its_keys));
        let backend = Backend::new(&canary.source, client, keys);
        Self {
            backoff: Backoff::new(backend.name()),
            backend,
            reports,
            since: None,
            counted: Counted::default(),
            boundaries,
            pending: Batch { scrapes: vec![Vec::new(); canary.metrics.len()], ..Batch::default() },
            canary: canary.clone(),
            generation: Generation::default(),
            retry_at: None,
            last_step: None,
            newest: None,
            skew: 0.0,
        }
    }

    /// The same, for a command or a file that is named by a path: it counts from this folder.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.backend.set_folder(folder);
        self.reports.iter_mut().for_each(|counter| counter.set_folder(folder));
        self
    }

    /// Whether it knows the present alone: its first scrape is a start.
    pub fn is_of_the_moment(&self) -> bool {
        self.backend.is_of_the_moment()
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
                let batch = self.brought(now).await;
                Observation::Seen(self.generation, Box::new(self.evidence(batch, now)))
            }
            Err(error) => Observation::Failed(self.generation, self.failure(error, now)),
        }
    }

    /// The scrapes that were seen since the last look that could tell them.
    async fn brought(&mut self, now: Timestamp) -> Batch {
        let scrapes = self.pending.scrapes.iter_mut().map(std::mem::take).collect();
        let mut warnings = std::mem::take(&mut self.pending.warnings);
        let reports = match (&mut self.reports, self.since) {
            (Some(counter), Some(since)) => counter.look(since, now, &mut warnings).await,
            _ => None,
        };
        Batch { scrapes, boundaries: self.boundaries.clone(), reports, warnings }
    }

    fn evidence(&self, value: Batch, now: Timestamp) -> Evidence<Batch> {
        Evidence {
            value,
            subject: Subject::default(),
            source: self.backend.name().to_owned(),
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
        let thought = (self.skew, self.backend.lag());
        let mut is_sure = self.backend.is_of_the_moment();
        while let Some(range) = self.range(now) {
            let piece = self.ask_all(range, now).await?;
            if is_sure || thought == (self.skew, self.backend.lag()) {
                self.take(piece)?;
            }
            is_sure = true;
        }
        Ok(())
    }

    async fn ask_all(&mut self, range: Range, now: Timestamp) -> Result<Piece, HttpError> {
        let mut piece = Piece::new(range);
        for wanted in self.wanted()?.iter().flatten() {
            while let Some(query) = piece.open(wanted) {
                let found = self.backend.ask(&query, range).await?;
                if let Some(date) = found.date {
                    self.measure_skew(seconds(date) - seconds(now));
                }
                piece.take(wanted, found, &self.counted).map_err(|what| refused(&query, &what))?;
            }
        }
        Ok(piece)
    }

    /// What is asked: for each metric of the baseline, then of the canary.
    fn wanted(&self) -> Result<Vec<[Wanted; 2]>, HttpError> {
        self.canary.metrics.iter().map(|metric| plan::wanted(&self.canary, metric)).collect()
    }

    /// The next steps after the last one that was seen, up to now; `None` when there is none yet.
    fn range(&self, now: Timestamp) -> Option<Range> {
        let step = self.canary.interval.as_secs_f64();
        let settling = if self.backend.is_of_the_moment() { 0.0 } else { SETTLING.min(step / 4.0) };
        let end = ((seconds(now) + self.skew - settling - self.backend.lag()) / step).floor();
        if self.backend.is_of_the_moment() {
            let is_new = self.last_step.is_none_or(|last| end > (last / step).round());
            return is_new.then_some(Range { start: end * step, step, count: 1 });
        }
        let furthest = end - (self.canary.lookback.as_secs_f64() / step).ceil().clamp(1.0, STEPS_LIMIT);
        let start = self.last_step.map_or(furthest, |last| (last / step).round() + 1.0).max(furthest);
        let count = ((end - start) as usize + 1).min(STEPS_AT_ONCE);
        (start <= end).then_some(Range { start: start * step, step, count })
    }

    /// Small differences are the time that the answer took, and the whole seconds of its date.
    fn measure_skew(&mut self, ahead: f64) {
        if (ahead - self.skew).abs() > SKEW {
            self.skew = if ahead.abs() > SKEW { ahead } else { 0.0 };
        }
    }

    fn take(&mut self, mut piece: Piece) -> Result<(), HttpError> {
        for (metric, wanted) in self.wanted()?.iter().enumerate() {
            let scrapes = self.scrapes(metric, wanted, &piece)?;
            let mut seen = scrapes.iter().filter(|scrape| !scrape.is_missed()).map(|scrape| scrape.at);
            let (first, last) = (seen.next(), seen.next_back());
            self.since = self.since.or(first);
            self.newest = self.newest.max(first).max(last);
            self.pending.scrapes[metric].extend(scrapes);
        }
        if self.skew != 0.0 {
            piece.warn(format!("the server's clock differs by {:.0} s: its time is used", self.skew));
        }
        if let Some(costs) = piece.costs.take() {
            // What is wrong comes first.
            piece.warn(costs);
        }
        self.last_step = Some(piece.range.end());
        self.counted = piece.counted;
        self.pending.warnings = piece.warnings;
        Ok(())
    }

    fn scrapes(&mut self, metric: usize, wanted: &[Wanted; 2], piece: &Piece) -> Result<Vec<Sight>, HttpError> {
        let [baseline, canary] = [piece.steps(&wanted[0]), piece.steps(&wanted[1])];
        if let (Steps::Buckets(Some(buckets)), true) = (&baseline, self.boundaries[metric].is_empty()) {
            // Declared before anything is compared: from what the baseline counted in all its life.
            self.boundaries[metric] = buckets.boundaries();
        }
        let (range, boundaries) = (piece.range, &self.boundaries[metric]);
        let sight = |step: usize| {
            let at = instant(range.start + range.step * step as f64 - self.skew)?;
            let seen = Steps::seen(&baseline, &canary, step, boundaries);
            Some(seen.and_then(|seen| Ok(Sight { at, seen, pods: piece.pods(&wanted[0], step, boundaries)? })))
        };
        let sights: Result<Vec<_>, String> = (0..range.count).filter_map(sight).collect();
        sights.map_err(|what| {
            let name = crate::evidence::text::clean(&self.canary.metrics[metric].name);
            HttpError::new(Kind::Malformed, format!("the metric \"{name}\": {what}"))
                .with_remedy("set `boundaries` to edges that the histogram has")
        })
    }
}

fn refused(query: &backend::Query, what: &str) -> HttpError {
    let shown = crate::evidence::text::clean(&query.text);
    HttpError::new(Kind::Malformed, format!("{what}: {shown}"))
        .with_remedy("a latency needs the raw buckets: `name_bucket{…}`")
}

#[cfg(test)]
mod backend_tests;
#[cfg(test)]
mod faults_tests;
#[cfg(test)]
mod scraped_tests;
#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
