//! What can be said about a set of latencies, and how surely.

use std::fmt;

use crate::binomial;

/// The confidence of every interval this crate gives.
pub const CONFIDENCE: f64 = 0.95;

/// Which part of the samples lies at or below a percentile, strictly between 0 and 1: 0.99 for p99.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Quantile(f64);

impl Quantile {
    /// The median.
    pub const P50: Quantile = Quantile(0.5);
    /// The 90th percentile.
    pub const P90: Quantile = Quantile(0.9);
    /// The 95th percentile.
    pub const P95: Quantile = Quantile(0.95);
    /// The 99th percentile.
    pub const P99: Quantile = Quantile(0.99);
    /// The 99.9th percentile.
    pub const P999: Quantile = Quantile(0.999);

    /// The quantile of that fraction; `None` outside of 0.0001 to 0.9999, where no measurement of reasonable length
    /// could say anything.
    pub fn new(fraction: f64) -> Option<Quantile> {
        (0.0001..=0.9999).contains(&fraction).then_some(Quantile(fraction))
    }

    /// The fraction, e.g. 0.99.
    pub fn fraction(self) -> f64 {
        self.0
    }

    /// The smallest number of samples that bound this quantile from both sides with [`CONFIDENCE`]: 6 for the
    /// median, 29 for p90, 59 for p95, 299 for p99, 2995 for p99.9.
    pub fn samples_needed(self) -> usize {
        binomial::samples_needed(self.0, CONFIDENCE)
    }

    /// The order statistic that estimates this quantile of some samples. 0 of none.
    pub(crate) fn of(self, samples: &[f64]) -> f64 {
        let mut samples = samples.to_vec();
        if samples.is_empty() {
            return 0.0;
        }
        let index = self.rank(samples.len()) - 1;
        *samples.select_nth_unstable_by(index, f64::total_cmp).1
    }

    /// The rank, from 1, of the sample that estimates this quantile of `n`: the smallest with at least this part of
    /// the samples at or below it.
    fn rank(self, n: usize) -> usize {
        // 0.07 · 100 is 7.000000000000001 in floating point and means 7.
        const ROUNDING: f64 = 1e-9;
        ((n as f64 * self.0 - ROUNDING).ceil() as usize).clamp(1, n.max(1))
    }
}

/// `p50`, `p99`, `p99.9`.
impl fmt::Display for Quantile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Percent, rid of the digits that are only binary noise.
        write!(f, "p{}", (self.0 * 1e6).round() / 1e4)
    }
}

/// A confidence interval, both ends included, in the unit of what it bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether the value lies in the interval.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// A percentile, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Percentile {
    /// There were enough samples.
    Estimated {
        /// The order statistic: the smallest sample with at least this part of all samples at or below it.
        value: f64,
        /// Where the percentile of the distribution behind the samples lies with [`CONFIDENCE`]. Always contains
        /// `value`.
        interval: Interval,
    },
    /// There were too few samples to bound it, so it is not guessed.
    Refused {
        /// How many samples it takes.
        needed: usize,
        /// How many there were.
        had: usize,
    },
}

impl Percentile {
    /// The estimate, where there is one.
    pub fn value(&self) -> Option<f64> {
        match *self {
            Percentile::Estimated { value, .. } => Some(value),
            Percentile::Refused { .. } => None,
        }
    }

    /// The confidence interval, where there is one.
    pub fn interval(&self) -> Option<Interval> {
        match *self {
            Percentile::Estimated { interval, .. } => Some(interval),
            Percentile::Refused { .. } => None,
        }
    }
}

/// One or more samples, all finite, and their statistics in the samples' unit.
///
/// Intervals take the samples as independent of one another. Inferences one after the other are not: where there are
/// several rounds or processes, [`crate::Observations`] makes intervals of those.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    samples: Vec<f64>,
    sorted: Vec<f64>,
}

impl Distribution {
    /// The distribution of these samples; `None` where there are none or one is not finite.
    pub fn new(samples: Vec<f64>) -> Option<Distribution> {
        if samples.is_empty() || samples.iter().any(|sample| !sample.is_finite()) {
            return None;
        }
        let mut sorted = samples.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        Some(Distribution { samples, sorted })
    }

    /// The samples in the order they were taken.
    pub fn samples(&self) -> &[f64] {
        &self.samples
    }

    /// How many samples there are: at least one.
    pub fn count(&self) -> usize {
        self.samples.len()
    }

    /// The smallest sample.
    pub fn min(&self) -> f64 {
        self.sorted[0]
    }

    /// The largest sample.
    pub fn max(&self) -> f64 {
        self.sorted[self.sorted.len() - 1]
    }

    /// The sum of the samples divided by their number.
    pub fn mean(&self) -> f64 {
        self.sorted.iter().sum::<f64>() / self.count() as f64
    }

