//! What the timeline tells by itself as the world moves: each thing once, also across a restart.

use super::super::effect::{Actor, Effect};
use super::super::state::State;
use crate::evidence::Oid;
use crate::evidence::text::clean;
use crate::incident::Entry;
use crate::incident::entry::Push;

/// An entry that the cockpit makes by itself, if there is an incident to record it in that does not know it yet.
pub fn note(state: &State, entry: Entry) -> Option<Effect> {
    let incident = state.incident.as_ref().filter(|_| !state.project.is_read_only)?;
    let is_news = incident.told.is_news(&entry);
    is_news.then(|| Effect::Record { incident: incident.id.clone(), entry, actor: Actor::Cockpit })
}

/// Where the rollout is, as soon as it is seen at another step: to go on from there is a decision of its own.
pub fn rollout(state: &State) -> Option<Effect> {
    let seen = &state.rollback.rollout.seen.fresh(state.now)?.value;
    let (to, through) = seen.reach()?;
    let (rollout, told) = (clean(&seen.name), &state.incident.as_ref()?.told);
    note(state, Entry::RolloutMoved { from: told.rollout(&rollout).cloned(), rollout, to, through })
}

/// What git says of the two places that move.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    tip: Option<Oid>,
    upstream: Option<(String, Oid)>,
}

impl Places {
    /// Where they are now.
    pub fn of(state: &State) -> Self {
        let report = state.change.report.value();
        let upstream = report.and_then(|report| Some((report.upstream.clone()?, report.upstream_oid.clone()?)));
        Self { tip: state.change.head().and_then(|head| head.commit), upstream }
    }
}

/// What moved since `before`; where that is not known, since it was last on record.
pub fn moves(state: &State, before: &Places) -> Vec<Effect> {
    let (now, told) = (Places::of(state), state.incident.as_ref().map(|incident| &incident.told));
    let from = before.tip.clone().or_else(|| told?.tip().cloned());
    let tip = now.tip.zip(from).filter(|(to, from)| to != from);
    let tip = tip.map(|(to, from)| Entry::HeadMoved { from: Some(from), to });
    let pushed = now.upstream.and_then(|(branch, to)| {
        let same = before.upstream.clone().filter(|(name, _)| *name == branch).map(|(_, oid)| oid);
        let from = same.or_else(|| told?.upstream(&branch).cloned()).filter(|from| *from != to)?;
        Some(Entry::Pushed(Box::new(Push { branch, from: Some(from), to })))
    });
    tip.into_iter().chain(pushed).filter_map(|entry| note(state, entry)).collect()
}
