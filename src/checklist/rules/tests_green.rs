//! Items b6 and b7: do the tests of *this* commit pass? The one place where the checklist reads test results.

use super::{Finding, Found, Inputs, about, fresh};
use crate::evidence::Freshness;
use crate::test_results::model::{Light, Report, Run, TestFailure};

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
        Light::Green => return Ok(Finding::holds(green.why).with(seen)),
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

fn totals(report: &Report) -> String {
    let sum = |of: fn(&Run) -> u64| report.runs.iter().map(of).sum::<u64>();
    format!("{} passed, {} failed", sum(|run| run.totals.passed), sum(|run| run.totals.bad()))
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
    inputs.tests.report.value().into_iter().flat_map(|report| &report.failures)
}
