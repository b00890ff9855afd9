//! The pane: summary, files, commits and facts.

use std::borrow::Cow;

use ratatui::text::{Line, Span};

use super::diff::Shown;
use super::ladder::{Level, Rung};
use super::model::{Commit, Fact, FactState, FileChange, Report, Worktree};
use super::risk::Point;
use super::state::State;
use super::text as plain;
use crate::evidence::text::{fit, fit_end, width as cells, wrap};
use crate::evidence::{Freshness, Oid, Picture};
use crate::ui::Ctx;
use crate::ui::pane::{Title, note, short};
use crate::ui::theme::{Mark, Role};

mod head;
mod patch;

pub use head::head;
use patch::diff;
pub use patch::{hunks, missing};

const NEVER: &str = "not read yet: start hotfix inside a git repository";
const EMPTY: &str = "no change: HEAD is what runs in production";
/// Cells of the bar beside a file.
const BAR: usize = 8;

/// What the frame says: `v2.4.1 → 3f9c1e2`.
pub fn title(state: &State, ctx: &Ctx) -> Title {
    let subject = state.report.value().map_or_else(String::new, |report| {
        let production = report.production.reference.as_deref().unwrap_or("?");
        let head = report.head.oid.as_ref().map_or("no commit", Oid::short);
        format!("{} {} {head}", fit(production, 24), ctx.theme.pick("→", "->"))
    });
    Title { subject, note: note(&state.report, ctx) }
}

/// One line, where the pane itself has no room.
pub fn summary(state: &State, ctx: &Ctx) -> Line<'static> {
    let Some(report) = state.report.value() else { return Line::from(note(&state.report, ctx)) };
    let (mark, role) = worst(state).map_or((Mark::Good, Role::Good), |fact| look(fact.state));
    let mut text = match report.core_lines {
        Some(lines) => format!(
            "{}, {}",
            plain::count(lines, "core line"),
            plain::count(report.commits_total.unwrap_or(0), "commit")
        ),
        None => "size unknown".to_owned(),
    };
    if let Some(fact) = worst(state) {
        text = format!("{text} · {}: {}", fact.name, fact.why);
    }
    let style = ctx.theme.style(if is_doubtful(state, ctx) { Role::Muted } else { role });
    let age = note(&state.report, ctx);
    Line::from(vec![Span::styled(ascii(ctx, &format!("{} {text} · ", ctx.theme.mark(mark))), style), age])
}

/// The worst thing that is known to be wrong.
fn worst(state: &State) -> Option<Cow<'_, Fact>> {
    let mut wrong = wrong(state);
    wrong.retain(|fact| fact.state != FactState::Unknown);
    wrong.into_iter().next()
}

/// The facts that are not ok, worst first; unknown last, because most of these are only not set up.
fn wrong(state: &State) -> Vec<Cow<'_, Fact>> {
    let mut all = state.facts();
    all.retain(|fact| fact.state != FactState::Ok);
    all.sort_by_key(|fact| match fact.state {
        FactState::Bad => 0,
        FactState::Warn => 1,
        _ => 2,
    });
    all
}

fn look(state: FactState) -> (Mark, Role) {
    match state {
        FactState::Ok => (Mark::Good, Role::Good),
        FactState::Warn => (Mark::Warn, Role::Warn),
        FactState::Bad => (Mark::Bad, Role::Bad),
        FactState::Unknown => (Mark::Unknown, Role::Unknown),
    }
}

fn is_doubtful(state: &State, ctx: &Ctx) -> bool {
    matches!(state.report.freshness(ctx.now), Freshness::Stale | Freshness::Failed)
}

fn picture(state: &State, ctx: &Ctx) -> Picture {
    state.report.picture(ctx.now, |report| report.commits_total == Some(0) && report.changes.is_empty())
}

/// How many items the list has: files, commits, back-merge targets, points of risk, facts.
pub fn len(state: &State) -> usize {
    state.report.value().map_or(0, |report| {
        report.changes.len()
            + report.commits.len()
            + report.back_merge.len()
            + points(report).len()
            + fact_count(report)
    })
}

fn points(report: &Report) -> &[Point] {
    report.risk.as_ref().map_or(&[], |risk| &risk.points)
}

