//! Scrapes and verdicts as values.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::feedback::{Feedback, Reports};
use super::judge::{Band, LogE, Pair, Peak};

pub use super::second::SecondOpinion;
pub use super::state::{Change, State};

/// What the judge says of a metric, or of the whole canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Shown to be no worse than the margin allows.
    Healthy,
    /// Not enough data yet.
    Collecting,
    /// No exposure, or no baseline: nothing can be said.
    #[default]
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
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scrape {
    /// When.
    pub at: Timestamp,
    /// The baseline's increments.
    pub baseline: Arm,
    /// The canary's increments.
    pub canary: Arm,
}

/// What was seen of one metric in a scrape.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// Counts: one pair for a ratio, one for each boundary of a latency.
    Counts(Vec<Pair>),
    /// The values of a gauge, baseline and canary.
    Values(Option<f64>, Option<f64>),
}

impl Seen {
    /// The baseline and the canary of the pair at `index`, or a gauge's values as so much of one.
    pub fn arms(&self, index: usize) -> (Arm, Arm) {
        match self {
            Self::Counts(pairs) => {
                pairs.get(index).map_or((Arm::MISSED, Arm::MISSED), |pair| (pair.baseline, pair.canary))
            }
            Self::Values(baseline, canary) => (Arm::of_value(*baseline), Arm::of_value(*canary)),
        }
    }
}

/// One scrape of one metric, as the source brings it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// When.
    pub at: Timestamp,
    /// What was seen.
    pub seen: Seen,
    /// What was seen of each pod of the baseline, where they are told apart: as many arms as there are pairs; the value
    /// of a gauge as so much of one.
    pub pods: Vec<(String, Vec<Arm>)>,
}

impl Sight {
    /// The scrape as it is drawn: the pair at `index`, or a gauge's values as so much of one.
    pub fn drawn(&self, index: usize) -> Scrape {
        let (baseline, canary) = self.seen.arms(index);
        Scrape { at: self.at, baseline, canary }
    }

    /// Whether neither population was seen.
    pub fn is_missed(&self) -> bool {
        self.drawn(0).is_missed()
    }
}

impl From<Scrape> for Sight {
    fn from(scrape: Scrape) -> Self {
        let pair = Pair { baseline: scrape.baseline, canary: scrape.canary };
        Self { at: scrape.at, seen: Seen::Counts(vec![pair]), pods: Vec::new() }
    }
}

/// The scrapes that a look at the server brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The new scrapes of each metric, oldest first; metrics in the order of the configuration.
    pub scrapes: Vec<Vec<Sight>>,
    /// The boundaries of each metric that is a latency, as soon as they are known.
    pub boundaries: Vec<Vec<f64>>,
    /// What people reported, as far as it is kept; `None` is not known.
    pub reports: Option<Reports>,
    /// What the server warned of, clean.
    pub warnings: Vec<String>,
}

impl Batch {
    /// A batch of counts alone.
    pub fn counted(scrapes: Vec<Vec<Scrape>>) -> Self {
        let sights = |scrapes: Vec<Scrape>| scrapes.into_iter().map(Sight::from).collect();
        Self { scrapes: scrapes.into_iter().map(sights).collect(), ..Self::default() }
    }
}

/// What the numbers of a metric are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Bad events among all.
    #[default]
    Share,
    /// The value of a gauge.
    Value,
}

