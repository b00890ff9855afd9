//! Stage 1: what the incident itself answers.

use super::{Finding, Found, Inputs, about, git, journaled};
use crate::change::model::FactState;
use crate::incident::roles::Holders;
use crate::incident::{Decision, Incident, Role, Severity};

/// The incident, or the finding that there is none.
pub(super) fn incident<'a>(inputs: &Inputs<'a>) -> Result<&'a Incident, Finding> {
    inputs.incident.ok_or_else(|| Finding::asks("no incident is declared"))
}

/// The incident's own ticket, else the one that every commit of the fix names.
pub(super) fn ticket(inputs: &Inputs) -> Found {
    let incident = incident(inputs)?;
    if let Some(ticket) = &incident.ticket {
        return named(inputs, incident, ticket);
    }
    let missing = || Finding::asks("the incident names no ticket");
    let report = git(inputs).map_err(|_| missing())?;
    let named = report.value.fact("G12").filter(|fact| fact.state == FactState::Ok);
    let fact = named.filter(|_| !report.value.commits.is_empty()).ok_or_else(missing)?;
    Ok(Finding::holds(fact.why.clone()).with(about(report, format!("G12 {}: {}", fact.name, fact.value))))
}

/// A ticket that the incident names. Where a tracker is configured it has to be an open issue there.
fn named(inputs: &Inputs, incident: &Incident, ticket: &str) -> Found {
    let seen = journaled(Some(incident.declared_at), ticket);
    let Some(tracker) = inputs.tracker else {
        return Ok(Finding::holds(format!("recorded as {ticket}")).with(seen));
    };
    let Some(issue) = tracker.fresh(inputs.now) else {
        let why = tracker.failure().map_or("the tracker has not answered yet", |failure| failure.what.as_str());
        return Err(Finding::asks(format!("recorded as {ticket}, but {why}")).with(seen));
    };
    let line = issue.value.line();
    match issue.value.is_open {
        Some(false) => Err(Finding::asks(format!("{line}: it is closed in the tracker")).with(about(issue, line))),
        Some(true) | None => Ok(Finding::holds(format!("in the tracker: {line}")).with(about(issue, line))),
    }
}

pub(super) fn impact(inputs: &Inputs) -> Found {
    answer(incident(inputs)?.impact.as_deref(), "impact", "the business impact is not rated")
}

pub(super) fn users(inputs: &Inputs) -> Found {
    answer(incident(inputs)?.users.as_deref(), "affected users", "nobody has said how many users are affected")
}

pub(super) fn workaround(inputs: &Inputs) -> Found {
    answer(incident(inputs)?.workaround.as_deref(), "workaround", "nobody has said whether there is a workaround")
}

fn answer(given: Option<&str>, what: &str, missing: &str) -> Found {
    let given = given.filter(|text| !text.trim().is_empty()).ok_or_else(|| Finding::asks(missing))?;
    Ok(Finding::holds(format!("{what}: {given}")).with(journaled(None, given)))
}

/// A severity cannot be vouched for by a tick: until it is set and confirmed, every clock and strength is a guess.
pub(super) fn severity(inputs: &Inputs) -> Found {
    let incident = incident(inputs)?;
    let severity = incident.severity.ok_or_else(|| Finding::unmet("no severity is set: SEV1 is assumed"))?.label();
    let because = incident.classified.as_ref().map(|it| it.because.as_str());
    let seen = journaled(None, because.map_or_else(|| severity.to_owned(), |why| format!("{severity}: {why}")));
    if !incident.is_confirmed() {
        return Err(Finding::unmet(format!("{severity} by the answers: nobody has confirmed it")).with(seen));
    }
    Ok(Finding::holds(format!("set to {severity}")).with(seen))
}

pub(super) fn roles(inputs: &Inputs) -> Found {
    let incident = incident(inputs)?;
    let free: Vec<_> =
        Role::ALL.into_iter().filter(|role| !incident.roles.contains_key(role)).map(Role::label).collect();
    if !free.is_empty() {
        return Err(Finding::unmet(format!("nobody is {}", free.join(", "))));
    }
    let held: Vec<_> = incident.roles.iter().map(|(role, name)| format!("{} {name}", role.label())).collect();
    let seen = journaled(None, held.join(", "));
    if Holders::of(incident).are_too_few() {
        let why = "one person holds several roles, which SEV1 and SEV2 do not allow";
        return Err(Finding { alone: true, ..Finding::unmet(why) }.with(seen));
    }
    Ok(Finding::holds(held.join(", ")).with(seen))
}

pub(super) fn way_chosen(inputs: &Inputs) -> Found {
    let chosen = |decision| matches!(decision, Decision::RollBack | Decision::FixForward | Decision::Hold);
    let made = incident(inputs)?.decisions.iter().find(|made| chosen(made.decision));
    let made = made.ok_or_else(|| Finding::asks("nobody has decided between rolling back and fixing forward"))?;
    let words = format!("{}: {}", made.decision.label(), made.reason);
    Ok(Finding::holds(format!("{} decided: {words}", made.by)).with(journaled(Some(made.at), words)))
}

pub(super) fn first_notice(inputs: &Inputs) -> Found {
    let incident = incident(inputs)?;
    if let Some(notice) = &incident.last_notice {
        let words = super::count(incident.notices, "notice");
        return Ok(Finding::holds(format!("{words} sent")).with(journaled(Some(notice.at), &notice.text)));
    }
    let minutes = match incident.severity.unwrap_or(Severity::Sev1) {
        Severity::Sev1 => 5,
        Severity::Sev2 => 15,
        Severity::Sev3 => 60,
    };
    let late = inputs.now.duration_since(incident.declared_at) > jiff::SignedDuration::from_mins(minutes);
    let why = if late { "overdue: no notice was sent within" } else { "no notice was sent yet: due within" };
    Err(Finding::asks(format!("{why} {minutes} minutes of the declaration")))
}
