//! The graph: nodes in an order that can be executed, over numbered tensors.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::{Diagnostic, Operator, Tensor, TensorId};

/// A model: one graph, the tensors of it and of all its subgraphs, and what was noticed on reading it.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The model's own name, as the file gives it.
    pub name: String,
    /// The format and its version, for people: `ONNX opset 17`.
    pub format: String,
    /// All tensors, of the graph and its subgraphs.
    pub tensors: Vec<Tensor>,
    /// The main graph.
    pub graph: Graph,
    /// What reading the file brought up.
    pub diagnostics: Vec<Diagnostic>,
}

/// A list of nodes, each after those whose outputs it reads.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// What the caller passes in.
    pub inputs: Vec<TensorId>,
    /// What the caller gets back.
    pub outputs: Vec<TensorId>,
    /// The nodes in execution order.
    pub nodes: Vec<Node>,
}

/// One step: an operator applied to tensors.
#[derive(Clone, Debug)]
pub struct Node {
    /// The node's name, made up from type and position where the file has none.
    pub name: Box<str>,
    /// The path of the module that the node comes from (`layer1/0/conv1`), empty if unknown.
    pub scope: Box<str>,
    /// What it does.
    pub op: Arc<dyn Operator>,
    /// What it reads; `None` for an optional input left out.
    pub inputs: SmallVec<[Option<TensorId>; 4]>,
    /// What it makes; `None` for an optional output nobody asked for.
    pub outputs: SmallVec<[Option<TensorId>; 1]>,
    /// The graphs inside a control-flow operator. They read outer tensors by id.
    pub bodies: Vec<Graph>,
}

impl Model {
    /// The tensor of an id.
    pub fn tensor(&self, id: TensorId) -> &Tensor {
        &self.tensors[id.index()]
    }
}

impl Graph {
    /// Calls `visit` with every node, those of bodies after the node that holds them.
    pub fn for_each_node<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        for node in &self.nodes {
            visit(node);
            for body in &node.bodies {
                body.for_each_node(visit);
            }
        }
    }

    /// The number of nodes, bodies included.
    pub fn node_count(&self) -> usize {
        let mut count = 0;
        self.for_each_node(&mut |_| count += 1);
        count
    }
}
