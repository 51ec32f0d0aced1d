//! The ranks that bound a quantile, from the binomial distribution.
//!
//! Of n independent samples, the number B that lie below the p-quantile of their distribution, whatever that is, is
//! binomial with n and p. So the quantile lies between the l-th and the u-th smallest sample with probability
//! P(l ≤ B < u): an interval that assumes nothing about the distribution (Le Boudec, "Performance Evaluation of
//! Computer and Communication Systems", 2010, theorem 2.1; Hoefler and Belli, SC'15, section 3.1.3).

use std::ops::RangeInclusive;

/// Ranks `l..=u`, counted from 1, such that the p-quantile lies between the l-th and the u-th smallest of `n`
/// samples with at least this `confidence`. `None` where no two ranks do.
///
/// Both tails get half of what the confidence leaves over. Where the samples do not reach far enough for that on
/// one side, the interval ends there with the extreme sample, and the other side gets the rest.
pub(crate) fn ranks(n: usize, p: f64, confidence: f64) -> Option<RangeInclusive<usize>> {
    let tails = Tails::new(n, p);
    let error = 1.0 - confidence;
    let (below_all, above_all) = ((1.0 - p).powf(n as f64), p.powf(n as f64));
    match (tails.lower(error / 2.0), tails.upper(error / 2.0)) {
        (Some(lower), Some(upper)) => Some(lower..=upper),
        (Some(_), None) => Some(tails.lower(error - above_all)?..=n),
        (None, Some(_)) => Some(1..=tails.upper(error - below_all)?),
        (None, None) => None,
    }
}

/// The smallest number of samples for which [`ranks`] finds an interval: the smallest n with
/// 1 − pⁿ − (1 − p)ⁿ ≥ confidence. Then, and only then, the extremes of n samples have the quantile between them.
pub(crate) fn samples_needed(p: f64, confidence: f64) -> usize {
    let enough = |n: usize| 1.0 - p.powf(n as f64) - (1.0 - p).powf(n as f64) >= confidence;
    // The left side grows with n. Double until enough, then halve the gap.
    let mut high = 1;
    while !enough(high) {
        high *= 2;
    }
    let mut low = high / 2; // not enough, or 0
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if enough(middle) { high = middle } else { low = middle }
    }
    high
}

/// The probabilities of a binomial distribution, as far as they matter.
struct Tails {
    n: usize,
    /// The number of successes that `probabilities` starts with.
    first: usize,
    /// P(B = first), P(B = first + 1), ... All others are too small to count.
    probabilities: Vec<f64>,
}

impl Tails {
    /// Weights relative to the most probable outcome, then divided by their sum: nothing over- or underflows, and no
    /// factorials are needed. Takes about 20 √(n·p·(1−p)) steps.
    fn new(n: usize, p: f64) -> Tails {
        /// Weights below this are left out. There are fewer than 10^10 of them, so 10^-15 goes missing at most.
        const NEGLIGIBLE: f64 = 1e-25;
        let odds = p / (1.0 - p);
        // P(B = k+1) / P(B = k)
        let step = |k: usize| (n - k) as f64 / (k + 1) as f64 * odds;
        let mode = (((n + 1) as f64 * p) as usize).min(n);

        let mut down = vec![1.0];
        for k in (0..mode).rev() {
            let weight = down[down.len() - 1] / step(k);
            if weight < NEGLIGIBLE {
                break;
            }
            down.push(weight);
        }
        let first = mode + 1 - down.len();
        let mut probabilities: Vec<f64> = down.into_iter().rev().collect();
        let mut weight = 1.0;
        for k in mode..n {
            weight *= step(k);
            if weight < NEGLIGIBLE {
                break;
            }
            probabilities.push(weight);
        }
        let sum: f64 = probabilities.iter().sum();
        probabilities.iter_mut().for_each(|probability| *probability /= sum);
        Tails { n, first, probabilities }
    }

