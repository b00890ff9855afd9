//! Stage 3: the way back, the canary, and the decision to go on.

use jiff::{SignedDuration, Timestamp};

use super::assess::incident;
use super::develop::same_content;
use super::{Finding, Found, Inputs, Seen, about, count, fact, fresh, git, journaled};
use crate::canary::model::{Report, Verdict};
use crate::change::continuity::{Name, Tie};
use crate::checklist::continuity;
use crate::checklist::items::Item;
use crate::evidence::{Evidence, Subject};
use crate::incident::model::Notice;
use crate::incident::rehearsals::Rehearsal;
use crate::incident::{Decision, Incident, Stage};
use crate::rollback::model::Class;
use crate::test_results::model::Run;

/// How long the canary must be watched where `hotfix.toml` does not say, in minutes.
const CANARY_MINUTES: u64 = 10;
/// How many requests it must have seen where `hotfix.toml` does not say.
const CANARY_REQUESTS: u64 = 500;

pub(super) fn rollback_plan(inputs: &Inputs) -> Found {
    let observed = inputs.plan.ok_or_else(|| Finding::asks("no rollback is configured"))?;
    let plan = fresh(observed, inputs.now, "rollback plan")?;
    let words = format!("to {} in {}", plan.value.to.reference, count(plan.value.steps.len(), "step"));
    let seen = about(plan, &words);
    if plan.value.steps.is_empty() {
        return Err(Finding::unmet("the rollback plan has no steps").with(seen));
    }
    if plan.value.to.oid.is_none() {
        let why = format!("git does not know the rollback target {}", plan.value.to.reference);
        return Err(Finding::fails(why).with(seen));
    }
    if plan.value.from.oid == plan.value.to.oid {
        let why = format!("{} is what runs now: there is nothing to go back to", plan.value.to.reference);
        return Err(Finding::fails(why).with(seen));
    }
    match plan.value.class {
        Class::Unsafe => Err(Finding::asks("the rollback may not give back what was before: write plan B").with(seen)),
        Class::Clean => Ok(Finding::holds(format!("{words}, clean")).with(seen)),
        Class::Compensating => Ok(Finding::holds(format!("{words}, with something to do by hand")).with(seen)),
    }
}

pub(super) fn rehearsed(inputs: &Inputs, item: &Item) -> Found {
    let last = inputs.rehearsals.last().ok_or_else(|| Finding::asks("the rollback was not rehearsed"))?;
    let seen = |of: &Rehearsal| Seen {
        ttl_s: item.ttl.map(|ttl| ttl.as_secs()),
        ..journaled(Some(of.at), if of.passed { "passed" } else { "failed" })
    };
    let observed = inputs.plan.ok_or_else(|| Finding::asks("no rollback is configured"))?;
    let plan = &fresh(observed, inputs.now, "rollback plan").map_err(|found| found.with(seen(last)))?.value;
    let Some(rehearsal) = inputs.rehearsals.of_plan(&plan.hash(), &plan.steps_hash()) else {
        return Err(Finding::stale("the plan has changed since it was rehearsed").with(seen(last)));
    };
    let seen = seen(rehearsal);
    if !rehearsal.passed {
        return Err(Finding::fails("the last rehearsal failed").with(seen));
    }
    if item.ttl.is_some_and(|ttl| is_older(rehearsal.at, ttl, inputs.now)) {
        return Err(Finding::stale("the last rehearsal is too old").with(seen));
    }
    Ok(Finding::holds("rehearsed with these same steps").with(seen))
}

fn is_older(at: Timestamp, ttl: std::time::Duration, now: Timestamp) -> bool {
    SignedDuration::try_from(ttl).is_ok_and(|ttl| now.duration_since(at) > ttl)
}

/// One that says when the next comes: a later one, such as that of the end, takes nothing back.
pub(super) fn deploy_notice(inputs: &Inputs) -> Found {
    let name = "the deploy stage";
    notice_since(inputs, Stage::Deploy, name, |incident| incident.last_promise.as_ref()).map_err(|nothing| {
        let notice = notice_since(inputs, Stage::Deploy, name, |incident| incident.last_notice.as_ref());
        notice.map_or(nothing, |found| Finding {
            outcome: super::Outcome::Asks,
            why: "the notice names no next update".to_owned(),
            ..found
        })
    })
}

