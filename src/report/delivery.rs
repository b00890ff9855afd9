//! The delivery metrics: seconds between two moments, how stakeholders were told, how gates were kept. Of incidents,
//! never of persons.

use jiff::Timestamp;
use serde::Serialize;

use super::moments::{Event, Id, Moments, failed_deploy};
use crate::evidence::Oid;
use crate::incident::{Entry, Incident};

/// Seconds between two moments.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// Which.
    pub id: &'static str,
    /// In words.
    pub name: &'static str,
    /// How long; `None` while it is unknown.
    pub seconds: Option<i64>,
    /// From which moment to which, and why it is unknown if it is.
    pub why: String,
}

/// How stakeholders were told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Updates {
    /// Notices that were sent.
    pub sent: u64,
    /// Updates that were promised, and whose time has come.
    pub promised: u64,
    /// Those that came by then.
    pub on_time: u64,
}

/// How the gates were kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Hygiene {
    /// Items that a person vouched for.
    pub ticks: u64,
    /// Ticks that were taken back.
    pub ticks_taken_back: u64,
    /// Gates that were passed although they were not satisfied; each has a reason and a name.
    pub overrides: u64,
    /// Ticks and overrides for a commit that was not the last tip.
    pub for_another_commit: u64,
}

/// How long a target waited for the fix after it was deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lag {
    /// The branch.
    pub target: String,
    /// Seconds from the end of the deploy; negative where the fix was there before; `None` while that is unknown.
    pub seconds: Option<i64>,
}

/// The delivery metrics of one incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delivery {
    /// The times.
    pub measures: Vec<Measure>,
    /// The stakeholders.
    pub updates: Updates,
    /// The gates.
    pub gates: Hygiene,
    /// The other branches that have the fix.
    pub back_merges: Vec<Lag>,
    /// Whether a fix was deployed: an unplanned deploy, which is rework.
    pub deployed: bool,
    /// Whether that had to be taken back.
    pub deploy_failed: bool,
}

/// The measures between two moments: id, words, from, to.
const SPANS: &[(&str, &str, Id, Id)] = &[
    ("ttd", "time to detect", Id::ImpactStart, Id::Detected),
    ("tta", "time to acknowledge", Id::Detected, Id::Acknowledged),
    ("time_to_decide", "time to decide", Id::Acknowledged, Id::Decided),
    ("ttm", "time to mitigate", Id::ImpactStart, Id::Mitigated),
    ("ttr", "time to resolve", Id::ImpactStart, Id::Resolved),
];

impl Delivery {
    /// Works them out, as they stand at `now`. `commits` are the times of the fix's commits, where git told them.
    pub fn of(events: &[Event], incident: &Incident, moments: &Moments, commits: &[Timestamp], now: Timestamp) -> Self {
        let mut measures: Vec<_> =
            SPANS.iter().map(|(id, name, from, to)| span(id, name, moments, *from, *to)).collect();
        measures.extend(lead_times(moments, commits));
        let deploy_failed = failed_deploy(events) && moments.at(Id::DeployStart).is_some();
        measures.push(recovery(moments, deploy_failed));
        measures.extend(silences(events, incident, now));
        Self {
            measures,
            updates: updates(events, now.min(incident.closed_at.unwrap_or(now))),
            gates: hygiene(events),
            back_merges: lags(moments),
            deployed: moments.at(Id::DeployStart).is_some(),
            deploy_failed,
        }
    }

    /// One of them by its id.
    pub fn measure(&self, id: &str) -> Option<&Measure> {
        self.measures.iter().find(|measure| measure.id == id)
    }
}

fn span(id: &'static str, name: &'static str, moments: &Moments, from: Id, to: Id) -> Measure {
    let between = format!("from {} to {}", from.name(), to.name());
    let (seconds, why) = match (moments.at(from), moments.at(to)) {
        (Some(start), Some(end)) if !moments.is_sure(start, end) => {
            (None, format!("{between}: the clock was set in between, and by how much is unknown"))
        }
        (Some(start), Some(end)) if end >= start => (Some(seconds_between(start, end)), between),
        (Some(_), Some(_)) => (None, format!("{between}: the later one is the earlier by the clock")),
        (None, _) => (None, format!("{between}: {} is unknown", from.name())),
        (_, None) => (None, format!("{between}: {} is unknown", to.name())),
    };
    Measure { id, name, seconds, why }
}

fn seconds_between(start: Timestamp, end: Timestamp) -> i64 {
    end.duration_since(start).as_secs()
}

/// The end of the deploy: fully promoted, or else the beginning, which is all that is known.
fn deploy_end(moments: &Moments) -> Option<Timestamp> {
    moments.at(Id::PromotedFull)
}

