//! Pieces of an axis.

use weigh_ir::{
    Backward, Cost, Expr, Inference, Memory, Operands, Operator, Outputs, Role, Stop, TensorType,
    resolve_axis,
};

use crate::parameter::Ints;

/// Pieces of an axis, one output each. ONNX `Split`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The axis.
    pub axis: i64,
    /// The extents of the pieces; left out, equal ones (the last may be smaller).
    pub sizes: Ints,
}

impl Operator for Split {
    fn name(&self) -> &str {
        "Split"
    }

    fn detail(&self, _: &Operands<'_>) -> String {
        format!("axis {}", self.axis)
    }

    fn infer(&self, node: &mut Inference<'_>) -> Result<Outputs, Stop> {
        let input = node.input(0)?;
        let axis = resolve_axis(self.axis, input.rank())?;
        let count = node.output_count.max(1);
        let given = match self.sizes {
            Ints::Input(index) if !node.has_input(index) => None,
            // Of sizes that are not known it is known how many there are: one for each output.
            _ => Some(
                self.sizes
                    .exprs(node)
                    .unwrap_or_else(|| (0..count).map(|piece| node.unknown_dim(piece, axis)).collect()),
            ),
        };
        let sizes: Vec<Expr> = match given {
            Some(sizes) if !sizes.is_empty() => sizes,
            _ => {
                let each = input[axis].ceil_div(&Expr::from(count));
                let last = &input[axis] - &each * (count as i64 - 1);
                (0..count).map(|at| if at + 1 == count { last.clone() } else { each.clone() }).collect()
            }
        };
        if sizes.len() < count {
            return Err(Stop::contradiction(format!("{} pieces for {count} outputs", sizes.len())));
        }
        let start_value = |skip: &Expr, size: &Expr| {
            let (skip, size) = (usize::try_from(skip.as_int()?).ok()?, usize::try_from(size.as_int()?).ok()?);
            (input.rank() == 1).then(|| node.value(0)?.pick(skip..skip.checked_add(size)?)).flatten()
        };
        let mut skip = Expr::ZERO;
        let mut outputs = Outputs::new();
        for size in sizes {
            let value = start_value(&skip, &size);
            skip += &size;
            outputs.push(TensorType::new(node.dtype(0), input.with(axis, size)).with_value(value));
        }
        Ok(outputs)
    }

    fn cost(&self, _: &Operands<'_>) -> Result<Cost, Stop> {
        Ok(Cost::FREE)
    }

    fn memory(&self, _: &Operands<'_>) -> Memory {
        Memory::fresh()
    }

    /// The pieces are views.
    fn backward(&self, _: &Operands<'_>) -> Result<Backward, Stop> {
        Ok(Backward::view())
    }

    fn role(&self, index: usize) -> Role {
        if index == 0 { Role::Operand } else { Role::Constant }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shape;

    #[test]
    fn uneven_splits() {
        let op = Split { axis: 1, sizes: Ints::Fixed(vec![]) };
        let inputs = [shape(&[2, 7])];
        let inputs: Vec<_> = inputs.iter().map(Some).collect();
        let mut node =
            Inference { inputs: &inputs, output_count: 3, symbol_stem: "t", bodies: &mut weigh_ir::NoBodies };
        let pieces = op.infer(&mut node).expect("splits");
        let extents: Vec<_> =
            pieces.iter().map(|piece| piece.shape.as_ref().map(|shape| shape[1].clone())).collect();
        assert_eq!(extents, [Some(Expr::Int(3)), Some(Expr::Int(3)), Some(Expr::Int(1))]);
    }
}
