//! Control flow: graphs inside nodes, run by a condition, a number of times, or along an axis.
//!
//! The bodies' own nodes do the work: what a run of a body costs is given, and counted as often as it runs.

use weigh_ir::{
    Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType, Value,
    resolve_axis,
};

use crate::sequence::merge;

/// How often a body is inferred until the types it carries along stay the same.
const ROUNDS: usize = 4;

/// Whether a boolean scalar is known to be true or false.
fn truth(value: Option<&Value>) -> Option<bool> {
    value?.as_exprs()?.first()?.as_int().map(|value| value != 0)
}

/// The cost of one run of a body.
fn body(node: &Operands<'_>, index: usize) -> Result<Cost, Stop> {
    node.bodies.get(index).cloned().unwrap_or(Err(Stop::Unknown("what a body costs is unknown")))
}

/// A type without its elements, which the next round may change.
fn without_value(typed: &TensorType) -> TensorType {
    TensorType { value: None, ..typed.clone() }
}

/// Infers body 0 with carried types that may change from round to round, until they no longer do: the stable
/// types, and all outputs of the body. `before` and `after` are the body's inputs around the carried ones,
/// `skip` is how many of its outputs come before them.
fn stable(
    node: &mut Inference<'_>,
    initial: Vec<TensorType>,
    before: &[TensorType],
    after: &[TensorType],
    skip: usize,
) -> Result<(Vec<TensorType>, Vec<TensorType>), Stop> {
    let mut carried: Vec<TensorType> = initial.iter().map(without_value).collect();
    for round in 0..ROUNDS + 2 {
        let inputs = before.iter().chain(&carried).chain(after).cloned().collect();
        let outputs = node.bodies.infer(0, inputs)?;
        if outputs.len() < skip + carried.len() {
            return Err(Stop::contradiction(format!(
                "a body carries {} tensors and returns {}",
                carried.len(),
                outputs.len()
            )));
        }
        let merged: Vec<TensorType> = carried
            .iter()
            .zip(&outputs[skip..])
            .enumerate()
            .map(|(index, (old, new))| merge(old, &without_value(new), &|axis| node.unknown_dim(index, axis)))
            .collect();
        if merged == carried {
            return Ok((carried, outputs));
        }
        carried = merged;
        if round >= ROUNDS {
            // Not even ranks settle: nothing is known but the element type.
            carried = carried.iter().map(|typed| TensorType::unknown(typed.dtype)).collect();
        }
    }
    Err(Stop::Unknown("the types that a loop carries do not settle"))
}

/// A type with an axis more, of this extent.
fn stacked(typed: &TensorType, axis: i64, extent: &Expr) -> Result<TensorType, Stop> {
    let Some(shape) = &typed.shape else { return Ok(TensorType::unknown(typed.dtype)) };
    let mut dims = shape.0.clone();
    dims.insert(resolve_axis(axis, shape.rank() + 1)?, extent.clone());
    Ok(TensorType::new(typed.dtype, Shape(dims)))
}

/// One of two bodies, by a condition: body 0 where it is true, body 1 where not. ONNX `If`.
///
/// Where the condition is not known, the result is what both bodies agree on, and the price that of the
/// dearer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct If;

impl If {
    fn known_body(condition: Option<&Value>) -> Option<usize> {
        truth(condition).map(|condition| usize::from(!condition))
    }
}

impl Operator for If {
    fn name(&self) -> &str {
        "If"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        match If::known_body(node.value(0)) {
            Some(0) => "always true".to_owned(),
            Some(_) => "always false".to_owned(),
            None => String::new(),
        }
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        if let Some(index) = If::known_body(node.value(0)) {
            return Ok(node.bodies.infer(index, Vec::new())?.into());
        }
        let (then, otherwise) = (node.bodies.infer(0, Vec::new())?, node.bodies.infer(1, Vec::new())?);
        if then.len() != otherwise.len() {
            return Err(Stop::contradiction(format!(
                "the branches return {} and {} tensors",
                then.len(),
                otherwise.len()
            )));
        }
        let pairs = then.iter().zip(&otherwise).enumerate();
        Ok(pairs.map(|(index, (a, b))| merge(a, b, &|axis| node.unknown_dim(index, axis))).collect())
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        match If::known_body(node.value(0)) {
            Some(index) => body(node, index),
            None => Ok(dearer(body(node, 0)?, body(node, 1)?)),
        }
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn role(&self, _: usize) -> Role {
        Role::Constant
    }
}

/// The cost with more multiply-accumulates, and of equal ones with more other operations. Where symbols leave
/// that open, the larger of each.
fn dearer(a: Cost, b: Cost) -> Cost {
    let (macs, other_ops) = (a.macs.larger(&b.macs), a.other_ops.larger(&b.other_ops));
    match (a.macs == b.macs, a.macs.at_least(&b.macs), b.macs.at_least(&a.macs)) {
        (false, true, _) => a,
        (false, _, true) => b,
        _ => Cost { macs, other_ops },
    }
}

/// A body run a number of times and while a condition holds. ONNX `Loop`.
///
/// Inputs: the largest number of runs, the condition, carried tensors. The body takes the number of the run,
/// the condition and carried tensors; it returns the condition, carried tensors and what is collected from
/// every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loop {
    /// Whether the body is known never to end the loop early: it returns the condition it gets, or true.
    pub runs_to_the_end: bool,
}

