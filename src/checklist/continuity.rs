//! The chain from the hotfix tip to production, fed by what every room saw.

use super::model::Inputs;
use super::rules;
use crate::change::continuity::{Continuity, Name, Told, judge};
use crate::change::deployed::{Running, Track};
use crate::change::model::Report;
use crate::evidence::{Evidence, Observed, Subject, SubjectMatch};
use crate::incident::model::MarkKind;
use crate::test_results::model::{Report as TestReport, Run};

/// The item that a reviewer ticks.
const REVIEW: &str = "b9";

/// The chain as it is known at the moment; `None` before git has answered.
pub fn of(inputs: &Inputs) -> Option<Continuity> {
    let report = &inputs.change.fresh(inputs.now)?.value;
    let head = report.subject();
    let mut told =
        vec![(Name::Pushed, pushed(report)), (Name::Tested, tested(inputs, &head)), (Name::Approved, approved(inputs))];
    if let Some(canary) = inputs.canary {
        told.push((Name::Canary, canary_of(inputs, report, canary)));
    }
    told.push((Name::Deployed, runs(Track::Production, report.production.deployed.as_ref())));
    Some(judge(&head, told))
}

fn nothing(why: impl Into<String>) -> Told {
    Told::Nothing(why.into())
}

fn pushed(report: &Report) -> Told {
    match (&report.upstream, &report.upstream_oid) {
        (Some(name), Some(oid)) => Told::Subject(Subject::commit(oid.clone()), format!("{name} is at {}", oid.short())),
        (Some(name), None) => nothing(format!("{name} is gone: git push -u")),
        (None, _) => nothing("the branch has no upstream: git push -u"),
    }
}

fn tested(inputs: &Inputs, head: &Subject) -> Told {
    let Some(report) = inputs.tests.report.fresh(inputs.now) else {
        return nothing(unseen(&inputs.tests.report, "the tests"));
    };
    let runs = counted(&report.value);
    let of = |run: &&Run| Subject { commit: run.subject.clone(), tree: run.tree.clone() };
    let other = runs.iter().find(|run| of(run).relates_to(head) == SubjectMatch::Other);
    let nameless = runs.iter().find(|run| run.subject.is_none());
    match (other, nameless, runs.first()) {
        (Some(run), ..) => Told::Subject(of(run), format!("{} ran on another commit: run it again", run.name)),
        (None, Some(run), _) => nothing(format!("{} names no commit", run.name)),
        (None, None, Some(run)) => Told::Subject(of(run), "every run names the tip".into()),
        (None, None, None) => nothing("no test has run"),
    }
}

/// The runs that the checklist needs; all of them where it needs none by name.
fn counted(report: &TestReport) -> Vec<&Run> {
    let required: Vec<&Run> = report.runs.iter().filter(|run| run.required).collect();
    if required.is_empty() { report.runs.iter().collect() } else { required }
}

fn approved(inputs: &Inputs) -> Told {
    if let (Some((source, by)), Some(head)) = (rules::approved(inputs), inputs.head()) {
        return Told::Subject(head, format!("{by} approved it on {source}"));
    }
    let Some(incident) = inputs.incident else { return nothing("no incident is open, so that nobody can approve") };
    let Some(mark) = incident.marks.get(REVIEW) else { return nothing("nobody has approved it: tick b9") };
    let MarkKind::Ticked { .. } = mark.kind else {
        return nothing(format!("the review was overridden by {}", mark.by));
    };
    match &mark.head {
        Some(head) => Told::Subject(Subject::commit(head.clone()), format!("{} approved {}", mark.by, head.short())),
        None => nothing(format!("{} approved, and it is not on record which commit", mark.by)),
    }
}

fn canary_of(inputs: &Inputs, report: &Report, canary: &Observed<crate::canary::model::Report>) -> Told {
    match canary.fresh(inputs.now) {
        _ if report.canary.is_some() => runs(Track::Canary, report.canary.as_ref()),
        Some(Evidence { subject, .. }) if *subject != Subject::default() => {
            let oid = subject.commit.as_ref().or(subject.tree.as_ref());
            Told::Subject(subject.clone(), oid.map_or_else(String::new, |oid| format!("it runs {}", oid.short())))
        }
        Some(_) => runs(Track::Canary, None),
        None => nothing(unseen(canary, "the canary")),
    }
}

fn runs(track: Track, running: Option<&Running>) -> Told {
    let who = track.label();
    match running {
        None => nothing(format!("no source tells what runs {}: set {}", track.place(), track.key())),
        Some(running) if running.oid.is_none() => {
            nothing(format!("{who} runs {}, which this clone does not know: git fetch --tags", running.said))
        }
        Some(running) => {
            let subject = Subject { commit: running.oid.clone(), tree: running.tree.clone() };
            Told::Subject(subject, format!("{who} runs {}", running.said))
        }
    }
}

fn unseen<T>(observed: &Observed<T>, name: &str) -> String {
    match observed.failure() {
        Some(failure) => failure.what.clone(),
        None if observed.evidence().is_some() => format!("the last answer of {name} is too old"),
        None => format!("{name} have not answered"),
    }
}

#[cfg(test)]
#[path = "continuity_tests.rs"]
mod tests;
