//! Attention of 8-bit integers with weights for Q, K and V each.

use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Stop, TensorType, single,
};

use super::{SOFTMAX, adds, part};

/// Projections and attention in 8-bit integers. `QOrderedAttention` of com.microsoft.
///
/// Inputs: X, four scales, weights of Q, K and V, their scales, their biases, three scales of what comes between,
/// mask, earlier steps (which no runtime takes), a bias of the scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderedAttention {
    /// Heads.
    pub heads: i64,
}

/// The first of the three weights.
const WEIGHTS: usize = 5;
const BIASES: std::ops::RangeInclusive<usize> = 11..=13;
const PAST: usize = 18;
/// Product with a scale, rounding.
const REQUANTIZE: i64 = 2;

impl OrderedAttention {
    /// The extents of Q, K and V.
    fn hidden(&self, node: &Operands<'_>) -> Result<[Expr; 3], Stop> {
        let of = |index: usize| node.input(WEIGHTS + index)?.dim(1).cloned();
        if node.has_input(PAST) {
            return Err(Stop::Unknown("earlier steps of an attention that takes none"));
        }
        Ok([of(0)?, of(1)?, of(2)?])
    }
}

impl Operator for OrderedAttention {
    fn name(&self) -> &str {
        "QOrderedAttention"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let head = || part(&self.hidden(node).ok()?[0], &Expr::Int(self.heads)).ok();
        head().map(|head| format!("{} heads of {head}, projected", self.heads)).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let [_, _, value] = self.hidden(&node.operands())?;
        let input = node.input(0)?;
        Ok(single(TensorType::new(node.dtype(0), input.with(input.axis(-1)?, value))))
    }

    /// The projections, then the two products of attention; what each of the four products, and the softmax, makes
    /// is scaled and rounded.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let ([q, k, v], input) = (self.hidden(node)?, node.input(0)?);
        let (batch, steps) = (input.dim(0)?, input.dim(1)?);
        let tokens = batch * steps;
        let pairs = &tokens * steps;
        let projected = &tokens * (&q + &k + &v);
        let per_score = 1 + SOFTMAX + 2 * REQUANTIZE + i64::from(adds(node, 19));
        let scores = &pairs * self.heads.saturating_mul(per_score);
        let macs = &projected * input.dim(2)? + pairs * (q + &v);
        Ok(Cost::macs(macs).and_other(projected * (1 + REQUANTIZE) + scores + tokens * v * REQUANTIZE))
    }

    /// Unfused: Q, K and V, and all scores.
    fn memory(&self, node: &Operands<'_>) -> Memory {
        let elements = || {
            let ([q, k, v], input) = (self.hidden(node)?, node.input(0)?);
            let (tokens, steps) = (input.dim(0)? * input.dim(1)?, input.dim(1)?);
            Ok(&tokens * (q + k + v) + tokens * steps * self.heads)
        };
        Memory::fresh().with_workspace("Q, K, V and scores", elements(), node.dtype(0))
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        match index {
            0 => Role::Operand,
            _ if (WEIGHTS..WEIGHTS + 3).contains(&index) || BIASES.contains(&index) => Role::Parameter,
            _ => Role::Constant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{partial_cost, shape};
    use weigh_ir::{DType, Shape};

    #[test]
    fn projected_integers() {
        // 2·3 tokens of 16 → 48, 18 pairs of 16 + 16, 4 heads. Other: 6·48 biases, scaled and rounded: 3 each;
        // 72 scores: scaled, softmax, twice requantised: 9 each; 6·16 outputs requantised.
        let mut inputs = vec![None; 17];
        let whole = |dims: &[i64]| Some(TensorType::new(Some(DType::I8), Shape::of(dims)));
        inputs[0] = whole(&[2, 3, 16]);
        inputs[5..8].fill(whole(&[16, 16]));
        inputs[11..14].fill(Some(shape(&[16])));
        let op = OrderedAttention { heads: 4 };
        let other = 288 * 3 + 72 * 9 + 96 * 2;
        let expected = Cost { macs: Expr::Int(6 * 16 * 48 + 18 * 32), other_ops: Expr::Int(other) };
        assert_eq!(partial_cost(&op, &inputs), expected);
        assert_eq!((op.role(6), op.role(12), op.role(9)), (Role::Parameter, Role::Parameter, Role::Constant));
    }
}
