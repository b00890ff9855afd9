//! The incident from a script: what the commands record, print and refuse.

use serde_json::Value;

use crate::place::Place;

#[test]
fn an_incident_from_declared_to_closed() {
    let place = Place::new();
    assert!(place.fails(&["note", "x"]).contains("`hotfix declare TITLE` opens one"));
    place.runs(&["declare", "Checkout: 502", "--severity", "SEV2", "--since", "20m", "--ticket", "SHOP-1"]);
    place.runs(&["assess", "--impact", "no checkouts", "--users", "4 %"]);
    place.runs(&["role", "ops", "bob"]);
    let ticked: Value = serde_json::from_str(&place.runs(&["tick", "b6", "--note", "all green", "--json"])).unwrap();
    assert_eq!(ticked["schema"], 1);
    assert_eq!(ticked["kind"], "ticked");
    assert_eq!(ticked["actor"], "ana");
    assert_eq!(ticked["body"]["head"], place.head(), "a tick holds for the commit that it was made at");
    place.runs(&["override", "b9", "--reason", "alone at night", "--by", "Bob B."]);
    place.runs(&["untick", "b6"]);
    place.runs(&["decide", "roll-back", "--reason", "4x errors"]);
    place.runs(&["note", "it", "is", "the", "cache"]);

    let told = place.runs(&["timeline"]);
    let told: Vec<_> = told.lines().map(|line| line.splitn(4, ' ').last().unwrap().trim_start()).collect();
    assert_eq!(
        told,
        [
            "ana  declared incident Checkout: 502 as SEV2 (SHOP-1)",
            "ana  assessed. impact: no checkouts; users: 4 %",
            "ana  bob is ops now",
            &format!("ana  ticked b6 at {}: all green", &place.head()[..7]),
            &format!("Bob B.  overrode b9 at {}, Bob B. answers for it: alone at night", &place.head()[..7]),
            "ana  took the tick of b6 back",
            "ana  decided to roll back: 4x errors (readiness: no-go)",
            "ana  noted: it is the cache",
        ]
    );
    let json = place.runs(&["timeline", "--json"]);
    let records: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.iter().map(|r| r["seq"].as_u64().unwrap()).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
    assert_eq!(records[0]["body"]["ticket"], "SHOP-1");

    place.runs(&["close", "--open", "d8"]);
    assert!(place.fails(&["note", "late"]).contains("no incident is open"));
    assert!(
        place.runs(&["timeline"]).contains("closed the incident with d8 still open"),
        "the last one can still be read"
    );
}

#[test]
fn what_cannot_be_meant_is_refused_with_exit_2() {
    let place = Place::new();
    place.runs(&["declare", "x"]);
    for (arguments, told) in [
        (&["override", "b9", "--reason", " "][..], "must not be empty"),
        (&["override", "b9"], "--reason"),
        (&["tick", "z1"], "hotfix checklist"),
        (&["tick", "b"], "hotfix checklist"),
        (&["untick", "b6"], "neither ticked nor overridden"),
        (&["assess"], "--impact"),
        (&["assess", "--severity", "sev9"], "sev1, sev2 or sev3"),
        (&["declare", "y", "--impact-at", "2999-01-01T00:00:00Z"], "future"),
        (&["note", " "], "must not be empty"),
        (&["note", "x", "--incident", "nope"], "there is no incident `nope`"),
        (&["timeline", "--incident", "nope"], "there is no incident `nope`"),
    ] {
        let said = place.fails(arguments);
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
    assert_eq!(place.runs(&["timeline"]).lines().count(), 1, "nothing of it is on record");
}

#[test]
fn a_fresh_clone_finds_its_incident_and_a_worktree_shares_it() {
    let place = Place::new();
    place.runs(&["declare", "checkout 502"]);
    let clone = place.clone_again();
    let told = place.hotfix_in(&clone, &["timeline"]);
    assert!(told.contains("declared incident checkout 502"), "{told}");
}

#[test]
fn two_incidents_of_one_title_and_day_have_different_ids() {
    let place = Place::new();
    let id = |json: String| serde_json::from_str::<Value>(&json).unwrap()["incident"].as_str().unwrap().to_owned();
    let one = id(place.runs(&["declare", "Same", "--json"]));
    let two = id(place.runs(&["declare", "Same", "--json"]));
    assert_eq!(two, format!("{one}-2"));
    assert_eq!(id(place.runs(&["note", "x", "--json"])), two, "the newest is the active one");
}

#[test]
fn a_broken_configuration_does_not_stop_a_note() {
    let place = Place::new();
    place.write("hotfix.toml", "nonsense");
    place.runs(&["declare", "x"]);
    place.runs(&["note", "still possible"]);
}

#[test]
fn a_secret_of_the_environment_does_not_enter() {
    let place = Place::new();
    place
        .write("hotfix.toml", "[production]\ndeployed = { url = \"https://x.example\", token = { env = \"HOME\" } }\n");
    place.runs(&["declare", "x"]);
    let home = place.home();
    let told = place.runs(&["note", &format!("it is {home} they say")]);
    assert_eq!(told, "recorded: noted: it is [hidden] they say\n");
}

#[test]
fn many_terminals_at_once_keep_one_chain_and_lose_nothing() {
    let place = Place::new();
    place.runs(&["declare", "x"]);
    let hands: Vec<_> = (0..12).map(|n| place.start(&["note", &format!("note {n}")])).collect();
    for mut hand in hands {
        assert!(hand.wait().unwrap().success());
    }
    assert_eq!(place.runs(&["timeline"]).lines().count(), 13);
    assert!(place.prints(&["doctor", "--json"]).contains("13 records, every one as it was written"));
}

/// J3: at whatever moment the process is killed, what it said was recorded is there.
#[test]
fn killed_at_any_moment_nothing_recorded_is_lost() {
    let place = Place::new();
    place.runs(&["declare", "x"]);
    let (mut told, mut tried) = (0, 0);
    for delay in (0..60).map(|n| std::time::Duration::from_micros(n * 150)) {
        let mut child = place.start(&["note", &format!("note {tried}")]);
        tried += 1;
        std::thread::sleep(delay);
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        told += usize::from(String::from_utf8_lossy(&output.stdout).contains("recorded:"));
    }
    let kept = place.runs(&["timeline"]).lines().count() - 1;
    assert!(told <= kept && kept <= tried, "{told} were told, {kept} are there, {tried} were tried");
    place.runs(&["note", "and it goes on"]);
    assert!(place.prints(&["doctor", "--json"]).contains("every one as it was written"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    place.runs(&["declare", "x"]);
    let mut child = place.start(&["completions", "bash"]);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_stage_is_held_by_open_gates_unless_a_reason_is_given() {
    let place = Place::new();
    place.runs(&["declare", "x"]);
    assert!(place.fails(&["stage", "develop"]).contains("develop is held by a1, a2"));
    place.runs(&["stage", "develop", "--reason", "production burns"]);
    assert!(place.runs(&["timeline"]).contains("goes on to develop with gates open: production burns"));
}
