use super::*;
use crate::drill::catalogue;
use crate::drill::moment::Moment;
use crate::drill::scenario::Fault;
use crate::evidence::Oid;

fn world(seconds: u64) -> World {
    world_of("d1", seconds)
}

fn world_of(name: &str, seconds: u64) -> World {
    let mut world = World::new(catalogue::find(name).unwrap(), 1);
    world.advance_to(Moment::from_secs(seconds));
    world
}

fn ask(world: &mut World, method: &str, path: &str, body: &str) -> Answer {
    let body = body.as_bytes().to_vec();
    answer(world, &Request { method: method.into(), path: path.into(), body, ..Default::default() })
}

fn get(world: &mut World, path: &str) -> (u16, Value) {
    let answer = ask(world, "GET", path, "");
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

fn post(world: &mut World, body: &str) -> (u16, Value) {
    let answer = ask(world, "POST", "/rollout", body);
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

#[test]
fn the_rollout_takes_orders_and_the_version_follows() {
    let mut world = world(10);
    world.know_commits([("v2.4.1".to_owned(), Oid::parse(&"ab".repeat(20)).unwrap())].into());
    assert_eq!(get(&mut world, "/rollout").1["weight"], 5);
    assert_eq!(post(&mut world, r#"{"weight":0}"#), (200, get(&mut world, "/rollout").1));
    assert_eq!(post(&mut world, r#"{"version":"v2.4.1"}"#).1["canary"], "v2.4.1");
    let version = get(&mut world, "/version").1;
    assert_eq!((&version["version"], &version["commit"]), (&json!("v2.4.1"), &json!("ab".repeat(20))));
    assert_eq!(version["tracks"]["canary"]["percent"], 0);
    assert_eq!(version["tracks"]["stable"]["percent"], 100);
}

#[test]
fn an_order_that_makes_no_sense_is_refused() {
    let mut world = world(10);
    for body in ["", "{}", "[]", r#"{"weight":101}"#, r#"{"weight":-1}"#, r#"{"version":"v9"}"#, r#"{"colour":1}"#] {
        assert_eq!(post(&mut world, body).0, 400, "{body}");
    }
    world.strike(Fault::RolloutLocked { lasts: Moment::from_secs(60) });
    assert_eq!(post(&mut world, r#"{"weight":0}"#).0, 423);
}

#[test]
fn an_order_that_waits_for_a_lock_is_answered_when_it_is_decided() {
    let mut world = world_of("d5", 60);
    let order = r#"{"version":"v2.4.1"}"#;
    let taken = ask(&mut world, "POST", "/instances/checkout-canary-1", order);
    assert_eq!((taken.status, taken.held_until), (200, Some(Moment::from_secs(60))));
    let stuck = ask(&mut world, "POST", "/instances/checkout-canary-2", order);
    assert_eq!((stuck.status, stuck.held_until), (504, Some(Moment::from_secs(150))));
    let version = get(&mut world, "/version").1;
    assert_eq!((&version["version"], &version["commit"]), (&json!("mixed"), &Value::Null));
    let of = |index: usize| version["instances"][index].clone();
    assert_eq!((&of(1)["version"], &of(1)["locked"]), (&json!("v2.4.1"), &json!(false)));
    assert_eq!((&of(2)["version"], &of(2)["locked"]), (&json!("v2.4.2"), &json!(true)));
    assert_eq!(get(&mut world, "/instances/checkout-canary-2").1, of(2));
    assert_eq!(get(&mut world, "/instances/nobody").0, 404);
    assert_eq!(ask(&mut world, "POST", "/instances/nobody", order).status, 400);
    assert_eq!(ask(&mut world, "PUT", "/instances/nobody", order).status, 405);
}

#[test]
fn a_schedule_that_was_paused_takes_no_further_step() {
    let mut world = world_of("d7", 60);
    assert_eq!(post(&mut world, r#"{"paused":true}"#).1["paused"], true);
    world.advance_to(Moment::from_secs(900));
    assert_eq!(world.rollout().weight(), 10);
}

#[test]
fn the_tracker_knows_the_ticket_of_the_incident() {
    let mut world = world(1);
    assert_eq!(
        get(&mut world, "/tracker/SHOP-4211"),
        (200, json!({"key": "SHOP-4211", "title": "checkout-502", "state": "open"}))
    );
    assert_eq!(get(&mut world, "/tracker/SHOP-1").0, 404);
}

#[test]
fn a_run_of_the_tests_is_asked_for_and_answered_when_it_has_ended() {
    let mut world = world_of("d3", 60);
    let newest = get(&mut world, "/ci/runs").1["newest"].clone();
    assert_eq!((&newest["ended"], newest["red"].as_array().map(Vec::len)), (&json!(true), Some(3)));
    let asked = ask(&mut world, "POST", "/ci/runs", "");
    assert_eq!((asked.status, asked.held_until), (422, Some(Moment::from_secs(110))), "the real one is red");
    let seen = get(&mut world, "/ci/runs").1;
    assert_eq!((&seen["newest"]["ended"], &seen["newest"]["red"]), (&json!(false), &Value::Null));
    assert_eq!(seen["flaky"][0], json!({"name": "currency 3", "red": 11, "of": 40}));
    assert_eq!(world.outcome().reruns, [Moment::from_secs(60)]);
    world.push(Oid::parse(&"cd".repeat(20)).unwrap(), true);
    world.advance_to(Moment::from_secs(170));
    let red = get(&mut world, "/ci/runs").1["newest"]["red"].clone();
    assert!(!red.as_array().unwrap().contains(&json!("payment timeout 1")), "{red}");
}
