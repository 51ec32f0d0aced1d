//! Whether a machine was too busy to be measured on, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::NoiseReport;
use crate::sentinel::Drift;

/// From where on a disturbance is worth a word.
pub mod limits {
    /// Other processes used this share of all CPUs.
    pub const OTHERS: f64 = 0.10;
    /// A hypervisor gave this share of all CPUs away.
    pub const STEAL: f64 = 0.01;
    /// The control group was throttled for this share of the time.
    pub const THROTTLED: f64 = 0.001;
    /// Somebody waited for memory for this share of the time.
    pub const MEMORY: f64 = 0.05;
    /// Somebody waited for a disk for this share of the time.
    pub const IO: f64 = 0.20;
    /// The sentinel's times lie this far apart, as a part of their median.
    pub const SENTINEL: f64 = 0.05;
    /// The fastest CPU's frequency fell by this part.
    pub const FREQUENCY: f64 = 0.10;
    /// An interval so many times as wide as its samples alone would make it is worth a word. Five processes that do
    /// not differ give 1.4 on average.
    pub const WIDENING: f64 = 2.0;
}

/// Something that disturbed a measurement. Shares are from 0 to 1, over all of its time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Other processes used this share of the CPUs.
    Others(f64),
    /// A hypervisor gave this share of the CPUs to other machines.
    Steal(f64),
    /// The control group was throttled for so many milliseconds.
    Throttled(f64),
    /// Somebody waited for memory for this share of the time.
    Memory(f64),
    /// Somebody waited for a disk for this share of the time.
    Io(f64),
    /// The sentinel's times lie this far apart, as a part of their median.
    Sentinel(f64),
    /// The fastest CPU's clock went between these frequencies in MHz.
    Frequency(f64, f64),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Cause::Others(share) => write!(f, "other processes used {} of the CPUs", Percent(share)),
            Cause::Steal(share) => write!(f, "the hypervisor gave {} of the CPUs away", Percent(share)),
            Cause::Throttled(ms) => write!(f, "the control group was throttled for {ms:.0} ms"),
            Cause::Memory(share) => write!(f, "processes waited for memory {} of the time", Percent(share)),
            Cause::Io(share) => write!(f, "processes waited for disks {} of the time", Percent(share)),
            Cause::Sentinel(spread) => write!(f, "the machine's own speed varied by {}", Percent(spread)),
            Cause::Frequency(low, high) => write!(f, "the CPUs' clock went from {low:.0} to {high:.0} MHz"),
        }
    }
}

/// `41 %`, and `1.4 %` below ten.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.0 * 100.0;
        write!(f, "{percent:.*} %", usize::from(percent < 9.95))
    }
}

/// What disturbed a measurement, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoiseVerdict {
    /// One or more.
    pub causes: Vec<Cause>,
    /// How many times as wide the interval is as its samples alone would make it, where that is worth a word.
    pub widening: Option<f64>,
}

/// One line without a full stop.
impl fmt::Display for NoiseVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.widening {
            Some(times) => {
                let times = if times > 1000.0 { "over 1000".to_owned() } else { format!("{times:.1}") };
                write!(
                    f,
                    "this machine was too busy: the interval is {times} times as wide as its samples alone would make it, and "
                )?;
            }
            None => write!(f, "this machine was not quiet: ")?,
        }
        let causes: Vec<String> = self.causes.iter().map(Cause::to_string).collect();
        match causes.split_last() {
            Some((last, rest)) if !rest.is_empty() => write!(f, "{} and {last}", rest.join(", ")),
            _ => write!(f, "{}", causes.concat()),
        }
    }
}

