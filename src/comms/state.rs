//! What the pane of notices shows: the channels, what was told, and when the next word is due (pure).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::model::{Book, Notice};
use crate::config::schema::Comms;
use crate::incident::{DeliveryState, Entry, Incident};
use crate::journal::record::Record;

/// A channel of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// What it is: `slack`, `email` …
    pub kind: &'static str,
}

/// The state of the pane.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The channels, in the order of the file.
    pub channels: Vec<Channel>,
    /// Every notice of the incident.
    pub book: Book,
    /// When the stakeholders expect the next one.
    pub next_update_at: Option<Timestamp>,
    /// Whether an incident is open.
    pub has_incident: bool,
    /// The keys of the notices that this cockpit sends: the others are somebody else's business.
    pub ours: BTreeSet<String>,
}

/// A row of the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Row<'a> {
    /// A channel.
    Channel(&'a Channel),
    /// A notice.
    Notice(&'a Notice),
}

impl State {
    /// The channels that the configuration names.
    pub fn set_channels(&mut self, comms: &[Comms]) {
        let channel = |comms: &Comms| {
            let kind = comms.kinds().first().copied().unwrap_or("nothing");
            Channel { name: comms.name.clone(), kind }
        };
        self.channels = comms.iter().map(channel).collect();
    }

    /// Takes in what was recorded; a declaration begins a new book. `incident` is as it stands after the record.
    pub fn record(&mut self, record: &Record, incident: Option<&Incident>) {
        if matches!(Entry::of(record), Some(Entry::Declared { .. })) {
            self.forget();
        }
        self.book.take(record);
        self.settle(incident);
    }

    /// Forgets the notices: those of another incident follow.
    pub fn forget(&mut self) {
        self.book = Book::default();
    }

    /// Takes in how the incident stands.
    pub fn settle(&mut self, incident: Option<&Incident>) {
        let open = incident.filter(|it| it.closed_at.is_none());
        self.has_incident = open.is_some();
        self.next_update_at = open.and_then(Incident::next_update_at);
    }

    /// A row of the list: the channels first, then the notices, newest first.
    pub fn row(&self, index: usize) -> Option<Row<'_>> {
        match self.channels.get(index) {
            Some(channel) => Some(Row::Channel(channel)),
            None => self.book.notices.iter().rev().nth(index - self.channels.len()).map(Row::Notice),
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.channels.len() + self.book.notices.len()
    }

    /// Whether there is neither a channel nor a notice.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The last notice that was meant for a channel.
    pub fn last_for(&self, channel: &str) -> Option<&Notice> {
        self.book.notices.iter().rfind(|notice| notice.written.channels.iter().any(|it| it == channel))
    }

    /// The channels that have not got the last notice, or of which nobody knows.
    pub fn behind(&self, now: Timestamp) -> Vec<(&str, DeliveryState)> {
        let is_bad = |state| matches!(state, DeliveryState::Failed | DeliveryState::Unknown | DeliveryState::Partly);
        let last = self.book.last();
        last.into_iter().flat_map(|notice| notice.states(now)).filter(|(_, state)| is_bad(*state)).collect()
    }
}
