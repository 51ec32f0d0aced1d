//! Operators over quantised tensors, and products of integers.

use std::sync::Arc;

use weigh_ir::{DType, Operator};
use weigh_ops::{
    ChannelsLast, Conv, Dequantize, Elementwise, Fused, Gemm, GlobalPool, Granularity, Ints, Layout, MatMul,
    Movement, Norm, Normalization, Pool, Pooling, Quantize, QuantizedInput, Reduce, Requantized, ResultType,
};

use super::super::convolution::{plain_conv, window};
use super::super::{Lowered, MICROSOFT, NodeView, Table, done};
use crate::FormatError;
use crate::onnx::at_node;

pub(super) fn rows(table: &mut Table) {
    table.add_in(MICROSOFT, "QLinearAdd", |view| binary(view, "QLinearAdd", "Add"));
    table.add_in(MICROSOFT, "QLinearMul", |view| binary(view, "QLinearMul", "Mul"));
    table.add_in(MICROSOFT, "QLinearSigmoid", |view| unary("QLinearSigmoid", elementwise(view, "Sigmoid")?));
    table.add_in(MICROSOFT, "QLinearLeakyRelu", |view| {
        unary("QLinearLeakyRelu", elementwise(view, "LeakyRelu")?)
    });
    table.add_in(MICROSOFT, "QLinearSoftmax", |_| unary("QLinearSoftmax", Normalization(Norm::Softmax)));
    table.add_in(MICROSOFT, "QLinearReduceMean", |view| {
        unary("QLinearReduceMean", reduction(view, "ReduceMean")?)
    });
    table.add_in(MICROSOFT, "QLinearAveragePool", average_pool);
    table.add_in(MICROSOFT, "QLinearGlobalAveragePool", |view| {
        unary("QLinearGlobalAveragePool", GlobalPool { pooling: Pooling::Average, layout: layout(view)? })
    });
    table.add_in(MICROSOFT, "QLinearConcat", concat);
    table.add_in(MICROSOFT, "QLinearWhere", choice);
    table.add_in(MICROSOFT, "QLinearConv", |view| {
        let conv = Conv { weights: 3, bias: Some(8), layout: layout(view)?, ..plain_conv(view)? };
        done(Fused::requantized("QLinearConv", conv, 7))
    });
    table.add_in(MICROSOFT, "QGemm", gemm);
    table.add_in(MICROSOFT, "MatMulInteger16", |_| {
        done(MatMul { name: "MatMulInteger16", result: Some(DType::I32), ..MatMul::PLAIN })
    });
    table.add_in(MICROSOFT, "MulInteger", |view| {
        let zero_point = |index| QuantizedInput { index, scaled: false, zero_point: Some(index + 1) };
        done(Requantized {
            name: "MulInteger",
            op: Arc::new(elementwise(view, "Mul")?),
            operands: vec![zero_point(0), zero_point(2)],
            output: None,
            result: ResultType::Fixed(DType::I32),
        })
    });
    table.add_in(MICROSOFT, "ReduceSumInteger", |view| {
        done(Fused {
            result: ResultType::Fixed(DType::I32),
            ..Fused::new("ReduceSumInteger", reduction(view, "ReduceSum")?, 0)
        })
    });
    table.add_in(MICROSOFT, "NhwcMaxPool", |view| {
        done(Pool { pooling: Pooling::Max, window: window(view)?, layout: Layout::ChannelsLast })
    });
    ordered(table);
}

/// The `QOrdered…` operators: 8-bit integers in the tilings of matrices that tensor cores like. Scales but no zero
/// points; shapes are those of the matrices themselves.
fn ordered(table: &mut Table) {
    table.add_in(MICROSOFT, "QOrderedGelu", |view| {
        done(Requantized {
            name: "QOrderedGelu",
            op: Arc::new(elementwise(view, "Gelu")?),
            operands: vec![QuantizedInput::scaled(0)],
            output: Some(None),
            result: ResultType::Own,
        })
    });
    table.add_in(MICROSOFT, "QOrderedLayerNormalization", |view| {
        done(Requantized {
            name: "QOrderedLayerNormalization",
            op: Arc::new(Normalization(Norm::Layer { axis: view.int_or("axis", -1)? })),
            operands: vec![QuantizedInput::scaled(0), QuantizedInput::plain(2), QuantizedInput::plain(3)],
            output: Some(None),
            result: ResultType::Own,
        })
    });
    table.add_in(MICROSOFT, "QOrderedMatMul", |view| {
        let product = Requantized {
            name: "QOrderedMatMul",
            op: Arc::new(MatMul::PLAIN),
            operands: vec![QuantizedInput::scaled(0), QuantizedInput::scaled(2)],
            output: Some(None),
            result: ResultType::Own,
        };
        // A bias (5); a matrix (6) and its scale.
        let scaled = if view.input_count > 6 { 2 } else { 0 };
        done(Fused { added: Some(5), ..Fused::new("QOrderedMatMul", product, scaled) })
    });
    table.add_in(MICROSOFT, "QuantizeWithOrder", |_| {
        done(Quantize { granularity: WHOLE, to: Some(DType::I8) })
    });
    table.add_in(MICROSOFT, "DequantizeWithOrder", |view| {
        done(Dequantize { granularity: WHOLE, to: view.dtype("to")? })
    });
}

