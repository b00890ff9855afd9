//! What is watched: scrapes go into the judges, and the newest are kept for drawing (pure).

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::feedback::{Feedback, Reports};
use super::judge::{Finding, Judge, Pair, Panel, Settings, Shape, Spec};
use super::model::{MetricReport, Report, Scrape, SecondOpinion, Seen, Sight, Unit, Verdict, instant, seconds};
use super::state::Change;
use crate::config::schema;
use crate::evidence::text::clean;

/// Scrapes that are kept for drawing: an hour at one every 15 s.
pub const KEPT: usize = 240;
/// Scrapes over which the canary's present share of the traffic is measured: so many, and more until there are enough
/// requests in them to tell a share.
const SHARE_OVER: usize = 4;
/// Requests that are enough for it.
const SHARE_OF: f64 = 500.0;
/// How long after a step its samples are there, in seconds.
const SETTLING: f64 = 1.0;

/// What is watched.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    panel: Panel,
    metrics: Vec<Watched>,
    interval: Duration,
    kayenta: Option<schema::Kayenta>,
    feedback: Option<schema::Feedback>,
    verdict: Verdict,
    since: Option<Timestamp>,
    newest: Option<Timestamp>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq)]
struct Watched {
    complement: bool,
    unit: Unit,
    slo: Option<f64>,
    verdict: Verdict,
    /// The newest, as they were judged.
    sights: VecDeque<Sight>,
}

impl Watch {
    /// Nothing was seen yet.
    pub fn new(canary: &schema::Canary) -> Self {
        Self {
            panel: Panel::new(canary.metrics.iter().map(spec).collect(), settings(canary)),
            metrics: canary.metrics.iter().map(Watched::new).collect(),
            interval: canary.interval,
            kayenta: canary.kayenta,
            feedback: canary.feedback.clone(),
            verdict: Verdict::Blind,
            since: None,
            newest: None,
        }
    }

    /// Takes in new scrapes in the order of time; what was taken in before is left out.
    pub fn fold(&mut self, batch: Vec<Vec<Sight>>, boundaries: &[Vec<f64>]) {
        for (metric, boundaries) in boundaries.iter().enumerate().filter(|(_, boundaries)| !boundaries.is_empty()) {
            self.panel.name_boundaries(metric, boundaries);
        }
        let newest = self.newest;
        let mut all: Vec<(usize, Sight)> = Vec::new();
        for (metric, sights) in batch.into_iter().enumerate().take(self.metrics.len()) {
            all.extend(sights.into_iter().filter(|s| newest.is_none_or(|n| s.at > n)).map(|s| (metric, s)));
        }
        all.sort_by_key(|(_, sight)| sight.at);
        let mut moment = None;
        for (metric, sight) in all {
            if let Some(before) = moment.replace(sight.at).filter(|before| *before != sight.at) {
                self.panel.settle(seconds(before));
            }
            self.take(metric, sight);
        }
        if let Some(last) = moment {
            self.panel.settle(seconds(last));
        }
    }

    fn take(&mut self, metric: usize, mut sight: Sight) {
        self.newest = self.newest.max(Some(sight.at));
        let watched = &mut self.metrics[metric];
        if watched.sights.is_empty() && sight.is_missed() {
            return;
        }
        if self.since.is_none() && !sight.is_missed() {
            self.since = Some(sight.at);
        }
        if watched.complement {
            complement(&mut sight);
        }
        let at = seconds(sight.at);
        self.panel.take_pods(metric, at, sight.pods.iter().map(|(name, arms)| (name.as_str(), arms.as_slice())));
        match &sight.seen {
            Seen::Counts(pairs) => self.panel.take(metric, at, pairs),
            Seen::Values(baseline, canary) => self.panel.take_gauge(metric, at, *baseline, *canary),
        }
        watched.keep(sight);
    }

    /// What is known at `now`.
    pub fn report(&self, reports: Option<&Reports>, warnings: Vec<String>, now: Timestamp) -> Report {
        let rows = self.panel.judges().iter().zip(&self.metrics).enumerate();
        let mut metrics: Vec<MetricReport> =
            rows.map(|(index, (judge, watched))| self.row(judge, watched, self.panel.decides(index))).collect();
        let rank = |m: &MetricReport| (m.critical, m.verdict, m.regressed_at.is_some());
        metrics.sort_by(|a, b| rank(b).cmp(&rank(a)).then(b.log_evidence.total_cmp(&a.log_evidence)));
        let counted = metrics.iter().filter(|m| m.unit == Unit::Share);
        Report {
            verdict: self.panel.verdict(),
            regressed_at: self.panel.regressed_at().and_then(instant),
            requests: counted.map(|m| m.canary.1).fold(0.0, f64::max),
            share: self.share(),
            since: self.since,
            interval: self.interval,
            feedback: self.feedback(reports, now),
            second: self.kayenta.map(|config| SecondOpinion::of(&config, &metrics)),
            metrics,
            warnings,
        }
    }

