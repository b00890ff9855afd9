//! The pane: what a rollback would undo, whether it is ready, and how far a running one came.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::execution::{Execution, StepStatus, step_word};
use super::model::{Class, Plan, Step};
use super::rollout::lines as rollout;
use super::state::{Readiness, State};
use crate::evidence::text::{fit, width as cells, wrap};
use crate::evidence::{Freshness, Picture};
use crate::incident::{RollbackEnd, StepState};
use crate::ui::Ctx;
use crate::ui::pane::{Title, clock, notice, short, until};
use crate::ui::theme::{Mark, Role};

pub(super) mod conditions;
mod keys;

/// What the pane says when there is no `[rollback]`.
const NEVER: &str = "not set up: add [rollback] to hotfix.toml";

/// What the frame says.
pub fn title(state: &State, ctx: &Ctx) -> Title {
    let subject = match (state.shown(), state.plan.value()) {
        (Some(execution), _) => format!("to {}", execution.target),
        (None, Some(plan)) => format!("to {} {} {}", plan.to.reference, dot(ctx), plan.class.label()),
        (None, None) => String::new(),
    };
    Title { subject, note: note(state, ctx) }
}

fn note(state: &State, ctx: &Ctx) -> Span<'static> {
    let span = |mark: Mark, text: &str, role: Role| {
        Span::styled(format!("{} {text}", ctx.theme.mark(mark)), ctx.theme.style(role))
    };
    if let Some(execution) = state.shown().filter(|_| !state.running && state.held.is_none()) {
        let (mark, role) = execution.end.as_ref().map_or((Mark::Unknown, Role::Unknown), |ended| end_style(ended.end));
        let word = match execution.end.as_ref().map(|ended| ended.end) {
            Some(RollbackEnd::Verified) => "verified",
            Some(RollbackEnd::IssuedNotVerified) => "NOT VERIFIED",
            Some(RollbackEnd::Failed) => "FAILED",
            Some(RollbackEnd::Stopped) => "STOPPED",
            None => "INTERRUPTED",
        };
        return span(mark, word, role);
    }
    match (state.readiness(ctx.now), state.plan.freshness(ctx.now)) {
        (Readiness::Running, _) => span(Mark::Running, "running", Role::Warn),
        (Readiness::Ready, _) => span(Mark::Good, &format!("ready {}", age(state, ctx)), Role::Good),
        (Readiness::NotReady(_), _) => span(Mark::Bad, &format!("NOT READY {}", age(state, ctx)), Role::Bad),
        (_, Freshness::Loading) => span(Mark::Running, "loading", Role::Muted),
        (_, Freshness::Failed) => span(Mark::Bad, "FAILED", Role::Bad),
        _ => Span::styled("no data", ctx.theme.style(Role::Muted)),
    }
}

/// How long ago the plan was prepared, and its conditions were seen.
fn age(state: &State, ctx: &Ctx) -> String {
    state.plan.evidence().map_or_else(String::new, |evidence| format!("{} ago", short(evidence.age(ctx.now))))
}

/// One line, where the pane has no room.
pub fn summary(state: &State, ctx: &Ctx) -> Line<'static> {
    if let Some(execution) = state.shown() {
        let (text, style) = headline(state, execution, ctx);
        return Line::styled(text, style);
    }
    let Title { subject, note } = title(state, ctx);
    let subject = if subject.is_empty() { "rollback".to_owned() } else { format!("rollback {subject}") };
    Line::from(vec![Span::raw(format!("{subject}  ")), note])
}

/// The top of the pane.
pub fn head(state: &State, ctx: &Ctx, width: u16, height: u16) -> Vec<Line<'static>> {
    let width = usize::from(width);
    let mut lines = rollout::lines(&state.rollout, ctx, width as u16, height);
    lines.extend(match state.shown() {
        Some(execution) => run_lines(state, execution, ctx, width),
        None => plan_lines(state, ctx, width),
    });
    if let Some(said) = &state.said {
        lines.extend(wrapped(&format!("{} {said}", ctx.theme.mark(Mark::Warn)), width, 3, ctx.theme.style(Role::Warn)));
    }
    let keys = keys::lines(state, ctx, width);
    // At least half of the pane is for the steps, and what can be done now is always there.
    let room = usize::from(height).div_ceil(2).max(4);
    lines.truncate(room.saturating_sub(keys.len()));
    lines.extend(keys);
    lines
}

