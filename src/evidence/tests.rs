use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn evidence(value: u32, second: i64) -> Box<Evidence<u32>> {
    Box::new(Evidence {
        value,
        subject: Subject::default(),
        source: "test".into(),
        observed_at: at(second),
        ttl: Duration::from_secs(10),
    })
}

fn failure(second: i64) -> Failure {
    Failure { what: "refused".into(), remedy: None, at: at(second), retry_at: None }
}

#[test]
fn every_freshness_has_its_way_in() {
    let mut seen = Observed::<u32>::default();
    assert_eq!(seen.freshness(at(0)), Freshness::Never);
    seen.observe(Observation::Started(Generation(1)));
    assert_eq!(seen.freshness(at(0)), Freshness::Loading);
    seen.observe(Observation::Failed(Generation(1), failure(1)));
    assert_eq!(seen.freshness(at(1)), Freshness::Failed);
    seen.observe(Observation::Seen(Generation(2), evidence(7, 2)));
    assert_eq!(seen.freshness(at(12)), Freshness::Fresh);
    assert_eq!(seen.freshness(at(13)), Freshness::Stale);
    assert!(seen.fresh(at(13)).is_none());
    assert_eq!(seen.value(), Some(&7));
}

#[test]
fn a_failed_poll_keeps_the_value_until_it_is_stale() {
    let mut seen = Observed::seen(*evidence(7, 0));
    seen.observe(Observation::Failed(Generation(3), failure(5)));
    assert_eq!(seen.freshness(at(6)), Freshness::Fresh);
    assert!(seen.failure().is_some());
    assert_eq!(seen.freshness(at(11)), Freshness::Failed);
    assert_eq!(seen.value(), Some(&7));
}

#[test]
fn a_late_answer_is_dropped_and_an_equal_one_changes_nothing() {
    let mut seen = Observed::default();
    assert!(seen.observe(Observation::Seen(Generation(2), evidence(1, 0))));
    assert!(!seen.observe(Observation::Seen(Generation(1), evidence(9, 0))));
    assert_eq!(seen.value(), Some(&1));
    assert!(!seen.observe(Observation::Seen(Generation(3), evidence(1, 5))));
    assert_eq!(seen.freshness(at(15)), Freshness::Fresh);
}

#[test]
fn a_clock_that_runs_ahead_gives_no_negative_age() {
    assert_eq!(evidence(1, 50).age(at(0)), Duration::ZERO);
}

#[test]
fn a_subject_is_compared_by_full_ids() {
    let oid = |c: char| Oid::parse(&c.to_string().repeat(40)).unwrap();
    let head = Subject { commit: Some(oid('a')), tree: Some(oid('b')) };
    assert_eq!(Subject::commit(oid('a')).relates_to(&head), SubjectMatch::Same);
    assert_eq!(Subject::commit(oid('c')).relates_to(&head), SubjectMatch::Other);
    let rebased = Subject { commit: Some(oid('c')), tree: Some(oid('b')) };
    assert_eq!(rebased.relates_to(&head), SubjectMatch::SameTree);
    assert_eq!(Subject::default().relates_to(&head), SubjectMatch::Unattributed);
    assert_eq!(Oid::parse("abc123"), None);
    assert_eq!(Oid::parse(&"g".repeat(40)), None);
}

#[test]
fn nothing_from_outside_controls_the_terminal() {
    use text::{clean, clean_block};
    assert_eq!(clean("a\x1b[2Jb"), "a\\u{1b}[2Jb");
    assert_eq!(clean("1.4.0\u{202e}0.4.1"), "1.4.0\\u{202e}0.4.1");
    assert_eq!(clean("x\u{9b}31m\u{200b}"), "x\\u{9b}31m\\u{200b}");
    assert_eq!(clean("one\ntwo\tthree"), "one two three");
    assert_eq!(clean_block("one\r\ntwo\u{7}", 99), "one\ntwo\\u{7}");
    let zalgo = format!("e{}", "\u{301}".repeat(50));
    assert_eq!(clean(&zalgo), "e\u{301}\u{301}");
    assert!(clean(&"y".repeat(1_000_000)).len() <= text::FIELD_LIMIT + 3);
}

#[test]
fn a_text_is_cut_by_what_it_takes_on_the_screen() {
    use text::{fit, fit_end, width};
    assert_eq!(fit("checkout", 8), "checkout");
    assert_eq!(fit("checkout", 5), "chec…");
    assert_eq!(fit_end("src/checkout/cart.rs", 8), "…cart.rs");
    assert_eq!(width(&fit("漢字漢字", 5)), 5);
    assert_eq!(fit("abc", 0), "");
}

#[test]
fn lines_are_broken_at_blanks_and_never_wider_than_asked() {
    assert_eq!(text::wrap("one two three", 8), ["one two", "three"]);
    assert_eq!(text::wrap("  indented", 20), ["  indented"]);
    assert_eq!(text::wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    assert_eq!(text::wrap("", 4), [""]);
    for cells in 4..20 {
        for line in text::wrap("日本語 の テスト with a_very_long_name/and/a/path.rs:17 👩‍👩‍👧 end", cells)
        {
            assert!(text::width(&line) <= cells, "{line:?} in {cells}");
        }
    }
}
