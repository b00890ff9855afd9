//! The stepper: how far a rollout is, in one line of steps, with what it waits for and what its own analysis says.

use std::time::Duration;

use ratatui::text::{Line, Span};

use super::model::{Act, Analysis, Phase, Rollout, Side};
use super::state::State;
use crate::evidence::Freshness;
use crate::evidence::text::{fit, width as cells};
use crate::ui::Ctx;
use crate::ui::pane::{clock, short, until};
use crate::ui::theme::{Mark, Role};

/// Rows from which there is room for everything.
const TALL: u16 = 24;
/// Rows from which the keys are told.
const ROOMY: u16 = 14;

/// What the rollback pane shows above its plan: nothing where no rollout is known, two lines where there is little
/// room, all of it where there is much.
pub fn lines(state: &State, ctx: &Ctx, width: u16, height: u16) -> Vec<Line<'static>> {
    let width = usize::from(width);
    let Some(rollout) = state.seen.value() else { return failed(state, ctx, width) };
    let mut lines = vec![head(state, rollout, ctx, width)];
    if !rollout.steps.is_empty() {
        lines.push(stepper(rollout, ctx, width));
    }
    lines.extend(waits(state, rollout, ctx, width));
    if height >= TALL {
        lines.extend(facts(rollout, ctx, width));
    }
    if height >= ROOMY {
        lines.extend(keys(state, ctx, width));
    }
    lines
}

fn failed(state: &State, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some(failure) = state.seen.failure() else { return Vec::new() };
    let text = format!("{} rollout: {}", ctx.theme.mark(Mark::Bad), failure.what);
    vec![Line::styled(fit(&text, width), ctx.theme.style(Role::Bad))]
}

/// What is rolled out, how it stands, its weights, and how old that is.
fn head(state: &State, rollout: &Rollout, ctx: &Ctx, width: usize) -> Line<'static> {
    let (mark, role) = style(rollout.phase);
    let dot = ctx.theme.pick("·", "-");
    let weight = match (rollout.desired, rollout.actual) {
        (Some(desired), Some(actual)) if desired == actual => format!(" {dot} {actual}%"),
        (Some(desired), Some(actual)) => format!(" {dot} {actual}% of {desired}%"),
        (Some(desired), None) => format!(" {dot} {desired}% wanted"),
        (None, Some(actual)) => format!(" {dot} {actual}%"),
        (None, None) => String::new(),
    };
    let step = match (rollout.current, rollout.steps.len()) {
        (Some(current), all) if all > 0 => format!(" {dot} step {}/{all}", (current + 1).min(all)),
        _ => String::new(),
    };
    let age = state.seen.evidence().map_or_else(String::new, |seen| short(seen.age(ctx.now)));
    let age = match state.seen.freshness(ctx.now) {
        Freshness::Fresh => format!(" {dot} {age} ago"),
        Freshness::Stale => format!(" {dot} STALE {age}"),
        _ => format!(" {dot} FAILED, {age} old"),
    };
    let text = format!("{} {} {}{step}{weight}{age}", ctx.theme.mark(mark), rollout.name, rollout.phase.label());
    let role = if state.seen.freshness(ctx.now) == Freshness::Fresh { role } else { Role::Warn };
    Line::styled(fit(&text, width), ctx.theme.style(role))
}

fn style(phase: Phase) -> (Mark, Role) {
    match phase {
        Phase::Healthy => (Mark::Good, Role::Good),
        Phase::Progressing => (Mark::Running, Role::Text),
        Phase::Paused => (Mark::Open, Role::Warn),
        Phase::Aborted | Phase::Failed => (Mark::Bad, Role::Bad),
        Phase::Unknown => (Mark::Unknown, Role::Unknown),
    }
}

/// `20% - pause - [50%] - 10m - 100%`: what is done is marked, what is under way stands in brackets. Where there is no
/// room the steps at the ends give way.
fn stepper(rollout: &Rollout, ctx: &Ctx, width: usize) -> Line<'static> {
    let current = rollout.current.unwrap_or(rollout.steps.len());
    let word = |(index, step): (usize, &String)| match index.cmp(&current) {
        std::cmp::Ordering::Less => (format!("{}{step}", ctx.theme.mark(Mark::Good)), Role::Good),
        std::cmp::Ordering::Equal => (format!("[{step}]"), Role::Focus),
        std::cmp::Ordering::Greater => (step.clone(), Role::Muted),
    };
    let words: Vec<(String, Role)> = rollout.steps.iter().enumerate().map(word).collect();
    let (first, last) = window(&words, current.min(words.len() - 1), width.saturating_sub(6));
    let more = ctx.theme.pick("…", "...");
    let mut spans = Vec::new();
    if first > 0 {
        spans.push(Span::styled(format!("{more} "), ctx.theme.style(Role::Muted)));
    }
    for (index, (text, role)) in words[first..=last].iter().enumerate() {
        if index > 0 {
            spans.push(Span::styled(" - ", ctx.theme.style(Role::Muted)));
        }
        spans.push(Span::styled(text.clone(), ctx.theme.style(*role)));
    }
    if last + 1 < words.len() {
        spans.push(Span::styled(format!(" {more}"), ctx.theme.style(Role::Muted)));
    }
    Line::from(spans)
}

/// The words around the one under way that fit into `width` cells.
fn window(words: &[(String, Role)], current: usize, width: usize) -> (usize, usize) {
    let (mut first, mut last) = (current, current);
    let mut used = cells(&words[current].0);
    loop {
        let left = first.checked_sub(1).filter(|index| used + 3 + cells(&words[*index].0) <= width);
        if let Some(index) = left {
            (first, used) = (index, used + 3 + cells(&words[index].0));
        }
        let right = Some(last + 1).filter(|index| words.get(*index).is_some_and(|it| used + 3 + cells(&it.0) <= width));
        if let Some(index) = right {
            (last, used) = (index, used + 3 + cells(&words[index].0));
        }
        if left.is_none() && right.is_none() {
            return (first, last);
        }
    }
}

