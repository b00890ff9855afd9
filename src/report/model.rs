//! The whole report as values. Serialised, it is the JSON contract of `hotfix report`.

use jiff::Timestamp;
use serde::Serialize;

use super::clock;
use super::delivery::Delivery;
use super::live::{CHANGE, CURVES, Live, Open};
use super::moments::{Event, Id, Moment, Moments};
use super::past::{Past, Rework};
use super::pieces::{self, Attempt, Decided, Held, Notice, Override, Pieces, Rehearsed, Tested, Verdict};
use super::timeline::{Line, timeline};
use crate::evidence::text;
use crate::incident::entry::{ChangeSeen, CurveSeen};
use crate::incident::model::Setting;
use crate::incident::{Entry, Incident, RollbackEnd, Severity, Stage};
use crate::journal::Verification;
use crate::journal::record::Record;

/// Where a report comes from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The records of the incident.
    pub records: &'a [Record],
    /// What the hash chain of the whole journal says.
    pub chain: &'a Verification,
    /// What live sources add.
    pub live: &'a Live,
    /// The incidents before this one.
    pub past: &'a Past,
    /// When the report is made.
    pub now: Timestamp,
}

/// The report of one incident. Unknown is `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    schema: u32,
    generated_at: Timestamp,
    /// The incident.
    pub incident: Head,
    journal: Proof,
    summary: Vec<String>,
    /// How the clock on the wall was set meanwhile, a sentence each.
    clock: Vec<String>,
    impact: Impact,
    roles: Vec<Held>,
    /// When what happened.
    pub moments: Vec<Moment>,
    /// The delivery metrics of this incident.
    pub delivery: Delivery,
    past: Before,
    /// Every record, in its order.
    pub timeline: Vec<Line>,
    decisions: Vec<Decided>,
    change: Option<Change>,
    tests: Vec<Tested>,
    /// The canary.
    pub canary: Canary,
    rollback: Rollback,
    notices: Vec<Notice>,
    overrides: Vec<Override>,
    open: Option<Vec<Open>>,
    unknown: Vec<String>,
}

/// What the incident is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Head {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    severity: Option<Severity>,
    stage: Stage,
    /// The scenario, for a drill.
    pub drill: Option<String>,
    ticket: Option<String>,
    /// The ticket again, where it is the address of a page.
    ticket_url: Option<String>,
    /// When it was declared.
    pub declared_at: Timestamp,
    impact_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

/// Whether the journal may be believed.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Proof {
    verified: bool,
    words: String,
    /// Records of all incidents.
    records: u64,
    /// Records of this one.
    events: usize,
    last_seq: Option<u64>,
    last_hash: Option<String>,
}

/// The three questions.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Impact {
    business: Option<String>,
    users: Option<String>,
    workaround: Option<String>,
}

/// The incidents before this one.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Before {
    incidents: usize,
    /// Deploys that these caused, among all of their time.
    rework: Rework,
    medians: Vec<Median>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Median {
    id: &'static str,
    name: &'static str,
    seconds: Option<i64>,
    median_s: Option<i64>,
    points_s: Vec<i64>,
    why: String,
}

/// The canary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Canary {
    /// The verdicts, as they changed.
    pub verdicts: Vec<Verdict>,
    /// When the curves were seen.
    observed_at: Option<Timestamp>,
    /// The curves; `None` when no source told them and none were kept.
    pub curves: Option<Vec<CurveSeen>>,
}

/// The change, and when git told it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    observed_at: Timestamp,
    #[serde(flatten)]
    seen: ChangeSeen,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Rollback {
    attempts: Vec<Attempt>,
    rehearsals: Vec<Rehearsed>,
}

