//! The timeline of the report: every record as a line (pure).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::evidence::text;
use crate::incident::{DeliveryState, Entry, StepState, sentence};
use crate::journal::UNREADABLE;
use crate::journal::record::Record;

/// A line of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    seq: u64,
    /// When; `None` for a record that is no longer what was written.
    pub at: Option<Timestamp>,
    actor: String,
    /// Which kind of entry.
    pub kind: String,
    /// What it says.
    pub text: String,
    /// Whether another line tells as much: an attempt, a step under way.
    minor: bool,
}

/// Every record as a line.
pub fn timeline(records: &[Record]) -> Vec<Line> {
    let mut written = BTreeSet::new();
    let line = |record: &Record| Line {
        seq: record.seq,
        at: (record.kind != UNREADABLE).then_some(record.at),
        actor: text::clean(&record.actor),
        kind: text::clean(&record.kind),
        text: sentence::of(record),
        minor: is_minor(record, &mut written),
    };
    records.iter().map(line).collect()
}

/// Whether another record tells as much; `written` holds the notices so far.
fn is_minor(record: &Record, written: &mut BTreeSet<String>) -> bool {
    match Entry::of(record) {
        Some(Entry::NoticeWritten(it)) => {
            written.insert(it.text);
            false
        }
        Some(Entry::NoticeSent { text, .. }) => written.contains(&text),
        Some(Entry::NoticeDelivery(it)) => matches!(it.state, DeliveryState::Waiting | DeliveryState::Sending),
        Some(Entry::Step { state, .. }) => {
            matches!(state, StepState::Pending | StepState::Intent | StepState::Issued | StepState::Observed)
        }
        _ => false,
    }
}
