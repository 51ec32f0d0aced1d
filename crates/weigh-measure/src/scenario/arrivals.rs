//! When the queries of a server arrive: a Poisson process from a seed.

/// Random numbers that are the same on every machine: SplitMix64 (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014). Passes the usual tests of randomness; not for secrets.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The generator that starts from this seed.
    pub fn new(seed: u64) -> SplitMix64 {
        SplitMix64(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, but without, 1: 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number of the exponential distribution with mean 1: −ln(1 − u).
    pub fn exponential(&mut self) -> f64 {
        -(-self.unit()).ln_1p()
    }
}

/// Arrival times in nanoseconds after the start, in order: gaps are independent and exponential with mean 1 / `rate`
/// seconds, so that arrivals per second have the Poisson distribution with mean `rate`.
pub fn poisson(rate: f64, queries: usize, seed: u64) -> Vec<u64> {
    let mut random = SplitMix64::new(seed);
    let mut seconds = 0.0;
    let arrivals = std::iter::repeat_with(|| {
        seconds += random.exponential() / rate;
        (seconds * 1e9).round() as u64
    });
    arrivals.take(queries).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The reference implementation's first outputs for seed 1234567 (prng.di.unimi.it/splitmix64.c).
        let mut random = SplitMix64::new(1_234_567);
        let first = [random.next_u64(), random.next_u64(), random.next_u64()];
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn arrivals_are_poisson() {
        const N: usize = 200_000;
        let arrivals = poisson(1000.0, N, 7);
        assert!(arrivals.is_sorted());
        let gaps: Vec<f64> = std::iter::once(&0)
            .chain(&arrivals)
            .zip(&arrivals)
            .map(|(before, after)| (after - before) as f64 / 1e6)
            .collect();
        // Gaps in milliseconds have mean 1 and variance 1: standard errors 1/√N = 0.22 % and √(8/N) = 0.63 %.
        let mean = gaps.iter().sum::<f64>() / N as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / N as f64;
        assert!((mean - 1.0).abs() < 0.01 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        // P(gap > 1) = 1/e = 36.8 %, standard error 0.11 %.
        let long = gaps.iter().filter(|&&gap| gap > 1.0).count() as f64 / N as f64;
        assert!((long - (-1.0f64).exp()).abs() < 0.005, "{long}");
    }

    #[test]
    fn a_seed_gives_the_same_arrivals_again_and_another_gives_others() {
        assert_eq!(poisson(10.0, 5, 1), poisson(10.0, 5, 1));
        assert_ne!(poisson(10.0, 5, 1), poisson(10.0, 5, 2));
        // The rate only stretches time.
        let (slow, fast) = (poisson(1.0, 5, 1), poisson(1000.0, 5, 1));
        assert!(slow.iter().zip(&fast).all(|(slow, fast)| slow.abs_diff(fast * 1000) <= 1000));
    }
}
