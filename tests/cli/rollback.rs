//! `hotfix rollback`, with real children, a real journal, and a kill -9 in the middle.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use git2::{Repository, Signature, Time};
use serde_json::Value;

use super::place::Place;

mod choice;
mod faults;
mod kills;

/// A service that was released twice, and whose "production" is a file beside the repository.
struct Service(Place);

impl Service {
    /// With these steps, trusted, in an incident.
    fn new(steps: &str) -> Self {
        let service = Self::untrusted(steps);
        let hash = service.0.runs(&["trust", "--hash"]);
        service.0.runs(&["trust", "--yes", hash.trim()]);
        service.0.runs(&["declare", "checkout-502"]);
        service
    }

    fn untrusted(steps: &str) -> Self {
        let place = Place::new();
        let repository = Repository::open(place.repo()).unwrap();
        tag(&repository, "v2.4.0");
        commit(&repository, "Retry the payment gateway");
        tag(&repository, "v2.4.1");
        let verify = "[rollback.verify]\nrun = [\"cat\", \"../live\"]\nequals = \"{to.version}\"\nwithin = \"1s\"\n";
        place.write("hotfix.toml", &format!("version = 1\n{steps}\n{verify}"));
        Self(place)
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.0.repo().parent().unwrap().join(name)
    }

    fn hash(&self) -> String {
        let document: Value = serde_json::from_str(&self.0.runs(&["rollback", "--dry-run", "--json"])).unwrap();
        document["hash"].as_str().unwrap().to_owned()
    }

    /// The words of a run, and its exit code.
    fn rollback(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.0.output(&[&["rollback"], arguments].concat(), None);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }

    fn wait_for(&self, name: &str) {
        wait(|| self.beside(name).exists());
    }
}

