//! Chance, the same on every machine: nothing but integer steps and IEEE-exact arithmetic.

/// SplitMix64 (Steele, Lea, Flood 2014). Ten lines that never change are safer here than a crate
/// whose streams may change with its next version: a seed is a promise.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of `seed`; `stream` tells streams of one seed apart.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        random.next_u64();
        random
    }

    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly distributed in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something of probability `p` happens.
    pub fn happens(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Evenly distributed in 0..`below`; 0 for an empty range.
    pub fn below(&mut self, below: usize) -> usize {
        ((self.unit() * below as f64) as usize).min(below.saturating_sub(1))
    }

    /// How many of many independent sources fire in one second, `mean` on average. A binomial
    /// over slots stands in for Poisson's law, whose exponential is not the same on every machine.
    pub fn count(&mut self, mean: f64) -> u64 {
        let slots = 16 + 8 * mean.max(0.0) as usize;
        let p = mean / slots as f64;
        (0..slots).filter(|_| self.happens(p)).count() as u64
    }

    /// The index of one of `weights`, each as likely as its weight; 0 if all are nothing.
    pub fn pick(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A seed is a promise to whoever compares two runs: these figures never change.
    #[test]
    fn a_seed_gives_the_same_stream_on_every_machine() {
        let mut random = Random::new(7, 3);
        let below: Vec<usize> = (0..6).map(|_| random.below(1000)).collect();
        let counts: Vec<u64> = (0..6).map(|_| random.count(2.5)).collect();
        let picks: Vec<usize> = (0..6).map(|_| random.pick(&[0.5, 0.0, 0.5])).collect();
        assert_eq!(
            (below, counts, picks),
            (vec![994, 339, 220, 698, 385, 602], vec![1, 2, 1, 2, 3, 2], vec![2, 2, 2, 2, 0, 2])
        );
    }

    #[test]
    fn counts_are_right_on_average() {
        let mut random = Random::new(1, 1);
        for mean in [0.0, 0.13, 2.5, 40.0] {
            let sum: u64 = (0..20_000).map(|_| random.count(mean)).sum();
            assert!((sum as f64 / 20_000.0 - mean).abs() <= 0.05 * mean, "{mean}: {sum}");
        }
    }
}
