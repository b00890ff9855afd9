//! Draws the state, and knows nothing else. Only damaged parts are drawn.

mod assessment;
mod footer;
mod header;
mod incidents;
mod overlay;
mod strip;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::damage::Damage;
use super::panes;
use super::state::{Overlay, State};
use crate::evidence::text;
use crate::ui::Ctx;
use crate::ui::layout::{Areas, Pane, inner};
pub(super) use crate::ui::line::put;
use crate::ui::pane::short;
use crate::ui::theme::{Mark, Role, Theme};

/// The selected row is marked over this many cells at most: moving it must stay cheap on a slow line.
const SELECTION_WIDTH: u16 = 32;

/// Draws what is damaged. Returns the rectangles that may have changed.
pub fn draw(state: &State, theme: &Theme, canvas: &mut Buffer) -> Vec<Rect> {
    let mut drawn = draw_parts(state, theme, canvas);
    drawn.extend(strip::draw(state, theme, canvas));
    if theme.ascii {
        drawn.iter().for_each(|area| to_ascii(*area, canvas));
    }
    drawn
}

/// The last sweep for a terminal without Unicode: what a pane drew, and what came from outside.
pub(super) fn to_ascii(area: Rect, canvas: &mut Buffer) {
    for position in area.intersection(canvas.area).positions() {
        let cell = &mut canvas[position];
        if !cell.symbol().is_ascii() {
            let stand_in = match cell.symbol() {
                "·" | "│" => "|",
                "→" | "▸" | "›" | "▶" => ">",
                "←" | "‹" | "◂" => "<",
                "…" => "~",
                "▾" => "v",
                "×" => "x",
                "─" | "–" | "—" => "-",
                _ => "?",
            };
            cell.set_symbol(stand_in);
        }
    }
}

fn draw_parts(state: &State, theme: &Theme, canvas: &mut Buffer) -> Vec<Rect> {
    let ctx = Ctx { now: state.now, theme };
    let areas = state.areas();
    let mut damage = state.ui.damage;
    let has_overlay = !matches!(state.ui.overlay, Overlay::None | Overlay::Filter) && !state.ui.overlay.is_offer();
    if has_overlay && !damage.is_none() {
        damage = Damage::ALL;
    }
    if areas.is_card {
        return card(state, &ctx, &areas, canvas);
    }
    let mut drawn = Vec::new();
    if damage.has(Damage::HEADER) {
        header::draw(state, &ctx, areas.header, canvas);
        drawn.push(areas.header);
    }
    for (pane, area) in &areas.panes {
        if damage.has(Damage::pane(*pane)) {
            draw_pane(state, &ctx, *pane, *area, canvas);
            drawn.push(*area);
        }
    }
    for (pane, area) in &areas.summaries {
        if damage.has(Damage::pane(*pane)) {
            draw_summary(state, &ctx, *pane, *area, canvas);
            drawn.push(*area);
        }
    }
    if damage.has(Damage::FOOTER) || damage.has(Damage::pane(Pane::Timeline)) {
        footer::draw(state, &ctx, areas.footer, canvas);
        drawn.push(areas.footer);
    }
    if has_overlay && damage == Damage::ALL {
        overlay::draw(state, &ctx, &areas, canvas);
        return vec![areas.screen];
    }
    drawn
}

/// Empties a rectangle.
pub(super) fn clear(area: Rect, canvas: &mut Buffer) {
    for row in area.intersection(canvas.area).rows() {
        let start = canvas.index_of(row.x, row.y);
        canvas.content[start..start + usize::from(row.width)].iter_mut().for_each(ratatui::buffer::Cell::reset);
    }
}

fn draw_pane(state: &State, ctx: &Ctx, pane: Pane, area: Rect, canvas: &mut Buffer) {
    clear(area, canvas);
    let is_focused = state.ui.focus == pane;
    frame(area, ctx, canvas);
    titles(state, ctx, pane, area, is_focused, canvas);
    let inside = inner(area);
    match state.ui.last_rows(pane) {
        Some((rows, _)) => draw_last(rows, ctx, inside, canvas),
        None => draw_inside(state, ctx, pane, area, is_focused, canvas),
    }
}

fn draw_inside(state: &State, ctx: &Ctx, pane: Pane, area: Rect, is_focused: bool, canvas: &mut Buffer) {
    let inside = inner(area);
    let head = panes::head(state, pane, ctx, inside.width, inside.height);
    let len = panes::len(state, pane);
    let (head_rows, list_rows) = panes::division(head.len(), len, inside.height);
    for (line, y) in head.into_iter().take(head_rows.into()).zip(inside.y..) {
        put(line, inside.x, y, inside.width, canvas);
    }
    let list = state.list(pane);
    let top = inside.y + head_rows;
    for row in 0..list_rows {
        let place = list.offset + usize::from(row);
        let Some(index) = list.index(place, len) else { break };
        let item = panes::item(state, pane, ctx, index, inside.width - 1);
        put(item, inside.x + 1, top + row, inside.width - 1, canvas);
        if is_focused && place == list.cursor {
            select(ctx, Rect::new(inside.x, top + row, inside.width.min(SELECTION_WIDTH), 1), canvas);
        }
    }
    position(list, len, usize::from(list_rows), ctx, area, canvas);
}

