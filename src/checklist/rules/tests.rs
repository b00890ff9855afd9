//! One test at least for each rule: what satisfies it, what speaks against it, and what it waits for.

mod asked;
mod assess;
mod deploy;
mod develop;
mod eyes;
mod monitor;
mod sources;
mod table;

use crate::checklist::fixture::{World, minute};
use crate::checklist::model::GateState;
use crate::incident::{Entry, Severity};

fn state(world: &World, id: &str) -> GateState {
    world.gate(id).state
}

fn why(world: &World, id: &str) -> String {
    world.gate(id).why
}

#[track_caller]
fn assert_gate(world: &World, id: &str, state: GateState, words: &str) {
    let gate = world.gate(id);
    assert!(gate.state == state && gate.why.contains(words), "{id} is {:?}: {}", gate.state, gate.why);
}

/// A declared incident of which nothing else is known yet.
fn just_declared(severity: Option<Severity>, ticket: Option<&str>) -> World {
    let mut world = World::empty();
    let ticket = ticket.map(str::to_owned);
    let title = "t".to_owned();
    world.record(minute(0), "ana", &Entry::Declared { title, severity, impact_at: None, ticket, drill: None });
    world
}
