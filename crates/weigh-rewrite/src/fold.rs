//! Batch normalisation folded into the convolution before it (Jacob et al., CVPR 2018, section 3.2): with stored
//! statistics it is γ·(x − μ) / √(σ² + ε) + β, one factor and one addend for each channel, which the convolution's weights
//! and bias take over. The outputs stay the same up to rounding.

use std::collections::HashMap;

use weigh_analysis::{Analysis, Options};
use weigh_ir::{Model, Node, TensorId};
use weigh_ops::{Conv, ConvTranspose, Norm, Normalization};

use crate::draft::{Draft, input, operator, readers, weights};
use crate::separable::too_many;
use crate::{Change, Left, Refusal, Rewritten, checked};

/// Folds every batch normalisation that alone reads a convolution with stored weights.
///
/// # Errors
/// Where there is none.
pub fn fold_batch_norm(model: &Model, facts: &Analysis, options: &Options) -> Result<Rewritten, Refusal> {
    let readers = readers(model);
    let mut draft = Draft::of(model);
    let (mut changed, mut left) = (Vec::new(), Vec::new());
    let mut nodes: Vec<Node> = Vec::with_capacity(model.graph.nodes.len());
    // Which of the new nodes makes a tensor.
    let mut makers: HashMap<TensorId, usize> = HashMap::new();
    for node in &model.graph.nodes {
        let is_norm = operator::<Normalization>(node).is_some_and(|norm| norm.0 == Norm::Batch);
        let before = input(node, 0).filter(|_| is_norm);
        let Some(before) = before else {
            makers.extend(node.outputs.iter().flatten().map(|id| (*id, nodes.len())));
            nodes.push(node.clone());
            continue;
        };
        let maker = makers.get(&before).copied();
        let why = match maker.and_then(|at| nodes.get(at)) {
            None => Some("nothing that has weights stands before it"),
            Some(conv) => obstacle(model, &readers, conv, node, before),
        };
        if let Some(why) = why {
            left.push(Left { node: node.name.to_string(), why: why.to_owned() });
            makers.extend(node.outputs.iter().flatten().map(|id| (*id, nodes.len())));
            nodes.push(node.clone());
            continue;
        }
        let Some((at, (weight, bias))) = maker.and_then(|at| Some((at, places(nodes.get(at)?)?))) else {
            continue;
        };
        let conv = &mut nodes[at];
        let has_bias = bias.is_some_and(|bias| input(conv, bias).is_some());
        if let (Some(bias), false) = (bias, has_bias) {
            let shape = input(conv, weight).and_then(|id| weights(model, id));
            let made = shape
                .and_then(|(dtype, dims)| draft.store(format!("{}/bias", conv.name), dtype, dims.get(..1)?));
            let made = made.ok_or_else(|| too_many(node))?;
            conv.inputs.resize(conv.inputs.len().max(bias + 1), None);
            conv.inputs[bias] = Some(made);
        }
        conv.outputs = node.outputs.clone();
        conv.outputs.truncate(1);
        makers.extend(node.outputs.iter().flatten().map(|id| (*id, at)));
        changed.push(Change { node: node.name.to_string(), what: format!("folded into '{}'", conv.name) });
    }
    if changed.is_empty() {
        let why = match left.first() {
            Some(left) => format!("no batch normalisation can be folded: '{}': {}", left.node, left.why),
            None => "there is no batch normalisation".to_owned(),
        };
        return Err(Refusal::Nothing(why));
    }
    draft.model.graph.nodes = nodes;
    checked(model, facts, draft.finish(), options, changed, left)
}

/// Where a node that a normalisation can be folded into has its weights and its bias.
fn places(node: &Node) -> Option<(usize, Option<usize>)> {
    if let Some(conv) = operator::<Conv>(node) {
        return Some((conv.weights, conv.bias));
    }
    operator::<ConvTranspose>(node).filter(|conv| conv.pads.is_none()).map(|_| (1, Some(2)))
}

/// What keeps a normalisation from being folded into the node before it.
fn obstacle(
    model: &Model,
    readers: &HashMap<TensorId, usize>,
    conv: &Node,
    norm: &Node,
    between: TensorId,
) -> Option<&'static str> {
    let is_single = |id: TensorId| readers.get(&id) == Some(&1);
    let Some((weight, bias)) = places(conv) else { return Some("no convolution stands before it") };
    let Some(weight) = input(conv, weight).filter(|id| weights(model, *id).is_some()) else {
        return Some("the convolution's weights are not stored as they are");
    };
    if norm.outputs.iter().flatten().count() > 1 {
        return Some("it is in training mode: its statistics are of the batch");
    }
    if (1..5).any(|at| input(norm, at).is_none_or(|id| weights(model, id).is_none())) {
        return Some("its statistics are not stored");
    }
    let bias = bias.and_then(|bias| input(conv, bias));
    match (is_single(between), is_single(weight) && bias.is_none_or(is_single)) {
        (false, _) => Some("others read what it normalises"),
        (true, false) => Some("the convolution shares its weights with others"),
        (true, true) => None,
    }
}
