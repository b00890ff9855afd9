//! What lies over the panes.

mod notice;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{assessment, clear, frame, incidents, put};
use crate::cockpit::compose::Compose;
use crate::cockpit::form::Form;
use crate::cockpit::palette;
use crate::cockpit::panes;
use crate::cockpit::state::{Overlay, State};
use crate::cockpit::update::disabled;
use crate::evidence::text::{fit, fit_end, width, wrap};
use crate::rollback;
use crate::ui::Ctx;
use crate::ui::layout::{Areas, Pane, inner};
use crate::ui::theme::{Mark, Role};

/// The widest form, in cells.
const FORM: u16 = 100;

/// Draws the overlay that is open.
pub fn draw(state: &State, ctx: &Ctx, areas: &Areas, canvas: &mut Buffer) {
    match &state.ui.overlay {
        Overlay::None | Overlay::Filter => {}
        Overlay::Assessment(form) if form.is_offer => {}
        Overlay::Actions { query, cursor, is_help } => actions(state, ctx, areas, query, *cursor, *is_help, canvas),
        Overlay::Detail { pane, index, scroll } => detail(state, ctx, areas, *pane, *index, *scroll, canvas),
        Overlay::Form(form) => form_box(form, ctx, areas, canvas),
        Overlay::Incidents { cursor } => {
            let room = usize::from(areas.screen.height.saturating_sub(8));
            boxed(" Incidents ", incidents::lines(state, ctx, *cursor, room), 110, ctx, areas, canvas);
        }
        Overlay::Assessment(form) => assessment::draw(state, form, ctx, areas, canvas),
        Overlay::Notice(compose) => notice_box(state, compose, ctx, areas, canvas),
        Overlay::Rollback => armed(state, ctx, areas, canvas),
        Overlay::ConfirmQuit => {
            let lines = vec![
                Line::raw("A rollback is running. It goes on without the cockpit up to the end of its step;"),
                Line::raw("`hotfix` resumes it from there."),
                Line::default(),
                Line::from(vec![
                    Span::styled("y", ctx.theme.style(Role::Key)),
                    Span::raw(" leaves · any other key stays"),
                ]),
            ];
            boxed(" Leave? ", lines, 90, ctx, areas, canvas);
        }
    }
}

/// A framed box in the middle, as wide and high as its lines need. The first line of the screen stays free.
fn boxed(title: &str, lines: Vec<Line<'static>>, width: u16, ctx: &Ctx, areas: &Areas, canvas: &mut Buffer) -> Rect {
    let screen = areas.screen;
    let width = width.min(screen.width);
    let height = (lines.len() as u16 + 2).min(screen.height.saturating_sub(1));
    let top = ((screen.height - height) / 2).max(1.min(screen.height));
    let area = Rect::new((screen.width - width) / 2, top, width, height);
    clear(area, canvas);
    if width < 3 || height < 3 {
        return area;
    }
    frame(area, ctx, canvas);
    put(Line::styled(title.to_owned(), ctx.theme.style(Role::Focus)), area.x + 2, area.y, width - 4, canvas);
    let inside = inner(area);
    for (line, y) in lines.into_iter().take(inside.height.into()).zip(inside.y..) {
        put(line, inside.x + 1, y, inside.width.saturating_sub(2), canvas);
    }
    area
}

fn actions(state: &State, ctx: &Ctx, areas: &Areas, query: &str, cursor: usize, is_help: bool, canvas: &mut Buffer) {
    let found = palette::matches(query, state.ui.focus);
    let rows = usize::from(areas.screen.height.saturating_sub(6)).max(1);
    let first = (cursor + 1).saturating_sub(rows);
    let prompt = ctx.theme.pick("█", "_");
    let mut lines = vec![Line::from(vec![
        Span::styled(if is_help { "? " } else { ": " }, ctx.theme.style(Role::Key)),
        Span::raw(format!("{query}{prompt}")),
        Span::styled("   enter runs it, esc closes", ctx.theme.style(Role::Muted)),
    ])];
    for (place, entry) in found.iter().enumerate().skip(first).take(rows) {
        let keys = state.ui.keymap.keys(entry.action).join(" ");
        let marker = if place == cursor { ctx.theme.pick("▸", ">") } else { " " };
        let why = disabled(state, entry.action);
        let role = if why.is_some() { Role::Muted } else { Role::Text };
        let danger = if entry.dangerous { " !" } else { "" };
        lines.push(Line::from(vec![
            Span::raw(format!("{marker} ")),
            Span::styled(format!("{keys:<17}"), ctx.theme.style(Role::Key)),
            Span::styled(format!("{:<15}", entry.id), ctx.theme.style(role)),
            Span::styled(format!("{}{danger}", entry.told()), ctx.theme.style(role)),
            Span::styled(why.map_or_else(String::new, |why| format!("  ({why})")), ctx.theme.style(Role::Muted)),
        ]));
    }
    let title = if is_help { " Keys and actions " } else { " Command " };
    boxed(title, lines, 110, ctx, areas, canvas);
}

