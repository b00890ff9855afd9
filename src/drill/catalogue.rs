//! The scenarios that the program carries, and reading one from a file.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::check::check;
use super::reading::{ScenarioError, name, text_of, values};
use super::scenario::Scenario;
use super::script::Script;
use crate::evidence::text::clean;
use crate::journal::record::hex;

/// A scenario that the program carries.
struct Embedded {
    id: &'static str,
    text: &'static str,
    /// The script of its ideal run.
    ideal: &'static str,
}

const EMBEDDED: &[Embedded] = &[
    Embedded {
        id: "d1-bad-canary",
        text: include_str!("../../assets/drills/d1-bad-canary.toml"),
        ideal: include_str!("../../assets/drills/ideal/d1.toml"),
    },
    Embedded {
        id: "d2-slow-leak",
        text: include_str!("../../assets/drills/d2-slow-leak.toml"),
        ideal: include_str!("../../assets/drills/ideal/d2.toml"),
    },
    Embedded {
        id: "d3-red-herring",
        text: include_str!("../../assets/drills/d3-red-herring.toml"),
        ideal: include_str!("../../assets/drills/ideal/d3.toml"),
    },
    Embedded {
        id: "d4-blind",
        text: include_str!("../../assets/drills/d4-blind.toml"),
        ideal: include_str!("../../assets/drills/ideal/d4.toml"),
    },
    Embedded {
        id: "d5-halfway",
        text: include_str!("../../assets/drills/d5-halfway.toml"),
        ideal: include_str!("../../assets/drills/ideal/d5.toml"),
    },
    Embedded {
        id: "d6-stowaways",
        text: include_str!("../../assets/drills/d6-stowaways.toml"),
        ideal: include_str!("../../assets/drills/ideal/d6.toml"),
    },
    Embedded {
        id: "d7-forgotten-back-merge",
        text: include_str!("../../assets/drills/d7-forgotten-back-merge.toml"),
        ideal: include_str!("../../assets/drills/ideal/d7.toml"),
    },
    Embedded {
        id: "d8-upstream",
        text: include_str!("../../assets/drills/d8-upstream.toml"),
        ideal: include_str!("../../assets/drills/ideal/d8.toml"),
    },
];

impl Embedded {
    fn scenario(&self) -> Result<Scenario, ScenarioError> {
        let scenario = parse(self.id, self.text)?;
        Ok(Scenario { ideal: Some(Script::parse(&format!("{}, ideal", self.id), self.ideal)?), ..scenario })
    }
}

/// Every embedded scenario, in order.
pub fn all() -> Vec<Scenario> {
    EMBEDDED.iter().filter_map(|it| it.scenario().ok()).collect()
}

/// An embedded scenario by its id or by the part of it before the dash (`d1`), else the file of that path.
///
/// # Errors
/// When there is neither, or the file is no scenario.
pub fn find(name: &str) -> Result<Scenario, ScenarioError> {
    let known = EMBEDDED.iter().find(|it| it.id == name || it.id.split('-').next() == Some(name));
    match known {
        Some(embedded) => embedded.scenario(),
        None if Path::new(name).exists() || name.ends_with(".toml") => load(Path::new(name)),
        None => Err(ScenarioError::Unknown { name: clean(name), hint: nearest(name) }),
    }
}

/// Reads a scenario file, and the script of its ideal run where one stands beside it: `mine.ideal.toml` beside `mine.toml`.
///
/// # Errors
/// When one of them cannot be read, or is not what it should be: with line and column.
pub fn load(path: &Path) -> Result<Scenario, ScenarioError> {
    let scenario = parse(&name(path), &text_of(path)?)?;
    let beside = path.with_extension("ideal.toml");
    let ideal = beside.is_file().then(|| Script::load(&beside)).transpose()?;
    Ok(Scenario { ideal, ..scenario })
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

fn nearest(name: &str) -> String {
    EMBEDDED
        .iter()
        .map(|it| (strsim::jaro_winkler(name, it.id), it.id))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness > 0.7)
        .map_or_else(String::new, |(_, id)| format!(" (did you mean `{id}`?)"))
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
