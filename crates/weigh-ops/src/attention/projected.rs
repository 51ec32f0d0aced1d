//! Attention with the projections before it inside.

use smallvec::smallvec;
use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType,
};

use super::{ROTATION, SOFTMAX, adds, part, projections, scalar};

/// Attention of a sequence to itself with the projections to Q, K and V inside: their multiply-accumulates
/// count too. `Attention` and `QAttention` of com.microsoft.
///
/// Inputs: X, merged weights, bias; then mask, past, score bias and past length, or, in the quantised form,
/// the scales of X and weights, mask, their zero points, and past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectedAttention {
    /// Heads.
    pub heads: i64,
    /// The extents of Q, K and V; `None` for a third of the merged weights each.
    pub hidden_sizes: Option<[i64; 3]>,
    /// Whether queries and keys are rotated, and how many elements of a head (0: all).
    pub rotary: Option<i64>,
    /// Whether input and weights are 8-bit integers.
    pub quantized: bool,
}

/// The extents of a projected attention.
struct Projected {
    batch: Expr,
    steps: Expr,
    input: Expr,
    /// Of Q, K and V.
    hidden: [Expr; 3],
    /// Stored steps: how many of them are used, and how many there is room for with the new ones.
    keys: Result<Expr, Stop>,
    stored: Expr,
}

impl ProjectedAttention {
    fn past(&self) -> usize {
        if self.quantized { 8 } else { 4 }
    }

    fn extents(&self, node: &Operands<'_>) -> Result<Projected, Stop> {
        let (x, weights) = (node.input(0)?, node.input(1)?);
        if x.rank() != 3 || weights.rank() != 2 {
            return Err(Stop::contradiction(format!("attention takes ranks 3 and 2, not {x} and {weights}")));
        }
        let hidden = projections(weights, self.hidden_sizes)?;
        let steps = x[1].clone();
        let room = if node.has_input(self.past()) { Some(node.input(self.past())?.dim(3)?) } else { None };
        let (keys, stored) = match room {
            None => (Ok(steps.clone()), steps.clone()),
            // A buffer: the node writes into it and it keeps its size.
            Some(room) if !self.quantized && node.has_input(6) => {
                (scalar(node, 6).map(|past| past + &steps), room.clone())
            }
            Some(room) => (Ok(room + &steps), room + &steps),
        };
        let input = if x[2].as_int().is_some() { x[2].clone() } else { weights[0].clone() };
        Ok(Projected { batch: x[0].clone(), steps, input, hidden, keys, stored })
    }
}

impl Operator for ProjectedAttention {
    fn name(&self) -> &str {
        if self.quantized { "QAttention" } else { "Attention" }
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let head = || part(&self.extents(node).ok()?.hidden[0], &Expr::Int(self.heads)).ok();
        head().map(|head| format!("{} heads of {head}, projected", self.heads)).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let extents = self.extents(&node.operands())?;
        let heads = Expr::Int(self.heads);
        let head = part(&extents.hidden[2], &heads)?;
        // The quantised form returns the type of the scales.
        let dtype = node.dtype(if self.quantized { 3 } else { 0 });
        let output = Shape::new([extents.batch.clone(), extents.steps, extents.hidden[2].clone()]);
        let present = Shape::new([Expr::Int(2), extents.batch, heads, extents.stored, head]);
        Ok(smallvec![TensorType::new(dtype, output), TensorType::new(dtype, present)])
    }

    /// The projections, then the two products of attention.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let Projected { batch, steps, input, hidden, keys, .. } = self.extents(node)?;
        let [q, k, v] = &hidden;
        let (tokens, heads) = (&batch * &steps, Expr::Int(self.heads));
        let (projected, keys) = (&tokens * (q + k + v), keys?);
        // Over all heads the extents of a head add up to those of Q and V.
        let (attended, scores) = (&tokens * &keys * (q + v), &tokens * &keys * &heads);
        let added = !self.quantized && adds(node, 5);
        let mut cost =
            Cost::macs(&projected * input + attended).and_other(scores * (1 + SOFTMAX + i64::from(added)));
        if node.has_input(2) {
            cost = cost.and_other(projected.clone());
        }
        if self.quantized {
            // The integer products are scaled.
            cost = cost.and_other(projected);
        }
        if let Some(rotated) = self.rotary {
            let rotated = if rotated == 0 { q + k } else { heads * 2 * rotated };
            cost = cost.and_other(tokens * rotated * ROTATION);
        }
        Ok(cost)
    }

    /// Unfused: Q, K and V, and all scores.
    fn memory(&self, node: &Operands<'_>) -> Memory {
        let elements = || {
            let Projected { batch, steps, hidden: [q, k, v], keys, .. } = self.extents(node)?;
            Ok(&batch * &steps * (q + k + v) + batch * steps * keys? * self.heads)
        };
        let dtype = node.dtype(if self.quantized { 3 } else { 0 });
        Memory::fresh().with_workspace("Q, K, V and scores", elements(), dtype)
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        match index {
            0 => Role::Operand,
            1 | 2 => Role::Parameter,
            _ => Role::Constant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, memory, shape};

    #[test]
    fn projections_count() {
        let op = ProjectedAttention { heads: 12, hidden_sizes: None, rotary: None, quantized: false };
        let inputs = [shape(&[1, 128, 768]), shape(&[768, 2304]), shape(&[2304])];
        let priced = cost(&op, &inputs);
        assert_eq!(priced.macs, Expr::Int(128 * 768 * 2304 + 12 * 128 * 128 * 128));
        assert_eq!(priced.other_ops, Expr::Int(12 * 128 * 128 * 5 + 128 * 2304));
        let outputs = infer(&op, &inputs);
        assert_eq!(outputs[0].shape, Some(Shape::of(&[1, 128, 768])));
        assert_eq!(outputs[1].shape, Some(Shape::of(&[2, 1, 12, 128, 64])));
        // 128·2304 elements of Q, K and V, and 12·128·128 scores.
        let held = memory(&op, &inputs).workspace.bytes;
        assert_eq!(held, Some(Expr::Int((128 * 2304 + 12 * 128 * 128) * 4)));
    }
}
