//! The canary's part of the state: scrapes go in, the report comes out.

use jiff::Timestamp;

use super::model::{Batch, Report, Verdict};
use super::view::{Look, View};
use super::watch::Watch;
use crate::config::schema;
use crate::evidence::{Evidence, Generation, Observation, Observed};
use crate::incident::Entry;

/// A verdict that changed: to be journaled.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The metric; `None` for the canary as a whole.
    pub metric: Option<String>,
    /// The verdict before.
    pub from: Verdict,
    /// The verdict now.
    pub to: Verdict,
    /// Its sentence.
    pub why: String,
    /// When it was seen.
    pub at: Timestamp,
}

impl Change {
    /// The entry for the journal.
    pub fn entry(&self) -> Entry {
        Entry::VerdictChanged {
            metric: self.metric.clone().unwrap_or_else(|| "canary".to_owned()),
            from: self.from.label().to_owned(),
            to: self.to.label().to_owned(),
            why: self.why.clone(),
        }
    }
}

/// The canary's part of the state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// What is shown, with its age: that of the newest sample.
    pub report: Observed<Report>,
    /// How the pictures are looked at.
    pub view: View,
    watch: Option<Watch>,
    generation: Generation,
    changes: Vec<Change>,
}

impl State {
    /// Nothing was seen yet.
    pub fn new(canary: &schema::Canary) -> Self {
        Self { watch: Some(Watch::new(canary)), ..Self::default() }
    }

    /// Whether there is anything to watch.
    pub fn is_configured(&self) -> bool {
        self.watch.is_some()
    }

    /// Takes in what the source tells. Returns whether the picture may have changed.
    pub fn update(&mut self, observation: Observation<Batch>, now: Timestamp) -> bool {
        let generation = observation.generation();
        if generation < self.generation {
            return false;
        }
        self.generation = generation;
        match observation {
            Observation::Started(_) => self.report.observe(Observation::Started(generation)),
            Observation::Failed(_, failure) => self.report.observe(Observation::Failed(generation, failure)),
            Observation::Seen(_, evidence) => self.see(*evidence, now),
        }
    }

    fn see(&mut self, evidence: Evidence<Batch>, now: Timestamp) -> bool {
        let Some(watch) = &mut self.watch else { return false };
        let Evidence { value: batch, subject, source, observed_at, ttl } = evidence;
        watch.fold(batch.scrapes, &batch.boundaries);
        let report = watch.report(batch.reports.as_ref(), batch.warnings, now);
        self.changes.extend(watch.changes(&report, now));
        let evidence = Evidence { value: report, subject, source, observed_at, ttl };
        self.report.observe(Observation::Seen(self.generation, Box::new(evidence)))
    }

    /// Looks at the pictures in another way.
    pub fn look(&mut self, look: Look) {
        let newest = self
            .report
            .value()
            .and_then(|report| report.metrics.iter().filter_map(|m| m.scrapes.last()).max_by_key(|s| s.at));
        let newest = newest.map(|scrape| scrape.at);
        self.view.look(look, newest);
    }

    /// The verdicts that changed since the last call, oldest first.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The verdict of the whole if it may be believed at `now`: what a gate asks.
    pub fn verdict(&self, now: Timestamp) -> Option<Verdict> {
        self.report.fresh(now).map(|evidence| evidence.value.verdict)
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
