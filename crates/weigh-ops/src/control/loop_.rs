//! A graph run a number of times, or while a condition holds.

use std::collections::BTreeSet;

use weigh_ir::{
    Backward, Cost, DType, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, Symbol,
    TensorType, Value,
};

use super::{body, stable, stacked, truth};
use crate::sequence::merge;
use crate::values::joined;

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
/// Loops of more runs than this are not followed run by run.
const MAX_RUNS: i64 = 64;

impl Loop {
    /// How often the body runs, where the inputs tell; `ends` says whether the body may end the loop.
    fn trips(node: &Operands<'_>, ends: bool) -> Option<Expr> {
        let condition = if node.has_input(1) { truth(node.value(1)) } else { Some(true) };
        match condition {
            Some(false) => Some(Expr::ZERO),
            Some(true) if !ends => {
                let limit = node.value(0)?.as_exprs()?.first()?;
                Some(if limit.as_int().is_some_and(|limit| limit < 0) { Expr::ZERO } else { limit.clone() })
            }
            _ => None,
        }
    }

    /// How often the body runs: as the inputs tell, or else as often as something was collected.
    fn trips_of(&self, node: &Operands<'_>) -> Option<Expr> {
        let carried = node.inputs.len().saturating_sub(LOOP_INPUTS);
        let mut collected = node.outputs.iter().skip(carried).flatten();
        Loop::trips(node, !self.runs_to_the_end)
            .or_else(|| collected.find_map(|output| output.shape.as_ref()?.dims().first().cloned()))
    }

    /// What holds for any run: the outputs, and whether nothing is lost by not following the runs.
    fn general(&self, node: &mut Inference<'_>, initial: &[TensorType]) -> Result<(Outputs, bool), Stop> {
        let operands = node.operands();
        // What starts true and is handed on stays true.
        let starts_true = !node.has_input(1) || truth(node.value(1)) == Some(true);
        let condition = scalar(DType::Bool, None).with_value(starts_true.then(|| Value::ints([1])));
        let before = [scalar(DType::I64, None), condition];
        let (carried, body) = stable(node, initial.to_vec(), &before, &[], 1)?;
        let ends = !self.runs_to_the_end && truth(body[0].value.as_ref()) != Some(true);
        let known = Loop::trips(&operands, ends);
        let settled = known.is_some() && node.bodies.is_certain(0) && carried == initial;
        let trips = known.unwrap_or_else(|| node.unknown_dim(carried.len(), 0));
        let mut outputs: Outputs = if trips == Expr::ZERO { initial.into() } else { carried.into() };
        for collected in &body[1 + initial.len()..] {
            outputs.push(stacked(collected, 0, &trips)?);
        }
        Ok((outputs, settled))
    }

    /// The outputs after all runs, each inferred with what the one before it made. `None` where that is too much
    /// work, or unknown values decide how many runs there are.
    fn follow(
        &self,
        node: &mut Inference<'_>,
        initial: &[TensorType],
        limit: Option<i64>,
    ) -> Result<Option<Outputs>, Stop> {
        let mut carried = initial.to_vec();
        let mut collected: Vec<Vec<TensorType>> = Vec::new();
        let mut runs = 0;
        let mut goes_on = true;
        while goes_on && limit.is_none_or(|limit| runs < limit) {
            if runs == MAX_RUNS {
                return Ok(None);
            }
            let mut inputs = vec![scalar(DType::I64, Some(runs)), scalar(DType::Bool, Some(1))];
            inputs.append(&mut carried);
            let Ok(mut outputs) = node.bodies.run(0, inputs) else { return Ok(None) };
            if outputs.len() < 1 + initial.len() {
                return Ok(None);
            }
            let mut rest = outputs.split_off(1);
            goes_on = match outputs.first().and_then(|condition| truth(condition.value.as_ref())) {
                Some(condition) => condition || self.runs_to_the_end,
                None if self.runs_to_the_end => true,
                None => return Ok(None),
            };
            collected.push(rest.split_off(initial.len()));
            carried = rest;
            runs += 1;
        }
        let mut outputs: Outputs = carried.into();
        for index in 0..collected.first().map_or(0, Vec::len) {
            let unknown = |axis| node.unknown_dim(initial.len() + index, axis + 1);
            outputs.push(gathered(&collected, index, &unknown)?);
        }
        Ok(Some(outputs))
    }
}

