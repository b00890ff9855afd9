//! Who answers a query.

use std::path::Path;

use jiff::Timestamp;

use super::super::counters::Range;
use super::super::prometheus::Series;
use super::Keys;
use super::command::Command;
use super::datadog::Datadog;
use super::grafana::Grafana;
use super::http_json::HttpJson;
use super::openmetrics::OpenMetrics;
use super::query_api::QueryApi;
use crate::config::schema;
use crate::http::{Bearer, Client, HttpError, Kind};

/// One of the two populations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Population {
    /// The baseline.
    Baseline,
    /// The canary.
    Canary,
}

/// What is asked, `$scope` replaced.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// Of whom.
    pub population: Population,
    /// In the words of who answers.
    pub text: String,
}

/// What was answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The series, with points at the steps of the range.
    pub series: Vec<Series>,
    /// Whether the points are increments already, rather than a counter's values.
    pub increments: bool,
    /// What the server warned of, clean.
    pub warnings: Vec<String>,
    /// The server's clock.
    pub date: Option<Timestamp>,
}

/// What requests have in common.
#[derive(Debug, Clone)]
pub struct Access {
    /// The client.
    pub client: Client,
    /// More headers.
    pub headers: Vec<(String, String)>,
    /// The token.
    pub bearer: Option<Bearer>,
    /// Plain http to another machine.
    pub allow_http: bool,
}

/// Who answers.
#[derive(Debug)]
pub enum Backend {
    /// A server that speaks the Prometheus API.
    Query(QueryApi),
    /// The services themselves.
    Scrape(OpenMetrics),
    /// A server that answers in JSON.
    Json(HttpJson),
    /// A command.
    Command(Command),
    /// Datadog.
    Datadog(Datadog),
    /// Grafana.
    Grafana(Grafana),
    /// None is configured.
    Nobody,
}

impl Backend {
    /// The one that is configured.
    pub fn new(source: &schema::MetricSource, client: Client, keys: Keys) -> Self {
        let headers = source.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let allow_http = source.allow_http;
        if let Some(datadog) = &source.datadog {
            let access = Access { client, headers, bearer: None, allow_http };
            return Self::Datadog(Datadog::new(datadog, access, keys));
        }
        let access = Access { client, headers, bearer: keys.token.map(Bearer::from), allow_http };
        if let Some(address) = &source.prometheus {
            Self::Query(QueryApi::new(address, access))
        } else if let Some(scraped) = &source.openmetrics {
            Self::Scrape(OpenMetrics::new(scraped, access))
        } else if let Some(json) = &source.http_json {
            Self::Json(HttpJson::new(json, access))
        } else if let Some(command) = &source.command {
            Self::Command(Command::new(command))
        } else if let Some(grafana) = &source.grafana {
            Self::Grafana(Grafana::new(grafana, access))
        } else {
            Self::Nobody
        }
    }

    /// A command that is named by a path counts from this folder.
    pub fn set_folder(&mut self, folder: &Path) {
        if let Self::Command(command) = self {
            folder.clone_into(&mut command.root);
        }
    }

    /// What evidence names as its source.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Query(_) | Self::Nobody => "prometheus",
            Self::Scrape(_) => "openmetrics",
            Self::Json(_) => "http_json",
            Self::Command(_) => "command",
            Self::Datadog(_) => "datadog",
            Self::Grafana(_) => "grafana",
        }
    }

    /// Whether it can tell the present alone: there is no way back then.
    pub fn is_of_the_moment(&self) -> bool {
        match self {
            Self::Scrape(_) | Self::Command(_) => true,
            Self::Json(json) => json.is_of_the_moment(),
            Self::Query(_) | Self::Datadog(_) | Self::Grafana(_) | Self::Nobody => false,
        }
    }

    /// How long after a step its samples are surely in, in seconds beyond the usual.
    pub fn lag(&self) -> f64 {
        match self {
            Self::Query(api) => api.lag(),
            Self::Datadog(_) => super::datadog::LAG,
            Self::Json(json) => json.lag(),
            Self::Grafana(grafana) => grafana.lag(),
            _ => 0.0,
        }
    }

    /// Asks.
    ///
    /// # Errors
    /// Says who was asked, what went wrong, and what to do about it.
    pub async fn ask(&mut self, query: &Query, range: Range) -> Result<Found, HttpError> {
        match self {
            Self::Query(api) => api.ask(query, range).await,
            Self::Scrape(scraped) => scraped.ask(query, range).await,
            Self::Json(json) => json.ask(query, range).await,
            Self::Command(command) => command.ask(query, range).await,
            Self::Datadog(datadog) => datadog.ask(query, range).await,
            Self::Grafana(grafana) => grafana.ask(query, range).await,
            Self::Nobody => Err(HttpError::new(Kind::Refused, "[canary] names no source".to_owned())),
        }
    }
}
