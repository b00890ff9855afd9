//! Remote test sources through the program: trust first, then what the servers say, then what that proves.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::place::Place;

/// A GitHub on which one check of `head` has this conclusion. It lives as long as the test.
fn github(head: &str, conclusion: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let head = head.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut byte) = (Vec::new(), [0]);
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                request.push(byte[0]);
            }
            let request = String::from_utf8(request).unwrap();
            let path = request.split([' ', '?']).nth(1).unwrap_or_default();
            let check = json!({"id": 1, "name": "unit", "head_sha": head, "status": "completed", "conclusion": conclusion,
                "completed_at": jiff::Timestamp::now().to_string(), "html_url": "https://github.example/runs/1"});
            let body = match path.rsplit('/').next().unwrap_or_default() {
                "check-runs" => json!({"total_count": 1, "check_runs": [check]}),
                "status" => json!({"sha": head, "total_count": 0, "statuses": []}),
                "runs" => json!({"total_count": 0, "workflow_runs": []}),
                "main" if path.contains("/rules/") => json!([]),
                _ => json!({"protection": {}}),
            };
            let body = body.to_string();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            let _ = write!(stream, "{head}{body}");
        }
    });
    address
}

fn hash(place: &Place) -> String {
    place.runs(&["trust", "--hash"]).trim().to_owned()
}

fn tests(place: &Place, variables: &[(&str, &str)]) -> Value {
    let output = place.output_with(&["tests", "--json"], variables);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[test]
fn a_server_is_asked_when_it_is_trusted_and_its_word_is_for_this_commit() {
    for (conclusion, state) in [("success", "green"), ("failure", "red"), ("skipped", "unknown")] {
        let place = Place::new();
        place.pushed();
        let address = github(&place.head(), conclusion);
        place.write(
            "hotfix.toml",
            &format!(
                "[[tests]]\nname = \"ci\"\ngithub = {{ repository = \"acme/checkout\", api = \"{address}\", branch = \"main\", checks = [\"unit\"] }}\n"
            ),
        );
        let before = tests(&place, &[]);
        assert_eq!(before["verdict"]["state"], "unknown");
        assert!(before["verdict"]["why"].as_str().unwrap().contains("hotfix.toml is not trusted"), "{before}");
        let hash = hash(&place);
        let after = tests(&place, &[("HOTFIX_TRUST", &hash)]);
        assert_eq!(after["verdict"]["state"], state, "{after}");
        assert_eq!(after["runs"][0]["subject"], place.head());
        assert_eq!(after["runs"][0]["ci"]["checks"][0]["page"], "https://github.example/runs/1");
        let status = place.output(&["status", "--json"], Some(("HOTFIX_TRUST", &hash)));
        let status: Value = serde_json::from_slice(&status.stdout).unwrap();
        assert_eq!(status["schema"], 1);
    }
}

/// An `sf` that answers as the org would; what it was asked is in `sf.log`, and `report.json` and `later.json` are its words.
const SF: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/sf.log"
case "$1 $2 $3" in
"org display "*) echo '{"status":0,"result":{"id":"00D1","accessToken":"s3cret"}}' ;;
"project deploy validate") echo '{"status":0,"result":{"id":"0Af1","done":false,"status":"Queued"}}' ;;
"project deploy quick") echo '{"status":0,"result":{"id":"0Af2","done":false,"status":"Pending"}}' ;;
"project deploy start") echo '{"status":0,"result":{"id":"0Af3","done":false,"status":"Queued"}}' ;;
"project deploy cancel") echo '{"status":0,"result":{"id":"0Af1","status":"Canceling"}}' ;;
"project deploy report") cat "$here/report.json"; exit 0 ;;
"data query "*) cat "$here/later.json" ;;
*) echo "unknown: $*"; exit 1 ;;
esac
"#;

fn report(status: &str, done: bool) -> Value {
    let success = status == "Succeeded";
    json!({"status": 0, "result": {
        "id": "0Af1", "status": status, "done": done, "success": success, "checkOnly": true,
        "completedDate": if done { json!(jiff::Timestamp::now().to_string()) } else { Value::Null },
        "numberComponentsDeployed": 1, "numberComponentsTotal": 1, "numberTestsCompleted": 2, "numberTestsTotal": 2,
        "details": {"runTestResult": {"numTestsRun": 2, "numFailures": 0, "totalTime": 35, "failures": [],
            "successes": [{"name": "ATest", "methodName": "one"}, {"name": "ATest", "methodName": "two"}]}}}})
}

