//! The pane of notices: who was told, whether it reached them, and when the next word is due.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::text::{Line, Span};

use super::model::{Notice, time_of_day};
use super::state::{Channel, Row, State};
use crate::evidence::text::{fit, width, wrap};
use crate::incident::DeliveryState;
use crate::ui::Ctx;
use crate::ui::pane::{Title, clock, short, until};
use crate::ui::theme::{Mark, Role};

/// Cells of a channel's name, and of its state.
const NAME: usize = 18;
const STATE: usize = 10;
/// The next word is due soon from here on.
const SOON: Duration = Duration::from_secs(5 * 60);

/// What the frame says: when the next word is due, and how many channels there are.
pub fn title(state: &State, ctx: &Ctx) -> Title {
    let (words, role) = due(state, ctx);
    let subject = match state.channels.len() {
        0 => "no channel".to_owned(),
        1 => "1 channel".to_owned(),
        n => format!("{n} channels"),
    };
    Title { subject, note: Span::styled(words, ctx.theme.style(role)) }
}

/// When the next word is due, in words that turn before it is late.
fn due(state: &State, ctx: &Ctx) -> (String, Role) {
    let Some(at) = state.next_update_at else {
        let words = if state.has_incident { "no update is due" } else { "no incident" };
        return (words.to_owned(), Role::Muted);
    };
    let left = until(ctx.now, at);
    if left.is_zero() {
        let late = Duration::try_from(ctx.now.duration_since(at)).unwrap_or_default();
        return (format!("{} update OVERDUE by {}", ctx.theme.mark(Mark::Bad), short(late)), Role::Bad);
    }
    let role = if left <= SOON { Role::Warn } else { Role::Muted };
    (format!("next update in {}", &clock(left)[3..]), role)
}

/// One line: what is not well, else when the last word went out.
pub fn summary(state: &State, ctx: &Ctx) -> Line<'static> {
    let (words, role) = due(state, ctx);
    let behind = state.behind(ctx.now);
    if !behind.is_empty() {
        let told: Vec<_> =
            behind.iter().map(|(name, state)| format!("{name} {}", state.label().to_uppercase())).collect();
        let text = format!("{} {}", ctx.theme.mark(Mark::Bad), told.join(", "));
        return Line::from(vec![Span::styled(text, ctx.theme.style(Role::Bad)), Span::raw(format!("  {words}"))]);
    }
    let last = match state.book.notices.last() {
        Some(notice) => format!("last told {} ago", short(since(notice.at, ctx.now))),
        None => "nobody was told yet".to_owned(),
    };
    Line::from(vec![Span::raw(format!("{last}  ")), Span::styled(words, ctx.theme.style(role))])
}

/// What an empty list means, and what to do about a notice that did not arrive.
pub fn head(state: &State, ctx: &Ctx, width: u16, _height: u16) -> Vec<Line<'static>> {
    let cells = usize::from(width);
    let line = |mark: Mark, role: Role, text: &str| {
        Line::styled(fit(&format!("{} {text}", ctx.theme.mark(mark)), cells), ctx.theme.style(role))
    };
    let mut lines = Vec::new();
    if state.channels.is_empty() {
        lines.push(line(
            Mark::Open,
            Role::Muted,
            "hotfix.toml names no [[comms]]: `s` records what you tell people yourself",
        ));
    }
    let behind = state.behind(ctx.now);
    if behind.iter().any(|(_, state)| *state == DeliveryState::Failed) {
        lines.push(line(Mark::Bad, Role::Bad, "not everybody was told: `x` sends it again to those alone"));
    }
    if behind.iter().any(|(_, state)| *state == DeliveryState::Unknown) {
        let text = "look whether it is there; if not: `hotfix say --retry --unknown-too`";
        lines.push(line(Mark::Unknown, Role::Unknown, text));
    }
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines
}

/// Rows of the list.
pub fn len(state: &State) -> usize {
    state.len()
}

/// A channel with where the last notice stands, or a notice with its time.
pub fn item(state: &State, ctx: &Ctx, index: usize, width: u16) -> Line<'static> {
    match state.row(index) {
        Some(Row::Channel(channel)) => channel_item(state, channel, ctx, width),
        Some(Row::Notice(notice)) => notice_item(notice, ctx, width),
        None => Line::default(),
    }
}

fn channel_item(state: &State, channel: &Channel, ctx: &Ctx, width: u16) -> Line<'static> {
    let last = state.last_for(&channel.name);
    let (mark, role, word, detail) = match last {
        None => (Mark::Open, Role::Muted, "not told", channel.kind.to_owned()),
        Some(notice) => {
            let now = notice.state(&channel.name, ctx.now);
            let (mark, role) = look(now);
            let wait = notice.again_at(&channel.name).map(|at| until(ctx.now, at)).filter(|wait| !wait.is_zero());
            let again = wait.map(|wait| format!("again in {} ", short(wait)));
            let said = notice.detail(&channel.name).unwrap_or(channel.kind);
            (mark, role, now.label(), format!("{}{said}", again.unwrap_or_default()))
        }
    };
    let name = padded(&channel.name, NAME);
    let used = 2 + NAME + 1 + STATE + 1;
    Line::from(vec![
        Span::styled(format!("{} ", ctx.theme.mark(mark)), ctx.theme.style(role)),
        Span::raw(format!("{name} ")),
        Span::styled(format!("{} ", padded(word, STATE)), ctx.theme.style(role)),
        Span::styled(fit(&detail, usize::from(width).saturating_sub(used)), ctx.theme.style(Role::Muted)),
    ])
}

