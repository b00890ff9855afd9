//! The report and the metrics from a script.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::place::Place;

/// A place with an incident that is over.
fn closed() -> Place {
    let place = Place::new();
    place.runs(&["declare", "Checkout <502>", "--severity", "SEV2", "--since", "20m", "--ticket", "SHOP-1"]);
    place.runs(&["assess", "--impact", "no checkouts", "--users", "4 %"]);
    place.runs(&["decide", "roll-back", "--reason", "4x errors"]);
    place.runs(&["override", "b9", "--break-glass", "--reason", "alone at night"]);
    place.runs(&["stage", "monitor", "--reason", "all is well"]);
    place.runs(&["tick", "d2", "--note", "no more 502 for ten minutes"]);
    place.runs(&["close", "--open", "d8", "--reason", "it can wait", "--owner", "bob"]);
    place
}

#[test]
fn the_report_in_three_formats() {
    let place = closed();
    let markdown = place.runs(&["report"]);
    assert!(markdown.starts_with("# Checkout &lt;502>\n"), "{markdown}");
    assert!(markdown.contains("are what was written, and none is missing"), "{markdown}");
    let page = place.runs(&["report", "--format", "html"]);
    assert!(page.contains("<h1>Checkout &lt;502&gt;</h1>") && page.contains("default-src 'none'"));
    let json: Value = serde_json::from_str(&place.runs(&["report", "--format", "json"])).unwrap();
    assert_eq!((&json["schema"], &json["journal"]["verified"]), (&1.into(), &true.into()));
    assert_eq!(json["incident"]["severity"], "sev2");
    let ttm = &json["delivery"]["measures"][3];
    assert_eq!(ttm["id"], "ttm");
    assert!(ttm["seconds"].as_i64().unwrap() >= 1_200, "{ttm}");
    assert!(place.fails(&["report", "--incident", "nope"]).contains("there is no incident `nope`"));
}

