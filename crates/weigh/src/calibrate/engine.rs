//! The time of an engine's kernels, from micro-models run in worker processes.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use weigh_analysis::analyze;
use weigh_engine::{Engine, EngineOptions};
use weigh_measure::fleet::Launcher;
use weigh_measure::worker::LayerTimes;
use weigh_measure::{RoundPlan, WarmUpPlan};
use weigh_predict::calibrated::{Calibrated, Check, EngineCalibration, Profiler, TimedKernel};
use weigh_predict::{Kernels, Workload};
use weigh_zoo::probes::{PROBES, Probe, Run};

use crate::{Opened, Options, Setting, Subject, open};

/// Times an engine's kernels on this machine.
pub struct EngineCalibrator<'a> {
    /// How worker processes are started.
    pub launcher: &'a Launcher,
    /// The engine.
    pub engine: &'static dyn Engine,
    /// Threads of a run.
    pub threads: NonZeroUsize,
}

/// What one micro-model told.
struct Probed {
    name: String,
    /// The median time of a run without the profiler, in microseconds.
    run_us: f64,
    /// Work and median time of each kernel, as the profiler tells it.
    kernels: Vec<(Workload, f64)>,
    /// Kernels that the profiler saw.
    count: usize,
    /// The sum of their times.
    kernels_us: f64,
}

impl Probed {
    /// How far the whole and the sum of the kernels are apart beyond what a profiler adds, as a share of the whole.
    fn contradiction(&self) -> f64 {
        let added = self.count as f64 * USUAL_PROFILER_US;
        ((self.kernels_us - added) / self.run_us).ln().abs()
    }
}

/// What a profiler adds to a kernel, roughly, in microseconds: only to see disturbances by.
const USUAL_PROFILER_US: f64 = 3.0;

/// What is taken for a disturbance.
const CONTRADICTION: f64 = 0.12;

/// How often a disturbed micro-model is run.
const TRIES: usize = 3;

/// How long a worker may take to load and warm up a micro-model, beyond what is asked of it.
const WARM_UP: WarmUpPlan = WarmUpPlan {
    min_runs: 3,
    min_time: Duration::from_millis(150),
    max_time: Duration::from_millis(600),
    max_runs: 1000,
};

const ROUND: RoundPlan = RoundPlan {
    min_time: Duration::from_millis(600),
    min_runs: 7,
    max_time: Duration::from_millis(3000),
    max_runs: 100_000,
};

/// How long the profiler watches a micro-model.
const PROFILE: Duration = Duration::from_millis(900);

impl EngineCalibrator<'_> {
    /// Runs every micro-model; `progress` is told how many are done.
    ///
    /// # Errors
    /// Why there is no calibration, fit to follow "not calibrated: ".
    pub fn run(&self, progress: &mut dyn FnMut(usize, usize)) -> Result<EngineCalibration, String> {
        let installation = self.engine.installation().map_err(|missing| missing.reason)?;
        let runs: Vec<(&Probe, Run)> =
            PROBES.iter().flat_map(|probe| probe.runs.iter().map(move |run| (probe, *run))).collect();
        let mut probed = Vec::with_capacity(runs.len());
        for (done, (probe, run)) in runs.iter().enumerate() {
            progress(done, runs.len());
            if self.launcher.is_cancelled() {
                return Err("interrupted".to_owned());
            }
            probed.push(self.undisturbed(probe, *run)?);
        }
        progress(runs.len(), runs.len());
        let profiler = profiler(&probed);
        let mut calibration = EngineCalibration {
            engine: self.engine.name().to_owned(),
            version: installation.version,
            threads: self.threads.get(),
            run_us: 0.0,
            profiler,
            kernels: Vec::new(),
            checks: Vec::new(),
        };
        let mut from = Vec::with_capacity(probed.len());
        for probe in &probed {
            let start = calibration.kernels.len();
            calibration.kernels.extend(probe.kernels.iter().map(|(work, us)| TimedKernel {
                work: work.clone(),
                us: (us - profiler.of(work)).max(LEAST_US),
            }));
            from.push(start..calibration.kernels.len());
        }
        calibration.checks = checks(&calibration, &probed, &from);
        Ok(calibration)
    }

    /// What a micro-model tells. Where the whole and the sum of its kernels contradict each other, something else used
    /// the processor meanwhile, and it is run again; of the tries the one that contradicts itself least counts.
    fn undisturbed(&self, probe: &Probe, run: Run) -> Result<Probed, String> {
        let mut best: Option<Probed> = None;
        for _ in 0..TRIES {
            let tried = self.probe(probe, run)?;
            let is_better = best.as_ref().is_none_or(|best| tried.contradiction() < best.contradiction());
            if is_better {
                best = Some(tried);
            }
            if best.as_ref().is_some_and(|best| best.contradiction() < CONTRADICTION) {
                break;
            }
        }
        best.ok_or_else(|| "no micro-model was run".to_owned())
    }

    fn probe(&self, probe: &Probe, run: Run) -> Result<Probed, String> {
        let form = if run.open { ", open" } else { "" };
        let name = format!("{} at batch {}{form}", probe.name, run.batch);
        let told = |error: &dyn std::fmt::Display| format!("{name}: {error}");
        let opened = Opened {
            path: probe.name.to_owned(),
            name: probe.name.to_owned(),
            model: probe.model(run),
            file: None,
            file_bytes: None,
        };
        let subject = Subject::new(&opened, &Options::default(), None).map_err(|error| told(&error))?;
        let setting = Setting {
            engine: self.engine,
            options: EngineOptions { threads: Some(self.threads), ..EngineOptions::default() },
            batch: u64::try_from(run.batch).ok(),
            streams: NonZeroUsize::MIN,
        };
        let prepared = subject.prepare(&setting, &WARM_UP).map_err(|error| told(&error))?;
        let mut worker = self.launcher.start().map_err(|failure| told(&failure))?;
        worker.prepare(&prepared.setup).map_err(|failure| told(&failure))?;
        let round = worker.round(&ROUND).map_err(|failure| told(&failure))?;
        let times = round.iterations.iter().map(|ns| *ns as f64 / 1e3).collect();
        let run_us = median(times).ok_or_else(|| told(&"no run was finished"))?;
        let runs = (PROFILE.as_micros() as f64 / run_us).clamp(7.0, 400.0) as usize;
        let told_by_engine = worker.profile(runs, PROFILE * 10).map_err(|failure| told(&failure))?;
        let graph =
            told_by_engine.graph.clone().ok_or_else(|| told(&"the engine does not tell its graph"))?;
        let options = Options { bindings: prepared.facts.bindings.clone(), ..Options::default() };
        let kernels = timed(&graph, &options, &told_by_engine).map_err(|error| told(&error))?;
        Ok(Probed {
            name,
            run_us,
            kernels,
            count: told_by_engine.nodes.len(),
            kernels_us: told_by_engine.nodes.iter().map(|node| node.median_ms * 1e3).sum(),
        })
    }
}

