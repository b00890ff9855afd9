//! A run as it is kept: one document that its debrief and the history need nothing beside (pure).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::deeds::{Deed, deeds};
use super::ideal::{self, IdealRun, Step};
use super::moment::Moment;
use super::points::Dimensions;
use super::scenario::Scenario;
use super::score::{Score, score};
use super::world::{Happening, Outcome};
use crate::incident::Entry;
use crate::journal::record::Record;

/// A run that came to its end, as whoever played it knows it.
#[derive(Debug, Clone)]
pub struct Played {
    /// What was played.
    pub scenario: Scenario,
    /// The seed of its world.
    pub seed: u64,
    /// Its seconds in a real second at the start; none where a script operated.
    pub speed: Option<f64>,
    /// When it ended.
    pub ended: Moment,
    /// Its journal.
    pub records: Vec<Record>,
    /// What its world tells.
    pub outcome: Outcome,
}

/// A run on record. Old files are read: fields are added, never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The version of this document: 1.
    pub schema: u32,
    /// Its name: `d1-bad-canary-7`.
    pub id: String,
    /// When it was kept.
    pub kept_at: Timestamp,
    /// Whose run it was, where somebody said so.
    pub team: Option<String>,
    /// The scenario's name for people.
    pub name: String,
    /// SHA-256 of the scenario's file.
    pub scenario_sha256: String,
    /// Seconds of the drill in a real second at the start; `null` where a script operated.
    pub speed: Option<f64>,
    /// When the scenario ends by itself, in seconds.
    pub length_s: u64,
    /// When the run ended, in seconds.
    pub ended_s: u64,
    /// What the scenario tells at the end.
    pub debrief: String,
    /// The ideal path, as the score asks for it.
    pub ideal: Vec<Step>,
    /// The ideal run in the same world, where the scenario has a script for it.
    #[serde(default)]
    pub ideal_run: Option<IdealRun>,
    /// What the run came to.
    pub score: Score,
    /// What happened in the world.
    pub happenings: Vec<Happened>,
    /// The journal.
    pub records: Vec<Record>,
}

/// Something that happened in the world, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// Seconds since the start.
    pub at_s: u64,
    /// Who.
    pub actor: String,
    /// In words.
    pub text: String,
    /// Whether the operator could not know it then.
    pub secret: bool,
}

impl From<&Happening> for Happened {
    fn from(it: &Happening) -> Self {
        Self { at_s: it.at.secs(), actor: it.actor.clone(), text: it.text.clone(), secret: it.secret }
    }
}

impl Played {
    /// Whether there is anything to learn from: somebody did something, or a minute passed.
    pub fn is_worth_keeping(&self) -> bool {
        let acted =
            |deed: &Deed| deed.by_person() && !matches!(deed.entry, Entry::Declared { .. } | Entry::DrillEvent { .. });
        self.ended.secs() >= 60 || deeds(&self.records).iter().any(acted)
    }

    fn score(&self) -> Score {
        score(&self.scenario, self.seed, &self.records, &self.outcome)
    }

    /// The document, for `team`, kept at `kept_at`, beside the `ideal` run; it gets its name where it is kept.
    pub fn kept(&self, team: Option<String>, kept_at: Timestamp, ideal: Option<&Self>) -> Kept {
        let scenario = &self.scenario;
        let score = self.score();
        Kept {
            schema: 1,
            id: String::new(),
            kept_at,
            team,
            name: scenario.name.clone(),
            scenario_sha256: scenario.sha256.clone(),
            speed: self.speed,
            length_s: scenario.length.secs(),
            ended_s: self.ended.secs(),
            debrief: scenario.debrief.split_whitespace().collect::<Vec<_>>().join(" "),
            ideal: ideal::path(scenario),
            ideal_run: ideal.map(|it| IdealRun::of(&it.records, &it.score())),
            score,
            happenings: self.outcome.happenings.iter().map(Happened::from).collect(),
            records: self.records.clone(),
        }
    }
}

impl Kept {
    /// The second of the last thing in it.
    pub fn end_s(&self) -> u64 {
        let last = self.score.timeline.last().map_or(0, |it| it.at_s);
        self.ended_s.max(last).max(1)
    }

    /// When a step of the ideal path was done in this run, and the points of its dimension.
    pub fn met(&self, step: &Step) -> (Option<u64>, u32) {
        let first = self.score.points.iter().find(|point| point.dimension == step.dimension);
        let place = Dimensions::ALL.iter().position(|(name, _)| *name == step.dimension);
        let points = place.map_or(0, |place| self.score.dimensions.list()[place]);
        (first.filter(|point| point.points > 0).and_then(|point| point.at_s), points)
    }
}

#[cfg(test)]
#[path = "kept_tests.rs"]
mod tests;
