//! Moments of a drill, as its files write them: `1m30s` after the start.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// No drill, and nothing in it, is longer: seconds of a day.
const DAY: u64 = 24 * 3_600;

/// A span of time since the start of the drill, in whole seconds: the grain of the simulated world.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    /// `seconds` after the start.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the start.
    pub const fn secs(self) -> u64 {
        self.0
    }

    /// Minutes since the start.
    pub fn minutes(self) -> f64 {
        self.0 as f64 / 60.0
    }

    /// This much later.
    pub const fn later(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The same as a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

/// `4:30`, as a clock that started with the drill shows it.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// `0s`, `90s`, `1m 30s`: as a file writes it, and a command line.
impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || format!("`{text}` is no moment: write `0s`, `90s` or `1m 30s`");
        let span: jiff::SignedDuration = text.parse().map_err(|_| refuse())?;
        match u64::try_from(span.as_secs()) {
            Ok(seconds) if span.subsec_nanos() == 0 && seconds <= DAY => Ok(Self(seconds)),
            Ok(seconds) if seconds > DAY => Err(format!("`{text}` is longer than a day")),
            _ => Err(refuse()),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
