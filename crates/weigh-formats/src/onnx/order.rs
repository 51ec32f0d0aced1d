//! Puts nodes in an order that can be executed, where a file has them in another.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt};
use weigh_ir::{Graph, Node, TensorId};

use super::at_node;
use crate::FormatError;

/// Sorts the nodes so that each comes after those it reads from, otherwise keeping the file's order. Returns where each
/// of the sorted nodes was before.
///
/// # Errors
/// Names a node of a cycle, if there is one.
pub(super) fn sort(graph: &mut Graph) -> Result<Vec<usize>, FormatError> {
    let count = graph.nodes.len();
    let mut makers: HashMap<TensorId, usize> = HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        makers.extend(node.outputs.iter().flatten().map(|id| (*id, index)));
    }
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut waiting = vec![0usize; count];
    for (index, node) in graph.nodes.iter().enumerate() {
        let mut needed: BTreeSet<usize> = BTreeSet::new();
        for_each_read(node, &mut |id| {
            needed.extend(makers.get(&id).copied());
        });
        waiting[index] = needed.len();
        needed.into_iter().for_each(|maker| readers[maker].push(index));
    }
    let mut ready: BTreeSet<usize> = (0..count).filter(|index| waiting[*index] == 0).collect();
    let mut place = vec![usize::MAX; count];
    let mut placed = 0;
    while let Some(index) = ready.pop_first() {
        place[index] = placed;
        placed += 1;
        for reader in &readers[index] {
            waiting[*reader] -= 1;
            if waiting[*reader] == 0 {
                ready.insert(*reader);
            }
        }
    }
    if let Some(stuck) = place.iter().position(|place| *place == usize::MAX) {
        let node = &graph.nodes[stuck];
        return Err(at_node(
            &node.name,
            "the graph is cyclic: the node needs its own output, directly or through others",
        ));
    }
    let mut nodes: Vec<(usize, (usize, Node))> =
        place.into_iter().zip(graph.nodes.drain(..).enumerate()).collect();
    nodes.sort_by_key(|(place, _)| *place);
    let (before, nodes) = nodes.into_iter().map(|(_, node)| node).unzip();
    graph.nodes = nodes;
    Ok(before)
}

/// Calls `visit` with everything the node reads, captured tensors of its bodies included.
fn for_each_read(node: &Node, visit: &mut dyn FnMut(TensorId)) {
    node.inputs.iter().flatten().for_each(|id| visit(*id));
    for body in &node.bodies {
        body.outputs.iter().for_each(|id| visit(*id));
        body.nodes.iter().for_each(|inner| for_each_read(inner, visit));
    }
}
