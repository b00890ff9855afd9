use super::{assert_gate, state};
use crate::change::model::{FactState, Worktree};
use crate::change::risk::{Band, Risk};
use crate::checklist::fixture::{World, fact, file, minute, oid, red, seen};
use crate::checklist::model::{By, GateState};
use crate::checklist::rules::develop::{IRREVERSIBLE, SENSITIVE};
use crate::config::schema::TestLevel;
use crate::evidence::Observed;
use crate::incident::Stage;
use crate::test_results::model::{Ci, Comparison, Run, RunState, Standing, State as TestResults};

#[test]
fn b1_follows_the_base() {
    let mut world = World::go(Stage::Develop);
    assert_eq!(state(&world, "b1"), GateState::Satisfied);
    world.edit_change(|report| report.facts[0] = fact("G08", "base", FactState::Bad, "v2.4.2 was released since"));
    assert_gate(&world, "b1", GateState::Failed, "v2.4.2");
    world.edit_change(|report| report.facts[0] = fact("G08", "base", FactState::Unknown, "the clone is shallow"));
    assert_gate(&world, "b1", GateState::Open, "shallow");
}

#[test]
fn b1_goes_by_the_commits_where_git_tells_no_fact() {
    let mut world = World::go(Stage::Develop);
    world.edit_change(|report| report.facts.retain(|fact| fact.id != "G08"));
    assert_gate(&world, "b1", GateState::Satisfied, "starts at v2.4.1");
    world.edit_change(|report| report.merge_base = Some(oid('0')));
    assert_gate(&world, "b1", GateState::Failed, "v2.4.1 has commits");
    world.edit_change(|report| report.merge_base = None);
    assert_gate(&world, "b1", GateState::Failed, "shares no history");
    world.edit_change(|report| report.repository.shallow = true);
    assert_gate(&world, "b1", GateState::Open, "shallow");
    world.edit_change(|report| report.production.oid = None);
    assert_gate(&world, "b1", GateState::Open, "both ends");
}

#[test]
fn b1_minds_drift_until_the_deploy_begins() {
    let drift = fact("G07", "drift", FactState::Bad, "production runs another commit");
    let mut world = World::go(Stage::Develop);
    world.edit_change(|report| report.facts.push(drift.clone()));
    assert_gate(&world, "b1", GateState::Failed, "another commit");
    let mut world = World::go(Stage::Deploy);
    world.edit_change(|report| report.facts.push(drift));
    assert_eq!(state(&world, "b1"), GateState::Satisfied);
}

#[test]
fn b2_names_the_first_commit_that_does_not_belong() {
    let mut world = World::go(Stage::Develop);
    assert_eq!(state(&world, "b2"), GateState::Satisfied);
    world.edit_change(|report| report.commits[0].foreign = true);
    assert_gate(&world, "b2", GateState::Failed, "1 foreign commit: 3333333 Give the pool");
    world.edit_change(|report| {
        report.commits[0].foreign = false;
        report.commits[0].merge = true;
    });
    assert_gate(&world, "b2", GateState::Failed, "1 merge commit");
}

#[test]
fn b2_is_not_satisfied_by_a_flag_that_nobody_could_compute() {
    let mut world = World::go(Stage::Develop);
    world.edit_change(|report| report.facts.retain(|fact| fact.id != "G10"));
    assert_gate(&world, "b2", GateState::Open, "no target branch");
    world.edit_change(|report| report.facts.push(fact("G12", "off ticket", FactState::Bad, "1 commit without a key")));
    assert_gate(&world, "b2", GateState::Failed, "without a key");
}

#[test]
fn b2_wants_a_commit_before_the_deploy() {
    let mut world = World::go(Stage::Develop);
    world.edit_change(|report| report.commits.clear());
    assert_gate(&world, "b2", GateState::Open, "no commit yet");
}

#[test]
fn b3_is_advised_until_the_change_is_huge() {
    let mut world = World::go(Stage::Develop);
    assert_gate(&world, "b3", GateState::Satisfied, "9 core lines of 200");
    world.edit_change(|report| report.core_lines = Some(201));
    let over = world.gate("b3");
    assert_eq!((over.state, over.is_blocking()), (GateState::Failed, false));
    world.edit_change(|report| report.core_lines = Some(1_001));
    assert!(world.gate("b3").is_blocking());
    world.edit_change(|report| report.core_lines = None);
    assert!(world.gate("b3").is_blocking());
}

#[test]
fn b3_minds_the_risk_and_holds_at_very_high() {
    let mut world = World::go(Stage::Develop);
    for (band, holds, is_blocking) in
        [(Band::Moderate, true, false), (Band::High, false, false), (Band::VeryHigh, false, true)]
    {
        let risk = Risk { score: 40, band, points: Vec::new(), partial: false };
        world.edit_change(|report| report.risk = Some(risk));
        let gate = world.gate("b3");
        assert_eq!((gate.is_passed(), gate.is_blocking()), (holds, is_blocking), "{}", gate.why);
        assert!(gate.why.contains(band.label()), "{}", gate.why);
    }
}

