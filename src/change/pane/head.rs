//! The top of the pane: is it only the fix, is it built on production, how large and how risky is it.

use ratatui::text::{Line, Span};

use super::{EMPTY, NEVER, ascii, is_doubtful, look, picture, worktree_words, wrong};
use crate::change::model::{FactState, Report};
use crate::change::state::State;
use crate::change::text as plain;
use crate::evidence::text::{fit, width as cells};
use crate::ui::Ctx;
use crate::ui::pane::notice;
use crate::ui::theme::{Mark, Role};

/// Core lines that fill the bar, where the limits are not at hand.
const LIMIT: u64 = 200;

/// The top of the pane, which does not scroll: at most half of its height.
pub fn head(state: &State, ctx: &Ctx, width: u16, height: u16) -> Vec<Line<'static>> {
    let width = usize::from(width);
    let mut lines = notice(picture(state, ctx), state.report.failure(), NEVER, EMPTY, ctx);
    let Some(report) = state.report.value() else { return lines };
    let room = usize::from(height / 2).max(4);
    let mut told = vec![size(report, ctx, width)];
    told.extend(risk(report, ctx, width));
    told.extend(report.releases.iter().map(|it| row("compare", &it.sentence(), ctx, width)));
    let chain = state.continuity.as_ref().filter(|chain| chain.head.is_some());
    told.extend(chain.map(|chain| row("chain", &chain.row(), ctx, width)));
    let rest = [
        ("commits", plain::commits(report)),
        ("base", base(report)),
        ("pushed", plain::upstream(report)),
        ("tree", worktree_words(state, ctx)),
    ];
    let left = room.saturating_sub(lines.len() + told.len() + rest.len()).max(2);
    told.extend(facts(state, report, ctx, width, left));
    told.extend(rest.map(|(name, text)| row(name, &text, ctx, width)));
    if is_doubtful(state, ctx) {
        told = told.into_iter().map(|line| line.patch_style(ctx.theme.style(Role::Muted))).collect();
    }
    lines.extend(told);
    lines
}

fn row(name: &str, text: &str, ctx: &Ctx, width: usize) -> Line<'static> {
    let text = ascii(ctx, &fit(text, width.saturating_sub(8)));
    Line::from(vec![Span::styled(format!("{name:<8}"), ctx.theme.style(Role::Muted)), Span::raw(text)])
}

/// `size    ██████░░░░ 120 of 200 core · 14 files +140 -22`
fn size(report: &Report, ctx: &Ctx, width: usize) -> Line<'static> {
    let (Some(size), Some(core)) = (report.size, report.core_lines) else {
        return row("size", &format!("unknown: {}", report.production.how), ctx, width);
    };
    let limit = report.limits.map_or(LIMIT, |limits| limits.core_lines).max(1);
    let length = (width / 5).clamp(6, 20);
    let filled = ((core * length as u64).div_ceil(limit) as usize).min(length);
    let (role, mark) = if core > limit { (Role::Warn, " OVER") } else { (Role::Good, "") };
    let bar = ctx.theme.pick("█", "#").repeat(filled);
    let rest = ctx.theme.pick("░", ".").repeat(length - filled);
    let about = if report.core_is_estimate { "at most " } else { "" };
    let tests = report.test_lines.unwrap_or(0);
    let words = format!(
        " {about}{core} of {limit} core{mark} · {} +{} -{} · tests {tests}",
        plain::count(size.files, "file"),
        size.insertions,
        size.deletions
    );
    let words = ascii(ctx, &fit(&words, width.saturating_sub(8 + length)));
    Line::from(vec![
        Span::styled("size    ", ctx.theme.style(Role::Muted)),
        Span::styled(bar, ctx.theme.style(role)),
        Span::styled(rest, ctx.theme.style(Role::Muted)),
        Span::raw(words),
    ])
}

/// `risk    moderate 18: touches a database migration …`
fn risk(report: &Report, ctx: &Ctx, width: usize) -> Option<Line<'static>> {
    let risk = report.risk.as_ref()?;
    let worst = risk.points.iter().max_by_key(|point| point.points);
    let partial = if risk.partial { " (partial)" } else { "" };
    let why = worst.map_or_else(String::new, |point| format!(": {} {:+}", point.why, point.points));
    let role = match risk.score {
        0..=14 => Role::Good,
        15..=34 => Role::Text,
        35..=59 => Role::Warn,
        _ => Role::Bad,
    };
    let mut line = row("risk", &format!("{} {}{partial}{why}", risk.band.label(), risk.score), ctx, width);
    line.spans[1].style = ctx.theme.style(role);
    Some(line)
}

fn base(report: &Report) -> String {
    let name = report.production.reference.as_deref().unwrap_or("production");
    match report.fact("G08") {
        Some(fact) => fact.why.clone(),
        None if report.production.oid.is_none() => "production is unknown".into(),
        None if report.merge_base == report.production.oid => format!("it is built on {name}"),
        None => format!("it is not built on {name}"),
    }
}

/// The facts that are not ok; those that are only unknown are counted when there is no room.
fn facts(state: &State, report: &Report, ctx: &Ctx, width: usize, room: usize) -> Vec<Line<'static>> {
    let all = wrong(state);
    if all.is_empty() {
        let (mark, text) = if report.facts.is_empty() {
            (Mark::Running, "facts are worked out")
        } else {
            (Mark::Good, "every fact is ok")
        };
        return vec![Line::raw(format!("{} {text}", ctx.theme.mark(mark)))];
    }
    let known: Vec<_> = all.iter().filter(|fact| fact.state != FactState::Unknown).collect();
    let fits = if known.len() > room { room.saturating_sub(1).max(1) } else { known.len() };
    let mut lines: Vec<Line<'static>> = known.iter().take(fits).map(|fact| fact_line(fact, ctx, width)).collect();
    let more = known.len() - fits;
    let unknown = all.len() - known.len();
    let mut rest = Vec::new();
    if more > 0 {
        rest.push(format!("{more} more to look at"));
    }
    if unknown > 0 {
        rest.push(format!("{unknown} unknown"));
    }
    if !rest.is_empty() && lines.len() < room {
        let text = format!("{} {} (at the end of the list)", ctx.theme.mark(Mark::Unknown), rest.join(", "));
        lines.push(Line::styled(fit(&text, width), ctx.theme.style(Role::Unknown)));
    }
    lines
}

fn fact_line(fact: &crate::change::model::Fact, ctx: &Ctx, width: usize) -> Line<'static> {
    let (mark, role) = look(fact.state);
    let lead = format!("{} {} {}: ", ctx.theme.mark(mark), fact.state.label(), fact.name);
    let why = ascii(ctx, &fit(&fact.why, width.saturating_sub(cells(&lead))));
    Line::from(vec![Span::styled(lead, ctx.theme.style(role)), Span::raw(why)])
}
