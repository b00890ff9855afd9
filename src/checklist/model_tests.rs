use super::*;
use crate::checklist::fixture::{World, minute};

fn stages(state: &State) -> Vec<Stage> {
    let stage = |row: &Row| if let Row::Stage(stage) = row { Some(*stage) } else { None };
    state.rows().iter().filter_map(stage).collect()
}

#[test]
fn the_present_stage_comes_first_and_unfolded() {
    let state = World::go(Stage::Deploy).state();
    assert_eq!(stages(&state), [Stage::Deploy, Stage::Assess, Stage::Develop, Stage::Monitor]);
    assert_eq!(state.rows().len(), 4 + 9);
    assert_eq!(state.gate_at(0), None);
    assert_eq!(state.gate_at(1).unwrap().id, "c1");
    assert_eq!(state.gate_at(99), None);
}

#[test]
fn an_earlier_stage_that_still_holds_is_open_too() {
    let mut world = World::go(Stage::Deploy);
    world.edit_change(|report| report.commits[0].merge = true);
    let state = world.state();
    assert!(state.is_unfolded(Stage::Develop));
    assert!(!state.is_unfolded(Stage::Assess));
    assert!(!state.is_unfolded(Stage::Monitor));
}

#[test]
fn a_stage_folds_and_unfolds_by_hand_until_the_next_one_is_entered() {
    let mut world = World::go(Stage::Deploy);
    let mut state = world.state();
    assert!(state.toggle(0));
    assert!(!state.is_unfolded(Stage::Deploy));
    assert_eq!(state.rows().len(), 4);
    assert!(state.toggle(3));
    assert!(state.is_unfolded(Stage::Monitor));
    assert!(!state.toggle(4), "a gate folds nothing");
    world.enter(minute(99), Stage::Monitor);
    assert!(world.look(|inputs| state.update(inputs)));
    assert!(state.is_unfolded(Stage::Monitor));
}

#[test]
fn nothing_new_changes_nothing() {
    let mut world = World::go(Stage::Deploy);
    let mut state = world.state();
    world.now += jiff::SignedDuration::from_secs(5);
    assert!(!world.look(|inputs| state.update(inputs)));
    world.push();
    assert!(world.look(|inputs| state.update(inputs)));
}

#[test]
fn dropped_items_are_gone() {
    let mut world = World::go(Stage::Deploy);
    world.config.drop = vec!["c9".into()];
    assert!(world.gates().iter().all(|gate| gate.id != "c9"));
}
