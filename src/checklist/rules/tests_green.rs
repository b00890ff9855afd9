//! Items b6 and b7: do the tests of *this* commit pass? The one place where the checklist reads test results.

use super::develop::same_content;
use super::{Finding, Found, Inputs, about, count, fresh};
use crate::evidence::{Evidence, Freshness, Subject};
use crate::test_results::model::{Report, Run, TestFailure};

pub(super) fn tests_green(inputs: &Inputs) -> Found {
    if inputs.tests.freshness(inputs.now) == Freshness::Never {
        let why = "no test result was seen: nothing tells where reports are, or none was written";
        return Err(Finding { awaits_data: true, ..Finding::asks(why) });
    }
    let report = fresh(inputs.tests, inputs.now, "tests")?;
    let runs = needed(&report.value);
    let seen = about(report, totals(&runs));
    judge(inputs, report, &runs).map(|found| found.with(seen.clone())).map_err(|found| found.with(seen))
}

/// Order matters: what is about another commit says nothing, not even when it is red.
fn judge(inputs: &Inputs, report: &Evidence<Report>, runs: &[&Run]) -> Found {
    if runs.is_empty() {
        return Err(Finding::waits("no required test report was found yet"));
    }
    for run in runs {
        same_content(inputs, &subject_of(run, report), &format!("results of {}", run.name))?;
    }
    let red = new_failures(&report.value, runs);
    if let Some(first) = red.first() {
        let why = format!("{}: {}", count(red.len(), "new failure"), first.name);
        return Err(Finding::fails(why));
    }
    if let Some(run) = runs.iter().find(|run| has_unexplained_red(&report.value, run)) {
        return Err(Finding::fails(format!("{} counts failures that it does not list", run.name)));
    }
    if let Some(run) = runs.iter().find(|run| !run.complete) {
        return Err(Finding::waits(format!("{} is still being written", run.name)));
    }
    if let Some(run) = runs.iter().find(|run| run.freshness != Freshness::Fresh) {
        return Err(Finding::stale(format!("the report of {} is too old", run.name)));
    }
    if runs.iter().all(|run| run.totals.passed == 0) {
        return Err(Finding::unmet("the report is there, but no test passed in it"));
    }
    Ok(Finding::holds(format!("{} at this commit", totals(runs))))
}

/// What the checklist asks for: the required runs, or all where none is.
fn needed(report: &Report) -> Vec<&Run> {
    let required: Vec<_> = report.runs.iter().filter(|run| run.required).collect();
    if required.is_empty() { report.runs.iter().collect() } else { required }
}

/// The commit of a run: its own, else what the whole report is about.
fn subject_of(run: &Run, report: &Evidence<Report>) -> Subject {
    match &run.subject {
        Some(oid) if report.subject.commit.as_ref() == Some(oid) => report.subject.clone(),
        Some(oid) => Subject { commit: Some(oid.clone()), tree: Some(oid.clone()) },
        None => Subject::default(),
    }
}

/// Failures that production has not got.
fn new_failures<'a>(report: &'a Report, runs: &[&Run]) -> Vec<&'a TestFailure> {
    let asked = |failure: &&TestFailure| runs.iter().any(|run| run.name == failure.run);
    report.failures.iter().filter(asked).filter(|failure| failure.preexisting != Some(true)).collect()
}

/// A run whose own totals are red although none of its failures is listed: never green.
fn has_unexplained_red(report: &Report, run: &Run) -> bool {
    let red = run.totals.failed + run.totals.errored > 0;
    red && !report.failures.iter().any(|failure| failure.run == run.name)
}

fn totals(runs: &[&Run]) -> String {
    let sum = |of: fn(&Run) -> u64| runs.iter().map(|run| of(run)).sum::<u64>();
    let (passed, red) = (sum(|run| run.totals.passed), sum(|run| run.totals.failed + run.totals.errored));
    format!("{passed} passed, {red} failed")
}

pub(super) fn red_tests(inputs: &Inputs) -> Found {
    let names: Vec<_> = known_red(inputs).map(|failure| failure.name.as_str()).collect();
    let more = if names.len() > 3 { format!(" and {} more", names.len() - 3) } else { String::new() };
    let listed = names.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    Err(Finding::asks(format!("red and not yet explained: {listed}{more}")))
}

/// Whether a test is known to be red, by the last result however old. That nothing is known is the
/// business of b6.
pub(super) fn has_red(inputs: &Inputs) -> Result<(), String> {
    match known_red(inputs).next() {
        Some(_) => Ok(()),
        None => Err("no test is known to be red".to_owned()),
    }
}

fn known_red<'a>(inputs: &Inputs<'a>) -> impl Iterator<Item = &'a TestFailure> {
    inputs.tests.value().into_iter().flat_map(|report| &report.failures)
}
