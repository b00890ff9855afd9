//! The user's own defaults: `hotfix/config.toml` in the XDG configuration folder. It can neither run nor contact anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy, Xdg};
use serde::Deserialize;

use super::problem::ConfigError;
use super::{load, shape};

/// What a user prefers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct User {
    /// How the journal calls them.
    pub name: Option<String>,
    /// The team that their drills count for.
    pub team: Option<String>,
    /// The name of a theme, or the path of a theme's file.
    pub theme: Option<String>,
    /// No characters beyond ASCII on the screen.
    pub ascii: Option<bool>,
    /// How to call when a clock of the incident turns; not at all without it.
    pub notify: Vec<Way>,
    /// The keys of actions, by the action's id; they replace the default ones.
    pub keys: BTreeMap<String, Keys>,
}

/// A way to call through the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The terminal's bell.
    Bell,
    /// A notification, as iTerm2, WezTerm, Windows Terminal and others take it.
    Osc9,
    /// A notification, as urxvt, foot, Ghostty and others take it.
    Osc777,
}

/// One key or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "a key such as \"ctrl-r\", or a list of keys")]
pub enum Keys {
    /// One.
    One(String),
    /// Several; none turns the action's keys off.
    Several(Vec<String>),
}

impl Keys {
    /// As a list.
    pub fn list(&self) -> &[String] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Several(keys) => keys,
        }
    }
}

/// Where the file is, whether or not it exists.
pub fn path() -> Option<PathBuf> {
    Xdg::new().ok().map(|xdg| xdg.config_dir().join("hotfix/config.toml"))
}

/// Reads the file; the defaults without one.
///
/// # Errors
/// When there is one, and it cannot be used.
pub fn load() -> Result<User, ConfigError> {
    path().map_or_else(|| Ok(User::default()), |path| read(&path))
}

/// Reads this file.
///
/// # Errors
/// When it exists and cannot be used.
pub fn read(path: &Path) -> Result<User, ConfigError> {
    let Some(text) = load::read(path)? else { return Ok(User::default()) };
    let shaped = shape::read::<User>(&text);
    match shaped.value {
        Some(user) if shaped.problems.is_empty() => Ok(user),
        _ => Err(load::error(path, shaped.problems)),
    }
}

#[cfg(test)]
mod tests;
