//! The checklist and the timeline from a script: a team's own checks, hand-overs, the broken glass, corrections, exports.

use serde_json::Value;

use super::place::Place;

fn gate(place: &Place, id: &str) -> Value {
    let document: Value = serde_json::from_str(&place.prints(&["status", "--json"])).unwrap();
    let gates = document["gates"].as_array().unwrap();
    gates.iter().find(|gate| gate["id"] == id).unwrap_or_else(|| panic!("no gate {id} in {gates:?}")).clone()
}

#[test]
fn a_check_of_the_teams_own_runs_under_trust_alone_and_is_about_the_tip() {
    let place = Place::new();
    place.write(
        "hotfix.toml",
        r#"version = 1
[[checklist.item]]
id = "freeze"
stage = "assess"
text = "No freeze"
required = ["sev1", "sev2", "sev3"]
tip_bound = true
run = ["/bin/sh", "-c", "echo none; test ! -e frozen || { echo until Monday >&2; exit 1; }"]
expect = { equals = "none" }
"#,
    );
    place.runs(&["declare", "x"]);
    assert!(place.prints(&["trust"]).contains("checklist item freeze"), "what would be run is told before");
    let before = gate(&place, "freeze");
    assert_eq!(before["state"], "open");
    assert!(before["why"].as_str().unwrap().contains("hotfix trust"), "{before}");
    let hash = place.runs(&["trust", "--hash"]);
    place.runs(&["trust", "--yes", hash.trim()]);
    let asked = gate(&place, "freeze");
    assert_eq!((&asked["state"], &asked["by"]), (&"satisfied".into(), &"evidence".into()), "{asked}");
    assert_eq!(asked["evidence"]["value"], "none");
    assert_eq!(asked["evidence"]["subject"], place.head().as_str());
    assert_eq!(asked["evidence"]["ttl_s"], 90);
    place.write("frozen", "");
    let refused = gate(&place, "freeze");
    assert_eq!(refused["state"], "failed", "{refused}");
    assert!(refused["why"].as_str().unwrap().contains("exit status: 1 until Monday"), "{refused}");
}

