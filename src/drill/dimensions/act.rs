//! Up to 20 points: what was done, and whether somebody looked at what came of it.

use super::super::deeds::Deed;
use super::super::moment::Moment;
use super::super::points::Point;
use super::super::rules::Deed as Wanted;
use super::{Run, names_one, nothing, point};
use crate::incident::{Decision, Entry, RollbackEnd};

/// How soon after an action somebody has to look again, in seconds.
const LOOK_AGAIN_S: u64 = 120;

impl<'a> Run<'a> {
    pub(super) fn act(&self) -> Vec<Point> {
        if let Some(void) = self.void() {
            return vec![void];
        }
        let mut points = match self.scenario.scoring.act.wants {
            Wanted::RollBack => self.rolled_back(),
            Wanted::StandStill => self.stood_still(),
            Wanted::SeeTo => self.saw_to(),
            Wanted::Mend => self.mended(),
        };
        points.extend(self.bypassed());
        points
    }

    /// Nothing makes good a full promotion at a time when everybody could have known better.
    fn void(&self) -> Option<Point> {
        let at = self.outcome.promoted_fully_at?;
        self.scenario.scoring.act.void.filter(|window| window.holds(at))?;
        let deed = self.promoted().take_while(|it| it.at <= at).last();
        let why = format!("the new version got all the traffic at {at}");
        Some(deed.map_or_else(|| nothing("act", &why), |deed| point("act", 0, deed, &why)))
    }

    fn rolled_back(&self) -> Vec<Point> {
        let Some(fired) = self.fired() else {
            return vec![nothing("act", "no rollback was fired")];
        };
        let mut points = vec![point("act", 4, fired, format!("the rollback was fired at {}", fired.at))];
        points.extend(self.ended());
        let again = self.deeds.iter().filter(|it| matches!(it.entry, Entry::RollbackFired { .. })).nth(1);
        points.extend(again.map(|it| point("act", -10, it, "a second rollback was fired over the first one")));
        points
    }

    fn ended(&self) -> Vec<Point> {
        let end = self.deeds.iter().rev().find_map(|it| match &it.entry {
            Entry::RollbackEnded { end, .. } => Some((it, *end)),
            _ => None,
        });
        let Some((deed, end)) = end else { return vec![nothing("act", "the rollback never came to an end")] };
        let worth = match end {
            RollbackEnd::Verified => 10,
            RollbackEnd::IssuedNotVerified => 5,
            RollbackEnd::Failed | RollbackEnd::Stopped => 0,
        };
        vec![point("act", worth, deed, format!("it ended: {}", end.label())), self.looked_again(deed)]
    }

    fn looked_again(&self, after: &Deed) -> Point {
        let soon = after.at.secs()..=after.at.secs() + LOOK_AGAIN_S;
        let words = &self.scenario.scoring.act.look;
        let looked = self.deeds.iter().rev().find(|it| {
            let says = matches!(it.entry, Entry::Noted { .. } | Entry::Ticked { .. } | Entry::NoticeSent { .. });
            let names = words.is_empty() || it.said().is_some_and(|text| names_one(text, words));
            says && names && it.by_person() && it.seq > after.seq && soon.contains(&it.at.secs())
        });
        match looked {
            Some(deed) => point("act", 6, deed, "somebody looked again within two minutes, and said so"),
            None => point("act", 0, after, "nobody said within two minutes what the look afterwards showed"),
        }
    }

    /// Leaving production as it is counts if it was decided, and nothing else was.
    fn stood_still(&self) -> Vec<Point> {
        if let Some(fired) = self.fired() {
            return vec![point("act", 5, fired, "a rollback was fired that could not help")];
        }
        let touches = |it: &Deed| matches!(it.decision(), Some(Decision::Promote | Decision::RollBack));
        if let Some(touched) = self.first(touches) {
            return vec![point("act", 0, touched, format!("{}: that was not to leave it alone", touched.words()))];
        }
        match self.first(|it| it.decision() == Some(self.scenario.expected.decision)) {
            None => vec![nothing("act", "nothing was decided, so nothing was done on purpose")],
            Some(decided) => {
                vec![point("act", 14, decided, "production was left as it was, on purpose"), self.looked_again(decided)]
            }
        }
    }

    /// The items are worth 14 together; to say first what they take is worth 6.
    fn saw_to(&self) -> Vec<Point> {
        let (items, end) = (&self.scenario.scoring.act.items, self.end());
        let done: Vec<&Deed> =
            items.iter().filter_map(|item| self.first(|it| it.sees_to(item) && it.at <= end)).collect();
        let all = items.join(", ");
        let first = done.first().map_or(end, |it| it.at);
        let seen = match done.last() {
            Some(deed) if done.len() == items.len() => point("act", 14, deed, format!("{all} was seen to in time")),
            _ => nothing("act", format!("{all} was not seen to before the end")),
        };
        vec![seen, self.looked_first(first)]
    }

    /// A new tip that mends the cause is worth 7, its tests 7, and the look before it 6.
    fn mended(&self) -> Vec<Point> {
        let mended = self
            .outcome
            .mended_at
            .and_then(|at| self.first(|it| it.at >= at && matches!(it.entry, Entry::HeadMoved { from: Some(_), .. })));
        let Some(tip) = mended else {
            return vec![nothing("act", "the cause was not mended"), self.looked_first(self.end())];
        };
        let tested = self.first(|it| {
            let Entry::HeadMoved { to, .. } = &tip.entry else { return false };
            it.seq > tip.seq && matches!(&it.entry, Entry::TestsSeen { subject, .. } if subject.as_ref() == Some(to))
        });
        let result = match tested {
            Some(deed) => point("act", 7, deed, "the tests ran for the new commit"),
            None => nothing("act", "no result of the tests is for the new commit"),
        };
        vec![point("act", 7, tip, "the cause was mended by a new commit"), result, self.looked_first(tip.at)]
    }

    fn looked_first(&self, before: Moment) -> Point {
        let words = &self.scenario.scoring.act.look;
        let looked = self.first(|it| it.at <= before && it.said().is_some_and(|text| names_one(text, words)));
        match looked {
            Some(deed) => point("act", 6, deed, "somebody looked first, and said what was seen"),
            None => nothing("act", format!("nobody said first what a look shows: {}", words.join(", "))),
        }
    }

    fn bypassed(&self) -> Option<Point> {
        let deed = self.promoted().next()?;
        let seen = |item: &String| {
            self.deeds.iter().any(|it| {
                it.at <= deed.at
                    && matches!(&it.entry, Entry::Ticked { item: i, .. } | Entry::Overridden { item: i, .. } if i == item)
            })
        };
        let open: Vec<&str> =
            self.scenario.scoring.act.gates.iter().filter(|item| !seen(item)).map(String::as_str).collect();
        let why = || format!("promoted past {}, and nobody answered for that", open.join(", "));
        (!open.is_empty()).then(|| point("act", -10, deed, why()))
    }
}
