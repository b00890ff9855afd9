//! What a path says about a change: the classes of `assets/path_classes.toml`, and those of `[change]`.

use std::collections::HashMap;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::config::schema::{PathClass, default_classes};

pub use crate::config::schema::{Core, Flag, Reversal};

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

/// All classes, ready to look paths up in.
#[derive(Debug, Clone)]
pub struct Classes {
    list: Vec<Class>,
    /// The globs `**/name/**`, most of all, by that name: as a glob each would make the automaton larger.
    folders: HashMap<String, Vec<usize>>,
    globs: GlobSet,
    /// The class of each glob, and whether the glob takes a path out of it.
    owners: Vec<(usize, bool)>,
}

/// A class of paths.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Class {
    /// As it is printed.
    pub name: String,
    /// What it is, within a sentence.
    pub text: String,
    /// Of diff risk v1.
    pub points: u32,
    /// What a rollback of such a change is.
    pub rollback: Reversal,
    /// Whether its lines are core lines.
    pub core: Core,
    /// How a commit that touches it is flagged.
    pub flag: Option<Flag>,
    globs: Vec<String>,
    not: Vec<String>,
    /// Only when the file is deleted.
    deleted: bool,
}

impl Class {
    /// Takes over what is said.
    fn say(&mut self, said: &PathClass) {
        fn set<T: Clone>(value: &mut T, said: &Option<T>) {
            if let Some(said) = said {
                said.clone_into(value);
            }
        }
        if self.text.is_empty() {
            self.text.clone_from(&said.name);
        }
        said.name.clone_into(&mut self.name);
        set(&mut self.text, &said.text);
        set(&mut self.points, &said.points);
        set(&mut self.rollback, &said.rollback);
        set(&mut self.core, &said.core);
        set(&mut self.globs, &said.globs);
        set(&mut self.not, &said.not);
        set(&mut self.deleted, &said.deleted);
        self.flag = said.flag.or(self.flag);
    }
}

impl Classes {
    /// The classes that come with the program, with what a configuration says of them and of its own.
    pub fn new(own: &[PathClass]) -> Self {
        let mut list: Vec<Class> = Vec::new();
        for said in default_classes().iter().chain(own) {
            match list.iter_mut().find(|class| class.name == said.name) {
                Some(class) => class.say(said),
                None => {
                    let mut class = Class::default();
                    class.say(said);
                    list.push(class);
                }
            }
        }
        let (mut builder, mut owners) = (GlobSetBuilder::new(), Vec::new());
        let mut folders: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, class) in list.iter_mut().enumerate() {
            class.globs.retain(|glob| match folder(glob) {
                Some(name) => {
                    folders.entry(name.to_ascii_lowercase()).or_default().push(place);
                    false
                }
                None => true,
            });
            let globs = class.globs.iter().map(|glob| (glob, false)).chain(class.not.iter().map(|glob| (glob, true)));
            for (glob, excludes) in globs {
                // Both sides in lower case: globs without regard to case would all become one large automaton. That
                // each is a glob was seen when the configuration was read.
                let Ok(glob) = GlobBuilder::new(&glob.to_ascii_lowercase()).literal_separator(true).build() else {
                    continue;
                };
                builder.add(glob);
                owners.push((place, excludes));
            }
        }
        let globs = builder.build().unwrap_or_else(|_| GlobSet::empty());
        Self { list, folders, globs, owners }
    }

    /// The classes of a path, in the order of the file.
    pub fn of(&self, path: &str, deleted: bool) -> Vec<&Class> {
        let mut found = vec![None; self.list.len()];
        let path = path.to_ascii_lowercase();
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        for class in above.split('/').filter_map(|name| self.folders.get(name)).flatten() {
            found[*class] = Some(true);
        }
        for glob in self.globs.matches(path) {
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

/// The name, when a glob means everything in folders of one name.
fn folder(glob: &str) -> Option<&str> {
    let name = glob.strip_prefix("**/")?.strip_suffix("/**")?;
    (!name.is_empty() && !name.contains(['/', '*', '?', '[', ']', '{', '}', '\\'])).then_some(name)
}

#[cfg(test)]
#[path = "classes_tests.rs"]
mod tests;
