//! Operators that make tensors from attributes, shapes or conditions: constants, ranges, shape queries.

use std::sync::Arc;

use weigh_ir::{
    Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, Stored, TensorType,
    Value, resolve_axis, single,
};

use crate::parameter::Ints;
use crate::values::{extents, strides, whole};

/// A stored value as a node. ONNX `Constant`.
#[derive(Clone, Debug)]
pub struct Constant(pub Arc<Stored>);

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

/// What a query tells about its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    /// The extents from one axis to another. ONNX `Shape`.
    Shape {
        /// The first axis.
        start: i64,
        /// One past the last axis; `None` for the rank.
        end: Option<i64>,
    },
    /// The number of elements. ONNX `Size`.
    Size,
}

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

impl Operator for Constant {
    fn name(&self) -> &str {
        "Constant"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        self.0.dtype.to_string()
    }

    fn infer(&self, _: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let typed = TensorType::new(Some(self.0.dtype), self.0.shape.clone());
        Ok(single(typed.with_value(self.0.value.clone())))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::untouched()
    }

    fn role(&self, _: usize) -> Role {
        Role::Constant
    }
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

/// The extents that an input holds as its elements; fresh symbols where only their number is known.
pub(crate) fn extents_in(node: &Inference<'_>, index: usize) -> Result<Vec<Expr>, Stop> {
    if let Some(dims) = node.value(index).and_then(|value| value.as_exprs()) {
        return match dims.iter().find(|dim| dim.as_int().is_some_and(|dim| dim < 0)) {
            Some(negative) => Err(Stop::contradiction(format!("an extent of {negative}"))),
            None => Ok(dims.to_vec()),
        };
    }
    match node.input(index)?.as_ints().as_deref() {
        Some([rank]) => {
            let rank = usize::try_from(*rank).unwrap_or(0).min(64);
            Ok((0..rank).map(|axis| node.unknown_dim(0, axis)).collect())
        }
        _ => Err(Stop::Unknown("a shape depends on values that are not known")),
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

    fn role(&self, _: usize) -> Role {
        Role::Constant
    }
}

impl Operator for Query {
    fn name(&self) -> &str {
        match self {
            Query::Shape { .. } => "Shape",
            Query::Size => "Size",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        Ok(single(match self {
            Query::Size => TensorType::known(DType::I64, Shape::scalar(), Value::exprs([input.elements()])),
            Query::Shape { start, end } => {
                let rank = input.rank() as i64;
                let clamp = |axis: i64| {
                    (if axis < 0 { axis.saturating_add(rank) } else { axis }).clamp(0, rank) as usize
                };
                let (start, end) = (clamp(*start), clamp(end.unwrap_or(rank)));
                let dims = &input.dims()[start.min(end)..end];
                let shape = Shape::of(&[dims.len() as i64]);
                TensorType::known(DType::I64, shape, Value::exprs(dims.iter().cloned()))
            }
        }))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::untouched()
    }

    fn role(&self, _: usize) -> Role {
        Role::Constant
    }
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
        let count = |axis: usize| {
            found.as_ref().map_or_else(|| node.unknown_dim(0, axis), |found| Expr::from(found.len()))
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

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

impl Selection {
    /// The places of what is selected, where the values that decide are known.
    fn found(&self, node: &Inference<'_>) -> Option<Vec<usize>> {
        let is_set = |values: &Value| -> Option<Vec<usize>> {
            let numbers = values.as_floats()?;
            Some(numbers.iter().enumerate().filter(|(_, number)| **number != 0.0).map(|(at, _)| at).collect())
        };
        match self {
            Selection::NonZero => is_set(node.value(0)?),
            // A condition that is longer than the axis selects nothing beyond it.
            Selection::Compress { axis } => {
                let input = node.input(0).ok()?;
                let length = match axis {
                    Some(axis) => input.dim(*axis).ok()?.as_int()?,
                    None => input.elements().as_int()?,
                };
                let inside = |at: &usize| i64::try_from(*at).is_ok_and(|at| at < length);
                Some(is_set(node.value(1)?)?.into_iter().filter(inside).collect())
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

    fn role(&self, _: usize) -> Role {
        Role::Constant
    }
}

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

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{infer, ints, output, shape};

    #[test]
    fn queries_return_formulas() {
        let batch = Expr::symbol("batch");
        let input = TensorType::new(Some(DType::F32), Shape::new([batch.clone(), Expr::Int(3)]));
        let dims = infer(&Query::Shape { start: 0, end: Some(-1) }, &[input]);
        assert_eq!(dims[0].value, Some(Value::exprs([batch])));
    }

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

    #[test]
    fn known_data_decides_a_number() {
        let mask = TensorType::known(DType::Bool, Shape::of(&[3]), Value::ints([0, 1, 1]));
        assert_eq!(output(&Selection::NonZero, &[mask.clone()]), Shape::of(&[1, 2]));
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
    fn what_data_decides_is_a_symbol() {
        let found = output(&Selection::NonZero, &[shape(&[4, 5])]);
        assert_eq!(found[0], Expr::Int(2));
        assert!(found[1].as_symbol().is_some());
    }
}
