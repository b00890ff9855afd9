//! Numbers in JSON answers: found by a JSONPath (RFC 9535), never guessed.

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::evidence::text::{clean, fit};

/// The numbers that a path leads to, in the order of the answer; `None` where there is a null.
///
/// # Errors
/// When the path cannot be read, or leads to something that is no number.
pub fn at(answer: &Value, path: &str) -> Result<Vec<Option<f64>>, String> {
    nodes(answer, path)?.into_iter().map(number).collect()
}

/// The moments that a path leads to, in seconds.
///
/// # Errors
/// As for numbers.
pub fn moments(answer: &Value, path: &str) -> Result<Vec<f64>, String> {
    nodes(answer, path)?.into_iter().map(moment).collect()
}

/// What a path leads to. One to a single list means its elements.
fn nodes<'a>(answer: &'a Value, path: &str) -> Result<Vec<&'a Value>, String> {
    let path = JsonPath::parse(path).map_err(|error| format!("`{}` is no JSONPath: {error}", clean(path)))?;
    let nodes = path.query(answer).all();
    Ok(match nodes.as_slice() {
        [Value::Array(list)] => list.iter().collect(),
        _ => nodes,
    })
}

/// A number, or a text that is one.
fn number(value: &Value) -> Result<Option<f64>, String> {
    let refuse = || format!("no number: {}", fit(&clean(&value.to_string()), 60));
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => number.as_f64().map(Some).ok_or_else(refuse),
        Value::String(text) => text.trim().parse().map(Some).map_err(|_| refuse()),
        _ => Err(refuse()),
    }
}

/// A moment: seconds or milliseconds since the epoch, or RFC 3339; in seconds.
fn moment(value: &Value) -> Result<f64, String> {
    let refuse = || format!("no time: {}", fit(&clean(&value.to_string()), 60));
    match value {
        Value::Number(number) => match number.as_f64().ok_or_else(refuse)? {
            millis if millis > 1e11 => Ok(millis / 1e3),
            seconds => Ok(seconds),
        },
        Value::String(text) => {
            let at: jiff::Timestamp = text.parse().map_err(|_| refuse())?;
            Ok(at.as_microsecond() as f64 / 1e6)
        }
        _ => Err(refuse()),
    }
}
