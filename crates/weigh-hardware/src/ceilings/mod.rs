//! The ceilings of this machine, measured: what arithmetic and memory can do at most, one thread and all.
//!
//! A ceiling is what can be attained, so the best of several turns counts; the middle one stands beside it and tells
//! how steady the machine was. `docs/ceilings.md` says how each figure is taken.

mod bandwidth;
mod curve;
mod kernels;
mod peaks;
mod results;
mod team;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

pub use curve::{Level, Plateau, levels, plateaus};
pub use results::{Bandwidth, Ceilings, Kind, Peak, Point};

use crate::{Machine, machine};

/// How thorough a measurement is.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How many threads "all" are. Normally [`Machine::usable_cores`].
    pub threads: NonZeroUsize,
    /// Memory that all threads' buffers may take together, in bytes.
    pub memory_bytes: u64,
    /// How long one turn lasts.
    pub window: Duration,
    /// How many turns there are of each figure; of a point of the curve about half as many.
    pub turns: usize,
}

impl Options {
    /// What suits a machine: some 20 seconds; buffers of four times the caches of the last level, but at least 1 GiB
    /// and at most 8 GiB, and never more than a quarter of the memory or half of what is free now.
    pub fn of(machine: &Machine) -> Options {
        const GIB: u64 = 1 << 30;
        let caches = machine.caches.iter().map(|cache| cache.bytes.saturating_mul(cache.count as u64));
        let wanted = caches.max().unwrap_or(0).saturating_mul(4).clamp(GIB, 8 * GIB);
        let quarter = machine.memory_bytes.unwrap_or(4 * GIB) / 4;
        let free = machine::free_memory().unwrap_or(u64::MAX) / 2;
        Options {
            threads: machine.usable_cores,
            memory_bytes: wanted.min(quarter).min(free),
            window: Duration::from_millis(30),
            turns: 5,
        }
    }
}

/// What is being measured, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Arithmetic, one thread and all.
    Arithmetic,
    /// Memory, one thread.
    MemoryOfOneThread,
    /// Memory, all threads.
    MemoryOfAllThreads,
}

impl Stage {
    /// A few words for people.
    pub fn describe(self) -> &'static str {
        match self {
            Stage::Arithmetic => "arithmetic",
            Stage::MemoryOfOneThread => "memory, one thread",
            Stage::MemoryOfAllThreads => "memory, all threads",
        }
    }
}

/// The measurement was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the measurement of this machine's ceilings was stopped")]
pub struct Stopped;

/// Measures this machine. `progress` is told of each stage and how much of the whole is done, from 0 to 1.
///
/// Other work on the machine lowers what is found; nothing of it is corrected for.
///
/// # Errors
/// [`Stopped`] soon (within seconds) after `stop` became true.
pub fn measure(
    machine: &Machine,
    options: &Options,
    progress: &mut dyn FnMut(Stage, f64),
    stop: &AtomicBool,
) -> Result<Ceilings, Stopped> {
    let mut watch = |stage, done| {
        progress(stage, done);
        if stop.load(Ordering::Relaxed) { Err(Stopped) } else { Ok(()) }
    };
    let date = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let peaks = peaks::measure(options, &mut |part| watch(Stage::Arithmetic, 0.3 * part))?;
    let mut found = Ceilings { date, fingerprint: Some(machine.fingerprint()), peaks, ..Ceilings::default() };
    let mut counts = vec![(NonZeroUsize::MIN, Stage::MemoryOfOneThread, 0.3)];
    if options.threads.get() > 1 {
        counts.push((options.threads, Stage::MemoryOfAllThreads, 0.65));
    }
    for (threads, stage, before) in counts {
        let watch = &mut |part| watch(stage, before + 0.35 * part);
        bandwidth::measure(machine, options, threads, &mut found, watch)?;
    }
    watch(Stage::MemoryOfAllThreads, 1.0)?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick() -> Options {
        Options {
            threads: NonZeroUsize::new(2).unwrap(),
            memory_bytes: 2 << 20,
            window: Duration::from_micros(20),
            turns: 1,
        }
    }

    #[test]
    fn every_figure_is_positive_and_survives_json() {
        let mut told = Vec::new();
        let machine = Machine::detect();
        let mut progress = |stage, part| told.push((stage, part));
        let found = measure(&machine, &quick(), &mut progress, &AtomicBool::new(false)).unwrap();
        assert!(told.is_sorted_by(|a, b| a.1 <= b.1), "{told:?}");
        assert_eq!(told.last().unwrap().1, 1.0);
        assert!(found.peaks.iter().all(|peak| peak.flops_per_s > 0.0 && peak.flops_per_s.is_finite()));
        assert!(found.bandwidth.iter().all(|row| row.bytes_per_s > 0.0 && row.working_set_bytes > 0));
        for threads in [1, 2] {
            assert!(found.peak("float32", threads).is_some());
            assert!(found.bandwidth("DRAM", Kind::Triad, threads).is_some(), "{:?}", found.bandwidth);
            assert!(found.curve.iter().any(|point| point.threads == threads));
        }
        assert_eq!(found.date.len(), "2026-01-01T00:00:00Z".len());
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Ceilings>(&text).unwrap(), found);
    }

    #[test]
    fn it_can_be_stopped() {
        let stop = AtomicBool::new(false);
        let mut progress = |_, part| stop.store(part > 0.1, Ordering::Relaxed);
        assert_eq!(measure(&Machine::detect(), &quick(), &mut progress, &stop), Err(Stopped));
    }
}
