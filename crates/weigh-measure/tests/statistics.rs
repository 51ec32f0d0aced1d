//! Properties of the statistics, and their coverage on distributions whose truth is known.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod simulation;

use proptest::prelude::*;
use simulation::Random;
use weigh_measure::{Distribution, Observations, Percentile, Quantile, Throughput};

fn latencies() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.001..10_000.0f64, 1..400)
}

fn quantiles() -> impl Strategy<Value = Quantile> {
    (0.01..0.999f64).prop_map(|fraction| Quantile::new(fraction).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn intervals_contain_their_estimate(samples in latencies(), quantile in quantiles(), batch in 1..64u64) {
        let d = Distribution::new(samples).unwrap();
        match d.percentile(quantile) {
            Percentile::Estimated { value, interval } => {
                prop_assert!(d.count() >= quantile.samples_needed());
                prop_assert!(interval.contains(value));
                prop_assert!(d.min() <= interval.low && interval.high <= d.max());
            }
            Percentile::Refused { needed, had } => {
                prop_assert_eq!((needed, had), (quantile.samples_needed(), d.count()));
                prop_assert!(had < needed);
            }
        }
        let throughput = Throughput::of(&d, batch);
        prop_assert!(throughput.interval.is_none_or(|interval| interval.contains(throughput.per_second)));
    }

    #[test]
    fn intervals_over_processes_contain_their_estimate(
        nest in prop::collection::vec(prop::collection::vec(latencies(), 1..4), 1..6),
        quantile in quantiles(),
    ) {
        let all = nest.concat().concat();
        let observed = Observations::new(nest).unwrap();
        let percentile = observed.percentile(quantile);
        prop_assert_eq!(percentile.value(), Distribution::new(all).unwrap().percentile(quantile).value());
        if let Percentile::Estimated { value, interval } = percentile {
            prop_assert!(interval.low >= 0.0 && interval.contains(value) && interval.high.is_finite());
        }
        let throughput = observed.throughput(1);
        prop_assert!(throughput.interval.is_none_or(|interval| interval.contains(throughput.per_second)));
    }

    #[test]
    fn percentiles_rise_with_the_quantile(samples in latencies(), a in quantiles(), b in quantiles()) {
        let d = Distribution::new(samples).unwrap();
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        if let (Some(low), Some(high)) = (d.percentile(low).value(), d.percentile(high).value()) {
            prop_assert!(low <= high);
        }
    }

    #[test]
    fn order_does_not_matter(samples in latencies(), quantile in quantiles(), seed in any::<u64>()) {
        let mut shuffled = samples.clone();
        let mut random = Random(seed);
        shuffled.sort_by_cached_key(|_| random.next());
        let (a, b) = (Distribution::new(samples).unwrap(), Distribution::new(shuffled).unwrap());
        prop_assert_eq!(a.percentile(quantile), b.percentile(quantile));
        prop_assert_eq!((a.min(), a.max(), a.mean(), a.stddev()), (b.min(), b.max(), b.mean(), b.stddev()));
        prop_assert_eq!(Throughput::of(&a, 1), Throughput::of(&b, 1));
    }
}

/// How often, in percent of 5,000 rounds, `covers` holds for `n` latencies of 1 + an exponential time: a sharp lower
/// edge and a long tail, as latencies have.
fn coverage(n: usize, covers: impl Fn(&Distribution) -> bool) -> f64 {
    const ROUNDS: usize = 5_000;
    let mut random = Random(n as u64);
    let rounds = (0..ROUNDS).filter(|_| {
        let samples = (0..n).map(|_| 1.0 + random.exponential()).collect();
        covers(&Distribution::new(samples).unwrap())
    });
    rounds.count() as f64 * 100.0 / ROUNDS as f64
}

#[test]
fn percentile_intervals_cover_the_truth_as_often_as_they_say() {
    // The p-quantile is 1 − ln(1 − p).
    for (quantile, n) in [
        (Quantile::P50, 6),
        (Quantile::P50, 30),
        (Quantile::P50, 100),
        (Quantile::P90, 60),
        (Quantile::P95, 59),
        (Quantile::P95, 200),
        (Quantile::P99, 299),
        (Quantile::P99, 1000),
    ] {
        let truth = 1.0 - (1.0 - quantile.fraction()).ln();
        let percent = coverage(n, |d| d.percentile(quantile).interval().unwrap().contains(truth));
        assert!((93.0..=98.0).contains(&percent), "{quantile} of {n}: {percent} %");
        println!("{quantile} of {n}: {percent:.1} %");
    }
}

#[test]
fn throughput_intervals_cover_the_truth_as_often_as_they_say() {
    // The mean latency is 2 ms, so the throughput 500 per second.
    // Few samples of a long tail seldom hold one from far out, so there the interval is a little short.
    for (n, least) in [(20, 91.0), (100, 93.0), (500, 94.0)] {
        let percent = coverage(n, |d| Throughput::of(d, 1).interval.unwrap().contains(500.0));
        assert!((least..=98.0).contains(&percent), "{n}: {percent} %");
        println!("throughput of {n}: {percent:.1} %");
    }
}
