//! Sequences of tensors. Their length is followed where it is known; members are moved, never computed on.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Members, Memory, Operands, Operator, Outputs, Role, Shape, Stop,
    TensorType, Value, resolve_axis, single,
};

/// Sequences of more members than this are not followed.
const MAX_MEMBERS: i64 = 4096;

/// What is done to a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// A sequence of all inputs. ONNX `SequenceConstruct`.
    Construct,
    /// A sequence without members. ONNX `SequenceEmpty`.
    Empty {
        /// The element type of members to come.
        dtype: DType,
    },
    /// The member at a position (input 1). ONNX `SequenceAt`.
    At,
    /// The sequence with a tensor (input 1) inserted at a position (input 2), by default at the end.
    /// ONNX `SequenceInsert`.
    Insert,
    /// The sequence without the member at a position (input 1), by default the last. ONNX `SequenceErase`.
    Erase,
    /// The number of members. ONNX `SequenceLength`.
    Length,
    /// A tensor cut along an axis, into parts of one extent (a scalar input 1, by default 1) or of given
    /// extents. ONNX `SplitToSequence`.
    Split {
        /// The axis.
        axis: i64,
        /// Whether parts keep the axis where no extents are given.
        keep_dims: bool,
    },
    /// The members one after another along an axis. ONNX `ConcatFromSequence`.
    Concat {
        /// The axis.
        axis: i64,
        /// Whether it is an axis that the members do not have yet.
        new_axis: bool,
    },
}

const UNKNOWN_MEMBERS: Stop = Stop::Unknown("the members of a sequence are unknown");

/// What is known of the members of input 0.
fn members<'a>(node: &Inference<'a>) -> Result<&'a Members, Stop> {
    let input = node.inputs.first().copied().flatten();
    input.and_then(|input| input.sequence.as_ref()).ok_or(UNKNOWN_MEMBERS)
}

/// One of the members of which only what they have in common is known, as output `at` of the node.
pub(super) fn some_member(member: &TensorType, unknown: &dyn Fn(usize) -> Expr) -> TensorType {
    let extent =
        |(axis, dim): (usize, &Expr)| if dim.as_int().is_some() { dim.clone() } else { unknown(axis) };
    let shape = member.shape.as_ref().map(|shape| Shape::new(shape.dims().iter().enumerate().map(extent)));
    TensorType { dtype: member.dtype, shape, ..TensorType::default() }
}

/// What all members have in common; `None` of no members.
fn common(members: &Members, unknown: &dyn Fn(usize) -> Expr) -> Option<TensorType> {
    match members {
        Members::Like(member) => Some(some_member(member, unknown)),
        Members::Each(members) => {
            let (first, rest) = members.split_first()?;
            Some(rest.iter().fold(first.clone(), |any, member| merge(&any, member, unknown)))
        }
    }
}

/// The position that input `index` says, where it is known; it may count from the end.
fn position(node: &Inference<'_>, index: usize, count: usize) -> Result<Option<usize>, Stop> {
    match node.value(index).and_then(Value::as_ints).as_deref() {
        Some([position, ..]) => resolve_axis(*position, count).map(Some).map_err(|_| {
            Stop::contradiction(format!("position {position} is outside a sequence of {count}"))
        }),
        _ => Ok(None),
    }
}

/// The type of the member at `at` when it may be any of these; `None` of nothing.
fn any_of(node: &Inference<'_>, members: &[TensorType], at: usize) -> Option<TensorType> {
    let unknown = |axis| node.unknown_dim(0, member_axis(at, axis));
    let (first, rest) = members.split_first()?;
    Some(rest.iter().fold(first.clone(), |any, member| merge(&any, member, &unknown)))
}

/// A number for an axis of a member that no axis of another member has: their unknown extents may differ.
fn member_axis(at: usize, axis: usize) -> usize {
    const MAX_RANK: usize = 64;
    at * MAX_RANK + axis
}

