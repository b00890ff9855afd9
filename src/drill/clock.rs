//! The clock of a drill: it starts at an origin, may run faster than the wall's, and can be stopped.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::moment::Moment;

/// How a drill's time goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tempo {
    /// Seconds of the drill in a real second.
    pub speed: f64,
    /// Whether it stands still.
    pub is_paused: bool,
}

/// The speeds that the keys step through.
const STEPS: [f64; 5] = [1.0, 2.0, 5.0, 10.0, 20.0];
/// A wait that only another tempo ends.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

impl Tempo {
    /// Running, at a speed that is kept within 0.1 to 20.
    pub fn running(speed: f64) -> Self {
        Self { speed: speed.clamp(0.1, 20.0), is_paused: false }
    }

    /// The same one step faster.
    #[must_use]
    pub fn faster(self) -> Self {
        let speed = STEPS.into_iter().find(|it| *it > self.speed).unwrap_or(20.0);
        Self { speed, ..self }
    }

    /// The same one step slower.
    #[must_use]
    pub fn slower(self) -> Self {
        let speed = STEPS.into_iter().rfind(|it| *it < self.speed).unwrap_or(STEPS[0]);
        Self { speed, ..self }
    }

    /// For the banner: nothing at the speed of the wall's clock, else ` x4` or ` PAUSED`.
    pub fn mark(self) -> String {
        match self {
            Self { is_paused: true, .. } => " PAUSED".to_owned(),
            Self { speed, .. } if (speed - 1.0).abs() < f64::EPSILON => String::new(),
            Self { speed, .. } => format!(" x{speed}"),
        }
    }
}

/// Maps the time that really passes to the time of the drill. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock {
    origin: Timestamp,
    leg: watch::Sender<Leg>,
}

/// A stretch of one tempo.
#[derive(Debug, Clone, Copy)]
struct Leg {
    since: Instant,
    /// What had passed of the drill by then.
    passed: Duration,
    tempo: Tempo,
    /// How often the clock was taken on so far.
    jumps: u32,
}

/// A clock that is followed from another process was taken on if it is ahead by more than this.
const JUMP: Duration = Duration::from_secs(1);

impl Leg {
    fn passed_at(&self, instant: Instant) -> Duration {
        let speed = if self.tempo.is_paused { 0.0 } else { self.tempo.speed };
        self.passed + instant.saturating_duration_since(self.since).mul_f64(speed)
    }

    /// How much of real time a span of the drill takes.
    fn real(&self, span: Duration) -> Duration {
        if self.tempo.is_paused { FOREVER } else { span.div_f64(self.tempo.speed) }
    }
}

impl Clock {
    /// A clock that starts now, at `origin`.
    pub fn start(origin: Timestamp, tempo: Tempo) -> Self {
        Self::started(origin, Duration::ZERO, tempo)
    }

    /// A clock on which some of the drill has passed: for whoever follows one from another process.
    pub fn started(origin: Timestamp, passed: Duration, tempo: Tempo) -> Self {
        Self { origin, leg: watch::Sender::new(Leg { since: Instant::now(), passed, tempo, jumps: 0 }) }
    }

    /// The time of the drill now.
    pub fn now(&self) -> Timestamp {
        self.after(self.passed())
    }

    /// The time of the drill at a moment.
    pub fn time_of(&self, moment: Moment) -> Timestamp {
        self.after(moment.duration())
    }

    fn after(&self, passed: Duration) -> Timestamp {
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        self.origin.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// How much of the drill has passed.
    pub fn passed(&self) -> Duration {
        self.leg.borrow().passed_at(Instant::now())
    }

    /// The same in whole seconds.
    pub fn moment(&self) -> Moment {
        Moment::from_secs(self.passed().as_secs())
    }

    /// How its time goes now.
    pub fn tempo(&self) -> Tempo {
        self.leg.borrow().tempo
    }

    /// Lets its time go otherwise from now on. No time is lost or gained.
    pub fn set(&self, tempo: Tempo) {
        self.leg.send_modify(|leg| {
            let now = Instant::now();
            *leg = Leg { since: now, passed: leg.passed_at(now), tempo, ..*leg };
        });
    }

    /// Takes over how far another clock is, and how its time goes.
    pub fn follow(&self, passed: Duration, tempo: Tempo) {
        self.leg.send_modify(|leg| {
            let now = Instant::now();
            let jumps = leg.jumps + u32::from(passed > leg.passed_at(now) + JUMP);
            *leg = Leg { since: now, passed, tempo, jumps };
        });
    }

    /// Takes it on to a moment that is still to come; to one that is past it does not go back.
    pub fn skip_to(&self, moment: Moment) {
        self.leg.send_if_modified(|leg| {
            let now = Instant::now();
            let is_ahead = leg.passed_at(now) < moment.duration();
            if is_ahead {
                *leg = Leg { since: now, passed: moment.duration(), jumps: leg.jumps + 1, ..*leg };
            }
            is_ahead
        });
    }

    /// Its state now and each time that it goes otherwise.
    pub fn changes(&self) -> Changes {
        let mut legs = self.leg.subscribe();
        legs.mark_changed();
        Changes(legs)
    }

    /// Waits until it is taken on.
    pub async fn skipped(&self) {
        let mut legs = self.leg.subscribe();
        let jumps = legs.borrow_and_update().jumps;
        // Whoever waits has a clone of the clock: it is never gone.
        let _ = legs.wait_for(|leg| leg.jumps != jumps).await;
    }

    /// Waits until a span of the drill has passed, however its time goes meanwhile.
    pub async fn sleep(&self, span: Duration) {
        let mut legs = self.leg.subscribe();
        let until = self.passed() + span;
        loop {
            let leg = *legs.borrow_and_update();
            let left = until.saturating_sub(leg.passed_at(Instant::now()));
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(leg.real(left)) => {}
                _ = legs.changed() => {}
            }
        }
    }
}

/// How a clock goes from now on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Going {
    /// How much of the drill has passed.
    pub passed: Duration,
    /// How its time goes.
    pub tempo: Tempo,
    /// How often it was taken on so far.
    pub jumps: u32,
}

/// What somebody who follows a clock hears.
#[derive(Debug)]
pub struct Changes(watch::Receiver<Leg>);

impl Changes {
    /// How far the drill is and how its time goes, at once and then whenever that changes; `None` once the clock is gone.
    pub async fn next(&mut self) -> Option<Going> {
        self.0.changed().await.ok()?;
        let leg = *self.0.borrow_and_update();
        Some(Going { passed: leg.passed_at(Instant::now()), tempo: leg.tempo, jumps: leg.jumps })
    }
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
