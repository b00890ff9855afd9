//! The journal from a script: verified, damaged, redacted.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::Value;

use crate::place::Place;

/// The database of the place's journal.
fn database(place: &Place) -> PathBuf {
    let verified: Value = serde_json::from_str(&place.prints(&["verify", "--json"])).unwrap();
    PathBuf::from(verified["folder"].as_str().unwrap()).join("journal.db")
}

fn damage(place: &Place, sql: &str) {
    Connection::open(database(place)).unwrap().execute(sql, []).unwrap();
}

#[test]
fn a_sound_journal_is_verified_and_a_changed_one_names_its_first_bad_record() {
    let place = Place::new();
    assert_eq!(place.runs(&["verify"]).lines().next(), Some("nothing is on record yet"));
    place.runs(&["declare", "checkout 502"]);
    place.runs(&["note", "it is the cache"]);
    place.runs(&["note", "it was the cache"]);
    assert!(place.runs(&["verify"]).starts_with("verified: all 3 records are what was written, and none is missing\n"));

    damage(&place, "UPDATE record SET body = replace(body, 'is the', 'is not the') WHERE seq = 2");
    let output = place.output(&["verify"], None);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with("NOT verified: record 2 is missing or is not what was written\n"), "{told}");
    assert!(told.contains("record 2: it is not what was written"), "{told}");
    let json: Value = serde_json::from_str(&place.prints(&["verify", "--json"])).unwrap();
    assert_eq!((&json["schema"], &json["holds"], &json["first_bad"]["seq"]), (&1.into(), &false.into(), &2.into()));

    for command in ["status", "checklist", "incidents", "metrics", "report"] {
        let said = String::from_utf8(place.output(&[command], None).stderr).unwrap();
        assert!(said.contains("is damaged: record 2 is missing or is not what was written"), "{command}: {said}");
    }
    let export = place.output(&["timeline"], None);
    let said = String::from_utf8(export.stderr).unwrap();
    assert!(said.contains("NOT verified: record 2"), "an export says so: {said}");
}

#[test]
fn a_missing_record_and_a_cut_end_are_told_apart() {
    let place = Place::new();
    place.runs(&["declare", "checkout 502"]);
    for text in ["one", "two", "three"] {
        place.runs(&["note", text]);
    }
    damage(&place, "DELETE FROM record WHERE seq = 2");
    let told = place.prints(&["verify"]);
    assert!(told.contains("record 2: it is missing: the next one is record 3"), "{told}");

    let place = Place::new();
    place.runs(&["declare", "checkout 502"]);
    place.runs(&["note", "gone"]);
    damage(&place, "DELETE FROM record WHERE seq = 2");
    let output = place.output(&["verify"], None);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("its last 1 records are gone; it ends with record 1"), "{told}");
}

#[test]
fn what_is_kept_aside_is_named() {
    let place = Place::new();
    place.runs(&["declare", "checkout 502"]);
    let database = database(&place);
    fs::write(&database, "no database").unwrap();
    for command in ["verify", "status", "timeline"] {
        let said = place.fails(&[command]);
        assert!(said.contains("file is not a database; whatever records next"), "{command}: {said}");
    }
    let told = place.output(&["note", "we go on", "--incident", "checkout-502"], None);
    assert!(String::from_utf8_lossy(&told.stderr).contains("is kept as"), "{told:?}");
    let json: Value = serde_json::from_str(&place.prints(&["verify", "--json"])).unwrap();
    let kept = json["aside"][0].as_str().unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), "no database");
    assert_eq!(json["aside"].as_array().unwrap().len(), 1);
}

#[test]
fn a_token_that_is_pasted_into_a_note_never_reaches_the_disk() {
    let place = Place::new();
    place.runs(&["declare", "checkout 502"]);
    let token = format!("ghp_{}", "aB3d".repeat(9));
    place.runs(&["note", &format!("curl -H 'Authorization: Bearer {token}' says 401")]);
    let timeline = place.runs(&["timeline"]);
    assert!(timeline.contains("Authorization: Bearer [hidden]' says 401"), "{timeline}");
    let folder = database(&place).parent().unwrap().to_owned();
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap_or_default();
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()), "the token is on disk");
    }
}

#[test]
fn the_manual_page_is_roff_and_every_command_has_one() {
    let place = Place::new();
    let page = place.runs(&["man"]);
    assert!(
        page.contains(".TH HOTFIX 1") && page.contains("hotfix\\-rollback") && page.contains("EXIT STATUS"),
        "{page}"
    );
    let page = place.runs(&["man", "rollback"]);
    assert!(page.contains(".TH HOTFIX-ROLLBACK 1") && page.contains("\\-\\-dry\\-run"), "{page}");
    assert!(place.fails(&["man", "rollbak"]).contains("there is no command `rollbak`"));
}
