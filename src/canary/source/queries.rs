//! Whether the queries can be asked at all: what `hotfix doctor` warns of.

use super::backend::{Backend, Query};
use super::plan::Wanted;
use super::selector::Selector;
use super::{Source, promql};
use crate::evidence::text::clean;
use crate::http::HttpError;

/// A query that cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faulty {
    /// The metric, clean.
    pub metric: String,
    /// The query with its scope, clean.
    pub query: String,
    /// Where the fault is, and what it is; clean.
    pub what: String,
}

/// What was found out about the queries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many there are.
    pub queries: usize,
    /// How many of them the server has read: it may not offer to.
    pub by_server: usize,
    /// Those that cannot be asked.
    pub faulty: Vec<Faulty>,
}

impl Source {
    /// Checks each query once: by its shape, and where that is whole by the word of who will be asked, who alone knows
    /// its own language. Nothing is measured by that.
    ///
    /// # Errors
    /// When a query is missing.
    pub async fn check_queries(&self) -> Result<Checked, HttpError> {
        let mut checked = Checked::default();
        let mut seen: Vec<Query> = Vec::new();
        for (metric, wanted) in self.canary.metrics.iter().zip(self.wanted()?) {
            for query in wanted.iter().flat_map(queries) {
                if seen.iter().any(|other| other.text == query.text) {
                    continue;
                }
                seen.push(query.clone());
                let (what, by_server) = self.backend.check(query).await;
                checked.queries += 1;
                checked.by_server += usize::from(by_server);
                let (metric, text) = (clean(&metric.name), clean(&query.text));
                checked.faulty.extend(what.map(|what| Faulty { metric, query: text, what: clean(&what) }));
            }
        }
        Ok(checked)
    }
}

fn queries(wanted: &Wanted) -> Vec<&Query> {
    match wanted {
        Wanted::Ratio(bad, total) => vec![bad, total],
        Wanted::Buckets(query) | Wanted::Value(query) => vec![query],
    }
}

impl Backend {
    /// What is wrong with a query, and whether the server was asked. Those that know no PromQL say nothing.
    async fn check(&self, query: &Query) -> (Option<String>, bool) {
        match self {
            Self::Scrape(_) => (Selector::read(&query.text).err(), false),
            Self::Query(api) => match promql::flaw(&query.text) {
                Some(flaw) => (Some(flaw.to_string()), false),
                None => match api.check(&query.text).await {
                    Some(said) => (said, true),
                    None => (None, false),
                },
            },
            _ => (None, false),
        }
    }
}