fn plan_lines(state: &State, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let mut lines = match state.plan.picture(ctx.now, |_| false) {
        // The sentences of a failure are long, and each word of them counts.
        Picture::Failed => failure_lines(state, ctx, width),
        picture => notice(picture, None, NEVER, "", ctx),
    };
    if let Some(why) = &state.called_for {
        let text = format!("{} {why}", ctx.theme.mark(Mark::Bad));
        lines.extend(wrapped(&text, width, 2, ctx.theme.style(Role::Bad)));
    }
    let Some(plan) = state.plan.value() else { return lines };
    lines.extend(readiness_line(state, ctx, width));
    lines.extend(way_line(state, ctx, width));
    lines.extend(conditions::lines(state, ctx, width));
    lines.push(undoes_line(plan, ctx));
    lines.extend(class_line(plan, ctx, width));
    for warning in &plan.warnings {
        lines.extend(wrapped(
            &format!("{} {warning}", ctx.theme.mark(Mark::Warn)),
            width,
            2,
            ctx.theme.style(Role::Warn),
        ));
    }
    lines
}

/// Which of several ways is proposed, and why.
fn way_line(state: &State, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some(choice) = state.choice.value().filter(|choice| choice.ways.len() > 1) else { return Vec::new() };
    let name = state.way().map_or("", |way| way.name.as_str());
    wrapped(&format!("by {name}: {}", choice.why(state.at())), width, 2, ctx.theme.style(Role::Text))
}

fn failure_lines(state: &State, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let lines = notice(Picture::Failed, state.plan.failure(), NEVER, "", ctx);
    let texts = lines.iter().map(|line| (line.to_string(), line.style));
    texts.flat_map(|(text, style)| wrapped(&text, width, 4, style)).collect()
}

/// Ready, or why not; with the age of the plan.
pub(super) fn readiness_line(state: &State, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (mark, role, text) = match state.readiness(ctx.now) {
        Readiness::Ready => (Mark::Good, Role::Good, "ready".to_owned()),
        Readiness::Running => {
            let by = state.held.as_ref().map_or_else(String::new, |by| format!(" elsewhere: {by}"));
            (Mark::Running, Role::Warn, format!("a rollback runs{by}"))
        }
        Readiness::NotReady(why) | Readiness::NoPlan(why) => (Mark::Bad, Role::Bad, format!("NOT READY: {why}")),
    };
    let text = format!("{} {text} {} prepared {}", ctx.theme.mark(mark), dot(ctx), age(state, ctx));
    wrapped(&text, width, 3, ctx.theme.style(role))
}

/// How much it undoes.
pub(super) fn undoes_line(plan: &Plan, ctx: &Ctx) -> Line<'static> {
    let (all, flagged) = (plan.undoes.len(), plan.flagged().count());
    let plural = if all == 1 { "" } else { "s" };
    let role = if flagged > 0 { Role::Warn } else { Role::Text };
    Line::styled(format!("undoes {all} commit{plural}, {flagged} flagged"), ctx.theme.style(role))
}

fn class_line(plan: &Plan, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (mark, role, text) = class_words(plan.class);
    wrapped(&format!("{} {}: {text}", ctx.theme.mark(mark), plan.class.label()), width, 2, ctx.theme.style(role))
}

/// What a class means.
pub(super) fn class_words(class: Class) -> (Mark, Role, &'static str) {
    match class {
        Class::Clean => (Mark::Good, Role::Good, "git sees nothing that would stay behind"),
        Class::Compensating => (Mark::Warn, Role::Warn, "something is left to be done by hand"),
        Class::Unsafe => (Mark::Bad, Role::Bad, "schema or data changed: old code may not run on it"),
    }
}

fn run_lines(state: &State, execution: &Execution, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (text, style) = headline(state, execution, ctx);
    let mut lines = wrapped(&text, width, 2, style);
    if let Some(ended) = &execution.end {
        lines.extend(wrapped(&ended.detail, width, 4, ctx.theme.style(Role::Text)));
    }
    if let Some(seen) = &state.looking {
        lines.extend(wrapped(&format!("looking: {seen}"), width, 2, ctx.theme.style(Role::Muted)));
    }
    if let Some(by) = &state.held {
        lines.extend(wrapped(
            &format!("{} runs elsewhere: {by}", ctx.theme.mark(Mark::Running)),
            width,
            3,
            ctx.theme.style(Role::Warn),
        ));
    }
    if execution.unjournaled {
        let text = format!("{} UNJOURNALED: the journal does not hold all of this", ctx.theme.mark(Mark::Bad));
        lines.extend(wrapped(&text, width, 2, ctx.theme.style(Role::Bad)));
    }
    lines
}

