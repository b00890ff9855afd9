use super::*;
use crate::canary::model::Verdict;
use crate::checklist::fixture::World;

fn json(world: &World) -> serde_json::Value {
    let state = world.state();
    world.look(|inputs| serde_json::to_value(Document::new(inputs, &state)).unwrap())
}

#[test]
fn the_document_keeps_the_contract() {
    let json = json(&World::go(Stage::Deploy));
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for key in ["schema", "incident", "readiness", "reasons", "gates"] {
        assert!(keys(&json).contains(&key.to_owned()), "{key}");
    }
    for key in ["id", "title", "severity", "stage", "declared_at"] {
        assert!(keys(&json["incident"]).contains(&key.to_owned()), "{key}");
    }
    for key in ["id", "text", "stage", "strength", "state", "by", "evidence", "why"] {
        assert!(keys(&json["gates"][0]).contains(&key.to_owned()), "{key}");
    }
    let evidence =
        json["gates"].as_array().unwrap().iter().find(|gate| gate["id"] == "b6").unwrap()["evidence"].clone();
    for key in ["source", "subject", "observed_at", "ttl_s", "value"] {
        assert!(keys(&evidence).contains(&key.to_owned()), "{key}");
    }
    assert_eq!((&json["schema"], &json["readiness"]), (&1.into(), &"go".into()));
    assert_eq!(json["incident"]["severity"], "sev2");
}

#[test]
fn without_an_incident_the_gates_are_looked_at_all_the_same() {
    let json = json(&World::empty());
    assert!(json["incident"].is_null());
    assert_eq!(json["readiness"], "no-go");
    assert_eq!(json["reasons"][0], "no incident is declared");
    assert_eq!(json["gates"].as_array().unwrap().len(), 36);
}

#[test]
fn every_readiness_has_its_exit() {
    let mut world = World::go(Stage::Deploy);
    let exit_of = |world: &World| exit(world.state().standing().readiness);
    assert_eq!(exit_of(&world), Exit::Ok);
    world.watch(Verdict::Collecting);
    assert_eq!(exit_of(&world), Exit::NotEnoughData);
    world.watch(Verdict::Regressed);
    assert_eq!(exit_of(&world), Exit::RollBack);
    assert_eq!(exit_of(&World::empty()), Exit::NoGo);
}

#[test]
fn people_see_the_word_first() {
    let mut world = World::go(Stage::Deploy);
    world.watch(Verdict::Regressed);
    let incident = world.incident();
    insta::assert_snapshot!(plain(incident.as_ref(), &world.state()));
}
