//! Another batch for a model whose file fixes it: which extents must change with it, and whether the graph allows it.
//!
//! The leading extent of the inputs is taken for the batch. The graph is tried at the new one, and shapes that are
//! written out are changed with it where it is plain which of their extents is the batch: rows stay in order when a
//! tensor is reshaped, so the batch must come out where its stride lies. What was tried counts only if all of it
//! agrees: no contradiction that the file's own batch does not have, the batch in every output, and
//! multiply-accumulates in proportion, node by node.
//!
//! Shapes cannot tell whether samples keep to themselves: only running shows that a batch gives what its samples give
//! one by one.

mod proof;
mod trial;

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};
use weigh_ir::{DType, Expr, Model, Node, Place, Shape, Stored, Tensor, TensorId, Value};
use weigh_ops::{Expand, Ints};

use crate::{Options, Question, types};
use trial::Trial;

/// What gives a model another batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebatch {
    /// The batch in the file.
    pub from: i64,
    /// The new batch.
    pub to: i64,
    /// The inputs that have it.
    pub inputs: Vec<BatchAxis>,
    /// The outputs that have it.
    pub outputs: Vec<BatchAxis>,
    /// Nodes, by name, that quantise a whole batch by its extremes: what they give for a sample depends a little on the
    /// others.
    pub mixing: Vec<String>,
    /// Shapes that are written out and change with it, in the order of the nodes.
    pub changes: Vec<Change>,
}

/// Where an input or output has the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchAxis {
    /// Its name.
    pub name: String,
    /// The axis.
    pub axis: usize,
    /// The extent with the new batch: the batch, or of an output a multiple of it.
    pub extent: i64,
}

/// A shape that a node reads and that is another one with the new batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The node's name.
    pub node: String,
    /// The name of the node's first output, which no other node has.
    pub output: String,
    /// Which of its inputs changes.
    pub input: usize,
    /// What becomes of that input.
    pub kind: ChangeKind,
    /// The extents before.
    pub from: Vec<i64>,
    /// The extents after.
    pub to: Vec<i64>,
}

/// What becomes of the input of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is a list of extents; another list takes its place.
    Target,
    /// It is a tensor for one sample, the same for all; it is expanded.
    Repeated,
}

/// Why a model cannot have another batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no extent that could be the batch.
    #[error("no input has a leading extent that is a number")]
    NoBatch,
    /// The batch is open: it need only be bound.
    #[error("the batch is open: it is '{symbol}'")]
    Open {
        /// The symbol.
        symbol: String,
    },
    /// A node does not go along.
    #[error("node '{node}' pins the batch: {why}")]
    Pinned {
        /// Which node.
        node: String,
        /// Why.
        why: String,
    },
    /// An output does not have the batch.
    #[error("output '{output}' is {shape} with the new batch")]
    Output {
        /// Which output.
        output: String,
        /// Its shape, or that it is unknown.
        shape: String,
    },
    /// It cannot be analysed at all.
    #[error("{0}")]
    Analysis(String),
}

/// Passes over a graph that are made at most; each finds all changes that do not hang on one another.
const MAX_PASSES: usize = 256;

/// Finds what gives a model the batch `to`, and makes the [changes](Rebatch::changes) in it; the shapes of its inputs
/// stay. What the file declares of other tensors holds for the old batch only.
///
/// # Errors
/// Where the graph does not allow it, with the node that pins the batch. The model is then as it was.
pub fn rebatch(model: &mut Model, to: i64) -> Result<Rebatch, Refusal> {
    let before = Before::of(model);
    let mut first = None;
    for (from, axes) in candidates(model)? {
        match attempt(model, &axes, from, to) {
            Ok(found) => return Ok(found),
            Err(refusal) => {
                before.restore(model);
                first.get_or_insert(refusal);
            }
        }
    }
    Err(first.unwrap_or(Refusal::NoBatch))
}

/// An input, by position, and the axis of the batch.
type Axes = Vec<(usize, usize)>;

/// The batch in the file, with the axes that may be it, likely ones first.
fn candidates(model: &Model) -> Result<Vec<(i64, Axes)>, Refusal> {
    let inputs = model.graph.inputs.iter().enumerate();
    let shapes: Vec<(usize, &Shape)> =
        inputs.filter_map(|(at, id)| Some((at, model.tensor(*id).declared.as_ref()?))).collect();
    let leading = |(_, shape): &&(usize, &Shape)| shape.rank() > 1;
    let first = shapes.iter().find(leading).or(shapes.iter().find(|(_, shape)| shape.rank() == 1));
    let from = match first.and_then(|(_, shape)| shape.dims().first()) {
        Some(Expr::Int(extent)) if *extent > 0 => *extent,
        Some(open) => return Err(Refusal::Open { symbol: open.to_string() }),
        None => return Err(Refusal::NoBatch),
    };
    let is = |shape: &Shape, axis: usize| shape.dims().get(axis) == Some(&Expr::Int(from));
    let axis_0 = |shape: &Shape| is(shape, 0).then_some(0).filter(|_| shape.rank() > 1);
    let state = |shape: &Shape| is(shape, 1).then_some(1).filter(|_| shape.rank() > 2);
    let choose = |axis: &dyn Fn(usize, &Shape) -> Option<usize>| -> Axes {
        shapes.iter().filter_map(|(at, shape)| Some((*at, axis(*at, shape)?))).collect()
    };
    let main = first.map(|(at, _)| *at);
    let mut sets = vec![
        // The states of recurrent layers are [layers, batch, units].
        choose(&|_, shape| axis_0(shape).or(state(shape))),
        choose(&|_, shape| axis_0(shape)),
        choose(&|at, shape| if Some(at) == main { axis_0(shape) } else { state(shape).or(axis_0(shape)) }),
        choose(&|_, shape| is(shape, 0).then_some(0)),
    ];
    sets.retain(|axes| !axes.is_empty());
    sets.dedup();
    Ok(sets.into_iter().map(|axes| (from, axes)).collect())
}