#[test]
fn b4_asks_a_person_for_each_class_that_is_touched() {
    let mut world = World::go(Stage::Develop);
    assert_gate(&world, "b4", GateState::NotApplicable, "no sensitive path");
    world.edit_change(|report| report.changes.push(file("db/migrate/1.sql", &["migration"])));
    world.edit_change(|report| report.changes.push(file("src/auth/key.rs", &["auth"])));
    assert_gate(&world, "b4/migration", GateState::Open, "db/migrate/1.sql");
    assert_eq!(world.gate("b4/migration").text, "Sensitive path looked at: migration");
    world.tick("b4/migration", "bob");
    assert_eq!(state(&world, "b4/migration"), GateState::Satisfied);
    assert_gate(&world, "b4/auth", GateState::Open, "src/auth/key.rs");
}

#[test]
fn b4_is_ticked_as_a_whole_for_what_the_note_names() {
    let mut world = World::go(Stage::Develop);
    world.edit_change(|report| {
        report.changes.push(file("db/migrate/1.sql", &["migration"]));
        report.changes.push(file("src/auth/key.rs", &["auth"]));
    });
    world.tick_saying("b4", "bob", "auth: only the pool's key");
    assert_eq!(state(&world, "b4/auth"), GateState::Satisfied);
    assert_eq!(state(&world, "b4/migration"), GateState::Open);
    world.waive("b4", "agreed with the owner of both");
    assert_eq!(state(&world, "b4/migration"), GateState::Overridden);
}

#[test]
fn b4_knows_every_class_that_diff_risk_gives_points_for() {
    let file: toml::Table = include_str!("../../../../assets/path_classes.toml").parse().unwrap();
    let names = |keep: fn(&toml::Value) -> bool| -> Vec<String> {
        let classes = file["class"].as_array().unwrap().iter().filter(|class| keep(class));
        classes.map(|class| class["name"].as_str().unwrap().to_owned()).collect()
    };
    let points = |class: &toml::Value| class.get("points").and_then(toml::Value::as_integer) >= Some(4);
    let is_unsafe = |class: &toml::Value| class.get("rollback").and_then(toml::Value::as_str) == Some("unsafe");
    assert_eq!(names(points), SENSITIVE);
    assert_eq!(names(is_unsafe), IRREVERSIBLE);
}

#[test]
fn b4_holds_while_git_is_silent() {
    let mut world = World::go(Stage::Develop);
    world.change = Observed::default();
    assert!(world.gate("b4").is_blocking());
    let mut world = World::go(Stage::Develop);
    world.edit_change(|report| report.changes.push(file("src/auth/key.rs", &["auth"])));
    world.now += jiff::SignedDuration::from_mins(10);
    assert_gate(&world, "b4/auth", GateState::Stale, "too old");
}

#[test]
fn b5_looks_for_a_test_file() {
    let mut world = World::go(Stage::Develop);
    assert_gate(&world, "b5", GateState::Satisfied, "tests/pool.rs");
    world.edit_change(|report| report.changes.truncate(1));
    assert_eq!(state(&world, "b5"), GateState::Open);
    let fixed = Comparison { fixed: vec!["pool_limit".into()], ..Comparison::default() };
    world.edit_tests(|report| report.baseline = Some(fixed));
    assert_gate(&world, "b5", GateState::Satisfied, "red in production and green now: pool_limit");
    world.edit_tests(|report| red(report, "another"));
    assert_eq!(state(&world, "b5"), GateState::Open, "nothing is green now");
}

#[test]
fn b6_follows_the_verdict_of_the_test_room() {
    let mut world = World::go(Stage::Develop);
    assert_gate(&world, "b6", GateState::Satisfied, "812 tests pass at 3333333");
    let value = |world: &World| world.gate("b6").evidence.unwrap().value.unwrap();
    assert_eq!(value(&world), "812 passed, 0 failed; production's results unknown; level: unit");
    let same = Comparison { subject: Some(oid('1')), ..Comparison::default() };
    world.edit_tests(|report| report.baseline = Some(same));
    assert_eq!(value(&world), "812 passed, 0 failed; 0 new against 1111111; level: unit");
    world.push();
    assert_gate(&world, "b6", GateState::Stale, "of 3333333");
}

#[test]
fn b6_is_failed_by_a_red_test_and_a_tick_does_not_help() {
    let mut world = World::go(Stage::Develop);
    world.edit_tests(|report| red(report, "pool_limit"));
    assert_gate(&world, "b6", GateState::Failed, "1 test fails");
    world.tick("b6", "bob");
    assert_gate(&world, "b6", GateState::Failed, "does not outweigh");
}

#[test]
fn b6_asks_a_person_for_what_a_report_does_not_tell() {
    for forget in [
        (|run| run.exit_code = None) as fn(&mut Run),
        |run| run.dirty = None,
        |run| (run.subject, run.tree) = (None, None),
    ] {
        let mut world = World::go(Stage::Develop);
        world.edit_tests(|report| forget(&mut report.runs[0]));
        assert_eq!(state(&world, "b6"), GateState::Open);
        world.tick("b6", "bob");
        assert_eq!(world.gate("b6").by, Some(By::Person));
    }
}

