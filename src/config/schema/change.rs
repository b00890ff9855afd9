//! `[change]`: what paths say about a change.

use serde::{Deserialize, Serialize};

/// `[change]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    /// Classes of paths, besides those that come with the program; one with the name of such a class changes it.
    pub classes: Vec<PathClass>,
}

/// `[[change.classes]]`, and `[[class]]` in `assets/path_classes.toml`. What is left out stays as it is in the class of
/// that name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathClass {
    /// As it is printed.
    pub name: String,
    /// What it is, within a sentence: "touches ...".
    pub text: Option<String>,
    /// Of diff risk v1; 0 takes a class out of it.
    pub points: Option<u32>,
    /// What a rollback of such a change is.
    pub rollback: Option<Reversal>,
    /// Whether its lines are core lines.
    pub core: Option<Core>,
    /// How a commit that touches it is flagged where a rollback would undo it.
    pub flag: Option<Flag>,
    /// Its paths: `*` within a folder, `**` across folders, without regard to case.
    pub globs: Option<Vec<String>>,
    /// What is no such path after all.
    pub not: Option<Vec<String>>,
    /// Only when the file is deleted.
    pub deleted: Option<bool>,
}

/// What going back behind a change gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reversal {
    /// What was before.
    #[default]
    Clean,
    /// What was before, with something to be done by hand.
    Compensating,
    /// Perhaps not what was before: schema or data changed.
    Unsafe,
}

/// Whether lines are core lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Core {
    /// They are.
    #[default]
    Yes,
    /// They are not.
    No,
    /// They are counted apart.
    Test,
}

/// What makes a commit worth a second look before it is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flag {
    /// Another fix.
    Fix,
    /// Security.
    Security,
    /// A migration.
    Migration,
    /// Something was deleted.
    Destructive,
    /// A feature flag.
    Flag,
}

impl Flag {
    /// As the JSON has it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Fix => "fix",
            Self::Security => "security",
            Self::Migration => "migration",
            Self::Destructive => "destructive",
            Self::Flag => "flag",
        }
    }
}

const DEFAULTS: &str = include_str!("../../../assets/path_classes.toml");

/// The classes that come with the program.
pub fn default_classes() -> Vec<PathClass> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        class: Vec<PathClass>,
    }
    toml::from_str::<File>(DEFAULTS).expect("a test reads the embedded classes").class
}
