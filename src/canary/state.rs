//! The canary's part of the state: scrapes go in, the report comes out.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::judge::{Finding, Judge, Pair, Panel, Settings, Shape, Spec};
use super::model::{Batch, MetricReport, Report, Scrape, Verdict, instant, seconds};
use crate::config::schema;
use crate::evidence::text::clean;
use crate::evidence::{Evidence, Generation, Observation, Observed};
use crate::incident::Entry;

/// Scrapes that are kept for drawing: an hour at one every 15 s.
const KEPT: usize = 240;
/// Scrapes over which the canary's present share of the traffic is measured.
const SHARE_OVER: usize = 4;

/// A verdict that changed: to be journaled.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The metric; `None` for the canary as a whole.
    pub metric: Option<String>,
    /// The verdict before.
    pub from: Verdict,
    /// The verdict now.
    pub to: Verdict,
    /// Its sentence.
    pub why: String,
    /// When it was seen.
    pub at: Timestamp,
}

impl Change {
    /// The entry for the journal.
    pub fn entry(&self) -> Entry {
        Entry::VerdictChanged {
            metric: self.metric.clone().unwrap_or_else(|| "canary".to_owned()),
            from: self.from.label().to_owned(),
            to: self.to.label().to_owned(),
            why: self.why.clone(),
        }
    }
}

/// The canary's part of the state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// What is shown, with its age: that of the newest sample.
    pub report: Observed<Report>,
    watch: Option<Watch>,
    generation: Generation,
    changes: Vec<Change>,
}

/// What is watched.
#[derive(Debug, Clone, PartialEq)]
struct Watch {
    panel: Panel,
    metrics: Vec<Watched>,
    interval: Duration,
    verdict: Verdict,
    since: Option<Timestamp>,
    newest: Option<Timestamp>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq)]
struct Watched {
    complement: bool,
    slo: Option<f64>,
    verdict: Verdict,
    scrapes: VecDeque<Scrape>,
}

impl State {
    /// Nothing was seen yet.
    pub fn new(canary: &schema::Canary) -> Self {
        Self { watch: Some(Watch::new(canary)), ..Self::default() }
    }

    /// Whether there is anything to watch.
    pub fn is_configured(&self) -> bool {
        self.watch.is_some()
    }

    /// Takes in what the source tells. Returns whether the picture may have changed.
    pub fn update(&mut self, observation: Observation<Batch>, now: Timestamp) -> bool {
        let generation = observation.generation();
        if generation < self.generation {
            return false;
        }
        self.generation = generation;
        match observation {
            Observation::Started(_) => self.report.observe(Observation::Started(generation)),
            Observation::Failed(_, failure) => self.report.observe(Observation::Failed(generation, failure)),
            Observation::Seen(_, evidence) => self.see(*evidence, now),
        }
    }

    fn see(&mut self, evidence: Evidence<Batch>, now: Timestamp) -> bool {
        let Some(watch) = &mut self.watch else { return false };
        let Evidence { value: batch, subject, source, observed_at, ttl } = evidence;
        watch.fold(&batch.scrapes);
        let report = watch.report(batch.warnings);
        self.changes.extend(watch.changes(&report, now));
        let evidence = Evidence { value: report, subject, source, observed_at, ttl };
        self.report.observe(Observation::Seen(self.generation, Box::new(evidence)))
    }

    /// The verdicts that changed since the last call, oldest first.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The verdict of the whole if it may be believed at `now`: what a gate asks.
    pub fn verdict(&self, now: Timestamp) -> Option<Verdict> {
        self.report.fresh(now).map(|evidence| evidence.value.verdict)
    }
}

/// The bad ratio that is allowed: where a lower value is worse, bad is what is left of all.
fn limit(metric: &schema::Metric) -> Option<f64> {
    metric.slo.map(|slo| if metric.worse == schema::Worse::Lower { 1.0 - slo } else { slo })
}

impl Watch {
    fn new(canary: &schema::Canary) -> Self {
        let settings = Settings { false_alarm: canary.false_alarm, margin: canary.margin, ..Settings::default() };
        let spec = |metric: &schema::Metric| Spec {
            name: clean(&metric.name),
            critical: metric.critical,
            limit: limit(metric),
            weight: 1.0,
            shape: Shape::Ratio,
        };
        let watched = |metric: &schema::Metric| Watched {
            complement: metric.worse == schema::Worse::Lower,
            slo: limit(metric),
            verdict: Verdict::Blind,
            scrapes: VecDeque::new(),
        };
        Self {
            panel: Panel::new(canary.metrics.iter().map(spec).collect(), settings),
            metrics: canary.metrics.iter().map(watched).collect(),
            interval: canary.interval,
            verdict: Verdict::Blind,
            since: None,
            newest: None,
        }
    }

