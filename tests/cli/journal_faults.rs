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

/// Whether a name space with mounts of its own can be had, as a user without any rights.
fn has_mounts() -> bool {
    let works = Command::new("unshare").args(["-rm", "true"]).stderr(Stdio::null()).status();
    let works = works.is_ok_and(|status| status.success());
    if !works {
        eprintln!("SKIPPED: no name space with mounts can be had here");
    }
    works
}

/// Runs a script in a name space of its own, with the program as `$0` and the journal's folder as `$1`.
fn with_mounts(place: &Place, script: &str) -> String {
    let verified: Value = serde_json::from_str(&place.prints(&["verify", "--json"])).unwrap();
    let mut command = place.by("unshare");
    command.args(["-rm", "sh", "-c", script, place.program(), verified["folder"].as_str().unwrap()]);
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// J1: a file system that is full.
#[test]
fn on_a_full_disk_nothing_is_called_recorded_and_it_goes_on_after_room_was_made() {
    if !has_mounts() {
        return;
    }
    let place = Place::new();
    place.runs(&["declare", "checkout 502"]);
    let told = with_mounts(
        &place,
        r#"cp -a "$1" "$1.kept" && mount -t tmpfs -o size=512k none "$1" && cp -a "$1.kept/." "$1/" || exit 9
           long=$(head -c 3000 /dev/zero | tr '\0' x)
           for n in $(seq 1 200); do "$0" note "$n $long" >out 2>err && echo "ACK $n" || { echo "REFUSED $n $(cat err)"; break; }; done
           "$0" verify
           "$0" timeline --json | grep -c '"kind":"noted"'
           mount -o remount,size=4m "$1" && "$0" note "room was made" && "$0" verify"#,
    );
    let acknowledged = told.lines().filter(|line| line.starts_with("ACK ")).count();
    let refused = told.lines().find(|line| line.starts_with("REFUSED ")).unwrap_or_default();
    assert!(acknowledged > 3 && refused.contains("NOT RECORDED: no space left for the journal"), "{told}");
    assert!(told.contains(&format!("\n{acknowledged}\n")), "what was acknowledged is there: {told}");
    for records in [acknowledged + 1, acknowledged + 2] {
        assert!(told.contains(&format!("verified: all {records} records are")), "{told}");
    }
    assert!(told.contains("recorded: noted: room was made"), "{told}");
}

/// J4: a file system that is mounted for reading alone.
#[test]
fn a_journal_that_cannot_be_written_is_still_read() {
    if !has_mounts() {
        return;
    }
    let place = Place::new();
    place.runs(&["declare", "checkout 502"]);
    place.runs(&["note", "it is the cache"]);
    let told = with_mounts(
        &place,
        r#"mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit 9
           "$0" timeline; "$0" verify; "$0" incidents; "$0" status | head -3; "$0" report --journal-only | head -3; "$0" note no; echo "end $?""#,
    );
    assert!(told.contains("noted: it is the cache") && told.contains("verified: all 2 records"), "{told}");
    assert!(told.contains("active  ") && told.contains("# checkout 502"), "{told}");
    assert!(told.contains("cannot open") && !told.contains("recorded: noted: no"), "{told}");
    assert!(told.contains("\nend 2\n"), "{told}");
}

/// J12: an older journal, and the program is killed at every other call of the first opening that changes the disk.
#[test]
fn killed_while_an_older_journal_is_brought_to_this_version_nothing_is_lost() {
    if !has_strace() {
        return;
    }
    for calls in ["pwrite64", "fsync,fdatasync"] {
        for n in (1..MOST).step_by(2) {
            let place = Place::new();
            place.runs(&["declare", "checkout 502"]);
            older(&place);
            let output = injected(&place, &format!("{calls}:signal=SIGKILL:when={n}"), "first of the new version");
            let there = notes(&place);
            let is_there = there.iter().any(|text| text == "first of the new version");
            assert!(is_there || !said_recorded(&output), "{calls} {n}");
            place.runs(&["note", "and it goes on"]);
            assert_eq!(notes(&place).last().unwrap(), "and it goes on");
            if output.status.success() {
                break;
            }
        }
    }
}

/// Makes the journal one of the first version: its records have no reading of the clocks.
fn older(place: &Place) {
    use hotfix_cockpit::journal::record::{Draft, GENESIS, Record, Row};
    let verified: Value = serde_json::from_str(&place.prints(&["verify", "--json"])).unwrap();
    let folder = PathBuf::from(verified["folder"].as_str().unwrap());
    let told = place.runs(&["timeline", "--json"]);
    let db = rusqlite::Connection::open(folder.join("journal.db")).unwrap();
    db.execute_batch("DELETE FROM record; ALTER TABLE record DROP COLUMN clock; PRAGMA user_version = 1").unwrap();
    let mut prev = GENESIS.to_owned();
    for line in told.lines() {
        let Record { seq, at, incident, actor, kind, body, .. } = serde_json::from_str(line).unwrap();
        let record = Record::chain(Draft { at, incident, actor, kind, body }, seq, &prev);
        let Row { at, incident, actor, kind, body, prev_hash, hash, .. } = Row::of(&record);
        let values = rusqlite::params![seq.cast_signed(), at, incident, actor, kind, body, prev_hash, hash];
        db.execute("INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", values).unwrap();
        fs::write(folder.join("journal.head"), format!("{} {}\n", record.seq, record.hash)).unwrap();
        prev = record.hash;
    }
}

/// J10: the clock on the wall is set back by an hour, and then the incident goes on.
#[test]
fn a_clock_that_is_set_back_leaves_order_and_durations_right() {
    let faketime = |place: &Place, by: &str, args: &[&str]| {
        let mut command = place.by("faketime");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").args(["-f", by, place.program()]).args(args);
        command.output()
    };
    let place = Place::new();
    if !faketime(&place, "+0", &["--version"]).is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("HOTFIX_REQUIRE_TOOLS").is_none(), "faketime is needed");
        return eprintln!("SKIPPED: faketime is not here");
    }
    place.runs(&["declare", "checkout 502", "--severity", "SEV2", "--since", "20m"]);
    place.runs(&["note", "before"]);
    let told = faketime(&place, "-3600s", &["note", "after"]).unwrap();
    assert!(said_recorded(&told), "{told:?}");
    assert_eq!(notes(&place), ["before", "after"]);
    let records = place.runs(&["timeline", "--json"]);
    let records: Vec<Value> = records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let uptime = |place: usize| records[place]["clock"]["uptime_ms"].as_u64().unwrap();
    assert!(uptime(0) <= uptime(1) && uptime(1) <= uptime(2), "{records:?}");
    assert!(records[1]["at"].as_str() > records[2]["at"].as_str(), "as the clock had it");
    let report = faketime(&place, "-3600s", &["report", "--journal-only"]).unwrap();
    let report = String::from_utf8(report.stdout).unwrap();
    assert!(
        report.contains("the clock was set back by 01:00:0") || report.contains("the clock was set back by 00:59:5"),
        "{report}"
    );
    let status = faketime(&place, "-3600s", &["status", "--json"]).unwrap();
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let since = |field: &str| status["incident"][field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let passed = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1) - since("declared_at");
    assert!(passed.get_seconds().abs() < 600 && passed.get_hours() == 0, "{passed}: {status}");
}
