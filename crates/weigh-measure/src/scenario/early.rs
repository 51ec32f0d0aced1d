//! How sure a run is of a percentile: MLPerf's early stopping.
//!
//! Of n queries let B be those that take longer than the p-quantile of the latency's distribution. Each does with
//! probability 1 − p, so B is binomial with n and 1 − p if queries are independent. A run with t queries over a limit
//! shows with 99 % confidence that the p-quantile is within the limit if so few would be rare otherwise:
//! P[Binom(n, 1 − p) ≤ t] ≤ 1 %. LoadGen (loadgen/early_stopping.cc, tolerance 0, confidence 0.99) writes n = h + t
//! and asks for the smallest number h of queries within the limit; the condition is the same.
//!
//! Queries of a server that wait for one another are not independent: a queue delays several in a row. MLPerf takes
//! them as if they were, and so does [`estimate`], which is its number. [`judge`] does not: it counts [`clustering`]
//! queries as one, so that a verdict takes as many more.

use super::slo::Verdict;
use crate::statistics::Quantile;

/// The confidence of every verdict and bound: MLPerf's 99 %.
pub const CONFIDENCE: f64 = 0.99;

/// The error that this confidence allows.
const ERROR: f64 = 0.01;

/// P[Binom(n, q) ≤ k] for k = 0, 1, ..., n.
///
/// Sums relative to the latest term, whose logarithm is carried along: P(k) / P(k−1) = (n − k + 1) / k · q / (1 − q).
fn cumulative(n: usize, q: f64) -> impl Iterator<Item = f64> {
    let odds = q / (1.0 - q);
    let mut log_term = n as f64 * (-q).ln_1p();
    let mut sum_in_terms = 1.0;
    (0..=n).map(move |k| {
        if k > 0 {
            let ratio = (n - k + 1) as f64 / k as f64 * odds;
            log_term += ratio.ln();
            sum_in_terms = sum_in_terms / ratio + 1.0;
        }
        // Infinitely many times the latest term: all but nothing of the distribution lies below.
        if sum_in_terms.is_finite() { (sum_in_terms * log_term.exp()).min(1.0) } else { 1.0 }
    })
}

/// How many of `n` queries may be over a limit for the run to show that the quantile is within it: the largest t with
/// P[Binom(n, 1 − p) ≤ t] ≤ 1 %. `None` where n is too small even for none.
pub fn allowed_over(n: usize, quantile: Quantile) -> Option<usize> {
    cumulative(n, 1.0 - quantile.fraction()).take_while(|&below| below <= ERROR).count().checked_sub(1)
}

/// Whether `over` of `n` queries above a limit show that the quantile is above it: so many would be rare otherwise,
/// P[Binom(n, 1 − p) ≥ over] ≤ 1 %. The mirror image of MLPerf's condition.
pub fn shows_miss(n: usize, quantile: Quantile, over: usize) -> bool {
    let Some(fewer) = over.checked_sub(1) else { return false };
    cumulative(n, 1.0 - quantile.fraction()).nth(fewer).is_some_and(|below| below >= 1.0 - ERROR)
}

/// The fewest queries with which a run with `over` of them above a limit shows that the quantile is within it: h + t
/// in MLPerf's words. 44, 64, 81 for p90 and 459, 662, 838 for p99 with none, one, two over.
pub fn queries_needed(quantile: Quantile, over: usize) -> usize {
    let enough = |n: usize| allowed_over(n, quantile).is_some_and(|allowed| allowed >= over);
    let mut high = over + 1;
    while !enough(high) {
        high = high.saturating_mul(2);
    }
    let mut low = high / 2; // not enough
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if enough(middle) { high = middle } else { low = middle }
    }
    high
}

/// The fewest queries for [`estimate`]: 64 for p90, 662 for p99.
pub fn queries_for_estimate(quantile: Quantile) -> usize {
    queries_needed(quantile, 1)
}

/// MLPerf's early-stopping estimate of a percentile: the t-th largest latency, t being [`allowed_over`]. If queries are
/// independent the percentile is at most this with 99 % confidence; a longer run brings it down towards the percentile
/// itself. `None` below [`queries_for_estimate`].
pub fn estimate(latencies_ns: &[u64], quantile: Quantile) -> Option<u64> {
    let over = allowed_over(latencies_ns.len(), quantile).filter(|&over| over > 0)?;
    let mut latencies = latencies_ns.to_vec();
    let index = latencies.len().checked_sub(over)?;
    Some(*latencies.select_nth_unstable(index).1)
}

