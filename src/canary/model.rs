//! Scrapes and verdicts as values.

use jiff::Timestamp;
use serde::Serialize;

/// What the judge says of a metric, or of the whole canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Shown to be no worse than the margin allows.
    Healthy,
    /// Not enough data yet.
    Collecting,
    /// No exposure, or no baseline: nothing can be said.
    Blind,
    /// The baseline is as sick.
    Environment,
    /// An early warning: not yet proof.
    Suspect,
    /// Worse than the baseline. Latched.
    Regressed,
}

impl Verdict {
    /// One word, lower case.
    pub fn label(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Collecting => "collecting",
            Self::Blind => "blind",
            Self::Environment => "environment",
            Self::Suspect => "suspect",
            Self::Regressed => "regressed",
        }
    }
}

/// The increments of one scrape of one population.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, serde::Deserialize)]
pub struct Arm {
    /// Bad events since the scrape before; `None` when it was missed.
    pub bad: Option<f64>,
    /// All events since the scrape before.
    pub total: Option<f64>,
}

/// One scrape of both populations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scrape {
    /// When.
    pub at: Timestamp,
    /// The baseline's increments.
    pub baseline: Arm,
    /// The canary's increments.
    pub canary: Arm,
}

/// What is known of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricReport {
    /// Its name, clean.
    pub name: String,
    /// Whether it decides the verdict of the whole canary.
    pub critical: bool,
    /// What the judge says.
    pub verdict: Verdict,
    /// Since when it is regressed.
    pub regressed_at: Option<Timestamp>,
    /// Bad and all events of the baseline.
    pub baseline: (f64, f64),
    /// Bad and all events of the canary.
    pub canary: (f64, f64),
    /// The ratio of the two rates, once both arms had a bad event, and its interval.
    pub ratio: Option<f64>,
    /// The lower end of the time-uniform interval.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// Natural logarithm of the robust e-process: the evidence that it is worse.
    pub log_evidence: f64,
    /// The smallest ratio that could be seen by when; in words.
    pub needs: Option<String>,
    /// One sentence: which rule, which numbers, what would change it.
    pub why: String,
    /// The scrapes, oldest first.
    pub scrapes: Vec<Scrape>,
}

/// What is known of the canary.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The worst of the critical metrics.
    pub verdict: Verdict,
    /// One each, the worst first.
    pub metrics: Vec<MetricReport>,
    /// Requests that the canary has seen.
    pub requests: f64,
    /// The share of the requests that the canary gets, as measured in the newest scrapes.
    pub share: Option<f64>,
    /// Since when it is watched.
    pub since: Option<Timestamp>,
    /// What the server warned of, clean.
    pub warnings: Vec<String>,
}

impl Report {
    /// The worst metric.
    pub fn worst(&self) -> Option<&MetricReport> {
        self.metrics.first()
    }
}
