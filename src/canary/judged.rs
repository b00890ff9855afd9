//! The verdict over a whole document: what `hotfix judge` prints.

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::{MetricSeries, Scrape, Series};
use super::judge::{Band, Finding, LogE, Panel, Peak, Tally};
use super::kayenta::Analysis;
use super::model::{Seen, Verdict};
use super::second;
use super::watch::KEPT;

/// The judged document, as it is printed with `--json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    schema: u32,
    method: &'static str,
    /// The verdict of the whole.
    pub verdict: Verdict,
    /// Since when it is regressed, in the seconds of the document.
    pub regressed_at: Option<f64>,
    /// One each, in the order of the document.
    pub metrics: Vec<JudgedMetric>,
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgedMetric {
    /// Its name.
    pub name: String,
    /// Whether it decides the verdict of the whole.
    pub decides: bool,
    /// Its verdict.
    pub verdict: Verdict,
    suspect_at: Option<f64>,
    /// Since when it is regressed.
    pub regressed_at: Option<f64>,
    healthy_at: Option<f64>,
    baseline: Option<Counted>,
    canary: Option<Counted>,
    ratio: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    log_e: Option<LogE>,
    path: Option<Vec<Step>>,
    detectable_ratio: Option<f64>,
    /// What the robust evidence has to reach, as a natural logarithm.
    bar: f64,
    /// Where the quantile lies.
    band: Option<Band>,
    /// The scrapes that spoke loudest for a regression, the loudest first.
    peaks: Vec<Peak>,
    /// The pod of the baseline that looks worst.
    placebo: Option<Worst>,
    /// What is missing.
    pub needs: Option<String>,
    /// The weakest assumption.
    pub weakest: String,
    /// The verdict in one sentence.
    pub why: String,
}

/// The pod of the baseline that looks worst.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Worst {
    pod: String,
    log_e: f64,
}

/// The events of one population.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Counted {
    bad: f64,
    total: f64,
    rate: Option<f64>,
}

/// The evidence after one scrape.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Step {
    t: f64,
    #[serde(flatten)]
    log_e: LogE,
}

/// Judges a document, scrape by scrape in the order of time, as if it had been watched. `path`
/// keeps the evidence after each scrape.
pub fn judge(series: &Series, path: bool) -> Judged {
    let mut paths: Vec<Vec<Step>> = vec![Vec::new(); series.metrics.len()];
    let panel = watch(series, |metric, at, panel| {
        if path {
            paths[metric].push(Step { t: at, log_e: panel.judges()[metric].log_e() });
        }
    });
    let rows = panel.judges().iter().zip(paths).enumerate();
    let metrics = rows.map(|(index, (judge, steps))| {
        row(judge.spec().name.clone(), panel.decides(index), judge.finding(), path.then_some(steps))
    });
    Judged {
        schema: 1,
        method: "sequential",
        verdict: panel.verdict(),
        regressed_at: panel.regressed_at(),
        metrics: metrics.collect(),
    }
}

/// The same scrapes for Kayenta's judge, as many as the pane keeps for its second opinion.
pub fn analysis(series: &Series) -> Analysis {
    let panel = watch(series, |_, _, _| {});
    let rows = panel.judges().iter().zip(&series.metrics).enumerate();
    let metrics = rows.map(|(index, (judge, metric))| {
        let newest = &metric.scrapes[metric.scrapes.len().saturating_sub(KEPT)..];
        let drawn: Vec<_> = newest.iter().map(|scrape| scrape.seen.arms(judge.loudest_index())).collect();
        second::metric(&metric.spec.name, panel.decides(index), drawn.iter().copied())
    });
    let (pass, marginal) = series.scores;
    Analysis { metrics: metrics.collect(), group_weights: BTreeMap::default(), pass, marginal }
}

/// Goes through the scrapes in the order of time; `seen` is told of each, after it was taken in.
fn watch(series: &Series, mut seen: impl FnMut(usize, f64, &Panel)) -> Panel {
    let mut panel = Panel::new(series.metrics.iter().map(|metric| metric.spec.clone()).collect(), series.settings);
    for moment in in_order(&series.metrics).chunk_by(|a, b| a.0 == b.0) {
        for &(at, metric, scrape) in moment {
            let names = series.metrics[metric].pods.iter().map(String::as_str);
            panel.take_pods(metric, at, names.zip(scrape.pods.iter().map(Vec::as_slice)));
            match &scrape.seen {
                Seen::Counts(pairs) => panel.take(metric, at, pairs),
                Seen::Values(baseline, canary) => panel.take_gauge(metric, at, *baseline, *canary),
            }
            seen(metric, at, &panel);
        }
        panel.settle(moment[0].0);
    }
    panel
}

/// All scrapes by time; those of one time in the order of their metrics.
fn in_order(metrics: &[MetricSeries]) -> Vec<(f64, usize, &Scrape)> {
    let mut all = Vec::new();
    for (index, metric) in metrics.iter().enumerate() {
        all.extend(metric.scrapes.iter().map(|scrape| (scrape.at, index, scrape)));
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

fn row(name: String, decides: bool, finding: Finding, path: Option<Vec<Step>>) -> JudgedMetric {
    let counted =
        |tally: Tally| finding.log_e.map(|_| Counted { bad: tally.bad, total: tally.all, rate: tally.rate() });
    JudgedMetric {
        name,
        decides,
        verdict: finding.verdict,
        suspect_at: finding.suspect_at,
        regressed_at: finding.regressed_at,
        healthy_at: finding.healthy_at,
        baseline: counted(finding.baseline),
        canary: counted(finding.canary),
        ratio: finding.ratio,
        low: finding.low,
        high: finding.high,
        log_e: finding.log_e,
        path: path.filter(|_| finding.log_e.is_some()),
        detectable_ratio: finding.detectable,
        bar: finding.bar,
        band: finding.band,
        peaks: finding.peaks,
        placebo: finding.placebo.map(|(pod, log_e)| Worst { pod, log_e }),
        needs: finding.needs,
        weakest: finding.weakest,
        why: finding.why,
    }
}

#[cfg(test)]
#[path = "judged_tests.rs"]
mod tests;
