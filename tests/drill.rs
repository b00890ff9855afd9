//! Drills without a screen: the world, the real adapters, a script, and the score.

#![allow(clippy::unwrap_used, reason = "whatever fails here fails a test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hotfix_cockpit::drill::catalogue;
use hotfix_cockpit::drill::headless::{self, Run};
use hotfix_cockpit::drill::points::Point;
use hotfix_cockpit::drill::rooms::RealRooms;
use hotfix_cockpit::drill::score::PASS;
use hotfix_cockpit::drill::script::Script;
use hotfix_cockpit::incident::{Entry, RollbackEnd, StepState};
use hotfix_cockpit::journal::record::Record;
use serde_json::Value;

const SCENARIOS: [&str; 8] = ["d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8"];

fn script(scenario: &str, kind: &str) -> PathBuf {
    let file = match kind {
        "ideal" => format!("assets/drills/ideal/{scenario}.toml"),
        _ => format!("tests/data/{scenario}-{kind}.toml"),
    };
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)
}

async fn play(scenario: &str, kind: &str, seed: u64) -> Run {
    let script = Script::load(&script(scenario, kind)).unwrap();
    headless::run(catalogue::find(scenario).unwrap(), seed, &script, RealRooms::open).await.unwrap()
}

fn hotfix(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hotfix")).arg("drill").args(arguments).output().unwrap()
}

/// The same with a state folder of its own.
fn hotfix_in(state: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotfix"));
    command.env("HOTFIX_STATE_DIR", state).env("XDG_CONFIG_HOME", state.join("config"));
    command.arg("drill").args(arguments).output().unwrap()
}

