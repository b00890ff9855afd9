//! The tests pane: the verdict and why, one row a source, then what failed.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::text::{Line, Span};

use super::model::{Ci, FlakyTest, Green, Light, Report, Run, RunState, Standing, State, TestFailure, Totals};
use crate::evidence::text::{fit, fit_end, width as cells};
use crate::evidence::{Picture, SubjectMatch};
use crate::ui::Ctx;
use crate::ui::pane::{Title, note, notice, short};
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
    let Some(report) = state.report.value() else { return lines };
    lines.extend(reasons(&green, ctx, width));
    lines.push(Line::default());
    let room = usize::from(height).saturating_sub(lines.len() + 6).clamp(1, 12);
    lines.extend(rows(report, state, ctx, width, room, picture));
    lines.extend(list_heading(report, ctx, width));
    lines
}

/// How many failures and flaky tests are listed.
pub fn len(state: &State) -> usize {
    state.report.value().map_or(0, |report| report.failures.len() + report.flaky.len())
}

/// A failure, or after them a flaky test.
pub fn item(state: &State, ctx: &Ctx, index: usize, width: u16) -> Line<'static> {
    let (mark, role, name, place) = match at(state, index) {
        Some(Item::Failure(failure)) => {
            let standing = failure.standing.map_or_else(String::new, |s| format!("{} ", s.label()));
            let mark = if failure.preexisting == Some(true) { Mark::Warn } else { Mark::Bad };
            let role = if failure.preexisting == Some(true) { Role::Warn } else { Role::Bad };
            (mark, role, format!("{standing}{}", failure_name(failure)), failure.location.clone().unwrap_or_default())
        }
        Some(Item::Flaky(test)) => (Mark::Warn, Role::Warn, flaky_name(test), "flaky".to_owned()),
        None => return Line::default(),
    };
    let width = usize::from(width).saturating_sub(2);
    let place = if width >= 60 { fit_end(&place, width / 3) } else { String::new() };
    let room = width.saturating_sub(cells(&place) + 1);
    let name = fit_end(&name, room);
    let gap = " ".repeat((width - cells(&place)).saturating_sub(cells(&name)));
    Line::from(vec![
        Span::styled(format!("{} ", ctx.theme.mark(mark)), ctx.theme.style(role)),
        Span::raw(ascii(name, ctx)),
        Span::styled(format!("{gap}{}", ascii(place, ctx)), ctx.theme.style(Role::Muted)),
    ])
}

/// What the filter looks at.
pub fn text(state: &State, index: usize) -> String {
    match at(state, index) {
        Some(Item::Failure(failure)) => format!("{} {} {}", failure.run, failure.suite, failure_name(failure)),
        Some(Item::Flaky(test)) => format!("{} {} {} flaky", test.run, test.suite, flaky_name(test)),
        None => String::new(),
    }
}

/// The whole message of a failure.
pub fn detail(state: &State, ctx: &Ctx, index: usize, width: u16) -> Vec<Line<'static>> {
    let width = usize::from(width);
    match at(state, index) {
        Some(Item::Failure(failure)) => failure_detail(failure, ctx, width),
        Some(Item::Flaky(test)) => {
            let role = ctx.theme.style(Role::Warn);
            let mut lines = vec![Line::styled(
                format!("{} flaky: passed at a later attempt only", ctx.theme.mark(Mark::Warn)),
                role,
            )];
            lines.extend(facts(
                &[("test", &test.name), ("class", &test.class), ("suite", &test.suite), ("source", &test.run)],
                width,
            ));
            lines
        }
        None => Vec::new(),
    }
}

fn failure_detail(failure: &TestFailure, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let kind = match failure.kind {
        super::model::FailureKind::Failure => "failed",
        super::model::FailureKind::Error => "ended by an error",
    };
    let mut lines = vec![Line::styled(format!("{} {kind}", ctx.theme.mark(Mark::Bad)), ctx.theme.style(Role::Bad))];
    let place = failure.location.as_deref().unwrap_or("not told by the report");
    let production = match failure.standing {
        Some(Standing::PreExisting) => "PRE-EXISTING: fails there for the same reason",
        Some(Standing::Changed) => "CHANGED: fails there for another reason",
        Some(Standing::New) => "NEW: does not fail there",
        None => "unknown: no baseline",
    };
    let told = [
        ("test", failure.name.as_str()),
        ("class", &failure.class),
        ("suite", &failure.suite),
        ("source", &failure.run),
        ("at", place),
        ("production", production),
    ];
    lines.extend(facts(&told, width));
    lines.push(Line::default());
    lines.extend(failure.message.lines().flat_map(|line| wrap(line, width)).map(Line::raw));
    lines
}

fn facts(told: &[(&str, &str)], width: usize) -> Vec<Line<'static>> {
    let said = told.iter().filter(|(_, value)| !value.is_empty());
    said.flat_map(|(key, value)| wrap(&format!("{key:<10} {value}"), width)).map(Line::raw).collect()
}

enum Item<'a> {
    Failure(&'a TestFailure),
    Flaky(&'a FlakyTest),
}

fn at(state: &State, index: usize) -> Option<Item<'_>> {
    let report = state.report.value()?;
    match index.checked_sub(report.failures.len()) {
        None => report.failures.get(index).map(Item::Failure),
        Some(after) => report.flaky.get(after).map(Item::Flaky),
    }
}

fn failure_name(failure: &TestFailure) -> String {
    full_name(&failure.class, &failure.suite, &failure.name)
}

fn flaky_name(test: &FlakyTest) -> String {
    full_name(&test.class, &test.suite, &test.name)
}

/// The class if there is one, else the suite; and the name.
fn full_name(class: &str, suite: &str, name: &str) -> String {
    let of = if class.is_empty() { suite } else { class };
    if of.is_empty() || of == name { name.to_owned() } else { format!("{of} > {name}") }
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

/// What is missing after the first, which the verdict names.
fn reasons(green: &Green, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let others = green.missing.iter().skip(1);
    let mut lines: Vec<_> = others
        .take(REASONS)
        .map(|missing| {
            let (mark, role) = look(missing.light);
            let of_source = if missing.source.is_empty() { String::new() } else { format!("{}: ", missing.source) };
            let text = format!("  {} {of_source}{}", ctx.theme.mark(mark), missing.what);
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
    } else if any(|run| run.state == RunState::Writing) {
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
    let compared = report.baseline.as_ref().map(|c| Line::raw(ascii(fit(&super::baseline::sentence(c), width), ctx)));
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

/// Lines of at most `limit` cells, broken at blanks where there are any.
fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(4);
    let mut lines = Vec::new();
    let mut rest = text;
    while cells(rest) > limit {
        let mut end = 0;
        let mut used = 0;
        for (at, c) in rest.char_indices() {
            used += cells(c.encode_utf8(&mut [0; 4]));
            if used > limit {
                break;
            }
            end = at + c.len_utf8();
        }
        let cut = rest[..end].rfind(' ').filter(|at| *at > end / 2).unwrap_or(end);
        lines.push(rest[..cut].to_owned());
        rest = rest[cut..].strip_prefix(' ').unwrap_or(&rest[cut..]);
    }
    lines.push(rest.to_owned());
    lines
}

#[cfg(test)]
#[path = "pane_tests.rs"]
mod tests;
