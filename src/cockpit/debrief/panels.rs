//! The parts of the replay's screen as lines of text (pure).

use ratatui::text::{Line, Span};

use super::state::{Beside, State};
use crate::drill::debrief::{Compared, compared, when};
use crate::drill::moment::Moment;
use crate::drill::replay::{Lane, Move, Replay};
use crate::evidence::text::{clean, wrap};
use crate::ui::Ctx;
use crate::ui::theme::{Mark, Role};

/// Cells of an event's time and actor.
const LEAD: usize = 17;

/// What happened around the second that is shown: the last event of it in the middle, what comes later muted.
pub fn events(state: &State, ctx: &Ctx, width: u16, height: u16) -> Vec<Line<'static>> {
    let replay = &state.replay;
    let made = replay.made(state.at_s);
    let height = usize::from(height);
    let first = made.saturating_sub(height.div_ceil(2)).min(replay.moves.len().saturating_sub(height));
    let shown = replay.moves.iter().enumerate().skip(first).take(height);
    shown.map(|(place, it)| event(it, place, made, ctx, usize::from(width))).collect()
}

fn event(it: &Move, place: usize, made: usize, ctx: &Ctx, width: usize) -> Line<'static> {
    let is_last = place + 1 == made;
    let pointer = if is_last { ctx.theme.pick("▸", ">") } else { " " };
    let role = match (place < made, it.lane) {
        (false, _) => Role::Muted,
        (true, Lane::Team) => Role::Focus,
        (true, _) if it.secret => Role::Warn,
        (true, _) => Role::Text,
    };
    let actor = crate::evidence::text::fit(&it.actor, 9);
    let secret = if it.secret { "(unseen) " } else { "" };
    let text = crate::evidence::text::fit(&format!("{secret}{}", it.text), width.saturating_sub(LEAD));
    let at = Moment::from_secs(it.at_s).to_string();
    Line::styled(format!("{pointer}{at:>5} {actor:<9} {text}"), ctx.theme.style(role))
}

/// What was on record, name and value.
pub fn facts(state: &State, ctx: &Ctx, width: u16) -> Vec<Line<'static>> {
    let list = state.replay.facts(state.at_s).list(state.at_s);
    let line = |(name, value): (&'static str, Option<String>)| {
        let (text, role) = match value {
            Some(text) if text.contains("OVERDUE") || text.contains("regressed") => (text, Role::Bad),
            Some(text) => (text, Role::Text),
            None => (ctx.theme.pick("—", "-").to_owned(), Role::Muted),
        };
        let text = crate::evidence::text::fit(&text, usize::from(width).saturating_sub(13));
        Line::from(vec![
            Span::styled(format!("{name:<13}"), ctx.theme.style(Role::Muted)),
            Span::styled(text, ctx.theme.style(role)),
        ])
    };
    list.into_iter().map(line).collect()
}

/// The points until now, the newest first; a cap before all.
pub fn points(state: &State, ctx: &Ctx, width: u16) -> Vec<Line<'static>> {
    let replay = &state.replay;
    let room = usize::from(width).saturating_sub(LEAD + 5);
    let mut lines = Vec::new();
    let caps = replay.run.score.caps.iter().filter(|cap| cap.at_s <= state.at_s);
    for cap in caps {
        let lead = format!("{:>6} at most {:<8}", Moment::from_secs(cap.at_s).to_string(), cap.limit);
        told(&lead, &cap.why, Role::Bad, room, ctx, &mut lines);
    }
    for it in replay.points[..replay.given(state.at_s)].iter().rev() {
        let points = it.point.points;
        let role = match points {
            1.. => Role::Good,
            0 => Role::Warn,
            _ => Role::Bad,
        };
        let at = it.point.at_s.map_or_else(|| "never".to_owned(), |at| Moment::from_secs(at).to_string());
        let lead = format!("{at:>6} {points:>+3} {:<11}", it.point.dimension);
        told(&lead, &it.point.why, role, room, ctx, &mut lines);
    }
    if lines.is_empty() {
        lines.push(Line::styled("nothing won or lost yet", ctx.theme.style(Role::Muted)));
    }
    lines
}

fn told(lead: &str, why: &str, role: Role, room: usize, ctx: &Ctx, lines: &mut Vec<Line<'static>>) {
    for (place, part) in wrap(why, room.max(20)).into_iter().enumerate() {
        let lead = if place == 0 { lead.to_owned() } else { " ".repeat(lead.len()) };
        lines.push(Line::from(vec![Span::styled(lead, ctx.theme.style(role)), Span::raw(part)]));
    }
}

/// The ideal path step by step, with when it was done here and in the earlier run.
pub fn path(state: &State, ctx: &Ctx, width: u16) -> Vec<Line<'static>> {
    let earlier = state.earlier.as_ref().filter(|_| state.beside == Beside::Earlier);
    let steps = compared(&state.replay.run, earlier.map(|it| &it.run));
    steps.iter().flat_map(|it| step(it, earlier, ctx, width)).collect()
}

fn step(it: &Compared<'_>, earlier: Option<&Replay>, ctx: &Ctx, width: u16) -> Vec<Line<'static>> {
    let (at, points) = it.now;
    let (mark, role) = match (at, points) {
        (Some(_), points) if points == it.step.most => (Mark::Good, Role::Good),
        (Some(_), 1..) => (Mark::Warn, Role::Warn),
        _ => (Mark::Bad, Role::Bad),
    };
    let lead = format!("{} {:<13} ", ctx.theme.mark(mark), it.step.window());
    let indent = crate::evidence::text::width(&lead);
    let mut lines = Vec::new();
    let whats = wrap(&it.step.what, usize::from(width).saturating_sub(indent).max(20));
    for (place, part) in whats.into_iter().enumerate() {
        let lead = if place == 0 { lead.clone() } else { " ".repeat(indent) };
        lines.push(Line::from(vec![Span::styled(lead, ctx.theme.style(role)), Span::raw(part)]));
    }
    if let Some(ideal) = it.ideal {
        let text = format!("ideal run: {} {}", when(Some(ideal.at_s)), clean(&ideal.event));
        for part in wrap(&text, usize::from(width).saturating_sub(indent).max(20)) {
            lines.push(Line::styled(format!("{}{part}", " ".repeat(indent)), ctx.theme.style(Role::Muted)));
        }
    }
    let before = earlier
        .zip(it.before)
        .map_or_else(String::new, |(run, (at, points))| format!(" · {}: {}, {points}", run.run.id, when(at)));
    let here = format!("{}this run: {}, {points} of {}{before}", " ".repeat(indent), when(at), it.step.most);
    lines.push(Line::styled(here, ctx.theme.style(Role::Muted)));
    lines
}

/// What the scenario says at the end.
pub fn debrief(state: &State, ctx: &Ctx, width: u16) -> Vec<Line<'static>> {
    let text = clean(&state.replay.run.debrief);
    wrap(&text, usize::from(width)).into_iter().map(|row| Line::styled(row, ctx.theme.style(Role::Text))).collect()
}