impl Report {
    /// Writes it; `None` if the records hold no declaration.
    pub fn of(origin: &Origin) -> Option<Self> {
        let incident = Incident::fold(origin.records)?;
        let records = clock::steady(origin.records, &incident);
        let events = Event::read(&records);
        let mut pieces = Pieces::of(&events);
        // What a source says now is newer than what was kept.
        let change = origin.live.change.clone().or(pieces.change.take());
        let curves = origin.live.curves.clone().or(pieces.curves.take());
        let commits = commit_times(change.as_ref());
        let moments = Moments::of(&events, &incident, commits.iter().min().copied());
        let delivery = Delivery::of(&events, &incident, &moments, &commits, origin.now);
        let open = open(origin, &events, &incident);
        let summary = summary(&incident, &moments, &pieces, open.as_deref());
        Some(Self {
            schema: 1,
            generated_at: origin.now,
            journal: Proof::of(origin),
            summary,
            clock: incident.clock.settings.iter().map(Setting::words).collect(),
            moments: moments.all(),
            past: Before::of(&delivery, origin.past),
            delivery,
            timeline: timeline(&records),
            open,
            impact: Impact {
                business: incident.impact.clone(),
                users: incident.users.clone(),
                workaround: incident.workaround.clone(),
            },
            incident: Head::of(incident),
            roles: pieces.roles,
            decisions: pieces.decisions,
            unknown: unknown(origin.live, change.is_some(), curves.is_some()),
            change: change.map(|(observed_at, seen)| Change { observed_at, seen }),
            tests: pieces.tests,
            canary: Canary {
                verdicts: pieces.verdicts,
                observed_at: curves.as_ref().map(|(at, _)| *at),
                curves: curves.map(|(_, curves)| curves),
            },
            rollback: Rollback { attempts: pieces.attempts, rehearsals: pieces.rehearsals },
            notices: pieces::notices(&records, origin.now),
            overrides: pieces.overrides,
        })
    }

    /// When a moment was, if it is known.
    pub fn at(&self, id: Id) -> Option<Timestamp> {
        self.moments.iter().find(|moment| moment.id == id)?.at
    }

    /// From when to when the report tells: impact or declaration, to the close or the last record.
    pub fn span(&self) -> (Timestamp, Timestamp) {
        let starts = [self.incident.impact_at, Some(self.incident.declared_at)];
        let told = self.timeline.iter().filter_map(|line| line.at);
        let start = starts.into_iter().flatten().min().unwrap_or(self.generated_at);
        let end = told.clone().max().unwrap_or(start).max(start);
        (start, end)
    }
}

impl Head {
    fn of(incident: Incident) -> Self {
        let is_page = |ticket: &&String| ticket.starts_with("https://") || ticket.starts_with("http://");
        Self {
            ticket_url: incident.ticket.as_ref().filter(is_page).cloned(),
            id: incident.id,
            title: incident.title,
            severity: incident.severity,
            stage: incident.stage,
            drill: incident.drill,
            ticket: incident.ticket,
            declared_at: incident.declared_at,
            impact_at: incident.impact_at,
            closed_at: incident.closed_at,
        }
    }
}

impl Proof {
    fn of(origin: &Origin) -> Self {
        let last = origin.records.last();
        Self {
            verified: origin.chain.holds(),
            words: origin.chain.words(),
            records: origin.chain.records,
            events: origin.records.len(),
            last_seq: last.map(|record| record.seq),
            last_hash: last.map(|record| record.hash.clone()),
        }
    }
}

impl Before {
    fn of(delivery: &Delivery, past: &Past) -> Self {
        let median = |measure: &super::delivery::Measure| {
            let spread = past.measures.iter().find(|spread| spread.id == measure.id);
            Median {
                id: measure.id,
                name: measure.name,
                seconds: measure.seconds,
                median_s: spread.and_then(|spread| spread.median_s),
                points_s: spread.into_iter().flat_map(|it| &it.points).map(|point| point.seconds).collect(),
                why: measure.why.clone(),
            }
        };
        Self {
            incidents: past.incidents.len(),
            rework: past.rework.clone(),
            medians: delivery.measures.iter().map(median).collect(),
        }
    }
}

/// When the commits of the fix were written, foreign ones left out.
pub(super) fn commit_times(change: Option<&(Timestamp, ChangeSeen)>) -> Vec<Timestamp> {
    let commits = change.into_iter().flat_map(|(_, change)| &change.commits);
    commits.filter(|commit| !commit.foreign).map(|commit| commit.time).collect()
}

