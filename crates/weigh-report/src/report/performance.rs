//! Time: what was measured and what was predicted. Keys name their unit; `_ms` is milliseconds.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Count;

/// A 95 % confidence interval: lower end, upper end.
pub type Interval = [f64; 2];

/// A percentile needs this many samples before its upper confidence limit exists: `ln 0.05 / ln p`.
pub const SAMPLES_FOR: [(&str, u64); 4] = [("p90", 29), ("p95", 59), ("p99", 299), ("p99.9", 2995)];

/// One measurement of the model: one engine, one set of bindings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Measurement {
    /// What ran the model.
    pub engine: Engine,
    /// Threads the engine was given.
    pub threads: Option<u32>,
    /// Samples per inference.
    pub batch: Option<u64>,
    /// What the other symbols were bound to.
    pub bindings: BTreeMap<String, i64>,
    /// Timed inferences; 0 where nothing could be measured, and `notes` says why.
    pub samples: u64,
    /// Loading the model into the engine. In no latency.
    pub load_ms: Option<f64>,
    /// The first inference. In no latency.
    pub first_ms: Option<f64>,
    /// Whether a steady state was reached.
    pub steady: Option<bool>,
    /// Latency by stage.
    pub stages: Stages,
    /// Samples finished / time.
    pub throughput: Option<Throughput>,
    /// FLOPs / peak FLOPS of the dtype on this device.
    pub theoretical_ms: Option<f64>,
    /// Theoretical time / measured time, between 0 and 1.
    pub efficiency: Option<f64>,
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
/// samples to bound it.
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
}

/// Samples finished / time. At batch b: b / time per batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Throughput {
    /// Units per second.
    pub per_second: Option<f64>,
    /// Its 95 % confidence interval.
    pub ci: Option<Interval>,
    /// What is counted: samples, images, tokens, queries.
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LayerTime {
    /// Name of the layer.
    pub name: String,
    /// Operator, as the engine calls it.
    pub op: String,
    /// Mean time per inference.
    pub mean_ms: Option<f64>,
}

/// What a model would need on a device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Prediction {
    /// Name of the device.
    pub device: String,
    /// Element type computed in.
    pub dtype: String,
    /// Samples per inference.
    pub batch: Option<u64>,
    /// FLOPs / peak FLOPS of the dtype on that device.
    pub theoretical_ms: Option<f64>,
    /// Expected time.
    pub predicted_ms: Option<f64>,
    /// Interval of the expected time.
    pub predicted_ci_ms: Option<Interval>,
    /// What limits it.
    pub bound: Option<Bound>,
    /// Whether model and activations fit into the device's memory.
    pub fits: Option<bool>,
    /// Memory needed.
    pub memory_bytes: Option<Count>,
    /// Energy per inference in millijoules.
    pub energy_mj: Option<f64>,
    /// Theoretical time / measured time, between 0 and 1, where a measurement was given.
    pub efficiency: Option<f64>,
    /// The same by layer.
    pub layers: Vec<PredictedLayer>,
    /// What the prediction rests on.
    pub notes: Vec<String>,
}

/// What limits the time of a layer or model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// Arithmetic.
    Compute,
    /// Memory bandwidth.
    Memory,
    /// Starting the work.
    Overhead,
}

/// Predicted time of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PredictedLayer {
    /// Name of the layer.
    pub name: String,
    /// Operator.
    pub op: String,
    /// Expected time.
    pub predicted_ms: Option<f64>,
    /// What limits it.
    pub bound: Option<Bound>,
}
