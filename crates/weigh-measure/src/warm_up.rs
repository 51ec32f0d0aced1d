//! When warm-up is over: nothing in the last part of it changes any more.
//!
//! Settling is not promised to happen, and not promised to be a slow fall either: times step, cycle, or drift for ever
//! (Barrett, Bolz-Tereick, Killick, Mount and Tratt, "Virtual machine warmup blows hot and cold", arXiv:1602.00602).
//! So no shape is assumed. The second half of the runs so far is searched for a change point by ranks, which no outlier
//! can sway (Pettitt, "A non-parametric approach to the change-point problem", Applied Statistics 28, 1979). A change
//! counts if it is significant *and* large enough to matter. While there is one, warm-up goes on; the next look is
//! taken when there are a quarter more runs, so that all looks together cost time in proportion to the runs.
//!
//! What goes up and down in cycles much shorter than the part looked at is as steady as it will ever be, and samples
//! will hold all of it. A trend too slow to show within warm-up shows between rounds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::note::Note;
use crate::statistics::middle;

/// Chance takes this part of steady series for changing, at one look.
const SIGNIFICANCE: f64 = 0.01;
/// The medians of both sides of a change differ by more than this part of the earlier one.
const CHANGE: f64 = 0.02;
/// Of fewer values no change is ever significant, so the medians of their halves are compared.
const FEWEST: usize = 16;
/// Two medians of so few values closer than this part of the earlier one count as the same.
const TOLERANCE: f64 = 0.05;
/// More values than this are first put together in blocks of equal length. It makes a look cheap, and takes away
/// most of what neighbours have in common.
const BLOCKS: usize = 64;

/// How long to warm up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmUpPlan {
    /// Runs at least.
    pub min_runs: usize,
    /// Time at least.
    pub min_time: Duration,
    /// No run starts after this time, settled or not.
    pub max_time: Duration,
    /// Runs at most: a bound on memory.
    pub max_runs: usize,
}

/// How warm-up ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settling {
    /// Nothing in its second half changes.
    Settled,
    /// Times still changed when its time was up.
    NoSteadyState,
    /// Its time was up before the least number of runs.
    CutShort,
}

/// The runs that were thrown away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WarmUp {
    /// How many.
    pub runs: usize,
    /// How long they took together, in milliseconds.
    pub time_ms: f64,
    /// How it ended.
    pub settling: Settling,
}

impl WarmUp {
    /// What to know about it, where `floor` was the least number of runs.
    pub fn note(&self, floor: usize) -> Option<Note> {
        match self.settling {
            Settling::Settled => None,
            Settling::NoSteadyState => Some(Note::StillSettling),
            Settling::CutShort => Some(Note::WarmUpCutShort { runs: self.runs, floor }),
        }
    }
}

/// Where a series changes, and by how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// The index of the first value of the new kind, to within a 64th of the series.
    pub at: usize,
    /// The median from there on over the median before, minus 1.
    pub change: f64,
}

/// Whether the second half of these times has settled.
pub fn settled(times: &[f64]) -> bool {
    let last = times.get(times.len() / 2..).unwrap_or_default();
    if last.len() < FEWEST {
        let (before, after) = last.split_at(last.len() / 2);
        return !before.is_empty() && change(before, after).abs() <= TOLERANCE;
    }
    change_point(last).is_none()
}

/// The likeliest change point of a series, where it is significant and matters.
pub fn change_point(times: &[f64]) -> Option<ChangePoint> {
    let length = times.len().div_ceil(BLOCKS).max(1);
    let blocks: Vec<f64> = times.chunks(length).map(middle).collect();
    let (split, strength) = pettitt(&blocks)?;
    let n = blocks.len() as f64;
    let by_chance = 2.0 * (-6.0 * strength * strength / (n * n * n + n * n)).exp();
    let (before, after) = times.split_at_checked(split * length)?;
    let change = change(before, after);
    (by_chance < SIGNIFICANCE && change.abs() > CHANGE).then_some(ChangePoint { at: before.len(), change })
}

/// How many values stand before the likeliest change, and Pettitt's statistic for it: the largest |U_k|, where
/// U_k = 2 (r_1 + ... + r_k) − k (n + 1) of the ranks r. `None` of fewer than two values.
fn pettitt(values: &[f64]) -> Option<(usize, f64)> {
    let n = values.len();
    let sums = ranks(values).into_iter().scan(0.0, |sum, rank| {
        *sum += 2.0 * rank - (n + 1) as f64;
        Some(f64::abs(*sum))
    });
    // After the last value U is zero.
    (1..n).zip(sums).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The rank of each value, from 1; equal values share the middle of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = below as f64 + (equal.len() + 1) as f64 / 2.0;
        equal.iter().for_each(|&index| ranks[index] = rank);
        below += equal.len();
    }
    ranks
}

/// The median of `after` over that of `before`, minus 1; 0 where `before` took no time.
pub(crate) fn change(before: &[f64], after: &[f64]) -> f64 {
    let before = middle(before);
    if before > 0.0 { middle(after) / before - 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 9.0]), [2.5, 1.0, 2.5, 4.0]);
        assert_eq!(ranks(&[3.0; 4]), [2.5; 4]);
        assert_eq!(ranks(&[]), [0.0; 0]);
    }

    #[test]
    fn pettitts_statistic_by_hand() {
        // Ranks 4 3 1 2 of four: U = 2·4 − 5 = 3, then 3 + 6 − 5 = 4, then 4 + 2 − 5 = 1.
        assert_eq!(pettitt(&[8.0, 7.0, 5.0, 6.0]), Some((2, 4.0)));
        assert_eq!(pettitt(&[1.0]), None);
        assert_eq!(pettitt(&[]), None);
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        let times = [[12.0; 30], [10.0; 30]].concat();
        let found = change_point(&times).unwrap();
        assert_eq!(found.at, 30);
        assert!((found.change + 1.0 / 6.0).abs() < 1e-12);
        // To within a block of 10 of 640.
        let times = [vec![12.0; 203], vec![10.0; 437]].concat();
        assert!(change_point(&times).unwrap().at.abs_diff(203) <= 10);
    }

    #[test]
    fn a_change_that_does_not_matter_is_none() {
        let times = [[10.1; 30], [10.0; 30]].concat();
        assert_eq!(change_point(&times), None);
    }

    #[test]
    fn few_runs_are_compared_by_halves() {
        assert!(!settled(&[]) && !settled(&[1.0]) && !settled(&[1.0, 1.0]));
        assert!(settled(&[9.0, 9.0, 5.0, 5.1]));
        assert!(!settled(&[9.0, 9.0, 5.0, 5.5]));
    }
}
