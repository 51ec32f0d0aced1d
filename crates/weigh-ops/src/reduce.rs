//! Reductions along axes, arg-reductions, cumulative sums and sorting.

use weigh_ir::{
    Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType, Value,
    single,
};

use crate::parameter::Ints;

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
            return Ok(single(TensorType::new(node.dtype(0), input.clone())));
        }
        let reduced = reduced_axes(input, &axes)?;
        let shape = reduce_shape(input, &reduced, self.keep_dims);
        let value = node.value(0).and_then(|value| self.value(value, &reduced));
        Ok(single(TensorType::new(node.dtype(0), shape).with_value(value)))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::other(node.input(0)?.elements() * self.operations))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

impl Reduce {
    /// The value of a full reduction of known integers: products and extremes of shapes.
    fn value(&self, value: &Value, reduced: &[bool]) -> Option<Value> {
        let elements = value.as_exprs().filter(|_| reduced.iter().all(|reduced| *reduced))?;
        let total = match self.name {
            "ReduceSum" => elements.iter().sum(),
            "ReduceProd" => elements.iter().product(),
            "ReduceMax" => elements.iter().cloned().reduce(|a, b| a.larger(&b))?,
            "ReduceMin" => elements.iter().cloned().reduce(|a, b| a.smaller(&b))?,
            _ => return None,
        };
        Some(Value::exprs([total]))
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

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, output, shape};

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
