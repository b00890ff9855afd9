//! The list of the pane: failures, the new ones first; flaky tests; the slowest ones; what a run printed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::text::{Line, Span};

use super::ascii;
use crate::evidence::text::{fit_end, width as cells, wrap};
use crate::test_results::model::{FailureKind, FlakyTest, Outcome, Run, Standing, State, TestFailure};
use crate::test_results::quarantine;
use crate::test_results::state::Slow;
use crate::ui::Ctx;
use crate::ui::theme::{Mark, Role};

enum Item<'a> {
    Failure(&'a TestFailure),
    Flaky(&'a FlakyTest),
    Slow(&'a Slow),
    Output,
}

/// How many items the list has.
pub fn len(state: &State) -> usize {
    let listed = state.report.value().map_or(0, |report| report.failures.len() + report.flaky.len());
    listed + state.slowest().len() + usize::from(state.live.lines().len() > 0)
}

fn at(state: &State, index: usize) -> Option<Item<'_>> {
    let (failures, flaky) = state.report.value().map_or((&[][..], &[][..]), |it| (&it.failures[..], &it.flaky[..]));
    let after_failures = index.checked_sub(failures.len());
    let after_flaky = after_failures.and_then(|index| index.checked_sub(flaky.len()));
    let after_slow = after_flaky.and_then(|index| index.checked_sub(state.slowest().len()));
    match (after_failures, after_flaky, after_slow) {
        (None, ..) => failures.get(index).map(Item::Failure),
        (Some(index), None, _) => flaky.get(index).map(Item::Flaky),
        (_, Some(index), None) => state.slowest().get(index).map(Item::Slow),
        (.., Some(0)) if state.live.lines().len() > 0 => Some(Item::Output),
        _ => None,
    }
}

/// Where the selected failure is: `file:line`.
pub fn place(state: &State, index: usize) -> Option<String> {
    match at(state, index)? {
        Item::Failure(failure) => failure.location.clone(),
        Item::Flaky(_) | Item::Slow(_) | Item::Output => None,
    }
}

/// The page for people of the run that the selected item is from; with nothing selected that of the gravest one.
pub fn page(state: &State, selected: Option<usize>, now: Timestamp) -> Option<String> {
    let report = state.report.value()?;
    let source = match selected.and_then(|index| at(state, index)) {
        Some(Item::Failure(failure)) => Some(failure.run.as_str()),
        Some(Item::Flaky(test)) => Some(test.run.as_str()),
        Some(Item::Slow(slow)) => Some(slow.run.as_str()),
        Some(Item::Output) | None => None,
    };
    let told = report.runs.iter().filter(|run| source.is_none_or(|source| run.name == source));
    let pages = told.filter_map(|run| Some((run.ci.as_ref()?.light(now), failed_page(run)?)));
    pages.min_by_key(|(light, _)| *light).map(|(_, page)| page)
}

/// The page of the check that failed, else that of the whole.
fn failed_page(run: &Run) -> Option<String> {
    let ci = run.ci.as_ref()?;
    let failed = ci.checks.iter().filter(|check| check.outcome == Outcome::Failed);
    failed.max_by_key(|check| check.required).and_then(|check| check.page.clone()).or_else(|| ci.page.clone())
}

/// A failure, or after them a flaky test, a slow one, or the output.
pub fn item(state: &State, ctx: &Ctx, index: usize, width: u16) -> Line<'static> {
    let (mark, role, name, place) = match at(state, index) {
        Some(Item::Failure(failure)) => {
            let standing = failure.standing.map_or_else(String::new, |s| format!("{} ", s.label()));
            let is_excused = failure.standing.is_some_and(Standing::excuses);
            let (mark, role) = if is_excused { (Mark::Warn, Role::Warn) } else { (Mark::Bad, Role::Bad) };
            (mark, role, format!("{standing}{}", failure_name(failure)), failure.location.clone().unwrap_or_default())
        }
        Some(Item::Flaky(test)) => (Mark::Warn, Role::Warn, flaky_name(test), flaky_times(state, test)),
        Some(Item::Slow(slow)) => (Mark::Open, Role::Muted, slow.name.clone(), format!("slow: {:.1} s", slow.seconds)),
        Some(Item::Output) => {
            let lines = state.live.lines().len();
            (Mark::Open, Role::Muted, "what the run printed".to_owned(), format!("{lines} lines"))
        }
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

/// `flaky`, or how often where more than one report has it.
fn flaky_times(state: &State, test: &FlakyTest) -> String {
    let flaky = state.report.value().map_or(&[][..], |report| &report.flaky);
    let mut times: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    flaky.iter().for_each(|it| *times.entry((&it.class, &it.name)).or_default() += 1);
    match times.get(&(test.class.as_str(), test.name.as_str())) {
        Some(n) if *n > 1 => format!("flaky, {n} times"),
        _ => "flaky".to_owned(),
    }
}

/// What the filter looks at.
pub fn text(state: &State, index: usize) -> String {
    match at(state, index) {
        Some(Item::Failure(failure)) => format!("{} {} {}", failure.run, failure.suite, failure_name(failure)),
        Some(Item::Flaky(test)) => format!("{} {} {} flaky", test.run, test.suite, flaky_name(test)),
        Some(Item::Slow(slow)) => format!("{} {} slow", slow.run, slow.name),
        Some(Item::Output) => state.live.lines().collect::<Vec<_>>().join("\n"),
        None => String::new(),
    }
}

/// The whole message of a failure, or all that is known of another item.
pub fn detail(state: &State, ctx: &Ctx, index: usize, width: u16) -> Vec<Line<'static>> {
    let width = usize::from(width);
    match at(state, index) {
        Some(Item::Failure(failure)) => failure_detail(state, failure, ctx, width),
        Some(Item::Flaky(test)) => flaky_detail(test, ctx, width),
        Some(Item::Slow(slow)) => {
            let time = format!("{:.3} s", slow.seconds);
            facts(&[("test", &slow.name), ("source", &slow.run), ("took", &time)], width)
        }
        Some(Item::Output) => output_detail(state, width),
        None => Vec::new(),
    }
}

fn output_detail(state: &State, width: usize) -> Vec<Line<'static>> {
    let ended = state.live.ended.clone().unwrap_or_else(|| "it runs".to_owned());
    let mut lines = facts(&[("command", &state.live.command), ("end", &ended)], width);
    lines.push(Line::default());
    lines.extend(state.live.lines().flat_map(|line| wrap(line, width)).map(Line::raw));
    lines
}

