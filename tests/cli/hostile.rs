//! Forty ways in which a repository, a server or a colleague's machine tries to run something here, or to write on the
//! terminal. Expected of all of them: nothing fires, and what is shown is shown as text.
//!
//! The numbers are those of the list that the design was made by. Those that need a file which is trusted are sprung in
//! [`trusted`]; those that need a terminal, or a stream of a million events, have a second test in [`ALSO`].

use std::fs;
use std::path::Path;
use std::process::Output;

use git2::Repository;

use super::place::Place;

mod repository;
mod trusted;

/// How a trap is set: in the repository at hand; `$FIRED` stands for the file that it would make.
type Set = fn(&Place, &str);

struct Trap {
    number: u8,
    name: &'static str,
    set: Set,
}

/// Every command that looks, and runs nothing that the file names.
const LOOKS: &[&[&str]] = &[
    &["change"],
    &["change", "--json"],
    &["trust", "--hash"],
    &["rollback", "--dry-run"],
    &["rollback", "--dry-run", "--json"],
    &["status"],
    &["status", "--json"],
    &["tests"],
    &["checklist"],
    &["timeline"],
    &["doctor"],
];

const CONFIG: &str =
    "version = 1\n[rollback]\n[[rollback.steps]]\nname = \"back\"\nrun = [\"true\", \"{to.version}\"]\n";

/// Where a trap alone is not enough: the tests that hold the rest.
const ALSO: &[(u8, &str, &str)] = &[
    (16, "src/config/trust/tests.rs", "exactly_the_granted_content_is_trusted"),
    (26, "src/rollback/output/tests.rs", "a_flood_costs_a_copy_and_tells_how_much_is_missing"),
    (28, "src/rollback/executor/remote_lock/tests.rs", "words_from_another_machine_are_words"),
    (31, "src/http/tests.rs", "a_redirect_is_not_followed_and_its_host_is_named"),
    (32, "src/http/tests.rs", "a_gzip_bomb_stops_at_the_limit"),
    (36, "src/incident/sentence_tests.rs", "several_lines_and_escapes_become_one_plain_line"),
    (38, "tests/pty/rollback.rs", "a_paste_of_the_key_and_every_letter_fires_nothing"),
    (38, "src/rollback/guard/tests.rs", "no_paste_without_brackets_fires"),
    (40, "src/rollback/executor/flagd.rs", "nobody knows which of the two counts"),
];

fn tag(place: &Place, name: &str) {
    let path = place.repo().join(".git/refs/tags").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, place.head() + "\n").unwrap();
}

fn say(place: &Place, message: &str) {
    let repository = Repository::open(place.repo()).unwrap();
    let who = git2::Signature::new(message, "x@git.example", &git2::Time::new(1_750_000_200, 0)).unwrap();
    let parent = repository.head().unwrap().peel_to_commit().unwrap();
    repository.commit(Some("HEAD"), &who, &who, message, &parent.tree().unwrap(), &[&parent]).unwrap();
}

/// Whether a terminal would do something else with it than show it.
fn is_raw(c: char) -> bool {
    let hidden = ['\u{200b}', '\u{2028}', '\u{2029}', '\u{feff}'];
    (c.is_control() && !"\n\t".contains(c))
        || hidden.contains(&c)
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
        || ('\u{e0000}'..='\u{e007f}').contains(&c)
}

fn shown(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr[..]].concat()).unwrap()
}

/// That a terminal does nothing but show it.
fn harmless(trap: &Trap, arguments: &[&str], text: &str) {
    let which = format!("{} {}: {arguments:?}", trap.number, trap.name);
    let raw = text.chars().find(|c| is_raw(*c));
    assert_eq!(raw, None, "{which}: {text:?}");
    assert!(!text.contains("panicked"), "{which}: {text}");
    let marks = text.chars().fold((0, 0), |(run, most), c| {
        let run = if ('\u{300}'..='\u{36f}').contains(&c) { run + 1 } else { 0 };
        (run, run.max(most))
    });
    assert!(marks.1 <= 4, "{which}: {} marks on one letter", marks.1);
}

fn untrusted(trap: &Trap) {
    let place = Place::new();
    place.write("hotfix.toml", CONFIG);
    place.commit_all();
    tag(&place, "v1.0.0");
    say(&place, "a change");
    let fired = place.repo().with_file_name("fired");
    (trap.set)(&place, &fired.display().to_string());
    for look in LOOKS {
        let text = shown(&place.output(look, None));
        harmless(trap, look, &text);
        assert!(!fired.exists(), "{} {}: {look:?} ran it", trap.number, trap.name);
    }
    let refused = place.output(&["rollback", "--yes", "0123456789ab"], None);
    assert_ne!(refused.status.code(), Some(0), "{} {}", trap.number, trap.name);
    assert!(!fired.exists(), "{} {}: the refused rollback ran it", trap.number, trap.name);
}

#[test]
fn nothing_fires_and_nothing_raw_reaches_the_terminal() {
    std::thread::scope(|scope| {
        for part in repository::TRAPS.chunks(repository::TRAPS.len().div_ceil(2)) {
            scope.spawn(|| part.iter().for_each(untrusted));
        }
    });
}

#[test]
fn behind_a_trusted_file_nothing_else_fires_and_nothing_raw_reaches_the_terminal() {
    trusted::TRAPS.iter().for_each(trusted::spring);
}

#[test]
fn all_forty_have_a_trap() {
    let mut numbers: Vec<u8> = repository::TRAPS.iter().chain(trusted::TRAPS).map(|trap| trap.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<u8>>());
    for (number, file, word) in ALSO {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{number}: {file}: {error}"));
        assert!(text.contains(word), "{number}: {file} has no {word}");
    }
}
