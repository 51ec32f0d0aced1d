//! Time that is expected, without a run. Keys name their unit; `_ms` is milliseconds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, Interval};

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
