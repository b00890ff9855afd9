//! The journal of a drill as what was done and when, and in words (pure).

use jiff::Timestamp;

use super::moment::Moment;
use crate::evidence::text::clean;
use crate::incident::{Decision, Entry};
use crate::journal::record::Record;

/// The actor under whose name the program itself writes.
pub const PROGRAM: &str = "hotfix";

/// One entry of the journal, with its time since the start.
#[derive(Debug, Clone)]
pub struct Deed {
    /// When.
    pub at: Moment,
    /// Who.
    pub actor: String,
    /// What.
    pub entry: Entry,
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
        let at = start.map_or(Moment::default(), |start| since(start, record.at));
        out.push(Deed { at, actor: record.actor.clone(), entry });
    }
    out
}

fn since(start: Timestamp, at: Timestamp) -> Moment {
    Moment::from_secs(u64::try_from(at.duration_since(start).as_secs()).unwrap_or(0))
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
            Entry::Decided { reason, .. } => Some(reason),
            Entry::Ticked { note, .. } => note.as_deref(),
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

    /// Whether it sees to a checklist item, by a tick or by what the item asks for.
    pub fn sees_to(&self, item: &str) -> bool {
        match &self.entry {
            Entry::Ticked { item: it, .. } | Entry::Overridden { item: it, .. } => it == item,
            Entry::Assessed { impact, users, workaround, severity } => match item {
                "a2" => impact.is_some(),
                "a3" => users.is_some(),
                "a4" => workaround.is_some(),
                "a5" => severity.is_some(),
                _ => false,
            },
            Entry::RoleTaken { .. } => item == "a6",
            Entry::Decided { .. } => matches!(item, "a7" | "c8"),
            Entry::NoticeSent { .. } => matches!(item, "a8" | "c4"),
            Entry::RollbackRehearsed { .. } => item == "c2",
            _ => false,
        }
    }

    /// In words, for the timeline of a run. No address, no hash: two runs of one seed read the same.
    pub fn words(&self) -> String {
        clean(&words(&self.entry))
    }
}

fn words(entry: &Entry) -> String {
    match entry {
        Entry::Declared { title, .. } => format!("declared {title}"),
        Entry::Assessed { severity: Some(severity), .. } => format!("assessed: {}", severity.label()),
        Entry::Assessed { .. } => "assessed".into(),
        Entry::RoleTaken { role, name } => format!("{name} is {}", role.label()),
        Entry::StageEntered { stage } => format!("stage {}", stage.label()),
        Entry::Ticked { item, note, .. } => with("ticked", item, note.as_deref()),
        Entry::Unticked { item, note } => with("took back", item, note.as_deref()),
        Entry::Overridden { item, reason, name, .. } => format!("{name} overrode {item}: {reason}"),
        Entry::Decided { decision, reason, .. } => format!("decided to {}: {reason}", decision.label()),
        Entry::Noted { text } => format!("noted: {text}"),
        Entry::NoticeSent { text, .. } => format!("told the stakeholders: {text}"),
        Entry::HeadMoved { to, .. } => format!("the hotfix tip is {}", to.short()),
        Entry::TestsSeen { passed, failed, .. } => format!("tests: {passed} passed, {failed} failed"),
        Entry::VerdictChanged { metric, from, to, .. } => format!("{metric}: {from} -> {to}"),
        Entry::RollbackArmed { target, .. } => format!("armed the rollback to {target}"),
        Entry::RollbackDisarmed { why, .. } => format!("disarmed the rollback: {why}"),
        Entry::RollbackFired { target, .. } => format!("fired the rollback to {target}"),
        Entry::Step { index, name, state, .. } => format!("step {}, {name}: {}", index + 1, state_word(*state)),
        Entry::RollbackEnded { end, .. } => format!("rollback: {}", end.label()),
        Entry::RollbackRehearsed { passed: true, .. } => "rehearsed the rollback".into(),
        Entry::RollbackRehearsed { .. } => "rehearsed the rollback: it failed".into(),
        Entry::DrillEvent { text } => text.clone(),
        Entry::JournalDamaged { what } => format!("journal damaged: {what}"),
        Entry::Closed { open } if open.is_empty() => "closed the incident".into(),
        Entry::Closed { open } => format!("closed the incident with {} open", open.join(", ")),
    }
}

fn with(what: &str, item: &str, note: Option<&str>) -> String {
    note.map_or_else(|| format!("{what} {item}"), |note| format!("{what} {item}: {note}"))
}

fn state_word(state: crate::incident::StepState) -> &'static str {
    use crate::incident::StepState as S;
    match state {
        S::Pending => "pending",
        S::Intent => "about to be issued",
        S::Issued => "issued",
        S::Observed => "came to a good end",
        S::Verified => "verified",
        S::Failed => "failed",
        S::Unknown => "nobody knows",
        S::Skipped => "left out",
    }
}
