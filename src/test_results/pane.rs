//! The tests pane: the verdict and why, one row a source, then what failed.

mod items;

pub use items::{detail, item, len, page, place, text};

use std::time::Duration;

use jiff::Timestamp;
use ratatui::text::{Line, Span};

use super::live::Live;
use super::model::{Ci, Green, Light, Report, Run, RunState, State, Totals};
use crate::evidence::text::{fit, width as cells, wrap};
use crate::evidence::{Picture, SubjectMatch};
use crate::ui::Ctx;
use crate::ui::pane::{Title, clock, note, notice, short};
use crate::ui::theme::{Mark, Role};

/// What is missing for green, besides the first, that is shown above the list.
const REASONS: usize = 3;
/// A pane of fewer cells says less in each row.
const NARROW: usize = 70;
const NEVER: &str = "no test reports yet: name them in hotfix.toml, [[tests]]";
const EMPTY: &str = "no test in any report: no evidence";

/// What the frame says.
pub fn title(state: &State, ctx: &Ctx) -> Title {
    let subject = state.head().commit.as_ref().map_or_else(|| "no commit".to_owned(), |oid| oid.short().to_owned());
    Title { subject, note: note(&state.report, ctx) }
}

/// One line for where the pane has no room.
pub fn summary(state: &State, ctx: &Ctx) -> Line<'static> {
    let green = state.verdict(state.head(), ctx.now);
    Line::from(vec![badge(&green, ctx), Span::raw(format!(" {}", green.why))])
}

/// The verdict, what is missing, and one row a source.
pub fn head(state: &State, ctx: &Ctx, width: u16, height: u16) -> Vec<Line<'static>> {
    let width = usize::from(width);
    let picture = state.report.picture(ctx.now, |report| report.totals.tests == 0);
    let green = state.verdict(state.head(), ctx.now);
    let mut lines = verdict(&green, ctx, width);
    lines.extend(
        notice(picture, state.report.failure(), NEVER, EMPTY, ctx).into_iter().flat_map(|line| wrapped(&line, width)),
    );
    lines.extend(live(&state.live, ctx, width));
    let Some(report) = state.report.value() else { return lines };
    lines.extend(reasons(&green, ctx, width));
    if green.light == Light::Amber && green.missing.iter().any(super::green::Missing::is_acceptable) {
        lines.push(Line::styled("  a accepts what is known of it, with a reason", ctx.theme.style(Role::Muted)));
    }
    lines.push(Line::default());
    let room = usize::from(height).saturating_sub(lines.len() + 6).clamp(1, 12);
    lines.extend(rows(report, state, ctx, width, room, picture));
    lines.extend(list_heading(report, ctx, width));
    lines
}

fn look(light: Light) -> (Mark, Role) {
    match light {
        Light::Red => (Mark::Bad, Role::Bad),
        Light::Unknown => (Mark::Unknown, Role::Unknown),
        Light::Stale => (Mark::Stale, Role::Warn),
        Light::Running => (Mark::Running, Role::Muted),
        Light::Amber => (Mark::Warn, Role::Warn),
        Light::Green => (Mark::Good, Role::Good),
    }
}

fn badge(green: &Green, ctx: &Ctx) -> Span<'static> {
    let (mark, role) = look(green.light);
    let goes_on = if green.running && green.light == Light::Red { ", still running" } else { "" };
    Span::styled(format!("{} {}{goes_on}", ctx.theme.mark(mark), green.light.label()), ctx.theme.style(role))
}

fn verdict(green: &Green, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let badge = badge(green, ctx);
    let indent = cells(&badge.content) + 2;
    let mut why = wrap(&ascii(green.why.clone(), ctx), width.saturating_sub(indent).max(10)).into_iter();
    let first = Line::from(vec![badge, Span::raw(format!("  {}", why.next().unwrap_or_default()))]);
    let rest = why.map(|line| Line::raw(format!("{:indent$}{line}", "")));
    std::iter::once(first).chain(rest).collect()
}

/// What runs here, how far it is by what it printed, and the last line of that.
fn live(live: &Live, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (Some(source), Some(age)) = (&live.source, live.age(ctx.now)) else { return Vec::new() };
    let counts = [(live.counts.passed, "passed"), (live.counts.failed, "failed"), (live.counts.skipped, "skipped")];
    let told: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let told = if told.is_empty() { String::new() } else { format!(": {} so far", told.join(", ")) };
    let stop = if live.stopping { "stopping" } else { "T stops it" };
    let role = if live.counts.failed > 0 { Role::Bad } else { Role::Muted };
    let text = format!("{} {source} runs, {}{told}  {stop}", ctx.theme.mark(Mark::Running), clock(age));
    let first = Line::styled(ascii(fit(&text, width), ctx), ctx.theme.style(role));
    let last = live
        .lines()
        .next_back()
        .map(|line| Line::styled(ascii(fit(&format!("  {line}"), width), ctx), ctx.theme.style(Role::Muted)));
    std::iter::once(first).chain(last).collect()
}

