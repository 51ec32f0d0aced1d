//! Counters of energy: what each can tell, and the registry of those on this machine.

use std::path::Path;

use serde::Serialize;

use super::{Joules, battery, nvml, powercap};

/// What a counter counts. Only counters of different parts may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A processor's package: cores, caches, memory controller, integrated graphics.
    Package,
    /// The memory modules of one package, which are outside it.
    Memory,
    /// One graphics card with its memory.
    Gpu,
    /// The whole machine: everything else is part of it.
    Machine,
}

/// How a counter comes by its figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The hardware or its firmware adds up the energy.
    Counted,
    /// Power is sampled at each read and added up here by the trapezoid rule: what happens between two reads is
    /// not seen.
    SampledPower,
}

/// Why a counter cannot be read, or is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{source_name}: {reason}")]
pub struct Absent {
    /// Which source: `rapl`, `nvml`, `battery`.
    pub source_name: &'static str,
    /// What is wrong, fit to follow the name.
    pub reason: String,
    /// What the user can do about it, if anything.
    pub hint: Option<String>,
}

impl Absent {
    pub(super) fn new(source_name: &'static str, reason: impl Into<String>) -> Absent {
        Absent { source_name, reason: reason.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Absent {
        Absent { hint: Some(hint.into()), ..self }
    }
}

/// Something that counts energy.
pub trait Counter: Send {
    /// Which one, with its source first: `rapl package-0`.
    fn name(&self) -> &str;

    /// What it counts.
    fn scope(&self) -> Scope;

    /// How it comes by its figure.
    fn kind(&self) -> Kind;

    /// The smallest step of the figure as it is told; `None` where that is not known.
    fn resolution(&self) -> Option<Joules>;

    /// Seconds after which a read is due at the latest, lest the counter wrap around unseen or samples be too far
    /// apart; `None` where it does not matter.
    fn longest_wait(&self) -> Option<f64>;

    /// Energy since this counter was opened. It never decreases, but for a battery that is charged.
    ///
    /// # Errors
    /// The source has gone, or refuses.
    fn read(&mut self) -> Result<Joules, Absent>;
}

/// The counters of a machine, and the sources that have none.
#[derive(Default)]
pub struct Counters {
    /// Those that can be read.
    pub found: Vec<Box<dyn Counter>>,
    /// Sources without a counter, each with its reason.
    pub absent: Vec<Absent>,
}

impl Counters {
    fn add(&mut self, source: Result<Vec<Box<dyn Counter>>, Absent>) {
        match source {
            Ok(counters) => self.found.extend(counters),
            Err(absent) => self.absent.push(absent),
        }
    }
}

impl std::fmt::Debug for Counters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.found.iter().map(|counter| counter.name()).collect();
        f.debug_struct("Counters").field("found", &names).field("absent", &self.absent).finish()
    }
}

/// Every counter of this machine that this process may read. Takes some milliseconds: NVIDIA's library is loaded
/// where there is one.
pub fn counters() -> Counters {
    let mut counters = counters_in(Path::new("/"));
    counters.add(nvml::open());
    counters
}

/// Those counters that are files, below another root of the file system.
pub fn counters_in(root: &Path) -> Counters {
    let mut counters = Counters::default();
    counters.add(powercap::open(&root.join("sys/class/powercap")));
    counters.add(battery::open(&root.join("sys/class/power_supply")));
    counters
}

/// Adds up sampled power by the trapezoid rule.
#[derive(Debug, Default)]
pub(super) struct Integrator {
    /// The last sample: seconds since any origin, and watts.
    last: Option<(f64, f64)>,
    total: f64,
}

impl Integrator {
    /// Energy from the first sample to this one.
    pub(super) fn add(&mut self, seconds: f64, watts: f64) -> Joules {
        if let Some((before, then)) = self.last {
            self.total += (seconds - before).max(0.0) * (then + watts) / 2.0;
        }
        self.last = Some((seconds, watts));
        Joules(self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_counters_says_why() {
        let empty = tempfile::tempdir().unwrap();
        let counters = counters_in(empty.path());
        assert!(counters.found.is_empty());
        let sources: Vec<&str> = counters.absent.iter().map(|absent| absent.source_name).collect();
        assert_eq!(sources, ["rapl", "battery"]);
    }

    #[test]
    fn this_machine_answers() {
        let counters = counters();
        assert!(!counters.found.is_empty() || counters.absent.len() == 3, "{counters:?}");
    }

    #[test]
    fn sampled_power_is_added_up() {
        // 2 s rising from 10 W to 20 W are 30 J; 1 s at 20 W is 20 J more.
        let mut power = Integrator::default();
        assert_eq!(power.add(5.0, 10.0), Joules(0.0));
        assert_eq!(power.add(7.0, 20.0), Joules(30.0));
        assert_eq!(power.add(8.0, 20.0), Joules(50.0));
    }
}