/// Plays a script of D1 and keeps its run.
fn keep(state: &Path, kind: &str, team: &str) {
    let path = script("d1", kind).display().to_string();
    let kept = hotfix_in(state, &["d1", "--script", &path, "--keep", "--team", team, "--json"]);
    let told = String::from_utf8_lossy(&kept.stderr).into_owned();
    assert!(told.contains("kept as d1-bad-canary-"), "{told}");
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_tells_an_ideal_run_from_a_negligent_and_a_wrong_one() {
    for scenario in SCENARIOS {
        for (kind, range) in [("ideal", 90..=100), ("negligent", 0..=40), ("wrong", 0..=60)] {
            let run = play(scenario, kind, 1).await;
            assert!(range.contains(&run.score.score), "{scenario} {kind}: {} {:#?}", run.score.score, run.score.points);
            assert_eq!(run.score.passed, run.score.score >= PASS);
            run.score.points.iter().for_each(|point| is_tied(point, &run.played.records));
        }
    }
}

/// Each point has its sentence, and each one that counts its entry of the journal.
fn is_tied(point: &Point, records: &[Record]) {
    assert!(!point.why.is_empty() && (point.points == 0 || point.seq.is_some()), "{point:?}");
    if let Some(seq) = point.seq {
        let record = records.iter().find(|record| record.seq == seq).unwrap();
        let at = record.at.duration_since(headless::EPOCH).as_secs().cast_unsigned();
        assert_eq!(point.at_s, Some(at), "{point:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_goes_to_the_drill_s_own_inbox_over_the_adapter_of_production() {
    let run = play("d1", "ideal", 1).await;
    let entries: Vec<_> = run.played.records.iter().filter_map(Entry::of).collect();
    let receipts = entries.iter().filter_map(|entry| match entry {
        Entry::NoticeDelivery(delivery) => delivery.receipt.clone(),
        _ => None,
    });
    let told = entries.iter().filter(|entry| matches!(entry, Entry::NoticeSent { .. })).count();
    let expected: Vec<_> = (1..=told).map(|n| format!("inbox {n}")).collect();
    assert_eq!(receipts.collect::<Vec<_>>(), expected);
    assert!(told > 0);
}

#[test]
fn every_embedded_scenario_is_played_here() {
    let ids: Vec<String> = catalogue::all().into_iter().map(|it| it.id).collect();
    let played: Vec<String> = SCENARIOS.iter().map(|it| catalogue::find(it).unwrap().id).collect();
    assert_eq!(ids, played);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_and_script_give_the_same_output_to_the_byte() {
    for scenario in SCENARIOS {
        let (first, second) = (play(scenario, "ideal", 3).await, play(scenario, "ideal", 3).await);
        let text = |run: &Run| serde_json::to_string(&run.score).unwrap();
        assert_eq!(text(&first), text(&second), "{scenario}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_is_detected_decided_rolled_back_and_verified_through_the_real_adapters() {
    let entries: Vec<Entry> = play("d1", "ideal", 1).await.played.records.iter().filter_map(Entry::of).collect();
    let place = |wanted: &dyn Fn(&Entry) -> bool| entries.iter().position(wanted).unwrap();
    let tip = place(&|it| matches!(it, Entry::HeadMoved { .. }));
    let tests = place(&|it| matches!(it, Entry::TestsSeen { subject: Some(_), passed: 48, failed: 0 }));
    let regressed = place(&|it| matches!(it, Entry::VerdictChanged { to, .. } if to == "regressed"));
    let fired = place(&|it| matches!(it, Entry::RollbackFired { .. }));
    let verified = place(&|it| matches!(it, Entry::RollbackEnded { end: RollbackEnd::Verified, .. }));
    assert!([tip, tests, regressed, fired, verified].is_sorted(), "{entries:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_stands_at_its_third_step_and_goes_on_with_that_one_alone() {
    let entries: Vec<Entry> = play("d5", "ideal", 1).await.played.records.iter().filter_map(Entry::of).collect();
    let intents: Vec<usize> = entries
        .iter()
        .filter_map(|it| match it {
            Entry::Step { index, state: StepState::Intent, .. } => Some(*index),
            _ => None,
        })
        .collect();
    assert_eq!(intents, [0, 1, 2, 2, 3, 4], "only the third step is issued twice");
    let ends: Vec<RollbackEnd> = entries
        .iter()
        .filter_map(|it| match it {
            Entry::RollbackEnded { end, .. } => Some(*end),
            _ => None,
        })
        .collect();
    assert_eq!(ends, [RollbackEnd::Failed, RollbackEnd::Verified]);
    let fired = entries.iter().filter(|it| matches!(it, Entry::RollbackFired { .. })).count();
    assert_eq!(fired, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_is_left_halfway_is_told_as_mixed() {
    let run = play("d5", "negligent", 1).await;
    let cap = run.score.caps.iter().find(|cap| cap.why.contains("two versions"));
    assert!(cap.is_some(), "{:#?}", run.score.caps);
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_is_seen_by_the_judge_in_memory_long_before_anything_is_slow() {
    let run = play("d2", "ideal", 1).await;
    let turned = run.played.records.iter().find_map(|record| match Entry::of(record) {
        Some(Entry::VerdictChanged { metric, to, .. }) if metric == "memory" && to == "suspect" => Some(record.at),
        _ => None,
    });
    assert!(turned.is_none_or(|at| at.duration_since(headless::EPOCH).as_secs() > 240), "{turned:?}");
    assert_eq!(run.score.bonus, 5, "{:#?}", run.score.points);
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_is_mended_by_a_commit_whose_own_tests_are_seen() {
    let entries: Vec<Entry> = play("d3", "ideal", 1).await.played.records.iter().filter_map(Entry::of).collect();
    let tip = entries.iter().rev().find_map(|it| match it {
        Entry::HeadMoved { from: Some(_), to } => Some(to.clone()),
        _ => None,
    });
    let seen = |it: &Entry| matches!(it, Entry::TestsSeen { subject, .. } if subject.is_some() && *subject == tip);
    assert!(entries.iter().any(seen), "{entries:#?}");
    let first = entries.iter().find_map(|it| match it {
        Entry::TestsSeen { passed, failed, .. } => Some((*passed, *failed)),
        _ => None,
    });
    assert_eq!(first, Some((45, 3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn d6_is_ended_by_a_branch_that_is_made_anew_and_tested_as_such() {
    let run = play("d6", "ideal", 1).await;
    assert!(run.played.outcome.mended_at.is_some());
    let act: Vec<_> = run.score.points.iter().filter(|point| point.dimension == "act").map(|it| it.points).collect();
    assert_eq!(act, [7, 7, 6], "{:#?}", run.score.points);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_upstream_never_looks_like_a_bad_canary() {
    for seed in 1..4 {
        let entries: Vec<Entry> = play("d8", "ideal", seed).await.played.records.iter().filter_map(Entry::of).collect();
        let is_blamed = |it: &Entry| matches!(it, Entry::VerdictChanged { to, .. } if to == "regressed");
        assert!(!entries.iter().any(is_blamed), "seed {seed}");
    }
}

#[test]
fn a_script_on_the_command_line_prints_the_contract_and_exits_by_the_score() {
    let path = script("d1", "ideal").display().to_string();
    let passed = hotfix(&["d1", "--script", &path, "--json"]);
    assert_eq!(passed.status.code(), Some(0), "{}", String::from_utf8_lossy(&passed.stderr));
    let score = json(&passed);
    assert_eq!((&score["schema"], &score["scenario"], &score["seed"]), (&1.into(), &"d1-bad-canary".into(), &1.into()));
    assert!(score["timeline"].as_array().unwrap().iter().all(|it| it["at_s"].is_u64() && it["event"].is_string()));
    let path = script("d1", "negligent").display().to_string();
    let failed = hotfix(&["d1", "--script", &path, "--json", "--seed", "4"]);
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!((&json(&failed)["passed"], &json(&failed)["seed"]), (&false.into(), &4.into()));
}

#[test]
fn the_score_for_people_explains_each_point() {
    let path = script("d1", "wrong").display().to_string();
    let told = String::from_utf8(hotfix(&["d1", "--script", &path]).stdout).unwrap();
    for words in ["of 100, not passed", "premature: before 4:00", "a false alarm was acted on", "timeline"] {
        assert!(told.contains(words), "{words}\n{told}");
    }
}

#[test]
fn the_list_names_every_scenario() {
    let told = String::from_utf8(hotfix(&["--list"]).stdout).unwrap();
    assert!(catalogue::all().iter().all(|it| told.contains(&it.id) && told.contains(&it.name)), "{told}");
    let scenarios = json(&hotfix(&["--list", "--json"]))["scenarios"].as_array().unwrap().len();
    assert_eq!(scenarios, SCENARIOS.len());
}

#[test]
fn a_file_is_checked_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let good = include_str!("../assets/drills/d1-bad-canary.toml");
    std::fs::write(&file, good).unwrap();
    let path = file.display().to_string();
    assert_eq!(hotfix(&["--check", &path]).status.code(), Some(0));
    std::fs::write(&file, good.replace("difficulty =", "dificulty =")).unwrap();
    let refused = hotfix(&["--check", &path]);
    let told = String::from_utf8(refused.stdout).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(told.contains("mine.toml:7:1: unknown key `dificulty`"), "{told}");
    assert!(told.contains("did you mean `difficulty`?"), "{told}");
    std::fs::write(&file, good.replace("weight = 5", "weight = 101").replace("limit = 40", "limit = 400")).unwrap();
    let problems = json(&hotfix(&["--check", &path, "--json"]))["problems"].clone();
    assert_eq!(problems.as_array().unwrap().len(), 2 + 1, "{problems}");
}

#[test]
fn what_cannot_run_says_why_and_exits_with_two() {
    for (arguments, words) in [
        (vec!["d9"], "no scenario is called `d9`"),
        (vec!["--check", "/nowhere.toml"], "/nowhere.toml"),
        (vec!["d1", "--script", "/nowhere.toml"], "/nowhere.toml"),
        (vec!["d1", "--speed", "100"], "a speed is a number from 0.1 to 20"),
    ] {
        let output = hotfix(&arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {told}");
        assert!(told.contains(words), "{arguments:?} {told}");
    }
}

#[test]
fn runs_are_kept_and_their_history_tells_each_dimension_apart_for_each_team() {
    let state = tempfile::tempdir().unwrap();
    let nothing = hotfix_in(state.path(), &["history"]);
    assert!(String::from_utf8_lossy(&nothing.stdout).contains("no drill was kept yet"));
    for (kind, team) in [("negligent", "payments"), ("ideal", "payments"), ("wrong", "search")] {
        keep(state.path(), kind, team);
    }
    let listed = json(&hotfix_in(state.path(), &["--list", "--json"]));
    assert_eq!(
        (&listed["scenarios"][0]["best"]["team"], &listed["scenarios"][1]["best"]),
        (&"payments".into(), &Value::Null)
    );
    let history = json(&hotfix_in(state.path(), &["history", "--json"]));
    let groups = history["groups"].as_array().unwrap();
    assert_eq!(groups.iter().map(|it| it["team"].as_str().unwrap()).collect::<Vec<_>>(), ["payments", "search"]);
    let detect = &groups[0]["dimensions"][0];
    assert_eq!((&detect["dimension"], detect["points"].as_array().unwrap().len()), (&"detect".into(), 2));
    assert!(detect["change"].as_i64().unwrap() > 0, "{detect}");
    let told = String::from_utf8(hotfix_in(state.path(), &["history", "d1", "--team", "payments"]).stdout).unwrap();
    assert!(told.contains("payments · d1-bad-canary") && !told.contains("search ·"), "{told}");
}

#[test]
fn a_debrief_is_exported_beside_the_ideal_path_and_the_run_before() {
    let state = tempfile::tempdir().unwrap();
    keep(state.path(), "wrong", "payments");
    keep(state.path(), "ideal", "payments");
    let document = json(&hotfix_in(state.path(), &["--debrief", "--export", "json"]));
    assert_eq!((&document["id"], &document["earlier"]["id"]), (&"d1-bad-canary-2".into(), &"d1-bad-canary-1".into()));
    assert_eq!(document["path"].as_array().unwrap().len(), 5);
    let text = |arguments: &[&str]| String::from_utf8(hotfix_in(state.path(), arguments).stdout).unwrap();
    let markdown = text(&["--debrief", "d1-bad-canary-1", "--export", "md"]);
    assert!(
        markdown.starts_with("## Drill: Bad canary, low traffic") && markdown.contains("### Timeline"),
        "{markdown}"
    );
    let told = text(&["--debrief", "d1", "--beside", "d1-bad-canary-1", "--export", "text"]);
    assert!(told.contains("the ideal path, and this run") && told.contains("earlier"), "{told}");
    for arguments in [&["--debrief", "d8", "--export", "text"][..], &["--debrief"], &["--export", "text"]] {
        let refused = hotfix_in(state.path(), arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {}", String::from_utf8_lossy(&refused.stderr));
    }
}
