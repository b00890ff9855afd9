//! The timeline: the journal of an incident as a pane, newest first.
//!
//! It stands here and not with the journal, because only the incident knows what a record says.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::text::{Line, Span};

use super::entry::{DeliveryState, Entry, Glimpse, RollbackEnd, Snapshot, StepState};
use super::sentence;
use crate::evidence::text::{clean, clean_block, fit, width};
use crate::journal::record::Record;
use crate::ui::Ctx;
use crate::ui::pane::{Title, short};
use crate::ui::theme::{Mark, Role};

/// The most of a record's body that the detail shows, in bytes.
const BODY_LIMIT: usize = 16 * 1024;

/// The records of an incident in the journal's order, and the time zone of the screen.
#[derive(Debug, Clone, Copy)]
pub struct Timeline<'a> {
    /// Oldest first, as the journal has them.
    pub records: &'a [Record],
    /// How many more come before these, and are not at hand.
    pub earlier: u64,
    /// For times of day; dates in the detail say their zone.
    pub zone: &'a TimeZone,
}

impl<'r> Timeline<'r> {
    /// The record in a row: the newest is in the first.
    fn row(&self, index: usize) -> Option<&'r Record> {
        self.records.iter().rev().nth(index)
    }

    /// What was said later of an entry that was not right, a line each.
    fn corrections(&self, seq: u64) -> Vec<String> {
        let corrects = |record: &&Record| matches!(Entry::of(record), Some(Entry::Corrected(it)) if it.corrects == seq);
        let later = self.records.iter().filter(|record| record.kind == "corrected").filter(corrects);
        later
            .map(|record| format!("corrected by #{}, {}: {}", record.seq, clean(&record.actor), sentence::of(record)))
            .collect()
    }

    fn time(&self, at: Timestamp, format: &str) -> String {
        at.to_zoned(self.zone.clone()).strftime(format).to_string()
    }
}

/// What the frame says: how many records, and the age of the newest.
pub fn title(timeline: &Timeline, ctx: &Ctx) -> Title {
    let age = |record: &Record| format!("{} ago", short(since(record.at, ctx.now)));
    let note = timeline.row(0).map_or_else(|| "no data".to_owned(), age);
    let n = timeline.records.len() as u64 + timeline.earlier;
    Title {
        subject: format!("{n} {}", if n == 1 { "entry" } else { "entries" }),
        note: Span::styled(note, ctx.theme.style(Role::Muted)),
    }
}

/// One line: the newest entries, as many as are given room for by the screen.
pub fn summary(timeline: &Timeline, ctx: &Ctx) -> Line<'static> {
    const SHOWN: usize = 3;
    let tell = |record: &Record| format!("{} {}", timeline.time(record.at, "%H:%M"), told(record));
    let told: Vec<_> = timeline.records.iter().rev().take(SHOWN).map(tell).collect();
    let rest = if told.is_empty() { "nothing on record".to_owned() } else { told.join(ctx.theme.pick(" · ", " | ")) };
    Line::raw(format!("{} timeline: {rest}", ctx.theme.pick("▸", ">")))
}

/// What stands above the list: nothing but what an empty one means.
pub fn head(timeline: &Timeline, ctx: &Ctx, width: u16, _height: u16) -> Vec<Line<'static>> {
    if timeline.records.is_empty() {
        let text = format!("{} nothing on record: the first entry is the declaration", ctx.theme.mark(Mark::Open));
        return vec![Line::styled(fit(&text, usize::from(width)), ctx.theme.style(Role::Muted))];
    }
    Vec::new()
}

/// Rows of the list.
pub fn len(timeline: &Timeline) -> usize {
    timeline.records.len()
}

