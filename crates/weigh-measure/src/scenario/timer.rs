//! Clocks that can wait.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::clock::{Clock, MonotonicClock};

/// A clock that can wait for a moment.
pub trait Timer: Clock {
    /// Returns when [`Clock::now`] is at or past that moment; at once where it already is.
    fn wait_until(&self, moment: u64);
}

/// Sleeps, and spins for the last stretch: systems wake sleepers late, and late wakers would be late answers.
impl Timer for MonotonicClock {
    fn wait_until(&self, moment: u64) {
        /// Longer than systems usually wake late. Linux alone has a slack of 50 µs, but a virtual machine whose
        /// processor went idle was seen to take up to 2.6 ms in one of a hundred cases.
        const SPIN_NS: u64 = 3_000_000;
        let left = moment.saturating_sub(self.now());
        if left > SPIN_NS {
            thread::sleep(Duration::from_nanos(left - SPIN_NS));
        }
        while self.now() < moment {
            std::hint::spin_loop();
        }
    }
}

/// A clock that moves only when told to, or waited for: time of a simulation.
#[derive(Debug, Default)]
pub struct VirtualClock {
    now: AtomicU64,
    late_ns: u64,
}

impl VirtualClock {
    /// A clock that shows zero.
    pub fn new() -> VirtualClock {
        VirtualClock::default()
    }

    /// A clock that shows zero and wakes whoever waits that many nanoseconds late.
    pub fn waking_late(late_ns: u64) -> VirtualClock {
        VirtualClock { late_ns, ..VirtualClock::default() }
    }

    /// Moves the clock on by that many nanoseconds.
    pub fn advance(&self, nanoseconds: u64) {
        self.set(self.now().saturating_add(nanoseconds));
    }

    /// Moves the clock to that moment, back too: a simulation of several streams lives at the time of one after the
    /// other.
    pub fn set(&self, moment: u64) {
        self.now.store(moment, Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }
}

impl Timer for VirtualClock {
    fn wait_until(&self, moment: u64) {
        if self.now() < moment {
            self.set(moment.saturating_add(self.late_ns));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_at_the_moment_or_after() {
        let clock = MonotonicClock::new();
        let moment = clock.now() + 1_000_000;
        clock.wait_until(moment);
        assert!(clock.now() >= moment);
        clock.wait_until(0);

        let clock = VirtualClock::waking_late(3);
        clock.wait_until(10);
        assert_eq!(clock.now(), 13);
        clock.wait_until(13);
        assert_eq!(clock.now(), 13);
    }
}
