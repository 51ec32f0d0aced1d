//! Attention of sequences of different lengths whose tokens stand one after another, without padding.
//!
//! Every token meets the tokens of its own sequence: multiply-accumulates are those of attention, summed over the
//! sequences. Where each begins is an input; a batch of one is the whole.

use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType,
};

use super::{SOFTMAX, adds, part, projections};

/// What comes with the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackedForm {
    /// Tokens, merged weights of the projections, bias, offsets, where sequences begin, a bias of the scores.
    Projected {
        /// The extents of Q, K and V; `None` for a third of the merged weights each.
        hidden_sizes: Option<[i64; 3]>,
    },
    /// Q, K and V (or all three in Q, on an axis of their own), bias, offsets, where sequences begin, a bias of the
    /// scores.
    Plain,
    /// Q, K and V (or all three in Q), stored keys and values in blocks of steps, where sequences begin.
    Paged {
        /// Heads of keys and values.
        kv_heads: i64,
        /// The extent of a head of the values; `None` for that of the queries.
        value_head: Option<i64>,
    },
}

use PackedForm::{Paged, Plain, Projected};

/// Attention over `[tokens, hidden]`. `PackedAttention`, `PackedMultiHeadAttention` and `PagedAttention` of
/// com.microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedAttention {
    /// Heads of the queries.
    pub heads: i64,
    /// What comes with the tokens.
    pub form: PackedForm,
}

/// The blocks of stored keys and values of the paged form.
const CACHES: [usize; 2] = [3, 4];

impl PackedAttention {
    /// The extents of Q, K and V over all heads.
    fn hidden(&self, node: &Operands<'_>) -> Result<[Expr; 3], Stop> {
        let query = node.input(0)?;
        let heads = Expr::Int(self.heads);
        match (self.form, query.dims()) {
            (Projected { hidden_sizes }, [_, _]) => projections(node.input(1)?, hidden_sizes),
            (Plain, [_, heads, _, head]) => Ok([heads * head, heads * head, heads * head]),
            (Plain, [_, hidden]) => {
                Ok([hidden.clone(), node.input(1)?.dim(1)?.clone(), node.input(2)?.dim(1)?.clone()])
            }
            (Paged { kv_heads, value_head }, [_, hidden]) => {
                let all = if node.has_input(1) { heads } else { &heads + Expr::Int(kv_heads) * 2 };
                let head = part(hidden, &all)?;
                let value = value_head.map_or_else(|| head.clone(), Expr::Int);
                Ok([&head * self.heads, head * kv_heads, value * self.heads])
            }
            _ => Err(Stop::contradiction(format!("attention of packed tokens takes no {query}"))),
        }
    }

    /// How many pairs of query and key there are, over all sequences.
    fn pairs(&self, node: &Operands<'_>) -> Result<Expr, Stop> {
        const DATA: Stop = Stop::Unknown("how long the sequences of a batch are is data");
        let begins = match self.form {
            Projected { .. } => 4,
            Plain => 5,
            // How many stored steps belong to a sequence is data as well.
            Paged { .. } => return Err(DATA),
        };
        if let Some(begins) = node.value(begins).and_then(|value| value.as_exprs()) {
            let lengths = begins.windows(2).map(|ends| &ends[1] - &ends[0]);
            return Ok(lengths.map(|length| &length * &length).sum());
        }
        let tokens = node.input(0)?.dim(0)?;
        // One sequence: it begins at 0 and ends after all tokens.
        if node.input(begins)?.dim(0)?.as_int() == Some(2) { Ok(tokens * tokens) } else { Err(DATA) }
    }
}

impl Operator for PackedAttention {
    fn name(&self) -> &str {
        match self.form {
            Projected { .. } => "PackedAttention",
            Plain => "PackedMultiHeadAttention",
            Paged { .. } => "PagedAttention",
        }
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let head = || part(&self.hidden(node).ok()?[0], &Expr::Int(self.heads)).ok();
        head().map(|head| format!("{} heads of {head}", self.heads)).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let [_, _, hidden] = self.hidden(&node.operands())?;
        let output = Shape::new([node.input(0)?.dim(0)?.clone(), hidden]);
        let mut outputs = weigh_ir::single(TensorType::new(node.dtype(0), output));
        if let Paged { .. } = self.form {
            let cache = |index: usize| node.inputs.get(index).copied().flatten().cloned().unwrap_or_default();
            outputs.extend(CACHES.map(cache));
        }
        Ok(outputs)
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let [q, k, v] = self.hidden(node)?;
        let (input, pairs) = (node.input(0)?, self.pairs(node)?);
        let projected = input.dim(0)? * (&q + &k + &v);
        let (bias, mask, projects) = match self.form {
            Projected { .. } => (2, 5, true),
            _ => (3, 6, false),
        };
        let mut cost = Cost::macs(&pairs * (q + v));
        cost = cost.and_other(pairs * (self.heads.saturating_mul(1 + SOFTMAX + i64::from(adds(node, mask)))));
        if projects {
            cost.macs += &(&projected * input.dim(1)?);
        }
        Ok(if node.has_input(bias) { cost.and_other(projected) } else { cost })
    }

