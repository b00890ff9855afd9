//! Draws the replay, and knows nothing else.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::panels;
use super::state::{Beside, PACES, Panel, State};
use super::track;
use crate::cockpit::view::{clear, frame, put, to_ascii};
use crate::drill::moment::Moment;
use crate::drill::points::Dimensions;
use crate::ui::Ctx;
use crate::ui::layout::{SMALLEST, inner};
use crate::ui::theme::{Mark, Role, Theme};

/// From this size on everything is shown at once: columns and rows.
const WIDE: (u16, u16) = (110, 34);

/// Where everything is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Wide,
    Narrow,
    Card,
}

fn shape((columns, rows): (u16, u16)) -> Shape {
    match () {
        () if columns < SMALLEST.0 || rows < SMALLEST.1 => Shape::Card,
        () if columns >= WIDE.0 && rows >= WIDE.1 => Shape::Wide,
        () => Shape::Narrow,
    }
}

/// Where the track is drawn, its frame left out; the mouse goes by it.
pub fn track_area(state: &State) -> Rect {
    let (columns, rows) = state.size;
    match shape(state.size) {
        Shape::Card => Rect::new(0, 1.min(rows), columns, 0),
        Shape::Wide => Rect::new(1, 3, columns - 2, track::rows(state, true)),
        Shape::Narrow => {
            let height = track::rows(state, false).min(rows / 2);
            Rect::new(0, head_rows(rows), columns, height)
        }
    }
}

fn head_rows(rows: u16) -> u16 {
    if rows < 20 { 1 } else { 2 }
}

/// Draws everything. Returns what may have changed: the whole screen.
pub fn draw(state: &State, theme: &Theme, canvas: &mut Buffer) -> Vec<Rect> {
    let ctx = &Ctx { now: state.replay.run.kept_at, theme };
    let screen = Rect::new(0, 0, state.size.0, state.size.1).intersection(canvas.area);
    clear(screen, canvas);
    match shape(state.size) {
        Shape::Card => card(state, ctx, screen, canvas),
        Shape::Wide => wide(state, ctx, screen, canvas),
        Shape::Narrow => narrow(state, ctx, screen, canvas),
    }
    if theme.ascii {
        to_ascii(screen, canvas);
    }
    vec![screen]
}

fn wide(state: &State, ctx: &Ctx, screen: Rect, canvas: &mut Buffer) {
    put(title(state, ctx), 0, 0, screen.width, canvas);
    put(standing(state, ctx), 0, 1, screen.width, canvas);
    let track = track_area(state);
    let framed = Rect::new(0, 2, screen.width, track.height + 2);
    framing(framed, "Timeline", ctx, canvas);
    track::draw(state, ctx, track, true, canvas);
    let body = Rect::new(0, framed.bottom(), screen.width, screen.height - framed.bottom() - 1);
    let left = Rect { width: body.width * 52 / 100, ..body };
    let right = Rect { x: left.right(), width: body.width - left.width, ..body };
    let text = panels::debrief(state, ctx, left.width - 4);
    let told = if state.beside == Beside::Nothing { 0 } else { (text.len() as u16 + 2).min(left.height / 2) };
    let events = Rect { height: left.height - told, ..left };
    boxed(events, "What happened", |w, h| panels::events(state, ctx, w, h), ctx, canvas);
    if told > 0 {
        let area = Rect { y: events.bottom(), height: told, ..left };
        boxed(area, "What the scenario says", |_, _| text, ctx, canvas);
    }
    let at = Moment::from_secs(state.at_s);
    let [facts, path, points] = parts(state, ctx, right);
    boxed(facts, &format!("On record at {at}"), |w, _| panels::facts(state, ctx, w), ctx, canvas);
    boxed(path, "The ideal path", |w, _| panels::path(state, ctx, w), ctx, canvas);
    boxed(points, "Points", |w, _| panels::points(state, ctx, w), ctx, canvas);
    put(hints(ctx, false), 1, screen.height - 1, screen.width - 1, canvas);
}

