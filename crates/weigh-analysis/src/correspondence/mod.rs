//! Which nodes of a model as its file has it the nodes of an optimised graph of it stand for.
//!
//! A runtime's optimiser fuses nodes, folds constants, removes what does nothing and lays tensors out anew, but a
//! tensor that it keeps keeps its name. So the names that both graphs have are the joints: an optimised node
//! stands for the original nodes on the paths that lead back from its named outputs to the next named tensors.
//! Optimised nodes with a nameless tensor between them are one piece of work and share what they stand for. Layouts
//! have no name of their own: a tensor laid out anew is still the tensor it was, and the node that does it stands
//! for nothing.
//!
//! An original node that no such path meets was folded into a constant or removed; where that is not plain, it counts
//! as untraced. One that several paths meet is work done more than once: where it has multiply-accumulates, all that
//! share it become one piece of work; otherwise it belongs to the first.

mod attribute;
mod names;
mod original;
mod pieces;

use foldhash::{HashMap, HashMapExt};
use weigh_ir::Model;

pub use attribute::{Attribution, Group, attribute};
use original::Original;
use pieces::Pieces;

/// What each node of an optimised graph stands for. Indices are positions in the main graph's list of nodes; what
/// happens in the bodies of a node follows the node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Correspondence {
    /// For each optimised node, the original nodes it stands for, in their order. Nodes that share a piece of work
    /// have the same list.
    pub covers: Vec<Vec<usize>>,
    /// For each optimised node, whether the optimiser put it there to lay a tensor out anew: it covers nothing.
    pub added: Vec<bool>,
    /// The original nodes that are in no optimised node and need not be: folded into constants, equal to another node,
    /// or without effect.
    pub lost: Vec<usize>,
    /// Original nodes that no optimised node was found for, as no name leads there: where these compute something,
    /// the joining is incomplete.
    pub untraced: Vec<usize>,
    /// For each optimised node, the piece of work it is part of; an added node is part of the one that it feeds.
    pub(crate) piece: Vec<Option<usize>>,
}

/// Joins an optimised graph to the graph it was made from.
pub fn correspond(original: &Model, optimised: &Model) -> Correspondence {
    let original = Original::new(original, optimised);
    let mut pieces = Pieces::new(&original, optimised);
    let mut owner: HashMap<usize, usize> = HashMap::new();
    for (node, start) in pieces.starts() {
        for layer in original.behind(start, |id| pieces.is_named(id)) {
            let first = *owner.entry(layer).or_insert(node);
            if first != node && original.has_macs(layer) {
                pieces.join(first, node);
            }
        }
    }
    let mut layers: HashMap<usize, Vec<usize>> = HashMap::new();
    for (layer, node) in owner {
        layers.entry(pieces.of(node)).or_default().push(layer);
    }
    layers.values_mut().for_each(|layers| layers.sort_unstable());
    original.drop_removed(&mut layers);
    let piece = pieces.settled(optimised, |piece| layers.contains_key(&piece));
    let added: Vec<bool> = pieces.added(optimised, |piece| layers.contains_key(&piece));
    let covered = |(piece, added): (&Option<usize>, &bool)| {
        let found = piece.filter(|_| !added).and_then(|piece| layers.get(&piece));
        found.cloned().unwrap_or_default()
    };
    let covers: Vec<Vec<usize>> = piece.iter().zip(&added).map(covered).collect();
    let (lost, untraced) = original.not_in(layers.values().flatten());
    Correspondence { covers, added, lost, untraced, piece }
}