fn headline(state: &State, execution: &Execution, ctx: &Ctx) -> (String, Style) {
    let target = &execution.target;
    let (mark, role, text) = match &execution.end {
        Some(ended) => {
            let (mark, role) = end_style(ended.end);
            (mark, role, format!("{} {} ago", end_words(ended.end), short(until(ended.at, ctx.now))))
        }
        None if state.running => {
            let (done, all) = execution.done();
            let time = clock(until(execution.fired_at, ctx.now));
            let stop = if state.stopping { ", stops after this step" } else { "" };
            (Mark::Running, Role::Warn, format!("ROLLING BACK to {target} {time}, {done} of {all} steps done{stop}"))
        }
        None if state.held.is_some() => {
            let (done, all) = execution.done();
            (Mark::Running, Role::Warn, format!("rolling back to {target}, {done} of {all} steps done"))
        }
        None => {
            let text = format!("INTERRUPTED: rollback to {target}, fired by {}", execution.by);
            (Mark::Unknown, Role::Unknown, text)
        }
    };
    (format!("{} {text}", ctx.theme.mark(mark)), ctx.theme.style(role))
}

fn end_words(end: RollbackEnd) -> String {
    match end {
        RollbackEnd::Verified => end.label().to_owned(),
        _ => end.label().to_uppercase(),
    }
}

fn end_style(end: RollbackEnd) -> (Mark, Role) {
    match end {
        RollbackEnd::Verified => (Mark::Good, Role::Good),
        RollbackEnd::IssuedNotVerified => (Mark::Unknown, Role::Unknown),
        RollbackEnd::Failed => (Mark::Bad, Role::Bad),
        RollbackEnd::Stopped => (Mark::Warn, Role::Warn),
    }
}

/// The steps, then what they printed.
pub fn len(state: &State) -> usize {
    step_count(state) + state.output.len()
}

fn step_count(state: &State) -> usize {
    match state.shown() {
        Some(execution) => execution.steps.len(),
        None => state.plan.value().map_or(0, |plan| plan.steps.len()),
    }
}

/// One step, or one printed line.
pub fn item(state: &State, ctx: &Ctx, index: usize, width: u16) -> Line<'static> {
    let width = usize::from(width);
    if let Some(line) = index.checked_sub(step_count(state)).and_then(|at| state.output.line(at)) {
        return Line::styled(fit(&format!("{} {line}", ctx.theme.pick("│", "|")), width), ctx.theme.style(Role::Muted));
    }
    let step = step_at(state, index);
    match (state.shown().and_then(|execution| execution.steps.get(index)), step) {
        (Some(status), _) => status_line(status, index, state.running || state.held.is_some(), ctx, width),
        (None, Some(step)) => step_line(step, index, ctx, width),
        (None, None) => Line::default(),
    }
}

fn step_at(state: &State, index: usize) -> Option<&Step> {
    let plan = state.shown().map_or_else(|| state.plan.value(), |execution| execution.plan.as_ref());
    plan?.steps.get(index)
}

/// A step that was not fired: what it would do.
pub(super) fn step_line(step: &Step, index: usize, ctx: &Ctx, width: usize) -> Line<'static> {
    let lead = format!("{} {} {}", ctx.theme.mark(Mark::Open), index + 1, step.name);
    let mut rest = format!("  {}", step.action.detail());
    if step.irreversible {
        rest.insert_str(0, "  IRREVERSIBLE");
    }
    two_parts(&lead, &rest, ctx, width, Role::Text)
}

/// A step that was fired: how far it came.
pub(super) fn status_line(status: &StepStatus, index: usize, running: bool, ctx: &Ctx, width: usize) -> Line<'static> {
    let (mark, role) = state_style(status.state);
    let under_way = matches!(status.state, StepState::Intent | StepState::Issued);
    let (mark, role, word) = match under_way && !running {
        true => (Mark::Unknown, Role::Unknown, "UNKNOWN"),
        false => (mark, role, step_word(status.state)),
    };
    let lead = format!("{} {word:<8} {} {}", ctx.theme.mark(mark), index + 1, status.name);
    let rest = match (&status.detail, status.begun_at) {
        (_, Some(begun)) if under_way && running => format!("  {}", clock(until(begun, ctx.now))),
        (Some(detail), _) => format!("  {detail}"),
        (None, _) => String::new(),
    };
    two_parts(&lead, &rest, ctx, width, role)
}

