//! The timeline of a replay as rows of marks, with the cursor through them (pure).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::state::{Beside, State};
use crate::cockpit::view::put;
use crate::drill::debrief::compared;
use crate::drill::moment::Moment;
use crate::drill::replay::{Lane, Replay};
use crate::ui::Ctx;
use crate::ui::theme::Role;

/// Cells of the names of the rows.
const NAMES: u16 = 12;

/// The first column of the marks within an area, and how many there are.
pub fn columns(area: Rect) -> (u16, u16) {
    (area.x + NAMES, area.width.saturating_sub(NAMES + 1).max(1))
}

/// The rows that a track has, in the order in which they are given up where there is no room.
pub fn rows(state: &State, is_wide: bool) -> u16 {
    let path = if state.beside == Beside::Nothing || !is_wide { 0 } else { state.replay.run.ideal.len() as u16 };
    let earlier = u16::from(state.beside == Beside::Earlier && state.earlier.is_some());
    let brief = u16::from(state.beside != Beside::Nothing && !is_wide);
    5 + path + earlier + brief + u16::from(shows_ideal_run(state, is_wide))
}

/// Whether the ideal run has a row of its own.
fn shows_ideal_run(state: &State, is_wide: bool) -> bool {
    is_wide && state.beside != Beside::Nothing && !state.replay.ideal.is_empty()
}

/// Draws the track into an area that has [`rows`] rows.
pub fn draw(state: &State, ctx: &Ctx, area: Rect, is_wide: bool, canvas: &mut Buffer) {
    let (left, width) = columns(area);
    let scale = Scale { end_s: state.end_s(), width };
    let mut y = area.y;
    let mut row = |name: &str, marks: Vec<Span<'static>>| {
        if y < area.bottom() {
            put(Line::styled(format!("{name:>11}"), ctx.theme.style(Role::Muted)), area.x, y, NAMES, canvas);
            put(Line::from(marks), left, y, width, canvas);
            y += 1;
        }
    };
    row("", scale.ruler(ctx));
    if state.beside != Beside::Nothing {
        for it in compared(&state.replay.run, None) {
            let marks = scale.window((it.step.from_s, it.step.until_s, it.step.lost_s), it.now.0, ctx);
            let next = it.step.lost_s.or(it.step.until_s).is_some_and(|end| end >= state.at_s);
            if is_wide {
                row(&it.step.dimension, marks);
            } else if next || it.step.until_s.is_none() {
                row(&format!("> {}", it.step.dimension), marks);
                break;
            }
        }
    }
    let replay = &state.replay;
    row("world", scale.moves(replay, Lane::World, ctx));
    row("console", scale.moves(replay, Lane::Console, ctx));
    row("team", scale.moves(replay, Lane::Team, ctx));
    if shows_ideal_run(state, is_wide) {
        row("ideal run", scale.marks(replay.ideal.iter().map(|at_s| (*at_s, true)), ctx));
    }
    if let Some(earlier) = state.earlier.as_ref().filter(|_| state.beside == Beside::Earlier) {
        row("earlier", scale.moves(earlier, Lane::Team, ctx));
    }
    row("points", scale.points(replay, ctx));
    let cursor = Rect::new(left + scale.column(state.at_s), area.y, 1, y - area.y);
    canvas.set_style(cursor.intersection(canvas.area), ctx.theme.style(Role::Selected));
}

/// Seconds as columns.
struct Scale {
    end_s: u64,
    width: u16,
}

impl Scale {
    fn column(&self, at_s: u64) -> u16 {
        let last = u64::from(self.width.saturating_sub(1));
        (at_s.min(self.end_s) * last / self.end_s.max(1)) as u16
    }