    /// Takes in new scrapes in the order of time; what was taken in before is left out.
    fn fold(&mut self, batch: &[Vec<Scrape>]) {
        let newest = self.newest;
        let mut all: Vec<(usize, Scrape)> = Vec::new();
        for (metric, scrapes) in batch.iter().enumerate().take(self.metrics.len()) {
            all.extend(scrapes.iter().filter(|s| newest.is_none_or(|n| s.at > n)).map(|s| (metric, *s)));
        }
        all.sort_by_key(|(_, scrape)| scrape.at);
        for moment in all.chunk_by(|a, b| a.1.at == b.1.at) {
            moment.iter().for_each(|(metric, scrape)| self.take(*metric, *scrape));
            self.panel.settle(seconds(moment[0].1.at));
        }
    }

    fn take(&mut self, metric: usize, scrape: Scrape) {
        self.newest = self.newest.max(Some(scrape.at));
        if self.metrics[metric].scrapes.is_empty() && scrape.is_missed() {
            return;
        }
        let watched = &mut self.metrics[metric];
        let pair = Pair { baseline: scrape.baseline, canary: scrape.canary };
        let pair = if watched.complement { pair.complement() } else { pair };
        self.panel.take(metric, seconds(scrape.at), &[pair]);
        watched.scrapes.push_back(Scrape { at: scrape.at, baseline: pair.baseline, canary: pair.canary });
        if watched.scrapes.len() > KEPT {
            watched.scrapes.pop_front();
        }
        if self.since.is_none() && !scrape.is_missed() {
            self.since = Some(scrape.at);
        }
    }

    fn report(&self, warnings: Vec<String>) -> Report {
        let rows = self.panel.judges().iter().zip(&self.metrics).enumerate();
        let mut metrics: Vec<MetricReport> =
            rows.map(|(index, (judge, watched))| self.row(judge, watched, self.panel.decides(index))).collect();
        let rank = |m: &MetricReport| (m.critical, m.verdict, m.regressed_at.is_some());
        metrics.sort_by(|a, b| rank(b).cmp(&rank(a)).then(b.log_evidence.total_cmp(&a.log_evidence)));
        Report {
            verdict: self.panel.verdict(),
            regressed_at: self.panel.regressed_at().and_then(instant),
            requests: metrics.iter().map(|m| m.canary.1).fold(0.0, f64::max),
            share: self.share(),
            since: self.since,
            interval: self.interval,
            metrics,
            warnings,
        }
    }

    fn row(&self, judge: &Judge, watched: &Watched, critical: bool) -> MetricReport {
        let it: Finding = judge.finding();
        let log_e = it.log_e.unwrap_or_default();
        let due = |left: Option<f64>| Some(seconds(self.newest?) + left?).and_then(instant);
        MetricReport {
            name: judge.spec().name.clone(),
            critical,
            verdict: it.verdict,
            suspect_at: it.suspect_at.and_then(instant),
            regressed_at: it.regressed_at.and_then(instant),
            healthy_at: it.healthy_at.and_then(instant),
            baseline: (it.baseline.bad, it.baseline.all),
            canary: (it.canary.bad, it.canary.all),
            ratio: it.ratio,
            low: it.low,
            high: it.high,
            log_evidence: log_e.robust,
            log_e,
            bar: it.bar,
            slo: watched.slo,
            detectable: it.detectable,
            harm_due: due(it.due.harm),
            healthy_due: due(it.due.pass),
            needs: it.needs,
            why: it.why,
            weakest: it.weakest,
            peaks: it.peaks,
            band: it.band,
            placebo: it.placebo,
            scrapes: watched.scrapes.iter().copied().collect(),
        }
    }

    /// The canary's share of the requests in the newest scrapes of the first metric that has any.
    fn share(&self) -> Option<f64> {
        let of = |watched: &Watched| {
            let totals = |s: &Scrape| Some((s.canary.total?, s.baseline.total?));
            let newest = watched.scrapes.iter().rev().filter_map(totals).take(SHARE_OVER);
            let (canary, baseline) = newest.fold((0.0, 0.0), |sum, n| (sum.0 + n.0, sum.1 + n.1));
            (canary + baseline > 0.0).then(|| canary / (canary + baseline))
        };
        self.metrics.iter().find_map(of)
    }

    fn changes(&mut self, report: &Report, at: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        for (judge, watched) in self.panel.judges().iter().zip(&mut self.metrics) {
            let Some(row) = report.metrics.iter().find(|row| row.name == judge.spec().name) else { continue };
            let from = std::mem::replace(&mut watched.verdict, row.verdict);
            if from != row.verdict && report.metrics.len() > 1 {
                let (metric, why) = (Some(row.name.clone()), row.why.clone());
                changes.push(Change { metric, from, to: row.verdict, why, at });
            }
        }
        let from = std::mem::replace(&mut self.verdict, report.verdict);
        if from != report.verdict {
            let why = report.worst().map_or_else(String::new, |worst| format!("{}: {}", worst.name, worst.why));
            changes.push(Change { metric: None, from, to: report.verdict, why, at });
        }
        changes
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
