//! Notices, and the way of each to each channel, as the journal tells it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::evidence::text;
use crate::incident::{About, Delivery, DeliveryState, Entry, Incident, NoticeWritten, Severity};
use crate::journal::record::{Record, hex};

/// The longest text of a notice, in bytes.
pub const TEXT_LIMIT: usize = 8 * 1024;
/// An attempt that has not ended by then is no longer under way: its program is gone.
const LONGEST_ATTEMPT: SignedDuration = SignedDuration::from_secs(120);

/// A notice and the way that it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// As it was written. One that was told by hand has no key and no channels.
    pub written: NoticeWritten,
    /// Who wrote it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Where it stands, by channel, with the time of that.
    pub deliveries: BTreeMap<String, (Delivery, Timestamp)>,
    /// Whether the incident's clock counts it: the first channel has it.
    pub is_told: bool,
}

/// Every notice of an incident, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Book {
    /// The notices.
    pub notices: Vec<Notice>,
    /// What each channel called what it took last: an incident of a status page goes on under its id.
    pub threads: BTreeMap<String, String>,
}

/// What a channel is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The notice's idempotency key.
    pub key: String,
    /// The incident's id.
    pub incident: String,
    /// What is broken.
    pub title: String,
    /// How bad it is, once somebody has said so.
    pub severity: Option<Severity>,
    /// What it is about.
    pub about: About,
    /// What is said.
    pub text: String,
    /// When the next one is promised.
    pub next_update_at: Option<Timestamp>,
    /// When it was written.
    pub at: Timestamp,
    /// The incident's ticket.
    pub ticket: Option<String>,
    /// The scenario's name, in a drill.
    pub drill: Option<String>,
    /// What the channel called what it took last in this incident.
    pub thread: Option<String>,
}

/// What is not right with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It says nothing.
    #[error("a notice must say something")]
    Empty,
    /// It is too long.
    #[error("a notice has at most {TEXT_LIMIT} bytes; this one has {0}")]
    TooLong(usize),
}

/// A text that can be sent: clean, without blank ends.
///
/// # Errors
/// When it says nothing, or too much.
pub fn fit_to_send(written: &str) -> Result<String, TextError> {
    let clean = text::clean_block(written.trim(), usize::MAX);
    match clean.len() {
        0 => Err(TextError::Empty),
        length if length > TEXT_LIMIT => Err(TextError::TooLong(length)),
        _ => Ok(clean),
    }
}

/// The key of a notice: the same words, written by the same person at the same instant, are the same notice.
pub fn key(incident: &str, by: &str, text: &str, at: Timestamp) -> String {
    let mut sha = Sha256::new();
    for part in [incident, by, text, &at.to_string()] {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    hex(&sha.finalize())[..16].to_owned()
}

/// How a promise of the next notice is written: `14:32 UTC`.
pub fn time_of_day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%H:%M UTC").to_string()
}

impl Message {
    /// The message of a notice of an incident.
    pub fn new(incident: &Incident, notice: &Notice, thread: Option<String>) -> Self {
        let written = &notice.written;
        Self {
            key: written.key.clone(),
            incident: incident.id.clone(),
            title: incident.title.clone(),
            severity: incident.severity,
            about: written.about,
            text: written.text.clone(),
            next_update_at: written.next_update_at,
            at: notice.at,
            ticket: incident.ticket.clone(),
            drill: incident.drill.clone(),
            thread,
        }
    }

    /// Its first line: `[SEV2] checkout-502: deploying`.
    pub fn headline(&self) -> String {
        let drill = if self.drill.is_some() { "DRILL " } else { "" };
        let severity = self.severity.map_or_else(String::new, |severity| format!("[{}] ", severity.label()));
        format!("{drill}{severity}{}: {}", self.title, self.about.phrase())
    }

    /// What is below it: the text, and when the next one comes.
    pub fn body(&self) -> String {
        match self.next_update_at {
            Some(at) => format!("{}\nNext update at {}.", self.text, time_of_day(at)),
            None => self.text.clone(),
        }
    }

    /// All of it as plain text.
    pub fn plain(&self) -> String {
        format!("{}\n{}", self.headline(), self.body())
    }
}