pub fn wait(until: impl Fn() -> bool) {
    for _ in 0..12_000 {
        if until() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it never happens");
}

pub fn commit(repository: &Repository, message: &str) {
    let who = Signature::new("ana", "ana@git.example", &Time::new(1_750_000_100, 0)).unwrap();
    let parent = repository.head().unwrap().peel_to_commit().unwrap();
    repository.commit(Some("HEAD"), &who, &who, message, &parent.tree().unwrap(), &[&parent]).unwrap();
}

pub fn tag(repository: &Repository, name: &str) {
    let head = repository.head().unwrap().peel_to_commit().unwrap();
    repository.tag_lightweight(name, head.as_object(), false).unwrap();
}

fn step(name: &str, script: &str) -> String {
    format!("[[rollback.steps]]\nname = \"{name}\"\nrun = [\"sh\", \"-c\", \"{script}\"]\n")
}

fn go_back() -> String {
    step("go back", "echo x >> ../effects; echo {to.version} > ../live")
}

#[test]
fn the_preview_runs_nothing_and_keeps_the_contract() {
    let service = Service::untrusted(&go_back());
    let document: Value = serde_json::from_str(&service.0.runs(&["rollback", "--dry-run", "--json"])).unwrap();
    assert_eq!((&document["schema"], &document["class"]), (&Value::from(1), &Value::from("clean")));
    assert_eq!((&document["from"]["oid"], &document["to"]["ref"]), (&service.0.head().into(), &Value::from("v2.4.0")));
    assert_eq!(document["undoes"][0]["summary"], "Retry the payment gateway");
    let step = &document["steps"][0];
    assert_eq!((&step["name"], &step["kind"], &step["timeout_s"]), (&"go back".into(), &"run".into(), &60.0.into()));
    assert_eq!((&step["verify"], &step["irreversible"]), (&Value::Null, &Value::Bool(false)));
    assert!(document["warnings"].is_array());
    assert!(service.0.runs(&["rollback", "--dry-run"]).contains("will NOT bring back"));
    let said = service.0.fails(&["rollback", "--yes", &service.hash()]);
    assert!(said.contains("not trusted"), "{said}");
    assert!(!service.beside("effects").exists());
}

#[test]
fn exactly_the_named_plan_is_run_and_the_world_has_the_last_word() {
    let service = Service::new(&go_back());
    let said = service.0.fails(&["rollback"]);
    assert!(said.contains("nobody can be asked here"), "{said}");
    let said = service.0.fails(&["rollback", "--yes", "0123456789ab"]);
    assert!(said.contains("the plan is another one now"), "{said}");
    let (code, text) = service.rollback(&["--yes", &service.hash()[..12]]);
    assert_eq!((code, text.lines().last()), (Some(0), Some("rolled back, verified: the world says v2.4.0")));
    assert!(service.0.runs(&["timeline"]).contains("rolled back, verified"));
    assert!(service.0.fails(&["rollback", "--resume"]).contains("nothing to go on with"));
}

#[test]
fn what_the_world_does_not_confirm_is_not_verified() {
    let service = Service::new(&step("go back", "true"));
    fs::write(service.beside("live"), "v2.4.1\n").unwrap();
    let (code, text) = service.rollback(&["--yes", &service.hash(), "--json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &document["end"]), (Some(1), &Value::from("issued-not-verified")));
    assert_eq!(document["steps"][0]["state"], "observed");
    // The world follows late; going on issues nothing, and looks again.
    fs::write(service.beside("live"), "v2.4.0\n").unwrap();
    assert_eq!(service.rollback(&["--resume"]).0, Some(0));
}

#[test]
fn a_step_outlives_a_killed_run_and_nothing_is_done_twice() {
    let script = "touch ../begun; while [ ! -f ../go ]; do echo busy; sleep 0.02; done; echo x >> ../effects; echo {to.version} > ../live";
    let service = Service::new(&step("go back", script));
    let mut run = service.0.start(&["rollback", "--yes", &service.hash()]);
    service.wait_for("begun");
    run.kill().unwrap();
    run.wait().unwrap();
    let told = service.0.fails(&["rollback", "--resume"]);
    assert!(told.contains("it still runs: ana, step 1 `go back`, "), "{told}");
    fs::write(service.beside("go"), "").unwrap();
    // Its supervisor saw its end: nobody is asked.
    wait(|| !service.rollback(&["--resume"]).1.contains("it still runs"));
    let told = service.0.runs(&["timeline"]);
    assert!(told.contains("rolled back, verified"), "{told}");
    assert_eq!(fs::read_to_string(service.beside("effects")).unwrap(), "x\n");
}

#[test]
fn a_run_can_be_stopped_from_elsewhere_and_given_up() {
    let first = step("wait", "touch ../begun; while [ ! -f ../go ]; do sleep 0.02; done");
    let service = Service::new(&(first + &go_back()));
    let run = service.0.start(&["rollback", "--yes", &service.hash()]);
    service.wait_for("begun");
    assert!(service.0.runs(&["rollback", "--abort"]).starts_with("asked to stop after the step at hand: ana"));
    fs::write(service.beside("go"), "").unwrap();
    let output = run.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with("stopped: stopped by a person; 1 of 2 steps are done\n"), "{text}");
    assert_eq!(output.status.code(), Some(1));
    assert!(!service.beside("effects").exists());
}

#[test]
fn a_journal_that_cannot_be_opened_does_not_stop_a_rollback() {
    let service = Service::new(&go_back());
    let journals = service.beside("state").join("journals");
    let folder = fs::read_dir(&journals).unwrap().next().unwrap().unwrap().path();
    let hash = service.hash();
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir_all(folder.join("journal.lock")).unwrap();
    let (code, text) = service.rollback(&["--yes", &hash]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("going on without a journal") && text.contains("unjournaled:"), "{text}");
    assert!(folder.join("rollback.unjournaled.jsonl").exists());
}

#[test]
fn a_rehearsal_is_evidence_and_changes_nothing() {
    let service = Service::new(&(go_back() + "rehearse = [\"true\"]\n"));
    assert!(service.0.runs(&["rollback", "--rehearse"]).ends_with("rehearsed: all went well\n"));
    assert!(service.0.runs(&["timeline"]).contains("rehearsed the rollback"));
    assert!(!service.beside("effects").exists());
}

#[test]
fn a_step_without_a_rehearsal_is_not_called_well() {
    let service = Service::new(&go_back());
    let told = service.0.runs(&["rollback", "--rehearse"]);
    assert!(told.ends_with("rehearsed: nothing failed, and 1 without a rehearsal were not tried\n"), "{told}");
}
