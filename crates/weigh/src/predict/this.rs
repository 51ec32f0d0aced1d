//! A model on this machine, by what was calibrated here.

use std::cell::RefCell;
use std::time::Duration;

use weigh_analysis::{Options, analyze, correspond};
use weigh_hardware::Machine;
use weigh_ir::{DType, Model};
use weigh_measure::WarmUpPlan;
use weigh_measure::fleet::Launcher;
use weigh_predict::calibrated::{Basis, Calibrated, EngineCalibration, RunTime};
use weigh_predict::fit::largest_batch;
use weigh_predict::roofline::{Limits, bound};
use weigh_predict::{Kernel, Kernels, Workload, resident};
use weigh_report::report;

use super::ceilings::{self, MEASURED};
use super::device::{count, intensity, main_bound, named, shares};
use super::{LARGEST_BATCH, PredictionRequest};
use crate::energy;
use crate::{Calibration, Opened, Prepared, Setting, Subject, open};

/// Predicts models on this machine.
pub struct OnThis<'a> {
    /// How worker processes are started: engines tell in one which graph they would run.
    pub launcher: &'a Launcher,
    /// What was measured here.
    pub calibration: &'a Calibration,
    /// This machine.
    pub machine: &'a Machine,
}

/// How long an engine may take to load a model.
const LOADING: Duration = Duration::from_secs(120);

/// What there is to say of a graph that no engine was asked about.
const BY_RULE: &str = "priced as the graph has it, fused by rule";

/// Nothing is run.
const UNRUN: WarmUpPlan =
    WarmUpPlan { min_runs: 0, min_time: Duration::ZERO, max_time: LOADING, max_runs: 1 };

/// A model as an engine would run it, at one batch.
pub(super) struct Ran {
    pub prepared: Prepared,
    pub kernels: Vec<Kernel>,
    pub notes: Vec<String>,
}

/// The calibration of one engine at one number of threads.
pub(super) struct Ready<'a> {
    pub engine: &'a EngineCalibration,
    pub calibrated: Calibrated,
    pub threads: usize,
    pub limits: Option<Limits>,
}

impl Ready<'_> {
    /// The ceilings of so many threads, for reports.
    pub(super) fn ceilings(&self, cpu: &str) -> Option<report::Ceilings> {
        let limits = self.limits.as_ref()?;
        Some(ceilings::described(limits, cpu, DType::F32.name(), MEASURED))
    }
}

/// The graph that the engine would run, where it is the same for all batches.
#[derive(Default)]
pub(super) struct Graph(RefCell<Option<Opened>>);

