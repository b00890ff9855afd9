//! Report files: found by glob, read when they change, watched.

mod archive;
mod gathered;
mod glob;
pub mod here;
mod lineage;
mod memory;
mod output;
mod watch;

use std::collections::{HashMap, HashSet};
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use archive::Archive;
pub use memory::Memory;
pub use watch::{Handle, start};

use super::green;
use super::model::{Policy, Proof, Report, Run, RunState, Totals, Wanted};
use super::proof::MAX_AGE;
use super::reader::{self, Parsed};
use crate::config::schema::TestSource;
use crate::evidence::{Evidence, Freshness, Oid, Subject, SubjectMatch, text};
use gathered::Gathered;
use here::{Record, Runs};
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
/// Tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
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
    wanted: Vec<Sought>,
    /// Nothing was configured: what is no report is passed over.
    guessed: bool,
    known: HashMap<PathBuf, Known>,
    lineage: Lineage,
    /// Folders that reports were looked for in.
    folders: Vec<PathBuf>,
    /// Files read in the last look.
    reread: usize,
    memory: Memory,
    runs: Option<Runs>,
}

/// What is looked at, and where what was seen is kept.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// The root of the work tree.
    pub root: PathBuf,
    /// The sources that the configuration names.
    pub sources: Vec<TestSource>,
    /// The folder of the repository's state; without one nothing is remembered.
    pub state: Option<PathBuf>,
    /// The commit that production runs: its results are the baseline.
    pub production: Option<Oid>,
}

impl Setup {
    /// Nothing is read yet.
    pub fn open(&self) -> Reports {
        let mut reports = Reports::new(&self.root, &self.sources);
        if let Some(state) = &self.state {
            reports = reports.keeping(state);
        }
        reports.set_production(self.production.clone());
        reports
    }
}

/// A source, and where its reports are.
#[derive(Debug, Clone)]
struct Sought {
    wanted: Wanted,
    patterns: Vec<String>,
    /// Whether its tests can be started from here.
    is_run: bool,
}

impl Reports {
    /// Nothing is read yet. Without sources, the well-known places under `root` are looked at.
    pub fn new(root: &Path, sources: &[TestSource]) -> Self {
        let guessed = sources.is_empty();
        let local = sources.iter().filter(|source| !source.junit.is_empty() || source.run.is_some());
        let wanted = if guessed { vec![well_known()] } else { local.map(wanted).collect() };
        Self {
            root: root.to_owned(),
            wanted,
            guessed,
            known: HashMap::new(),
            lineage: Lineage::new(root),
            folders: Vec::new(),
            reread: 0,
            memory: Memory::default(),
            runs: None,
        }
    }

    /// The same with what was seen earlier, and what was run from here, in the folder of the repository's state.
    #[must_use]
    pub fn keeping(self, state: &Path) -> Self {
        let memory = Memory::at(Some(state), self.memory.production);
        Self { memory, runs: Some(Runs::at(state)), ..self }
    }

    /// The commit that production runs: its results are the baseline.
    pub fn set_production(&mut self, production: Option<Oid>) {
        self.memory.production = production;
    }

    /// Looks at all files, and reads those that changed. `head` is asked of the repository if it is not given.
    pub fn look(&mut self, head: Option<&Subject>, now: Timestamp) -> Evidence<Report> {
        self.lineage.refresh(head);
        self.reread = 0;
        let mut gathered = Gathered::default();
        let mut found = glob::Found::default();
        let mut present = HashSet::new();
        for sought in self.wanted.clone() {
            let before = found.files.len();
            let record = self.runs.as_ref().filter(|_| sought.is_run).and_then(|runs| runs.of(&sought.wanted.name));
            sought.patterns.iter().for_each(|pattern| found.add(&self.root, pattern));
            let mut files = found.files.split_off(before);
            files.sort();
            files.dedup();
            for file in files {
                self.look_at(&file, &sought.wanted, record.as_ref(), now, &mut gathered);
                present.insert(file);
            }
            if let Some(record) = record {
                self.look_at_output(&record, &sought.wanted, now, &mut gathered);
            }
        }
        self.known.retain(|file, _| present.contains(file));
        self.folders = found.folders.into_iter().collect();
        if found.limited {
            gathered.warn("", "too many files under the globs of [[tests]]: not all were looked at");
        }
        let mut report = self.conclude(gathered);
        let head = self.lineage.head().and_then(|head| head.commit.as_ref());
        self.memory.compare(&mut report, head, self.reread > 0);
        let subject = report.subject.clone().map(Subject::commit).unwrap_or_default();
        Evidence { value: report, subject, source: "test reports".into(), observed_at: now, ttl: TTL }
    }

