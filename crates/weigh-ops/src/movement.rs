//! Operators that move elements without computing on them: concatenation, slices, gathers, padding, ...
//! Their cost is 0; what they differ in is shapes, and how much of their input they read.

use weigh_ir::{
    Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType, Value,
    resolve_axis, single,
};

use crate::parameter::Ints;
use crate::values;

/// A movement of elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Movement {
    /// Axes exchanged; without an order, reversed. ONNX `Transpose`.
    Transpose {
        /// For each output axis, the input axis.
        order: Option<Vec<i64>>,
    },
    /// Inputs one after another along an axis. ONNX `Concat`.
    Concat {
        /// The axis.
        axis: i64,
    },
    /// Every how-manieth element between bounds, on some axes. ONNX `Slice`.
    Slice {
        /// The first element of each axis.
        starts: Ints,
        /// One past the last.
        ends: Ints,
        /// The axes; left out, the first ones.
        axes: Ints,
        /// The steps; left out, 1.
        steps: Ints,
    },
    /// Slices at indices (input 1) of an axis of input 0. ONNX `Gather`.
    Gather {
        /// The axis.
        axis: i64,
    },
    /// One element for each index (input 1). ONNX `GatherElements`.
    GatherElements,
    /// Slices at multi-indices (the last axis of input 1). ONNX `GatherND`.
    GatherNd {
        /// How many leading axes both share.
        batch_dims: i64,
    },
    /// Input 0 with elements replaced (or combined with) others. ONNX `ScatterND`, `ScatterElements`.
    Scatter {
        /// The name of this form.
        name: &'static str,
        /// Arithmetic for each update: 1 where it is added or multiplied.
        operations: i64,
        /// Which input holds the updates.
        updates: usize,
        /// Whether the updates replace elements at the indices of input 1.
        replaces: bool,
    },
    /// A frame around every axis. ONNX `Pad`.
    Pad {
        /// Amounts at the beginning of every axis, then at the end of every axis.
        pads: Ints,
        /// The axes that the amounts are for; left out, all.
        axes: Ints,
    },
    /// Copies side by side. ONNX `Tile`.
    Tile {
        /// How many along each axis.
        repeats: Ints,
    },
    /// Blocks of channels become blocks of space. ONNX `DepthToSpace`.
    DepthToSpace {
        /// The side of a block.
        block: i64,
    },
    /// Blocks of space become blocks of channels. ONNX `SpaceToDepth`.
    SpaceToDepth {
        /// The side of a block.
        block: i64,
    },
    /// Sequences of given lengths reversed. ONNX `ReverseSequence`.
    ReverseSequence,
}

use Movement::*;

impl Movement {
    fn typed(&self, node: &Inference<'_>) -> Result<(Shape, Option<Value>), Stop> {
        let input = node.input(0)?;
        match self {
            Transpose { order } => transpose(node, input, order.as_deref()),
            Concat { axis } => concat(node, *axis),
            Slice { .. } => self.slice(node, input),
            Gather { axis } => gather(node, input, *axis),
            GatherElements => Ok((node.input(1)?.clone(), gather_elements_value(node, input))),
            GatherNd { batch_dims } => Ok((gather_nd(input, node.input(1)?, *batch_dims)?, None)),
            Scatter { replaces, .. } => {
                Ok((input.clone(), if *replaces { scatter_value(node) } else { None }))
            }
            ReverseSequence => Ok((input.clone(), None)),
            Pad { pads, axes } => Ok((pad(node, input, pads, axes)?, None)),
            Tile { repeats } => tile(node, input, repeats),
            DepthToSpace { block } => Ok((blocks(input, *block, true)?, None)),
            SpaceToDepth { block } => Ok((blocks(input, *block, false)?, None)),
        }
    }

