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
    place.runs(&["override", "b9", "--break-glass", "--reason", "alone at night", "--by", "Bob B."]);
    place.runs(&["untick", "b6"]);
    place.runs(&["decide", "roll-back", "--reason", "4x errors"]);
    place.runs(&["note", "it", "is", "the", "cache"]);

    let told = place.runs(&["timeline"]);
    let told: Vec<_> =
        told.lines().map(|line| line.split_once('#').unwrap().1.split_once(' ').unwrap().1.trim_start()).collect();
    assert_eq!(
        told,
        [
            "ana  declared incident Checkout: 502 as SEV2 (SHOP-1)",
            "ana  assessed. impact: no checkouts; users: 4 %",
            "ana  classified as SEV2, although the answers come to SEV1 (unsure of impact, workaround, which counts as \
             more: many users lose what the service is for, and nothing helps all of them meanwhile)",
            "ana  bob is ops now",
            &format!("ana  ticked b6 at {}: all green", &place.head()[..7]),
            "Bob B.  BROKE THE GLASS of b9, Bob B. answers for it: alone at night",
            "ana  took the tick of b6 back",
            "ana  decided to roll back: 4x errors (readiness: no-go)",
            "ana  noted: it is the cache",
        ]
    );
    let json = place.runs(&["timeline", "--json"]);
    let records: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records.iter().map(|r| r["seq"].as_u64().unwrap()).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
    assert_eq!(records[0]["body"]["ticket"], "SHOP-1");

    place.runs(&["close", "--open", "d8", "--reason", "a false alarm", "--owner", "ana"]);
    assert!(place.fails(&["note", "late"]).contains("no incident is open"));
    let told = place.runs(&["timeline"]);
    assert!(told.contains("d8 still open"), "the last one can still be read: {told}");
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
fn the_answers_come_to_a_severity_and_a_person_confirms_or_changes_it() {
    let place = Place::new();
    let read = |json: String| serde_json::from_str::<Value>(&json).unwrap();
    let answers = ["--impact", "major: slow", "--users", "4,200", "--workaround", "none", "--json"];
    let declared = read(place.runs(&[&["declare", "Slow"], &answers[..]].concat()));
    assert_eq!((&declared["kind"], &declared["schema"]), (&"declared".into(), &1.into()));
    let assessment = &declared["assessment"];
    assert_eq!(assessment["impact"], serde_json::json!({"level": "major", "text": "major: slow"}));
    assert_eq!(assessment["users"], serde_json::json!({"level": "many", "text": "4,200"}));
    assert_eq!(assessment["severity"], "sev2");
    assert_eq!(assessment["confirmed"], false);
    let status = || read(place.prints(&["status", "--json"]));
    let gate = |status: &Value| status["gates"].as_array().unwrap().iter().find(|it| it["id"] == "a5").unwrap().clone();
    assert_eq!(gate(&status())["state"], "open", "nobody has confirmed it");

    assert!(place.fails(&["assess", "--severity", "sev3"]).contains("why it is SEV3 (--reason TEXT)"));
    place.runs(&["assess", "--confirm"]);
    assert_eq!(gate(&status())["state"], "satisfied");
    place.runs(&["assess", "--severity", "sev3", "--reason", "batch jobs alone"]);
    let told = place.runs(&["timeline"]);
    assert!(told.contains("changed SEV2 to SEV3, although the answers come to SEV2"), "{told}");
    assert!(told.trim_end().ends_with("batch jobs alone"), "{told}");

    place.runs(&["assess", "--impact", "critical: orders are lost"]);
    let assessment = status()["incident"]["assessment"].clone();
    assert_eq!((&assessment["severity"], &assessment["confirmed"]), (&"sev1".into(), &false.into()), "{assessment}");
    assert_eq!(assessment["workaround"]["level"], "none", "an answer stands until another one is given");
}

#[test]
fn the_team_decides_how_bad_is_bad() {
    let place = Place::new();
    let cell = "[[incident.severity.cell]]\nseverity = \"sev3\"\nbecause = \"all is well here\"\n";
    place.write("hotfix.toml", cell);
    let told = place.runs(&["declare", "x", "--impact", "critical"]);
    assert!(told.contains("classified as SEV3, which nobody has confirmed"), "{told}");
    assert!(told.contains("all is well here"), "{told}");
    place.write("hotfix.toml", &cell.replace("severity = ", "users = [\"mots\"]\nseverity = "));
    let said = place.fails(&["status"]);
    assert!(said.contains("hotfix.toml:2:") && said.contains("did you mean `most`?"), "{said}");
}

#[test]
fn an_incident_ends_with_what_is_open_named_and_owned() {
    let place = Place::new();
    place.runs(&["declare", "checkout 502", "--severity", "sev3"]);
    let said = place.fails(&["close"]);
    assert!(said.contains("things are still open") && said.contains("a1  Incident recorded in the tracker"), "{said}");
    assert!(said.contains("--reason TEXT --owner NAME"), "{said}");
    assert!(place.fails(&["close", "--reason", "it is late"]).contains("--owner"));
    assert_eq!(place.runs(&["timeline"]).lines().count(), 1, "nothing of it is on record");
    let told = place.runs(&["close", "--reason", "a false alarm", "--owner", "bob"]);
    assert!(told.contains("left open, bob sees to it: a1 (") && told.contains("). a false alarm\n"), "{told}");
    assert!(place.fails(&["close"]).contains("no incident is open"));
}

