//! The mouse: a click focuses and selects, the wheel moves the selection under it.

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::event::Mouse;
use super::super::panes;
use super::super::state::{Overlay, State};
use super::{navigation, overlays};
use crate::ui::Ctx;
use crate::ui::layout::{Pane, inner};
use crate::ui::theme::Theme;

/// Takes a click or a turn of the wheel.
pub fn mouse(state: &mut State, mouse: Mouse) -> Vec<Effect> {
    if state.ui.overlay.is_offer() {
        // It lies below the panes: the click means what is under it, and nobody took the offer up.
        on_panes(state, mouse);
        super::assessment::dismiss(state);
        return Vec::new();
    }
    if state.ui.overlay != Overlay::None {
        return overlays::mouse(state, mouse);
    }
    on_panes(state, mouse);
    Vec::new()
}

fn on_panes(state: &mut State, mouse: Mouse) {
    let areas = state.areas();
    match mouse {
        Mouse::Click(column, row) => {
            if let Some(pane) = areas.pane_at(column, row) {
                navigation::focus(state, pane);
                select(state, pane, row);
            }
        }
        Mouse::WheelUp(column, row) => {
            if let Some(pane) = areas.pane_at(column, row) {
                navigation::scroll(state, pane, Action::Up);
            }
        }
        Mouse::WheelDown(column, row) => {
            if let Some(pane) = areas.pane_at(column, row) {
                navigation::scroll(state, pane, Action::Down);
            }
        }
    }
}

fn select(state: &mut State, pane: Pane, row: u16) {
    let Some(area) = state.areas().pane(pane).map(inner) else { return };
    let theme = Theme::default();
    let ctx = Ctx { now: state.now, theme: &theme };
    let len = panes::len(state, pane);
    let head = panes::head(state, pane, &ctx, area.width, area.height).len();
    let (head, rows) = panes::division(head, len, area.height);
    let top = area.y + head;
    if row >= top && row < area.bottom() {
        let list = &mut state.ui.lists[pane.index()];
        let place = list.offset + usize::from(row - top);
        if place < list.count(len) {
            list.go_to(place, len, rows.into());
        }
    }
}
