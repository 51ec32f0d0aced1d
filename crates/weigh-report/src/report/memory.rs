//! Memory over the steps of an inference: what is alive when, and where it could lie.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Count;

/// Memory over the steps of the file's order. Asked for, since it is long.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Memory {
    /// One for each node, in the order of the layers.
    pub steps: Vec<MemoryStep>,
    /// Names of the nodes that run, in the order with the smallest peak; null where sizes are formulas.
    pub best_order: Option<Vec<String>>,
    /// A plan of one block of memory; null where sizes are formulas.
    pub arena: Option<Arena>,
}

/// Memory while one node runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MemoryStep {
    /// Name of the node.
    pub node: String,
    /// Bytes of the activations alive; null for a node that runs only at load.
    pub live_bytes: Option<Count>,
    /// The same where operators write over their inputs when they can.
    pub in_place_bytes: Option<Count>,
    /// Bytes of scratch memory of the operator; null where unknown.
    pub workspace_bytes: Option<Count>,
    /// What the scratch memory is for; null where there is none.
    pub workspace_for: Option<String>,
}

/// A block of memory that holds all activations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Arena {
    /// Bytes of the block.
    pub bytes: u64,
    /// How it was planned.
    pub strategy: String,
    /// Where each activation lies.
    pub placements: Vec<Placement>,
}

/// One activation in the block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Placement {
    /// Name of the tensor; null for what the bodies of a control-flow node hold.
    pub tensor: Option<String>,
    /// Where it begins.
    pub offset: u64,
    /// Bytes that it has.
    pub bytes: u64,
    /// The first step, counted from 0, in which it is alive.
    pub first: u64,
    /// The last such step.
    pub last: u64,
}
