//! From a hotfix branch to every target: start, finish, a conflict, and a death in the middle.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::place::Place;

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("HOME", "/nonexistent")]);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Ana").env(format!("GIT_{who}_EMAIL"), "ana@git.example");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn commit(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
    git(folder, &["add", "--all"]);
    // Commits of one author and second are taken for copies of each other: each has a second of its own.
    let second: u64 = name.bytes().chain(text.bytes()).map(u64::from).sum();
    let date = format!("--date=@{} +0000", 1_750_000_000 + second);
    git(folder, &["commit", "--quiet", &date, "--message", &format!("Change {name} to {}", text.trim())]);
}

/// `v1.0.0` is in production, `main` went on, and the configuration names it as the target.
fn released() -> Place {
    let place = Place::new();
    let repo = place.repo();
    git(&repo, &["config", "user.email", "ana@git.example"]);
    git(&repo, &["checkout", "--quiet", "-B", "main"]);
    commit(&repo, "cart", "one\n");
    commit(&repo, "hotfix.toml", "[git]\ntargets = [\"main\"]\n");
    git(&repo, &["tag", "-a", "-m", "x", "v1.0.0"]);
    commit(&repo, "feature", "new\n");
    place
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn start_and_finish_are_told_recorded_and_done() {
    let place = released();
    let repo = place.repo();
    place.runs(&["declare", "cart"]);
    let told = place.runs(&["start", "cart-502"]);
    let folder = repo.parent().unwrap().join("repo-cart-502");
    assert!(
        told.starts_with("hotfix/cart-502 begins at v1.0.0 (") && told.contains(&format!("cd {}", folder.display())),
        "{told}"
    );
    commit(&folder, "cart", "fixed\n");

    let dry = json(&place.runs(&["finish", "--dry-run", "--json"]));
    assert_eq!((&dry["outcome"], &dry["targets"][0]["state"]), (&"dry-run".into(), &"clean".into()));
    let before = git(&repo, &["rev-parse", "main"]);
    let done = json(&place.hotfix_in(&folder, &["finish", "--json"]));
    assert_eq!(
        (&done["schema"], &done["outcome"], &done["branch"]),
        (&1.into(), &"done".into(), &"hotfix/cart-502".into())
    );
    assert_eq!(done["targets"][0]["from"], before.as_str());
    // main is checked out in the repository: its files came along.
    assert_eq!(std::fs::read_to_string(repo.join("cart")).unwrap(), "fixed\n");
    assert_eq!(git(&repo, &["status", "--porcelain"]), "");
    assert!(place.runs(&["finish"]).contains("main  has it    merged: it holds the hotfix tip"));
    let timeline = place.runs(&["timeline"]);
    for what in ["started hotfix/cart-502 from v1.0.0", "the merge of hotfix/cart-502 into main is done"] {
        assert!(timeline.contains(what), "{timeline}");
    }
}

#[test]
fn a_conflict_ends_with_1_and_says_where_it_waits() {
    let place = released();
    let repo = place.repo();
    place.runs(&["start", "x", "--no-worktree"]);
    commit(&repo, "cart", "fixed\n");
    git(&repo, &["checkout", "--quiet", "main"]);
    commit(&repo, "cart", "other\n");
    let stopped = place.output(&["finish"], None);
    let told = String::from_utf8(stopped.stdout).unwrap();
    assert_eq!(stopped.status.code(), Some(1), "{told}");
    let folder = repo.parent().unwrap().join("repo-finish-main");
    assert!(told.contains("main  CONFLICT  conflict in cart") && told.contains("hotfix finish --continue"), "{told}");
    assert!(place.fails(&["finish"]).contains("the merge to main waits"));
    std::fs::write(folder.join("cart"), "both\n").unwrap();
    git(&folder, &["add", "cart"]);
    let told = place.hotfix_in(&folder, &["finish", "--continue"]);
    assert!(told.contains("main  done      merged"), "{told}");
    assert_eq!(std::fs::read_to_string(repo.join("cart")).unwrap(), "both\n");
    assert!(!folder.exists());
    assert!(place.fails(&["finish", "--abort"]).contains("no unfinished promotion"));
}

/// Killed as soon as the journal holds the intent, however far it is by then.
#[test]
fn a_finish_that_is_killed_is_finished_by_the_next_one() {
    for round in 0..6 {
        let place = released();
        let repo = place.repo();
        place.runs(&["start", "x"]);
        let folder = repo.parent().unwrap().join("repo-x");
        commit(&folder, "cart", "fixed\n");
        let mut child = place.start(&["finish", "hotfix/x"]);
        let has_begun = |place: &Place| {
            place.runs(&["timeline", "--incident", "no-incident"]).matches("about to be made").count() > 0
        };
        while round > 0 && child.try_wait().unwrap().is_none() && !has_begun(&place) {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // The git that it had started may still be at work, and move the branch under the next one, which then says so.
        let runs = (0..3).any(|_| place.output(&["finish", "hotfix/x"], None).status.success());
        assert!(runs, "{:?}", place.output(&["finish", "hotfix/x"], None));
        assert_eq!(git(&repo, &["rev-list", "--count", "--merges", "main"]), "1");
        assert_eq!(git(&repo, &["status", "--porcelain"]), "");
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_the_way_out() {
    let place = released();
    for (arguments, what) in [
        (&["start", "-x"][..], "unexpected argument"),
        (&["start", "a b"], "`a b` is no slug"),
        (&["finish", "nope"], "there is no local branch nope"),
        (&["finish", "--continue", "--abort"], "cannot be used with"),
        (&["finish", "--push", "--dry-run"], "cannot be used with"),
    ] {
        let said = place.fails(arguments);
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn what_production_says_is_compared_and_gone_back_from_once_it_is_trusted() {
    let place = released();
    let repo = place.repo();
    let config = "[production]\ndeployed = { run = [\"./deployed\"], json = \"$.tag\" }\n\
                  [rollback]\n[[rollback.steps]]\nname = \"back\"\nrun = [\"true\"]\n";
    place.write("deployed", "#!/bin/sh\necho '{\"tag\": \"v1.0.0\"}'\n");
    git(&repo, &["update-index", "--add", "--chmod=+x", "deployed"]);
    commit(&repo, "hotfix.toml", config);
    Command::new("chmod").arg("+x").arg(repo.join("deployed")).status().unwrap();
    git(&repo, &["tag", "-a", "-m", "x", "v0.9.0", "v1.0.0~1"]);
    git(&repo, &["tag", "-a", "-m", "x", "v1.1.0"]);
    git(&repo, &["checkout", "--quiet", "-b", "hotfix/y"]);
    commit(&repo, "cart", "fixed\n");

    let untrusted = place.output(&["change", "--json"], None);
    assert!(String::from_utf8_lossy(&untrusted.stderr).contains("hotfix.toml is not trusted"), "{untrusted:?}");
    let document: Value = serde_json::from_slice(&untrusted.stdout).unwrap();
    assert_eq!(document["production"]["deployed"], Value::Null);

    let hash = place.runs(&["trust", "--hash"]).trim().to_owned();
    let trusted = |arguments: &[&str]| place.output(arguments, Some(("HOTFIX_TRUST", &hash)));
    let document: Value = serde_json::from_slice(&trusted(&["change", "--json"]).stdout).unwrap();
    let production = &document["production"];
    assert_eq!((&production["deployed"]["said"], &production["ref"]), (&"v1.0.0".into(), &"v1.0.0".into()));
    let links = document["continuity"]["links"].as_array().unwrap();
    let state = |name: &str| links.iter().find(|it| it["name"] == name).unwrap()["state"].clone();
    assert_eq!((state("deployed"), state("approved")), ("different".into(), "unknown".into()));
    assert_eq!(document["continuity"]["unbroken"], false);

    let plan: Value = serde_json::from_slice(&trusted(&["rollback", "--dry-run", "--json"]).stdout).unwrap();
    assert_eq!((&plan["from"]["ref"], &plan["to"]["ref"]), (&"v1.0.0".into(), &"v0.9.0".into()));
    assert!(plan["warnings"].to_string().contains("production says that it runs v1.0.0, not the tip"), "{plan}");
    let doctor = String::from_utf8(trusted(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("production: runs v1.0.0, says ./deployed"), "{doctor}");
    let started = String::from_utf8(trusted(&["start", "z", "--despite-rival"]).stdout).unwrap();
    assert!(started.starts_with("hotfix/z begins at v1.0.0 ("), "{started}");
}
