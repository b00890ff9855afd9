//! What the clocks said when a record was written, so that a clock that was set does not make durations wrong.
//!
//! The order of the journal is that of the writing. Its times are those of the clock on the wall, and that can be set: by a
//! person, or by the network once it is there again. So each record also keeps how long the machine had been up, on a clock
//! that nobody sets and that goes on while the machine sleeps. Where the two disagree between one record and the next, the
//! clock on the wall was set, and by how much is known to the second.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What the clocks said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Which start of which machine, by the id that its kernel gives it.
    pub boot: String,
    /// Milliseconds since then, on the clock that nobody sets.
    pub uptime_ms: u64,
    /// What the clock on the wall said.
    pub wall: Timestamp,
}

/// That the clock on the wall was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// By how much, in milliseconds; less than 0 when it was set back.
    pub by_ms: i64,
    /// Whether it is certain. Across a start of the machine only the least of it can be told: no time passes backwards. And
    /// what looks as if it had been set forward may be a virtual machine that stood still for so long.
    pub is_exact: bool,
}

/// Less than this is no setting of a clock, but two readings that were not taken at once.
const TOLERANCE_MS: i64 = 2_000;

impl Reading {
    /// Reads them now; `None` where the kernel does not tell.
    pub fn now() -> Option<Self> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(Self { boot: boot.trim().to_owned(), uptime_ms: uptime_ms()?, wall: Timestamp::now() })
    }

    /// How the clock on the wall was set between an `earlier` reading and this one.
    pub fn set_since(&self, earlier: &Self) -> Option<Change> {
        let passed = self.wall.as_millisecond().checked_sub(earlier.wall.as_millisecond())?;
        let is_same_boot = self.boot == earlier.boot;
        let by_ms = if is_same_boot {
            let really = i64::try_from(self.uptime_ms).ok()?.checked_sub(i64::try_from(earlier.uptime_ms).ok()?)?;
            passed.checked_sub(really)?
        } else {
            passed.min(0)
        };
        (by_ms.abs() > TOLERANCE_MS).then_some(Change { by_ms, is_exact: is_same_boot && by_ms < 0 })
    }
}

impl Change {
    /// A time that was read before the clock was set back, as it would be read after. Time that may have passed stays.
    pub fn shift(self, at: Timestamp) -> Timestamp {
        at.checked_add(SignedDuration::from_millis(self.by_ms.min(0))).unwrap_or(at)
    }

    /// In words.
    pub fn words(self) -> String {
        let s = self.by_ms.unsigned_abs() / 1_000;
        let span = format!("{:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60);
        match (self.by_ms < 0, self.is_exact) {
            (true, true) => format!("the clock was set back by {span}"),
            (true, false) => format!("the clock was set back by {span} or more, across a start of the machine"),
            (false, _) => format!("the clock was set forward by {span}, or the machine stood still for so long"),
        }
    }
}

#[cfg(target_os = "linux")]
fn uptime_ms() -> Option<u64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Some(u64::try_from(time.tv_sec).ok()? * 1_000 + u64::try_from(time.tv_nsec).ok()? / 1_000_000)
}

#[cfg(not(target_os = "linux"))]
fn uptime_ms() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(boot: &str, uptime_s: u64, wall_s: i64) -> Reading {
        let wall = Timestamp::from_second(1_787_299_200 + wall_s).unwrap();
        Reading { boot: boot.into(), uptime_ms: uptime_s * 1_000, wall }
    }

    #[test]
    fn a_clock_that_runs_was_not_set() {
        let before = reading("a", 100, 0);
        assert_eq!(reading("a", 160, 60).set_since(&before), None);
        assert_eq!(reading("a", 160, 61).set_since(&before), None, "the readings are not taken at once");
        assert_eq!(reading("b", 5, 60).set_since(&before), None, "a start of the machine in between");
    }

    #[test]
    fn a_clock_that_was_set_is_told_to_the_second() {
        let before = reading("a", 100, 0);
        let back = reading("a", 160, -3_540).set_since(&before).unwrap();
        assert_eq!(back, Change { by_ms: -3_600_000, is_exact: true });
        let forward = reading("a", 160, 7_260).set_since(&before).unwrap();
        assert_eq!(forward, Change { by_ms: 7_200_000, is_exact: false }, "or the machine stood still");
        assert_eq!(forward.shift(before.wall), before.wall, "time that may have passed stays");
        assert_eq!(forward.words(), "the clock was set forward by 02:00:00, or the machine stood still for so long");
        assert_eq!(back.words(), "the clock was set back by 01:00:00");
        assert_eq!(back.shift(before.wall), before.wall - SignedDuration::from_hours(1));
    }

    #[test]
    fn across_a_start_of_the_machine_only_the_least_is_known() {
        let back = reading("b", 5, -600).set_since(&reading("a", 100, 0)).unwrap();
        assert_eq!(back, Change { by_ms: -600_000, is_exact: false });
    }

    #[test]
    fn two_readings_of_now_agree() {
        if let (Some(a), Some(b)) = (Reading::now(), Reading::now()) {
            assert_eq!((&a.boot, b.set_since(&a)), (&b.boot, None));
            assert!(a.uptime_ms <= b.uptime_ms && a.uptime_ms > 0);
        }
    }
}