fn fact_count(report: &Report) -> usize {
    if report.facts.is_empty() { 0 } else { report.facts.len() + 1 }
}

/// An item of the list.
enum Item<'a> {
    File(&'a FileChange),
    Commit(&'a Commit),
    Rung(&'a Rung),
    Point(&'a Point),
    Fact(Cow<'a, Fact>),
}

fn at(state: &State, index: usize) -> Option<Item<'_>> {
    let report = state.report.value()?;
    let mut left = index;
    if let Some(change) = report.changes.get(left) {
        return Some(Item::File(change));
    }
    left -= report.changes.len();
    if let Some(commit) = report.commits.get(left) {
        return Some(Item::Commit(commit));
    }
    left -= report.commits.len();
    if let Some(rung) = report.back_merge.get(left) {
        return Some(Item::Rung(rung));
    }
    left -= report.back_merge.len();
    if let Some(point) = points(report).get(left) {
        return Some(Item::Point(point));
    }
    left -= points(report).len();
    state.facts().into_iter().nth(left).map(Item::Fact)
}

/// What Enter asks the source for: a file's or a commit's diff; nothing for a fact.
pub fn shown(state: &State, index: usize) -> Option<Shown> {
    match at(state, index)? {
        Item::File(change) => Some(Shown::File(change.path.clone())),
        Item::Commit(commit) => Some(Shown::Commit(commit.oid.clone())),
        Item::Rung(_) | Item::Point(_) | Item::Fact(_) => None,
    }
}

/// One item.
pub fn item(state: &State, ctx: &Ctx, index: usize, width: u16) -> Line<'static> {
    let width = usize::from(width);
    let line = match at(state, index) {
        Some(Item::File(change)) => file(state.report.value(), change, ctx, width),
        Some(Item::Commit(it)) => commit(it, ctx, width),
        Some(Item::Rung(it)) => rung(it, ctx, width),
        Some(Item::Point(it)) => point(it, ctx, width),
        Some(Item::Fact(it)) => fact(&it, ctx, width),
        None => Line::default(),
    };
    if is_doubtful(state, ctx) { line.patch_style(ctx.theme.style(Role::Muted)) } else { line }
}

/// What `/` looks at.
pub fn text(state: &State, index: usize) -> String {
    match at(state, index) {
        Some(Item::File(change)) => format!("{} {}", change.path, change.classes.join(" ")),
        Some(Item::Commit(it)) => format!("{} {} {}", it.oid, it.summary, it.author),
        Some(Item::Rung(it)) => format!("back-merge {} {}", it.target, it.why),
        Some(Item::Point(it)) => format!("risk {} {}", it.rule, it.why),
        Some(Item::Fact(it)) => format!("{} {} {} {}", it.id, it.name, it.state.label(), it.why),
        None => String::new(),
    }
}

/// `M +12 -4 ███▁ src/cart.rs  migration`
fn file(report: Option<&Report>, change: &FileChange, ctx: &Ctx, width: usize) -> Line<'static> {
    let most = report.into_iter().flat_map(|it| &it.changes).map(|it| it.insertions + it.deletions).max().unwrap_or(1);
    let counts =
        if change.binary { "binary".to_owned() } else { format!("+{} -{}", change.insertions, change.deletions) };
    let classes = match (change.core, change.classes.is_empty()) {
        (true, true) => String::new(),
        (false, true) => " not core".to_owned(),
        (_, false) => format!(" {}", change.classes.join(",")),
    };
    let classes = fit(&classes, width / 3);
    let (added, removed) = bar(change, most, ctx);
    let used = 2 + 10 + 1 + BAR + 1 + cells(&classes);
    let arrow = ctx.theme.pick(" ← ", " <- ");
    let path = match &change.old_path {
        Some(old) if cells(old) + cells(&change.path) + 3 <= width.saturating_sub(used) => {
            format!("{}{arrow}{old}", change.path)
        }
        _ => change.path.clone(),
    };
    let path = ascii(ctx, &fit_end(&path, width.saturating_sub(used)));
    let blank = " ".repeat(BAR - cells(&added) - cells(&removed) + 1);
    let style = |role| ctx.theme.style(role);
    let is_sensitive = change.classes.iter().any(|class| {
        !matches!(
            class.as_str(),
            "test" | "docs" | "changelog" | "lockfile" | "generated" | "vendored" | "moved" | "whitespace" | "version"
        )
    });
    Line::from(vec![
        Span::raw(format!("{} ", plain::letter(change.status))),
        Span::raw(format!("{counts:>10} ")),
        Span::styled(added, style(Role::Added)),
        Span::styled(removed, style(Role::Removed)),
        Span::raw(blank),
        Span::styled(path, style(if change.core { Role::Text } else { Role::Muted })),
        Span::styled(classes, style(if is_sensitive { Role::Warn } else { Role::Muted })),
    ])
}

/// Added and removed lines as two runs of signs, on one scale for all files.
fn bar(change: &FileChange, most: u64, ctx: &Ctx) -> (String, String) {
    let all = change.insertions + change.deletions;
    if all == 0 {
        return (String::new(), String::new());
    }
    let length = (all * BAR as u64).div_ceil(most.max(1)).min(BAR as u64) as usize;
    let added = ((change.insertions * length as u64 * 2 + all) / (all * 2)) as usize;
    let added = added.clamp(
        usize::from(change.insertions > 0 && length > 1),
        length - usize::from(change.deletions > 0 && length > 1),
    );
    (ctx.theme.pick("+", "+").repeat(added), ctx.theme.pick("-", "-").repeat(length - added))
}

/// `3f9c1e2 12:04 Fix the cart · ana  FOREIGN`
fn commit(it: &Commit, ctx: &Ctx, width: usize) -> Line<'static> {
    let (word, role) = match (it.foreign, it.merge) {
        (true, _) => (format!(" {} FOREIGN", ctx.theme.mark(Mark::Bad)), Role::Bad),
        (_, true) => (format!(" {} merge", ctx.theme.mark(Mark::Warn)), Role::Warn),
        _ => (String::new(), Role::Text),
    };
    let author = it.author.split(" <").next().unwrap_or_default();
    let author = format!(" {} {}", ctx.theme.pick("·", "-"), fit(author, 16));
    let time = it.time.strftime("%m-%d %H:%M").to_string();
    let used = 8 + 12 + cells(&author) + cells(&word);
    Line::from(vec![
        Span::styled(format!("{} ", it.oid.short()), ctx.theme.style(Role::Key)),
        Span::styled(format!("{time} "), ctx.theme.style(Role::Muted)),
        Span::raw(ascii(ctx, &fit(&it.summary, width.saturating_sub(used)))),
        Span::styled(ascii(ctx, &author), ctx.theme.style(Role::Muted)),
        Span::styled(word, ctx.theme.style(role)),
    ])
}

