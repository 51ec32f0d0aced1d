//! The operators of ONNX Runtime's own domains, a file per family.
//!
//! Inputs, outputs and attributes are those of ONNX Runtime's documentation, "Contrib operators", each under the
//! operator's name; the layouts of channels (com.microsoft.nchwc, com.ms.internal.nhwc) are those its graph
//! optimiser writes into optimised models.

mod attention;
mod experts;
mod fusions;
mod layouts;
mod normalization;
mod others;
mod quantised;
mod search;

use weigh_ops::Elementwise;

use super::{NodeView, Table};
use crate::FormatError;
use crate::onnx::at_node;

pub(super) fn rows(table: &mut Table) {
    attention::rows(table);
    experts::rows(table);
    fusions::rows(table);
    layouts::rows(table);
    normalization::rows(table);
    others::rows(table);
    quantised::rows(table);
    search::rows(table);
}

/// The arithmetic of the activation function that an attribute names; none where it is absent.
fn activation(view: &NodeView<'_, '_>, attribute: &str) -> Result<i64, FormatError> {
    let name = view.text_or(attribute, "none")?;
    let elementwise = match name.to_ascii_lowercase().as_str() {
        "" | "none" | "identity" => return Ok(0),
        // max(0, x)².
        "relu2" | "relu_squared" => return Ok(1),
        // As many as the normalisations of these names take.
        "softmax" | "logsoftmax" => return Ok(4),
        "hardmax" => return Ok(0),
        "silu" => Elementwise::named("Swish"),
        _ => Elementwise::named_in_any_case(name),
    };
    match elementwise {
        Some(op) => Ok(op.function.operations),
        None => Err(at_node(view.name, format!("'{name}' is no activation of {}", view.op_type))),
    }
}
