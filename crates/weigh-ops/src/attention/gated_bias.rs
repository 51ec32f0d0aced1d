//! A bias of attention scores by position that the queries gate.

use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Shape, Stop, TensorType,
    single,
};

use super::part;
use crate::Elementwise;

/// (u·(r·a − 1) + 2)·bias, where two gates u and r of every query come from a product of it.
/// `GatedRelativePositionBias` of com.microsoft. Inputs: queries `[batch, steps, heads · head]` (or
/// `[tokens, heads · head]` with offsets `[batch, steps]`, input 6), their bias, the bias by position
/// `[1, heads, steps, steps]`, weights `[head, extent]`, their bias, a.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatedPositionBias {
    /// Heads.
    pub heads: i64,
}

const OFFSETS: usize = 6;

impl GatedPositionBias {
    /// Batch and steps.
    fn extents<'a>(&self, node: &Operands<'a>) -> Result<(&'a Expr, &'a Expr), Stop> {
        let of = node.input(if node.has_input(OFFSETS) { OFFSETS } else { 0 })?;
        Ok((of.dim(0)?, of.dim(1)?))
    }
}

impl Operator for GatedPositionBias {
    fn name(&self) -> &str {
        "GatedRelativePositionBias"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        format!("{} heads", self.heads)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let (batch, steps) = self.extents(&node.operands())?;
        let shape = Shape::new([batch.clone(), Expr::Int(self.heads), steps.clone(), steps.clone()]);
        Ok(single(TensorType::new(node.dtype(0), shape)))
    }

    /// The product, its bias, the sum of each half of it, two sigmoids, four operations on the gates, and a product
    /// for each score.
    fn cost(&self, node: &Operands<'_>) -> Result<Cost, Stop> {
        let ((batch, steps), hidden) = (self.extents(node)?, node.input(0)?.dim(-1)?);
        let (head, extent) = (part(hidden, &Expr::Int(self.heads))?, node.input(3)?.dim(1)?);
        let rows = batch * steps * self.heads;
        let sigmoid = Elementwise::named("Sigmoid").map_or(0, |op| op.function.operations);
        let gates = extent + (extent - 2) + Expr::Int(2 * sigmoid + 4);
        let other = batch * steps * hidden + &rows * gates + &rows * steps;
        Ok(Cost::macs(rows * head * extent).and_other(other))
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Err(Stop::INFERENCE_ONLY)
    }

    fn role(&self, index: usize) -> Role {
        match index {
            0 => Role::Operand,
            OFFSETS.. => Role::Constant,
            _ => Role::Parameter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cost, infer, shape};

    #[test]
    fn gates_of_every_query() {
        // 2·3 queries in 4 heads of 8: 24 rows times 8×6. Other: 6·32 biases; for each row 6 biases, 4 sums, two
        // sigmoids and 4 operations; 24·3 products.
        let inputs = [shape(&[2, 3, 32]), shape(&[32]), shape(&[1, 4, 3, 3]), shape(&[8, 6]), shape(&[6])];
        let op = GatedPositionBias { heads: 4 };
        let sigmoid = Elementwise::named("Sigmoid").expect("a function").function.operations;
        let other = 192 + 24 * (6 + 4 + 2 * sigmoid + 4) + 72;
        assert_eq!(cost(&op, &inputs), Cost { macs: Expr::Int(24 * 48), other_ops: Expr::Int(other) });
        assert_eq!(infer(&op, &inputs)[0], shape(&[2, 4, 3, 3]));
    }
}
