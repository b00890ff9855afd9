//! The panes side by side: which room answers for which pane. The one place that knows them all.

use ratatui::text::Line;

use super::list::Ends;
use super::state::{Standing, State};
use crate::incident::pane::Timeline;
use crate::ui::Ctx;
use crate::ui::layout::{Pane, inner};
use crate::ui::pane::Title;
use crate::ui::theme::{Mark, Role};
use crate::{canary, change, checklist, comms, incident, rollback, test_results};

/// What the frame of a pane says.
pub fn title(state: &State, pane: Pane, ctx: &Ctx) -> Title {
    match pane {
        Pane::Checklist => checklist::pane::title(&state.checklist, ctx),
        Pane::Change => change::pane::title(&state.change, ctx),
        Pane::Tests => test_results::pane::title(&state.tests, ctx),
        Pane::Canary => canary::pane::title(&state.canary, ctx),
        Pane::Rollback => rollback::pane::title(&state.rollback, ctx),
        Pane::Timeline => incident::pane::title(&timeline(state), ctx),
        Pane::Comms => comms::pane::title(&state.comms, ctx),
    }
}

fn timeline(state: &State) -> Timeline<'_> {
    Timeline { records: &state.records, earlier: state.earlier.count, zone: &state.zone }
}

/// A pane in one line.
pub fn summary(state: &State, pane: Pane, ctx: &Ctx) -> Line<'static> {
    match pane {
        Pane::Checklist => checklist::pane::summary(&state.checklist, ctx),
        Pane::Change => change::pane::summary(&state.change, ctx),
        Pane::Tests => test_results::pane::summary(&state.tests, ctx),
        Pane::Canary => canary::pane::summary(&state.canary, ctx),
        Pane::Rollback => rollback::pane::summary(&state.rollback, ctx),
        Pane::Timeline => incident::pane::summary(&timeline(state), ctx),
        Pane::Comms => comms::pane::summary(&state.comms, ctx),
    }
}

/// The top of a pane, which does not scroll.
pub fn head(state: &State, pane: Pane, ctx: &Ctx, width: u16, height: u16) -> Vec<Line<'static>> {
    let mut lines = standing(state, pane, ctx);
    lines.extend(match pane {
        Pane::Checklist => checklist::pane::head(&state.checklist, ctx, width, height),
        Pane::Change => change::pane::head(&state.change, ctx, width, height),
        Pane::Tests => test_results::pane::head(&state.tests, ctx, width, height),
        Pane::Canary => canary::pane::head(&state.canary, ctx, width, height),
        Pane::Rollback => rollback::pane::head(&state.rollback, ctx, width, height),
        Pane::Timeline => incident::pane::head(&timeline(state), ctx, width, height),
        Pane::Comms => comms::pane::head(&state.comms, ctx, width, height),
    });
    lines
}

/// Panes whose sources the configuration names say so while it is not in force.
fn standing(state: &State, pane: Pane, ctx: &Ctx) -> Vec<Line<'static>> {
    if !matches!(pane, Pane::Tests | Pane::Canary | Pane::Rollback | Pane::Comms) {
        return Vec::new();
    }
    let said = match &state.project.standing {
        Standing::Untrusted => "hotfix.toml is not trusted: `hotfix trust` shows what it would do",
        Standing::Broken(_) => "hotfix.toml cannot be used: `hotfix doctor` says where",
        Standing::Opening | Standing::Missing | Standing::Trusted => return Vec::new(),
    };
    vec![Line::styled(format!("{} {said}", ctx.theme.mark(Mark::Unknown)), ctx.theme.style(Role::Unknown))]
}

/// How many items the list of a pane has.
pub fn len(state: &State, pane: Pane) -> usize {
    match pane {
        Pane::Checklist => checklist::pane::len(&state.checklist),
        Pane::Change => change::pane::len(&state.change),
        Pane::Tests => test_results::pane::len(&state.tests),
        Pane::Canary => canary::pane::len(&state.canary),
        Pane::Rollback => rollback::pane::len(&state.rollback),
        Pane::Timeline => incident::pane::len(&timeline(state)),
        Pane::Comms => comms::pane::len(&state.comms),
    }
}

/// One item of a pane's list.
pub fn item(state: &State, pane: Pane, ctx: &Ctx, index: usize, width: u16) -> Line<'static> {
    match pane {
        Pane::Checklist => checklist::pane::item(&state.checklist, ctx, index, width),
        Pane::Change => change::pane::item(&state.change, ctx, index, width),
        Pane::Tests => test_results::pane::item(&state.tests, ctx, index, width),
        Pane::Canary => canary::pane::item(&state.canary, ctx, index, width),
        Pane::Rollback => rollback::pane::item(&state.rollback, ctx, index, width),
        Pane::Timeline => incident::pane::item(&timeline(state), ctx, index, width),
        Pane::Comms => comms::pane::item(&state.comms, ctx, index, width),
    }
}

/// What `/` looks at in an item.
pub fn searched(state: &State, pane: Pane, index: usize) -> String {
    match pane {
        Pane::Timeline => incident::pane::searched(&timeline(state), index),
        _ => text(state, pane, index),
    }
}

/// The first and the last row of a list that may be long and only grows at its ends.
pub fn ends(state: &State, pane: Pane) -> Option<Ends> {
    let records = Some(&state.records).filter(|_| pane == Pane::Timeline)?;
    Some((records.last()?.seq, records.first()?.seq))
}

/// The kind of an entry of the timeline.
pub fn kind(state: &State, index: usize) -> Option<&str> {
    incident::pane::kind(&timeline(state), index)
}

/// What `y` copies of an item.
pub fn text(state: &State, pane: Pane, index: usize) -> String {
    match pane {
        Pane::Checklist => checklist::pane::text(&state.checklist, index),
        Pane::Change => change::pane::text(&state.change, index),
        Pane::Tests => test_results::pane::text(&state.tests, index),
        Pane::Canary => canary::pane::text(&state.canary, index),
        Pane::Rollback => rollback::pane::text(&state.rollback, index),
        Pane::Timeline => incident::pane::text(&timeline(state), index),
        Pane::Comms => comms::pane::text(&state.comms, index),
    }
}

/// An item in full.
pub fn detail(state: &State, pane: Pane, ctx: &Ctx, index: usize, width: u16) -> Vec<Line<'static>> {
    match pane {
        Pane::Checklist => checklist::pane::detail(&state.checklist, ctx, index, width),
        Pane::Change => change::pane::detail(&state.change, ctx, index, width),
        Pane::Tests => test_results::pane::detail(&state.tests, ctx, index, width),
        Pane::Canary => canary::pane::detail(&state.canary, ctx, index, width),
        Pane::Rollback => rollback::pane::detail(&state.rollback, ctx, index, width),
        Pane::Timeline => incident::pane::detail(&timeline(state), ctx, index, width),
        Pane::Comms => comms::pane::detail(&state.comms, ctx, index, width),
    }
}

/// How the rows inside a pane's frame are shared: lines of the head, rows of the list.
pub fn division(head: usize, len: usize, height: u16) -> (u16, u16) {
    let kept = len.min(usize::from(height / 2)) as u16;
    let head = (head as u16).min(height - kept.min(height));
    (head, height - head)
}

/// The rows of the list of a pane that are in view.
pub fn rows(state: &State, pane: Pane, ctx: &Ctx) -> usize {
    let Some(area) = state.areas().pane(pane) else { return 1 };
    let inner = inner(area);
    let head = head(state, pane, ctx, inner.width, inner.height).len();
    usize::from(division(head, len(state, pane), inner.height).1)
}
