//! The assessment: it is offered where no incident is open, and takes no key from anybody until it is taken up.

use super::super::assessment::{Asks, Assessment, Outcome};
use super::super::damage::Damage;
use super::super::effect::Effect;
use super::super::keymap::{Code, Key};
use super::super::state::{Overlay, State};
use super::{by_operator, keys, overlays, settle};
use crate::evidence::Observation;
use crate::incident::entry::Counted;

/// Opens the form on the present incident, or to declare one.
pub fn open(state: &mut State, declares: bool) -> Vec<Effect> {
    let incident = state.incident.as_ref().filter(|it| !declares && it.closed_at.is_none());
    let form = Assessment::new(incident, state.project.config.incident.matrix());
    show(state, form)
}

/// The journal was read: asks by itself, unless the operator is at something already.
pub fn ask(state: &mut State, asks: Asks) -> Vec<Effect> {
    if state.project.is_read_only {
        return Vec::new();
    }
    match asks {
        Asks::Declare => open(state, true),
        Asks::Assess => open(state, false),
        Asks::WithoutIncident if state.incident.is_none() && state.ui.overlay == Overlay::None => {
            show(state, Assessment::new(None, state.project.config.incident.matrix()).offered())
        }
        Asks::WithoutIncident => Vec::new(),
    }
}

fn show(state: &mut State, mut form: Assessment) -> Vec<Effect> {
    form.count(known(state));
    state.ui.overlay = Overlay::Assessment(Box::new(form));
    redraw(state);
    if state.project.config.incident.users.is_some() { vec![Effect::CountUsers] } else { Vec::new() }
}

/// How many users are affected, while that may be believed.
fn known(state: &State) -> Option<Counted> {
    let evidence = state.counted.fresh(state.now)?;
    let (users, source, observed_at) = (evidence.value, evidence.source.clone(), evidence.observed_at);
    Some(Counted { users, source, observed_at })
}

/// Somebody counted: the number is an answer as long as nobody has written another one.
pub fn counted(state: &mut State, observation: Observation<u64>) -> Vec<Effect> {
    state.counted.observe(observation);
    let known = known(state);
    if let Overlay::Assessment(form) = &mut state.ui.overlay {
        form.count(known);
        state.ui.damage.add(Damage::ALL);
    }
    Vec::new()
}

/// Takes a key for the form.
pub fn key(state: &mut State, key: Key, is_repeat: bool, mut form: Box<Assessment>) -> Vec<Effect> {
    if form.is_offer && !is_taken_up(key) {
        // It is gone; the key means what it always means.
        dismiss(state);
        return if key.code == Code::Esc { Vec::new() } else { keys::key(state, key, is_repeat) };
    }
    if form.is_offer {
        form.is_offer = false;
        state.ui.overlay = Overlay::Assessment(form);
        redraw(state);
        return Vec::new();
    }
    match form.key(key, state.now, &state.zone) {
        Outcome::Open => {
            state.ui.overlay = Overlay::Assessment(form);
            Vec::new()
        }
        Outcome::Cancelled => Vec::new(),
        Outcome::Accepted(entries) if form.declares() => overlays::declare(state, entries),
        Outcome::Accepted(entries) => entries.into_iter().filter_map(|entry| by_operator(state, entry)).collect(),
    }
}

/// Nobody takes the offer up: the panes have its rows back.
pub(super) fn dismiss(state: &mut State) {
    state.ui.overlay = Overlay::None;
    redraw(state);
}

fn redraw(state: &mut State) {
    state.ui.damage.add(Damage::ALL);
    settle(state);
}

fn is_taken_up(key: Key) -> bool {
    matches!(key.code, Code::Enter | Code::Tab) && !key.ctrl && !key.alt
}
