//! Whether a percentile of a simulated line keeps a limit, with the confidence that the simulation allows.

use super::queue::{Simulation, Station};

/// What a simulation says of a percentile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Whether it keeps the limit.
    pub finding: Finding,
    /// The percentile in milliseconds; infinite where the line grows without end.
    pub ms: f64,
    /// Its interval of 99.9 %.
    pub ci_ms: [f64; 2],
    /// Items that it rests on.
    pub items: usize,
}

/// Whether a limit is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Surely.
    Met,
    /// Surely not.
    Missed,
    /// The simulation cannot tell.
    Unclear,
}

/// Items of a simulation, at first and at most.
const FIRST: usize = 1 << 17;
const MOST: usize = 1 << 24;
/// Those of them whose times are kept, for the percentile itself: a bound on memory.
const KEPT: usize = 1 << 21;
/// Consecutive parts that an interval is made of: items beside each other wait alike, long parts do not.
const BLOCKS: usize = 32;
/// What blocks are put together from.
const CHUNK: usize = 1 << 9;
/// Student's t with 31 degrees of freedom, 99.9 % two-sided: several looks are taken.
const STUDENT: f64 = 3.633;
/// What is left out at the start, when the line is shorter than it will be: one part in so many.
const WARM_UP: usize = 4;
const SEED: u64 = 1;

/// Simulates until it can be told whether the share of items over the limit is more than `1 − quantile`, or for
/// sixteen million items.
///
/// The interval of the share is one of batch means (Law and Kelton, *Simulation Modeling and Analysis*): consecutive
/// blocks are nearly independent if each lasts far longer than the line remembers. An M/M/c queue forgets in about
/// 1 / (μc(1 − √ρ)²) (Morse, *Queues, Inventories and Maintenance*, 1958), ρ / (1 − √ρ)² arrivals; it gets 50 such times
/// at least, and a hundred times of service.
pub fn judge(station: &Station, quantile: f64, limit_ms: f64) -> Judged {
    let utilisation = station.utilisation();
    if utilisation >= 1.0 {
        let ms = f64::INFINITY;
        return Judged { finding: Finding::Missed, ms, ci_ms: [ms; 2], items: 0 };
    }
    let allowed = 1.0 - quantile;
    let memory = utilisation / (1.0 - utilisation.sqrt()).powi(2) * station.batch as f64;
    let services = 100.0 * station.channels as f64 * station.batch as f64;
    // A tail needs items in it.
    let least = (50.0 * memory).max(services).max(200.0 / allowed);
    let mut items = (least.min(MOST as f64) as usize).max(FIRST).next_multiple_of(CHUNK * BLOCKS);
    // Equal to the limit up to rounding is within it.
    let mut line = Line::new(station.simulate(SEED), limit_ms / 1e3 * (1.0 + 1e-9));
    loop {
        line.go_on(items);
        let (over, half) = spread(&line.over);
        let finding = match () {
            () if over + half <= allowed => Finding::Met,
            () if over - half > allowed => Finding::Missed,
            () => Finding::Unclear,
        };
        if finding != Finding::Unclear || items >= MOST {
            return line.judged(finding, quantile);
        }
        items = (items * 2).min(MOST);
    }
}

/// A simulation that is gone on with, and what is kept of it.
struct Line {
    simulation: Simulation,
    limit_s: f64,
    /// How long items were there, the first of them.
    times: Vec<f64>,
    /// How many of each chunk were there for longer than the limit.
    over: Vec<u32>,
}

impl Line {
    fn new(simulation: Simulation, limit_s: f64) -> Line {
        Line { simulation, limit_s, times: Vec::new(), over: Vec::new() }
    }

    /// Until there are so many items.
    fn go_on(&mut self, items: usize) {
        while self.over.len() * CHUNK < items {
            let mut over = 0;
            for time in self.simulation.by_ref().take(CHUNK) {
                over += u32::from(time > self.limit_s);
                if self.times.len() < KEPT {
                    self.times.push(time);
                }
            }
            self.over.push(over);
        }
    }

