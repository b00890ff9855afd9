//! The place of a drill: a folder with the repository, the state folder, and the world's server.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use tempfile::TempDir;

use super::ci;
use super::moment::Moment;
use super::repository::{self, Made, REPORT, SetupError};
use super::scenario::{CiRun, Scenario};
use super::server::{Desk, Server, Time};
use super::world::World;

/// A place that was set up. Dropping it ends the server and takes the folder away.
#[derive(Debug)]
pub struct Site {
    scenario: Scenario,
    epoch: Timestamp,
    made: Made,
    server: Server,
    report: Report,
    folder: TempDir,
}

impl Site {
    /// Sets everything up for a drill that starts at `epoch` and goes on by `time`.
    ///
    /// # Errors
    /// When the folder cannot be written, or no port can be had.
    pub async fn set_up(scenario: Scenario, seed: u64, epoch: Timestamp, time: Time) -> Result<Self, SetupError> {
        let folder = tempfile::Builder::new().prefix("hotfix-drill-").tempdir()?;
        let made = repository::make(folder.path(), &scenario, epoch)?;
        fs::create_dir(folder.path().join("state"))?;
        let mut world = World::new(scenario.clone(), seed);
        world.know_commits(made.commits.clone());
        let server = Server::start(world, epoch, time).await?;
        repository::configure(&made.root, &scenario, server.address())?;
        let report = Report::new(&made, &scenario.ci, epoch);
        Ok(Self { scenario, epoch, made, server, report, folder })
    }

    /// The root of the repository.
    pub fn root(&self) -> &Path {
        &self.made.root
    }

    /// The folder for the journal, the lock and the log: as private as the drill, and gone with it.
    pub fn state_dir(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// When the drill starts.
    pub fn epoch(&self) -> Timestamp {
        self.epoch
    }

    /// What is played.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// What was made of git.
    pub fn repository(&self) -> &Made {
        &self.made
    }

    /// The base address of the world's server.
    pub fn address(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The way to the world itself.
    pub fn desk(&self) -> &Desk {
        self.server.desk()
    }

    /// A writer of the pretended CI's report, for whoever moves the time.
    pub fn report(&self) -> Report {
        self.report.clone()
    }
}

/// The report of the pretended CI as a file that grows.
#[derive(Debug, Clone)]
pub struct Report {
    path: PathBuf,
    made: Made,
    runs: Vec<CiRun>,
    epoch: Timestamp,
    written: String,
}

impl Report {
    fn new(made: &Made, runs: &[CiRun], epoch: Timestamp) -> Self {
        let path = made.root.join(REPORT);
        Self { path, made: made.clone(), runs: runs.to_vec(), epoch, written: String::new() }
    }

    /// Writes what the runs have come to by `now`: appended to the same run's file, in place of another run's.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, now: Moment) -> std::io::Result<()> {
        let Some(text) = ci::report(&self.runs, now, self.epoch, &self.made.head) else { return Ok(()) };
        if text == self.written {
            return Ok(());
        }
        match text.strip_prefix(&self.written).filter(|_| !self.written.is_empty()) {
            Some(more) => OpenOptions::new().append(true).open(&self.path)?.write_all(more.as_bytes())?,
            None => fs::write(&self.path, &text)?,
        }
        self.written = text;
        self.stamp(now)
    }

    /// A file is as old as the drill's clock says, not the machine's.
    fn stamp(&self, now: Moment) -> std::io::Result<()> {
        let at = SystemTime::from(self.epoch) + now.duration();
        OpenOptions::new().append(true).open(&self.path)?.set_modified(at)
    }
}