#[test]
fn a_validation_is_started_followed_and_voided() {
    let place = Place::new();
    let bin = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(bin.path().join(name), text).unwrap();
    put("sf", SF);
    fs::set_permissions(bin.path().join("sf"), fs::Permissions::from_mode(0o755)).unwrap();
    put("later.json", r#"{"status":0,"result":{"records":[],"totalSize":0,"done":true}}"#);
    place.write(
        "hotfix.toml",
        "[[tests]]\nname = \"apex\"\nsalesforce = { org = \"prod\", manifest = \"package.xml\" }\n",
    );
    place.write("package.xml", "<Package/>");
    place.commit_all();
    place.pushed();
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let hash = hash(&place);
    let variables = [("HOTFIX_TRUST", hash.as_str()), ("PATH", path.as_str())];

    let state = || {
        let document = tests(&place, &variables);
        let text = |key: &str| document["verdict"][key].as_str().unwrap().to_owned();
        (text("state"), text("why").split(" (and ").next().unwrap().to_owned())
    };
    assert_eq!(
        state(),
        ("unknown".into(), "apex: no validation was started from here: `hotfix tests --validate apex`".into())
    );
    let refused = place.output(&["tests", "--validate", "apex"], Some(("PATH", &path)));
    assert_eq!(refused.status.code(), Some(2), "nothing is run without trust");
    let started = place.output_with(&["tests", "--validate", "apex"], &variables);
    let told = String::from_utf8(started.stdout).unwrap();
    assert!(told.starts_with("0Af1: validating") && told.ends_with("in prod with RunLocalTests\n"), "{told}");
    put("report.json", &report("InProgress", false).to_string());
    assert_eq!(state().0, "running");
    put("report.json", &report("Failed", true).to_string());
    assert_eq!(state().0, "red", "its exit code is 0");
    put("report.json", &report("Succeeded", true).to_string());
    assert_eq!(state(), ("green".into(), format!("2 tests pass at {}: CI succeeded", &place.head()[..7])));
    put(
        "later.json",
        r#"{"status":0,"result":{"records":[{"Id":"0Af9","CompletedDate":"2026-11-24T20:04:30.000+0000"}]}}"#,
    );
    assert_eq!(state(), ("stale".into(), "apex: validation void since deploy 0Af9 at 2026-11-24 20:04:30 UTC".into()));
    put("later.json", "garbage");
    assert_eq!(state().0, "unknown");
    put("later.json", r#"{"status":0,"result":{"records":[]}}"#);
    place.write("package.xml", "<Package><types/></Package>");
    assert_eq!(state(), ("stale".into(), "apex: the manifest has changed since".into()));
    place.commit_all();
    place.pushed();
    assert_eq!(state().0, "stale", "another commit");
    assert!(place.output_with(&["tests", "--cancel", "apex"], &variables).status.success());
    let log = fs::read_to_string(bin.path().join("sf.log")).unwrap();
    let validate =
        "project deploy validate --async --test-level RunLocalTests --manifest package.xml --target-org prod --json";
    assert_eq!(log.lines().filter(|line| line.starts_with("project deploy validate")).collect::<Vec<_>>(), [validate]);
    assert!(log.contains("project deploy cancel --job-id 0Af1 --async --target-org prod --json"));
}

/// A place with a validation of its HEAD by a false `sf`, the program's answers to `hotfix tests`, and what `sf` was asked.
struct Org {
    place: Place,
    bin: tempfile::TempDir,
    hash: String,
    path: String,
}

impl Org {
    fn new() -> Self {
        let place = Place::new();
        let bin = tempfile::tempdir().unwrap();
        fs::write(bin.path().join("sf"), SF).unwrap();
        fs::set_permissions(bin.path().join("sf"), fs::Permissions::from_mode(0o755)).unwrap();
        place.write(
            "hotfix.toml",
            "[[tests]]\nname = \"apex\"\nsalesforce = { org = \"prod\", manifest = \"package.xml\" }\n",
        );
        place.write("package.xml", "<Package/>");
        place.commit_all();
        place.pushed();
        let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
        let org = Self { hash: hash(&place), path, place, bin };
        org.put("later.json", r#"{"status":0,"result":{"records":[]}}"#);
        org.put("report.json", &report("Succeeded", true).to_string());
        org
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.bin.path().join(name), text).unwrap();
    }

    /// Exit code, and what is said.
    fn tests(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let variables = [("HOTFIX_TRUST", self.hash.as_str()), ("PATH", self.path.as_str())];
        let output = self.place.output_with(&[&["tests"], arguments].concat(), &variables);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    fn asked(&self, verb: &str) -> usize {
        let log = fs::read_to_string(self.bin.path().join("sf.log")).unwrap();
        log.lines().filter(|line| line.starts_with(&format!("project deploy {verb}"))).count()
    }
}

#[test]
fn what_was_validated_is_deployed_once_and_only_while_it_holds() {
    let org = Org::new();
    let quick = ["--quick", "apex"];
    let (code, said) = org.tests(&quick);
    assert!(code == Some(2) && said.contains("no validation was started from here"), "{said}");
    assert_eq!(org.tests(&["--validate", "apex"]).0, Some(0));
    org.put("report.json", &report("InProgress", false).to_string());
    let (code, said) = org.tests(&quick);
    assert!(code == Some(2) && said.contains("0Af1 does not hold: the validation says InProgress"), "{said}");
    org.put("report.json", &report("Succeeded", true).to_string());
    org.put(
        "later.json",
        r#"{"status":0,"result":{"records":[{"Id":"0Af9","CompletedDate":"2026-11-24T20:04:30.000+0000"}]}}"#,
    );
    let (code, said) = org.tests(&quick);
    assert!(code == Some(2) && said.contains("void since deploy 0Af9"), "{said}");
    assert_eq!(org.asked("quick"), 0);
    org.put(
        "later.json",
        r#"{"status":0,"result":{"records":[{"Id":"0Af2","CompletedDate":"2026-11-24T20:04:30.000+0000"}]}}"#,
    );
    let (code, said) = org.tests(&["--quick", "apex", "--json"]);
    // Nothing voids it yet: what stands for the quick deployment itself is another one until it was asked for.
    assert!(code == Some(2) && said.contains("void since deploy 0Af2"), "{said}");
    org.put("later.json", r#"{"status":0,"result":{"records":[]}}"#);
    let (code, said) = org.tests(&quick);
    assert!(
        code == Some(0) && said.starts_with("0Af2: deploying") && said.ends_with("to prod, as it was validated\n"),
        "{said}"
    );
    org.put(
        "later.json",
        r#"{"status":0,"result":{"records":[{"Id":"0Af2","CompletedDate":"2026-11-24T20:04:30.000+0000"}]}}"#,
    );
    let (_, said) = org.tests(&["--json"]);
    let document: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(document["verdict"]["state"], "green", "its own deployment does not void it: {document}");
    assert_eq!(document["runs"][0]["ci"]["next"], "quick deployment 0Af2: Succeeded");
    let (code, said) = org.tests(&quick);
    assert!(code == Some(2) && said.contains("already: 0Af2"), "{said}");
    assert_eq!(org.asked("quick"), 1);
}

#[test]
fn a_deployment_runs_its_tests_and_is_no_validation() {
    let org = Org::new();
    org.place.write("package.xml", "<Package><types/></Package>");
    let (code, said) = org.tests(&["--deploy", "apex"]);
    assert!(code == Some(2) && said.contains("the work tree has changes"), "{said}");
    org.place.commit_all();
    org.place.pushed();
    let (code, said) = org.tests(&["--deploy", "apex"]);
    assert!(code == Some(0) && said.starts_with("0Af3: deploying"), "{said}");
    let state = || {
        let document: Value = serde_json::from_str(&org.tests(&["--json"]).1).unwrap();
        (
            document["verdict"]["state"].clone(),
            document["verdict"]["why"].clone(),
            document["runs"][0]["source"].clone(),
        )
    };
    let mut deployed = report("Succeeded", true);
    deployed["result"]["id"] = json!("0Af3");
    org.put("report.json", &deployed.to_string());
    assert_eq!(state().1, "apex: it is not said to be a deployment");
    deployed["result"]["checkOnly"] = json!(false);
    org.put("report.json", &deployed.to_string());
    assert_eq!((state().0, state().2), (json!("green"), json!("salesforce prod: deployment 0Af3")));
    let (code, said) = org.tests(&["--quick", "apex"]);
    assert!(code == Some(2) && said.contains("no validation was started from here"), "{said}");
}

/// An `sf` of an org that holds what it was deployed last, and runs its tests.
const APEX_SF: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo "$@" >> "$here/sf.log"
case "$*" in
"org display "*) echo '{"status":0,"result":{"id":"00D1"}}' ;;
"project deploy start "*) echo '{"status":0,"result":{"id":"0Af000000000003AAA","done":false,"status":"Queued"}}' ;;
"apex run test "*) echo '{"status":0,"result":{"testRunId":"707000000000001AAA"}}' ;;
"apex get test "*) cat "$here/result.json"; exit 100 ;;
*ApexTestRunResult*) cat "$here/status.json" ;;
*"SELECT Id FROM ApexTestQueueItem"*) echo '{"status":0,"result":{"records":[{"Id":"7091"},{"Id":"7092"}]}}' ;;
"data update record "*) echo '{"status":0,"result":{"id":"7091","success":true}}' ;;
*DeployRequest*) cat "$here/last.json" ;;
*) echo "unknown: $*"; exit 1 ;;
esac
"#;

