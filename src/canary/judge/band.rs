//! A time-uniform band around a quantile: to draw, not to judge by.
//!
//! Howard and Ramdas (Bernoulli 2022), theorem 2: with a chance of at least `1 - alpha` the empirical distribution of
//! `t` events is, for all `t >= m` at once, within `A sqrt((ln(1 + ln(t / m)) + C) / t)` of the true one. It is good
//! for the body alone: a 99th percentile needs some 75,000 requests on each side.

/// The factor `A`.
const A: f64 = 0.85;
/// The band begins at so many events, `m`.
const FIRST: f64 = 100.0;

/// What is known of a quantile, in the unit of the boundaries; `None` where an end is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Ends {
    /// It lies above this.
    pub low: Option<f64>,
    /// It lies at this or below.
    pub high: Option<f64>,
}

/// The quantile of both populations.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Band {
    /// Which quantile, between 0 and 1.
    pub q: f64,
    /// Of the baseline.
    pub baseline: Ends,
    /// Of the canary.
    pub canary: Ends,
}

/// The half width of the band around a distribution after `events`, by the constant of [`constant`]; `None` before
/// it begins.
pub fn half_width(events: f64, constant: f64) -> Option<f64> {
    (events >= FIRST).then(|| A * ((((events / FIRST).ln() + 1.0).ln() + constant) / events).sqrt())
}

/// The constant `C` of a level: the least for which `4 e^(-g C) (1 + 1 / ((g - 1) ln eta)) <= alpha` holds for some
/// `eta`, with `g = 2 / eta (A - sqrt(2 (eta - 1) / C))^2`.
pub fn constant(alpha: f64) -> f64 {
    let (mut low, mut high) = (4.0, 64.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if least_excess(middle) > alpha { low = middle } else { high = middle }
    }
    high
}

/// The least over `eta`, which has one valley, by ternary search.
fn least_excess(c: f64) -> f64 {
    let (mut low, mut high) = (1.0, 2.0);
    for _ in 0..60 {
        let third = (high - low) / 3.0;
        if excess(c, low + third) <= excess(c, high - third) { high -= third } else { low += third }
    }
    excess(c, f64::midpoint(low, high))
}

fn excess(c: f64, eta: f64) -> f64 {
    let root = A - (2.0 * (eta - 1.0) / c).sqrt();
    let g = 2.0 / eta * root * root;
    if root <= 0.0 || g <= 1.0 {
        return f64::INFINITY;
    }
    4.0 * (-g * c).exp() * (1.0 + 1.0 / ((g - 1.0) * eta.ln()))
}

/// The ends of the quantile `q`, from the share of `events` that is slower than each of the boundaries.
pub fn ends(q: f64, events: f64, constant: f64, slower: impl Iterator<Item = (f64, f64)> + Clone) -> Ends {
    let Some(width) = half_width(events, constant) else { return Ends::default() };
    let faster = slower.map(|(boundary, share)| (boundary, 1.0 - share));
    let low = faster.clone().filter(|(_, share)| share + width < q).map(|(b, _)| b).reduce(f64::max);
    let high = faster.filter(|(_, share)| share - width >= q).map(|(b, _)| b).reduce(f64::min);
    Ends { low, high }
}
