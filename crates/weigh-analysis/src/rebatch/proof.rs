//! Whether a graph really goes along with another batch.

use std::any::Any;

use foldhash::HashMap;
use weigh_ir::{Expr, Model, Node, Severity, Shape, TensorId};
use weigh_ops::Recurrent;

use super::{BatchAxis, Refusal};
use crate::layers::Layer;
use crate::memory::Detail;
use crate::{Pass, Question};

/// What is known of a model at one batch.
pub(super) struct Facts {
    pass: Pass,
    /// The tensors there were.
    tensors: usize,
    /// For each node, its position by its first output.
    position: HashMap<TensorId, usize>,
}

impl Facts {
    pub fn of(model: &Model, question: &Question) -> Facts {
        let pass = Pass::run(model, &question.inputs, &question.bound, Detail::Sums);
        let first = |(at, node): (usize, &Node)| Some(((*node.outputs.first()?)?, at));
        let position = model.graph.nodes.iter().enumerate().filter_map(first).collect();
        Facts { pass, tensors: model.tensors.len(), position }
    }

    /// The shape of a tensor, where there was one.
    pub fn shape(&self, id: TensorId) -> Option<&Shape> {
        (id.index() < self.tensors).then(|| self.pass.types.of(id).shape.as_ref())?
    }

    /// Whether a tensor is made of stored data only.
    pub fn is_constant(&self, id: TensorId) -> bool {
        id.index() < self.tensors && self.pass.weights.is_constant(id)
    }

    fn layer(&self, node: &Node) -> Option<&Layer> {
        let id = (*node.outputs.first()?)?;
        self.pass.layers.layers.get(*self.position.get(&id)?)
    }
}

/// Whether an extent or a count grew as the batch did.
fn grew(before: &Expr, now: &Expr, from: i64, to: i64) -> bool {
    before * to == now * from
}

/// Where the outputs have the batch, if everything agrees.
pub(super) fn check(
    model: &Model,
    before: &Facts,
    now: &Facts,
    from: i64,
    to: i64,
) -> Result<Vec<BatchAxis>, Refusal> {
    let errors = |facts: &Facts| -> Vec<(Option<String>, String)> {
        let found = facts.pass.types.diagnostics.iter();
        let found = found.filter(|found| found.severity == Severity::Error);
        found.map(|found| (found.node.clone(), found.message.clone())).collect()
    };
    let known = errors(before);
    let is_new = |(node, _): &(Option<String>, String)| known.iter().all(|(known, _)| known != node);
    if let Some((node, why)) = errors(now).into_iter().find(is_new) {
        return Err(Refusal::Pinned { node: node.unwrap_or_default(), why });
    }
    for node in &model.graph.nodes {
        let pinned = |why: String| Err(Refusal::Pinned { node: node.name.to_string(), why });
        let (Some(old), Some(new)) = (before.layer(node), now.layer(node)) else { continue };
        match (&old.macs, &new.macs) {
            (Some(old), Some(new)) if grew(old, new, from, to) => {}
            (Some(old), Some(new)) if old == new && !sees_batch(node, before, now) => {}
            (Some(old), Some(new)) => {
                return pinned(format!("{old} MACs become {new}, which is not in proportion"));
            }
            _ => return pinned(format!("the cost of {} is unknown", node.op.name())),
        }
    }
    states(model, now)?;
    if let Some(refusal) = lost(model, before, now) {
        return Err(refusal);
    }
    model.graph.outputs.iter().map(|id| output(model, *id, before, now, from, to)).collect()
}

/// The states of recurrent layers must have the batch of what the layers read.
fn states(model: &Model, now: &Facts) -> Result<(), Refusal> {
    let mut wrong = None;
    model.graph.for_each_node(&mut |node| {
        let Some(cell) = (&*node.op as &dyn Any).downcast_ref::<Recurrent>() else { return };
        let axis = if cell.batch_first { 0 } else { 1 };
        let extent = |at: usize| {
            let id = node.inputs.get(at).copied().flatten()?;
            now.shape(id)?.dims().get(axis)?.as_int()
        };
        for at in [5, 6] {
            if let (Some(batch), Some(state)) = (extent(0), extent(at))
                && batch != state
            {
                let why = format!("its state is for {state} samples, what it reads for {batch}");
                wrong.get_or_insert(Refusal::Pinned { node: node.name.to_string(), why });
            }
        }
    });
    wrong.map_or(Ok(()), Err)
}

/// The first node whose first input has the batch and that makes nothing that has it: it sums over samples, or keeps
/// some. Shapes as numbers have no batch.
fn lost(model: &Model, before: &Facts, now: &Facts) -> Option<Refusal> {
    let changes = |id: &TensorId| before.shape(*id) != now.shape(*id);
    let loses = |node: &&Node| {
        let is_without = |id: &TensorId| {
            now.shape(*id).is_some() && !changes(id) && now.pass.types.of(*id).value.is_none()
        };
        node.inputs.first().copied().flatten().is_some_and(|id| changes(&id))
            && node.outputs.iter().flatten().all(is_without)
    };
    let node = model.graph.nodes.iter().find(loses)?;
    let why = format!("{} reads the batch, and what it makes does not have it", node.op.name());
    Some(Refusal::Pinned { node: node.name.to_string(), why })
}

/// The nodes that quantise on the fly.
pub(super) fn mixing(model: &Model) -> Vec<String> {
    let mut found = Vec::new();
    model.graph.for_each_node(&mut |node| {
        let cell = (&*node.op as &dyn Any).downcast_ref::<Recurrent>();
        if node.op.name().starts_with("DynamicQuantize") || cell.is_some_and(|cell| cell.quantized) {
            found.push(node.name.to_string());
        }
    });
    found
}

/// Whether any shape that a node reads changed.
fn sees_batch(node: &Node, before: &Facts, now: &Facts) -> bool {
    node.inputs.iter().flatten().any(|id| before.shape(*id) != now.shape(*id))
}

fn output(
    model: &Model,
    id: TensorId,
    before: &Facts,
    now: &Facts,
    from: i64,
    to: i64,
) -> Result<BatchAxis, Refusal> {
    let name = model.tensor(id).name.to_string();
    let (old, new) = (before.shape(id), now.shape(id));
    let told = new.map_or_else(|| "of unknown shape".to_owned(), Shape::to_string);
    let refuse = || Refusal::Output { output: name.clone(), shape: told.clone() };
    let (Some(old), Some(new)) = (old, new) else { return Err(refuse()) };
    let pairs: Vec<(&Expr, &Expr)> = old.dims().iter().zip(new.dims()).collect();
    let mut changed = pairs.iter().enumerate().filter(|(_, (old, new))| old != new);
    match (old.rank() == new.rank(), changed.next(), changed.next()) {
        (true, Some((axis, (old, new))), None) if grew(old, new, from, to) => {
            let extent = new.as_int().ok_or_else(refuse)?;
            Ok(BatchAxis { name, axis, extent })
        }
        _ => Err(refuse()),
    }
}
