//! Arithmetic on the known elements of small tensors, with broadcasting.
//!
//! Shapes often depend on integers that the graph itself computes (Shape → Gather → Mul → Concat → Reshape);
//! these helpers carry such elements along, as formulas where extents are symbolic.

use std::sync::Arc;

use weigh_ir::{DType, Expr, MAX_VALUE_ELEMENTS, Shape, Value};

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

/// Two values as the same kind: integers, if all elements are whole and some are formulas or all integers, or
/// else numbers.
fn alike(a: &Value, b: &Value) -> Option<(Value, Value)> {
    match (a, b) {
        (Value::Ints(_), Value::Ints(_)) | (Value::Floats(_), Value::Floats(_)) => {
            Some((a.clone(), b.clone()))
        }
        _ => match (a.as_floats(), b.as_floats()) {
            (Some(a), Some(b)) => Some((Value::Floats(a.into()), Value::Floats(b.into()))),
            _ => Some((Value::exprs(whole(a)?), Value::exprs(whole(b)?))),
        },
    }
}

/// The elements as integers, if all are whole and small enough for floating point to have them exactly.
pub(crate) fn whole(value: &Value) -> Option<Vec<Expr>> {
    const EXACT: f64 = 16_777_216.0; // 2^24, of float32
    let int = |number: &f64| {
        let is_whole = number.fract() == 0.0 && number.abs() <= EXACT;
        is_whole.then_some(Expr::Int(*number as i64))
    };
    match value {
        Value::Ints(values) => Some(values.to_vec()),
        Value::Floats(values) => values.iter().map(int).collect(),
    }
}

/// An elementwise function of two values of the same length.
pub(crate) fn zip(
    a: &Value,
    b: &Value,
    ints: impl Fn(&Expr, &Expr) -> Option<Expr>,
    floats: impl Fn(f64, f64) -> Option<f64>,
) -> Option<Value> {
    Some(match alike(a, b)? {
        (Value::Floats(a), Value::Floats(b)) => {
            Value::Floats(a.iter().zip(b.iter()).map(|(a, b)| floats(*a, *b)).collect::<Option<Arc<_>>>()?)
        }
        (a, b) => {
            let pairs = a.as_exprs()?.iter().zip(b.as_exprs()?);
            Value::Ints(pairs.map(|(a, b)| ints(a, b)).collect::<Option<Arc<_>>>()?)
        }
    })
}

/// A comparison of two values of the same length: 1 where it holds, 0 where not.
pub(crate) fn compare(
    a: &Value,
    b: &Value,
    ints: impl Fn(&Expr, &Expr) -> Option<bool>,
    floats: impl Fn(&f64, &f64) -> bool,
) -> Option<Value> {
    let truth = |value: bool| Expr::Int(i64::from(value));
    Some(match alike(a, b)? {
        (Value::Floats(a), Value::Floats(b)) => {
            Value::Ints(a.iter().zip(b.iter()).map(|(a, b)| truth(floats(a, b))).collect())
        }
        (a, b) => {
            let pairs = a.as_exprs()?.iter().zip(b.as_exprs()?);
            Value::Ints(pairs.map(|(a, b)| ints(a, b).map(truth)).collect::<Option<Arc<_>>>()?)
        }
    })
}

/// The value as a tensor of this element type holds it: numbers rounded, and nothing where an element does not
/// fit, so that what runtimes do then (wrap, saturate) does not matter.
#[must_use]
pub fn held(value: &Value, dtype: DType) -> Option<Value> {
    let whole_below = |limit: f64| move |x: &f64| x.fract() == 0.0 && x.abs() <= limit;
    let bounds = |low: i64, high: i64| move |x: &Expr| x.as_int().is_none_or(|x| (low..=high).contains(&x));
    match (value, dtype) {
        (Value::Floats(floats), DType::F32) => {
            Some(Value::Floats(floats.iter().map(|x| f64::from(*x as f32)).collect()))
        }
        (Value::Floats(_), DType::F64) => Some(value.clone()),
        // Whole numbers of few enough digits need no rounding.
        (Value::Floats(floats), DType::F16) => floats.iter().all(whole_below(2048.0)).then(|| value.clone()),
        (Value::Floats(floats), DType::BF16) => floats.iter().all(whole_below(256.0)).then(|| value.clone()),
        (Value::Floats(_), _) => None,
        (Value::Ints(ints), _) => {
            let (low, high) = match dtype {
                DType::I32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
                DType::I16 => (i64::from(i16::MIN), i64::from(i16::MAX)),
                DType::I8 => (i64::from(i8::MIN), i64::from(i8::MAX)),
                DType::U64 => (0, i64::MAX),
                DType::U32 => (0, i64::from(u32::MAX)),
                DType::U16 => (0, i64::from(u16::MAX)),
                DType::U8 => (0, i64::from(u8::MAX)),
                DType::Bool => (0, 1),
                _ => (i64::MIN, i64::MAX),
            };
            ints.iter().all(bounds(low, high)).then(|| value.clone())
        }
    }
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
    fn values_are_held_by_types() {
        // 2^24 + 1 is no float32; a third of 1 is rounded to 0x3eaaaaab.
        let third = f64::from(f32::from_bits(0x3eaa_aaab));
        let rounded = held(&Value::Floats([16_777_217.0, 1.0 / 3.0].into()), DType::F32);
        assert_eq!(rounded, Some(Value::Floats([16_777_216.0, third].into())));
        assert_eq!(held(&Value::Floats([0.1].into()), DType::F16), None);
        assert_eq!(held(&Value::ints([300]), DType::U8), None);
        assert_eq!(held(&Value::ints([-1]), DType::U64), None);
        assert_eq!(held(&Value::ints([-128]), DType::I8), Some(Value::ints([-128])));
    }

    #[test]
    fn values_broadcast_like_tensors() {
        let column = Value::ints([1, 2]);
        let stretched = broadcast(&column, &Shape::of(&[2, 1]), &Shape::of(&[2, 3]));
        assert_eq!(stretched, Some(Value::ints([1, 1, 1, 2, 2, 2])));
    }
}
