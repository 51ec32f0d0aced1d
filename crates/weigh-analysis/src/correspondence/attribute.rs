//! Times of optimised nodes as times of groups of original layers.

use std::collections::BTreeMap;

use super::Correspondence;

/// Layers that a runtime computes together. Their time is the group's: nothing tells how it is split among them.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The original nodes, in their order.
    pub layers: Vec<usize>,
    /// The optimised nodes, those that lay tensors out for the others included, in their order.
    pub nodes: Vec<usize>,
    /// The sum of the times of the nodes, in milliseconds; `None` where one of them has none.
    pub ms: Option<f64>,
    /// Of that, what nodes take that lay tensors out anew.
    pub added_ms: f64,
}

/// Where the time goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attribution {
    /// Every layer that is computed, in exactly one group each, by first layer.
    pub groups: Vec<Group>,
    /// Optimised nodes that stand for no layer and serve none.
    pub rest: Vec<usize>,
    /// The time of these in milliseconds, as far as it is known.
    pub rest_ms: f64,
}

/// Gives each group of layers the time of the optimised nodes that compute it.
///
/// `times` has the milliseconds of each optimised node; `None`, or a list too short, where there is no measurement.
pub fn attribute(correspondence: &Correspondence, times: &[Option<f64>]) -> Attribution {
    let time = |node: &usize| times.get(*node).copied().flatten();
    let mut pieces: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut rest = Vec::new();
    for (node, piece) in correspondence.piece.iter().enumerate() {
        match piece {
            Some(piece) => pieces.entry(*piece).or_default().push(node),
            None => rest.push(node),
        }
    }
    let is_added = |node: &&usize| correspondence.added.get(**node).copied().unwrap_or(true);
    let group = |nodes: Vec<usize>| Group {
        layers: nodes
            .iter()
            .filter_map(|node| correspondence.covers.get(*node))
            .find(|layers| !layers.is_empty())
            .cloned()
            .unwrap_or_default(),
        ms: nodes.iter().map(time).sum(),
        added_ms: nodes.iter().filter(is_added).filter_map(time).sum(),
        nodes,
    };
    let mut groups: Vec<Group> = pieces.into_values().map(group).collect();
    groups.sort_by(|one, other| one.layers.cmp(&other.layers));
    let rest_ms = rest.iter().filter_map(time).sum();
    Attribution { groups, rest, rest_ms }
}
