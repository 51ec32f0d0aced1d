//! Batch normalisation folded into the convolution before it (Jacob et al., CVPR 2018, section 3.2): with stored
//! statistics it is γ·(x − μ) / √(σ² + ε) + β, one factor and one addend for each channel, which the convolution's weights
//! and bias take over. The outputs stay the same up to rounding.

use std::collections::HashMap;

use weigh_analysis::{Analysis, Options};
use weigh_ir::{Model, Node, TensorId};
use weigh_ops::{Conv, ConvTranspose, Norm, Normalization};

use crate::draft::{Draft, input, operator, readers, weights};
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
            None => Some("no node stands before it".to_owned()),
            Some(conv) => obstacle(model, &readers, conv, node, before),
        };
        if let Some(why) = why {
            left.push(Left { node: node.name.to_string(), why });
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
            // One for each channel, as the normalisation's own scale has.
            let of = |node: &Node, at| input(node, at).and_then(|id| weights(model, id));
            let made = of(conv, weight).zip(of(node, 1)).and_then(|((dtype, _), (_, channels))| {
                draft.store(format!("{}/bias", conv.name), dtype, &channels)
            });
            let made = made.ok_or_else(|| Refusal::too_many(node))?;
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

/// Where a node that a normalisation can be folded into has its weights and its bias. Fused forms are not for it: they
/// end in an activation.
fn places(node: &Node) -> Option<(usize, Option<usize>)> {
    if let Some(conv) = operator::<Conv>(node) {
        return (conv.name == "Conv").then_some((conv.weights, conv.bias));
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
) -> Option<String> {
    let Some((weight, bias)) = places(conv) else {
        return Some(format!("what stands before it is no convolution but {}", conv.op.name()));
    };
    let is_single = |id: TensorId| readers.get(&id) == Some(&1);
    let is_vector = |id| weights(model, id).is_some_and(|(_, dims)| dims.len() == 1);
    // A bias that an earlier folding made is stored, and nobody else reads it.
    let is_old = |id: &TensorId| id.index() < model.tensors.len();
    let bias = bias.and_then(|bias| input(conv, bias)).filter(is_old);
    let weight = input(conv, weight).filter(|id| weights(model, *id).is_some());
    let why = match weight {
        None => "the convolution's weights are not stored as they are",
        _ if !bias.is_none_or(is_vector) => "the convolution's bias is not stored",
        _ if norm.outputs.iter().flatten().count() > 1 => {
            "it is in training mode: its statistics are of the batch"
        }
        _ if (1..5).any(|at| !input(norm, at).is_some_and(is_vector)) => {
            "its statistics are not stored, one for each channel"
        }
        _ if !is_single(between) => "others read what it normalises",
        Some(weight) if !is_single(weight) || !bias.is_none_or(is_single) => {
            "the convolution shares its weights with others"
        }
        Some(_) => return None,
    };
    Some(why.to_owned())
}
