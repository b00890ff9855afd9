use super::super::live::{Counts, Progress};
use super::super::model::{FailureKind, FlakyTest, TestFailure, Wanted, Warning};
use super::*;
use crate::evidence::{Evidence, Failure, Freshness, Generation, Observation, Oid, Subject};
use crate::ui::theme::Theme;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

fn run(name: &str, subject: Option<Oid>, totals: Totals) -> Run {
    Run {
        subject,
        observed_at: Some(at(-41)),
        freshness: Freshness::Fresh,
        totals,
        exit_code: Some(0),
        dirty: Some(false),
        ..Run::new(name, format!("target/nextest/{name}/junit.xml"))
    }
}

fn passed(n: u64) -> Totals {
    Totals { tests: n, passed: n, duration_s: Some(12.34), ..Totals::default() }
}

fn failure(class: &str, name: &str, message: &str) -> TestFailure {
    TestFailure {
        run: "unit".into(),
        suite: "checkout".into(),
        class: class.into(),
        name: name.into(),
        kind: FailureKind::Failure,
        message: message.into(),
        location: Some("src/payment/authorise.rs:118".into()),
        ..TestFailure::default()
    }
}

fn report(runs: Vec<Run>) -> Report {
    let sources = ["unit", "e2e"].map(|name| Wanted {
        name: name.into(),
        required: true,
        patterns: vec![format!("{name}/*.xml")],
        ..Wanted::default()
    });
    Report { sources: sources.into(), ..Report::of(runs, Vec::new(), Vec::new(), Vec::new()) }
}

fn green() -> Report {
    report(vec![run("unit", Some(oid('a')), passed(1421)), run("e2e", Some(oid('a')), passed(32))])
}

fn red() -> Report {
    let mut unit = run("unit", Some(oid('a')), passed(1418));
    (unit.totals.tests, unit.totals.failed, unit.totals.flaky, unit.exit_code) = (1421, 3, 1, None);
    let mut e2e = run("e2e", None, Totals { tests: 14, unproven: 14, ..Totals::default() });
    (e2e.complete, e2e.state, e2e.last_complete) = (false, RunState::Writing, Some(passed(32)));
    let mut red = report(vec![unit, e2e]);
    red.failures = vec![
        failure(
            "checkout::payment::authorise",
            "declines_an_expired_card",
            "assertion failed\n  left: 502\n right: 402",
        ),
        failure("checkout::cart", "a very long name of a test that would never fit into a narrow pane at all", "boom"),
        failure("", "bare", "boom"),
    ];
    let flaky = FlakyTest {
        run: "unit".into(),
        suite: "checkout".into(),
        class: "checkout::queue".into(),
        name: "drains".into(),
        rerun: false,
    };
    red.flaky = vec![flaky];
    red.warnings = vec![Warning { source: "e2e/junit.xml".into(), what: "truncated: its end is missing".into() }];
    red
}

fn seen(value: Report) -> State {
    let mut state = State::default();
    state.set_head(Subject::commit(oid('a')));
    let evidence = Evidence {
        value,
        subject: Subject::default(),
        source: "test reports".into(),
        observed_at: at(0),
        ttl: Duration::from_secs(30),
    };
    state.update(Observation::Seen(Generation(1), Box::new(evidence)), at(0));
    state
}

/// The pane as text, and a check that nothing is wider than it may be.
fn draw(state: &State, now: Timestamp, ascii: bool, width: u16) -> String {
    let theme = Theme { ascii, ..Theme::default() };
    let ctx = Ctx { now, theme: &theme };
    let title = title(state, &ctx);
    let mut lines = vec![format!("[3 Tests {} | {}]", title.subject, title.note.content)];
    let list = head(state, &ctx, width, 20).into_iter().chain((0..len(state)).map(|i| item(state, &ctx, i, width)));
    for line in list {
        let text = line.to_string();
        assert!(cells(&text) <= usize::from(width), "{} > {width}: {text}", cells(&text));
        assert!(!ascii || text.is_ascii(), "{text}");
        lines.push(text.trim_end().to_owned());
    }
    lines.push(format!("[{}]", summary(state, &ctx)));
    lines.join("\n")
}

#[test]
fn red_in_every_width() {
    let state = seen(red());
    for width in [52, 78, 158] {
        insta::assert_snapshot!(format!("red_{width}"), draw(&state, at(2), false, width));
    }
    insta::assert_snapshot!("red_ascii", draw(&state, at(2), true, 52));
}

#[test]
fn the_six_pictures() {
    let mut loading = State::default();
    loading.update(Observation::Started(Generation(1)), at(0));
    let mut failed = State::default();
    let failure = Failure {
        what: "the project's folder is gone".into(),
        remedy: Some("bring it back, or start again elsewhere".into()),
        at: at(0),
        retry_at: Some(at(10)),
    };
    failed.update(Observation::Failed(Generation(1), failure), at(0));
    let pictures = [
        ("never", State::default(), 0),
        ("loading", loading, 0),
        ("fresh", seen(green()), 2),
        ("stale", seen(green()), 100),
        ("failed", failed, 2),
        ("empty", seen(report(Vec::new())), 2),
    ];
    for (name, state, now) in pictures {
        insta::assert_snapshot!(format!("picture_{name}"), draw(&state, at(now), false, 52));
        draw(&state, at(now), true, 52);
    }
}

#[test]
fn a_moved_head_is_seen_without_a_new_report() {
    let mut state = seen(green());
    state.set_head(Subject::commit(oid('c')));
    insta::assert_snapshot!("moved_head", draw(&state, at(2), false, 78));
}

#[test]
fn the_detail_is_the_whole_message() {
    let state = seen(red());
    let theme = Theme::default();
    let lines = detail(&state, &Ctx { now: at(2), theme: &theme }, 0, 60);
    insta::assert_snapshot!("detail", lines.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    assert!(text(&state, 0).contains("authorise"));
    assert_eq!(len(&state), 4);
    assert!(detail(&state, &Ctx { now: at(2), theme: &theme }, 9, 60).is_empty());
}

#[test]
fn long_lines_are_broken_and_nothing_is_lost() {
    let text = "a word and averyverylongwordwithoutanyblanks é😀😀 end";
    for limit in 4..30 {
        let lines = wrap(text, limit);
        assert!(lines.iter().all(|line| cells(line) <= limit), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
    }
}

#[test]
fn tests_that_run_here_are_told_with_counts_and_the_last_line() {
    let mut state = seen(green());
    state.progress(Progress::Started { source: "e2e".into(), command: "[\"npm\", \"test\"]".into(), at: at(-75) });
    let counts = Counts { passed: 34, failed: 1, skipped: 0 };
    let lines = vec!["FAIL checkout pays".to_owned()];
    state.progress(Progress::Printed { lines, counts });
    let theme = Theme::default();
    let ctx = Ctx { now: at(0), theme: &theme };
    let told: Vec<String> = head(&state, &ctx, 78, 20).iter().map(ToString::to_string).collect();
    let line = told.iter().find(|line| line.contains("e2e runs")).unwrap();
    assert!(line.contains("00:01:15: 34 passed, 1 failed so far  T stops it"), "{line}");
    assert!(told.iter().any(|line| line == "  FAIL checkout pays"), "{told:?}");
    let output = len(&state) - 1;
    assert!(item(&state, &ctx, output, 78).to_string().contains("what the run printed"));
    let detail: Vec<String> = detail(&state, &ctx, output, 78).iter().map(ToString::to_string).collect();
    assert_eq!(detail[0], "command    [\"npm\", \"test\"]");
    assert_eq!(detail.last().unwrap(), "FAIL checkout pays");
}
