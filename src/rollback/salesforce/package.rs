//! What the package brings back and what it deletes, and its manifests.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::escape::escape;
use sha2::{Digest, Sha256};

use super::components::{self, Component, Found};
use crate::evidence::text::clean;

/// How many names a message shows.
const NAMED: usize = 3;

/// The members of each type.
pub type Members = BTreeMap<String, BTreeSet<String>>;

/// The files of one side: a path in the project, and the hash of what it holds.
pub type Files = BTreeMap<String, String>;

/// A package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    /// What comes back.
    pub restores: Members,
    /// What is deleted.
    pub removes: Members,
    /// The files that are deployed.
    pub files: Files,
    /// What comes back by no deployment.
    pub warnings: Vec<String>,
}

impl Package {
    /// From what an org has to what it is to have: the files below the package directories at each commit.
    ///
    /// # Errors
    /// When a file that differs is part of nothing that is known, or nothing differs. In words.
    pub fn between(from: &Files, to: &Files) -> Result<Self, String> {
        refuse_unknown(from, to)?;
        let (old, new) = (by_component(to), by_component(from));
        let mut package = Self::default();
        let mut kept = BTreeSet::new();
        for (component, files) in old.iter().filter(|(component, files)| new.get(component) != Some(files)) {
            add(&mut package.restores, component);
            package.files.extend(files.iter().map(|(path, hash)| ((*path).clone(), (*hash).clone())));
            kept.extend(components::kind(&component.kind).and_then(|kind| kind.stays.clone()));
        }
        let added: Vec<&Component> = new.keys().filter(|component| !old.contains_key(component)).collect();
        for component in &added {
            match components::remains(component) {
                Some(why) => {
                    kept.insert(format!("{} {} was added and stays: {why}", component.kind, clean(&component.name)));
                }
                // What is part of an object goes with it.
                None if !is_part_of(component, &added) => add(&mut package.removes, component),
                None => {}
            }
        }
        if package.removes.contains_key("CustomObject") {
            kept.insert("an object that is deleted takes its records with it".into());
        }
        package.warnings = kept.into_iter().collect();
        if package.restores.is_empty() && package.removes.is_empty() {
            return Err(match package.warnings.is_empty() {
                true => "no component of the package directories differs: there is nothing to take back".into(),
                false => format!("nothing of it can be taken back: {}", package.warnings.join("; ")),
            });
        }
        Ok(package)
    }

    /// SHA-256 over all that is deployed, in hexadecimal.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (path, content) in &self.files {
            hash.update(format!("{path}\0{content}\n"));
        }
        hash.update(manifest(&self.removes, None));
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A manifest, for this version of the API.
pub fn manifest(members: &Members, version: Option<&str>) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text += "<Package xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n";
    for (kind, names) in members {
        text += "    <types>\n";
        for name in names {
            text += &format!("        <members>{}</members>\n", escape(name.as_str()));
        }
        text += &format!("        <name>{}</name>\n    </types>\n", escape(kind.as_str()));
    }
    if let Some(version) = version {
        text += &format!("    <version>{}</version>\n", escape(version));
    }
    text + "</Package>\n"
}

/// `ApexClass Cart, CartTest; Flow Send`.
pub fn words(members: &Members) -> String {
    let of = |(kind, names): (&String, &BTreeSet<String>)| {
        let shown: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        clean(&format!("{kind} {}{more}", shown.join(", ")))
    };
    members.iter().map(of).collect::<Vec<_>>().join("; ")
}

fn refuse_unknown(from: &Files, to: &Files) -> Result<(), String> {
    let paths: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let differs = paths.into_iter().filter(|path| from.get(*path) != to.get(*path));
    let unknown: Vec<String> =
        differs.filter(|path| components::find(path) == Found::Unknown).map(|path| clean(path)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let more = unknown.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named = unknown.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
    Err(format!("which component {named}{more} is part of is not known: list the steps of this rollback yourself"))
}

fn by_component(files: &Files) -> BTreeMap<Component, BTreeMap<&String, &String>> {
    let mut found: BTreeMap<Component, BTreeMap<&String, &String>> = BTreeMap::new();
    for (path, content) in files {
        if let Found::Part(component) = components::find(path) {
            found.entry(component).or_default().insert(path, content);
        }
    }
    found
}

fn add(members: &mut Members, component: &Component) {
    members.entry(component.kind.clone()).or_default().insert(component.name.clone());
}

/// Whether the object of a field, or of something else that is part of one, is among these.
fn is_part_of(component: &Component, others: &[&Component]) -> bool {
    let object = component.name.split('.').next().unwrap_or_default();
    component.kind != "CustomObject"
        && component.name.contains('.')
        && others.iter().any(|other| other.kind == "CustomObject" && other.name == object)
}

#[cfg(test)]
mod tests;
