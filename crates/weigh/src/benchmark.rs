//! Running a model on this machine: synthetic inputs of the right type and shape, an engine, honest timing.

use std::num::NonZeroUsize;
use std::time::Duration;

use weigh_analysis::{Analysis, Options, Port, index_limits};
use weigh_engine::synthetic::{DEFAULT_LIMIT_BYTES, Fill, InputSpec, synthesize};
use weigh_engine::{Engine, EngineOptions, ModelSource};
use weigh_formats::onnx::{Weights, WriteOptions};
use weigh_hardware::Machine;
use weigh_measure::{Distribution, MeasureOptions, Plan, Progress, Quantile};
use weigh_report::report;

use crate::Opened;

/// The same inputs and weights in every run.
const SEED: u64 = 0x0077_6569_6768;

/// How to measure.
#[derive(Clone, Copy)]
pub struct BenchmarkRequest {
    /// On which engine.
    pub engine: &'static dyn Engine,
    /// With how many threads; `None` for one on each physical core that this process may use.
    pub threads: Option<NonZeroUsize>,
    /// For how long at least.
    pub min_time: Duration,
}

/// This machine, as reports describe it.
pub fn machine(machine: &Machine) -> report::Environment {
    let usable = |engine: &&dyn Engine| Some((engine.name().to_owned(), engine.installation().ok()?.version));
    let engines = weigh_engine::engines().iter().filter_map(usable);
    let small = |count: usize| u32::try_from(count).ok();
    report::Environment {
        cpu: Some(machine.cpu.clone()),
        cores: small(machine.usable_cores.get()),
        physical_cores: machine.physical_cores.and_then(small),
        memory_bytes: machine.memory_bytes,
        os: Some(machine.os.clone()),
        arch: Some(machine.arch.to_owned()),
        engines: engines.collect(),
        notes: Vec::new(),
    }
}

/// Measures a model. What cannot be measured is a measurement without samples whose note says why.
pub fn benchmark(
    opened: &Opened,
    facts: &Analysis,
    options: &Options,
    request: &BenchmarkRequest,
    progress: &mut dyn FnMut(Progress),
) -> report::Measurement {
    let threads = request.threads.unwrap_or_else(|| Machine::detect().compute_threads());
    let batch = batch(facts);
    match run(opened, facts, options, request, threads, batch, progress) {
        Ok(measurement) => measured(&measurement, facts),
        Err(reason) => report::Measurement {
            engine: report::Engine {
                name: request.engine.name().to_owned(),
                version: request.engine.installation().ok().map(|found| found.version),
            },
            threads: u32::try_from(threads.get()).ok(),
            batch,
            notes: vec![reason],
            ..report::Measurement::default()
        },
    }
}

fn run(
    opened: &Opened,
    facts: &Analysis,
    options: &Options,
    request: &BenchmarkRequest,
    threads: NonZeroUsize,
    batch: Option<u64>,
    progress: &mut dyn FnMut(Progress),
) -> Result<weigh_measure::Measurement, String> {
    if !options.input_values.is_empty() {
        // A run with made-up elements would take another branch than the one weighed.
        return Err("not run: engines are given made-up inputs, not those of --value".to_owned());
    }
    let limits = index_limits(&opened.model, options).map_err(|error| error.to_string())?;
    let specs = facts.inputs.iter().map(|port| {
        let limit = limits.get(&port.name).copied();
        spec(port, limit)
    });
    let specs: Vec<InputSpec> = specs.collect::<Result<_, _>>()?;
    let inputs = synthesize(&specs, SEED, DEFAULT_LIMIT_BYTES).map_err(|error| error.to_string())?;
    let source = match &opened.file {
        Some(file) => ModelSource::File(file.clone()),
        None => {
            let weights = WriteOptions { weights: Weights::Random { seed: SEED } };
            ModelSource::Bytes(
                weigh_formats::onnx::write(&opened.model, &weights).map_err(|error| error.to_string())?,
            )
        }
    };
    let options = MeasureOptions {
        engine: EngineOptions { threads: Some(threads), ..EngineOptions::default() },
        plan: Plan { min_time: request.min_time, ..Plan::default() },
        batch: batch.unwrap_or(1),
    };
    weigh_measure::measure(request.engine, &source, &inputs, &options, progress)
        .map_err(|error| error.to_string())
}

