//! What else went on while something was measured.
//!
//! A figure from a busy machine is not wrong, but it is about the neighbours too. [`Noise::begin`] reads the counters
//! of the operating system, [`Watch::end`] reads them again, and the difference is a [`NoiseReport`]. A file reads one
//! source each; what a system does not tell is `None`, never 0. All sources are Linux's (proc(5), cgroups(7)).

mod cgroup;
mod cpu;
mod frequency;
mod pressure;
mod process;
mod verdict;

use std::time::Instant;

use serde::{Deserialize, Serialize};

pub use cgroup::Throttling;
pub use frequency::Frequency;
pub use pressure::Pressure;
pub use verdict::{Cause, NoiseVerdict, average, limits, verdict};

/// What went on in a stretch of time. Shares are from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NoiseReport {
    /// How long the stretch was, in milliseconds.
    pub elapsed_ms: f64,
    /// The share of all CPUs' time that this process used.
    pub own: Option<f64>,
    /// The share of all CPUs' time that other processes used, and the system for them.
    pub others: Option<f64>,
    /// The share of all CPUs' time that a hypervisor gave to another machine.
    pub steal: Option<f64>,
    /// The share of all CPUs' time that was idle while something waited for a disk.
    pub io_wait: Option<f64>,
    /// How often and how long the control group stopped this process for having used up its share of the CPUs.
    pub throttling: Option<Throttling>,
    /// For which share of the time somebody on this machine waited for CPUs, memory or disks.
    pub pressure: Pressure,
    /// The same within this process's control group.
    pub group_pressure: Pressure,
    /// How often a thread of this process waited of its own accord. Threads that have ended are not in it.
    pub voluntary_switches: Option<u64>,
    /// How often a thread of this process was made to wait for another.
    pub involuntary_switches: Option<u64>,
    /// Pages of memory given to this process without reading a disk.
    pub minor_faults: Option<u64>,
    /// Pages of memory that had to be read from a disk.
    pub major_faults: Option<u64>,
    /// The CPUs' clock frequency at the end.
    pub frequency: Option<Frequency>,
    /// How many processes ran or waited to, on average over the last minute.
    pub load_average: Option<f64>,
}

/// Where watching begins.
#[derive(Clone, Copy, Debug)]
pub struct Noise;

impl Noise {
    /// Reads the counters for the first time.
    pub fn begin() -> Watch {
        Watch { start: Instant::now(), counters: Counters::read() }
    }
}

/// The counters at the beginning.
#[derive(Debug)]
pub struct Watch {
    start: Instant,
    counters: Counters,
}

impl Watch {
    /// Reads the counters again, and says what changed.
    pub fn end(self) -> NoiseReport {
        let elapsed_ms = self.start.elapsed().as_secs_f64() * 1e3;
        let load_average = read("/proc/loadavg").and_then(|text| load_average(&text));
        NoiseReport {
            frequency: frequency::now(),
            load_average,
            ..difference(&self.counters, &Counters::read(), elapsed_ms)
        }
    }
}

/// Everything that counts up.
#[derive(Clone, Debug, Default)]
struct Counters {
    cpu: Option<cpu::CpuTime>,
    process: Option<process::ProcessTime>,
    switches: Option<process::Switches>,
    throttling: Option<Throttling>,
    pressure: pressure::Totals,
    group_pressure: pressure::Totals,
}

impl Counters {
    fn read() -> Counters {
        let group = cgroup::of_this_process();
        Counters {
            cpu: read("/proc/stat").and_then(|text| cpu::parse(&text)),
            process: read("/proc/self/stat").and_then(|text| process::parse_stat(&text)),
            switches: process::switches(),
            throttling: group.throttling(),
            pressure: pressure::Totals::read(|resource| read(&format!("/proc/pressure/{resource}"))),
            group_pressure: pressure::Totals::read(|resource| group.read(&format!("{resource}.pressure"))),
        }
    }
}

