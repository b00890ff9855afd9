//! A kept run as a film: what happened, what was known and what was scored, second by second (pure).
//!
//! Everything is laid out once, so that going to a second is a search and no more.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::deeds::{Deed, PROGRAM, deeds};
use super::kept::Kept;
use super::points::{Dimensions, Point};
use crate::evidence::text::clean;
use crate::incident::{Entry, Role, Severity, Stage};

/// Whoever steers a drill from outside.
pub const FACILITATOR: &str = "facilitator";

/// A run, laid out in time.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The run.
    pub run: Kept,
    /// What happened, in order.
    pub moves: Vec<Move>,
    /// Where the points come from, in the order of their seconds; what never happened stands at the end.
    pub points: Vec<Scored>,
    /// Its last second.
    pub end_s: u64,
    /// The seconds at which something was done in the ideal run.
    pub ideal: Vec<u64>,
    facts: Vec<(u64, Facts)>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Seconds since the start.
    pub at_s: u64,
    /// Whose doing.
    pub lane: Lane,
    /// Who.
    pub actor: String,
    /// In words.
    pub text: String,
    /// Whether it could not be seen then.
    pub secret: bool,
}

/// Whose doing something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The world's, its stakeholders' and its facilitator's.
    World,
    /// What the console saw by itself.
    Console,
    /// The team's.
    Team,
}

/// Points at the second that they are tied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scored {
    /// When; the last second for what never happened.
    pub at_s: u64,
    /// The points and their sentence.
    pub point: Point,
}

/// What the console had on record at a second.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    severity: Option<Severity>,
    stage: Option<Stage>,
    roles: BTreeMap<Role, String>,
    verdicts: BTreeMap<String, String>,
    tests: Option<(u64, u64)>,
    rollout: Option<String>,
    decided: Option<String>,
    rollback: Option<String>,
    notice: Option<(u64, Option<u64>)>,
}

impl Replay {
    /// Lays a run out.
    pub fn new(run: Kept) -> Self {
        let deeds = deeds(&run.records);
        let moves = moves(&run, &deeds);
        let end_s = run.end_s();
        let facts = facts(&run, &deeds);
        let mut points: Vec<Scored> = run.score.points.iter().map(|it| scored(it, end_s)).collect();
        points.sort_by_key(|it| it.at_s);
        let ideal = run.ideal_run.iter().flat_map(|it| &it.moves).map(|it| it.at_s).collect();
        Self { run, moves, points, end_s, ideal, facts }
    }

    /// How many moves had been made by a second.
    pub fn made(&self, at_s: u64) -> usize {
        self.moves.partition_point(|it| it.at_s <= at_s)
    }

    /// How many points had been given or taken by a second.
    pub fn given(&self, at_s: u64) -> usize {
        self.points.partition_point(|it| it.at_s <= at_s)
    }

    /// The points of each dimension by a second, in the order of [`Dimensions::ALL`].
    pub fn so_far(&self, at_s: u64) -> [u32; 5] {
        let given = &self.points[..self.given(at_s)];
        Dimensions::ALL.map(|(name, most)| {
            let sum: i32 = given.iter().filter(|it| it.point.dimension == name).map(|it| it.point.points).sum();
            u32::try_from(sum).unwrap_or(0).min(most)
        })
    }

    /// The whole by a second, with the bonus and before the caps.
    pub fn whole(&self, at_s: u64) -> u32 {
        let given = &self.points[..self.given(at_s)];
        let bonus: i32 = given.iter().filter(|it| it.point.dimension == "bonus").map(|it| it.point.points).sum();
        (self.so_far(at_s).iter().sum::<u32>() + u32::try_from(bonus).unwrap_or(0)).min(100)
    }

    /// What was known at a second.
    pub fn facts(&self, at_s: u64) -> &Facts {
        const NOTHING: &Facts = &Facts {
            severity: None,
            stage: None,
            roles: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            tests: None,
            rollout: None,
            decided: None,
            rollback: None,
            notice: None,
        };
        let known = self.facts.partition_point(|(at, _)| *at <= at_s);
        known.checked_sub(1).map_or(NOTHING, |place| &self.facts[place].1)
    }
}

fn scored(point: &Point, end_s: u64) -> Scored {
    let point = Point { why: clean(&point.why), ..point.clone() };
    Scored { at_s: point.at_s.unwrap_or(end_s).min(end_s), point }
}