    /// Times of day of the drill, as many as have room.
    fn ruler(&self, ctx: &Ctx) -> Vec<Span<'static>> {
        const STEPS: [u64; 8] = [10, 30, 60, 120, 300, 600, 1800, 3600];
        let fits = |step: &&u64| u64::from(self.width) * **step / self.end_s.max(1) >= 9;
        let step = STEPS.iter().find(fits).copied().unwrap_or(7200);
        let mut text = String::new();
        for at in (0..=self.end_s).step_by(step as usize) {
            let (column, label) = (usize::from(self.column(at)), Moment::from_secs(at).to_string());
            if text.len() <= column && column + label.len() <= usize::from(self.width) {
                text = format!("{text:<column$}{label}");
            }
        }
        vec![Span::styled(text, ctx.theme.style(Role::Muted))]
    }

    /// The time that a step of the ideal path has, and when it was done.
    fn window(
        &self,
        (from, until, lost): (u64, Option<u64>, Option<u64>),
        done: Option<u64>,
        ctx: &Ctx,
    ) -> Vec<Span<'static>> {
        let (full, fading) = (ctx.theme.pick("━", "="), ctx.theme.pick("╌", "-"));
        let until = until.unwrap_or(self.end_s);
        let lost = lost.unwrap_or(until);
        let within = |column: u16, (a, b): (u64, u64)| column >= self.column(a) && column <= self.column(b);
        let done = done.map(|at| self.column(at));
        let mark = |column: u16| match () {
            () if done == Some(column) => (ctx.theme.pick("●", "*"), Role::Good),
            () if within(column, (from, until)) => (full, Role::Good),
            () if lost > until && within(column, (until, lost)) => (fading, Role::Warn),
            () => (" ", Role::Text),
        };
        self.spans(mark, ctx)
    }

    fn moves(&self, replay: &Replay, lane: Lane, ctx: &Ctx) -> Vec<Span<'static>> {
        self.marks(replay.moves.iter().filter(|it| it.lane == lane).map(|it| (it.at_s, !it.secret)), ctx)
    }

    /// Marks for moments, each with whether it could be seen.
    fn marks(&self, moments: impl Iterator<Item = (u64, bool)>, ctx: &Ctx) -> Vec<Span<'static>> {
        let mut counts = vec![0_u8; usize::from(self.width)];
        let mut seen = vec![false; usize::from(self.width)];
        for (at_s, is_seen) in moments {
            let column = usize::from(self.column(at_s));
            counts[column] = counts[column].saturating_add(1);
            seen[column] |= is_seen;
        }
        let mark = |column: u16| match (counts[usize::from(column)], seen[usize::from(column)]) {
            (0, _) => (ctx.theme.pick("·", "."), Role::Muted),
            (_, false) => (ctx.theme.pick("○", "o"), Role::Warn),
            (1, true) => (ctx.theme.pick("●", "*"), Role::Text),
            (_, true) => (ctx.theme.pick("◆", "#"), Role::Text),
        };
        self.spans(mark, ctx)
    }

    fn points(&self, replay: &Replay, ctx: &Ctx) -> Vec<Span<'static>> {
        let mut sums = vec![None; usize::from(self.width)];
        for it in &replay.points {
            let sum: &mut Option<i32> = &mut sums[usize::from(self.column(it.at_s))];
            // A loss is not hidden by a win of the same moment.
            *sum = Some(match (*sum, it.point.points) {
                (Some(old), new) if old < 0 || new <= 0 => old.min(new),
                (_, new) => new,
            });
        }
        let mark = |column: u16| match sums[usize::from(column)] {
            None => (ctx.theme.pick("·", "."), Role::Muted),
            Some(sum) if sum > 0 => ("+", Role::Good),
            Some(0) => ("0", Role::Warn),
            Some(_) => ("-", Role::Bad),
        };
        self.spans(mark, ctx)
    }

    /// One span for each run of equal marks.
    fn spans(&self, mark: impl Fn(u16) -> (&'static str, Role), ctx: &Ctx) -> Vec<Span<'static>> {
        let mut spans: Vec<(String, Role)> = Vec::new();
        for (symbol, role) in (0..self.width).map(mark) {
            match spans.last_mut() {
                Some((text, last)) if *last == role => text.push_str(symbol),
                _ => spans.push((symbol.to_owned(), role)),
            }
        }
        spans.into_iter().map(|(text, role)| Span::styled(text, ctx.theme.style(role))).collect()
    }
}
