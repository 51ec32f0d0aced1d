//! Samples finished per second.

use crate::statistics::{CONFIDENCE, Distribution, Interval};
use crate::student;

/// How many samples (images, tokens, queries) are finished per second, one batch after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throughput {
    /// Samples finished divided by the time they took together: batch / mean time per batch.
    pub per_second: f64,
    /// Where the throughput of a long run would lie with [`crate::CONFIDENCE`]; `None` with fewer than 6 batches
    /// timed. Always contains `per_second`.
    pub interval: Option<Interval>,
}

/// Throughput in samples per second of `batch` samples in `milliseconds`; infinite for no time at all.
pub fn per_second(batch: u64, milliseconds: f64) -> f64 {
    batch as f64 * 1000.0 / milliseconds
}

impl Throughput {
    /// The throughput at a latency per batch in milliseconds.
    ///
    /// The interval is Student's for the logarithm of the mean (its standard error by the delta method is
    /// s / (mean · √n)), so that it never reaches below zero. It uses the mean, not the median, because slow runs
    /// take time too: every one of them counts. Times with a long tail are covered a little less often than promised
    /// when there are few: 92 % at 20 exponential times instead of 95 %.
    pub fn of(latency_ms: &Distribution, batch: u64) -> Throughput {
        /// As many as the median's interval takes.
        const NEEDED: usize = 6;
        let mean = latency_ms.mean();
        let per_second = per_second(batch, mean);
        let enough = latency_ms.count() >= NEEDED && mean > 0.0;
        let interval = latency_ms.stddev().filter(|_| enough).map(|stddev| {
            let n = latency_ms.count() as f64;
            let factor =
                (student::two_sided(CONFIDENCE, latency_ms.count() - 1) * stddev / (mean * n.sqrt())).exp();
            Interval { low: per_second / factor, high: per_second * factor }
        });
        Throughput { per_second, interval }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_100_in_200_ms_is_500_samples_per_second() {
        assert_eq!(per_second(100, 200.0), 500.0);
        let latency = Distribution::new(vec![200.0; 10]).unwrap();
        let throughput = Throughput::of(&latency, 100);
        assert_eq!(throughput.per_second, 500.0);
        assert_eq!(throughput.interval, Some(Interval { low: 500.0, high: 500.0 }));
    }

    #[test]
    fn slow_runs_count() {
        // Nine runs of 10 ms and one of 110 ms: 10 samples in 200 ms, 50 per second, though the median says 100.
        let mut samples = vec![10.0; 9];
        samples.push(110.0);
        let throughput = Throughput::of(&Distribution::new(samples).unwrap(), 1);
        assert_eq!(throughput.per_second, 50.0);
        assert!(throughput.interval.unwrap().contains(50.0));
    }

    #[test]
    fn few_samples_give_no_interval() {
        let throughput = Throughput::of(&Distribution::new(vec![75.0; 5]).unwrap(), 1);
        assert!((throughput.per_second - 13.333).abs() < 0.001);
        assert_eq!(throughput.interval, None);
    }
}
