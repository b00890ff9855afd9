//! Grafana: whatever its data sources know, by `/api/ds/query`.

use serde_json::{Value, json};

use super::super::counters::Range;
use super::super::prometheus::Series;
use super::backend::{Access, Found, Query};
use super::http_json::after;
use super::series::of_points;
use crate::config::schema;
use crate::evidence::text::{clean, fit};
use crate::http::{Body, HttpError, Kind, Request, Response};

/// The most points of an answer; Grafana thins out what is more.
const POINTS: usize = 11_000;

/// Grafana.
#[derive(Debug)]
pub struct Grafana {
    config: schema::Grafana,
    access: Access,
}

impl Grafana {
    /// The server of a configuration.
    pub fn new(config: &schema::Grafana, access: Access) -> Self {
        Self { config: config.clone(), access }
    }

    /// How long the newest numbers are still incomplete, in seconds.
    pub fn lag(&self) -> f64 {
        self.config.lag.as_secs_f64()
    }

    /// Asks for a range.
    ///
    /// # Errors
    /// When it fails, wholly or in part, or answers something else.
    pub async fn ask(&self, query: &Query, range: Range) -> Result<Found, HttpError> {
        let response = self.access.client.send(self.request(query, range)).await?;
        let answer = response.json();
        let result = answer.as_ref().ok().and_then(|answer| answer.pointer("/results/A"));
        if let Some(error) = result.and_then(|result| result.get("error")).and_then(Value::as_str) {
            return Err(refused(&response, &fit(&clean(error), 200)));
        }
        let response = response.success()?;
        let result = result.ok_or_else(|| refused(&response, "no result"))?;
        let mut series = read(result).map_err(|what| refused(&response, &what))?;
        let after = after(self.config.times, range);
        series.iter_mut().flat_map(|one| &mut one.points).for_each(|point| point.0 += after);
        let increments = self.config.values == schema::Values::Increment;
        Ok(Found { series, increments, warnings: Vec::new(), date: response.date })
    }

    fn request(&self, query: &Query, range: Range) -> Request {
        let millis = |seconds: f64| format!("{:.0}", seconds * 1e3);
        let mut panel = match &self.config.query {
            Some(template) => template.clone().into_iter().collect(),
            None => {
                serde_json::Map::from_iter([("expr".to_owned(), json!("$query")), ("range".to_owned(), json!(true))])
            }
        };
        panel.values_mut().for_each(|value| fill(value, &query.text));
        let step = (range.step * 1e3) as i64;
        panel.extend([
            ("refId".to_owned(), json!("A")),
            ("datasource".to_owned(), json!({"uid": self.config.datasource})),
            ("intervalMs".to_owned(), json!(step)),
            ("maxDataPoints".to_owned(), json!(POINTS)),
        ]);
        let from = range.start - after(self.config.times, range);
        let body = json!({"from": millis(from), "to": millis(range.end()), "queries": [panel]});
        let url = format!("{}/api/ds/query", self.config.address.trim_end_matches('/'));
        let Access { headers, bearer, allow_http, .. } = self.access.clone();
        Request { headers, bearer, body: Body::Json(body), allow_http, repeatable: true, ..Request::new("POST", url) }
    }
}

fn refused(response: &Response, what: &str) -> HttpError {
    HttpError::new(Kind::Malformed, format!("{}: {what}", response.place))
        .with_remedy("copy the query from the panel's inspector, and check `datasource`")
}

fn fill(value: &mut Value, query: &str) {
    match value {
        Value::String(text) if text.contains("$query") => *text = text.replace("$query", query),
        Value::Array(list) => list.iter_mut().for_each(|value| fill(value, query)),
        Value::Object(fields) => fields.values_mut().for_each(|value| fill(value, query)),
        _ => {}
    }
}

/// The series of all frames. What JSON cannot say is null among the values, and named under `entities`: a gap.
pub fn read(result: &Value) -> Result<Vec<Series>, String> {
    let frames = result.get("frames").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut all = Vec::new();
    for frame in frames {
        let fields = frame.pointer("/schema/fields").and_then(Value::as_array).ok_or("a frame without fields")?;
        let columns = frame.pointer("/data/values").and_then(Value::as_array).ok_or("a frame without values")?;
        let is_time = |field: &&Value| field.get("type").and_then(Value::as_str) == Some("time");
        let Some(time) = fields.iter().position(|field| is_time(&field)) else { continue };
        let times = column(columns, time)?;
        for (index, field) in fields.iter().enumerate().filter(|(index, _)| *index != time) {
            if field.get("type").and_then(Value::as_str) == Some("number") {
                all.push(series(field, times, column(columns, index)?));
            }
        }
    }
    Ok(all)
}

fn column(columns: &[Value], index: usize) -> Result<&[Value], String> {
    columns.get(index).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| "a column is missing".to_owned())
}

fn series(field: &Value, times: &[Value], values: &[Value]) -> Series {
    let point = |(at, value): (&Value, &Value)| Some((at.as_f64()? / 1e3, value.as_f64()?));
    let labels = field.get("labels").and_then(Value::as_object).into_iter().flatten();
    let labels = labels.filter_map(|(name, value)| Some((clean(name), clean(value.as_str()?))));
    // Columns of a table have no labels: their names tell them apart.
    let name = field.get("name").and_then(Value::as_str).map(|name| ("__name__".to_owned(), clean(name)));
    Series {
        labels: name.into_iter().chain(labels).collect(),
        ..of_points(times.iter().zip(values).filter_map(point).collect())
    }
}
