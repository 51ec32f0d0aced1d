//! How fast the CPUs' clock ticks.

use serde::{Deserialize, Serialize};

/// The clock frequency of all CPUs at one moment, in MHz.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frequency {
    /// Of the slowest CPU; often one with nothing to do.
    pub min_mhz: f64,
    /// On average.
    pub mean_mhz: f64,
    /// Of the fastest CPU.
    pub max_mhz: f64,
}

/// From `scaling_cur_freq` of each CPU (kHz), or else from `/proc/cpuinfo` ("cpu MHz", on x86 only).
pub(super) fn now() -> Option<Frequency> {
    scaling().or_else(|| of(&from_cpuinfo(&super::read("/proc/cpuinfo")?)))
}

fn scaling() -> Option<Frequency> {
    let cpus = std::fs::read_dir("/sys/devices/system/cpu").ok()?.flatten();
    let texts =
        cpus.filter_map(|cpu| std::fs::read_to_string(cpu.path().join("cpufreq/scaling_cur_freq")).ok());
    of(&texts.filter_map(|text| from_scaling(&text)).collect::<Vec<f64>>())
}

fn from_scaling(text: &str) -> Option<f64> {
    Some(text.trim().parse::<u64>().ok()? as f64 / 1e3)
}

fn from_cpuinfo(text: &str) -> Vec<f64> {
    let values = text.lines().filter_map(|line| line.strip_prefix("cpu MHz")?.split_once(':'));
    values.filter_map(|(_, value)| value.trim().parse().ok()).collect()
}

fn of(mhz: &[f64]) -> Option<Frequency> {
    let valid = mhz.iter().all(|mhz| mhz.is_finite() && *mhz > 0.0);
    (valid && !mhz.is_empty()).then(|| Frequency {
        min_mhz: mhz.iter().copied().fold(f64::INFINITY, f64::min),
        mean_mhz: mhz.iter().sum::<f64>() / mhz.len() as f64,
        max_mhz: mhz.iter().copied().fold(0.0, f64::max),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sources_are_read() {
        assert_eq!(from_scaling("3400123\n"), Some(3400.123));
        assert_eq!(from_scaling("<unknown>\n"), None);
        let cpuinfo = "processor\t: 0\ncpu MHz\t\t: 2600.000\nprocessor\t: 1\ncpu MHz\t\t: 3000.000\n";
        assert_eq!(from_cpuinfo(cpuinfo), [2600.0, 3000.0]);
    }

    #[test]
    fn least_mean_and_most() {
        let frequency = Frequency { min_mhz: 1000.0, mean_mhz: 2000.0, max_mhz: 3000.0 };
        assert_eq!(of(&[1000.0, 2000.0, 3000.0]), Some(frequency));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[0.0, 2000.0]), None);
    }
}
