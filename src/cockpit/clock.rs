//! The clocks of a cockpit: the incident's, which a drill may run faster or stop, and the hand's, which never jumps.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::drill::clock::{Changes, Clock as DrillClock};

/// Both clocks, from one start.
#[derive(Debug, Clone)]
pub struct Clock {
    started: Instant,
    real: Timestamp,
    world: World,
}

/// Whose time the incident's clock tells.
#[derive(Debug, Clone)]
enum World {
    /// The wall's, which may be set while the cockpit runs.
    Wall,
    /// A drill's.
    Drill(DrillClock),
}

impl Clock {
    /// The wall clock.
    pub fn wall() -> Self {
        Self { started: Instant::now(), real: Timestamp::now(), world: World::Wall }
    }

    /// The clock of a drill.
    pub fn of_drill(clock: DrillClock) -> Self {
        Self { world: World::Drill(clock), ..Self::wall() }
    }

    /// How long the cockpit has run.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// The incident's time.
    pub fn now(&self) -> Timestamp {
        match &self.world {
            World::Wall => Timestamp::now(),
            World::Drill(clock) => clock.now(),
        }
    }

    /// The time of the hand.
    pub fn hand(&self) -> Timestamp {
        let span = SignedDuration::try_from(self.uptime()).ok();
        span.and_then(|span| self.real.checked_add(span).ok()).unwrap_or(self.real)
    }

    /// How fast the incident's clock goes; `None` for the wall's, by which sources tell the time themselves.
    pub fn speed(&self) -> Option<f64> {
        match &self.world {
            World::Wall => None,
            World::Drill(clock) => Some(clock.tempo().speed),
        }
    }

    /// How a drill's clock goes, now and whenever that changes.
    pub fn changes(&self) -> Option<Changes> {
        match &self.world {
            World::Wall => None,
            World::Drill(clock) => Some(clock.changes()),
        }
    }

    /// How much of real time a span of the incident's clock takes, as it goes now.
    pub fn real(&self, span: Duration) -> Duration {
        match &self.world {
            World::Wall => span,
            World::Drill(clock) => span.div_f64(clock.tempo().speed),
        }
    }

    /// Waits until a drill's clock is taken on, which the wall's never is.
    pub async fn skipped(&self) {
        match &self.world {
            World::Wall => std::future::pending().await,
            World::Drill(clock) => clock.skipped().await,
        }
    }

    /// Waits for a span of the incident's time.
    pub async fn sleep(&self, span: Duration) {
        match &self.world {
            World::Wall => tokio::time::sleep(span).await,
            World::Drill(clock) => clock.sleep(span).await,
        }
    }
}
