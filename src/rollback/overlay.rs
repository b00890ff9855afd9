//! What `R` shows: the whole plan before the key, and the letter of the moment in the last line.

use ratatui::text::{Line, Span};

use super::choice::{Fit, Way};
use super::execution::Next;
use super::guard::{Armed, Phase};
use super::model::{Class, Plan, Undone};
use super::pane::conditions;
use super::pane::{class_words, dot, readiness_line, status_line, step_line, undoes_line, wrapped};
use super::rollout::lines as rollout;
use super::state::{Order, State};
use crate::evidence::text::{fit, fit_end, width as cells};
use crate::ui::Ctx;
use crate::ui::pane::{short, until};
use crate::ui::theme::{Mark, Role};

/// The smallest box, in cells, in which everything that must be seen before firing can be seen: `(width, height)`.
pub const SMALLEST: (u16, u16) = (50, 18);

/// The overlay's lines, `height` at most; the last one says which key does what. Empty when nothing is armed.
pub fn lines(state: &State, ctx: &Ctx, width: u16, height: u16) -> Vec<Line<'static>> {
    if let (Some(armed), Some(_)) = (state.guard.armed(), &state.rollout.armed) {
        return steering(state, armed, ctx, usize::from(width), usize::from(height));
    }
    let (Some(order), Some(armed)) = (&state.armed, state.guard.armed()) else { return Vec::new() };
    let (width, height) = (usize::from(width), usize::from(height));
    let foot = foot(armed, state.has_others() && order.is_prepared(), ctx, width);
    let room = height.saturating_sub(foot.len());
    let head = head(state, order, ctx, width);
    let lists = fitted(lists(order, ctx, width, height), room.saturating_sub(head.len()));
    let mut lines: Vec<Line> = head.into_iter().chain(lists).collect();
    lines.truncate(room);
    lines.extend(foot);
    lines
}

/// The same for what steers the rollout.
fn steering(state: &State, armed: &Armed, ctx: &Ctx, width: usize, height: usize) -> Vec<Line<'static>> {
    let foot = foot(armed, false, ctx, width);
    let mut lines = rollout::armed(&state.rollout, ctx, width);
    lines.truncate(height.saturating_sub(foot.len()));
    lines.extend(foot);
    lines
}

