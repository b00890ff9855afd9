use std::os::unix::fs::PermissionsExt;

use jiff::SignedDuration;

use super::*;
use crate::drill::fixture;

fn archive() -> (tempfile::TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::of(&StateFolder::at(folder.path()));
    (folder, archive)
}

#[test]
fn runs_are_numbered_and_found_by_name_number_and_last() {
    let (_folder, archive) = archive();
    assert!(matches!(archive.find("last"), Err(ArchiveError::Empty)));
    let run = fixture::run("ideal");
    let later = |seconds| Kept { kept_at: run.kept_at + SignedDuration::from_secs(seconds), ..run.clone() };
    let names: Vec<String> = (1..=11).map(|n| archive.keep(later(n)).unwrap().id).collect();
    assert_eq!((names[0].as_str(), names[10].as_str()), ("d1-bad-canary-1", "d1-bad-canary-11"));
    for name in ["last", "d1", "d1-bad-canary", "d1-bad-canary-11"] {
        assert_eq!(archive.find(name).unwrap().id, "d1-bad-canary-11", "{name}");
    }
    assert_eq!(archive.find("d1-bad-canary-1").unwrap().id, "d1-bad-canary-1");
    assert!(matches!(archive.find("d8"), Err(ArchiveError::Unknown { .. })));
}

#[test]
fn the_run_before_is_by_the_same_team_in_the_same_version() {
    let (_folder, archive) = archive();
    let run = fixture::run("ideal");
    let at = |seconds: i64, team: &str, sha256: &str| {
        let kept_at = run.kept_at + SignedDuration::from_secs(seconds);
        let run = Kept { kept_at, team: Some(team.into()), scenario_sha256: sha256.into(), ..run.clone() };
        archive.keep(run).unwrap()
    };
    let first = at(1, "payments", "a");
    at(2, "search", "a");
    at(3, "payments", "b");
    let last = at(4, "payments", "a");
    assert_eq!(archive.before(&last).unwrap(), Some(first.clone()));
    assert_eq!(archive.before(&first).unwrap(), None);
}

#[test]
fn a_damaged_file_is_named_and_the_others_are_read() {
    let (folder, archive) = archive();
    archive.keep(fixture::run("ideal")).unwrap();
    fs::write(folder.path().join("drills/d1-bad-canary-2.json"), "{\"schema\":1").unwrap();
    let (runs, damaged) = archive.all().unwrap();
    assert_eq!(runs.len(), 1);
    let told = damaged[0].to_string();
    assert!(told.contains("d1-bad-canary-2.json is no run") && told.contains("EOF"), "{told}");
    assert_eq!(archive.keep(fixture::run("ideal")).unwrap().id, "d1-bad-canary-3");
}

#[test]
fn a_run_is_for_its_user_alone_and_a_name_cannot_leave_the_folder() {
    let (folder, archive) = archive();
    let mut run = fixture::run("ideal");
    run.score.scenario = "../../etc/passwd".into();
    let kept = archive.keep(run).unwrap();
    let path = folder.path().join(format!("drills/{}.json", kept.id));
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}