/// `▲ back-merge develop: MISSING: conflicts in 1 file`
fn rung(it: &Rung, ctx: &Ctx, width: usize) -> Line<'static> {
    let (mark, role) = rung_look(it);
    let lead = format!("{} back-merge ", ctx.theme.mark(mark));
    let text = format!("{}: {}", it.target, it.why);
    let text = ascii(ctx, &fit(&text, width.saturating_sub(cells(&lead))));
    Line::from(vec![Span::styled(lead, ctx.theme.style(role)), Span::raw(text)])
}

fn rung_look(it: &Rung) -> (Mark, Role) {
    match it.level {
        None => (Mark::Unknown, Role::Unknown),
        Some(level) if level.is_done() => (Mark::Good, Role::Good),
        Some(_) => (Mark::Warn, Role::Warn),
    }
}

/// `risk +12  touches a database migration or schema: db/migrate/1.sql`
fn point(it: &Point, ctx: &Ctx, width: usize) -> Line<'static> {
    let lead = format!("risk {:+3}  ", it.points);
    let text = ascii(ctx, &fit(&it.why, width.saturating_sub(cells(&lead))));
    Line::from(vec![Span::styled(lead, ctx.theme.style(Role::Muted)), Span::raw(text)])
}

/// `✗ bad     G10 foreign: 2 commits of somebody else's work …`
fn fact(it: &Fact, ctx: &Ctx, width: usize) -> Line<'static> {
    let (mark, role) = look(it.state);
    let state = format!("{} {:<7} ", ctx.theme.mark(mark), it.state.label());
    let text = format!("{} {}: {}", it.id, it.name, it.why);
    let text = ascii(ctx, &fit(&text, width.saturating_sub(cells(&state))));
    Line::from(vec![Span::styled(state, ctx.theme.style(role)), Span::raw(text)])
}

