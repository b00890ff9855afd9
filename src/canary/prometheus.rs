//! Answers of servers that speak the Prometheus query API, read with lenience for their dialects and
//! none for their numbers: a cell that is no number fails loudly, NaN is kept as NaN, and an empty
//! answer is empty, never zero. Samples are read as a stream, without a tree of the whole body.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::evidence::text::{clean, fit};
use crate::http::{HttpError, Kind, Response};

/// The longest error text of a server that is shown, in cells.
const ERROR_CELLS: usize = 200;
/// The most warnings that are kept.
const WARNINGS: usize = 20;

/// The answer to a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What was found.
    pub data: Data,
    /// Warnings first, then hints; clean.
    pub warnings: Vec<String>,
    /// Whether VictoriaMetrics answered, which hides the newest 30 s unless told otherwise.
    pub victoria: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// One sample a series.
    Vector(Vec<Series>),
    /// Samples over time.
    Matrix(Vec<Series>),
    /// Time and value.
    Scalar(f64, f64),
    /// Text, which is no number.
    Text(String),
}

/// One series.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// Its labels, clean.
    pub labels: BTreeMap<String, String>,
    /// Time in seconds, and value; may be NaN.
    pub points: Vec<(f64, f64)>,
    /// How many of its samples are native histograms, which have no single value.
    pub histograms: usize,
}

impl Data {
    /// The series of a vector or matrix.
    ///
    /// # Errors
    /// When it is none of both.
    pub fn into_series(self) -> Result<Vec<Series>, String> {
        match self {
            Self::Vector(series) | Self::Matrix(series) => Ok(series),
            Self::Scalar(..) => Err("the query gives a single number and no series".into()),
            Self::Text(_) => Err("the query gives text and no series".into()),
        }
    }
}

/// Reads the answer to a query.
///
/// # Errors
/// Says what the server said: its own error, its status, or that it does not speak this API.
pub fn read(response: &Response) -> Result<Answer, HttpError> {
    if response.is_html() {
        return Err(
            if response.is_success() { response.json().err() } else { None }.unwrap_or_else(|| refusal(response))
        );
    }
    match serde_json::from_slice::<Envelope>(&response.body) {
        Ok(envelope) if envelope.status == "error" => Err(server_error(response, &envelope)),
        Ok(envelope) if response.is_success() => answer(response, envelope),
        Err(error) if response.is_success() => Err(malformed(response, &error.to_string())),
        _ => Err(refusal(response)),
    }
}

/// What a server has to say against a query that it was asked to read: `Some(None)` is nothing. `None` where the answer
/// is no word on the query: another kind of error, or no answer of this API.
pub fn objection(response: &Response) -> Option<Option<String>> {
    let said: Said = serde_json::from_slice(&response.body).ok()?;
    match (said.status.as_str(), said.kind.as_deref()) {
        ("success", _) if response.is_success() => Some(None),
        ("error", Some("bad_data" | "422")) => {
            let what = said.error.unwrap_or_else(|| "the query is refused".to_owned());
            let what = what.trim_start_matches("invalid parameter \"query\": ");
            Some(Some(fit(&clean(what), ERROR_CELLS)))
        }
        _ => None,
    }
}

