//! What every room shows at one second, to stand beside a decision or a pinned event (pure).

use jiff::Timestamp;

use super::model::{GateStatus, Inputs};
use super::readiness::Standing;
use super::rules::canary_sentence;
use crate::evidence::{Freshness, Observed};
use crate::incident::entry::{Glimpse, Snapshot};

/// Reasons that are kept.
const REASONS: usize = 5;

/// What every room shows at the moment.
pub fn of(inputs: &Inputs, gates: &[GateStatus], standing: &Standing) -> Snapshot {
    let holding = gates.iter().filter(|gate| gate.stage <= inputs.stage() && gate.is_blocking());
    Snapshot {
        reasons: standing.reasons.iter().take(REASONS).cloned().collect(),
        head: inputs.head().and_then(|head| head.commit),
        open: holding.map(|gate| gate.id.clone()).collect(),
        panes: panes(inputs, standing),
    }
}

/// Each room in one line.
pub fn panes(inputs: &Inputs, standing: &Standing) -> Vec<Glimpse> {
    let mut panes = vec![checklist(standing, inputs.now), change(inputs), tests(inputs)];
    panes.extend(inputs.canary.map(|canary| {
        let told = |report| format!("{}: {}", report_word(report), canary_sentence(report));
        glimpse("canary", canary, inputs.now, canary.value().map(told))
    }));
    panes.extend(inputs.plan.map(|plan| {
        let told = plan.value().map(|it| {
            let steps = it.steps.len();
            format!("to {} in {steps} step{}, {}", it.to.reference, if steps == 1 { "" } else { "s" }, it.class.label())
        });
        glimpse("rollback", plan, inputs.now, told)
    }));
    panes
}

fn report_word(report: &crate::canary::model::Report) -> String {
    report.verdict.label().to_uppercase()
}

fn checklist(standing: &Standing, now: Timestamp) -> Glimpse {
    Glimpse {
        pane: "checklist".to_owned(),
        headline: format!(
            "{}, {} of {} gates open",
            standing.readiness.label().to_uppercase(),
            standing.open,
            standing.required
        ),
        freshness: word(Freshness::Fresh),
        source: None,
        subject: None,
        observed_at: Some(now),
    }
}

fn change(inputs: &Inputs) -> Glimpse {
    let told = inputs.change.value().map(|it| {
        let from = it.production.reference.as_deref().unwrap_or("unknown production");
        let to = it.head.oid.as_ref().map_or("no commit", |oid| oid.short());
        let lines = it.core_lines.map_or_else(String::new, |lines| format!(", {lines} core lines"));
        let risk = it.risk.as_ref().map_or_else(String::new, |risk| format!(", risk {}", risk.band.label()));
        format!("{from} to {to}{lines}{risk}")
    });
    glimpse("change", inputs.change, inputs.now, told)
}

fn tests(inputs: &Inputs) -> Glimpse {
    let report = &inputs.tests.report;
    let judged = inputs.head().map(|head| inputs.tests.verdict(&head, inputs.now));
    let told = judged
        .filter(|_| report.value().is_some())
        .map(|green| format!("{}: {}", green.light.label().to_uppercase(), green.why));
    glimpse("tests", report, inputs.now, told.or_else(|| report.value().map(|_| "the hotfix tip is not known".into())))
}

/// A room's line; why there is none, where nothing was seen.
fn glimpse<T>(pane: &str, observed: &Observed<T>, now: Timestamp, told: Option<String>) -> Glimpse {
    let evidence = observed.evidence();
    let silence = || observed.failure().map_or_else(|| "no answer yet".to_owned(), |failure| failure.what.clone());
    let subject = evidence.and_then(|seen| seen.subject.commit.clone().or_else(|| seen.subject.tree.clone()));
    Glimpse {
        pane: pane.to_owned(),
        headline: told.unwrap_or_else(silence),
        freshness: word(observed.freshness(now)),
        source: evidence.map(|seen| seen.source.clone()),
        subject,
        observed_at: evidence.map(|seen| seen.observed_at),
    }
}

fn word(freshness: Freshness) -> String {
    let word = match freshness {
        Freshness::Never => "never",
        Freshness::Loading => "loading",
        Freshness::Fresh => "fresh",
        Freshness::Stale => "stale",
        Freshness::Failed => "failed",
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use crate::canary::model::Verdict;
    use crate::checklist::fixture::World;
    use crate::checklist::model::State;
    use crate::evidence::Observed;
    use crate::incident::Stage;
    use crate::incident::entry::Snapshot;

    fn snapshot(world: &World) -> Snapshot {
        world.look(|inputs| State::new(inputs).snapshot(inputs))
    }

    fn lines(snapshot: &Snapshot) -> Vec<String> {
        snapshot.panes.iter().map(|pane| format!("{} {}: {}", pane.freshness, pane.pane, pane.headline)).collect()
    }

    #[test]
    fn every_room_is_told_in_one_line_with_its_age_and_its_subject() {
        let mut world = World::go(Stage::Deploy);
        world.watch(Verdict::Regressed);
        let snapshot = snapshot(&world);
        assert_eq!(
            lines(&snapshot),
            [
                "fresh checklist: ROLL BACK, 1 of 20 gates open",
                "fresh change: v2.4.1 to 3333333, 9 core lines",
                "fresh tests: GREEN: 812 tests pass at 3333333: whole reports, clean tree, exit code 0",
                "fresh canary: REGRESSED: error rate: 1 bad of 700 requests, 0.7 times the baseline",
                "fresh rollback: to v2.4.1 in 1 step, clean",
            ]
        );
        assert_eq!(snapshot.open, ["c7"]);
        assert!(snapshot.reasons[0].contains("the canary regressed"));
        let canary = &snapshot.panes[3];
        assert!(canary.source.is_some() && canary.subject.is_some() && canary.observed_at.is_some());
    }

    #[test]
    fn what_is_old_or_was_never_seen_is_not_told_as_if_it_were_known() {
        let mut world = World::go(Stage::Deploy);
        world.canary = Some(Observed::default());
        world.now += SignedDuration::from_mins(10);
        let told = lines(&snapshot(&world));
        assert!(told[1].starts_with("stale change"), "{told:?}");
        assert_eq!(told[2], "stale tests: the hotfix tip is not known");
        assert_eq!(told[3], "never canary: no answer yet");
    }
}
