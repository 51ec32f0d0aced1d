//! Whether B is faster than A, how sure that is, and what difference could have been seen at all.
//!
//! A and B run in pairs of processes, and in those in pairs of rounds right after one another, in an order drawn by
//! lot ([`schedule`]). What changes on the machine meanwhile hits both sides of a pair of rounds, so it cancels in
//! their ratio; what a process has of its own does not, and only further processes tell how much that is. So a pair of
//! rounds gives one ratio of medians, B over A, a pair of processes the median of the logarithms of its ratios (a round
//! that something disturbed on one side does not count for more than the others), and Student's t over pairs of
//! processes the interval (Kalibera and Jones, "Rigorous benchmarking in reasonable time",
//! ISMM'13, section 6: an interval of the effect size instead of a test of whether there is one).
//!
//! A difference that does not matter is no difference: below [`Comparison::SAME`] two sides are the same, if the
//! experiment is good enough to say so. Where it is not, the verdict is that one cannot tell.

use serde::{Deserialize, Serialize};

use crate::chi_squared;
use crate::statistics::{CONFIDENCE, Interval, middle};
use crate::student::{self, Share};

/// One pair of rounds: times of A and times of B, in the same unit.
pub type RoundPair = (Vec<f64>, Vec<f64>);

/// Which side of a comparison runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// What is compared with.
    A,
    /// What is compared.
    B,
}

/// What a comparison says about B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// B takes less time.
    Faster,
    /// B takes more time.
    Slower,
    /// The difference, if there is one, does not matter.
    Same,
    /// This experiment cannot tell.
    Unclear,
}

/// B over A.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The time of B over the time of A: the geometric mean of what pairs of processes say.
    pub ratio: f64,
    /// Where the ratio lies with [`CONFIDENCE`]; `None` with one pair of rounds.
    pub interval: Option<Interval>,
    /// The smallest difference from 1, either way, that an experiment as noisy as this one would call faster or
    /// slower in 80 % of its repetitions. `None` with one pair of rounds.
    pub detectable: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
    /// Whether intervals are made of the rounds of one pair of processes, so that what differs from process to
    /// process is not in them.
    pub one_process: bool,
}

impl Comparison {
    /// By default a difference of up to 1 % does not matter.
    pub const SAME: f64 = 0.01;
    /// A difference is claimed only with this confidence. Above [`CONFIDENCE`], as a false alarm costs more than a
    /// narrow interval that is wrong: of a model compared with itself at most 2 % are called different.
    pub const CLAIM: f64 = 0.98;
    /// How often a difference as large as [`Comparison::detectable`] is found.
    pub const POWER: f64 = 0.8;

    /// Compares the pairs of rounds of each pair of processes. A pair that lacks a side, or whose median is zero, is
    /// left out; so is what comes without any. `None` where nothing is left. Up to `same`, a difference does not matter.
    pub fn of(processes: &[Vec<RoundPair>], same: f64) -> Option<Comparison> {
        let ratios = processes.iter().map(|rounds| rounds.iter().filter_map(log_ratio).collect::<Vec<_>>());
        let ratios: Vec<Vec<f64>> = ratios.filter(|ratios| !ratios.is_empty()).collect();
        let (one_process, values) = match ratios.as_slice() {
            [] => return None,
            [rounds] => (true, rounds.clone()),
            processes => (false, processes.iter().map(|rounds| median(rounds)).collect()),
        };
        let log = values.iter().sum::<f64>() / values.len() as f64;
        let weight = 1.0 / values.len() as f64;
        let units: Vec<Share> = values.iter().map(|&estimate| Share { weight, estimate }).collect();
        let mut comparison = Comparison {
            ratio: log.exp(),
            interval: None,
            detectable: None,
            verdict: Verdict::Unclear,
            one_process,
        };
        if let Some(error) = student::standard_error(&units) {
            let degrees = units.len() - 1;
            let reach = |confidence: f64| student::two_sided(confidence, degrees) * error;
            let half = reach(CONFIDENCE);
            comparison.interval = Some(Interval { low: (log - half).exp(), high: (log + half).exp() });
            let seen = error * distance_to_be_seen(degrees);
            comparison.detectable = Some(seen.exp_m1().max(same));
            comparison.verdict = verdict(log, half, log.abs() > reach(Comparison::CLAIM), same);
        }
        Some(comparison)
    }
}

/// How many standard errors a difference must have to be claimed with [`Comparison::POWER`], where the standard error
/// is an estimate with so many degrees of freedom.
///
/// Student's t of a difference of δ standard errors exceeds t about as often as a normal variable exceeds
/// (t (1 − 1/4ν) − δ) / √(1 + t²/2ν) (Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.10). The
/// estimate is below the true standard error more often than above; its median makes up for that.
fn distance_to_be_seen(degrees: usize) -> f64 {
    /// The normal distribution's quantile for [`Comparison::POWER`].
    const Z: f64 = 0.841_621_233_572_914;
    let (t, nu) = (student::two_sided(Comparison::CLAIM, degrees), degrees as f64);
    let distance = t * (1.0 - 0.25 / nu) + Z * (1.0 + t * t / (2.0 * nu)).sqrt();
    distance * chi_squared::median_deviation_factor(degrees)
}

/// The median, of an even number the mean of the two in the middle: the lower one alone would favour B. 0 of none.
fn median(values: &[f64]) -> f64 {
    let reversed: Vec<f64> = values.iter().map(|value| -value).collect();
    (middle(values) - middle(&reversed)) / 2.0
}

