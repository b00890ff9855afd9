//! Any server that answers in JSON: one number of the moment, or rows of times and numbers.

use serde_json::Value;

use super::super::counters::Range;
use super::super::prometheus::Series;
use super::backend::{Access, Found, Query};
use super::numbers;
use super::series::{self, of_moment};
use crate::config::schema;
use crate::http::{Body, HttpError, Kind, Request};

/// A server that answers in JSON.
#[derive(Debug)]
pub struct HttpJson {
    config: schema::HttpJson,
    access: Access,
}

impl HttpJson {
    /// The server of a configuration.
    pub fn new(config: &schema::HttpJson, access: Access) -> Self {
        Self { config: config.clone(), access }
    }

    /// How long the newest numbers are still incomplete, in seconds.
    pub fn lag(&self) -> f64 {
        self.config.lag.as_secs_f64()
    }

    /// Whether it tells one number of the moment.
    pub fn is_of_the_moment(&self) -> bool {
        self.config.time.is_none()
    }

    /// Asks.
    ///
    /// # Errors
    /// When it fails, or there is no number where the path leads.
    pub async fn ask(&self, query: &Query, range: Range) -> Result<Found, HttpError> {
        let response = self.access.client.send(self.request(query, range)).await?.success()?;
        let answer = response.json()?;
        let refuse = |what: String| {
            HttpError::new(Kind::Malformed, format!("{}: {what}", response.place))
                .with_remedy("look at the answer, and at `value` and `time` of [canary.source.http_json]")
        };
        let series = self.series(&answer, range).map_err(refuse)?;
        let increments = self.config.values == schema::Values::Increment;
        Ok(Found { series, increments, warnings: Vec::new(), date: response.date })
    }

    fn series(&self, answer: &Value, range: Range) -> Result<Vec<Series>, String> {
        let values = numbers::at(answer, &self.config.value)?;
        let Some(time) = &self.config.time else { return of_moment(&values, range) };
        let mut times = numbers::moments(answer, time)?;
        times.iter_mut().for_each(|at| *at += after(self.config.times, range));
        series::of_rows(&times, &values)
    }

    fn request(&self, query: &Query, range: Range) -> Request {
        let Access { headers, bearer, allow_http, .. } = self.access.clone();
        let url = filled(&self.config.url, query, range, &percent_encoded);
        let body = self.config.body.as_ref().map(|body| filled(body, query, range, &json_escaped));
        let (method, body) = match (&self.config.method, body) {
            (Some(method), None) => (method.clone(), Body::None),
            (method, Some(body)) => {
                let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
                (method.clone().unwrap_or_else(|| "POST".to_owned()), Body::Json(body))
            }
            (None, None) => ("GET".to_owned(), Body::None),
        };
        Request { headers, body, bearer, allow_http, repeatable: true, ..Request::new(method, url) }
    }
}

/// How long after its time a number is of the step that ends, in seconds.
pub(super) fn after(times: schema::Times, range: Range) -> f64 {
    match times {
        schema::Times::End => 0.0,
        schema::Times::Begin => range.step,
    }
}

/// Puts the query and the range into a text.
fn filled(text: &str, query: &Query, range: Range, escaped: &dyn Fn(&str) -> String) -> String {
    text.replace("$query", &escaped(&query.text))
        .replace("$start", &format!("{:.0}", range.start - range.step))
        .replace("$end", &format!("{:.0}", range.end()))
        .replace("$step", &format!("{:.0}", range.step))
        .replace("$minutes", &format!("{:.0}", (range.step / 60.0).ceil()))
}

fn percent_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// As it stands between the quotes of a JSON text.
fn json_escaped(text: &str) -> String {
    let quoted = Value::String(text.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
