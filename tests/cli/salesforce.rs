//! The way back of an org of Salesforce, against an org that is a folder and an `sf` that is a script. It ends with 1
//! whenever it feels like it: its exit code is nothing to go by.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use git2::Repository;
use serde_json::Value;

use super::place::Place;
use super::rollback::{tag, wait};

const SF: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/log"
say() { printf '{"status":0,"result":{"id":"%s"}}' "$1"; exit 1; }
begin() { # begin CHECK_ONLY
    n=$(($(cat "$here/count" 2>/dev/null || echo 0) + 1)); echo $n > "$here/count"
    echo "$1" > "$here/check-0Af$n"; say "0Af$n"
}
case "$*" in
"project deploy validate "*) cp -r . "$here/validated"; begin true ;;
"project deploy start "*) cp -r . "$here/started"; begin false ;;
"project deploy quick "*)
    [ -f "$here/garbage" ] && { rm "$here/garbage"; echo 'socket hang up'; exit 1; }
    [ -f "$here/later" ] && { echo '{"name":"INVALID_ID_FIELD","message":"this validation is void","exitCode":1}'; exit 1; }
    begin false ;;
"project deploy report --job-id "*)
    status=$(cat "$here/status" 2>/dev/null || echo Succeeded)
    done=true; [ "$status" = InProgress ] && done=false
    success=false; [ "$status" = Succeeded ] && success=true
    failures='[]'; [ "$status" = Failed ] && failures='{"fullName":"Cart","problem":"Variable does not exist: x"}'
    printf '{"status":0,"result":{"id":"%s","status":"%s","done":%s,"success":"%s","checkOnly":%s,"completedDate":"%s",' \
        "$5" "$status" $done $success "$(cat "$here/check-$5")" "$(date -u +%Y-%m-%dT%H:%M:%S.000Z)"
    printf '"numberComponentsDeployed":2,"numberComponentsTotal":2,"numberTestsCompleted":3,"numberTestsTotal":3,'
    printf '"details":{"componentFailures":%s}}}' "$failures"; exit 0 ;;
"data query --use-tooling-api "*)
    printf '{"status":0,"result":{"records":%s}}' "$(cat "$here/later" 2>/dev/null || echo '[]')" ;;
*) echo "not expected: $*" >&2; exit 64 ;;
esac
"#;

const CONFIG: &str = "version = 1\n[rollback]\nengine = \"salesforce\"\n[rollback.salesforce]\norg = \"prod\"\n";
const PROJECT: &str = r#"{"packageDirectories": [{"path": "force-app", "default": true}], "sourceApiVersion": "62.0"}"#;
const LATER: &str = r#"[{"Id": "0Af99", "Status": "Succeeded", "CompletedDate": "2026-11-30T03:00:00.000+0000"}]"#;

/// A service in an org, where v2.4.1 runs: it changed one class, and added another.
struct Org {
    place: Place,
    folder: PathBuf,
}

impl Org {
    fn new() -> Self {
        let place = Place::new();
        let repository = Repository::open(place.repo()).unwrap();
        place.write("sfdx-project.json", PROJECT);
        place.write("hotfix.toml", CONFIG);
        place.write("force-app/main/default/classes/Cart.cls", "class Cart {}");
        place.write("force-app/main/default/classes/Cart.cls-meta.xml", "<ApexClass/>");
        place.commit_all();
        tag(&repository, "v2.4.0");
        place.write("force-app/main/default/classes/Cart.cls", "class Cart { BAD }");
        place.write("force-app/main/default/classes/CartFix.cls", "class CartFix {}");
        place.write("force-app/main/default/classes/CartFix.cls-meta.xml", "<ApexClass/>");
        place.commit_all();
        tag(&repository, "v2.4.1");
        let folder = place.repo().parent().unwrap().join("bin");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("sf"), SF).unwrap();
        fs::set_permissions(folder.join("sf"), fs::Permissions::from_mode(0o755)).unwrap();
        let hash = place.runs(&["trust", "--hash"]);
        place.runs(&["trust", "--yes", hash.trim()]);
        place.runs(&["declare", "checkout-502"]);
        Self { place, folder }
    }

    fn path(&self) -> String {
        format!("{}:{}", self.folder.display(), std::env::var("PATH").unwrap())
    }

    fn hotfix(&self, arguments: &[&str]) -> Output {
        self.place.output(arguments, Some(("PATH", &self.path())))
    }

    /// The exit code, and everything that was printed.
    fn told(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.hotfix(arguments);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }

    fn plan(&self) -> Value {
        let output = self.hotfix(&["rollback", "--dry-run", "--json"]);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn hash(&self) -> String {
        self.plan()["hash"].as_str().unwrap().to_owned()
    }

    fn rehearsed() -> Self {
        let org = Self::new();
        let (code, told) = org.told(&["rollback", "--rehearse"]);
        assert_eq!(code, Some(0), "{told}");
        org
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }

    /// How often `sf` was asked for something that begins so.
    fn asked(&self, words: &str) -> usize {
        self.file("log").lines().filter(|line| line.starts_with(words)).count()
    }
}

