//! The shape of a pane. Each room's `pane.rs` has the same seven functions over its own `State`:
//!
//! ```text
//! title(&State, &Ctx) -> Title                                what the frame says: subject left, age right
//! summary(&State, &Ctx) -> Line<'static>                      one line, where the pane itself has no room
//! head(&State, &Ctx, width: u16, height: u16) -> Vec<Line>    the top of the pane, which does not scroll
//! len(&State) -> usize                                        how many items its list has
//! item(&State, &Ctx, index: usize, width: u16) -> Line        one item; called for visible rows alone
//! text(&State, index: usize) -> String                        what `/` looks at
//! detail(&State, &Ctx, index: usize, width: u16) -> Vec<Line> what Enter opens
//! ```
//!
//! They are pure, and draw nothing: the screen places what they return.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::text::{Line, Span};

use super::Ctx;
use super::theme::{Mark, Role};
use crate::evidence::{Failure, Freshness, Observed, Picture};

/// What the frame of a pane says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Title {
    /// After the pane's name: its subject.
    pub subject: String,
    /// At the right end: the age of its data, and how it is doing.
    pub note: Span<'static>,
}

/// The right end of a title: how old the data is, in the same words in every pane.
pub fn note<T>(observed: &Observed<T>, ctx: &Ctx) -> Span<'static> {
    let age = || observed.evidence().map_or_else(String::new, |e| short(e.age(ctx.now)));
    let (text, role) = match observed.freshness(ctx.now) {
        Freshness::Never => ("no data".to_owned(), Role::Muted),
        Freshness::Loading => (format!("{} loading", ctx.theme.mark(Mark::Running)), Role::Muted),
        Freshness::Fresh if observed.failure().is_some() => (format!("{} ago, last poll failed", age()), Role::Warn),
        Freshness::Fresh => (format!("{} ago", age()), Role::Muted),
        Freshness::Stale => (format!("{} STALE {}", ctx.theme.mark(Mark::Stale), age()), Role::Warn),
        Freshness::Failed => (format!("{} FAILED {}", ctx.theme.mark(Mark::Bad), age()), Role::Bad),
    };
    Span::styled(text.trim_end().to_owned(), ctx.theme.style(role))
}

/// The lines that stand in for a value, or lead it, when it cannot be relied on. Empty for a fresh value.
/// `never` says how to set the pane up, `empty` what an empty answer means.
pub fn notice(picture: Picture, failure: Option<&Failure>, never: &str, empty: &str, ctx: &Ctx) -> Vec<Line<'static>> {
    let line = |mark: Mark, role: Role, text: &str| {
        Line::styled(format!("{} {text}", ctx.theme.mark(mark)), ctx.theme.style(role))
    };
    match picture {
        Picture::Fresh => Vec::new(),
        Picture::Never => vec![line(Mark::Open, Role::Muted, never)],
        Picture::Loading => vec![line(Mark::Running, Role::Muted, "loading")],
        Picture::Empty => vec![line(Mark::Unknown, Role::Unknown, empty)],
        Picture::Stale => vec![line(Mark::Stale, Role::Warn, "stale: satisfies no gate")],
        Picture::Failed => failure_lines(failure, ctx),
    }
}

fn failure_lines(failure: Option<&Failure>, ctx: &Ctx) -> Vec<Line<'static>> {
    let Some(failure) = failure else { return Vec::new() };
    let bad = ctx.theme.style(Role::Bad);
    let mut lines = vec![Line::styled(format!("{} {}", ctx.theme.mark(Mark::Bad), failure.what), bad)];
    if let Some(remedy) = &failure.remedy {
        lines.push(Line::raw(format!("  {remedy}")));
    }
    if let Some(at) = failure.retry_at {
        let text = format!("  tries again in {}", short(until(ctx.now, at)));
        lines.push(Line::styled(text, ctx.theme.style(Role::Muted)));
    }
    lines
}

/// The time from `now` to `at`, zero when it is past.
pub fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}

/// A duration in one unit: `41s`, `12m`, `3h`, `5d`.
pub fn short(duration: Duration) -> String {
    match duration.as_secs() {
        s @ 0..=99 => format!("{s}s"),
        s @ 100..=5_999 => format!("{}m", s / 60),
        s @ 6_000..=172_799 => format!("{}h", s / 3_600),
        s => format!("{}d", s / 86_400),
    }
}

/// A running clock: `00:23:41`.
pub fn clock(duration: Duration) -> String {
    let s = duration.as_secs();
    format!("{:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60)
}
