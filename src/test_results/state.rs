//! What the room knows.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::baseline;
use super::green::{self, Green};
use super::model::Report;
use crate::evidence::{Observation, Observed, Subject, SubjectMatch};

/// Report files that are remembered, so that one that disappears is missed.
const REMEMBERED: usize = 10_000;

/// Everything that the room's pane draws and its verdict rests on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// What the source reads.
    pub report: Observed<Report>,
    head: Subject,
    /// Results of the production commit.
    baseline: Option<Report>,
    /// Files that were seen since HEAD is where it is, and their source; not those of other commits.
    seen: BTreeMap<String, String>,
    /// Source and file of those that are not there any more.
    gone: Vec<(String, String)>,
}

impl State {
    /// Takes in what the source tells. Returns whether the picture may have changed.
    pub fn update(&mut self, mut observation: Observation<Report>, _now: Timestamp) -> bool {
        if let (Observation::Seen(_, evidence), Some(baseline)) = (&mut observation, &self.baseline) {
            baseline::classify(&mut evidence.value, baseline);
        }
        let changed = self.report.observe(observation);
        if changed {
            self.remember();
        }
        changed
    }

    /// The results of production, with which every report that comes from now on is compared.
    pub fn set_baseline(&mut self, baseline: Option<Report>) {
        self.baseline = baseline;
    }

    /// The commit to be shipped is another. Returns whether that is news. What was green for the old one is not for this one.
    pub fn set_head(&mut self, head: Subject) -> bool {
        if self.head == head {
            return false;
        }
        self.head = head;
        self.seen.clear();
        self.remember();
        true
    }

    /// The commit to be shipped, as last told.
    pub fn head(&self) -> &Subject {
        &self.head
    }

    /// Whether the tests of `head` are proven to pass at `now`.
    pub fn verdict(&self, head: &Subject, now: Timestamp) -> Green {
        let gone = if *head == self.head { self.gone.as_slice() } else { &[] };
        green::judge(&self.report, gone, head, now)
    }

    /// A failure does not go away with its file.
    fn remember(&mut self) {
        let Some(report) = self.report.value() else { return };
        for run in report.runs.iter().filter(|run| green::subject(run).relates_to(&self.head) != SubjectMatch::Other) {
            if self.seen.len() < REMEMBERED {
                self.seen.insert(run.source.clone(), run.name.clone());
            }
        }
        let present: HashSet<&String> = report.runs.iter().map(|run| &run.source).collect();
        let gone = self.seen.iter().filter(|(file, _)| !present.contains(file));
        self.gone = gone.map(|(file, name)| (name.clone(), file.clone())).collect();
    }
}
