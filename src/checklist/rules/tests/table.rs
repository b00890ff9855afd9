//! One row for each item: what passes it, what it loses by, and whether that holds the stage at each severity.

use jiff::SignedDuration;

use crate::canary::model::Verdict;
use crate::change::ladder::Level;
use crate::change::model::{FactState, Worktree};
use crate::checklist::fixture::{World, fact, file, minute, red, rung, seen};
use crate::checklist::items;
use crate::checklist::model::{GateState, Strength};
use crate::evidence::Observed;
use crate::incident::{Entry, Severity, Stage};

type Edit = fn(&mut World);

/// Id of the gate, `R` or `A` at SEV1, SEV2 and SEV3, what passes it in a world where all else is well, what it is
/// lost by from there, and where it stands then.
struct Row(&'static str, &'static str, Edit, Edit, GateState);

const NOTHING: Edit = |_| {};

fn migrates(world: &mut World) {
    world.edit_change(|report| report.changes.push(file("db/migrate/1.sql", &["migration"])));
}

fn bad(id: &'static str, world: &mut World) {
    world.edit_change(|report| {
        report.facts.retain(|fact| fact.id != id);
        report.facts.push(fact(id, "f", FactState::Bad, "not so"));
    });
}

fn unanswered(world: &mut World, question: &str) {
    let assessed = world.records.iter_mut().filter(|record| record.kind == "assessed");
    assessed.for_each(|record| record.body[question] = serde_json::Value::Null);
}

fn rehearsed(world: &mut World) {
    let plan = world.plan.as_ref().unwrap().value().unwrap().hash();
    world.record(minute(50), "bob", &Entry::RollbackRehearsed { plan, steps: None, passed: true, detail: "-".into() });
}

use GateState::{Failed, Open};

const TABLE: &[Row] = &[
    Row("a1", "RRR", NOTHING, |w| w.records[0].body["ticket"] = serde_json::Value::Null, Open),
    Row("a2", "RRR", NOTHING, |w| unanswered(w, "impact"), Open),
    Row("a3", "RRR", NOTHING, |w| unanswered(w, "users"), Open),
    Row("a4", "RRR", NOTHING, |w| unanswered(w, "workaround"), Open),
    Row("a5", "RRR", NOTHING, |w| unanswered(w, "severity"), Open),
    Row("a6", "RRA", NOTHING, |w| w.forget("role_taken"), Open),
    Row("a7", "RRR", NOTHING, |w| w.forget("decided"), Open),
    Row("a8", "RRA", NOTHING, |w| w.forget("notice_sent"), Open),
    Row("b1", "RRR", NOTHING, |w| bad("G08", w), Failed),
    Row("b2", "RRR", NOTHING, |w| w.edit_change(|it| it.commits[0].foreign = true), Failed),
    Row("b3", "RRR", NOTHING, |w| w.edit_change(|it| it.core_lines = Some(1_001)), Failed),
    Row("b3", "AAA", NOTHING, |w| w.edit_change(|it| it.core_lines = Some(201)), Failed),
    Row(
        "b4/migration",
        "RRR",
        |w| {
            migrates(w);
            w.tick("b4/migration", "bob");
        },
        |w| w.unsay("b4/migration"),
        Open,
    ),
    Row("b5", "AAA", NOTHING, |w| w.edit_change(|it| it.changes.truncate(1)), Open),
    Row("b6", "RRR", NOTHING, |w| w.edit_tests(|it| red(it, "t")), Failed),
    Row("b7", "RRR", NOTHING, |w| w.edit_tests(|it| red(it, "t")), Open),
    Row("b8", "RRR", NOTHING, |w| w.unsay("b8"), Open),
    Row("b9", "RRR", NOTHING, |w| w.unsay("b9"), Open),
    Row("b10", "RRR", NOTHING, |w| w.worktree = seen(Worktree { staged: 1, ..Worktree::default() }, "git"), Failed),
    Row("c1", "RRR", NOTHING, |w| w.plan = None, Open),
    Row("c2", "RAA", rehearsed, |w| w.forget("rollback_rehearsed"), Open),
    Row(
        "c3",
        "RRR",
        |w| {
            migrates(w);
            w.tick("c3", "bob");
        },
        |w| w.unsay("c3"),
        Open,
    ),
    Row("c3", "AAA", |w| w.tick("c3", "bob"), |w| w.unsay("c3"), Open),
    Row("c4", "RRR", NOTHING, |w| w.forget("notice_sent"), Open),
    Row("c5", "RRR", NOTHING, |w| w.unsay("c5"), Open),
    Row("c6", "RRR", NOTHING, |w| w.edit_change(|it| it.production.deployed = None), Open),
    Row("c7", "RRR", NOTHING, |w| w.watch(Verdict::Suspect), Open),
    Row("c8", "RRR", NOTHING, |w| w.forget("decided"), Open),
    Row("c9", "AAA", NOTHING, |w| bad("G20", w), Failed),
    Row("d1", "RRR", NOTHING, |w| w.watch(Verdict::Regressed), Failed),
    Row("d2", "RRR", NOTHING, |w| w.unsay("d2"), Open),
    Row("d3", "AAA", |w| w.tick("d3", "eve"), |w| w.unsay("d3"), Open),
    Row(
        "d4/main",
        "RRR",
        NOTHING,
        |w| w.edit_change(|it| it.back_merge = vec![rung("main", Level::MissingClean)]),
        Open,
    ),
    Row("d5", "RRA", NOTHING, |w| w.forget("notice_sent"), Open),
    Row("d6", "RRA", NOTHING, |w| w.unsay("d6"), Open),
    Row("d7", "AAA", |w| w.tick_saying("d7", "ana", "2023-11-16"), |w| w.unsay("d7"), Open),
    Row("d8", "AAA", |w| w.tick_saying("d8", "ana", "SHOP-18"), |w| w.unsay("d8"), Open),
    Row("d9", "AAA", |w| w.tick_saying("d9", "ana", "flag off"), |w| w.unsay("d9"), Open),
];