    /// The largest rank l ≥ 1 with P(B < l) ≤ budget.
    fn lower(&self, budget: f64) -> Option<usize> {
        if budget < 0.0 {
            return None;
        }
        let mut below = 0.0;
        let fits = |probability: &&f64| {
            below += **probability;
            below <= budget
        };
        // P(B < first + k) is the sum of the first k probabilities.
        let rank = self.first + self.probabilities.iter().take_while(fits).count();
        (rank >= 1).then_some(rank)
    }

    /// The smallest rank u ≤ n with P(B ≥ u) ≤ budget.
    fn upper(&self, budget: f64) -> Option<usize> {
        if budget < 0.0 {
            return None;
        }
        let mut above = 0.0;
        let fits = |probability: &&f64| {
            above += **probability;
            above <= budget
        };
        let end = self.first + self.probabilities.len();
        let rank = end - self.probabilities.iter().rev().take_while(fits).count();
        (rank <= self.n).then_some(rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_of_ten_coins() {
        // P(B = k) = C(10, k) / 1024
        let tails = Tails::new(10, 0.5);
        for (k, ways) in [1, 10, 45, 120, 210, 252, 210, 120, 45, 10, 1].into_iter().enumerate() {
            assert!((tails.probabilities[k] - f64::from(ways) / 1024.0).abs() < 1e-15, "{k}");
        }
        // P(B < 2) = 11/1024 = 1.07 %, P(B < 3) = 56/1024 = 5.5 %, and the same from above.
        assert_eq!(ranks(10, 0.5, 0.95), Some(2..=9));
    }

    #[test]
    fn ranks_of_the_median() {
        // The lower rank l is the largest with P(B < l) ≤ 2.5 % for n fair coins; by symmetry u = n + 1 − l.
        // P(B = 0) = 1/64 = 1.6 % for 6 coins; P(B < 2) = 10/512 = 2.0 % for 9; P(B < 6) = 2.07 % for 20;
        // P(B < 10) = 2.14 % for 30; P(B < 18) = 1.64 % for 50.
        for (n, lower) in [(6, 1), (9, 2), (20, 6), (30, 10), (50, 18)] {
            assert_eq!(ranks(n, 0.5, 0.95), Some(lower..=n + 1 - lower), "n = {n}");
        }
    }

    #[test]
    fn samples_needed_by_the_formula() {
        // 0.95^59 = 4.849 % and 0.95^58 = 5.104 %; 0.99^299 = 4.954 % and 0.99^298 = 5.004 %;
        // 0.999^2995 = 4.996 % and 0.999^2994 = 5.001 %; 0.9^29 = 4.710 % and 0.9^28 = 5.233 %.
        for (p, needed) in [(0.9f64, 29), (0.95, 59), (0.99, 299), (0.999, 2995)] {
            assert!(1.0 - p.powi(needed) >= 0.95 && 1.0 - p.powi(needed - 1) < 0.95, "{p}");
            assert_eq!(samples_needed(p, 0.95), needed as usize);
        }
        // The median must be bounded on both sides: 2 · 0.5^6 = 3.1 % and 2 · 0.5^5 = 6.25 %.
        assert_eq!(samples_needed(0.5, 0.95), 6);
    }

    #[test]
    fn ranks_exist_exactly_from_the_needed_number_on() {
        for p in [0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999] {
            let needed = samples_needed(p, 0.95);
            assert_eq!(ranks(needed - 1, p, 0.95), None, "p = {p}");
            for n in (needed..needed + 50).chain([10 * needed, 1000 * needed]) {
                let ranks = ranks(n, p, 0.95).unwrap();
                let estimate = (n as f64 * p).ceil() as usize;
                assert!(*ranks.start() >= 1 && *ranks.end() <= n, "n = {n}, p = {p}");
                assert!(ranks.contains(&estimate), "n = {n}, p = {p}: {ranks:?} without {estimate}");
            }
        }
    }

    #[test]
    fn large_samples_agree_with_the_normal_approximation() {
        // n·p ± 1.96·sqrt(n·p·(1−p)): 990,000 ± 195.0
        let ranks = ranks(1_000_000, 0.99, 0.95).unwrap();
        assert!(ranks.start().abs_diff(989_805) <= 2 && ranks.end().abs_diff(990_196) <= 2, "{ranks:?}");
    }
}
