//! What a path says about a change: the classes of `assets/path_classes.toml`.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

/// The classes that the program knows by name.
pub mod names {
    /// Tests: their lines are counted apart.
    pub const TEST: &str = "test";
    /// `linguist-generated`
    pub const GENERATED: &str = "generated";
    /// `linguist-vendored`
    pub const VENDORED: &str = "vendored";
    /// A large binary, a submodule or an LFS file.
    pub const OPAQUE: &str = "opaque";
    /// A rename without an edit.
    pub const MOVED: &str = "moved";
    /// Nothing but whitespace.
    pub const WHITESPACE: &str = "whitespace";
    /// Nothing but version numbers.
    pub const VERSION: &str = "version";
}

const DEFAULTS: &str = include_str!("../../assets/path_classes.toml");

/// All classes, ready to look paths up in.
#[derive(Debug, Clone)]
pub struct Classes {
    list: Vec<Class>,
    globs: GlobSet,
    /// The class of each glob, and whether the glob takes a path out of it.
    owners: Vec<(usize, bool)>,
}

/// A class of paths.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// As it is printed.
    pub name: String,
    /// What it is, within a sentence.
    pub text: String,
    /// Of diff risk v1.
    #[serde(default)]
    pub points: u32,
    /// What a rollback of such a change is.
    #[serde(default)]
    pub rollback: Reversal,
    /// Whether its lines are core lines.
    #[serde(default)]
    pub core: Core,
    /// How a commit that touches it is flagged.
    pub flag: Option<String>,
    /// Its paths.
    pub globs: Vec<String>,
    /// What is no such path after all.
    #[serde(default)]
    pub not: Vec<String>,
    /// Only when the file is deleted.
    #[serde(default)]
    pub deleted: bool,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    class: Vec<Class>,
}

impl Classes {
    /// The classes that come with the program.
    pub fn defaults() -> Self {
        Self::read(DEFAULTS).expect("a test reads the embedded classes")
    }

    /// Reads classes in the format of `assets/path_classes.toml`.
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn read(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut builder = GlobSetBuilder::new();
        let mut owners = Vec::new();
        for (place, class) in file.class.iter().enumerate() {
            let globs = class.globs.iter().map(|glob| (glob, false)).chain(class.not.iter().map(|glob| (glob, true)));
            for (glob, excludes) in globs {
                // Both sides in lower case: globs without regard to case would all become one large automaton.
                let glob = GlobBuilder::new(&glob.to_ascii_lowercase()).literal_separator(true).build();
                builder.add(glob.map_err(|error| format!("class {}: {error}", class.name))?);
                owners.push((place, excludes));
            }
        }
        let globs = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { list: file.class, globs, owners })
    }

    /// The classes of a path, in the order of the file.
    pub fn of(&self, path: &str, deleted: bool) -> Vec<&Class> {
        let mut found = vec![None; self.list.len()];
        for glob in self.globs.matches(path.to_ascii_lowercase()) {
            let (class, excludes) = self.owners[glob];
            found[class] = Some(found[class].unwrap_or(true) && !excludes);
        }
        let applies = |(class, found): &(&Class, Option<bool>)| *found == Some(true) && (deleted || !class.deleted);
        self.list.iter().zip(found).filter(applies).map(|(class, _)| class).collect()
    }

    /// A class by its name.
    pub fn named(&self, name: &str) -> Option<&Class> {
        self.list.iter().find(|class| class.name == name)
    }

    /// Whether lines of a file of these classes are core lines: `No` wins over `Test`, which wins over `Yes`.
    pub fn core(&self, classes: &[String]) -> Core {
        let of = |name: &String| self.named(name).map_or(Core::Yes, |class| class.core);
        let all: Vec<Core> = classes.iter().map(of).collect();
        [Core::No, Core::Test].into_iter().find(|it| all.contains(it)).unwrap_or(Core::Yes)
    }
}

#[cfg(test)]
#[path = "classes_tests.rs"]
mod tests;
