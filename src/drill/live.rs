//! A drill that a person operates: the site, a clock, and the news of the world.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::clock::{Clock, Tempo};
use super::door::{Door, Running};
use super::kept::Played;
use super::repository::SetupError;
use super::scenario::{Fault, Scenario};
use super::server::Desk;
use super::site::{Report, Site};
use super::steering::Steering;
use super::world::Happening;
use crate::journal::record::Record;

/// How often the world is looked at, in real time.
const TICK: Duration = Duration::from_millis(200);

/// A drill under way. Dropping it ends the server and takes its folder away.
#[derive(Debug)]
pub struct Live {
    // Before the site: what works in the folder ends before the folder does.
    door: Option<Door>,
    _tasks: JoinSet<()>,
    site: Site,
    clock: Clock,
    seed: u64,
    speed: f64,
    steering: Steering,
}

/// What the operator learns from the world, as it happens: what is secret is left out.
pub type News = mpsc::Receiver<Happening>;

impl Live {
    /// Starts `scenario` now, with the chance of `seed`, whose time goes by `tempo`.
    ///
    /// # Errors
    /// When the folder cannot be written, or no port can be had.
    pub async fn start(scenario: Scenario, seed: u64, tempo: Tempo) -> Result<(Self, News), SetupError> {
        // At a scrape, so that samples fall on the steps that sources ask for, whenever one starts.
        let scrape = scenario.service.scrape.secs().max(1).cast_signed();
        let now = Timestamp::now().as_second();
        let epoch = Timestamp::from_second(now - now.rem_euclid(scrape)).unwrap_or(Timestamp::UNIX_EPOCH);
        let clock = Clock::start(epoch, tempo);
        let time = clock.clone();
        let site = Site::set_up(scenario, seed, epoch, Arc::new(move || time.moment())).await?;
        let (sender, news) = mpsc::channel(64);
        let mut tasks = JoinSet::new();
        tasks.spawn(tick(site.desk().clone(), site.report(), sender));
        let steering = Steering::new(site.desk().clone(), clock.clone(), site.scenario().clone());
        Ok((Self { door: None, _tasks: tasks, site, clock, seed, speed: tempo.speed, steering }, news))
    }

    /// Lets a second terminal of the same user steer and watch; `notes` is where it looks for drills that run.
    ///
    /// # Errors
    /// When socket or note cannot be made: the drill goes on without.
    pub fn open_door(&mut self, notes: &Path) -> std::io::Result<()> {
        let running = Running {
            pid: std::process::id(),
            scenario: self.scenario().id.clone(),
            name: self.scenario().name.clone(),
            started_at: self.epoch(),
            socket: self.site.socket(),
            root: self.root().to_owned(),
            state: self.state_dir(),
        };
        self.door = Some(Door::open(&running, notes, self.steering.clone(), self.clock.clone())?);
        Ok(())
    }

    /// The way to steer it.
    pub fn steering(&self) -> &Steering {
        &self.steering
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
    pub fn clock(&self) -> &Clock {
        &self.clock
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
            speed: Some(self.speed),
            ended: self.clock.moment(),
            records: records.to_vec(),
            outcome: self.site.desk().with(|world| world.outcome()).await.unwrap_or_default(),
        }
    }

    /// Lets a fault begin now, without a word on the timeline.
    pub async fn strike(&self, fault: Fault) {
        self.site.desk().with(move |world| world.strike(fault)).await;
    }
}

/// Moves the world on, lets the report grow, and passes the news on; ends when nobody listens any more.
async fn tick(desk: Desk, mut report: Report, sender: mpsc::Sender<Happening>) {
    let mut ticks = tokio::time::interval(TICK);
    let (mut told, mut is_over) = (0, false);
    loop {
        ticks.tick().await;
        let look = move |world: &mut super::world::World| {
            (world.now(), world.now() >= world.scenario().length, world.happenings()[told..].to_vec())
        };
        let Some((now, at_end, mut fresh)) = desk.with(look).await else { return };
        told += fresh.len();
        if at_end && !is_over {
            is_over = true;
            let text = "time is up: `q` ends the drill and opens its debrief".to_owned();
            fresh.push(Happening { at: now, actor: "drill".into(), text, secret: false });
        }
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
