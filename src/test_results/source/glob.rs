//! Files under a folder that match a glob, and the folders where a match may appear.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// Folder entries that are looked at, over all patterns.
const ENTRIES: usize = 50_000;
/// Files that are kept.
const FILES: usize = 20_000;
/// Folders that are remembered for watching.
const FOLDERS: usize = 512;
/// Folders inside each other under `**`.
const DEPTH: usize = 32;
/// Folders that `**` does not enter.
const CLOSED: [&str; 3] = [".git", "node_modules", ".venv"];

/// What was found so far.
#[derive(Debug, Default)]
pub struct Found {
    /// Regular files.
    pub files: Vec<PathBuf>,
    /// Folders that were looked at.
    pub folders: BTreeSet<PathBuf>,
    /// Whether a limit was met: there may be more.
    pub limited: bool,
    entries: usize,
}

impl Found {
    /// Adds what matches `pattern` under `root`. A pattern that is no glob is taken as it stands.
    pub fn add(&mut self, root: &Path, pattern: &str) {
        let (start, rest) = match pattern.strip_prefix('/') {
            Some(rest) => (Path::new("/"), rest),
            None => (root, pattern),
        };
        let parts: Vec<&str> = rest.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        self.walk(start, &parts, 0);
    }

    fn walk(&mut self, folder: &Path, parts: &[&str], depth: usize) {
        let Some((part, rest)) = parts.split_first() else { return };
        if *part == "**" {
            self.walk(folder, rest, depth);
            self.descend(folder, parts, depth);
        } else if part.contains(['*', '?', '[', '{']) {
            self.list(folder, part, rest, depth);
        } else {
            self.note(folder);
            self.step(folder.join(part), rest, depth);
        }
    }

    fn note(&mut self, folder: &Path) {
        if self.folders.len() < FOLDERS && folder.is_dir() {
            self.folders.insert(folder.to_owned());
        }
    }

    fn step(&mut self, path: PathBuf, rest: &[&str], depth: usize) {
        if !rest.is_empty() {
            if path.is_dir() {
                self.walk(&path, rest, depth);
            }
        } else if path.is_file() {
            if self.files.len() < FILES {
                self.files.push(path);
            } else {
                self.limited = true;
            }
        }
    }

    fn list(&mut self, folder: &Path, part: &str, rest: &[&str], depth: usize) {
        let Some(matcher) = matcher(part) else { return };
        let is_hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".") && !part.starts_with('.');
        for entry in self.entries(folder) {
            if matcher.is_match(&entry) && !is_hidden(&entry) {
                self.step(folder.join(entry), rest, depth);
            }
        }
    }

    fn descend(&mut self, folder: &Path, parts: &[&str], depth: usize) {
        if depth == DEPTH {
            self.limited = true;
            return;
        }
        for entry in self.entries(folder) {
            let path = folder.join(&entry);
            let is_folder = path.symlink_metadata().is_ok_and(|m| m.is_dir());
            if is_folder && !CLOSED.iter().any(|closed| entry == *closed) {
                self.walk(&path, parts, depth + 1);
            }
        }
    }

    fn entries(&mut self, folder: &Path) -> Vec<std::ffi::OsString> {
        self.note(folder);
        let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
        let room = ENTRIES.saturating_sub(self.entries);
        let names: Vec<_> = listing.filter_map(|entry| Some(entry.ok()?.file_name())).take(room).collect();
        self.entries += names.len();
        self.limited |= names.len() == room;
        names
    }
}

fn matcher(part: &str) -> Option<GlobMatcher> {
    Some(GlobBuilder::new(part).literal_separator(true).build().ok()?.compile_matcher())
}

#[cfg(test)]
#[path = "glob_tests.rs"]
mod tests;
