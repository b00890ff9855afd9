use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::super::model::{Run, RunState, Totals, Wanted};
use super::super::state::State;
use super::*;
use crate::evidence::{Evidence, Freshness, Generation, Observation, Oid};

fn oid(digit: char) -> Oid {
    Oid::parse(&digit.to_string().repeat(40)).unwrap()
}

fn head() -> Subject {
    Subject { commit: Some(oid('a')), tree: Some(oid('1')) }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn wanted(name: &str, required: bool) -> Wanted {
    Wanted { name: name.into(), required, patterns: vec![format!("{name}/*.xml")] }
}

fn run(name: &str, file: &str) -> Run {
    Run {
        name: name.into(),
        source: format!("{name}/{file}"),
        subject: Some(oid('a')),
        observed_at: Some(at(-60)),
        freshness: Freshness::Fresh,
        totals: Totals { tests: 5, passed: 5, ..Totals::default() },
        complete: true,
        state: RunState::Complete,
        trouble: None,
        claims_more: false,
        exit_code: Some(0),
        dirty: Some(false),
        tree: None,
        committed_at: None,
        behind: None,
        last_complete: None,
        required: name != "advised",
        ci: None,
    }
}

fn report(runs: Vec<Run>) -> Report {
    let sources = vec![wanted("unit", true), wanted("e2e", true), wanted("advised", false)];
    Report { sources, ..Report::of(runs, Vec::new(), Vec::new(), Vec::new()) }
}

fn good() -> Report {
    report(vec![run("unit", "a.xml"), run("unit", "b.xml"), run("e2e", "c.xml"), run("advised", "d.xml")])
}

fn seen(state: &mut State, value: Report) {
    let evidence = Evidence {
        value,
        subject: Subject::default(),
        source: "junit".into(),
        observed_at: at(0),
        ttl: Duration::from_secs(60),
    };
    state.update(Observation::Seen(Generation(1), Box::new(evidence)), at(0));
}

fn state(value: Report) -> State {
    let mut state = State::default();
    state.set_head(head());
    seen(&mut state, value);
    state
}

fn light(value: Report) -> (Light, String) {
    let green = state(value).verdict(&head(), at(1));
    (green.light, green.why)
}

fn with(change: impl Fn(&mut Run)) -> (Light, String) {
    let mut value = good();
    change(&mut value.runs[1]);
    light(report(value.runs))
}

#[test]
fn green_is_what_every_condition_proves() {
    let (light, why) = light(good());
    assert_eq!(light, Light::Green);
    assert_eq!(why, "15 tests pass at aaaaaaa: whole reports, clean tree, exit code 0");
}

#[test]
fn each_condition_that_is_missing_is_named() {
    let bad = |t: &mut Totals| (t.failed, t.passed) = (2, 3);
    let cases: Vec<(Light, &str, (Light, String))> = vec![
        (Light::Red, "unit: 2 tests fail", with(|r| bad(&mut r.totals))),
        (Light::Red, "unit: its command ended with 101", with(|r| r.exit_code = Some(101))),
        (Light::Unknown, "unit: unit/b.xml names no commit", with(|r| r.subject = None)),
        (Light::Unknown, "unit: unit/b.xml: truncated", with(|r| (r.complete, r.state) = (false, RunState::Truncated))),
        (Light::Unknown, "unit: it ran on a work tree with changes", with(|r| r.dirty = Some(true))),
        (Light::Unknown, "unit: unit/b.xml: attributes claim", with(|r| r.claims_more = true)),
        (Light::Unknown, "unit: unit/b.xml is older than its commit", with(|r| r.committed_at = Some(at(-10)))),
        (
            Light::Stale,
            "unit: its tests are of bbbbbbb, 3 commits behind",
            with(|r| (r.subject, r.behind) = (Some(oid('b')), Some(3))),
        ),
        (
            Light::Stale,
            "unit: its tests are of another commit with the same",
            with(|r| (r.subject, r.tree) = (Some(oid('b')), Some(oid('1')))),
        ),
        (Light::Stale, "unit: unit/b.xml is older than 24 hours", with(|r| r.observed_at = Some(at(-90_000)))),
        (
            Light::Running,
            "unit: unit/b.xml is being written, 5 tests so far",
            with(|r| (r.complete, r.state) = (false, RunState::Writing)),
        ),
        (Light::Amber, "unit: 1 passed at a later attempt only", with(|r| r.totals.flaky = 1)),
        (Light::Amber, "unit: the report does not tell the command's exit code", with(|r| r.exit_code = None)),
        (Light::Amber, "unit: the report does not tell whether the work tree", with(|r| r.dirty = None)),
    ];
    for (expected, why, (light, said)) in cases {
        assert_eq!(light, expected, "{said}");
        assert!(said.starts_with(why), "{said:?} is not {why:?}");
    }
}

#[test]
fn a_source_without_a_report_or_without_a_test_is_unknown() {
    let (missing, why) = light(report(vec![run("unit", "a.xml")]));
    assert_eq!((missing, why.as_str()), (Light::Unknown, "e2e: no report at e2e/*.xml"));
    let mut skipped = run("e2e", "c.xml");
    skipped.totals = Totals { tests: 3, skipped: 3, ..Totals::default() };
    assert_eq!(light(report(vec![run("unit", "a.xml"), skipped])), (Light::Unknown, "e2e: no test ran".into()));
    let mut none = good();
    none.sources.clear();
    assert_eq!(light(none).0, Light::Unknown);
    assert_eq!(State::default().verdict(&head(), at(0)).light, Light::Unknown);
}

#[test]
fn a_source_that_is_not_required_can_only_make_it_amber() {
    let mut value = good();
    value.runs[3].totals.failed = 1;
    assert_eq!(light(report(value.runs)), (Light::Amber, "advised: 1 test fails (not a required source)".into()));
}

#[test]
fn a_moved_head_drops_green_at_once() {
    let state = state(good());
    let moved = Subject::commit(oid('c'));
    assert_eq!(state.verdict(&head(), at(1)).light, Light::Green);
    assert_eq!(state.verdict(&moved, at(1)).light, Light::Stale);
    assert_eq!(state.verdict(&Subject::default(), at(1)).light, Light::Unknown);
}

#[test]
fn what_was_not_looked_at_lately_is_not_green() {
    assert_eq!(state(good()).verdict(&head(), at(61)).light, Light::Unknown);
}

#[test]
fn red_shows_while_the_run_goes_on() {
    let mut value = good();
    (value.runs[0].complete, value.runs[0].state, value.runs[0].totals.failed) = (false, RunState::Writing, 1);
    let green = state(report(value.runs)).verdict(&head(), at(1));
    assert!(green.light == Light::Red && green.running);
}

/// Something that may happen to a run.
#[derive(Debug, Clone, Copy)]
enum Harm {
    Fail,
    NonZeroExit,
    ForgetExit,
    Dirty,
    ForgetDirty,
    Truncate,
    Write,
    Claim,
    Unattribute,
    Misattribute,
    Outdate,
    Undate,
    Skip,
    Flake,
    Remove,
}

const HARMS: [Harm; 15] = [
    Harm::Fail,
    Harm::NonZeroExit,
    Harm::ForgetExit,
    Harm::Dirty,
    Harm::ForgetDirty,
    Harm::Truncate,
    Harm::Write,
    Harm::Claim,
    Harm::Unattribute,
    Harm::Misattribute,
    Harm::Outdate,
    Harm::Undate,
    Harm::Skip,
    Harm::Flake,
    Harm::Remove,
];

fn harm(runs: &mut Vec<Run>, harm: Harm, which: usize) {
    if runs.is_empty() {
        return;
    }
    let index = which % runs.len();
    let run = &mut runs[index];
    match harm {
        Harm::Fail => run.totals.failed += 1,
        Harm::NonZeroExit => run.exit_code = Some(1),
        Harm::ForgetExit => run.exit_code = None,
        Harm::Dirty => run.dirty = Some(true),
        Harm::ForgetDirty => run.dirty = None,
        // The part that is lost may be the part that failed.
        Harm::Truncate => (run.complete, run.state, run.totals) = (false, RunState::Truncated, Totals::default()),
        Harm::Write => (run.complete, run.state, run.totals) = (false, RunState::Writing, Totals::default()),
        Harm::Claim => run.claims_more = true,
        Harm::Unattribute => run.subject = None,
        Harm::Misattribute => run.subject = Some(oid('b')),
        Harm::Outdate => run.observed_at = Some(at(-1_000_000)),
        Harm::Undate => run.observed_at = None,
        Harm::Skip => run.totals = Totals { tests: 5, skipped: 5, ..Totals::default() },
        Harm::Flake => run.totals.flaky += 1,
        // A report of another commit is no evidence about this one: it may go.
        Harm::Remove if subject(run).relates_to(&head()) == SubjectMatch::Other => {}
        Harm::Remove => drop(runs.remove(index)),
    }
}

/// A harm that takes evidence of a failure away as it stands, so that the failure may not be known of any more.
fn hides_failure(harm: Harm, before: &Report, which: usize) -> bool {
    let run = before.runs.get(which % before.runs.len().max(1));
    matches!(harm, Harm::Skip) && run.is_some_and(|run| run.totals.bad() > 0 || run.totals.flaky > 0)
}

#[test]
fn no_harm_to_the_evidence_turns_what_is_not_green_green() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[4; 32]);
    let mut runner =
        TestRunner::new_with_rng(Config { cases: 3_000, failure_persistence: None, ..Config::default() }, rng);
    let input = (prop::collection::vec((0..HARMS.len(), 0..4usize), 0..3), 0..HARMS.len(), 0..4usize);
    runner
        .run(&input, |(first, last, which)| {
            let mut before = good();
            first.iter().for_each(|(h, w)| harm(&mut before.runs, HARMS[*h], *w));
            if hides_failure(HARMS[last], &before, which) {
                return Ok(());
            }
            let mut state = state(report(before.runs.clone()));
            let was = state.verdict(&head(), at(1)).light;
            let mut after = before.runs;
            harm(&mut after, HARMS[last], which);
            seen(&mut state, report(after));
            let is = state.verdict(&head(), at(1));
            prop_assert!(was == Light::Green || !is.is_green(), "{was:?} became {is:?}");
            Ok(())
        })
        .unwrap();
}
