//! A notice while it is being written, and what a channel would get of it.

use ratatui::text::{Line, Span};

use crate::cockpit::compose::{Compose, Part};
use crate::comms::model::time_of_day;
use crate::comms::preview;
use crate::evidence::text::{fit, wrap};
use crate::incident::Incident;
use crate::ui::Ctx;
use crate::ui::theme::{Mark, Role};

/// Rows that stand around text and preview.
const AROUND: usize = 6;
/// Rows of the text at least.
const FEWEST: usize = 3;

/// The lines of the box, for `width` by `height` cells inside its frame.
pub fn lines(compose: &Compose, incident: &Incident, ctx: &Ctx, width: usize, height: usize) -> Vec<Line<'static>> {
    let mut below = fields(compose, ctx);
    below.extend(preview_lines(compose, incident, ctx, width));
    let room = height.saturating_sub(below.len() + 2).max(FEWEST).min(height.saturating_sub(AROUND).max(FEWEST));
    let mut lines = text(compose, ctx, width, room);
    lines.push(Line::default());
    lines.extend(below);
    lines.truncate(height.saturating_sub(1));
    lines.push(foot(compose, ctx));
    lines
}

/// The text with its cursor, as many rows of it as there is room for.
fn text(compose: &Compose, ctx: &Ctx, width: usize, room: usize) -> Vec<Line<'static>> {
    let is_current = compose.part == Part::Text;
    let cursor = if is_current { ctx.theme.pick("█", "_") } else { "" };
    let (before, after) = compose.text.split_at(compose.cursor);
    let shown = format!("{before}{cursor}{after}");
    let rows: Vec<_> = shown.split('\n').flat_map(|line| wrap(line, width)).collect();
    let at = rows.iter().position(|row| is_current && row.contains(cursor)).unwrap_or(0);
    let first = (at + 1).saturating_sub(room).min(rows.len().saturating_sub(1));
    let role = if is_current { Role::Text } else { Role::Muted };
    rows.into_iter().skip(first).take(room).map(|row| Line::styled(row, ctx.theme.style(role))).collect()
}

fn fields(compose: &Compose, ctx: &Ctx) -> Vec<Line<'static>> {
    let (left, right) = (ctx.theme.pick("‹", "<"), ctx.theme.pick("›", ">"));
    let cursor = |part| if compose.part == part { ctx.theme.pick("█", "_") } else { "" };
    let next = format!("next update in  {}{} minutes", compose.minutes, cursor(Part::Next));
    let promise = if compose.minutes.is_empty() { "   none is promised" } else { "" };
    let mut lines = vec![
        row(compose, Part::Next, format!("{next}{promise}"), ctx),
        row(compose, Part::About, format!("about           {left} {} {right}", compose.about.phrase()), ctx),
    ];
    for (index, (channel, is_chosen)) in compose.channels.iter().enumerate() {
        let tick = if *is_chosen { "x" } else { " " };
        let said = format!("[{tick}] {} ({})", channel.name, channel.kind);
        lines.push(row(compose, Part::Channel(index), said, ctx));
    }
    let chosen = compose.channels.iter().filter(|(_, is_chosen)| *is_chosen).count();
    let send = match (compose.channels.len(), chosen) {
        (0, _) => "record it: hotfix.toml names no channel, so you tell it to people yourself".to_owned(),
        (_, 1) => "send to 1 channel".to_owned(),
        (_, n) => format!("send to {n} channels"),
    };
    lines.push(row(compose, Part::Send, send, ctx));
    lines
}

fn row(compose: &Compose, part: Part, text: String, ctx: &Ctx) -> Line<'static> {
    let is_current = compose.part == part;
    let marker = if is_current { ctx.theme.pick("▸", ">") } else { " " };
    let role = if is_current { Role::Key } else { Role::Text };
    Line::from(vec![Span::raw(format!("{marker} ")), Span::styled(text, ctx.theme.style(role))])
}

/// What the channel under the cursor would get.
fn preview_lines(compose: &Compose, incident: &Incident, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Part::Channel(index) = compose.part else { return Vec::new() };
    let Some((channel, _)) = compose.channels.get(index) else { return Vec::new() };
    let message = compose.message(incident, ctx.now);
    let shown = preview::of(channel.kind, &message);
    let title = format!("what {} gets", channel.name);
    let mut lines = vec![Line::default(), Line::styled(title, ctx.theme.style(Role::Frame))];
    let rows = shown.split('\n').flat_map(|line| wrap(line, width.saturating_sub(2)));
    lines.extend(rows.map(|row| Line::styled(format!("  {row}"), ctx.theme.style(Role::Muted))));
    lines
}

fn foot(compose: &Compose, ctx: &Ctx) -> Line<'static> {
    if let Some(problem) = &compose.problem {
        let text = fit(&format!("{} {problem}", ctx.theme.mark(Mark::Bad)), 100);
        return Line::styled(text, ctx.theme.style(Role::Bad));
    }
    let now = time_of_day(ctx.now);
    let hints = format!("ctrl-s sends · tab: next, and what a channel gets · esc keeps it · {now}");
    Line::styled(hints, ctx.theme.style(Role::Muted))
}
