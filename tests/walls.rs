//! Holds the walls between the rooms: arrows run downward only, and inside a room the model knows neither
//! sources nor the screen.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world must stop")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, lowest first. A room may use those that stand before it in a lower row.
const FLOORS: &[&[&str]] = &[
    &["evidence"],
    &["journal", "http", "ui"],
    &["config"],
    &["incident", "probe"],
    &["change", "test_results", "canary", "tracker"],
    &["rollback"],
    &["checklist"],
    &["comms"],
    &["report"],
    &["project"],
    &["drill"],
    &["cockpit"],
    &["cli"],
];

/// What a pure file must not name.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "tokio::",
    "git2::",
    "reqwest::",
    "rusqlite::",
    "Timestamp::now",
    "Instant::now",
    "SystemTime",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(sources(&entry));
        } else if entry.extension().is_some_and(|ext| ext == "rs") {
            found.push(entry);
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn room(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn is_test(path: &Path) -> bool {
    let inside = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    inside.contains("tests") && !inside.starts_with("test_results/") && !inside.ends_with("cli/tests.rs")
        || inside.ends_with("tests.rs") && !inside.ends_with("cli/tests.rs")
        || inside.contains("/tests/")
}

/// The code of a file, without comments and without its test modules.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rooms that a file names as `crate::room`.
fn used(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for part in code.split("crate::").skip(1) {
        let names = match part.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap().split(',').map(str::trim).map(str::to_owned).collect(),
            None => vec![part.to_owned()],
        };
        for name in names {
            rooms.push(name.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect());
        }
    }
    rooms
}

#[test]
fn arrows_run_downward_only() {
    let mut wrong = Vec::new();
    for path in sources(&root()).into_iter().filter(|path| !is_test(path)) {
        let from = room(&path);
        let Some(above) = floor(&from) else { continue };
        for to in used(&code(&path)).into_iter().filter(|to| *to != from) {
            match floor(&to) {
                Some(below) if below >= above => wrong.push(format!("{}: {from} uses {to}", path.display())),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The siblings that a file of a room names as `super::name`, its own sub-files taken for itself.
fn siblings(code: &str) -> Vec<String> {
    let name = |part: &str| part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
    code.split("super::").skip(1).map(name).collect()
}

/// What a part of a room reaches by the parts that it names.
fn reached<'a>(known: &'a BTreeMap<String, Vec<String>>, part: &'a str) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    let mut waiting = vec![part];
    while let Some(part) = waiting.pop() {
        for next in known.get(part).into_iter().flatten().filter(|it| known.contains_key(*it) && *it != part) {
            if !found.contains(&next.as_str()) {
                found.push(next);
                waiting.push(next);
            }
        }
    }
    found
}

#[test]
fn the_parts_of_a_drill_know_each_other_in_one_direction_only() {
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let folder = root().join("drill");
    for path in sources(&folder).into_iter().filter(|path| !is_test(path) && !path.ends_with("drill/mod.rs")) {
        let inside = path.strip_prefix(&folder).unwrap().components().next().unwrap().as_os_str().to_string_lossy();
        let part = inside.trim_end_matches(".rs").to_owned();
        known.entry(part).or_default().extend(siblings(&code(&path)));
    }
    let circles: Vec<&String> = known.keys().filter(|part| reached(&known, part).contains(&part.as_str())).collect();
    assert!(known.len() > 30 && circles.is_empty(), "{circles:?}");
}

#[test]
fn every_room_has_its_floor() {
    let rooms: BTreeMap<String, ()> = sources(&root()).iter().map(|path| (room(path), ())).collect();
    let homeless: Vec<_> =
        rooms.keys().filter(|room| floor(room).is_none() && !matches!(room.as_str(), "main" | "lib" | "bin")).collect();
    assert!(homeless.is_empty(), "{homeless:?}");
}

#[test]
fn models_panes_and_updates_are_pure() {
    let pure = |path: &Path| {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        [
            "model.rs",
            "pane.rs",
            "state.rs",
            "guard.rs",
            "execution.rs",
            "readiness.rs",
            "rules.rs",
            "entry.rs",
            "form.rs",
            "chart.rs",
        ]
        .iter()
        .any(|pure| name.ends_with(pure))
            || ["cockpit/update", "cockpit/view", "canary/judge", "canary/kayenta", "checklist/rules", "ui/"]
                .iter()
                .any(|pure| name.starts_with(pure))
    };
    let mut wrong = Vec::new();
    for path in sources(&root()).into_iter().filter(|path| pure(path) && !is_test(path)) {
        let code = code(&path);
        let named = IMPURE.iter().filter(|name| code.contains(**name));
        wrong.extend(named.map(|name| format!("{} names {name}", path.display())));
        if path.ends_with("model.rs") && code.contains("ratatui") {
            wrong.push(format!("{} names ratatui", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sources_and_panes_do_not_know_each_other() {
    let mut wrong = Vec::new();
    for path in sources(&root()).into_iter().filter(|path| !is_test(path)) {
        let code = code(&path);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "pane.rs" && ["::source", "::prometheus", "::executor"].iter().any(|it| code.contains(it)) {
            wrong.push(format!("{} names a source", path.display()));
        }
        let is_source = name == "source.rs" || path.to_string_lossy().contains("/source/");
        if is_source && (code.contains("pane::") || code.contains("ratatui")) {
            wrong.push(format!("{} names a pane", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