    /// Bounds clamp to the extent as ONNX prescribes; a bound that is a formula is taken at its word where it
    /// cannot be negative or past the end.
    fn slice(&self, node: &Inference<'_>, input: &Shape) -> Result<(Shape, Option<Value>), Stop> {
        let Slice { starts, ends, axes, steps } = self else {
            return Err(Stop::Unknown("not a slice"));
        };
        let exprs = |list: &Ints| -> Option<Vec<Expr>> {
            match list {
                Ints::Fixed(values) => Some(values.iter().map(|value| Expr::Int(*value)).collect()),
                Ints::Input(index) => node.value(*index)?.as_exprs().map(<[Expr]>::to_vec),
            }
        };
        let (starts, ends) = (exprs(starts), exprs(ends));
        let count = match (&starts, &ends) {
            (Some(bounds), _) | (_, Some(bounds)) => bounds.len(),
            _ => match self.bound_count(node) {
                Some(count) => count,
                None => return Err(Stop::Unknown("the bounds of a slice are not known")),
            },
        };
        let axes = match axes.read_optional(node)? {
            Some(axes) if !axes.is_empty() => axes,
            _ => (0..count as i64).collect(),
        };
        let steps =
            steps.read_optional(node)?.filter(|steps| !steps.is_empty()).unwrap_or_else(|| vec![1; count]);
        let mut shape = input.clone();
        let mut plain: Vec<(usize, i64, i64)> = Vec::new();
        for (at, axis) in axes.iter().enumerate() {
            let axis = input.axis(*axis)?;
            let step = steps.get(at).copied().unwrap_or(1);
            if step == 0 {
                return Err(Stop::contradiction("a step of 0"));
            }
            let bounds = starts
                .as_ref()
                .zip(ends.as_ref())
                .and_then(|(starts, ends)| starts.get(at).zip(ends.get(at)));
            let range = bounds.and_then(|(start, end)| slice_bounds(&input[axis], start, end, step));
            shape.0[axis] = match &range {
                Some((start, end)) => {
                    let span = if step > 0 { end - start } else { start - end };
                    span.ceil_div(&Expr::Int(step.saturating_abs())).larger(&Expr::ZERO)
                }
                None => node.unknown_dim(0, axis),
            };
            if let Some((start, _)) = &range
                && let Some(start) = start.as_int()
            {
                plain.push((axis, start, step));
            }
        }
        let value = (plain.len() == axes.len())
            .then(|| {
                let from = values::extents(input)?;
                let steps = values::strides(&from);
                values::rearrange(node.value(0)?, &shape, |at| {
                    let mut position = 0i64;
                    for (axis, index) in at.iter().enumerate() {
                        let (start, step) = plain
                            .iter()
                            .find(|(sliced, _, _)| *sliced == axis)
                            .map_or((0, 1), |(_, start, step)| (*start, *step));
                        position += (start + *index as i64 * step) * steps[axis] as i64;
                    }
                    usize::try_from(position).unwrap_or(usize::MAX)
                })
            })
            .flatten();
        Ok((shape, value))
    }

