//! The scenarios that the program carries, and reading one from a file.

use std::path::Path;

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::check::check;
use super::scenario::Scenario;
use crate::config::check::Fault;
use crate::config::problem::{ConfigError, Problem};
use crate::config::{self, shape};
use crate::evidence::text::clean;
use crate::journal::record::hex;

/// The scenario files that the program carries: id and text.
const EMBEDDED: &[(&str, &str)] = &[
    ("d1-bad-canary", include_str!("../../assets/drills/d1-bad-canary.toml")),
    ("d2-slow-leak", include_str!("../../assets/drills/d2-slow-leak.toml")),
    ("d3-red-herring", include_str!("../../assets/drills/d3-red-herring.toml")),
    ("d4-blind", include_str!("../../assets/drills/d4-blind.toml")),
    ("d5-halfway", include_str!("../../assets/drills/d5-halfway.toml")),
    ("d6-stowaways", include_str!("../../assets/drills/d6-stowaways.toml")),
    ("d7-forgotten-back-merge", include_str!("../../assets/drills/d7-forgotten-back-merge.toml")),
    ("d8-upstream", include_str!("../../assets/drills/d8-upstream.toml")),
];

/// Why a scenario cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read, or says something that it cannot say.
    #[error(transparent)]
    Wrong(#[from] ConfigError),
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
    parse(&name(path), &text_of(path)?)
}

/// Reads a scenario from its text; `path` is for the messages.
///
/// # Errors
/// With everything that is wrong with it, each with line and column.
pub fn parse(path: &str, text: &str) -> Result<Scenario, ScenarioError> {
    let mut scenario = values(path, text, check)?;
    scenario.sha256 = hex(&Sha256::digest(text));
    Ok(scenario)
}

/// Reads a file of a drill, whatever it holds, from its text, and has it checked.
pub(super) fn values<T: DeserializeOwned>(
    path: &str,
    text: &str,
    check: impl Fn(&T) -> Vec<Fault>,
) -> Result<T, ScenarioError> {
    let shaped = shape::read::<T>(text);
    let mut problems = shaped.problems;
    for fault in shaped.value.iter().flat_map(check) {
        problems.push(Problem::at(text, shape::span(&shaped.table, &fault.path), &fault.what));
    }
    match shaped.value {
        Some(value) if problems.is_empty() => Ok(value),
        _ => {
            problems.sort_by_key(|problem| (problem.line, problem.column));
            Err(ConfigError { file: path.to_owned(), problems, whole: None }.into())
        }
    }
}

/// The text of a file that is small and ordinary.
pub(super) fn text_of(path: &Path) -> Result<String, ScenarioError> {
    let missing = || ConfigError::whole(&name(path), "there is no such file");
    Ok(config::load::read(path)?.ok_or_else(missing)?)
}

/// What a file is called in messages.
pub(super) fn name(path: &Path) -> String {
    clean(&path.display().to_string())
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
