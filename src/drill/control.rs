//! What the rest of the world answers over HTTP (pure): its rollout, its instances, the deployed version, the tracker.

use serde::Deserialize;
use serde_json::{Value, json};

use super::exchange::{Answer, Request};
use super::rollout::{Order, Place, Refusal};
use super::scenario::TrackName;
use super::world::World;

/// What the world answers now.
pub fn answer(world: &mut World, request: &Request) -> Answer {
    let (get, post) = (request.method == "GET", request.method == "POST");
    let path: Vec<&str> = request.path.split('/').skip(1).collect();
    match path.as_slice() {
        ["version"] if get => Answer::json(200, &version(world)),
        ["rollout"] if get => Answer::json(200, &rollout(world)),
        ["rollout"] if post => order(world, &request.body),
        ["instances"] if get => Answer::json(200, &json!({"instances": instances(world)})),
        ["instances", name] if get => found(world.rollout().places().iter().find(|it| it.name == *name), world),
        ["instances", name] if post => order_to(world, name, &request.body),
        ["tracker", key] if get => ticket(world, key),
        ["ci", "runs"] if get => Answer::json(200, &runs(world)),
        ["ci", "runs"] if post => rerun(world),
        ["inbox"] if get => Answer::json(200, &json!(world.inbox.notices())),
        ["inbox"] if post => inbox(world, &request.body),
        ["version" | "rollout" | "instances" | "inbox"] | ["instances" | "tracker", _] | ["ci", "runs"] => {
            Answer::text(405, "Method Not Allowed\n")
        }
        _ => Answer::text(404, "404 page not found\n"),
    }
}

fn inbox(world: &mut World, body: &[u8]) -> Answer {
    match world.inbox.take(body) {
        Ok(id) => Answer::json(200, &json!({ "id": id })),
        Err(why) => Answer::text(400, why),
    }
}

/// What answers when a visitor asks for the version: none while it depends on who answers.
fn version(world: &World) -> Value {
    let of = |version: Option<&str>| json!({"version": version.unwrap_or("mixed"), "commit": version.and_then(|it| world.commit(it))});
    let track = |track| {
        let mut value = of(world.rollout().version(track));
        value["percent"] = json!((world.rollout().share(track) * 100.0).round() as u8);
        value
    };
    let mut value = of(world.rollout().deployed());
    value["tracks"] = json!({"stable": track(TrackName::Stable), "canary": track(TrackName::Canary)});
    value["instances"] = Value::Array(instances(world));
    value
}

fn instances(world: &World) -> Vec<Value> {
    world.rollout().places().iter().map(|it| instance(it, world)).collect()
}

fn instance(place: &Place, world: &World) -> Value {
    let held = world.rollout().held_until(world.now().secs(), &place.name);
    json!({
        "name": place.name, "track": place.track, "version": place.version, "commit": world.commit(&place.version),
        "locked": held.is_some(),
    })
}

fn found(place: Option<&Place>, world: &World) -> Answer {
    place.map_or_else(
        || Answer::json(404, &json!({"error": "no such instance"})),
        |it| Answer::json(200, &instance(it, world)),
    )
}

fn rollout(world: &World) -> Value {
    let it = world.rollout();
    json!({
        "weight": it.weight(), "stable": it.version(TrackName::Stable), "canary": it.version(TrackName::Canary),
        "settled": it.is_settled(), "paused": it.is_paused(),
    })
}

/// The ticket of the incident, as a tracker shows it.
fn ticket(world: &World, key: &str) -> Answer {
    let incident = &world.scenario().incident;
    match incident.ticket.as_deref().filter(|it| *it == key) {
        Some(key) => Answer::json(200, &json!({"key": key, "title": incident.title, "state": "open"})),
        None => Answer::json(404, &json!({"error": "no such ticket"})),
    }
}

/// The newest run of the CI, and what it knows of tests that are red now and then.
fn runs(world: &World) -> Value {
    let flaky = world.ci().tests().flaky.iter();
    let flaky: Vec<Value> = flaky.map(|it| json!({"name": it.name, "red": it.red, "of": it.of})).collect();
    let newest = world.test_run().map(|run| {
        let red: Vec<&str> = run.red.iter().map(|it| it.name.as_str()).collect();
        let ended = world.now() >= run.at.later(run.takes);
        json!({"at_s": run.at.secs(), "tests": run.tests, "ended": ended, "red": if ended { json!(red) } else { Value::Null }})
    });
    json!({"newest": newest, "flaky": flaky})
}

/// Starts a run, and answers when it has ended: 200 if it is green, 422 if not.
fn rerun(world: &mut World) -> Answer {
    let until = world.rerun_tests();
    let red = world.test_run().map_or(0, |run| run.red.len());
    let status = if red == 0 { 200 } else { 422 };
    Answer { held_until: Some(until), ..Answer::json(status, &json!({"red": red})) }
}

/// `{"weight":n}`, `{"version":"v2.4.1"}` or `{"paused":true}`.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Asked {
    Weight(u8),
    Version(String),
    Paused(bool),
}

/// `{"version":"v2.4.1"}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedOfInstance {
    version: String,
}

fn order(world: &mut World, body: &[u8]) -> Answer {
    match serde_json::from_slice(body) {
        Ok(Asked::Weight(weight)) => ordered(world, Order::Weight(weight)),
        Ok(Asked::Version(version)) => ordered(world, Order::Version(version)),
        Ok(Asked::Paused(paused)) => ordered(world, Order::Pause(paused)),
        Err(error) => no_order(&error),
    }
}

fn order_to(world: &mut World, name: &str, body: &[u8]) -> Answer {
    match serde_json::from_slice(body) {
        Ok(AskedOfInstance { version }) => ordered(world, Order::Instance { name: name.to_owned(), version }),
        Err(error) => no_order(&error),
    }
}

fn no_order(error: &serde_json::Error) -> Answer {
    Answer::json(400, &json!({"error": format!("not an order: {error}")}))
}

/// Gives the order. The answer comes when the controller has the lock that the order needs, or has given up on it.
fn ordered(world: &mut World, order: Order) -> Answer {
    let refused = |status, refusal: &Refusal| Answer::json(status, &json!({"error": refusal.to_string()}));
    match world.order(order) {
        Ok(at) => Answer { held_until: Some(at), ..Answer::json(200, &rollout(world)) },
        Err(refusal @ Refusal::GaveUp(at)) => Answer { held_until: Some(at), ..refused(504, &refusal) },
        Err(refusal @ Refusal::Locked) => refused(423, &refusal),
        Err(refusal @ Refusal::Senseless(_)) => refused(400, &refusal),
    }
}

#[cfg(test)]
#[path = "control_tests.rs"]
mod tests;
