//! Normalisations with what comes before or after them, and other fused elementwise functions.

use weigh_ops::{
    EmbedNormalization, Fused, Gate, Norm, Normalization, POINTWISE, Pointwise, SkipNorm, SkipNormalization,
};

use super::super::{Lowered, MICROSOFT, NodeView, Table, done};
use crate::FormatError;
use crate::onnx::at_node;

/// x·sigmoid(x).
const SILU: i64 = 5;

pub(super) fn rows(table: &mut Table) {
    table.add_in(MICROSOFT, "SkipLayerNormalization", |_| done(SkipNormalization(SkipNorm::Layer)));
    table.add_in(MICROSOFT, "SkipSimplifiedLayerNormalization", |_| done(SkipNormalization(SkipNorm::Rms)));
    table.add_in(MICROSOFT, "SkipGroupNorm", |view| {
        done(SkipNormalization(SkipNorm::Group { activation: group_activation(view)? }))
    });
    table.add_in(MICROSOFT, "GroupNorm", |view| {
        done(Fused::new("GroupNorm", Normalization(Norm::Group), group_activation(view)?))
    });
    table.add_in(MICROSOFT, "EmbedLayerNormalization", |_| done(EmbedNormalization { quantized: false }));
    table.add_in(MICROSOFT, "QEmbedLayerNormalization", |_| done(EmbedNormalization { quantized: true }));
    // Some exporters write what belongs to the standard's domain here.
    for name in ["SimplifiedLayerNormalization", "RMSNormalization"] {
        table.add_in(MICROSOFT, name, |view| {
            done(Normalization(Norm::Rms { axis: view.int_or("axis", -1)? }))
        });
    }
    table.add_in(MICROSOFT, "LayerNormalization", |view| {
        done(Normalization(Norm::Layer { axis: view.int_or("axis", -1)? }))
    });
    for function in POINTWISE {
        table.add_in(MICROSOFT, function.name, pointwise);
    }
    table.add_in(MICROSOFT, "BiasSplitGelu", |_| done(Gate::SplitGelu));
    table.add_in(MICROSOFT, "SwiGLU", |_| done(Gate::SwiGlu));
}

/// 1 stands for SiLU.
fn group_activation(view: &NodeView<'_, '_>) -> Result<i64, FormatError> {
    Ok(if view.int_or("activation", 0)? == 0 { 0 } else { SILU })
}

fn pointwise(view: &NodeView<'_, '_>) -> Lowered {
    match Pointwise::named(view.op_type) {
        Some(op) => done(op),
        None => Err(at_node(view.name, format!("{} is no fused elementwise function", view.op_type))),
    }
}
