//! How long a source waits after a failure.

use std::time::Duration;

/// The longest wait that failures alone lead to.
const LIMIT: Duration = Duration::from_secs(30);

/// Waits of 1, 2, 4 … 30 s, each up to a quarter shorter so that many sources do not knock at once.
/// The same seed gives the same waits: a replay is a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
    seed: u64,
}

impl Backoff {
    /// Nothing failed yet. `seed` is the source's name.
    pub fn new(seed: &str) -> Self {
        // FNV-1a.
        let seed =
            seed.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Self { failures: 0, seed }
    }

    /// Counts a failure, and tells how long to wait: at least what the server asked for.
    pub fn failed(&mut self, retry_after: Option<Duration>) -> Duration {
        let doubled = Duration::from_secs(1 << self.failures.min(5)).min(LIMIT);
        self.failures = self.failures.saturating_add(1);
        let wait = doubled.mul_f64(1.0 - 0.25 * self.fraction());
        retry_after.map_or(wait, |asked| asked.max(wait))
    }

    /// All is well: the next failure waits a second.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How many attempts failed in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// In 0..1, from the seed and the number of failures (the finaliser of SplitMix64).
    fn fraction(&self) -> f64 {
        let mut z = self.seed.wrapping_add(u64::from(self.failures).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from((z ^ (z >> 31)) as u32) / f64::from(u32::MAX)
    }
}