/// Our own signs in ASCII; what comes from outside stays as it is.
fn ascii(ctx: &Ctx, text: &str) -> String {
    if !ctx.theme.ascii {
        return text.to_owned();
    }
    text.replace(['·', '…'], "~").replace('→', "->").replace('←', "<-").replace(" ~ ", " - ")
}

/// What Enter opens: the diff of a file or a commit, or all of a fact.
pub fn detail(state: &State, ctx: &Ctx, index: usize, width: u16) -> Vec<Line<'static>> {
    match at(state, index) {
        Some(Item::Fact(it)) => whole_fact(&it, ctx, usize::from(width)),
        Some(Item::Rung(it)) => whole_rung(it, ctx, usize::from(width)),
        Some(Item::Point(it)) => {
            let head = Line::raw(format!("{:+} {}", it.points, it.rule));
            let why = wrap(&ascii(ctx, &it.why), usize::from(width));
            std::iter::once(head).chain(why.into_iter().map(Line::raw)).collect()
        }
        Some(Item::File(change)) => {
            let mut lines = vec![file(state.report.value(), change, ctx, usize::from(width))];
            lines.extend(diff(state, ctx, &Shown::File(change.path.clone())));
            lines
        }
        Some(Item::Commit(it)) => {
            let mut lines = vec![commit(it, ctx, usize::from(width)), Line::raw(format!("{} {}", it.oid, it.author))];
            lines.extend(diff(state, ctx, &Shown::Commit(it.oid.clone())));
            lines
        }
        None => Vec::new(),
    }
}

fn whole_fact(it: &Fact, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (mark, role) = look(it.state);
    let head = format!("{} {} · {} {}", ctx.theme.mark(mark), it.state.label(), it.id, it.name);
    let mut lines = vec![Line::styled(ascii(ctx, &head), ctx.theme.style(role)), Line::raw(ascii(ctx, &it.value))];
    lines.extend(wrap(&ascii(ctx, &it.why), width).into_iter().map(Line::raw));
    lines
}

fn whole_rung(it: &Rung, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (mark, role) = rung_look(it);
    let level = it.level.map_or("unknown", Level::label);
    let head = format!("{} {level} · {}", ctx.theme.mark(mark), it.target);
    let mut lines = vec![Line::styled(ascii(ctx, &head), ctx.theme.style(role))];
    lines.extend(wrap(&ascii(ctx, &it.why), width).into_iter().map(Line::raw));
    lines.extend(it.paths.iter().map(|path| Line::raw(ascii(ctx, &fit_end(path, width)))));
    let advice = it.advice().map(|advice| wrap(&ascii(ctx, advice), width)).unwrap_or_default();
    lines.extend(advice.into_iter().map(|line| Line::styled(line, ctx.theme.style(Role::Key))));
    lines
}

/// The age of what is told of the work tree, with a word when it cannot be relied on.
fn worktree_note(state: &State, ctx: &Ctx) -> String {
    let Some(evidence) = state.worktree.evidence() else { return String::new() };
    match state.worktree.freshness(ctx.now) {
        Freshness::Fresh => String::new(),
        Freshness::Failed => format!(" (FAILED, {} old)", short(evidence.age(ctx.now))),
        _ => format!(" (STALE, {} old)", short(evidence.age(ctx.now))),
    }
}

fn worktree_words(state: &State, ctx: &Ctx) -> String {
    let known: Option<&Worktree> = state.worktree.value();
    match (known, state.worktree.failure()) {
        (Some(it), _) => format!("{}{}", plain::work_tree(Ok(it)), worktree_note(state, ctx)),
        (None, Some(failure)) => format!("unknown: {}", failure.what),
        (None, None) => "reading".to_owned(),
    }
}

#[cfg(test)]
#[path = "pane_tests.rs"]
mod tests;