/// One row: time of day, glyph, actor, sentence.
pub fn item(timeline: &Timeline, ctx: &Ctx, index: usize, width: u16) -> Line<'static> {
    const ACTOR: usize = 8;
    let Some(record) = timeline.row(index) else { return Line::default() };
    let (mark, role) = look(record);
    let actor = fit(&clean(&record.actor), ACTOR);
    let pad = " ".repeat(ACTOR.saturating_sub(self::width(&actor)));
    let time = timeline.time(record.at, "%H:%M:%S");
    let used = self::width(&time) + ACTOR + 4;
    Line::from(vec![
        Span::styled(time, ctx.theme.style(Role::Muted)),
        Span::styled(format!(" {} ", ctx.theme.mark(mark)), ctx.theme.style(role)),
        Span::raw(format!("{actor}{pad} ")),
        Span::styled(fit(&sentence::of(record), usize::from(width).saturating_sub(used)), ctx.theme.style(role)),
    ])
}

/// An entry in one line, as it is copied.
pub fn text(timeline: &Timeline, index: usize) -> String {
    timeline.row(index).map_or_else(String::new, |record| {
        let time = timeline.time(record.at, "%H:%M:%S");
        format!("{time} {} {}", clean(&record.actor), sentence::of(record))
    })
}

/// What the filter looks at: the line, and the kind and the person under names that no sentence holds.
pub fn searched(timeline: &Timeline, index: usize) -> String {
    timeline.row(index).map_or_else(String::new, |record| {
        let by = clean(&record.actor).replace(' ', "-");
        format!("{} {} kind:{} by:{by}", text(timeline, index), record.kind, record.kind)
    })
}

/// The kind of an entry.
pub fn kind<'r>(timeline: &Timeline<'r>, index: usize) -> Option<&'r str> {
    timeline.row(index).map(|record| record.kind.as_str())
}

/// What Enter opens: every field of the record, and its place in the chain.
pub fn detail(timeline: &Timeline, ctx: &Ctx, index: usize, width: u16) -> Vec<Line<'static>> {
    let Some(record) = timeline.row(index) else { return Vec::new() };
    let cells = usize::from(width);
    let mut lines = vec![Line::styled(fit(&sentence::of(record), cells), ctx.theme.style(Role::Focus)), Line::raw("")];
    let fields = [
        ("at", timeline.time(record.at, "%Y-%m-%d %H:%M:%S%.3f %Z")),
        ("actor", clean(&record.actor)),
        ("kind", clean(&record.kind)),
        ("incident", clean(&record.incident)),
        ("seq", record.seq.to_string()),
        ("hash", record.hash.clone()),
        ("after", record.prev_hash.clone()),
    ];
    lines.extend(fields.iter().map(|(name, value)| Line::raw(fit(&format!("{name:<10}{value}"), cells))));
    lines.push(Line::raw(""));
    let corrections = timeline.corrections(record.seq);
    lines.extend(corrections.iter().map(|line| Line::styled(fit(line, cells), ctx.theme.style(Role::Warn))));
    match Entry::of(record) {
        Some(Entry::Decided { snapshot: Some(snapshot), .. }) => lines.extend(seen_then(&snapshot, timeline, cells)),
        Some(Entry::Pinned(pin)) => lines.extend(rows(&glimpsed(&pin.seen, timeline), cells)),
        _ => lines.extend(body(record, cells)),
    }
    lines
}

/// What the journal holds, word by word.
fn body(record: &Record, cells: usize) -> Vec<Line<'static>> {
    let body = serde_json::to_string_pretty(&record.body).unwrap_or_default();
    clean_block(&body, BODY_LIMIT).lines().map(|line| Line::raw(fit(line, cells))).collect()
}

/// What was on the screen when it was decided.
fn seen_then(snapshot: &Snapshot, timeline: &Timeline, cells: usize) -> Vec<Line<'static>> {
    let mut told = vec!["on the screen then:".to_owned()];
    told.extend(snapshot.reasons.iter().map(|reason| format!("  {reason}")));
    if !snapshot.open.is_empty() {
        told.push(format!("  open: {}", snapshot.open.join(" ")));
    }
    told.extend(snapshot.panes.iter().flat_map(|pane| glimpsed(pane, timeline)));
    rows(&told, cells)
}

