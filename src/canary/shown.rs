//! What is known of the canary, as `hotfix canary` prints it.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::feedback::Feedback;
use super::judge::words;
use super::judge::{Band, LogE, Peak};
use super::model::{MetricReport, Report, Scrape, SecondOpinion, State, Unit, Verdict};
use crate::evidence::{Failure, Freshness};

/// The state of the canary at one instant. Unknown is `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    schema: u32,
    /// How far the rest can be relied on.
    pub freshness: Freshness,
    observed_at: Option<Timestamp>,
    failure: Option<ShownFailure>,
    /// The verdict, however old; see `freshness`.
    pub verdict: Option<Verdict>,
    regressed_at: Option<Timestamp>,
    since: Option<Timestamp>,
    requests: Option<f64>,
    share: Option<f64>,
    interval_s: Option<f64>,
    feedback: Option<Feedback>,
    second: Option<SecondOpinion>,
    metrics: Vec<ShownMetric>,
    warnings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct ShownFailure {
    what: String,
    remedy: Option<String>,
    retry_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct ShownMetric {
    name: String,
    decides: bool,
    verdict: Verdict,
    suspect_at: Option<Timestamp>,
    regressed_at: Option<Timestamp>,
    healthy_at: Option<Timestamp>,
    baseline: Counts,
    canary: Counts,
    ratio: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    log_e: LogE,
    bar: f64,
    detectable_ratio: Option<f64>,
    /// Seconds until 10 % bad events would be suspect here.
    shows_in_s: Option<f64>,
    unit: Unit,
    boundary: Option<f64>,
    band: Option<Band>,
    peaks: Vec<Peak>,
    placebo: Option<Placebo>,
    needs: Option<String>,
    weakest: String,
    why: String,
    scrapes: Vec<Scrape>,
}

/// The pod of the baseline that looks worst.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Placebo {
    pod: String,
    log_e: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Counts {
    bad: f64,
    total: f64,
    rate: Option<f64>,
}

impl Shown {
    /// The state at `now`.
    pub fn of(state: &State, now: Timestamp) -> Self {
        let report = state.report.value();
        Self {
            schema: 1,
            freshness: state.report.freshness(now),
            observed_at: state.report.evidence().map(|evidence| evidence.observed_at),
            failure: state.report.failure().map(ShownFailure::of),
            verdict: report.map(|r| r.verdict),
            regressed_at: report.and_then(|r| r.regressed_at),
            since: report.and_then(|r| r.since),
            requests: report.filter(|r| !r.is_empty()).map(|r| r.requests),
            share: report.and_then(|r| r.share),
            interval_s: report.map(|r| r.interval.as_secs_f64()),
            feedback: report.and_then(|r| r.feedback.clone()),
            second: report.and_then(|r| r.second.clone()),
            metrics: report.map_or_else(Vec::new, |r| r.metrics.iter().map(ShownMetric::of).collect()),
            warnings: report.map_or_else(Vec::new, |r| r.warnings.clone()),
        }
    }

    /// The verdict if it may be believed.
    pub fn believed(&self) -> Option<Verdict> {
        self.verdict.filter(|_| self.freshness == Freshness::Fresh)
    }

    /// For people.
    pub fn text(&self, report: Option<&Report>) -> String {
        let mut out = String::new();
        if let Some(failure) = &self.failure {
            let _ = writeln!(out, "FAILED: {}", failure.what);
            let _ = failure.remedy.iter().try_for_each(|remedy| writeln!(out, "  {remedy}"));
        }
        let Some(report) = report else { return out };
        let age = if self.freshness == Freshness::Fresh { "" } else { " (last known)" };
        let since = report.regressed_at.map_or_else(String::new, |at| format!(" since {at:.0}"));
        let _ = writeln!(out, "{}{since}{age}", report.verdict.label().to_uppercase());
        let _ = report.feedback.iter().try_for_each(|feedback| writeln!(out, "feedback: {}", feedback.words()));
        let _ = report.second.iter().try_for_each(|second| writeln!(out, "second opinion: {}", second.words()));
        for metric in &report.metrics {
            out.push_str(&paragraph(metric));
        }
        let _ = report.warnings.iter().try_for_each(|warning| writeln!(out, "\nwarning: {warning}"));
        out
    }
}

fn paragraph(metric: &MetricReport) -> String {
    let aside = if metric.critical { "" } else { " (advisory)" };
    let ratio = words::ratio_of(metric.ratio, metric.low, metric.high);
    let mut out = format!("\n{}{aside}: {}, {ratio}\n  {}\n", metric.name, metric.verdict.label(), metric.why);
    if let Some(needs) = &metric.needs {
        let _ = writeln!(out, "  needs: {needs}");
    }
    let _ = writeln!(out, "  weakest: {}", metric.weakest);
    out
}

impl ShownFailure {
    fn of(failure: &Failure) -> Self {
        let Failure { what, remedy, retry_at, .. } = failure.clone();
        Self { what, remedy, retry_at }
    }
}

impl ShownMetric {
    fn of(metric: &MetricReport) -> Self {
        let counts = |(bad, total): (f64, f64)| Counts { bad, total, rate: (total > 0.0).then(|| bad / total) };
        let it = metric.clone();
        Self {
            name: it.name,
            decides: it.critical,
            verdict: it.verdict,
            suspect_at: it.suspect_at,
            regressed_at: it.regressed_at,
            healthy_at: it.healthy_at,
            baseline: counts(it.baseline),
            canary: counts(it.canary),
            ratio: it.ratio,
            low: it.low,
            high: it.high,
            log_e: it.log_e,
            bar: it.bar,
            detectable_ratio: it.detectable,
            shows_in_s: it.shows_in,
            unit: it.unit,
            boundary: it.boundary,
            band: it.band,
            peaks: it.peaks,
            placebo: it.placebo.map(|(pod, log_e)| Placebo { pod, log_e }),
            needs: it.needs,
            weakest: it.weakest,
            why: it.why,
            scrapes: it.scrapes,
        }
    }
}
