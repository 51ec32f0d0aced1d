//! From a curve of bandwidth against size to the levels of memory.
//!
//! On a virtual machine the sizes that are reported may be those of caches shared with strangers, so a level counts only
//! where the curve shows it. The curve is cut into stretches that are each near one rate: those of the cheapest cut,
//! where a stretch costs its points' squared distances (in octaves) from its mean, and [`COST`] for being one.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Point;
use crate::Cache;

/// What a further plateau must save to be one, in octaves squared. Two plateaus of three points each that differ by a
/// third (0.4 octaves) just save so much: 3 × 3 / 6 × 0.4² = 0.24.
const COST: f64 = 0.2;
/// The fewest points of a plateau; fewer are the slope between two.
const SHORTEST: usize = 3;
/// A plateau lies below the one before it by at least this factor; what does not is the same level.
const DROP: f64 = 0.85;

/// A range of sizes over which the bandwidth is level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// Threads that ran together.
    pub threads: usize,
    /// The smallest working set of one thread, in bytes.
    pub from_bytes: u64,
    /// The largest.
    pub to_bytes: u64,
    /// The middle rate in bytes a second, of all threads together.
    pub bytes_per_s: f64,
}

/// A level of memory, and the working set that stands for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// `L1`, `L2`, `L3` or `DRAM`.
    pub level: String,
    /// Threads that run together.
    pub threads: usize,
    /// What one thread works on, in bytes.
    pub working_set_bytes: u64,
    /// Where that comes from, for people.
    pub source: String,
}

