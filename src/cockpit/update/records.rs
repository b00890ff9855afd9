//! The journal's answers: what was recorded becomes part of the incident, and only then.

use super::super::damage::Damage;
use super::super::effect::Effect;
use super::super::event::Toast;
use super::super::state::{Earlier, Overlay, State};
use super::{judge, notices, settle};
use crate::evidence::Observed;
use crate::incident::recall::Recalled;
use crate::incident::{Entry, Incident};
use crate::journal::JournalError;
use crate::journal::record::Record;
use crate::rollback;
use crate::ui::layout::Pane;

/// Earlier records are asked for when the selection comes as near as this to the last row.
const NEAR: usize = 200;
/// So many at once.
const AT_ONCE: usize = 10_000;

/// Takes in what the journal wrote, or why it could not.
pub fn recorded(state: &mut State, result: Result<Record, JournalError>) -> Vec<Effect> {
    let record = match result {
        Ok(record) => record,
        Err(error) => {
            state.ui.tell(Toast::error(format!("NOT recorded: {error}")), state.uptime);
            return Vec::new();
        }
    };
    if is_known(state, &record) {
        return Vec::new();
    }
    let entry = Entry::of(&record);
    if !is_on_screen(state, &record) && matches!(entry, Some(Entry::Resumed {} | Entry::Reopened { .. })) {
        return vec![Effect::Load(record.incident)];
    }
    let settings = |state: &State| state.incident.as_ref().map_or(0, |incident| incident.clock.settings.len());
    let before = settings(state);
    let mut effects = take_in(state, record);
    if settings(state) > before
        && let Some(setting) = state.incident.as_ref().and_then(|incident| incident.clock.settings.last())
    {
        state.ui.tell(Toast::error(setting.words()), state.uptime);
    }
    if matches!(entry, Some(Entry::Closed { .. })) {
        state.ui.tell(Toast::info("the incident is closed; `i` declares another"), state.uptime);
    }
    state.ui.damage.add(Damage::ALL);
    settle(state);
    judge(state);
    if matches!(entry, Some(Entry::Declared { .. } | Entry::Bound { .. })) {
        effects.push(track(state));
    }
    effects
}

/// Takes up an incident, as its journal tells it. What its records led to was done when they were written.
pub fn recall(state: &mut State, recalled: Recalled) -> Vec<Effect> {
    let Recalled { incident, beside, newest, earlier } = recalled;
    state.tracker = Observed::default();
    state.incident = incident;
    state.comms.forget();
    for record in beside {
        if is_on_screen(state, &record) {
            state.comms.record(&record, state.incident.as_ref());
        }
        state.rollback.update(rollback::state::Event::Recorded(record), state.now);
    }
    state.comms.settle(state.incident.as_ref());
    (state.records, state.earlier) = match state.incident {
        Some(_) => (newest, Earlier { count: earlier, is_asked: false }),
        None => (Vec::new(), Earlier::default()),
    };
    state.ui.damage.add(Damage::ALL);
    settle(state);
    judge(state);
    vec![track(state)]
}

/// Asks for earlier records where somebody goes there, or looks for a text in them.
pub fn ask_for_earlier(state: &mut State) -> Option<Effect> {
    if state.earlier.count == 0 || state.earlier.is_asked {
        return None;
    }
    let (incident, first) = (state.incident.as_ref()?, state.records.first()?);
    let list = state.list(Pane::Timeline);
    let is_near = list.cursor + NEAR > list.count(state.records.len());
    let count = match (list.filter.is_empty(), is_near) {
        (true, false) => return None,
        (true, true) => AT_ONCE,
        (false, _) => usize::MAX,
    };
    let effect = Effect::LoadEarlier { incident: incident.id.clone(), before: first.seq, count };
    state.earlier.is_asked = true;
    Some(effect)
}

/// Puts earlier records before those that are on the screen.
pub fn earlier(state: &mut State, answer: Result<Vec<Record>, String>) -> Vec<Effect> {
    state.earlier.is_asked = false;
    match answer {
        Ok(read) if is_just_before(state, &read) => {
            state.earlier.count = state.earlier.count.saturating_sub(read.len() as u64);
            state.records.splice(0..0, read);
            state.ui.damage.add(Damage::pane(Pane::Timeline));
            settle(state);
        }
        // The screen is about another incident by now.
        Ok(_) => {}
        Err(why) => {
            // Whoever goes there again asks again.
            state.earlier.count = 0;
            state.ui.tell(Toast::error(format!("earlier entries cannot be read: {why}")), state.uptime);
        }
    }
    Vec::new()
}

fn is_just_before(state: &State, read: &[Record]) -> bool {
    match (read.last(), state.records.first()) {
        (Some(last), Some(first)) => last.seq < first.seq && is_on_screen(state, last),
        _ => false,
    }
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
        state.earlier = Earlier::default();
    }
    if matches!(Entry::of(&record), Some(Entry::Bound { .. })) && is_on_screen(state, &record) {
        state.tracker = Observed::default();
    }
    Incident::apply(&mut state.incident, &record);
    state.rehearsals.take(&record);
    // Somebody else declared it: an offer that nobody took up has nothing to ask any more.
    if state.incident.is_some() && state.ui.overlay.is_offer() {
        state.ui.overlay = Overlay::None;
    }
    state.tests.set_accepted(state.incident.as_ref().and_then(|incident| incident.accepted.clone()));
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

/// Whether it was read already when it was recorded: what came while the journal was being opened comes twice.
fn is_known(state: &State, record: &Record) -> bool {
    const LATELY: usize = 32;
    state.records.iter().rev().take(LATELY).any(|it| it.seq == record.seq && it.hash == record.hash)
}

/// Whether a record is of the incident on the screen, or of all of them.
fn is_on_screen(state: &State, record: &Record) -> bool {
    state.incident.as_ref().is_some_and(|it| it.id == record.incident || record.incident.is_empty())
}
