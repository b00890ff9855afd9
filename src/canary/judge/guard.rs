//! The guard of an absolute limit: is the bad ratio of one population above or below it?
//!
//! `ln E = X ln(q / p) + (N - X) ln((1 - q) / (1 - p))`, mixed over alternatives `q` on one side of
//! the limit `p`. Only the two totals are kept.

use super::eprocess::log_mean;

const ABOVE: [f64; 8] = [1.5, 2.0, 3.0, 5.0, 10.0, 25.0, 50.0, 90.0];
const BELOW: [f64; 5] = [1e-9, 0.1, 0.2, 0.4, 0.6];
/// An alternative is a chance: it stays below one.
const HIGHEST: f64 = 0.99;

/// The logarithm of the evidence that a bad ratio is above `limit`, from `bad` of `all`.
pub fn above(limit: f64, bad: f64, all: f64) -> f64 {
    // An alternative that the cap would put below the limit says nothing: it stays at 1.
    log_mean(ABOVE.iter().map(|m| likelihood((limit * m).min(HIGHEST.max(limit)), limit, bad, all)))
}

/// The logarithm of the evidence that it is below.
pub fn below(limit: f64, bad: f64, all: f64) -> f64 {
    log_mean(BELOW.iter().map(|m| likelihood(limit * m, limit, bad, all)))
}

fn likelihood(q: f64, p: f64, bad: f64, all: f64) -> f64 {
    bad * (q / p).ln() + (all - bad) * ((-q).ln_1p() - (-p).ln_1p())
}
