//! Pressure stall information: for how long somebody had to wait for CPUs, memory or disks.
//!
//! The format is that of the kernel's documentation, "PSI - Pressure Stall Information": a line `some` with averages
//! in percent and a total in microseconds, for the machine in `/proc/pressure`, for a control group in `*.pressure`.

use serde::{Deserialize, Serialize};

/// For which share of the time at least one task waited, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pressure {
    /// For a CPU. Threads of this process that wait for one another's CPU count too.
    pub cpu: Option<f64>,
    /// For memory.
    pub memory: Option<f64>,
    /// For a disk.
    pub io: Option<f64>,
}

/// Microseconds in which at least one task waited, since the machine or the group started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    cpu: Option<u64>,
    memory: Option<u64>,
    io: Option<u64>,
}

impl Totals {
    /// Reads the text that `read` gives for "cpu", "memory" and "io".
    pub(super) fn read(read: impl Fn(&str) -> Option<String>) -> Totals {
        let total = |resource| read(resource).and_then(|text| parse(&text));
        Totals { cpu: total("cpu"), memory: total("memory"), io: total("io") }
    }

    /// The shares of so many milliseconds since then.
    pub(super) fn since(&self, before: &Totals, elapsed_ms: f64) -> Pressure {
        let share = |before: Option<u64>, after: Option<u64>| {
            let waited = after?.checked_sub(before?)?;
            // Both clocks are read at slightly different moments.
            (elapsed_ms > 0.0).then(|| (waited as f64 / 1e3 / elapsed_ms).min(1.0))
        };
        Pressure {
            cpu: share(before.cpu, self.cpu),
            memory: share(before.memory, self.memory),
            io: share(before.io, self.io),
        }
    }
}

fn parse(text: &str) -> Option<u64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split_whitespace().find_map(|field| field.strip_prefix("total="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_some_is_read() {
        let text = "some avg10=1.53 avg60=0.87 avg300=0.22 total=234567\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=99\n";
        assert_eq!(parse(text), Some(234_567));
        assert_eq!(parse("full avg10=0.00 total=99\n"), None);
        assert_eq!(parse("some avg10=0.00\n"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn shares_of_the_time_that_passed() {
        let totals = |cpu, io| Totals { cpu: Some(cpu), memory: None, io: Some(io) };
        // 30 ms of 200 ms; nothing; and a counter that went backwards tells nothing.
        let pressure = totals(50_000, 7).since(&totals(20_000, 7), 200.0);
        assert_eq!(pressure, Pressure { cpu: Some(0.15), memory: None, io: Some(0.0) });
        assert_eq!(totals(1, 0).since(&totals(2, 0), 200.0).cpu, None);
        assert_eq!(totals(3, 0).since(&totals(2, 0), 0.0).cpu, None);
    }
}