fn head(state: &State, order: &Order, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let plan = &order.plan;
    let arrow = ctx.theme.pick("→", "->");
    let bad = ctx.theme.style(Role::Bad);
    let way = format!("{} {arrow} {}", plan.from.label(), plan.to.label());
    let mut lines = vec![
        Line::styled(fit(&title(state, order), width), bad),
        Line::styled(fit(&way, width), ctx.theme.style(Role::Focus)),
    ];
    if !plan.chosen.is_empty() && !plan.warnings.contains(&plan.chosen) {
        let why = format!("  why {}: {}", plan.to.reference, plan.chosen);
        lines.extend(wrapped(&why, width, 2, ctx.theme.style(Role::Muted)));
    }
    if let Some(why) = &state.called_for {
        lines.extend(wrapped(&format!("{} {why}", ctx.theme.mark(Mark::Bad)), width, 2, bad));
    }
    lines.extend(way_lines(state, order, ctx, width));
    match &order.resumed {
        Some(_) => lines.extend(wrapped(&next_words(order), width, 3, ctx.theme.style(Role::Warn))),
        None => {
            lines.extend(readiness_line(state, ctx, width));
            lines.extend(done_before(state, plan, ctx, width));
        }
    }
    // An unsafe plan is not ready for just that reason, which stands above.
    if plan.class != Class::Unsafe || order.resumed.is_some() {
        let (mark, role, words) = class_words(plan.class);
        let class = format!("{} {}: {words}", ctx.theme.mark(mark), plan.class.label());
        lines.extend(wrapped(&class, width, 2, ctx.theme.style(role)));
    }
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

fn title(state: &State, order: &Order) -> String {
    let what = match (&order.resumed, order.plan.is_taking_back()) {
        (Some(_), _) => return "GO ON WITH ROLL BACK".into(),
        (None, true) => return "TAKE BACK WHAT THE ROLLBACK DID".into(),
        (None, false) => "ROLL BACK",
    };
    if state.has_others() { format!("{what} by {}", order.plan.label()) } else { what.into() }
}

/// Why this way, of several, and which others there are.
fn way_lines(state: &State, order: &Order, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let Some(choice) = state.choice.value().filter(|_| order.is_prepared()) else { return Vec::new() };
    let line = |(index, way): (usize, &Way)| {
        let is_here = index == state.at();
        let (mark, role) = match (is_here, way.fit()) {
            (true, _) => (ctx.theme.pick("▸", ">"), Role::Focus),
            (false, Fit::Fits) => (ctx.theme.mark(Mark::Open), Role::Text),
            (false, _) => (ctx.theme.mark(Mark::Bad), Role::Muted),
        };
        let text = format!("{mark} {}: {}", way.name, choice.why(index));
        wrapped(&text, width, if is_here { 2 } else { 1 }, ctx.theme.style(role))
    };
    let several = choice.ways.iter().enumerate().filter(|_| choice.ways.len() > 1);
    several.flat_map(line).chain(conditions::lines(state, ctx, width)).collect()
}

/// That this very plan was carried out already.
fn done_before(state: &State, plan: &Plan, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let before = state.execution.as_ref().filter(|execution| execution.plan.as_ref() == Some(plan));
    let Some(ended) = before.and_then(|execution| execution.end.as_ref()) else { return Vec::new() };
    let age = short(until(ended.at, ctx.now));
    let text = format!("{} fired before, {age} ago: {}", ctx.theme.mark(Mark::Warn), ended.end.label());
    wrapped(&text, width, 2, ctx.theme.style(Role::Warn))
}

fn next_words(order: &Order) -> String {
    let Some(execution) = &order.resumed else { return String::new() };
    let name = |index: usize| execution.steps.get(index).map_or("?", |step| step.name.as_str());
    let (done, all) = execution.done();
    let what = match execution.next() {
        Next::Issue(index) | Next::Ask(index) => format!("issues step {} `{}`", index + 1, name(index)),
        Next::Look(index) => {
            format!(
                "looks whether step {} `{}` took effect, and issues it if the world says no",
                index + 1,
                name(index)
            )
        }
        Next::Verify(index) => format!("looks at step {} `{}`", index + 1, name(index)),
        Next::LastLook | Next::Nothing => "looks at the world once more, and issues nothing".to_owned(),
    };
    format!("{done} of {all} steps done by {}: {what}", execution.by)
}

/// A part of the plan.
struct List {
    title: Line<'static>,
    /// As many as there could be room for.
    entries: Vec<Line<'static>>,
    /// How many there are.
    all: usize,
}

fn lists(order: &Order, ctx: &Ctx, width: usize, most: usize) -> Vec<List> {
    let plan = &order.plan;
    let heading = |text: &'static str| Line::styled(text, ctx.theme.style(Role::Focus));
    let flagged_first = plan.flagged().chain(plan.undoes.iter().filter(|it| it.flags.is_empty()));
    let undoes = flagged_first.take(most).map(|undone| undone_line(undone, ctx, width)).collect();
    let bullet = ctx.theme.mark(Mark::Warn);
    let stays = plan.stays().iter().map(|text| Line::raw(fit(&format!("  {bullet} {text}"), width))).collect();
    let mut steps: Vec<Line> = match &order.resumed {
        Some(execution) => {
            let steps = execution.steps.iter().enumerate();
            steps.map(|(index, status)| status_line(status, index, false, ctx, width)).collect()
        }
        None => plan.steps.iter().enumerate().map(|(index, step)| step_line(step, index, ctx, width)).collect(),
    };
    let look = plan.end_look();
    steps.push(Line::styled(
        fit(&format!("{} then looks: {look}", ctx.theme.mark(Mark::Open)), width),
        ctx.theme.style(Role::Muted),
    ));
    let list = |title, entries: Vec<Line<'static>>| List { title, all: entries.len(), entries };
    vec![
        list(heading("steps"), steps),
        List { title: undoes_line(plan, ctx), entries: undoes, all: plan.undoes.len() },
        list(heading("will NOT bring back"), stays),
    ]
}

fn undone_line(undone: &Undone, ctx: &Ctx, width: usize) -> Line<'static> {
    let flags = if undone.flags.is_empty() { String::new() } else { format!(" [{}]", undone.flags.join(", ")) };
    let (mark, role) = if flags.is_empty() { (" ", Role::Text) } else { (ctx.theme.mark(Mark::Warn), Role::Warn) };
    let text = format!("  {mark} {}{flags} {}", undone.oid.short(), undone.summary);
    Line::styled(fit(&text, width), ctx.theme.style(role))
}