/// The state of an answer, whatever its data.
#[derive(Deserialize)]
struct Said {
    status: String,
    #[serde(default, rename = "errorType")]
    kind: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

fn refusal(response: &Response) -> HttpError {
    response.clone().success().err().unwrap_or_else(|| malformed(response, "unexpected"))
}

fn malformed(response: &Response, why: &str) -> HttpError {
    let shown = crate::http::error::excerpt(&response.body);
    let what = match shown.is_empty() {
        true => format!("{}: the answer is empty", response.place),
        false => format!("{}: no answer to a query ({}): {shown}", response.place, fit(&clean(why), ERROR_CELLS)),
    };
    HttpError::new(Kind::Malformed, what).with_remedy("check the address: does this server speak the Prometheus API?")
}

fn server_error(response: &Response, envelope: &Envelope) -> HttpError {
    let said = fit(&clean(envelope.error.as_deref().unwrap_or("no reason given")), ERROR_CELLS);
    let (words, remedy) = match envelope.kind.as_deref().unwrap_or_default() {
        "bad_data" if said.contains("11,000") || said.contains("exceeded maximum resolution") => {
            ("the range holds too many points", "use a larger `interval` or a shorter `lookback`")
        }
        "bad_data" | "422" => ("the query is refused", "check the queries of [canary] in hotfix.toml"),
        "execution" => ("the query fails", "check the queries of [canary] in hotfix.toml"),
        "timeout" => ("the query timed out on the server", "ask for less: a narrower selector, a shorter `lookback`"),
        "canceled" => ("the server gave the query up", "it may be shutting down or overloaded"),
        "unavailable" => ("the server is not ready", "it may be starting"),
        "not_found" => ("not found", "check the address and the tenant"),
        _ => ("the server failed", "look at its log"),
    };
    let error = HttpError::new(Kind::Status(response.status), format!("{}: {words}: {said}", response.place));
    HttpError { retry_after: response.retry_after, ..error.with_remedy(remedy) }
}

fn answer(response: &Response, envelope: Envelope) -> Result<Answer, HttpError> {
    let data = envelope.data.ok_or_else(|| malformed(response, "no `data`"))?;
    let data = match (data.result_type.as_str(), data.result) {
        ("vector", Found::Series(series)) => Data::Vector(series),
        ("matrix", Found::Series(series)) => Data::Matrix(series),
        ("scalar", Found::Single(at, value)) => Data::Scalar(at, number(&value).map_err(|e| malformed(response, &e))?),
        ("string", Found::Single(_, text)) => Data::Text(clean(&text)),
        (kind, _) => return Err(malformed(response, &format!("unexpected result of type `{kind}`"))),
    };
    let warnings = envelope.warnings.into_iter().flatten().chain(envelope.infos.into_iter().flatten());
    let warnings = warnings.take(WARNINGS).map(|text| clean(&text)).collect();
    Ok(Answer { data, warnings, victoria: envelope.stats.is_some() })
}

#[derive(Deserialize)]
struct Envelope {
    status: String,
    #[serde(default)]
    data: Option<RawData>,
    #[serde(default, rename = "errorType")]
    kind: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
    #[serde(default)]
    infos: Option<Vec<String>>,
    #[serde(default)]
    stats: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct RawData {
    #[serde(rename = "resultType")]
    result_type: String,
    result: Found,
}

/// `result`: a list of series, or the time and value of a single sample.
enum Found {
    Series(Vec<Series>),
    Single(f64, String),
}

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Found;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of series, or a time and a value")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found, A::Error> {
                let mut series = Vec::new();
                while let Some(element) = seq.next_element::<Element>()? {
                    match element {
                        Element::Series(one) => series.push(one),
                        Element::Time(at) => {
                            let value: Single = seq.next_element()?.ok_or_else(|| A::Error::custom("no value"))?;
                            return match seq.next_element::<IgnoredAny>()? {
                                None => Ok(Found::Single(at, value.into_text())),
                                Some(_) => Err(A::Error::custom("more than a time and a value")),
                            };
                        }
                    }
                }
                Ok(Found::Series(series))
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}

/// The value of a scalar or of a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Single {
    Text(String),
    Number(f64),
}

impl Single {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

enum Element {
    Series(Series),
    Time(f64),
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOf;
        impl<'de> Visitor<'de> for OneOf {
            type Value = Element;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a series or a time")
            }

            fn visit_f64<E>(self, at: f64) -> Result<Element, E> {
                Ok(Element::Time(at))
            }

            fn visit_u64<E>(self, at: u64) -> Result<Element, E> {
                Ok(Element::Time(at as f64))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Element, A::Error> {
                series(map).map(Element::Series)
            }
        }
        deserializer.deserialize_any(OneOf)
    }
}

fn series<'de, A: MapAccess<'de>>(mut map: A) -> Result<Series, A::Error> {
    let mut series = Series::default();
    while let Some(key) = map.next_key::<String>()? {
        match key.as_str() {
            "metric" => {
                let labels: BTreeMap<String, String> = map.next_value()?;
                series.labels = labels.into_iter().map(|(name, value)| (clean(&name), clean(&value))).collect();
            }
            "value" => {
                let (at, sample): (f64, Sample) = map.next_value()?;
                series.points.push((at, sample.0));
            }
            "values" => {
                let points: Vec<(f64, Sample)> = map.next_value()?;
                series.points = points.into_iter().map(|(at, sample)| (at, sample.0)).collect();
            }
            "histogram" => {
                map.next_value::<IgnoredAny>()?;
                series.histograms += 1;
            }
            "histograms" => series.histograms += map.next_value::<Vec<IgnoredAny>>()?.len(),
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(series)
}

/// A sample's value: text as a rule, a number from some that speak nearly this API.
struct Sample(f64);

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;
        impl Visitor<'_> for TextOrNumber {
            type Value = Sample;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value as text")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Sample, E> {
                number(text).map(Sample).map_err(E::custom)
            }

            fn visit_f64<E>(self, value: f64) -> Result<Sample, E> {
                Ok(Sample(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Sample, E> {
                Ok(Sample(value as f64))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Sample, E> {
                Ok(Sample(value as f64))
            }
        }
        deserializer.deserialize_any(TextOrNumber)
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{}` is no number", fit(&clean(text), 40)))
}

#[cfg(test)]
#[path = "prometheus_tests.rs"]
mod tests;