impl OnThis<'_> {
    /// What the model would take at a setting: one prediction for each batch asked for.
    ///
    /// # Errors
    /// Why there is none, fit to follow "not predicted: ".
    pub fn predict(
        &self,
        subject: &Subject<'_>,
        setting: &Setting,
        request: &PredictionRequest,
    ) -> Result<Vec<report::Prediction>, String> {
        if request.dtype.is_some_and(|dtype| dtype != DType::F32) {
            return Err("on this machine engines compute in the model's own element types".to_owned());
        }
        if request.training {
            return Err("engines here run inferences; name a device for a training step".to_owned());
        }
        let ready = self.ready(setting)?;
        let graph = Graph::default();
        let batches: Vec<Option<u64>> = match request.batches.as_slice() {
            [] => vec![None],
            given => given.iter().map(|batch| Some(*batch)).collect(),
        };
        let mut predictions = Vec::new();
        for batch in batches {
            let ran = self.ran(subject, setting, batch, &graph)?;
            predictions.push(self.prediction(&ready, &ran, subject, request)?);
        }
        self.largest(&ready, subject, setting, request, &graph, &mut predictions);
        Ok(predictions)
    }

    /// What a graph that no engine has would take: the model's own, with what every runtime fuses. For comparing graphs
    /// with each other rather than for knowing the time of one.
    ///
    /// # Errors
    /// As [`OnThis::predict`].
    pub fn by_rule(
        &self,
        opened: &Opened,
        options: &Options,
        setting: &Setting,
    ) -> Result<report::Prediction, String> {
        let ready = self.ready(setting)?;
        let facts = analyze(&opened.model, options).map_err(|error| error.to_string())?;
        let kernels = Kernels::fused(&opened.model, &facts).kernels;
        let run = ready.calibrated.run(&kernels).ok_or("nothing like its kernels was timed")?;
        let batch = crate::benchmark::batch(&facts).unwrap_or(1);
        let ms = run.us / 1e3;
        Ok(report::Prediction {
            device: "this".to_owned(),
            batch: Some(batch),
            predicted_ms: Some(ms),
            predicted_ci_ms: Some(run.ci_us.map(|us| us / 1e3)),
            basis: Some(report::PredictionBasis::Calibrated),
            throughput_per_second: Some(batch as f64 / ms * 1e3),
            notes: vec![BY_RULE.to_owned()],
            ..report::Prediction::default()
        })
    }

    /// The calibration that a setting needs.
    pub(super) fn ready(&self, setting: &Setting) -> Result<Ready<'_>, String> {
        let threads = setting.options.threads().get();
        let name = setting.engine.name();
        let engine = self.calibration.engine(name, threads).ok_or_else(|| {
            let known = self.calibration.engines.iter();
            let known: Vec<String> =
                known.map(|engine| format!("{} with {} thread(s)", engine.engine, engine.threads)).collect();
            format!("{name} with {threads} thread(s) was not calibrated here, only {}", known.join(", "))
        })?;
        let limits = Limits::of_machine(&self.calibration.ceilings, DType::F32, threads);
        Ok(Ready { engine, calibrated: Calibrated::new(engine), threads, limits })
    }

    /// The kernels that the engine would run.
    pub(super) fn ran(
        &self,
        subject: &Subject<'_>,
        setting: &Setting,
        batch: Option<u64>,
        graph: &Graph,
    ) -> Result<Ran, String> {
        let prepared = subject.prepare(&Setting { batch, ..setting.clone() }, &UNRUN)?;
        let mut notes = Vec::new();
        let is_shared = prepared.rebatched.is_empty();
        let mut sizes = subject.sizes(&prepared.facts);
        if !is_shared {
            // Those were given for the file's own batch.
            sizes.input_shapes.clear();
        }
        let mut held = graph.0.borrow_mut();
        if held.is_none() || !is_shared {
            *held = match self.optimized(&prepared) {
                Ok(opened) => Some(opened),
                Err(reason) => {
                    notes.push(format!("priced as the file has it, fused by rule: {reason}"));
                    None
                }
            };
        }
        let kernels = match held.as_ref() {
            Some(opened) => {
                let facts = analyze(&opened.model, &sizes).map_err(|error| error.to_string())?;
                let mut kernels = Kernels::of_engine(&opened.model, &facts);
                name_as_layers(&mut kernels.kernels, &opened.model, subject, &prepared);
                kernels
            }
            None => Kernels::fused(&subject.opened().model, &prepared.facts),
        };
        if !is_shared {
            *held = None;
        }
        if !kernels.unknown.is_empty() {
            notes.push(format!(
                "{} node(s) have no price, '{}' for one: the time is a lower bound",
                kernels.unknown.len(),
                kernels.unknown.first().map_or("", String::as_str)
            ));
        }
        Ok(Ran { prepared, kernels: kernels.kernels, notes })
    }

    fn optimized(&self, prepared: &Prepared) -> Result<Opened, String> {
        let mut worker = self.launcher.start().map_err(|failure| failure.to_string())?;
        let path = worker.optimized(&prepared.setup, LOADING).map_err(|failure| failure.to_string())?;
        open(&path.to_string_lossy()).map_err(|error| error.to_string())
    }

    fn prediction(
        &self,
        ready: &Ready<'_>,
        ran: &Ran,
        subject: &Subject<'_>,
        request: &PredictionRequest,
    ) -> Result<report::Prediction, String> {
        let mut notes = ran.notes.clone();
        let run = ready.calibrated.run(&ran.kernels).ok_or("nothing like its kernels was timed")?;
        let weights: f64 = ran.kernels.iter().map(|kernel| kernel.work.weight_bytes).sum();
        let facts = &ran.prepared.facts;
        let ms = run.us / 1e3;
        let flops = facts.totals.flops().as_int().map(|flops| flops as f64);
        let theoretical_ms =
            flops.zip(ready.limits.as_ref()).map(|(flops, limits)| flops / limits.flops * 1e3);
        let bounds = |limits: &Limits| {
            let each = ran.kernels.iter().zip(&run.times);
            shares(each.map(|(kernel, time)| {
                (bound(limits.attainable(&kernel.work, weights), time.start_us), time.us)
            }))
        };
        let by_bound = ready.limits.as_ref().map(bounds).unwrap_or_default();
        let average: f64 = average_us(&run);
        if average > 0.02 * run.us {
            notes.push(format!(
                "{:.0} % of it are kernels of kinds that were not timed: an average stands in",
                100.0 * average / run.us
            ));
        }
        let memory = resident::onnxruntime(&subject.opened().model, facts, &resident::Process::default());
        let memory = memory.filter(|_| ready.engine.engine == "onnxruntime").map(|found| found.peak_bytes());
        let works: Vec<&Workload> = ran.kernels.iter().map(|kernel| &kernel.work).collect();
        let energies = energy::by_operations(&works, None);
        let energies: Vec<report::EnergyEstimate> = energies
            .iter()
            .filter_map(|found| found.each_of(ran.prepared.setup.batch.max(1)))
            .map(|found| energy::described(&found, &request.energy(None, None)))
            .collect();
        Ok(report::Prediction {
            device: "this".to_owned(),
            title: Some(self.machine.cpu.clone()),
            engine: Some(format!("{} {}", ready.engine.engine, ready.engine.version)),
            threads: Some(ready.threads as u64),
            dtype: main_dtype(&ran.kernels),
            batch: Some(ran.prepared.setup.batch),
            theoretical_ms,
            roofline_ms: ready.limits.as_ref().map(|limits| {
                ran.kernels.iter().map(|kernel| limits.attainable(&kernel.work, weights).us()).sum::<f64>()
                    / 1e3
            }),
            predicted_ms: Some(ms),
            predicted_ci_ms: Some(run.ci_us.map(|us| us / 1e3)),
            basis: Some(report::PredictionBasis::Calibrated),
            throughput_per_second: Some(ran.prepared.setup.batch as f64 / ms * 1e3),
            bound: main_bound(&by_bound),
            by_bound,
            fits: memory.zip(self.machine.memory_bytes).map(|(needed, there)| needed <= there),
            memory_bytes: memory.map(count),
            energy_mj: energies.first().and_then(|first| first.joules).map(|joules| joules * 1e3),
            energy: energies,
            measured_ms: request.measured_ms,
            efficiency: theoretical_ms.zip(request.measured_ms).map(|(theory, measured)| theory / measured),
            latency_limit_ms: request.limit_ms,
            ceilings: ready.ceilings(&self.machine.cpu),
            layers: layers(&ran.kernels, &run, ready.limits.as_ref(), weights),
            notes,
            ..report::Prediction::default()
        })
    }

    /// The largest batches, where the model leaves its batch open: only then are others the same graph.
    fn largest(
        &self,
        ready: &Ready<'_>,
        subject: &Subject<'_>,
        setting: &Setting,
        request: &PredictionRequest,
        graph: &Graph,
        predictions: &mut [report::Prediction],
    ) {
        if graph.0.borrow().is_none() {
            return;
        }
        let facts = |batch: u64| {
            let setting = Setting { batch: Some(batch), ..setting.clone() };
            let prepared = subject.prepare(&setting, &UNRUN).ok()?;
            prepared.rebatched.is_empty().then_some(prepared.facts)
        };
        let memory = self.machine.memory_bytes.filter(|_| ready.engine.engine == "onnxruntime");
        let in_memory = memory.and_then(|there| {
            largest_batch(LARGEST_BATCH, &mut |batch| {
                let model = &subject.opened().model;
                let found = resident::onnxruntime(model, &facts(batch)?, &resident::Process::default())?;
                Some(found.peak_bytes() <= there)
            })
        });
        let in_time = request.limit_ms.and_then(|limit| {
            largest_batch(LARGEST_BATCH, &mut |batch| {
                let ran = self.ran(subject, setting, Some(batch), graph).ok()?;
                Some(ready.calibrated.run(&ran.kernels)?.us / 1e3 <= limit)
            })
        });
        let is_one_of_several = predictions.len() > 1;
        for prediction in predictions {
            if let (Some(limit), true) = (request.limit_ms, is_one_of_several) {
                let words = in_time.map_or_else(|| "none".to_owned(), |batch| batch.to_string());
                prediction.notes.push(format!("largest batch expected within {limit} ms: {words}"));
            }
            prediction.largest_batch_in_memory = in_memory;
            prediction.largest_batch_in_time = in_time;
        }
    }
}

