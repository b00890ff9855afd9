//! The pods of the baseline in a document: read by their names, and laid beside the scrapes by their times.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Arm, Scrape};
use crate::evidence::text::clean;

/// The scrapes of one pod in the order of time: one arm for each pair of its metric.
pub type Scrapes = Vec<(f64, Vec<Arm>)>;

/// A pod and its scrapes.
pub type Pod = (String, Scrapes);

/// Reads all pods; `of` reads the scrapes of one, whose place in the document it is told.
pub fn read(
    given: Option<&BTreeMap<String, &RawValue>>,
    of: impl Fn(&str, &RawValue) -> Result<Scrapes, String>,
) -> Result<Vec<Pod>, String> {
    let pod = |(name, raw): (&String, &&RawValue)| {
        let name = clean(name);
        let scrapes = of(&format!("baseline_pods.{name}"), raw)?;
        Ok((name, scrapes))
    };
    given.into_iter().flatten().map(pod).collect()
}

/// Gives each scrape what was seen of the pods at its time; nothing of a pod that was missed then.
pub fn lay_beside(scrapes: &mut [Scrape], pods: &[Pod]) {
    let mut places = vec![0; pods.len()];
    for scrape in scrapes {
        let seen = pods.iter().zip(&mut places).map(|((_, points), place)| at_time(points, place, scrape.at));
        scrape.pods = seen.collect();
    }
}

/// The pod's counts at this time; `place` is where to look on.
fn at_time(points: &[(f64, Vec<Arm>)], place: &mut usize, at: f64) -> Vec<Arm> {
    while points.get(*place).is_some_and(|(time, _)| *time < at) {
        *place += 1;
    }
    points.get(*place).filter(|(time, _)| *time == at).map_or_else(Vec::new, |(_, arms)| arms.clone())
}
