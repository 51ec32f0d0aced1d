//! Arithmetic on the known elements of small tensors, with broadcasting.
//!
//! Shapes often depend on integers that the graph itself computes (Shape → Gather → Mul → Concat → Reshape);
//! these helpers carry such elements along, as formulas where extents are symbolic.

use std::sync::Arc;

use weigh_ir::{Expr, MAX_VALUE_ELEMENTS, Shape, Value};

/// The plain extents of a shape whose element count is small enough for values.
fn small(shape: &Shape) -> Option<Vec<usize>> {
    let dims: Vec<usize> =
        shape.as_ints()?.into_iter().map(|dim| usize::try_from(dim).ok()).collect::<Option<_>>()?;
    let elements = dims.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim))?;
    (elements <= MAX_VALUE_ELEMENTS).then_some(dims)
}

/// Row-major strides of plain extents. Those of an empty tensor mean nothing, and may be too large to be true.
pub(crate) fn strides(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1usize; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(dims[axis]);
    }
    strides
}

/// For every element of `output`, in order, the position of the element of `input` that broadcasts to it.
pub(crate) fn broadcast_positions(input: &Shape, output: &Shape) -> Option<Vec<usize>> {
    let (from, to) = (small(input)?, small(output)?);
    let missing = to.len().checked_sub(from.len())?;
    let steps = strides(&from);
    Some(map_positions(&to, |at| {
        from.iter()
            .zip(&steps)
            .enumerate()
            .map(|(axis, (dim, step))| if *dim == 1 { 0 } else { at[missing + axis] * step })
            .sum()
    }))
}

/// Calls `position` with the multi-index of every element of a tensor of these extents, in row-major order.
pub(crate) fn map_positions(dims: &[usize], mut position: impl FnMut(&[usize]) -> usize) -> Vec<usize> {
    let elements: usize = dims.iter().product();
    let mut at = vec![0; dims.len()];
    let mut positions = Vec::with_capacity(elements);
    for _ in 0..elements {
        positions.push(position(&at));
        for axis in (0..dims.len()).rev() {
            at[axis] += 1;
            if at[axis] < dims[axis] {
                break;
            }
            at[axis] = 0;
        }
    }
    positions
}

/// The elements of `output` picked from `value` by a rule from multi-index to position.
pub(crate) fn rearrange(
    value: &Value,
    output: &Shape,
    position: impl FnMut(&[usize]) -> usize,
) -> Option<Value> {
    value.pick(map_positions(&small(output)?, position))
}

/// The plain extents of a shape that is small enough to hold values.
pub(crate) fn extents(shape: &Shape) -> Option<Vec<usize>> {
    small(shape)
}

/// A value stretched to the output's shape.
pub(crate) fn broadcast(value: &Value, input: &Shape, output: &Shape) -> Option<Value> {
    value.pick(broadcast_positions(input, output)?)
}

/// An elementwise function of one value.
pub(crate) fn map(
    value: &Value,
    ints: impl Fn(&Expr) -> Option<Expr>,
    floats: impl Fn(f64) -> Option<f64>,
) -> Option<Value> {
    Some(match value {
        Value::Ints(values) => Value::Ints(values.iter().map(ints).collect::<Option<Arc<_>>>()?),
        Value::Floats(values) => {
            Value::Floats(values.iter().map(|value| floats(*value)).collect::<Option<Arc<_>>>()?)
        }
    })
}

/// An elementwise function of two values of the same length. Mixed kinds count as numbers of the float kind.
pub(crate) fn zip(
    a: &Value,
    b: &Value,
    ints: impl Fn(&Expr, &Expr) -> Option<Expr>,
    floats: impl Fn(f64, f64) -> Option<f64>,
) -> Option<Value> {
    Some(match (a, b) {
        (Value::Ints(a), Value::Ints(b)) => {
            Value::Ints(a.iter().zip(b.iter()).map(|(a, b)| ints(a, b)).collect::<Option<Arc<_>>>()?)
        }
        _ => {
            let (a, b) = (a.as_floats()?, b.as_floats()?);
            Value::Floats(a.iter().zip(&b).map(|(a, b)| floats(*a, *b)).collect::<Option<Arc<_>>>()?)
        }
    })
}

/// The elements of two values one after another; `None` where they are of different kinds or too many.
pub(crate) fn joined(a: &Value, b: &Value) -> Option<Value> {
    (a.len() + b.len() <= MAX_VALUE_ELEMENTS).then_some(())?;
    match (a, b) {
        (Value::Ints(a), Value::Ints(b)) => Some(Value::exprs(a.iter().chain(b.iter()).cloned())),
        (Value::Floats(a), Value::Floats(b)) => {
            Some(Value::Floats(a.iter().chain(b.iter()).copied().collect()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_broadcast_like_tensors() {
        let column = Value::ints([1, 2]);
        let stretched = broadcast(&column, &Shape::of(&[2, 1]), &Shape::of(&[2, 3]));
        assert_eq!(stretched, Some(Value::ints([1, 1, 1, 2, 2, 2])));
    }
}
