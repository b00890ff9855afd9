//! What is counted without git is what git counts, entry for entry and line for line.

use super::super::fixture::{Fixture, Random};
use super::super::size;
use super::*;

fn is_counted_here(it: &Fixture) -> bool {
    let repo = Repo::open(&it.root).unwrap();
    let oid = |name: &str| evidence::Oid::parse(it.git(&["rev-parse", name]).trim()).unwrap();
    let (base, head) = (oid("v1.0.0"), oid("HEAD"));
    let Some(ours) = diff(&repo, &base, &head) else { return false };
    assert_eq!(ours, size::diff(&repo, &base, &head).unwrap());
    true
}

fn lines(random: &mut Random) -> Vec<String> {
    let line = |random: &mut Random| match random.below(12) {
        0 => String::new(),
        1 => "}".into(),
        2 => "version = \"1.2.3\"".into(),
        3 => "=======".into(),
        4 => "\u{fffd}\r".into(),
        n => format!("{}call({n})", "    ".repeat(random.below(3) as usize)),
    };
    (0..random.below(300)).map(|_| line(random)).collect()
}

fn edited(random: &mut Random, lines: &mut Vec<String>) {
    for _ in 0..=random.below(8) {
        let from = random.below(lines.len() as u64 + 1) as usize;
        let to = (from + random.below(12) as usize).min(lines.len());
        let new: Vec<String> = (0..random.below(12)).map(|n| format!("    new({n})")).collect();
        match random.below(3) {
            0 => drop(lines.splice(from..to, new)),
            1 => {
                let block: Vec<String> = lines.drain(from..to).collect();
                let place = random.below(lines.len() as u64 + 1) as usize;
                lines.splice(place..place, block);
            }
            _ => drop(lines.splice(from..to, [])),
        }
    }
}

fn text(random: &mut Random, lines: &[String]) -> String {
    let end = if random.below(4) == 0 { "" } else { "\n" };
    lines.join("\n") + end
}

#[test]
fn edits_of_many_kinds_count_as_they_do_for_git() {
    let random = &mut Random::seed(7);
    for round in 0..12 {
        let it = Fixture::empty();
        let mut files: Vec<Vec<String>> = (0..25).map(|_| lines(random)).collect();
        for (number, lines) in files.iter().enumerate() {
            it.write(&format!("src/f{number}"), text(random, lines));
        }
        it.write("image", b"GIF\0");
        it.commit("First");
        it.git(&["tag", "v1.0.0"]);
        for (number, lines) in files.iter_mut().enumerate() {
            edited(random, lines);
            it.write(&format!("src/f{number}"), text(random, lines));
        }
        it.write("image", b"GIF\0\0");
        it.git(&["update-index", "--chmod=+x", "src/f3"]);
        if round % 2 == 0 {
            it.write("src/new", text(random, &files[0]));
        } else {
            std::fs::remove_file(it.path("src/f9")).unwrap();
        }
        it.commit("Second");
        assert!(is_counted_here(&it), "round {round}");
    }
}

fn edited_fixture() -> Fixture {
    let it = Fixture::hotfix();
    it.change("src/cart.rs", "other\nlines\n");
    it
}

#[test]
fn what_may_decide_about_lines_is_left_to_git() {
    assert!(is_counted_here(&edited_fixture()));
    for attributes in [".gitattributes", "src/.gitattributes", ".git/info/attributes"] {
        let it = edited_fixture();
        it.write(attributes, "*.rs -diff\n");
        assert!(!is_counted_here(&it), "{attributes}");
    }
    let it = Fixture::empty();
    it.write(".gitattributes", "*.rs binary\n");
    it.write("a.rs", "1\n");
    it.commit("First");
    it.git(&["tag", "v1.0.0"]);
    it.change("a.rs", "2\n");
    std::fs::remove_file(it.path(".gitattributes")).unwrap();
    assert!(!is_counted_here(&it), "in the index alone");
    for setting in ["diff.algorithm", "diff.orderFile", "diff.rust.binary"] {
        let it = edited_fixture();
        it.git(&["config", setting, "histogram"]);
        assert!(!is_counted_here(&it), "{setting}");
    }
}

#[test]
fn what_may_be_a_rename_is_left_to_git() {
    let it = Fixture::hotfix();
    it.git(&["mv", "src/cart.rs", "src/basket.rs"]);
    it.commit("Move");
    assert!(!is_counted_here(&it));
}

#[test]
fn many_or_large_files_are_left_to_git() {
    let it = Fixture::hotfix();
    (0..=FILES).for_each(|number| it.write(&format!("f{number}"), "1\n"));
    it.commit("Many");
    assert!(!is_counted_here(&it));
    let it = Fixture::hotfix();
    it.write("large", "line\n".repeat(BYTES / 5 + 1));
    it.commit("Large");
    assert!(!is_counted_here(&it));
}