/// The type of a tensor that is either of two: what differs is unknown, extents become `unknown(axis)`.
pub(crate) fn merge(a: &TensorType, b: &TensorType, unknown: &dyn Fn(usize) -> Expr) -> TensorType {
    if a == b {
        return a.clone();
    }
    let dtype = if a.dtype == b.dtype { a.dtype } else { None };
    let sequence = match (&a.sequence, &b.sequence) {
        (Some(Members::Each(a)), Some(Members::Each(b))) if a.len() == b.len() => {
            let pairs = a.iter().zip(b.iter()).enumerate();
            let merged = pairs.map(|(at, (a, b))| merge(a, b, &|axis| unknown(member_axis(at, axis))));
            Some(Members::Each(merged.collect()))
        }
        (Some(a), Some(b)) => {
            let either = match (common(a, unknown), common(b, unknown)) {
                (Some(a), Some(b)) => merge(&a, &b, unknown),
                (a, b) => a.or(b).unwrap_or_default(),
            };
            Some(Members::Like(either.into()))
        }
        _ => None,
    };
    let shape = match (&a.shape, &b.shape) {
        (Some(a), Some(b)) if a.rank() == b.rank() => {
            let dims = a.dims().iter().zip(b.dims()).enumerate();
            Some(Shape::new(dims.map(|(axis, (a, b))| if a == b { a.clone() } else { unknown(axis) })))
        }
        _ => None,
    };
    let value = if a.shape == b.shape && a.value == b.value { a.value.clone() } else { None };
    TensorType { dtype, shape, value, sequence }
}

/// Extents of the parts that an extent is cut into.
fn parts(node: &Inference<'_>, extent: &Expr) -> Result<Vec<Expr>, Stop> {
    let each = if node.has_input(1) { node.ints(1)? } else { vec![1] };
    let is_scalar = !node.has_input(1) || node.input(1)?.rank() == 0;
    if !is_scalar {
        let total = each.iter().try_fold(0i64, |total, part| total.checked_add(*part).filter(|_| *part >= 0));
        if total.is_none() || extent.as_int().is_some_and(|extent| total != Some(extent)) {
            return Err(Stop::contradiction(format!("an extent of {extent} does not split into {each:?}")));
        }
        return Ok(each.into_iter().map(Expr::Int).collect());
    }
    let (Some(extent), Some(each)) = (extent.as_int(), each.first().copied()) else {
        return Err(UNKNOWN_MEMBERS);
    };
    if each <= 0 || extent < 0 {
        return Err(Stop::contradiction(format!(
            "an extent of {extent} does not split into parts of {each}"
        )));
    }
    let full = extent / each;
    if full >= MAX_MEMBERS {
        return Err(Stop::Unknown("a sequence has too many members to follow"));
    }
    let rest = Some(extent % each).filter(|rest| *rest > 0);
    Ok((0..full).map(|_| each).chain(rest).map(Expr::Int).collect())
}

fn without_axis(shape: &Shape, axis: usize) -> Shape {
    let mut dims = shape.0.clone();
    dims.remove(axis);
    Shape(dims)
}

fn concatenated(node: &Inference<'_>, axis: i64, new_axis: bool) -> Result<TensorType, Stop> {
    let members = members(node)?;
    let Some(all) = common(members, &|axis| node.unknown_dim(0, axis)) else {
        return Err(Stop::contradiction("an empty sequence cannot be concatenated"));
    };
    let mut shape = all.shape.ok_or(UNKNOWN_MEMBERS)?;
    let axis = resolve_axis(axis, shape.rank() + usize::from(new_axis))?;
    let extent = match members {
        Members::Like(_) => node.unknown_dim(0, member_axis(1, axis)),
        Members::Each(members) if new_axis => Expr::from(members.len()),
        Members::Each(members) => {
            members.iter().filter_map(|member| member.shape.as_ref()).map(|shape| &shape[axis]).sum()
        }
    };
    if new_axis {
        shape.0.insert(axis, extent);
    } else {
        shape.0[axis] = extent;
    }
    Ok(TensorType::new(all.dtype, shape))
}

/// The member at the position that input 1 says.
fn member(node: &Inference<'_>) -> Result<TensorType, Stop> {
    let members = members(node)?;
    let at = members.each().map(|each| position(node, 1, each.len())).transpose()?.flatten();
    let member = match (members.each(), at) {
        (Some(each), Some(at)) => each.get(at).cloned(),
        _ => common(members, &|axis| node.unknown_dim(0, axis)),
    };
    member.ok_or_else(|| Stop::contradiction("an empty sequence has no members"))
}

