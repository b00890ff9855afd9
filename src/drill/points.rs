//! The points of a run, and the dimensions that they stand in (pure).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Points won or lost, and what for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// `detect`, `decide`, `act`, `discipline`, `comms` or `bonus`.
    pub dimension: Cow<'static, str>,
    /// How many; negative for a deduction.
    pub points: i32,
    /// The second of the event that they are tied to; `None` when the event is missing.
    pub at_s: Option<u64>,
    /// The number of that event in the journal.
    pub seq: Option<u64>,
    /// One sentence.
    pub why: String,
}

/// The points of each dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimensions {
    /// Of 20.
    pub detect: u32,
    /// Of 25.
    pub decide: u32,
    /// Of 20.
    pub act: u32,
    /// Of 20.
    pub discipline: u32,
    /// Of 15.
    pub comms: u32,
}

impl Dimensions {
    /// The names of the dimensions, each with the most that it can have.
    pub const ALL: [(&'static str, u32); 5] =
        [("detect", 20), ("decide", 25), ("act", 20), ("discipline", 20), ("comms", 15)];

    /// The points in the order of [`Self::ALL`].
    pub fn list(self) -> [u32; 5] {
        [self.detect, self.decide, self.act, self.discipline, self.comms]
    }

    /// The sum.
    pub fn total(&self) -> u32 {
        self.detect + self.decide + self.act + self.discipline + self.comms
    }
}