fn scalar(dtype: DType, value: Option<i64>) -> TensorType {
    TensorType::new(Some(dtype), Shape::scalar()).with_value(value.map(|value| Value::ints([value])))
}

/// What the runs collected as one output, one after another along a new first axis.
fn gathered(
    runs: &[Vec<TensorType>],
    index: usize,
    unknown: &dyn Fn(usize) -> Expr,
) -> Result<TensorType, Stop> {
    let mut of_runs = runs.iter().filter_map(|run| run.get(index));
    let Some(first) = of_runs.next() else { return Ok(TensorType::default()) };
    let any = of_runs.clone().fold(first.clone(), |any, next| merge(&any, next, unknown));
    let first = first.value.clone();
    let value =
        first.and_then(|first| of_runs.try_fold(first, |all, next| joined(&all, next.value.as_ref()?)));
    Ok(stacked(&any, 0, &Expr::from(runs.len()))?.with_value(value))
}

/// The symbols of extents that change from run to run: those that a carried tensor has only afterwards.
fn varying(node: &Operands<'_>) -> BTreeSet<Symbol> {
    let symbols = |types: &[Option<&TensorType>]| {
        let mut symbols = BTreeSet::new();
        let dims = types.iter().flatten().filter_map(|typed| typed.shape.as_ref()).flat_map(Shape::dims);
        for dim in dims {
            dim.for_each_symbol(&mut |symbol| {
                symbols.insert(symbol.clone());
            });
        }
        symbols
    };
    let carried = node.inputs.get(LOOP_INPUTS..).unwrap_or_default();
    let made = node.outputs.get(..carried.len().min(node.outputs.len())).unwrap_or_default();
    symbols(made).difference(&symbols(carried)).cloned().collect()
}

impl Operator for Loop {
    fn name(&self) -> &str {
        "Loop"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        self.trips_of(node).map(|trips| format!("{trips} times")).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let initial = node.inputs.iter().skip(LOOP_INPUTS).map(|input| input.cloned().unwrap_or_default());
        let initial: Vec<_> = initial.collect();
        let general = self.general(node, &initial);
        let starts = if node.has_input(1) { truth(node.value(1)) } else { Some(true) };
        let limit = node.has_input(0).then(|| node.value(0)?.as_ints()?.first().copied());
        let is_short =
            limit.flatten().is_none_or(|limit| limit > 0 && (limit <= MAX_RUNS || !self.runs_to_the_end));
        let is_settled = matches!(general, Ok((_, true)));
        if is_settled || starts != Some(true) || limit == Some(None) || !is_short {
            return general.map(|(outputs, _)| outputs);
        }
        match self.follow(node, &initial, limit.flatten())? {
            Some(outputs) => Ok(outputs),
            None => self.general(node, &initial).map(|(outputs, _)| outputs),
        }
    }

    /// What a run costs, times the runs.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let trips = self.trips_of(node).ok_or(Stop::Unknown("the trip count of a loop is unknown"))?;
        if trips == Expr::ZERO {
            return Ok(Cost::FREE);
        }
        let cost = body(node, 0)?;
        let varying = varying(node);
        let mut varies = false;
        let mut look = |expr: &Expr| expr.for_each_symbol(&mut |symbol| varies |= varying.contains(symbol));
        look(&cost.macs);
        look(&cost.other_ops);
        if varies {
            return Err(Stop::Unknown("shapes change from run to run"));
        }
        Ok(cost.times(&trips))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::UNFOLLOWED)
    }

    fn role(&self, index: usize) -> Role {
        if index < LOOP_INPUTS { Role::Constant } else { Role::Operand }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::{Fake, macs, run, scalar};
    use crate::testing::shape;

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
}
