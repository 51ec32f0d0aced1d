//! How long an engine's kernels take on this machine, learned from kernels that were timed.
//!
//! A kernel's time is a sum of what its kind is known to pay for (starting, arithmetic, reading, weights, writing),
//! with coefficients fitted to timed kernels of that kind, and then what kernels of about that shape took beside their
//! sum. Every kind tells how far it is off for kernels that it has not seen: each timed kernel is predicted from the
//! others.

mod fit;
mod least_squares;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::kernel::{Kernel, Workload};
use fit::Fit;

/// A kernel that was timed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimedKernel {
    /// What it computed.
    pub work: Workload,
    /// How long it took, in microseconds: the median, without what timing adds.
    pub us: f64,
}

/// Kernels of one engine at one number of threads, timed on one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EngineCalibration {
    /// The engine's name.
    pub engine: String,
    /// The engine's version.
    pub version: String,
    /// Threads of a run.
    pub threads: usize,
    /// Microseconds of a run that are no kernel's: entering and leaving the engine.
    pub run_us: f64,
    /// What the engine's profiler adds; taken off the kernels below.
    pub profiler: Profiler,
    /// The kernels.
    pub kernels: Vec<TimedKernel>,
    /// Whole micro-models: what they took, and what is predicted for each from the kernels of all others, in
    /// milliseconds.
    pub checks: Vec<Check>,
}

/// Microseconds that an engine's profiler adds to a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profiler {
    /// To one without products.
    pub kernel_us: f64,
    /// To one with products, which wakes other threads.
    pub product_us: f64,
}

impl Profiler {
    /// To this kernel.
    pub fn of(&self, work: &Workload) -> f64 {
        if work.products.is_some() { self.product_us } else { self.kernel_us }
    }
}

/// A micro-model that was timed as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Its name and batch.
    pub name: String,
    /// How many kernels the profiler saw.
    pub kernels: usize,
    /// The sum of their times as the profiler tells them.
    pub kernels_ms: f64,
    /// The median time of a run.
    pub measured_ms: f64,
    /// What is predicted without its own kernels.
    pub predicted_ms: f64,
}

/// What a time rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Kernels of that kind were timed.
    Timed,
    /// No kernel of that kind was: it is taken for the average kernel of as many operations and bytes.
    Average,
}

/// The expected time of a kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelTime {
    /// Microseconds.
    pub us: f64,
    /// Of that, what starting it takes.
    pub start_us: f64,
    /// Standard deviation of the error's logarithm.
    pub spread: f64,
    /// What it rests on.
    pub basis: Basis,
}

/// A calibration made ready to predict.
#[derive(Clone, Debug)]
pub struct Calibrated {
    kinds: BTreeMap<String, Fit>,
    /// Of all kinds with products, and of all without.
    averages: [Option<Fit>; 2],
    run_us: f64,
    /// How far whole models are off that nothing was fitted to: the standard deviation of the error's logarithm.
    whole: f64,
}

impl Calibrated {
    /// Fits every kind.
    pub fn new(calibration: &EngineCalibration) -> Calibrated {
        Calibrated::without(calibration, &|_| false)
    }

    /// Fits every kind to the kernels that are not left out, by index.
    pub fn without(calibration: &EngineCalibration, left_out: &dyn Fn(usize) -> bool) -> Calibrated {
        let kept = calibration.kernels.iter().enumerate().filter(|(index, _)| !left_out(*index));
        let kept: Vec<&TimedKernel> = kept.map(|(_, kernel)| kernel).collect();
        let mut by_kind: BTreeMap<&str, Vec<&TimedKernel>> = BTreeMap::new();
        for kernel in &kept {
            by_kind.entry(&kernel.work.kind).or_default().push(kernel);
        }
        let average = |products: bool| {
            let all = kept.iter().filter(|kernel| kernel.work.products.is_some() == products);
            Fit::new(&all.copied().collect::<Vec<_>>())
        };
        Calibrated {
            kinds: by_kind
                .into_iter()
                .filter_map(|(kind, kernels)| Some((kind.to_owned(), Fit::new(&kernels)?)))
                .collect(),
            averages: [average(false), average(true)],
            run_us: calibration.run_us,
            whole: whole(&calibration.checks),
        }
    }

