//! What can be done now, in the last lines of the pane's head: after a failure these are all ways on.

use ratatui::text::{Line, Span};

use super::{Role, dot};
use crate::evidence::text::fit;
use crate::rollback::execution::{Answer, Execution, Next};
use crate::rollback::model::Plan;
use crate::rollback::state::State;
use crate::ui::Ctx;

pub(super) fn lines(state: &State, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    if state.stopping || state.held.is_some() {
        return Vec::new();
    }
    if state.running {
        return vec![line("S", "stop after this step", ctx, width)];
    }
    let Some(execution) = state.unfinished() else {
        return state.plan.value().map(|_| line("R", "roll back", ctx, width)).into_iter().collect();
    };
    let key = on(execution).map(|text| line("R", &text, ctx, width));
    let names = by_name(state, execution).join(&format!(" {} ", dot(ctx)));
    let names = (!names.is_empty()).then(|| line(":", &names, ctx, width));
    key.into_iter().chain(names).collect()
}

fn line(key: &'static str, text: &str, ctx: &Ctx, width: usize) -> Line<'static> {
    let text = fit(&format!("  {text}"), width.saturating_sub(key.len()));
    Line::from(vec![Span::styled(key, ctx.theme.style(Role::Key)), Span::raw(text)])
}

/// What the key does: nothing where a person must answer first.
fn on(execution: &Execution) -> Option<String> {
    let step = |index: usize| format!("step {}", index + 1);
    match execution.next() {
        Next::Ask(_) => None,
        Next::LastLook | Next::Nothing => Some("look at the world again".into()),
        Next::Look(index) => Some(format!("look whether {} took effect, and try it again if not", step(index))),
        Next::Verify(index) => Some(format!("look at {} again, and go on", step(index))),
        Next::Issue(index) => Some(format!("go on with {}", step(index))),
    }
}

/// What the palette does.
fn by_name(state: &State, execution: &Execution) -> Vec<String> {
    let mut names = Vec::new();
    if matches!(execution.next(), Next::Ask(_)) {
        names.extend(["step-done".to_owned(), "step-not-done (again)".to_owned()]);
    }
    if execution.answered(Answer::Skip).is_some() {
        names.push("step-skip".into());
    }
    if Plan::taking_back(execution).is_some() {
        names.push("take-back".into());
    }
    match state.next_way() {
        Some(next) => names.push(format!("rollback-over by {next}")),
        None if execution.end.is_some() && execution.next_step().is_some() => names.push("rollback-over".into()),
        None => {}
    }
    names
}
