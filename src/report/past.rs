//! The same metrics over many incidents: medians and the raw points, never a mean, never per person.

use jiff::Timestamp;
use serde::Serialize;

use super::delivery::{Delivery, median};
use super::moments::{Event, Moments};
use super::pieces::Pieces;
use crate::incident::{Incident, Severity};
use crate::journal::record::Record;

/// One incident of many.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// How bad it was.
    pub severity: Option<Severity>,
    /// The scenario, for a drill.
    pub drill: Option<String>,
    /// When it was declared.
    pub declared_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Its metrics.
    #[serde(flatten)]
    pub delivery: Delivery,
}

/// A metric over all incidents.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// Which.
    pub id: &'static str,
    /// In words.
    pub name: &'static str,
    /// The median of the points; `None` without any.
    pub median_s: Option<i64>,
    /// Every incident where it is known, in the order of their declaration.
    pub points: Vec<Point>,
}

/// A metric of one incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Which incident.
    pub incident: String,
    /// How long.
    pub seconds: i64,
}

/// Deploys that an incident caused: every hotfix counts.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Rework {
    /// Incidents with a hotfix that was deployed.
    pub hotfix_deploys: u64,
    /// Those whose deploy had to be taken back.
    pub failed: u64,
    /// All deploys of the time: production tags; `None` where git did not tell.
    pub deploys: Option<u64>,
    /// Hotfix deploys among all; `None` where these are unknown.
    pub rate: Option<f64>,
    /// Why they are unknown.
    pub why: Option<String>,
    /// Failed ones among the hotfix deploys; `None` without any.
    pub hotfix_fail_rate: Option<f64>,
}

/// The metrics over many incidents.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Past {
    /// The incidents, in the order of their declaration.
    pub incidents: Vec<Case>,
    /// Each metric over them.
    pub measures: Vec<Spread>,
    /// Updates that came by the time that was promised, among those that were due; `None` without any.
    pub updates_on_time: Option<f64>,
    /// Overrides in all of them.
    pub overrides: u64,
    /// Seconds that targets waited for the fix, the median.
    pub back_merge_lag_s: Option<i64>,
    /// Deploys that an incident caused.
    pub rework: Rework,
}

impl Case {
    /// An incident from its records; `None` if they hold no declaration.
    pub fn of(records: &[Record], now: Timestamp) -> Option<Self> {
        let incident = Incident::fold(records)?;
        let events = Event::read(records);
        let kept = Pieces::of(&events).change;
        let commits = super::model::commit_times(kept.as_ref());
        let moments = Moments::of(&events, &incident, commits.iter().min().copied());
        let delivery = Delivery::of(&events, &incident, &moments, &commits, now);
        Some(Self {
            id: incident.id,
            title: incident.title,
            severity: incident.severity,
            drill: incident.drill,
            declared_at: incident.declared_at,
            closed_at: incident.closed_at,
            delivery,
        })
    }
}

impl Past {
    /// Sums up incidents. `deploys` are all deploys of the time, or why nobody told them.
    pub fn of(incidents: Vec<Case>, deploys: Result<u64, String>) -> Self {
        let measures = spreads(&incidents);
        let sum = |part: fn(&Delivery) -> u64| incidents.iter().map(|case| part(&case.delivery)).sum::<u64>();
        let (promised, on_time) = (sum(|it| it.updates.promised), sum(|it| it.updates.on_time));
        let (hotfix_deploys, failed) = (sum(|it| u64::from(it.deployed)), sum(|it| u64::from(it.deploy_failed)));
        let overrides = sum(|it| it.gates.overrides);
        let lags: Vec<_> =
            incidents.iter().flat_map(|case| &case.delivery.back_merges).filter_map(|lag| lag.seconds).collect();
        // A hotfix is a deploy: where tags are fewer, they are not what is deployed.
        let deploys = deploys.and_then(|deploys| match deploys {
            0 => Err("production was not tagged in that time".to_owned()),
            n if n < hotfix_deploys => {
                Err(format!("{hotfix_deploys} hotfixes were deployed, and only {n} versions tagged"))
            }
            n => Ok(n),
        });
        let (deploys, why) = match deploys {
            Ok(deploys) => (Some(deploys), None),
            Err(why) => (None, Some(why)),
        };
        Self {
            measures,
            updates_on_time: share(on_time, promised),
            overrides,
            back_merge_lag_s: median(&lags),
            rework: Rework {
                hotfix_deploys,
                failed,
                deploys,
                rate: deploys.and_then(|deploys| share(hotfix_deploys, deploys)),
                why,
                hotfix_fail_rate: share(failed, hotfix_deploys),
            },
            incidents,
        }
    }

    /// The median of a metric.
    pub fn median(&self, id: &str) -> Option<i64> {
        self.measures.iter().find(|spread| spread.id == id)?.median_s
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn spreads(incidents: &[Case]) -> Vec<Spread> {
    let Some(first) = incidents.first() else { return Vec::new() };
    let spread = |index: usize| {
        let (id, name) = (first.delivery.measures[index].id, first.delivery.measures[index].name);
        let point = |case: &Case| {
            let seconds = case.delivery.measure(id)?.seconds?;
            Some(Point { incident: case.id.clone(), seconds })
        };
        let points: Vec<_> = incidents.iter().filter_map(point).collect();
        let seconds: Vec<_> = points.iter().map(|point| point.seconds).collect();
        Spread { id, name, median_s: median(&seconds), points }
    };
    (0..first.delivery.measures.len()).map(spread).collect()
}
