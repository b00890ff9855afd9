//! The totals equal those of `git diff --shortstat`, to the digit.

use super::fixture::{Fixture, Random};
use crate::change::model::{Report, Size};

fn shortstat(it: &Fixture, renames: &str) -> Size {
    let text = it.git(&["diff", "--shortstat", renames, "v1.0.0", "HEAD"]);
    let number = |word: &str| {
        let part = text.split(", ").find(|part| part.contains(word))?;
        part.trim().split(' ').next()?.parse().ok()
    };
    Size {
        files: number("file").unwrap_or(0),
        insertions: number("insertion").unwrap_or(0),
        deletions: number("deletion").unwrap_or(0),
    }
}

fn check(it: &Fixture, what: &str) -> Report {
    let report = it.report();
    assert_eq!(report.size, Some(shortstat(it, "--find-renames")), "{what}: with renames");
    assert_eq!(report.without_renames, Some(shortstat(it, "--no-renames")), "{what}: without renames");
    let listed: u64 = report.changes.iter().map(|change| change.insertions + change.deletions).sum();
    assert_eq!(Some(listed), report.size.map(|size| size.insertions + size.deletions), "{what}: the list");
    report
}

/// Text of some lines, some of them the same, with or without carriage returns and a last line break.
fn text(random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    let end: &[u8] = if random.below(5) == 0 { b"\r\n" } else { b"\n" };
    for _ in 0..random.below(60) {
        text.extend_from_slice(format!("{}line {}", " ".repeat(random.below(3) as usize), random.below(25)).as_bytes());
        text.extend_from_slice(end);
    }
    if random.below(5) == 0 {
        text.pop();
    }
    if random.below(12) == 0 {
        text.push(0);
    }
    text
}

fn edit(random: &mut Random, old: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = old.split_inclusive(|b| *b == b'\n').collect();
    for _ in 0..=random.below(4) {
        let place = random.below(lines.len() as u64 + 1) as usize;
        match random.below(3) {
            0 => lines.insert(place, b"new line\n"),
            1 if place < lines.len() => drop(lines.remove(place)),
            _ if place < lines.len() => lines[place] = b"edited\n",
            _ => {}
        }
    }
    lines.concat()
}

fn name(random: &mut Random) -> String {
    let folder = ["", "src/", "src/deep/er/", "tests/", "da\u{f6}f/"][random.below(5) as usize];
    format!("{folder}f{}{}", random.below(40), ["", ".rs", " with blank", "\ttab", "\"quote"][random.below(5) as usize])
}

fn scramble(it: &Fixture, random: &mut Random) {
    let files: Vec<String> =
        it.git(&["ls-files", "-z"]).split('\0').filter(|it| !it.is_empty()).map(str::to_owned).collect();
    for file in files {
        let path = it.path(&file);
        match random.below(8) {
            0 => std::fs::remove_file(&path).unwrap(),
            1 => {
                let old = std::fs::read(&path).unwrap_or_default();
                std::fs::remove_file(&path).unwrap();
                let new = if random.below(2) == 0 { old } else { edit(random, &old) };
                let target = format!("moved{}/{}", random.below(3), name(random));
                it.write(&target, new);
            }
            2 => {
                std::fs::remove_file(&path).unwrap();
                std::os::unix::fs::symlink("somewhere", &path).unwrap();
            }
            3 => {
                use std::os::unix::fs::PermissionsExt;
                if path.symlink_metadata().unwrap().is_file() {
                    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
                }
            }
            4 | 5 if path.symlink_metadata().unwrap().is_file() => {
                let old = std::fs::read(&path).unwrap();
                it.write(&file, edit(random, &old));
            }
            _ => {}
        }
    }
    for _ in 0..random.below(6) {
        it.write(&format!("added/{}", name(random)), text(random));
    }
}

#[test]
fn on_generated_repositories() {
    for seed in 0..16 {
        let random = &mut Random::seed(seed);
        let it = Fixture::empty();
        if seed % 4 == 0 {
            it.write(".gitattributes", "*.rs diff=rust\nf1* -diff\nf2* binary\ntests/** text eol=crlf\n");
        }
        for _ in 0..10 + random.below(50) {
            let name = name(random);
            it.write(&name, text(random));
        }
        it.commit("First");
        it.git(&["tag", "v1.0.0"]);
        scramble(&it, random);
        it.commit("Second");
        check(&it, &format!("seed {seed}"));
    }
}

#[test]
fn with_the_settings_of_the_user() {
    let it = Fixture::empty();
    let random = &mut Random::seed(99);
    for _ in 0..40 {
        let name = name(random);
        it.write(&name, text(random));
    }
    it.commit("First");
    it.git(&["tag", "v1.0.0"]);
    scramble(&it, random);
    it.commit("Second");
    for (key, value) in [
        ("diff.algorithm", "patience"),
        ("diff.algorithm", "histogram"),
        ("diff.renames", "copies"),
        ("diff.renameLimit", "1"),
        ("diff.context", "0"),
        ("diff.noprefix", "true"),
        ("diff.submodule", "log"),
        ("core.quotePath", "false"),
        ("color.ui", "always"),
    ] {
        it.git(&["config", key, value]);
        check(&it, &format!("{key}={value}"));
    }
}

#[test]
fn a_change_that_is_undone_is_empty() {
    let it = Fixture::hotfix();
    it.change("a", "one");
    it.git(&["rm", "--quiet", "a"]);
    it.commit("undo");
    let report = check(&it, "undone");
    assert_eq!((report.size, report.core_lines, report.commits_total), (Some(Size::default()), Some(0), Some(2)));
}
