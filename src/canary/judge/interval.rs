//! A time-uniform interval for the ratio of the two rates.
//!
//! The log-likelihood `L(w) = sum_i [x_c ln w - x ln(1 + rho (w - 1))]`, in which any common rate
//! cancels, is kept on a fixed logarithmic grid. The confidence sequence is
//! `{ w : L(w) > ln(mean_k e^L(w_k)) + ln a }`; `L` is concave in `ln w`, so it is an interval.

use super::eprocess::{Counts, log_mean};

const POINTS: usize = 65;
/// The grid reaches from 1/20 to 20.
const REACH: f64 = 20.0;

/// The log-likelihood of the ratio.
#[derive(Debug, Clone, PartialEq)]
pub struct Likelihood {
    values: Box<[f64; POINTS]>,
}

/// The ratio at a (fractional) place on the grid.
fn ratio_at(place: f64) -> f64 {
    (REACH.ln() * (2.0 * place / (POINTS - 1) as f64 - 1.0)).exp()
}

impl Default for Likelihood {
    fn default() -> Self {
        Self { values: Box::new([0.0; POINTS]) }
    }
}

impl Likelihood {
    /// Takes in a scrape.
    pub fn take(&mut self, counts: &Counts, grid: &RatioGrid) {
        let (bad, split) = (counts.bad(), counts.split());
        if bad <= 0.0 {
            return;
        }
        for ((value, &ratio), &log) in self.values.iter_mut().zip(&grid.ratios).zip(&grid.logs) {
            *value += counts.bad_canary * log - bad * (split * (ratio - 1.0) + 1.0).ln();
        }
    }

    /// The ends of the interval at the level `1 - alpha`; `None` where it reaches beyond 1/20 or 20.
    pub fn interval(&self, alpha: f64) -> (Option<f64>, Option<f64>) {
        let bar = log_mean(self.values.iter().copied()) + alpha.ln();
        let first = self.values.iter().position(|&v| v > bar);
        let last = self.values.iter().rposition(|&v| v > bar);
        let low = first.filter(|&i| i > 0).map(|i| ratio_at(self.crossing(i, i - 1, bar)));
        let high = last.filter(|&i| i + 1 < POINTS).map(|i| ratio_at(self.crossing(i, i + 1, bar)));
        (low, high)
    }

    /// The place between grid points `inside` and `outside` where the likelihood meets the bar, on
    /// the parabola through them and the next point further in.
    fn crossing(&self, inside: usize, outside: usize, bar: f64) -> f64 {
        let further = (2 * inside).saturating_sub(outside).min(POINTS - 1);
        let [a, b, c] = [outside, inside, further].map(|i| self.values[i] - bar);
        let at = |t: f64| a * (1.0 - t) * (2.0 - t) / 2.0 + b * t * (2.0 - t) + c * t * (t - 1.0) / 2.0;
        let (mut out, mut within) = (0.0, 1.0);
        for _ in 0..40 {
            let middle = f64::midpoint(out, within);
            if at(middle) > 0.0 { within = middle } else { out = middle }
        }
        outside as f64 + within * (inside as f64 - outside as f64)
    }
}

/// The ratios of the grid and their logarithms, computed once.
#[derive(Debug, Clone, PartialEq)]
pub struct RatioGrid {
    ratios: [f64; POINTS],
    logs: [f64; POINTS],
}

impl Default for RatioGrid {
    fn default() -> Self {
        let ratios = std::array::from_fn(|i| ratio_at(i as f64));
        Self { ratios, logs: ratios.map(f64::ln) }
    }
}