/// No kernel takes less, in microseconds: the profiler counts whole ones.
const LEAST_US: f64 = 0.3;

/// Of however many there are: a middle to fit by, with no interval claimed.
fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

/// Joins the profiler's times to the work of the graph that ran.
fn timed(graph: &Path, sizes: &Options, told: &LayerTimes) -> Result<Vec<(Workload, f64)>, String> {
    let opened = open(&graph.to_string_lossy()).map_err(|error| error.to_string())?;
    let facts = analyze(&opened.model, sizes).map_err(|error| error.to_string())?;
    let times: HashMap<&str, f64> =
        told.nodes.iter().map(|node| (node.name.as_str(), node.median_ms * 1e3)).collect();
    let kernels = Kernels::of(&opened.model, &facts).kernels.into_iter();
    Ok(kernels.filter_map(|kernel| Some((kernel.work, *times.get(kernel.name.as_str())?))).collect())
}

/// What the profiler adds to kernels that run on one thread, and to those that wake others: what makes the kernels'
/// sum the time of the whole run. The micro-model of tiny kernels tells the first. Of the second each other micro-model
/// says it as precisely as its kernels are short; the weighted median of these is taken.
fn profiler(probed: &[Probed]) -> Profiler {
    let waking =
        |probe: &Probed| probe.kernels.iter().filter(|(work, _)| work.products.is_some()).count() as f64;
    let alone = probed.iter().filter(|probe| waking(probe) == 0.0 && probe.count > 0);
    let each = alone.map(|probe| (probe.kernels_us - probe.run_us) / probe.count as f64);
    let kernel_us = each.fold(f64::INFINITY, f64::min).clamp(0.0, MOST_PROFILER_US);
    let mut added: Vec<(f64, f64)> = probed
        .iter()
        .filter(|probe| waking(probe) > 0.0 && probe.run_us > 0.0)
        .map(|probe| {
            let others = probe.count as f64 - waking(probe);
            let added = (probe.kernels_us - probe.run_us - kernel_us * others) / waking(probe);
            (added, waking(probe) / probe.run_us)
        })
        .collect();
    added.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = added.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut passed = 0.0;
    let middle = added.iter().find(|(_, weight)| {
        passed += weight;
        passed > half
    });
    let product_us = middle.map_or(kernel_us, |(added, _)| added.clamp(kernel_us, 2.0 * MOST_PROFILER_US));
    Profiler { kernel_us, product_us }
}

/// More than this no profiler adds, in microseconds: what says so was disturbed.
const MOST_PROFILER_US: f64 = 6.0;

/// Predicts every micro-model from the kernels of all others.
fn checks(calibration: &EngineCalibration, probed: &[Probed], from: &[std::ops::Range<usize>]) -> Vec<Check> {
    let check = |(probe, own): (&Probed, &std::ops::Range<usize>)| {
        let others = Calibrated::without(calibration, &|index| own.contains(&index));
        let times = probe.kernels.iter().map(|(work, _)| Some(others.time(work)?.us));
        let predicted = times.sum::<Option<f64>>()? + others.run_us();
        Some(Check {
            name: probe.name.clone(),
            kernels: probe.count,
            kernels_ms: probe.kernels_us / 1e3,
            measured_ms: probe.run_us / 1e3,
            predicted_ms: predicted / 1e3,
        })
    };
    probed.iter().zip(from).filter_map(check).collect()
}
