//! A graph run along an axis.

use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType,
};

use super::{body, stacked, without_value};

/// A body run for every slice of some inputs along an axis. ONNX `Scan`.
///
/// Inputs: carried tensors, then the scanned ones. The body takes carried tensors and slices; it returns
/// carried tensors and what is collected from every run. Directions change neither shapes nor costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// How many inputs are scanned.
    pub scanned: usize,
    /// Along which axis each is; empty for the first.
    pub input_axes: Vec<i64>,
    /// Along which axis each output is collected; empty for the first.
    pub output_axes: Vec<i64>,
    /// Whether everything has a batch axis first that the body does not see, and input 0 are the lengths of
    /// the sequences (the first version of the operator).
    pub batched: bool,
}

impl Scan {
    /// Where the carried tensors begin and end among the inputs.
    fn carried(&self, inputs: usize) -> std::ops::Range<usize> {
        let first = usize::from(self.batched);
        first..inputs.saturating_sub(self.scanned).max(first)
    }

    fn input_axis(&self, index: usize, shape: &Shape) -> Result<usize, Stop> {
        match self.batched {
            true => shape.axis(1),
            false => shape.axis(self.input_axes.get(index).copied().unwrap_or(0)),
        }
    }

    /// How often the body runs on one sequence, and how many sequences there are.
    fn runs(&self, node: &Operands<'_>) -> Result<(Expr, Expr), Stop> {
        let first = self.carried(node.inputs.len()).end;
        let mut runs: Option<(Expr, Expr)> = None;
        for index in 0..self.scanned {
            let Ok(shape) = node.input(first + index) else { continue };
            let extent = shape[self.input_axis(index, shape)?].clone();
            // A plain extent says more than a symbol.
            if runs.as_ref().is_none_or(|(known, _)| known.as_int().is_none() && extent.as_int().is_some()) {
                runs = Some((extent, if self.batched { shape[0].clone() } else { Expr::ONE }));
            }
        }
        runs.ok_or(Stop::Unknown("the extent that a scan runs along is unknown"))
    }
}

/// What a body carries along and what it returns. By the ONNX specification carried tensors have the same shape in
/// every run, hence that of the initial ones; an extent that the body knows better says more than a symbol.
fn steady(
    node: &mut Inference<'_>,
    initial: Vec<TensorType>,
    slices: &[TensorType],
) -> Result<(Vec<TensorType>, Vec<TensorType>), Stop> {
    let mut carried: Vec<TensorType> = initial.iter().map(without_value).collect();
    let mut run = |carried: &[TensorType]| {
        let outputs = node.bodies.infer(0, carried.iter().chain(slices).cloned().collect())?;
        match outputs.len() < carried.len() {
            true => Err(Stop::contradiction("a body returns less than it carries")),
            false => Ok(outputs),
        }
    };
    let outputs = run(&carried)?;
    let refined: Vec<TensorType> = carried.iter().zip(&outputs).map(|(old, new)| refine(old, new)).collect();
    if refined == carried {
        return Ok((carried, outputs));
    }
    carried = refined;
    let outputs = run(&carried)?;
    Ok((carried, outputs))
}

/// One type from two that are the same: what is known of either.
fn refine(old: &TensorType, new: &TensorType) -> TensorType {
    let dtype = old.dtype.or(new.dtype);
    let (Some(before), Some(after)) = (&old.shape, &new.shape) else {
        return TensorType { dtype, ..without_value(if old.shape.is_some() { old } else { new }) };
    };
    if before.rank() != after.rank() {
        return TensorType { dtype, ..old.clone() };
    }
    let extent = |(before, after): (&Expr, &Expr)| match (before.as_int(), after.as_int()) {
        (None, Some(known)) => Expr::Int(known),
        _ => before.clone(),
    };
    TensorType::new(dtype, Shape::new(before.dims().iter().zip(after.dims()).map(extent)))
}