    /// How many axes a slice with unknown bounds has, from the shape of the bounds.
    fn bound_count(&self, node: &Inference<'_>) -> Option<usize> {
        let Slice { starts: Ints::Input(index), .. } = self else { return None };
        let length = node.input(*index).ok()?.as_ints()?;
        usize::try_from(*length.first()?).ok().filter(|count| *count <= 64)
    }
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

fn transpose(
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

fn concat(node: &Inference<'_>, axis: i64) -> Result<(Shape, Option<Value>), Stop> {
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

fn gather(node: &Inference<'_>, input: &Shape, axis: i64) -> Result<(Shape, Option<Value>), Stop> {
    let indices = node.input(1)?;
    let axis = input.axis(axis)?;
    let (before, after) = (&input.dims()[..axis], &input.dims()[axis + 1..]);
    let shape = Shape::new(before.iter().chain(indices.dims()).chain(after).cloned());
    let value = || {
        let dims = values::extents(input)?;
        let rows = positions(node, *dims.get(axis)?)?;
        let (steps, index_rank) = (values::strides(&dims), indices.rank());
        let index_steps = values::strides(&values::extents(indices)?);
        values::rearrange(node.value(0)?, &shape, |at| {
            let (index, after) = at[axis..].split_at(index_rank);
            let row: usize = index.iter().zip(&index_steps).map(|(at, step)| at * step).sum();
            let others = at[..axis].iter().zip(&steps).chain(after.iter().zip(&steps[axis + 1..]));
            let place = others.map(|(at, step)| at * step).sum::<usize>();
            rows.get(row).map_or(usize::MAX, |row| place + row * steps[axis])
        })
    };
    let value = value();
    Ok((shape, value))
}

/// The indices that input 1 holds, counted from the front of an axis of this extent.
fn positions(node: &Inference<'_>, extent: usize) -> Option<Vec<usize>> {
    let extent = i64::try_from(extent).ok()?;
    let wrap = |index: i64| {
        let index = if index < 0 { index.checked_add(extent)? } else { index };
        usize::try_from(index).ok().filter(|_| index < extent)
    };
    node.value(1)?.as_ints()?.into_iter().map(wrap).collect()
}

/// Elements of a vector at known places: of other tensors the axis would matter.
fn gather_elements_value(node: &Inference<'_>, input: &Shape) -> Option<Value> {
    let dims = values::extents(input)?;
    let [extent] = dims.as_slice() else { return None };
    node.value(0)?.pick(positions(node, *extent)?)
}

fn gather_nd(input: &Shape, indices: &Shape, batch_dims: i64) -> Result<Shape, Stop> {
    let Some(depth) = indices.dims().last().and_then(Expr::as_int) else {
        return Err(Stop::Unknown("how many axes are indexed is not known"));
    };
    let from = usize::try_from(depth.saturating_add(batch_dims)).ok().filter(|from| *from <= input.rank());
    let Some(from) = from else {
        return Err(Stop::contradiction(format!("indices {indices} do not fit {input}")));
    };
    Ok(Shape::new(indices.dims()[..indices.rank() - 1].iter().chain(&input.dims()[from..]).cloned()))
}

/// Known updates at known places of a known vector.
fn scatter_value(node: &Inference<'_>) -> Option<Value> {
    let dims = values::extents(node.input(0).ok()?)?;
    let [extent] = dims.as_slice() else { return None };
    let (places, updates) = (positions(node, *extent)?, node.value(2)?);
    if places.len() != updates.len() {
        return None;
    }
    // The last update of a place counts, as runtimes go through them in order.
    let mut from: Vec<usize> = (0..*extent).collect();
    for (update, place) in places.into_iter().enumerate() {
        *from.get_mut(place)? = extent + update;
    }
    values::joined(node.value(0)?, updates)?.pick(from)
}

fn pad(node: &Inference<'_>, input: &Shape, pads: &Ints, axes: &Ints) -> Result<Shape, Stop> {
    let axes = match axes.read_optional(node)? {
        Some(axes) if !axes.is_empty() => {
            axes.iter().map(|axis| input.axis(*axis)).collect::<Result<_, _>>()?
        }
        _ => (0..input.rank()).collect::<Vec<_>>(),
    };
    let amounts: Vec<Expr> = match pads {
        Ints::Fixed(values) => values.iter().map(|value| Expr::Int(*value)).collect(),
        Ints::Input(index) => match node.value(*index).and_then(|value| value.as_exprs()) {
            Some(values) => values.to_vec(),
            None => return Ok(Shape::new((0..input.rank()).map(|axis| node.unknown_dim(0, axis)))),
        },
    };
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

fn tile(node: &Inference<'_>, input: &Shape, repeats: &Ints) -> Result<(Shape, Option<Value>), Stop> {
    let repeats: Vec<Expr> = match repeats {
        Ints::Fixed(values) => values.iter().map(|value| Expr::Int(*value)).collect(),
        Ints::Input(index) => match node.value(*index).and_then(|value| value.as_exprs()) {
            Some(values) => values.to_vec(),
            None => return Ok((Shape::new((0..input.rank()).map(|axis| node.unknown_dim(0, axis))), None)),
        },
    };
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

fn blocks(input: &Shape, block: i64, to_space: bool) -> Result<Shape, Stop> {
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

impl Operator for Movement {
    fn name(&self) -> &str {
        match self {
            Transpose { .. } => "Transpose",
            Concat { .. } => "Concat",
            Slice { .. } => "Slice",
            Gather { .. } => "Gather",
            GatherElements => "GatherElements",
            GatherNd { .. } => "GatherND",
            Scatter { name, .. } => name,
            Pad { .. } => "Pad",
            Tile { .. } => "Tile",
            DepthToSpace { .. } => "DepthToSpace",
            SpaceToDepth { .. } => "SpaceToDepth",
            ReverseSequence => "ReverseSequence",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        match self {
            Transpose { order: Some(order) } => format!("{order:?}"),
            Concat { axis } | Gather { axis } => format!("axis {axis}"),
            _ => String::new(),
        }
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (shape, value) = self.typed(node)?;
        Ok(single(TensorType::new(node.dtype(0), shape).with_value(value)))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        match self {
            Scatter { operations, updates, .. } if *operations > 0 => {
                Ok(Cost::other(node.input(*updates)?.elements() * *operations))
            }
            _ => Ok(Cost::FREE),
        }
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        match self {
            Slice { .. } | Gather { .. } | GatherElements | GatherNd { .. } => Memory::selects(0),
            Scatter { .. } => Memory::in_place([0]),
            _ => Memory::fresh(),
        }
    }

    fn role(&self, index: usize) -> Role {
        match self {
            Concat { .. } => Role::Operand,
            Scatter { updates, .. } if index == *updates => Role::Operand,
            _ if index == 0 => Role::Operand,
            _ => Role::Constant,
        }
    }
}

/// Pieces of an axis, one output each. ONNX `Split`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The axis.
    pub axis: i64,
    /// The extents of the pieces; left out, equal ones (the last may be smaller).
    pub sizes: Ints,
}

impl Operator for Split {
    fn name(&self) -> &str {
        "Split"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        format!("axis {}", self.axis)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let axis = resolve_axis(self.axis, input.rank())?;
        let count = node.output_count.max(1);
        let sizes: Vec<Expr> = match self.sizes.read_optional(node)? {
            Some(sizes) if !sizes.is_empty() => sizes.into_iter().map(Expr::Int).collect(),
            _ => {
                let each = input[axis].ceil_div(&Expr::from(count));
                let last = &input[axis] - &each * (count as i64 - 1);
                (0..count).map(|at| if at + 1 == count { last.clone() } else { each.clone() }).collect()
            }
        };
        if sizes.len() < count {
            return Err(Stop::contradiction(format!("{} pieces for {count} outputs", sizes.len())));
        }
        let start_value = |skip: &Expr, size: &Expr| {
            let (skip, size) = (usize::try_from(skip.as_int()?).ok()?, usize::try_from(size.as_int()?).ok()?);
            (input.rank() == 1).then(|| node.value(0)?.pick(skip..skip.checked_add(size)?)).flatten()
        };
        let mut skip = Expr::ZERO;
        let mut outputs = Outputs::new();
        for size in sizes {
            let value = start_value(&skip, &size);
            skip += &size;
            outputs.push(TensorType::new(node.dtype(0), input.with(axis, size)).with_value(value));
        }
        Ok(outputs)
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
    use weigh_ir::DType;

    fn slice(starts: i64, ends: i64, axis: i64, step: i64) -> Movement {
        let fixed = |value| Ints::Fixed(vec![value]);
        Slice { starts: fixed(starts), ends: fixed(ends), axes: fixed(axis), steps: fixed(step) }
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

    #[test]
    fn shapes_are_carried_as_values() {
        let dims = infer(&Gather { axis: 0 }, &[ints(&[2, 3, 224]), ints(&[-1])]);
        assert_eq!(dims[0].value, Some(Value::ints([224])));
        let joined = infer(&Concat { axis: 0 }, &[ints(&[1, 2]), ints(&[3])]);
        assert_eq!(joined[0].value, Some(Value::ints([1, 2, 3])));
        let tail = infer(&slice(1, 3, 0, 1), &[ints(&[5, 6, 7])]);
        assert_eq!(tail[0].value, Some(Value::ints([6, 7])));
    }

    #[test]
    fn values_of_matrices_move() {
        let matrix = |rows: i64, columns: i64, values: &[i64]| {
            TensorType::known(DType::I64, Shape::of(&[rows, columns]), Value::ints(values.iter().copied()))
        };
        let (a, b) = (matrix(2, 2, &[1, 2, 3, 4]), matrix(2, 1, &[5, 6]));
        let of = |op: &Movement, inputs: &[TensorType]| infer(op, inputs)[0].value.clone();
        assert_eq!(of(&Concat { axis: 1 }, &[a.clone(), b]), Some(Value::ints([1, 2, 5, 3, 4, 6])));
        assert_eq!(of(&Gather { axis: 1 }, &[a.clone(), ints(&[-1])]), Some(Value::ints([2, 4])));
        assert_eq!(of(&Gather { axis: 0 }, &[a, ints(&[1, 0])]), Some(Value::ints([3, 4, 1, 2])));
        let numbers = |values: &[f64]| {
            let shape = Shape::of(&[values.len() as i64]);
            TensorType::known(DType::F32, shape, Value::Floats(values.into()))
        };
        let joined = of(&Concat { axis: 0 }, &[numbers(&[1.0]), numbers(&[0.5])]);
        assert_eq!(joined, Some(Value::Floats([1.0, 0.5].into())));
    }

    #[test]
    fn values_are_scattered() {
        let scatter = |replaces| Scatter { name: "ScatterElements", operations: 0, updates: 2, replaces };
        let inputs = [ints(&[1, 2, 3]), ints(&[-1, 0]), ints(&[7, 8])];
        assert_eq!(infer(&scatter(true), &inputs)[0].value, Some(Value::ints([8, 2, 7])));
        assert_eq!(infer(&scatter(false), &inputs)[0].value, None);
        let outside = [ints(&[1, 2, 3]), ints(&[3]), ints(&[7])];
        assert_eq!(infer(&scatter(true), &outside)[0].value, None);
        let picked = infer(&GatherElements, &[ints(&[1, 2, 3]), ints(&[2, -3])]);
        assert_eq!(picked[0].value, Some(Value::ints([3, 1])));
    }

    #[test]
    fn uneven_splits() {
        let op = Split { axis: 1, sizes: Ints::Fixed(vec![]) };
        let inputs = [shape(&[2, 7])];
        let inputs: Vec<_> = inputs.iter().map(Some).collect();
        let mut node =
            Inference { inputs: &inputs, output_count: 3, symbol_stem: "t", bodies: &mut weigh_ir::NoBodies };
        let pieces = op.infer(&mut node).expect("splits");
        let extents: Vec<_> =
            pieces.iter().map(|piece| piece.shape.as_ref().map(|shape| shape[1].clone())).collect();
        assert_eq!(extents, [Some(Expr::Int(3)), Some(Expr::Int(3)), Some(Expr::Int(1))]);
    }

    #[test]
    fn space_and_depth() {
        assert_eq!(output(&DepthToSpace { block: 2 }, &[shape(&[1, 16, 5, 6])]), Shape::of(&[1, 4, 10, 12]));
        assert_eq!(output(&SpaceToDepth { block: 2 }, &[shape(&[1, 4, 10, 12])]), Shape::of(&[1, 16, 5, 6]));
    }
}
