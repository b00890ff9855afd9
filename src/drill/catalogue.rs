//! The scenarios that the program carries, and reading one from a file.

use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Spanned;

use super::scenario::{Scenario, TrackName};
use crate::evidence::text::clean;

/// The scenario files that the program carries: id and text.
const EMBEDDED: &[(&str, &str)] = &[
    ("d1-bad-canary", include_str!("../../assets/drills/d1-bad-canary.toml")),
    ("d4-blind", include_str!("../../assets/drills/d4-blind.toml")),
    ("d6-stowaways", include_str!("../../assets/drills/d6-stowaways.toml")),
    ("d7-forgotten-back-merge", include_str!("../../assets/drills/d7-forgotten-back-merge.toml")),
    ("d8-upstream", include_str!("../../assets/drills/d8-upstream.toml")),
];

/// Why a scenario cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("{path}: {why}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The file says something that a scenario cannot say.
    #[error("{path}:{line}:{column}: {what}")]
    Wrong {
        /// Which file.
        path: String,
        /// Its line, from 1.
        line: usize,
        /// Its column, from 1, in characters.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// There is no such scenario.
    #[error("no scenario is called `{name}`{hint}; `hotfix drill --list` shows them all")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The nearest name, as a half-sentence.
        hint: String,
    },
}

/// Every embedded scenario, in order.
pub fn all() -> Vec<Scenario> {
    EMBEDDED.iter().filter_map(|(id, text)| parse(id, text).ok()).collect()
}

/// An embedded scenario by its id or by the part of it before the dash (`d1`), else the file of that path.
///
/// # Errors
/// When there is neither, or the file is no scenario.
pub fn find(name: &str) -> Result<Scenario, ScenarioError> {
    let known = EMBEDDED.iter().find(|(id, _)| *id == name || id.split('-').next() == Some(name));
    match known {
        Some((id, text)) => parse(id, text),
        None if Path::new(name).exists() || name.ends_with(".toml") => load(Path::new(name)),
        None => Err(ScenarioError::Unknown { name: clean(name), hint: nearest(name) }),
    }
}

/// Reads a scenario file.
///
/// # Errors
/// When it cannot be read, or is no scenario: with line and column.
pub fn load(path: &Path) -> Result<Scenario, ScenarioError> {
    let (name, text) = text_of(path)?;
    parse(&name, &text)
}

/// Reads a scenario from its text; `path` is for the messages.
///
/// # Errors
/// When it is no scenario: with line and column.
pub fn parse(path: &str, text: &str) -> Result<Scenario, ScenarioError> {
    let scenario: Scenario = values(path, text)?;
    match contradiction(&scenario) {
        Some((offset, what)) => Err(wrong(path, text, offset, &what)),
        None => Ok(scenario),
    }
}

/// Reads a file of a drill, whatever it holds, from its text.
pub(super) fn values<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, ScenarioError> {
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        wrong(path, text, offset, error.message())
    })
}

/// The text of a file, and its name for messages.
pub(super) fn text_of(path: &Path) -> Result<(String, String), ScenarioError> {
    let name = clean(&path.display().to_string());
    match std::fs::read_to_string(path) {
        Ok(text) => Ok((name, text)),
        Err(error) => Err(ScenarioError::Unreadable { path: name, why: clean(&error.to_string()) }),
    }
}

fn wrong(path: &str, text: &str, offset: usize, what: &str) -> ScenarioError {
    let (line, column) = position(text, offset);
    ScenarioError::Wrong { path: path.to_owned(), line, column, what: clean(what) }
}

/// What the keys of a scenario say against each other, and where.
fn contradiction(scenario: &Scenario) -> Option<(usize, String)> {
    numbers(scenario).map(|what| (0, what.to_owned())).or_else(|| events(scenario)).or_else(|| pins(scenario))
}

fn numbers(scenario: &Scenario) -> Option<&'static str> {
    let service = &scenario.service;
    let rules = [
        (scenario.id.is_empty(), "`id` is empty"),
        (scenario.length.secs() == 0, "`length` is nothing"),
        (scenario.length.secs() > 4 * 3600, "`length` is more than four hours"),
        (service.weight > 100, "`service.weight` is more than 100 percent"),
        (service.stable.instances == 0 || service.canary.instances == 0, "a track has no instances"),
        (!(0.0..=6000.0).contains(&service.requests_per_minute), "`service.requests_per_minute` is not in 0 to 6000"),
        (!(0.0..=1.0).contains(&service.error_rate), "`service.error_rate` is not in 0 to 1"),
        (!(0.0..1.0).contains(&service.noise.diurnal), "`service.noise.diurnal` is not in 0 to 1"),
        (service.scrape.secs() == 0, "`service.scrape` is nothing"),
        (service.routes.is_empty(), "`service.routes` is empty"),
        (!rising(&service.latency), "`service.latency` does not rise to a share of 1"),
        (
            scenario.scoring.detect.zero_from <= scenario.scoring.detect.full_until,
            "`scoring.detect`: T2 is not after T1",
        ),
        (
            scenario.scoring.decide.zero_from <= scenario.scoring.decide.full_until,
            "`scoring.decide`: T2 is not after T1",
        ),
    ];
    rules.into_iter().find_map(|(broken, what)| broken.then_some(what))
}

fn rising(latency: &[(f64, f64)]) -> bool {
    let pairs = latency.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
    pairs && latency.first().is_some_and(|first| first.0 > 0.0) && latency.last().is_some_and(|last| last.1 == 1.0)
}

fn events(scenario: &Scenario) -> Option<(usize, String)> {
    let mut last = 0;
    for event in &scenario.events {
        let at = event.get_ref().at;
        if at > scenario.length {
            return Some((start(event), format!("this event, at {at}, is after the end at {}", scenario.length)));
        }
        if at.secs() < last {
            return Some((start(event), format!("this event, at {at}, stands behind a later one")));
        }
        last = at.secs();
    }
    None
}

fn pins(scenario: &Scenario) -> Option<(usize, String)> {
    for track in [TrackName::Stable, TrackName::Canary] {
        let (mut seconds, mut requests, mut errors) = (0, 0, 0);
        for pin in scenario.pins.iter().filter(|pin| pin.get_ref().track == track) {
            let it = pin.get_ref();
            let falls = it.at.secs() <= seconds || it.requests < requests || it.errors < errors;
            if falls || it.errors - errors > it.requests - requests {
                return Some((start(pin), format!("this pin, at {}, contradicts the one before it", it.at)));
            }
            (seconds, requests, errors) = (it.at.secs(), it.requests, it.errors);
        }
    }
    None
}

fn start<T>(spanned: &Spanned<T>) -> usize {
    spanned.span().start
}

/// Line and column of a byte, both from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

fn nearest(name: &str) -> String {
    EMBEDDED
        .iter()
        .map(|(id, _)| (strsim::jaro_winkler(name, id), id))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.7)
        .map_or_else(String::new, |(_, id)| format!(" (did you mean `{id}`?)"))
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