/// What happens next, or what it waits for.
fn waits(state: &State, rollout: &Rollout, ctx: &Ctx, width: usize) -> Option<Line<'static>> {
    let say = |mark: Mark, role: Role, text: String| {
        Some(Line::styled(fit(&format!("{} {text}", ctx.theme.mark(mark)), width), ctx.theme.style(role)))
    };
    if let Some(pending) = &state.pending {
        let (what, left) = (&pending.order.step.name, pending.remaining().as_millis().div_ceil(1_000));
        return say(Mark::Running, Role::Warn, format!("{what} in {left} s: p or Esc takes it back"));
    }
    if let Some(act) = state.running {
        return say(Mark::Running, Role::Warn, format!("asked to {}, and looks whether it follows", act.label()));
    }
    if let Some(pause) = &rollout.pause {
        let since = pause.since.map_or(Duration::ZERO, |since| until(since, ctx.now));
        let text = match (pause.lasts, &pause.why) {
            (Some(lasts), _) => format!("goes on in {}", clock(lasts.saturating_sub(since))),
            (None, Some(why)) => format!("waits: {why}"),
            (None, None) => format!("waits for you, {} by now: p promotes, a aborts", short(since)),
        };
        return say(Mark::Open, Role::Warn, text);
    }
    let bad = rollout.analysis.iter().find(|it| it.counts[1] > 0);
    if let Some(it) = bad {
        return say(Mark::Warn, Role::Warn, analysis_words(it));
    }
    if rollout.message.is_empty() { None } else { say(Mark::Unknown, Role::Muted, rollout.message.clone()) }
}

/// The counters, the last value and what is left of the limit of a metric.
fn analysis_words(it: &Analysis) -> String {
    let [ok, failed, inconclusive, errors] = it.counts;
    let value = it.value.as_ref().map_or_else(String::new, |value| format!(" {value},"));
    let left = it.limit.map_or_else(String::new, |limit| format!(", {} more may fail", limit.saturating_sub(failed)));
    format!("{}:{value} {ok} ok, {failed} failed, {inconclusive} inconclusive, {errors} errors{left}", it.name)
}

fn facts(rollout: &Rollout, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let mut facts = Vec::new();
    for (name, side) in [("stable", &rollout.stable), ("canary", &rollout.canary)] {
        facts.extend(side_words(side).map(|words| format!("{name}: {words}")));
    }
    if let Some(pods) = rollout.pods {
        let counts = (pods.updated, pods.ready, pods.available, pods.desired);
        facts.push(format!("pods: {} updated, {} ready, {} available of {}", counts.0, counts.1, counts.2, counts.3));
    }
    facts.extend(rollout.analysis.iter().map(|it| format!("{} {}", it.phase, analysis_words(it)).trim().to_owned()));
    facts.extend(rollout.owner.iter().map(|owner| format!("{owner} keeps it as git says")));
    if !rollout.message.is_empty() {
        facts.push(rollout.message.clone());
    }
    facts.iter().map(|fact| Line::styled(fit(&format!("  {fact}"), width), ctx.theme.style(Role::Muted))).collect()
}

fn side_words(side: &Side) -> Option<String> {
    let revision = side.revision.as_ref().map(|revision| format!("revision {revision}"));
    let words: Vec<String> = revision.into_iter().chain(side.image.clone()).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// The keys that mean something now.
fn keys(state: &State, ctx: &Ctx, width: usize) -> Option<Line<'static>> {
    let can = |act: Act| state.order(act, ctx.now).is_ok();
    let space = state.pause_or_resume();
    let all = [("p", Act::Promote), ("P", Act::PromoteFully), ("space", space), ("a", Act::Abort)];
    let known: Vec<_> = all.into_iter().filter(|(_, act)| can(*act)).collect();
    let mut spans = Vec::new();
    for (key, act) in known {
        spans.push(Span::styled(key, ctx.theme.style(Role::Key)));
        spans.push(Span::raw(format!(" {}  ", act.label())));
    }
    let fits = spans.iter().map(Span::width).sum::<usize>() <= width;
    (fits && !spans.is_empty()).then(|| Line::from(spans))
}

/// What the armed letter would do: the lines above the foot of the overlay.
pub fn armed(state: &State, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some((order, caution)) = &state.armed else { return Vec::new() };
    let title = order.act.label().to_uppercase();
    let mut lines = vec![
        Line::styled(title, ctx.theme.style(Role::Bad)),
        Line::styled(fit(&format!("{}: {}", order.rollout, order.step.name), width), ctx.theme.style(Role::Focus)),
    ];
    if let Some(why) = caution {
        let text = format!("{} {why}", ctx.theme.mark(Mark::Bad));
        lines.push(Line::styled(fit(&text, width), ctx.theme.style(Role::Bad)));
    }
    if let Some(rollout) = state.seen.value() {
        lines.push(head(state, rollout, ctx, width));
        if !rollout.steps.is_empty() {
            lines.push(stepper(rollout, ctx, width));
        }
        lines.extend(facts(rollout, ctx, width));
    }
    let detail = fit(&format!("{}: {}", order.step.action.kind(), order.step.action.detail()), width);
    lines.push(Line::styled(detail, ctx.theme.style(Role::Muted)));
    lines
}

#[cfg(test)]
mod tests;
