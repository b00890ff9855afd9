//! Whatever is taken away from a world in which everything is as it should be, it is not `go` any more.

use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::fixture::{World, change, minute, oid, red};
use super::model::{By, GateState};
use super::readiness::Readiness;
use crate::canary::model::Verdict;
use crate::change::model::FactState;
use crate::evidence::{Failure, Generation, Observation, Observed};
use crate::incident::{RollbackEnd, Stage};
use crate::test_results::model::State as TestResults;

/// One thing that a required gate of the deploy stage, or of one before it, rests on.
type Loss = (&'static str, fn(&mut World));

const LOSSES: [Loss; 20] = [
    ("git was never asked", |world| world.change = Observed::default()),
    ("git status was never asked", |world| world.worktree = Observed::default()),
    ("tests were never seen", |world| world.tests = TestResults::default()),
    ("the canary was never seen", |world| world.canary = Some(Observed::default())),
    ("the plan was never built", |world| world.plan = Some(Observed::default())),
    ("nobody asks production", |world| world.edit_change(|report| report.production.deployed = None)),
    ("no plan", |world| world.plan = None),
    ("the tip moved", World::push),
    ("everything is old", |world| world.now += SignedDuration::from_mins(10)),
    ("git failed", |world| fail(&mut world.change)),
    ("tests failed to load", |world| fail(&mut world.tests.report)),
    ("a test is red", |world| world.edit_tests(|report| red(report, "t"))),
    ("tests are unattributed", |world| {
        world.edit_tests(|report| {
            report.runs[0].subject = None;
            report.runs[0].tree = None;
        });
    }),
    ("tests of another commit", |world| {
        world.edit_tests(|report| {
            report.runs[0].subject = Some(oid('7'));
            report.runs[0].tree = Some(oid('6'));
        });
    }),
    ("collecting", |world| world.watch(Verdict::Collecting)),
    ("blind", |world| world.watch(Verdict::Blind)),
    ("suspect", |world| world.watch(Verdict::Suspect)),
    ("environment", |world| world.watch(Verdict::Environment)),
    ("regressed", |world| world.watch(Verdict::Regressed)),
    ("no incident", |world| world.records.clear()),
];

fn fail<T: PartialEq>(observed: &mut Observed<T>) {
    *observed = Observed::default();
    let failure = Failure { what: "refused".into(), remedy: None, at: minute(100), retry_at: None };
    observed.observe(Observation::Failed(Generation(1), failure));
}

fn readiness(world: &World) -> Readiness {
    world.state().standing().readiness
}

#[test]
fn any_one_loss_ends_the_go() {
    assert_eq!(readiness(&World::go(Stage::Deploy)), Readiness::Go);
    for (name, lose) in LOSSES {
        let mut world = World::go(Stage::Deploy);
        lose(&mut world);
        assert_ne!(readiness(&world), Readiness::Go, "{name}");
    }
}

#[test]
fn any_one_fact_that_a_gate_rests_on_ends_the_go_when_it_is_not_ok() {
    for index in 0..change().facts.len() {
        for state in [FactState::Warn, FactState::Bad, FactState::Unknown] {
            let mut world = World::go(Stage::Deploy);
            let mut id = "";
            world.edit_change(|report| {
                report.facts[index].state = state;
                id = report.facts[index].id;
            });
            // The tag is an advice; the person's word about rivals stands where git is not sure.
            let expected = id == "G20" || id == "G22" && state != FactState::Bad;
            assert_eq!(readiness(&world) == Readiness::Go, expected, "{id} {state:?}");
        }
    }
}

#[test]
fn any_one_record_of_a_person_that_a_gate_rests_on_ends_the_go() {
    let whole = World::go(Stage::Deploy);
    let gates = whole.gates();
    for gate in gates.iter().filter(|gate| gate.by == Some(By::Person)) {
        let mut world = whole.clone();
        world.records.retain(|record| record.body["item"] != gate.id.as_str());
        assert_ne!(readiness(&world), Readiness::Go, "{}", gate.id);
    }
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 96, rng_seed: RngSeed::Fixed(2), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// Losses never heal each other, ticks never heal a loss of evidence, and `roll back` needs a regression.
    #[test]
    fn losses_add_up(chosen in prop::collection::vec(0..LOSSES.len(), 1..5), ticked in prop::collection::vec(0..36_usize, 0..6)) {
        let mut world = World::go(Stage::Deploy);
        for index in &chosen {
            (LOSSES[*index].1)(&mut world);
        }
        // A tick may stand in where no test result was ever seen, no plan is configured or production is
        // not asked: not here.
        let ids: Vec<_> = world.gates().iter().map(|gate| gate.id.clone()).collect();
        for index in ticked {
            let stands_in = ["b6", "c1", "c6"].contains(&ids[index].as_str());
            if !stands_in && world.incident().is_some() {
                world.tick(&ids[index], "bob");
            }
        }
        let regressed = world.canary.as_ref().and_then(|c| c.value()).is_some_and(|r| r.verdict == Verdict::Regressed);
        let readiness = readiness(&world);
        prop_assert_ne!(readiness, Readiness::Go);
        let wants_rollback = regressed && world.incident().is_some();
        prop_assert_eq!(readiness == Readiness::RollBack, wants_rollback);
    }

    /// Whatever happened, a gate that evidence satisfies shows that evidence, and it is fresh.
    #[test]
    fn satisfied_by_evidence_means_fresh_evidence(chosen in prop::collection::vec(0..LOSSES.len(), 0..4), later in 0..20_i64) {
        let mut world = World::go(Stage::Monitor);
        for index in chosen {
            (LOSSES[index].1)(&mut world);
        }
        world.now += SignedDuration::from_mins(later);
        for gate in world.gates().iter().filter(|gate| gate.by == Some(By::Evidence)) {
            let seen = gate.evidence.as_ref().unwrap();
            if let (Some(at), Some(ttl)) = (seen.observed_at, seen.ttl_s) {
                prop_assert!(world.now.duration_since(at).as_secs() <= ttl as i64, "{}", gate.id);
            }
        }
    }

    /// Each gate has a sentence, and says what to do unless nothing is to be done.
    #[test]
    fn every_gate_explains_itself(chosen in prop::collection::vec(0..LOSSES.len(), 0..4), stage in 0..4_usize) {
        let mut world = World::go(Stage::ALL[stage]);
        for index in chosen {
            (LOSSES[index].1)(&mut world);
        }
        world.roll_back(minute(99), RollbackEnd::Stopped);
        for gate in world.gates() {
            prop_assert!(!gate.why.is_empty() && !gate.next.is_empty(), "{}", gate.id);
            prop_assert_eq!(gate.by.is_some(), matches!(gate.state, GateState::Satisfied | GateState::Overridden));
            prop_assert!(!(gate.awaits_data && gate.is_passed()));
        }
    }
}
