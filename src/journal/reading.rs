//! What is asked of the records: those of an incident, of a kind, the newest ones, and which incidents there are.

use std::collections::HashMap;

use super::record::Record;
use super::{Journal, JournalError, rows};

/// An incident as far as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// Whether it was declared, or opened again, and not closed since.
    pub open: bool,
    /// The place of the last record that made it the active one.
    pub taken_up: u64,
    /// How many records it has.
    pub records: i64,
}

impl Journal {
    /// The records of one incident, and those that belong to all, in order. A record that is not what was written
    /// comes as one of kind `unreadable`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn records(&self, incident: &str) -> Result<Vec<Record>, JournalError> {
        let mut records = Vec::new();
        self.walk(0, Some(incident), |record| records.push(record))?;
        Ok(records)
    }

    /// The records of all incidents after the one at `seq`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn records_after(&self, seq: u64) -> Result<Vec<Record>, JournalError> {
        let mut records = Vec::new();
        self.walk(seq, None, |record| records.push(record))?;
        Ok(records)
    }

    /// Hands over the records after the one at `seq`, in order; with an incident its own and those that belong to all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn walk(&self, seq: u64, incident: Option<&str>, mut each: impl FnMut(Record)) -> Result<(), JournalError> {
        let Some(connection) = self.connection()? else { return Ok(()) };
        let walked = rows::walk(connection, seq, incident, |found| {
            each(found.record());
            true
        });
        walked.map_err(|error| self.unreadable(&error))
    }

    /// The last `count` records before the one at `before`, of an incident and those that belong to all, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn newest(&self, incident: &str, before: u64, count: usize) -> Result<Vec<Record>, JournalError> {
        let Some(connection) = self.connection()? else { return Ok(Vec::new()) };
        rows::newest(connection, incident, before, count).map_err(|error| self.unreadable(&error))
    }

    /// The records at these places, where there are any.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn records_at(&self, places: &[u64]) -> Result<Vec<Record>, JournalError> {
        let Some(connection) = self.connection()? else { return Ok(Vec::new()) };
        rows::at(connection, places).map_err(|error| self.unreadable(&error))
    }

    /// The hash of the record at `seq`, as it is written there; `None` where there is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn hash_at(&self, seq: u64) -> Result<Option<String>, JournalError> {
        let Some(connection) = self.connection()? else { return Ok(None) };
        rows::hash_at(connection, seq).map_err(|error| self.unreadable(&error))
    }

    /// Every incident, in the order of their first records.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn incidents(&self) -> Result<Vec<Known>, JournalError> {
        let Some(connection) = self.connection()? else { return Ok(Vec::new()) };
        let mut census = Census::default();
        let counted = rows::each_kind(connection, |seq, incident, kind| census.count(seq, incident, kind));
        counted.map_err(|error| self.unreadable(&error))?;
        Ok(census.known)
    }

    /// The incident that was declared, opened again or resumed last among those that are not closed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn active_incident(&self) -> Result<Option<String>, JournalError> {
        let open = self.incidents()?.into_iter().filter(|known| known.open);
        Ok(open.max_by_key(|known| known.taken_up).map(|known| known.id))
    }

    /// The records of these kinds, of all incidents, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn records_of(&self, kinds: &[&str]) -> Result<Vec<Record>, JournalError> {
        let Some(connection) = self.connection()? else { return Ok(Vec::new()) };
        rows::of_kinds(connection, kinds).map_err(|error| self.unreadable(&error))
    }
}

/// Which incidents there are, counted record by record.
#[derive(Default)]
struct Census {
    known: Vec<Known>,
    places: HashMap<String, usize>,
    /// The place of the last one: records of an incident come together.
    last: usize,
}

impl Census {
    fn count(&mut self, seq: u64, incident: &str, kind: &str) {
        if incident.is_empty() {
            return;
        }
        let place = self.place(incident);
        let known = &mut self.known[place];
        known.records += 1;
        match kind {
            "declared" | "reopened" => (known.open, known.taken_up) = (true, seq),
            "resumed" => known.taken_up = seq,
            "closed" => known.open = false,
            _ => {}
        }
    }

    fn place(&mut self, incident: &str) -> usize {
        if self.known.get(self.last).is_some_and(|known| known.id == incident) {
            return self.last;
        }
        let new = self.known.len();
        self.last = *self.places.entry(incident.to_owned()).or_insert(new);
        if self.last == new {
            self.known.push(Known { id: incident.to_owned(), open: false, taken_up: 0, records: 0 });
        }
        self.last
    }
}