    fn conclude(&self, gathered: Gathered) -> Report {
        let sources = self.wanted.iter().map(|sought| sought.wanted.clone());
        let is_found = |wanted: &Wanted| gathered.runs.iter().any(|run| run.name == wanted.name);
        // Well-known places where nothing is are no source; named ones are missed.
        let sources = sources.filter(|wanted| !self.guessed || is_found(wanted)).collect();
        let report = Report::of(gathered.runs, gathered.failures, gathered.flaky, gathered.warnings);
        Report { sources, branch: self.lineage.branch(), ..report }
    }

    fn look_at_output(&mut self, record: &Record, wanted: &Wanted, now: Timestamp, gathered: &mut Gathered) {
        let Some(runs) = &self.runs else { return };
        let Some((mut run, mut parsed)) = output::read(record, runs, wanted, now) else { return };
        self.lineage.trace(&mut run);
        run.freshness = freshness(&run, self.lineage.head(), wanted.policy.max_age, now);
        gathered.add(run, &mut parsed);
    }

    fn look_at(
        &mut self,
        file: &Path,
        wanted: &Wanted,
        record: Option<&Record>,
        now: Timestamp,
        gathered: &mut Gathered,
    ) {
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
        if let Some(record) = record.filter(|record| record.wrote(file, stamp))
            && let Some(what) = record.vouch(&mut run)
        {
            gathered.warn(&run.source, what);
        }
        self.lineage.trace(&mut run);
        run.freshness = freshness(&run, self.lineage.head(), wanted.policy.max_age, now);
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

/// Reads files that a person named, in no project: `-` is standard input. No commit is assumed.
pub fn read_files(files: &[PathBuf], directory: &Path, now: Timestamp) -> Report {
    let mut gathered = Gathered::default();
    for file in files {
        let shown = text::clean(&file.to_string_lossy());
        let (mut parsed, modified) = read_named(file, directory);
        let stem = file.file_stem().map_or_else(|| shown.clone(), |stem| text::clean(&stem.to_string_lossy()));
        let name = if shown == "-" { "stdin".to_owned() } else { stem };
        let mut run = run_of(&parsed, &name, &shown, modified, now);
        run.freshness = freshness(&run, None, MAX_AGE, now);
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

fn well_known() -> Sought {
    let patterns: Vec<String> = WELL_KNOWN.iter().map(|p| (*p).to_owned()).collect();
    let shown = vec!["the well-known places".into()];
    let wanted = Wanted { name: "tests".into(), required: true, patterns: shown, policy: Policy::default() };
    Sought { wanted, patterns, is_run: false }
}

fn wanted(source: &TestSource) -> Sought {
    let name = text::clean(&source.name);
    let name = if name.is_empty() { "tests".into() } else { name };
    let mut patterns: Vec<String> = source.junit.iter().map(|p| text::clean(p)).collect();
    if source.run.is_some() && patterns.is_empty() {
        patterns.push("the output of its command, which was not run yet".into());
    }
    let wanted = Wanted { name, required: source.required.unwrap_or(true), patterns, policy: source.into() };
    Sought { wanted, patterns: source.junit.clone(), is_run: source.run.is_some() }
}

fn run_of(parsed: &Parsed, name: &str, source: &str, modified: Option<SystemTime>, now: Timestamp) -> Run {
    let observed_at = modified.and_then(|at| Timestamp::try_from(at).ok()).map(|at| at.min(now));
    let changed = observed_at
        .is_some_and(|at| now.duration_since(at) < jiff::SignedDuration::try_from(WRITING).unwrap_or_default());
    let is_open = parsed.state == RunState::Truncated || parsed.trouble.as_deref() == Some(reader::NO_BYTES);
    Run {
        subject: parsed.said.commit.clone(),
        proof: parsed.said.commit.is_some().then_some(Proof::Embedded),
        observed_at,
        totals: parsed.totals,
        complete: parsed.state == RunState::Complete,
        state: if changed && is_open && source != "-" { RunState::Writing } else { parsed.state },
        trouble: parsed.trouble.clone(),
        claims_more: parsed.claims_more,
        exit_code: parsed.said.exit_code,
        dirty: parsed.said.dirty,
        cases: parsed.cases.clone(),
        ..Run::new(name, source)
    }
}

fn freshness(run: &Run, head: Option<&Subject>, max_age: Duration, now: Timestamp) -> Freshness {
    let age = run.observed_at.and_then(|at| Duration::try_from(now.duration_since(at).abs()).ok());
    let is_old = age.is_none_or(|age| age >= max_age);
    let relation = head.map(|head| green::subject(run).relates_to(head));
    match run.state {
        RunState::Writing | RunState::Running => Freshness::Loading,
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
        branch: lineage.branch_name(),
        head,
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
