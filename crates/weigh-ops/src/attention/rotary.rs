//! Rotary position embedding, by itself and inside attention.

use weigh_ir::{
    Backward, Cost, Inference, Memory, Operands, Operator, Outputs, Role, Saved, Stop, TensorType, single,
};

use super::{Heads, ROTATION, split};

/// Rotary position embedding: pairs of elements turned by an angle that grows with the position. ONNX and
/// com.microsoft `RotaryEmbedding`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotaryEmbedding {
    /// Heads; `None` where an axis of their own, or the table of cosines, tells.
    pub heads: Option<i64>,
    /// How many elements of each head turn; `None` for all.
    pub rotated: Option<i64>,
    /// Which inputs hold the cosines and sines.
    pub tables: (usize, usize),
}

impl RotaryEmbedding {
    /// The tables of the ONNX operator.
    pub const TABLES: (usize, usize) = (1, 2);
    /// The tables of the com.microsoft operator, after the positions.
    pub const TABLES_AFTER_POSITIONS: (usize, usize) = (2, 3);
}

impl Operator for RotaryEmbedding {
    fn name(&self) -> &str {
        "RotaryEmbedding"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        self.rotated.map(|rotated| format!("{rotated} of each head")).unwrap_or_default()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        Ok(single(TensorType::new(node.dtype(0), node.input(0)?.clone())))
    }

    /// Two products and a sum for each element that turns.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let input = node.input(0)?;
        let turned = match self.rotated {
            None => input.elements(),
            Some(rotated) => {
                let Heads { batch, heads, steps, .. } = split(input, self.heads)?;
                batch * heads * steps * rotated
            }
        };
        Ok(Cost::other(turned * ROTATION))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::in_place([0])
    }

    /// Turned back by the same angles.
    fn backward(&self, node: &Operands<'_>) -> Result<Backward, Stop> {
        let tables = [Saved::Input(self.tables.0), Saved::Input(self.tables.1)];
        Ok(Backward::of(0, self.cost(node)?, tables))
    }

    fn role(&self, index: usize) -> Role {
        match index {
            0 => Role::Operand,
            _ if index == self.tables.0 || index == self.tables.1 => Role::Buffer,
            _ => Role::Constant,
        }
    }
}

/// Queries and keys turned by angles, both with their halves exchanged beside them: x·cos(a) + x'·sin(a).
/// `GemmaRotaryEmbedding` of com.microsoft. Inputs: angles, queries, exchanged queries, keys, exchanged keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotaryPair;

impl Operator for RotaryPair {
    fn name(&self) -> &str {
        "GemmaRotaryEmbedding"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        String::new()
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let turned = |index: usize| Ok(TensorType::new(node.dtype(index), node.input(index)?.clone()));
        Ok([turned(1)?, turned(3)?].into_iter().collect())
    }

    /// A cosine and a sine of each angle; two products and a sum for each element that turns.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let turned = node.input(1)?.elements() + node.input(3)?.elements();
        Ok(Cost::other(node.input(0)?.elements() * 2 + turned * ROTATION))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::in_place([1])
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, _: usize) -> Role {
        Role::Operand
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::cost;
    use weigh_ir::{DType, Expr, Shape};

    #[test]
    fn pairs() {
        // 2·3·4 angles, and 2·5·3·4 elements of queries and of keys.
        let (angles, tokens) =
            (TensorType::new(Some(DType::F32), Shape::of(&[2, 3, 4])), Shape::of(&[2, 5, 3, 4]));
        let tokens = TensorType::new(Some(DType::F16), tokens);
        let inputs = [angles, tokens.clone(), tokens.clone(), tokens.clone(), tokens];
        assert_eq!(cost(&RotaryPair, &inputs).other_ops, Expr::Int(24 * 2 + 240 * 3));
    }

    #[test]
    fn rotation() {
        let seq = Expr::symbol("seq");
        let op = |rotated| RotaryEmbedding { heads: Some(8), rotated, tables: RotaryEmbedding::TABLES };
        let inputs =
            [TensorType::new(Some(DType::F32), Shape::new([Expr::ONE, seq.clone(), Expr::Int(512)]))];
        assert_eq!(cost(&op(None), &inputs).other_ops, &seq * 1536);
        assert_eq!(cost(&op(Some(32)), &inputs).other_ops, seq * (8 * 32 * 3));
    }
}