/// What no source told, less what the journal had kept.
fn unknown(live: &Live, has_change: bool, has_curves: bool) -> Vec<String> {
    let is_known = |what: &&String| has_change && what.starts_with(CHANGE) || has_curves && what.starts_with(CURVES);
    live.unknown.iter().filter(|what| !is_known(what)).cloned().collect()
}

/// What is not done: what the gates say now, else what was named at the close.
fn open(origin: &Origin, events: &[Event], incident: &Incident) -> Option<Vec<Open>> {
    if let Some(open) = &origin.live.open {
        return Some(open.clone());
    }
    incident.closed_at?;
    let (mut named, mut left) = (Vec::new(), Vec::new());
    for event in events {
        match &event.entry {
            Some(Entry::LeftOpen(it)) => left = Open::left(it),
            Some(Entry::Reopened { .. }) => left.clear(),
            Some(Entry::Closed { open }) => named = open.iter().map(|id| Open::named(&text::clean(id))).collect(),
            _ => {}
        }
    }
    Some(if left.is_empty() { named } else { left })
}

/// The story in three or four sentences.
fn summary(incident: &Incident, moments: &Moments, pieces: &Pieces, open: Option<&[Open]>) -> Vec<String> {
    let mut told = vec![began(incident)];
    told.extend(
        pieces.verdicts.iter().rev().find(|it| it.to == "regressed").map(|it| format!("Canary: {}.", bare(&it.why))),
    );
    told.extend(pieces.attempts.last().map(rolled_back));
    if pieces.attempts.is_empty() && moments.at(Id::PromotedFull).is_some() {
        told.push("The fix was promoted fully.".to_owned());
    }
    told.extend(overridden(&pieces.overrides));
    told.push(ended(incident, moments, open));
    told
}

fn began(incident: &Incident) -> String {
    let what = if incident.drill.is_some() { "Drill" } else { "Incident" };
    let severity = incident.severity.map_or_else(|| "without a severity".to_owned(), |it| format!("as {}", it.label()));
    let impact = incident.impact.as_ref().map_or_else(String::new, |impact| format!(": {}", bare(impact)));
    format!("{what} {} was declared {severity}{impact}.", incident.title)
}

fn rolled_back(attempt: &Attempt) -> String {
    match attempt.end {
        Some(RollbackEnd::Verified) => "Production was rolled back, and that was verified.".to_owned(),
        Some(end) => format!("A rollback was fired; its end: {}.", end.label()),
        None => "A rollback was fired; the journal does not hold its end.".to_owned(),
    }
}

/// What was passed although it was not so.
fn overridden(overrides: &[Override]) -> Option<String> {
    let mut items: Vec<&str> = Vec::new();
    for it in overrides {
        if !items.contains(&it.item.as_str()) {
            items.push(&it.item);
        }
    }
    let alone = if overrides.iter().any(|it| it.break_glass) { ", by one who was alone" } else { "" };
    let gates = if items.len() == 1 { "1 gate was".to_owned() } else { format!("{} gates were", items.len()) };
    (!items.is_empty()).then(|| format!("{gates} overridden{alone}: {}.", items.join(", ")))
}

fn ended(incident: &Incident, moments: &Moments, open: Option<&[Open]>) -> String {
    let minutes = |from: Id, to: Id| Some(moments.at(to)?.duration_since(moments.at(from)?).as_mins());
    let harm = match minutes(Id::ImpactStart, Id::Mitigated) {
        Some(minutes) if minutes >= 0 => format!("Users were affected for {minutes} minutes. "),
        _ => String::new(),
    };
    match incident.closed_at {
        Some(_) => match open.map_or(0, <[Open]>::len) {
            0 => format!("{harm}It is closed."),
            1 => format!("{harm}It is closed, with 1 thing still open."),
            n => format!("{harm}It is closed, with {n} things still open."),
        },
        None => format!("{harm}It is open, in stage {}.", incident.stage.label()),
    }
}

fn bare(text: &str) -> &str {
    text.trim_end_matches(['.', ' '])
}
