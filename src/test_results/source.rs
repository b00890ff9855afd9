//! Report files: found by glob, read when they change, watched.

mod glob;
mod lineage;
mod watch;

use std::collections::{HashMap, HashSet};
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

pub use watch::{Handle, start};

use super::green::{self, MAX_AGE_HOURS};
use super::model::{FlakyTest, Report, Run, RunState, TestFailure, Totals, Wanted, Warning};
use super::reader::{self, Parsed};
use crate::config::schema::TestSource;
use crate::evidence::{Evidence, Freshness, Subject, SubjectMatch, text};
use lineage::Lineage;

/// Where test runners leave their reports, for a project that says nothing.
pub const WELL_KNOWN: [&str; 12] = [
    "target/nextest/*/junit.xml",
    "target/surefire-reports/TEST-*.xml",
    "target/failsafe-reports/TEST-*.xml",
    "*/target/surefire-reports/TEST-*.xml",
    "build/test-results/**/*.xml",
    "*/build/test-results/**/*.xml",
    "test-results/**/*.xml",
    "test-reports/**/*.xml",
    "reports/**/*.xml",
    "junit*.xml",
    "test-results.xml",
    "report.xml",
];
/// A report whose end is missing is being written for so long after its last change.
const WRITING: Duration = Duration::from_secs(10);
/// How long what was read may be believed without a look at the files.
const TTL: Duration = Duration::from_secs(90);
/// The largest file that is read.
const LARGEST: u64 = 4 << 30;
/// Bytes kept of all failures of all files: texts are cut beyond it, and beyond four times it failures are counted only.
const BUDGET: usize = 1 << 20;
/// Bytes kept of a failure's text beyond the budget.
const FLOOR: usize = 160;

/// Tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    inode: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { modified: metadata.modified().ok(), len: metadata.len(), inode: metadata.ino() }
    }
}

#[derive(Debug)]
struct Known {
    stamp: Stamp,
    parsed: Parsed,
    last_complete: Option<Totals>,
}

/// What is looked for, and what is known of it.
#[derive(Debug)]
pub struct Reports {
    root: PathBuf,
    wanted: Vec<(Wanted, Vec<String>)>,
    /// Nothing was configured: what is no report is passed over.
    guessed: bool,
    known: HashMap<PathBuf, Known>,
    lineage: Lineage,
    /// Folders that reports were looked for in.
    folders: Vec<PathBuf>,
    /// Files read in the last look.
    reread: usize,
}

impl Reports {
    /// Nothing is read yet. Without sources, the well-known places under `root` are looked at.
    pub fn new(root: &Path, sources: &[TestSource]) -> Self {
        let guessed = sources.is_empty();
        let files = sources.iter().filter(|source| !source.junit.is_empty());
        let wanted = if guessed { vec![well_known()] } else { files.map(wanted).collect() };
        Self {
            root: root.to_owned(),
            wanted,
            guessed,
            known: HashMap::new(),
            lineage: Lineage::new(root),
            folders: Vec::new(),
            reread: 0,
        }
    }

    /// Looks at all files, and reads those that changed. `head` is asked of the repository if it is not given.
    pub fn look(&mut self, head: Option<&Subject>, now: Timestamp) -> Evidence<Report> {
        self.lineage.refresh(head);
        self.reread = 0;
        let mut gathered = Gathered::default();
        let mut found = glob::Found::default();
        let mut present = HashSet::new();
        for (wanted, patterns) in self.wanted.clone() {
            let before = found.files.len();
            patterns.iter().for_each(|pattern| found.add(&self.root, pattern));
            let mut files = found.files.split_off(before);
            files.sort();
            files.dedup();
            for file in files {
                self.look_at(&file, &wanted, now, &mut gathered);
                present.insert(file);
            }
        }
        self.known.retain(|file, _| present.contains(file));
        self.folders = found.folders.into_iter().collect();
        if found.limited {
            gathered.warn("", "too many files under the globs of [[tests]]: not all were looked at");
        }
        let report = self.conclude(gathered);
        let subject = report.subject.clone().map(Subject::commit).unwrap_or_default();
        Evidence { value: report, subject, source: "test reports".into(), observed_at: now, ttl: TTL }
    }

    fn conclude(&self, gathered: Gathered) -> Report {
        let sources = self.wanted.iter().map(|(wanted, _)| wanted.clone());
        let is_found = |wanted: &Wanted| gathered.runs.iter().any(|run| run.name == wanted.name);
        // Well-known places where nothing is are no source; named ones are missed.
        let sources = sources.filter(|wanted| !self.guessed || is_found(wanted)).collect();
        Report { sources, ..Report::of(gathered.runs, gathered.failures, gathered.flaky, gathered.warnings) }
    }

