//! The price of every node, and the sums.

use std::collections::BTreeMap;

use foldhash::{HashSet, HashSetExt};
use weigh_ir::{Cost, Expr, Graph, Model, Node, Operands, Stop, TensorId, Traffic};

use crate::Coverage;
use crate::memory::Memory;
use crate::types::Types;
use crate::weights::Weights;

/// The figures of one node of the main graph, in the order of its nodes. What is not known is `None`.
#[derive(Clone, Debug)]
pub struct Layer {
    /// What tells the node from others of its kind: `3×3 64→128`.
    pub detail: String,
    /// The extents of its outputs; `None` where the rank is unknown.
    pub output_shapes: Vec<Option<weigh_ir::Shape>>,
    /// Elements of the parameters that it is the first to read.
    pub parameters: Expr,
    /// Multiply-accumulates.
    pub macs: Option<Expr>,
    /// Other operations.
    pub other_ops: Option<Expr>,
    /// Why it has no price.
    pub unpriced: Option<&'static str>,
    /// Bytes read and written.
    pub bytes_moved: Option<Expr>,
    /// Elements of its outputs.
    pub output_elements: Option<Expr>,
    /// Bytes of its outputs.
    pub output_bytes: Option<Expr>,
    /// Bytes of the activations alive in its step; `None` for a node that runs only once, at load.
    pub live_bytes: Option<Expr>,
}

/// All nodes priced.
pub(crate) struct Layers {
    pub layers: Vec<Layer>,
    pub macs: Expr,
    pub other_ops: Expr,
    pub bytes_moved: Expr,
    pub coverage: Coverage,
}

/// Prices the nodes of a model.
pub(crate) fn price(model: &Model, types: &Types, weights: &Weights, memory: &Memory) -> Layers {
    let mut pricer = Pricer { types, weights, coverage: Coverage::default(), unknown: BTreeMap::new() };
    let mut seen: HashSet<TensorId> = HashSet::new();
    let mut sums = (Expr::ZERO, Expr::ZERO, Expr::ZERO);
    let mut layers = Vec::with_capacity(model.graph.nodes.len());
    for (step, node) in model.graph.nodes.iter().enumerate() {
        let (cost, bodies) = pricer.node(node);
        let inputs = types.of_all(&node.inputs);
        let outputs = types.of_all(&node.outputs);
        let operands = Operands { inputs: &inputs, outputs: &outputs, bodies: &bodies };
        let is_constant = weights.is_constant_node(node);
        let bytes_moved = if is_constant { Some(Expr::ZERO) } else { traffic(node, &operands, types) };
        let parameters = match is_constant {
            true => Expr::ZERO,
            false => {
                let read = weights.parameters_of(node).into_iter();
                read.filter(|(id, _)| seen.insert(*id)).map(|(_, elements)| elements).sum()
            }
        };
        let (macs, other_ops, unpriced) = match &cost {
            Ok(cost) => (Some(cost.macs.clone()), Some(cost.other_ops.clone()), None),
            Err(Stop::Unknown(why)) => (None, None, Some(*why)),
            Err(Stop::Contradiction(_)) => (None, None, Some("its inputs contradict each other")),
        };
        let add = |sum: &mut Expr, more: &Option<Expr>| {
            if let Some(more) = more {
                *sum += more;
            }
        };
        add(&mut sums.0, &macs);
        add(&mut sums.1, &other_ops);
        add(&mut sums.2, &bytes_moved);
        layers.push(Layer {
            detail: node.op.detail(&operands),
            output_shapes: outputs.iter().map(|typed| typed.and_then(|typed| typed.shape.clone())).collect(),
            parameters,
            macs,
            other_ops,
            unpriced,
            bytes_moved,
            output_elements: elements_of(&node.outputs, types),
            output_bytes: types.bytes_of_all(&node.outputs),
            live_bytes: memory.live_bytes(step),
        });
    }
    let mut unknown: Vec<(String, usize)> = pricer.unknown.into_iter().collect();
    unknown.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let coverage = Coverage { unknown, ..pricer.coverage };
    Layers { layers, macs: sums.0, other_ops: sums.1, bytes_moved: sums.2, coverage }
}

struct Pricer<'p> {
    types: &'p Types,
    weights: &'p Weights,
    coverage: Coverage,
    unknown: BTreeMap<String, usize>,
}

impl Pricer<'_> {
    /// The cost of a node and of one run of each of its bodies.
    fn node(&mut self, node: &Node) -> (Result<Cost, Stop>, Vec<Result<Cost, Stop>>) {
        let never = Err(Stop::Unknown("a branch that never runs"));
        let bodies: Vec<Result<Cost, Stop>> = node
            .bodies
            .iter()
            .map(|body| if self.types.is_reached(body) { self.graph(body) } else { never.clone() })
            .collect();
        let inputs = self.types.of_all(&node.inputs);
        let outputs = self.types.of_all(&node.outputs);
        // What is made of constants alone is made once, at load: it costs an inference nothing.
        let cost = match self.weights.is_constant_node(node) {
            true => Ok(Cost::FREE),
            false => {
                let operands = Operands { inputs: &inputs, outputs: &outputs, bodies: &bodies };
                node.op.cost(&operands).and_then(possible)
            }
        };
        let is_shaped =
            outputs.iter().flatten().all(|typed| typed.shape.is_some() || typed.sequence.is_some());
        self.coverage.nodes += 1;
        self.coverage.shaped += usize::from(is_shaped);
        self.coverage.priced += usize::from(cost.is_ok());
        if cost.is_err() {
            *self.unknown.entry(node.op.name().to_owned()).or_default() += 1;
        }
        (cost, bodies)
    }

    /// The cost of one run of a subgraph.
    fn graph(&mut self, graph: &Graph) -> Result<Cost, Stop> {
        let mut total = Ok(Cost::FREE);
        for node in &graph.nodes {
            let (cost, _) = self.node(node);
            total = match (total, cost) {
                (Ok(total), Ok(cost)) => {
                    Ok(Cost { macs: total.macs + cost.macs, other_ops: total.other_ops + cost.other_ops })
                }
                (Err(stop), _) | (_, Err(stop)) => Err(stop),
            };
        }
        total
    }
}

/// Refuses a cost below zero: some attribute of the node is one that it cannot have.
fn possible(cost: Cost) -> Result<Cost, Stop> {
    let is_negative = |count: &Expr| count.as_int().is_some_and(|count| count < 0);
    match is_negative(&cost.macs) || is_negative(&cost.other_ops) {
        true => Err(Stop::contradiction("its cost would be negative")),
        false => Ok(cost),
    }
}

fn elements_of(ids: &[Option<TensorId>], types: &Types) -> Option<Expr> {
    ids.iter().flatten().map(|id| types.size(*id).elements.as_ref()).sum::<Option<Expr>>()
}

/// Bytes that a node reads and writes at the stored types: all its inputs and outputs, unless it says that it
/// touches less.
fn traffic(node: &Node, operands: &Operands<'_>, types: &Types) -> Option<Expr> {
    let written = types.bytes_of_all(&node.outputs);
    match node.op.memory(operands).traffic {
        Traffic::Nothing => Some(Expr::ZERO),
        Traffic::All => Some(types.bytes_of_all(&node.inputs)? + written?),
        Traffic::Selected(from) => {
            let others = node.inputs.iter().enumerate().filter(|(index, _)| *index != from).map(|(_, id)| id);
            let written = written?;
            Some(types.bytes_of_all(others)? + &written + written)
        }
    }
}