fn notice_item(notice: &Notice, ctx: &Ctx, width: u16) -> Line<'static> {
    let (mark, role) = look(worst(notice, ctx.now));
    let time = time_of_day(notice.at).replace(" UTC", "");
    let about = if notice.is_by_hand() { "by hand" } else { notice.written.about.label() };
    let text = notice.written.text.replace('\n', " ");
    let used = 2 + 6 + STATE + 1;
    Line::from(vec![
        Span::styled(format!("{} ", ctx.theme.mark(mark)), ctx.theme.style(role)),
        Span::styled(format!("{time} "), ctx.theme.style(Role::Muted)),
        Span::styled(format!("{} ", padded(about, STATE)), ctx.theme.style(role)),
        Span::raw(fit(&text, usize::from(width).saturating_sub(used))),
    ])
}

/// What `/` looks at, and what `y` copies.
pub fn text(state: &State, index: usize) -> String {
    match state.row(index) {
        Some(Row::Channel(channel)) => format!("{} {}", channel.name, channel.kind),
        Some(Row::Notice(notice)) => notice.written.text.clone(),
        None => String::new(),
    }
}

/// A channel with all that it was told, or a notice in full.
pub fn detail(state: &State, ctx: &Ctx, index: usize, width: u16) -> Vec<Line<'static>> {
    match state.row(index) {
        Some(Row::Channel(channel)) => channel_detail(state, channel, ctx, width),
        Some(Row::Notice(notice)) => notice_detail(notice, ctx, width),
        None => Vec::new(),
    }
}

fn channel_detail(state: &State, channel: &Channel, ctx: &Ctx, width: u16) -> Vec<Line<'static>> {
    let title = format!("{} ({})", channel.name, channel.kind);
    let mut lines = vec![Line::styled(title, ctx.theme.style(Role::Focus)), Line::default()];
    let to_it = |notice: &&Notice| notice.written.channels.contains(&channel.name);
    for notice in state.book.notices.iter().rev().filter(to_it) {
        lines.push(Line::styled(time_of_day(notice.at), ctx.theme.style(Role::Muted)));
        lines.push(standing(notice, &channel.name, ctx));
        lines.extend(wrapped(&notice.written.text, width));
        lines.push(Line::default());
    }
    if lines.len() == 2 {
        lines.push(Line::raw("nothing was sent to it in this incident"));
    }
    lines
}

fn notice_detail(notice: &Notice, ctx: &Ctx, width: u16) -> Vec<Line<'static>> {
    let title = format!("{} by {} at {}", notice.written.about.phrase(), notice.by, time_of_day(notice.at));
    let mut lines = vec![Line::styled(title, ctx.theme.style(Role::Focus)), Line::default()];
    lines.extend(wrapped(&notice.written.text, width));
    if let Some(at) = notice.written.next_update_at {
        lines.push(Line::raw(format!("Next update at {}.", time_of_day(at))));
    }
    lines.push(Line::default());
    lines.extend(notice.states(ctx.now).map(|(channel, _)| standing(notice, channel, ctx)));
    if !notice.is_by_hand() {
        lines.push(Line::default());
        lines.push(Line::styled(format!("key {}", notice.written.key), ctx.theme.style(Role::Muted)));
    }
    lines
}

/// Where a notice stands with a channel: state, attempt, and what else there is to say.
fn standing(notice: &Notice, channel: &str, ctx: &Ctx) -> Line<'static> {
    let state = notice.state(channel, ctx.now);
    let (mark, role) = look(state);
    let attempt = notice.deliveries.get(channel).map_or(0, |(delivery, _)| delivery.attempt);
    let attempt = if attempt > 1 { format!(" at attempt {attempt}") } else { String::new() };
    let detail = notice.detail(channel).map_or_else(String::new, |detail| format!("  {detail}"));
    Line::from(vec![
        Span::styled(format!("{} {}{attempt}", ctx.theme.mark(mark), state.label()), ctx.theme.style(role)),
        Span::raw(format!("  {channel}{detail}")),
    ])
}

/// The state that matters most.
fn worst(notice: &Notice, now: Timestamp) -> DeliveryState {
    let rank = |state: &DeliveryState| match state {
        DeliveryState::Failed => 5,
        DeliveryState::Unknown => 4,
        DeliveryState::Partly => 3,
        DeliveryState::Sending => 2,
        DeliveryState::Waiting => 1,
        DeliveryState::Delivered => 0,
    };
    notice.states(now).map(|(_, state)| state).max_by_key(rank).unwrap_or(DeliveryState::Waiting)
}

fn look(state: DeliveryState) -> (Mark, Role) {
    match state {
        DeliveryState::Waiting => (Mark::Open, Role::Warn),
        DeliveryState::Sending => (Mark::Running, Role::Text),
        DeliveryState::Delivered => (Mark::Good, Role::Good),
        DeliveryState::Partly => (Mark::Warn, Role::Warn),
        DeliveryState::Failed => (Mark::Bad, Role::Bad),
        DeliveryState::Unknown => (Mark::Unknown, Role::Unknown),
    }
}

fn wrapped(text: &str, cells: u16) -> Vec<Line<'static>> {
    text.lines().flat_map(|line| wrap(line, usize::from(cells))).map(Line::raw).collect()
}

fn padded(text: &str, cells: usize) -> String {
    let text = fit(text, cells);
    let pad = cells.saturating_sub(width(&text));
    text + &" ".repeat(pad)
}

fn since(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

#[cfg(test)]
#[path = "pane_tests.rs"]
mod tests;
