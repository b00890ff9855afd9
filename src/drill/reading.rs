//! Reading the files of a drill: scenarios and scripts, with everything that is wrong and where.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::config::check::Fault;
use crate::config::problem::{ConfigError, Problem};
use crate::config::{self, shape};
use crate::evidence::text::clean;

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

/// Reads a file of a drill, whatever it holds, from its text, and has it checked.
pub fn values<T: DeserializeOwned>(
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
pub fn text_of(path: &Path) -> Result<String, ScenarioError> {
    let missing = || ConfigError::whole(&name(path), "there is no such file");
    Ok(config::load::read(path)?.ok_or_else(missing)?)
}

/// What a file is called in messages.
pub fn name(path: &Path) -> String {
    clean(&path.display().to_string())
}
