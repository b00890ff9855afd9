use super::assert_gate;
use crate::change::model::FactState;
use crate::checklist::check::Answer;
use crate::checklist::fixture::{World, fact, seen};
use crate::checklist::model::{By, GateState, Strength};
use crate::config::schema::{CheckAddress, ChecklistItem, Expect, SeverityName, StageName};
use crate::evidence::{Failure, Generation, Observation, Observed, Subject};
use crate::incident::Stage;

fn answers(world: &mut World, id: &str, text: &str, refusal: Option<&str>) {
    let answer = Answer { text: text.into(), refusal: refusal.map(str::to_owned) };
    world.checks.insert(id.into(), seen(answer, "staging.example/version"));
}

/// `b8` is asked at an address, and must be the tip.
fn staging() -> World {
    let mut world = World::go(Stage::Develop);
    world.unsay("b8");
    let http = Some(CheckAddress { url: "https://staging.example/version".into(), ..CheckAddress::default() });
    let expect = Some(Expect { tip: Some(true), ..Expect::default() });
    world.config.item = vec![ChecklistItem { id: "b8".into(), http, expect, ..ChecklistItem::default() }];
    world
}

#[test]
fn b8_is_satisfied_by_an_environment_that_runs_the_tip() {
    let mut world = staging();
    assert_gate(&world, "b8", GateState::Open, "hotfix trust");
    answers(&mut world, "b8", "3333333", None);
    let gate = world.gate("b8");
    assert_eq!((gate.state, gate.by), (GateState::Satisfied, Some(By::Evidence)), "{}", gate.why);
    let evidence = gate.evidence.unwrap();
    assert_eq!(evidence.value.as_deref(), Some("3333333"));
    assert!(evidence.subject.is_some() && evidence.ttl_s.is_some());
    answers(&mut world, "b8", "1111111", None);
    world.tick("b8", "bob");
    assert_gate(&world, "b8", GateState::Failed, "1111111 runs there, and the tip is 3333333");
    assert_gate(&world, "b8", GateState::Failed, "does not outweigh");
}

#[test]
fn an_answer_about_the_change_is_about_that_commit_alone() {
    let mut world = staging();
    answers(&mut world, "b8", "3333333", None);
    world.push();
    assert_gate(&world, "b8", GateState::Stale, "another commit");
    let mut world = staging();
    answers(&mut world, "b8", "3333333", None);
    let mut evidence = world.checks["b8"].evidence().unwrap().clone();
    evidence.subject = Subject::default();
    world.checks.insert("b8".into(), Observed::seen(evidence));
    assert_gate(&world, "b8", GateState::Stale, "name no commit");
}

#[test]
fn an_answer_that_is_old_or_missing_is_no_answer_and_says_where() {
    let mut world = staging();
    answers(&mut world, "b8", "3333333", None);
    let failure =
        Failure { what: "staging.example: connection refused".into(), remedy: None, at: world.now, retry_at: None };
    world.checks.get_mut("b8").unwrap().observe(Observation::Failed(Generation(1), failure));
    world.now += jiff::SignedDuration::from_mins(6);
    world.edit_change(|_| {});
    let gate = world.gate("b8");
    assert_eq!(gate.state, GateState::Stale);
    let mut world = staging();
    let mut refused = Observed::default();
    let failure =
        Failure { what: "staging.example: connection refused".into(), remedy: None, at: world.now, retry_at: None };
    refused.observe(Observation::Failed(Generation(1), failure));
    world.checks.insert("b8".into(), refused);
    assert_gate(&world, "b8", GateState::Open, "staging.example: connection refused");
}

#[test]
fn an_item_of_the_teams_own_holds_its_stage() {
    let mut world = World::go(Stage::Develop);
    world.config.item = vec![ChecklistItem {
        id: "freeze".into(),
        stage: Some(StageName::Develop),
        text: Some("No freeze".into()),
        required: Some([SeverityName::Sev1, SeverityName::Sev2].into()),
        run: Some(vec!["./freeze".into()]),
        ..ChecklistItem::default()
    }];
    assert!(world.gate("freeze").is_blocking());
    answers(&mut world, "freeze", "", None);
    assert_gate(&world, "freeze", GateState::Satisfied, "it says yes");
    answers(&mut world, "freeze", "", Some("`./freeze` ended with exit status: 1 until Monday"));
    assert_gate(&world, "freeze", GateState::Failed, "until Monday");
    world.waive("freeze", "agreed with the release board");
    assert_gate(&world, "freeze", GateState::Overridden, "release board");
}

#[test]
fn a_check_does_not_outweigh_what_git_has_against_its_item() {
    let mut world = World::go(Stage::Deploy);
    world.unsay("c5");
    let run = Some(vec!["./pipeline-is-idle".into()]);
    world.config.item = vec![ChecklistItem { id: "c5".into(), run, ..ChecklistItem::default() }];
    answers(&mut world, "c5", "idle", None);
    assert_gate(&world, "c5", GateState::Satisfied, "it says idle");
    world.edit_change(|report| {
        report.facts.retain(|fact| fact.id != "G22");
        report.facts.push(fact("G22", "rivals", FactState::Bad, "hotfix/login is ahead too"));
    });
    assert_gate(&world, "c5", GateState::Failed, "hotfix/login");
}

#[test]
fn items_are_reworded_and_regraded() {
    let mut world = World::go(Stage::Develop);
    world.config.item = vec![ChecklistItem {
        id: "b5".into(),
        text: Some("The bug has a test".into()),
        hint: Some("write one".into()),
        required: Some([SeverityName::Sev2].into()),
        ..ChecklistItem::default()
    }];
    world.edit_change(|report| report.changes.truncate(1));
    let gate = world.gate("b5");
    assert_eq!((gate.text.as_str(), gate.next.as_str()), ("The bug has a test", "write one"));
    assert_eq!(gate.strength, Strength::Required);
    assert!(gate.is_blocking());
}

#[test]
fn what_the_team_says_counts_once_its_file_was_read() {
    let mut world = World::go(Stage::Develop);
    let mut state = world.state();
    world.config.drop = vec!["b5".into()];
    assert!(world.look(|inputs| state.update(inputs)));
    assert!(state.gates().iter().all(|gate| gate.id != "b5"));
}
