//! What steps name as `{ask.NAME}`: asked of the world while the plan is prepared, and put in its place (pure). What is
//! found must be one value, and fit for an argument.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json_path::JsonPath;

use super::engine::Question;
use super::placeholder::{FillError, Place, Values, percent_encoded};
use super::plan::{Contents, PlanError, Problem};
use crate::config::check::{ASKED, pattern};
use crate::config::schema::{Ask, Request, Rollback};
use crate::evidence::text::clean;

/// The longest value, in bytes.
const LONGEST: usize = 400;

/// What is asked, in the order of the file. Where a placeholder has no value nothing is asked, and [`filled`] says why.
pub fn questions(rollback: &Rollback, contents: &Contents) -> Vec<Question> {
    let values = Values { from: &contents.from, to: &contents.to };
    rollback.ask.iter().filter_map(|ask| question(ask, values).ok()).collect()
}

fn question(ask: &Ask, values: Values) -> Result<Question, FillError> {
    if let Some(url) = &ask.url {
        let url = values.fill(url, Place::Url)?;
        let (token, allow_http) = (ask.token.clone(), ask.allow_http);
        return Ok(Question::Get(Box::new(Request {
            method: "GET".into(),
            url,
            token,
            allow_http,
            ..Request::default()
        })));
    }
    let argv = ask.run.iter().flatten().map(|arg| values.fill(arg, Place::Plain)).collect::<Result<_, _>>()?;
    Ok(if ask.json.is_some() { Question::Run(argv) } else { Question::Print(argv, missing(ask, values)) })
}

/// `[rollback]` with what was looked up in its place; `None` where nothing is.
pub(super) fn filled(
    rollback: &Rollback,
    contents: &Contents,
    answers: &[Value],
) -> Result<Option<Rollback>, PlanError> {
    if rollback.ask.is_empty() {
        return Ok(None);
    }
    let values = Values { from: &contents.from, to: &contents.to };
    let mut found = BTreeMap::new();
    for (index, ask) in rollback.ask.iter().enumerate() {
        let problem = |problem| PlanError { part: format!("ask {:?}", ask.name), problem };
        question(ask, values).map_err(|error| problem(error.into()))?;
        let nobody = || problem(Problem::Answer("the answer", "nobody was asked".into()));
        let value = value(ask, answers.get(index).ok_or_else(nobody)?, values).map_err(problem)?;
        found.insert(format!("{{{ASKED}{}}}", ask.name), value);
    }
    let whole = |what| PlanError { part: "steps".into(), problem: Problem::InTheWay(what) };
    let steps = replaced(&rollback.steps, &found).map_err(whole)?;
    let verify = replaced(&rollback.verify, &found).map_err(whole)?;
    Ok(Some(Rollback { steps, verify, ..rollback.clone() }))
}

/// The one value of an answer.
fn value(ask: &Ask, answer: &Value, values: Values) -> Result<String, Problem> {
    let mut found = matches(ask, texts(ask, answer, values)?)?;
    if ask.greatest {
        found = found
            .iter()
            .filter_map(|text| text.parse::<u64>().ok())
            .max()
            .map(|it| it.to_string())
            .into_iter()
            .collect();
    }
    found.sort();
    found.dedup();
    match (&found[..], &ask.otherwise) {
        ([value], _) if is_fit(value) => Ok(value.clone()),
        ([value], _) => Err(Problem::InTheWay(format!("{:?} is not fit for an argument", clean(value)))),
        ([], Some(otherwise)) => Ok(otherwise.clone()),
        ([], None) => Err(Problem::InTheWay(missing(ask, values))),
        _ => {
            Err(Problem::InTheWay(format!("there are several, of which none is chosen: {}", clean(&found.join(", ")))))
        }
    }
}

fn texts(ask: &Ask, answer: &Value, values: Values) -> Result<Vec<String>, Problem> {
    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let Some(path) = &ask.json else {
        return Ok(answer.as_str().unwrap_or_default().lines().map(|line| line.trim().to_owned()).collect());
    };
    let path = values.fill(path, Place::Plain)?;
    let parsed = JsonPath::parse(&path);
    let parsed = parsed.map_err(|error| Problem::InTheWay(format!("`{}` is no path: {error}", clean(&path))))?;
    Ok(parsed.query(answer).all().into_iter().filter(|value| !value.is_null()).map(shown).collect())
}

fn matches(ask: &Ask, texts: Vec<String>) -> Result<Vec<String>, Problem> {
    let Some(text) = &ask.pattern else { return Ok(texts) };
    let pattern = pattern(text).map_err(Problem::InTheWay)?;
    let first = |text: &String| Some(pattern.captures(text)?.get(1)?.as_str().to_owned());
    Ok(texts.iter().filter_map(first).collect())
}

/// Letters, digits and what names of images, resources and releases have: no option, and nothing that a shell reads.
fn is_fit(value: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._/+-@:".contains(c);
    !value.is_empty() && value.len() <= LONGEST && !value.starts_with('-') && value.chars().all(allowed)
}

fn missing(ask: &Ask, values: Values) -> String {
    let usual = || format!("{} was not found", if ask.about.is_empty() { &ask.name } else { &ask.about });
    let said = ask.missing.clone().unwrap_or_else(usual);
    clean(&values.fill(&said, Place::Plain).unwrap_or(said))
}

/// The same value with each text in it filled; in an address the values are percent-encoded.
fn replaced<T: Serialize + DeserializeOwned>(value: &T, found: &BTreeMap<String, String>) -> Result<T, String> {
    let mut value = serde_json::to_value(value).map_err(|error| error.to_string())?;
    replace(&mut value, found, false);
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn replace(value: &mut Value, found: &BTreeMap<String, String>, is_url: bool) {
    match value {
        Value::String(text) => {
            for (place, value) in found {
                let value = if is_url { percent_encoded(value) } else { value.clone() };
                *text = text.replace(place, &value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, found, is_url)),
        Value::Object(fields) => fields.iter_mut().for_each(|(key, field)| replace(field, found, key == "url")),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