#[test]
fn b6_waits_for_a_report_that_is_being_written_or_not_yet_there() {
    let mut world = World::go(Stage::Develop);
    world.edit_tests(|report| {
        report.runs[0].complete = false;
        report.runs[0].state = RunState::Writing;
    });
    assert!(world.gate("b6").awaits_data);
    world.edit_tests(|report| report.runs.clear());
    assert!(world.gate("b6").awaits_data);
    world.tick("b6", "bob");
    assert_gate(&world, "b6", GateState::Open, "does not outweigh");
}

#[test]
fn b6_takes_a_persons_word_where_no_result_was_ever_seen() {
    let mut world = World::go(Stage::Develop);
    world.tests = TestResults::default();
    let gate = world.gate("b6");
    assert_eq!((gate.state, gate.awaits_data), (GateState::Open, true));
    world.tick("b6", "bob");
    assert_eq!(world.gate("b6").by, Some(By::Person));
}

#[test]
fn b6_cannot_be_told_while_git_is_silent() {
    let mut world = World::go(Stage::Develop);
    world.change = Observed::default();
    assert_gate(&world, "b6", GateState::Stale, "git does not tell");
}

#[test]
fn b7_applies_while_something_is_red() {
    let mut world = World::go(Stage::Develop);
    assert_eq!(state(&world, "b7"), GateState::NotApplicable);
    world.edit_tests(|report| red(report, "flaky_clock"));
    assert_gate(&world, "b7", GateState::Open, "flaky_clock");
    world.tick("b7", "bob");
    assert_gate(&world, "b7", GateState::Open, "does not say flaky_clock");
    world.tick_saying("b7", "bob", "flaky_clock reads the wall clock: SHOP-18");
    assert_eq!(state(&world, "b7"), GateState::Satisfied);
}

#[test]
fn b7_needs_nobody_for_what_its_history_excuses_and_somebody_for_what_is_skipped() {
    let mut world = World::go(Stage::Develop);
    world.edit_tests(|report| {
        red(report, "flaky_clock");
        report.failures[0].standing = Some(Standing::Flaky);
    });
    assert_gate(&world, "b7", GateState::Satisfied, "known to be: 1 test");
    let skipped = Comparison { skipped_tests: vec!["pool_limit".into()], ..Comparison::default() };
    world.edit_tests(|report| report.baseline = Some(skipped));
    assert_gate(&world, "b7", GateState::Open, "pool_limit");
    world.edit_tests(|report| (0..21).for_each(|n| red(report, &format!("t{n}"))));
    world.tick("b7", "bob");
    assert_gate(&world, "b7", GateState::Failed, "too many to tick");
}

#[test]
fn b10_wants_a_clean_tree_and_nothing_to_push() {
    let mut world = World::go(Stage::Develop);
    assert_eq!(state(&world, "b10"), GateState::Satisfied);
    world.worktree = seen(Worktree { unstaged: 2, untracked: 1, ..Worktree::default() }, "git");
    assert_gate(&world, "b10", GateState::Failed, "2 unstaged, 1 untracked");
    world.worktree = seen(Worktree::default(), "git");
    world.edit_change(|report| report.ahead = Some(1));
    assert_gate(&world, "b10", GateState::Failed, "1 ahead");
    world.edit_change(|report| report.ahead = None);
    assert_gate(&world, "b10", GateState::Open, "no upstream");
    world.edit_change(|report| report.repository.operation = Some("rebase".into()));
    assert_gate(&world, "b10", GateState::Failed, "in the middle of a rebase");
}

#[test]
fn b10_asks_a_person_where_git_may_not_look() {
    let mut world = World::go(Stage::Develop);
    world.worktree = seen(Worktree { unverified: 1, ..Worktree::default() }, "git");
    assert_gate(&world, "b10", GateState::Open, "1 filtered file");
}

#[test]
fn b10_is_stale_with_old_remote_refs() {
    let mut world = World::go(Stage::Develop);
    world.edit_change(|report| report.facts.push(fact("G05", "age", FactState::Warn, "fetched 20 minutes ago")));
    assert_gate(&world, "b10", GateState::Stale, "fetched");
}

#[test]
fn b6_says_which_of_the_tests_ran() {
    let mut world = World::go(Stage::Develop);
    let level = |world: &mut World, level| {
        world.edit_tests(|report| {
            report.runs[0].ci =
                Some(Box::new(Ci { level: Some(level), holds_until: Some(minute(200)), ..Ci::default() }));
        });
        let gate = world.gate("b6");
        (gate.state, gate.why, gate.evidence.unwrap().value.unwrap())
    };
    let (_, why, value) = level(&mut world, TestLevel::RunLocalTests);
    assert!(value.contains("RunLocalTests of ") && !why.contains("not proven"), "{why} {value}");
    let (_, why, value) = level(&mut world, TestLevel::RunSpecifiedTests);
    assert!(value.contains("RunSpecifiedTests of ") && why.contains("is not proven"), "{why} {value}");
}