fn difference(before: &Counters, after: &Counters, elapsed_ms: f64) -> NoiseReport {
    let cpu = before.cpu.zip(after.cpu).and_then(|(before, after)| after.since(&before));
    let process = before.process.zip(after.process).and_then(|(before, after)| after.since(&before));
    let switches = before.switches.zip(after.switches).and_then(|(before, after)| after.since(&before));
    let throttling = before.throttling.zip(after.throttling);
    let share = |part: fn(&cpu::CpuTime) -> u64| cpu.and_then(|cpu| cpu.share(part(&cpu)));
    let own = process.and_then(|process| cpu?.share(process.ticks));
    NoiseReport {
        elapsed_ms,
        own,
        others: share(cpu::CpuTime::busy).zip(own).map(|(busy, own)| (busy - own).max(0.0)),
        steal: share(|cpu| cpu.steal),
        io_wait: share(|cpu| cpu.io_wait),
        throttling: throttling.and_then(|(before, after)| after.since(&before)),
        pressure: after.pressure.since(&before.pressure, elapsed_ms),
        group_pressure: after.group_pressure.since(&before.group_pressure, elapsed_ms),
        voluntary_switches: switches.map(|switches| switches.voluntary),
        involuntary_switches: switches.map(|switches| switches.involuntary),
        minor_faults: process.map(|process| process.minor_faults),
        major_faults: process.map(|process| process.major_faults),
        ..NoiseReport::default()
    }
}

/// The text of a file of the system; `None` where there is none.
fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// The first figure of `/proc/loadavg`: over one minute.
fn load_average(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok().filter(|load: &f64| load.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_average_is_the_first_figure() {
        assert_eq!(load_average("1.52 0.80 0.44 2/345 6789\n"), Some(1.52));
        assert_eq!(load_average(""), None);
        assert_eq!(load_average("NaN 0 0"), None);
    }

    #[test]
    fn shares_are_of_all_the_time_that_passed() {
        // 1000 ticks in all: 300 idle, 100 waiting for a disk, 50 stolen, 550 busy, of which 200 are this process's.
        let cpu = |scale| {
            cpu::parse(&format!(
                "cpu  {0} 0 0 {1} {2} 0 0 {3} 0 0\n",
                550 * scale,
                300 * scale,
                100 * scale,
                50 * scale
            ))
        };
        let process = |ticks| Some(process::ProcessTime { ticks, minor_faults: 10 + ticks, major_faults: 0 });
        let before = Counters { cpu: cpu(1), process: process(0), ..Counters::default() };
        let after = Counters { cpu: cpu(2), process: process(200), ..Counters::default() };
        let report = difference(&before, &after, 5000.0);
        assert_eq!((report.own, report.steal, report.io_wait), (Some(0.2), Some(0.05), Some(0.1)));
        assert!((report.others.unwrap() - 0.35).abs() < 1e-12);
        assert_eq!((report.minor_faults, report.major_faults), (Some(200), Some(0)));
        assert_eq!((report.voluntary_switches, report.throttling), (None, None));
    }

    #[test]
    fn what_is_not_told_is_none() {
        let report = difference(&Counters::default(), &Counters::default(), 10.0);
        assert_eq!(report, NoiseReport { elapsed_ms: 10.0, ..NoiseReport::default() });
        assert_eq!((report.others, report.pressure.cpu), (None, None));
    }

    #[test]
    fn a_report_survives_json() {
        let report = NoiseReport { others: Some(0.25), elapsed_ms: 1.5, ..NoiseReport::default() };
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<NoiseReport>(&json).unwrap(), report);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_can_be_watched() {
        let report = Noise::begin().end();
        assert!(report.elapsed_ms >= 0.0 && report.minor_faults.is_some());
        assert!([report.own, report.others, report.steal].into_iter().flatten().all(f64::is_finite));
    }
}
