//! What belongs to no other family, and what is the standard's operator under ONNX Runtime's name.

use weigh_ops::{Ints, Movement, Opaque, Pooling, RuntimeOperator, View};

use super::super::convolution::pool;
use super::super::{Lowered, MICROSOFT, NodeView, Table, done, find};
use super::activation;
use crate::onnx::at_node;

pub(super) fn rows(table: &mut Table) {
    for name in ["GridSample", "Range", "Trilu"] {
        table.add_in(MICROSOFT, name, standard);
    }
    table.add_in(MICROSOFT, "TorchEmbedding", |_| done(Movement::Gather { axis: 0 }));
    table.add_in(MICROSOFT, "GatherND", |_| done(Movement::GatherNd { batch_dims: 0 }));
    table.add_in(MICROSOFT, "ExpandDims", |_| done(View::Unsqueeze { axes: Ints::Input(1) }));
    table.add_in(MICROSOFT, "Pad", |_| {
        done(Movement::Pad { pads: Ints::Input(1), axes: Ints::Fixed(Vec::new()) })
    });
    table.add_in(MICROSOFT, "MaxpoolWithMask", |view| pool(view, Pooling::Max));
    table.add("DynamicSlice", |_| {
        let (starts, ends, axes) = (Ints::Input(1), Ints::Input(2), Ints::Input(3));
        done(Movement::Slice { starts, ends, axes, steps: Ints::Fixed(Vec::new()) })
    });

    table.add_in(MICROSOFT, "RemovePadding", |_| done(RuntimeOperator::RemovePadding));
    table.add_in(MICROSOFT, "RestorePadding", |_| done(RuntimeOperator::RestorePadding));
    table.add_in(MICROSOFT, "RelativePositionBias", |_| done(RuntimeOperator::RelativePositionBias));
    table.add_in(MICROSOFT, "NGramRepeatBlock", |_| done(RuntimeOperator::RuleOutRepeats));
    table.add_in(MICROSOFT, "Inverse", |_| done(RuntimeOperator::Inverse));
    table.add_in(MICROSOFT, "UnfoldTensor", |view| {
        let (axis, size) = (view.int_or("dim", -1)?, view.int_or("size", 1)?);
        done(RuntimeOperator::UnfoldTensor { axis, size, step: view.int_or("step", 1)? })
    });
    table.add_in(MICROSOFT, "CDist", |view| match view.text_or("metric", "sqeuclidean")? {
        "euclidean" => done(RuntimeOperator::Distances { rooted: true }),
        "sqeuclidean" => done(RuntimeOperator::Distances { rooted: false }),
        _ => unknown("CDist"),
    });
    table.add_in(MICROSOFT, "GatherBlockQuantized", |view| {
        let packed = Some(view.int_or("bits", 4)?).filter(|bits| matches!(bits, 2 | 4));
        done(RuntimeOperator::QuantizedGather { axis: view.int_or("gather_axis", 0)?, packed })
    });
    table.add_in(MICROSOFT, "LinearAttention", linear_attention);
    table.add_in(MICROSOFT, "CausalConvWithState", |view| {
        let others = [view.int_or("ndim", 1)? != 1, view.flag("channels_last", false)?];
        if others.contains(&true) || view.int_or("state_window", 0)? != 0 {
            return unknown("CausalConvWithState");
        }
        let dilation = view.int_or("dilation", 1)?.clamp(1, 1 << 20);
        done(RuntimeOperator::CausalConv { activation: activation(view, "activation")?, dilation })
    });
}

/// A variant that nothing is known about.
fn unknown(name: &str) -> Lowered {
    done(Opaque { name: format!("{MICROSOFT}.{name}") })
}

fn linear_attention(view: &NodeView<'_, '_>) -> Lowered {
    let rule = view.text_or("update_rule", "gated_delta")?;
    done(RuntimeOperator::LinearAttention {
        heads: view.int_or("q_num_heads", 1)?,
        kv_heads: view.int_or("kv_num_heads", 1)?,
        delta: rule.ends_with("delta"),
        window: view.int_or("state_window", 0)?,
    })
}

fn standard(view: &NodeView<'_, '_>) -> Lowered {
    match find("", view.op_type) {
        Some(row) => (row.lower)(view),
        None => Err(at_node(view.name, format!("{} is not known", view.op_type))),
    }
}
