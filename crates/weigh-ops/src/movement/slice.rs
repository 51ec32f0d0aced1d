//! Slices: every how-manieth element between bounds.

use weigh_ir::{Expr, Inference, Shape, Stop, Value};

use crate::parameter::Ints;
use crate::values;

/// What is left between starts and ends, on axes, in steps. Bounds clamp to the extent as ONNX prescribes; a bound
/// that is a formula is taken at its word where it cannot be negative or past the end.
pub(super) fn slice(
    node: &Inference<'_>,
    input: &Shape,
    [starts, ends, axes, steps]: [&Ints; 4],
) -> Result<(Shape, Option<Value>), Stop> {
    let bounds = (starts.exprs(node), ends.exprs(node));
    let count = match &bounds {
        (Some(bounds), _) | (_, Some(bounds)) => bounds.len(),
        _ => bound_count(node, starts).ok_or(Stop::Unknown("the bounds of a slice are not known"))?,
    };
    let listed = |list: &Ints| Ok(list.read_optional(node)?.filter(|list| !list.is_empty()));
    let axes = listed(axes)?.unwrap_or_else(|| (0..count as i64).collect());
    let steps = listed(steps)?.unwrap_or_default();
    let mut shape = input.clone();
    let mut plain: Vec<(usize, i64, i64)> = Vec::new();
    for (at, axis) in axes.iter().enumerate() {
        let axis = input.axis(*axis)?;
        let step = steps.get(at).copied().unwrap_or(1);
        if step == 0 {
            return Err(Stop::contradiction("a step of 0"));
        }
        let range = bounds.0.as_ref().zip(bounds.1.as_ref());
        let range = range.and_then(|(starts, ends)| starts.get(at).zip(ends.get(at)));
        let range = range.and_then(|(start, end)| slice_bounds(&input[axis], start, end, step));
        shape.0[axis] = match &range {
            Some((start, end)) => {
                let span = if step > 0 { end - start } else { start - end };
                span.ceil_div(&Expr::Int(step.saturating_abs())).larger(&Expr::ZERO)
            }
            None => node.unknown_dim(0, axis),
        };
        plain.extend(range.and_then(|(start, _)| Some((axis, start.as_int()?, step))));
    }
    let value = if plain.len() == axes.len() { sliced(node, input, &shape, &plain) } else { None };
    Ok((shape, value))
}

/// The known elements at axes, starts and steps.
fn sliced(node: &Inference<'_>, input: &Shape, shape: &Shape, ranges: &[(usize, i64, i64)]) -> Option<Value> {
    let steps = values::strides(&values::extents(input)?);
    values::rearrange(node.value(0)?, shape, |at| {
        let mut position = 0i64;
        for (axis, index) in at.iter().enumerate() {
            let range = ranges.iter().find(|(sliced, _, _)| *sliced == axis);
            let (start, step) = range.map_or((0, 1), |(_, start, step)| (*start, *step));
            position += (start + *index as i64 * step) * steps[axis] as i64;
        }
        usize::try_from(position).unwrap_or(usize::MAX)
    })
}

/// How many axes a slice with unknown bounds has, from the shape of the bounds.
fn bound_count(node: &Inference<'_>, starts: &Ints) -> Option<usize> {
    let Ints::Input(index) = starts else { return None };
    let length = node.input(*index).ok()?.as_ints()?;
    usize::try_from(*length.first()?).ok().filter(|count| *count <= 64)
}

/// The clamped bounds of one axis, where they are certain.
fn slice_bounds(extent: &Expr, start: &Expr, end: &Expr, step: i64) -> Option<(Expr, Expr)> {
    let lowest = if step > 0 { Expr::ZERO } else { Expr::Int(-1) };
    let highest = if step > 0 { extent.clone() } else { extent - 1 };
    let clamp = |bound: &Expr| -> Option<Expr> {
        // "To the end" is written as a huge number.
        let far = i64::from(i32::MAX) - 1;
        match bound.as_int() {
            Some(value) if value >= far => return Some(highest.clone()),
            Some(value) if value <= -far => return Some(lowest.clone()),
            _ => {}
        }
        let from_front = match bound.as_int() {
            Some(value) if value < 0 => extent + bound,
            Some(_) => bound.clone(),
            None if bound.at_least(&Expr::ZERO) => bound.clone(),
            None if Expr::Int(-1).at_least(bound) => extent + bound,
            None => return None,
        };
        Some(from_front.larger(&lowest).smaller(&highest))
    };
    Some((clamp(start)?, clamp(end)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Movement;
    use crate::testing::{output, shape};
    use weigh_ir::{DType, TensorType};

    fn slice(starts: i64, ends: i64, axis: i64, step: i64) -> Movement {
        let fixed = |value| Ints::Fixed(vec![value]);
        Movement::Slice { starts: fixed(starts), ends: fixed(ends), axes: fixed(axis), steps: fixed(step) }
    }

    #[test]
    fn slices_clamp() {
        let input = [shape(&[10, 20])];
        assert_eq!(output(&slice(1, i64::MAX, 1, 1), &input), Shape::of(&[10, 19]));
        assert_eq!(output(&slice(-3, 100, 0, 2), &input), Shape::of(&[2, 20]));
        assert_eq!(output(&slice(-1, i64::MIN, 0, -1), &input), Shape::of(&[10, 20]));
        assert_eq!(output(&slice(7, 3, 0, 1), &input), Shape::of(&[0, 20]));
    }

    #[test]
    fn slices_of_symbolic_extents() {
        let seq = Expr::symbol("seq");
        let input = TensorType::new(Some(DType::F32), Shape::new([seq.clone(), Expr::Int(4)]));
        assert_eq!(output(&slice(0, -1, 0, 1), std::slice::from_ref(&input))[0], &seq - 1);
        assert_eq!(output(&slice(0, i64::MAX, 0, 1), &[input])[0], seq);
    }
}