impl Book {
    /// The notices of one incident's records, in the journal's order.
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut book = Self::default();
        records.into_iter().for_each(|record| book.take(record));
        book
    }

    /// Takes in the next record.
    pub fn take(&mut self, record: &Record) {
        match Entry::of(record) {
            Some(Entry::NoticeWritten(written)) => {
                self.notices.push(Notice::new(*written, text::clean(&record.actor), record.at));
            }
            Some(Entry::NoticeDelivery(delivery)) => self.deliver(*delivery, record.at),
            Some(Entry::NoticeSent { channel, text, next_update_at, about }) => {
                let awaited = self.notices.iter_mut().rfind(|it| !it.is_told && it.written.text == text);
                match awaited {
                    Some(notice) => notice.is_told = true,
                    None => self.notices.push(by_hand(channel, text, (next_update_at, about), record)),
                }
            }
            _ => {}
        }
    }

    fn deliver(&mut self, delivery: Delivery, at: Timestamp) {
        if let (true, Some(receipt)) = (delivery.state.has_arrived(), &delivery.receipt) {
            self.threads.insert(delivery.channel.clone(), receipt.clone());
        }
        if let Some(notice) = self.notices.iter_mut().rfind(|notice| notice.written.key == delivery.notice) {
            notice.deliveries.insert(delivery.channel.clone(), (delivery, at));
        }
    }

    /// A notice by its key.
    pub fn notice(&self, key: &str) -> Option<&Notice> {
        self.notices.iter().rfind(|notice| notice.written.key == key)
    }

    /// The last notice that was written to go to channels.
    pub fn last(&self) -> Option<&Notice> {
        self.notices.iter().rfind(|notice| !notice.written.channels.is_empty())
    }
}

/// A notice that was put on record without a channel of ours.
fn by_hand(
    channel: String,
    text: String,
    (next_update_at, about): (Option<Timestamp>, Option<About>),
    record: &Record,
) -> Notice {
    let key = format!("by-hand-{}", record.seq);
    let delivery = Delivery {
        notice: key.clone(),
        channel: channel.clone(),
        state: DeliveryState::Delivered,
        attempt: 1,
        receipt: None,
        detail: None,
        again_at: None,
    };
    let about = about.unwrap_or(About::Assess);
    let written = NoticeWritten { key, about, text, next_update_at, channels: Vec::new() };
    let deliveries = BTreeMap::from([(channel, (delivery, record.at))]);
    Notice { written, by: text::clean(&record.actor), at: record.at, deliveries, is_told: true }
}

impl Notice {
    /// A notice that went nowhere yet.
    pub fn new(written: NoticeWritten, by: String, at: Timestamp) -> Self {
        Self { written, by, at, deliveries: BTreeMap::new(), is_told: false }
    }

    /// Whether it was told in another way than through our channels.
    pub fn is_by_hand(&self) -> bool {
        self.written.channels.is_empty()
    }

    /// Where it stands with a channel. An attempt that nobody can be at any more has an unknown outcome.
    pub fn state(&self, channel: &str, now: Timestamp) -> DeliveryState {
        match self.deliveries.get(channel) {
            None => DeliveryState::Waiting,
            Some((delivery, at)) if delivery.state == DeliveryState::Sending => {
                if now.duration_since(*at) > LONGEST_ATTEMPT { DeliveryState::Unknown } else { DeliveryState::Sending }
            }
            Some((delivery, _)) => delivery.state,
        }
    }

    /// Its channels with where it stands with each.
    pub fn states(&self, now: Timestamp) -> impl Iterator<Item = (&str, DeliveryState)> {
        let by_hand = self.deliveries.keys().filter(|_| self.is_by_hand());
        self.written.channels.iter().chain(by_hand).map(move |it| (it.as_str(), self.state(it, now)))
    }

    /// Whether every channel has it.
    pub fn has_arrived_everywhere(&self, now: Timestamp) -> bool {
        self.states(now).all(|(_, state)| state == DeliveryState::Delivered)
    }

    /// The channels that may be tried again: never one that has it. One of which nobody knows only when a person says so.
    pub fn to_retry(&self, unknown_too: bool, now: Timestamp) -> Vec<String> {
        let may = |state| match state {
            DeliveryState::Waiting | DeliveryState::Failed => true,
            DeliveryState::Unknown => unknown_too,
            DeliveryState::Sending | DeliveryState::Delivered | DeliveryState::Partly => false,
        };
        self.states(now).filter(|(_, state)| may(*state)).map(|(channel, _)| channel.to_owned()).collect()
    }

    /// When a channel is tried again by itself.
    pub fn again_at(&self, channel: &str) -> Option<Timestamp> {
        self.deliveries.get(channel)?.0.again_at
    }

    /// What is to be said of a channel besides its state: the receiver's id, or what went wrong.
    pub fn detail(&self, channel: &str) -> Option<&str> {
        let (delivery, _) = self.deliveries.get(channel)?;
        delivery.detail.as_deref().or(delivery.receipt.as_deref())
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
