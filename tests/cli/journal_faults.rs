//! What the journal promises, with the program as it is: "recorded" is said only of what is there afterwards, whatever
//! the disk does and whenever the program is killed.
//!
//! Calls are made to fail, and the program is killed at each of them, by `strace`; where there is none, it is killed at
//! some forty moments instead, and the rest skips aloud.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::place::Place;

/// More calls than a note makes.
const MOST: usize = 400;

/// Whether there is strace to make calls fail with; says aloud when there is none.
pub fn has_strace() -> bool {
    let works = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let works = works.is_ok_and(|status| status.success());
    if !works {
        assert!(std::env::var_os("HOTFIX_REQUIRE_TOOLS").is_none(), "strace is needed");
        eprintln!("SKIPPED: strace is not here, or may not trace");
    }
    works
}

/// `hotfix note TEXT` under strace, with something injected.
fn injected(place: &Place, inject: &str, text: &str) -> Output {
    let mut command = place.by("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("inject={inject}"), place.program(), "note", text]);
    command.output().unwrap()
}

/// Whether it said that the note is recorded.
fn said_recorded(output: &Output) -> bool {
    String::from_utf8_lossy(&output.stdout).contains("recorded: ")
}

/// The notes on record; the chain must hold, and none may be there twice.
fn notes(place: &Place) -> Vec<String> {
    let verified: Value = serde_json::from_str(&place.prints(&["verify", "--json"])).unwrap();
    assert_eq!(verified["holds"], true, "{verified}");
    assert_eq!(verified["aside"], serde_json::json!([]), "nothing was taken for damaged");
    let lines = place.runs(&["timeline", "--json"]);
    let records = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let notes: Vec<_> =
        records.filter(|it| it["kind"] == "noted").map(|it| it["body"]["text"].as_str().unwrap().to_owned()).collect();
    let mut once = notes.clone();
    once.dedup();
    assert_eq!(once, notes, "nothing is there twice");
    notes
}

/// Every note that was said to be recorded is there.
fn none_is_lost(place: &Place, acknowledged: &[String]) {
    let there = notes(place);
    for text in acknowledged {
        assert!(there.contains(text), "{text} was said to be recorded, and is gone");
    }
}

/// Kills the program at each call of these, one after the other, until one note gets through.
fn killed_at_each(calls: &str) {
    let place = Place::new();
    place.runs(&["declare", "checkout 502"]);
    let (mut acknowledged, mut kills) = (Vec::new(), 0);
    for n in 1..MOST {
        let text = format!("{calls} {n}");
        let output = injected(&place, &format!("{calls}:signal=SIGKILL:when={n}"), &text);
        let is_done = output.status.success();
        if said_recorded(&output) {
            acknowledged.push(text);
        }
        kills += usize::from(!is_done);
        if n % 8 == 0 {
            none_is_lost(&place, &acknowledged);
        }
        if is_done {
            break;
        }
    }
    none_is_lost(&place, &acknowledged);
    assert!(kills > 0, "{calls}: it was never killed");
    assert_eq!(acknowledged.len().min(1), 1, "{calls}: the last one got through");
}

#[test]
fn killed_at_any_call_that_changes_the_disk_nothing_recorded_is_lost() {
    if !has_strace() {
        return;
    }
    for calls in ["pwrite64", "write", "fsync,fdatasync", "rename", "ftruncate,unlink,flock,fcntl"] {
        killed_at_each(calls);
    }
}

#[test]
fn killed_at_any_moment_nothing_recorded_is_lost() {
    let place = Place::new();
    place.runs(&["declare", "checkout 502"]);
    let mut acknowledged = Vec::new();
    for n in 0..40_u64 {
        let text = format!("moment {n}");
        let mut child = place.start(&["note", &text]);
        std::thread::sleep(Duration::from_millis(n));
        let _it_may_have_ended = child.kill();
        let output = child.wait_with_output().unwrap();
        if said_recorded(&output) {
            acknowledged.push(text);
        }
    }
    none_is_lost(&place, &acknowledged);
    place.runs(&["note", "and it goes on"]);
    assert_eq!(notes(&place).last().unwrap(), "and it goes on");
}

#[test]
fn a_failing_disk_is_never_called_recorded() {
    if !has_strace() {
        return;
    }
    for (calls, error) in [("fsync,fdatasync", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EIO")] {
        let place = Place::new();
        place.runs(&["declare", "checkout 502"]);
        let mut acknowledged = Vec::new();
        for n in 1..MOST {
            let text = format!("{calls} {error} {n}");
            let output = injected(&place, &format!("{calls}:error={error}:when={n}+"), &text);
            assert_eq!(output.status.success(), said_recorded(&output), "{output:?}");
            if said_recorded(&output) {
                acknowledged.push(text);
                break;
            }
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("NOT RECORDED") || said.contains("cannot"), "{calls} {error} {n}: {said}");
            none_is_lost(&place, &acknowledged);
        }
        none_is_lost(&place, &acknowledged);
        place.runs(&["note", "the disk is well again"]);
    }
}

/// A file may not grow any more, which is as near to a full disk as one comes without being root.
#[test]
fn without_space_nothing_is_called_recorded_and_what_was_is_kept() {
    let place = Place::new();
    place.runs(&["declare", "checkout 502"]);
    let long = "long ".repeat(700);
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for n in 0..60 {
        let text = format!("{n} {long}");
        let mut command = place.by("sh");
        let script = r#"trap '' XFSZ; ulimit -f 256; exec "$0" note "$1""#;
        let output = command.args(["-c", script, place.program(), &text]).output().unwrap();
        assert_eq!(output.status.success(), said_recorded(&output), "{output:?}");
        if said_recorded(&output) {
            acknowledged.push(text.trim().to_owned());
        } else {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains("NOT RECORDED"), "{said}");
            refused += 1;
            if refused == 3 {
                break;
            }
        }
    }
    assert!(refused == 3 && acknowledged.len() > 5, "{} were recorded, {refused} refused", acknowledged.len());
    none_is_lost(&place, &acknowledged);
    place.runs(&["note", "after room was made"]);
    none_is_lost(&place, &acknowledged);
}

