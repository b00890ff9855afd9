use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::super::live::{Counts, Progress};
use super::super::model::{
    Ci, Comparison, FailureKind, Run, RunState, SourceComparison, Standing, TestFailure, Totals, Wanted,
};
use super::super::proof::FlakyPolicy;
use super::super::state::State;
use super::*;
use crate::evidence::{Evidence, Freshness, Generation, Observation, Oid, SubjectMatch};

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
    Wanted { name: name.into(), required, patterns: vec![format!("{name}/*.xml")], ..Wanted::default() }
}

fn run(name: &str, file: &str) -> Run {
    Run {
        subject: Some(oid('a')),
        observed_at: Some(at(-60)),
        freshness: Freshness::Fresh,
        totals: Totals { tests: 5, passed: 5, ..Totals::default() },
        exit_code: Some(0),
        dirty: Some(false),
        required: name != "advised",
        ..Run::new(name, format!("{name}/{file}"))
    }
}

fn report(runs: Vec<Run>) -> Report {
    let sources = vec![wanted("unit", true), wanted("e2e", true), wanted("advised", false)];
    Report { sources, ..Report::of(runs, Vec::new(), Vec::new(), Vec::new()) }
}

/// What a server says that has nothing to say against it.
fn answered() -> Ci {
    Ci { asked_at: Some(at(0)), holds_until: Some(at(60)), ..Ci::default() }
}

fn pushed() -> Branch {
    Branch { upstream: Some("origin/hotfix/x".into()), ahead: Some(0), behind: Some(0) }
}

fn good() -> Report {
    let ci = Run { ci: Some(Box::new(answered())), ..run("e2e", "c.xml") };
    let runs = vec![run("unit", "a.xml"), run("unit", "b.xml"), ci, run("advised", "d.xml")];
    Report { branch: Some(pushed()), ..report(runs) }
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
    light(value)
}

fn on(branch: Option<Branch>) -> (Light, String) {
    light(Report { branch, ..good() })
}

