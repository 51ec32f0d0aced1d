//! The positions or elements that fulfil a condition: the data decides how many there are.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Shape, Stop,
    TensorType, Value, single,
};

use crate::values::{extents, strides};

/// What the data decides: the positions or elements that fulfil a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The indices of the elements that are not zero, one column each. ONNX `NonZero`.
    NonZero,
    /// The slices where the condition (input 1) holds. ONNX `Compress`.
    Compress {
        /// Along which axis; `None` flattens first.
        axis: Option<i64>,
    },
    /// Each different element (or slice) once; with first positions, inverse and counts. ONNX `Unique`.
    Unique {
        /// Along which axis; `None` flattens first.
        axis: Option<i64>,
    },
}

impl Operator for Selection {
    fn name(&self) -> &str {
        match self {
            Selection::NonZero => "NonZero",
            Selection::Compress { .. } => "Compress",
            Selection::Unique { .. } => "Unique",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let dtype = node.dtype(0);
        let indices = |dim: Expr| TensorType::new(Some(DType::I64), Shape::new([dim]));
        let found = self.found(node);
        let count = |axis: usize| match &found {
            Some(found) => Expr::from(found.len()),
            None => self.selected(node).unwrap_or_else(|| node.unknown_dim(0, axis)),
        };
        Ok(match self {
            Selection::NonZero => {
                let rank = input.rank().max(1);
                let shape = Shape::new([Expr::from(rank), count(1)]);
                let value = found.as_ref().and_then(|found| coordinates(input, found));
                single(TensorType::new(Some(DType::I64), shape).with_value(value))
            }
            Selection::Compress { axis } | Selection::Unique { axis } => {
                let (shape, along, at) = match axis {
                    Some(axis) => {
                        let axis = input.axis(*axis)?;
                        (input.with(axis, count(axis)), input[axis].clone(), axis)
                    }
                    None => (Shape::new([count(0)]), input.elements(), 0),
                };
                let kept = shape.dims().get(at).cloned().unwrap_or_default();
                // Different elements come out sorted or not: only how many there are is certain.
                let value = match (self, axis, input.rank()) {
                    (Selection::Compress { .. }, None, _) | (Selection::Compress { .. }, _, 1) => node
                        .value(0)
                        .zip(found.as_ref())
                        .and_then(|(value, found)| value.pick(found.iter().copied())),
                    _ => None,
                };
                let mut outputs = single(TensorType::new(dtype, shape).with_value(value));
                if matches!(self, Selection::Unique { .. }) {
                    outputs.extend([indices(kept.clone()), indices(along), indices(kept)]);
                }
                outputs
            }
        })
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// What is selected gives back to its place.
    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        match self {
            Selection::Compress { .. } => Ok(Backward::of(0, Cost::FREE, [Saved::Input(1)])),
            Selection::NonZero | Selection::Unique { .. } => Ok(Backward::none()),
        }
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

/// The places of the elements that are not 0.
fn set(values: &Value) -> Option<Vec<usize>> {
    let numbers = values.as_floats()?;
    Some(numbers.iter().enumerate().filter(|(_, number)| **number != 0.0).map(|(at, _)| at).collect())
}

impl Selection {
    /// How many slices a known condition selects from an axis whose extent is a symbol: a valid condition is not
    /// longer than the axis.
    fn selected(&self, node: &Inference<'_>) -> Option<Expr> {
        match self {
            Selection::Compress { .. } => Some(Expr::from(set(node.value(1)?)?.len())),
            Selection::NonZero | Selection::Unique { .. } => None,
        }
    }

    /// The places of what is selected, where the values that decide are known.
    fn found(&self, node: &Inference<'_>) -> Option<Vec<usize>> {
        match self {
            Selection::NonZero => set(node.value(0)?),
            // A condition that is longer than the axis selects nothing beyond it.
            Selection::Compress { axis } => {
                let input = node.input(0).ok()?;
                let length = match axis {
                    Some(axis) => input.dim(*axis).ok()?.as_int()?,
                    None => input.elements().as_int()?,
                };
                let inside = |at: &usize| i64::try_from(*at).is_ok_and(|at| at < length);
                Some(set(node.value(1)?)?.into_iter().filter(inside).collect())
            }
            Selection::Unique { axis } => {
                let values = node
                    .value(0)
                    .filter(|_| axis.is_none() || node.input(0).is_ok_and(|shape| shape.rank() == 1))?;
                let numbers = values.as_floats()?;
                // Beyond 2^53 different integers may be one number, and what equals NaN is up to the runtime.
                if numbers.iter().any(|number| number.is_nan() || number.abs() > 9_007_199_254_740_992.0) {
                    return None;
                }
                let is_first = |at: &usize| !numbers.iter().take(*at).any(|before| *before == numbers[*at]);
                Some((0..numbers.len()).filter(is_first).collect())
            }
        }
    }
}

/// The multi-indices of elements: one row for each axis, one column for each element.
fn coordinates(shape: &Shape, places: &[usize]) -> Option<Value> {
    let dims = extents(shape)?;
    let steps = strides(&dims);
    let rows = dims.iter().zip(&steps).flat_map(|(dim, step)| places.iter().map(move |at| at / step % dim));
    let columns = rows.map(|at| i64::try_from(at).ok()).collect::<Option<Vec<_>>>()?;
    Some(Value::ints(if dims.is_empty() { vec![0; places.len()] } else { columns }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Generated;
    use crate::testing::{infer, ints, output, shape};
    use weigh_ir::{DType, Value};

    #[test]
    fn what_known_values_select() {
        let matrix = TensorType::known(DType::I64, Shape::of(&[2, 2]), Value::ints([1, 0, 1, 1]));
        let found = infer(&Selection::NonZero, &[matrix])[0].clone();
        // The elements (0, 0), (1, 0) and (1, 1): rows first, then columns.
        assert_eq!(found.shape, Some(Shape::of(&[2, 3])));
        assert_eq!(found.value, Some(Value::ints([0, 1, 1, 0, 0, 1])));
        let kept = infer(&Selection::Compress { axis: None }, &[ints(&[5, 6, 7]), ints(&[0, 1])])[0].clone();
        assert_eq!((kept.shape, kept.value), (Some(Shape::of(&[1])), Some(Value::ints([6]))));
        let unique = infer(&Selection::Unique { axis: None }, &[ints(&[2, 1, 1, 3])]);
        assert_eq!((unique[0].shape.clone(), unique[0].value.clone()), (Some(Shape::of(&[3])), None));
        assert_eq!(unique[2].shape, Some(Shape::of(&[4])));
    }

    #[test]
    fn known_data_decides_a_number() {
        let mask = TensorType::known(DType::Bool, Shape::of(&[3]), Value::ints([0, 1, 1]));
        assert_eq!(output(&Selection::NonZero, std::slice::from_ref(&mask)), Shape::of(&[1, 2]));
        let along = Selection::Compress { axis: Some(-2) };
        assert_eq!(output(&along, &[shape(&[3, 5]), mask.clone()]), Shape::of(&[2, 5]));
        assert_eq!(output(&Selection::Compress { axis: None }, &[shape(&[3, 5]), mask]), Shape::of(&[2]));
        let numbers = TensorType::known(DType::I64, Shape::of(&[2, 2]), Value::ints([7, 2, 7, 7]));
        let distinct = infer(&Selection::Unique { axis: None }, &[numbers]);
        let shapes: Vec<_> = distinct.iter().filter_map(|output| output.shape.clone()).collect();
        assert_eq!(shapes, [2, 2, 4, 2].map(|extent| Shape::of(&[extent])));
        let depth = TensorType::known(DType::F32, Shape::scalar(), Value::Floats([10.0].into()));
        let one_hot = Generated::OneHot { axis: -1 };
        assert_eq!(output(&one_hot, &[shape(&[3]), depth, shape(&[2])]), Shape::of(&[3, 10]));
    }

    #[test]
    fn a_known_condition_selects_from_a_symbol() {
        let mask = TensorType::known(DType::Bool, Shape::of(&[3]), Value::ints([0, 1, 1]));
        let rows = TensorType::new(Some(DType::F32), Shape::new([Expr::symbol("n"), Expr::Int(5)]));
        assert_eq!(output(&Selection::Compress { axis: Some(0) }, &[rows, mask]), Shape::of(&[2, 5]));
    }

    #[test]
    fn what_data_decides_is_a_symbol() {
        let found = output(&Selection::NonZero, &[shape(&[4, 5])]);
        assert_eq!(found[0], Expr::Int(2));
        assert!(found[1].as_symbol().is_some());
    }
}