/// Where a curve is level, the smallest sizes first. Points are of one number of threads, in order of size.
pub fn plateaus(points: &[Point]) -> Vec<Plateau> {
    let octaves: Vec<f64> = points.iter().map(|point| point.bytes_per_s.max(1.0).log2()).collect();
    let rate = |range: &Range<usize>| {
        let mut rates: Vec<f64> = points[range.clone()].iter().map(|point| point.bytes_per_s).collect();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let mut levels: Vec<Range<usize>> = Vec::new();
    for mut range in stretches(&octaves) {
        // Memory does not become faster with size: what does had a disturbance before it, and is one with it.
        while let Some(before) = levels.pop_if(|before| rate(&range) > rate(before) * DROP) {
            range = before.start..range.end;
        }
        levels.push(range);
    }
    let plateau = |range: &Range<usize>| Plateau {
        threads: points[range.start].threads,
        from_bytes: points[range.start].working_set_bytes,
        to_bytes: points[range.end - 1].working_set_bytes,
        bytes_per_s: rate(range),
    };
    levels.iter().map(plateau).collect()
}

/// The cheapest cut of the values: dynamic programming over where the last stretch begins.
fn stretches(values: &[f64]) -> Vec<Range<usize>> {
    let count = values.len();
    // For each end, the least cost up to it and where the last stretch begins.
    let mut best = vec![(f64::INFINITY, 0); count + 1];
    best[0] = (0.0, 0);
    for end in 1..=count {
        for start in 0..end {
            let is_short = end - start < SHORTEST && count >= SHORTEST;
            let cost = best[start].0 + COST + spread(&values[start..end]);
            if !is_short && cost < best[end].0 {
                best[end] = (cost, start);
            }
        }
    }
    let mut ranges = Vec::new();
    let mut end = count;
    while end > 0 {
        let start = best[end].1;
        ranges.push(start..end);
        end = start;
    }
    ranges.reverse();
    ranges
}

/// The sum of squared distances from the mean.
fn spread(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

/// The geometric middle of a plateau's sizes, in bytes.
fn middle(plateau: &Plateau) -> u64 {
    plateau.from_bytes.isqrt().saturating_mul(plateau.to_bytes.isqrt())
}

/// The plateau with the most octaves beyond twice this size, where the smaller cache no longer helps much.
fn widest(plateaus: &[Plateau], size: u64) -> Option<Plateau> {
    let beyond = plateaus
        .iter()
        .map(|&plateau| Plateau { from_bytes: plateau.from_bytes.max(size.saturating_mul(2)), ..plateau });
    let octaves = |plateau: &Plateau| plateau.to_bytes as f64 / plateau.from_bytes as f64;
    beyond
        .filter(|plateau| plateau.from_bytes < plateau.to_bytes)
        .max_by(|a, b| octaves(a).total_cmp(&octaves(b)))
}

/// The levels that a curve of one number of threads shows, and a working set for each.
///
/// - A cache that is reported, but for the last shared one, stands at half its size, which the threads that share it
///   divide: nothing else pushes it out there.
/// - The last shared cache counts where the curve has a plateau between twice the private ones and the last plateau; it
///   stands in the middle of the widest such, as a slope may pass for a narrow one.
/// - DRAM stands at the largest size.
/// - Where no cache is reported, plateaus are the levels: `L1`, `L2` and so on.
pub fn levels(points: &[Point], caches: &[Cache]) -> Vec<Level> {
    let Some(largest) = points.last() else { return Vec::new() };
    let plateaus = plateaus(points);
    let level = |level: String, working_set_bytes: u64, source: &str| Level {
        level,
        threads: largest.threads,
        working_set_bytes,
        source: source.to_owned(),
    };
    let before_last = &plateaus[..plateaus.len().saturating_sub(1)];
    let mut found = Vec::new();
    let last = caches.iter().map(|cache| cache.level).max().unwrap_or(0);
    let mut private = 0;
    for cache in caches {
        let name = format!("L{}", cache.level);
        if cache.level < 3 || cache.level < last {
            private = cache.bytes;
            let half = cache.bytes / 2 / cache.shared_by.clamp(1, largest.threads.max(1)) as u64;
            if half < largest.working_set_bytes {
                found.push(level(name, half, "half the reported size"));
            }
        } else if let Some(plateau) = widest(before_last, private) {
            found.push(level(name, middle(&plateau), "the middle of a plateau of the curve"));
        }
    }
    if caches.is_empty() {
        let numbered = before_last.iter().enumerate();
        found.extend(numbered.map(|(at, plateau)| {
            level(format!("L{}", at + 1), middle(plateau), "the middle of a plateau of the curve")
        }));
    }
    found.push(level("DRAM".to_owned(), largest.working_set_bytes, "the largest working set"));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;

    /// A curve at two sizes an octave from 16 KiB to 1 GiB that falls to each rate after the size beside it, with one
    /// point half-way and a ripple of 3 %.
    fn made(steps: &[(u64, f64)], dram: f64) -> Vec<Point> {
        let sizes = (0..33).map(|i| if i % 2 == 0 { (16 * KIB) << (i / 2) } else { (24 * KIB) << (i / 2) });
        let rate = |size: u64| steps.iter().find(|step| size <= step.0).map_or(dram, |step| step.1);
        let point = |(i, size): (usize, u64)| {
            let slope = (rate(size / 4 * 3) * rate(size)).sqrt();
            let ripple = if i % 2 == 0 { 1.03 } else { 0.97 };
            Point { threads: 1, working_set_bytes: size, bytes_per_s: slope * ripple }
        };
        sizes.enumerate().map(point).collect()
    }

    fn cache(level: u8, bytes: u64) -> Cache {
        Cache { level, kind: crate::CacheKind::Unified, bytes, shared_by: 1, count: 1 }
    }

    fn three_caches() -> Vec<Point> {
        made(&[(48 * KIB, 300e9), (2 * MIB, 120e9), (32 * MIB, 40e9)], 12e9)
    }

    fn names(levels: &[Level]) -> Vec<&str> {
        levels.iter().map(|level| level.level.as_str()).collect()
    }

    #[test]
    fn plateaus_of_three_caches_and_memory() {
        let found = plateaus(&three_caches());
        let rates: Vec<f64> = found.iter().map(|plateau| (plateau.bytes_per_s / 1e9).round()).collect();
        for (rate, wanted) in rates.iter().zip([300.0, 120.0, 40.0, 12.0]) {
            assert!((rate / wanted - 1.0).abs() < 0.05, "{rates:?}");
        }
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found.windows(2).all(|pair| pair[0].to_bytes < pair[1].from_bytes));
    }

    #[test]
    fn a_level_curve_is_one_plateau() {
        let found = plateaus(&made(&[], 10e9));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].from_bytes, found[0].to_bytes), (16 * KIB, 1024 * MIB));
        assert!(plateaus(&[]).is_empty());
        assert_eq!(plateaus(&three_caches()[..2]).len(), 1);
    }

    #[test]
    fn a_dip_is_no_level() {
        // Somebody else had the machine while two points in the middle of memory's plateau were measured.
        let mut points = made(&[(48 * KIB, 300e9)], 50e9);
        for point in &mut points[20..22] {
            point.bytes_per_s *= 0.6;
        }
        assert_eq!(plateaus(&points).len(), 2, "{:?}", plateaus(&points));
    }

    #[test]
    fn a_reported_size_is_believed_only_where_the_curve_shows_it() {
        // 480 MiB are reported, 32 MiB of them are ours.
        let caches = [cache(1, 48 * KIB), cache(2, 2 * MIB), cache(3, 480 * MIB)];
        let found = levels(&three_caches(), &caches);
        assert_eq!(names(&found), ["L1", "L2", "L3", "DRAM"]);
        let sizes: Vec<u64> = found.iter().map(|level| level.working_set_bytes).collect();
        assert_eq!(sizes[..2], [24 * KIB, MIB]);
        assert!((4 * MIB..24 * MIB).contains(&sizes[2]), "{sizes:?}");
        assert_eq!(sizes[3], 1024 * MIB);
        // A shared cache that is as slow as memory is not listed.
        let found = levels(&made(&[(48 * KIB, 300e9), (2 * MIB, 120e9)], 12e9), &caches);
        assert_eq!(names(&found), ["L1", "L2", "DRAM"]);
    }

    #[test]
    fn a_slope_is_no_shared_cache() {
        // Narrow plateaus stand on both slopes: from 2 to 4 MiB and from 48 to 96 MiB.
        let steps = [(48 * KIB, 300e9), (MIB, 120e9), (4 * MIB, 70e9), (40 * MIB, 40e9), (96 * MIB, 25e9)];
        let points = made(&steps, 12e9);
        assert!(plateaus(&points).len() > 4, "{:?}", plateaus(&points));
        let found = levels(&points, &[cache(1, 48 * KIB), cache(2, 2 * MIB), cache(3, 480 * MIB)]);
        let shared = found.iter().find(|level| level.level == "L3").unwrap();
        assert!((8 * MIB..24 * MIB).contains(&shared.working_set_bytes), "{shared:?}");
    }

    #[test]
    fn threads_divide_a_cache_that_they_share() {
        // 48 KiB for two hardware threads of a core: half of it for one thread, a quarter for each of two or more.
        let cache = Cache { shared_by: 2, ..cache(1, 48 * KIB) };
        for (threads, wanted) in [(1, 24 * KIB), (2, 12 * KIB), (8, 12 * KIB)] {
            let points: Vec<Point> = three_caches().iter().map(|&point| Point { threads, ..point }).collect();
            assert_eq!(levels(&points, &[cache])[0].working_set_bytes, wanted);
        }
    }

    #[test]
    fn without_reported_sizes_plateaus_are_levels() {
        assert_eq!(names(&levels(&three_caches(), &[])), ["L1", "L2", "L3", "DRAM"]);
        assert_eq!(names(&levels(&made(&[], 10e9), &[])), ["DRAM"]);
        assert!(levels(&[], &[]).is_empty());
    }
}
