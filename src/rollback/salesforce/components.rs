//! Which component a file is part of, by `assets/salesforce_metadata.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../../assets/salesforce_metadata.toml")).unwrap_or_default());

/// What stands behind the name and the suffix of whatever is described beside its content.
const META: &str = "-meta.xml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    ignored: Ignored,
    #[serde(rename = "type")]
    kinds: Vec<Kind>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ignored {
    names: Vec<String>,
    folders: Vec<String>,
    suffixes: Vec<String>,
}

/// A type of metadata.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// As manifests write it.
    pub name: String,
    folder: String,
    #[serde(default)]
    parent: String,
    #[serde(default)]
    suffix: String,
    #[serde(default)]
    shape: Shape,
    /// What a rollback leaves of one that came back.
    pub stays: Option<String>,
    /// Why one that was added cannot be deleted.
    pub remains: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Shape {
    #[default]
    File,
    Bundle,
    Nested,
    Child,
}

/// A component: its type and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    /// The type.
    pub kind: String,
    /// The name, as manifests write it.
    pub name: String,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A part of a component.
    Part(Component),
    /// Nothing that is deployed.
    Ignored,
    /// Nobody knows.
    Unknown,
}

/// What the table says of a type.
pub fn kind(name: &str) -> Option<&'static Kind> {
    TABLE.kinds.iter().find(|kind| kind.name == name)
}

/// What the file at a path, with `/` between its folders, is part of.
pub fn find(path: &str) -> Found {
    let parts: Vec<&str> = path.split('/').collect();
    let Some((file, folders)) = parts.split_last() else { return Found::Unknown };
    let Ignored { names, folders: ignored, suffixes } = &TABLE.ignored;
    let is_ignored = names.iter().any(|name| name == file)
        || suffixes.iter().any(|suffix| file.ends_with(suffix.as_str()))
        || folders.iter().any(|folder| ignored.iter().any(|it| it == folder));
    if is_ignored {
        return Found::Ignored;
    }
    // The last folder of that name: whoever calls a package directory `classes` means no class by it.
    let places = folders.iter().enumerate().rev();
    let found = places.flat_map(|(at, folder)| {
        let below = parts.get(at + 1..).unwrap_or_default();
        TABLE.kinds.iter().filter(move |kind| kind.folder == **folder).filter_map(move |kind| kind.name_of(below))
    });
    found.min_by_key(|(_, is_exact)| !is_exact).map_or(Found::Unknown, |(component, _)| Found::Part(component))
}

impl Kind {
    /// The component of this type that a file below its folder belongs to, and whether nothing else can be meant.
    fn name_of(&self, below: &[&str]) -> Option<(Component, bool)> {
        let (file, between) = below.split_last()?;
        let stem = || {
            let plain = file.strip_suffix(META).unwrap_or(file);
            plain.strip_suffix(self.suffix.as_str())?.strip_suffix('.').filter(|stem| !stem.is_empty())
        };
        let (name, is_exact) = match self.shape {
            Shape::File => (stem()?.to_owned(), true),
            Shape::Nested => match between {
                // The folder itself, which is described beside it.
                [] => (file.strip_suffix(META)?.split('.').next()?.to_owned(), true),
                _ => (format!("{}/{}", between.join("/"), stem()?), true),
            },
            Shape::Child => match between {
                [object, parent] if *parent == self.parent => (format!("{object}.{}", stem()?), true),
                _ => return None,
            },
            // A folder of its own, or a file with the name beside its description.
            Shape::Bundle => match between.first() {
                Some(name) => ((*name).to_owned(), false),
                None => (file.split('.').next().filter(|name| !name.is_empty())?.to_owned(), false),
            },
        };
        Some((Component { kind: self.name.clone(), name }, is_exact))
    }
}

/// Whether a component can be deleted by a manifest; why not, if it cannot.
pub fn remains(component: &Component) -> Option<&'static str> {
    let is_standard = component.kind == "CustomObject" && !component.name.contains("__");
    if is_standard {
        return Some("a standard object cannot be deleted");
    }
    kind(&component.kind).map_or(Some("its type is not known"), |kind| kind.remains.as_deref())
}

#[cfg(test)]
mod tests;