    fn look_at(&mut self, file: &Path, wanted: &Wanted, now: Timestamp, gathered: &mut Gathered) {
        let Ok(metadata) = std::fs::metadata(file) else { return };
        let stamp = Stamp::of(&metadata);
        let is_known = self.known.get(file).is_some_and(|known| known.stamp == stamp);
        if !is_known {
            self.reread += 1;
            let last_complete = self.known.remove(file).and_then(|known| known.complete_totals());
            self.known.insert(file.to_owned(), Known { stamp, parsed: parse(file, &metadata), last_complete });
        }
        let Some(known) = self.known.get_mut(file) else { return };
        if self.guessed && known.parsed.state == RunState::NotAReport {
            return;
        }
        let name = text::clean(&file.strip_prefix(&self.root).unwrap_or(file).to_string_lossy());
        let mut run = run_of(&known.parsed, &wanted.name, &name, stamp.modified, now);
        run.required = wanted.required;
        run.last_complete = known.last_complete;
        self.lineage.trace(&mut run);
        run.freshness = freshness(&run, self.lineage.head(), now);
        gathered.add(run, &mut known.parsed);
    }

    /// Whether a report is being written right now.
    pub fn is_writing(report: &Report) -> bool {
        report.runs.iter().any(|run| run.state == RunState::Writing)
    }

    /// The folders that a new report may appear in.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// How many files the last look read; the others were known.
    pub fn reread(&self) -> usize {
        self.reread
    }
}

impl Known {
    fn complete_totals(self) -> Option<Totals> {
        if self.parsed.state == RunState::Complete { Some(self.parsed.totals) } else { self.last_complete }
    }
}

/// The commit that is checked out at `root`, if that is in a repository.
pub fn head(root: &Path) -> Option<Subject> {
    let mut lineage = Lineage::new(root);
    lineage.refresh(None);
    lineage.head().cloned()
}

/// Looks once.
pub fn read(root: &Path, sources: &[TestSource], head: Option<&Subject>, now: Timestamp) -> Evidence<Report> {
    Reports::new(root, sources).look(head, now)
}

/// Reads files that a person named, in no project: `-` is standard input. No commit is assumed.
pub fn read_files(files: &[PathBuf], directory: &Path, now: Timestamp) -> Report {
    let mut gathered = Gathered::default();
    for file in files {
        let shown = text::clean(&file.to_string_lossy());
        let (mut parsed, modified) = read_named(file, directory);
        let stem = file.file_stem().map_or_else(|| shown.clone(), |stem| text::clean(&stem.to_string_lossy()));
        let name = if shown == "-" { "stdin".to_owned() } else { stem };
        let mut run = run_of(&parsed, &name, &shown, modified, now);
        run.freshness = freshness(&run, None, now);
        gathered.add(run, &mut parsed);
    }
    Report::of(gathered.runs, gathered.failures, gathered.flaky, gathered.warnings)
}

fn read_named(file: &Path, directory: &Path) -> (Parsed, Option<SystemTime>) {
    if file == Path::new("-") {
        return (reader::read(std::io::stdin().lock()), Some(SystemTime::now()));
    }
    let opened = File::open(directory.join(file)).and_then(|open| Ok((open.metadata()?, open)));
    match opened {
        Ok((metadata, _)) if metadata.is_dir() => (Parsed::unreadable("it is a folder"), None),
        Ok((metadata, open)) => (reader::read(open), metadata.modified().ok()),
        Err(error) => (Parsed::unreadable(&error.to_string()), None),
    }
}

fn parse(file: &Path, metadata: &Metadata) -> Parsed {
    if metadata.len() > LARGEST {
        return Parsed::unreadable("larger than 4 GiB");
    }
    match File::open(file) {
        Ok(open) => reader::read(open),
        Err(error) => Parsed::unreadable(&error.to_string()),
    }
}

fn well_known() -> (Wanted, Vec<String>) {
    let patterns: Vec<String> = WELL_KNOWN.iter().map(|p| (*p).to_owned()).collect();
    (Wanted { name: "tests".into(), required: true, patterns: vec!["the well-known places".into()] }, patterns)
}

fn wanted(source: &TestSource) -> (Wanted, Vec<String>) {
    let name = text::clean(&source.name);
    let name = if name.is_empty() { "tests".into() } else { name };
    let patterns = source.junit.iter().map(|p| text::clean(p)).collect();
    (Wanted { name, required: source.required.unwrap_or(true), patterns }, source.junit.clone())
}

