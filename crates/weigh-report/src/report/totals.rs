//! The model as a whole: totals, how they scale, and how much of the model they cover.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, Formula};

/// Totals over the model. Null means unknown or not applicable (a file of weights has no MACs), never zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Totals {
    /// Whether the totals miss something.
    pub complete: Complete,
    /// Elements of learned tensors, each storage counted once however many nodes read it.
    pub parameters: Option<Count>,
    /// Elements of stored tensors that are state but not learned (batch-norm running mean and variance).
    pub buffers: Option<Count>,
    /// Bytes of the parameters as stored.
    pub parameter_bytes: Option<Count>,
    /// Bytes of the parameters as stored, per dtype.
    pub parameter_bytes_by_dtype: BTreeMap<String, Count>,
    /// Bytes of shape, axis, index, scale and zero-point tensors.
    pub constant_bytes: Option<Count>,
    /// Bytes of the stored tensors, as they are and at other precisions.
    pub model_size: ModelSize,
    /// Multiply-accumulates of the matrix-like operators.
    pub macs: Option<Count>,
    /// 2 × MACs.
    pub flops: Option<Count>,
    /// Operations of everything else that touches numbers, never mixed into FLOPs.
    pub other_ops: Option<Count>,
    /// Bytes of inputs and parameters read and of outputs written, summed over operators.
    pub bytes_moved: Option<Count>,
    /// FLOPs / bytes moved, in FLOP per byte.
    pub arithmetic_intensity: Option<f64>,
    /// Memory of all model inputs and all tensors that nodes produce.
    pub activations: Option<Activations>,
    /// Bytes of the weights at run time: of the stored tensors, or of the parameters, buffers and constants where
    /// nodes generate them.
    pub weight_bytes: Option<Count>,
    /// The largest scratch memory of an operator in bytes, by a model of a usual implementation.
    pub workspace_bytes: Option<Count>,
    /// What is in it (`im2col`, `scores`).
    pub workspace_for: Option<String>,
    /// Name of the node that needs it.
    pub workspace_at: Option<String>,
    /// What a device needs: the weights, and activations and workspace in the step where these are most.
    pub device_bytes: Option<Count>,
    /// Name of the node at whose step that is.
    pub device_bytes_at: Option<String>,
}

/// Whether totals cover every node. A total that does not is a lower bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Complete {
    /// MACs, FLOPs and other operations of every node are known.
    pub compute: bool,
    /// The size of every tensor is known: activations and bytes moved miss nothing.
    pub memory: bool,
    /// The workspace of every node is known as well.
    pub workspace: bool,
}

/// The model's stored tensors in bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ModelSize {
    /// Sum over stored tensors of elements × bit width, per dtype, sub-byte and block-quantised types exact.
    pub stored_bytes: Option<Count>,
    /// Size on disk.
    pub file_bytes: Option<u64>,
    /// The parameters at 32 bits each.
    pub fp32_bytes: Option<Count>,
    /// The parameters at 16 bits each.
    pub fp16_bytes: Option<Count>,
    /// The parameters at 8 bits each.
    pub int8_bytes: Option<Count>,
    /// The parameters at 4 bits each, two per byte.
    pub int4_bytes: Option<Count>,
}

/// An amount of activations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Extent {
    /// Elements.
    pub elements: Count,
    /// Bytes at the stored dtypes.
    pub bytes: Count,
}

/// Memory of activations: all model inputs and all tensors that nodes produce.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Activations {
    /// All of them together.
    pub total: Option<Extent>,
    /// The largest sum, over execution steps, of the activations alive in that step.
    pub peak: Option<Extent>,
    /// Name of the node at whose step the peak is reached.
    pub peak_at: Option<String>,
    /// The total where an operator that can write over its input adds no tensor when it is that input's last reader.
    pub in_place_total: Option<Extent>,
    /// The peak under the same rule.
    pub in_place_peak: Option<Extent>,
    /// The smallest peak over the execution orders tried.
    pub best_order_peak: Option<Extent>,
    /// Name of the order that reaches it: `file`; `exact`, found by a search; `greedy`, the best of several tried.
    pub best_order: Option<String>,
    /// Whether no order has a smaller peak; otherwise that is not known.
    pub best_order_is_optimal: bool,
    /// Largest single step: no order has a smaller peak.
    pub lower_bound: Option<Extent>,
    /// Bytes of a planned arena with offsets; never below the peak.
    pub arena_bytes: Option<Count>,
}

/// How totals depend on the symbols of the model: formulas over the symbols before any is bound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Scaling {
    /// The symbols that occur; each can be bound.
    pub symbols: Vec<String>,
    /// MACs.
    pub macs: Option<Formula>,
    /// FLOPs.
    pub flops: Option<Formula>,
    /// Other operations.
    pub other_ops: Option<Formula>,
    /// Bytes moved.
    pub bytes_moved: Option<Formula>,
    /// Parameters, in elements.
    pub parameters: Option<Formula>,
    /// Activations, total, in bytes.
    pub activation_bytes: Option<Formula>,
    /// Activations, peak, in bytes.
    pub peak_activation_bytes: Option<Formula>,
    /// How each of them grows with each symbol.
    pub growth: Vec<Growth>,
}

/// The orders of growth in one symbol, the others held fixed: 0 where a figure stays bounded, 1 where it grows
/// linearly, 2 quadratically, and so on. Floor divisions count as quotients, a minimum as its slowest operand and a
/// maximum as its fastest. Null where the order is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Growth {
    /// The symbol.
    pub symbol: String,
    /// Of the parameters.
    pub parameters: Option<u32>,
    /// Of the MACs.
    pub macs: Option<u32>,
    /// Of the FLOPs.
    pub flops: Option<u32>,
    /// Of the other operations.
    pub other_ops: Option<u32>,
    /// Of the bytes moved.
    pub bytes_moved: Option<u32>,
    /// Of the bytes of all activations.
    pub activation_bytes: Option<u32>,
    /// Of the bytes of the activations' peak.
    pub peak_activation_bytes: Option<u32>,
}

/// How many nodes the analysis understood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Coverage {
    /// Nodes in the model, subgraphs included.
    pub nodes: u64,
    /// Nodes whose output shapes are known.
    pub shaped: u64,
    /// Nodes whose MACs and other operations are known.
    pub priced: u64,
    /// Operators that `weigh` cannot price.
    pub unknown: Vec<UnknownOp>,
}

/// An operator that `weigh` cannot price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnknownOp {
    /// Its name, with the domain where that is not the format's own.
    pub op: String,
    /// How many nodes have it.
    pub count: u64,
}
