//! Runs the tests of a source from here, so that the results are bound to the commit that they were run on.
//!
//! HEAD and the state of the work tree are looked at before and after; the reports that the run wrote are known by their
//! stamps; the exit code is part of the proof. All of it is written down beside the journal, so that another process
//! (`hotfix status` in a script) finds the same proof. What was not seen to its end proves nothing.

mod process;
mod record;
mod snapshot;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use tokio_util::sync::CancellationToken;

pub use record::Record;

use super::Stamp;
use super::glob;
use crate::config::program::quoted;
use crate::config::schema::TestSource;
use crate::config::trust::Permit;
use crate::test_results::live::Progress;
use process::{Ended, Running};
use snapshot::Snapshot;

/// Between two looks at whether the reports are still being written: some are finished after their program has ended.
const SETTLE: Duration = Duration::from_millis(250);
/// How many such looks there are at most.
const LOOKS: usize = 12;
/// How often the lock is tried: a look at whether it is held holds it for a moment.
const TRIES: usize = 5;

/// Where tests are run, and where that is written down.
#[derive(Debug, Clone)]
pub struct Place {
    /// The root of the work tree.
    pub root: PathBuf,
    /// The folder of the repository's state.
    pub state: PathBuf,
}

/// Runs the tests of these sources, one source after the other, and tells what happens.
pub async fn run_all(
    permit: Permit,
    place: &Place,
    sources: &[TestSource],
    tell: &(dyn Fn(Progress) + Send + Sync),
    stop: &CancellationToken,
) {
    for source in sources {
        if stop.is_cancelled() {
            break;
        }
        if let Err(why) = run(permit, place, source, tell, stop).await {
            tell(Progress::Refused(format!("{}: {why}", source.name)));
        }
    }
    tell(Progress::Idle);
}

async fn run(
    _permit: Permit,
    place: &Place,
    source: &TestSource,
    tell: &(dyn Fn(Progress) + Send + Sync),
    stop: &CancellationToken,
) -> Result<(), String> {
    let argv = source.run.as_deref().ok_or("it has no `run` in hotfix.toml")?;
    let folder = folder(&place.state);
    let _lock = take_lock(&folder).await?;
    let before = look(place, source).await?;
    let attempt =
        Record::load(&folder, &source.name).filter(|it| it.head_after == before.head).map_or(1, |it| it.attempt + 1);
    let started = Timestamp::now();
    let mut record = Record::begin(&source.name, &before, attempt, started);
    let log = File::create(output_path(&folder, &source.name))
        .map_err(|error| format!("its output cannot be kept: {error}"))?;
    record.store(&folder).map_err(|error| format!("it cannot be written down: {error}"))?;
    let running = Running::start(argv, &place.root, log)?;
    tell(Progress::Started { source: source.name.clone(), command: quoted(argv), at: started });
    let ended = running.wait(source.timeout, tell, stop).await;
    settle(place, source).await;
    let after = look(place, source).await?;
    record.end(&before, &after, &ended, Timestamp::now());
    record.store(&folder).map_err(|error| format!("its end cannot be written down: {error}"))?;
    let is_good = matches!(ended, Ended::Code(0));
    tell(Progress::Ended { source: source.name.clone(), how: record.in_words(&ended), is_good });
    Ok(())
}

/// Waits until no report changes any more.
async fn settle(place: &Place, source: &TestSource) {
    let mut before = stamps(&place.root, &source.junit);
    for _ in 0..LOOKS {
        tokio::time::sleep(SETTLE).await;
        let now = stamps(&place.root, &source.junit);
        if now == before {
            return;
        }
        before = now;
    }
}

async fn look(place: &Place, source: &TestSource) -> Result<Snapshot, String> {
    let (root, globs) = (place.root.clone(), source.junit.clone());
    let looked = tokio::task::spawn_blocking(move || Snapshot::take(&root, &globs)).await;
    looked.map_err(|error| format!("git cannot be asked: {error}"))
}

/// The reports that are there, and their stamps.
fn stamps(root: &Path, globs: &[String]) -> Vec<(PathBuf, Stamp)> {
    let mut found = glob::Found::default();
    globs.iter().for_each(|pattern| found.add(root, pattern));
    found.files.sort();
    found.files.dedup();
    let stamped = found.files.into_iter().filter_map(|path| Some((fs::metadata(&path).ok()?, path)));
    stamped.map(|(metadata, path)| (path, Stamp::of(&metadata))).collect()
}

/// Where runs are written down.
fn folder(state: &Path) -> PathBuf {
    state.join("tests").join("runs")
}

/// What a run printed: the report of a source whose command writes one to its standard output.
pub fn output_path(folder: &Path, source: &str) -> PathBuf {
    folder.join(format!("{}.log", record::slug(source)))
}

/// The runs that were written down.
#[derive(Debug, Clone)]
pub struct Runs(PathBuf);

impl Runs {
    /// In the folder of a repository's state. It need not exist yet.
    pub fn at(state: &Path) -> Self {
        Self(folder(state))
    }

    /// The last run of a source.
    pub fn of(&self, source: &str) -> Option<Record> {
        Record::load(&self.0, source)
    }

    /// What the last run of a source printed.
    pub fn output(&self, source: &str) -> PathBuf {
        output_path(&self.0, source)
    }

    /// Whether a run goes on, here or in another process.
    pub fn is_busy(&self) -> bool {
        let Ok(file) = File::open(lock_path(&self.0)) else { return false };
        flock(&file, FlockOperation::NonBlockingLockShared).is_err()
    }
}

fn lock_path(folder: &Path) -> PathBuf {
    folder.join("lock")
}

/// One run at a time in a repository: two would write the same reports.
async fn take_lock(folder: &Path) -> Result<File, String> {
    let opened = || -> io::Result<File> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(lock_path(folder))
    };
    let file = opened().map_err(|error| format!("it cannot be written down: {error}"))?;
    for _ in 0..TRIES {
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            return Ok(file);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err("another hotfix runs the tests of this repository: nothing was run".into())
}

#[cfg(test)]
mod tests;
