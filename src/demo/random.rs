//! Random numbers that can be had again: `SplitMix64` and the distributions that traffic follows.
use std::f64::consts::TAU;
use std::hash::{BuildHasher, Hasher};

/// Spread of the log-normal distribution: the 95th percentile lies at twice the mean, as with a healthy service.
const SIGMA: f64 = 0.5;

/// A `SplitMix64` generator: small, fast, good enough for traffic and for nothing secret.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence that belongs to a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed that differs from run to run.
    pub fn any_seed() -> u64 {
        std::collections::hash_map::RandomState::new().build_hasher().finish()
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number from 0 to less than 1.
    pub fn unit(&mut self) -> f64 {
        // The bits become the fraction of a number from 1 to less than 2.
        f64::from_bits(0x3ff0_0000_0000_0000 | (self.bits() >> 12)) - 1.0
    }

    /// True in this share of all cases.
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// The time between two events that happen `rate` times a second, independently of each other.
    pub fn gap(&mut self, rate: f64) -> f64 {
        -(1.0 - self.unit()).ln() / rate
    }

    /// A log-normal number with this mean: most are near it, a few far above.
    pub fn around(&mut self, mean: f64) -> f64 {
        let normal = (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (TAU * self.unit()).cos();
        mean * (SIGMA * normal - SIGMA * SIGMA / 2.0).exp()
    }

    /// One of the choices, each as often as its weight says.
    pub fn pick<'a, T>(&mut self, choices: &'a [(f64, T)]) -> Option<&'a T> {
        let total: f64 = choices.iter().map(|(weight, _)| weight).sum();
        let mut left = self.unit() * total;
        for (weight, choice) in choices {
            left -= weight;
            if left < 0.0 {
                return Some(choice);
            }
        }
        choices.last().map(|(_, choice)| choice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 20_000;

    fn mean(mut draw: impl FnMut() -> f64) -> f64 {
        (0..DRAWS).map(|_| draw()).sum::<f64>() / f64::from(DRAWS)
    }

    #[test]
    fn the_sequence_is_that_of_the_published_algorithm() {
        let mut random = Random::new(1_234_567);
        assert_eq!(random.bits(), 6_457_827_717_110_365_317);
        assert_eq!(random.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn units_are_even_and_within_bounds() {
        let mut random = Random::new(1);
        let average = mean(|| {
            let unit = random.unit();
            assert!((0.0..1.0).contains(&unit));
            unit
        });
        assert!((average - 0.5).abs() < 0.01, "{average}");
    }

    #[test]
    fn gaps_and_latencies_keep_their_mean() {
        let mut random = Random::new(2);
        let gap = mean(|| random.gap(5.0));
        assert!((gap - 0.2).abs() < 0.01, "{gap}");
        let latency = mean(|| random.around(0.08));
        assert!((latency - 0.08).abs() < 0.002, "{latency}");
    }

    #[test]
    fn latencies_have_a_tail_but_no_absurd_one() {
        let mut random = Random::new(3);
        let mut draws: Vec<f64> = (0..DRAWS).map(|_| random.around(1.0)).collect();
        draws.sort_by(f64::total_cmp);
        let p95 = draws[draws.len() * 95 / 100];
        assert!((1.8..2.2).contains(&p95), "{p95}");
        assert!(draws[0] > 0.0 && draws[draws.len() - 1] < 15.0);
    }

    #[test]
    fn chances_and_picks_follow_their_weights() {
        let mut random = Random::new(4);
        let hits = mean(|| if random.chance(0.03) { 1.0 } else { 0.0 });
        assert!((hits - 0.03).abs() < 0.005, "{hits}");
        assert!(!random.chance(0.0));
        assert!(random.chance(1.0));
        let second = mean(|| *random.pick(&[(3.0, 0.0), (1.0, 1.0)]).unwrap());
        assert!((second - 0.25).abs() < 0.02, "{second}");
    }
}
