//! What could be seen, and by when: the honest answer where traffic is low.
//!
//! The expected evidence of one bad event at the true ratio `R` is the Kullback-Leibler divergence
//! between the canary's share of bad events at `R` and at the null hypothesis; `ln(1/a) + 1.5` nats
//! are needed, the 1.5 for the mixture.

use super::eprocess::tilted;

/// The mixture's cost in nats.
const MIXTURE_COST: f64 = 1.5;

/// Exposure and the baseline's bad ratio so far, and over what time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    /// All events of the canary.
    pub canary: f64,
    /// All events of the baseline.
    pub baseline: f64,
    /// The baseline's bad ratio.
    pub rate: f64,
    /// Seconds.
    pub seconds: f64,
}

impl Traffic {
    fn split(&self) -> f64 {
        self.canary / (self.canary + self.baseline)
    }

    /// Bad events of both populations at a true ratio of `ratio`.
    fn events(&self, ratio: f64) -> f64 {
        self.rate * (self.baseline + ratio * self.canary)
    }

    /// Bad events needed to tell a true `ratio` from `null` at the level `alpha`.
    pub fn events_needed(&self, ratio: f64, null: f64, alpha: f64) -> f64 {
        let (seen, expected) = (tilted(self.split(), ratio), tilted(self.split(), null));
        ((1.0 / alpha).ln() + MIXTURE_COST) / divergence(seen, expected)
    }

    /// Seconds from the start until a true `ratio` is told from `null`, at this traffic.
    pub fn seconds_needed(&self, ratio: f64, null: f64, alpha: f64) -> f64 {
        self.events_needed(ratio, null, alpha) / self.events(ratio) * self.seconds
    }

    /// Seconds until a canary whose bad ratio is `fault` is told from `null` at the level `alpha`, in whole scrapes of
    /// `interval` seconds. `None` where the fault is no worse than what the null hypothesis allows.
    pub fn shows_in(&self, fault: f64, null: f64, alpha: f64, interval: f64) -> Option<f64> {
        let ratio = fault / self.rate;
        if ratio <= null * 1.01 || interval <= 0.0 {
            return None;
        }
        let needed = self.events_needed(ratio, null, alpha);
        let scrapes = needed / (self.events(ratio) * interval / self.seconds);
        Some(scrapes.ceil().max(1.0) * interval)
    }

    /// The smallest ratio above `margin` that this much traffic would have shown, up to 20.
    pub fn detectable(&self, margin: f64, alpha: f64) -> Option<f64> {
        (1..=160)
            .map(|step| margin * 20_f64.powf(f64::from(step) / 160.0))
            .find(|&ratio| ratio * self.rate < 1.0 && self.seconds_needed(ratio, margin, alpha) <= self.seconds)
    }
}

fn divergence(p: f64, q: f64) -> f64 {
    p * (p / q).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln()
}