/// A notice, if it was sent since a stage was entered.
pub(super) fn notice_since<'a>(
    inputs: &Inputs<'a>,
    stage: Stage,
    name: &str,
    of: impl Fn(&'a Incident) -> Option<&'a Notice>,
) -> Found {
    let incident = incident(inputs)?;
    let Some(entered) = incident.entered.get(&stage).filter(|_| incident.stage >= stage) else {
        return Err(Finding::asks(format!("{name} has not begun")));
    };
    match of(incident).filter(|notice| notice.at >= *entered) {
        Some(notice) => Ok(Finding::holds(format!("told since {name} began: {}", notice.text))
            .with(journaled(Some(notice.at), &notice.text))),
        None => Err(Finding::asks(format!("no notice was sent since {name} began"))),
    }
}

/// Git sees another hotfix; it sees no freeze and no pipeline, so that a person is asked in any case.
pub(super) fn no_rival(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let validated = validation(inputs)?;
    let found = fact(report, "G22", "git does not tell of other hotfixes: look at the pipeline and the calendar")?;
    Err(Finding {
        outcome: super::Outcome::Asks,
        why: format!("{}{validated}; and the pipeline, and the calendar?", found.why),
        ..found
    })
}

/// How long the validation that would be deployed still holds, behind a semicolon; nothing where there is none.
fn validation(inputs: &Inputs) -> Result<String, Finding> {
    let runs = inputs.tests.report.value().map_or(&[][..], |report| &report.runs);
    let until = |run: &Run| Some((run.name.clone(), run.ci.as_ref()?.valid_until?));
    let Some((name, until)) = runs.iter().filter_map(until).min_by_key(|(_, until)| *until) else {
        return Ok(String::new());
    };
    let day = until.strftime("%Y-%m-%d %H:%M UTC");
    if until <= inputs.now {
        return Err(Finding::fails(format!("the validation of {name} expired at {day}: validate again")));
    }
    Ok(format!("; the validation of {name} holds until {day}"))
}

pub(super) fn same_commit(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let untold = "no source tells which commit is deployed: compare it with the tested one";
    let chain = continuity::of(inputs).ok_or_else(|| Finding::asks(untold))?;
    let (tested, deployed) = (chain.link(Name::Tested), chain.link(Name::Deployed));
    let (Some(tested), Some(deployed)) = (tested, deployed) else { return Err(Finding::asks(untold)) };
    let seen = about(report, format!("G16 continuity: {}", chain.row()));
    let finding = match (tested.state, deployed.state) {
        (_, Tie::Unknown) => Finding::asks(deployed.why.clone()),
        (_, Tie::Different) => Finding::unmet(format!("the tip is not out: {}", deployed.why)),
        (Tie::Different, _) => Finding::fails(format!("what is deployed was not tested: {}", tested.why)),
        (Tie::Unknown, _) => Finding::asks(format!("whether what is deployed was tested is unknown: {}", tested.why)),
        _ => return Ok(Finding::holds("the deployed commit is the tested one").with(seen)),
    };
    Err(finding.with(seen))
}

pub(super) fn tagged(inputs: &Inputs) -> Found {
    fact(git(inputs)?, "G20", "git does not tell of a release tag on the tip")
}

/// Whether item c7 applies. Once the deploy stage is behind, the canary's population is gone, and d1
/// watches production; one that has regressed still speaks.
pub(super) fn canary_runs(inputs: &Inputs) -> Result<(), String> {
    let observed = inputs.canary.ok_or("no canary is configured")?;
    let is_over = inputs.stage() > Stage::Deploy;
    if is_over && observed.value().is_none_or(|report| report.verdict != Verdict::Regressed) {
        return Err("the canary is over: d1 watches production".to_owned());
    }
    Ok(())
}

