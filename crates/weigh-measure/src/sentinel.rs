//! A piece of work that never changes, timed before each round: when its time changes, the machine did.

use std::hint::black_box;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::sampling::milliseconds;
use crate::statistics::middle;

/// Steps of the arithmetic: about a millisecond.
const STEPS: u32 = 700_000;
/// Words of memory swept: a MiB, more than a core's first caches hold.
const WORDS: usize = 1 << 17;
/// Words from one that is touched to the next: a line of the cache.
const STRIDE: usize = 8;
/// So often the work is done each time; the middle counts, so that one interruption does not.
const PASSES: usize = 3;

/// The work and the memory it sweeps.
#[derive(Clone, Debug)]
pub struct Sentinel {
    memory: Vec<u64>,
}

impl Default for Sentinel {
    fn default() -> Sentinel {
        Sentinel::new()
    }
}

impl Sentinel {
    /// Makes the memory ready.
    pub fn new() -> Sentinel {
        Sentinel { memory: (0..WORDS as u64).collect() }
    }

    /// How long the work takes, in milliseconds: the middle of three passes, which are some 4 ms together.
    pub fn time(&mut self, clock: &(impl Clock + ?Sized)) -> f64 {
        let passes = [(); PASSES].map(|()| {
            let start = clock.now();
            black_box(self.work());
            milliseconds(clock.now().saturating_sub(start))
        });
        middle(&passes)
    }

    /// One chain of multiplications and additions and one of shifts, each step waiting for the one before, and a
    /// sweep through memory.
    fn work(&mut self) -> u64 {
        let (mut number, mut bits) = (black_box(1.0f64), black_box(0x9e37_79b9_7f4a_7c15_u64));
        for _ in 0..STEPS {
            number = number * 0.999_999 + 1e-6;
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
        }
        for word in black_box(&mut self.memory).iter_mut().step_by(STRIDE) {
            *word = word.wrapping_add(bits);
            bits = bits.rotate_left(1) ^ *word;
        }
        bits ^ number.to_bits()
    }
}

/// How the sentinel's times differ over a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Their median in milliseconds.
    pub median_ms: f64,
    /// The difference of the longest and the shortest, as a part of the median.
    pub spread: f64,
    /// The median of the second half over that of the first, minus 1.
    pub trend: f64,
}

impl Drift {
    /// Of these times in milliseconds, in order; `None` of fewer than two, or where they took no time.
    pub fn of(times_ms: &[f64]) -> Option<Drift> {
        let median_ms = middle(times_ms);
        let longest = times_ms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shortest = times_ms.iter().copied().fold(f64::INFINITY, f64::min);
        let (first, second) = times_ms.split_at(times_ms.len() / 2);
        let trend = crate::warm_up::change(first, second);
        let told = times_ms.len() > 1 && median_ms > 0.0;
        told.then(|| Drift { median_ms, spread: (longest - shortest) / median_ms, trend })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Moves on by the next of these steps with each reading.
    struct Script(Cell<usize>, &'static [u64]);

    impl Clock for Script {
        fn now(&self) -> u64 {
            let reading = self.0.replace(self.0.get() + 1);
            self.1.iter().take(reading).sum::<u64>()
        }
    }

    #[test]
    fn one_interruption_does_not_count() {
        // Passes of 1, 50 and 2 ms, each followed by a pause of 1 ms.
        let ms = 1_000_000;
        let clock = Script(Cell::new(0), Box::leak(Box::new([ms, ms, 50 * ms, ms, 2 * ms, ms])));
        assert_eq!(Sentinel::new().time(&clock), 2.0);
    }

    #[test]
    fn the_work_is_done_and_never_the_same_twice() {
        let mut sentinel = Sentinel::new();
        assert_ne!(sentinel.work(), sentinel.work());
    }

    #[test]
    fn drift_by_hand() {
        // Median 3.1 (the lower middle of 3.0 3.1 3.2 3.3), spread 0.3 / 3.1, halves 3.0 and 3.2.
        let drift = Drift::of(&[3.0, 3.1, 3.2, 3.3]).unwrap();
        assert_eq!(drift.median_ms, 3.1);
        assert!((drift.spread - 0.3 / 3.1).abs() < 1e-12 && (drift.trend - 0.2 / 3.0).abs() < 1e-12);
        assert_eq!(Drift::of(&[3.0]), None);
        assert_eq!(Drift::of(&[]), None);
        assert_eq!(Drift::of(&[0.0, 0.0]), None);
    }
}
