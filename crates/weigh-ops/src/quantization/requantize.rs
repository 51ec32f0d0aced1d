//! Operators over quantised tensors: dequantise, compute, quantise again.
//!
//! An element of an input takes a product with its scale, and a difference where there is a zero point; an
//! element of the result a quotient, a rounding, and a sum where there is a zero point. Only what is more than
//! that costs what the operator inside costs.

use std::sync::Arc;

use smallvec::SmallVec;
use weigh_ir::{
    Backward, Cost, Inference, Memory, Operands, Operator, Outputs, Role, Stop, TensorType, Traffic,
};

use crate::fused::ResultType;

/// One input of an operator over quantised tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuantizedInput {
    /// Which input of the node it is.
    pub index: usize,
    /// Whether it has a scale.
    pub scaled: bool,
    /// Which input holds its zero point.
    pub zero_point: Option<usize>,
}

impl QuantizedInput {
    /// An input that is not quantised.
    pub const fn plain(index: usize) -> QuantizedInput {
        QuantizedInput { index, scaled: false, zero_point: None }
    }

    /// An input with a scale and no zero point.
    pub const fn scaled(index: usize) -> QuantizedInput {
        QuantizedInput { index, scaled: true, zero_point: None }
    }

    /// An input with a scale after it, and a zero point after that.
    pub const fn at(index: usize) -> QuantizedInput {
        QuantizedInput { index, scaled: true, zero_point: Some(index + 2) }
    }
}

/// An operator over quantised tensors. `QLinearAdd`, `QLinearConcat`, ... of com.microsoft.
#[derive(Clone, Debug)]
pub struct Requantized {
    /// The name of this form.
    pub name: &'static str,
    /// What is computed on dequantised elements.
    pub op: Arc<dyn Operator>,
    /// Which inputs of the node are the operator's, in its order.
    pub operands: Vec<QuantizedInput>,
    /// Whether the result is quantised, and which input then holds its zero point.
    pub output: Option<Option<usize>>,
    /// The type of the result.
    pub result: ResultType,
}

type Inputs<'a> = SmallVec<[Option<&'a TensorType>; 4]>;

impl Requantized {
    fn inputs<'a>(&self, of_node: &[Option<&'a TensorType>]) -> Inputs<'a> {
        self.operands.iter().map(|operand| of_node.get(operand.index).copied().flatten()).collect()
    }
}

fn present(node: &Operands<'_>, index: Option<usize>) -> i64 {
    i64::from(index.is_some_and(|index| node.has_input(index)))
}

impl Operator for Requantized {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        self.op.detail(&Operands { inputs: &self.inputs(node.inputs), ..*node })
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let inputs = self.inputs(node.inputs);
        let (output_count, symbol_stem) = (node.output_count, node.symbol_stem);
        let mut inside = Inference { inputs: &inputs, output_count, symbol_stem, bodies: &mut *node.bodies };
        let mut outputs = self.op.infer(&mut inside)?;
        if let Some(first) = outputs.first_mut() {
            first.dtype = self.result.or(first.dtype, node);
            first.value = None;
        }
        Ok(outputs)
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let mut cost = self.op.cost(&Operands { inputs: &self.inputs(node.inputs), ..*node })?;
        for operand in &self.operands {
            let per_element = i64::from(operand.scaled) + present(node, operand.zero_point);
            if per_element > 0 {
                cost = cost.and_other(node.input(operand.index)?.elements() * per_element);
            }
        }
        match self.output {
            Some(zero_point) => {
                Ok(cost.and_other(node.output(0)?.elements() * (2 + present(node, zero_point))))
            }
            None => Ok(cost),
        }
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        let memory = self.op.memory(&Operands { inputs: &self.inputs(node.inputs), ..*node });
        let of_node = |inside: usize| {
            self.operands.get(inside).map(|operand| operand.index).filter(|index| node.has_input(*index))
        };
        let traffic = match memory.traffic {
            Traffic::Selected(inside) => of_node(inside).map_or(Traffic::All, Traffic::Selected),
            // A view of few bits is still computed anew.
            Traffic::All | Traffic::Nothing => Traffic::All,
        };
        let overwrites = memory.overwrites.into_iter().filter_map(of_node).collect();
        Memory { overwrites, traffic, workspace: memory.workspace }
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        let inside = self.operands.iter().position(|operand| operand.index == index);
        inside.map_or(Role::Constant, |inside| self.op.role(inside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, shape};
    use crate::{Elementwise, Movement};
    use weigh_ir::{DType, Expr, Shape};

    fn bytes(dims: &[i64]) -> TensorType {
        TensorType::new(Some(DType::U8), Shape::of(dims))
    }

    #[test]
    fn addition() {
        let op = Requantized {
            name: "QLinearAdd",
            op: Arc::new(Elementwise::named("Add").expect("a function")),
            operands: vec![QuantizedInput::at(0), QuantizedInput::at(3)],
            output: Some(Some(7)),
            result: ResultType::Own,
        };
        let (scale, zero) = (shape(&[]), bytes(&[]));
        let inputs = [
            bytes(&[2, 3]),
            scale.clone(),
            zero.clone(),
            bytes(&[3]),
            scale.clone(),
            zero.clone(),
            scale,
            zero,
        ];
        assert_eq!(infer(&op, &inputs)[0], bytes(&[2, 3]));
        // 6 sums; 2 for each of 6 and 3 elements; 3 for each of 6 results.
        assert_eq!(cost(&op, &inputs), Cost::other(Expr::Int(6 + 2 * 9 + 3 * 6)));
        assert_eq!((op.role(0), op.role(1), op.role(3)), (Role::Operand, Role::Constant, Role::Operand));
    }

    #[test]
    fn concatenation_begins_after_the_scale_of_the_result() {
        let op = Requantized {
            name: "QLinearConcat",
            op: Arc::new(Movement::Concat { axis: 1 }),
            operands: vec![QuantizedInput::at(2), QuantizedInput::at(5)],
            output: Some(Some(1)),
            result: ResultType::OfInput(1, DType::U8),
        };
        let (scale, zero) = (shape(&[]), bytes(&[]));
        let part = [bytes(&[1, 2]), scale.clone(), zero.clone()];
        let inputs: Vec<_> = [scale, zero].into_iter().chain(part.clone()).chain(part).collect();
        assert_eq!(infer(&op, &inputs)[0], bytes(&[1, 4]));
        assert_eq!(cost(&op, &inputs).other_ops, Expr::Int(2 * 4 + 3 * 4));
    }
}
