//! Attention of a decoder to itself or to an encoder, as flags at run time say.

use smallvec::smallvec;
use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType,
};

use super::{SOFTMAX, part};

/// Attention with its projections, and stored keys and values. `DecoderAttention` of com.microsoft.
///
/// Inputs: queries and keys as `[steps, batch, hidden]`, weights of the queries, merged weights of keys and values,
/// bias, mask, stored keys and values `[batch, heads, steps, head]`, and four flags: keys belong to an encoder, the
/// stored ones are used, there are stored ones, there is a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderAttention {
    /// Heads.
    pub heads: i64,
}

/// How many keys there are, and how many of them are projected anew.
struct Keys {
    all: Expr,
    new: Expr,
}

impl DecoderAttention {
    /// What the flags decide, where they are stored in the file.
    fn keys(&self, node: &Operands<'_>) -> Result<Keys, Stop> {
        let flag = |index: usize| match crate::parameter::first(node, index).and_then(|flag| flag.as_int()) {
            Some(flag) => Ok(flag != 0),
            None => Err(Stop::Unknown("whether stored keys are used is decided at run time")),
        };
        let (cross, reuses) = (flag(8)?, flag(9)? && flag(10)?);
        let steps = |index: usize, axis: i64| node.input(index)?.dim(axis).cloned();
        let of = |all: Expr, new: Expr| Ok(Keys { all, new });
        match (cross, reuses) {
            (false, false) => of(steps(0, 0)?, steps(0, 0)?),
            (false, true) => of(steps(6, 2)? + steps(0, 0)?, steps(0, 0)?),
            (true, false) => of(steps(1, 0)?, steps(1, 0)?),
            (true, true) => of(steps(6, 2)?, Expr::ZERO),
        }
    }
}

impl Operator for DecoderAttention {
    fn name(&self) -> &str {
        "DecoderAttention"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let head = || part(node.input(0).ok()?.dim(2).ok()?, &Expr::Int(self.heads)).ok();
        head().map(|head| format!("{} heads of {head}, projected", self.heads)).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let query = node.input(0)?;
        let head = part(query.dim(2)?, &Expr::Int(self.heads))?;
        let stored = self.keys(&node.operands()).map(|keys| keys.all);
        let stored = stored.unwrap_or_else(|_| node.unknown_dim(1, 2));
        let cache = Shape::new([query.dim(1)?.clone(), Expr::Int(self.heads), stored, head]);
        let typed = |shape: Shape| TensorType::new(node.dtype(0), shape);
        Ok(smallvec![typed(query.clone()), typed(cache.clone()), typed(cache)])
    }

    /// The projections, then the two products of attention.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (query, Keys { all, new }) = (node.input(0)?, self.keys(node)?);
        let (steps, batch, hidden) = (query.dim(0)?, query.dim(1)?, query.dim(2)?);
        let projected = batch * (steps + new * 2) * hidden;
        let scores = batch * steps * all;
        let macs = &projected * hidden + &scores * hidden * 2;
        Ok(Cost::macs(macs).and_other(projected + scores * self.heads.saturating_mul(1 + SOFTMAX)))
    }

    /// Unfused: all scores.
    fn memory(&self, node: &Operands<'_>) -> Memory {
        let scores =
            || Ok(node.input(0)?.dim(0)? * node.input(0)?.dim(1)? * self.keys(node)?.all * self.heads);
        Memory::fresh().with_workspace("scores", scores(), node.dtype(0))
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        match index {
            0 | 1 => Role::Operand,
            2..=4 => Role::Parameter,
            _ => Role::Constant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{infer, partial_cost, shape};
    use weigh_ir::{DType, Value};

    #[test]
    fn flags_decide() {
        let op = DecoderAttention { heads: 4 };
        let flag = |set: i64| Some(TensorType::known(DType::Bool, Shape::of(&[1]), Value::ints([set])));
        // 3 queries and 5 keys of 16 in a batch of 2; 7 stored steps.
        let of = |cross: i64, reuses: i64| {
            let tensors =
                [&[3, 2, 16][..], &[5, 2, 16], &[16, 16], &[16, 32], &[48]].map(|dims| Some(shape(dims)));
            let cache = [None, Some(shape(&[2, 4, 7, 4])), Some(shape(&[2, 4, 7, 4]))];
            let flags = [flag(cross), flag(reuses), flag(1), flag(0)];
            partial_cost(&op, &[&tensors[..], &cache, &flags].concat())
        };
        let expected = |new: i64, keys: i64| Cost {
            macs: Expr::Int(2 * (3 + 2 * new) * 256 + 2 * 3 * keys * 32),
            other_ops: Expr::Int(2 * (3 + 2 * new) * 16 + 2 * 3 * keys * 4 * 5),
        };
        assert_eq!(of(0, 0), expected(3, 3));
        assert_eq!(of(0, 1), expected(3, 10));
        assert_eq!(of(1, 0), expected(5, 5));
        assert_eq!(of(1, 1), expected(0, 7));
        let open = infer(&op, &[shape(&[3, 2, 16]), shape(&[5, 2, 16])]);
        assert_eq!(open[0], shape(&[3, 2, 16]));
        assert!(open[1].shape.as_ref().is_some_and(|shape| shape[2].as_symbol().is_some()));
    }
}
