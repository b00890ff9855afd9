//! What `.gitattributes` says of the changed files. `git check-attr` reads files and runs nothing; it is not even
//! started where no attributes file mentions what is asked for.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::repository::Repo;
use super::trouble::Trouble;
use crate::change::patch::Entry;
use crate::evidence::Oid;

/// Folders that are looked into for an attributes file; beyond that git is asked right away.
const FOLDERS: usize = 500;

/// What is said of one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) generated: Option<bool>,
    pub(super) vendored: Option<bool>,
    pub(super) lfs: bool,
}

/// The attributes of changed files, by the bytes of their paths. A bare repository has them in the commit alone.
pub(super) fn of(repo: &Repo, list: &[Entry], head: &Oid) -> Result<HashMap<Vec<u8>, Attributes>, Trouble> {
    if list.is_empty() || !mentioned(repo, list) {
        return Ok(HashMap::new());
    }
    let source = format!("--source={head}");
    let mut args = vec!["check-attr", "-z", "--stdin"];
    if repo.place.workdir.is_none() {
        args.push(&source);
    }
    args.extend(["linguist-generated", "linguist-vendored", "filter"]);
    let mut input = Vec::new();
    for entry in list {
        input.extend_from_slice(&entry.path);
        input.push(0);
    }
    match repo.git.filter(&args, &input) {
        Ok(output) => Ok(read(&output)),
        // An older git cannot read attributes from a commit: then paths alone tell.
        Err(_) if repo.place.workdir.is_none() => Ok(HashMap::new()),
        Err(trouble) => Err(trouble),
    }
}

fn read(output: &[u8]) -> HashMap<Vec<u8>, Attributes> {
    let mut found: HashMap<Vec<u8>, Attributes> = HashMap::new();
    let fields: Vec<&[u8]> = output.split(|b| *b == 0).collect();
    for triple in fields.chunks_exact(3) {
        let attributes = found.entry(triple[0].to_owned()).or_default();
        let said = match triple[2] {
            b"set" | b"true" => Some(true),
            b"unset" | b"false" => Some(false),
            _ => None,
        };
        match triple[1] {
            b"linguist-generated" => attributes.generated = said,
            b"linguist-vendored" => attributes.vendored = said,
            _ => attributes.lfs = triple[2] == b"lfs",
        }
    }
    found
}

fn mentioned(repo: &Repo, list: &[Entry]) -> bool {
    let Some(workdir) = &repo.place.workdir else { return true };
    let mut folders = BTreeSet::from([Path::new("")]);
    for entry in list {
        folders.extend(Path::new(OsStr::from_bytes(&entry.path)).ancestors().skip(1));
        if folders.len() > FOLDERS {
            return true;
        }
    }
    folders.iter().any(|folder| says_something(&workdir.join(folder).join(".gitattributes")))
        || says_something(&repo.place.commondir.join("info/attributes"))
}

fn says_something(file: &Path) -> bool {
    let Ok(text) = std::fs::read(file) else { return false };
    [b"linguist-".as_slice(), b"filter="].iter().any(|word| text.windows(word.len()).any(|it| it == *word))
}
