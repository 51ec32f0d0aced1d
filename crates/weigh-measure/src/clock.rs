//! Where time comes from.

use std::cell::Cell;
use std::time::Instant;

/// A clock that never goes backwards.
pub trait Clock {
    /// Nanoseconds since a moment of the clock's own choice.
    fn now(&self) -> u64;
}

/// The operating system's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    origin: Instant,
}

impl MonotonicClock {
    /// A clock that starts at zero now.
    pub fn new() -> MonotonicClock {
        MonotonicClock { origin: Instant::now() }
    }
}

impl Default for MonotonicClock {
    fn default() -> MonotonicClock {
        MonotonicClock::new()
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> u64 {
        // 2^64 ns are 584 years.
        self.origin.elapsed().as_nanos() as u64
    }
}

/// A clock that moves only when told to, for tests.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: Cell<u64>,
}

impl ManualClock {
    /// A clock that shows zero.
    pub fn new() -> ManualClock {
        ManualClock::default()
    }

    /// Moves the clock on by that many nanoseconds.
    pub fn advance(&self, nanoseconds: u64) {
        self.now.set(self.now.get() + nanoseconds);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> u64 {
        self.now.get()
    }
}

/// The clock's resolution in nanoseconds: the smallest step seen between two readings in a row, which includes the
/// cost of a reading. 0 where it was never seen to move.
pub fn resolution(clock: &dyn Clock) -> u64 {
    /// Enough to see the smallest step on every clock tried, and done within a millisecond.
    const READINGS: usize = 10_000;
    let mut last = clock.now();
    let steps = (0..READINGS).map(|_| {
        let now = clock.now();
        now.saturating_sub(std::mem::replace(&mut last, now))
    });
    steps.filter(|&step| step > 0).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moves on by 0, 7, 0, 7, ... with each reading.
    struct Stepping(Cell<u64>);

    impl Clock for Stepping {
        fn now(&self) -> u64 {
            let reading = self.0.get();
            self.0.set(reading + 1);
            reading / 2 * 7
        }
    }

    #[test]
    fn resolution_is_the_smallest_step() {
        assert_eq!(resolution(&Stepping(Cell::new(0))), 7);
        assert_eq!(resolution(&ManualClock::new()), 0);
    }

    #[test]
    fn the_real_clock_does_not_go_back() {
        let clock = MonotonicClock::new();
        let readings: Vec<u64> = (0..1000).map(|_| clock.now()).collect();
        assert!(readings.is_sorted());
        // Any clock worth timing with resolves a millisecond.
        assert!(resolution(&clock) < 1_000_000);
    }
}
