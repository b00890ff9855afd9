//! Each entry as one sentence: for the timeline, the report, and whoever reads a journal.

use super::entry::Entry;
use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::journal::UNREADABLE;
use crate::journal::record::Record;

impl Entry {
    /// The entry as one clear sentence on one line, without its time and its actor.
    pub fn sentence(&self) -> String {
        clean(&self.words())
    }

    fn words(&self) -> String {
        match self {
            Self::Declared { title, severity, ticket, drill, .. } => {
                let what = if drill.is_some() { "drill" } else { "incident" };
                let severity = severity.map_or_else(String::new, |severity| format!(" as {}", severity.label()));
                format!("declared {what} {title}{severity}{}", in_brackets(ticket.as_deref()))
            }
            Self::Assessed { impact, users, workaround, severity } => {
                let severity = severity.map(|severity| severity.label().to_owned());
                assessed(&[("impact", impact), ("users", users), ("workaround", workaround), ("severity", &severity)])
            }
            Self::Classified(it) => it.words(),
            Self::Bound { ticket } => format!("bound the incident to {ticket}"),
            Self::RoleTaken { role, name } => format!("{name} is {} now", role.label()),
            Self::RoleHanded(it) => it.words(),
            Self::StageEntered { stage } => format!("entered stage {}", stage.label()),
            Self::Ticked { item, note, head } => {
                format!("ticked {item}{}{}", at(head.as_ref()), after(note.as_deref()))
            }
            Self::Unticked { item, note } => format!("took the tick of {item} back{}", after(note.as_deref())),
            Self::Deferred(deferral) => deferral.words(),
            Self::GlassBroken(glass) => glass.words(),
            Self::TestsAccepted(acceptance) => acceptance.words(),
            Self::Overridden { item, reason, name, head } => {
                format!("overrode {item}{}, {name} answers for it: {reason}", at(head.as_ref()))
            }
            Self::Decided { decision, reason, readiness, .. } => {
                let readiness = readiness.as_ref().map_or_else(String::new, |word| format!(" (readiness: {word})"));
                format!("decided to {}: {reason}{readiness}", decision.label())
            }
            Self::Noted { text } => format!("noted: {text}"),
            Self::Corrected(correction) => correction.words(),
            Self::Pinned(pin) => pin.words(),
            Self::Pushed(push) => push.words(),
            Self::NoticeSent { channel, text, next_update_at, .. } => {
                let next = next_update_at.map_or_else(String::new, |at| format!(" (next update at {at:.0})"));
                format!("told {channel}: {text}{next}")
            }
            Self::NoticeWritten(notice) => notice.words(),
            Self::NoticeDelivery(delivery) => delivery.words(),
            Self::HeadMoved { from, to } => moved(from.as_ref(), to),
            Self::TestsSeen { subject, passed, failed } => {
                let of = subject.as_ref().map_or_else(|| "no known commit".to_owned(), |oid| oid.short().to_owned());
                format!("tests of {of}: {passed} passed, {failed} failed")
            }
            Self::VerdictChanged { metric, from, to, why } => {
                let of = if metric == "canary" { String::new() } else { format!(" {metric}") };
                format!("canary{of}: {from} to {to}. {why}")
            }
            Self::SeenHealthy { version, commit, how } => format!("saw {version} ({}) healthy: {how}", commit.short()),
            Self::DrillEvent { text } => format!("drill: {text}"),
            Self::ChangeSeen(change) => change.words(),
            Self::CurvesSeen(curves) => curves.words(),
            Self::Exported(export) => export.words(),
            Self::JournalDamaged { what } => format!("JOURNAL DAMAGED: {what}"),
            Self::Closed { open } if open.is_empty() => "closed the incident, nothing left open".to_owned(),
            Self::Closed { open } => format!("closed the incident with {} still open", open.join(", ")),
            Self::LeftOpen(it) => it.words(),
            Self::Resumed {} => "took this incident up".to_owned(),
            Self::Reopened { reason } => format!("opened the incident again: {reason}"),
            Self::BranchStarted { branch, base, from, worktree } => {
                let place = worktree.as_ref().map_or_else(String::new, |folder| format!(" in {folder}"));
                format!("started {branch} from {from} ({}){place}", base.short())
            }
            Self::RolloutSteered { rollout, act } => format!("rollout {rollout}: is about to {act}"),
            Self::RolloutFollowed { rollout, act, followed, detail } => {
                let word = match followed {
                    Some(true) => "seen",
                    Some(false) => "NOT done",
                    None => "NOT seen to follow",
                };
                format!("rollout {rollout}: {act}, {word}: {detail}")
            }
            Self::RolloutMoved { rollout, from, to, through } => {
                let (from, end) = (from.as_ref().map_or_else(String::new, |it| format!("went from {it} to ")), through);
                let end = if *end { ": everybody has the new version" } else { "" };
                let at = if from.is_empty() { "stands at " } else { "" };
                format!("rollout {rollout} {from}{at}{to}{end}")
            }
            Self::Promotion(step) => step.words(),
            Self::Tagged { tag, oid } => format!("tagged {} as {tag}", oid.short()),
            _ => self.rollback_words(),
        }
    }

