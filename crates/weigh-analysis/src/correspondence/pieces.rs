//! The optimised graph as the joining sees it: which tensors still have their names, and which nodes are one piece
//! of work because a nameless tensor passes between them.

use foldhash::{HashMap, HashMapExt, HashSet};
use weigh_ir::{Model, Node, TensorId};

use super::names::Names;
use super::original::{Original, lays_out};
use crate::weights::for_each_read;

/// Pieces of work: disjoint sets of optimised nodes.
pub(super) struct Pieces {
    /// For each node, another of its piece, or itself: a forest.
    parent: Vec<usize>,
    /// The node that is first to make an original tensor, in order of the nodes.
    starts: Vec<(usize, TensorId)>,
    /// The original tensors that are there.
    named: HashSet<TensorId>,
}

impl Pieces {
    /// Finds the names and what passes between the nodes.
    pub fn new(original: &Original<'_>, optimised: &Model) -> Pieces {
        let nodes = &optimised.graph.nodes;
        let Names { same, named, starts } = Names::find(original, optimised);
        let mut pieces = Pieces { parent: (0..nodes.len()).collect(), starts, named };
        let makers = makers(nodes);
        for (index, node) in nodes.iter().enumerate() {
            for_each_read(node, &mut |id| {
                if let (None, Some(maker)) = (same.get(&id), makers.get(&id)) {
                    pieces.join(*maker, index);
                }
            });
        }
        pieces
    }

    /// The nodes with original tensors that they are the first to make.
    pub fn starts(&self) -> Vec<(usize, TensorId)> {
        self.starts.clone()
    }

    /// Whether an original tensor is there.
    pub fn is_named(&self, id: TensorId) -> bool {
        self.named.contains(&id)
    }

    /// Makes the pieces of two nodes one.
    pub fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.of(one), self.of(other));
        if let Some(parent) = self.parent.get_mut(one.max(other)) {
            *parent = one.min(other);
        }
    }

    /// The piece of a node: its first node.
    pub fn of(&self, node: usize) -> usize {
        let mut at = node;
        while let Some(parent) = self.parent.get(at).copied().filter(|parent| *parent != at) {
            at = parent;
        }
        at
    }

    /// For each node, its piece; that of a node without layers is the one that it feeds, or else is fed by.
    pub fn settled(&self, optimised: &Model, has_layers: impl Fn(usize) -> bool) -> Vec<Option<usize>> {
        let nodes = &optimised.graph.nodes;
        let mut settled: Vec<Option<usize>> =
            (0..nodes.len()).map(|node| Some(self.of(node)).filter(|piece| has_layers(*piece))).collect();
        let mut reader: HashMap<TensorId, usize> = HashMap::new();
        for (index, node) in nodes.iter().enumerate().rev() {
            if let Some(place @ None) = settled.get_mut(index) {
                *place = node.outputs.iter().flatten().find_map(|id| reader.get(id)).copied();
            }
            let piece = settled.get(index).copied().flatten();
            for_each_read(node, &mut |id| reader.extend(piece.map(|piece| (id, piece))));
        }
        let makers = makers(nodes);
        for (index, node) in nodes.iter().enumerate() {
            let fed_by = || node.inputs.iter().flatten().find_map(|id| *settled.get(*makers.get(id)?)?);
            if settled.get(index) == Some(&None)
                && let Some(piece) = fed_by()
                && let Some(place) = settled.get_mut(index)
            {
                *place = Some(piece);
            }
        }
        settled
    }

    /// Whether each node is there for another layout only.
    pub fn added(&self, optimised: &Model, has_layers: impl Fn(usize) -> bool) -> Vec<bool> {
        let nodes = &optimised.graph.nodes;
        let works = nodes.iter().enumerate().filter(|(_, node)| !lays_out(node));
        let works: HashSet<usize> = works.map(|(index, _)| self.of(index)).collect();
        let is_added = |(index, node): (usize, &Node)| {
            let piece = self.of(index);
            !has_layers(piece) || (lays_out(node) && works.contains(&piece))
        };
        nodes.iter().enumerate().map(is_added).collect()
    }
}

fn makers(nodes: &[Node]) -> HashMap<TensorId, usize> {
    let outputs = |(index, node): (usize, &Node)| {
        node.outputs.iter().flatten().map(move |id| (*id, index)).collect::<Vec<_>>()
    };
    nodes.iter().enumerate().flat_map(outputs).collect()
}