    /// What one kernel takes; `None` where nothing like it was timed.
    pub fn time(&self, work: &Workload) -> Option<KernelTime> {
        let kind = self.kinds.get(&work.kind).map(|fit| (fit, Basis::Timed));
        let average =
            || Some((self.averages[usize::from(work.products.is_some())].as_ref()?, Basis::Average));
        let (fit, basis) = kind.or_else(average)?;
        let (us, start_us, spread) = fit.time(work);
        Some(KernelTime { us, start_us, spread, basis })
    }

    /// Microseconds of a run beside its kernels.
    pub fn run_us(&self) -> f64 {
        self.run_us
    }

    /// What a run of these kernels takes; `None` where one of them is like nothing that was timed.
    pub fn run(&self, kernels: &[Kernel]) -> Option<RunTime> {
        let kernels: Vec<(&Kernel, KernelTime)> =
            kernels.iter().map(|kernel| Some((kernel, self.time(&kernel.work)?))).collect::<Option<_>>()?;
        let us = self.run_us + kernels.iter().map(|(_, time)| time.us).sum::<f64>();
        let mut by_kind: BTreeMap<(&str, Basis), f64> = BTreeMap::new();
        for (kernel, time) in &kernels {
            // Errors of one kind go the same way; those of different kinds go their own.
            *by_kind.entry((&kernel.work.kind, time.basis)).or_default() += time.us * time.spread;
        }
        let kinds = by_kind.values().map(|spread| (SHARED * spread / us).powi(2)).sum::<f64>();
        let spread = (kinds + self.whole * self.whole).sqrt();
        let times = kernels.into_iter().map(|(_, time)| time).collect();
        Some(RunTime { us, ci_us: [us * (-Z * spread).exp(), us * (Z * spread).exp()], times })
    }
}

/// How far micro-models are off that were predicted from the others, in the middle: what a whole model's error is beyond
/// that of its kernels.
fn whole(checks: &[Check]) -> f64 {
    let good = checks.iter().filter(|check| check.measured_ms > 0.0 && check.predicted_ms > 0.0);
    let mut errors: Vec<f64> =
        good.map(|check| (check.predicted_ms / check.measured_ms).ln().abs()).collect();
    errors.sort_by(f64::total_cmp);
    let middle = errors.get(errors.len() / 2).copied().unwrap_or_default();
    (MEDIAN_DEVIATION * middle).max(MACHINE)
}

/// The expected time of a whole run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunTime {
    /// Microseconds.
    pub us: f64,
    /// Its interval at 95 %.
    pub ci_us: [f64; 2],
    /// Each kernel's, in order.
    pub times: Vec<KernelTime>,
}

/// How much of the error of single kernels the kernels of a kind share.
const SHARED: f64 = 0.5;
/// How far a machine is at least from itself at another time of day, as a standard deviation of logarithms.
const MACHINE: f64 = 0.07;
/// From the median of absolute deviations of a normal distribution to its standard deviation.
const MEDIAN_DEVIATION: f64 = 1.4826;
/// The normal distribution's quantile for 95 %.
const Z: f64 = 1.96;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(predicted_ms: f64) -> Check {
        Check { name: String::new(), kernels: 1, kernels_ms: 1.0, measured_ms: 1.0, predicted_ms }
    }

    /// |ln| of 0.9, 1.2 and 1.5: 0.105, 0.182, 0.405; the middle one times 1.4826 is 0.270. One that is off for a
    /// reason of its own does not matter, and without any the machine's own wandering is left.
    #[test]
    fn whole_models_tell_how_far_off_they_are() {
        let found = whole(&[check(0.9), check(1.5), check(1.2)]);
        assert!((found - 0.270).abs() < 1e-3, "{found}");
        assert_eq!(whole(&[]), MACHINE);
    }
}
