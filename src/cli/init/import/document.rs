//! JSON and YAML as one tree (pure).

use std::collections::BTreeMap;

use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::{Yaml, YamlLoader};

/// A value of either.
pub type Value = serde_json::Value;

/// The longest file, in bytes.
const LIMIT: usize = 4 * 1024 * 1024;
/// The most that a file may take in memory, its aliases filled in, in bytes.
const ROOM: usize = 32 * 1024 * 1024;
/// What a value takes besides its text, in bytes.
const VALUE: usize = 64;
/// How deep lists and fields may lie in each other: as deep as in JSON.
const DEPTH: usize = 128;

/// All documents of a file.
///
/// # Errors
/// When it is neither.
pub fn read(text: &str) -> Result<Vec<Value>, String> {
    if text.len() > LIMIT {
        return Err("it is larger than 4 MiB".into());
    }
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(listed(value));
    }
    measure(text)?;
    let documents = YamlLoader::load_from_str(text).map_err(|error| format!("neither JSON nor YAML: {error}"))?;
    Ok(documents.iter().map(value).flat_map(listed).collect())
}

/// Goes through a YAML file once without building anything, and refuses what would grow beyond all measure: some lines
/// of aliases of aliases are gigabytes when they are filled in.
fn measure(text: &str) -> Result<(), String> {
    let mut parser = Parser::new_from_str(text);
    // The lists and fields that are open, each with its anchor and what it takes so far.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut anchors: BTreeMap<usize, usize> = BTreeMap::new();
    let mut total = 0_usize;
    loop {
        let (event, place) = parser.next_token().map_err(|error| format!("neither JSON nor YAML: {error}"))?;
        let (anchor, size) = match event {
            Event::StreamEnd => return Ok(()),
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() == DEPTH => {
                return Err(format!("line {}: more than {DEPTH} levels lie in each other", place.line()));
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                open.push((anchor, VALUE));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().unwrap_or_default(),
            Event::Scalar(text, _, anchor, _) => (anchor, VALUE + text.len()),
            Event::Alias(anchor) => (0, anchors.get(&anchor).copied().unwrap_or(VALUE)),
            _ => continue,
        };
        if anchor > 0 {
            // It is kept beside its place.
            anchors.insert(anchor, size);
            total += size;
        }
        match open.last_mut() {
            Some((_, outer)) => *outer += size,
            None => total += size,
        }
        if total.max(open.last().map_or(0, |(_, outer)| *outer)) > ROOM {
            let line = place.line();
            return Err(format!("line {line}: with its aliases filled in it takes more than {} MiB", ROOM >> 20));
        }
    }
}

/// What `kubectl get -o json` wraps into a list is taken out of it.
fn listed(value: Value) -> Vec<Value> {
    match value.get("items").and_then(Value::as_array) {
        Some(items) => items.clone(),
        None => vec![value],
    }
}

fn value(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::String(text) => Value::String(text.clone()),
        Yaml::Integer(number) => (*number).into(),
        Yaml::Real(text) => text.parse::<f64>().map_or_else(|_| Value::String(text.clone()), Value::from),
        Yaml::Boolean(value) => (*value).into(),
        Yaml::Array(list) => list.iter().map(value).collect(),
        Yaml::Hash(fields) => {
            let field = |(key, item): (&Yaml, &Yaml)| Some((key.as_str()?.to_owned(), value(item)));
            Value::Object(fields.iter().filter_map(field).collect())
        }
        Yaml::Alias(_) | Yaml::Null | Yaml::BadValue => Value::Null,
    }
}

/// The text at a path.
pub fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

/// The list at a path; empty without one.
pub fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The documents of a kind.
pub fn of_kind<'v>(documents: &'v [Value], kinds: &'v [&str]) -> impl Iterator<Item = &'v Value> {
    documents.iter().filter(move |document| text(document, "/kind").is_some_and(|kind| kinds.contains(&kind)))
}
