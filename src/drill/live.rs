//! A drill that a person operates: the site, a clock, and the news of the world.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::clock::Clock;
use super::kept::Played;
use super::repository::SetupError;
use super::scenario::{Fault, Scenario};
use super::server::Desk;
use super::site::{Report, Site};
use super::world::Happening;
use crate::journal::record::Record;

/// How often the world is looked at, in real time.
const TICK: Duration = Duration::from_millis(200);

/// A drill under way. Dropping it ends the server and takes its folder away.
#[derive(Debug)]
pub struct Live {
    // Before the site: what writes into the folder ends before the folder does.
    _tasks: JoinSet<()>,
    site: Site,
    clock: Clock,
    seed: u64,
}

/// What the operator learns from the world, as it happens: what is secret is left out.
pub type News = mpsc::Receiver<Happening>;

impl Live {
    /// Starts `scenario` now, with the chance of `seed`, at `speed` times the real time (0.1 to 20).
    ///
    /// # Errors
    /// When the folder cannot be written, or no port can be had.
    pub async fn start(scenario: Scenario, seed: u64, speed: f64) -> Result<(Self, News), SetupError> {
        // Whole seconds, so that samples fall on whole seconds.
        let epoch = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH);
        let clock = Clock::start(epoch, speed);
        let site = Site::set_up(scenario, seed, epoch, Arc::new(move || clock.moment())).await?;
        let (sender, news) = mpsc::channel(64);
        let mut tasks = JoinSet::new();
        tasks.spawn(tick(site.desk().clone(), site.report(), sender));
        Ok((Self { _tasks: tasks, site, clock, seed }, news))
    }

    /// The root of the repository: what the cockpit opens. Its `hotfix.toml` is there.
    pub fn root(&self) -> &Path {
        self.site.root()
    }

    /// The folder for the journal, the lock and the log.
    pub fn state_dir(&self) -> PathBuf {
        self.site.state_dir()
    }

    /// When the drill started, which is when its incident is declared.
    pub fn epoch(&self) -> Timestamp {
        self.site.epoch()
    }

    /// The clock that everything in the drill goes by.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// What is played.
    pub fn scenario(&self) -> &Scenario {
        self.site.scenario()
    }

    /// The seed of the world.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// When it ends by itself.
    pub fn ends_at(&self) -> Timestamp {
        self.clock.time_of(self.site.scenario().length)
    }

    /// The run so far: these records, and what the world tells.
    pub async fn played(&self, records: &[Record]) -> Played {
        Played {
            scenario: self.scenario().clone(),
            seed: self.seed,
            speed: Some(self.clock.speed),
            ended: self.clock.moment(),
            records: records.to_vec(),
            outcome: self.site.desk().with(|world| world.outcome()).await.unwrap_or_default(),
        }
    }

    /// Lets a fault begin now: the hand of a facilitator.
    pub async fn strike(&self, fault: Fault) {
        self.site.desk().with(move |world| world.strike(fault)).await;
    }
}

/// Moves the world on, lets the report grow, and passes the news on; ends when nobody listens any more.
async fn tick(desk: Desk, mut report: Report, sender: mpsc::Sender<Happening>) {
    let mut ticks = tokio::time::interval(TICK);
    let mut told = 0;
    loop {
        ticks.tick().await;
        let look = move |world: &mut super::world::World| world.happenings()[told..].to_vec();
        let Some(fresh) = desk.with(look).await else { return };
        told += fresh.len();
        // A report that cannot be written is seen where it is missing: in the tests pane.
        let _ = report.write().await;
        for happening in fresh.into_iter().filter(|it| !it.secret) {
            if sender.send(happening).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
