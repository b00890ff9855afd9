//! Up to 25 points: the right decision, in time, with its evidence.

use super::super::deeds::Deed;
use super::super::points::Point;
use super::super::rules::Triage;
use super::super::scenario::TrackName;
use super::{Run, fading, names_one, nothing, point};
use crate::incident::{Decision, Entry};

/// What a right decision can still be worth beside a wrong one.
const BESIDE_A_WRONG_ONE: i32 = 10;
/// Two decisions within this many seconds were made in one breath.
const ONE_BREATH_S: u64 = 10;

impl<'a> Run<'a> {
    pub(super) fn decide(&self) -> Vec<Point> {
        if let Some((deed, why)) = self.blind_promotion().or_else(|| self.overridden_at_large()) {
            return vec![point("decide", 0, deed, why)];
        }
        let expected = self.scenario.expected.decision;
        let right = self.first(|it| it.decision() == Some(expected));
        match (right, self.first(|it| self.is_wrong(it))) {
            (None, None) => vec![nothing("decide", format!("the decision to {} was never recorded", expected.label()))],
            (None, Some(wrong)) => self.wrong_decision(wrong),
            (Some(right), _) => self.right_decision(right),
        }
    }

    fn is_wrong(&self, deed: &Deed) -> bool {
        let expected = &self.scenario.expected;
        deed.decision().is_some_and(|it| it != expected.decision && !expected.also_fine.contains(&it))
    }

    fn wrong_decision(&self, wrong: &Deed) -> Vec<Point> {
        let expected = self.scenario.expected.decision.label();
        let mut points = vec![point("decide", 0, wrong, format!("{}; right was to {expected}", wrong.words()))];
        let left = self.scenario.scoring.decide.named_anyway.cast_signed();
        let named = self.signal_named().filter(|_| left > 0);
        points.extend(named.map(|it| point("decide", left, it, format!("{} had ruled it out in words", it.actor))));
        points
    }

    fn right_decision(&self, right: &Deed) -> Vec<Point> {
        let rule = &self.scenario.scoring.decide;
        let expected = self.scenario.expected.decision.label();
        let in_time = fading(15, right.at, rule.full_until, rule.zero_from);
        let why = format!("decided to {expected} at {}; full marks until {}", right.at, rule.full_until);
        let mut points = vec![point("decide", in_time, right, why), self.reason(right)];
        points.extend(self.beside(right, points.iter().map(|it| it.points).sum()));
        points
    }

    /// What the reason of a right decision is worth.
    fn reason(&self, right: &Deed) -> Point {
        let rule = &self.scenario.scoring.decide;
        let cited = fading(10, right.at, rule.full_until, rule.zero_from);
        if self.is_premature(right) {
            let why = format!("premature: before {} there was not enough evidence", rule.not_before);
            return point("decide", -rule.premature.cast_signed(), right, why);
        }
        if let Some(triage) = &rule.triage {
            return self.triaged(triage, cited);
        }
        match right.said().is_some_and(|reason| self.cites(reason)) {
            true => point("decide", cited, right, "the reason cites what the screen showed"),
            false => point("decide", 0, right, "the reason cites no evidence"),
        }
    }

    /// What a right decision loses to a wrong one before it, in the same breath, or after it to production.
    fn beside(&self, right: &Deed, sum: i32) -> Option<Point> {
        let touches = |it: &Deed| matches!(it.decision(), Some(Decision::Promote | Decision::RollBack));
        let close = |it: &Deed| it.at.secs().abs_diff(right.at.secs()) <= ONE_BREATH_S;
        let wrong = self.deeds.iter().filter(|it| self.is_wrong(it));
        let wrong: Vec<&Deed> = wrong.filter(|it| it.at < right.at || close(it) || touches(it)).collect();
        if let Some(wrong) = wrong.iter().find(|it| close(it)) {
            let why = format!("in the same breath as a wrong one, at {}: {}", wrong.at, wrong.words());
            return Some(point("decide", (-sum).min(0), wrong, why));
        }
        let wrong = wrong.first()?;
        let order = if wrong.at < right.at { "after a wrong one" } else { "taken back" };
        let why = format!("{order} at {}: {}", wrong.at, wrong.words());
        Some(point("decide", (BESIDE_A_WRONG_ONE - sum).min(0), wrong, why))
    }

    /// Whether a reason names what could be seen.
    fn cites(&self, reason: &str) -> bool {
        let words = &self.scenario.scoring.decide.cites;
        if words.is_empty() { self.names_signal(reason) } else { names_one(reason, words) }
    }

    /// The first promotion that nothing could justify, and why.
    fn blind_promotion(&self) -> Option<(&'a Deed, String)> {
        let rule = &self.scenario.scoring.decide;
        self.promoted().find_map(|deed| {
            let requests = self.scenario.pinned_requests(TrackName::Canary, deed.at);
            if rule.blind.is_some_and(|blind| blind.holds(deed.at)) {
                return Some((deed, format!("promoted at {} while nothing could be seen", deed.at)));
            }
            let proves_nothing =
                || format!("promoted at {} after {requests} requests of the canary: that proves nothing", deed.at);
            (requests < rule.promote_needs_requests).then(|| (deed, proves_nothing()))
        })
    }

    /// An override of the tests that answers for a real failure as well, or for no test by name.
    fn overridden_at_large(&self) -> Option<(&'a Deed, String)> {
        let triage = self.scenario.scoring.decide.triage.as_ref()?;
        self.deeds.iter().find_map(|deed| {
            let Entry::Overridden { item, reason, .. } = &deed.entry else { return None };
            let at_large = names_one(reason, &triage.real) || !names_one(reason, &triage.flaky);
            let why = || format!("{item} was overridden for more than the flaky tests");
            (triage.items.contains(item) && at_large).then(|| (deed, why()))
        })
    }

    fn triaged(&self, triage: &Triage, worth: i32) -> Point {
        let names_all = |text: &str| triage.flaky.iter().all(|it| names_one(text, std::slice::from_ref(it)));
        let by_name = self.first(|it| {
            let answered = match &it.entry {
                Entry::Overridden { item, reason, .. } => Some((item, reason)),
                Entry::Ticked { item, note: Some(note), .. } => Some((item, note)),
                _ => None,
            };
            answered.is_some_and(|(item, text)| triage.items.contains(item) && names_all(text))
        });
        match by_name {
            Some(deed) => point("decide", worth, deed, "the flaky tests were answered for by name, and those alone"),
            None => nothing("decide", "nobody answered for the flaky tests by name"),
        }
    }
}