/// Input 0 with input 1 inserted at the position that input 2 says.
fn inserted(node: &Inference<'_>) -> Result<TensorType, Stop> {
    let tensor = node.inputs.get(1).copied().flatten().cloned().unwrap_or_default();
    let mut members = match members(node)? {
        Members::Each(members) => members.to_vec(),
        Members::Like(member) => {
            let either = merge(member, &tensor, &|axis| node.unknown_dim(0, axis));
            return Ok(TensorType::sequence_like(either));
        }
    };
    if members.len() as i64 >= MAX_MEMBERS {
        return Err(Stop::Unknown("a sequence has too many members to follow"));
    }
    let end = members.len();
    // The end itself is a position too; counted from behind it is none.
    let at = match node.value(2).and_then(Value::as_ints).as_deref() {
        _ if !node.has_input(2) => Some(end),
        Some([at, ..]) if *at == end as i64 => Some(end),
        _ => position(node, 2, end)?,
    };
    members.insert(at.unwrap_or(end), tensor);
    if at.is_none() {
        members = (0..=end).filter_map(|at| any_of(node, &members, at)).collect();
    }
    Ok(TensorType::sequence_of(members))
}

/// Input 0 without the member at the position that input 1 says.
fn erased(node: &Inference<'_>) -> Result<TensorType, Stop> {
    let mut members = match members(node)? {
        Members::Each(members) => members.to_vec(),
        Members::Like(member) => return Ok(TensorType::sequence_like((**member).clone())),
    };
    let at = match (node.has_input(1), members.len().checked_sub(1)) {
        (_, None) => return Err(Stop::contradiction("an empty sequence has no members")),
        (false, last) => last,
        (true, _) => position(node, 1, members.len())?,
    };
    match at {
        Some(at) => drop(members.remove(at)),
        None => members = (1..members.len()).filter_map(|at| any_of(node, &members, at)).collect(),
    }
    Ok(TensorType::sequence_of(members))
}

/// Input 0 cut along an axis.
fn split(node: &Inference<'_>, axis: i64, keep_dims: bool) -> Result<TensorType, Stop> {
    let input = node.input(0)?;
    let axis = input.axis(axis)?;
    let keep = keep_dims || node.has_input(1);
    let part = |extent: Expr| {
        let shape = if keep { input.with(axis, extent) } else { without_axis(input, axis) };
        TensorType::new(node.dtype(0), shape)
    };
    match parts(node, &input[axis]) {
        Ok(parts) => Ok(TensorType::sequence_of(parts.into_iter().map(part))),
        Err(Stop::Unknown(_)) => Ok(TensorType::sequence_like(part(node.unknown_dim(0, axis)))),
        Err(contradiction) => Err(contradiction),
    }
}

