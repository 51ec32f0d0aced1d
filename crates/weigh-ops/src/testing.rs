//! Shorthand for tests: one operator over plain shapes.

use weigh_ir::{
    Backward, Cost, DType, Inference, Memory, NoBodies, Operands, Operator, Outputs, Shape, TensorType, Value,
};

/// A float32 tensor of plain extents.
pub(crate) fn shape(dims: &[i64]) -> TensorType {
    TensorType::new(Some(DType::F32), Shape::of(dims))
}

/// A one-dimensional int64 tensor of known elements.
pub(crate) fn ints(values: &[i64]) -> TensorType {
    TensorType::known(DType::I64, Shape::of(&[values.len() as i64]), Value::ints(values.iter().copied()))
}

/// The inferred outputs.
pub(crate) fn infer(op: &dyn Operator, inputs: &[TensorType]) -> Outputs {
    let inputs: Vec<_> = inputs.iter().map(Some).collect();
    let mut node = Inference { inputs: &inputs, output_count: 8, symbol_stem: "test", bodies: &mut NoBodies };
    op.infer(&mut node).expect("the operator infers")
}

/// The inferred shape of the first output.
pub(crate) fn output(op: &dyn Operator, inputs: &[TensorType]) -> Shape {
    infer(op, inputs)[0].shape.clone().expect("a shape")
}

/// The cost with inferred outputs.
pub(crate) fn cost(op: &dyn Operator, inputs: &[TensorType]) -> Cost {
    let outputs = infer(op, inputs);
    let inputs: Vec<_> = inputs.iter().map(Some).collect();
    let outputs: Vec<_> = outputs.iter().map(Some).collect();
    op.cost(&Operands { inputs: &inputs, outputs: &outputs, bodies: &[] }).expect("the operator has a price")
}

/// How memory is treated, with inferred outputs.
pub(crate) fn memory(op: &dyn Operator, inputs: &[TensorType]) -> Memory {
    let outputs = infer(op, inputs);
    let inputs: Vec<_> = inputs.iter().map(Some).collect();
    let outputs: Vec<_> = outputs.iter().take(1).map(Some).collect();
    op.memory(&Operands { inputs: &inputs, outputs: &outputs, bodies: &[] })
}

/// The cost with inferred outputs, where some inputs are left out.
pub(crate) fn partial_cost(op: &dyn Operator, inputs: &[Option<TensorType>]) -> Cost {
    let inputs: Vec<_> = inputs.iter().map(Option::as_ref).collect();
    let mut node = Inference { inputs: &inputs, output_count: 8, symbol_stem: "test", bodies: &mut NoBodies };
    let outputs = op.infer(&mut node).expect("the operator infers");
    let outputs: Vec<_> = outputs.iter().map(Some).collect();
    op.cost(&Operands { inputs: &inputs, outputs: &outputs, bodies: &[] }).expect("the operator has a price")
}

/// The backward pass, with inferred outputs.
pub(crate) fn backward(op: &dyn Operator, inputs: &[TensorType]) -> Backward {
    let outputs = infer(op, inputs);
    let inputs: Vec<_> = inputs.iter().map(Some).collect();
    let outputs: Vec<_> = outputs.iter().map(Some).collect();
    let node = Operands { inputs: &inputs, outputs: &outputs, bodies: &[] };
    op.backward(&node).expect("the operator has a backward pass")
}
