//! Stage 4: is it over, everywhere?

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::assess::incident;
use super::deploy::{notice_since, worst};
use super::{Finding, Found, Inputs, about, first_of, fresh, git, journaled};
use crate::canary::model::{Report, Scrape, Verdict};
use crate::change::ladder::{Level, Rung};
use crate::checklist::items::Item;
use crate::checklist::notes;
use crate::incident::model::MarkKind;
use crate::incident::{Incident, Severity, Stage, clocks};

/// A hole in the numbers that is longer than this ends a soak: the budget for flying blind.
const BLIND: SignedDuration = SignedDuration::from_mins(3);

/// What the report is called among what was exported.
const REPORT: &str = "report";

/// The metrics since the monitor stage began. The worse the incident, the longer the soak.
pub(super) fn soaked(inputs: &Inputs) -> Found {
    let incident = incident(inputs)?;
    let Some(entered) = incident.entered.get(&Stage::Monitor).filter(|_| incident.stage >= Stage::Monitor) else {
        return Err(Finding::unmet("the monitor stage has not begun"));
    };
    let observed = inputs.canary.ok_or_else(|| Finding::asks("no metric is configured: look at the dashboards"))?;
    if let Some(regressed) = observed.evidence().filter(|seen| seen.value.verdict == Verdict::Regressed) {
        let seen = about(regressed, regressed.value.verdict.label());
        return Err(Finding::fails(worst(&regressed.value)).with(seen));
    }
    let report = fresh(observed, inputs.now, "metrics")?;
    let seen = about(report, report.value.verdict.label());
    match report.value.verdict {
        Verdict::Healthy => {}
        Verdict::Blind => return Err(Finding::asks("the canary has no traffic of its own any more").with(seen)),
        _ => return Err(Finding::unmet(worst(&report.value)).with(seen)),
    }
    let need = clocks::soak_minutes(inputs.severity());
    let (since, what) = unbroken_since(incident, &report.value, *entered);
    let minutes = inputs.now.duration_since(since).as_mins().max(0);
    let words = format!("healthy, {minutes} of {need} minutes since {what}");
    let is_long_enough = inputs.now.duration_since(since) >= SignedDuration::from_mins(need);
    if is_long_enough { Ok(Finding::holds(words).with(seen)) } else { Err(Finding::waits(words).with(seen)) }
}

/// Since when nothing broke the soak, and what did last.
fn unbroken_since(incident: &Incident, report: &Report, entered: Timestamp) -> (Timestamp, &'static str) {
    let begun = (Some(entered), "the monitor stage began");
    let seen = (report.since, "the first numbers");
    let doubted = (incident.doubted_at, "the canary was last in doubt");
    let blind = (report.metrics.iter().filter_map(|metric| last_hole(&metric.scrapes)).max(), "the numbers came back");
    let breaks = [seen, doubted, blind, begun].into_iter().filter_map(|(at, what)| Some((at?, what)));
    breaks.max_by_key(|(at, _)| *at).unwrap_or((entered, "the monitor stage began"))
}

/// When the numbers came back after the last hole in them.
fn last_hole(scrapes: &[Scrape]) -> Option<Timestamp> {
    let seen: Vec<_> = scrapes.iter().filter(|scrape| !scrape.is_missed()).map(|scrape| scrape.at).collect();
    seen.windows(2).rev().find(|pair| pair[1].duration_since(pair[0]) > BLIND).map(|pair| pair[1])
}

/// Each branch that the fix must reach.
pub(super) fn target_rows(inputs: &Inputs) -> Vec<(String, Finding)> {
    let Some(last) = inputs.change.value() else { return Vec::new() };
    let row = |rung: &Rung| {
        let finding = git(inputs).map(|report| {
            let level = rung.level.map_or("unknown", Level::label);
            reached(rung).with(about(report, format!("{}: {level}", rung.target)))
        });
        (rung.target.clone(), finding.unwrap_or_else(|finding| finding))
    };
    last.back_merge.iter().map(row).collect()
}

/// A ported fix needs a look; one that is missing is merged, or somebody answers for it by a date.
fn reached(rung: &Rung) -> Finding {
    match rung.level {
        Some(level) if level.is_done() => Finding::holds(rung.why.clone()),
        Some(Level::MissingClean | Level::MissingConflict) => Finding::unmet(rung.why.clone()),
        Some(_) | None => Finding::asks(rung.why.clone()),
    }
}

/// All targets at once, where none is known by name.
pub(super) fn back_merged(inputs: &Inputs) -> Found {
    let report = git(inputs)?;
    let missing = "git does not tell how far the fix has come: look at each active branch";
    Err(Finding::asks(missing).with(about(report, "no target is known")))
}

pub(super) fn resolved_notice(inputs: &Inputs) -> Found {
    let found = notice_since(inputs, Stage::Monitor, "the monitor stage", |incident| incident.last_notice.as_ref())?;
    let incident = incident(inputs)?;
    let notice = incident.last_notice.as_ref();
    let seen = || journaled(notice.map(|n| n.at), notice.map_or("", |n| n.text.as_str()));
    if !notice.is_some_and(|notice| notice.is_last) {
        let why = "the last notice is not the one that announces the end: send `resolved`";
        return Err(Finding::asks(why).with(seen()));
    }
    let missing: Vec<&str> = incident.resolution.iter().flat_map(|end| &end.missing).map(String::as_str).collect();
    if !missing.is_empty() {
        return Err(
            Finding::asks(format!("the end was announced, and did not reach {}", first_of(&missing))).with(seen())
        );
    }
    Ok(found)
}

/// The review is soon enough: three days at SEV1, five working days at SEV2, at any time at SEV3.
pub(super) fn review_scheduled(inputs: &Inputs, item: &Item) -> Found {
    let incident = incident(inputs)?;
    let over = *incident.entered.get(&Stage::Monitor).unwrap_or(&incident.declared_at);
    let last = latest_review(over.to_zoned(TimeZone::UTC).date(), inputs.severity());
    let by = last.map_or_else(String::new, |day| format!(", by {day} at the latest"));
    let said = incident.marks.get(&item.id).and_then(|mark| match &mark.kind {
        MarkKind::Ticked { note } => Some((mark, notes::date(note.as_deref()?)?)),
        _ => None,
    });
    match said {
        Some((mark, day)) if last.is_some_and(|last| day > last) => {
            let seen = journaled(Some(mark.at), day.to_string());
            Err(Finding::fails(format!("the review is on {day}: too late{by}")).with(seen))
        }
        _ => Err(Finding::asks(format!("the day of the review is to be named{by}"))),
    }
}

fn latest_review(from: Date, severity: Option<Severity>) -> Option<Date> {
    match severity.unwrap_or(Severity::Sev1) {
        Severity::Sev1 => from.checked_add(3.days()).ok(),
        Severity::Sev2 => {
            let is_working = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            from.series(1.day()).skip(1).filter(is_working).nth(4)
        }
        Severity::Sev3 => None,
    }
}

/// The timeline is part of the report: `hotfix report` puts it on record once it is written.
pub(super) fn exported(inputs: &Inputs) -> Found {
    let incident = incident(inputs)?;
    let asks = || Finding::asks("no export of the report is on record");
    let at = *incident.exported.get(REPORT).ok_or_else(asks)?;
    let seen = journaled(Some(at), "the report was written to a file");
    match incident.entered.get(&Stage::Monitor) {
        Some(entered) if at >= *entered => Ok(Finding::holds("the report was exported").with(seen)),
        _ => Err(Finding::stale("it was exported before the monitor stage began: export it again").with(seen)),
    }
}
