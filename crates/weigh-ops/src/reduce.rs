//! Reductions along axes, arg-reductions, cumulative sums and sorting.

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Shape, Stop,
    TensorType, Value, single,
};

use crate::parameter::Ints;
use crate::values::{extents, map_positions, strides, whole};

/// Name and arithmetic per input element of each reduction. One addition or multiplication combines an
/// element; squares, absolute values and exponentials come on top; comparisons are 0.
const REDUCTIONS: &[(&str, i64)] = &[
    ("ReduceSum", 1),
    ("ReduceMean", 1),
    ("ReduceProd", 1),
    ("ReduceMax", 0),
    ("ReduceMin", 0),
    ("ReduceL1", 2),
    ("ReduceL2", 2),
    ("ReduceSumSquare", 2),
    ("ReduceLogSum", 1),
    ("ReduceLogSumExp", 2),
];

/// Combines all elements along some axes. ONNX `ReduceSum`, `ReduceMean`, ...
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduce {
    name: &'static str,
    operations: i64,
    /// Along which axes; none means all, unless `noop_when_empty`.
    pub axes: Ints,
    /// Whether the axes stay, with extent 1.
    pub keep_dims: bool,
    /// Whether no axes mean no reduction.
    pub noop_when_empty: bool,
}

impl Reduce {
    /// The reduction of this ONNX name, if there is one.
    pub fn named(name: &str, axes: Ints, keep_dims: bool, noop_when_empty: bool) -> Option<Reduce> {
        let (name, operations) = REDUCTIONS.iter().find(|row| row.0 == name)?;
        Some(Reduce { name, operations: *operations, axes, keep_dims, noop_when_empty })
    }

    /// The names of all reductions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        REDUCTIONS.iter().map(|row| row.0)
    }
}

impl Operator for Reduce {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        match &self.axes {
            Ints::Fixed(axes) if !axes.is_empty() => format!("over {axes:?}"),
            _ => String::new(),
        }
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let axes = self.axes.read_optional(node)?.unwrap_or_default();
        if axes.is_empty() && self.noop_when_empty {
            // Of an element alone a sum is the element itself; a sum of squares is not.
            let same =
                matches!(self.name, "ReduceSum" | "ReduceMean" | "ReduceProd" | "ReduceMax" | "ReduceMin");
            let value = node.value(0).filter(|_| same).cloned();
            return Ok(single(TensorType::new(node.dtype(0), input.clone()).with_value(value)));
        }
        let reduced = reduced_axes(input, &axes)?;
        let shape = reduce_shape(input, &reduced, self.keep_dims);
        let value = node.value(0).and_then(|value| self.value(value, input, &reduced));
        Ok(single(TensorType::new(node.dtype(0), shape).with_value(value)))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(node.input(0)?.elements() * self.operations))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// The gradient of a result spreads over what was combined. What is kept follows PyTorch's `sum`, `mean`, `amax`,
    /// `prod`, `norm` and `logsumexp`; a sum of squares keeps what is squared.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let (elements, outputs) = (node.input(0)?.elements(), node.output(0)?.elements());
        let (input, output) = (Saved::Input(0), Saved::Output(0));
        let of = |operations: i64, saved: &[Saved]| {
            Backward::of(0, Cost::other(&elements * operations), saved.iter().cloned())
        };
        Ok(match self.name {
            "ReduceSum" => of(0, &[]),
            "ReduceMean" => Backward::of(0, Cost::other(outputs), []),
            "ReduceMax" | "ReduceMin" => of(1, &[input, output]),
            "ReduceL1" => of(1, &[input]),
            "ReduceSumSquare" => of(2, &[input]),
            "ReduceLogSum" => of(1, &[output]),
            // Product: g·y/x. Norm: g·x/y. Logarithm of a sum of exponentials: g·exp(x − y).
            _ => of(3, &[input, output]),
        })
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

impl Reduce {
    /// The value of a reduction of known integers, or of numbers that combine without rounding: products and
    /// extremes of shapes.
    fn value(&self, value: &Value, input: &Shape, reduced: &[bool]) -> Option<Value> {
        let combine: fn(&Expr, &Expr) -> Expr = match self.name {
            "ReduceSum" => |a, b| a + b,
            "ReduceProd" => |a, b| a * b,
            "ReduceMax" => |a, b| a.larger(b),
            "ReduceMin" => |a, b| a.smaller(b),
            _ => return None,
        };
        let neutral = match self.name {
            "ReduceSum" => Some(Expr::ZERO),
            "ReduceProd" => Some(Expr::ONE),
            _ => None,
        };
        let elements = whole(value)?;
        let dims = extents(input)?;
        let kept: Vec<usize> =
            dims.iter().zip(reduced).map(|(dim, gone)| if *gone { 1 } else { *dim }).collect();
        let steps = strides(&kept);
        let to = map_positions(&dims, |at| {
            at.iter()
                .zip(reduced)
                .zip(&steps)
                .map(|((at, gone), step)| if *gone { 0 } else { at * step })
                .sum()
        });
        let mut totals: Vec<Option<Expr>> = vec![neutral; kept.iter().product()];
        for (element, to) in elements.iter().zip(to) {
            let total = totals.get_mut(to)?;
            *total = Some(total.as_ref().map_or_else(|| element.clone(), |total| combine(total, element)));
        }
        let totals = Value::exprs(totals.into_iter().collect::<Option<Vec<_>>>()?);
        match value {
            Value::Ints(_) => Some(totals),
            Value::Floats(_) => totals.as_floats().map(|floats| Value::Floats(floats.into())),
        }
    }
}

