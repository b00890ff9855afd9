//! Placebos: each pod of the baseline, judged as if it were the canary among the others.
//!
//! A canary of one pod cannot be told from a bad machine by counts alone. But if a pod that runs the old version looks
//! as bad, the new one is not what is wrong.

use std::collections::BTreeMap;

use super::Settings;
use super::eprocess::{Counts, EProcess, Formula, ROBUST, log_mean};
use super::gauge::Gauge;
use super::latch::WARNING;
use crate::canary::model::Arm;

/// The most pods that are judged.
const PODS: usize = 64;
/// The canary has to be this much surer to be worse than the worst pod of the baseline: 10:1.
const BEYOND_PLACEBO: f64 = std::f64::consts::LN_10;

/// The pods of the baseline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Placebo {
    pods: BTreeMap<String, Pod>,
}

/// One pod, as the judge of its metric would see it.
#[derive(Debug, Clone, PartialEq)]
enum Pod {
    /// One e-process for each pair of counters: that of a ratio, or those of the boundaries of a latency.
    Counts(Vec<EProcess>),
    /// The value of a gauge.
    Value(Gauge),
}

impl Pod {
    fn log_e(&self) -> f64 {
        match self {
            Self::Counts(processes) => log_mean(processes.iter().map(EProcess::log_e)),
            Self::Value(gauge) => gauge.log_e(),
        }
    }
}

impl Placebo {
    /// Takes in a scrape of counts, with one arm of each pod for each of `pairs`: each pod against the sum of the others.
    /// A pod that was missed is left out.
    pub fn take<'p>(
        &mut self,
        pods: &(impl Iterator<Item = (&'p str, &'p [Arm])> + Clone),
        pairs: usize,
        settings: &Settings,
    ) {
        for pair in 0..pairs {
            let seen = pods.clone().filter_map(|(name, arms)| {
                let arm = arms.get(pair)?;
                Some((name, arm.bad?, arm.total?))
            });
            let (bad, all) = seen.clone().fold((0.0, 0.0), |sum, (_, bad, all)| (sum.0 + bad, sum.1 + all));
            for (name, bad_canary, all_canary) in seen {
                let counts =
                    Counts { bad_canary, all_canary, bad_baseline: bad - bad_canary, all_baseline: all - all_canary };
                let compares = counts.all_canary > 0.0 && counts.all_baseline > 0.0;
                let worse = || EProcess::new(Formula::Robust, ROBUST, settings.margin, !settings.plain);
                if let Some(Pod::Counts(processes)) =
                    compares.then(|| self.pod(name, || Pod::Counts((0..pairs).map(|_| worse()).collect()))).flatten()
                {
                    processes[pair].take(&counts);
                }
            }
        }
    }

    /// Takes in the values of a gauge: each pod against the mean of the others.
    pub fn take_values<'p>(
        &mut self,
        at: f64,
        pods: impl Iterator<Item = (&'p str, &'p [Arm])> + Clone,
        lower_is_worse: bool,
    ) {
        let seen = pods.filter_map(|(name, arms)| Some((name, arms.first()?.bad?)));
        let (sum, count) = seen.clone().fold((0.0, 0.0), |(sum, count), (_, value)| (sum + value, count + 1.0));
        for (name, value) in seen.filter(|_| count > 1.0) {
            let others = (sum - value) / (count - 1.0);
            if let Some(Pod::Value(gauge)) = self.pod(name, || Pod::Value(Gauge::new(lower_is_worse))) {
                gauge.take(at, Some(others), Some(value));
            }
        }
    }

    /// A pod by its name; a new one as long as there is room.
    fn pod(&mut self, name: &str, new: impl FnOnce() -> Pod) -> Option<&mut Pod> {
        if !self.pods.contains_key(name) {
            if self.pods.len() == PODS {
                return None;
            }
            self.pods.insert(name.to_owned(), new());
        }
        self.pods.get_mut(name)
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

    /// Whether a pod of the baseline looks as bad as a canary whose proof, as a natural logarithm, is this.
    pub fn excuses(&self, proof: f64) -> bool {
        self.worst().is_some_and(|(_, log_e)| log_e >= WARNING && proof < log_e + BEYOND_PLACEBO)
    }
}