#[test]
fn an_export_is_on_record_and_satisfies_its_gate_once() {
    let place = Place::new();
    place.runs(&["declare", "checkout 502", "--severity", "SEV2"]);
    let gate = |place: &Place| {
        let status: Value = serde_json::from_str(&place.prints(&["status", "--json"])).unwrap();
        let gates = status["gates"].as_array().unwrap().clone();
        gates.into_iter().find(|gate| gate["id"] == "d6").unwrap()
    };
    assert_eq!(gate(&place)["state"], "open");
    place.runs(&["report", "--output", "early.md"]);
    assert_eq!(gate(&place)["state"], "stale", "the end was not told yet");
    place.runs(&["override", "b9", "--break-glass", "--reason", "alone at night"]);
    place.runs(&["stage", "monitor", "--reason", "all is well"]);
    let told = place.runs(&["report", "--output", "postmortem.html"]);
    assert!(told.contains("written: ") && told.contains("recorded: wrote the report to "), "{told}");
    let d6 = gate(&place);
    assert_eq!((&d6["state"], &d6["by"]), (&"satisfied".into(), &"evidence".into()), "{d6}");
    let page = fs::read_to_string(place.repo().join("postmortem.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("checkout-502"));

    assert!(place.fails(&["report", "--output", "postmortem.html"]).contains("--force overwrites it"));
    place.runs(&["report", "--output", "postmortem.html", "--force"]);
    assert!(place.fails(&["report", "--output", "no/such/folder.md"]).contains("cannot write"));
}

#[test]
fn a_journal_without_its_repository_has_a_report() {
    let place = closed();
    let verified: Value = serde_json::from_str(&place.prints(&["verify", "--json"])).unwrap();
    let journal = verified["folder"].as_str().unwrap().to_owned();
    let elsewhere = tempfile::tempdir().unwrap();
    let told = place.hotfix_in(elsewhere.path(), &["report", "--journal", &journal]);
    assert!(told.contains("# Checkout") && told.contains("the journal alone was asked"), "{told}");
    assert!(place.hotfix_in(elsewhere.path(), &["verify", "--journal", &journal]).starts_with("verified: "));
    assert!(place.hotfix_in(elsewhere.path(), &["metrics", "--journal", &journal]).starts_with("1 incident\n"));
    assert!(place.fails(&["report", "--journal", "src"]).contains("holds no journal"));
}

#[test]
fn a_template_of_the_team_is_used_once_it_is_trusted() {
    let place = closed();
    place.write("docs/pm.md.jinja", "OURS {{ report.incident.id }}\n");
    place.write("hotfix.toml", "version = 1\n[report]\ntemplate = \"docs/pm.md.jinja\"\n");
    let output = place.output(&["report"], None);
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not trusted"));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("# Checkout"), "ours instead");
    let hash = place.runs(&["trust", "--hash"]);
    let trusted = place.output(&["report"], Some(("HOTFIX_TRUST", hash.trim())));
    let told = String::from_utf8_lossy(&trusted.stdout).into_owned();
    assert!(told.starts_with("OURS ") && told.ends_with("-checkout-502\n"), "{told}");
    assert!(place.runs(&["report", "--format", "html"]).starts_with("<!doctype"), "it is one for Markdown");

    place.write("docs/bad.md.jinja", "one\n{{ report.nothing }}\n");
    let told = place.fails(&["report", "--template", "docs/bad.md.jinja"]);
    assert!(told.contains("docs/bad.md.jinja, line 2: "), "{told}");
    assert!(place.fails(&["report", "--template", "docs/pm.md.jinja", "--format", "html"]).contains("by its name"));
    for path in ["../outside.md", "/etc/hostname"] {
        place.write("hotfix.toml", &format!("version = 1\n[report]\ntemplate = \"{path}\"\n"));
        assert!(place.prints(&["doctor"]).contains("is no path within the repository"), "{path}");
    }
    assert!(Path::new(&place.repo()).exists());
}

/// Section 7: each hotfix is an unplanned deploy; the rate is among all versions that were tagged meanwhile.
#[test]
fn the_rework_rate_counts_the_tags_of_production() {
    let place = closed();
    place.runs(&["declare", "Second", "--severity", "sev3"]);
    place.runs(&["override", "b9", "--break-glass", "--reason", "alone at night"]);
    place.runs(&["stage", "deploy", "--reason", "all is well"]);
    let repository = git2::Repository::open(place.repo()).unwrap();
    let head = repository.head().unwrap().peel(git2::ObjectType::Commit).unwrap();
    let (long_ago, soon) = (git2::Time::new(1_500_000_000, 0), git2::Time::new(jiff::Timestamp::now().as_second(), 0));
    for (name, time) in
        [("v1.0.0", &long_ago), ("v1.0.1", &soon), ("v1.0.2", &soon), ("v1.1.0-rc.1", &soon), ("nightly", &soon)]
    {
        let who = git2::Signature::new("ana", "ana@acme.example", time).unwrap();
        repository.tag(name, &head, &who, "a version", false).unwrap();
    }
    let json: Value = serde_json::from_str(&place.runs(&["metrics", "--json"])).unwrap();
    let rework = &json["rework"];
    assert_eq!((&rework["deploys"], &rework["why"]), (&2.into(), &Value::Null), "neither old ones nor candidates");
    assert_eq!((rework["hotfix_deploys"].as_u64(), rework["rate"].as_f64()), (Some(1), Some(0.5)));
    place.write("hotfix.toml", "version = 1\n[production]\nref = \"main\"\n");
    let told = place.runs(&["metrics"]);
    assert!(told.contains("rework rate: unknown: production is main and no glob of tags"), "{told}");
}

#[test]
fn metrics_over_all_incidents() {
    let place = Place::new();
    assert_eq!(place.runs(&["metrics"]), "no incident is on record\n");
    let place = closed();
    place.runs(&["declare", "second", "--severity", "sev3"]);
    let told = place.runs(&["metrics"]);
    assert!(told.starts_with("2 incidents\ntime to detect"), "{told}");
    let json: Value = serde_json::from_str(&place.runs(&["metrics", "--json", "--since", "1d"])).unwrap();
    assert_eq!((&json["schema"], &json["verified"]), (&1.into(), &true.into()));
    assert_eq!(json["incidents"].as_array().unwrap().len(), 2);
    assert_eq!(json["measures"][0]["points"].as_array().unwrap().len(), 1, "the second has no known impact");
    assert!(json["rework"]["rate"].is_null(), "production has no tags");
    assert!(json["rework"]["why"].as_str().unwrap().contains("no version tag matches v*"), "{json}");
    assert!(told.contains("rework rate: unknown: no version tag matches v*"), "{told}");
    assert_eq!(place.runs(&["metrics", "--since", "2999-01-01"]), "no incident is on record\n");
    assert!(place.fails(&["metrics", "--since", "soon"]).contains("2026-03-01"));
}
