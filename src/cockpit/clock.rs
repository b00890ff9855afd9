//! The clocks of a cockpit: the incident's, which a drill may run faster, and the hand's, which never jumps.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Both clocks, from one start.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
    real: Timestamp,
    world: World,
}

/// Whose time the incident's clock tells.
#[derive(Debug, Clone, Copy)]
enum World {
    /// The wall's, which may be set while the cockpit runs.
    Wall,
    /// A simulated one: when it was at `since`, and how fast it goes.
    Simulated { origin: Timestamp, since: Instant, speed: f64 },
}

impl Clock {
    /// The wall clock.
    pub fn wall() -> Self {
        Self { started: Instant::now(), real: Timestamp::now(), world: World::Wall }
    }

    /// A clock that showed `origin` at the moment `since` and runs `speed` times as fast as the wall's.
    pub fn simulated(origin: Timestamp, since: Instant, speed: f64) -> Self {
        Self { world: World::Simulated { origin, since, speed }, ..Self::wall() }
    }

    /// How long the cockpit has run.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// The incident's time.
    pub fn now(&self) -> Timestamp {
        match self.world {
            World::Wall => Timestamp::now(),
            World::Simulated { origin, since, speed } => later(origin, since.elapsed().mul_f64(speed)),
        }
    }

    /// The time of the hand.
    pub fn hand(&self) -> Timestamp {
        later(self.real, self.uptime())
    }

    /// How fast the incident's clock goes; `None` for the wall's, by which sources tell the time themselves.
    pub fn speed(&self) -> Option<f64> {
        match self.world {
            World::Wall => None,
            World::Simulated { speed, .. } => Some(speed),
        }
    }

    /// How much of real time a span of the incident's clock takes.
    pub fn real(&self, span: Duration) -> Duration {
        match self.world {
            World::Wall => span,
            World::Simulated { speed, .. } => span.div_f64(speed),
        }
    }
}

fn later(from: Timestamp, span: Duration) -> Timestamp {
    SignedDuration::try_from(span).ok().and_then(|span| from.checked_add(span).ok()).unwrap_or(from)
}
