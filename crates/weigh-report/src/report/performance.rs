//! Time that was measured. Keys name their unit; `_ms` is milliseconds.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, DataSource, EnergyEstimate, Gap, Noise, Outliers, Scenario, WarmUp};

/// A 95 % confidence interval: lower end, upper end.
pub type Interval = [f64; 2];

/// A percentile needs this many samples before its upper confidence limit exists: `ln 0.05 / ln p`.
pub const SAMPLES_FOR: [(&str, u64); 4] = [("p90", 29), ("p95", 59), ("p99", 299), ("p99.9", 2995)];

/// One measurement of the model: one engine, one configuration of it, one set of bindings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Measurement {
    /// What ran the model.
    pub engine: Engine,
    /// How far the engine rewrote the graph: `none`, `basic`, `extended`, `all`.
    pub optimization: Option<String>,
    /// What the engine computed on, e.g. `cpu`.
    pub provider: Option<String>,
    /// Threads the engine was given.
    pub threads: Option<u32>,
    /// Inferences that ran at the same time.
    pub streams: Option<u32>,
    /// Samples per inference.
    pub batch: Option<u64>,
    /// What the other symbols were bound to.
    pub bindings: BTreeMap<String, i64>,
    /// Timed inferences; 0 where nothing could be measured, and `failed` or `notes` says why.
    pub samples: u64,
    /// Fresh processes that the samples come from.
    pub processes: Option<u32>,
    /// Rounds of samples over all processes.
    pub rounds: Option<u32>,
    /// Why there are no samples: the process crashed, was killed, hung, or the engine refused.
    pub failed: Option<String>,
    /// What was changed in the model so that it runs at this batch.
    pub rebatched: Vec<String>,
    /// Loading the model into the engine. In no latency.
    pub load_ms: Option<f64>,
    /// The first inference. In no latency.
    pub first_ms: Option<f64>,
    /// The inferences before the timed ones. In no latency.
    pub warm_up: Option<WarmUp>,
    /// Nanoseconds between two readings of the clock that differ.
    pub timer_resolution_ns: Option<f64>,
    /// Whether a steady state was reached.
    pub steady: Option<bool>,
    /// Latency by stage.
    pub stages: Stages,
    /// The latencies themselves, in the order they were measured.
    pub times: Option<Times>,
    /// Samples far from the others. They are in every number.
    pub outliers: Option<Outliers>,
    /// What else the machine did meanwhile.
    pub noise: Option<Noise>,
    /// Where inputs came from; null for synthetic ones.
    pub data: Option<DataSource>,
    /// How inferences were asked for; null where one followed another.
    pub scenario: Option<Scenario>,
    /// Samples finished / time.
    pub throughput: Option<Throughput>,
    /// FLOPs / peak FLOPS of the dtype on this device.
    pub theoretical_ms: Option<f64>,
    /// Theoretical time / measured time, between 0 and 1.
    pub efficiency: Option<f64>,
    /// From the theoretical to the measured time, where it was asked for.
    pub gap: Option<Gap>,
    /// Energy of one inference, where it could be measured.
    pub energy: Vec<EnergyEstimate>,
    /// Memory of the process.
    pub memory: ProcessMemory,
    /// Time per layer, where the engine tells.
    pub layers: Vec<LayerTime>,
    /// What to know about it: why it is missing, what disturbed it.
    pub notes: Vec<String>,
}

/// What ran a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Engine {
    /// Name, e.g. `rten`.
    pub name: String,
    /// Version.
    pub version: Option<String>,
}

/// Latency = data loading + preprocessing + inference + postprocessing; null where a stage was not run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Stages {
    /// Data loading.
    pub load: Option<StageTime>,
    /// Preprocessing.
    pub preprocess: Option<StageTime>,
    /// Inference.
    pub inference: Option<StageTime>,
    /// Postprocessing.
    pub postprocess: Option<StageTime>,
    /// All stages together.
    pub total: Option<StageTime>,
}

/// Times of one stage in milliseconds. A percentile is an order statistic; it is null where there were too few
/// samples to bound it, and `refused` says how many it needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)] // a percentile and its 95 % confidence interval are named by their keys
pub struct StageTime {
    /// Smallest.
    pub min_ms: Option<f64>,
    /// Arithmetic mean.
    pub mean_ms: Option<f64>,
    /// Standard deviation of the samples.
    pub stddev_ms: Option<f64>,
    pub p50_ms: Option<f64>,
    pub p50_ci_ms: Option<Interval>,
    pub p90_ms: Option<f64>,
    pub p90_ci_ms: Option<Interval>,
    pub p95_ms: Option<f64>,
    pub p95_ci_ms: Option<Interval>,
    pub p99_ms: Option<f64>,
    pub p99_ci_ms: Option<Interval>,
    pub p999_ms: Option<f64>,
    pub p999_ci_ms: Option<Interval>,
    /// The samples that each refused percentile needs, e.g. 299 at `p99`.
    pub refused: BTreeMap<String, u64>,
}

/// Latencies of single inferences, all stages together, in milliseconds. All that were timed, or where those are many
/// every so many-th of each round: figures are always made of all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Times {
    /// By process, then by round, in the order of the inferences.
    pub total_ms: Vec<Vec<Vec<f64>>>,
    /// 1 where every time is there, else how many each of them stands for.
    pub every: u64,
}

/// Samples finished / time. At batch b: b / time per batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Throughput {
    /// Units per second.
    pub per_second: Option<f64>,
    /// Its 95 % confidence interval.
    pub ci: Option<Interval>,
    /// What is counted: samples, images, frames, tokens, queries.
    pub unit: String,
}

/// Resident memory of the measuring process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProcessMemory {
    /// The most it ever was.
    pub peak_rss_bytes: Option<u64>,
    /// What loading and running the model added.
    pub model_rss_bytes: Option<u64>,
}

/// Measured time of one layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LayerTime {
    /// Name of the layer, as the engine calls it.
    pub name: String,
    /// Operator, as the engine calls it.
    pub op: String,
    /// Mean time per inference.
    pub mean_ms: Option<f64>,
    /// Time of this layer / time of all layers, between 0 and 1.
    pub share: Option<f64>,
    /// Names of the model's layers that it stands for: several where the engine fused them.
    pub layers: Vec<String>,
    /// Multiply-accumulates of these layers.
    pub macs: Option<Count>,
    /// Bytes that these layers read and write.
    pub bytes_moved: Option<Count>,
    /// 2 × MACs / time, in 10⁹ a second.
    pub gflops_per_s: Option<f64>,
    /// Bytes moved / time, in 10⁹ bytes a second.
    pub gbytes_per_s: Option<f64>,
    /// Whether the engine put it in: a change of layout or type that the model does not have.
    pub added: bool,
}
