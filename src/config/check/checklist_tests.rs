use std::path::Path;

use crate::config::load;
use crate::config::uses::Uses;

fn faults(toml: &str) -> Vec<String> {
    match load::parse(toml, Path::new("hotfix.toml")) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.into_iter().map(|it| format!("{}:{}: {}", it.line, it.column, it.what)).collect(),
    }
}

#[test]
fn an_item_is_added_changed_and_dropped() {
    let toml = r#"
[checklist]
drop = ["c9"]

[[checklist.item]]
id = "pager-quiet"
stage = "monitor"
text = "The pager is quiet"
required = ["sev1"]
http = { url = "https://pager.example/open", json = "$.count", token = { env = "PAGER_TOKEN" } }
expect = { at_most = 0 }
every = "1m"
timeout = "5s"

[[checklist.item]]
id = "b8"
run = ["./staging-commit"]
expect = { tip = true }
"#;
    assert_eq!(faults(toml), [""; 0]);
    let uses = Uses::of(&load::parse(toml, Path::new("hotfix.toml")).unwrap().config);
    assert_eq!(uses.runs[0].purpose, "checklist item b8");
    assert_eq!(uses.contacts[0].url, "https://pager.example/open");
    assert_eq!(uses.secrets[0].purpose, "checklist item pager-quiet");
}

#[test]
fn what_cannot_be_meant_is_told_with_its_place() {
    for (toml, told) in [
        ("[checklist]\ndrop = [\"c99\"]", "2:9: the default checklist has no item `c99`; did you mean `c9`?"),
        ("[[checklist.item]]\nid = \"b66\"", "2:6: no default item is `b66`, and a new one needs `stage` and `text`"),
        ("[[checklist.item]]\nid = \"B 8\"", "an id has small letters"),
        ("[[checklist.item]]\nid = \"b8\"\nstage = \"deplyo\"", "did you mean `deploy`?"),
        ("[[checklist.item]]\nid = \"b8\"\nrequired = [\"sev4\"]", "did you mean `sev"),
        ("[[checklist.item]]\nid = \"b8\"\nhnit = \"x\"", "did you mean `hint`?"),
        ("[[checklist.item]]\nid = \"b8\"\ntext = \" \"", "says nothing"),
        ("[checklist]\ndrop = [\"b8\"]\n[[checklist.item]]\nid = \"b8\"", "is dropped"),
        ("[[checklist.item]]\nid = \"b8\"\n[[checklist.item]]\nid = \"b8\"", "is there twice"),
        ("[[checklist.item]]\nid = \"b8\"\nrun = []", "needs a program"),
        ("[[checklist.item]]\nid = \"b8\"\nrun = [\"a\"]\nhttp = { url = \"https://a.example\" }", "not both"),
        ("[[checklist.item]]\nid = \"b8\"\nhttp = { url = \"http://a.example\" }", "can be read on the way"),
        ("[[checklist.item]]\nid = \"b8\"\nevery = \"1m\"", "goes with `run` or `http`"),
        ("[[checklist.item]]\nid = \"b8\"\nrun = [\"a\"]\nevery = \"1s\"", "between 5 and 3600"),
        ("[[checklist.item]]\nid = \"b8\"\nrun = [\"a\"]\ntimeout = \"1m\"", "between 0.001 and 30"),
        ("[[checklist.item]]\nid = \"b8\"\nrun = [\"a\"]\nexpect = {}", "exactly one of"),
        ("[[checklist.item]]\nid = \"b8\"\nrun = [\"a\"]\nexpect = { equals = \"x\", at_most = 1 }", "exactly one of"),
    ] {
        let found = faults(toml).join("\n");
        assert!(found.contains(told), "{toml}\n{found}");
    }
}
