//! Convolutions and matrix products with what comes after them.

use std::sync::Arc;

use weigh_ir::DType;
use weigh_ops::{Conv, Fused, Gemm, Layout, MatMul, QuantizedInput, Requantized, ResultType};

use super::super::convolution::plain_conv;
use super::super::{Lowered, MICROSOFT, NodeView, Table, done};
use super::activation;
use crate::FormatError;

/// x·(1 + tanh(b·(x + a·x³)))/2.
const FAST_GELU: i64 = 8;

pub(super) fn rows(table: &mut Table) {
    table.add_in(MICROSOFT, "FusedConv", |view| conv(view, "FusedConv", Layout::ChannelsFirst));
    table.add_in(MICROSOFT, "NhwcFusedConv", |view| conv(view, "NhwcFusedConv", Layout::ChannelsLast));
    table.add_in(MICROSOFT, "FusedMatMul", |view| matmul(view, "FusedMatMul"));
    table.add_in(MICROSOFT, "TransposeMatMul", |view| matmul(view, "TransposeMatMul"));
    table.add_in(MICROSOFT, "FusedMatMulActivation", |view| matmul(view, "FusedMatMulActivation"));
    table.add_in(MICROSOFT, "FusedGemm", |view| {
        done(Fused::new("FusedGemm", gemm(view)?, activation(view, "activation")?))
    });
    table.add_in(MICROSOFT, "GemmFastGelu", |_| {
        // The bias is input 2, and there is one for each column.
        let product = MatMul { name: "GemmFastGelu", ..MatMul::PLAIN };
        done(Fused { added: Some(2), ..Fused::new("GemmFastGelu", product, FAST_GELU) })
    });
    table.add_in(MICROSOFT, "GemmFloat8", gemm_float8);
}

fn conv(view: &NodeView<'_, '_>, name: &'static str, layout: Layout) -> Lowered {
    let conv = Conv { name, layout, ..plain_conv(view)? };
    done(Fused { added: Some(3), ..Fused::new(name, conv, activation(view, "activation")?) })
}

/// The factor multiplies every element.
fn matmul(view: &NodeView<'_, '_>, name: &'static str) -> Lowered {
    let scaled = i64::from(view.float_or("alpha", 1.0)? != 1.0);
    let product = MatMul {
        name,
        transpose_a: view.flag("transA", false)?,
        transpose_b: view.flag("transB", false)?,
        transpose_batch_a: view.flag("transBatchA", false)?,
        transpose_batch_b: view.flag("transBatchB", false)?,
        ..MatMul::PLAIN
    };
    done(Fused::new(name, product, scaled + activation(view, "activation")?))
}

fn gemm(view: &NodeView<'_, '_>) -> Result<Gemm, FormatError> {
    Ok(Gemm {
        transpose_a: view.flag("transA", false)?,
        transpose_b: view.flag("transB", false)?,
        alpha: view.float_or("alpha", 1.0)?,
        beta: view.float_or("beta", 1.0)?,
    })
}

/// Inputs after the three of a Gemm are scales of A, B and the result.
fn gemm_float8(view: &NodeView<'_, '_>) -> Lowered {
    let product = Requantized {
        name: "GemmFloat8",
        op: Arc::new(gemm(view)?),
        operands: [0, 1, 2].map(QuantizedInput::plain).to_vec(),
        output: None,
        result: ResultType::Fixed(view.dtype("dtype")?.unwrap_or(DType::F32)),
    };
    let scales = i64::from(view.input_count > 3) + i64::from(view.input_count > 5);
    done(Fused::new("GemmFloat8", product, scales + activation(view, "activation")?))
}
