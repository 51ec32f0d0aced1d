//! What belongs to no other family, and what is the standard's operator under ONNX Runtime's name.

use weigh_ir::DType;
use weigh_ops::{
    ConvTranspose, CropAndResize, Ints, Known, Movement, Opaque, Pooling, RealDft, RuntimeOperator, Text,
    Unpriced, View,
};

use super::super::convolution::{plain_conv_transpose, pool};
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

    table.add("Crop", crop);
    table.add_in(MICROSOFT, "ConvTransposeWithDynamicPads", |view| {
        done(ConvTranspose { pads: Some(2), ..plain_conv_transpose(view)? })
    });
    table.add_in(MICROSOFT, "CropAndResize", |view| {
        done(CropAndResize { interpolates: view.text_or("mode", "bilinear")? != "nearest" })
    });
    table.add_in(MICROSOFT, "Rfft", |view| real_transform(view, false));
    table.add_in(MICROSOFT, "Irfft", |view| real_transform(view, true));
    table.add_in(MICROSOFT, "Tokenizer", |_| done(Text::Tokenize));
    table.add_in(MICROSOFT, "AttnLSTM", |_| done(Unpriced::ATTENTIVE_LSTM));
    table.add_in(MICROSOFT, "EPContext", |_| done(Unpriced::COMPILED));
    table.add_in(MICROSOFT, "MurmurHash3", |view| {
        let dtype = if view.flag("positive", true)? { DType::U32 } else { DType::I32 };
        done(Unpriced { known: Known::Like(Some(dtype)), ..Unpriced::HASH })
    });
    table.add_in(MICROSOFT, "SparseToDenseMatMul", |view| {
        let (transpose_a, transpose_b) = (view.flag("transA", false)?, view.flag("transB", false)?);
        done(Unpriced { known: Known::Product { transpose_a, transpose_b }, ..Unpriced::SPARSE_PRODUCT })
    });

    table.add_in(MICROSOFT, "BifurcationDetector", |_| done(RuntimeOperator::Bifurcation));
    table.add_in(MICROSOFT, "DynamicTimeWarping", |_| done(RuntimeOperator::Alignment));
    table.add_in(MICROSOFT, "Unique", |_| done(RuntimeOperator::Distinct));
    table.add_in(MICROSOFT, "WordConvEmbedding", |_| done(RuntimeOperator::WordVectors));
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

/// A window of images `[batch, channels, height, width]`: from the left and top border on, to the right and bottom one
/// or as large as it is to be.
fn crop(view: &NodeView<'_, '_>) -> Lowered {
    let (border, size) = (view.ints("border")?, view.ints("scale")?);
    let [left, top, right, bottom] = border[..] else {
        return Err(at_node(view.name, format!("Crop has a border of {} numbers", border.len())));
    };
    let before = |border: i64| if border == 0 { i64::MAX } else { border.saturating_neg() };
    let ends = match size[..] {
        [height, width] => vec![top.saturating_add(height), left.saturating_add(width)],
        _ => vec![before(bottom), before(right)],
    };
    let [starts, ends, axes, steps] = [vec![top, left], ends, vec![2, 3], Vec::new()].map(Ints::Fixed);
    done(Movement::Slice { starts, ends, axes, steps })
}

/// Transforms of one axis; those of several are not known.
fn real_transform(view: &NodeView<'_, '_>, inverse: bool) -> Lowered {
    match view.int_or("signal_ndim", 1)? {
        1 => done(RealDft { inverse }),
        _ => unknown(if inverse { "Irfft" } else { "Rfft" }),
    }
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