/// What is known of one metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricReport {
    /// Its name, clean.
    pub name: String,
    /// Whether it decides the verdict of the whole canary.
    pub critical: bool,
    /// What the judge says.
    pub verdict: Verdict,
    /// The first early warning.
    pub suspect_at: Option<Timestamp>,
    /// Since when it is regressed.
    pub regressed_at: Option<Timestamp>,
    /// When it was first shown not to be worse than the margin that passes.
    pub healthy_at: Option<Timestamp>,
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
    /// All e-processes.
    pub log_e: LogE,
    /// What the robust evidence has to reach, as a natural logarithm.
    pub bar: f64,
    /// The bad ratio that is allowed in absolute terms.
    pub slo: Option<f64>,
    /// The smallest ratio that the data so far would have shown.
    pub detectable: Option<f64>,
    /// When a canary at the margin that passes would show, at this traffic.
    pub harm_due: Option<Timestamp>,
    /// When a canary as good as the baseline would be healthy, at this traffic.
    pub healthy_due: Option<Timestamp>,
    /// Seconds until a canary with 10 % bad events would be suspect here, from its first one to the screen.
    pub shows_in: Option<f64>,
    /// The smallest ratio that could be seen by when; in words.
    pub needs: Option<String>,
    /// One sentence: which rule, which numbers, what would change it.
    pub why: String,
    /// The assumption that is weakest now.
    pub weakest: String,
    /// The scrapes that spoke loudest for a regression, the loudest first.
    pub peaks: Vec<Peak>,
    /// Where the quantile lies, for a latency.
    pub band: Option<Band>,
    /// The pod of the baseline that looks worst, and the logarithm of the evidence that it is.
    pub placebo: Option<(String, f64)>,
    /// What its numbers are.
    pub unit: Unit,
    /// The boundary that is drawn, for a latency.
    pub boundary: Option<f64>,
    /// All boundaries of a latency.
    pub boundaries: Vec<f64>,
    /// The newest scrapes, oldest first.
    pub scrapes: Vec<Scrape>,
}

/// What is known of the canary.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The worst of the critical metrics.
    pub verdict: Verdict,
    /// Since when the whole is regressed.
    pub regressed_at: Option<Timestamp>,
    /// One each, the worst first.
    pub metrics: Vec<MetricReport>,
    /// Requests that the canary has seen.
    pub requests: f64,
    /// The share of the requests that the canary gets, as measured in the newest scrapes.
    pub share: Option<f64>,
    /// Since when it is watched.
    pub since: Option<Timestamp>,
    /// Between two scrapes.
    pub interval: Duration,
    /// What people reported, where that is watched.
    pub feedback: Option<Feedback>,
    /// What Kayenta's judge says, where it is asked.
    pub second: Option<SecondOpinion>,
    /// What the server warned of, clean.
    pub warnings: Vec<String>,
}

impl Report {
    /// The worst metric.
    pub fn worst(&self) -> Option<&MetricReport> {
        self.metrics.first()
    }

    /// Whether the server answered, and nothing was in it.
    pub fn is_empty(&self) -> bool {
        self.metrics.iter().all(|metric| metric.scrapes.iter().all(Scrape::is_missed))
    }
}

impl Scrape {
    /// Whether neither population was seen.
    pub fn is_missed(&self) -> bool {
        self.baseline.total.is_none() && self.canary.total.is_none()
    }
}

impl Arm {
    /// Nothing was seen.
    pub const MISSED: Self = Self { bad: None, total: None };

    /// A value as so much of one.
    pub fn of_value(value: Option<f64>) -> Self {
        value.map_or(Self::MISSED, |value| Self { bad: Some(value), total: Some(1.0) })
    }

    /// The same with good and bad exchanged.
    pub fn complement(self) -> Self {
        Self { bad: self.total.zip(self.bad).map(|(total, bad)| total - bad), ..self }
    }

    /// The share of bad events; `None` when it was missed or had no exposure.
    pub fn rate(&self) -> Option<f64> {
        let total = self.total.filter(|total| *total > 0.0)?;
        Some(self.bad? / total)
    }
}

/// Seconds since the epoch, as the judge counts.
pub fn seconds(at: Timestamp) -> f64 {
    at.as_microsecond() as f64 / 1e6
}

/// The instant of some seconds since the epoch.
pub fn instant(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_microsecond((seconds * 1e6).round() as i64).ok()
}
