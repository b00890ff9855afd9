//! The assessment: at the foot of the screen, so that what is on the panes can still be read while one answers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{clear, frame, put};
use crate::cockpit::assessment::{Assessment, Row};
use crate::cockpit::state::{Standing, State};
use crate::evidence::{Freshness, text};
use crate::incident::Severity;
use crate::ui::Ctx;
use crate::ui::layout::{Areas, inner};
use crate::ui::pane::short;
use crate::ui::theme::{Mark, Role};

/// The width of the labels, in cells.
const LABEL: usize = 15;
/// The widest form, in cells.
const WIDEST: u16 = 110;

/// Draws the form above the footer.
pub fn draw(state: &State, form: &Assessment, ctx: &Ctx, areas: &Areas, canvas: &mut Buffer) {
    let screen = areas.screen;
    let width = WIDEST.min(screen.width);
    let room = usize::from(width).saturating_sub(4);
    let lines = lines(state, form, ctx, room);
    let lowest = screen.height.saturating_sub(areas.footer.height);
    // The first line of the screen stays free.
    let height = (lines.len() as u16 + 2).min(lowest.saturating_sub(1));
    let area = Rect::new((screen.width - width) / 2, lowest - height, width, height);
    clear(area, canvas);
    if width < 8 || height < 3 {
        return;
    }
    frame(area, ctx, canvas);
    let title = if form.declares() { " Declare an incident " } else { " Assess and classify " };
    put(Line::styled(title, ctx.theme.style(Role::Focus)), area.x + 2, area.y, width - 4, canvas);
    let inside = inner(area);
    for (line, y) in lines.into_iter().take(inside.height.into()).zip(inside.y..) {
        put(line, inside.x + 1, y, inside.width.saturating_sub(2), canvas);
    }
}

fn lines(state: &State, form: &Assessment, ctx: &Ctx, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for row in form.rows() {
        lines.push(answer(form, row, ctx, room));
        if row == form.current {
            let hint = text::fit(&form.hint(row), room.saturating_sub(LABEL + 4));
            lines.push(Line::styled(format!("{:1$}{hint}", "", LABEL + 4), ctx.theme.style(Role::Muted)));
        }
    }
    lines.extend(counted(state, form, ctx));
    lines.push(verdict(form, ctx, room));
    lines.push(help(form, ctx));
    lines
}

fn answer(form: &Assessment, row: Row, ctx: &Ctx, room: usize) -> Line<'static> {
    let is_current = row == form.current;
    let marker = if is_current { ctx.theme.pick("▸", ">") } else { " " };
    let cursor = if is_current && row != Row::Severity { ctx.theme.pick("█", "_") } else { "" };
    let label = format!("{marker} {:<LABEL$}  ", row.label());
    let level = form.level(row);
    let level = if level.is_empty() { String::new() } else { format!("  {}", bracketed(level, ctx)) };
    let left = room.saturating_sub(LABEL + 5 + text::width(&level));
    let said = match row {
        Row::Severity => bracketed(form.severity().label(), ctx),
        _ => text::fit_end(form.text(row), left),
    };
    Line::from(vec![
        Span::styled(label, ctx.theme.style(if is_current { Role::Key } else { Role::Text })),
        Span::raw(format!("{said}{cursor}")),
        Span::styled(level, ctx.theme.style(Role::Muted)),
    ])
}

fn bracketed(word: &str, ctx: &Ctx) -> String {
    format!("{} {word} {}", ctx.theme.pick("‹", "<"), ctx.theme.pick("›", ">"))
}

/// Who counts the users, and what came of it.
fn counted(state: &State, form: &Assessment, ctx: &Ctx) -> Option<Line<'static>> {
    state.project.config.incident.users.as_ref()?;
    if state.project.standing != Standing::Trusted {
        let said = "nobody is asked how many users are affected: hotfix.toml is not trusted";
        return Some(Line::styled(said, ctx.theme.style(Role::Unknown)));
    }
    let evidence = state.counted.evidence();
    let known = evidence.map(|it| format!("{} users by {}, {} ago", it.value, it.source, short(it.age(ctx.now))));
    let (said, role) = match (state.counted.freshness(ctx.now), known) {
        (Freshness::Fresh, Some(known)) if form.count_taken().is_some() => {
            (format!("{known}: that is the answer"), Role::Muted)
        }
        (Freshness::Fresh, Some(known)) => (known, Role::Muted),
        (Freshness::Stale, Some(known)) => (format!("STALE: {known}"), Role::Warn),
        (Freshness::Failed, _) => (state.counted.failure().map_or_else(String::new, |it| it.what.clone()), Role::Warn),
        _ => ("asking how many users are affected".to_owned(), Role::Muted),
    };
    Some(Line::styled(said, ctx.theme.style(role)))
}

/// What the answers come to, and why.
fn verdict(form: &Assessment, ctx: &Ctx, room: usize) -> Line<'static> {
    let verdict = form.verdict();
    let (mark, role) = match verdict.severity {
        Severity::Sev1 => (Mark::Bad, Role::Bad),
        Severity::Sev2 => (Mark::Warn, Role::Warn),
        Severity::Sev3 => (Mark::Unknown, Role::Text),
    };
    let word = format!("{} {} by the answers: ", ctx.theme.mark(mark), verdict.severity.label());
    let because = text::fit(&text::clean(&verdict.because), room.saturating_sub(text::width(&word)));
    Line::from(vec![Span::styled(word, ctx.theme.style(role)), Span::raw(because)])
}

fn help(form: &Assessment, ctx: &Ctx) -> Line<'static> {
    match &form.problem {
        Some(problem) => Line::styled(format!("{} {problem}", ctx.theme.mark(Mark::Bad)), ctx.theme.style(Role::Bad)),
        None => {
            let said = "left and right choose · enter goes on, and records at the end · esc gives up";
            Line::styled(said, ctx.theme.style(Role::Muted))
        }
    }
}
