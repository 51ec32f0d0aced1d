//! All elements of the inputs in another arrangement: other axes, joined, repeated, framed, in blocks.

use weigh_ir::{Expr, Inference, Shape, Stop, Value};

use crate::parameter::Ints;
use crate::values;

pub(super) fn transpose(
    node: &Inference<'_>,
    input: &Shape,
    order: Option<&[i64]>,
) -> Result<(Shape, Option<Value>), Stop> {
    let rank = input.rank();
    let order: Vec<usize> = match order {
        Some(order) if !order.is_empty() => {
            order.iter().map(|axis| input.axis(*axis)).collect::<Result<_, _>>()?
        }
        _ => (0..rank).rev().collect(),
    };
    let mut seen = vec![false; rank];
    order.iter().for_each(|axis| seen[*axis] = true);
    if order.len() != rank || seen.contains(&false) {
        return Err(Stop::contradiction(format!("{order:?} is no order of the axes of {input}")));
    }
    let shape = Shape::new(order.iter().map(|axis| input[*axis].clone()));
    let value = node.value(0).and_then(|value| {
        let steps = values::strides(&values::extents(input)?);
        values::rearrange(value, &shape, |at| {
            at.iter().zip(&order).map(|(index, axis)| index * steps[*axis]).sum()
        })
    });
    Ok((shape, value))
}

pub(super) fn concat(node: &Inference<'_>, axis: i64) -> Result<(Shape, Option<Value>), Stop> {
    let first = node.input(0)?;
    let axis = first.axis(axis)?;
    let mut shape = first.clone();
    for index in 1..node.inputs.len() {
        let next = node.input(index)?;
        if next.rank() != shape.rank() {
            return Err(Stop::contradiction(format!("{shape} and {next} differ in rank")));
        }
        for at in 0..shape.rank() {
            if at == axis {
                shape.0[at] = &shape[at] + &next[at];
                continue;
            }
            match (shape[at].as_int(), next[at].as_int()) {
                (Some(a), Some(b)) if a != b => {
                    return Err(Stop::contradiction(format!("{first} and {next} differ beside axis {axis}")));
                }
                (None, Some(_)) => shape.0[at] = next[at].clone(),
                _ => {}
            }
        }
    }
    let value = concat_value(node, &shape, axis);
    Ok((shape, value))
}

fn concat_value(node: &Inference<'_>, shape: &Shape, axis: usize) -> Option<Value> {
    // One input after another, each element at its place in the joined list; then in the order of the output.
    let mut all = node.value(0)?.clone();
    let mut parts: Vec<(usize, usize, Vec<usize>)> = Vec::new();
    let mut first = 0;
    for index in 0..node.inputs.len() {
        let value = node.value(index)?;
        let dims = values::extents(node.input(index).ok()?)?;
        parts.push((first, if index == 0 { 0 } else { all.len() }, dims.clone()));
        if index > 0 {
            all = values::joined(&all, value)?;
        }
        first += dims.get(axis)?;
    }
    values::rearrange(&all, shape, |at| {
        let part = parts.iter().rev().find(|(first, _, dims)| *first <= at[axis] && dims[axis] > 0);
        let Some((first, offset, dims)) = part else { return usize::MAX };
        let steps = values::strides(dims);
        let own = |along: usize| if along == axis { at[along] - first } else { at[along] };
        offset + (0..dims.len()).map(|along| own(along) * steps[along]).sum::<usize>()
    })
}

pub(super) fn pad(node: &Inference<'_>, input: &Shape, pads: &Ints, axes: &Ints) -> Result<Shape, Stop> {
    let axes = match axes.read_optional(node)? {
        Some(axes) if !axes.is_empty() => {
            axes.iter().map(|axis| input.axis(*axis)).collect::<Result<_, _>>()?
        }
        _ => (0..input.rank()).collect::<Vec<_>>(),
    };
    let Some(amounts) = pads.exprs(node) else { return Ok(unknown_extents(node, input.rank())) };
    if amounts.len() != 2 * axes.len() {
        return Err(Stop::contradiction(format!(
            "{} amounts of padding for {} axes",
            amounts.len(),
            axes.len()
        )));
    }
    let mut shape = input.clone();
    for (at, axis) in axes.iter().enumerate() {
        shape.0[*axis] = &shape[*axis] + &amounts[at] + &amounts[at + axes.len()];
    }
    Ok(shape)
}

/// A shape of which only the rank is known.
fn unknown_extents(node: &Inference<'_>, rank: usize) -> Shape {
    Shape::new((0..rank).map(|axis| node.unknown_dim(0, axis)))
}

pub(super) fn tile(
    node: &Inference<'_>,
    input: &Shape,
    repeats: &Ints,
) -> Result<(Shape, Option<Value>), Stop> {
    let Some(repeats) = repeats.exprs(node) else { return Ok((unknown_extents(node, input.rank()), None)) };
    if repeats.len() != input.rank() {
        return Err(Stop::contradiction(format!("{} repeats for {input}", repeats.len())));
    }
    let shape = Shape::new(input.dims().iter().zip(&repeats).map(|(dim, times)| dim * times));
    let value = node.value(0).and_then(|value| {
        let from = values::extents(input)?;
        let steps = values::strides(&from);
        values::rearrange(value, &shape, |at| {
            (0..from.len()).map(|axis| (at[axis] % from[axis]) * steps[axis]).sum()
        })
    });
    Ok((shape, value))
}

pub(super) fn blocks(input: &Shape, block: i64, to_space: bool) -> Result<Shape, Stop> {
    let [batch, channels, height, width] = input.dims() else {
        return Err(Stop::contradiction(format!("{input} is no batch of images")));
    };
    if block < 1 {
        return Err(Stop::contradiction(format!("a block of {block}")));
    }
    let (side, area) = (Expr::Int(block), Expr::Int(block) * block);
    Ok(match to_space {
        true => Shape::new([batch.clone(), channels.floor_div(&area), height * &side, width * &side]),
        false => {
            Shape::new([batch.clone(), channels * &area, height.floor_div(&side), width.floor_div(&side)])
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Movement::{DepthToSpace, SpaceToDepth};
    use crate::testing::{output, shape};

    #[test]
    fn space_and_depth() {
        assert_eq!(output(&DepthToSpace { block: 2 }, &[shape(&[1, 16, 5, 6])]), Shape::of(&[1, 4, 10, 12]));
        assert_eq!(output(&SpaceToDepth { block: 2 }, &[shape(&[1, 4, 10, 12])]), Shape::of(&[1, 16, 5, 6]));
    }
}
