//! The list of incidents.

use ratatui::text::{Line, Span};

use crate::cockpit::state::State;
use crate::evidence::text;
use crate::incident::list::Summary;
use crate::ui::Ctx;
use crate::ui::theme::Role;

/// The lines of the list, as many as there is room for around the selected one.
pub fn lines(state: &State, ctx: &Ctx, cursor: usize, room: usize) -> Vec<Line<'static>> {
    let muted = |text: &str| Line::styled(text.to_owned(), ctx.theme.style(Role::Muted));
    let list = match &state.incidents {
        None => return vec![muted("reading the journal")],
        Some(Err(why)) => return vec![Line::styled(why.clone(), ctx.theme.style(Role::Bad))],
        Some(Ok(list)) if list.is_empty() => return vec![muted("no incident is on record in this repository")],
        Some(Ok(list)) => list,
    };
    let first = (cursor + 1).saturating_sub(room.max(1));
    let mut lines: Vec<_> = list
        .iter()
        .enumerate()
        .skip(first)
        .take(room.max(1))
        .map(|(place, it)| line(state, ctx, it, place == cursor))
        .collect();
    lines.push(Line::default());
    lines.push(muted("enter takes it up, or opens a closed one again · esc closes"));
    lines
}

fn line(state: &State, ctx: &Ctx, it: &Summary, is_selected: bool) -> Line<'static> {
    let marker = if is_selected { ctx.theme.pick("▸", ">") } else { " " };
    let declared = it.declared_at.to_zoned(state.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let drill = if it.drill.is_some() { "DRILL " } else { "" };
    let role = if it.closed_at.is_none() { Role::Text } else { Role::Muted };
    let (severity, stage) = (it.severity_label(), it.stage.label());
    Line::from(vec![
        Span::styled(
            format!("{marker} {:<7} ", it.state()),
            ctx.theme.style(if is_selected { Role::Key } else { role }),
        ),
        Span::styled(
            format!("{severity} {stage:<7} {declared}  {drill}{}", text::fit(&it.title, 60)),
            ctx.theme.style(role),
        ),
    ])
}
