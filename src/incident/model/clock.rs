//! Times that stay right when the clock on the wall is set (pure).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Incident, MarkKind};
use crate::journal::clock::{Change, Reading};
use crate::journal::record::Record;

/// What became of the clock on the wall.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// How it was set, in order.
    pub settings: Vec<Setting>,
    last: Option<Reading>,
}

/// That it was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The first record after it.
    pub seq: u64,
    /// When that was written.
    pub at: Timestamp,
    /// By how much.
    pub change: Change,
}

impl Clock {
    /// That of an incident that is declared.
    pub(super) fn begin(declared: &Record) -> Self {
        Self { settings: Vec::new(), last: declared.clock.clone() }
    }

    /// Whether nothing makes the time between two moments doubtful.
    pub fn is_sure(&self, start: Timestamp, end: Timestamp) -> bool {
        !self.settings.iter().any(|it| !it.change.is_exact && start < it.at && it.at <= end)
    }
}

impl Setting {
    /// In one sentence.
    pub fn words(&self) -> String {
        let effect = if self.change.is_exact {
            "times before are given as the clock shows them since, and durations stay right"
        } else {
            "how much time passed in between is unknown"
        };
        format!("{} before record {}: {effect}", self.change.words(), self.seq)
    }
}

impl Incident {
    /// Takes in what the clocks said when a record was written.
    pub(super) fn keep_time(&mut self, record: &Record) {
        let Some(now) = &record.clock else { return };
        let change = self.clock.last.as_ref().and_then(|last| now.set_since(last));
        self.clock.last = Some(now.clone());
        // The time of a drill is that of its world.
        if let Some(change) = change.filter(|_| self.drill.is_none()) {
            self.shift(change);
            self.clock.settings.push(Setting { seq: record.seq, at: record.at, change });
        }
    }

