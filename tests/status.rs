//! `hotfix status` as a pipeline uses it: the real program, on a real repository, with a journal of its own.

#![expect(clippy::unwrap_used, reason = "whatever fails here fails a test")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A repository with a production tag and one fix behind it, and a place for the journal.
struct Site {
    root: TempDir,
    state: TempDir,
}

impl Site {
    fn new() -> Self {
        let site = Self { root: TempDir::new().unwrap(), state: TempDir::new().unwrap() };
        site.git(&["init", "-q", "-b", "main"]);
        site.commit("pool = 8\n", "Begin");
        site.git(&["tag", "v1.0.0"]);
        site.git(&["checkout", "-q", "-b", "hotfix/pool"]);
        site.commit("pool = 16\n", "Give the pool room");
        site
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    fn git(&self, args: &[&str]) {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]).args(args).current_dir(self.path());
        for (name, value) in [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")] {
            command.env(name, value);
        }
        assert!(command.status().unwrap().success(), "git {args:?}");
    }

    fn commit(&self, text: &str, subject: &str) {
        std::fs::write(self.path().join("pool.conf"), text).unwrap();
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", subject]);
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hotfix"));
        command.args(args).current_dir(self.path());
        for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME"] {
            command.env(name, self.state.path());
        }
        command.env_remove("HOTFIX_TRUST").output().unwrap()
    }

    fn record(&self, args: &[&str]) {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn status(&self) -> (Option<i32>, Value) {
        let output = self.run(&["status", "--json"]);
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
    }

    fn gate(&self, id: &str) -> Value {
        let (_, document) = self.status();
        document["gates"].as_array().unwrap().iter().find(|gate| gate["id"] == id).unwrap().clone()
    }
}

fn declare(site: &Site) {
    site.record(&["declare", "pool is full", "--severity", "sev2", "--ticket", "SHOP-1", "--by", "ana"]);
}

#[test]
fn without_an_incident_it_is_no_go_and_git_is_asked_all_the_same() {
    let site = Site::new();
    let (code, document) = site.status();
    assert_eq!((code, &document["readiness"]), (Some(3), &"no-go".into()));
    assert!(document["incident"].is_null());
    assert_eq!(site.gate("b1")["state"], "satisfied");
}

#[test]
fn the_first_stage_is_go_once_its_gates_are_passed() {
    let site = Site::new();
    declare(&site);
    assert_eq!(site.status().0, Some(3));
    site.record(&["assess", "--impact", "orders", "--users", "all", "--workaround", "none", "--by", "ana"]);
    for (role, name) in [("commander", "ana"), ("ops", "bob"), ("comms", "eve")] {
        site.record(&["role", role, name, "--by", "ana"]);
    }
    site.record(&["decide", "fix-forward", "--reason", "one line", "--by", "ana"]);
    site.record(&["tick", "a8", "--note", "by phone", "--by", "eve"]);
    let (code, document) = site.status();
    assert_eq!((code, &document["readiness"]), (Some(0), &"go".into()), "{}", document["reasons"]);
    assert_eq!(document["incident"]["severity"], "sev2");
}

#[test]
fn one_more_commit_turns_a_tick_amber() {
    let site = Site::new();
    declare(&site);
    site.record(&["tick", "b8", "--note", "on staging", "--by", "bob"]);
    let gate = site.gate("b8");
    assert_eq!((&gate["state"], &gate["by"]), (&"satisfied".into(), &"person".into()));
    site.commit("pool = 32\n", "Give it more");
    let gate = site.gate("b8");
    assert_eq!((&gate["state"], &gate["by"]), (&"stale".into(), &Value::Null));
}

#[test]
fn whoever_wrote_it_does_not_review_it_and_may_override_loudly() {
    let site = Site::new();
    declare(&site);
    site.record(&["tick", "b9", "--by", "Ana"]);
    assert_eq!(site.gate("b9")["state"], "failed");
    let refused = site.run(&["override", "b9", "--reason", "alone at night", "--by", "Ana"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--break-glass"));
    site.record(&["override", "b9", "--break-glass", "--reason", "alone at night", "--by", "Ana"]);
    let gate = site.gate("b9");
    assert_eq!(gate["state"], "overridden");
    assert_eq!(gate["said"]["text"], "BREAK GLASS: alone at night");
}

#[test]
fn a_broken_configuration_is_exit_2_and_one_message() {
    let site = Site::new();
    std::fs::write(site.path().join("hotfix.toml"), "verison = 1\n").unwrap();
    let output = site.run(&["status"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("verison"));
}

#[test]
fn the_checklist_is_printed_for_people_and_for_programs() {
    let site = Site::new();
    let text = String::from_utf8(site.run(&["checklist"]).stdout).unwrap();
    assert!(text.contains("Assess and classify (now)") && text.contains("b10 Clean and pushed"), "{text}");
    let document: Value = serde_json::from_slice(&site.run(&["checklist", "--json"]).stdout).unwrap();
    assert_eq!((&document["schema"], document["gates"].as_array().unwrap().len()), (&1.into(), 36));
}