/// Which axes are reduced; all where none are named.
fn reduced_axes(input: &Shape, axes: &[i64]) -> Result<Vec<bool>, Stop> {
    let mut reduced = vec![axes.is_empty(); input.rank()];
    for axis in axes {
        reduced[input.axis(*axis)?] = true;
    }
    Ok(reduced)
}

fn reduce_shape(input: &Shape, reduced: &[bool], keep_dims: bool) -> Shape {
    let kept = input.dims().iter().zip(reduced).filter_map(|(dim, reduced)| match (reduced, keep_dims) {
        (false, _) => Some(dim.clone()),
        (true, true) => Some(Expr::ONE),
        (true, false) => None,
    });
    Shape::new(kept)
}

/// The position of the largest or smallest element along an axis. ONNX `ArgMax`, `ArgMin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgReduce {
    /// `ArgMax` or `ArgMin`.
    pub name: &'static str,
    /// Along which axis.
    pub axis: i64,
    /// Whether the axis stays, with extent 1.
    pub keep_dims: bool,
}

impl Operator for ArgReduce {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        format!("axis {}", self.axis)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let reduced = reduced_axes(input, &[self.axis])?;
        Ok(single(TensorType::new(Some(DType::I64), reduce_shape(input, &reduced, self.keep_dims))))
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::none())
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

/// Running sums or products along an axis: one operation for each element. ONNX `CumSum`, `CumProd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cumulate {
    /// `CumSum` or `CumProd`.
    pub name: &'static str,
}

impl Operator for Cumulate {
    fn name(&self) -> &str {
        self.name
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        Ok(single(TensorType::new(node.dtype(0), node.input(0)?.clone())))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(node.input(0)?.elements()))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::in_place([0])
    }

    /// Cumulated from the other end.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let cost = self.cost(node)?;
        match self.name {
            "CumSum" => Ok(Backward::of(0, cost, [])),
            _ => Ok(Backward::of(
                0,
                Cost { other_ops: cost.other_ops * 3, ..cost },
                [Saved::Input(0), Saved::Output(0)],
            )),
        }
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

/// The k largest or smallest along an axis, with their positions. Comparisons only. ONNX `TopK`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopK {
    /// How many.
    pub k: Ints,
    /// Along which axis.
    pub axis: i64,
}

impl Operator for TopK {
    fn name(&self) -> &str {
        "TopK"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        match &self.k {
            Ints::Fixed(k) => format!("{k:?}"),
            Ints::Input(_) => String::new(),
        }
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let axis = input.axis(self.axis)?;
        let k = match &self.k {
            Ints::Fixed(values) => values.first().map(|k| Expr::Int(*k)),
            Ints::Input(index) => node.value(*index).and_then(|value| value.as_exprs()?.first().cloned()),
        };
        let shape = input.with(axis, k.unwrap_or_else(|| node.unknown_dim(0, axis)));
        let mut outputs = single(TensorType::new(node.dtype(0), shape.clone()));
        outputs.push(TensorType::new(Some(DType::I64), shape));
        Ok(outputs)
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// Back to the positions.
    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::of(0, Cost::FREE, [Saved::Output(1)]))
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, output, shape};

    #[test]
    fn values_are_reduced() {
        let of = |name: &str, axes: Vec<i64>| {
            let op = Reduce::named(name, Ints::Fixed(axes), false, false).expect("known");
            let matrix = TensorType::known(DType::I64, Shape::of(&[2, 3]), Value::ints([1, 2, 3, 4, 5, 6]));
            infer(&op, &[matrix])[0].value.clone()
        };
        assert_eq!(of("ReduceSum", vec![]), Some(Value::ints([21])));
        assert_eq!(of("ReduceSum", vec![0]), Some(Value::ints([5, 7, 9])));
        assert_eq!(of("ReduceMax", vec![1]), Some(Value::ints([3, 6])));
        assert_eq!(of("ReduceProd", vec![-1]), Some(Value::ints([6, 120])));
        assert_eq!(of("ReduceMean", vec![0]), None);
    }

    #[test]
    fn axes_and_kept_dims() {
        let mean = |axes: Vec<i64>, keep| {
            Reduce::named("ReduceMean", Ints::Fixed(axes), keep, false).expect("known")
        };
        let input = [shape(&[2, 64, 7, 7])];
        assert_eq!(output(&mean(vec![-1, -2], true), &input), Shape::of(&[2, 64, 1, 1]));
        assert_eq!(output(&mean(vec![2, 3], false), &input), Shape::of(&[2, 64]));
        assert_eq!(output(&mean(vec![], false), &input), Shape::scalar());
        assert_eq!(cost(&mean(vec![2, 3], false), &input).other_ops, Expr::Int(2 * 64 * 49));
    }
}
