//! What training a model takes: the backward pass, the memory of a step, activation checkpointing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, UnknownOp};

/// A training step: forward, backward from the model's outputs, update. Asked for. The loss is not counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Training {
    /// What updates the parameters: `sgd`, `momentum`, `adam`, `adamw`, `adamw-8bit`.
    pub optimizer: String,
    /// In which precision: `stored`, `fp16`, `bf16`.
    pub precision: String,
    /// Elements of the parameters that are trained.
    pub parameters: Option<Count>,
    /// FLOPs of the forward pass.
    pub forward_flops: Option<Count>,
    /// FLOPs of the gradients of activations.
    pub backward_data_flops: Option<Count>,
    /// FLOPs of the gradients of parameters.
    pub backward_weights_flops: Option<Count>,
    /// FLOPs of the backward pass: both.
    pub backward_flops: Option<Count>,
    /// FLOPs of a step: forward and backward.
    pub step_flops: Option<Count>,
    /// Other operations of the forward pass.
    pub forward_other_ops: Option<Count>,
    /// Other operations of the backward pass.
    pub backward_other_ops: Option<Count>,
    /// Bytes of parameters and buffers as they are computed with.
    pub parameter_bytes: Option<Count>,
    /// Bytes of the float32 copy of the parameters that mixed precision updates.
    pub master_bytes: Option<Count>,
    /// Bytes of the gradients of all parameters.
    pub gradient_bytes: Option<Count>,
    /// Bytes that the optimiser keeps.
    pub optimizer_bytes: Option<Count>,
    /// Bytes that the forward pass keeps for the backward pass, the model's inputs included.
    pub saved_activation_bytes: Option<Count>,
    /// The most bytes alive at a time, everything kept: parameters, copy, gradients, optimiser, activations. Null where
    /// something is unknown or a formula.
    pub peak_bytes: Option<u64>,
    /// Whether the backward pass of every node is known; else FLOPs and saved bytes are lower bounds.
    pub complete: bool,
    /// Operators whose backward pass is unknown.
    pub unknown: Vec<UnknownOp>,
    /// One for each node, in the order of the layers.
    pub layers: Vec<TrainingLayer>,
    /// What checkpoints change; null where there is no peak.
    pub checkpointing: Option<Checkpointing>,
}

/// One node in a step. A null count is unknown, never zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TrainingLayer {
    /// Name of the node.
    pub node: String,
    /// FLOPs forward.
    pub forward_flops: Option<Count>,
    /// FLOPs of the gradients of activations.
    pub backward_data_flops: Option<Count>,
    /// FLOPs of the gradients of parameters.
    pub backward_weights_flops: Option<Count>,
    /// Bytes kept for it that no earlier node keeps.
    pub saved_bytes: Option<Count>,
    /// Why its backward pass is unknown.
    pub unknown: Option<String>,
}

/// Placements of checkpoints: what is kept, and what is computed twice for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Checkpointing {
    /// How many blocks there are between tensors that everything goes through.
    pub blocks: u64,
    /// Bytes that a step may need, as asked for.
    pub limit_bytes: Option<u64>,
    /// Everything kept.
    pub stored: Option<CheckpointPlan>,
    /// The rule of the square root: ⌊√blocks⌋ equal segments, recomputed but for the last.
    pub square_root: Option<CheckpointPlan>,
    /// The least recomputation within the limit; null without a limit, and where no placement is within it.
    pub within_limit: Option<CheckpointPlan>,
    /// Whether that is proved to be the least.
    pub within_limit_is_optimal: Option<bool>,
    /// Placements of which none has both less memory and less recomputation, from the most memory to the least.
    pub curve: Vec<CheckpointPlan>,
    /// Whether each of these is proved to be the best for its memory.
    pub curve_is_optimal: bool,
    /// The same with checkpoints within what is recomputed, which then runs more than twice; sizes are rounded up,
    /// and no segments are listed. Empty where there are too many blocks to try.
    pub recursive: Vec<CheckpointPlan>,
}

/// One placement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CheckpointPlan {
    /// The most bytes alive at a time in a step, parameters and all.
    pub peak_bytes: u64,
    /// The most bytes of activations and their gradients.
    pub activation_bytes: u64,
    /// FLOPs of the forward pass that are done again.
    pub recomputed_flops: u64,
    /// Other operations of the forward pass that are done again.
    pub recomputed_other_ops: u64,
    /// The part of the step's FLOPs that comes on top; 0.1 is 10 % more.
    pub overhead: f64,
    /// What is recomputed: only the input of each is kept.
    pub segments: Vec<CheckpointSegment>,
}

/// Nodes that are run forward twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CheckpointSegment {
    /// Name of the first node.
    pub first: String,
    /// Name of the last node.
    pub last: String,
}
