//! Items b6 and b7: do the tests of *this* commit pass? The one place where the checklist reads test results.

use super::{Finding, Found, Inputs, about, count, first_of, fresh};
use crate::config::schema::TestLevel;
use crate::evidence::Freshness;
use crate::test_results::model::{Comparison, Light, Report, Run, Standing, TestFailure};

/// More names than this are nobody's to tick one by one.
const NAMED: usize = 20;

/// The room's own verdict, as a finding: what it cannot tell, a person may.
pub(super) fn tests_green(inputs: &Inputs) -> Found {
    let observed = &inputs.tests.report;
    if observed.freshness(inputs.now) == Freshness::Never {
        return Err(Finding { awaits_data: true, ..Finding::asks("no test result was seen yet") });
    }
    let report = fresh(observed, inputs.now, "tests")?;
    let seen = about(report, totals(&report.value));
    let Some(head) = inputs.head() else {
        return Err(Finding::stale("git does not tell the hotfix tip at the moment").with(seen));
    };
    let green = inputs.tests.verdict(&head, inputs.now);
    let finding = match green.light {
        Light::Green => return Ok(Finding::holds(with_level(green.why, &report.value)).with(seen)),
        Light::Red => Finding::fails(green.why),
        Light::Stale => Finding::stale(green.why),
        Light::Running => Finding::waits(green.why),
        Light::Unknown if is_awaited(&report.value) => Finding::waits(green.why),
        Light::Unknown | Light::Amber => Finding::asks(green.why),
    };
    Err(finding.with(seen))
}

/// Whether a required source is configured and has brought no report at all.
fn is_awaited(report: &Report) -> bool {
    let has_run = |name: &str| report.runs.iter().any(|run| run.name == name);
    report.sources.iter().any(|source| source.required && !has_run(&source.name))
}

/// Counts, what of them is new against production, and which sources it is that the gate rests on.
fn totals(report: &Report) -> String {
    let sum = |of: fn(&Run) -> u64| report.runs.iter().map(of).sum::<u64>();
    let counts = format!("{} passed, {} failed", sum(|run| run.totals.passed), sum(|run| run.totals.bad()));
    let against = report.baseline.as_ref().map_or("production's results unknown".to_owned(), |it| {
        let of = it.subject.as_ref().map_or("production", |oid| oid.short());
        format!("{} new against {of}", it.new + it.changed)
    });
    let required: Vec<_> = report.sources.iter().filter(|it| it.required).map(|it| it.name.as_str()).collect();
    let level = if required.is_empty() {
        "no source is required".to_owned()
    } else {
        format!("level: {}", required.join(", "))
    };
    let levels: String = levels(report).map(|(run, it)| format!(", {} of {run}", it.word())).collect();
    format!("{counts}; {against}; {level}{levels}")
}

/// Which of its tests each server ran, as far as it says.
fn levels(report: &Report) -> impl Iterator<Item = (&str, TestLevel)> {
    report.runs.iter().filter_map(|run| Some((run.name.as_str(), run.ci.as_ref()?.level?)))
}

/// What green says less than it seems to: where only a part of the tests ran.
fn with_level(why: String, report: &Report) -> String {
    match levels(report).find(|(_, level)| level.is_partial()) {
        Some((run, level)) => format!("{why}; {} of {run}: what no named test reaches is not proven", level.word()),
        None => why,
    }
}

/// Whether a test that is green now was red in production: that proves the fix without a new test.
pub(super) fn proven(inputs: &Inputs) -> Found {
    let none = "the change touches no test file, and no test is known that was red in production and is green now";
    let report = fresh(&inputs.tests.report, inputs.now, "tests").map_err(|_| Finding::asks(none))?;
    let fixed = report.value.baseline.as_ref().map_or(&[][..], |it| it.fixed.as_slice());
    let is_of_tip = inputs.head().is_some_and(|head| inputs.tests.verdict(&head, inputs.now).light == Light::Green);
    let Some(first) = fixed.first().filter(|_| is_of_tip) else { return Err(Finding::asks(none)) };
    let words = format!("red in production and green now: {first}");
    Ok(Finding::holds(words.clone()).with(about(report, words)))
}

/// Each red test is excused by what is known of it, or named by a person; what does not run any more is no less.
pub(super) fn red_tests(inputs: &Inputs) -> Found {
    let report = fresh(&inputs.tests.report, inputs.now, "tests")?;
    let excused = report.value.failures.iter().filter(|failure| is_excused(failure)).count();
    let mut open: Vec<&str> = unexplained(&report.value).map(|failure| failure.name.as_str()).collect();
    open.extend(unrun(&report.value).iter().map(String::as_str));
    open.dedup();
    let seen = about(report, format!("{} excused by their history, {} not", excused, open.len()));
    if open.is_empty() {
        let words = format!("every red test is known to be: {}", count(excused, "test"));
        return Ok(Finding::holds(words).with(seen));
    }
    if open.len() > NAMED {
        let why = format!("{} tests are red or skipped without an explanation: too many to tick", open.len());
        return Err(Finding::fails(why).with(seen));
    }
    let to_name = open.iter().map(|&name| name.to_owned()).collect();
    let finding = Finding::asks(format!("red or skipped, and not yet explained: {}", first_of(&open)));
    Err(Finding { to_name, ..finding.with(seen) })
}

/// Whether a test is known to be red, or not to run any more, by the last result however old. That nothing is
/// known is the business of b6.
pub(super) fn has_red(inputs: &Inputs) -> Result<(), String> {
    let report = inputs.tests.report.value();
    match report.filter(|report| !report.failures.is_empty() || !unrun(report).is_empty()) {
        Some(_) => Ok(()),
        None => Err("no test is known to be red".to_owned()),
    }
}

fn is_excused(failure: &TestFailure) -> bool {
    failure.standing.is_some_and(Standing::excuses)
}

fn unexplained(report: &Report) -> impl Iterator<Item = &TestFailure> {
    report.failures.iter().filter(|failure| !is_excused(failure))
}

/// Tests that passed in production and are skipped now, as far as their names are known.
fn unrun(report: &Report) -> &[String] {
    report.baseline.as_ref().map_or(&[], |Comparison { skipped_tests, .. }| skipped_tests)
}
