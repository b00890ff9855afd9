//! The mouse: a click focuses and selects, the wheel moves the selection under it.

use super::super::action::Action;
use super::super::damage::Damage;
use super::super::effect::Effect;
use super::super::event::Mouse;
use super::super::panes;
use super::super::state::{Overlay, State};
use super::{keys, overlays};
use crate::ui::Ctx;
use crate::ui::layout::{Pane, inner};
use crate::ui::theme::Theme;

/// Takes a click or a turn of the wheel.
pub fn mouse(state: &mut State, mouse: Mouse) -> Vec<Effect> {
    if matches!(&state.ui.overlay, Overlay::Assessment(form) if form.is_offer) {
        state.ui.overlay = Overlay::None;
        state.ui.damage.add(Damage::ALL);
    }
    if state.ui.overlay != Overlay::None {
        return overlays::mouse(state, mouse);
    }
    let areas = state.areas();
    match mouse {
        Mouse::Click(column, row) => {
            if let Some(pane) = areas.pane_at(column, row) {
                keys::focus(state, pane);
                select(state, pane, row);
            }
        }
        Mouse::WheelUp(column, row) => {
            if let Some(pane) = areas.pane_at(column, row) {
                keys::scroll(state, pane, Action::Up);
            }
        }
        Mouse::WheelDown(column, row) => {
            if let Some(pane) = areas.pane_at(column, row) {
                keys::scroll(state, pane, Action::Down);
            }
        }
    }
    Vec::new()
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
