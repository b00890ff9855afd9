//! One record of the journal, and the chain that holds the records together.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::clock::Reading;

/// What is to be recorded: a [`Record`] before it has a place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// When it happened, by the clock of the event that led to it.
    pub at: Timestamp,
    /// The incident it belongs to.
    pub incident: String,
    /// Who did it: a person's name, or `hotfix` for what the program saw or did by itself.
    pub actor: String,
    /// What kind of entry the body is.
    pub kind: String,
    /// The entry itself.
    pub body: serde_json::Value,
}

/// A record as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its place, from 1, without gaps: the order of the journal, whatever the clocks say.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The incident it belongs to.
    pub incident: String,
    /// Who did it.
    pub actor: String,
    /// What kind of entry the body is.
    pub kind: String,
    /// The entry itself.
    pub body: serde_json::Value,
    /// What the clocks said when it was written; `None` for one of an early journal.
    #[serde(default)]
    pub clock: Option<Reading>,
    /// The hash of the record before it; 64 zeros for the first.
    pub prev_hash: String,
    /// The hash of this one.
    pub hash: String,
}

/// The hash before the first record.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Record {
    /// Puts a draft at place `seq`, behind the record whose hash is `prev_hash`, without a reading of the clocks.
    pub fn chain(draft: Draft, seq: u64, prev_hash: &str) -> Self {
        Self::chain_at(draft, seq, prev_hash, None)
    }

    /// Puts a draft at place `seq`, behind the record whose hash is `prev_hash`, with what the clocks say.
    pub fn chain_at(draft: Draft, seq: u64, prev_hash: &str, clock: Option<Reading>) -> Self {
        let mut record = Self {
            seq,
            at: draft.at,
            incident: draft.incident,
            actor: draft.actor,
            kind: draft.kind,
            body: draft.body,
            clock,
            prev_hash: prev_hash.to_owned(),
            hash: String::new(),
        };
        record.hash = record.digest();
        record
    }

    /// SHA-256 over every other field that there is, each led by its length so that no two records look alike.
    pub fn digest(&self) -> String {
        Row::of(self).digest()
    }

    /// Whether the record is what was written, and stands behind the record with hash `prev_hash`.
    pub fn follows(&self, prev_hash: &str) -> bool {
        self.prev_hash == prev_hash && self.hash == self.digest()
    }
}

/// A record as the exact text that is stored and hashed: nothing is parsed before it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place.
    pub seq: u64,
    /// When, in RFC 3339.
    pub at: String,
    /// The incident.
    pub incident: String,
    /// Who.
    pub actor: String,
    /// What kind of entry.
    pub kind: String,
    /// The entry as JSON.
    pub body: String,
    /// What the clocks said, as JSON.
    pub clock: Option<String>,
    /// The hash of the record before it.
    pub prev_hash: String,
    /// The hash of this one.
    pub hash: String,
}

impl Row {
    /// The text of a record.
    pub fn of(record: &Record) -> Self {
        Self {
            seq: record.seq,
            at: record.at.to_string(),
            incident: record.incident.clone(),
            actor: record.actor.clone(),
            kind: record.kind.clone(),
            body: record.body.to_string(),
            clock: record.clock.as_ref().and_then(|clock| serde_json::to_string(clock).ok()),
            prev_hash: record.prev_hash.clone(),
            hash: record.hash.clone(),
        }
    }

    /// As [`Record::digest`].
    pub fn digest(&self) -> String {
        let seq = self.seq.to_string();
        let mut sha = Sha256::new();
        let fields = [&self.prev_hash, &seq, &self.at, &self.incident, &self.actor, &self.kind, &self.body];
        // One that has none is hashed as it was before there were any.
        for field in fields.into_iter().chain(&self.clock) {
            sha.update((field.len() as u64).to_be_bytes());
            sha.update(field.as_bytes());
        }
        hex(&sha.finalize())
    }

    /// The record, if the text is what was written.
    pub fn read(&self) -> Option<Record> {
        if self.hash != self.digest() {
            return None;
        }
        Some(Record {
            seq: self.seq,
            at: self.at.parse().ok()?,
            incident: self.incident.clone(),
            actor: self.actor.clone(),
            kind: self.kind.clone(),
            body: serde_json::from_str(&self.body).ok()?,
            clock: self.clock.as_deref().map(serde_json::from_str).transpose().ok()?,
            prev_hash: self.prev_hash.clone(),
            hash: self.hash.clone(),
        })
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
