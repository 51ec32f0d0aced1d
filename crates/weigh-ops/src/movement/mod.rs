//! Operators that move elements without computing on them: concatenation, slices, gathers, padding, ...
//! Their cost is 0; what they differ in is shapes, and how much of their input they read.

mod arrange;
mod gather;
mod slice;
mod split;
mod views;

use weigh_ir::{
    Backward, Cost, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Shape, Stop, TensorType,
    Value, single,
};

use crate::parameter::Ints;
use arrange::{blocks, concat, pad, tile, transpose};
use gather::{gather, gather_elements_value, gather_nd, scatter_value};
use slice::slice;

pub use split::Split;
pub use views::View;

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
            Slice { starts, ends, axes, steps } => slice(node, input, [starts, ends, axes, steps]),
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

    /// Gradients move back. Transposing and slicing are views.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let count = |index: usize| Ok(Cost::other(node.input(index)?.elements()));
        Ok(match self {
            Transpose { .. } | Slice { .. } => Backward::view(),
            Concat { .. } => Backward::moves(0..node.inputs.len()),
            // Added up where an index comes more than once.
            Gather { .. } | GatherElements | GatherNd { .. } => {
                Backward::of(0, Cost::other(node.output(0)?.elements()), [Saved::Input(1)])
            }
            Scatter { replaces: true, updates, .. } => {
                Backward::of(0, Cost::FREE, [Saved::Input(1)]).and(*updates, Cost::FREE, [Saved::Input(1)])
            }
            Scatter { updates, operations, .. } if *operations > 0 => {
                let all = [Saved::Input(0), Saved::Input(1), Saved::Input(*updates), Saved::Output(0)];
                Backward::of(0, count(0)?, []).and(*updates, count(*updates)?, []).sharing(Cost::FREE, all)
            }
            Scatter { updates, .. } => {
                let saved = [0, 1, *updates].map(Saved::Input);
                Backward::moves([0, *updates]).sharing(Cost::FREE, saved)
            }
            Tile { .. } => Backward::of(0, Cost::other(node.output(0)?.elements()), []),
            Pad { .. } | DepthToSpace { .. } | SpaceToDepth { .. } | ReverseSequence => Backward::moves([0]),
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{infer, ints};
    use weigh_ir::{DType, Value};

    fn slice(starts: i64, ends: i64, axis: i64, step: i64) -> Movement {
        let fixed = |value| Ints::Fixed(vec![value]);
        Slice { starts: fixed(starts), ends: fixed(ends), axes: fixed(axis), steps: fixed(step) }
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
}
