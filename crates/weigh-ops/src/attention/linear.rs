//! Linear attention, which keeps a state instead of keys and values, and the causal convolution before it.
//!
//! The state of a head is a matrix of key extent by value extent. Multiply-accumulates are those of the
//! recurrence as the ONNX specification defines it, token by token: the outer product that is added to the
//! state, the product of query and state that is read, and for the delta rules the product of key and state
//! that is taken away again. The state is written once for each head of keys and read once for each head of
//! queries. What decays the state is an elementwise product, hence other operations. Algorithms that work on
//! chunks of tokens compute the same with another count.

use smallvec::smallvec;
use weigh_ir::{
    Backward, Cost, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType, single,
};

use super::{Heads, split};

/// x·sigmoid(x).
const SWISH: i64 = 5;

/// How the state is updated. S is the state, k and v key and value, g a decay, β a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateRule {
    /// S is multiplied by exp(g) first.
    pub gated: bool,
    /// What S knows of k already is taken away: k ⊗ β·(v − Sᵀ·k) is added, not k ⊗ v.
    pub delta: bool,
}

impl UpdateRule {
    /// The rule of this ONNX name, if there is one.
    pub fn named(name: &str) -> Option<UpdateRule> {
        let rule = |gated, delta| Some(UpdateRule { gated, delta });
        match name {
            "linear" => rule(false, false),
            "gated" => rule(true, false),
            "delta" => rule(false, true),
            "gated_delta" => rule(true, true),
            _ => None,
        }
    }
}

/// o = scale·q·S, where S follows the keys and values. Q, K, V as `[batch, steps, heads · extent]`, then an
/// earlier state, decay and rate. ONNX `LinearAttention`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinearAttention {
    /// Heads of the queries.
    pub heads: i64,
    /// Heads of keys, values and states.
    pub kv_heads: i64,
    /// How the state is updated.
    pub rule: UpdateRule,
}

const PAST_STATE: usize = 3;
const DECAY: usize = 4;

impl LinearAttention {
    /// Queries and values, split into heads.
    fn heads(&self, node: &Operands<'_>) -> Result<(Heads, Heads), Stop> {
        let packed = |index: usize, heads: i64| match node.input(index)? {
            shape if shape.rank() == 3 => split(shape, Some(heads)),
            shape => {
                Err(Stop::contradiction(format!("linear attention takes tensors of rank 3, not {shape}")))
            }
        };
        Ok((packed(0, self.heads)?, packed(2, self.kv_heads)?))
    }
}

impl Operator for LinearAttention {
    fn name(&self) -> &str {
        "LinearAttention"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let shared = match self.heads == self.kv_heads {
            true => String::new(),
            false => format!(" on {}", self.kv_heads),
        };
        let heads = self.heads(node);
        heads.map(|(query, _)| format!("{} heads of {}{shared}", self.heads, query.head)).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (query, value) = self.heads(&node.operands())?;
        let output = Shape::new([query.batch.clone(), query.steps, &query.heads * &value.head]);
        let state = Shape::new([query.batch, value.heads, query.head, value.head]);
        let state_type = if node.has_input(PAST_STATE) { node.dtype(PAST_STATE) } else { node.dtype(0) };
        Ok(smallvec![TensorType::new(node.dtype(0), output), TensorType::new(state_type, state)])
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (query, value) = self.heads(node)?;
        let tokens = &query.batch * &query.steps;
        // One element of every head's state, and one value of every head, for every token.
        let states = &tokens * &value.heads * &query.head * &value.head;
        let values = &tokens * &value.heads * &value.head;
        let reads = &tokens * &query.heads * &query.head * &value.head;
        // The outputs are scaled.
        let mut cost = Cost::macs(reads + &states).and_other(&tokens * &query.heads * &value.head);
        if self.rule.gated {
            cost = cost.and_other(node.input(DECAY)?.elements() + &states);
        }
        if self.rule.delta {
            cost.macs += &states;
            // v minus what is known, times β.
            cost = cost.and_other(values * 2);
        }
        Ok(cost)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::Unknown("no rule for the backward pass of a state that every token updates"))
    }

    fn role(&self, index: usize) -> Role {
        match index {
            PAST_STATE => Role::Buffer,
            _ => Role::Operand,
        }
    }
}

/// A depthwise convolution along the last axis that sees only the past, with the end of the earlier input as its
/// state. Input `[batch, channels, length]`, weights `[channels, 1, window]`, bias, state. ONNX
/// `CausalConvWithState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CausalConv {
    /// Whether x·sigmoid(x) follows.
    pub swish: bool,
}

