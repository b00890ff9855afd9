//! What is asked for each metric.

use super::backend::{Population, Query};
use crate::config::schema;
use crate::evidence::text::clean;
use crate::http::{HttpError, Kind};

/// What is asked for one metric and population.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// The counters of bad and of all events.
    Ratio(Query, Query),
    /// The counters of a histogram's buckets.
    Buckets(Query),
    /// A value.
    Value(Query),
}

/// What is asked for a metric: of the baseline, then of the canary.
///
/// # Errors
/// When a query is missing.
pub fn wanted(canary: &schema::Canary, metric: &schema::Metric) -> Result<[Wanted; 2], HttpError> {
    let of = |population| {
        let scope = match population {
            Population::Baseline => &canary.baseline,
            Population::Canary => &canary.canary,
        };
        // Those that are scraped know no scope: their addresses tell the populations apart.
        let is_scraped = canary.source.openmetrics.is_some();
        let query = |text: &Option<String>, key: &str| {
            let text = text.as_ref().ok_or_else(|| missing(metric, key))?;
            let text = if is_scraped { text.clone() } else { text.replace("$scope", scope) };
            Ok(Query { population, text })
        };
        Ok(match metric.kind {
            schema::MetricKind::Ratio => Wanted::Ratio(query(&metric.bad, "bad")?, query(&metric.total, "total")?),
            schema::MetricKind::Quantile => Wanted::Buckets(query(&metric.query, "query")?),
            schema::MetricKind::Gauge => Wanted::Value(query(&metric.query, "query")?),
        })
    };
    Ok([of(Population::Baseline)?, of(Population::Canary)?])
}

fn missing(metric: &schema::Metric, key: &str) -> HttpError {
    let name = clean(&metric.name);
    HttpError::new(Kind::Refused, format!("the metric \"{name}\" has no `{key}`"))
        .with_remedy("add it to [[canary.metrics]] in hotfix.toml")
}