/// From each commit to production: the longest, and the median.
fn lead_times(moments: &Moments, commits: &[Timestamp]) -> [Measure; 2] {
    let end = deploy_end(moments);
    let times: Vec<_> = end
        .map(|end| commits.iter().filter(|at| **at <= end).map(|at| seconds_between(*at, end)).collect())
        .unwrap_or_default();
    let why = match (end, commits.is_empty()) {
        (None, _) => "from commit to fully promoted: it was not fully promoted",
        (_, true) => "from commit to fully promoted: the journal does not hold the commits of the fix",
        _ => "from commit to fully promoted",
    };
    let measure = |id, name, seconds| Measure { id, name, seconds, why: why.to_owned() };
    [
        measure("change_lead_time", "change lead time, longest", times.iter().max().copied()),
        measure("change_lead_time_median", "change lead time, median", median(&times)),
    ]
}

/// From the deploy that failed to the moment when users were served again.
fn recovery(moments: &Moments, deploy_failed: bool) -> Measure {
    let (id, name) = ("failed_deployment_recovery_time", "failed deployment recovery time");
    if !deploy_failed {
        return Measure { id, name, seconds: None, why: "no deploy of this incident failed".into() };
    }
    span(id, name, moments, Id::DeployStart, Id::Mitigated)
}

/// The first notice, and the longest time without one.
fn silences(events: &[Event], incident: &Incident, now: Timestamp) -> [Measure; 2] {
    let sent: Vec<_> = notices(events).map(|(at, _)| at).collect();
    let sure =
        |start: Timestamp, end: Timestamp| incident.clock.is_sure(start, end).then(|| seconds_between(start, end));
    let first = sent.first().and_then(|at| sure(incident.declared_at, *at));
    let end = incident.closed_at.unwrap_or(now);
    let stops: Vec<_> = [incident.declared_at].into_iter().chain(sent.iter().copied()).chain([end]).collect();
    let spans: Option<Vec<_>> = stops.windows(2).map(|pair| sure(pair[0], pair[1])).collect();
    let longest = spans.into_iter().flatten().max();
    let none = if sent.is_empty() { ": no notice is on record" } else { "" };
    let measure = |id, name, seconds, why: String| Measure { id, name, seconds, why };
    [
        measure("first_update", "first notice", first, format!("from declared to the first notice{none}")),
        measure("longest_silence", "longest silence", longest, "between two notices, from declared to the end".into()),
    ]
}

/// When each notice was sent, and when the next one was promised.
fn notices<'e>(events: &'e [Event]) -> impl Iterator<Item = (Timestamp, Option<Timestamp>)> + 'e {
    events.iter().filter_map(|event| match &event.entry {
        Some(Entry::NoticeSent { next_update_at, .. }) => Some((event.record.at, *next_update_at)),
        _ => None,
    })
}

fn updates(events: &[Event], end: Timestamp) -> Updates {
    let sent: Vec<_> = notices(events).collect();
    let mut updates = Updates { sent: sent.len() as u64, ..Updates::default() };
    for (index, (_, promise)) in sent.iter().enumerate() {
        let next = sent.get(index + 1).map(|(at, _)| *at);
        // A promise whose time has not come, or for after the end, is neither kept nor broken.
        let Some(due) = promise.filter(|due| *due <= end || next.is_some_and(|next| next <= *due)) else { continue };
        updates.promised += 1;
        updates.on_time += u64::from(next.is_some_and(|next| next <= due));
    }
    updates
}

fn hygiene(events: &[Event]) -> Hygiene {
    let tip = events.iter().rev().find_map(|event| match &event.entry {
        Some(Entry::HeadMoved { to, .. }) => Some(to.clone()),
        _ => None,
    });
    let mut gates = Hygiene::default();
    let is_other = |head: &Option<Oid>| u64::from(tip.is_some() && head.is_some() && *head != tip);
    for event in events {
        match &event.entry {
            Some(Entry::Ticked { head, .. }) => {
                gates.ticks += 1;
                gates.for_another_commit += is_other(head);
            }
            Some(Entry::Overridden { head, .. }) => {
                gates.overrides += 1;
                gates.for_another_commit += is_other(head);
            }
            Some(Entry::GlassBroken(it)) => {
                gates.overrides += 1;
                gates.for_another_commit += is_other(&it.head);
            }
            Some(Entry::Unticked { .. }) => gates.ticks_taken_back += 1,
            _ => {}
        }
    }
    gates
}

fn lags(moments: &Moments) -> Vec<Lag> {
    let end = deploy_end(moments);
    let lag = |(target, at): &(String, Timestamp)| Lag {
        target: target.clone(),
        seconds: end.map(|end| seconds_between(end, *at)),
    };
    moments.targets.iter().map(lag).collect()
}

/// The middle one; of two middle ones, what lies between.
pub fn median(values: &[i64]) -> Option<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some(sorted[middle - 1].midpoint(sorted[middle])),
    }
}