/// How many queries say as much as one independent query, of those in this order of arrival: 1 where they are
/// independent.
///
/// The number of queries over the limit in a part of the run varies more from part to part, by this factor, than a
/// binomial distribution would: the method of batch means (Law, "Simulation Modeling and Analysis", chapter 9), with
/// the larger result of 10 and of 20 parts. Fewer than 20 over the limit say too little about it: then the slowest 5 %
/// are taken, of which more come together.
pub fn clustering(latencies_ns: &[u64], limit_ns: u64) -> f64 {
    const ENOUGH: usize = 20;
    let over = latencies_ns.iter().filter(|&&latency| latency > limit_ns).count();
    let slowest = order_statistic(latencies_ns, Quantile::P95).unwrap_or(limit_ns);
    let threshold = if over >= ENOUGH { limit_ns } else { limit_ns.min(slowest) };
    [10, 20].into_iter().filter_map(|parts| dispersion(latencies_ns, threshold, parts)).fold(1.0, f64::max)
}

/// The variance of the numbers over the threshold in that many parts, relative to a binomial distribution's; `None`
/// where there are fewer queries than parts, or all are on the same side.
fn dispersion(latencies_ns: &[u64], threshold_ns: u64, parts: usize) -> Option<f64> {
    let size = (latencies_ns.len() / parts).max(1);
    let over = |part: &[u64]| part.iter().filter(|&&latency| latency > threshold_ns).count() as f64;
    let counts: Vec<f64> = latencies_ns.chunks_exact(size).take(parts).map(over).collect();
    if counts.len() < parts {
        return None;
    }
    let mean = counts.iter().sum::<f64>() / parts as f64;
    let binomial = mean * (1.0 - mean / size as f64);
    let squares: f64 = counts.iter().map(|count| (count - mean).powi(2)).sum();
    (binomial > 0.0).then(|| squares / (parts - 1) as f64 / binomial)
}

/// Whether queries with these latencies show that the quantile is within the limit or above it, with 99 % confidence:
/// MLPerf's condition and its mirror image for the numbers of queries divided by [`clustering`]. Never met where
/// MLPerf's condition is not.
pub fn judge(latencies_ns: &[u64], quantile: Quantile, limit_ns: u64) -> Verdict {
    let over = latencies_ns.iter().filter(|&&latency| latency > limit_ns).count() as f64;
    let clustering = clustering(latencies_ns, limit_ns);
    let queries = (latencies_ns.len() as f64 / clustering) as usize;
    let (over_at_least, over_at_most) = (over / clustering, (over / clustering).ceil());
    if shows_miss(queries, quantile, over_at_least as usize) {
        Verdict::Missed
    } else if allowed_over(queries, quantile).is_some_and(|allowed| over_at_most as usize <= allowed) {
        Verdict::Met
    } else {
        Verdict::Unknown
    }
}

