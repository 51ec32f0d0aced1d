//! Tensors broadcast to extents that are asked for, and cut to a triangle.

use weigh_ir::{
    Backward, Cost, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType, single,
};

use super::extents_in;
use crate::parameter::Ints;

/// Extents that a target shape asks for and input 0 broadcasts to. ONNX `Expand`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expand {
    /// The target extents.
    pub shape: Ints,
}

impl Operator for Expand {
    fn name(&self) -> &str {
        "Expand"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let target = match &self.shape {
            Ints::Fixed(dims) => Shape::of(dims),
            Ints::Input(index) => Shape::new(extents_in(node, *index)?),
        };
        let input = node.input(0)?;
        let shape = input.broadcast(&target)?;
        let value = node.value(0).and_then(|value| crate::values::broadcast(value, input, &shape));
        Ok(single(TensorType::new(node.dtype(0), shape).with_value(value)))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// Copies are added up. The output is a view with strides of 0.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward { is_view: true, ..Backward::of(0, Cost::other(node.output(0)?.elements()), []) })
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

/// Elements above or below a diagonal; the rest becomes 0. ONNX `Trilu`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triangle;

impl Operator for Triangle {
    fn name(&self) -> &str {
        "Trilu"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        Ok(single(TensorType::new(node.dtype(0), node.input(0)?.clone())))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::in_place([0])
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::moves([0]))
    }

    fn role(&self, _: usize) -> Role {
        Role::Constant
    }
}
