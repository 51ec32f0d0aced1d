//! How many channels are real where they are padded to blocks (com.microsoft.nchwc).
//!
//! A graph optimised for a processor pads channels to whole blocks, and a convolution's weights with them. What is
//! real stands where tensors leave the blocks (`ReorderOutput`), and holds for all that has as many channels: through
//! pooling, depthwise convolutions and sums. Where it stands nowhere, padding counts as channels.

use std::any::Any;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use weigh_ir::{Expr, Graph, Node, Shape, Tensor, TensorId};
use weigh_ops::{Arity, BlockedConv, Conv, Elementwise, GlobalPool, Pool, Reorder, Resize};

/// Sweeps over the nodes, there and back; each carries a count along a whole chain of nodes.
const SWEEPS: usize = 8;

/// Channel counts of tensors.
type Counts = HashMap<TensorId, i64>;

/// Tells every node over blocked channels how many are real, and how many there are with padding.
pub(super) fn settle(graph: &mut Graph, tensors: &[Tensor]) {
    let is_blocked = |node: &Node| as_op::<BlockedConv>(node).is_some() || as_op::<Reorder>(node).is_some();
    if !graph.nodes.iter().any(is_blocked) {
        return;
    }
    let real = spread(graph, tensors, real_counts(graph, tensors), true);
    let padded = spread(graph, tensors, padded_counts(graph, tensors), false);
    for node in &mut graph.nodes {
        let (Some(Some(input)), Some(Some(output))) = (node.inputs.first(), node.outputs.first()) else {
            continue;
        };
        if let Some(conv) = as_op::<BlockedConv>(node) {
            let (inputs, outputs) = (real.get(input).copied(), real.get(output).copied());
            let weights = weights(node, tensors).cloned();
            node.op = Arc::new(BlockedConv { inputs, outputs, weights, ..conv.clone() });
        } else if let Some(Reorder::Blocks { layout, .. }) = as_op::<Reorder>(node) {
            node.op = Arc::new(Reorder::Blocks { layout: *layout, padded: padded.get(output).copied() });
        }
    }
}

fn as_op<T: Any>(node: &Node) -> Option<&T> {
    (&*node.op as &dyn Any).downcast_ref()
}

fn at(ids: &[Option<TensorId>], index: usize) -> Option<TensorId> {
    ids.get(index).copied().flatten()
}

fn weights<'t>(node: &Node, tensors: &'t [Tensor]) -> Option<&'t Shape> {
    tensors.get(at(&node.inputs, 1)?.index())?.stored.as_ref().map(|stored| &stored.shape)
}

fn plain(shape: &Shape, axis: usize) -> Option<i64> {
    shape.dims().get(axis).and_then(Expr::as_int)
}

/// What stands in the file: where blocks are left, where ordinary convolutions and the caller make tensors.
fn real_counts(graph: &Graph, tensors: &[Tensor]) -> Counts {
    let mut counts = Counts::new();
    for input in &graph.inputs {
        let declared = tensors.get(input.index()).and_then(|tensor| tensor.declared.as_ref());
        counts.extend(
            declared.filter(|shape| shape.rank() == 4).and_then(|shape| plain(shape, 1)).map(|c| (*input, c)),
        );
    }
    for node in &graph.nodes {
        if let Some(Reorder::Plain { channels, .. }) = as_op::<Reorder>(node) {
            counts.extend(at(&node.inputs, 0).map(|id| (id, *channels)));
            counts.extend(at(&node.outputs, 0).map(|id| (id, *channels)));
        } else if as_op::<Conv>(node).is_some() {
            let made = weights(node, tensors).and_then(|weights| plain(weights, 0));
            counts.extend(at(&node.outputs, 0).zip(made));
        }
    }
    counts
}

/// What the weights of convolutions say.
fn padded_counts(graph: &Graph, tensors: &[Tensor]) -> Counts {
    let mut counts = Counts::new();
    for node in &graph.nodes {
        let (Some(op), Some(weights)) = (as_op::<BlockedConv>(node), weights(node, tensors)) else {
            continue;
        };
        let read = plain(weights, 1).and_then(|of_each| of_each.checked_mul(op.conv.groups));
        counts.extend(at(&node.inputs, 0).zip(read));
        counts.extend(at(&node.outputs, 0).zip(plain(weights, 0)));
    }
    counts
}

/// Carries counts to all tensors that have as many channels. `across`: also into blocks and through what comes
/// between them.
fn spread(graph: &Graph, tensors: &[Tensor], mut counts: Counts, across: bool) -> Counts {
    for sweep in 0..SWEEPS {
        let before = counts.len();
        let mut visit = |node: &Node| {
            for (from, to) in same_channels(node, tensors, across) {
                if let (Some(from), Some(to)) = (from, to)
                    && let Some(count) = counts.get(&from).copied()
                {
                    counts.entry(to).or_insert(count);
                }
            }
        };
        match sweep % 2 {
            0 => graph.nodes.iter().for_each(&mut visit),
            _ => graph.nodes.iter().rev().for_each(&mut visit),
        }
        if sweep > 0 && counts.len() == before {
            break;
        }
    }
    counts
}

/// Pairs of tensors of which the second has as many channels as the first.
fn same_channels(node: &Node, tensors: &[Tensor], across: bool) -> Vec<(Option<TensorId>, Option<TensorId>)> {
    let output = at(&node.outputs, 0);
    let input = |index| at(&node.inputs, index);
    let both = |index| [(input(index), output), (output, input(index))];
    if let Some(op) = as_op::<BlockedConv>(node) {
        let depthwise = weights(node, tensors).is_some_and(|weights| op.is_depthwise(weights));
        let through = if depthwise { both(0).to_vec() } else { Vec::new() };
        return through.into_iter().chain(both(3)).collect();
    }
    if as_op::<Pool>(node).is_some() || as_op::<GlobalPool>(node).is_some() || as_op::<Resize>(node).is_some()
    {
        return both(0).to_vec();
    }
    match (as_op::<Reorder>(node), as_op::<Elementwise>(node)) {
        (Some(Reorder::Blocks { .. }), _) if across => both(0).to_vec(),
        // What is broadcast has one channel or as many.
        (_, Some(op)) if across && matches!(op.function.arity, Arity::One | Arity::Two) => {
            (0..node.inputs.len().min(2)).map(|index| (input(index), output)).collect()
        }
        _ => Vec::new(),
    }
}
