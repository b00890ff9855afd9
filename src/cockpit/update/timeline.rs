//! What a person does with the timeline: puts a row on it, puts an entry right, narrows it, writes it to a file.

use super::super::damage::Damage;
use super::super::effect::Effect;
use super::super::event::Toast;
use super::super::form::Form;
use super::super::panes;
use super::super::state::{Overlay, State};
use super::keys::show;
use super::{by_operator, settle};
use crate::incident::entry::Pin;
use crate::incident::{Entry, sentence};
use crate::ui::layout::Pane;

/// Puts the selected row on record, with what its room shows.
pub(super) fn pin(state: &mut State) -> Vec<Effect> {
    let pane = state.ui.focus;
    let Some(index) = state.list(pane).selected(panes::len(state, pane)) else {
        state.ui.tell(Toast::info("nothing is selected here"), state.uptime);
        return Vec::new();
    };
    let name = pane.name().to_lowercase();
    let Some(seen) = state.snapshot().panes.into_iter().find(|glimpse| glimpse.pane == name) else {
        state.ui.tell(Toast::error("this pane has nothing to show yet"), state.uptime);
        return Vec::new();
    };
    let text = panes::text(state, pane, index);
    state.ui.tell(Toast::info(format!("pinned: {text}")), state.uptime);
    by_operator(state, Entry::Pinned(Box::new(Pin { text, seen }))).into_iter().collect()
}

/// An entry is put right by another one: what was recorded stays as it is.
pub(super) fn correct(state: &mut State) -> Vec<Effect> {
    let index = state.list(Pane::Timeline).selected(panes::len(state, Pane::Timeline));
    let Some(record) = index.and_then(|index| state.records.iter().rev().nth(index)) else { return Vec::new() };
    let form = Form::correct(record.seq, &sentence::of(record));
    show(state, Overlay::Form(form))
}

/// Shows only what is of the selected entry's kind; where that is so already, all again.
pub(super) fn same_kind(state: &mut State) -> Vec<Effect> {
    let list = state.list(Pane::Timeline);
    let index = list.selected(panes::len(state, Pane::Timeline));
    let filter = match index.and_then(|index| panes::kind(state, index)) {
        Some(kind) if !list.filter.starts_with("kind:") => format!("kind:{kind}"),
        _ => String::new(),
    };
    state.ui.lists[Pane::Timeline.index()].filter = filter;
    state.ui.damage.add(Damage::ALL);
    settle(state);
    Vec::new()
}

/// Writes the timeline to a file, whatever the filter shows of it.
pub(super) fn export(state: &State) -> Vec<Effect> {
    let incident = state.incident.as_ref().map(|incident| incident.id.clone());
    incident.map(Effect::Export).into_iter().collect()
}
