//! What `.gitattributes` says of the changed files. `git check-attr` reads files and runs nothing; it is not even
//! started where no attributes file mentions what is asked for.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::repository::Repo;
use super::trouble::Trouble;
use crate::change::patch::Entry;
use crate::evidence::Oid;

/// Folders that are looked into for an attributes file; beyond that git is asked right away.
const FOLDERS: usize = 500;

/// The name of a folder's attributes file.
const ATTRIBUTES: &str = ".gitattributes";

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
    const ASKED: [&[u8]; 2] = [b"linguist-", b"filter="];
    let Some(workdir) = &repo.place.workdir else { return true };
    let Some(folders) = folders(list) else { return true };
    folders.iter().any(|folder| mentions(&workdir.join(folder).join(ATTRIBUTES), &ASKED))
        || mentions(&repo.place.commondir.join("info/attributes"), &ASKED)
}

/// The folders that the files are in; `None` when they are too many.
fn folders(list: &[Entry]) -> Option<BTreeSet<&Path>> {
    let mut folders = BTreeSet::from([Path::new("")]);
    for entry in list {
        folders.extend(Path::new(OsStr::from_bytes(&entry.path)).ancestors().skip(1));
        if folders.len() > FOLDERS {
            return None;
        }
    }
    Some(folders)
}

fn mentions(file: &Path, words: &[&[u8]]) -> bool {
    let Ok(text) = std::fs::read(file) else { return false };
    words.iter().any(|word| text.windows(word.len()).any(|it| it == *word))
}

/// Whether any attributes file that git would look into could say how these files' lines are compared. One that the work
/// tree lost is looked for in the commit, as git looks for it in the index.
pub(super) fn may_decide_about_lines(
    repo: &Repo,
    library: &git2::Repository,
    list: &[Entry],
    head: &Oid,
) -> Result<bool, git2::Error> {
    const DECIDING: [&[u8]; 3] = [b"diff", b"binary", b"[attr]"];
    let (Some(workdir), Some(folders)) = (&repo.place.workdir, folders(list)) else { return Ok(true) };
    let mut outside = vec![repo.place.commondir.join("info/attributes"), "/etc/gitattributes".into()];
    outside.push(of_the_user(library)?);
    if outside.iter().any(|file| mentions(file, &DECIDING)) {
        return Ok(true);
    }
    let tree = library.find_commit(git2::Oid::from_str(head.as_str())?)?.tree()?;
    let decides = |folder: &Path| {
        let name = folder.join(ATTRIBUTES);
        let file = workdir.join(&name);
        if file.symlink_metadata().is_ok() { mentions(&file, &DECIDING) } else { tree.get_path(&name).is_ok() }
    };
    Ok(folders.into_iter().any(decides))
}

/// Where the user's own attributes are.
fn of_the_user(library: &git2::Repository) -> Result<PathBuf, git2::Error> {
    match library.config()?.get_path("core.attributesfile") {
        Ok(path) => Ok(path),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(user_folder().join("git/attributes")),
        Err(error) => Err(error),
    }
}

fn user_folder() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config"))).unwrap_or_default()
}