fn apex_status(word: &str, completed: u64, failed: u64) -> String {
    let end = (word == "Completed").then(|| jiff::Timestamp::now().to_string());
    json!({"status": 0, "result": {"records": [{"Status": word, "EndTime": end, "MethodsEnqueued": 2,
        "MethodsCompleted": completed, "MethodsFailed": failed}]}})
    .to_string()
}

fn apex_result(second: &str) -> String {
    let failing = u64::from(second == "Fail");
    let outcome = if failing > 0 { "Failed" } else { "Passed" };
    json!({"status": 100, "result": {
        "summary": {"outcome": outcome, "testsRan": 2, "failing": failing, "testRunId": "707000000000001AAA", "orgWideCoverage": "80%"},
        "tests": [{"FullName": "ATest.one", "MethodName": "one", "Outcome": "Pass", "RunTime": 3},
            {"FullName": "ATest.two", "MethodName": "two", "Outcome": second, "RunTime": 4, "Message": "boom"}]}})
    .to_string()
}

#[test]
fn tests_of_an_org_are_started_followed_and_stopped() {
    let org = Org::new();
    org.put("sf", APEX_SF);
    org.put("last.json", r#"{"status":0,"result":{"records":[]}}"#);
    org.place.write(
        "hotfix.toml",
        "[[tests]]\nname = \"package\"\nrequired = false\nsalesforce = { org = \"qa\", manifest = \"package.xml\" }\n\
         [[tests]]\nname = \"apex\"\nsalesforce = { org = \"qa\", apex = { suites = [\"Smoke\"] } }\n",
    );
    org.place.commit_all();
    org.place.pushed();
    let org = Org { hash: hash(&org.place), ..org };
    let state = || {
        let variables = [("HOTFIX_TRUST", org.hash.as_str()), ("PATH", org.path.as_str())];
        let document = tests(&org.place, &variables);
        let text = |key: &str| document["verdict"][key].as_str().unwrap().to_owned();
        (text("state"), text("why").split(" (and ").next().unwrap().to_owned())
    };
    assert_eq!(state().1, "apex: no tests were started from here: `hotfix tests --apex apex`");
    let (code, said) = org.tests(&["--validate", "apex"]);
    assert!(code == Some(2) && said.contains("hotfix tests --apex apex"), "{said}");
    let (code, said) = org.tests(&["--apex", "apex"]);
    assert!(code == Some(0) && said.contains("what it holds, which is no known commit"), "{said}");
    org.put("status.json", &apex_status("Completed", 2, 0));
    org.put("result.json", &apex_result("Pass"));
    assert_eq!(state().0, "unknown", "nobody knows what that org holds");

    assert_eq!(org.tests(&["--deploy", "package"]).0, Some(0));
    let last = |id: &str| {
        json!({"status": 0, "result": {"records": [
        {"Id": id, "Status": "Succeeded", "CompletedDate": "2026-11-24T20:04:30.000+0000"}]}})
        .to_string()
    };
    org.put("last.json", &last("0Af000000000003AAA"));
    let (code, said) = org.tests(&["--apex", "apex"]);
    let started = format!("707000000000001AAA: testing {} in qa with RunSpecifiedTests\n", &org.place.head()[..7]);
    assert_eq!((code, said), (Some(0), started));
    org.put("status.json", &apex_status("Processing", 1, 0));
    assert_eq!(state(), ("running".into(), "apex: the run says Processing: 1 of 2 tests".into()));
    org.put("status.json", &apex_status("Processing", 1, 1));
    assert_eq!(state().0, "red", "one failed already");
    org.put("status.json", &apex_status("Completed", 2, 1));
    org.put("result.json", &apex_result("Fail"));
    assert_eq!(state(), ("red".into(), "apex: 1 test fails".into()));
    org.put("status.json", &apex_status("Completed", 2, 0));
    org.put("result.json", &apex_result("Pass"));
    assert_eq!(state().0, "green", "whatever the exit code says: {}", state().1);
    org.put("last.json", &last("0Af000000000009AAA"));
    assert!(state().0 == "stale" && state().1.contains("something else since deploy 0Af000000000009AAA"));

    let (code, said) = org.tests(&["--cancel", "apex"]);
    assert_eq!((code, said.as_str()), (Some(0), "707000000000001AAA: asked to end\n"));
    let log = fs::read_to_string(org.bin.path().join("sf.log")).unwrap();
    let run = "apex run test --code-coverage --test-level RunSpecifiedTests --suite-names Smoke --target-org qa --json";
    assert_eq!(log.lines().filter(|line| line.starts_with("apex run")).collect::<Vec<_>>(), [run, run]);
    let aborted = log.lines().filter(|line| line.starts_with("data update record") && line.contains("Status=Aborted"));
    assert_eq!(aborted.count(), 2, "each class that waits");
}