fn detail(state: &State, ctx: &Ctx, areas: &Areas, pane: Pane, index: usize, scroll: usize, canvas: &mut Buffer) {
    let screen = areas.screen;
    let top = areas.header.bottom();
    let area = Rect::new(0, top, screen.width, screen.height.saturating_sub(top + 1));
    clear(area, canvas);
    frame(area, ctx, canvas);
    let hunks = if pane == Pane::Change { ", n p step through hunks" } else { "" };
    let title = format!(" {} · esc closes, {} scroll{hunks} ", pane.name(), ctx.theme.pick("↑ ↓", "up down"));
    put(Line::styled(title, ctx.theme.style(Role::Focus)), area.x + 2, area.y, area.width - 4, canvas);
    let inside = inner(area);
    let lines = panes::detail(state, pane, ctx, index, inside.width - 2);
    let all = lines.len();
    for (line, y) in lines.into_iter().skip(scroll).take(inside.height.into()).zip(inside.y..) {
        put(line, inside.x + 1, y, inside.width - 2, canvas);
    }
    if all > usize::from(inside.height) {
        let said = format!(" {}-{} of {all} ", scroll + 1, (scroll + usize::from(inside.height)).min(all));
        let cells = said.len() as u16;
        put(Line::raw(said), area.right() - 2 - cells, area.bottom() - 1, cells, canvas);
    }
}

fn form_box(form: &Form, ctx: &Ctx, areas: &Areas, canvas: &mut Buffer) {
    let label_width = form.fields.iter().map(|field| field.label.len()).max().unwrap_or(0);
    let inside = usize::from(areas.screen.width.min(FORM)).saturating_sub(4);
    let room = inside.saturating_sub(label_width + 6);
    let mut lines = whole_title(form, inside);
    for (place, field) in form.fields.iter().enumerate() {
        let is_current = place == form.current;
        let shown = fit_end(&field.value, room);
        let value = match (is_current, field.choices.is_empty()) {
            (true, true) => format!("{shown}{}", ctx.theme.pick("█", "_")),
            (_, false) => format!("{} {} {}", ctx.theme.pick("‹", "<"), field.value, ctx.theme.pick("›", ">")),
            (false, true) => shown,
        };
        let role = if is_current { Role::Key } else { Role::Text };
        let marker = if is_current { ctx.theme.pick("▸", ">") } else { " " };
        lines.push(Line::from(vec![
            Span::styled(format!("{marker} {:<label_width$}  ", field.label), ctx.theme.style(role)),
            Span::raw(value),
        ]));
        if is_current {
            let indent = " ".repeat(label_width + 4);
            let hint = wrap(field.hint, inside.saturating_sub(indent.len()));
            lines.extend(hint.iter().map(|it| Line::styled(format!("{indent}{it}"), ctx.theme.style(Role::Muted))));
        }
    }
    lines.push(Line::default());
    let (said, role) = match &form.problem {
        Some(problem) => (format!("{} {problem}", ctx.theme.mark(Mark::Bad)), Role::Bad),
        None => ("enter goes on and records at the end · esc gives up".to_owned(), Role::Muted),
    };
    lines.extend(wrap(&said, inside).into_iter().map(|line| Line::styled(line, ctx.theme.style(role))));
    let title = format!(" {} ", fit(&form.title, inside.saturating_sub(2)));
    boxed(&title, lines, FORM, ctx, areas, canvas);
}

/// A title that the frame has no room for, such as what an end would leave open: in full, above the fields.
fn whole_title(form: &Form, inside: usize) -> Vec<Line<'static>> {
    if width(&form.title) + 2 <= inside {
        return Vec::new();
    }
    let lines = wrap(&form.title, inside).into_iter().map(Line::raw);
    lines.chain([Line::default()]).collect()
}

/// A notice that is being written.
fn notice_box(state: &State, compose: &Compose, ctx: &Ctx, areas: &Areas, canvas: &mut Buffer) {
    let Some(incident) = &state.incident else { return };
    let (width, height) = (areas.screen.width.min(110), areas.screen.height.saturating_sub(4));
    let lines = notice::lines(compose, incident, ctx, width.saturating_sub(4).into(), height.into());
    boxed(" Notice to the stakeholders ", lines, width, ctx, areas, canvas);
}

/// The armed rollback, or what the armed letter would do to a rollout.
fn armed(state: &State, ctx: &Ctx, areas: &Areas, canvas: &mut Buffer) {
    let width = areas.screen.width.min(110);
    // The frame, and the header above it. A line more, and the last one would be cut off: the one with the letter.
    let height = areas.screen.height.saturating_sub(3);
    let lines = rollback::overlay::lines(&state.rollback, ctx, width.saturating_sub(4), height);
    let title = if state.rollback.rollout.armed.is_some() { " ROLLOUT " } else { " ROLL BACK " };
    boxed(title, lines, width, ctx, areas, canvas);
}
