//! A model rewritten with its weights in fewer bits. Sizes are bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of a model's weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Quantization {
    /// The type that was asked for: `int8`, `int4`, `fp16`, `bf16`, `fp32`.
    pub weights: String,
    /// Whether products are computed with integers, activations quantised at run time.
    pub dynamic: bool,
    /// The file that was written; null where the change was only priced.
    pub path: Option<String>,
    /// The file of weights beside it, where one file cannot hold them.
    pub path_beside: Option<String>,
    /// Bytes of the model's files; null for a model of the zoo.
    pub file_bytes_before: Option<u64>,
    /// Bytes of the rewritten model's files, as planned before any weight was read.
    pub planned_bytes: u64,
    /// Bytes that were written; null where nothing was.
    pub file_bytes: Option<u64>,
    /// Bytes of all stored tensors.
    pub stored_bytes_before: u64,
    /// The same after it, scales included.
    pub stored_bytes: u64,
    /// Version of the standard's operators, before.
    pub operator_set_before: i64,
    /// The same after it: 4-bit types need 21.
    pub operator_set: i64,
    /// Weights, and other tensors too large to go without saying, in the order of the file.
    pub tensors: Vec<QuantizedTensor>,
    /// Batch normalisations that were folded into convolutions.
    pub folded: Vec<String>,
    /// Batch normalisations that were not, and why.
    pub not_folded: Vec<NotFolded>,
    /// The largest difference of an output on random inputs, before and after; null where it was not asked for.
    pub output_difference: Option<f64>,
    /// The same over the largest magnitude in that output.
    pub relative_output_difference: Option<f64>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// What became of one stored tensor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QuantizedTensor {
    /// The tensor.
    pub tensor: String,
    /// Its first reader: operator and name.
    pub reader: String,
    /// Its element type.
    pub from: String,
    /// Its element type after it.
    pub to: String,
    /// Its elements.
    pub elements: u64,
    /// Its bytes.
    pub bytes_before: u64,
    /// Its bytes after it, scales included.
    pub bytes: u64,
    /// Why it stays as it is; null where it does not.
    pub kept: Option<String>,
    /// Why it is not as was asked for; null where it is.
    pub note: Option<String>,
    /// The largest difference of a weight over the largest magnitude; null where none was read.
    pub max_error: Option<f64>,
    /// Root mean square of the differences over that of the weights.
    pub rms_error: Option<f64>,
    /// The same in decibels, signal over noise; null where there is no noise, or nothing was read.
    pub sqnr_db: Option<f64>,
}

/// A batch normalisation that stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NotFolded {
    /// The node.
    pub node: String,
    /// Why.
    pub reason: String,
}