impl Operator for Sequence {
    fn name(&self) -> &str {
        match self {
            Sequence::Construct => "SequenceConstruct",
            Sequence::Empty { .. } => "SequenceEmpty",
            Sequence::At => "SequenceAt",
            Sequence::Insert => "SequenceInsert",
            Sequence::Erase => "SequenceErase",
            Sequence::Length => "SequenceLength",
            Sequence::Split { .. } => "SplitToSequence",
            Sequence::Concat { .. } => "ConcatFromSequence",
        }
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        match self {
            Sequence::Split { axis, .. } | Sequence::Concat { axis, .. } => format!("axis {axis}"),
            _ => String::new(),
        }
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let node = &*node;
        Ok(single(match self {
            Sequence::Construct => {
                TensorType::sequence_of(node.inputs.iter().map(|input| input.cloned().unwrap_or_default()))
            }
            Sequence::Empty { dtype } => {
                TensorType { dtype: Some(*dtype), ..TensorType::sequence_of(std::iter::empty()) }
            }
            Sequence::At => member(node)?,
            Sequence::Insert => inserted(node)?,
            Sequence::Erase => erased(node)?,
            Sequence::Length => {
                let each = members(node).ok().and_then(Members::each);
                let length = each.map(|members| Value::ints([members.len() as i64]));
                TensorType::new(Some(DType::I64), Shape::scalar()).with_value(length)
            }
            Sequence::Split { axis, keep_dims } => split(node, *axis, *keep_dims)?,
            Sequence::Concat { axis, new_axis } => concatenated(node, *axis, *new_axis)?,
        }))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        match self {
            Sequence::At => Memory::selects(0),
            Sequence::Length | Sequence::Empty { .. } => Memory::untouched(),
            _ => Memory::fresh(),
        }
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::UNFOLLOWED)
    }

    fn role(&self, index: usize) -> Role {
        match self {
            Sequence::Construct => Role::Operand,
            Sequence::Insert if index < 2 => Role::Operand,
            _ if index == 0 => Role::Operand,
            _ => Role::Constant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{infer, ints, output, shape};

    fn scalar(value: i64) -> TensorType {
        TensorType::known(DType::I64, Shape::scalar(), Value::ints([value]))
    }

    fn pair() -> TensorType {
        TensorType::sequence_of([shape(&[2, 3]), shape(&[4, 3])])
    }

    fn result(op: Sequence, inputs: &[TensorType]) -> TensorType {
        infer(&op, inputs)[0].clone()
    }

    #[test]
    fn each_operator() {
        let third = shape(&[5, 3]);
        let (first, second) = (shape(&[2, 3]), shape(&[4, 3]));
        let three = |a: &TensorType, b: &TensorType, c: &TensorType| {
            TensorType::sequence_of([a.clone(), b.clone(), c.clone()])
        };
        let rows = [
            (Sequence::Construct, vec![first.clone(), second.clone()], pair()),
            (Sequence::At, vec![pair(), scalar(-1)], second.clone()),
            (Sequence::Insert, vec![pair(), third.clone()], three(&first, &second, &third)),
            (Sequence::Insert, vec![pair(), third.clone(), scalar(2)], three(&first, &second, &third)),
            (Sequence::Insert, vec![pair(), third.clone(), scalar(-1)], three(&first, &third, &second)),
            (Sequence::Erase, vec![pair()], TensorType::sequence_of([first.clone()])),
            (Sequence::Erase, vec![pair(), scalar(0)], TensorType::sequence_of([second.clone()])),
            (Sequence::Length, vec![pair()], scalar(2)),
            (Sequence::Concat { axis: 0, new_axis: false }, vec![pair()], shape(&[6, 3])),
        ];
        for (op, inputs, expected) in rows {
            assert_eq!(result(op.clone(), &inputs), expected, "{op:?}");
        }
        let stacked = TensorType::sequence_of([first.clone(), first]);
        assert_eq!(output(&Sequence::Concat { axis: -1, new_axis: true }, &[stacked]), Shape::of(&[2, 3, 2]));
    }

    #[test]
    fn splitting() {
        let tensor = shape(&[5, 3]);
        let split = |keep_dims| Sequence::Split { axis: 0, keep_dims };
        let extents = |typed: TensorType| -> Vec<Shape> {
            typed
                .sequence
                .iter()
                .flat_map(|members| members.known())
                .filter_map(|m| m.shape.clone())
                .collect()
        };
        let two = |a: i64, b: i64| vec![Shape::of(&[a, 3]), Shape::of(&[b, 3])];
        assert_eq!(extents(result(split(true), &[tensor.clone(), ints(&[1, 4])])), two(1, 4));
        assert_eq!(extents(result(split(false), &[tensor.clone(), scalar(3)])), two(3, 2));
        assert_eq!(extents(result(split(false), &[tensor])), vec![Shape::of(&[3]); 5]);
    }

    #[test]
    fn sequences_of_unknown_length() {
        let open = Shape::new([Expr::symbol("n"), Expr::Int(3)]);
        let many = TensorType::sequence_like(TensorType::new(Some(DType::F32), open));
        // Members may differ in `n`: what is taken out has an extent of its own.
        let taken = Shape::new([Expr::symbol("test_0_0"), Expr::Int(3)]);
        assert_eq!(output(&Sequence::At, &[many.clone(), scalar(7)]), taken);
        let all = Sequence::Concat { axis: 0, new_axis: false };
        assert_eq!(output(&all, std::slice::from_ref(&many))[1], Expr::Int(3));
        assert_eq!(result(Sequence::Length, std::slice::from_ref(&many)).value, None);
        let longer = result(Sequence::Insert, &[many.clone(), shape(&[2, 3])]);
        assert_eq!(output(&Sequence::At, &[longer, scalar(0)]), taken);
        let extent = TensorType::new(Some(DType::F32), Shape::new([Expr::symbol("n"), Expr::Int(4)]));
        let rows = result(Sequence::Split { axis: 0, keep_dims: false }, &[extent]);
        assert_eq!(output(&Sequence::At, &[rows, scalar(0)]), Shape::of(&[4]));
    }

    #[test]
    fn unknown_positions_and_symbols() {
        let anywhere = TensorType::new(Some(DType::I64), Shape::scalar());
        assert_eq!(
            result(Sequence::At, &[pair(), anywhere]).shape,
            Some(Shape::new([Expr::symbol("test_0_0"), Expr::Int(3)]))
        );
        let seq = Expr::symbol("seq");
        let step = |extent: Expr| TensorType::new(Some(DType::F32), Shape::new([Expr::ONE, extent]));
        let steps = TensorType::sequence_of([step(seq.clone()), step(Expr::ONE)]);
        assert_eq!(
            output(&Sequence::Concat { axis: 1, new_axis: false }, &[steps]),
            Shape::new([Expr::ONE, seq + 1])
        );
    }
}
