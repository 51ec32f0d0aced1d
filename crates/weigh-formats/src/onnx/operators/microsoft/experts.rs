//! Mixtures of experts.

use weigh_ops::{GroupRouter, MixtureOfExperts};

use super::super::{Lowered, MICROSOFT, NodeView, Table, done};
use super::activation;
use crate::FormatError;
use crate::onnx::at_node;

/// Factor, sigmoid, product, sum, product: g·sigmoid(a·g)·(l + c).
const SWIGLU: i64 = 8;

pub(super) fn rows(table: &mut Table) {
    table.add_in(MICROSOFT, "MoE", |view| experts(view, "MoE"));
    table.add_in(MICROSOFT, "QMoE", |view| experts(view, "QMoE"));
    table.add_in(MICROSOFT, "MoEGroupRouter", |_| done(GroupRouter));
}

fn experts(view: &NodeView<'_, '_>, name: &'static str) -> Lowered {
    let quantized = name == "QMoE";
    let chosen = view.int_or("k", 1)?;
    if !(1..=1 << 20).contains(&chosen) {
        return Err(at_node(view.name, format!("{name} sends each token to {chosen} experts")));
    }
    let gates = view.text_or("activation_type", "relu")?.eq_ignore_ascii_case("swiglu");
    done(MixtureOfExperts {
        name,
        chosen,
        normalizes: view.flag("normalize_routing_weights", false)?,
        // The product with the gating half is among the 8; a third matrix of weights brings its own.
        activation: match gates {
            true => SWIGLU - i64::from(view.input_count > if quantized { 8 } else { 6 }),
            false => activation(view, "activation_type")?,
        },
        products: if quantized { MixtureOfExperts::QUANTIZED } else { MixtureOfExperts::PLAIN },
        bits: if quantized { Some(bits(view)?) } else { None },
        shares: quantized.then_some(14),
    })
}

/// How many bits a weight has where it is packed.
fn bits(view: &NodeView<'_, '_>) -> Result<i64, FormatError> {
    let bits = match view.text_or("quant_type", "int")? {
        "fp8" => 8,
        "fp4" | "nvfp4" | "wfp4afp8" => 4,
        _ => view.int_or("expert_weight_bits", 4)?,
    };
    match bits {
        1..=8 => Ok(bits),
        _ => Err(at_node(view.name, format!("{} has weights of {bits} bits", view.op_type))),
    }
}
