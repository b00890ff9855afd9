//! The clocks: what they look at beside the incident, and whom they call when they turn, once for each turn.

use std::time::Duration;

use jiff::Timestamp;

use super::super::effect::Effect;
use super::super::event::Toast;
use super::super::state::{State, Turned};
use crate::evidence::Freshness;
use crate::incident::clocks::{Clock, Kind, Sight, Tone, call_outs, clocks, next_call_out};
use crate::incident::{Incident, Stage};
use crate::ui::pane::until;

/// The clocks of the open incident, the most urgent first.
pub fn of(state: &State) -> Vec<Clock> {
    state.incident.as_ref().map(|it| clocks(it, sight(state, it), state.now)).unwrap_or_default()
}

fn sight(state: &State, incident: &Incident) -> Sight {
    Sight { blind_since: blind_since(state, incident) }
}

/// Since when nobody sees the canary's metrics, once it is deployed.
fn blind_since(state: &State, incident: &Incident) -> Option<Timestamp> {
    state.project.config.canary.as_ref().filter(|_| incident.stage >= Stage::Deploy)?;
    let entered = incident.entered.get(&Stage::Deploy).copied();
    match state.canary.report.freshness(state.now) {
        Freshness::Fresh => incident.blind_since,
        Freshness::Stale | Freshness::Failed => {
            let seen = state.canary.report.evidence().map(|evidence| evidence.observed_at);
            incident.blind_since.or(seen.max(entered))
        }
        Freshness::Never | Freshness::Loading => None,
    }
}

/// Calls for what has turned since the last look. What had turned when an incident came to the screen calls nobody: it
/// is being looked at.
pub fn turn(state: &mut State) -> Vec<Effect> {
    let clocks = of(state);
    let Some(incident) = &state.incident else { return Vec::new() };
    let outs = call_outs(incident, state.now);
    let id: String = incident.id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let is_new = state.turned.incident != incident.id;
    if is_new {
        state.turned = Turned { incident: incident.id.clone(), call_outs: outs, ..Turned::default() };
    }
    let turned = clocks.iter().filter(|clock| calls(clock));
    let news: Vec<_> = turned.filter(|it| state.turned.told.insert((it.kind, it.tone, it.due))).collect();
    let mut said: Vec<String> = news.iter().map(|clock| clock.says.clone()).collect();
    if outs > state.turned.call_outs {
        state.turned.call_outs = outs;
        let told = format!("{} minutes since the incident was declared", outs * 10);
        state.ui.tell(Toast::info(told.clone()), state.uptime);
        said.push(told);
    }
    let said = if is_new { Vec::new() } else { said };
    said.into_iter().map(|said| Effect::Notify(format!("{id}: {said}"))).collect()
}

/// Metrics that are blind for a moment are no call: they come and go.
fn calls(clock: &Clock) -> bool {
    match clock.tone {
        Tone::Late => true,
        Tone::Soon => clock.kind != Kind::Blind,
        Tone::Calm => false,
    }
}

/// How long until the next clock turns.
pub fn next_turn(state: &State) -> Option<Duration> {
    let call_out = state.incident.as_ref().and_then(|it| next_call_out(it, state.now));
    let turns = of(state).into_iter().filter_map(|clock| clock.turns_at).chain(call_out);
    turns.min().map(|at| until(state.now, at))
}
