//! Graph to graph: techniques that change a model, each really done on the graph.
//!
//! What a technique brings is then a matter of analysing the result, not of a rule of thumb. Weights are never read: the
//! new graph has weights of the new shapes, as they would be before they are trained. Each function gives back a graph that
//! infers as completely as the old one, or names the node that stands in its way ([`Refusal`]).
//!
//! New nodes are named after the node that they replace (`conv1/Conv/depthwise`) and stand in its module, so that layers of
//! both graphs can be aligned. `docs/rewriting.md` has the formulas and sources.
#![forbid(unsafe_code)]

mod draft;
mod dtype;
mod fold;
mod low_rank;
mod prune;
mod resolution;
mod separable;

use weigh_analysis::{Analysis, AnalysisError, Options, analyze};
use weigh_ir::{Model, Node};

pub use dtype::with_dtype;
pub use fold::fold_batch_norm;
pub use low_rank::low_rank;
pub use prune::prune_channels;
pub use resolution::smaller_input;
pub use separable::separable;

/// A graph that was changed.
#[derive(Clone, Debug)]
pub struct Rewritten {
    /// The new graph.
    pub model: Model,
    /// Its facts.
    pub facts: Analysis,
    /// What was done, in the order of the nodes.
    pub changed: Vec<Change>,
    /// What the technique is for and could not be done to, and why.
    pub left: Vec<Left>,
}

/// Something that was done to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Name of the node in the old graph.
    pub node: String,
    /// What was done: `64 -> 32 channels`.
    pub what: String,
}

/// A node that was left as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Name of the node.
    pub node: String,
    /// Why.
    pub why: String,
}

/// Why a model was not rewritten.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is nothing that the technique could be done to.
    #[error("{0}")]
    Nothing(String),
    /// A node does not go along.
    #[error("node '{node}' does not go along: {why}")]
    Node {
        /// Name of the node.
        node: String,
        /// Why.
        why: String,
    },
    /// A node without a name, or in a body, does not go along.
    #[error(
        "the graph does not go along: shapes of a node without a name, or in a body, do not fit any more"
    )]
    Unnamed,
    /// The new graph has no facts.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
}

impl Refusal {
    /// There are no numbers left for the tensors that would take a node's place.
    fn too_many(node: &Node) -> Refusal {
        Refusal::Node { node: node.name.to_string(), why: "there are too many tensors".to_owned() }
    }
}

/// The new graph with its facts, if they are as complete as the old ones.
fn checked(
    old: &Model,
    before: &Analysis,
    model: Model,
    options: &Options,
    changed: Vec<Change>,
    left: Vec<Left>,
) -> Result<Rewritten, Refusal> {
    let facts = analyze(&model, options)?;
    let unshaped = |facts: &Analysis| facts.coverage.nodes - facts.coverage.shaped;
    let unpriced = |facts: &Analysis| facts.coverage.nodes - facts.coverage.priced;
    if unshaped(&facts) > unshaped(before) || unpriced(&facts) > unpriced(before) {
        let known = incomplete(old, before);
        let node = incomplete(&model, &facts).into_iter().find(|name| !known.contains(name));
        let why = "its shapes do not fit any more".to_owned();
        return Err(node.map_or(Refusal::Unnamed, |node| Refusal::Node { node: node.to_owned(), why }));
    }
    Ok(Rewritten { model, facts, changed, left })
}

/// The names of nodes without a shape or price.
fn incomplete<'m>(model: &'m Model, facts: &Analysis) -> Vec<&'m str> {
    let nodes = model.graph.nodes.iter().zip(&facts.layers);
    let lacks = |layer: &weigh_analysis::Layer| {
        layer.macs.is_none() || layer.output_shapes.iter().any(Option::is_none)
    };
    nodes
        .filter(|(_, layer)| lacks(layer))
        .map(|(node, _)| &*node.name)
        .filter(|name| !name.is_empty())
        .collect()
}
