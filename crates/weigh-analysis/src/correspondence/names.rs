//! Which tensors of the optimised graph are which of the original.
//!
//! Most have kept their names. ONNX Runtime names tensors in blocks of channels anew, but names the nodes that make
//! them after what they made at first; what was fused into such a node later follows from what reads it. Other
//! nodes over blocks keep their own names.

use std::any::Any;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use weigh_ir::{Model, Node, TensorId};
use weigh_ops::BlockedConv;

use super::original::{Original, lays_out};

/// What ONNX Runtime appends to the name of a tensor to name the node that makes it in blocks of channels.
const IN_BLOCKS: &str = "_nchwc";
/// What it appends before that where a normalisation or a product became a convolution.
const AS_CONVOLUTION: [&str; 2] = ["_bn", "_mul"];
/// What it appends to the name of the last node that became one QuickGelu.
const QUICK_GELU: &str = "/QuickGeluFusion/";

/// The tensors that both graphs have.
pub(super) struct Names {
    /// For tensors of the optimised graph, the original one, be it in another layout.
    pub same: HashMap<TensorId, TensorId>,
    /// The original tensors that are there.
    pub named: HashSet<TensorId>,
    /// The node that is first to make an original tensor, in the order of the nodes.
    pub starts: Vec<(usize, TensorId)>,
}

impl Names {
    /// Follows the optimised graph in its order.
    pub fn find(original: &Original<'_>, optimised: &Model) -> Names {
        let mut names = Names { same: HashMap::new(), named: HashSet::new(), starts: Vec::new() };
        let stored = optimised.tensors.iter().filter(|tensor| tensor.stored.is_some());
        names.named.extend(stored.filter_map(|tensor| original.find(&tensor.name)));
        for id in &optimised.graph.inputs {
            let found = original.find(&optimised.tensor(*id).name);
            names.same.extend(found.map(|found| (*id, found)));
            names.named.extend(found);
        }
        let nodes = &optimised.graph.nodes;
        let apart = Apart {
            named: nodes.iter().filter_map(|node| named_after(original, node)).collect(),
            readers: kinds_of_readers(nodes),
        };
        let plain = out_of_blocks(original, optimised);
        for (index, node) in nodes.iter().enumerate() {
            for id in node.outputs.iter().flatten() {
                let is_first = node.outputs.first() == Some(&Some(*id));
                let by_name = original.find(&optimised.tensor(*id).name).or_else(|| plain.get(id).copied());
                let found =
                    by_name.or_else(|| names.by_work(original, optimised, node, &apart).filter(|_| is_first));
                match found {
                    Some(found) => {
                        names.same.insert(*id, found);
                        if names.named.insert(found) {
                            names.starts.push((index, found));
                        }
                    }
                    None if lays_out(node) => {
                        let input = node.inputs.first().copied().flatten();
                        let from = input.and_then(|input| names.same.get(&input)).copied();
                        names.same.extend(from.map(|from| (*id, from)));
                    }
                    None => {}
                }
            }
        }
        names
    }

    /// What a node makes first, by its own name and what it reads.
    fn by_work(
        &self,
        original: &Original<'_>,
        optimised: &Model,
        node: &Node,
        apart: &Apart<'_>,
    ) -> Option<TensorId> {
        let same = |id: &TensorId| self.same.get(id).map(|id| original.without_layout(*id));
        if let Some(named) = named_after(original, node) {
            let op: &dyn Any = &*node.op;
            if !op.is::<BlockedConv>() {
                return Some(named);
            }
            let added = node.inputs.get(3).copied().flatten();
            let added = added.map(|added| same(&added).ok_or(())).transpose().ok()?;
            let readers = node.outputs.first().copied().flatten().and_then(|id| apart.readers.get(&id));
            let is_apart = |id: TensorId, kind: &str| {
                apart.named.contains(&id)
                    || self.named.contains(&id)
                    || readers.is_some_and(|readers| readers.contains(&kind))
            };
            return Some(original.end_of(named, added, is_apart));
        }
        let read = node.inputs.iter().flatten().filter(|id| optimised.tensor(**id).stored.is_none());
        let mut operands: Vec<TensorId> = read.map(same).collect::<Option<_>>()?;
        operands.sort_unstable();
        match node.name.strip_suffix(QUICK_GELU) {
            Some(name) => original.reader_named(name, &operands),
            None => original.same_work(node, &operands),
        }
    }
}

/// What nodes of their own make, so that it was not fused into the node before.
struct Apart<'m> {
    /// What nodes over blocks are named after.
    named: HashSet<TensorId>,
    /// For each tensor of the optimised graph, the kinds of nodes that read it.
    readers: HashMap<TensorId, Vec<&'m str>>,
}

fn kinds_of_readers(nodes: &[Node]) -> HashMap<TensorId, Vec<&str>> {
    let mut readers: HashMap<TensorId, Vec<&str>> = HashMap::new();
    for node in nodes {
        node.inputs.iter().flatten().for_each(|id| readers.entry(*id).or_default().push(node.op.name()));
    }
    readers
}

/// The tensor that a node over blocks is named after.
fn named_after(original: &Original<'_>, node: &Node) -> Option<TensorId> {
    let name = node.name.strip_suffix(IN_BLOCKS)?;
    let shorter = || AS_CONVOLUTION.iter().find_map(|end| original.find(name.strip_suffix(end)?));
    original.find(name).or_else(shorter)
}

/// For tensors in blocks that some node also takes out of blocks, the tensor that comes out.
fn out_of_blocks(original: &Original<'_>, optimised: &Model) -> HashMap<TensorId, TensorId> {
    let reorders = optimised.graph.nodes.iter().filter(|node| node.op.name() == "ReorderOutput");
    let pair = |node: &Node| {
        let (blocked, plain) = (node.inputs.first().copied()??, node.outputs.first().copied()??);
        Some((blocked, original.find(&optimised.tensor(plain).name)?))
    };
    reorders.filter_map(pair).collect()
}
