//! E-processes: evidence that may be looked at after every scrape.
//!
//! An e-process starts at 1 and is a non-negative supermartingale under its null hypothesis, so that
//! by Ville's inequality it ever reaches `1/a` with a chance of at most `a`, however often one looks.
//! Everything is kept as natural logarithms. Per scrape and arm there are an exposure `n` and bad
//! events `x`; the split `rho = n_c / (n_c + n_b)` is measured in each scrape, so that a change of
//! the canary's weight is a new stratum by itself.

/// Bets on the ratio of the two rates, and what share of the evidence each starts with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    bets: &'static [f64],
    weights: &'static [f64],
}

/// Bets that the canary is worse, for [`Formula::Fast`].
pub const FAST: Grid = Grid {
    bets: &[1.25, 1.6, 2.2, 3.2, 5.0, 9.0, 20.0],
    weights: &[1.0 / 13.0, 2.0 / 13.0, 3.0 / 13.0, 3.0 / 13.0, 2.0 / 13.0, 1.0 / 13.0, 1.0 / 13.0],
};
/// Bets that the canary is worse, for [`Formula::Robust`].
pub const ROBUST: Grid = Grid { bets: &[1.6, 2.5, 4.0, 8.0, 20.0, 100.0], weights: &[1.0 / 6.0; 6] };
/// Bets that the canary is better than the margin that passes.
pub const NON_INFERIORITY: Grid = Grid { bets: &[0.05, 0.15, 0.3, 0.5, 0.7], weights: &[0.2; 5] };

/// How a bet of `w` pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formula {
    /// `x_c ln w - x ln(1 + rho (w - 1))`: the soonest, for events that come one by one.
    Fast,
    /// `ln(1 + (w - 1) x_c / x) - ln(1 + (w - 1) rho)`: one bet a scrape, whatever bursts it holds.
    /// A scrape multiplies the evidence by at most `1 / rho`.
    Robust,
}

/// The counts of one scrape in which both populations had exposure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counts {
    /// The canary's bad events.
    pub bad_canary: f64,
    /// All events of the canary; more than zero.
    pub all_canary: f64,
    /// The baseline's bad events.
    pub bad_baseline: f64,
    /// All events of the baseline; more than zero.
    pub all_baseline: f64,
}

impl Counts {
    /// Bad events of both.
    pub fn bad(&self) -> f64 {
        self.bad_canary + self.bad_baseline
    }

    /// The canary's share of the exposure.
    pub fn split(&self) -> f64 {
        self.all_canary / (self.all_canary + self.all_baseline)
    }
}

/// The share of the bad events that the canary gets when its rate is `ratio` times the baseline's.
pub fn tilted(split: f64, ratio: f64) -> f64 {
    ratio * split / (1.0 + (ratio - 1.0) * split)
}

/// One e-process: a mixture over a grid of bets, and over the scrape at which the change set in.
#[derive(Debug, Clone, PartialEq)]
pub struct EProcess {
    formula: Formula,
    margin: f64,
    any_start: bool,
    stakes: Box<[Stake]>,
    log_e: f64,
    scrapes: f64,
    last_bet: f64,
}

/// One bet of the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stake {
    bet: f64,
    log_bet: f64,
    log_weight: f64,
    /// The logarithm of its wealth: `sum_i inc_i` when it starts at the first scrape, `ln W` of the
    /// start-time mixture otherwise.
    wealth: f64,
}

impl EProcess {
    /// At 1. `margin` is the ratio of rates that the null hypothesis allows. With `any_start` the
    /// change may set in at any scrape: half of the wealth starts at once, `1 / (2 j (j - 1))` at
    /// scrape `j`.
    pub fn new(formula: Formula, grid: Grid, margin: f64, any_start: bool) -> Self {
        let nothing = if any_start { f64::NEG_INFINITY } else { 0.0 };
        let stakes = grid.bets.iter().zip(grid.weights).map(|(&bet, weight)| Stake {
            bet,
            log_bet: bet.ln(),
            log_weight: weight.ln(),
            wealth: nothing,
        });
        let stakes = stakes.collect();
        Self { formula, margin, any_start, stakes, log_e: 0.0, scrapes: 0.0, last_bet: 0.0 }
    }

    /// The natural logarithm of the evidence.
    pub fn log_e(&self) -> f64 {
        self.log_e
    }

    /// Takes in a scrape. One without bad events changes nothing.
    pub fn take(&mut self, counts: &Counts) {
        self.scrapes += 1.0;
        if counts.bad() > 0.0 {
            self.bet(counts);
            self.last_bet = self.scrapes;
        }
    }

    fn bet(&mut self, counts: &Counts) {
        let split = tilted(counts.split(), self.margin);
        // Wealth held back for later starts is 1/(2t) after scrape t: what was released since the
        // last bet starts now, for the scrapes between paid nothing.
        let held = unstarted(self.scrapes);
        let released = (unstarted(self.last_bet) - held).ln();
        let mut total = LogSum::default();
        for stake in &mut self.stakes {
            let pay = self.formula.pay(stake, counts, split);
            if self.any_start {
                stake.wealth = pay + log_add(stake.wealth, released);
                total.add(stake.log_weight + log_add(stake.wealth, held.ln()));
            } else {
                stake.wealth += pay;
                total.add(stake.log_weight + stake.wealth);
            }
        }
        self.log_e = total.ln();
    }
}

/// What the start-time mixture still holds back after `scrapes` scrapes: `1 - sum v_j`.
fn unstarted(scrapes: f64) -> f64 {
    if scrapes < 1.0 { 1.0 } else { 0.5 / scrapes }
}

impl Formula {
    fn pay(self, stake: &Stake, counts: &Counts, split: f64) -> f64 {
        let more = stake.bet - 1.0;
        match self {
            Self::Fast => counts.bad_canary * stake.log_bet - counts.bad() * (more * split).ln_1p(),
            Self::Robust => {
                let seen = counts.bad_canary / counts.bad();
                (more * seen).ln_1p() - (more * split).ln_1p()
            }
        }
    }
}

/// `ln(e^a + e^b)`.
pub fn log_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

/// `ln(sum e^x)`, without overflow.
#[derive(Debug, Clone, Copy)]
pub struct LogSum {
    high: f64,
    rest: f64,
}

impl Default for LogSum {
    fn default() -> Self {
        Self { high: f64::NEG_INFINITY, rest: 0.0 }
    }
}

impl LogSum {
    /// Adds `e^x`.
    pub fn add(&mut self, x: f64) {
        if x == f64::NEG_INFINITY {
            return;
        }
        if x <= self.high {
            self.rest += (x - self.high).exp();
        } else {
            self.rest = self.rest * (self.high - x).exp() + 1.0;
            self.high = x;
        }
    }

    /// The logarithm of the sum; minus infinity when nothing was added.
    pub fn ln(self) -> f64 {
        self.high + self.rest.ln()
    }
}

/// The logarithm of the mean of `e^x`: an average of e-processes is one, however they depend.
pub fn log_mean(logs: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = logs.len() as f64;
    let mut sum = LogSum::default();
    logs.for_each(|x| sum.add(x));
    sum.ln() - count.ln()
}
