//! Asking for the canary's metrics once, as the pane would: does each query find both populations?

use jiff::Timestamp;

use super::{Check, State};
use crate::canary::model::{Batch, Seen, Sight};
use crate::canary::source::{Checked, Faulty, Keys, Source};
use crate::config::Loaded;
use crate::config::trust::Permit;
use crate::evidence::Observation;
use crate::evidence::text::clean;
use crate::http::Client;

/// One check for each metric. Nothing where there is no canary, and nothing is run: a command is left to the pane.
pub fn look(loaded: &Loaded, permit: Permit, now: Timestamp) -> Vec<Check> {
    let Some(canary) = loaded.config.canary.as_ref().filter(|canary| canary.source.command.is_none()) else {
        return Vec::new();
    };
    // What cannot be had of the secrets is told already.
    let Ok(keys) = Keys::resolve(canary, permit, &loaded.root) else { return Vec::new() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Vec::new() };
    let mut source = Source::new(canary, permit, Client::new(), keys);
    let mut checks = runtime.block_on(source.check_queries()).map_or_else(|_| Vec::new(), |checked| queries(&checked));
    let is_faulty = checks.iter().any(|check| check.state != State::Ok);
    match runtime.block_on(source.poll(now)) {
        Observation::Seen(_, evidence) => {
            let names = canary.metrics.iter().map(|metric| clean(&metric.name));
            checks.extend(seen(&names.collect::<Vec<_>>(), &evidence.value, source.is_of_the_moment()));
        }
        // What is wrong with a query is told already, and where.
        Observation::Failed(..) if is_faulty => {}
        Observation::Failed(_, failure) => {
            let remedy = failure.remedy.unwrap_or_else(|| "ask the server by hand".to_owned());
            checks.push(Check::warn(format!("canary: {}", failure.what), remedy));
        }
        Observation::Started(_) => {}
    }
    checks
}

/// What the server's own parser says of the queries, and their shape.
fn queries(checked: &Checked) -> Vec<Check> {
    let warn = |it: &Faulty| {
        let what = format!("canary {}: the query fails at {}: {}", it.metric, it.what, it.query);
        Check::warn(what, "mend it in [[canary.metrics]], or `baseline` and `canary`, which replace $scope")
    };
    if checked.faulty.is_empty() && checked.by_server > 0 {
        let (read, all) = (checked.by_server, checked.queries);
        return vec![Check::ok(format!("canary: the server reads {read} of {all} queries without an error"))];
    }
    checked.faulty.iter().map(warn).collect()
}

fn seen(names: &[String], batch: &Batch, of_the_moment: bool) -> Vec<Check> {
    let warnings = batch.warnings.iter().map(|warning| Check::warn(format!("canary: {warning}"), "see the server"));
    // A counter that was scraped once tells nothing yet.
    let metrics =
        names.iter().zip(&batch.scrapes).filter(|_| !of_the_moment).map(|(name, sights)| metric(name, sights));
    metrics.chain(warnings).collect()
}

fn metric(name: &str, sights: &[Sight]) -> Check {
    let count = |of: fn(&Sight) -> bool| sights.iter().filter(|sight| of(sight)).count();
    let (baseline, canary) = (count(|sight| is_seen(sight, true)), count(|sight| is_seen(sight, false)));
    let missing = match (baseline, canary) {
        (0, 0) => "nothing is seen of either population",
        (0, _) => "nothing is seen of the baseline",
        (_, 0) => "nothing is seen of the canary",
        _ => return Check::ok(format!("canary {name}: {baseline} scrapes of the baseline, {canary} of the canary")),
    };
    let remedy = "check the query's labels, and `baseline` and `canary`; there may be no canary now";
    Check::warn(format!("canary {name}: {missing}"), remedy)
}

fn is_seen(sight: &Sight, baseline: bool) -> bool {
    match &sight.seen {
        Seen::Values(of_baseline, of_canary) => if baseline { of_baseline } else { of_canary }.is_some(),
        Seen::Counts(_) => {
            let scrape = sight.drawn(0);
            let arm = if baseline { scrape.baseline } else { scrape.canary };
            arm.total.is_some_and(|total| total > 0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canary::model::{Arm, Scrape};

    #[test]
    fn each_metric_says_which_population_it_finds() {
        let arm = |total| Arm { bad: Some(0.0), total };
        let sight = |baseline, canary| {
            Sight::from(Scrape { at: Timestamp::UNIX_EPOCH, baseline: arm(baseline), canary: arm(canary) })
        };
        let batch = Batch {
            scrapes: vec![
                vec![sight(Some(9.0), Some(1.0))],
                vec![sight(Some(9.0), Some(0.0))],
                vec![sight(None, None)],
            ],
            ..Batch::default()
        };
        let names = ["a", "b", "c"].map(str::to_owned);
        let told: Vec<String> = seen(&names, &batch, false).into_iter().map(|check| check.what).collect();
        assert_eq!(
            told,
            [
                "canary a: 1 scrapes of the baseline, 1 of the canary",
                "canary b: nothing is seen of the canary",
                "canary c: nothing is seen of either population"
            ]
        );
        assert!(seen(&names, &batch, true).is_empty());
    }
}
