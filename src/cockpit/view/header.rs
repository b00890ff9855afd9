//! The header: the master caution light.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{clear, put};
use crate::checklist::readiness::Readiness;
use crate::cockpit::state::{Standing, State};
use crate::incident::{Incident, Role as Duty};
use crate::ui::Ctx;
use crate::ui::pane::{clock, until};
use crate::ui::theme::{Mark, Role};

/// Draws the header into one line or two.
pub fn draw(state: &State, ctx: &Ctx, area: Rect, canvas: &mut Buffer) {
    clear(area, canvas);
    let verdict = verdict(state, ctx);
    let cells = (verdict.width() as u16).min(area.width);
    let chip = chip(state, ctx);
    let used = chip.width() as u16;
    put(chip, area.x, area.y, used, canvas);
    let left = area.width.saturating_sub(cells + 2 + used);
    put(story(state, ctx, left), area.x + used, area.y, left, canvas);
    put(verdict, area.right() - cells.min(area.width), area.y, cells, canvas);
    if area.height < 2 {
        return;
    }
    let banner = banner(state, ctx);
    let cells = banner.width() as u16;
    put(reason(state, ctx), area.x + 1, area.y + 1, area.width.saturating_sub(cells + 2), canvas);
    put(banner, area.right().saturating_sub(cells), area.y + 1, cells, canvas);
}

/// Readiness in words, and how many gates stand in the way.
pub fn verdict(state: &State, ctx: &Ctx) -> Line<'static> {
    let (mark, role) = match state.checklist.standing().readiness {
        Readiness::Go => (Mark::Good, Role::Good),
        Readiness::NoGo => (Mark::Bad, Role::Bad),
        Readiness::RollBack => (Mark::Bad, Role::Bad),
        Readiness::NotEnoughData => (Mark::Unknown, Role::Unknown),
    };
    let standing = state.checklist.standing();
    let word = state.checklist.standing().readiness.label().to_uppercase();
    let style = ctx.theme.style(role).add_modifier(ratatui::style::Modifier::BOLD);
    Line::from(vec![
        Span::styled(format!("{} {word}", ctx.theme.mark(mark)), style),
        Span::raw(format!("  {} of {} gates open ", standing.open, standing.required)),
    ])
}

/// The first reason of the verdict.
pub fn reason(state: &State, ctx: &Ctx) -> Line<'static> {
    let reason = state.checklist.standing().reasons.first().cloned().unwrap_or_default();
    Line::styled(reason, ctx.theme.style(Role::Text))
}

/// That this is a drill, and how its clock goes: in the first line of every screen, which nothing covers.
pub fn chip(state: &State, ctx: &Ctx) -> Line<'static> {
    let drill = state.project.drill.as_ref();
    let said = drill.map_or_else(String::new, |drill| format!(" DRILL{} ", drill.tempo.mark()));
    Line::styled(said, ctx.theme.style(Role::Banner))
}

fn banner(state: &State, ctx: &Ctx) -> Line<'static> {
    let said = match (&state.project.drill, &state.project.standing) {
        (Some(drill), _) => format!(" {} ", drill.name),
        (None, Standing::Untrusted) => " hotfix.toml NOT TRUSTED: hotfix trust ".to_owned(),
        (None, Standing::Broken(_)) => " hotfix.toml BROKEN: hotfix doctor ".to_owned(),
        (None, _) if state.project.is_read_only => " READ-ONLY ".to_owned(),
        _ => return Line::default(),
    };
    Line::styled(said, ctx.theme.style(Role::Banner))
}

fn story(state: &State, ctx: &Ctx, width: u16) -> Line<'static> {
    let Some(incident) = &state.incident else {
        let name = Span::styled(format!(" {}", state.project.name), ctx.theme.style(Role::Focus));
        if state.project.standing == Standing::Opening {
            return Line::from(vec![name, Span::styled(" · opening the journal", ctx.theme.style(Role::Muted))]);
        }
        return Line::from(vec![
            name,
            Span::raw(" · no incident · "),
            Span::styled("i", ctx.theme.style(Role::Key)),
            Span::raw(" declares one"),
        ]);
    };
    let mut parts = vec![(named(incident, ctx), Role::Focus), (incident.stage.label().to_uppercase(), Role::Text)];
    let since = (format!("{} since impact", clock(until(incident.since(), ctx.now))), Role::Text);
    match next_update(incident, ctx) {
        // What is late comes before what is only long.
        Some(due) if due.1 != Role::Text => parts.extend([due, since]),
        due => parts.extend([since].into_iter().chain(due)),
    }
    if let Some(ops) = incident.roles.get(&Duty::Ops) {
        parts.push((format!("ops: {ops}"), Role::Text));
    }
    join(parts, ctx, width)
}

fn named(incident: &Incident, _ctx: &Ctx) -> String {
    let severity = incident.severity.map_or("SEV?", crate::incident::Severity::label);
    format!("{severity} {}", incident.title)
}

/// The clock of the next update. It turns, in words, before it is late.
fn next_update(incident: &Incident, ctx: &Ctx) -> Option<(String, Role)> {
    let due = incident.next_update_at()?;
    let left = until(ctx.now, due);
    let minutes = |left: std::time::Duration| format!("{:02}:{:02}", left.as_secs() / 60, left.as_secs() % 60);
    Some(match left.as_secs() {
        0 => (format!("update OVERDUE by {}", minutes(until(due, ctx.now))), Role::Bad),
        1..=300 => (format!("update DUE in {}", minutes(left)), Role::Warn),
        _ => (format!("next update in {}", minutes(left)), Role::Text),
    })
}

/// Parts in the order of their weight, as many as have room.
fn join(parts: Vec<(String, Role)>, ctx: &Ctx, width: u16) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for (text, role) in parts {
        let separator = if spans.len() > 1 { " · " } else { "" };
        let cells = crate::evidence::text::width(&text) + separator.len().min(3);
        if used + cells > usize::from(width) && spans.len() > 1 {
            break;
        }
        used += cells;
        spans.push(Span::styled(
            ctx.theme.pick(separator, if separator.is_empty() { "" } else { " | " }).to_owned(),
            ctx.theme.style(Role::Muted),
        ));
        spans.push(Span::styled(text, ctx.theme.style(role)));
    }
    Line::from(spans)
}