/// Tries these axes.
fn attempt(model: &mut Model, axes: &Axes, from: i64, to: i64) -> Result<Rebatch, Refusal> {
    if to < 1 {
        return Err(Refusal::Analysis(format!("a batch of {to}")));
    }
    if to == from {
        return Err(Refusal::Analysis(format!("the batch is {from} already")));
    }
    let question = |model: &Model, batch: i64| -> Result<Question, Refusal> {
        let shaped = axes.iter().filter_map(|(at, axis)| {
            let tensor = model.tensor(*model.graph.inputs.get(*at)?);
            Some((tensor.name.to_string(), tensor.declared.as_ref()?.with(*axis, Expr::Int(batch))))
        });
        let options = Options { input_shapes: shaped.collect(), ..Options::default() };
        Question::new(model, &options).map_err(|error| Refusal::Analysis(error.to_string()))
    };
    let question_before = question(model, from)?;
    let base = proof::Facts::of(model, &question_before);
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..MAX_PASSES {
        let asked = question(model, to)?;
        let now = types::infer(model, &asked.inputs, &asked.bound);
        let found = Trial { model, base: &base, now: &now, from, to }.changes();
        if found.is_empty() {
            break;
        }
        found.iter().for_each(|change| apply(model, change));
        changes.extend(found);
    }
    let now = proof::Facts::of(model, &question(model, to)?);
    let outputs = proof::check(model, &base, &now, from, to)?;
    let input = |(at, axis): &(usize, usize)| {
        let id = model.graph.inputs.get(*at)?;
        Some(BatchAxis { name: model.tensor(*id).name.to_string(), axis: *axis, extent: to })
    };
    let inputs = axes.iter().filter_map(input).collect();
    Ok(Rebatch { from, to, inputs, outputs, mixing: proof::mixing(model), changes })
}

/// Makes a change in the graph.
fn apply(model: &mut Model, change: &Change) {
    let is_it = |node: &Node| {
        node.outputs.first().copied().flatten().is_some_and(|id| *model.tensor(id).name == *change.output)
    };
    let Some(at) = model.graph.nodes.iter().position(is_it) else { return };
    let Some(target) = add(model, listed(&change.to)) else { return };
    let place = |node: &mut Node, id: TensorId| {
        if let Some(input) = node.inputs.get_mut(change.input) {
            *input = Some(id);
        }
    };
    let Some(node) = model.graph.nodes.get_mut(at) else { return };
    match change.kind {
        ChangeKind::Target => place(node, target),
        ChangeKind::Repeated => {
            let old = node.inputs.get(change.input).copied().flatten();
            let name = format!("{}/batch", node.name);
            let Some(made) = add(model, Tensor::named(name.as_str())) else { return };
            if let Some(node) = model.graph.nodes.get_mut(at) {
                place(node, made);
            }
            let expand = Node {
                name: name.into(),
                scope: "".into(),
                op: Arc::new(Expand { shape: Ints::Input(1) }),
                inputs: smallvec![old, Some(target)],
                outputs: smallvec![Some(made)],
                bodies: Vec::new(),
            };
            model.graph.nodes.insert(at, expand);
        }
    }
}

fn add(model: &mut Model, tensor: Tensor) -> Option<TensorId> {
    model.tensors.push(tensor);
    TensorId::new(model.tensors.len() - 1)
}

/// A stored list of extents.
fn listed(extents: &[i64]) -> Tensor {
    let shape = Shape::new([Expr::from(extents.len())]);
    let stored = Stored {
        dtype: DType::I64,
        shape: shape.clone(),
        bytes: 8 * extents.len() as u64,
        value: Some(Value::ints(extents.iter().copied())),
        place: Place::Memory,
    };
    let stored = Some(Arc::new(stored));
    Tensor { dtype: Some(DType::I64), declared: Some(shape), stored, ..Tensor::named("batch/extents") }
}

/// What undoes changes.
struct Before {
    tensors: usize,
    inputs: Vec<SmallVec<[Option<TensorId>; 4]>>,
}

impl Before {
    fn of(model: &Model) -> Before {
        let inputs = model.graph.nodes.iter().map(|node| node.inputs.clone()).collect();
        Before { tensors: model.tensors.len(), inputs }
    }

    fn restore(&self, model: &mut Model) {
        let is_old =
            |node: &Node| node.outputs.first().is_none_or(|id| id.is_none_or(|id| id.index() < self.tensors));
        model.graph.nodes.retain(is_old);
        for (node, inputs) in model.graph.nodes.iter_mut().zip(&self.inputs) {
            node.inputs.clone_from(inputs);
        }
        model.tensors.truncate(self.tensors);
    }
}