/// Calls kernels by the layers of the model that they compute: by the one with the most multiply-accumulates. Kernels
/// that only lay tensors out keep the names the engine gave them.
fn name_as_layers(kernels: &mut [Kernel], ran: &Model, subject: &Subject<'_>, prepared: &Prepared) {
    if !prepared.rebatched.is_empty() {
        // The nodes of a copy at another batch have the names of the original.
        return;
    }
    let original = &subject.opened().model;
    let joined = correspond(original, ran);
    let macs = |layer: usize| prepared.facts.layers.get(layer)?.macs.as_ref()?.as_int();
    for kernel in kernels {
        let covers = kernel.nodes.first().and_then(|node| joined.covers.get(*node));
        // Of equals the first.
        let layer = covers.into_iter().flatten().copied().rev().max_by_key(|layer| macs(*layer));
        if let Some(node) = layer.and_then(|layer| original.graph.nodes.get(layer)) {
            kernel.name = node.name.to_string();
        }
    }
}

/// Microseconds in kernels of kinds that were not timed.
fn average_us(run: &RunTime) -> f64 {
    run.times.iter().filter(|time| time.basis == Basis::Average).map(|time| time.us).sum()
}

/// The type that most multiply-accumulates are computed in, of a model without any float32.
fn main_dtype(kernels: &[Kernel]) -> String {
    let most = |a: &&Kernel, b: &&Kernel| a.work.macs.total_cmp(&b.work.macs);
    let main = kernels.iter().max_by(most).and_then(|kernel| kernel.work.dtype.clone());
    main.unwrap_or_else(|| DType::F32.name().to_owned())
}

fn layers(
    kernels: &[Kernel],
    run: &RunTime,
    limits: Option<&Limits>,
    model_weights: f64,
) -> Vec<report::PredictedLayer> {
    let row = |(kernel, time): (&Kernel, &weigh_predict::calibrated::KernelTime)| {
        let attainable = limits.map(|limits| limits.attainable(&kernel.work, model_weights));
        report::PredictedLayer {
            name: kernel.name.clone(),
            op: kernel.op.clone(),
            kind: kernel.work.kind.clone(),
            predicted_ms: Some(time.us / 1e3),
            start_ms: Some(time.start_us / 1e3),
            theoretical_ms: attainable.map(|attainable| attainable.compute_us / 1e3),
            roofline_ms: attainable.map(|attainable| attainable.us() / 1e3),
            intensity: intensity(&kernel.work),
            share: Some(time.us / run.us),
            bound: attainable.map(|attainable| named(bound(attainable, time.start_us))),
            average: time.basis == Basis::Average,
        }
    };
    kernels.iter().zip(&run.times).map(row).collect()
}