/// What disturbed a measurement, from the reports of its rounds, the sentinel's times in milliseconds, and how many
/// times as wide its interval is as its samples alone would make it ([`crate::Observations::widening`]). `None` where
/// nothing did.
pub fn verdict(reports: &[NoiseReport], sentinels_ms: &[f64], widening: Option<f64>) -> Option<NoiseVerdict> {
    let total_ms: f64 = reports.iter().map(|report| report.elapsed_ms).sum();
    let over = |part: fn(&NoiseReport) -> Option<f64>| average(reports, part);
    let throttled = reports.iter().filter_map(|report| report.throttling);
    let throttled_ms: f64 = throttled.map(|throttling| throttling.ms).sum();
    let spread = Drift::of(sentinels_ms).map(|drift| drift.spread);
    let causes = [
        over(|report| report.others).filter(|&share| share >= limits::OTHERS).map(Cause::Others),
        over(|report| report.steal).filter(|&share| share >= limits::STEAL).map(Cause::Steal),
        Some(throttled_ms).filter(|&ms| ms > 0.0 && ms >= limits::THROTTLED * total_ms).map(Cause::Throttled),
        over(|report| report.pressure.memory).filter(|&share| share >= limits::MEMORY).map(Cause::Memory),
        over(|report| report.pressure.io).filter(|&share| share >= limits::IO).map(Cause::Io),
        spread.filter(|&spread| spread >= limits::SENTINEL).map(Cause::Sentinel),
        frequency(reports),
    ];
    let causes: Vec<Cause> = causes.into_iter().flatten().collect();
    let widening = widening.filter(|&times| times >= limits::WIDENING);
    (!causes.is_empty()).then_some(NoiseVerdict { causes, widening })
}

/// The average of a share over the reports that tell it, by their time.
pub fn average(reports: &[NoiseReport], part: fn(&NoiseReport) -> Option<f64>) -> Option<f64> {
    let told = reports.iter().filter_map(|report| Some((part(report)?, report.elapsed_ms)));
    let (sum, time) = told.fold((0.0, 0.0), |(sum, time), (share, ms)| (sum + share * ms, time + ms));
    (time > 0.0).then(|| sum / time)
}

/// The fastest CPU is the one that works; the others' clocks fall when they idle.
fn frequency(reports: &[NoiseReport]) -> Option<Cause> {
    let fastest = || reports.iter().filter_map(|report| Some(report.frequency?.max_mhz));
    let (low, high) = (fastest().reduce(f64::min)?, fastest().reduce(f64::max)?);
    (low <= (1.0 - limits::FREQUENCY) * high).then_some(Cause::Frequency(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Frequency, Pressure, Throttling};

    fn quiet() -> NoiseReport {
        NoiseReport { elapsed_ms: 1000.0, others: Some(0.02), steal: Some(0.0), ..NoiseReport::default() }
    }

    #[test]
    fn a_quiet_machine_needs_no_word() {
        assert_eq!(verdict(&[quiet(), quiet()], &[3.0, 3.05, 3.01], Some(5.0)), None);
        assert_eq!(verdict(&[], &[], None), None);
        // What is not told is not held against it.
        assert_eq!(verdict(&[NoiseReport::default()], &[], None), None);
    }

    #[test]
    fn the_sentence_names_every_cause() {
        // 2 % in 1 s and 60.5 % in 2 s are 41 %.
        let busy = NoiseReport {
            elapsed_ms: 2000.0,
            others: Some(0.605),
            throttling: Some(Throttling { periods: 3, ms: 230.0 }),
            ..NoiseReport::default()
        };
        let verdict = verdict(&[quiet(), busy], &[3.0, 3.36, 3.0], Some(3.2)).unwrap();
        assert_eq!(
            verdict.to_string(),
            "this machine was too busy: the interval is 3.2 times as wide as its samples alone would make it, and other \
             processes used 41 % of the CPUs, the control group was throttled for 230 ms and the machine's own speed \
             varied by 12 %"
        );
    }

    #[test]
    fn a_narrow_interval_is_said_to_be_less_of_a_problem() {
        let report = NoiseReport {
            steal: Some(0.014),
            pressure: Pressure { memory: Some(0.3), ..Pressure::default() },
            ..quiet()
        };
        let verdict = verdict(&[report], &[], Some(1.3)).unwrap();
        assert_eq!(
            verdict.to_string(),
            "this machine was not quiet: the hypervisor gave 1.4 % of the CPUs away and processes waited for memory 30 % of the time"
        );
    }

    #[test]
    fn a_clock_that_slows_down_is_a_cause() {
        let at = |max_mhz| NoiseReport {
            frequency: Some(Frequency { min_mhz: 800.0, mean_mhz: 1000.0, max_mhz }),
            ..quiet()
        };
        assert_eq!(verdict(&[at(3400.0), at(3300.0)], &[], None), None);
        let verdict = verdict(&[at(3400.0), at(2100.0)], &[], None).unwrap();
        assert_eq!(verdict.causes, [Cause::Frequency(2100.0, 3400.0)]);
        assert_eq!(
            verdict.to_string(),
            "this machine was not quiet: the CPUs' clock went from 2100 to 3400 MHz"
        );
    }
}
