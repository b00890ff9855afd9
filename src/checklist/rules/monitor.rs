//! Stage 4: is it over, everywhere?

use jiff::SignedDuration;

use super::assess::incident;
use super::deploy::{notice_since, worst};
use super::{Finding, Found, Inputs, about, count, fresh, git, journaled};
use crate::canary::model::Verdict;
use crate::change::ladder::{Level, Rung};
use crate::incident::{Severity, Stage};

/// The metrics since the monitor stage began. The worse the incident, the longer the soak.
pub(super) fn soaked(inputs: &Inputs) -> Found {
    let incident = incident(inputs)?;
    let Some(entered) = incident.entered.get(&Stage::Monitor).filter(|_| incident.stage >= Stage::Monitor) else {
        return Err(Finding::unmet("the monitor stage has not begun"));
    };
    let observed = inputs.canary.ok_or_else(|| Finding::asks("no metric is configured: look at the dashboards"))?;
    let report = fresh(observed, inputs.now, "metrics")?;
    let seen = about(report, report.value.verdict.label());
    match report.value.verdict {
        Verdict::Healthy => {}
        Verdict::Regressed => return Err(Finding::fails(worst(&report.value)).with(seen)),
        Verdict::Blind => return Err(Finding::asks("the canary has no traffic of its own any more").with(seen)),
        _ => return Err(Finding::unmet(worst(&report.value)).with(seen)),
    }
    let need = soak_minutes(inputs.severity());
    let minutes = inputs.now.duration_since(*entered).as_mins().max(0);
    let words = format!("healthy, {minutes} of {need} minutes since the monitor stage began");
    let is_long_enough = inputs.now.duration_since(*entered) >= SignedDuration::from_mins(need);
    if is_long_enough { Ok(Finding::holds(words).with(seen)) } else { Err(Finding::waits(words).with(seen)) }
}

fn soak_minutes(severity: Option<Severity>) -> i64 {
    match severity.unwrap_or(Severity::Sev1) {
        Severity::Sev1 => 60,
        Severity::Sev2 => 30,
        Severity::Sev3 => 15,
    }
}

/// A target that has not got the fix may be handed to an owner with a date: a tick says so.
pub(super) fn back_merged(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let rungs = &report.value.back_merge;
    let lacks = |rung: &&Rung| !matches!(rung.level, Some(Level::Merged | Level::Equivalent | Level::Content));
    let lacking: Vec<_> = rungs.iter().filter(lacks).map(|rung| format!("{}: {}", rung.target, rung.why)).collect();
    let seen = about(report, format!("{} of {} reached", rungs.len() - lacking.len(), count(rungs.len(), "target")));
    match (rungs.is_empty(), lacking.is_empty()) {
        (true, _) => Err(Finding::asks("git does not tell how far the fix has come: look at each active branch")),
        (false, true) => Ok(Finding::holds("every target has the fix").with(seen)),
        (false, false) => Err(Finding::asks(lacking.join("; ")).with(seen)),
    }
}

pub(super) fn resolved_notice(inputs: &Inputs) -> Found {
    let found = notice_since(inputs, Stage::Monitor, "the monitor stage")?;
    let notice = incident(inputs)?.last_notice.as_ref();
    match notice.filter(|notice| notice.text.to_ascii_lowercase().contains("resolved")) {
        Some(_) => Ok(found),
        None => Err(Finding::asks("the last notice does not say that it is resolved")
            .with(journaled(notice.map(|n| n.at), notice.map_or("", |n| n.text.as_str())))),
    }
}
