//! The points of the five dimensions, each with its event and its sentence (pure).

use super::deeds::Deed;
use super::moment::Moment;
use super::rules::Deed as Wanted;
use super::scenario::{Scenario, TrackName};
use super::score::Point;
use crate::incident::{Decision, Entry, RollbackEnd};

/// How soon after an action somebody has to look again, in seconds.
const LOOK_AGAIN_S: u64 = 120;
/// What a right decision can still be worth after a wrong one.
const AFTER_A_WRONG_ONE: i32 = 10;

/// All points of a run.
pub fn points(scenario: &Scenario, deeds: &[Deed]) -> Vec<Point> {
    let run = Run { scenario, deeds };
    [run.detect(), run.decide(), run.act(), run.discipline(), run.comms()].concat()
}

struct Run<'a> {
    scenario: &'a Scenario,
    deeds: &'a [Deed],
}

fn point(dimension: &'static str, points: i32, at: Option<Moment>, why: impl Into<String>) -> Point {
    Point { dimension, points, at_s: at.map(Moment::secs), why: why.into() }
}

/// `most` until `full_until`, nothing from `zero_from` on, a straight line between them, rounded down.
fn fading(most: i32, at: Moment, full_until: Moment, zero_from: Moment) -> i32 {
    let left = zero_from.secs().saturating_sub(at.secs());
    let whole = zero_from.secs().saturating_sub(full_until.secs()).max(1);
    (f64::from(most) * (left as f64 / whole as f64).min(1.0)) as i32
}

