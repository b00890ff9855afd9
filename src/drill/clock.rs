//! The clock of a drill: it starts at an origin and may run faster than the wall's.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::moment::Moment;

/// Maps the time that really passes to the time of the drill.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// When the drill started, really.
    pub origin_real: Instant,
    /// When it started, in its own time.
    pub origin: Timestamp,
    /// Seconds of the drill in a real second.
    pub speed: f64,
}

impl Clock {
    /// A clock that starts now, at `origin`. The speed is kept within 0.1 to 20.
    pub fn start(origin: Timestamp, speed: f64) -> Self {
        Self { origin_real: Instant::now(), origin, speed: speed.clamp(0.1, 20.0) }
    }

    /// The time of the drill now.
    pub fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    /// The time of the drill at a real instant; an instant before the start is the start.
    pub fn at(&self, instant: Instant) -> Timestamp {
        self.after(self.passed(instant))
    }

    /// The time of the drill at a moment.
    pub fn time_of(&self, moment: Moment) -> Timestamp {
        self.after(moment.duration())
    }

    fn after(&self, passed: Duration) -> Timestamp {
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        self.origin.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// Whole seconds of the drill until now.
    pub fn moment(&self) -> Moment {
        Moment::from_secs(self.passed(Instant::now()).as_secs())
    }

    /// The real instant at which the drill reaches a moment.
    pub fn instant_of(&self, moment: Moment) -> Instant {
        self.origin_real + moment.duration().div_f64(self.speed)
    }

    fn passed(&self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.origin_real).mul_f64(self.speed)
    }
}