    /// The entries about a rollback.
    fn rollback_words(&self) -> String {
        match self {
            Self::RollbackArmed { target, .. } => format!("armed the rollback to {target}"),
            Self::RollbackAgreed { plan } => format!("agreed to the rollback plan {}", plan.get(..12).unwrap_or(plan)),
            Self::RollbackDisarmed { why, .. } => format!("disarmed the rollback: {why}"),
            Self::RollbackFired { target, .. } => format!("fired the rollback to {target}"),
            Self::Step { index, name, state, detail, .. } => {
                format!("rollback step {} {name} {}{}", index + 1, state.phrase(), after(detail.as_deref()))
            }
            Self::RollbackEnded { end, detail, .. } => format!("{}: {detail}", end.phrase()),
            Self::RollbackRehearsed { passed, detail, .. } => {
                let how = if *passed { "passed" } else { "failed" };
                format!("rehearsed the rollback, which {how}: {detail}")
            }
            // Everything else is said by `words`.
            _ => self.kind().to_owned(),
        }
    }
}

/// The sentence of a record, also of one that this version cannot read.
pub fn of(record: &Record) -> String {
    match Entry::of(record) {
        Some(entry) => entry.sentence(),
        None if record.kind == UNREADABLE => clean(record.body["what"].as_str().unwrap_or(UNREADABLE)),
        None => format!("an entry of kind {} that this version does not know", clean(&record.kind)),
    }
}

fn assessed(answers: &[(&str, &Option<String>)]) -> String {
    let given = |(name, answer): &(&str, &Option<String>)| answer.as_ref().map(|answer| format!("{name}: {answer}"));
    let given: Vec<_> = answers.iter().filter_map(given).collect();
    if given.is_empty() { "assessed, with no new answer".to_owned() } else { format!("assessed. {}", given.join("; ")) }
}

fn moved(from: Option<&Oid>, to: &Oid) -> String {
    match from {
        Some(from) => format!("the hotfix tip moved from {} to {}", from.short(), to.short()),
        None => format!("the hotfix tip is {}", to.short()),
    }
}

fn at(head: Option<&Oid>) -> String {
    head.map_or_else(String::new, |oid| format!(" at {}", oid.short()))
}

/// A note behind a colon, if there is one.
pub(super) fn after(note: Option<&str>) -> String {
    note.filter(|note| !note.trim().is_empty()).map_or_else(String::new, |note| format!(": {note}"))
}

fn in_brackets(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!(" ({text})"))
}

#[cfg(test)]
#[path = "sentence_tests.rs"]
pub(crate) mod tests;
