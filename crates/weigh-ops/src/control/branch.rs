//! One of two graphs, by a condition.

use weigh_ir::{Backward, Cost, Inference, Memory, Operands, Operator, Outputs, Role, Stop, Value};

use super::{body, truth};
use crate::sequence::merge;

/// One of two bodies, by a condition: body 0 where it is true, body 1 where not. ONNX `If`.
///
/// Where the condition is not known, the result is what both bodies agree on, and the price that of the
/// dearer one. A body that contradicts itself cannot be the one that runs: then it is the other.
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
            None => match (body(node, 0), body(node, 1)) {
                (Ok(then), Ok(otherwise)) if then == otherwise => String::new(),
                (Ok(then), Ok(otherwise)) => match dearer(then.clone(), otherwise.clone()) {
                    cost if cost == then => "priced as then".to_owned(),
                    cost if cost == otherwise => "priced as else".to_owned(),
                    _ => String::new(),
                },
                (_, Err(Stop::NEVER_RUNS)) => "then, else cannot run".to_owned(),
                (Err(Stop::NEVER_RUNS), _) => "else, then cannot run".to_owned(),
                _ => String::new(),
            },
        }
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        if let Some(index) = If::known_body(node.value(0)) {
            return Ok(node.bodies.infer(index, Vec::new())?.into());
        }
        let (then, otherwise) = (node.bodies.infer(0, Vec::new())?, node.bodies.infer(1, Vec::new())?);
        match (node.bodies.contradicts(0), node.bodies.contradicts(1)) {
            (true, false) => {
                node.bodies.rule_out(0);
                return Ok(otherwise.into());
            }
            (false, true) => {
                node.bodies.rule_out(1);
                return Ok(then.into());
            }
            _ => {}
        }
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
            None => match (body(node, 0), body(node, 1)) {
                (Err(Stop::NEVER_RUNS), only) | (only, Err(Stop::NEVER_RUNS)) => only,
                (then, otherwise) => Ok(dearer(then?, otherwise?)),
            },
        }
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::UNFOLLOWED)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::testing::{Fake, macs, run, scalar};
    use crate::testing::shape;
    use weigh_ir::{DType, Expr, Shape, TensorType};

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
}
