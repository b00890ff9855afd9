//! What was seen of the canary, as a document that `hotfix judge` reads: everything recomputes from it (pure).

use serde_json::{Map, Value, json};

use super::judge::{Pair, Settings};
use super::model::{Arm, Batch, Seen, Sight, seconds};
use super::watch;
use crate::config::schema;

/// The scrapes of all looks.
#[derive(Debug)]
pub struct Export {
    canary: schema::Canary,
    scrapes: Vec<Vec<Sight>>,
    boundaries: Vec<Vec<f64>>,
}

impl Export {
    /// Nothing was seen yet.
    pub fn new(canary: &schema::Canary) -> Self {
        Self { canary: canary.clone(), scrapes: vec![Vec::new(); canary.metrics.len()], boundaries: Vec::new() }
    }

    /// Takes in what a look brought.
    pub fn take(&mut self, batch: &Batch) {
        self.boundaries.clone_from(&batch.boundaries);
        for (all, new) in self.scrapes.iter_mut().zip(&batch.scrapes) {
            let last = all.last().map(|sight| sight.at);
            all.extend(new.iter().filter(|sight| last.is_none_or(|last| sight.at > last)).cloned());
        }
    }

    /// The document.
    pub fn document(&self) -> Value {
        let Settings { false_alarm, pass_false_alarm, margin, pass_margin, block, .. } = watch::settings(&self.canary);
        let metrics = self.canary.metrics.iter().zip(&self.scrapes).enumerate();
        let metrics: Vec<Value> = metrics.map(|(index, (metric, sights))| self.metric(index, metric, sights)).collect();
        let scores = self.canary.kayenta;
        json!({"false_alarm": false_alarm, "pass_false_alarm": pass_false_alarm, "margin": margin,
               "pass_margin": pass_margin, "block": block, "pass": scores.map(|it| it.pass),
               "marginal": scores.map(|it| it.marginal), "metrics": metrics})
    }

    fn metric(&self, index: usize, metric: &schema::Metric, sights: &[Sight]) -> Value {
        let boundaries = self.boundaries.get(index).filter(|boundaries| !boundaries.is_empty());
        let of = |baseline: bool| -> Vec<Value> {
            sights.iter().map(|sight| point(sight, baseline, boundaries.map_or(&[], Vec::as_slice))).collect()
        };
        let mut told = json!({"name": metric.name, "kind": metric.kind, "worse": metric.worse,
            "critical": metric.critical, "weight": metric.weight, "slo": metric.slo, "q": metric.q,
            "boundaries": boundaries, "baseline": of(true), "canary": of(false)});
        let pods = pods(sights, boundaries.map_or(&[], Vec::as_slice));
        if let (Some(pods), Some(told)) = (pods, told.as_object_mut()) {
            told.insert("baseline_pods".to_owned(), pods);
        }
        told
    }
}

fn point(sight: &Sight, baseline: bool, boundaries: &[f64]) -> Value {
    let side = |pair: &Pair| if baseline { pair.baseline } else { pair.canary };
    match &sight.seen {
        Seen::Values(of_baseline, of_canary) => {
            json!([seconds(sight.at), if baseline { of_baseline } else { of_canary }])
        }
        Seen::Counts(pairs) => counted(sight, boundaries, &pairs.iter().map(side).collect::<Vec<_>>()),
    }
}

/// What one population or pod counted in a scrape.
fn counted(sight: &Sight, boundaries: &[f64], arms: &[Arm]) -> Value {
    let t = seconds(sight.at);
    let Arm { bad, total } = arms.first().copied().unwrap_or(Arm::MISSED);
    if boundaries.is_empty() {
        return json!({"t": t, "bad": bad, "total": total});
    }
    let up_to = |arm: &Arm| arm.total.zip(arm.bad).map(|(total, bad)| total - bad);
    let buckets = boundaries.iter().zip(arms).map(|(le, arm)| json!([le, up_to(arm)]));
    json!({"t": t, "buckets": buckets.collect::<Vec<_>>(), "count": total})
}

/// The pods of the baseline, by their names.
fn pods(sights: &[Sight], boundaries: &[f64]) -> Option<Value> {
    let mut all: Map<String, Value> = Map::new();
    for sight in sights {
        for (name, arms) in &sight.pods {
            let point = match &sight.seen {
                Seen::Values(..) => json!([seconds(sight.at), arms.first().and_then(|arm| arm.bad)]),
                Seen::Counts(_) => counted(sight, boundaries, arms),
            };
            if let Value::Array(points) = all.entry(name.clone()).or_insert_with(|| json!([])) {
                points.push(point);
            }
        }
    }
    (!all.is_empty()).then_some(Value::Object(all))
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
