//! The incident as its journal tells it: a fold over entries, so that opening again resumes it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::assessment::Answers;
use super::entry::{Acceptance, Classified};
use super::{About, BrokenGlass, Entry, Role, Severity, Stage};
use crate::evidence::{Oid, text};
use crate::journal::record::Record;

mod clock;
mod parts;
mod told;

pub use clock::{Clock, Setting};
pub use parts::{Broken, Made, Mark, MarkKind, Notice, Resolution, RolledBack, RolloutStep};
pub use told::Told;

/// The name that the canary as a whole has among the metrics.
const WHOLE_CANARY: &str = "canary";

/// One incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its key in the journal.
    pub id: String,
    /// A short name.
    pub title: String,
    /// How bad it is, once somebody has said so.
    pub severity: Option<Severity>,
    /// Where it stands.
    pub stage: Stage,
    /// When it was declared.
    pub declared_at: Timestamp,
    /// When users began to notice, where it is known.
    pub impact_at: Option<Timestamp>,
    /// Its key or address in the tracker.
    pub ticket: Option<String>,
    /// The scenario's name if this is a drill.
    pub drill: Option<String>,
    /// What the business loses.
    pub impact: Option<String>,
    /// How many users are affected.
    pub users: Option<String>,
    /// What users can do meanwhile.
    pub workaround: Option<String>,
    /// What the severity rests on, where the answers were weighed.
    pub classified: Option<Classified>,
    /// Who holds which role.
    pub roles: BTreeMap<Role, String>,
    /// What persons said of checklist items.
    pub marks: BTreeMap<String, Mark>,
    /// Gates that want a second person and were passed by one who was alone, oldest first.
    pub broken_glass: Vec<Broken>,
    /// What was last accepted of the tests.
    pub accepted: Option<Acceptance>,
    /// The decisions, oldest first.
    pub decisions: Vec<Made>,
    /// When it last became worse than it was taken for.
    pub raised_at: Option<Timestamp>,
    /// The last notice to the stakeholders.
    pub last_notice: Option<Notice>,
    /// The last one that says when the next comes.
    pub last_promise: Option<Notice>,
    /// The notice that announces the end, told or not.
    pub resolution: Option<Resolution>,
    /// How many notices were sent.
    pub notices: usize,
    /// How the last rollback ended.
    pub rollback: Option<RolledBack>,
    /// When each stage was last entered; the first one when the incident was declared.
    pub entered: BTreeMap<Stage, Timestamp>,
    /// Since when the canary as a whole is blind, by the last change of its verdict.
    pub blind_since: Option<Timestamp>,
    /// When the hotfix tip last moved: a decision before that was about another commit.
    pub tip_moved_at: Option<Timestamp>,
    /// The step that the rollout last went to, short of its end: to go on from there is a decision of its own.
    pub rollout_step: Option<RolloutStep>,
    /// When the canary as a whole last left or entered a verdict that is neither healthy nor for want of data.
    pub doubted_at: Option<Timestamp>,
    /// The tip and the production commit whose change was last kept.
    pub change_kept: Option<(Option<Oid>, Option<Oid>)>,
    /// What the program has told by itself.
    pub told: Told,
    /// When the timeline and the report were last written to a file.
    pub exported: BTreeMap<String, Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// What became of the clock that all these times are by: they are as it shows them since it was set last.
    pub clock: Clock,
}

