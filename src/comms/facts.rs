//! What is known at this moment, in words for people who do not see the cockpit (pure).

use jiff::Timestamp;

use super::model::time_of_day;
use crate::canary::model::Report as CanaryReport;
use crate::change::model::Report as ChangeReport;
use crate::checklist::model::Inputs;
use crate::checklist::readiness::Standing;
use crate::checklist::rules::canary_sentence;
use crate::evidence::text::{clean, fit};
use crate::incident::{Incident, RollbackEnd};
use crate::rollback::model::{Class, Plan};
use crate::test_results::model::Report as TestReport;

/// The longest answer that a notice repeats, in cells.
const LONGEST: usize = 400;

/// The facts; `None` is unknown, or too old to be believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    what: Option<String>,
    severity: Option<String>,
    since: Option<String>,
    impact: Option<String>,
    users: Option<String>,
    workaround: Option<String>,
    change: Option<String>,
    tests: Option<String>,
    canary: Option<String>,
    readiness: Option<String>,
    rollback: Option<String>,
    ticket: Option<String>,
}

impl Facts {
    /// What the rooms know.
    pub fn of(inputs: &Inputs, standing: &Standing) -> Self {
        let now = inputs.now;
        let known = inputs.incident.map(|incident| Self::of_incident(incident, now)).unwrap_or_default();
        Self {
            change: inputs.change.fresh(now).and_then(|seen| change(&seen.value)),
            tests: inputs.tests.report.fresh(now).and_then(|seen| tests(&seen.value)),
            canary: inputs.canary.and_then(|it| it.fresh(now)).and_then(|seen| canary(&seen.value)),
            readiness: Some(readiness(standing)),
            rollback: rollback(inputs),
            ..known
        }
    }

    fn of_incident(incident: &Incident, now: Timestamp) -> Self {
        let answer = |text: &Option<String>| {
            let said = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
            said.map(|text| fit(text, LONGEST))
        };
        Self {
            what: Some(incident.title.clone()),
            severity: incident.severity.map(|severity| severity.label().to_owned()),
            since: Some(since(incident.since(), now)),
            impact: Some(answer(&incident.impact).unwrap_or_else(|| "not known yet".to_owned())),
            users: answer(&incident.users),
            workaround: answer(&incident.workaround),
            ticket: incident.ticket.clone(),
            ..Self::default()
        }
    }

    /// A fact by the name that a template calls it.
    pub fn get(&self, name: &str) -> Option<&str> {
        let fact = match name {
            "what" => &self.what,
            "severity" => &self.severity,
            "since" => &self.since,
            "impact" => &self.impact,
            "users" => &self.users,
            "workaround" => &self.workaround,
            "change" => &self.change,
            "tests" => &self.tests,
            "canary" => &self.canary,
            "readiness" => &self.readiness,
            "rollback" => &self.rollback,
            "ticket" => &self.ticket,
            _ => return None,
        };
        fact.as_deref()
    }
}

/// `14:02 UTC`, with the date where that is not today's.
fn since(at: Timestamp, now: Timestamp) -> String {
    let day = |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).date();
    if day(at) == day(now) { time_of_day(at) } else { format!("{} {}", day(at), time_of_day(at)) }
}

fn change(report: &ChangeReport) -> Option<String> {
    let (files, lines) = (report.size.as_ref()?.files, report.core_lines?);
    let head = report.head.oid.as_ref()?.short().to_owned();
    let plural = |n: u64| if n == 1 { "" } else { "s" };
    Some(format!("{files} file{}, {lines} line{} of code ({head})", plural(files), plural(lines)))
}

fn tests(report: &TestReport) -> Option<String> {
    let totals = &report.totals;
    let bad = totals.failed + totals.errored;
    (totals.tests > 0).then(|| match bad {
        0 => format!("{} passed, none failed", totals.passed),
        bad => format!("{bad} failed, {} passed", totals.passed),
    })
}

fn canary(report: &CanaryReport) -> Option<String> {
    Some(clean(&canary_sentence(report))).filter(|text| !text.is_empty())
}

fn readiness(standing: &Standing) -> String {
    let word = standing.readiness.label();
    match standing.reasons.first() {
        Some(reason) => format!("{word}: {reason}"),
        None => word.to_owned(),
    }
}

/// What a rollback came to; before that, what it would do.
fn rollback(inputs: &Inputs) -> Option<String> {
    let ended = inputs.incident.and_then(|incident| incident.rollback.as_ref());
    if let Some(ended) = ended {
        let how = match ended.end {
            RollbackEnd::Verified => "rolled back, verified",
            RollbackEnd::IssuedNotVerified => "rolled back, not verified yet",
            RollbackEnd::Failed => "the rollback failed",
            RollbackEnd::Stopped => "the rollback was stopped",
        };
        return Some(format!("{how} at {}", time_of_day(ended.at)));
    }
    inputs.plan?.fresh(inputs.now).map(|seen| plan(&seen.value))
}

fn plan(plan: &Plan) -> String {
    let (to, n) = (&plan.to.reference, plan.undoes.len());
    let commits = if n == 1 { "1 commit".to_owned() } else { format!("{n} commits") };
    let flaw = match plan.class {
        Class::Clean => "",
        Class::Compensating | Class::Unsafe => ", which does not take everything back",
    };
    format!("to {to}, {commits} undone{flaw}")
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
