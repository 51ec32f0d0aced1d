//! Quantised arithmetic: conversions, and matrix products of integers.

use weigh_ir::DType;
use weigh_ops::{
    BlockQuantizedMatMul, Dequantize, DynamicQuantize, Fused, Granularity, IntegerMatMul, MatMul, Quantize,
};

use super::super::at_node;
use super::{Lowered, MICROSOFT, NodeView, Table, done};
use crate::FormatError;

pub(super) fn rows(table: &mut Table) {
    for domain in ["", MICROSOFT] {
        table.add_in(domain, "QuantizeLinear", |view| {
            done(Quantize { granularity: granularity(view)?, to: view.dtype("output_dtype")? })
        });
        table.add_in(domain, "DequantizeLinear", |view| {
            done(Dequantize { granularity: granularity(view)?, to: view.dtype("output_dtype")? })
        });
    }
    table.add("DynamicQuantizeLinear", |_| done(DynamicQuantize));
    table.add("MatMulInteger", |_| {
        done(MatMul { name: "MatMulInteger", result: Some(DType::I32), ..MatMul::PLAIN })
    });
    table.add("QLinearMatMul", |_| {
        done(Fused::requantized("QLinearMatMul", MatMul { b: 3, ..MatMul::PLAIN }, 7))
    });
    table.add_in(MICROSOFT, "DynamicQuantizeMatMul", |_| done(IntegerMatMul { quantizes_left: true }));
    table.add_in(MICROSOFT, "MatMulIntegerToFloat", |_| done(IntegerMatMul { quantizes_left: false }));
    table.add_in(MICROSOFT, "MatMulNBits", block_quantised);
}

fn granularity(view: &NodeView<'_, '_>) -> Result<Granularity, FormatError> {
    Ok(Granularity { axis: view.int_or("axis", 1)?, block_size: view.int_or("block_size", 0)? })
}

fn block_quantised(view: &NodeView<'_, '_>) -> Lowered {
    let needed = |name: &str| match view.int(name)? {
        Some(value) if value > 0 => Ok(value),
        _ => Err(at_node(view.name, format!("{} needs a positive {name}", view.op_type))),
    };
    done(BlockQuantizedMatMul {
        inputs: needed("K")?,
        outputs: needed("N")?,
        bits: view.int_or("bits", 4)?,
        block_size: needed("block_size")?,
    })
}