fn run_of(parsed: &Parsed, name: &str, source: &str, modified: Option<SystemTime>, now: Timestamp) -> Run {
    let observed_at = modified.and_then(|at| Timestamp::try_from(at).ok()).map(|at| at.min(now));
    let changed = observed_at
        .is_some_and(|at| now.duration_since(at) < jiff::SignedDuration::try_from(WRITING).unwrap_or_default());
    let is_open = parsed.state == RunState::Truncated || parsed.trouble.as_deref() == Some(reader::NO_BYTES);
    Run {
        name: name.to_owned(),
        source: source.to_owned(),
        subject: parsed.said.commit.clone(),
        observed_at,
        freshness: Freshness::Never,
        totals: parsed.totals,
        complete: parsed.state == RunState::Complete,
        state: if changed && is_open && source != "-" { RunState::Writing } else { parsed.state },
        trouble: parsed.trouble.clone(),
        claims_more: parsed.claims_more,
        exit_code: parsed.said.exit_code,
        dirty: parsed.said.dirty,
        tree: None,
        committed_at: None,
        behind: None,
        last_complete: None,
        required: true,
        ci: None,
    }
}

fn freshness(run: &Run, head: Option<&Subject>, now: Timestamp) -> Freshness {
    let is_old = run.observed_at.is_none_or(|at| now.duration_since(at).as_hours() >= MAX_AGE_HOURS);
    let relation = head.map(|head| green::subject(run).relates_to(head));
    match run.state {
        RunState::Writing => Freshness::Loading,
        RunState::Complete if relation == Some(SubjectMatch::Other) => Freshness::Stale,
        RunState::Complete if is_old => Freshness::Stale,
        RunState::Complete => Freshness::Fresh,
        _ => Freshness::Failed,
    }
}

/// What is checked out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkout {
    /// The commit; nothing is known of it outside of a repository.
    pub head: Subject,
    /// The branch, if one is.
    pub branch: Option<String>,
    /// When the commit was made.
    pub committed_at: Option<Timestamp>,
}

/// What is checked out at `root`.
pub fn checkout(root: &Path) -> Checkout {
    let mut lineage = Lineage::new(root);
    lineage.refresh(None);
    let head = lineage.head().cloned().unwrap_or_default();
    Checkout {
        committed_at: head.commit.as_ref().and_then(|oid| lineage.committed_at(oid)),
        branch: lineage.branch(),
        head,
    }
}

/// What all files come to.
#[derive(Debug, Default)]
struct Gathered {
    runs: Vec<Run>,
    failures: Vec<TestFailure>,
    flaky: Vec<FlakyTest>,
    warnings: Vec<Warning>,
    kept: usize,
}

impl Gathered {
    fn warn(&mut self, source: &str, what: impl Into<String>) {
        self.warnings.push(Warning { source: source.to_owned(), what: what.into() });
    }

    fn add(&mut self, run: Run, parsed: &mut Parsed) {
        if !run.complete {
            let trouble = run.trouble.as_deref().unwrap_or_default();
            self.warn(&run.source, format!("{}: {trouble}", run.state.label()));
        }
        for warning in &parsed.warnings {
            self.warn(&run.source, warning.clone());
        }
        parsed.failures.iter_mut().for_each(|failure| failure.run.clone_from(&run.name));
        parsed.flaky.iter_mut().for_each(|test| test.run.clone_from(&run.name));
        self.shrink(&run.source, parsed);
        self.failures.extend(parsed.failures.iter().cloned());
        self.flaky.extend(parsed.flaky.iter().cloned());
        self.runs.push(run);
    }

    /// Keeps all files together within the memory that they may take.
    fn shrink(&mut self, source: &str, parsed: &mut Parsed) {
        let size = |f: &TestFailure| f.message.len() + f.suite.len() + f.class.len() + f.name.len() + 64;
        let mut unlisted = 0;
        for mut failure in std::mem::take(&mut parsed.failures) {
            if self.kept + size(&failure) > BUDGET && failure.message.len() > FLOOR {
                failure.message.truncate(failure.message.floor_char_boundary(FLOOR));
                failure.message.push('…');
                failure.message.shrink_to_fit();
            }
            if self.kept > 4 * BUDGET {
                unlisted += 1;
                continue;
            }
            self.kept += size(&failure);
            parsed.failures.push(failure);
        }
        if unlisted > 0 {
            self.warn(source, format!("{unlisted} more failures are counted and not listed"));
        }
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