fn select(ctx: &Ctx, row: Rect, canvas: &mut Buffer) {
    canvas.set_string(row.x, row.y, ctx.theme.pick("▸", ">"), ctx.theme.style(Role::Text));
    canvas.set_style(row, ctx.theme.style(Role::Selected));
}

/// Where one is in a list that is longer than its view, at the lower right of the frame.
fn position(list: &super::list::ListView, len: usize, rows: usize, ctx: &Ctx, area: Rect, canvas: &mut Buffer) {
    let count = list.count(len);
    let filter = if list.filter.is_empty() { String::new() } else { format!("/{} ", text::fit(&list.filter, 20)) };
    if count <= rows && filter.is_empty() {
        return;
    }
    let place = if count == 0 { 0 } else { list.cursor + 1 };
    let said = format!(" {filter}{place}/{count} ");
    let cells = text::width(&said) as u16;
    if cells + 2 < area.width {
        canvas.set_string(area.right() - 1 - cells, area.bottom() - 1, said, ctx.theme.style(Role::Frame));
    }
}

fn draw_last(rows: &[String], ctx: &Ctx, inside: Rect, canvas: &mut Buffer) {
    for (row, y) in rows.iter().take(inside.height.into()).zip(inside.y..) {
        put(Line::styled(row.clone(), ctx.theme.style(Role::Muted)), inside.x, y, inside.width, canvas);
    }
}

pub(super) fn frame(area: Rect, ctx: &Ctx, canvas: &mut Buffer) {
    let style = ctx.theme.style(Role::Frame);
    let [horizontal, vertical, tl, tr, bl, br] =
        if ctx.theme.ascii { ["-", "|", "+", "+", "+", "+"] } else { ["─", "│", "┌", "┐", "└", "┘"] };
    let (left, right, top, bottom) = (area.left(), area.right() - 1, area.top(), area.bottom() - 1);
    let mut set = |x: u16, y: u16, symbol: &'static str| {
        canvas[(x, y)].set_symbol(symbol).set_style(style);
    };
    for x in left + 1..right {
        set(x, top, horizontal);
        set(x, bottom, horizontal);
    }
    for y in top + 1..bottom {
        set(left, y, vertical);
        set(right, y, vertical);
    }
    for (x, y, symbol) in [(left, top, tl), (right, top, tr), (left, bottom, bl), (right, bottom, br)] {
        set(x, y, symbol);
    }
}

fn titles(state: &State, ctx: &Ctx, pane: Pane, area: Rect, is_focused: bool, canvas: &mut Buffer) {
    let title = panes::title(state, pane, ctx);
    let note = match state.ui.last_rows(pane) {
        Some((_, at)) => last_note(at, ctx),
        None => title.note,
    };
    let room = area.width.saturating_sub(4);
    let note_cells = (note.width() as u16).min(room);
    let style = ctx.theme.style(if is_focused { Role::Focus } else { Role::Text });
    let name = format!(" {} {} ", pane.index() + 1, pane.name());
    let subject = if title.subject.is_empty() { String::new() } else { format!("{} ", title.subject) };
    let left = room.saturating_sub(note_cells + 2);
    let name = text::fit(&name, left.into());
    let subject = text::fit(&subject, usize::from(left).saturating_sub(text::width(&name)));
    let line = Line::from(vec![Span::styled(name, style), Span::styled(subject, ctx.theme.style(Role::Text))]);
    put(line, area.x + 1, area.y, left, canvas);
    if note_cells > 0 {
        let padded = Line::from(vec![Span::raw(" "), note, Span::raw(" ")]);
        put(padded, area.right() - 3 - note_cells, area.y, note_cells + 2, canvas);
    }
}

fn last_note(at: Timestamp, ctx: &Ctx) -> Span<'static> {
    let age = std::time::Duration::try_from(ctx.now.duration_since(at)).unwrap_or_default();
    let said = format!("{} STALE {}", ctx.theme.mark(Mark::Stale), short(age));
    Span::styled(said, ctx.theme.style(Role::Warn))
}

fn draw_summary(state: &State, ctx: &Ctx, pane: Pane, area: Rect, canvas: &mut Buffer) {
    clear(area, canvas);
    let name = format!(" {} {:<10}", pane.index() + 1, pane.name());
    canvas.set_string(area.x, area.y, &name, ctx.theme.style(Role::Frame));
    let used = text::width(&name) as u16;
    put(panes::summary(state, pane, ctx), area.x + used, area.y, area.width.saturating_sub(used), canvas);
}

/// All that fits below the smallest size: whether to go on, and how to see more.
fn card(state: &State, ctx: &Ctx, areas: &Areas, canvas: &mut Buffer) -> Vec<Rect> {
    clear(areas.screen, canvas);
    let (columns, rows) = crate::ui::layout::SMALLEST;
    let mut first = header::chip(state, ctx);
    first.spans.extend(header::verdict(state, ctx).spans);
    let lines = [
        first,
        header::reason(state, ctx),
        panes::summary(state, Pane::Canary, ctx),
        panes::summary(state, Pane::Rollback, ctx),
        Line::styled(format!("{columns}x{rows} shows the panes"), ctx.theme.style(Role::Muted)),
    ];
    for (line, y) in lines.into_iter().zip(0..areas.screen.height) {
        put(line, 0, y, areas.screen.width, canvas);
    }
    if state.ui.overlay == Overlay::Rollback {
        overlay::draw(state, ctx, areas, canvas);
    }
    vec![areas.screen]
}

#[cfg(test)]
mod tests;