impl Incident {
    /// Folds the records of one incident, in the journal's order; `None` before it is declared.
    pub fn fold<'a>(records: impl IntoIterator<Item = &'a Record>) -> Option<Self> {
        let mut incident = None;
        for record in records {
            Self::apply(&mut incident, record);
        }
        incident
    }

    /// Takes in the next record. A record of another incident, or of an unknown kind, changes nothing.
    pub fn apply(incident: &mut Option<Self>, record: &Record) {
        let Some(entry) = Entry::of(record) else { return };
        if let Entry::Declared { title, severity, impact_at, ticket, drill } = entry {
            if incident.as_ref().is_none_or(|it| it.id == record.incident) {
                *incident = Some(Self::declared(record, text::clean(&title), severity, impact_at, ticket, drill));
            }
        } else if let Some(it) = incident.as_mut().filter(|it| it.id == record.incident) {
            it.keep_time(record);
            it.take(entry, record);
        }
    }

    fn declared(
        record: &Record,
        title: String,
        severity: Option<Severity>,
        impact_at: Option<Timestamp>,
        ticket: Option<String>,
        drill: Option<String>,
    ) -> Self {
        Self {
            id: record.incident.clone(),
            title,
            severity,
            stage: Stage::Assess,
            declared_at: record.at,
            impact_at,
            ticket: cleaned(ticket),
            drill: cleaned(drill),
            impact: None,
            users: None,
            workaround: None,
            classified: None,
            roles: BTreeMap::new(),
            marks: BTreeMap::new(),
            broken_glass: Vec::new(),
            accepted: None,
            decisions: Vec::new(),
            raised_at: None,
            last_notice: None,
            last_promise: None,
            resolution: None,
            notices: 0,
            rollback: None,
            entered: BTreeMap::from([(Stage::Assess, record.at)]),
            blind_since: None,
            tip_moved_at: None,
            rollout_step: None,
            doubted_at: None,
            change_kept: None,
            told: Told::default(),
            exported: BTreeMap::new(),
            closed_at: None,
            clock: Clock::begin(record),
        }
    }

    fn take(&mut self, entry: Entry, record: &Record) {
        self.told.take(&entry);
        let (at, by) = (record.at, || text::clean(&record.actor));
        match entry {
            Entry::Assessed { impact, users, workaround, severity } => {
                self.impact = cleaned(impact).or(self.impact.take());
                self.users = cleaned(users).or(self.users.take());
                self.workaround = cleaned(workaround).or(self.workaround.take());
                if let Some(severity) = severity {
                    self.rise(severity, at);
                    self.confirm(severity);
                }
            }
            Entry::Classified(classified) => {
                self.rise(classified.severity, at);
                self.severity = Some(classified.severity);
                self.classified = Some(clean(*classified));
            }
            Entry::Bound { ticket } => self.ticket = cleaned(Some(ticket)),
            Entry::RoleTaken { role, name } => {
                self.roles.insert(role, text::clean(&name));
            }
            Entry::RoleHanded(it) => {
                self.roles.insert(it.role, text::clean(&it.to));
            }
            Entry::StageEntered { stage } => {
                self.stage = stage;
                self.entered.insert(stage, at);
            }
            Entry::Ticked { item, note, head } => {
                let kind = MarkKind::Ticked { note: cleaned(note) };
                self.marks.insert(item, Mark { kind, by: by(), at, head });
            }
            Entry::Unticked { item, .. } => {
                self.marks.remove(&item);
            }
            Entry::Overridden { item, reason, name, head } => {
                let kind = MarkKind::Overridden { reason: text::clean(&reason) };
                self.marks.insert(item, Mark { kind, by: text::clean(&name), at, head });
            }
            Entry::GlassBroken(it) => self.break_glass(*it, at),
            Entry::TestsAccepted(it) => {
                let (name, reason) = (text::clean(&it.name), text::clean(&it.reason));
                self.accepted = Some(Acceptance { name, reason, ..*it });
            }
            Entry::Deferred(it) => {
                let (owner, note) = (text::clean(&it.owner), cleaned(it.note));
                let kind = MarkKind::Deferred { owner, due_at: it.due_at, note };
                self.marks.insert(it.item, Mark { kind, by: by(), at, head: it.head });
            }
            Entry::Decided { decision, reason, .. } => {
                self.decisions.push(Made { decision, reason: text::clean(&reason), by: by(), at });
            }
            Entry::NoticeSent { text, next_update_at, about, .. } => {
                self.notices += 1;
                let text = text::clean_block(&text, text::FIELD_LIMIT);
                let is_written = self.resolution.as_ref().is_some_and(|it| it.text == text);
                let is_last = about.map_or(is_written, |about| about == About::Resolved);
                let notice = Notice { at, next_update_at, text, is_last };
                if next_update_at.is_some() {
                    self.last_promise = Some(notice.clone());
                }
                self.last_notice = Some(notice);
            }
            Entry::NoticeWritten(written) if written.about == About::Resolved => {
                let missing = written.channels.iter().map(|channel| text::clean(channel)).collect();
                let text = text::clean_block(&written.text, text::FIELD_LIMIT);
                self.resolution = Some(Resolution { key: written.key, text, missing });
            }
            Entry::NoticeDelivery(it) if it.state.has_arrived() => {
                if let Some(end) = self.resolution.as_mut().filter(|end| end.key == it.notice) {
                    end.missing.remove(&text::clean(&it.channel));
                }
            }
            Entry::RolloutMoved { rollout, from: Some(_), to, through: false } => {
                let (rollout, step) = (text::clean(&rollout), text::clean(&to));
                self.rollout_step = Some(RolloutStep { rollout, step, at });
            }
            Entry::RollbackEnded { end, .. } => self.rollback = Some(RolledBack { end, at }),
            Entry::HeadMoved { .. } => self.tip_moved_at = Some(at),
            Entry::ChangeSeen(it) => self.change_kept = Some((it.head, it.production_oid)),
            Entry::Exported(it) => {
                self.exported.insert(it.what, at);
            }
            Entry::VerdictChanged { metric, from, to, .. } if metric == WHOLE_CANARY => {
                let is_doubt = |word: &str| !matches!(word, "healthy" | "blind");
                self.blind_since = (to == "blind").then_some(at);
                if is_doubt(&from) || is_doubt(&to) {
                    self.doubted_at = Some(at);
                }
            }
            Entry::Closed { .. } => self.closed_at = Some(at),
            Entry::Reopened { .. } => self.closed_at = None,
            // The rest is told by the timeline and changes nothing here.
            _ => {}
        }
    }

    /// Notes when it became worse.
    fn rise(&mut self, to: Severity, at: Timestamp) {
        if self.severity.is_some_and(|before| to < before) {
            self.raised_at = Some(at);
        }
    }

    /// A person says how bad it is, whatever the answers come to.
    fn confirm(&mut self, severity: Severity) {
        self.severity = Some(severity);
        if let Some(classified) = &mut self.classified {
            (classified.severity, classified.confirmed) = (severity, true);
        }
    }

    /// What is known of the three questions.
    pub fn answers(&self) -> Answers {
        let of = |it: &Classified| Answers { impact: it.impact, users: it.users, workaround: it.workaround };
        self.classified.as_ref().map(of).unwrap_or_default()
    }

    /// Whether a person stands behind the severity.
    pub fn is_confirmed(&self) -> bool {
        self.severity.is_some() && self.classified.as_ref().is_none_or(|it| it.confirmed)
    }

    fn break_glass(&mut self, it: BrokenGlass, at: Timestamp) {
        let (by, reason) = (text::clean(&it.name), text::clean(&it.reason));
        let kind = MarkKind::Overridden { reason: format!("BREAK GLASS: {reason}") };
        self.marks.insert(it.item.clone(), Mark { kind, by: by.clone(), at, head: it.head });
        self.broken_glass.push(Broken { item: it.item, by, reason, at });
    }

    /// Gates whose glass is broken, as far as that word still stands: item and person.
    pub fn standing_glass(&self) -> impl Iterator<Item = &Broken> {
        let stands = |it: &&Broken| self.marks.get(&it.item).is_some_and(|mark| mark.at == it.at);
        self.broken_glass.iter().filter(stands)
    }

    /// Since when users are affected, as far as is known.
    pub fn since(&self) -> Timestamp {
        self.impact_at.unwrap_or(self.declared_at)
    }

    /// When the stakeholders expect the next update: what the last notice promised, else by severity. Where it became
    /// worse since that notice, no later than the new severity allows from then on.
    pub fn next_update_at(&self) -> Option<Timestamp> {
        if self.last_notice.as_ref().is_some_and(|notice| notice.is_last && notice.next_update_at.is_none()) {
            return None;
        }
        let told_at = self.last_notice.as_ref().map_or(self.declared_at, |notice| notice.at);
        let by_severity = |since: Timestamp| {
            let minutes = jiff::SignedDuration::from_mins(self.severity?.update_minutes().cast_signed());
            since.checked_add(minutes).ok()
        };
        let promised = self.last_notice.as_ref().and_then(|notice| notice.next_update_at);
        let due = promised.or_else(|| by_severity(told_at));
        let sooner = self.raised_at.filter(|raised| *raised > told_at).and_then(by_severity);
        [due, sooner].into_iter().flatten().min()
    }
}

fn clean(mut classified: Classified) -> Classified {
    classified.because = text::clean(&classified.because);
    classified.reason = cleaned(classified.reason);
    if let Some(counted) = &mut classified.counted {
        counted.source = text::clean(&counted.source);
    }
    classified
}

/// The journal keeps what was written to the letter; what is shown of it must not steer the terminal.
fn cleaned(text: Option<String>) -> Option<String> {
    text.map(|text| text::clean(&text))
}

#[cfg(test)]
mod tests;
