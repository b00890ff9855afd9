//! Placebos: each pod of the baseline, judged as if it were the canary among the others.
//!
//! A canary of one pod cannot be told from a bad machine by counts alone. But if a pod that runs the old version looks
//! as bad, the new one is not what is wrong.

use std::collections::BTreeMap;

use super::Settings;
use super::eprocess::{Counts, EProcess, Formula, ROBUST};
use crate::canary::model::Arm;

/// The most pods that are judged.
const PODS: usize = 64;

/// The pods of the baseline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Placebo {
    pods: BTreeMap<String, EProcess>,
}

impl Placebo {
    /// Takes in a scrape: each pod against the sum of the others. A pod that was missed is left out.
    pub fn take<'p>(&mut self, pods: impl Iterator<Item = (&'p str, Arm)> + Clone, settings: &Settings) {
        let seen = pods.filter_map(|(name, arm)| Some((name, arm.bad?, arm.total?)));
        let (bad, all) = seen.clone().fold((0.0, 0.0), |sum, (_, bad, all)| (sum.0 + bad, sum.1 + all));
        for (name, bad_canary, all_canary) in seen {
            let counts =
                Counts { bad_canary, all_canary, bad_baseline: bad - bad_canary, all_baseline: all - all_canary };
            if counts.all_canary > 0.0 && counts.all_baseline > 0.0 {
                self.pod(name, settings, &counts);
            }
        }
    }

    fn pod(&mut self, name: &str, settings: &Settings, counts: &Counts) {
        if let Some(pod) = self.pods.get_mut(name) {
            pod.take(counts);
        } else if self.pods.len() < PODS {
            let mut pod = EProcess::new(Formula::Robust, ROBUST, settings.margin, !settings.plain);
            pod.take(counts);
            self.pods.insert(name.to_owned(), pod);
        }
    }

    /// How many pods were judged.
    pub fn pods(&self) -> usize {
        self.pods.len()
    }

    /// The pod with the strongest evidence that it is worse than the others, and that evidence as a natural logarithm.
    pub fn worst(&self) -> Option<(&str, f64)> {
        let evidence = self.pods.iter().map(|(name, pod)| (name.as_str(), pod.log_e()));
        evidence.max_by(|a, b| a.1.total_cmp(&b.1))
    }
}