impl<'a> Run<'a> {
    fn first(&self, wanted: impl Fn(&Deed) -> bool) -> Option<&'a Deed> {
        self.deeds.iter().find(|deed| wanted(deed))
    }

    fn names_signal(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.scenario.scoring.detect.signals.iter().any(|word| text.contains(&word.to_lowercase()))
    }

    /// The first time that a person put the signal into words after it could be seen.
    fn signal_named(&self) -> Option<&'a Deed> {
        let from = self.scenario.scoring.detect.from;
        self.first(|it| it.at >= from && it.said().is_some_and(|text| self.names_signal(text)))
    }

    fn detect(&self) -> Vec<Point> {
        let rule = &self.scenario.scoring.detect;
        vec![match self.signal_named() {
            None => point("detect", 0, None, "nobody put the signal into words after it could be seen"),
            Some(deed) => {
                let points = fading(20, deed.at, rule.full_until, rule.zero_from);
                let why =
                    format!("{} named the signal at {}; full marks until {}", deed.actor, deed.at, rule.full_until);
                point("detect", points, Some(deed.at), why)
            }
        }]
    }

    fn decide(&self) -> Vec<Point> {
        let expected = &self.scenario.expected;
        let right = self.first(|it| it.decision() == Some(expected.decision));
        let is_wrong = |it: Decision| it != expected.decision && !expected.also_fine.contains(&it);
        let wrong = self.first(|it| it.decision().is_some_and(is_wrong));
        let label = expected.decision.label();
        if let Some((deed, why)) = self.blind_promotion() {
            return vec![point("decide", 0, Some(deed.at), why)];
        }
        match (right, wrong) {
            (None, None) => vec![point("decide", 0, None, format!("the decision to {label} was never recorded"))],
            (None, Some(deed)) => self.wrong_decision(deed),
            (Some(deed), wrong) => self.right_decision(deed, wrong.filter(|it| it.at <= deed.at)),
        }
    }

    fn wrong_decision(&self, deed: &Deed) -> Vec<Point> {
        let why = format!("{}; right was to {}", deed.words(), self.expected());
        let mut points = vec![point("decide", 0, Some(deed.at), why)];
        let left = self.scenario.scoring.decide.named_anyway.cast_signed();
        let named = self.signal_named().filter(|_| left > 0);
        points.extend(
            named.map(|it| point("decide", left, Some(it.at), format!("{} had ruled it out in words", it.actor))),
        );
        points
    }

    fn right_decision(&self, deed: &Deed, wrong: Option<&Deed>) -> Vec<Point> {
        let rule = &self.scenario.scoring.decide;
        let in_time = fading(15, deed.at, rule.full_until, rule.zero_from);
        let why = format!("decided to {} at {}; full marks until {}", self.expected(), deed.at, rule.full_until);
        let mut points = vec![point("decide", in_time, Some(deed.at), why)];
        if self.is_premature(deed) {
            let why = format!("premature: before {} there was not enough evidence", rule.not_before);
            points.push(point("decide", -rule.premature.cast_signed(), Some(deed.at), why));
        } else if deed.said().is_some_and(|reason| self.names_signal(reason)) {
            let cited = fading(10, deed.at, rule.full_until, rule.zero_from);
            points.push(point("decide", cited, Some(deed.at), "the reason cites what the screen showed"));
        } else {
            points.push(point("decide", 0, Some(deed.at), "the reason cites no evidence"));
        }
        if let Some(wrong) = wrong {
            let sum: i32 = points.iter().map(|it| it.points).sum();
            let why = format!("after a wrong one at {}: {}", wrong.at, wrong.words());
            points.push(point("decide", (AFTER_A_WRONG_ONE - sum).min(0), Some(wrong.at), why));
        }
        points
    }

    fn expected(&self) -> &'static str {
        self.scenario.expected.decision.label()
    }

    /// Before its time, unless the console itself had seen enough by then.
    fn is_premature(&self, deed: &Deed) -> bool {
        let proven = |it: &Deed| {
            it.at <= deed.at && matches!(&it.entry, Entry::VerdictChanged { to, .. } if to.as_str() == "regressed")
        };
        deed.at < self.scenario.scoring.decide.not_before && !self.deeds.iter().any(proven)
    }

    /// The first promotion that nothing could justify, and why.
    fn blind_promotion(&self) -> Option<(&'a Deed, String)> {
        let rule = &self.scenario.scoring.decide;
        let promoted = self.deeds.iter().filter(|it| it.decision() == Some(Decision::Promote));
        promoted.into_iter().find_map(|deed| {
            let requests = self.scenario.pinned_requests(TrackName::Canary, deed.at);
            if rule.blind.is_some_and(|blind| blind.holds(deed.at)) {
                return Some((deed, format!("promoted at {} while nothing could be seen", deed.at)));
            }
            let why =
                || format!("promoted at {} after {requests} requests of the canary: that proves nothing", deed.at);
            (requests < rule.promote_needs_requests).then(|| (deed, why()))
        })
    }

    fn act(&self) -> Vec<Point> {
        let mut points = match self.scenario.scoring.act.wants {
            Wanted::RollBack => self.rolled_back(),
            Wanted::StandStill => self.stood_still(),
            Wanted::SeeTo => self.saw_to(),
        };
        points.extend(self.bypassed());
        points
    }

    fn fired(&self) -> Option<&'a Deed> {
        self.first(|it| matches!(it.entry, Entry::RollbackFired { .. }))
    }

    fn rolled_back(&self) -> Vec<Point> {
        let Some(fired) = self.fired() else {
            return vec![point("act", 0, None, "no rollback was fired")];
        };
        let mut points = vec![point("act", 4, Some(fired.at), format!("the rollback was fired at {}", fired.at))];
        points.extend(self.ended());
        if self.is_premature(fired) {
            points.push(point("act", -5, Some(fired.at), "a false alarm was acted on"));
        }
        let again = self.deeds.iter().filter(|it| matches!(it.entry, Entry::RollbackFired { .. })).nth(1);
        points.extend(again.map(|it| point("act", -10, Some(it.at), "a second rollback was fired over the first one")));
        points
    }

    fn ended(&self) -> Vec<Point> {
        let end = self.deeds.iter().rev().find_map(|it| match &it.entry {
            Entry::RollbackEnded { end, .. } => Some((it, *end)),
            _ => None,
        });
        let Some((deed, end)) = end else { return vec![point("act", 0, None, "the rollback never came to an end")] };
        let worth = match end {
            RollbackEnd::Verified => 10,
            RollbackEnd::IssuedNotVerified => 5,
            RollbackEnd::Failed | RollbackEnd::Stopped => 0,
        };
        vec![point("act", worth, Some(deed.at), format!("it ended: {}", end.label())), self.looked_again(deed.at)]
    }

    fn looked_again(&self, after: Moment) -> Point {
        let soon = after.secs()..=after.secs() + LOOK_AGAIN_S;
        let looked = self.deeds.iter().rev().find(|it| {
            let says = matches!(it.entry, Entry::Noted { .. } | Entry::Ticked { .. } | Entry::NoticeSent { .. });
            says && it.by_person() && it.at > after && soon.contains(&it.at.secs())
        });
        match looked {
            Some(deed) => point("act", 6, Some(deed.at), "somebody looked again within two minutes, and said so"),
            None => point("act", 0, Some(after), "nobody said within two minutes what the look afterwards showed"),
        }
    }

    fn stood_still(&self) -> Vec<Point> {
        if let Some(fired) = self.fired() {
            return vec![point("act", 5, Some(fired.at), "a rollback was fired that could not help")];
        }
        let Some(decided) = self.first(|it| it.decision() == Some(self.scenario.expected.decision)) else {
            return vec![point("act", 0, None, "nothing was decided, so nothing was done on purpose")];
        };
        match self.first(|it| it.decision() == Some(Decision::Promote)) {
            Some(deed) => vec![point("act", 0, Some(deed.at), "it was promoted all the same")],
            None => vec![
                point("act", 14, Some(decided.at), "production was left as it was, on purpose"),
                self.looked_again(decided.at),
            ],
        }
    }

    /// The items are worth 14 together; to say first what they take is worth 6.
    fn saw_to(&self) -> Vec<Point> {
        let items = &self.scenario.scoring.act.items;
        let end = self.first(|it| matches!(it.entry, Entry::Closed { .. })).map_or(self.scenario.length, |it| it.at);
        let done: Vec<&Deed> =
            items.iter().filter_map(|item| self.first(|it| it.sees_to(item) && it.at <= end)).collect();
        let missing = items.len() - done.len();
        let mut points = vec![match done.last() {
            Some(deed) if missing == 0 => {
                point("act", 14, Some(deed.at), format!("{} was seen to in time", items.join(", ")))
            }
            _ => point("act", 0, None, format!("{} was not seen to before the end", items.join(", "))),
        }];
        let first = done.first().map_or(end, |it| it.at);
        let looked =
            self.first(|it| it.at <= first && it.said().is_some_and(|text| text.to_lowercase().contains("conflict")));
        points.push(match looked {
            Some(deed) => point("act", 6, Some(deed.at), "somebody looked first at what would conflict, and said so"),
            None => point("act", 0, None, "nobody said first what would conflict"),
        });
        points
    }

    fn bypassed(&self) -> Option<Point> {
        let deed = self.first(|it| it.decision() == Some(Decision::Promote))?;
        let seen = |item: &String| {
            self.deeds.iter().any(|it| {
                it.at <= deed.at
                    && matches!(&it.entry, Entry::Ticked { item: i, .. } | Entry::Overridden { item: i, .. } if i == item)
            })
        };
        let open: Vec<&str> =
            self.scenario.scoring.act.gates.iter().filter(|item| !seen(item)).map(String::as_str).collect();
        let why = || format!("promoted past {}, and nobody answered for that", open.join(", "));
        (!open.is_empty()).then(|| point("act", -10, Some(deed.at), why()))
    }

    fn discipline(&self) -> Vec<Point> {
        let items = &self.scenario.scoring.discipline.items;
        let done = items.iter().filter_map(|item| Some((item, self.first(|it| it.sees_to(item))?)));
        let mut points = Vec::new();
        for (count, (item, deed)) in (1..).zip(done) {
            // The share so far less the share before, so that the whole is 20 whatever the number of items.
            let share = |n: usize| (20 * n / items.len()) as i32;
            let worth = share(count) - share(count - 1);
            points.push(point("discipline", worth, Some(deed.at), format!("{item} was seen to by {}", deed.actor)));
        }
        for item in items.iter().filter(|item| self.first(|it| it.sees_to(item)).is_none()) {
            points.push(point("discipline", 0, None, format!("{item} was left open")));
        }
        points.extend(self.out_of_order());
        points.extend(self.stale_ticks());
        points
    }

    /// Ticks of a stage that came after ticks of a later one: the first letter of an item is its stage.
    fn out_of_order(&self) -> Vec<Point> {
        let mut furthest = 'a';
        let mut points = Vec::new();
        for deed in self.deeds {
            let Entry::Ticked { item, .. } = &deed.entry else { continue };
            let Some(stage) = item.chars().next() else { continue };
            if stage < furthest {
                points.push(point("discipline", -3, Some(deed.at), format!("{item} was ticked out of order")));
            }
            furthest = furthest.max(stage);
        }
        points
    }

    fn stale_ticks(&self) -> Vec<Point> {
        let rule = |item: &String, at: Moment| {
            let stale = self.scenario.scoring.discipline.stale.iter();
            stale.into_iter().find(|it| it.items.contains(item) && it.from <= at && at < it.until)
        };
        let ticked = self.deeds.iter().filter_map(|deed| match &deed.entry {
            Entry::Ticked { item, .. } => rule(item, deed.at).map(|rule| (deed.at, item, rule.costs.cast_signed())),
            _ => None,
        });
        let why = |item: &String| format!("{item} was ticked while its evidence was stale");
        ticked.map(|(at, item, costs)| point("discipline", -costs, Some(at), why(item))).collect()
    }

    fn comms(&self) -> Vec<Point> {
        let notices: Vec<&Deed> =
            self.deeds.iter().filter(|it| matches!(it.entry, Entry::NoticeSent { .. }) && it.by_person()).collect();
        let mut points = match notices.first() {
            None => vec![point("comms", 0, None, "the stakeholders were told nothing")],
            Some(first) => vec![self.first_notice(first), self.silence(&notices), self.promises(&notices)],
        };
        points.push(self.roles());
        points
    }

    fn first_notice(&self, first: &Deed) -> Point {
        let due = self.scenario.scoring.comms.first_notice;
        let worth = if first.at <= due { 5 } else { 2 };
        point("comms", worth, Some(first.at), format!("the first notice went out at {}; due by {due}", first.at))
    }

    fn silence(&self, notices: &[&Deed]) -> Point {
        let end = self.first(|it| matches!(it.entry, Entry::Closed { .. })).map_or(self.scenario.length, |it| it.at);
        let times = notices.iter().map(|it| it.at).chain([end]);
        let longest = times.clone().zip(times.skip(1)).map(|(a, b)| b.secs().saturating_sub(a.secs())).max();
        let longest = Moment::from_secs(longest.unwrap_or(0));
        let worth = if longest <= self.scenario.scoring.comms.silence { 4 } else { 0 };
        let last = notices.last().map(|it| it.at);
        point("comms", worth, last, format!("the longest silence after the first notice was {longest}"))
    }

    /// A notice after the rollback may be the last one, and need not name another.
    fn promises(&self, notices: &[&Deed]) -> Point {
        let ended = self.first(|it| matches!(it.entry, Entry::RollbackEnded { .. })).map(|it| it.at);
        let needed = notices.iter().filter(|it| ended.is_none_or(|end| it.at < end));
        let silent = needed.clone().find(|it| matches!(it.entry, Entry::NoticeSent { next_update_at: None, .. }));
        match silent {
            Some(deed) => point("comms", 0, Some(deed.at), "a notice did not say when the next one comes"),
            None => point("comms", 3, notices.last().map(|it| it.at), "every notice said when the next one comes"),
        }
    }

    fn roles(&self) -> Point {
        let touched =
            |it: &Deed| matches!(it.entry, Entry::RollbackFired { .. }) || it.decision() == Some(Decision::Promote);
        let until = self.first(touched).map_or(self.scenario.length, |it| it.at);
        let held =
            |role| self.first(|it| it.at <= until && matches!(it.entry, Entry::RoleTaken { role: r, .. } if r == role));
        let roles: Vec<Option<&Deed>> = self.scenario.scoring.comms.roles.iter().map(|role| held(*role)).collect();
        match roles.iter().copied().collect::<Option<Vec<&Deed>>>() {
            Some(taken) => {
                point("comms", 3, taken.last().map(|it| it.at), "the roles were held before production was touched")
            }
            None => point("comms", 0, None, "production was touched, or time ran out, before the roles were held"),
        }
    }
}