    /// The standard deviation of the distribution behind the samples, estimated with n − 1; `None` for one sample.
    pub fn stddev(&self) -> Option<f64> {
        let mean = self.mean();
        let squares: f64 = self.sorted.iter().map(|sample| (sample - mean).powi(2)).sum();
        (self.count() > 1).then(|| (squares / (self.count() - 1) as f64).sqrt())
    }

    /// The median: [`Distribution::percentile`] of [`Quantile::P50`]. Of an even number of samples the lower of the
    /// two in the middle, so that it is a time that was measured.
    pub fn median(&self) -> Percentile {
        self.percentile(Quantile::P50)
    }

    /// The order statistic for that quantile with its confidence interval, or how many samples it would take.
    pub fn percentile(&self, quantile: Quantile) -> Percentile {
        let n = self.count();
        match binomial::ranks(n, quantile.fraction(), CONFIDENCE) {
            None => Percentile::Refused { needed: quantile.samples_needed(), had: n },
            Some(ranks) => Percentile::Estimated {
                value: self.sorted[quantile.rank(n) - 1],
                interval: Interval {
                    low: self.sorted[ranks.start() - 1],
                    high: self.sorted[ranks.end() - 1],
                },
            },
        }
    }
}

/// The middle of some samples, or the lower of the two middles, without saying how sure it is: for deciding, not
/// for reporting. 0 of none.
pub(crate) fn middle(samples: &[f64]) -> f64 {
    Quantile::P50.of(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(samples: impl IntoIterator<Item = u32>) -> Distribution {
        Distribution::new(samples.into_iter().map(f64::from).collect()).unwrap()
    }

    #[test]
    fn order_statistics_of_one_to_a_hundred() {
        let d = distribution((1..=100).rev());
        assert_eq!((d.count(), d.min(), d.max(), d.mean()), (100, 1.0, 100.0, 50.5));
        // Variance of 1..=n with n − 1: n(n + 1)/12 = 841.67.
        assert!((d.stddev().unwrap() - (10_100.0f64 / 12.0).sqrt()).abs() < 1e-12);
        // Ranks 40 and 61: P(B < 40) = 1.76 %, P(B < 41) = 2.84 % for 100 fair coins.
        let interval = Interval { low: 40.0, high: 61.0 };
        assert_eq!(d.median(), Percentile::Estimated { value: 50.0, interval });
        assert_eq!(d.percentile(Quantile::P95).value(), Some(95.0));
        assert_eq!(d.percentile(Quantile::P99), Percentile::Refused { needed: 299, had: 100 });
        assert_eq!(d.samples()[0], 100.0);
    }

    #[test]
    fn percentiles_are_refused_below_the_needed_number() {
        for (quantile, needed) in [
            (Quantile::P50, 6),
            (Quantile::P90, 29),
            (Quantile::P95, 59),
            (Quantile::P99, 299),
            (Quantile::P999, 2995),
        ] {
            assert_eq!(quantile.samples_needed(), needed as usize, "{quantile}");
            let had = needed as usize - 1;
            let refused = Percentile::Refused { needed: had + 1, had };
            assert_eq!(distribution(1..needed).percentile(quantile), refused);
            // At exactly the needed number, the upper end is the largest sample.
            let bounded = distribution(1..=needed).percentile(quantile).interval().unwrap();
            assert_eq!(bounded.high, f64::from(needed), "{quantile}");
        }
    }

    #[test]
    fn names_of_quantiles() {
        let names: Vec<String> =
            [Quantile::P50, Quantile::P95, Quantile::P999].map(|quantile| quantile.to_string()).into();
        assert_eq!(names, ["p50", "p95", "p99.9"]);
        assert_eq!(Quantile::new(0.07).unwrap().to_string(), "p7");
        assert!(
            Quantile::new(1.0).is_none() && Quantile::new(0.0).is_none() && Quantile::new(f64::NAN).is_none()
        );
    }

    #[test]
    fn ranks_are_not_pushed_up_by_rounding() {
        assert_eq!(Quantile::new(0.07).unwrap().rank(100), 7);
        assert_eq!(Quantile::P99.rank(300), 297);
        assert_eq!(Quantile::P99.rank(301), 298);
    }

    #[test]
    fn one_sample_says_little() {
        let d = distribution([7]);
        assert_eq!((d.min(), d.max(), d.mean(), d.stddev()), (7.0, 7.0, 7.0, None));
        assert_eq!(d.median(), Percentile::Refused { needed: 6, had: 1 });
        assert!(Distribution::new(vec![]).is_none());
        assert!(Distribution::new(vec![1.0, f64::NAN]).is_none());
    }

    #[test]
    fn the_middle() {
        assert_eq!(middle(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(middle(&[4.0, 3.0, 1.0, 2.0]), 2.0);
        assert_eq!(middle(&[]), 0.0);
    }
}