/// The right half: what was known, the ideal path, the points.
fn parts(state: &State, ctx: &Ctx, area: Rect) -> [Rect; 3] {
    let known = panels::facts(state, ctx, area.width).len() as u16 + 2;
    let path =
        if state.beside == Beside::Nothing { 0 } else { panels::path(state, ctx, area.width - 4).len() as u16 + 2 };
    let facts = Rect { height: known.min(area.height), ..area };
    let path = Rect { y: facts.bottom(), height: path.min((area.height - facts.height) / 2 + 2), ..area };
    let path = Rect { height: path.height.min(area.bottom() - path.y), ..path };
    [facts, path, Rect { y: path.bottom(), height: area.bottom() - path.bottom(), ..area }]
}

fn narrow(state: &State, ctx: &Ctx, screen: Rect, canvas: &mut Buffer) {
    let head = head_rows(screen.height);
    if head > 1 {
        put(title(state, ctx), 0, 0, screen.width, canvas);
        put(standing(state, ctx), 0, 1, screen.width, canvas);
    } else {
        put(bannered(standing(state, ctx), ctx), 0, 0, screen.width, canvas);
    }
    let track = track_area(state);
    track::draw(state, ctx, track, false, canvas);
    let body = Rect::new(0, track.bottom(), screen.width, screen.height - track.bottom() - 1);
    let events = Rect { height: body.height / 2, ..body };
    let panel = Rect { y: events.bottom(), height: body.height - events.height, ..body };
    section(events, "What happened", |w, h| panels::events(state, ctx, w, h), ctx, canvas);
    let at = Moment::from_secs(state.at_s);
    let (name, lines) = match state.panel {
        Panel::Points => ("Points".to_owned(), panels::points(state, ctx, panel.width - 2)),
        Panel::Facts => (format!("On record at {at}"), panels::facts(state, ctx, panel.width - 2)),
        Panel::Path => ("The ideal path".to_owned(), panels::path(state, ctx, panel.width - 2)),
    };
    section(panel, &format!("{name} (tab: the next)"), |_, _| lines, ctx, canvas);
    put(hints(ctx, true), 1, screen.height - 1, screen.width - 1, canvas);
}

/// Below the smallest size: where one is, what happened last, what it was worth.
fn card(state: &State, ctx: &Ctx, screen: Rect, canvas: &mut Buffer) {
    let mut lines = vec![bannered(brief(state, ctx), ctx)];
    lines.extend(panels::events(state, ctx, screen.width, 1));
    lines.extend(panels::points(state, ctx, screen.width).into_iter().take(3));
    lines.truncate(usize::from(screen.height.saturating_sub(1)));
    lines.push(hints(ctx, true));
    for (line, y) in lines.into_iter().zip(0..screen.height) {
        put(line, 0, y, screen.width, canvas);
    }
}

fn bannered(mut line: Line<'static>, ctx: &Ctx) -> Line<'static> {
    line.spans.insert(0, Span::styled(" DRILL ", ctx.theme.style(Role::Banner)));
    line
}

fn framing(area: Rect, name: &str, ctx: &Ctx, canvas: &mut Buffer) {
    frame(area, ctx, canvas);
    put(Line::styled(format!(" {name} "), ctx.theme.style(Role::Frame)), area.x + 2, area.y, area.width - 4, canvas);
}

/// A framed part; nothing where there is no room for a line.
fn boxed(area: Rect, name: &str, lines: impl FnOnce(u16, u16) -> Vec<Line<'static>>, ctx: &Ctx, canvas: &mut Buffer) {
    if area.height < 3 || area.width < 8 {
        return;
    }
    framing(area, name, ctx, canvas);
    let inside = inner(area);
    let lines = lines(inside.width - 2, inside.height);
    for (line, y) in lines.into_iter().zip(inside.y..inside.bottom()) {
        put(line, inside.x + 1, y, inside.width - 2, canvas);
    }
}

/// The same without a frame: a line for the name.
fn section(area: Rect, name: &str, lines: impl FnOnce(u16, u16) -> Vec<Line<'static>>, ctx: &Ctx, canvas: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let rule = ctx.theme.pick("─", "-").repeat(usize::from(area.width));
    put(Line::styled(rule, ctx.theme.style(Role::Frame)), area.x, area.y, area.width, canvas);
    put(Line::styled(format!(" {name} "), ctx.theme.style(Role::Frame)), area.x + 1, area.y, area.width - 2, canvas);
    for (line, y) in lines(area.width - 2, area.height - 1).into_iter().zip(area.y + 1..area.bottom()) {
        put(line, area.x + 1, y, area.width - 2, canvas);
    }
}

/// What is replayed, and what it came to.
fn title(state: &State, ctx: &Ctx) -> Line<'static> {
    let run = &state.replay.run;
    let speed = run.speed.map_or_else(|| "by a script".to_owned(), |speed| format!("x{speed}"));
    let team = run.team.as_deref().map_or_else(String::new, |team| format!(" · {team}"));
    let end = if run.score.passed { "passed" } else { "not passed" };
    let (mark, role) = if run.score.passed { (Mark::Good, Role::Good) } else { (Mark::Bad, Role::Bad) };
    Line::from(vec![
        Span::styled(" DRILL ", ctx.theme.style(Role::Banner)),
        Span::styled(format!(" {} {} of 100, {end}", ctx.theme.mark(mark), run.score.score), ctx.theme.style(role)),
        Span::styled(format!(" · {}", run.name), ctx.theme.style(Role::Focus)),
        Span::raw(format!(" · {} · seed {} · {speed}{team}", run.id, run.score.seed)),
    ])
}