#[test]
fn an_item_is_named_as_it_is_called_and_ticked_with_what_it_asks_for() {
    let place = Place::new();
    place.runs(&["declare", "x"]);
    for (arguments, told) in [
        (&["tick", "b88"][..], "did you mean `b8`?"),
        (&["tick", "b6/unit"], "b6 has no rows"),
        (&["tick", "b8"], "b8 wants --note with what was seen"),
        (&["tick", "d8", "--note", "filed"], "an address or a ticket"),
        (&["defer", "b6", "--owner", "bo", "--due", "2h"], "cannot be handed over"),
        (&["defer", "d9", "--owner", "bo", "--due", "soon"], "write 2h, 15:00"),
        (&["override", "b9", "--reason", "alone"], "--break-glass"),
        (&["override", "b2", "--break-glass", "--reason", "x"], "wants no second person"),
        (&["note", "x", "--corrects", "99"], "has no entry #99"),
        (&["timeline", "--kind", "decidde"], "did you mean `decided`?"),
        (&["timeline", "--since", "soonish"], "is no time"),
    ] {
        let said = place.fails(arguments);
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
    assert_eq!(place.runs(&["timeline"]).lines().count(), 1, "nothing of it is on record");
}

#[test]
fn what_may_wait_is_handed_over_and_the_glass_is_broken_aloud() {
    let place = Place::new();
    place.runs(&["declare", "x", "--severity", "sev3"]);
    place.runs(&["role", "commander", "eve"]);
    place.runs(&["defer", "d9", "--owner", "bo", "--due", "2h", "--note", "SHOP-18"]);
    let handed = gate(&place, "d9");
    assert_eq!((&handed["state"], &handed["said"]["owner"]), (&"satisfied".into(), &"bo".into()), "{handed}");
    assert!(handed["said"]["due_at"].is_string());
    place.runs(&["override", "b9", "--break-glass", "--reason", "alone at night"]);
    assert_eq!(gate(&place, "b9")["said"]["text"], "BREAK GLASS: alone at night");
    assert!(place.runs(&["timeline"]).contains("BROKE THE GLASS of b9, ana answers for it: alone at night"));
    place.runs(&["tick", "b9", "--as", "commander"]);
    assert_eq!(gate(&place, "b9")["said"]["by"], "eve", "whoever holds the role");
}

#[test]
fn one_person_in_all_roles_breaks_the_glass_at_sev1_and_nowhere_below_sev2() {
    let place = Place::new();
    place.runs(&["declare", "x", "--severity", "sev1"]);
    place.runs(&["override", "a6", "--reason", "nobody is there yet"]);
    for role in ["commander", "ops", "comms"] {
        place.runs(&["role", role, "ana", "--note", "alone at night"]);
    }
    assert!(place.fails(&["override", "a6", "--reason", "x"]).contains("alone, add --break-glass"));
    place.runs(&["override", "a6", "--break-glass", "--reason", "nobody else is awake"]);
    let a6 = gate(&place, "a6");
    assert_eq!(
        (&a6["state"], &a6["said"]["text"]),
        (&"overridden".into(), &"BREAK GLASS: nobody else is awake".into())
    );
    place.runs(&["assess", "--severity", "sev3", "--reason", "one shop only"]);
    let a6 = gate(&place, "a6");
    assert_eq!((&a6["state"], &a6["by"]), (&"satisfied".into(), &"evidence".into()), "{a6}");
}

#[test]
fn the_ticket_may_be_named_later() {
    let place = Place::new();
    place.runs(&["declare", "x"]);
    assert_eq!(gate(&place, "a1")["state"], "open");
    assert!(place.fails(&["tick", "a1", "--note", "somewhere"]).contains("an address or a ticket"));
    assert!(place.runs(&["assess", "--ticket", "SHOP-17"]).contains("bound the incident to SHOP-17"));
    assert_eq!(gate(&place, "a1")["state"], "satisfied");
    assert!(place.runs(&["incidents", "--json"]).contains("SHOP-17"));
}

#[test]
fn a_decision_is_on_record_with_what_every_room_showed() {
    let place = Place::new();
    place.runs(&["declare", "x"]);
    let line = place.runs(&["decide", "hold", "--reason", "nothing moves", "--json"]);
    let record: Value = serde_json::from_str(&line).unwrap();
    let snapshot = &record["body"]["snapshot"];
    assert_eq!(snapshot["head"], place.head().as_str());
    let panes: Vec<_> =
        snapshot["panes"].as_array().unwrap().iter().map(|pane| pane["pane"].as_str().unwrap()).collect();
    assert_eq!(panes, ["checklist", "change", "tests"]);
    assert!(snapshot["open"].as_array().unwrap().contains(&"a1".into()), "{snapshot}");
}

#[test]
fn the_timeline_is_filtered_corrected_and_exported() {
    let place = Place::new();
    place.runs(&["declare", "x"]);
    place.runs(&["note", "the pool | is full", "--by", "bob"]);
    place.runs(&["note", "--corrects", "2", "the pool was empty"]);
    let lines = |arguments: &[&str]| place.runs(&[&["timeline"], arguments].concat()).lines().count();
    assert_eq!(lines(&[]), 3);
    assert_eq!(lines(&["--kind", "noted"]), 1);
    assert_eq!(lines(&["--person", "BOB"]), 1);
    assert_eq!(lines(&["--search", "POOL"]), 2);
    assert_eq!(lines(&["--since", "1h"]), 3);
    assert_eq!(lines(&["--until", "1h"]), 0);
    assert_eq!(lines(&["--kind", "noted", "--kind", "corrected", "--person", "ana"]), 1);
    assert!(place.runs(&["timeline"]).contains("corrects #2: the pool was empty"));
    assert!(place.runs(&["timeline", "--csv"]).starts_with("seq,at,actor,kind,sentence\r\n1,"));
    let file = place.repo().join("timeline.md");
    place.runs(&["timeline", "--md", "--output", &file.display().to_string()]);
    let table = std::fs::read_to_string(&file).unwrap();
    assert!(table.starts_with("| # | time | who | what |") && table.contains("the pool \\| is full"), "{table}");
    assert!(place.runs(&["timeline"]).contains("wrote the timeline to "));
    assert!(gate(&place, "d6")["why"].as_str().unwrap().contains("no export of the report"));
}