/// The number of samples in one inference: the leading extent of the first input that has axes.
fn batch(facts: &Analysis) -> Option<u64> {
    if let Some(batch) = facts.bindings.iter().find(|(symbol, _)| symbol.as_str().contains("batch")) {
        return u64::try_from(*batch.1).ok();
    }
    let leading =
        facts.inputs.iter().filter_map(|port| port.shape.as_ref()?.dims().first()?.as_int()).next()?;
    u64::try_from(leading).ok()
}

/// What to feed an input: indices below the size of the table they select from, masks of ones, and otherwise
/// whatever suits the type.
fn spec(port: &Port, limit: Option<i64>) -> Result<InputSpec, String> {
    let name = &port.name;
    let dtype = port.dtype.ok_or_else(|| format!("the element type of input '{name}' is not known"))?;
    let shape = port.shape.as_ref().ok_or_else(|| format!("the shape of input '{name}' is not known"))?;
    let extent = |dim: &weigh_ir::Expr| {
        let plain = dim.as_int().and_then(|dim| usize::try_from(dim).ok());
        plain.ok_or_else(|| {
            let mut symbols = Vec::new();
            dim.for_each_symbol(&mut |symbol| symbols.push(symbol.to_string()));
            symbols.dedup();
            let bind: Vec<String> = symbols.iter().map(|symbol| format!("--dim {symbol}=N")).collect();
            format!("{} unbound: bind with {}", list(&symbols), bind.join(" "))
        })
    };
    let fill = match limit {
        Some(rows) => Fill::Below(rows),
        None if dtype.is_integer() && name.to_ascii_lowercase().contains("mask") => Fill::One,
        None => Fill::default_for(dtype),
    };
    let shape = shape.dims().iter().map(extent).collect::<Result<_, _>>()?;
    Ok(InputSpec { name: name.clone(), dtype, shape, fill })
}

fn list(symbols: &[String]) -> String {
    match symbols {
        [one] => format!("{one} is"),
        many => format!("{} are", many.join(", ")),
    }
}

/// A measurement at its place in the document.
fn measured(measurement: &weigh_measure::Measurement, facts: &Analysis) -> report::Measurement {
    let throughput = measurement.throughput();
    let inference = stage(&measurement.latency_ms);
    report::Measurement {
        engine: report::Engine {
            name: measurement.engine.to_string(),
            version: Some(measurement.engine_version.clone()),
        },
        threads: u32::try_from(measurement.threads).ok(),
        batch: Some(measurement.batch),
        bindings: facts.bindings.iter().map(|(symbol, value)| (symbol.to_string(), *value)).collect(),
        samples: measurement.latency_ms.count() as u64,
        load_ms: Some(measurement.load_ms),
        first_ms: Some(measurement.first_ms),
        steady: Some(measurement.steady),
        stages: report::Stages {
            inference: Some(inference.clone()),
            total: Some(inference),
            ..report::Stages::default()
        },
        throughput: Some(report::Throughput {
            per_second: Some(throughput.per_second),
            ci: throughput.interval.map(|interval| [interval.low, interval.high]),
            unit: "samples".to_owned(),
        }),
        memory: report::ProcessMemory {
            peak_rss_bytes: measurement.memory.map(|memory| memory.peak_bytes),
            model_rss_bytes: measurement.memory.map(|memory| memory.model_bytes()),
        },
        notes: measurement.notes.iter().map(ToString::to_string).collect(),
        ..report::Measurement::default()
    }
}

fn stage(times: &Distribution) -> report::StageTime {
    let at = |quantile: Quantile| {
        let percentile = times.percentile(quantile);
        let interval = percentile.interval().map(|interval| [interval.low, interval.high]);
        (percentile.value(), interval)
    };
    let (p50, p90, p95) = (at(Quantile::P50), at(Quantile::P90), at(Quantile::P95));
    let (p99, p999) = (at(Quantile::P99), at(Quantile::P999));
    report::StageTime {
        min_ms: Some(times.min()),
        mean_ms: Some(times.mean()),
        stddev_ms: times.stddev(),
        p50_ms: p50.0,
        p50_ci_ms: p50.1,
        p90_ms: p90.0,
        p90_ci_ms: p90.1,
        p95_ms: p95.0,
        p95_ci_ms: p95.1,
        p99_ms: p99.0,
        p99_ci_ms: p99.1,
        p999_ms: p999.0,
        p999_ci_ms: p999.1,
        ..report::StageTime::default()
    }
}
