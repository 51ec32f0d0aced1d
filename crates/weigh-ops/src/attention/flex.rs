//! Attention whose scores and probabilities go through graphs of the node's own.

use weigh_ir::{
    Backward, Cost, DType, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType,
    single,
};

use super::{Attention, AttentionInputs};

/// softmax(f(scale·Q·Kᵀ)) with g after it, times V. ONNX `FlexAttention`.
///
/// Each body, f or g, takes all scores at once and returns as many: it runs once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlexAttention {
    /// How many of the two bodies there are.
    pub bodies: usize,
    /// The element type of the scores; `None` for float32, or float64 where that is the inputs'.
    pub precision: Option<DType>,
}

/// What is left without the bodies.
const PLAIN: Attention = Attention {
    name: "FlexAttention",
    heads: None,
    kv_heads: None,
    soft_cap: false,
    inputs: AttentionInputs::NONE,
};

impl FlexAttention {
    fn scores(&self, node: &Operands<'_>) -> Result<TensorType, Stop> {
        let (query, key) = (node.input(0)?, node.input(1)?);
        let shape = Shape::new([
            query.dim(0)?.clone(),
            query.dim(1)?.clone(),
            query.dim(2)?.clone(),
            key.dim(2)?.clone(),
        ]);
        let dtype = self.precision.unwrap_or(match node.dtype(0) {
            Some(DType::F64) => DType::F64,
            _ => DType::F32,
        });
        Ok(TensorType::new(Some(dtype), shape))
    }
}

impl Operator for FlexAttention {
    fn name(&self) -> &str {
        PLAIN.name
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        PLAIN.detail(node)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let output =
            PLAIN.infer(node)?.into_iter().next().ok_or(Stop::Unknown("attention without an output"))?;
        let scores = self.scores(&node.operands())?;
        for index in 0..self.bodies {
            match node.bodies.infer(index, vec![scores.clone()]) {
                Err(Stop::Contradiction(message)) => return Err(Stop::Contradiction(message)),
                // What a body makes of the scores has their shape: nothing else depends on it.
                Err(Stop::Unknown(_)) | Ok(_) => {}
            }
        }
        Ok(single(output))
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let mut cost = PLAIN.cost(node)?;
        for body in node.bodies {
            let body = body.clone()?;
            cost.macs += &body.macs;
            cost.other_ops += &body.other_ops;
        }
        Ok(cost)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::UNFOLLOWED)
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, shape};
    use weigh_ir::Expr;

    #[test]
    fn bodies_come_on_top() {
        let op = FlexAttention { bodies: 0, precision: None };
        let inputs = [shape(&[2, 8, 4, 16]), shape(&[2, 2, 6, 16]), shape(&[2, 2, 6, 10])];
        assert_eq!(infer(&op, &inputs).to_vec(), [shape(&[2, 8, 4, 10])]);
        // 2·8·4·6 = 384 scores: 26 products each; scaled, and 4 operations of the softmax.
        let plain = Cost { macs: Expr::Int(384 * 26), other_ops: Expr::Int(384 * 5) };
        assert_eq!(cost(&op, &inputs), plain);
        let operands: Vec<_> = inputs.iter().map(Some).collect();
        let bodies = [Ok(Cost::other(Expr::Int(384))), Ok(Cost::macs(Expr::Int(7)))];
        let node = Operands { inputs: &operands, outputs: &[], bodies: &bodies };
        assert_eq!(op.cost(&node), Ok(Cost { macs: plain.macs + 7, other_ops: plain.other_ops + 384 }));
        let unpriced = Operands { bodies: &[Err(Stop::Unknown("no price"))], ..node };
        assert!(op.cost(&unpriced).is_err());
    }
}