pub(super) fn canary(inputs: &Inputs) -> Found {
    let observed = inputs.canary.ok_or_else(|| Finding::asks("no canary is configured"))?;
    if let Some(regressed) = observed.evidence().filter(|seen| seen.value.verdict == Verdict::Regressed) {
        return Err(Finding::fails(worst(&regressed.value)).with(numbers(regressed)));
    }
    let report = fresh(observed, inputs.now, "canary")?;
    enough(inputs, report).map(|found| found.with(numbers(report))).map_err(|found| found.with(numbers(report)))
}

fn enough(inputs: &Inputs, report: &Evidence<Report>) -> Found {
    if report.subject != Subject::default() {
        same_content(inputs, &report.subject, "the canary's numbers are those")?;
    }
    let worst = worst(&report.value);
    match report.value.verdict {
        Verdict::Healthy => long_enough(inputs, &report.value),
        Verdict::Collecting => Err(Finding::waits(worst)),
        Verdict::Blind => Err(Finding::waits(format!("blind: {worst}"))),
        Verdict::Suspect => Err(Finding::unmet(format!("suspect: {worst}"))),
        Verdict::Environment => Err(Finding::unmet(format!("the baseline is as sick: {worst}"))),
        Verdict::Regressed => Err(Finding::fails(worst)),
    }
}

/// The canary's sentence: that of its worst metric.
pub(super) fn worst(report: &Report) -> String {
    match report.worst() {
        Some(metric) => format!("{}: {}", metric.name, metric.why),
        None => "the canary has no metric".to_owned(),
    }
}

fn numbers(report: &Evidence<Report>) -> Seen {
    about(report, format!("{}, {:.0} requests", report.value.verdict.label(), report.value.requests))
}

fn long_enough(inputs: &Inputs, report: &Report) -> Found {
    let need_requests = inputs.config.canary_requests.unwrap_or(CANARY_REQUESTS);
    let need_minutes = inputs.config.canary_minutes.unwrap_or(CANARY_MINUTES);
    let seen = inputs.now.duration_since(report.since.unwrap_or(inputs.now));
    let minutes = seen.as_mins().max(0).unsigned_abs();
    let words = format!("{:.0} of {need_requests} requests, {minutes} of {need_minutes} minutes", report.requests);
    // Written so that a request count that is no number is not enough.
    let has_requests = report.requests >= need_requests as f64;
    if has_requests && minutes >= need_minutes {
        return Ok(Finding::holds(format!("healthy over {words}")));
    }
    Err(Finding::waits(format!("healthy so far: {words}")))
}

pub(super) fn go_decided(inputs: &Inputs) -> Found {
    let incident = incident(inputs)?;
    let since = decided_since(incident).ok_or_else(|| Finding::asks("the deploy stage has not begun"))?;
    let Some(made) = incident.decisions.last().filter(|made| made.at >= since) else {
        return Err(Finding::asks(undecided(incident, since)));
    };
    let words = format!("{}: {}", made.decision.label(), made.reason);
    let seen = journaled(Some(made.at), &words);
    match made.decision {
        Decision::Promote | Decision::Close => Ok(Finding::holds(format!("{} decided: {words}", made.by)).with(seen)),
        Decision::RollBack => Err(Finding::fails(format!("{} decided: {words}", made.by)).with(seen)),
        _ => Err(Finding::unmet(format!("the last decision is no go. {}: {words}", made.by)).with(seen)),
    }
}

/// A decision counts since the deploy stage began, the tip stood still and the rollout came to where it is. Its last
/// step needs no word of its own: whoever let it go there has said so.
fn decided_since(incident: &Incident) -> Option<Timestamp> {
    let entered = *incident.entered.get(&Stage::Deploy).filter(|_| incident.stage >= Stage::Deploy)?;
    let step = incident.rollout_step.as_ref().map(|step| step.at);
    [Some(entered), incident.tip_moved_at, step].into_iter().flatten().max()
}

/// What nobody has decided yet.
fn undecided(incident: &Incident, since: Timestamp) -> String {
    match incident.rollout_step.as_ref().filter(|step| step.at == since) {
        Some(at) => format!("nobody has decided go or no-go since {} came to {}", at.rollout, at.step),
        None => "nobody has decided go or no-go for this commit".to_owned(),
    }
}