#[test]
fn green_is_what_every_condition_proves() {
    let (light, why) = light(good());
    assert_eq!(light, Light::Green);
    assert_eq!(why, "15 tests pass at aaaaaaa: whole reports, clean tree, exit code 0, CI succeeded");
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
fn head_must_be_the_tip_of_its_branch_on_the_remote() {
    let ahead = Branch { ahead: Some(2), ..pushed() };
    let said = "HEAD is not pushed: 2 ahead of origin/hotfix/x";
    assert_eq!(on(Some(ahead.clone())), (Light::Unknown, said.into()));
    assert_eq!(on(Some(Branch { behind: Some(1), ..pushed() })).0, Light::Unknown);
    assert_eq!(on(Some(Branch { ahead: None, ..pushed() })).0, Light::Unknown);
    assert_eq!(on(Some(Branch::default())).1, "HEAD is not pushed: its branch tracks none");
    assert_eq!(on(None).0, Light::Green, "without a remote there is nothing to be pushed to");
    let mut local = good();
    local.runs[2] = run("e2e", "c.xml");
    assert_eq!(light(Report { branch: Some(ahead), ..local }), (Light::Amber, said.into()));
    let mut state = state(good());
    state.set_branch(Some(Branch { ahead: Some(1), ..pushed() }));
    assert_eq!(state.verdict(&head(), at(1)).light, Light::Unknown, "git's word counts before the next look");
}

/// Two failures of `unit`, with an exit code as such a run has it.
fn failing(standings: [Standing; 2]) -> Report {
    let mut value = good();
    let totals = &mut value.runs[0].totals;
    (totals.failed, totals.passed) = (2, 3);
    value.runs[0].exit_code = Some(1);
    let failure = |standing| TestFailure {
        run: "unit".into(),
        suite: String::new(),
        class: "C".into(),
        name: "t".into(),
        kind: FailureKind::Failure,
        message: String::new(),
        standing: Some(standing),
        ..TestFailure::default()
    };
    value.failures = standings.map(failure).into();
    value
}

#[test]
fn failures_that_are_excused_are_amber_and_all_others_red() {
    use Standing::{Changed, Expired, Flaky, New, PreExisting, Quarantined};
    for standings in [[PreExisting, PreExisting], [Flaky, PreExisting], [Quarantined, Flaky], [Quarantined; 2]] {
        assert_eq!(light(failing(standings)).0, Light::Amber, "{standings:?}");
    }
    for standings in [[New, PreExisting], [Changed, Quarantined], [Expired, Flaky]] {
        assert_eq!(light(failing(standings)).0, Light::Red, "{standings:?}");
    }
    let mut quarantined = failing([Quarantined; 2]);
    quarantined.runs[0].exit_code = Some(0);
    let (is, why) = light(quarantined.clone());
    assert!(is == Light::Green && why.ends_with("2 accepted failures"), "{is:?}: {why}");
    quarantined.runs[0].totals.failed = 3;
    assert_eq!(light(quarantined).0, Light::Red, "a failure that is not listed is not excused");
    let mut truncated = failing([PreExisting; 2]);
    truncated.runs[0].complete = false;
    assert_eq!(light(truncated).0, Light::Red, "the exit code may have another reason");
}

#[test]
fn the_policy_says_what_flaky_comes_to() {
    for (policy, expected) in
        [(FlakyPolicy::Allow, Light::Green), (FlakyPolicy::Ack, Light::Amber), (FlakyPolicy::Fail, Light::Red)]
    {
        let mut value = good();
        value.sources[0].policy.flaky = policy;
        value.runs[0].totals.flaky = 1;
        assert_eq!(light(value).0, expected);
    }
}

#[test]
fn what_runs_is_running_and_a_check_need_not_count_tests() {
    assert_eq!(
        with(|r| (r.state, r.complete) = (RunState::Running, false)),
        (Light::Running, "unit: unit/b.xml runs".into())
    );
    let mut lint = good();
    lint.runs[2].totals = Totals::default();
    assert_eq!(light(lint.clone()), (Light::Unknown, "e2e: no test ran".into()));
    lint.sources[1].policy.counts_tests = false;
    assert_eq!(light(lint).0, Light::Green);
    let mut state = state(good());
    state.progress(Progress::Started { source: "unit".into(), command: String::new(), at: at(0) });
    assert_eq!(state.verdict(&head(), at(1)).light, Light::Running, "green drops when its tests are started again");
    let counts = Counts { failed: 1, ..Counts::default() };
    state.progress(Progress::Printed { lines: Vec::new(), counts });
    let green = state.verdict(&head(), at(1));
    assert!(
        green.running && green.light == Light::Red && green.why.starts_with("unit: 1 test fails so far"),
        "{}",
        green.why
    );
}

#[test]
fn tests_of_the_baseline_must_be_there_and_run() {
    let compared = |missing, renamed, newly_skipped, max_missing| {
        let mut value = good();
        value.sources[0].policy.max_missing = max_missing;
        let unit = SourceComparison { name: "unit".into(), tests: 100, missing, renamed, newly_skipped };
        value.baseline = Some(Comparison { by_source: vec![unit], ..Comparison::default() });
        light(value)
    };
    assert_eq!(compared(0, 0, 0, 0).0, Light::Green);
    assert_eq!(compared(2, 0, 0, 0), (Light::Red, "unit: 2 of production's 100 tests are missing".into()));
    assert_eq!(compared(2, 0, 0, 2).0, Light::Amber, "within the limit");
    assert_eq!(compared(2, 2, 0, 0).0, Light::Amber, "they seem to have another name");
    assert_eq!(compared(0, 0, 1, 0), (Light::Amber, "unit: 1 test that passed in production is skipped".into()));
}

#[test]
fn a_source_accepts_the_same_content_if_it_says_so() {
    let mut value = good();
    (value.runs[1].subject, value.runs[1].tree) = (Some(oid('b')), Some(oid('1')));
    assert_eq!(light(value.clone()).0, Light::Stale);
    value.sources[0].policy.accept_tree_equal = true;
    assert_eq!(light(value).0, Light::Green);
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
    Queue,
    Unpush,
    ForgetPushed,
}

const HARMS: [Harm; 18] = [
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
    Harm::Queue,
    Harm::Unpush,
    Harm::ForgetPushed,
];

fn harm(report: &mut Report, harm: Harm, which: usize) {
    match harm {
        Harm::Unpush => report.branch.iter_mut().for_each(|branch| branch.ahead = Some(1)),
        Harm::ForgetPushed => report.branch.iter_mut().for_each(|branch| branch.ahead = None),
        harm => harm_run(&mut report.runs, harm, which),
    }
}

fn harm_run(runs: &mut Vec<Run>, harm: Harm, which: usize) {
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
        Harm::Queue => (run.complete, run.state) = (false, RunState::Running),
        Harm::Unpush | Harm::ForgetPushed => {}
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
            first.iter().for_each(|(h, w)| harm(&mut before, HARMS[*h], *w));
            if hides_failure(HARMS[last], &before, which) {
                return Ok(());
            }
            let mut state = state(before.clone());
            let was = state.verdict(&head(), at(1)).light;
            let mut after = before;
            harm(&mut after, HARMS[last], which);
            seen(&mut state, after);
            let is = state.verdict(&head(), at(1));
            prop_assert!(was == Light::Green || !is.is_green(), "{was:?} became {is:?}");
            Ok(())
        })
        .unwrap();
}

#[path = "green_accept_tests.rs"]
mod accepting;