impl Operator for CausalConv {
    fn name(&self) -> &str {
        "CausalConvWithState"
    }

    fn detail(&self, node: &Operands<'_>) -> String {
        let window = node.input(1).and_then(|weights| weights.dim(2));
        window.map(|window| format!("{window} depthwise")).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (input, weights) = (node.input(0)?, node.input(1)?);
        if input.rank() != 3 || weights.rank() != 3 {
            let message = format!("a causal convolution takes tensors of rank 3, not {input} and {weights}");
            return Err(Stop::contradiction(message));
        }
        let mut outputs = single(TensorType::new(node.dtype(0), input.clone()));
        outputs.push(TensorType::new(node.dtype(0), input.with(2, weights.dim(2)? - 1)));
        Ok(outputs)
    }

    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let (outputs, window) = (node.input(0)?.elements(), node.input(1)?.dim(2)?);
        let further = i64::from(node.has_input(2)) + if self.swish { SWISH } else { 0 };
        Ok(Cost::macs(&outputs * window).and_other(outputs * further))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// Of the convolution as [`Conv`](crate::Conv); the bias gets sums.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let cost = self.cost(node)?;
        Ok(Backward::bilinear([0, 1], &cost.macs).and(2, Cost::other(node.output(0)?.elements()), []))
    }

    fn role(&self, index: usize) -> Role {
        match index {
            0 => Role::Operand,
            1 | 2 => Role::Parameter,
            _ => Role::Buffer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, partial_cost, shape};
    use weigh_ir::{DType, Expr};

    fn op(rule: &str) -> LinearAttention {
        LinearAttention { heads: 4, kv_heads: 2, rule: UpdateRule::named(rule).expect("a rule") }
    }

    #[test]
    fn every_rule() {
        // Batch 2, 3 tokens, 4 heads of queries of 8, 2 heads of keys of 8 and values of 16. For each of the 6 tokens
        // 4·8·16 = 512 are read and 2·8·16 = 256 written; the delta rules read 256 more. Scaled: 64 outputs;
        // decayed: 256 elements and their 2 exponentials; corrected: 2·2·16 = 64.
        let rows =
            [("linear", 768, 64), ("gated", 768, 322), ("delta", 1024, 128), ("gated_delta", 1024, 386)];
        let state = TensorType::new(Some(DType::F16), Shape::of(&[2, 2, 8, 16]));
        let inputs = [
            shape(&[2, 3, 32]),
            shape(&[2, 3, 16]),
            shape(&[2, 3, 32]),
            state.clone(),
            shape(&[2, 3, 2]),
            shape(&[2, 3, 1]),
        ];
        for (rule, macs, other) in rows {
            let expected = Cost { macs: Expr::Int(6 * macs), other_ops: Expr::Int(6 * other) };
            assert_eq!(cost(&op(rule), &inputs), expected, "{rule}");
        }
        let outputs = infer(&op("linear"), &inputs);
        assert_eq!(outputs[0], shape(&[2, 3, 64]));
        assert_eq!(outputs[1], state);
    }

    #[test]
    fn the_cost_grows_with_the_length() {
        let seq = Expr::symbol("seq");
        let tokens = |width: i64| {
            Some(TensorType::new(Some(DType::F32), Shape::new([Expr::ONE, seq.clone(), Expr::Int(width)])))
        };
        let priced = partial_cost(&op("linear"), &[tokens(32), tokens(16), tokens(32)]);
        assert_eq!(priced, Cost { macs: &seq * 768, other_ops: seq * 64 });
    }

    #[test]
    fn convolutions_over_the_past() {
        // 2·3·10 outputs of a window of 4; a bias, and x·sigmoid(x).
        let inputs = [shape(&[2, 3, 10]), shape(&[3, 1, 4]), shape(&[3])];
        let outputs = infer(&CausalConv { swish: false }, &inputs);
        assert_eq!((&outputs[0], &outputs[1]), (&inputs[0], &shape(&[2, 3, 3])));
        let biased = Cost { macs: Expr::Int(240), other_ops: Expr::Int(60) };
        assert_eq!(cost(&CausalConv { swish: false }, &inputs), biased);
        assert_eq!(cost(&CausalConv { swish: true }, &inputs[..2]).other_ops, Expr::Int(300));
    }
}