#[test]
fn incidents_are_listed_taken_up_and_opened_again() {
    let place = Place::new();
    assert!(place.runs(&["incidents"]).contains("`hotfix declare TITLE` opens one"));
    place.runs(&["declare", "Cart 502", "--severity", "sev3"]);
    place.runs(&["declare", "Login 502", "--severity", "sev2"]);
    let states = || {
        let list: Value = serde_json::from_str(&place.runs(&["incidents", "--json"])).unwrap();
        assert_eq!(list["schema"], 1);
        let one =
            |it: &Value| (it["title"].as_str().unwrap().to_owned(), it["active"] == true, it["closed_at"].is_null());
        list["incidents"].as_array().unwrap().iter().map(one).collect::<Vec<_>>()
    };
    let of = |title: &str, active, open| (title.to_owned(), active, open);
    assert_eq!(states(), [of("Login 502", true, true), of("Cart 502", false, true)]);
    assert!(place.fails(&["incidents", "resume", "502"]).contains("say more of its id"));
    assert!(place.fails(&["incidents", "reopen", "cart", "--reason", "x"]).contains("is open"));

    place.runs(&["incidents", "resume", "cart"]);
    place.runs(&["note", "about the cart"]);
    assert_eq!(states(), [of("Cart 502", true, true), of("Login 502", false, true)]);
    assert!(place.runs(&["timeline", "--incident", "cart"]).contains("about the cart"));
    place.runs(&["close", "--reason", "done", "--owner", "ana"]);
    assert_eq!(states(), [of("Login 502", true, true), of("Cart 502", false, false)]);
    assert!(place.fails(&["incidents", "resume", "cart"]).contains("hotfix incidents reopen"));
    place.runs(&["incidents", "reopen", "cart", "--reason", "it is back"]);
    let told = place.runs(&["incidents"]);
    assert!(told.starts_with("active ") && told.lines().next().unwrap().contains("Cart 502"), "{told}");
}

#[test]
fn a_query_counts_the_users_and_is_named() {
    let place = Place::new();
    place.write("count", "#!/bin/sh\necho 4213\n");
    let source = "source = { command = { run = [\"./count\", \"$query\"] } }";
    place.write("hotfix.toml", &format!("[incident.users]\nquery = \"affected\"\n{source}\n"));
    std::process::Command::new("chmod").arg("+x").arg(place.repo().join("count")).status().unwrap();
    assert!(place.fails(&["declare", "x", "--count"]).contains("not trusted"));
    let shown = String::from_utf8(place.output(&["trust"], None).stdout).unwrap();
    assert!(shown.contains(r#"incident: how many users are affected: ["./count", "$query"]"#), "{shown}");
    let hash = place.runs(&["trust", "--hash"]).trim().to_owned();
    place.runs(&["trust", "--yes", &hash]);
    let told: Value = serde_json::from_str(&place.runs(&["declare", "x", "--count", "--json"])).unwrap();
    let assessment = &told["assessment"];
    assert_eq!((&assessment["users"]["level"], &assessment["users"]["text"]), (&"many".into(), &"4213".into()));
    assert_eq!((&assessment["counted"]["users"], &assessment["counted"]["source"]), (&4213.into(), &"command".into()));
    assert!(place.runs(&["timeline"]).contains("(4213 users by command)"));
}

#[test]
fn a_role_is_handed_over_and_one_person_holds_several_below_sev2_only() {
    let place = Place::new();
    place.runs(&["declare", "x", "--severity", "sev2"]);
    place.runs(&["role", "commander", "ana"]);
    assert!(
        place.fails(&["role", "ops", "ana"]).contains("wants a person of its own: say why in a note (--note TEXT)")
    );
    place.runs(&["role", "ops", "ana", "--note", "nobody else is awake"]);
    assert!(
        place
            .runs(&["role", "ops", "bob", "--note", "step 2 waits"])
            .contains("ops went from ana to bob: step 2 waits")
    );
    assert!(place.fails(&["role", "ops", "bob"]).contains("bob is ops already"));
    let roles: Value = serde_json::from_str(&place.runs(&["role", "--json"])).unwrap();
    let held = serde_json::json!({"commander": "ana", "ops": "bob", "comms": null});
    assert_eq!((&roles["schema"], &roles["roles"]), (&1.into(), &held));
    let status: Value = serde_json::from_str(&place.prints(&["status", "--json"])).unwrap();
    assert_eq!(status["incident"]["roles"], held);
    assert_eq!(place.runs(&["role"]), "commander  ana\ncomms      nobody\nops        bob\n");
    place.runs(&["assess", "--severity", "sev3", "--reason", "few are affected"]);
    place.runs(&["role", "comms", "bob"]);
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
    assert!(place.runs(&["timeline"]).contains("overrode a1"), "each gate that held it is overridden by name");
}
