//! The list of incidents: which ones there are, and which one the cockpit is about.

use super::super::damage::Damage;
use super::super::effect::{Actor, Effect};
use super::super::event::Toast;
use super::super::form::Form;
use super::super::keymap::{Code, Key};
use super::super::state::{Overlay, State};
use super::records;
use crate::incident::Entry;
use crate::incident::list::Summary;
use crate::incident::recall::Recalled;

/// Opens the list, and asks the journal for it.
pub fn open(state: &mut State) -> Vec<Effect> {
    state.ui.overlay = Overlay::Incidents { cursor: 0 };
    state.ui.damage.add(Damage::ALL);
    vec![Effect::ListIncidents]
}

/// The journal's answer.
pub fn listed(state: &mut State, answer: Result<Vec<Summary>, String>) -> Vec<Effect> {
    state.incidents = Some(answer);
    if matches!(state.ui.overlay, Overlay::Incidents { .. }) {
        state.ui.damage.add(Damage::ALL);
    }
    Vec::new()
}

/// Takes a key for the list.
pub fn key(state: &mut State, key: Key, mut cursor: usize) -> Vec<Effect> {
    let len = state.incidents.as_ref().and_then(|it| it.as_ref().ok()).map_or(0, Vec::len);
    match key.code {
        Code::Esc | Code::Char('q') => return Vec::new(),
        Code::Enter => return choose(state, cursor),
        Code::Up | Code::Char('k') => cursor = cursor.saturating_sub(1),
        Code::Down | Code::Char('j') | Code::Tab => cursor += 1,
        _ => {}
    }
    state.ui.overlay = Overlay::Incidents { cursor: cursor.min(len.saturating_sub(1)) };
    Vec::new()
}

/// Resumes the chosen incident, or asks why a closed one is opened again.
fn choose(state: &mut State, cursor: usize) -> Vec<Effect> {
    let chosen = state.incidents.as_ref().and_then(|it| it.as_ref().ok()?.get(cursor)).cloned();
    let Some(chosen) = chosen else { return Vec::new() };
    let is_here = state.incident.as_ref().is_some_and(|it| it.id == chosen.id && it.closed_at.is_none());
    if let Some(why) = refused(state, is_here) {
        state.ui.tell(why, state.uptime);
        return Vec::new();
    }
    if chosen.closed_at.is_some() {
        state.ui.overlay = Overlay::Form(Form::reopen(&chosen.id, &chosen.title));
        return Vec::new();
    }
    vec![Effect::Record { incident: chosen.id, entry: Entry::Resumed {}, actor: Actor::Operator }]
}

fn refused(state: &State, is_here: bool) -> Option<Toast> {
    if is_here {
        return Some(Toast::info("that is the one on the screen"));
    }
    if state.project.is_read_only {
        return Some(Toast::error("this cockpit is read-only"));
    }
    let why = "a rollback is running: another incident waits until it has ended";
    state.rollback.running.then(|| Toast::error(why))
}

/// The incident that was taken up: the screen is about that one now.
pub fn loaded(state: &mut State, answer: Result<Box<Recalled>, String>) -> Vec<Effect> {
    let recalled = match answer {
        Ok(recalled) => recalled,
        Err(why) => {
            state.ui.tell(Toast::error(why), state.uptime);
            return Vec::new();
        }
    };
    let effects = records::recall(state, *recalled);
    if let Some(incident) = &state.incident {
        let told = format!("on the screen: {}", incident.title);
        state.ui.tell(Toast::info(told), state.uptime);
    }
    effects
}
