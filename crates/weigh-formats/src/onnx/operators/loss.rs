//! Losses.

use weigh_ops::{ClassLoss, Reduction};

use super::super::at_node;
use super::{Lowered, NodeView, Table, done};

pub(super) fn rows(table: &mut Table) {
    table.add("NegativeLogLikelihoodLoss", |view| class_loss(view, false));
    table.add("SoftmaxCrossEntropyLoss", |view| class_loss(view, true));
}

fn class_loss(view: &NodeView<'_, '_>, softmax: bool) -> Lowered {
    let reduction = match view.text_or("reduction", "mean")? {
        "none" => Reduction::None,
        "sum" => Reduction::Sum,
        "mean" => Reduction::Mean,
        other => return Err(at_node(view.name, format!("'{other}' is no reduction of {}", view.op_type))),
    };
    done(ClassLoss { softmax, reduction, ignores: view.has("ignore_index") })
}
