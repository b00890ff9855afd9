//! What is expected, and what it is worth.

use super::super::moment::Moment;
use super::super::rules::{Deed, Window};
use super::{Faults, LONGEST};
use crate::checklist::items;
use crate::config::shape::hint;
use crate::evidence::text::clean;

impl<'a> Faults<'a> {
    pub(super) fn scoring(&mut self) {
        let (it, expected) = (&self.scenario.scoring, &self.scenario.expected);
        let is_twice = expected.also_fine.contains(&expected.decision);
        self.need(!is_twice, "expected.also_fine", "holds the right decision, which is more than fine");
        self.need(!it.detect.signals.is_empty(), "scoring.detect.signals", "is empty: nothing could be noticed");
        self.listed("scoring.detect.signals", &it.detect.signals);
        self.window("scoring.detect", it.detect.full_until, it.detect.zero_from);
        let (from, full) = (it.detect.from, it.detect.full_until);
        self.need(from <= full, "scoring.detect.full_until", format!("{full} is before `from`, {from}"));
        self.deciding();
        self.acting();
        self.discipline();
        let comms = &it.comms;
        self.moment("scoring.comms.first_notice", comms.first_notice);
        self.lasts("scoring.comms.silence", comms.silence, 1, LONGEST);
        self.need(!comms.roles.is_empty(), "scoring.comms.roles", "is empty");
        self.limits();
    }

    fn window(&mut self, path: &str, full_until: Moment, zero_from: Moment) {
        self.moment(&format!("{path}.full_until"), full_until);
        let what = format!("{zero_from} is not after `full_until`, {full_until}");
        self.need(zero_from > full_until, &format!("{path}.zero_from"), what);
    }

    fn stretch(&mut self, path: &str, window: Window) {
        let Window { from, until } = window;
        self.need(from < until, path, format!("ends at {until}, which is not after its beginning at {from}"));
        self.moment(path, from);
    }

    fn listed(&mut self, path: &str, words: &[String]) {
        self.need(words.len() <= 50, path, "may have 50 entries at most");
        for (index, word) in words.iter().enumerate() {
            self.prose(&format!("{path}.{index}"), word, 60);
        }
    }

    fn deciding(&mut self) {
        let it = &self.scenario.scoring.decide;
        self.window("scoring.decide", it.full_until, it.zero_from);
        self.moment("scoring.decide.not_before", it.not_before);
        self.within("scoring.decide.premature", f64::from(it.premature), 0.0, 25.0);
        self.within("scoring.decide.named_anyway", f64::from(it.named_anyway), 0.0, 25.0);
        self.listed("scoring.decide.cites", &it.cites);
        if let Some(blind) = it.blind {
            self.stretch("scoring.decide.blind", blind);
        }
        let Some(triage) = &it.triage else { return };
        self.items("scoring.decide.triage.items", &triage.items);
        let tests = &self.scenario.tests;
        let flaky: Vec<&str> = tests.flaky.iter().map(|it| it.name.as_str()).collect();
        let real: Vec<&str> = tests.real.iter().map(String::as_str).collect();
        for (path, names, known) in [("flaky", &triage.flaky, flaky), ("real", &triage.real, real)] {
            for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
                let what = format!("`tests.{path}` has no `{}`; {}", clean(name), hint(name, &known));
                self.add(format!("scoring.decide.triage.{path}"), what);
            }
        }
    }

    fn acting(&mut self) {
        let it = &self.scenario.scoring.act;
        self.listed("scoring.act.look", &it.look);
        self.items("scoring.act.gates", &it.gates);
        self.items("scoring.act.items", &it.items);
        let names_none = it.wants == Deed::SeeTo && it.items.is_empty();
        self.need(!names_none, "scoring.act.wants", "`see-to` needs `items`");
        let is_broken = !self.scenario.tests.real.is_empty() || self.scenario.repository.foreign_commits > 0;
        let what = "`mend` needs a failure in `tests.real`, or `repository.foreign_commits` to take out";
        self.need(is_broken || it.wants != Deed::Mend, "scoring.act.wants", what);
        if let Some(void) = it.void {
            self.stretch("scoring.act.void", void);
        }
    }

    fn discipline(&mut self) {
        let it = &self.scenario.scoring.discipline;
        self.need(!it.items.is_empty(), "scoring.discipline.items", "is empty");
        self.items("scoring.discipline.items", &it.items);
        for (index, stale) in it.stale.iter().enumerate() {
            let path = format!("scoring.discipline.stale.{index}");
            self.stretch(&path, Window { from: stale.from, until: stale.until });
            self.items(&format!("{path}.items"), &stale.items);
            self.within(&format!("{path}.costs"), f64::from(stale.costs), 0.0, 20.0);
        }
        if let Some(reruns) = it.reruns {
            self.within("scoring.discipline.reruns.costs", f64::from(reruns.costs), 0.0, 20.0);
        }
    }

    /// Items of the checklist: each is there, and named once.
    fn items(&mut self, path: &str, names: &[String]) {
        let known = items::defaults();
        let known: Vec<&str> = known.iter().map(|item| item.id.as_str()).collect();
        for (index, name) in names.iter().enumerate() {
            let is_known = known.contains(&name.as_str());
            self.need(is_known, path, format!("the checklist has no `{}`; {}", clean(name), hint(name, &known)));
            self.need(!names[..index].contains(name), path, format!("names `{}` twice", clean(name)));
        }
    }

    fn limits(&mut self) {
        for (index, bonus) in self.scenario.scoring.bonus.iter().enumerate() {
            let path = format!("scoring.bonus.{index}");
            self.within(&format!("{path}.points"), f64::from(bonus.points), 1.0, 20.0);
            self.prose(&format!("{path}.why"), &bonus.why, 200);
            let is_ever = bonus.from <= bonus.until;
            self.need(is_ever, &format!("{path}.until"), format!("{} is before `from`, {}", bonus.until, bonus.from));
        }
        for (index, cap) in self.scenario.caps.iter().enumerate() {
            self.within(&format!("caps.{index}.limit"), f64::from(cap.limit), 0.0, 100.0);
            self.prose(&format!("caps.{index}.why"), &cap.why, 200);
        }
    }
}