#[test]
fn the_package_is_made_of_git_and_validated_while_there_is_time() {
    let org = Org::new();
    let hash = org.hash();
    assert_eq!(org.asked("project deploy"), 0, "a preview deploys nothing");
    // What is deployed comes from git, whatever is in the work tree.
    org.place.write("force-app/main/default/classes/Cart.cls", "class Cart { half done }");
    let (code, told) = org.told(&["rollback", "--rehearse"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("was validated as 0Af1, which holds until 20") && told.contains("3 tests"), "{told}");
    let main = "validated/force-app/main/default/classes";
    assert_eq!(org.file(&format!("{main}/Cart.cls")), "class Cart {}");
    assert!(!org.folder.join(format!("{main}/CartFix.cls")).exists());
    let manifest = org.file("validated/manifest/package.xml");
    assert!(manifest.contains("<members>Cart</members>") && manifest.contains("<version>62.0</version>"), "{manifest}");
    assert!(org.file("validated/manifest/destructiveChangesPost.xml").contains("<members>CartFix</members>"));
    let asked = "project deploy validate --async --manifest manifest/package.xml --post-destructive-changes \
                 manifest/destructiveChangesPost.xml --test-level RunLocalTests --target-org prod --json";
    assert_eq!(org.asked(asked), 1, "{}", org.file("log"));
    assert_eq!(org.hash(), hash, "what was rehearsed is what will run");
    let timeline = org.place.runs(&["timeline"]);
    assert!(timeline.contains("0Af1, which holds until"), "it is on record: {timeline}");
}

#[test]
fn what_was_validated_is_deployed_at_once() {
    let org = Org::rehearsed();
    let plan = org.plan();
    assert_eq!(plan["steps"][0]["kind"], "salesforce_deploy");
    let detail = plan["steps"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("brings back ApexClass Cart, deletes ApexClass CartFix"), "{detail}");
    let (code, told) = org.told(&["rollback", "--yes", plan["hash"].as_str().unwrap()]);
    assert_eq!(code, Some(0), "{told}\n{}", org.file("log"));
    assert!(told.contains("rolled back, verified") && told.contains("0Af2 says Succeeded"), "{told}");
    assert_eq!(org.asked("project deploy quick --async --job-id 0Af1 --target-org prod --json"), 1);
    assert_eq!(org.asked("project deploy start"), 0);
}

#[test]
fn without_a_validation_a_reason_is_asked_for_and_its_tests_run() {
    let org = Org::new();
    let (code, told) = org.told(&["rollback", "--yes", &org.hash()]);
    assert_eq!(code, Some(2));
    assert!(told.contains("whether validated is unknown: there is no validation of the package"), "{told}");
    let (code, told) = org.told(&["rollback", "--yes", &org.hash(), "--reason", "nobody can pay"]);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(org.asked("project deploy start --async --manifest manifest/package.xml"), 1, "{}", org.file("log"));
    assert_eq!(org.file("started/force-app/main/default/classes/Cart.cls"), "class Cart {}");
}

#[test]
fn another_deployment_voids_a_validation_and_the_package_is_deployed_with_its_tests() {
    let org = Org::rehearsed();
    org.put("later", LATER);
    let (code, told) = org.told(&["rollback", "--yes", &org.hash()]);
    assert_eq!(code, Some(2));
    assert!(told.contains("0Af1 is void since deployment 0Af99"), "{told}");
    let (code, told) = org.told(&["rollback", "--yes", &org.hash(), "--reason", "nobody can pay"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("no quick deployment: sf project deploy quick: INVALID_ID_FIELD"), "{told}");
    assert_eq!((org.asked("project deploy quick"), org.asked("project deploy start")), (1, 1));
}

#[test]
fn what_the_org_says_counts_and_no_exit_code() {
    let org = Org::rehearsed();
    org.put("status", "Failed");
    let (code, told) = org.told(&["rollback", "--yes", &org.hash()]);
    assert_ne!(code, Some(0), "its report ends with 0");
    assert!(told.contains("says Failed") && told.contains("Cart: Variable does not exist: x"), "{told}");
    assert!(!told.contains("rolled back, verified"));
    let org = Org::new();
    org.put("status", "Failed");
    let (code, told) = org.told(&["rollback", "--rehearse"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("NOT all went well") && told.contains("says Failed"), "{told}");
}

#[test]
fn a_deployment_whose_cockpit_died_is_asked_for_by_its_id_and_not_begun_again() {
    let org = Org::rehearsed();
    org.put("status", "InProgress");
    let path = org.path();
    let mut run = org.place.by(org.place.program());
    run.args(["rollback", "--yes", &org.hash()]).env("PATH", &path);
    let mut run = run.spawn().unwrap();
    // It has asked how that deployment stands: its id is on record.
    wait(|| org.asked("project deploy report --job-id 0Af2") > 0);
    run.kill().unwrap();
    run.wait().unwrap();
    org.put("status", "Succeeded");
    let (code, told) = org.told(&["rollback", "--resume"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("0Af2 says Succeeded"), "{told}");
    assert_eq!(org.asked("project deploy quick"), 1, "{}", org.file("log"));
}

#[test]
fn where_nobody_knows_whether_the_org_was_reached_it_is_asked_and_a_person_decides() {
    let org = Org::rehearsed();
    org.put("garbage", "");
    let (code, told) = org.told(&["rollback", "--yes", &org.hash()]);
    assert_ne!(code, Some(0));
    assert!(told.contains("may have taken effect") && told.contains("it prints no JSON: socket hang up"), "{told}");
    assert_eq!(org.asked("project deploy start"), 0, "what may have begun is not begun again");
    // The org deployed something meanwhile, and nobody can tell whether it is this.
    org.put("later", LATER);
    let told = org.told(&["rollback", "--resume"]).1;
    assert!(told.contains("0Af99 was begun since, says Succeeded, and may be this one"), "{told}");
    assert_eq!(org.asked("project deploy start"), 0);
    fs::remove_file(org.folder.join("later")).unwrap();
    let (code, told) = org.told(&["rollback", "--resume", "--answer", "not-done"]);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(org.asked("project deploy quick"), 2);
}
