//! What the world answers over HTTP (pure): the Prometheus API and the text exposition; the rest is in [`control`].

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::control;
use super::database;
use super::evaluate::{self, Matrix};
use super::exchange::{Answer, Request};
use super::instance::FAMILIES;
use super::promql::{self, Expr};
use super::samples::Labels;
use super::world::World;

/// Prometheus's own limit of points in one series.
const MOST_POINTS: f64 = 11_000.0;

/// What the world, which started at `epoch`, answers now.
pub fn answer(world: &mut World, epoch: Timestamp, request: &Request) -> Answer {
    let get = request.method == "GET";
    let post = request.method == "POST";
    match request.path.as_str() {
        "/healthz" if get => Answer::text(200, "ok\n"),
        "/-/healthy" | "/-/ready" if get => Answer::text(200, "ok\n"),
        "/metrics" if get => exposition(world),
        "/api/v1/query" | "/api/v1/query_range" if get || post => prometheus(world, epoch, request),
        "/healthz" | "/metrics" | "/api/v1/query" | "/api/v1/query_range" => Answer::text(405, "Method Not Allowed\n"),
        _ => control::answer(world, request),
    }
}

fn prometheus(world: &World, epoch: Timestamp, request: &Request) -> Answer {
    if !world.metrics_up() {
        return Answer::text(503, "Service Unavailable");
    }
    let query = Query { world, epoch, request };
    let answered = if request.path.ends_with("range") { query.range() } else { query.instant() };
    answered.unwrap_or_else(|why| bad(&why))
}

/// What Prometheus answers to a query that it understood.
fn data(result_type: &str, result: &Value) -> Answer {
    Answer::json(200, &json!({"status": "success", "data": {"resultType": result_type, "result": result}}))
}

/// What it answers to one that it did not.
fn bad(why: &str) -> Answer {
    Answer::json(400, &json!({"status": "error", "errorType": "bad_data", "error": why}))
}

struct Query<'a> {
    world: &'a World,
    epoch: Timestamp,
    request: &'a Request,
}

impl Query<'_> {
    fn instant(&self) -> Result<Answer, String> {
        let expr = self.expr()?;
        let at = self.time("time")?.unwrap_or(self.world.now().secs().cast_signed() * 1000);
        if let Some(matrix) = evaluate::raw(&expr, self.world.samples(), at) {
            return Ok(self.matrix(&matrix));
        }
        let vector = evaluate::instant(&expr, self.world.samples(), at);
        let result: Vec<Value> = vector
            .iter()
            .map(|(labels, value)| json!({"metric": labels, "value": [self.stamp(at), number(*value)]}))
            .collect();
        Ok(data("vector", &Value::Array(result)))
    }

    fn range(&self) -> Result<Answer, String> {
        let missing = |name: &str| format!("invalid parameter {name:?}: cannot parse \"\" to a valid timestamp");
        let start = self.time("start")?.ok_or_else(|| missing("start"))?;
        let end = self.time("end")?.ok_or_else(|| missing("end"))?;
        let step = self.step()?;
        let expr = self.expr()?;
        if end < start {
            return Err("invalid parameter \"end\": end timestamp must not be before start time".into());
        }
        if (end - start) as f64 / step as f64 > MOST_POINTS {
            return Err("exceeded maximum resolution of 11,000 points per timeseries. \
                        Try decreasing the query resolution (?step=XX)"
                .into());
        }
        if matches!(expr, Expr::Range(..)) {
            return Err(
                "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector".into()
            );
        }
        Ok(self.matrix(&evaluate::range(&expr, self.world.samples(), start, end, step)))
    }

    fn matrix(&self, matrix: &Matrix) -> Answer {
        let points = |points: &[(i64, f64)]| -> Vec<Value> {
            points.iter().map(|(at, value)| json!([self.stamp(*at), number(*value)])).collect()
        };
        let result: Vec<Value> =
            matrix.iter().map(|(labels, seen)| json!({"metric": labels, "values": points(seen)})).collect();
        data("matrix", &Value::Array(result))
    }

    fn expr(&self) -> Result<Expr, String> {
        let text = self.parameter("query").unwrap_or_default();
        promql::parse(text).map_err(|why| format!("invalid parameter \"query\": {why}"))
    }

    /// A time in milliseconds since the start; unix seconds or RFC 3339.
    fn time(&self, name: &str) -> Result<Option<i64>, String> {
        let Some(text) = self.parameter(name) else { return Ok(None) };
        let refuse = || format!("invalid parameter {name:?}: cannot parse {text:?} to a valid timestamp");
        let unix_ms = match text.parse::<f64>() {
            Ok(seconds) if seconds.abs() < 1e12 => (seconds * 1000.0).round() as i64,
            Ok(_) => return Err(refuse()),
            Err(_) => text.parse::<Timestamp>().map_err(|_| refuse())?.as_millisecond(),
        };
        Ok(Some(unix_ms - self.epoch.as_millisecond()))
    }

    fn step(&self) -> Result<i64, String> {
        let text = self.parameter("step").unwrap_or_default();
        let millis = promql::duration(text).and_then(|step| i64::try_from(step.as_millis()).ok());
        millis.filter(|it| *it > 0).ok_or_else(|| {
            format!("invalid parameter \"step\": cannot parse {text:?} to a valid duration greater than zero")
        })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.request.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Unix seconds, to the millisecond.
    fn stamp(&self, at_ms: i64) -> Value {
        let unix_ms = self.epoch.as_millisecond() + at_ms;
        if unix_ms % 1000 == 0 { json!(unix_ms / 1000) } else { json!(unix_ms as f64 / 1000.0) }
    }
}

/// A number as Prometheus writes it: in a string, with its own words for what is none.
fn number(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        _ => value.to_string(),
    }
}

/// The text exposition format, version 0.0.4: what a real Prometheus scrapes.
fn exposition(world: &World) -> Answer {
    let metrics = world.metrics();
    let mut body = String::new();
    for (family, help, kind) in FAMILIES.into_iter().chain(database::FAMILIES) {
        let _ = writeln!(body, "# HELP {family} {help}\n# TYPE {family} {kind}");
        for (labels, value) in &metrics {
            let name = labels.get("__name__").map_or("", String::as_str);
            if name.strip_prefix(family).is_some_and(|rest| matches!(rest, "" | "_bucket" | "_sum" | "_count")) {
                let _ = writeln!(body, "{name}{{{}}} {}", exposed(labels), number(*value));
            }
        }
    }
    Answer { content_type: "text/plain; version=0.0.4; charset=utf-8", ..Answer::text(200, &body) }
}

fn exposed(labels: &Labels) -> String {
    let quoted = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let own = labels.iter().filter(|(name, _)| *name != "__name__");
    own.map(|(name, value)| format!("{name}=\"{}\"", quoted(value))).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
