//! `[canary]` from what a team has already: a canary config of Kayenta, an AnalysisTemplate of Argo Rollouts, a Canary
//! of Flagger (pure).

use super::draft::string;
use crate::evidence::text::clean;

mod argo;
mod document;
mod flagger;
mod kayenta;
mod promql;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A canary config of Kayenta, in JSON.
    Kayenta,
    /// AnalysisTemplates of Argo Rollouts.
    Argo,
    /// A Canary of Flagger, and MetricTemplates beside it.
    Flagger,
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Self::Kayenta => "Kayenta's canary config",
            Self::Argo => "an AnalysisTemplate of Argo Rollouts",
            Self::Flagger => "a Canary of Flagger",
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Imported {
    /// The address of the server of metrics.
    pub address: Option<String>,
    /// Labels of the two populations.
    pub scopes: Option<(String, String)>,
    /// How often it is looked at.
    pub interval: Option<String>,
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// What could not be taken over.
    pub notes: Vec<String>,
}

/// One metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// What is asked.
    pub shape: Shape,
    /// Whether a lower value is worse.
    pub lower_is_worse: bool,
    /// Whether it decides.
    pub critical: bool,
    /// The share of bad events that is allowed.
    pub slo: Option<f64>,
    /// What the author should know.
    pub note: Option<String>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Counters of bad and of all events.
    Ratio(String, String),
    /// Buckets, and a quantile.
    Quantile(String, f64),
    /// A value.
    Gauge(String),
}

impl Default for Shape {
    fn default() -> Self {
        Self::Gauge(String::new())
    }
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read, or no metric in it can be asked for.
pub fn read(origin: Origin, text: &str) -> Result<Imported, String> {
    let documents = document::read(text)?;
    let imported = match origin {
        Origin::Kayenta => kayenta::read(&documents),
        Origin::Argo => argo::read(&documents),
        Origin::Flagger => flagger::read(&documents),
    };
    if imported.metrics.is_empty() {
        let notes = imported.notes.iter().map(|note| format!("; {note}")).collect::<String>();
        return Err(format!("no metric in it can be taken over: this does not look like {}{notes}", origin.name()));
    }
    Ok(imported)
}

/// The part of `hotfix.toml`.
pub fn write(origin: Origin, imported: &Imported) -> String {
    let Imported { address, scopes, interval, metrics, notes } = imported;
    let mut out =
        format!("# The canary, from {}. Read the queries: the judge counts raw counters itself.\n", origin.name());
    let mut line = |text: String| out.push_str(&(text + "\n"));
    notes.iter().for_each(|note| line(format!("# {}", clean(note))));
    line("[canary]".into());
    let address = address.as_deref().unwrap_or("https://prometheus.example");
    let (baseline, canary) = scopes.clone().unwrap_or_else(|| ("track=\"stable\"".into(), "track=\"canary\"".into()));
    let allow = if address.starts_with("http://") { ", allow_http = true" } else { "" };
    line(format!("source = {{ prometheus = {}{allow} }}", string(address)));
    line(format!("baseline = {}              # replaces $scope in the queries below", string(&baseline)));
    line(format!("canary = {}", string(&canary)));
    line(format!("interval = {}", string(interval.as_deref().unwrap_or("15s"))));
    line("false_alarm = 0.05                       # over the whole incident, however often one looks".into());
    metrics.iter().for_each(|metric| out.push_str(&block(metric)));
    out + "\n"
}

fn block(metric: &Metric) -> String {
    let mut out = String::from("\n[[canary.metrics]]\n");
    let mut set = |key: &str, value: String| out.push_str(&format!("{key} = {value}\n"));
    set("name", string(&metric.name));
    match &metric.shape {
        Shape::Ratio(bad, total) => {
            set("kind", string("ratio"));
            set("bad", string(bad));
            set("total", string(total));
        }
        Shape::Quantile(query, q) => {
            set("kind", string("quantile"));
            set("query", string(query));
            set("q", q.to_string());
        }
        Shape::Gauge(query) => {
            set("kind", string("gauge"));
            set("query", string(query));
        }
    }
    set("worse", string(if metric.lower_is_worse { "lower" } else { "higher" }));
    set("critical", metric.critical.to_string());
    if let Some(slo) = metric.slo.filter(|slo| *slo > 0.0 && *slo < 1.0) {
        set("slo", slo.to_string());
    }
    if let Some(note) = &metric.note {
        out.push_str(&format!("# {}\n", clean(note)));
    }
    out
}

#[cfg(test)]
mod tests;