/// What is missing after the first, which the verdict names.
fn reasons(green: &Green, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let others = green.missing.iter().skip(1);
    let mut lines: Vec<_> = others
        .take(REASONS)
        .map(|missing| {
            let (mark, role) = look(missing.light);
            let of_source = if missing.source.is_empty() { String::new() } else { format!("{}: ", missing.source) };
            let condition = missing.condition_name();
            let text = format!("  {} {of_source}{condition}: {}", ctx.theme.mark(mark), missing.what);
            Line::styled(ascii(fit(&text, width), ctx), ctx.theme.style(role))
        })
        .collect();
    let more = green.missing.len().saturating_sub(1 + REASONS);
    if more > 0 {
        lines.push(Line::styled(format!("    and {more} more"), ctx.theme.style(Role::Muted)));
    }
    lines
}

/// All runs of a source, or one of them.
struct Row<'a> {
    name: &'a str,
    runs: Vec<&'a Run>,
}

fn rows(report: &Report, state: &State, ctx: &Ctx, width: usize, room: usize, picture: Picture) -> Vec<Line<'static>> {
    let mut rows: Vec<Row> = Vec::new();
    for run in &report.runs {
        match rows.iter_mut().find(|row| row.name == run.name) {
            Some(row) => row.runs.push(run),
            None => rows.push(Row { name: &run.name, runs: vec![run] }),
        }
    }
    let more = rows.len().saturating_sub(room);
    let mut lines = Vec::new();
    for row in rows.iter().take(room) {
        lines.push(row_line(row, state, ctx, width, picture));
        let next = row.runs.iter().filter_map(|run| run.ci.as_ref()?.next.clone());
        let muted =
            |text: String| Line::styled(ascii(fit(&format!("    {text}"), width), ctx), ctx.theme.style(Role::Muted));
        lines.extend(next.map(muted));
    }
    if more > 0 {
        lines.push(Line::styled(format!("  and {more} more sources"), ctx.theme.style(Role::Muted)));
    }
    lines
}

/// `✓ unit      142 passed                3f9c1e2   41s ago`
fn row_line(row: &Row, state: &State, ctx: &Ctx, width: usize, picture: Picture) -> Line<'static> {
    let (mark, role) = row_look(row, state, ctx.now);
    let (mark, role) = match picture {
        Picture::Fresh => (mark, role),
        _ if mark == Mark::Good => (Mark::Stale, Role::Muted),
        _ => (mark, Role::Muted),
    };
    let narrow = width < NARROW;
    let tail = match (row_commit(row, state, narrow), row_age(row, ctx.now)) {
        (commit, age) if narrow => format!("{commit} {age:>3}"),
        (commit, age) => format!("{commit}  {age:>4} ago"),
    };
    let name_width = (width / 6).clamp(8, 24);
    let name = fit(row.name, name_width);
    let pad = " ".repeat(name_width - cells(&name));
    let room = width.saturating_sub(name_width + cells(&tail) + 5);
    let counts = fit(&row_counts(row, ctx.now), room);
    let gap = " ".repeat(room - cells(&counts) + 1);
    Line::from(vec![
        Span::styled(format!("{} ", ctx.theme.mark(mark)), ctx.theme.style(role)),
        Span::raw(ascii(format!("{name}{pad} "), ctx)),
        Span::styled(ascii(counts, ctx), ctx.theme.style(role)),
        Span::styled(format!("{gap} {tail}"), ctx.theme.style(Role::Muted)),
    ])
}

fn row_look(row: &Row, state: &State, now: Timestamp) -> (Mark, Role) {
    let relation = |run: &&Run| super::green::subject(run).relates_to(state.head());
    let any = |wanted: fn(&Run) -> bool| row.runs.iter().any(|run| wanted(run));
    let server = row.runs.iter().filter_map(|run| Some(run.ci.as_ref()?.light(now))).min().unwrap_or(Light::Green);
    if server != Light::Green {
        look(server)
    } else if any(|run| run.totals.bad() > 0 || run.exit_code.unwrap_or(0) != 0) {
        look(Light::Red)
    } else if any(|run| matches!(run.state, RunState::Writing | RunState::Running)) {
        look(Light::Running)
    } else if any(|run| !run.complete || run.claims_more) || row.runs.iter().all(|run| run.totals.executed() == 0) {
        look(Light::Unknown)
    } else if row.runs.iter().any(|run| matches!(relation(run), SubjectMatch::Other | SubjectMatch::SameTree)) {
        look(Light::Stale)
    } else if row.runs.iter().any(|run| relation(run) == SubjectMatch::Unattributed) {
        look(Light::Unknown)
    } else if any(|run| run.totals.flaky > 0) {
        look(Light::Amber)
    } else {
        look(Light::Green)
    }
}