const LOOP_INPUTS: usize = 2;

impl Loop {
    /// How often the body runs, where the inputs tell; `ends` says whether the body may end the loop.
    fn trips(node: &Operands<'_>, ends: bool) -> Option<Expr> {
        let condition = if node.has_input(1) { truth(node.value(1)) } else { Some(true) };
        match condition {
            Some(false) => Some(Expr::ZERO),
            Some(true) if !ends => node.value(0)?.as_exprs()?.first().cloned(),
            _ => None,
        }
    }
}

impl Operator for Loop {
    fn name(&self) -> &str {
        "Loop"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let trips = Loop::trips(node, !self.runs_to_the_end);
        trips.map(|trips| format!("{trips} times")).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let operands = node.operands();
        let scalar = |dtype| TensorType::new(Some(dtype), Shape::scalar());
        // What starts true and is handed on stays true.
        let starts_true = !node.has_input(1) || truth(node.value(1)) == Some(true);
        let condition = scalar(DType::Bool).with_value(starts_true.then(|| Value::ints([1])));
        let initial = node.inputs.iter().skip(LOOP_INPUTS).map(|input| input.cloned().unwrap_or_default());
        let initial: Vec<_> = initial.collect();
        let (mut outputs, body) = stable(node, initial, &[scalar(DType::I64), condition], &[], 1)?;
        let ends = !self.runs_to_the_end && truth(body[0].value.as_ref()) != Some(true);
        let carried = outputs.len();
        let trips = Loop::trips(&operands, ends).unwrap_or_else(|| node.unknown_dim(carried, 0));
        for collected in &body[1 + carried..] {
            outputs.push(stacked(collected, 0, &trips)?);
        }
        Ok(outputs.into())
    }

