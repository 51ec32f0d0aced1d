//! Elementwise functions, matrix products, normalisations.

use weigh_ops::{Arity, Cast, Einsum, Elementwise, FUNCTIONS, Gemm, MatMul, Norm, Normalization};

use super::super::{at_node, dtype};
use super::{Lowered, MICROSOFT, NodeView, Table, done};

pub(super) fn rows(table: &mut Table) {
    for function in FUNCTIONS {
        table.add(function.name, elementwise);
    }
    table.add("Gelu", gelu);
    table.add("Swish", scaled);
    table.add("SwiGLU", scaled);
    table.add("Cast", cast);
    table.add("CastLike", |_| done(Cast { to: None }));
    table.add("MatMul", |_| done(MatMul::PLAIN));
    table.add("Gemm", gemm);
    table.add("Einsum", einsum);
    table.add("BatchNormalization", |_| done(Normalization(Norm::Batch)));
    table.add("InstanceNormalization", |_| done(Normalization(Norm::Instance)));
    table.add("GroupNormalization", |_| done(Normalization(Norm::Group)));
    table.add("LayerNormalization", |view| {
        done(Normalization(Norm::Layer { axis: view.int_or("axis", -1)? }))
    });
    table.add("RMSNormalization", |view| done(Normalization(Norm::Rms { axis: view.int_or("axis", -1)? })));
    table.add("LRN", |view| {
        done(Normalization(Norm::LocalResponse { size: view.int_or("size", 1)?.clamp(1, 1 << 20) }))
    });
    table.add("LpNormalization", |_| done(Normalization(Norm::Lp)));
    table.add("MeanVarianceNormalization", |_| done(Normalization(Norm::MeanVariance)));
    table.add("Softmax", |_| done(Normalization(Norm::Softmax)));
    table.add("LogSoftmax", |_| done(Normalization(Norm::LogSoftmax)));
    table.add("Hardmax", |_| done(Normalization(Norm::Hardmax)));

    for name in ["Gelu", "QuickGelu", "BiasGelu", "ComplexMul", "ComplexMulConj"] {
        table.add_in(MICROSOFT, name, elementwise);
    }
    // Exporters write these in the standard's domain although they are ONNX Runtime's.
    table.add("SimplifiedLayerNormalization", |view| {
        done(Normalization(Norm::Rms { axis: view.int_or("axis", -1)? }))
    });
}

fn elementwise(view: &NodeView<'_, '_>) -> Lowered {
    let Some(mut op) = Elementwise::named(view.op_type) else {
        return Err(at_node(view.name, format!("{} is no elementwise function", view.op_type)));
    };
    op.one_sided = view.opset < 7 && op.function.arity == Arity::Two;
    op.signed_rest = view.op_type == "Mod" && view.flag("fmod", false)?;
    done(op)
}

/// A factor inside the sigmoid, unless it is 1, is one more product.
fn scaled(view: &NodeView<'_, '_>) -> Lowered {
    let further = i64::from(view.float_or("alpha", 1.0)? != 1.0);
    match Elementwise::named(view.op_type) {
        Some(op) => done(Elementwise { further, ..op }),
        None => elementwise(view),
    }
}

fn gelu(view: &NodeView<'_, '_>) -> Lowered {
    let name = if view.text_or("approximate", "none")? == "tanh" { "FastGelu" } else { "Gelu" };
    match Elementwise::named(name) {
        Some(op) => done(op),
        None => elementwise(view),
    }
}

/// Before opset 6 the type is a name.
fn cast(view: &NodeView<'_, '_>) -> Lowered {
    if view.opset >= 6 {
        return done(Cast { to: view.dtype("to")? });
    }
    let name = view.text_or("to", "")?;
    const NAMES: [(&str, i64); 14] = [
        ("FLOAT", 1),
        ("UINT8", 2),
        ("INT8", 3),
        ("UINT16", 4),
        ("INT16", 5),
        ("INT32", 6),
        ("INT64", 7),
        ("STRING", 8),
        ("BOOL", 9),
        ("FLOAT16", 10),
        ("DOUBLE", 11),
        ("UINT32", 12),
        ("UINT64", 13),
        ("COMPLEX64", 14),
    ];
    let number = NAMES.iter().find(|row| row.0 == name).map_or(0, |row| row.1);
    done(Cast { to: dtype::from_number(number) })
}

fn gemm(view: &NodeView<'_, '_>) -> Lowered {
    done(Gemm {
        transpose_a: view.flag("transA", false)?,
        transpose_b: view.flag("transB", false)?,
        alpha: view.float_or("alpha", 1.0)?,
        beta: view.float_or("beta", 1.0)?,
    })
}

fn einsum(view: &NodeView<'_, '_>) -> Lowered {
    let equation = view.text_or("equation", "")?;
    match Einsum::parse(equation) {
        Some(op) => done(op),
        None => Err(at_node(view.name, format!("'{equation}' is no Einsum equation"))),
    }
}
