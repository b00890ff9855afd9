//! Up to 20 points: the checklist, in its order, on evidence that is fresh.

use super::super::deeds::Deed;
use super::super::moment::Moment;
use super::super::points::Point;
use super::{Run, nothing, point};
use crate::incident::Entry;

/// What a tick costs that came out of order, or on stale evidence.
const BAD_TICK: i32 = 3;

impl<'a> Run<'a> {
    pub(super) fn discipline(&self) -> Vec<Point> {
        if let Some(deed) = self.promoted().find(|it| self.is_untested(it.at)) {
            return vec![point("discipline", 0, deed, "promoted on a result of the tests that is not this commit's")];
        }
        let mut points = self.items();
        points.extend(self.out_of_order());
        points.extend(self.stale_ticks());
        points.extend(self.blind_reruns());
        points
    }

    fn items(&self) -> Vec<Point> {
        let items = &self.scenario.scoring.discipline.items;
        let done = items.iter().filter_map(|item| Some((item, self.first(|it| it.sees_to(item))?)));
        let mut points = Vec::new();
        for (count, (item, deed)) in (1..).zip(done) {
            // The share so far less the share before, so that the whole is 20 whatever the number of items.
            let share = |n: usize| (20 * n / items.len()) as i32;
            let worth = share(count) - share(count - 1);
            points.push(point("discipline", worth, deed, format!("{item} was seen to by {}", deed.actor)));
        }
        for item in items.iter().filter(|item| self.first(|it| it.sees_to(item)).is_none()) {
            let bare = self.first(|it| matches!(&it.entry, Entry::Ticked { item: ticked, .. } if ticked == item));
            points.push(match bare {
                Some(deed) => {
                    point("discipline", 0, deed, format!("{item} was ticked without a word on what was seen"))
                }
                None => nothing("discipline", format!("{item} was left open")),
            });
        }
        points
    }

    fn ticks(&self) -> impl Iterator<Item = (&'a Deed, &'a String)> {
        self.deeds.iter().filter_map(|deed| match &deed.entry {
            Entry::Ticked { item, .. } => Some((deed, item)),
            _ => None,
        })
    }

    /// Ticks of a stage that came after ticks of a later one: the first letter of an item is its stage.
    fn out_of_order(&self) -> Vec<Point> {
        let mut furthest = 'a';
        let mut points = Vec::new();
        for (deed, item) in self.ticks() {
            let Some(stage) = item.chars().next() else { continue };
            if stage < furthest {
                points.push(point("discipline", -BAD_TICK, deed, format!("{item} was ticked out of order")));
            }
            furthest = furthest.max(stage);
        }
        points
    }

    fn stale_ticks(&self) -> Vec<Point> {
        let why = |item: &String| format!("{item} was ticked while its evidence was stale");
        let stale = self.ticks().filter_map(|(deed, item)| {
            let costs = self.staleness(item, deed.at)?;
            Some(point("discipline", -costs, deed, why(item)))
        });
        stale.collect()
    }

    /// What a tick of an item costs at a moment at which its evidence was stale.
    fn staleness(&self, item: &str, at: Moment) -> Option<i32> {
        let mut stale = self.scenario.scoring.discipline.stale.iter();
        let rule = stale.find(|it| it.items.iter().any(|stale| stale == item) && it.from <= at && at < it.until);
        let of_another_tip = || matches!(item, "b6" | "b7") && self.is_untested(at);
        rule.map(|it| it.costs.cast_signed()).or_else(|| of_another_tip().then_some(BAD_TICK))
    }

    /// Letting the tests run again and again without a word on what the last run showed.
    fn blind_reruns(&self) -> Option<Point> {
        let rule = self.scenario.scoring.discipline.reruns?;
        let mut since = Moment::default();
        let mut blind = 0;
        for at in &self.outcome.reruns {
            let looked =
                |it: &Deed| since <= it.at && it.at <= *at && it.said().is_some_and(|text| self.names_signal(text));
            blind += u32::from(!self.deeds.iter().any(looked));
            since = *at;
        }
        let last = self.deeds.iter().take_while(|it| it.at <= since).last()?;
        let why = || format!("the tests were run again {blind} times without a word on what they showed");
        (blind > rule.most).then(|| point("discipline", -rule.costs.cast_signed(), last, why()))
    }
}
