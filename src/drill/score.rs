//! What a drill comes to: five dimensions, caps, and a sentence for every point (pure).
//!
//! 100 = detect 20 + decide 25 + act 20 + discipline 20 + comms 15, and the scenario's bonus up to 100. `passed` is a score of 60 or more,
//! after the caps. Persons are not ranked, and runs of two scenarios are not compared.

use serde::{Deserialize, Serialize};

use super::deeds::{Deed, deeds, is_of};
use super::dimensions;
use super::moment::Moment;
use super::points::{Dimensions, Point};
use super::rules::{Cap, CapRule};
use super::scenario::Scenario;
use super::world::{Happening, Outcome};
use crate::incident::{Decision, Entry};
use crate::journal::record::Record;

/// The score from which on a drill is passed.
pub const PASS: u32 = 60;

/// The score of a run. Serialised, it is the JSON contract of `hotfix drill`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The version of the contract: 1.
    pub schema: u32,
    /// The scenario's id.
    pub scenario: String,
    /// The seed of the world.
    pub seed: u64,
    /// Whether the score, after the caps, is 60 or more.
    pub passed: bool,
    /// From 0 to 100, after the caps.
    pub score: u32,
    /// The sum of the dimensions and the bonus, before the caps.
    pub uncapped: u32,
    /// The points of each dimension.
    pub dimensions: Dimensions,
    /// The points beside them.
    pub bonus: u32,
    /// The caps that applied.
    pub caps: Vec<Applied>,
    /// Where each point comes from.
    pub points: Vec<Point>,
    /// What was done and what happened, in order.
    pub timeline: Vec<Moved>,
    /// What was done to the drill from outside: pauses, other speeds, hints, and what was let happen.
    #[serde(default)]
    pub steering: Vec<Moved>,
}

/// A cap that applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The score at most.
    pub limit: u32,
    /// When it came to apply.
    pub at_s: u64,
    /// Why.
    pub why: String,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Seconds since the start.
    pub at_s: u64,
    /// Who.
    pub actor: String,
    /// In words.
    pub event: String,
}

/// Scores a run from its journal, against its scenario.
pub fn score(scenario: &Scenario, seed: u64, records: &[Record], outcome: &Outcome) -> Score {
    let deeds = deeds(records);
    let points = dimensions::points(scenario, &deeds, outcome);
    let dimensions = Dimensions {
        detect: sum(&points, "detect", 20),
        decide: sum(&points, "decide", 25),
        act: sum(&points, "act", 20),
        discipline: sum(&points, "discipline", 20),
        comms: sum(&points, "comms", 15),
    };
    let bonus = sum(&points, "bonus", 100);
    let uncapped = (dimensions.total() + bonus).min(100);
    let caps: Vec<Applied> = scenario.caps.iter().filter_map(|cap| applied(cap, &deeds, outcome)).collect();
    let score = caps.iter().map(|cap| cap.limit).fold(uncapped, u32::min);
    Score {
        schema: 1,
        scenario: scenario.id.clone(),
        seed,
        passed: score >= PASS,
        score,
        uncapped,
        dimensions,
        bonus,
        caps,
        points,
        timeline: timeline(&deeds, &outcome.happenings),
        steering: outcome.steering.iter().map(moved).collect(),
    }
}

/// The sum of a dimension, never below nothing nor above what it can have.
fn sum(points: &[Point], dimension: &str, most: u32) -> u32 {
    let sum: i32 = points.iter().filter(|point| point.dimension == dimension).map(|point| point.points).sum();
    u32::try_from(sum).unwrap_or(0).min(most)
}

fn applied(cap: &Cap, deeds: &[Deed], outcome: &Outcome) -> Option<Applied> {
    let at = match cap.when {
        CapRule::PromotedFully => outcome.promoted_fully_at,
        CapRule::LeftMixed => {
            let last = deeds.last().map_or(Moment::default(), |deed| deed.at);
            outcome.is_mixed.then_some(last)
        }
        CapRule::PromotedWithRedTests => promoted_with_red_tests(deeds),
        CapRule::ClosedWithoutBackMerge => deeds.iter().find_map(|deed| match &deed.entry {
            Entry::Closed { open } if open.iter().any(|item| is_of(item, "d4")) => Some(deed.at),
            _ => None,
        }),
    }?;
    Some(Applied { limit: cap.limit, at_s: at.secs(), why: cap.why.clone() })
}

fn promoted_with_red_tests(deeds: &[Deed]) -> Option<Moment> {
    let (mut red, mut overridden) = (false, false);
    for deed in deeds {
        match &deed.entry {
            Entry::TestsSeen { failed, .. } => red = *failed > 0,
            Entry::Overridden { item, .. } => overridden |= item == "b6",
            Entry::Decided { decision: Decision::Promote, .. } if red && !overridden => return Some(deed.at),
            _ => {}
        }
    }
    None
}

fn timeline(deeds: &[Deed], happenings: &[Happening]) -> Vec<Moved> {
    let told = deeds.iter().filter(|deed| !matches!(deed.entry, Entry::DrillEvent { .. }));
    let told = told.map(|deed| Moved { at_s: deed.at.secs(), actor: deed.actor.clone(), event: deed.words() });
    let mut all: Vec<Moved> = happenings.iter().map(moved).chain(told).collect();
    all.sort_by_key(|moved| moved.at_s);
    all
}

fn moved(it: &Happening) -> Moved {
    Moved { at_s: it.at.secs(), actor: it.actor.clone(), event: it.text.clone() }
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
