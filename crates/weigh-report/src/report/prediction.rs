//! Time that is expected, without a run. Keys name their unit; `_ms` is milliseconds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, EnergyEstimate, Fit, Interval};

/// What a model would need on a device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Prediction {
    /// Name of the device; `this` for this machine.
    pub device: String,
    /// The device for people, e.g. `NVIDIA GeForce RTX 3090`.
    pub title: Option<String>,
    /// What would run it; null for a device whose runtimes are not known.
    pub engine: Option<String>,
    /// Threads of a run; null where there are none to choose.
    pub threads: Option<u64>,
    /// Element type computed in.
    pub dtype: String,
    /// Samples per inference.
    pub batch: Option<u64>,
    /// Whether a whole training step is meant, forward and backward, and not an inference.
    pub training: bool,
    /// FLOPs / peak FLOPS of the dtype on that device: a bound, not an expectation.
    pub theoretical_ms: Option<f64>,
    /// The sum over kernels of what arithmetic or memory allow at best: a bound too, and never below `theoretical_ms`.
    pub roofline_ms: Option<f64>,
    /// Expected time.
    pub predicted_ms: Option<f64>,
    /// Interval of the expected time: meant to hold 95 % where it is calibrated; a factor of two either way, by rule, for a
    /// class of devices.
    pub predicted_ci_ms: Option<Interval>,
    /// What the expected time rests on.
    pub basis: Option<PredictionBasis>,
    /// Samples per second at that time.
    pub throughput_per_second: Option<f64>,
    /// What limits it.
    pub bound: Option<Bound>,
    /// Time by what limits the kernels it is spent in.
    pub by_bound: Vec<BoundShare>,
    /// Whether model and activations fit into the device's memory.
    pub fits: Option<bool>,
    /// Memory needed.
    pub memory_bytes: Option<Count>,
    /// The same by element type, and what would make it fit.
    pub fit: Option<Fit>,
    /// Energy of one sample in millijoules: modelled.
    pub energy_mj: Option<f64>,
    /// The estimates of energy, each with what it rests on.
    pub energy: Vec<EnergyEstimate>,
    /// A time that the user measured elsewhere.
    pub measured_ms: Option<f64>,
    /// Theoretical time / measured time, between 0 and 1, where a measurement was given.
    pub efficiency: Option<f64>,
    /// Time and throughput over batch sizes.
    pub batches: Vec<PredictedBatch>,
    /// The largest batch that fits the device's memory; null where it is not known or none does.
    pub largest_batch_in_memory: Option<u64>,
    /// The largest batch whose expected time meets the limit.
    pub largest_batch_in_time: Option<u64>,
    /// That limit.
    pub latency_limit_ms: Option<f64>,
    /// What the device can do at most in that type; null where a rate or a bandwidth is not known.
    pub ceilings: Option<Ceilings>,
    /// The same by layer.
    pub layers: Vec<PredictedLayer>,
    /// What to know about it.
    pub notes: Vec<String>,
}

/// The two lines of a roofline, and what they rest on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Ceilings {
    /// The device for people.
    pub title: String,
    /// Element type computed in.
    pub dtype: String,
    /// Operations a second at most, 2 for each multiply-accumulate.
    pub flops_per_s: f64,
    /// Bytes a second at most, by level of memory, main memory first.
    pub bandwidths: Vec<BandwidthCeiling>,
    /// `measured` on this machine, or where the rate is from.
    pub rests_on: String,
}

/// Bytes a second that a level of memory gives at most.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BandwidthCeiling {
    /// `main`, `l3`, `l2`, `l1` or `sram`.
    pub level: String,
    /// Bytes a second.
    pub bytes_per_s: f64,
}

/// What an expected time rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PredictionBasis {
    /// Kernels of that engine that were timed on this machine.
    Calibrated,
    /// The device's published ceilings, and what engines reach of such on devices of that class.
    DeviceClass,
}

/// What limits the time of a layer or model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bound {
    /// Arithmetic.
    Compute,
    /// Memory bandwidth.
    Memory,
    /// Starting the work.
    Overhead,
}

/// Time spent in kernels that one thing limits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BoundShare {
    /// What limits them.
    pub bound: Bound,
    /// How many kernels.
    pub kernels: u64,
    /// Their expected time together.
    pub ms: f64,
}

/// What is expected at one batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PredictedBatch {
    /// Samples per inference.
    pub batch: u64,
    /// Expected time of an inference.
    pub predicted_ms: Option<f64>,
    /// Its interval, of the same kind.
    pub predicted_ci_ms: Option<Interval>,
    /// Samples per second.
    pub throughput_per_second: Option<f64>,
    /// Memory needed.
    pub memory_bytes: Option<u64>,
    /// Whether that fits.
    pub fits: Option<bool>,
    /// Why there is no expectation.
    pub reason: Option<String>,
}

/// Predicted time of one layer: of one kernel of the engine, which may compute several nodes of the model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PredictedLayer {
    /// Name of the layer.
    pub name: String,
    /// Operator.
    pub op: String,
    /// What kind of kernel that is.
    pub kind: String,
    /// Expected time.
    pub predicted_ms: Option<f64>,
    /// Of that, what starting it takes.
    pub start_ms: Option<f64>,
    /// FLOPs / peak FLOPS.
    pub theoretical_ms: Option<f64>,
    /// What arithmetic or memory allow at best.
    pub roofline_ms: Option<f64>,
    /// FLOPs per byte moved.
    pub intensity: Option<f64>,
    /// Share of the whole expected time.
    pub share: Option<f64>,
    /// What limits it.
    pub bound: Option<Bound>,
    /// Whether no kernel of that kind was timed, so that an average stands in.
    pub average: bool,
}

/// From the theoretical to the measured time: what each cause adds. The parts add up to the measured time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Gap {
    /// FLOPs / peak FLOPS.
    pub theoretical_ms: Option<f64>,
    /// The median that was measured.
    pub measured_ms: Option<f64>,
    /// Theoretical / measured.
    pub efficiency: Option<f64>,
    /// What this machine can do at most; null where it was not measured.
    pub ceilings: Option<Ceilings>,
    /// The causes, in the order of a waterfall: arithmetic first, what stays unexplained last (it may be negative).
    pub parts: Vec<GapPart>,
    /// What the explanation rests on.
    pub notes: Vec<String>,
}

/// What one cause adds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GapPart {
    /// The cause: `arithmetic`, `memory`, `shapes`, `threads`, `movement`, `overhead`, `unexplained`.
    pub cause: String,
    /// In words.
    pub what: String,
    /// Milliseconds that it adds.
    pub ms: f64,
    /// Share of the measured time.
    pub share: f64,
    /// The layers that add most of it.
    pub layers: Vec<GapLayer>,
}

/// What a layer adds to a cause: what would be saved if the layer did not have it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GapLayer {
    /// Name of the layer.
    pub name: String,
    /// Operator.
    pub op: String,
    /// Milliseconds.
    pub ms: f64,
    /// Why, for this layer: `3 output channels of 16 lanes`, `each weight is used once`.
    pub why: String,
}
