//! The bottom line: what was last said, else the timeline; and the keys that help now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{clear, put};
use crate::cockpit::action::{Action, TABLE};
use crate::cockpit::panes;
use crate::cockpit::state::{Overlay, State};
use crate::ui::Ctx;
use crate::ui::layout::Pane;
use crate::ui::theme::{Mark, Role};

/// Draws the bottom line.
pub fn draw(state: &State, ctx: &Ctx, area: Rect, canvas: &mut Buffer) {
    clear(area, canvas);
    let hints = hints(state, ctx, area.width / 2);
    let cells = hints.width() as u16;
    let left = area.width.saturating_sub(cells + 4);
    put(said(state, ctx), area.x + 1, area.y, left, canvas);
    put(hints, area.right().saturating_sub(cells + 1), area.y, cells, canvas);
}

fn said(state: &State, ctx: &Ctx) -> Line<'static> {
    if state.ui.overlay == Overlay::Filter {
        let filter = &state.list(state.ui.focus).filter;
        let cursor = ctx.theme.pick("█", "_");
        return Line::from(vec![
            Span::styled("filter: ", ctx.theme.style(Role::Key)),
            Span::raw(format!("{filter}{cursor}")),
            Span::styled("  enter keeps it, esc clears it", ctx.theme.style(Role::Muted)),
        ]);
    }
    match &state.ui.toast {
        Some((toast, _)) if toast.is_error => {
            Line::styled(format!("{} {}", ctx.theme.mark(Mark::Bad), toast.text), ctx.theme.style(Role::Bad))
        }
        Some((toast, _)) => Line::raw(toast.text.clone()),
        None => panes::summary(state, Pane::Timeline, ctx),
    }
}

/// As many hints as fit, the most useful ones last to go: help and command stand at the end.
fn hints(state: &State, ctx: &Ctx, width: u16) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut used = 0;
    for entry in TABLE.iter().rev() {
        let Some(hint) = entry.hint.filter(|_| fits_pane(entry.action, state)) else { continue };
        let Some(key) = state.ui.keymap.key_on(entry.action, state.ui.focus) else { continue };
        used += key.len() + hint.len() + if spans.is_empty() { 1 } else { 3 };
        if used > usize::from(width) {
            break;
        }
        spans.push(Span::raw(if spans.is_empty() { "" } else { "  " }));
        spans.push(Span::styled(format!(" {hint}"), ctx.theme.style(Role::Muted)));
        spans.push(Span::styled(key, ctx.theme.style(Role::Key)));
    }
    spans.reverse();
    Line::from(spans)
}

fn fits_pane(action: Action, state: &State) -> bool {
    match action {
        Action::Note => state.incident.is_some(),
        _ => action.entry().is_on(state.ui.focus),
    }
}