    fn feedback(&self, reports: Option<&Reports>, now: Timestamp) -> Option<Feedback> {
        let usual = self.feedback.as_ref()?.usual;
        Some(Feedback::of(reports?, self.since?, now, usual))
    }

    fn row(&self, judge: &Judge, watched: &Watched, critical: bool) -> MetricReport {
        let it: Finding = judge.finding();
        let log_e = it.log_e.unwrap_or_default();
        let due = |left: Option<f64>| Some(seconds(self.newest?) + left?).and_then(instant);
        let drawn = judge.loudest_index();
        let boundaries = match &judge.spec().shape {
            Shape::Exceedance { boundaries, .. } => boundaries.clone(),
            _ => Vec::new(),
        };
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
            shows_in: it.due.fault.map(|seconds| seconds + self.interval.as_secs_f64() + SETTLING),
            needs: it.needs,
            why: it.why,
            weakest: it.weakest,
            peaks: it.peaks,
            band: it.band,
            placebo: it.placebo,
            unit: watched.unit,
            boundary: boundaries.get(drawn).copied(),
            boundaries,
            scrapes: watched.sights.iter().map(|sight| sight.drawn(drawn)).collect(),
        }
    }

    /// The canary's share of the requests in the newest scrapes of the first metric that has any.
    fn share(&self) -> Option<f64> {
        let of = |watched: &Watched| {
            let totals = |s: Scrape| Some((s.canary.total?, s.baseline.total?));
            let (mut canary, mut baseline) = (0.0, 0.0);
            let newest = watched.sights.iter().rev().filter_map(|sight| totals(sight.drawn(0)));
            for (index, seen) in newest.enumerate() {
                if index >= SHARE_OVER && canary + baseline >= SHARE_OF {
                    break;
                }
                (canary, baseline) = (canary + seen.0, baseline + seen.1);
            }
            (canary + baseline > 0.0).then(|| canary / (canary + baseline))
        };
        self.metrics.iter().filter(|watched| watched.unit == Unit::Share).find_map(of)
    }

    /// The verdicts that this report changes.
    pub fn changes(&mut self, report: &Report, at: Timestamp) -> Vec<Change> {
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

impl Watched {
    fn new(metric: &schema::Metric) -> Self {
        let is_gauge = metric.kind == schema::MetricKind::Gauge;
        Self {
            complement: metric.worse == schema::Worse::Lower && !is_gauge,
            unit: if is_gauge { Unit::Value } else { Unit::Share },
            slo: limit(metric),
            verdict: Verdict::Blind,
            sights: VecDeque::new(),
        }
    }

    fn keep(&mut self, sight: Sight) {
        self.sights.push_back(Sight { pods: Vec::new(), ..sight });
        if self.sights.len() > KEPT {
            self.sights.pop_front();
        }
    }
}

fn complement(sight: &mut Sight) {
    if let Seen::Counts(pairs) = &mut sight.seen {
        pairs.iter_mut().for_each(|pair| *pair = Pair::complement(*pair));
    }
    sight.pods.iter_mut().flat_map(|(_, arms)| arms).for_each(|arm| *arm = arm.complement());
}

/// How strict the judges are.
pub fn settings(canary: &schema::Canary) -> Settings {
    let block = canary.block.map(|block| block.as_secs_f64());
    Settings { false_alarm: canary.false_alarm, margin: canary.margin, block, ..Settings::default() }
}

/// What is judged.
fn spec(metric: &schema::Metric) -> Spec {
    let lower_is_worse = metric.worse == schema::Worse::Lower;
    let shape = match metric.kind {
        schema::MetricKind::Ratio => Shape::Ratio,
        schema::MetricKind::Quantile => Shape::Exceedance {
            boundaries: metric.boundaries.clone().unwrap_or_else(|| vec![f64::NAN]),
            q: metric.q,
            lower_is_worse,
        },
        schema::MetricKind::Gauge => Shape::Gauge { lower_is_worse },
    };
    Spec { name: clean(&metric.name), critical: metric.critical, limit: limit(metric), weight: metric.weight, shape }
}

/// The bad ratio that is allowed: where a lower value is worse, bad is what is left of all.
fn limit(metric: &schema::Metric) -> Option<f64> {
    metric.slo.map(|slo| if metric.worse == schema::Worse::Lower { 1.0 - slo } else { slo })
}
