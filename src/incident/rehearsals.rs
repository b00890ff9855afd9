//! The rehearsals of the rollback, of whatever incident, and of none (pure).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Entry;
use crate::journal::record::Record;

/// The kind of the entries that tell of them.
pub const KIND: &str = "rollback_rehearsed";

/// A rehearsal of the rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// The hash of the plan.
    pub plan: String,
    /// The hash of its steps alone; unknown in old journals.
    pub steps: Option<String>,
    /// Whether all went well.
    pub passed: bool,
    /// When.
    pub at: Timestamp,
}

/// The last rehearsal of each plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rehearsals(BTreeMap<String, Rehearsal>);

impl Rehearsals {
    /// Those that some records tell of.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut rehearsals = Self::default();
        records.into_iter().for_each(|record| rehearsals.take(record));
        rehearsals
    }

    /// Takes in what others know; of each plan the later one counts.
    pub fn join(&mut self, others: Self) {
        for (plan, rehearsal) in others.0 {
            if self.0.get(&plan).is_none_or(|known| known.at < rehearsal.at) {
                self.0.insert(plan, rehearsal);
            }
        }
    }

    /// Takes in a record, whatever it is about.
    pub fn take(&mut self, record: &Record) {
        if record.kind != KIND {
            return;
        }
        if let Some(Entry::RollbackRehearsed { plan, steps, passed, .. }) = Entry::of(record) {
            self.0.insert(plan.clone(), Rehearsal { plan, steps, passed, at: record.at });
        }
    }

    /// The last one of a plan, or of one that goes the same steps.
    pub fn of_plan(&self, plan: &str, steps: &str) -> Option<&Rehearsal> {
        let is_same = |it: &&Rehearsal| it.plan == plan || it.steps.as_deref() == Some(steps);
        self.0.values().filter(is_same).max_by_key(|it| it.at)
    }

    /// The last one of all.
    pub fn last(&self) -> Option<&Rehearsal> {
        self.0.values().max_by_key(|it| it.at)
    }
}
