//! Optional values. One that is there is taken for what it holds.

use weigh_ir::{
    Backward, Cost, DType, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType,
    Value, single,
};

/// What is done to an optional value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optional {
    /// An optional that holds input 0, or nothing. ONNX `Optional`.
    Wrap,
    /// Whether there is something. ONNX `OptionalHasElement`.
    HasElement,
    /// What there is. ONNX `OptionalGetElement`.
    GetElement,
}

impl Operator for Optional {
    fn name(&self) -> &str {
        match self {
            Optional::Wrap => "Optional",
            Optional::HasElement => "OptionalHasElement",
            Optional::GetElement => "OptionalGetElement",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let held = node.inputs.first().copied().flatten().cloned();
        Ok(single(match self {
            Optional::Wrap | Optional::GetElement => held.unwrap_or_default(),
            Optional::HasElement => {
                // An input that is there may still hold nothing.
                let known = held.is_none().then(|| Value::ints([0]));
                TensorType::new(Some(DType::Bool), Shape::scalar()).with_value(known)
            }
        }))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        match self {
            Optional::HasElement => Memory::untouched(),
            Optional::Wrap | Optional::GetElement => Memory::view(),
        }
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::UNFOLLOWED)
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{infer, shape};

    #[test]
    fn holds_what_it_is_given() {
        let held = TensorType::sequence_of([shape(&[2]), shape(&[3])]);
        for op in [Optional::Wrap, Optional::GetElement] {
            assert_eq!(infer(&op, std::slice::from_ref(&held))[0], held);
        }
        let asked = infer(&Optional::HasElement, &[held])[0].clone();
        assert_eq!((asked.shape, asked.value), (Some(Shape::scalar()), None));
        assert_eq!(infer(&Optional::HasElement, &[])[0].value, Some(Value::ints([0])));
    }
}