fn stage(id: &str) -> Stage {
    Stage::ALL[usize::from(id.as_bytes()[0] - b'a')]
}

/// Everything is well at this severity, two hours and a bit after the declaration: every soak is over.
fn world(stage: Stage, severity: Severity) -> World {
    let mut world = World::go(stage);
    let severity = Some(severity);
    let assessed = Entry::Assessed { impact: None, users: None, workaround: None, severity };
    world.record(minute(99), "ana", &assessed);
    if stage == Stage::Monitor {
        world.now = minute(125);
        world.refresh();
    }
    world
}

#[test]
fn every_item_has_its_strength_and_its_loss_at_every_severity() {
    for Row(id, strengths, pass, lose, lost) in TABLE {
        for (severity, letter) in [Severity::Sev1, Severity::Sev2, Severity::Sev3].into_iter().zip(strengths.chars()) {
            let mut world = world(stage(id), severity);
            pass(&mut world);
            world.refresh();
            let gate = world.gate(id);
            assert!(gate.is_passed(), "{id} at {severity:?}: {:?}, {}", gate.state, gate.why);
            lose(&mut world);
            world.refresh();
            let (gate, is_required) = (world.gate(id), letter == 'R');
            assert_eq!(gate.state, *lost, "{id} at {severity:?}: {}", gate.why);
            assert_eq!(gate.strength == Strength::Required, is_required, "{id} at {severity:?}");
            assert_eq!(gate.is_blocking(), is_required, "{id} at {severity:?}");
        }
    }
}

#[test]
fn the_table_has_a_row_for_every_item() {
    for item in items::defaults() {
        assert!(TABLE.iter().any(|row| row.0.split('/').next() == Some(&item.id)), "{}", item.id);
    }
}

/// What evidence satisfied is open again once that evidence is old; what the journal holds does not age.
#[test]
fn stale_evidence_opens_every_gate_that_rests_on_a_source() {
    let mut aged = Vec::new();
    for Row(id, _, pass, ..) in TABLE {
        let mut world = world(stage(id), Severity::Sev1);
        pass(&mut world);
        let before = world.gate(id);
        world.now += SignedDuration::from_mins(6);
        let after = world.gate(id);
        let rests_on_source = before.evidence.as_ref().is_some_and(|seen| seen.ttl_s.is_some_and(|ttl| ttl < 360));
        if rests_on_source && before.state == GateState::Satisfied {
            assert_eq!(after.state, GateState::Stale, "{id}: {}", after.why);
            aged.push(*id);
        }
    }
    assert!(aged.len() > 10, "{aged:?}");
}

#[test]
fn nothing_is_satisfied_where_nothing_was_ever_seen() {
    let mut world = world(Stage::Monitor, Severity::Sev1);
    (world.change, world.worktree) = (Observed::default(), Observed::default());
    (world.tests, world.canary, world.plan) =
        (Default::default(), Some(Observed::default()), Some(Observed::default()));
    world.records.truncate(1);
    let satisfied: Vec<_> =
        world.gates().into_iter().filter(|gate| gate.state == GateState::Satisfied).map(|gate| gate.id).collect();
    assert_eq!(satisfied, ["a1"], "the declaration names its ticket");
}
