//! Tensors made by a rule: filled, ranges, diagonals, one-hot rows.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop,
    TensorType, Value, resolve_axis, single,
};

use super::extents_in;
use crate::values::whole;

/// Where the shape of a generated tensor comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Generated {
    /// One value everywhere, in the shape that input 0 holds. ONNX `ConstantOfShape`.
    Fill {
        /// The element type.
        dtype: DType,
        /// The value, where it is a number.
        value: Option<f64>,
    },
    /// From, to, step: inputs 0, 1, 2. ONNX `Range`.
    Range,
    /// Ones on a diagonal of a matrix shaped like input 0. ONNX `EyeLike`.
    Eye {
        /// The element type; `None` for that of the input.
        dtype: Option<DType>,
    },
    /// Indices (0) become one-hot rows of depth (1) with off and on values (2). ONNX `OneHot`.
    OneHot {
        /// Where the new axis goes.
        axis: i64,
    },
}

impl Generated {
    fn typed(&self, node: &Inference<'_>) -> Result<TensorType, Stop> {
        match self {
            Generated::Fill { dtype, value } => {
                let shape = Shape::new(extents_in(node, 0)?);
                let elements = shape.elements().as_int().and_then(|count| usize::try_from(count).ok());
                let filled = elements.filter(|count| *count <= weigh_ir::MAX_VALUE_ELEMENTS).zip(*value);
                let value = filled.map(|(count, value)| match dtype.is_float() {
                    true => Value::Floats(vec![value; count].into()),
                    false => Value::ints(std::iter::repeat_n(value as i64, count)),
                });
                Ok(TensorType::new(Some(*dtype), shape).with_value(value))
            }
            Generated::Range => range(node),
            Generated::Eye { dtype } => Ok(TensorType::new(dtype.or(node.dtype(0)), node.input(0)?.clone())),
            Generated::OneHot { axis } => {
                let indices = node.input(0)?;
                let axis = resolve_axis(*axis, indices.rank() + 1)?;
                let depth = match node.value(1).and_then(|value| whole(value)?.first().cloned()) {
                    Some(depth) => depth,
                    None => node.unknown_dim(0, axis),
                };
                let mut shape = indices.clone();
                shape.0.insert(axis, depth);
                Ok(TensorType::new(node.dtype(2), shape))
            }
        }
    }
}

/// ⌈(limit − start) / step⌉ elements, their values where they are few and known.
fn range(node: &Inference<'_>) -> Result<TensorType, Stop> {
    let dtype = node.dtype(0);
    let bound = |index: usize| node.value(index).and_then(|value| whole(value)?.first().cloned());
    let is_float = dtype.is_some_and(DType::is_float);
    let typed = |length: Expr| TensorType::new(dtype, Shape::new([length]));
    if let (Some(start), Some(limit), Some(step)) = (bound(0), bound(1), bound(2)) {
        let length = (&limit - &start).ceil_div(&step).larger(&Expr::ZERO);
        let count = length.as_int().filter(|count| *count <= weigh_ir::MAX_VALUE_ELEMENTS as i64);
        let value = count.map(|count| Value::exprs((0..count).map(|at| &start + &step * at)));
        let value = value.map(|value| match value.as_floats().filter(|_| is_float) {
            Some(floats) => Value::Floats(floats.into()),
            None => value,
        });
        return Ok(typed(length).with_value(value));
    }
    let number = |index: usize| node.value(index).and_then(|value| value.as_floats()?.first().copied());
    match (number(0), number(1), number(2)) {
        (Some(start), Some(limit), Some(step)) if step != 0.0 => {
            // Runtimes differ in where they round; where that matters, the length is not known.
            let length = |quotient: f64| quotient.ceil().max(0.0);
            let exact = length((limit - start) / step);
            let rounded = length(f64::from((limit - start) as f32 / step as f32));
            if exact >= 9e18 {
                return Err(Stop::contradiction("the range is endless"));
            }
            match exact == rounded || dtype == Some(DType::F64) {
                true => Ok(typed(Expr::Int(exact as i64))),
                false => Ok(typed(node.unknown_dim(0, 0))),
            }
        }
        _ => Ok(typed(node.unknown_dim(0, 0))),
    }
}

impl Operator for Generated {
    fn name(&self) -> &str {
        match self {
            Generated::Fill { .. } => "ConstantOfShape",
            Generated::Range => "Range",
            Generated::Eye { .. } => "EyeLike",
            Generated::OneHot { .. } => "OneHot",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        self.typed(node).map(single)
    }

    /// A range adds its step once for each element; the others only write.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        match self {
            Generated::Range => Ok(Cost::other(node.output(0)?.elements())),
            _ => Ok(Cost::FREE),
        }
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::none())
    }

    fn role(&self, _: usize) -> Role {
        Role::Constant
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{infer, ints, output};
    use weigh_ir::{DType, Value};

    #[test]
    fn generated_shapes() {
        let zeros = Generated::Fill { dtype: DType::F32, value: Some(0.0) };
        assert_eq!(output(&zeros, &[ints(&[64, 3, 7, 7])]), Shape::of(&[64, 3, 7, 7]));
        let scalar = |value| TensorType::known(DType::I64, Shape::scalar(), Value::ints([value]));
        let numbers = infer(&Generated::Range, &[scalar(2), scalar(9), scalar(3)]);
        assert_eq!(numbers[0].value, Some(Value::ints([2, 5, 8])));
    }

    #[test]
    fn ranges_of_numbers() {
        let scalar =
            |value: f64| TensorType::known(DType::F32, Shape::scalar(), Value::Floats([value].into()));
        let of = |start, limit, step| {
            infer(&Generated::Range, &[scalar(start), scalar(limit), scalar(step)])[0].clone()
        };
        assert_eq!(of(0.0, 3.0, 1.0).value, Some(Value::Floats([0.0, 1.0, 2.0].into())));
        // 1 / 0.3 is 3.33: four elements, whose digits are up to the runtime.
        assert_eq!((of(0.0, 1.0, 0.3).shape, of(0.0, 1.0, 0.3).value), (Some(Shape::of(&[4])), None));
        let size = TensorType::known(DType::F32, Shape::scalar(), Value::exprs([Expr::symbol("n")]));
        let formula = infer(&Generated::Range, &[scalar(0.0), size, scalar(1.0)])[0].clone();
        assert_eq!(formula.shape, Some(Shape::new([Expr::symbol("n")])));
    }

    #[test]
    fn ranges_go_down_as_well() {
        let scalar = |value| TensorType::known(DType::I64, Shape::scalar(), Value::ints([value]));
        let elements = |start, limit, step| {
            infer(&Generated::Range, &[scalar(start), scalar(limit), scalar(step)])[0].value.clone()
        };
        assert_eq!(elements(3, 0, -1), Some(Value::ints([3, 2, 1])));
        // ⌈−4 / −3⌉ = 2 and ⌈−9 / −3⌉ = 3.
        assert_eq!(elements(10, 6, -3), Some(Value::ints([10, 7])));
        assert_eq!(elements(9, 0, -3), Some(Value::ints([9, 6, 3])));
        assert_eq!(elements(0, 3, -1), Some(Value::ints([])));
    }
}
