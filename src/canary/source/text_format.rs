//! The text format that services expose their metrics in: Prometheus' 0.0.4, OpenMetrics 1.0, and their odd corners.
//!
//! A line that cannot be read fails the whole scrape, as it does in Prometheus: half a scrape looks like a reset.

use std::collections::BTreeMap;

use super::selector::quoted;
use crate::evidence::text::{clean, fit};

/// One sample. Its own timestamp is left out: what counts is when it was scraped.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The metric's name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value; may be NaN or infinite.
    pub value: f64,
}

/// Reads an exposition. OpenMetrics says where it ends; a half one looks like a reset of what is missing.
///
/// # Errors
/// Says which line cannot be read, and how it begins.
pub fn read(body: &[u8], is_openmetrics: bool) -> Result<Vec<Sample>, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the metrics are not UTF-8".to_owned())?;
    let mut samples = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line == "# EOF" {
            return Ok(samples);
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let shown = || fit(&clean(line), 80);
        samples.push(sample(line).map_err(|what| format!("line {}: {what}: {}", index + 1, shown()))?);
    }
    match is_openmetrics {
        true => Err("the metrics end without `# EOF`: a part is missing".into()),
        false => Ok(samples),
    }
}

fn sample(line: &str) -> Result<Sample, String> {
    let end = line.find(['{', ' ', '\t']).ok_or("no value")?;
    let mut name = line[..end].to_owned();
    let mut labels = BTreeMap::new();
    let mut rest = line[end..].trim_start_matches([' ', '\t']);
    if let Some(inside) = rest.strip_prefix('{') {
        rest = labels_of(inside, &mut name, &mut labels)?;
    }
    if name.is_empty() {
        return Err("no name".into());
    }
    // Behind the value there may be a timestamp, and behind `#` an exemplar.
    let mut words = rest.split([' ', '\t']).filter(|word| !word.is_empty());
    let value = number(words.next().ok_or("no value")?)?;
    match words.next() {
        None => {}
        Some(word) if word.starts_with('#') => {}
        Some(word) => drop(number(word).map_err(|_| "something follows the value")?),
    }
    Ok(Sample { name, labels, value })
}

/// The labels, up to the brace that ends them; returns what follows. A quoted text without a value is the name.
fn labels_of<'t>(
    mut rest: &'t str,
    name: &mut String,
    labels: &mut BTreeMap<String, String>,
) -> Result<&'t str, String> {
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if let Some(after) = rest.strip_prefix('}') {
            return Ok(after);
        }
        let (label, after) = if rest.starts_with('"') {
            quoted(rest)?
        } else {
            let end = rest.find(['=', ' ', '\t', '}']).ok_or("the labels do not end")?;
            (rest[..end].to_owned(), &rest[end..])
        };
        let after = after.trim_start_matches([' ', '\t']);
        match after.strip_prefix('=') {
            Some(value) => {
                let (value, after) = quoted(value.trim_start_matches([' ', '\t']))?;
                labels.insert(label, value);
                rest = after;
            }
            None if rest.starts_with('"') && name.is_empty() => {
                *name = label;
                rest = after;
            }
            None => return Err("a label without a value".into()),
        }
    }
}

/// A number as Go reads it: `NaN`, `+Inf`, `1e9`.
fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{}` is no number", fit(&clean(text), 40)))
}