    /// What a run costs, times the runs: those that the inputs tell, or else as many as were collected.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let carried = node.inputs.len().saturating_sub(LOOP_INPUTS);
        let collected = node.outputs.iter().skip(carried).flatten();
        let trips = Loop::trips(node, !self.runs_to_the_end)
            .or_else(|| collected.filter_map(|output| output.shape.as_ref()?.dims().first().cloned()).next())
            .ok_or(Stop::Unknown("the trip count of a loop is unknown"))?;
        Ok(body(node, 0)?.times(&trips))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn role(&self, index: usize) -> Role {
        if index < LOOP_INPUTS { Role::Constant } else { Role::Operand }
    }
}

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
        let (carried, body) = stable(node, initial, &[], &slices, 0)?;
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

    fn role(&self, index: usize) -> Role {
        if self.batched && index == 0 { Role::Constant } else { Role::Operand }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shape;
    use weigh_ir::Bodies;

    type Body<'a> = &'a dyn Fn(&[TensorType]) -> Vec<TensorType>;

    /// Bodies as functions of the types of their inputs.
    struct Fake<'a>(Vec<Body<'a>>);

    impl Bodies for Fake<'_> {
        fn infer(&mut self, index: usize, inputs: Vec<TensorType>) -> Result<Vec<TensorType>, Stop> {
            Ok(self.0[index](&inputs))
        }
    }

    /// Inferred outputs and cost.
    fn run(
        op: &dyn Operator,
        inputs: &[Option<TensorType>],
        mut bodies: Fake<'_>,
        costs: &[i64],
    ) -> (Outputs, Result<Cost, Stop>) {
        let inputs: Vec<_> = inputs.iter().map(Option::as_ref).collect();
        let mut node =
            Inference { inputs: &inputs, output_count: 2, symbol_stem: "test", bodies: &mut bodies };
        let outputs = op.infer(&mut node).expect("the operator infers");
        let costs: Vec<_> = costs.iter().map(|macs| Ok(Cost::macs(Expr::Int(*macs)))).collect();
        let found: Vec<_> = outputs.iter().map(Some).collect();
        let cost = op.cost(&Operands { inputs: &inputs, outputs: &found, bodies: &costs });
        (outputs, cost)
    }

    fn scalar(dtype: DType, value: Option<Expr>) -> Option<TensorType> {
        Some(
            TensorType::new(Some(dtype), Shape::scalar())
                .with_value(value.map(|value| Value::exprs([value]))),
        )
    }

    fn macs(cost: Result<Cost, Stop>) -> Expr {
        cost.expect("a price").macs
    }

    #[test]
    fn a_branch_or_what_both_agree_on() {
        let then = |_: &[TensorType]| vec![shape(&[2, 3]), shape(&[1])];
        let otherwise = |_: &[TensorType]| vec![shape(&[2, 5]), shape(&[1, 1])];
        let branches = |condition: Option<i64>| {
            let condition = scalar(DType::Bool, condition.map(Expr::Int));
            run(&If, &[condition], Fake(vec![&then, &otherwise]), &[10, 20])
        };
        let (outputs, cost) = branches(Some(1));
        assert_eq!((outputs[0].clone(), macs(cost)), (shape(&[2, 3]), Expr::Int(10)));
        let (outputs, cost) = branches(Some(0));
        assert_eq!((outputs[1].clone(), macs(cost)), (shape(&[1, 1]), Expr::Int(20)));
        let (outputs, cost) = branches(None);
        assert_eq!(outputs[0].shape, Some(Shape::new([Expr::Int(2), Expr::symbol("test_0_1")])));
        assert_eq!(outputs[1], TensorType::unknown(Some(DType::F32)));
        assert_eq!(macs(cost), Expr::Int(20));
    }

    #[test]
    fn the_dearer_branch() {
        let cost = |macs: Expr, other: i64| Cost { macs, other_ops: Expr::Int(other) };
        let (b, s) = (Expr::symbol("b"), Expr::symbol("s"));
        assert_eq!(dearer(cost(b.clone(), 1), cost(&b * 2, 0)), cost(&b * 2, 0));
        assert_eq!(dearer(cost(b.clone(), 1), cost(b.clone(), 2)), cost(b.clone(), 2));
        assert_eq!(dearer(cost(b.clone(), 1), cost(s.clone(), 2)), cost(b.larger(&s), 2));
    }

    #[test]
    fn loops_run_as_often_as_is_known() {
        // The condition is handed on; the carried tensor grows by one row; a vector is collected.
        let grow = |inputs: &[TensorType]| {
            let carried = inputs[2].shape.clone().expect("known");
            let longer = carried.with(0, &carried[0] + 1);
            vec![inputs[1].clone(), TensorType::new(Some(DType::F32), longer), shape(&[7])]
        };
        let op = Loop { runs_to_the_end: false };
        let inputs = |count: Option<Expr>| [scalar(DType::I64, count), None, Some(shape(&[1, 4]))];
        let (outputs, cost) = run(&op, &inputs(Some(Expr::Int(5))), Fake(vec![&grow]), &[100]);
        assert_eq!(outputs[0].shape, Some(Shape::new([Expr::symbol("test_0_0"), Expr::Int(4)])));
        assert_eq!(outputs[1], shape(&[5, 7]));
        assert_eq!(macs(cost), Expr::Int(500));
        let steps = Expr::symbol("steps");
        assert_eq!(macs(run(&op, &inputs(Some(steps.clone())), Fake(vec![&grow]), &[100]).1), steps * 100);
        // Unknown: a symbol, the same in shape and price.
        let (outputs, cost) = run(&op, &inputs(None), Fake(vec![&grow]), &[100]);
        let trips = Expr::symbol("test_1_0");
        assert_eq!(outputs[1].shape, Some(Shape::new([trips.clone(), Expr::Int(7)])));
        assert_eq!(macs(cost), trips * 100);
    }

    #[test]
    fn loops_that_may_end_early() {
        let decides = |inputs: &[TensorType]| {
            vec![TensorType::new(Some(DType::Bool), Shape::scalar()), inputs[2].clone()]
        };
        let inputs = [scalar(DType::I64, Some(Expr::Int(5))), None, Some(shape(&[4]))];
        let (outputs, cost) = run(&Loop { runs_to_the_end: false }, &inputs, Fake(vec![&decides]), &[100]);
        assert_eq!(outputs[0], shape(&[4]));
        assert_eq!(cost, Err(Stop::Unknown("the trip count of a loop is unknown")));
        let (_, cost) = run(&Loop { runs_to_the_end: true }, &inputs, Fake(vec![&decides]), &[100]);
        assert_eq!(macs(cost), Expr::Int(500));
    }

    #[test]
    fn shapes_that_never_settle_are_unknown() {
        let rank = |inputs: &[TensorType]| {
            let deeper = inputs[2].shape.as_ref().map(|shape| {
                TensorType::new(Some(DType::F32), Shape::new(shape.dims().iter().cloned().chain([Expr::ONE])))
            });
            vec![inputs[1].clone(), deeper.unwrap_or(TensorType::unknown(Some(DType::F32)))]
        };
        let inputs = [scalar(DType::I64, Some(Expr::Int(5))), None, Some(shape(&[4]))];
        let (outputs, _) = run(&Loop { runs_to_the_end: true }, &inputs, Fake(vec![&rank]), &[1]);
        assert_eq!(outputs[0], TensorType::unknown(Some(DType::F32)));
    }

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
