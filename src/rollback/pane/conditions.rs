//! What must hold in the world, as it was seen when the plan was prepared last: what does not hold in full, the rest in
//! one line.

use ratatui::text::Line;

use super::{age, wrapped};
use crate::rollback::choice::{Held, Needed};
use crate::rollback::state::State;
use crate::ui::Ctx;
use crate::ui::theme::{Mark, Role};

/// The conditions of the way that is picked or proposed; nothing where there are none.
pub(in crate::rollback) fn lines(state: &State, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let needs = state.way().map_or(&[][..], |way| &way.needs);
    let mut lines: Vec<Line> = needs.iter().flat_map(|need| in_full(need, ctx, width)).collect();
    let names = |wanted: fn(&Held) -> bool| -> Vec<&str> {
        needs.iter().filter(|need| wanted(&need.held)).map(|need| need.name.as_str()).collect()
    };
    let held = names(|held| matches!(held, Held::Yes(_)));
    if !held.is_empty() {
        let text = format!("{} hold, seen {}: {}", ctx.theme.mark(Mark::Good), age(state, ctx), held.join(", "));
        lines.extend(wrapped(&text, width, 2, ctx.theme.style(Role::Text)));
    }
    let unasked = names(|held| matches!(held, Held::Unasked(_)));
    if !unasked.is_empty() {
        let text = format!("{} not asked: {}", ctx.theme.mark(Mark::Unknown), unasked.join(", "));
        lines.extend(wrapped(&text, width, 1, ctx.theme.style(Role::Muted)));
    }
    lines
}

fn in_full(need: &Needed, ctx: &Ctx, width: usize) -> Vec<Line<'static>> {
    let (mark, role, what) = match &need.held {
        Held::No(what) => (Mark::Bad, Role::Bad, what),
        Held::Unknown(what) => (Mark::Unknown, Role::Unknown, what),
        Held::Yes(_) | Held::Unasked(_) => return Vec::new(),
    };
    wrapped(&format!("{} {}: {what}", ctx.theme.mark(mark), need.name), width, 2, ctx.theme.style(role))
}