impl Operator for Scan {
    fn name(&self) -> &str {
        "Scan"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        self.runs(node).map(|(runs, _)| format!("{runs} times")).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (runs, batch) = self.runs(&node.operands())?;
        let range = self.carried(node.inputs.len());
        let given = |index: usize| node.inputs.get(index).copied().flatten().cloned().unwrap_or_default();
        // The body sees neither the batch nor the scanned axis.
        let inner = |typed: TensorType, axis: Option<usize>| {
            let Some(mut shape) = typed.shape else { return TensorType::unknown(typed.dtype) };
            axis.into_iter().chain(self.batched.then_some(0)).for_each(|axis| drop(shape.0.remove(axis)));
            TensorType::new(typed.dtype, shape)
        };
        let mut slices = Vec::new();
        for index in 0..self.scanned {
            let typed = given(range.end + index);
            let axis = typed.shape.as_ref().map(|shape| self.input_axis(index, shape)).transpose()?;
            slices.push(inner(typed, axis));
        }
        let mut initial = Vec::new();
        for typed in range.map(given) {
            if self.batched && typed.shape.as_ref().is_some_and(|shape| shape.rank() == 0) {
                return Err(Stop::contradiction("a scan over batches carries a scalar"));
            }
            initial.push(inner(typed, None));
        }
        let (carried, body) = steady(node, initial, &slices)?;
        let outer = |typed: TensorType| if self.batched { stacked(&typed, 0, &batch) } else { Ok(typed) };
        let mut outputs = Outputs::new();
        let collected = &body[carried.len()..];
        for typed in carried {
            outputs.push(outer(typed)?);
        }
        for (index, typed) in collected.iter().enumerate() {
            let axis = self.output_axes.get(index).copied().unwrap_or(0);
            outputs.push(outer(stacked(typed, axis, &runs)?)?);
        }
        Ok(outputs)
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (runs, batch) = self.runs(node)?;
        Ok(body(node, 0)?.times(&(runs * batch)))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::UNFOLLOWED)
    }

    fn role(&self, index: usize) -> Role {
        if self.batched && index == 0 { Role::Constant } else { Role::Operand }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::{Fake, macs, run};
    use crate::testing::shape;
    use weigh_ir::DType;

    #[test]
    fn scans_run_along_an_axis() {
        let seq = Expr::symbol("seq");
        let step = |inputs: &[TensorType]| {
            assert_eq!(inputs[1].shape, Some(Shape::of(&[2, 8])));
            vec![inputs[0].clone(), shape(&[2, 16])]
        };
        let x = TensorType::new(Some(DType::F32), Shape::new([Expr::Int(2), seq.clone(), Expr::Int(8)]));
        let op = Scan { scanned: 1, input_axes: vec![1], output_axes: vec![-1], batched: false };
        let inputs = [Some(shape(&[2, 16])), Some(x.clone())];
        let (outputs, cost) = run(&op, &inputs, Fake(vec![&step]), &[100]);
        assert_eq!(outputs[0], shape(&[2, 16]));
        assert_eq!(outputs[1].shape, Some(Shape::new([Expr::Int(2), Expr::Int(16), seq.clone()])));
        assert_eq!(macs(cost), &seq * 100);
        // What is carried keeps its shape, whatever a sum with a slice might make of it.
        let (state, width) = (Expr::symbol("state"), Expr::symbol("width"));
        let row = |extent: &Expr| TensorType::new(Some(DType::F32), Shape::new([extent.clone()]));
        let sum = |inputs: &[TensorType]| {
            assert_eq!(inputs[0].shape, Some(Shape::new([state.clone()])));
            vec![row(&state.larger(&width)), row(&state)]
        };
        let rows = TensorType::new(Some(DType::F32), Shape::new([seq.clone(), width.clone()]));
        let op = Scan { scanned: 1, input_axes: vec![], output_axes: vec![], batched: false };
        let (outputs, _) = run(&op, &[Some(row(&state)), Some(rows)], Fake(vec![&sum]), &[1]);
        assert_eq!(outputs[0], row(&state));
        assert_eq!(outputs[1].shape, Some(Shape::new([seq.clone(), state.clone()])));
        // The first version hides the batch from the body.
        let step = |inputs: &[TensorType]| {
            assert_eq!((&inputs[0], &inputs[1]), (&shape(&[16]), &shape(&[8])));
            vec![inputs[0].clone(), shape(&[3])]
        };
        let op = Scan { scanned: 1, input_axes: vec![], output_axes: vec![], batched: true };
        let (outputs, cost) = run(&op, &[None, Some(shape(&[2, 16])), Some(x)], Fake(vec![&step]), &[100]);
        assert_eq!(outputs[1].shape, Some(Shape::new([Expr::Int(2), seq.clone(), Expr::Int(3)])));
        assert_eq!(macs(cost), seq * 200);
    }
}
