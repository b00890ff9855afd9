//! Known failures that somebody answers for, from the run to the gate.

use serde_json::Value;

use super::place::Place;

fn verdict(place: &Place, hash: &str) -> (String, String) {
    let told = place.output(&["tests", "--json"], Some(("HOTFIX_TRUST", hash))).stdout;
    let told: Value = serde_json::from_slice(&told).unwrap();
    let text = |key: &str| told["verdict"][key].as_str().unwrap().to_owned();
    (text("state"), text("why"))
}

/// A test that failed in production too is amber, green for whoever accepts it, and amber again for another commit.
#[test]
fn known_failures_are_accepted_for_one_commit() {
    let place = Place::new();
    place.write(
        "hotfix.toml",
        "[production]\nref = \"v*\"\n[[tests]]\nname = \"unit\"\njunit = [\"out/*.xml\"]\nrun = [\"sh\", \"tests.sh\"]\n",
    );
    place.write(".gitignore", "out/\n");
    place.write(
        "tests.sh",
        "mkdir -p out; echo '<testsuite name=\"s\"><testcase name=\"a\"/><testcase name=\"b\"><failure message=\"boom\"/>\
         </testcase></testsuite>' > out/a.xml; exit 1\n",
    );
    place.commit_all();
    place.pushed();
    let repository = git2::Repository::open(place.repo()).unwrap();
    let tip = || repository.head().unwrap().peel(git2::ObjectType::Commit).unwrap();
    repository.tag_lightweight("v1.0.0", &tip(), false).unwrap();
    let hash = place.runs(&["trust", "--hash"]).trim().to_owned();
    let trusted = Some(("HOTFIX_TRUST", hash.as_str()));
    let run = || place.output(&["tests", "--run", "--json"], trusted).status.code();
    assert_eq!(run(), Some(1), "and what production's tests say is kept");
    for text in ["fix one", "fix another"] {
        place.write("src.txt", text);
        place.commit_all();
        place.pushed();
        assert_eq!(run(), Some(1));
        let (state, why) = verdict(&place, &hash);
        assert!(state == "amber" && why.contains("1 test fails in production as well"), "{state}: {why}");
        if text == "fix one" {
            assert!(place.fails(&["tests", "--accept", "SHOP-9"]).contains("no incident is open"));
            place.runs(&["declare", "checkout-502", "--severity", "sev2"]);
            let accepted = place.output(&["tests", "--accept", "SHOP-9 is known"], trusted);
            let told = String::from_utf8(accepted.stdout).unwrap();
            assert!(
                told.starts_with("recorded: accepted of the tests of") && told.contains("ana answers for it"),
                "{told}"
            );
            let (state, why) = verdict(&place, &hash);
            assert!(state == "green" && why.starts_with("with 2 accepted by ana (SHOP-9 is known)"), "{state}: {why}");
            assert!(place.fails(&["tests", "--accept", "again"]).contains("nothing is to accept"));
        }
    }
}
