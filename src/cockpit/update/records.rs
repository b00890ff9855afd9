//! The journal's answers: what was recorded becomes part of the incident, and only then.

use super::super::damage::Damage;
use super::super::effect::Effect;
use super::super::event::Toast;
use super::super::state::State;
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
    let declares = matches!(Entry::of(&record), Some(Entry::Declared { .. }));
    if declares {
        state.tracker = Observed::default();
        state.incident = None;
        state.project.incidents.push(record.incident.clone());
        state.records.clear();
    }
    Incident::apply(&mut state.incident, &record);
    if state.incident.as_ref().is_some_and(|it| it.id == record.incident) {
        state.comms.record(&record, state.incident.as_ref());
    }
    let mut effects = notices::recorded(state, &record);
    state.rollback.update(rollback::state::Event::Recorded(record.clone()), state.now);
    let closes = matches!(Entry::of(&record), Some(Entry::Closed { .. }));
    if state.incident.as_ref().is_some_and(|it| it.id == record.incident) {
        state.records.push(record);
    }
    if closes {
        state.ui.tell(Toast::info("the incident is closed; `i` declares another"), state.uptime);
    }
    state.ui.damage.add(Damage::ALL);
    settle(state);
    judge(state);
    if declares {
        effects.push(Effect::Track(state.incident.as_ref().and_then(|incident| incident.ticket.clone())));
    }
    effects
}
