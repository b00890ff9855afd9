//! Up to 15 points: the stakeholders, and who does what.

use super::super::deeds::Deed;
use super::super::moment::Moment;
use super::super::points::Point;
use super::{Run, nothing, point};
use crate::incident::{Decision, Entry, Role};

/// How late a promised notice may be, in seconds.
const GRACE_S: u64 = 30;

impl<'a> Run<'a> {
    pub(super) fn comms(&self) -> Vec<Point> {
        let notices: Vec<&Deed> =
            self.deeds.iter().filter(|it| matches!(it.entry, Entry::NoticeSent { .. }) && it.by_person()).collect();
        let mut points = match notices.first() {
            None => vec![nothing("comms", "the stakeholders were told nothing")],
            Some(first) => vec![self.first_notice(first), self.punctual(first, &notices), self.promises(&notices)],
        };
        points.push(self.roles());
        points.push(self.hand_off());
        points
    }

    fn first_notice(&self, first: &Deed) -> Point {
        let due = self.scenario.scoring.comms.first_notice;
        let worth = if first.at <= due { 5 } else { 2 };
        point("comms", worth, first, format!("the first notice went out at {}; due by {due}", first.at))
    }

    /// No notice later than the one before it promised, and no silence longer than the scenario allows.
    fn punctual(&self, first: &Deed, notices: &[&Deed]) -> Point {
        let silence = self.scenario.scoring.comms.silence;
        let next = notices.iter().skip(1).map(|it| it.at).chain([self.end()]);
        for (notice, next) in notices.iter().zip(next) {
            let promised = notice.promised().filter(|it| next.secs() > it.secs() + GRACE_S);
            if let Some(promised) = promised {
                let why = format!("an update was promised for {promised}, and the next word came at {next}");
                return point("comms", 0, notice, why);
            }
            if next > notice.at.later(silence) {
                let gap = Moment::from_secs(next.secs() - notice.at.secs());
                return point("comms", 0, notice, format!("then nobody said anything for {gap}; {silence} at most"));
            }
        }
        let last = notices.last().copied().unwrap_or(first);
        point("comms", 4, last, "no update was overdue")
    }

    /// A notice after the rollback, or the last one, may name no other.
    fn promises(&self, notices: &[&Deed]) -> Point {
        let ended = self.first(|it| matches!(it.entry, Entry::RollbackEnded { .. })).map(|it| it.at);
        let silent = notices.iter().find(|it| it.promised().is_none() && ended.is_none_or(|end| it.at < end));
        match (silent, notices.last()) {
            (Some(deed), _) => point("comms", 0, deed, "a notice did not say when the next one comes"),
            (None, Some(last)) => point("comms", 3, last, "every notice said when the next one comes"),
            (None, None) => nothing("comms", "no notice said when the next one comes"),
        }
    }

    /// Whoever changes production: fires a rollback, or promotes.
    fn hands(&self) -> impl Iterator<Item = &'a Deed> {
        self.deeds
            .iter()
            .filter(|it| matches!(it.entry, Entry::RollbackFired { .. }) || it.decision() == Some(Decision::Promote))
    }

    fn roles(&self) -> Point {
        let until = self.hands().next().map_or(self.scenario.length, |it| it.at);
        let held =
            |role| self.first(|it| it.at <= until && matches!(it.entry, Entry::RoleTaken { role: r, .. } if r == role));
        let roles: Vec<Option<&Deed>> = self.scenario.scoring.comms.roles.iter().map(|role| held(*role)).collect();
        match roles.iter().copied().collect::<Option<Vec<&Deed>>>().as_deref() {
            Some([.., last]) => point("comms", 2, last, "the roles were held before production was touched"),
            _ => nothing("comms", "production was touched, or time ran out, before the roles were held"),
        }
    }

    /// Whoever changes production holds ops or the command by then: anything else is a hand-off that nobody logged.
    fn hand_off(&self) -> Point {
        let held = |role: Role, at: Moment| {
            let mut taken = self.deeds.iter().filter(|it| it.at <= at).filter_map(|it| match &it.entry {
                Entry::RoleTaken { role: taken, name } if *taken == role => Some((it, name)),
                _ => None,
            });
            taken.next_back()
        };
        let stranger = self.hands().find(|it| {
            let holders = [Role::Ops, Role::Commander].map(|role| held(role, it.at));
            !holders.iter().flatten().any(|(_, name)| **name == it.actor)
        });
        match (stranger, held(Role::Ops, self.end())) {
            (Some(deed), _) => {
                let why = format!("{} touched production and held no role: a hand-off that nobody logged", deed.actor);
                point("comms", 0, deed, why)
            }
            (None, Some((taken, _))) => point("comms", 1, taken, "whoever touched production held the role for it"),
            (None, None) => nothing("comms", "nobody held ops"),
        }
    }
}