/// Where one is, and what that came to: no more than a card has room for.
fn brief(state: &State, ctx: &Ctx) -> Line<'static> {
    let mut spans = place(state, ctx);
    spans.extend(sum(state, ctx));
    Line::from(spans)
}

fn place(state: &State, ctx: &Ctx) -> Vec<Span<'static>> {
    let pace = PACES[state.pace];
    let playing = match state.playing {
        Some(_) => format!("{} x{pace}", ctx.theme.mark(Mark::Running)),
        None => format!("{} x{pace}", ctx.theme.pick("‖", "=")),
    };
    let (at, end) = (Moment::from_secs(state.at_s), Moment::from_secs(state.end_s()));
    vec![Span::styled(format!(" {at}"), ctx.theme.style(Role::Focus)), Span::raw(format!(" of {end}  {playing}  "))]
}

/// Where one is, and the points so far.
fn standing(state: &State, ctx: &Ctx) -> Line<'static> {
    let so_far = state.replay.so_far(state.at_s);
    let mut spans = place(state, ctx);
    for ((name, most), points) in Dimensions::ALL.into_iter().zip(so_far) {
        let role = if points == most { Role::Good } else { Role::Text };
        let gap = if state.size.0 >= 100 { "  " } else { " " };
        spans.push(Span::styled(format!("{} {points}/{most}{gap}", short(name, state.size.0)), ctx.theme.style(role)));
    }
    spans.extend(sum(state, ctx));
    Line::from(spans)
}

/// The points so far, as far as a cap leaves them.
fn sum(state: &State, ctx: &Ctx) -> Vec<Span<'static>> {
    let caps = state.replay.run.score.caps.iter().filter(|cap| cap.at_s <= state.at_s).map(|cap| cap.limit).min();
    let sum = state.replay.whole(state.at_s);
    let whole = caps.map_or(sum, |limit| sum.min(limit));
    let mut spans = vec![Span::styled(format!("sum {whole}"), ctx.theme.style(Role::Focus))];
    if caps.is_some_and(|limit| limit < sum) {
        spans.push(Span::styled(" (capped)", ctx.theme.style(Role::Bad)));
    }
    spans
}

/// A dimension's name, cut where the line is short.
fn short(name: &'static str, columns: u16) -> &'static str {
    match name {
        name if columns >= 100 => name,
        "discipline" => "disc",
        "comms" => "com",
        name => &name[..3],
    }
}

fn hints(ctx: &Ctx, is_narrow: bool) -> Line<'static> {
    let arrows = ctx.theme.pick("← →", "left right");
    let events = ctx.theme.pick("↑ ↓", "up down");
    let all = [
        ("space", "play"),
        (arrows, "1 s"),
        ("[ ]", "10 s"),
        ("pgup pgdn", "1 min"),
        (events, "events"),
        ("c", "compare"),
        ("q", "leave"),
        ("+ -", "pace"),
        ("home end", ""),
    ];
    let shown = if is_narrow { 7 } else { all.len() };
    let mut spans = Vec::new();
    for (key, what) in all.into_iter().take(shown) {
        spans.push(Span::styled(key.to_owned(), ctx.theme.style(Role::Key)));
        spans.push(Span::styled(format!(" {what}  "), ctx.theme.style(Role::Muted)));
    }
    Line::from(spans)
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
