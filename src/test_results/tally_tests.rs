use super::*;

fn named(name: &str) -> Named<'_> {
    Named { suite: "s", name, ..Named::default() }
}

#[test]
fn all_names_are_kept_and_texts_are_cut_when_there_are_many() {
    let mut tally = Tally::default();
    let long = "x".repeat(100_000);
    for _ in 0..2_000 {
        tally.fail(FailureKind::Failure, named("a test with a name"), &long);
    }
    assert_eq!(tally.totals.failed, 2_000);
    assert_eq!(tally.failures.len(), 2_000);
    assert!(tally.failures[0].message.len() >= 60_000);
    let kept: usize = tally.failures.iter().map(|f| f.message.len()).sum();
    assert!(kept < TEXT_BUDGET + 2_000 * (TEXT_FLOOR + 10), "{kept}");
}

#[test]
fn a_million_failures_are_counted() {
    let mut tally = Tally::default();
    for _ in 0..100_000 {
        tally.fail(FailureKind::Error, named("a test with a name"), "");
    }
    assert_eq!(tally.totals.errored, 100_000);
    assert_eq!(tally.failures.len() as u64 + tally.unlisted, 100_000);
    assert!(tally.unlisted > 0);
}

#[test]
fn nothing_of_a_message_controls_the_terminal() {
    let mut tally = Tally::default();
    tally.fail(FailureKind::Failure, named("a\u{1b}[31mb\u{1b}]0;pwn\u{7}"), "\u{1b}[2J\u{1b}[1;31mred\u{202e}\nline");
    let failure = &tally.failures[0];
    assert_eq!(failure.name, "ab\\u{1b}]0;pwn\\u{7}");
    assert_eq!(failure.message, "red\\u{202e}\nline");
}

#[test]
fn warnings_come_to_an_end() {
    let mut tally = Tally::default();
    (0..1_000).for_each(|i| tally.warn(format!("{i}")));
    assert_eq!(tally.warnings.len(), WARNINGS + 1);
}