#[test]
fn two_programs_at_once_keep_one_chain() {
    let place = Place::new();
    place.runs(&["declare", "checkout 502"]);
    let texts: Vec<_> = (0..12).map(|n| format!("hand {n}")).collect();
    let children: Vec<_> = texts.iter().map(|text| place.start(&["note", text])).collect();
    let ended: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let acknowledged: Vec<_> =
        texts.iter().zip(&ended).filter(|(_, output)| said_recorded(output)).map(|(text, _)| text.clone()).collect();
    assert!(acknowledged.len() >= 2, "{ended:?}");
    none_is_lost(&place, &acknowledged);
}

/// The folder as a power cut leaves it: a copy of what is on the disk right after a record was acknowledged.
#[test]
fn a_copy_made_at_any_moment_holds_everything_acknowledged_by_then() {
    let place = Place::new();
    place.runs(&["declare", "checkout 502"]);
    let verified: Value = serde_json::from_str(&place.prints(&["verify", "--json"])).unwrap();
    let folder = PathBuf::from(verified["folder"].as_str().unwrap());
    for n in 2..8 {
        place.runs(&["note", &format!("note {n}")]);
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            // The shared memory beside a log is gone with the power.
            if !entry.to_string_lossy().ends_with("-shm") {
                fs::copy(&entry, copy.path().join(entry.file_name().unwrap())).unwrap();
            }
        }
        let copied = copy.path().display().to_string();
        let told: Value = serde_json::from_str(&place.runs(&["verify", "--json", "--journal", &copied])).unwrap();
        assert_eq!((&told["holds"], &told["records"]), (&true.into(), &n.into()));
    }
}
