//! What an incident would leave open if it ended now: required gates, targets that lack the fix, notices nobody sent.

use super::model::{GateStatus, Inputs};
use crate::incident::entry::Left;

/// The items that a notice satisfies: also where they are advised alone, somebody waits for it.
const NOTICES: [&str; 3] = ["a8", "c4", "d5"];

/// What is open, in the order of the process; nothing where the incident may end.
pub fn left_open(inputs: &Inputs, gates: &[GateStatus]) -> Vec<Left> {
    // A notice of a stage that was never entered was never due.
    let was_due = |gate: &GateStatus| inputs.incident.is_some_and(|it| it.entered.contains_key(&gate.stage));
    let is_missing_notice =
        |gate: &GateStatus| NOTICES.contains(&gate.id.as_str()) && !gate.is_passed() && was_due(gate);
    let is_open = |gate: &&GateStatus| gate.is_blocking() || is_missing_notice(gate);
    let left = |gate: &GateStatus| Left { id: gate.id.clone(), what: format!("{}: {}", gate.text, gate.why) };
    gates.iter().filter(is_open).map(left).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{World, rung};
    use super::super::model::State;
    use super::*;
    use crate::change::ladder::Level;
    use crate::incident::Stage;

    fn open(world: &World) -> Vec<Left> {
        world.look(|inputs| left_open(inputs, State::new(inputs).gates()))
    }

    #[test]
    fn nothing_is_open_when_every_gate_is_passed() {
        assert_eq!(open(&World::go(Stage::Monitor)), []);
    }

    #[test]
    fn each_target_that_lacks_the_fix_is_named() {
        let mut world = World::go(Stage::Monitor);
        world.edit_change(|report| {
            report.back_merge = vec![rung("main", Level::MissingClean), rung("release/2.4", Level::MissingConflict)];
        });
        let ids: Vec<_> = open(&world).into_iter().map(|left| left.id).collect();
        assert_eq!(ids, ["d4/main", "d4/release/2.4"]);
    }

    #[test]
    fn an_incident_that_ends_in_its_first_stage_leaves_the_later_ones_open() {
        let ids: Vec<_> = open(&World::go(Stage::Assess)).into_iter().map(|left| left.id).collect();
        assert!(ids.contains(&"d1".to_owned()) && !ids.contains(&"a1".to_owned()), "{ids:?}");
    }
}