fn flaky_detail(test: &FlakyTest, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let how = if test.rerun { "failed in another run on this commit" } else { "passed at a later attempt only" };
    let first = format!("{} flaky: {how}", ctx.theme.mark(Mark::Warn));
    let mut lines = vec![Line::styled(first, ctx.theme.style(Role::Warn))];
    let told = [("test", test.name.as_str()), ("class", &test.class), ("suite", &test.suite), ("source", &test.run)];
    lines.extend(facts(&told, width));
    lines
}

fn failure_detail(state: &State, failure: &TestFailure, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let kind = match failure.kind {
        FailureKind::Failure => "failed",
        FailureKind::Error => "ended by an error",
    };
    let mut lines = vec![Line::styled(format!("{} {kind}", ctx.theme.mark(Mark::Bad)), ctx.theme.style(Role::Bad))];
    let place = failure.location.as_deref().unwrap_or("not told by the report");
    let quarantine = state.report.value().and_then(|report| quarantine::note(report, failure)).unwrap_or_default();
    let told = [
        ("test", failure.name.as_str()),
        ("class", &failure.class),
        ("suite", &failure.suite),
        ("source", &failure.run),
        ("at", place),
        ("production", in_production(failure)),
        ("quarantine", &quarantine),
    ];
    lines.extend(facts(&told, width));
    lines.push(Line::default());
    lines.extend(failure.message.lines().flat_map(|line| wrap(line, width)).map(Line::raw));
    lines
}

fn in_production(failure: &TestFailure) -> &'static str {
    match failure.standing {
        Some(Standing::PreExisting) => "PRE-EXISTING: fails there for the same reason",
        Some(Standing::Changed) => "CHANGED: fails there for another reason",
        Some(Standing::New) => "NEW: does not fail there",
        Some(Standing::Flaky) => "FLAKY: passed on the same commit as well",
        Some(Standing::Quarantined) => "QUARANTINED: allowed to fail for a while",
        Some(Standing::Expired) => "QUARANTINE EXPIRED: it counts again",
        None => "unknown: no baseline",
    }
}

fn facts(told: &[(&str, &str)], width: usize) -> Vec<Line<'static>> {
    let said = told.iter().filter(|(_, value)| !value.is_empty());
    said.flat_map(|(key, value)| wrap(&format!("{key:<10} {value}"), width)).map(Line::raw).collect()
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