/// The smallest value with at least this part of all at or below it, whatever their number; `None` of none.
pub(super) fn order_statistic(values: &[u64], quantile: Quantile) -> Option<u64> {
    let last = values.len().checked_sub(1)?;
    let rank = (values.len() as f64 * quantile.fraction()).ceil() as usize;
    let mut values = values.to_vec();
    Some(*values.select_nth_unstable(rank.saturating_sub(1).min(last)).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cumulative_of_ten_coins() {
        let ways = [1.0, 10.0, 45.0, 120.0, 210.0, 252.0, 210.0, 120.0, 45.0, 10.0, 1.0];
        let mut sum = 0.0;
        for (below, ways) in cumulative(10, 0.5).zip(ways) {
            sum += ways / 1024.0;
            assert!((below - sum).abs() < 1e-12);
        }
        // Where single probabilities are too small for floating point, sums still come out: of a million, 10,000 ± 100
        // are over; about half lie at or below the mean, all but nothing below 20,000.
        let half = cumulative(1_000_000, 0.01).nth(10_000).unwrap();
        assert!((half - 0.5027).abs() < 1e-3, "{half}");
        assert_eq!(cumulative(1_000_000, 0.01).nth(500_000), Some(1.0));
    }

    #[test]
    fn queries_needed_as_published() {
        // With none over: pⁿ ≤ 1 %. 0.9^44 = 0.97 %, 0.9^43 = 1.08 %; 0.99^459 = 0.992 %, 0.99^458 = 1.002 %.
        // With one over: pⁿ + n(1 − p)pⁿ⁻¹ ≤ 1 %. For p90 n = 64: 0.118 % + 0.838 % = 0.956 %; n = 63: 1.048 %.
        // LoadGen asks for 64 and 662 queries before it estimates p90 and p99. The others from exact sums of integers.
        for (quantile, needed) in [
            (Quantile::P90, [44, 64, 81]),
            (Quantile::P95, [90, 130, 165]),
            (Quantile::P99, [459, 662, 838]),
            (Quantile::P999, [4603, 6636, 8403]),
        ] {
            for (over, needed) in needed.into_iter().enumerate() {
                assert_eq!(queries_needed(quantile, over), needed, "{quantile}, {over} over");
                assert_eq!(allowed_over(needed, quantile), Some(over), "{quantile}");
                assert_eq!(allowed_over(needed - 1, quantile), over.checked_sub(1), "{quantile}");
            }
        }
        assert_eq!(queries_for_estimate(Quantile::P99), 662);
    }

    #[test]
    fn estimates_are_order_statistics_from_the_upper_end() {
        let latencies: Vec<u64> = (1..=64).rev().collect();
        // One may be over, so the largest is the estimate; it takes 81 queries to leave one out.
        assert_eq!(estimate(&latencies, Quantile::P90), Some(64));
        assert_eq!(estimate(&latencies[1..], Quantile::P90), None);
        let latencies: Vec<u64> = (1..=81).collect();
        assert_eq!(estimate(&latencies, Quantile::P90), Some(80));
        assert_eq!(estimate(&[], Quantile::P90), None);
    }

    #[test]
    fn clusters_count_as_one() {
        // 400 queries of which every 8th is slow: no two come together, and all parts are alike.
        let regular: Vec<u64> = (0..400).map(|i| u64::from(i % 8 == 0)).collect();
        assert_eq!(clustering(&regular, 0), 1.0);
        // The 40 of the first tenth: counts of 40, 0, 0, ... have mean 4 and variance (36² + 9 · 4²) / 9 = 160, a
        // binomial distribution 4 · (1 − 4/40) = 3.6. In twenty parts 20, 20, 0, ...: mean 2, variance
        // (2 · 18² + 18 · 2²) / 19 = 37.9 over 2 · (1 − 2/20) = 1.8.
        let together: Vec<u64> = (0..400).map(|i| u64::from(i < 40)).collect();
        assert!((clustering(&together, 0) - 160.0 / 3.6).abs() < 1e-9);
        // Nothing to see.
        assert_eq!(clustering(&[5; 400], 0), 1.0);
        assert_eq!(clustering(&[], 0), 1.0);
        assert_eq!(clustering(&[1, 2, 3], 2), 1.0);
    }

    #[test]
    fn verdicts_by_hand() {
        // 44 queries without one over are the fewest that show p90, and 64 with one: see above.
        let judge = |latencies: &[u64]| judge(latencies, Quantile::P90, 1);
        assert_eq!(
            (judge(&[1; 44]), judge(&[1; 43]), judge(&[])),
            (Verdict::Met, Verdict::Unknown, Verdict::Unknown)
        );
        // Of 100 in which every 5th is over 20 are: more than chance allows. Of 100 with every 10th none can tell.
        let every = |n| (0..100).map(|i| 1 + u64::from(i % n == 0)).collect::<Vec<u64>>();
        assert_eq!((judge(&every(5)), judge(&every(10))), (Verdict::Missed, Verdict::Unknown));
        assert_eq!(judge(&[2; 100]), Verdict::Missed);
    }

    #[test]
    fn a_miss_needs_more_than_chance() {
        // Of 100 queries 10 are over p90 on average, with standard deviation 3: P[B ≥ 18] = 1.00 %, P[B ≥ 19] = 0.46 %.
        assert!(!shows_miss(100, Quantile::P90, 17));
        assert!(shows_miss(100, Quantile::P90, 19));
        assert!(!shows_miss(100, Quantile::P90, 0));
        assert!(!shows_miss(0, Quantile::P90, 0));
        // One over of one has probability 0.1.
        assert!(!shows_miss(1, Quantile::P90, 1));
        assert!(shows_miss(1, Quantile::P999, 1));
    }
}
