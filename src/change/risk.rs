//! Diff risk v1: integer points, ordinal, never a probability; every point prints its sentence.

use serde::Serialize;

/// What the change risks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// The sum of the points.
    pub score: u32,
    /// What the score comes to.
    pub band: Band,
    /// Where the points come from.
    pub points: Vec<Point>,
    /// Something was not looked at: the score may be higher.
    pub partial: bool,
}

/// What a score comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Band {
    /// 0 to 14.
    #[serde(rename = "low")]
    Low,
    /// 15 to 34.
    #[serde(rename = "moderate")]
    Moderate,
    /// 35 to 59: a second reviewer should be named.
    #[serde(rename = "high")]
    High,
    /// 60 and more: why not split, why not roll back?
    #[serde(rename = "very high")]
    VeryHigh,
}

/// One rule and what it added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    /// The rule.
    pub rule: String,
    /// What it added; relief takes away.
    pub points: i32,
    /// One sentence.
    pub why: String,
}

impl Band {
    /// As the JSON has it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Moderate => "moderate",
            Self::High => "high",
            Self::VeryHigh => "very high",
        }
    }
}
