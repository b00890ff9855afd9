//! The journal of a drill as what was done and when, and in words (pure).

use jiff::Timestamp;

use super::moment::Moment;
use crate::evidence::text::clean;
use crate::incident::{Decision, Entry};
use crate::journal::record::Record;

/// The actor under whose name the program itself writes.
pub const PROGRAM: &str = "hotfix";

/// The items that are seen to by doing what they ask for.
const ASKED: [&str; 9] = ["a2", "a3", "a4", "a5", "a6", "a7", "a8", "c4", "c8"];

/// One entry of the journal, with its time since the start.
#[derive(Debug, Clone)]
pub struct Deed {
    /// When.
    pub at: Moment,
    /// Its number in the journal.
    pub seq: u64,
    /// Who.
    pub actor: String,
    /// What.
    pub entry: Entry,
    /// When the drill started, by the clock of the journal.
    start: Timestamp,
}

/// The entries of a drill, from its declaration, which is its start.
pub fn deeds(records: &[Record]) -> Vec<Deed> {
    let known = records.iter().filter_map(|record| Some((record, Entry::of(record)?)));
    let mut start = None;
    let mut out = Vec::new();
    for (record, entry) in known {
        if matches!(entry, Entry::Declared { .. }) {
            start.get_or_insert(record.at);
        }
        let start = start.unwrap_or(record.at);
        let (at, seq, actor) = (since(start, record.at), record.seq, record.actor.clone());
        out.push(Deed { at, seq, actor, entry, start });
    }
    out
}

fn since(start: Timestamp, at: Timestamp) -> Moment {
    Moment::from_secs(u64::try_from(at.duration_since(start).as_secs()).unwrap_or(0))
}

/// Whether an id is that of an item, or of one of its rows: `d4/main` is of `d4`.
pub fn is_of(id: &str, item: &str) -> bool {
    id.split('/').next() == Some(item)
}

impl Deed {
    /// Whether a person did it.
    pub fn by_person(&self) -> bool {
        self.actor != PROGRAM
    }

    /// What a person said by it, if anything.
    pub fn said(&self) -> Option<&str> {
        match &self.entry {
            _ if !self.by_person() => None,
            Entry::Noted { text } | Entry::NoticeSent { text, .. } => Some(text),
            Entry::Decided { reason, .. } | Entry::Overridden { reason, .. } => Some(reason),
            Entry::Ticked { note, .. } => note.as_deref(),
            Entry::Deferred(it) => it.note.as_deref(),
            _ => None,
        }
    }

    /// What was decided by it, if anything.
    pub fn decision(&self) -> Option<Decision> {
        match &self.entry {
            Entry::Decided { decision, .. } => Some(*decision),
            _ => None,
        }
    }

    /// When the next notice comes, if this one says so.
    pub fn promised(&self) -> Option<Moment> {
        match &self.entry {
            Entry::NoticeSent { next_update_at: Some(at), .. } => Some(since(self.start, *at)),
            _ => None,
        }
    }

    /// Whether it sees to a checklist item: by what the item asks for, else by a tick that says what was seen, or by an
    /// override. A tick alone answers no question.
    pub fn sees_to(&self, item: &str) -> bool {
        match &self.entry {
            Entry::Ticked { item: it, note, .. } => {
                is_of(it, item) && !ASKED.contains(&item) && note.as_ref().is_some_and(|note| !note.trim().is_empty())
            }
            Entry::Overridden { item: it, .. } => is_of(it, item),
            Entry::Deferred(it) => is_of(&it.item, item),
            Entry::Assessed { impact, users, workaround, severity } => match item {
                "a2" => impact.is_some(),
                "a3" => users.is_some(),
                "a4" => workaround.is_some(),
                "a5" => severity.is_some(),
                _ => false,
            },
            Entry::Classified(it) => item == "a5" && it.confirmed,
            Entry::RoleTaken { .. } | Entry::RoleHanded(_) => item == "a6",
            Entry::Decided { .. } => matches!(item, "a7" | "c8"),
            Entry::NoticeSent { .. } => matches!(item, "a8" | "c4"),
            Entry::RollbackRehearsed { .. } => item == "c2",
            _ => false,
        }
    }

    /// In words, for the timeline of a run: without the details that name a port, so that two runs read the same.
    pub fn words(&self) -> String {
        match &self.entry {
            Entry::Step { plan, index, name, state, .. } => {
                let (plan, name) = (plan.clone(), name.clone());
                Entry::Step { plan, index: *index, name, state: *state, detail: None }.sentence()
            }
            Entry::RollbackEnded { end, .. } => clean(&format!("rollback: {}", end.label())),
            Entry::VerdictChanged { metric, from, to, .. } => clean(&format!("{metric}: {from} to {to}")),
            entry => entry.sentence(),
        }
    }
}
