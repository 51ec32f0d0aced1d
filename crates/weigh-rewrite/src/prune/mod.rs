//! Channels taken out, and everything downstream with them (Li et al., Pruning Filters for Efficient ConvNets, ICLR 2017).
//!
//! Every axis of every tensor belongs to a *class* of axes that have to keep the same extent ([`axes`]): what a residual sum
//! adds up, what a normalisation scales, what a depthwise convolution passes through. [`links`] says which axes each operator
//! ties together. A class shrinks where a layer's weights make it (output channels, hidden units) and nothing holds it: an
//! input or output of the model, a reshape, an operator that is not known here. Extents that are sums or multiples of
//! others (of a concatenation, of a flattened image) shrink as their parts do.

mod axes;
mod links;

use std::collections::BTreeMap;
use std::sync::Arc;

use weigh_analysis::{Analysis, Options};
use weigh_ir::{Model, Node, Shape, TensorId};
use weigh_ops::Conv;

use crate::draft::{Draft, input, operator, stored};
use crate::{Change, Left, Refusal, Rewritten, checked};
use axes::{Axes, Class};

/// Takes `share` of the channels out of every class of axes that can shrink. What is left is rounded up to a multiple of
/// `multiple`, as hardware computes in such; a share of nothing changes nothing.
///
/// # Errors
/// Where no channels can be taken out.
pub fn prune_channels(
    model: &Model,
    facts: &Analysis,
    options: &Options,
    share: f64,
    multiple: i64,
) -> Result<Rewritten, Refusal> {
    let mut axes = Axes::of(model, facts);
    links::tie(model, facts, &mut axes);
    let extents = axes.shrunk(share.clamp(0.0, 1.0), multiple.max(1));
    let mut draft = Draft::of(model);
    let mut changed = Vec::new();
    for (index, node) in draft.model.graph.nodes.iter_mut().enumerate() {
        if let Some(class) = axes.made_by(index)
            && let Some(after) = extents.get(&class)
        {
            let what = format!("{} → {after} channels", axes.extent(class));
            changed.push(Change { node: node.name.to_string(), what });
        }
        regroup(node, &mut axes, &extents);
    }
    for (index, tensor) in draft.model.tensors.iter_mut().enumerate() {
        let Some(id) = TensorId::new(index) else { continue };
        if let (Some(data), Some(shape)) = (&tensor.stored, shrunk(&mut axes, id, &extents))
            && let Some(data) = stored(data.dtype, shape)
        {
            tensor.declared = Some(data.shape.clone());
            tensor.stored = Some(Arc::new(data));
        }
    }
    let name =
        |index: usize| model.graph.nodes.get(index).map_or_else(String::new, |node| node.name.to_string());
    let left: Vec<Left> = axes
        .held()
        .into_iter()
        .map(|(index, why)| Left { node: name(index), why: format!("held by {why}") })
        .collect();
    if changed.is_empty() && share > 0.0 {
        return Err(Refusal::Nothing(nothing(&left)));
    }
    checked(model, facts, draft.finish(), options, changed, left)
}

fn nothing(left: &[Left]) -> String {
    match left.first() {
        Some(left) => format!("no channels can be taken out; those of '{}' are {}", left.node, left.why),
        None => "there are no layers with channels".to_owned(),
    }
}

/// The shape of a tensor where one of its axes shrinks.
fn shrunk(axes: &mut Axes, id: TensorId, extents: &BTreeMap<Class, i64>) -> Option<Shape> {
    let classes = axes.classes(id)?;
    if !classes.iter().any(|class| extents.contains_key(class)) {
        return None;
    }
    let dims: Vec<i64> =
        classes.iter().map(|class| extents.get(class).copied().unwrap_or(axes.extent(*class))).collect();
    Some(Shape::of(&dims))
}

/// A depthwise convolution has as many groups as channels.
fn regroup(node: &mut Node, axes: &mut Axes, extents: &BTreeMap<Class, i64>) {
    let Some(conv) = operator::<Conv>(node).filter(|conv| conv.groups > 1) else { return };
    let class = input(node, conv.weights).and_then(|weights| axes.classes(weights)?.first().copied());
    if let Some(groups) = class.and_then(|class| extents.get(&class).copied()) {
        node.op = Arc::new(Conv { groups, ..conv.clone() });
    }
}
