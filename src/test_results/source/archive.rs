//! Results by commit, kept beside the journal: today's HEAD is tomorrow's production.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::evidence::Oid;
use crate::test_results::past::{Case, Past, Source};

/// Commits whose results are kept: those seen last.
const COMMITS: usize = 16;
/// The largest file that is read.
const LARGEST: u64 = 128 << 20;
const FORMAT: u32 = 1;

/// The first line of a file.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: u32,
    subject: Oid,
}

/// A line that begins a source; the lines of its cases follow.
#[derive(Debug, Serialize, Deserialize)]
struct SourceLine {
    source: String,
    tests: u64,
    not_run: u64,
    listed: bool,
    cases: usize,
}

/// The folder of these results.
#[derive(Debug, Clone)]
pub struct Archive(PathBuf);

impl Archive {
    /// In the folder of a repository's state. It need not exist yet.
    pub fn at(state: &Path) -> Self {
        Self(state.join("tests"))
    }

    /// Whether nothing was ever kept.
    pub fn is_empty(&self) -> bool {
        fs::read_dir(&self.0).map_or(true, |entries| !entries.flatten().any(|entry| is_results(&entry.path())))
    }

    /// The results of a commit; `None` if none were kept, or what was kept is damaged.
    pub fn load(&self, commit: &Oid) -> Option<Past> {
        let file = File::open(self.path(commit)).ok()?;
        read(BufReader::new(file.take(LARGEST)), commit)
    }

    /// Adds what was seen at a commit to what was seen there before, and forgets the commits that were seen longest ago.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn store(&self, seen: Past) -> io::Result<()> {
        let Some(commit) = seen.subject.clone().filter(|_| !seen.is_empty()) else { return Ok(()) };
        let before = self.load(&commit);
        let mut all = before.clone().unwrap_or_else(|| Past { subject: Some(commit.clone()), ..Past::default() });
        all.merge(seen);
        if before.as_ref() == Some(&all) {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        let (path, part) = (self.path(&commit), self.0.join(format!("{commit}.{}.part", std::process::id())));
        let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&part)?;
        let mut out = BufWriter::new(file);
        write(&mut out, &commit, &all)?;
        out.into_inner()?.sync_all()?;
        fs::rename(part, path)?;
        self.forget()
    }

    fn path(&self, commit: &Oid) -> PathBuf {
        self.0.join(format!("{commit}.jsonl"))
    }

    fn forget(&self) -> io::Result<()> {
        let entries =
            fs::read_dir(&self.0)?.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_results(path));
        let mut files: Vec<_> =
            entries.filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path))).collect();
        files.sort();
        for (_, path) in files.iter().rev().skip(COMMITS) {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

fn is_results(path: &Path) -> bool {
    path.extension().is_some_and(|ext| ext == "jsonl")
}

fn write(out: &mut impl Write, commit: &Oid, past: &Past) -> io::Result<()> {
    line(out, &Head { format: FORMAT, subject: commit.clone() })?;
    for (name, source) in &past.sources {
        let head = SourceLine {
            source: name.clone(),
            tests: source.tests,
            not_run: source.not_run,
            listed: source.is_listed,
            cases: source.cases.len(),
        };
        line(out, &head)?;
        source.cases.iter().try_for_each(|case| line(out, &case))?;
    }
    Ok(())
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// A file that is not whole, or of another commit, says nothing: half a baseline would make up missing tests.
fn read(input: impl BufRead, commit: &Oid) -> Option<Past> {
    let mut lines = input.lines().map_while(Result::ok);
    let head: Head = serde_json::from_str(&lines.next()?).ok()?;
    if head.format != FORMAT || head.subject != *commit {
        return None;
    }
    let mut past = Past { subject: Some(head.subject), ..Past::default() };
    while let Some(text) = lines.next() {
        let head: SourceLine = serde_json::from_str(&text).ok()?;
        let mut source =
            Source { tests: head.tests, not_run: head.not_run, is_listed: head.listed, ..Source::default() };
        for _ in 0..head.cases {
            let (id, case): (String, Case) = serde_json::from_str(&lines.next()?).ok()?;
            source.cases.insert(id, case);
        }
        past.sources.insert(head.source, source);
    }
    Some(past)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_results::past::Ended;

    fn oid(digit: char) -> Oid {
        Oid::parse(&digit.to_string().repeat(40)).unwrap()
    }

    fn past(commit: char, last: Ended) -> Past {
        let case = Case {
            last,
            passed: last == Ended::Passed,
            failed: last == Ended::Failed,
            millis: Some(12),
            fingerprint: None,
        };
        let cases = std::collections::HashMap::from([("s\u{1f}C\u{1f}a".to_owned(), case)]);
        let source = Source { tests: 1, not_run: 0, is_listed: true, cases };
        Past { subject: Some(oid(commit)), sources: [("unit".to_owned(), source)].into() }
    }

    #[test]
    fn results_come_back_and_remember_that_a_test_once_failed() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::at(folder.path());
        assert!(archive.is_empty() && archive.load(&oid('a')).is_none());
        archive.store(past('a', Ended::Failed)).unwrap();
        assert_eq!(archive.load(&oid('a')), Some(past('a', Ended::Failed)));
        archive.store(past('a', Ended::Passed)).unwrap();
        let case = archive.load(&oid('a')).unwrap().sources["unit"].cases.values().next().unwrap().clone();
        assert!(case.last == Ended::Passed && case.passed && case.failed);
    }

    #[test]
    fn only_the_last_commits_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::at(folder.path());
        for commit in "0123456789abcdef".chars() {
            archive.store(past(commit, Ended::Passed)).unwrap();
        }
        let two = Oid::parse(&"01".repeat(20)).unwrap();
        archive.store(Past { subject: Some(two.clone()), ..past('0', Ended::Passed) }).unwrap();
        assert!(archive.load(&two).is_some());
        assert_eq!(fs::read_dir(folder.path().join("tests")).unwrap().count(), COMMITS);
    }

    #[test]
    fn a_damaged_file_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::at(folder.path());
        archive.store(past('a', Ended::Passed)).unwrap();
        let path = archive.path(&oid('a'));
        let text = fs::read(&path).unwrap();
        for end in 0..text.len() - 1 {
            fs::write(&path, &text[..end]).unwrap();
            let is_whole_without_cases = archive.load(&oid('a')).is_some_and(|past| !past.is_empty());
            assert!(!is_whole_without_cases, "cut at {end}");
        }
    }
}
