//! The model in parts: one entry per node, and the module tree they roll up into.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, Formula, Shape};

/// One node of the graph. A null count is unknown, never zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Layer {
    /// Name in the file, or one made from operator and position.
    pub name: String,
    /// Operator, e.g. `Conv`.
    pub op: String,
    /// What kind of it, in a few words, e.g. `3×3 512→512 /2`.
    pub detail: String,
    /// Path of the module that holds it, components separated by `/`; empty at the top.
    pub scope: String,
    /// Names of the tensors it reads.
    pub inputs: Vec<String>,
    /// Names of the tensors it writes.
    pub outputs: Vec<String>,
    /// Shape of each output; null where unknown.
    pub output_shapes: Vec<Option<Shape>>,
    /// Elements of learned tensors that this node is the first to read.
    pub parameters: Option<Count>,
    /// Multiply-accumulates.
    pub macs: Option<Count>,
    /// How they depend on the symbols, before any is bound; null where they do not, or where that is not known.
    pub macs_formula: Option<Formula>,
    /// 2 × MACs.
    pub flops: Option<Count>,
    /// Other operations.
    pub other_ops: Option<Count>,
    /// Bytes of inputs and parameters read and of outputs written.
    pub bytes_moved: Option<Count>,
    /// Elements of all outputs.
    pub output_elements: Option<Count>,
    /// Bytes of the activations alive while it runs, in the file's order.
    pub live_bytes: Option<Count>,
    /// Why MACs or other operations are unknown.
    pub unpriced: Option<String>,
}

/// One module of the tree, with everything beneath it. Modules come in tree order, parents first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Module {
    /// Path, components separated by `/`.
    pub path: String,
    /// Components in the path; 1 for the modules at the top.
    pub depth: u32,
    /// Elements of learned tensors.
    pub parameters: Option<Count>,
    /// Multiply-accumulates.
    pub macs: Option<Count>,
    /// 2 × MACs.
    pub flops: Option<Count>,
    /// Other operations.
    pub other_ops: Option<Count>,
    /// Bytes of all tensors that its nodes produce.
    pub output_bytes: Option<Count>,
    /// Nodes in it.
    pub layers: u64,
    /// Nodes in it that could not be priced; where there are any, the counts are lower bounds.
    pub unpriced: u64,
}
