//! The points of the five dimensions, each with its event and its sentence (pure).

mod act;
mod comms;
mod decide;
mod discipline;

use super::deeds::Deed;
use super::moment::Moment;
use super::points::Point;
use super::rules::{Bonus, BonusRule, Since};
use super::scenario::Scenario;
use super::world::Outcome;
use crate::evidence::Oid;
use crate::incident::{Decision, Entry, RollbackEnd};

/// What a false alarm costs that was acted on.
const FALSE_ALARM: i32 = 5;

/// All points of a run.
pub fn points(scenario: &Scenario, deeds: &[Deed], outcome: &Outcome) -> Vec<Point> {
    let run = Run { scenario, deeds, outcome };
    [run.detect(), run.decide(), run.act(), run.discipline(), run.comms(), run.bonus()].concat()
}

/// A run under judgement.
#[derive(Clone, Copy)]
struct Run<'a> {
    scenario: &'a Scenario,
    deeds: &'a [Deed],
    outcome: &'a Outcome,
}

/// Points that an entry of the journal won or lost.
fn point(dimension: &'static str, points: i32, deed: &Deed, why: impl Into<String>) -> Point {
    Point { dimension: dimension.into(), points, at_s: Some(deed.at.secs()), seq: Some(deed.seq), why: why.into() }
}

/// No points, because there is no such entry in the journal.
fn nothing(dimension: &'static str, why: impl Into<String>) -> Point {
    Point { dimension: dimension.into(), points: 0, at_s: None, seq: None, why: why.into() }
}

/// `most` until `full_until`, nothing from `zero_from` on, a straight line between them, rounded down.
fn fading(most: i32, at: Moment, full_until: Moment, zero_from: Moment) -> i32 {
    let left = zero_from.secs().saturating_sub(at.secs());
    let whole = zero_from.secs().saturating_sub(full_until.secs()).max(1);
    (f64::from(most) * (left as f64 / whole as f64).min(1.0)) as i32
}

/// Whether a text holds one of these words, in any case.
fn names_one(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(&word.to_lowercase()))
}

impl<'a> Run<'a> {
    fn first(&self, wanted: impl Fn(&Deed) -> bool) -> Option<&'a Deed> {
        self.deeds.iter().find(|deed| wanted(deed))
    }

    fn names_signal(&self, text: &str) -> bool {
        names_one(text, &self.scenario.scoring.detect.signals)
    }

    /// When the incident was closed, or the drill ended by itself.
    fn end(&self) -> Moment {
        self.first(|it| matches!(it.entry, Entry::Closed { .. })).map_or(self.scenario.length, |it| it.at)
    }

    fn fired(&self) -> Option<&'a Deed> {
        self.first(|it| matches!(it.entry, Entry::RollbackFired { .. }))
    }

    fn promoted(&self) -> impl Iterator<Item = &'a Deed> {
        self.deeds.iter().filter(|it| it.decision() == Some(Decision::Promote))
    }

    /// The moment that a rule's moments count from; `None` when it never came.
    fn origin(&self, since: Since) -> Option<Moment> {
        let is_stuck = |it: &Deed| matches!(it.entry, Entry::RollbackEnded { end, .. } if end != RollbackEnd::Verified);
        match since {
            Since::Start => Some(Moment::default()),
            Since::RollbackStuck => self.first(is_stuck).map(|it| it.at),
        }
    }

    /// The first time that a person put the signal into words after it could be seen.
    fn signal_named(&self) -> Option<&'a Deed> {
        let rule = &self.scenario.scoring.detect;
        let from = self.origin(rule.since)?.later(rule.from);
        self.first(|it| it.at >= from && it.said().is_some_and(|text| self.names_signal(text)))
    }

    fn detect(&self) -> Vec<Point> {
        let mut points = vec![self.detected()];
        let alarm = self.fired().filter(|it| self.is_premature(it));
        points.extend(alarm.map(|it| point("detect", -FALSE_ALARM, it, "a false alarm was acted on")));
        points
    }

    fn detected(&self) -> Point {
        let rule = &self.scenario.scoring.detect;
        let Some(origin) = self.origin(rule.since) else {
            return nothing("detect", "it never came so far that there was something to see");
        };
        let Some(deed) = self.signal_named() else {
            return nothing("detect", "nobody put the signal into words after it could be seen");
        };
        let full = origin.later(rule.full_until);
        let points = fading(20, deed.at, full, origin.later(rule.zero_from));
        point(
            "detect",
            points,
            deed,
            format!("{} named the signal at {}; full marks until {full}", deed.actor, deed.at),
        )
    }

    /// Before its time, unless the console itself had seen enough by then.
    fn is_premature(&self, deed: &Deed) -> bool {
        let proven = |it: &Deed| {
            it.at <= deed.at && matches!(&it.entry, Entry::VerdictChanged { to, .. } if to.as_str() == "regressed")
        };
        deed.at < self.scenario.scoring.decide.not_before && !self.deeds.iter().any(proven)
    }

    fn bonus(&self) -> Vec<Point> {
        let earned = |rule: &Bonus| {
            let origin = self.origin(rule.since)?;
            let window = origin.later(rule.from)..=origin.later(rule.until);
            let deed = match rule.when {
                BonusRule::SignalNamed => {
                    self.first(|it| window.contains(&it.at) && it.said().is_some_and(|text| self.names_signal(text)))
                }
                BonusRule::SeverityRaised => self.severity_raised().find(|it| window.contains(&it.at)),
            }?;
            Some(point("bonus", rule.points.cast_signed(), deed, rule.why.clone()))
        };
        self.scenario.scoring.bonus.iter().filter_map(earned).collect()
    }

    /// Whenever the severity became a worse one.
    fn severity_raised(&self) -> impl Iterator<Item = &'a Deed> {
        let rated = self.deeds.iter().filter_map(|it| match it.entry {
            Entry::Assessed { severity: Some(severity), .. } => Some((it, severity)),
            _ => None,
        });
        rated.clone().zip(rated.skip(1)).filter(|(before, after)| after.1 < before.1).map(|(_, after)| after.0)
    }

    /// The tip of the hotfix at a moment, as far as the journal knows.
    fn tip(&self, at: Moment) -> Option<&'a Oid> {
        let mut moved = self.deeds.iter().filter(|it| it.at <= at).filter_map(|it| match &it.entry {
            Entry::HeadMoved { to, .. } => Some(to),
            _ => None,
        });
        moved.next_back()
    }

    /// Whether the last result of the tests at a moment is for another tip, or for none, so that it proves nothing.
    fn is_untested(&self, at: Moment) -> bool {
        let Some(tip) = self.tip(at) else { return false };
        let mut seen = self.deeds.iter().filter(|it| it.at <= at).filter_map(|it| match &it.entry {
            Entry::TestsSeen { subject, .. } => Some(subject),
            _ => None,
        });
        seen.next_back() != Some(&Some(tip.clone()))
    }
}
