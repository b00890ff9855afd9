//! The clocks of an incident (pure): what runs, what is due soon, what is late, and in which words.
//!
//! A clock turns before it is late. What it says does not rest on its colour.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Incident, Severity, Stage};

/// How long before its time the next update is due soon.
const UPDATE_NOTICE: Duration = Duration::from_secs(5 * 60);
/// When somebody has to have decided between rolling back and fixing forward, after the declaration.
const DECISION: Duration = Duration::from_secs(10 * 60);
/// How long before that its reminder turns.
const DECISION_NOTICE: Duration = Duration::from_secs(3 * 60);
/// How long one may go on without metrics.
const BLIND: Duration = Duration::from_secs(3 * 60);
/// Between two call-outs of the time that has passed.
const CALL_OUT: Duration = Duration::from_secs(10 * 60);

/// What a clock is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The metrics are blind.
    Blind,
    /// The stakeholders expect the next update.
    Update,
    /// Nobody has decided between rolling back and fixing forward.
    Decision,
    /// Users have been affected.
    Impact,
    /// The metrics must stay healthy after the deploy.
    Soak,
    /// The incident was declared.
    Declared,
}

/// How urgent a clock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tone {
    /// Its time is over.
    Late,
    /// Its time is nearly over.
    Soon,
    /// It runs.
    Calm,
}

/// A clock at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// What it is about.
    pub kind: Kind,
    /// How urgent it is.
    pub tone: Tone,
    /// What it says.
    pub says: String,
    /// When its time is over, where it has an end.
    pub due: Option<Timestamp>,
    /// When it turns next, if it turns.
    pub turns_at: Option<Timestamp>,
}

/// What the clocks look at beside the incident.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sight {
    /// Since when nobody sees the metrics of a canary that is configured.
    pub blind_since: Option<Timestamp>,
}

/// The clocks of an incident that is open, the most urgent first.
pub fn clocks(incident: &Incident, sight: Sight, now: Timestamp) -> Vec<Clock> {
    if incident.closed_at.is_some() {
        return Vec::new();
    }
    let all = [
        blind(sight, now),
        update(incident, now),
        decision(incident, now),
        Some(calm(Kind::Impact, format!("{} since impact", hours(since(incident.since(), now))))),
        soak(incident, now),
        Some(calm(Kind::Declared, format!("declared {}m ago", since(incident.declared_at, now).as_secs() / 60))),
    ];
    let mut clocks: Vec<_> = all.into_iter().flatten().collect();
    // Of those that are late the one that is late for longest, of the others the one that is due next.
    clocks.sort_by_key(|clock| (clock.tone, (clock.tone != Tone::Calm).then_some(clock.due), order(clock)));
    clocks
}

/// In rest the time since the impact comes first.
fn order(clock: &Clock) -> (bool, Kind) {
    (clock.kind != Kind::Impact, clock.kind)
}

/// How long the metrics have to stay healthy after the deploy: the worse the incident, the longer.
pub fn soak_minutes(severity: Option<Severity>) -> i64 {
    match severity.unwrap_or(Severity::Sev1) {
        Severity::Sev1 => 60,
        Severity::Sev2 => 30,
        Severity::Sev3 => 15,
    }
}

/// How many call-outs of the time since the declaration there have been; each says so many times ten minutes.
pub fn call_outs(incident: &Incident, now: Timestamp) -> u64 {
    since(incident.declared_at, now).as_secs() / CALL_OUT.as_secs()
}

/// When the next one is.
pub fn next_call_out(incident: &Incident, now: Timestamp) -> Option<Timestamp> {
    later(incident.declared_at, CALL_OUT * u32::try_from(call_outs(incident, now) + 1).ok()?)
}

/// The clock of something that must be done until `due`.
fn deadline(
    kind: Kind,
    due: Timestamp,
    notice: Duration,
    now: Timestamp,
    words: impl Fn(Tone, String) -> String,
) -> Clock {
    let soon = due.checked_sub(SignedDuration::try_from(notice).unwrap_or_default()).unwrap_or(due);
    let (tone, span, turns_at) = if now >= due {
        (Tone::Late, since(due, now), None)
    } else if now >= soon {
        (Tone::Soon, since(now, due), Some(due))
    } else {
        (Tone::Calm, since(now, due), Some(soon))
    };
    Clock { kind, tone, says: words(tone, minutes(span)), due: Some(due), turns_at }
}

fn calm(kind: Kind, says: String) -> Clock {
    Clock { kind, tone: Tone::Calm, says, due: None, turns_at: None }
}

fn update(incident: &Incident, now: Timestamp) -> Option<Clock> {
    let due = incident.next_update_at()?;
    Some(deadline(Kind::Update, due, UPDATE_NOTICE, now, |tone, span| match tone {
        Tone::Calm => format!("next update in {span}"),
        Tone::Soon => format!("update due in {span}"),
        Tone::Late => format!("update {span} overdue"),
    }))
}

/// At SEV1 and SEV2 rolling back has to be thought of in time. Nothing is shown before the reminder turns.
fn decision(incident: &Incident, now: Timestamp) -> Option<Clock> {
    let is_severe = incident.severity.is_none_or(|severity| severity <= Severity::Sev2);
    let is_open = incident.decisions.is_empty() && incident.rollback.is_none() && incident.stage < Stage::Monitor;
    let due = later(incident.declared_at, DECISION).filter(|_| is_severe && is_open)?;
    Some(deadline(Kind::Decision, due, DECISION_NOTICE, now, |tone, span| match tone {
        Tone::Calm => format!("decision in {span}"),
        Tone::Soon => format!("roll back? decide in {span}"),
        Tone::Late => format!("roll back? decision {span} overdue"),
    }))
}

/// Nobody sees the metrics: that is soon at once, and late when the budget is spent.
fn blind(sight: Sight, now: Timestamp) -> Option<Clock> {
    let due = later(sight.blind_since?, BLIND)?;
    Some(deadline(Kind::Blind, due, BLIND, now, |tone, span| match tone {
        Tone::Late => format!("metrics blind, budget {span} overspent"),
        _ => format!("metrics blind, {span} of budget left"),
    }))
}

/// In minutes: it is long, and a header that changes less costs less.
fn soak(incident: &Incident, now: Timestamp) -> Option<Clock> {
    let entered = incident.entered.get(&Stage::Monitor).copied().filter(|_| incident.stage == Stage::Monitor)?;
    // A verdict in doubt begins it anew.
    let begun = incident.doubted_at.map_or(entered, |doubted| doubted.max(entered));
    let need = soak_minutes(incident.severity);
    let minutes = since(begun, now).as_secs() / 60;
    let says =
        if minutes >= need.unsigned_abs() { format!("soaked {need}m") } else { format!("soak {minutes}m of {need}m") };
    let due = begun.checked_add(SignedDuration::from_mins(need)).ok();
    Some(Clock { due, ..calm(Kind::Soak, says) })
}

fn later(from: Timestamp, span: Duration) -> Option<Timestamp> {
    from.checked_add(SignedDuration::try_from(span).ok()?).ok()
}

fn since(from: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(from)).unwrap_or(Duration::ZERO)
}

/// `04:10`; beyond an hour `01:04:10`.
fn minutes(span: Duration) -> String {
    let s = span.as_secs();
    if s < 3_600 { format!("{:02}:{:02}", s / 60, s % 60) } else { hours(span) }
}

fn hours(span: Duration) -> String {
    let s = span.as_secs();
    format!("{:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60)
}

#[cfg(test)]
#[path = "clocks_tests.rs"]
mod tests;
