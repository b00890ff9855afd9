//! The journal's answers: what was recorded becomes part of the incident, and only then.

use super::super::damage::Damage;
use super::super::effect::Effect;
use super::super::event::Toast;
use super::super::state::{Overlay, State};
use super::{judge, notices, settle};
use crate::evidence::Observed;
use crate::incident::{Entry, Incident};
use crate::journal::JournalError;
use crate::journal::record::Record;
use crate::rollback;

/// Takes in what the journal wrote, or why it could not.
pub fn recorded(state: &mut State, result: Result<Record, JournalError>) -> Vec<Effect> {
    let record = match result {
        Ok(record) => record,
        Err(error) => {
            state.ui.tell(Toast::error(format!("NOT recorded: {error}")), state.uptime);
            return Vec::new();
        }
    };
    let entry = Entry::of(&record);
    if !is_on_screen(state, &record) && matches!(entry, Some(Entry::Resumed {} | Entry::Reopened { .. })) {
        return vec![Effect::Load(record.incident)];
    }
    let mut effects = take_in(state, record);
    if matches!(entry, Some(Entry::Closed { .. })) {
        state.ui.tell(Toast::info("the incident is closed; `i` declares another"), state.uptime);
    }
    state.ui.damage.add(Damage::ALL);
    settle(state);
    judge(state);
    if matches!(entry, Some(Entry::Declared { .. })) {
        effects.push(track(state));
    }
    effects
}

/// The issue of the incident on the screen is to be followed.
pub fn track(state: &State) -> Effect {
    Effect::Track(state.incident.as_ref().and_then(|incident| incident.ticket.clone()))
}

/// What a record means for the incident on the screen, its notices and the rollback.
pub fn take_in(state: &mut State, record: Record) -> Vec<Effect> {
    if matches!(Entry::of(&record), Some(Entry::Declared { .. })) {
        state.tracker = Observed::default();
        state.incident = None;
        if !state.project.incidents.contains(&record.incident) {
            state.project.incidents.push(record.incident.clone());
        }
        state.records.clear();
    }
    Incident::apply(&mut state.incident, &record);
    // Somebody else declared it: an offer that nobody took up has nothing to ask any more.
    if state.incident.is_some() && matches!(&state.ui.overlay, Overlay::Assessment(form) if form.is_offer) {
        state.ui.overlay = Overlay::None;
    }
    let is_here = is_on_screen(state, &record);
    if is_here {
        state.comms.record(&record, state.incident.as_ref());
    }
    let effects = notices::recorded(state, &record);
    state.rollback.update(rollback::state::Event::Recorded(record.clone()), state.now);
    if is_here {
        state.records.push(record);
    }
    effects
}

fn is_on_screen(state: &State, record: &Record) -> bool {
    state.incident.as_ref().is_some_and(|it| it.id == record.incident)
}