fn state_style(state: StepState) -> (Mark, Role) {
    match state {
        StepState::Pending => (Mark::Open, Role::Text),
        StepState::Intent | StepState::Issued => (Mark::Running, Role::Warn),
        StepState::Observed => (Mark::Good, Role::Text),
        StepState::Verified => (Mark::Good, Role::Good),
        StepState::Failed => (Mark::Bad, Role::Bad),
        StepState::Unknown => (Mark::Unknown, Role::Unknown),
        StepState::Skipped => (Mark::Overridden, Role::Warn),
    }
}

fn two_parts(lead: &str, rest: &str, ctx: &Ctx, width: usize, role: Role) -> Line<'static> {
    let lead = fit(lead, width);
    let room = width - cells(&lead).min(width);
    let rest = if room > 4 { fit(rest, room) } else { String::new() };
    Line::from(vec![Span::styled(lead, ctx.theme.style(role)), Span::styled(rest, ctx.theme.style(Role::Muted))])
}

/// What a search looks at.
pub fn text(state: &State, index: usize) -> String {
    match index.checked_sub(step_count(state)).and_then(|at| state.output.line(at)) {
        Some(line) => line.to_owned(),
        None => {
            step_at(state, index).map_or_else(String::new, |step| format!("{} {}", step.name, step.action.detail()))
        }
    }
}

/// Everything about a step, or the whole of a printed line.
pub fn detail(state: &State, ctx: &Ctx, index: usize, width: u16) -> Vec<Line<'static>> {
    let wrap = |text: &str, role: Role| wrapped(text, usize::from(width), usize::MAX, ctx.theme.style(role));
    if let Some(line) = index.checked_sub(step_count(state)).and_then(|at| state.output.line(at)) {
        return wrap(line, Role::Text);
    }
    let Some(step) = step_at(state, index) else { return Vec::new() };
    let mut lines = wrap(&format!("step {}: {}", index + 1, step.name), Role::Focus);
    if let Some(status) = state.shown().and_then(|execution| execution.steps.get(index)) {
        let (_, role) = state_style(status.state);
        let why = status.detail.as_ref().map_or_else(String::new, |detail| format!(": {detail}"));
        lines.extend(wrap(&format!("{}{why}", step_word(status.state)), role));
    }
    for fact in facts(step) {
        lines.extend(wrap(&fact, Role::Text));
    }
    lines
}

fn facts(step: &Step) -> Vec<String> {
    let twice = if step.idempotent { "twice is as good as once" } else { "is never repeated without a person" };
    let back = if step.irreversible { "there is no way back from it" } else { "there is a way back from it" };
    let look = step.look().unwrap_or_else(|| "nothing: its end is not verified".to_owned());
    let rehearsal = if step.can_rehearse() { "has one" } else { "has none" };
    vec![
        format!("{}: {}", step.action.kind(), step.action.detail()),
        format!("time: {} at most", short(Duration::from_secs_f64(step.timeout_s.max(0.0)))),
        format!("looks at: {look}"),
        format!("rehearsal: {rehearsal}"),
        format!("{twice}; {back}"),
    ]
}

/// A text broken between words into lines of `width` cells, `most` lines of it.
pub(super) fn wrapped(text: &str, width: usize, most: usize, style: Style) -> Vec<Line<'static>> {
    let mut lines = wrap(text, width);
    lines.truncate(1);
    let rest = text[lines[0].len()..].trim_start();
    if !rest.is_empty() {
        lines.extend(wrap(rest, width.saturating_sub(2)).iter().map(|line| format!("  {line}")));
    }
    if lines.len() > most {
        lines.truncate(most);
        lines.iter_mut().last().into_iter().for_each(|line| line.push_str(" …"));
    }
    lines.iter().map(|line| Line::styled(fit(line, width), style)).collect()
}

/// Between two things on one line.
pub(super) fn dot(ctx: &Ctx) -> &'static str {
    ctx.theme.pick("·", "-")
}

#[cfg(test)]
mod tests;
