//! Operators with more done to their result in the same node, as graph optimisers make them.

use std::sync::Arc;

use weigh_ir::{Backward, Cost, DType, Inference, Memory, Operands, Operator, Outputs, Role, Stop};

/// An operator whose result is added to, or passed through an elementwise function, before it is written.
#[derive(Clone, Debug)]
pub struct Fused {
    /// The name of this form.
    pub name: &'static str,
    /// What comes first.
    pub op: Arc<dyn Operator>,
    /// Arithmetic for each element of the first output: activation functions, factors, scales.
    pub operations: i64,
    /// Which input is added to the result, where it is there.
    pub added: Option<usize>,
    /// The type of the first output.
    pub result: ResultType,
}

/// Where the type of a result comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultType {
    /// The operator by itself tells.
    Own,
    /// Always this one.
    Fixed(DType),
    /// That of an input where it is there, else another.
    OfInput(usize, DType),
}

impl ResultType {
    /// The type, where the operator by itself would have said `own`.
    pub(crate) fn or(self, own: Option<DType>, node: &Inference<'_>) -> Option<DType> {
        match self {
            ResultType::Own => own,
            ResultType::Fixed(dtype) => Some(dtype),
            ResultType::OfInput(index, _) if node.has_input(index) => node.dtype(index),
            ResultType::OfInput(_, otherwise) => Some(otherwise),
        }
    }
}

impl Fused {
    /// From an accumulator to few bits: product with the scales, rounding, sum with the zero point.
    pub const REQUANTIZE: i64 = 3;

    /// A product of integers whose result is quantised to the type of a zero point.
    pub fn requantized(name: &'static str, op: impl Operator, zero_point: usize) -> Fused {
        let result = ResultType::OfInput(zero_point, DType::U8);
        Fused { result, ..Fused::new(name, op, Fused::REQUANTIZE) }
    }

    /// An operator with so much arithmetic for each element of its result.
    pub fn new(name: &'static str, op: impl Operator, operations: i64) -> Fused {
        Fused { name, op: Arc::new(op), operations, added: None, result: ResultType::Own }
    }
}

impl Operator for Fused {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        self.op.detail(node)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let mut outputs = self.op.infer(node)?;
        if let Some(first) = outputs.first_mut() {
            first.dtype = self.result.or(first.dtype, node);
        }
        Ok(outputs)
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let added = self.added.is_some_and(|index| node.has_input(index));
        let per_element = self.operations + i64::from(added);
        Ok(self.op.cost(node)?.and_other(node.output(0)?.elements() * per_element))
    }

    fn memory(&self, node: &Operands<'_>) -> Memory {
        match self.added.filter(|index| node.has_input(*index)) {
            Some(added) => Memory::in_place([added]),
            None => self.op.memory(node),
        }
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        if self.added == Some(index) { Role::Operand } else { self.op.role(index) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, shape};
    use crate::{Conv, MatMul, Window};
    use weigh_ir::Expr;

    #[test]
    fn a_convolution_with_a_residual_and_an_activation() {
        // 2→4 channels, 3×3 on 5×5: 100 outputs of 18 products each; bias, residual, and 4 for a sigmoid.
        let conv = Conv::plain(Window::square(3, 1, 1), 1);
        let op = Fused { added: Some(3), ..Fused::new("FusedConv", conv, 4) };
        let inputs = [shape(&[1, 2, 5, 5]), shape(&[4, 2, 3, 3]), shape(&[4]), shape(&[1, 4, 5, 5])];
        assert_eq!(cost(&op, &inputs), Cost { macs: Expr::Int(1800), other_ops: Expr::Int(600) });
        assert_eq!((op.role(1), op.role(3)), (Role::Parameter, Role::Operand));
    }

    #[test]
    fn the_type_of_the_result() {
        let op = Fused { result: ResultType::OfInput(2, DType::F32), ..Fused::new("x", MatMul::PLAIN, 0) };
        let matrices = [shape(&[2, 3]), shape(&[3, 4])];
        assert_eq!(infer(&op, &matrices)[0].dtype, Some(DType::F32));
    }
}