/// The logarithm of B's median over A's.
fn log_ratio((a, b): &RoundPair) -> Option<f64> {
    let ratio = (middle(b) / middle(a)).ln();
    ratio.is_finite().then_some(ratio)
}

fn verdict(log: f64, half: f64, certain: bool, same: f64) -> Verdict {
    let matters = (log.exp() - 1.0).abs() > same;
    let within = (log - half).exp() >= 1.0 - same && (log + half).exp() <= 1.0 + same;
    match (certain && matters, within) {
        (true, _) if log < 0.0 => Verdict::Faster,
        (true, _) => Verdict::Slower,
        (false, true) => Verdict::Same,
        (false, false) => Verdict::Unclear,
    }
}

/// The order of so many pairs of rounds, drawn by lot: each two pairs in a row are ABBA or BAAB, so that neither what
/// drifts nor what the first of a pair does to the second favours a side. The same for the same seed.
pub fn schedule(pairs: usize, seed: u64) -> Vec<[Side; 2]> {
    let mut state = seed;
    let mut drawn = || {
        let ab = split_mix(&mut state) >> 63 == 0;
        if ab { [[Side::A, Side::B], [Side::B, Side::A]] } else { [[Side::B, Side::A], [Side::A, Side::B]] }
    };
    let mut order: Vec<[Side; 2]> = (0..pairs.div_ceil(2)).flat_map(|_| drawn()).collect();
    order.truncate(pairs);
    order
}

/// The next number of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(a: f64, b: f64) -> RoundPair {
        (vec![a; 3], vec![b; 3])
    }

    #[test]
    fn a_ratio_by_hand() {
        // Logarithms of the ratios of three pairs of processes: −0.2, −0.1 (of 0 and −0.2) and −0.3. Mean −0.2,
        // s = 0.1, standard error 0.1/√3 = 0.057735; t(2) is 4.30265 at 97.5 %, 6.96456 at 99 %.
        let log = |log: f64| pair(10.0, 10.0 * log.exp());
        let processes = [vec![log(-0.2)], vec![log(0.0), log(-0.2)], vec![log(-0.3)]];
        let comparison = Comparison::of(&processes, Comparison::SAME).unwrap();
        assert!((comparison.ratio.ln() + 0.2).abs() < 1e-12);
        let interval = comparison.interval.unwrap();
        assert!((interval.low.ln() + 0.2 + 0.248_414).abs() < 1e-5, "{interval:?}");
        assert!((interval.high.ln() + 0.2 - 0.248_414).abs() < 1e-5, "{interval:?}");
        let detectable = comparison.detectable.unwrap();
        // 6.96456 · 7/8 + 0.84162 · √(1 + 48.505/4) = 9.1444; two degrees' median is 2 ln 2: √(2 / 1.38629) = 1.2011.
        assert!((detectable.ln_1p() - 0.057_735 * 9.1444 * 1.2011).abs() < 1e-4, "{detectable}");
        assert_eq!((comparison.verdict, comparison.one_process), (Verdict::Unclear, false));
    }

    #[test]
    fn verdicts() {
        let of = |b: [f64; 3]| {
            let processes: Vec<_> = b.iter().map(|&b| vec![pair(100.0, b)]).collect();
            Comparison::of(&processes, Comparison::SAME).unwrap().verdict
        };
        assert_eq!(of([90.0, 90.1, 89.9]), Verdict::Faster);
        assert_eq!(of([110.0, 110.1, 109.9]), Verdict::Slower);
        assert_eq!(of([100.0, 100.1, 99.9]), Verdict::Same);
        // Certain, but it does not matter.
        assert_eq!(of([100.5, 100.51, 100.49]), Verdict::Same);
        assert_eq!(of([90.0, 100.0, 115.0]), Verdict::Unclear);
        assert_eq!(of([100.0, 100.0, 100.0]), Verdict::Same);
    }

    #[test]
    fn one_pair_of_processes_is_compared_by_its_rounds() {
        let rounds = vec![pair(10.0, 20.0), pair(10.0, 20.1), pair(10.0, 19.9)];
        let comparison = Comparison::of(&[rounds], 0.01).unwrap();
        assert!(comparison.one_process);
        assert_eq!(comparison.verdict, Verdict::Slower);
    }

    #[test]
    fn one_pair_of_rounds_tells_nothing() {
        let comparison = Comparison::of(&[vec![pair(10.0, 20.0)]], 0.01).unwrap();
        assert_eq!((comparison.interval, comparison.detectable), (None, None));
        assert_eq!(comparison.verdict, Verdict::Unclear);
        assert_eq!(Comparison::of(&[], 0.01), None);
        assert_eq!(Comparison::of(&[vec![]], 0.01), None);
        assert_eq!(Comparison::of(&[vec![pair(0.0, 1.0), (vec![], vec![1.0])]], 0.01), None);
    }

    #[test]
    fn orders_are_balanced_and_drawn() {
        let order = schedule(1000, 7);
        assert_eq!(order, schedule(1000, 7));
        assert_ne!(order, schedule(1000, 8));
        let first = order.iter().filter(|pair| pair[0] == Side::A).count();
        assert_eq!(first, 500);
        assert!(order.chunks(2).all(|two| two[0][0] == two[1][1] && two[0][1] == two[1][0]));
        let abba = order.chunks(2).filter(|two| two[0][0] == Side::A).count();
        assert!((200..300).contains(&abba), "{abba}");
        assert_eq!(schedule(3, 1).len(), 3);
        assert!(schedule(0, 1).is_empty());
    }
}