/// One scale for a whole tensor.
const WHOLE: Granularity = Granularity { axis: 1, block_size: 0 };

fn elementwise(view: &NodeView<'_, '_>, name: &str) -> Result<Elementwise, FormatError> {
    Elementwise::named(name)
        .ok_or_else(|| at_node(view.name, format!("{name} in {} is no elementwise function", view.op_type)))
}

/// Axes are an attribute in every version.
fn reduction(view: &NodeView<'_, '_>, name: &str) -> Result<Reduce, FormatError> {
    let axes = Ints::Fixed(view.ints("axes")?);
    Reduce::named(name, axes, view.flag("keepdims", true)?, false)
        .ok_or_else(|| at_node(view.name, format!("{name} in {} is no reduction", view.op_type)))
}

fn layout(view: &NodeView<'_, '_>) -> Result<Layout, FormatError> {
    Ok(if view.flag("channels_last", false)? { Layout::ChannelsLast } else { Layout::ChannelsFirst })
}

/// X, its scale and zero point, then those of the result.
fn unary(name: &'static str, op: impl Operator) -> Lowered {
    done(Requantized {
        name,
        op: Arc::new(op),
        operands: vec![QuantizedInput::at(0)],
        output: Some(Some(4)),
        result: ResultType::Own,
    })
}

/// A and B, each with scale and zero point, then those of the result.
fn binary(view: &NodeView<'_, '_>, name: &'static str, function: &str) -> Lowered {
    done(Requantized {
        name,
        op: Arc::new(elementwise(view, function)?),
        operands: vec![QuantizedInput::at(0), QuantizedInput::at(3)],
        output: Some(Some(7)),
        result: ResultType::Own,
    })
}

/// Scale and zero point of the result, then each part with its own.
fn concat(view: &NodeView<'_, '_>) -> Lowered {
    let axis = view.int_or("axis", 0)?;
    done(Requantized {
        name: "QLinearConcat",
        op: Arc::new(Movement::Concat { axis }),
        operands: (2..view.input_count).step_by(3).map(QuantizedInput::at).collect(),
        output: Some(Some(1)),
        result: ResultType::OfInput(1, DType::U8),
    })
}

/// Condition; X and Y, each with scale and zero point; those of the result.
fn choice(view: &NodeView<'_, '_>) -> Lowered {
    done(Requantized {
        name: "QLinearWhere",
        op: Arc::new(elementwise(view, "Where")?),
        operands: vec![QuantizedInput::plain(0), QuantizedInput::at(1), QuantizedInput::at(4)],
        output: Some(Some(8)),
        result: ResultType::Own,
    })
}

fn average_pool(view: &NodeView<'_, '_>) -> Lowered {
    let window = window(view)?;
    if window.kernel.is_empty() {
        return Err(at_node(view.name, format!("{} has no kernel_shape", view.op_type)));
    }
    unary("QLinearAveragePool", Pool { pooling: Pooling::Average, window, layout: layout(view)? })
}

/// A, B and C are inputs 0, 3 and 6. Without a scale of the result (7) it is real, and scaled only.
fn gemm(view: &NodeView<'_, '_>) -> Lowered {
    let plain = |index| QuantizedInput::plain(index);
    let product = Requantized {
        name: "QGemm",
        op: Arc::new(Gemm {
            transpose_a: view.flag("transA", false)?,
            transpose_b: view.flag("transB", false)?,
            // The factor is part of the scale.
            alpha: 1.0,
            beta: 1.0,
        }),
        operands: vec![plain(0), plain(3), plain(6)],
        output: None,
        result: ResultType::Own,
    };
    let operations = if view.input_count > 7 { Fused::REQUANTIZE } else { 1 };
    done(Fused { result: ResultType::OfInput(8, DType::F32), ..Fused::new("QGemm", product, operations) })
}

/// The standard's operator over tensors with channels last.
pub(super) fn channels_last(op: Arc<dyn Operator>) -> Lowered {
    done(ChannelsLast { op })
}