fn row_counts(row: &Row, now: Timestamp) -> String {
    let mut totals = Totals::default();
    row.runs.iter().for_each(|run| totals.add(&run.totals));
    let writing = row.runs.iter().find(|run| run.state == RunState::Writing);
    let mut told: Vec<String> = Vec::new();
    match writing.map(|run| run.last_complete) {
        Some(Some(last)) => told.push(format!("writing, {} of {}", totals.tests, last.tests)),
        Some(None) => told.push(format!("writing, {} so far", totals.tests)),
        None => {}
    }
    let servers = || row.runs.iter().filter_map(|run| run.ci.as_deref());
    let progress = |ci: &Ci| ci.progress.filter(|at| at.done < at.total);
    told.extend(servers().filter_map(progress).map(|at| format!("{} of {} done", at.done, at.total)));
    told.extend(servers().filter_map(|ci| ci.silence.as_ref()).map(|silence| silence.short(now)).take(1));
    let is_plain = |run: &&&Run| !run.complete && run.state != RunState::Writing && run.ci.is_none();
    let bad_state = row.runs.iter().find(is_plain);
    told.extend(bad_state.map(|run| run.state.label().to_owned()));
    let counts = [
        (totals.bad(), "failed"),
        (totals.passed, "passed"),
        (totals.flaky, "flaky"),
        (totals.skipped + totals.disabled, "skipped"),
    ];
    told.extend(counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")));
    if let Some(attempt) = row.runs.iter().filter_map(|run| run.attempt).max().filter(|attempt| *attempt > 1) {
        told.push(format!("attempt {attempt}"));
    }
    if row.runs.len() > 1 {
        told.push(format!("{} reports", row.runs.len()));
    }
    told.join(", ")
}

fn row_commit(row: &Row, state: &State, narrow: bool) -> String {
    let first = row.runs.first().and_then(|run| run.subject.as_ref());
    let same = row.runs.iter().all(|run| run.subject.as_ref() == first);
    match first {
        Some(oid) if same && Some(oid) == state.head().commit.as_ref() => {
            if narrow {
                "HEAD".to_owned()
            } else {
                format!("{} = HEAD", oid.short())
            }
        }
        Some(oid) if same && narrow => oid.short().to_owned(),
        Some(oid) if same => format!("{} not HEAD", oid.short()),
        None if same => "unattributed".to_owned(),
        _ => "several commits".to_owned(),
    }
}

fn row_age(row: &Row, now: Timestamp) -> String {
    let newest = row.runs.iter().filter_map(|run| run.observed_at).max();
    let age = newest.map(|at| Duration::try_from(now.duration_since(at)).unwrap_or_default());
    age.map_or_else(|| "?".to_owned(), short)
}

fn list_heading(report: &Report, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (bad, flaky) = (report.totals.bad(), report.totals.flaky);
    let time = report.totals.duration_s.map_or_else(String::new, |s| format!(" in {s:.1} s"));
    let told = match (bad, flaky) {
        _ if report.totals.tests == 0 => return Vec::new(),
        (0, 0) => format!("{} tests{time}, none failed", report.totals.tests),
        (bad, 0) => format!("{bad} of {} tests failed{time}", report.totals.tests),
        (0, flaky) => format!("{} tests{time}, none failed, {flaky} flaky", report.totals.tests),
        (bad, flaky) => format!("{bad} of {} tests failed{time}, {flaky} flaky", report.totals.tests),
    };
    let warnings = match report.warnings.len() {
        0 => None,
        1 => Some("1 warning".to_owned()),
        n => Some(format!("{n} warnings")),
    };
    let warned = warnings.zip(report.warnings.first()).map(|(count, first)| {
        let text = format!("{} {count}: {}: {}", ctx.theme.mark(Mark::Warn), first.source, first.what);
        Line::styled(ascii(fit(&text, width), ctx), ctx.theme.style(Role::Warn))
    });
    let line = Line::styled(fit(&told, width), ctx.theme.style(Role::Muted));
    let compared = match &report.baseline {
        Some(comparison) => Some(super::baseline::sentence(comparison)),
        None if bad > 0 => Some("no baseline: whether production fails too is unknown".to_owned()),
        None => None,
    };
    let compared = compared.map(|text| Line::raw(ascii(fit(&text, width), ctx)));
    std::iter::once(Line::default()).chain(warned).chain(compared).chain([line]).collect()
}

/// An ellipsis that every terminal shows.
fn ascii(text: String, ctx: &Ctx) -> String {
    if ctx.theme.ascii { text.replace('…', "~") } else { text }
}

fn wrapped(line: &Line<'static>, width: usize) -> Vec<Line<'static>> {
    let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
    wrap(&text, width).into_iter().map(|part| Line::styled(part, line.style)).collect()
}

#[cfg(test)]
#[path = "pane_tests.rs"]
mod tests;