    /// Every time that is known, as the clock would show it now.
    fn shift(&mut self, change: Change) {
        let times = [
            self.impact_at.as_mut(),
            self.blind_since.as_mut(),
            self.tip_moved_at.as_mut(),
            self.doubted_at.as_mut(),
            self.raised_at.as_mut(),
            self.closed_at.as_mut(),
            Some(&mut self.declared_at),
        ];
        let times = times.into_iter().flatten().chain(self.entered.values_mut()).chain(self.exported.values_mut());
        let times = times.chain(self.marks.values_mut().map(|mark| &mut mark.at));
        let times = times.chain(self.broken_glass.iter_mut().map(|it| &mut it.at));
        let times = times.chain(self.decisions.iter_mut().map(|it| &mut it.at));
        let times = times.chain(self.rollout_step.iter_mut().map(|it| &mut it.at));
        let times = times.chain(self.rollback.iter_mut().map(|it| &mut it.at));
        let times = times.chain(self.clock.settings.iter_mut().map(|it| &mut it.at));
        let told = self.last_notice.iter_mut().chain(&mut self.last_promise);
        let told = told.flat_map(|it| [Some(&mut it.at), it.next_update_at.as_mut()].into_iter().flatten());
        times.chain(told).for_each(|at| *at = change.shift(*at));
        for mark in self.marks.values_mut() {
            if let MarkKind::Deferred { due_at, .. } = &mut mark.kind {
                *due_at = change.shift(*due_at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::clocks::{Kind, Sight, clocks};
    use crate::incident::{Entry, Severity, Stage};
    use crate::journal::record::GENESIS;

    const EPOCH: i64 = 1_787_299_200;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(EPOCH + second).unwrap()
    }

    /// Records with how long the machine was up then, and what the clock on the wall said.
    fn records(entries: Vec<(u64, i64, Entry)>) -> Vec<Record> {
        let mut prev = GENESIS.to_owned();
        let chained = entries.into_iter().zip(1..).map(|((uptime, wall, entry), seq)| {
            let clock = Reading { boot: "a".into(), uptime_ms: uptime * 1_000, wall: at(wall) };
            let record = Record::chain_at(entry.draft("i1", "ana", at(wall)), seq, &prev, Some(clock));
            prev.clone_from(&record.hash);
            record
        });
        chained.collect()
    }

    fn declared(drill: Option<&str>) -> Entry {
        let (severity, impact_at) = (Some(Severity::Sev2), Some(at(-600)));
        Entry::Declared { title: "x".into(), severity, impact_at, ticket: None, drill: drill.map(Into::into) }
    }

    fn noted() -> Entry {
        Entry::Noted { text: "x".into() }
    }

    #[test]
    fn a_clock_that_is_set_back_lets_every_clock_of_the_incident_run_on() {
        let story = vec![
            (1_000, 0, declared(None)),
            (1_060, 60, Entry::StageEntered { stage: Stage::Develop }),
            (1_120, 120 - 3_600, noted()),
        ];
        let incident = Incident::fold(&records(story)).unwrap();
        let now = at(180 - 3_600);
        assert_eq!(now.duration_since(incident.declared_at).as_secs(), 180);
        assert_eq!(now.duration_since(incident.impact_at.unwrap()).as_secs(), 780);
        assert_eq!(now.duration_since(incident.entered[&Stage::Develop]).as_secs(), 120);
        let said = clocks(&incident, Sight::default(), now);
        let impact = said.iter().find(|clock| clock.kind == Kind::Impact).unwrap();
        assert_eq!(impact.says, "00:13:00 since impact");
        let setting = &incident.clock.settings[0];
        assert_eq!((setting.seq, setting.change.by_ms), (3, -3_600_000));
        assert!(incident.clock.is_sure(incident.declared_at, now));
        assert!(setting.words().starts_with("the clock was set back by 01:00:00 before record 3: "), "{setting:?}");
    }

    #[test]
    fn a_clock_that_is_set_forward_leaves_time_that_may_have_passed_and_says_so() {
        let story = vec![(1_000, 0, declared(None)), (1_060, 7_260, noted()), (1_120, 7_320, noted())];
        let incident = Incident::fold(&records(story)).unwrap();
        assert_eq!(incident.declared_at, at(0));
        assert!(!incident.clock.is_sure(at(0), at(7_320)), "the machine may have stood still");
        assert!(incident.clock.is_sure(at(7_260), at(7_320)));
        assert!(incident.clock.settings[0].words().ends_with("how much time passed in between is unknown"));
    }

    #[test]
    fn the_clock_of_a_drill_is_its_own() {
        let story = vec![(1_000, 0, declared(Some("d1"))), (1_060, -3_000, noted())];
        let incident = Incident::fold(&records(story)).unwrap();
        assert_eq!((incident.declared_at, incident.clock.settings.len()), (at(0), 0));
    }

    #[test]
    fn every_time_of_the_incident_is_moved() {
        let mut story = crate::incident::sentence::tests::every_entry();
        story.retain(|entry| !matches!(entry.kind(), "declared" | "reopened"));
        let straight = [declared(None)].into_iter().chain(story).zip(0_u64..);
        let straight: Vec<_> = straight.map(|(entry, n)| (1_000 + n, n.cast_signed(), entry)).collect();
        let last = straight.len() as u64;
        let fold = |back: i64| {
            let mut told = straight.clone();
            told.push((1_000 + last, last.cast_signed() - back, noted()));
            serde_json::to_string(&Incident::fold(&records(told)).unwrap()).unwrap()
        };
        let shifted = fold(86_400 * 400);
        let (year, moved) = (at(0).to_string()[..4].to_owned(), at(-86_400 * 400).to_string()[..4].to_owned());
        let still = shifted.matches(&format!("\"{year}-")).count();
        assert_eq!(still, 0, "a time stayed where it was: {shifted}");
        assert!(shifted.contains(&format!("\"{moved}-")));
    }
}
