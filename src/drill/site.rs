//! The place of a drill: a folder with the repository, the state folder, and the world's server.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;

use super::configuration;
use super::folder::Folder;
use super::moment::Moment;
use super::pushes::{Push, Pushes};
use super::repository::{self, Made, REPORT, SetupError};
use super::scenario::Scenario;
use super::server::{Desk, Server, Time};
use super::world::World;
use crate::evidence::Oid;

/// A place that was set up. Dropping it ends the server and takes the folder away.
#[derive(Debug)]
pub struct Site {
    scenario: Scenario,
    epoch: Timestamp,
    made: Made,
    server: Server,
    report: Report,
    folder: Folder,
}

impl Site {
    /// Sets everything up for a drill that starts at `epoch` and goes on by `time`.
    ///
    /// # Errors
    /// When the folder cannot be written, or no port can be had.
    pub async fn set_up(scenario: Scenario, seed: u64, epoch: Timestamp, time: Time) -> Result<Self, SetupError> {
        let folder = Folder::make()?;
        let made = repository::make(folder.path(), &scenario, epoch)?;
        fs::create_dir(folder.path().join("state"))?;
        let mut world = World::new(scenario.clone(), seed);
        world.know_commits(made.commits.clone());
        let server = Server::start(world, epoch, time).await?;
        configuration::write(&made.root, &scenario, server.address())?;
        let report = Report::new(&made, server.desk().clone(), epoch);
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

    /// The socket through which a second terminal steers the drill.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("control.sock")
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
    tip: Oid,
    pushes: Pushes,
    desk: Desk,
    epoch: Timestamp,
    written: String,
}

impl Report {
    fn new(made: &Made, desk: Desk, epoch: Timestamp) -> Self {
        let (path, tip) = (made.root.join(REPORT), made.head.clone());
        Self { path, tip, pushes: Pushes::new(made), desk, epoch, written: String::new() }
    }

    /// Tells the CI of new commits, and writes what its newest run has come to: appended to the same run's file, in
    /// place of another run's.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn write(&mut self) -> std::io::Result<()> {
        if let Some(Push { commit, mends }) = self.pushes.look() {
            self.desk.with(move |world| world.push(commit, mends)).await;
        }
        let newest = self.desk.with(|world| (world.now(), world.test_run().cloned())).await;
        let Some((now, Some(run))) = newest else { return Ok(()) };
        match run.report(now, self.epoch, &self.tip) {
            Some(text) if text != self.written => self.put(text, now),
            _ => Ok(()),
        }
    }

    fn put(&mut self, text: String, now: Moment) -> std::io::Result<()> {
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