    /// Unfused: all scores.
    fn memory(&self, node: &Operands<'_>) -> Memory {
        let scores = self.pairs(node).map(|pairs| pairs * self.heads);
        Memory::fresh().with_workspace("scores", scores, node.dtype(0))
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        match (self.form, index) {
            (_, 0) | (Plain | Paged { .. }, 1 | 2) => Role::Operand,
            (Projected { .. }, 1 | 2) | (Plain, 3) => Role::Parameter,
            // Sinks of the heads; scales of norms of queries and keys.
            (Paged { .. }, 11..=13) => Role::Parameter,
            // Cosines and sines.
            (Paged { .. }, 8 | 9) => Role::Buffer,
            _ => Role::Constant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, partial_cost, shape};
    use weigh_ir::{DType, Value};

    fn begins(at: &[i64]) -> TensorType {
        TensorType::known(DType::I32, Shape::of(&[at.len() as i64]), Value::ints(at.iter().copied()))
    }

    #[test]
    fn projected_tokens() {
        // 7 tokens of 16 → 48; sequences of 1, 2 and 4: 1 + 4 + 16 = 21 pairs of 16 + 16, in 4 heads.
        let op = PackedAttention { heads: 4, form: Projected { hidden_sizes: None } };
        let tokens = [shape(&[7, 16]), shape(&[16, 48]), shape(&[48]), shape(&[3, 4])];
        let lengths = [&tokens[..], &[begins(&[0, 1, 3, 7])]].concat();
        assert_eq!(infer(&op, &lengths)[0], shape(&[7, 16]));
        let expected =
            Cost { macs: Expr::Int(7 * 16 * 48 + 21 * 32), other_ops: Expr::Int(21 * 4 * 5 + 7 * 48) };
        assert_eq!(cost(&op, &lengths), expected);
        // One sequence of 7: 49 pairs. Of several, only the data knows.
        let one = [&tokens[..], &[shape(&[2])]].concat();
        assert_eq!(cost(&op, &one).macs, Expr::Int(7 * 16 * 48 + 49 * 32));
        let inputs = [&tokens[..], &[shape(&[4])]].concat();
        let inputs: Vec<_> = inputs.iter().map(Some).collect();
        assert!(op.cost(&Operands { inputs: &inputs, outputs: &[], bodies: &[] }).is_err());
    }

    #[test]
    fn tokens_of_their_own() {
        let op = PackedAttention { heads: 4, form: Plain };
        let packed = shape(&[7, 4, 3, 16]);
        assert_eq!(infer(&op, std::slice::from_ref(&packed))[0], shape(&[7, 64]));
        let inputs =
            [Some(packed), None, None, Some(shape(&[192])), Some(shape(&[1, 7])), Some(begins(&[0, 7]))];
        // 49 pairs of 64 + 64; a bias of 7·192.
        let expected = Cost { macs: Expr::Int(49 * 128), other_ops: Expr::Int(49 * 4 * 5 + 7 * 192) };
        assert_eq!(partial_cost(&op, &inputs), expected);
    }

    #[test]
    fn stored_blocks_are_handed_on() {
        let op = PackedAttention { heads: 8, form: Paged { kv_heads: 2, value_head: None } };
        let blocks = shape(&[100, 16, 2, 64]);
        let inputs = [shape(&[7, 512]), shape(&[7, 128]), shape(&[7, 128]), blocks.clone(), blocks.clone()];
        assert_eq!(infer(&op, &inputs).to_vec(), [shape(&[7, 512]), blocks.clone(), blocks]);
        let latent = PackedAttention { heads: 8, form: Paged { kv_heads: 1, value_head: Some(48) } };
        assert_eq!(infer(&latent, &inputs)[0], shape(&[7, 384]));
        assert_eq!((op.role(12), op.role(8), op.role(3)), (Role::Parameter, Role::Buffer, Role::Constant));
    }
}