    /// The percentile, and as its interval all limits of which it could not be told whether they are kept.
    fn judged(&self, finding: Finding, quantile: f64) -> Judged {
        let settled = self.times.get(self.times.len() / WARM_UP..).unwrap_or_default();
        let mut sorted = settled.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let index = (quantile * sorted.len() as f64).ceil().max(1.0) as usize - 1;
        let at = |index: usize| sorted.get(index.min(sorted.len() - 1)).copied().unwrap_or_default();
        let over = |limit: f64| {
            let count = |chunk: &[f64]| chunk.iter().filter(|time| **time > limit).count() as u32;
            spread(&self.times.chunks_exact(CHUNK).map(count).collect::<Vec<_>>())
        };
        let allowed = 1.0 - quantile;
        let is_kept = |index: usize| {
            let (over, half) = over(at(index));
            over + half <= allowed
        };
        let is_missed = |index: usize| {
            let (over, half) = over(at(index));
            over - half > allowed
        };
        let high = first(index, sorted.len() - 1, is_kept);
        let low = first(0, index, |index| !is_missed(index));
        Judged {
            finding,
            ms: at(index) * 1e3,
            ci_ms: [at(low) * 1e3, at(high) * 1e3],
            items: self.over.len() * CHUNK,
        }
    }
}

/// The first of `low..=high` that holds, where all after one that holds do; `high` where none does.
fn first(mut low: usize, mut high: usize, holds: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = low + (high - low) / 2;
        match holds(middle) {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    high
}

/// The share over a limit after the warm-up, and half its interval, from the counts of chunks.
fn spread(over: &[u32]) -> (f64, f64) {
    let settled = over.get(over.len() / WARM_UP..).unwrap_or_default();
    let length = (settled.len() / BLOCKS).max(1);
    let share = |block: &[u32]| block.iter().sum::<u32>() as f64 / (block.len() * CHUNK) as f64;
    let shares: Vec<f64> = settled.chunks_exact(length).take(BLOCKS).map(share).collect();
    let count = shares.len().max(1) as f64;
    let mean = shares.iter().sum::<f64>() / count;
    let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    (mean, STUDENT * (variance / count).sqrt())
}

/// The smallest of `least..=most` that holds, where all above one that holds do; `None` where none does. Looks near
/// `guess` first.
pub(super) fn smallest(least: u64, most: u64, guess: u64, mut holds: impl FnMut(u64) -> bool) -> Option<u64> {
    // `low` does not hold, or is one below the least; `high` holds.
    let mut low = least.checked_sub(1)?;
    let mut high = guess.clamp(least, most);
    let mut step = 1;
    while !holds(high) {
        if high >= most {
            return None;
        }
        low = high;
        high = high.saturating_add(step).min(most);
        step *= 2;
    }
    step = 1;
    while high - low > 1 {
        // Downwards in growing steps while nothing below is known to fail, then by halves.
        let middle = if low < least { high.saturating_sub(step).max(least) } else { low + (high - low) / 2 };
        step *= 2;
        match holds(middle) {
            true => high = middle,
            false => low = middle,
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_is_found_from_any_guess() {
        for answer in [1, 2, 7, 63, 100] {
            for guess in [1, 6, 7, 8, 50, 1000] {
                let mut asked = 0;
                let found = smallest(1, 100, guess, |n| {
                    asked += 1;
                    n >= answer
                });
                assert_eq!(found, Some(answer), "from {guess}");
                assert!(asked < 20);
            }
        }
        assert_eq!(smallest(5, 100, 1, |_| true), Some(5));
        assert_eq!(smallest(5, 100, 9, |_| false), None);
    }

    #[test]
    fn limits_far_away_are_told_from_few_items() {
        let station = Station { rate: 0.5, channels: 1, batch: 1, delay_s: 0.0, mean_s: 1.0, variation: 0.0 };
        let at = |limit_ms| judge(&station, 0.99, limit_ms);
        assert_eq!(at(60_000.0).finding, Finding::Met);
        assert_eq!(at(999.0).finding, Finding::Missed);
        let found = at(60_000.0);
        assert!(found.ci_ms[0] <= found.ms && found.ms <= found.ci_ms[1] && found.items == FIRST);
        // M/D/1 at 0.5: Erlang's sum (see the tests of `queue`) is 0.99 at a wait of 3.336 times of service.
        assert!((found.ms / 4336.0 - 1.0).abs() < 0.03, "{found:?}");
        assert_eq!(judge(&Station { rate: 1.0, ..station }, 0.99, 1e9).finding, Finding::Missed);
    }
}
