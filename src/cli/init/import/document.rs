//! JSON and YAML as one tree (pure).

use yaml_rust2::{Yaml, YamlLoader};

/// A value of either.
pub type Value = serde_json::Value;

/// The longest file, in bytes.
const LIMIT: usize = 4 * 1024 * 1024;

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
    let documents = YamlLoader::load_from_str(text).map_err(|error| format!("neither JSON nor YAML: {error}"))?;
    Ok(documents.iter().map(value).flat_map(listed).collect())
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