/// What one room showed, and how far that could be relied on.
fn glimpsed(pane: &Glimpse, timeline: &Timeline) -> [String; 2] {
    let by = pane.source.as_ref().map_or_else(String::new, |source| format!(", {source}"));
    let at = pane.observed_at.map_or_else(String::new, |at| format!(", {}", timeline.time(at, "%H:%M:%S")));
    let of = pane.subject.as_ref().map_or_else(String::new, |oid| format!(", of {}", oid.short()));
    [format!("  {:<10}{}", pane.pane, pane.headline), format!("  {:<10}{}{by}{at}{of}", "", pane.freshness)]
}

fn rows(told: &[String], cells: usize) -> Vec<Line<'static>> {
    told.iter().map(|row| Line::raw(fit(&clean(row), cells))).collect()
}

/// The sentence, led by whoever did it; what the program saw by itself needs no actor.
fn told(record: &Record) -> String {
    match record.actor.as_str() {
        "hotfix" => sentence::of(record),
        actor => format!("{}: {}", clean(actor), sentence::of(record)),
    }
}

fn look(record: &Record) -> (Mark, Role) {
    match Entry::of(record) {
        Some(Entry::GlassBroken(_)) => (Mark::Overridden, Role::Bad),
        Some(Entry::Overridden { .. } | Entry::Deferred(_)) => (Mark::Overridden, Role::Warn),
        Some(Entry::Ticked { .. } | Entry::SeenHealthy { .. } | Entry::RollbackRehearsed { passed: true, .. }) => {
            (Mark::Good, Role::Good)
        }
        Some(Entry::TestsSeen { failed: 0, .. }) => (Mark::Good, Role::Good),
        Some(Entry::TestsSeen { .. } | Entry::RollbackRehearsed { .. }) => (Mark::Bad, Role::Bad),
        Some(Entry::VerdictChanged { to, .. }) => look_of_verdict(&to),
        Some(Entry::JournalDamaged { .. }) => (Mark::Bad, Role::Bad),
        Some(Entry::RollbackEnded { end, .. }) => look_of_end(end),
        Some(Entry::Step { state, .. }) => look_of_step(state),
        Some(Entry::NoticeDelivery(delivery)) => look_of_delivery(delivery.state),
        Some(Entry::HeadMoved { .. } | Entry::RollbackArmed { .. } | Entry::RollbackFired { .. }) => {
            (Mark::Warn, Role::Warn)
        }
        Some(_) => (Mark::Open, Role::Text),
        None => (Mark::Unknown, Role::Unknown),
    }
}

fn look_of_verdict(to: &str) -> (Mark, Role) {
    match to {
        "healthy" => (Mark::Good, Role::Good),
        "regressed" => (Mark::Bad, Role::Bad),
        "suspect" | "environment" => (Mark::Warn, Role::Warn),
        _ => (Mark::Unknown, Role::Unknown),
    }
}

fn look_of_end(end: RollbackEnd) -> (Mark, Role) {
    match end {
        RollbackEnd::Verified => (Mark::Good, Role::Good),
        RollbackEnd::IssuedNotVerified | RollbackEnd::Stopped => (Mark::Warn, Role::Warn),
        RollbackEnd::Failed => (Mark::Bad, Role::Bad),
    }
}

fn look_of_step(state: StepState) -> (Mark, Role) {
    match state {
        StepState::Verified | StepState::Observed => (Mark::Good, Role::Good),
        StepState::Failed => (Mark::Bad, Role::Bad),
        StepState::Unknown => (Mark::Unknown, Role::Unknown),
        StepState::Skipped => (Mark::Warn, Role::Warn),
        StepState::Pending | StepState::Intent | StepState::Issued => (Mark::Running, Role::Text),
    }
}

fn look_of_delivery(state: DeliveryState) -> (Mark, Role) {
    match state {
        DeliveryState::Waiting | DeliveryState::Partly => (Mark::Warn, Role::Warn),
        DeliveryState::Sending => (Mark::Running, Role::Text),
        DeliveryState::Delivered => (Mark::Good, Role::Good),
        DeliveryState::Failed => (Mark::Bad, Role::Bad),
        DeliveryState::Unknown => (Mark::Unknown, Role::Unknown),
    }
}

fn since(at: Timestamp, now: Timestamp) -> std::time::Duration {
    std::time::Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

#[cfg(test)]
#[path = "pane_tests.rs"]
mod tests;