fn moves(run: &Kept, deeds: &[Deed]) -> Vec<Move> {
    let happened = run.happenings.iter().map(|it| Move {
        at_s: it.at_s,
        lane: Lane::World,
        actor: clean(&it.actor),
        text: clean(&it.text),
        secret: it.secret,
    });
    // What the world told stands in the journal too.
    let done = deeds.iter().filter(|deed| !matches!(deed.entry, Entry::DrillEvent { .. })).map(|deed| Move {
        at_s: deed.at.secs(),
        lane: if is_person(deed) { Lane::Team } else { Lane::Console },
        actor: clean(&deed.actor),
        text: deed.words(),
        secret: false,
    });
    let mut all: Vec<Move> = happened.chain(done).collect();
    all.sort_by_key(|it| it.at_s);
    all
}

fn is_person(deed: &Deed) -> bool {
    deed.actor != PROGRAM && !matches!(deed.entry, Entry::Declared { .. })
}

/// What was known, each time that it changed.
fn facts(run: &Kept, deeds: &[Deed]) -> Vec<(u64, Facts)> {
    let start = run.records.first().map_or(Timestamp::UNIX_EPOCH, |record| record.at);
    let seen = run.happenings.iter().filter(|it| it.actor == "rollout");
    let mut changes: Vec<(u64, Change<'_>)> = seen.map(|it| (it.at_s, Change::Rollout(&it.text))).collect();
    changes.extend(deeds.iter().map(|deed| (deed.at.secs(), Change::Deed(deed))));
    changes.sort_by_key(|(at, _)| *at);
    let mut now = Facts::default();
    let mut out: Vec<(u64, Facts)> = Vec::new();
    for (at, change) in changes {
        match change {
            Change::Rollout(text) => now.rollout = Some(clean(text)),
            Change::Deed(deed) => now.take(deed, start),
        }
        match out.last_mut() {
            Some((last, facts)) if *last == at => facts.clone_from(&now),
            _ => out.push((at, now.clone())),
        }
    }
    out
}

enum Change<'a> {
    Rollout(&'a str),
    Deed(&'a Deed),
}

impl Facts {
    fn take(&mut self, deed: &Deed, start: Timestamp) {
        match &deed.entry {
            Entry::Declared { severity, .. } => {
                (self.severity, self.stage) = (*severity, Some(Stage::Assess));
            }
            Entry::Assessed { severity, .. } => self.severity = severity.or(self.severity),
            Entry::StageEntered { stage } => self.stage = Some(*stage),
            Entry::RoleTaken { role, name } => drop(self.roles.insert(*role, clean(name))),
            Entry::VerdictChanged { metric, to, .. } => drop(self.verdicts.insert(clean(metric), clean(to))),
            Entry::TestsSeen { passed, failed, .. } => self.tests = Some((*passed, *failed)),
            Entry::Decided { decision, .. } => self.decided = Some(format!("{} at {}", decision.label(), deed.at)),
            Entry::NoticeSent { next_update_at, .. } => {
                let next = next_update_at.and_then(|at| u64::try_from(at.duration_since(start).as_secs()).ok());
                self.notice = Some((deed.at.secs(), next));
            }
            Entry::RollbackArmed { .. }
            | Entry::RollbackDisarmed { .. }
            | Entry::RollbackFired { .. }
            | Entry::Step { .. }
            | Entry::RollbackEnded { .. } => self.rollback = Some(deed.words()),
            _ => {}
        }
    }

    /// Name and value of each, in the order in which one asks; `None` for what nobody knew.
    pub fn list(&self, at_s: u64) -> Vec<(&'static str, Option<String>)> {
        let label = |(role, name): (&Role, &String)| format!("{} {name}", role.label());
        let verdict = |(metric, to): (&String, &String)| format!("{metric} {to}");
        let tests = |(passed, failed)| format!("{passed} passed, {failed} failed");
        vec![
            ("severity", self.severity.map(|it| it.label().to_owned())),
            ("stage", self.stage.map(|it| it.label().to_owned())),
            ("canary", joined(self.verdicts.iter().map(verdict))),
            ("tests", self.tests.map(tests)),
            ("rollout", self.rollout.clone()),
            ("decided", self.decided.clone()),
            ("rollback", self.rollback.clone()),
            ("roles", joined(self.roles.iter().map(label))),
            ("next update", self.next_update(at_s)),
        ]
    }

    fn next_update(&self, at_s: u64) -> Option<String> {
        let minutes = |s: u64| format!("{}:{:02}", s / 60, s % 60);
        Some(match self.notice? {
            (_, None) => "none was promised".into(),
            (_, Some(due)) if due >= at_s => format!("due in {}", minutes(due - at_s)),
            (_, Some(due)) => format!("OVERDUE by {}", minutes(at_s - due)),
        })
    }
}

fn joined(parts: impl Iterator<Item = String>) -> Option<String> {
    Some(parts.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