/// The lists cut to `room` lines: the longest gives way first, and says how much it hides.
fn fitted(lists: Vec<List>, room: usize) -> Vec<Line<'static>> {
    let mut shown: Vec<usize> = lists.iter().map(|list| list.entries.len()).collect();
    while shown.iter().sum::<usize>() + lists.len() > room {
        match shown.iter_mut().filter(|count| **count > 1).max() {
            Some(longest) => *longest -= 1,
            None => break,
        }
    }
    let mut lines = Vec::new();
    for (List { title, entries, all }, shown) in lists.into_iter().zip(shown) {
        lines.push(if all > shown { with_rest(title, all - shown) } else { title });
        lines.extend(entries.into_iter().take(shown));
    }
    lines
}

fn with_rest(mut title: Line<'static>, hidden: usize) -> Line<'static> {
    title.push_span(Span::raw(format!(" (+{hidden} more)")));
    title
}

fn foot(armed: &Armed, has_others: bool, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let key = ctx.theme.style(Role::Key);
    let (dot, dots) = (dot(ctx), ctx.theme.pick("…", "..."));
    let time = format!("disarms by itself in {}", short(armed.remaining(armed.seen())));
    let time = Line::styled(time, ctx.theme.style(Role::Muted));
    let last = match armed.phase() {
        _ if armed.is_waiting(armed.seen()) => {
            format!("wait {:.1} s {dots}", armed.dwell(armed.seen()).as_secs_f64())
        }
        Phase::Letter if has_others => {
            let long = format!("press {} to fire {dot} Tab another way {dot} any other key cancels", armed.letter());
            let short = || format!("press {} to fire {dot} Tab other way {dot} else cancels", armed.letter());
            if cells(&long) <= width { long } else { short() }
        }
        Phase::Letter => format!("press {} to fire {dot} any other key cancels", armed.letter()),
        Phase::Name(text) => {
            let asked = format!("type {} and Enter: ", armed.name().unwrap_or_default());
            let room = width.saturating_sub(asked.len() + 1);
            format!("{asked}{}_", fit_end(text, room))
        }
        Phase::Settling => format!("fires {dots}"),
        Phase::Glass => format!("press ! to override {dot} any other key cancels"),
        Phase::Reason(text) => format!("why? {}_", fit_end(text, width.saturating_sub(6))),
    };
    let hint = match (armed.phase(), armed.reason()) {
        (Phase::Reason(_), _) => {
            Line::styled("Enter goes on with this reason, Esc cancels", ctx.theme.style(Role::Muted))
        }
        (_, Some(reason)) => {
            Line::styled(fit(&format!("although not ready: {reason}"), width), ctx.theme.style(Role::Warn))
        }
        _ => time,
    };
    vec![hint, Line::styled(last, key)]
}
