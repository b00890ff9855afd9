//! What the properties of suites say of the circumstances of a run.

use super::Attributes;
use crate::evidence::Oid;
use crate::test_results::tally::{self, Circumstances};

/// Bytes kept of a property's name or value.
const CAP: usize = 256;

/// The properties that were seen outside of cases.
#[derive(Debug, Default)]
pub struct Properties {
    /// What they say together.
    pub said: Circumstances,
    /// Whether two of them name different commits.
    pub contradict: bool,
    name: String,
    value: String,
    /// Depths of open suites with a property that names the commit.
    covered: Vec<usize>,
}

impl Properties {
    /// A property begins.
    pub fn open(&mut self, attributes: &Attributes<'_>) {
        self.name.clear();
        self.value.clear();
        let Some(name) = attributes.get("name") else { return };
        if Meaning::of(&name).is_some() {
            self.name.push_str(tally::cut(&name, CAP));
            self.value.push_str(tally::cut(&attributes.get("value").unwrap_or_default(), CAP));
        }
    }

    /// Its value, where that is not an attribute.
    pub fn text(&mut self, text: &str) {
        if !self.name.is_empty() {
            self.value.push_str(tally::cut(text, CAP.saturating_sub(self.value.len())));
        }
    }

    /// It ends, in a suite at this depth. Returns what is wrong with it.
    pub fn close(&mut self, depth: usize) -> Option<String> {
        let meaning = Meaning::of(&self.name)?;
        let value = self.value.trim();
        match meaning {
            Meaning::Commit => return self.commit(depth),
            Meaning::ExitCode => self.said.exit_code = worse_code(self.said.exit_code, value.parse().ok()),
            Meaning::Dirty => {
                let dirty = !matches!(value, "false" | "0" | "no");
                self.said.dirty = Some(dirty || self.said.dirty == Some(true));
            }
        }
        None
    }

    fn commit(&mut self, depth: usize) -> Option<String> {
        let value = self.value.trim();
        let Some(oid) = Oid::parse(value) else {
            let is_short = (7..40).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_hexdigit());
            return is_short.then(|| format!("property {} is no full commit id: {value}", self.name));
        };
        self.covered.push(depth);
        match &self.said.commit {
            Some(other) if *other != oid => {
                self.contradict = true;
                Some(format!("properties name two commits, {} and {}", other.short(), oid.short()))
            }
            _ => {
                self.said.commit = Some(oid);
                None
            }
        }
    }

    /// A suite at this depth ends. Returns whether a property in it named the commit.
    pub fn leave(&mut self, depth: usize) -> bool {
        let is_covered = self.covered.contains(&depth);
        self.covered.retain(|d| *d < depth);
        is_covered
    }
}

enum Meaning {
    Commit,
    ExitCode,
    Dirty,
}

impl Meaning {
    fn of(name: &str) -> Option<Self> {
        const COMMIT: [&str; 16] = [
            "git.commit",
            "git.commit.id",
            "git.commit.sha",
            "git.sha",
            "git.revision",
            "git_commit",
            "git_sha",
            "commit",
            "commit.sha",
            "commit_sha",
            "commit.id",
            "sha",
            "revision",
            "vcs.revision",
            "github_sha",
            "ci_commit_sha",
        ];
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        if COMMIT.iter().any(|known| is(known)) {
            Some(Self::Commit)
        } else if ["exit_code", "exit.code", "exitcode"].iter().any(|known| is(known)) {
            Some(Self::ExitCode)
        } else if ["git.dirty", "git_dirty", "dirty"].iter().any(|known| is(known)) {
            Some(Self::Dirty)
        } else {
            None
        }
    }
}

/// The worse of two exit codes; one that cannot be read is a failure.
fn worse_code(old: Option<i32>, new: Option<i32>) -> Option<i32> {
    let new = new.unwrap_or(-1);
    Some(old.filter(|code| *code != 0).unwrap_or(new))
}
