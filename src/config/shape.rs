//! From text to values: syntax, unknown keys, wrong types, missing keys. Every problem of the shape is found
//! in one go: what does not fit is cut out, and the rest is read again.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use crate::evidence::text;

/// A file has at most so many problems that are worth telling.
const MOST: usize = 40;

/// A file that has been read as far as it goes.
pub struct Shaped<'t, T> {
    /// The values, unless something that is needed is missing or wrong.
    pub value: Option<T>,
    /// What is left of the file, with its spans.
    pub table: Spanned<DeTable<'t>>,
    /// What does not fit.
    pub problems: Vec<Problem>,
}

/// Reads `file` as a `T`.
pub fn read<T: DeserializeOwned>(file: &str) -> Shaped<'_, T> {
    let (mut table, syntax) = DeTable::parse_recoverable(file);
    if let Some(error) = syntax.first() {
        let what = format!("not TOML: {}", error.message());
        let problems = vec![Problem::at(file, error.span().unwrap_or(0..0), &what)];
        return Shaped { value: None, table, problems };
    }
    let mut problems = Vec::new();
    let mut removed: Vec<String> = Vec::new();
    loop {
        let error = match T::deserialize(toml::de::Deserializer::from(table.clone())) {
            Ok(value) => return Shaped { value: Some(value), table, problems },
            Err(error) => error,
        };
        let span = error.span().unwrap_or(0..0);
        let place = cut(&mut table, &span);
        let follows = missing(error.message()).is_some_and(|key| removed.iter().any(|gone| gone == key));
        if !follows {
            problems.push(Problem::at(file, span, &explain(error.message(), place.as_deref())));
        }
        let Some(place) = place.filter(|_| problems.len() < MOST) else {
            return Shaped { value: None, table, problems };
        };
        removed.extend(place.last().cloned());
    }
}

/// Takes the entry at `span` out, and says where it was: the keys that lead to it.
fn cut(table: &mut Spanned<DeTable<'_>>, span: &Range<usize>) -> Option<Vec<String>> {
    cut_table(table.get_mut(), span)
}

fn cut_table(table: &mut DeTable<'_>, span: &Range<usize>) -> Option<Vec<String>> {
    let is_here = |key: &Spanned<_>, value: &Spanned<DeValue<'_>>| key.span() == *span || value.span() == *span;
    let here = table.iter().find(|(key, value)| is_here(key, value)).map(|(key, _)| key.get_ref().to_string());
    if let Some(key) = here {
        *table = std::mem::take(table).into_iter().filter(|(key, value)| !is_here(key, value)).collect();
        return Some(vec![key]);
    }
    table.iter_mut().find_map(|(key, value)| {
        let mut place = cut_value(value.get_mut(), span)?;
        place.insert(0, key.get_ref().to_string());
        Some(place)
    })
}

fn cut_value(value: &mut DeValue<'_>, span: &Range<usize>) -> Option<Vec<String>> {
    match value {
        DeValue::Table(table) => cut_table(table, span),
        DeValue::Array(items) => {
            let mut kept = toml::de::DeArray::new();
            let mut found = false;
            for item in items.iter() {
                if item.span() == *span {
                    found = true;
                } else {
                    kept.push(item.clone());
                }
            }
            if found {
                *items = kept;
                return Some(Vec::new());
            }
            items.iter_mut().find_map(|item| cut_value(item.get_mut(), span))
        }
        _ => None,
    }
}

fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// serde's messages in the words of the file's author.
fn explain(message: &str, place: Option<&[String]>) -> String {
    let table = match place {
        Some([parents @ .., _]) if !parents.is_empty() => format!("in [{}]", parents.join(".")),
        _ => "at the top of the file".to_owned(),
    };
    let key = place.and_then(|place| place.last()).map_or("", String::as_str);
    if let Some(name) = missing(message) {
        let table = place.map_or_else(|| "the file".to_owned(), |place| format!("[{}]", place.join(".")));
        return format!("`{name}` is missing from {table}");
    }
    if let Some((found, allowed)) = split(message, "unknown field ") {
        return format!("unknown key `{found}` {table}; {}", hint(found, &allowed));
    }
    if let Some((found, allowed)) = split(message, "unknown variant ") {
        return format!("`{found}` is no `{key}`; {}", hint(found, &allowed));
    }
    for kind in ["invalid type: ", "invalid value: "] {
        if let Some((found, wanted)) = message.strip_prefix(kind).and_then(|rest| rest.split_once(", expected ")) {
            return format!("`{key}` wants {}; found {}", wanted_in_words(wanted), text::fit(found, 60));
        }
    }
    message.to_owned()
}

/// `unknown field `x`, expected one of `a`, `b`` as x and [a, b].
fn split<'m>(message: &'m str, prefix: &str) -> Option<(&'m str, Vec<&'m str>)> {
    let (found, rest) = message.strip_prefix(prefix)?.strip_prefix('`')?.split_once("`, expected ")?;
    Some((found, rest.split('`').skip(1).step_by(2).collect()))
}

/// What could have been meant, else what is allowed.
pub fn hint(found: &str, allowed: &[&str]) -> String {
    let distance = |word: &str| strsim::damerau_levenshtein(&found.to_lowercase(), word);
    let mut nearest: Vec<_> = allowed.to_vec();
    nearest.sort_by_key(|word| distance(word));
    let list = nearest.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match nearest.first() {
        Some(word) if distance(word) <= (word.chars().count() / 3).max(1) => format!("did you mean `{word}`?"),
        Some(_) => format!("allowed: {list}"),
        None => "nothing is allowed here".to_owned(),
    }
}

fn wanted_in_words(wanted: &str) -> String {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i64" => "a whole number".to_owned(),
        "f64" => "a number".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a string" => "a string in quotes".to_owned(),
        "a sequence" => "a list: [ … ]".to_owned(),
        "a map" => "a table: { … }".to_owned(),
        other if other.starts_with("struct ") => "a table: { … }".to_owned(),
        other => other.to_owned(),
    }
}

/// The bytes of the entry that the dotted `path` leads to (numbers count in lists), or of the nearest thing
/// above it that is there.
pub fn span(table: &Spanned<DeTable<'_>>, path: &str) -> Range<usize> {
    let mut segments = path.split('.');
    let first = segments.next().unwrap_or_default();
    let Some((key, mut value)) = table.get_ref().iter().find(|(key, _)| key.get_ref() == first) else {
        return 0..0;
    };
    let mut span =
        if matches!(value.get_ref(), DeValue::Table(_) | DeValue::Array(_)) { key.span() } else { value.span() };
    for segment in segments {
        let next = match value.get_ref() {
            DeValue::Table(inner) => inner.iter().find(|(key, _)| key.get_ref() == segment).map(|(_, value)| value),
            DeValue::Array(items) => segment.parse().ok().and_then(|index: usize| items.get(index)),
            _ => None,
        };
        let Some(next) = next else { break };
        span = next.span();
        value = next;
    }
    span
}
