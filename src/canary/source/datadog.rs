//! Datadog: sums of counts in buckets of time, by its query API (v2).

use serde_json::{Value, json};

use super::super::counters::Range;
use super::Keys;
use super::backend::{Access, Found, Query};
use super::series::of_rows;
use crate::config::schema;
use crate::evidence::text::{clean, fit};
use crate::http::{Body, HttpError, Kind, Request};

/// The newest bucket is incomplete for some time after it has ended, in seconds.
pub const LAG: f64 = 20.0;

/// Datadog.
#[derive(Debug)]
pub struct Datadog {
    address: String,
    access: Access,
}

impl Datadog {
    /// The site of a configuration, with its two keys.
    pub fn new(config: &schema::Datadog, mut access: Access, keys: Keys) -> Self {
        let key = |name: &str, key: Option<String>| key.map(|key| (name.to_owned(), key));
        access.headers.extend(key("dd-api-key", keys.token));
        access.headers.extend(key("dd-application-key", keys.application_key));
        Self { address: config.api(), access }
    }

    /// Asks for a range: a bucket a step, whose count belongs to the step that ends it.
    ///
    /// # Errors
    /// When it fails, or answers something else.
    pub async fn ask(&self, query: &Query, range: Range) -> Result<Found, HttpError> {
        let response = self.access.client.send(self.request(query, range)).await?.success()?;
        let answer = response.json()?;
        let refuse = |what: String| {
            HttpError::new(Kind::Malformed, format!("{}: {what}: {}", response.place, clean(&query.text)))
                .with_remedy("query counts, such as `sum:shop.hits{…}.as_count()`, without `by`")
        };
        let series = read(&answer, range.step).map_err(refuse)?;
        Ok(Found { series, increments: true, warnings: Vec::new(), date: response.date })
    }

    fn request(&self, query: &Query, range: Range) -> Request {
        let millis = |seconds: f64| (seconds * 1e3).round() as i64;
        let body = json!({"data": {"type": "timeseries_request", "attributes": {
            "from": millis(range.start - range.step), "to": millis(range.end()), "interval": millis(range.step),
            "queries": [{"data_source": "metrics", "name": "a", "query": query.text}],
            "formulas": [{"formula": "a"}],
        }}});
        let url = format!("{}/api/v2/query/timeseries", self.address.trim_end_matches('/'));
        let Access { headers, allow_http, .. } = self.access.clone();
        Request { headers, body: Body::Json(body), allow_http, repeatable: true, ..Request::new("POST", url) }
    }
}

/// The one series of an answer. Its times are the beginnings of the buckets.
pub fn read(answer: &Value, step: f64) -> Result<Vec<super::Series>, String> {
    let attributes = answer.pointer("/data/attributes").ok_or_else(|| told(answer))?;
    let list = |key: &str| attributes.get(key).and_then(Value::as_array);
    let values = list("values").ok_or("no `values`")?;
    if values.len() > 1 {
        return Err(format!("{} series where one is wanted", values.len()));
    }
    let Some(values) = values.first() else { return Ok(Vec::new()) };
    let times: Vec<f64> = list("times").into_iter().flatten().filter_map(Value::as_f64).collect();
    let values: Vec<Option<f64>> = values.as_array().into_iter().flatten().map(Value::as_f64).collect();
    of_rows(&times.iter().map(|at| at / 1e3 + step).collect::<Vec<_>>(), &values)
}

/// What an answer without data says.
fn told(answer: &Value) -> String {
    let errors = answer.get("errors").map_or_else(|| "no `data`".to_owned(), Value::to_string);
    fit(&clean(&errors), 200)
}
