//! Entries in words: one line for the timeline and for whoever just recorded it (pure).

use super::{Entry, Severity};
use crate::evidence::{Oid, text};
use crate::journal::UNREADABLE;
use crate::journal::record::Record;

/// What a record tells, on one line, without its time and actor.
pub fn of(record: &Record) -> String {
    let line = match Entry::of(record) {
        Some(entry) => entry.sentence(),
        None if record.kind == UNREADABLE => record.body["what"].as_str().unwrap_or(UNREADABLE).to_owned(),
        None => format!("{} (this version cannot read it)", record.kind),
    };
    text::clean(&line)
}

impl Entry {
    /// One line, not cleaned.
    pub fn sentence(&self) -> String {
        match self {
            Self::Declared { title, severity, drill, .. } => {
                let drill = drill.as_ref().map_or_else(String::new, |name| format!(", drill {name}"));
                format!("declared {title} ({}{drill})", level(*severity))
            }
            Self::Assessed { impact, users, workaround, severity } => assessed(impact, users, workaround, *severity),
            Self::RoleTaken { role, name } => format!("{}: {name}", role.label()),
            Self::StageEntered { stage } => format!("stage {}", stage.label()),
            Self::Ticked { item, note, head } => format!("ticked {item}{}{}", at(head.as_ref()), tail(note.as_ref())),
            Self::Unticked { item, note } => format!("took back the tick of {item}{}", tail(note.as_ref())),
            Self::Overridden { item, reason, name, head } => {
                format!("OVERRODE {item}{}: {reason} ({name} answers for it)", at(head.as_ref()))
            }
            Self::Decided { decision, reason, readiness } => {
                let then = readiness.as_ref().map_or_else(String::new, |word| format!(" (readiness then: {word})"));
                format!("decided: {}: {reason}{then}", decision.label())
            }
            Self::Noted { text } => format!("note: {text}"),
            Self::NoticeSent { channel, text, .. } => format!("told {channel}: {text}"),
            Self::HeadMoved { to, .. } => format!("hotfix tip is now {}", to.short()),
            Self::TestsSeen { subject, passed, failed } => {
                format!("tests{}: {passed} passed, {failed} failed", at(subject.as_ref()))
            }
            Self::VerdictChanged { metric, from, to, why } => format!("canary {metric}: {from} -> {to}: {why}"),
            Self::DrillEvent { text } => format!("drill: {text}"),
            Self::JournalDamaged { what } => format!("JOURNAL DAMAGED: {what}"),
            Self::Closed { open } if open.is_empty() => "closed".to_owned(),
            Self::Closed { open } => format!("closed with {} open", open.join(", ")),
            Self::RollbackArmed { .. }
            | Self::RollbackDisarmed { .. }
            | Self::RollbackFired { .. }
            | Self::Step { .. }
            | Self::RollbackEnded { .. }
            | Self::RollbackRehearsed { .. } => self.rollback(),
        }
    }

    fn rollback(&self) -> String {
        match self {
            Self::RollbackArmed { target, .. } => format!("armed the rollback to {target}"),
            Self::RollbackDisarmed { why, .. } => format!("disarmed the rollback: {why}"),
            Self::RollbackFired { target, .. } => format!("FIRED the rollback to {target}"),
            Self::Step { index, name, state, detail, .. } => {
                format!("step {} {name}: {}{}", index + 1, state.label(), tail(detail.as_ref()))
            }
            Self::RollbackEnded { end, detail, .. } => format!("rollback {}: {detail}", end.label()),
            Self::RollbackRehearsed { passed, detail, .. } => {
                format!("rehearsed the rollback, {}: {detail}", if *passed { "passed" } else { "FAILED" })
            }
            _ => String::new(),
        }
    }
}

fn level(severity: Option<Severity>) -> &'static str {
    severity.map_or("severity not set", Severity::label)
}

fn at(head: Option<&Oid>) -> String {
    head.map_or_else(String::new, |oid| format!(" at {}", oid.short()))
}

fn tail(text: Option<&String>) -> String {
    text.map_or_else(String::new, |text| format!(": {text}"))
}

fn assessed(
    impact: &Option<String>,
    users: &Option<String>,
    workaround: &Option<String>,
    severity: Option<Severity>,
) -> String {
    let answers = [
        severity.map(|severity| severity.label().to_owned()),
        impact.as_ref().map(|text| format!("impact {text}")),
        users.as_ref().map(|text| format!("users {text}")),
        workaround.as_ref().map(|text| format!("workaround {text}")),
    ];
    format!("assessed: {}", answers.into_iter().flatten().collect::<Vec<_>>().join("; "))
}
