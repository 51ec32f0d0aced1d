//! Whether a model fits a device's memory, and what would make it fit. Sizes are bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Memory a model needs beside what a device has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Fit {
    /// What of the device's memory a model can use; null where weights and activations lie apart.
    pub usable_bytes: Option<u64>,
    /// Flash for weights, where they lie apart.
    pub flash_bytes: Option<u64>,
    /// Memory for activations, where they lie apart.
    pub ram_bytes: Option<u64>,
    /// The need at each element type.
    pub needs: Vec<FitNeed>,
    /// What would make it fit, in the order tried; empty where it fits.
    pub remedies: Vec<FitRemedy>,
}

/// The need at one element type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FitNeed {
    /// Element type of weights and activations.
    pub dtype: String,
    /// Weights.
    pub weight_bytes: Option<u64>,
    /// Activations at their peak, and workspace.
    pub activation_bytes: Option<u64>,
    /// Whether it fits; null where a size is unknown.
    pub fits: Option<bool>,
    /// Bytes to spare, negative where they are missing; of the tighter memory where there are two.
    pub margin_bytes: Option<i64>,
}

/// One change, computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FitRemedy {
    /// The change in words: `batch 4`, `float16`, `best order`.
    pub change: String,
    /// Bytes needed after it.
    pub needed_bytes: Option<u64>,
    /// Whether it is enough.
    pub fits: Option<bool>,
}
