//! `hotfix rollout` against a rollout that is a file: it is seen, steered with the guards of the pane, and believed when it
//! was seen to follow.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use super::place::Place;

/// A service whose rollout stands at 25%.
struct Service {
    place: Place,
    weight: PathBuf,
}

impl Service {
    fn new(more: &str) -> Self {
        let place = Place::new();
        let weight = place.repo().parent().unwrap().join("weight");
        fs::write(&weight, "25").unwrap();
        let at = weight.display();
        let told = format!("printf '{{\\\"weight\\\": %s}}' $(cat {at})");
        place.write(
            "hotfix.toml",
            &format!(
                "version = 1\n[rollout]\nfrom = \"command\"\nrun = [\"sh\", \"-c\", \"{told}\"]\nsteps = [5, 25, 50, 100]\n\
                 set_by = [\"sh\", \"-c\", \"echo $1 > {at}\", \"set\", \"{{weight}}\"]\n{more}"
            ),
        );
        let hash = place.runs(&["trust", "--hash"]);
        place.runs(&["trust", "--yes", hash.trim()]);
        place.runs(&["declare", "checkout-502"]);
        Self { place, weight }
    }

    fn rollout(&self, arguments: &[&str]) -> Output {
        self.place.output(&[&["rollout"], arguments].concat(), None)
    }

    fn seen(&self) -> Value {
        let output = self.rollout(&["--json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    fn at(&self) -> String {
        fs::read_to_string(&self.weight).unwrap().trim().to_owned()
    }
}

fn hash_of(seen: &Value, act: &str) -> String {
    let acts = seen["acts"].as_array().unwrap();
    let order = acts.iter().find(|it| it["act"] == act).unwrap();
    order["order"]["hash"].as_str().unwrap_or_else(|| panic!("{act} is refused: {order}")).to_owned()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn it_tells_how_far_it_is_and_what_can_be_done() {
    let service = Service::new("");
    let seen = service.seen();
    assert_eq!((&seen["schema"], &seen["desired_percent"], &seen["current"]), (&1.into(), &25.into(), &1.into()));
    assert_eq!(seen["phase"], "paused");
    let pause = &seen["acts"][2];
    assert!(pause["order"].is_null() && pause["refused"].as_str().unwrap().contains("no pauses"), "{pause}");
    let told = String::from_utf8(service.rollout(&[]).stdout).unwrap();
    assert!(told.starts_with("rollout paused, 25%\n5% - [25%] - 50% - 100%\n"), "{told}");
    assert!(told.contains("can promote to the next step: promote from 25% to 50%"), "{told}");
    assert_eq!(service.at(), "25", "to look changes nothing");
}

#[test]
fn a_step_is_promoted_on_record_and_seen_to_follow() {
    let service = Service::new("");
    let output = service.rollout(&["promote", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let done: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&done["followed"], &done["act"]), (&true.into(), &"promote from 25% to 50%".into()));
    assert_eq!(service.at(), "50");
    let timeline = service.place.runs(&["timeline"]);
    assert!(timeline.contains("promote from 25% to 50%"), "{timeline}");
    let refused = service.rollout(&["resume"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(complaint(&refused).contains("it cannot resume"), "{}", complaint(&refused));
}

#[test]
fn what_cannot_be_taken_back_wants_the_hash_of_just_that() {
    let service = Service::new("");
    for act in ["full", "abort"] {
        let refused = service.rollout(&[act]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(complaint(&refused).contains("with --yes HASH"), "{}", complaint(&refused));
    }
    let seen = service.seen();
    let (abort, full) = (hash_of(&seen, "abort"), hash_of(&seen, "full"));
    let refused = service.rollout(&["abort", "--yes", &full]);
    assert!(complaint(&refused).contains("not where it was shown"), "{}", complaint(&refused));
    assert_eq!(service.at(), "25");
    let done = service.rollout(&["abort", "--yes", &abort[..12]]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(service.at(), "0");
}

#[test]
fn more_users_need_a_reason_while_nobody_sees_how_the_canary_does() {
    // Nobody listens there.
    let canary = "[canary]\nsource = { prometheus = \"http://127.0.0.1:1\" }\nbaseline = 'track=\"stable\"'\n\
                  canary = 'track=\"canary\"'\n[[canary.metrics]]\nname = \"errors\"\nbad = 'errors{$scope}'\n\
                  total = 'requests{$scope}'\n";
    let service = Service::new(canary);
    let refused = service.rollout(&["promote"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(complaint(&refused).contains("say it with --reason"), "{}", complaint(&refused));
    assert_eq!(service.at(), "25");
    let done = service.rollout(&["promote", "--reason", "the metrics are in the burning building"]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let timeline = service.place.runs(&["timeline"]);
    assert!(timeline.contains("the metrics are in the burning building"), "{timeline}");
    // What takes users away needs none.
    let abort = hash_of(&service.seen(), "abort");
    assert_eq!(service.rollout(&["abort", "--yes", &abort]).status.code(), Some(0));
}

#[test]
fn what_is_not_seen_to_follow_is_not_called_done() {
    let service = Service::new("");
    let config = fs::read_to_string(service.place.repo().join("hotfix.toml")).unwrap();
    service.place.write("hotfix.toml", &config.replace("echo $1 >", "echo refused >&2; exit 3; echo $1 >"));
    let hash = service.place.runs(&["trust", "--hash"]);
    service.place.runs(&["trust", "--yes", hash.trim()]);
    let output = service.rollout(&["promote"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("NOT done: it ended with 3: refused"), "{told}");
    assert_eq!(service.at(), "25");
}
