//! The ideal path of a scenario (pure): what its score asks for, and what was done in the ideal run, which was played by a
//! script in the same world. Both are shown in the debrief only.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::deeds::deeds;
use super::points::Dimensions;
use super::rules::Deed;
use super::scenario::Scenario;
use super::score::Score;
use crate::incident::Entry;
use crate::journal::record::Record;

/// What should be done, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The dimension that scores it.
    pub dimension: Cow<'static, str>,
    /// The most that it is worth.
    pub most: u32,
    /// In words.
    pub what: String,
    /// Not before this second.
    pub from_s: u64,
    /// Until this second it is worth everything; none: any time will do.
    pub until_s: Option<u64>,
    /// From this second on it is worth nothing.
    pub lost_s: Option<u64>,
}

/// The ideal run: what was done in it, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdealRun {
    /// From 0 to 100.
    pub score: u32,
    /// What the operators did, in order.
    pub moves: Vec<IdealMove>,
}

/// Something that was done in the ideal run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdealMove {
    /// Seconds since the start.
    pub at_s: u64,
    /// Who.
    pub actor: String,
    /// In words.
    pub event: String,
    /// The points that it won: the dimension of each, and how many.
    pub won: Vec<(Cow<'static, str>, i32)>,
}

impl IdealRun {
    /// What a run with these records and this score shows as the ideal one.
    pub fn of(records: &[Record], score: &Score) -> Self {
        let done = deeds(records).into_iter().filter(|deed| {
            deed.by_person() && !matches!(deed.entry, Entry::Declared { .. } | Entry::DrillEvent { .. })
        });
        let won = |seq: u64| {
            let mut sums: Vec<(Cow<'static, str>, i32)> = Vec::new();
            for point in score.points.iter().filter(|point| point.seq == Some(seq) && point.points > 0) {
                match sums.iter_mut().find(|(name, _)| *name == point.dimension) {
                    Some((_, sum)) => *sum += point.points,
                    None => sums.push((point.dimension.clone(), point.points)),
                }
            }
            sums
        };
        let moves = done.map(|deed| IdealMove {
            at_s: deed.at.secs(),
            actor: deed.actor.clone(),
            event: deed.words(),
            won: won(deed.seq),
        });
        Self { score: score.score, moves: moves.collect() }
    }

    /// What first won points of a dimension.
    pub fn first(&self, dimension: &str) -> Option<&IdealMove> {
        self.moves.iter().find(|it| it.won.iter().any(|(name, _)| name == dimension))
    }
}

impl IdealMove {
    /// The points that it won, in words: `detect 20, comms 3`; nothing where it won none.
    pub fn worth(&self) -> String {
        self.won.iter().map(|(name, points)| format!("{name} {points}")).collect::<Vec<_>>().join(", ")
    }
}

/// The ideal path: a step for each dimension, in the order of time.
pub fn path(scenario: &Scenario) -> Vec<Step> {
    let whats = [detect(scenario), decide(scenario), act(scenario), discipline(scenario), comms(scenario)];
    let mut steps: Vec<Step> = Dimensions::ALL
        .into_iter()
        .zip(whats)
        .map(|((dimension, most), (what, from_s, until_s, lost_s))| Step {
            dimension: dimension.into(),
            most,
            what,
            from_s,
            until_s,
            lost_s,
        })
        .collect();
    steps.sort_by_key(|step| (step.until_s.unwrap_or(u64::MAX), step.from_s));
    steps
}

/// In words, not before, full marks until, nothing from.
type Wanted = (String, u64, Option<u64>, Option<u64>);

fn detect(scenario: &Scenario) -> Wanted {
    let rule = &scenario.scoring.detect;
    let what = format!("put the signal into words ({})", rule.signals.join(", "));
    (what, rule.from.secs(), Some(rule.full_until.secs()), Some(rule.zero_from.secs()))
}

fn decide(scenario: &Scenario) -> Wanted {
    let rule = &scenario.scoring.decide;
    let what = format!("decide to {}, for a reason that cites the screen", scenario.expected.decision.label());
    (what, rule.not_before.secs(), Some(rule.full_until.secs()), Some(rule.zero_from.secs()))
}

fn act(scenario: &Scenario) -> Wanted {
    let rule = &scenario.scoring.act;
    let what = match rule.wants {
        Deed::RollBack => {
            "fire the rollback, see it verified, and say within two minutes what the look afterwards shows"
        }
        Deed::StandStill => "leave production as it is, and say within two minutes what a second look shows",
        Deed::Mend => "mend the cause by a new commit, after looking at what failed, and have its tests run",
        Deed::SeeTo => return (format!("see to {} before the end", rule.items.join(", ")), 0, None, None),
    };
    (what.to_owned(), scenario.scoring.decide.not_before.secs(), None, None)
}

fn discipline(scenario: &Scenario) -> Wanted {
    (format!("see to {} in their order", scenario.scoring.discipline.items.join(", ")), 0, None, None)
}

fn comms(scenario: &Scenario) -> Wanted {
    let rule = &scenario.scoring.comms;
    let roles: Vec<&str> = rule.roles.iter().map(|role| role.label()).collect();
    let who = if roles.is_empty() { String::new() } else { format!("take the roles {}, ", roles.join(" and ")) };
    let what = format!("{who}tell the stakeholders, never be silent for more than {}", rule.silence);
    (what, 0, Some(rule.first_notice.secs()), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::catalogue;

    #[test]
    fn every_scenario_has_a_step_for_each_dimension_in_the_order_of_time() {
        for scenario in catalogue::all() {
            let steps = path(&scenario);
            assert_eq!(steps.iter().map(|step| step.most).sum::<u32>(), 100, "{}", scenario.id);
            assert!(steps.is_sorted_by_key(|step| step.until_s.unwrap_or(u64::MAX)), "{}", scenario.id);
            let fits = |step: &Step| {
                step.from_s <= step.until_s.unwrap_or(u64::MAX) && step.until_s <= step.lost_s.or(step.until_s)
            };
            assert!(steps.iter().all(fits), "{}: {steps:#?}", scenario.id);
        }
    }

    #[test]
    fn the_first_scenario_asks_for_a_rollback_on_evidence() {
        let steps = path(&catalogue::find("d1").unwrap());
        let decide = steps.iter().find(|step| step.dimension == "decide").unwrap();
        assert_eq!((decide.from_s, decide.until_s, decide.lost_s), (240, Some(420), Some(600)));
        assert!(decide.what.contains("roll back"), "{}", decide.what);
    }
}
