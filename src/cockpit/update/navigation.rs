//! Moves the focus, the selection and what is open.

use super::super::action::Action;
use super::super::damage::Damage;
use super::super::effect::Effect;
use super::super::panes;
use super::super::state::{Overlay, State};
use super::settle;
use crate::change;
use crate::ui::Ctx;
use crate::ui::layout::Pane;
use crate::ui::theme::Theme;

/// Moves between panes, and within one.
pub(super) fn navigate(state: &mut State, action: Action) -> Vec<Effect> {
    let pane = state.ui.focus;
    match action {
        Action::Focus(to) => focus(state, to),
        Action::FocusNext => focus(state, beside(pane, 1)),
        Action::FocusPrevious => focus(state, beside(pane, Pane::TILED.len() - 1)),
        Action::Zoom => {
            state.ui.is_zoomed = !state.ui.is_zoomed;
            state.ui.damage.add(Damage::ALL);
            settle(state);
        }
        Action::Open => return open_detail(state),
        Action::Filter => {
            state.ui.overlay = Overlay::Filter;
            state.ui.damage.add(Damage::FOOTER);
        }
        Action::Back => back(state),
        _ => scroll(state, pane, action),
    }
    Vec::new()
}

/// Moves the focus. Titles alone change, unless the panes themselves do.
pub(super) fn focus(state: &mut State, to: Pane) {
    let before = state.areas();
    let from = std::mem::replace(&mut state.ui.focus, to);
    let moved = state.areas() != before;
    if moved {
        state.ui.damage.add(Damage::ALL);
        settle(state);
    } else {
        state.ui.damage.add(Damage::pane(from));
        state.ui.damage.add(Damage::pane(to));
    }
    state.ui.damage.add(Damage::FOOTER);
}

fn beside(pane: Pane, step: usize) -> Pane {
    let place = Pane::TILED.iter().position(|it| *it == pane).unwrap_or(0);
    Pane::TILED[(place + step) % Pane::TILED.len()]
}

fn back(state: &mut State) {
    let list = &mut state.ui.lists[state.ui.focus.index()];
    if !list.filter.is_empty() {
        list.filter_by(String::new(), 0, |_| String::new());
    } else if !Pane::TILED.contains(&state.ui.focus) {
        state.ui.focus = Pane::Checklist;
    } else {
        state.ui.is_zoomed = false;
    }
    state.ui.damage.add(Damage::ALL);
    settle(state);
}

/// Opens the selected row, or folds a part of the checklist.
pub(super) fn open_detail(state: &mut State) -> Vec<Effect> {
    let pane = state.ui.focus;
    let Some(index) = state.list(pane).selected(panes::len(state, pane)) else { return Vec::new() };
    if pane == Pane::Checklist && state.checklist.toggle(index) {
        state.ui.damage.add(Damage::pane(pane));
        settle(state);
        return Vec::new();
    }
    state.ui.overlay = Overlay::Detail { pane, index, scroll: 0 };
    state.ui.damage.add(Damage::ALL);
    wanted(state, pane, index)
}

/// What a detail must be asked for, if it is not there: a diff, or the next piece of one before its end is in view.
pub(super) fn wanted(state: &State, pane: Pane, index: usize) -> Vec<Effect> {
    let Overlay::Detail { scroll, .. } = state.ui.overlay else { return Vec::new() };
    if pane != Pane::Change {
        return Vec::new();
    }
    let missing = change::pane::missing(&state.change, index, scroll + 2 * usize::from(state.ui.size.1));
    missing.map(|(shown, from)| Effect::ShowFile(shown, from)).into_iter().collect()
}

/// Moves the selection of a pane.
pub(super) fn scroll(state: &mut State, pane: Pane, action: Action) {
    let theme = Theme::default();
    let len = panes::len(state, pane);
    let rows = panes::rows(state, pane, &Ctx { now: state.now, theme: &theme });
    let half = (rows / 2).max(1).cast_signed();
    let list = &mut state.ui.lists[pane.index()];
    let before = (list.cursor, list.offset);
    match action {
        Action::Up => list.step(-1, len, rows),
        Action::Down => list.step(1, len, rows),
        Action::PageUp => list.step(-half, len, rows),
        Action::PageDown => list.step(half, len, rows),
        Action::First => list.go_to(0, len, rows),
        Action::Last => list.go_to(usize::MAX, len, rows),
        _ => {}
    }
    if (list.cursor, list.offset) != before {
        state.ui.damage.add(Damage::pane(pane));
    }
}
